//! What the tests share: the documents, and how they are generated from.

// Each test is a program of its own, and none uses everything.
#![allow(dead_code)]

use std::path::{Path, PathBuf};
use std::process::Command;

use wasi_experimental_http_codegen::{Document, Error, GuestFaults, Language, Options, generate};

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

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A document of this text.
pub fn parse(name: &str, text: &str) -> Document {
    Document::parse(&format!("{name}.witx"), text).unwrap_or_else(|error| panic!("{error}"))
}

/// What is generated from a document.
pub fn generated(document: &Document, name: &str, language: Language) -> Result<String, Error> {
    let options = Options {
        stem: name.to_owned(),
        source: format!("{name}.witx"),
        command: "the tests".to_owned(),
        faults: GuestFaults::default(),
    };
    let mut files = generate(document, &[language], &options)?;
    Ok(files.remove(0).contents)
}

/// The folder of WASI's documents, which come with the crate wasmtime-wasi.
pub fn wasi_folder() -> PathBuf {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--locked"])
        .current_dir(root())
        .output()
        .expect("cargo metadata runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
    let package = metadata
        .split("\"manifest_path\":\"")
        .map(|rest| {
            rest.split('"')
                .next()
                .unwrap_or_default()
                .replace("\\\\", "\\")
        })
        .find(|path| {
            let directory = Path::new(path).parent().and_then(Path::file_name);
            let version = directory.and_then(|name| name.to_str()?.strip_prefix("wasmtime-wasi-"));
            version.is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit()))
        })
        .expect("wasmtime-wasi is a dependency of the workspace");
    Path::new(&package).with_file_name("witx")
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
