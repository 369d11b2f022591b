//! What the tests share: the documents, and how they are generated from.

// Each test is a program of its own, and none uses everything.
#![allow(dead_code)]

use std::path::{Path, PathBuf};

use wasi_experimental_http_codegen::{Document, Error, Language, Options, generate};

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The project's own document.
pub fn own_text() -> String {
    read(&root().join("witx/wasi_experimental_http.witx"))
}

/// The text of one of the documents in `tests/documents`.
pub fn text(name: &str) -> String {
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/documents/{name}.witx")))
}

/// The paths of all documents below `codegen/tests`, in the order of their names.
pub fn documents_of_tests() -> Vec<PathBuf> {
    fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.extension() {
                _ if path.is_dir() => collect(&path, found),
                Some(extension) if extension == "witx" => found.push(path),
                _ => {}
            }
        }
    }
    let mut found = Vec::new();
    collect(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests"),
        &mut found,
    );
    found.sort();
    found
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A document of this text.
pub fn parse(name: &str, text: &str) -> Document {
    Document::parse(&format!("{name}.witx"), text).unwrap_or_else(|error| panic!("{error}"))
}

/// What is generated from a document.
pub fn generated(document: &Document, name: &str, language: Language) -> Result<String, Error> {
    let options = Options::of_files(&[format!("{name}.witx")]);
    let mut generated = generate(document, &[language], &options)?;
    Ok(generated.files.remove(0).contents)
}

/// The folder of WASI's documents, which come with the crate wasmtime-wasi.
pub fn wasi_folder() -> PathBuf {
    let metadata = cargo_metadata::MetadataCommand::new()
        .cargo_path(env!("CARGO"))
        .current_dir(root())
        .other_options(["--locked".to_owned()])
        .exec()
        .expect("cargo metadata runs");
    let mut packages = metadata.packages.into_iter();
    let package = packages
        .find(|package| package.name.as_str() == "wasmtime-wasi")
        .expect("wasmtime-wasi is a dependency of the workspace");
    package.manifest_path.with_file_name("witx").into()
}

/// The documents of WASI.
pub fn wasi_documents() -> Vec<(&'static str, Document)> {
    let folder = wasi_folder();
    let load =
        |path: &str| Document::load(&[folder.join(path)]).unwrap_or_else(|error| panic!("{error}"));
    vec![
        ("preview0", load("p0/wasi_unstable.witx")),
        ("preview1", load("p1/wasi_snapshot_preview1.witx")),
    ]
}

/// How many cases a property test tries: `few`, or as many as `PROPTEST_CASES` says.
pub fn cases(few: u32) -> u32 {
    let wanted = std::env::var("PROPTEST_CASES").ok();
    wanted.and_then(|cases| cases.parse().ok()).unwrap_or(few)
}
