//! How long it takes to read the document of WASI preview 1, or the one that the environment
//! variable `WITX` names, and to generate each language from it:
//!
//! ```sh
//! cargo bench -p wasi-experimental-http-codegen
//! ```
//!
//! To compare with another version, that of 0.11 for example, which had seven languages:
//!
//! ```sh
//! export CARGO_TARGET_DIR=$PWD/target
//! git worktree add target/old b1926db
//! (cd target/old && cargo bench -p wasi-experimental-http-codegen -- --save-baseline old)
//! cargo bench -p wasi-experimental-http-codegen -- --baseline-lenient old
//! ```

#[path = "../tests/support/mod.rs"]
mod support;

use std::path::{Path, PathBuf};

use criterion::{Criterion, criterion_group, criterion_main};
use wasi_experimental_http_codegen::{Document, GeneratedFile, Language, Options, generate};

fn languages(criterion: &mut Criterion) {
    let path = match std::env::var_os("WITX") {
        Some(path) => PathBuf::from(path),
        None => support::wasi_folder().join("p1/wasi_snapshot_preview1.witx"),
    };
    let document = load(&path);
    let mut group = criterion.benchmark_group("preview1");
    group.bench_function("load", |bencher| bencher.iter(|| load(&path)));
    // WIT has no words for the addresses of preview1.
    let languages = Language::ALL.iter().copied();
    let languages: Vec<Language> = languages.filter(|&lang| lang != Language::Wit).collect();
    for &language in &languages {
        group.bench_function(language.name(), |bencher| {
            bencher.iter(|| files(&document, &[language]));
        });
    }
    group.bench_function("load and all languages", |bencher| {
        bencher.iter(|| files(&load(&path), &languages));
    });
    group.finish();
}

fn load(path: &Path) -> Document {
    Document::load(&[path]).unwrap_or_else(|error| panic!("{error}"))
}

fn files(document: &Document, languages: &[Language]) -> Vec<GeneratedFile> {
    let options = Options::of_files(&["preview1.witx"]);
    generate(document, languages, &options)
        .unwrap_or_else(|error| panic!("{error}"))
        .files
}

criterion_group!(benches, languages);
criterion_main!(benches);
