//! Bindings that a build script makes, in `OUT_DIR`.
//!
//! ```no_run
//! // build.rs
//! use wasi_experimental_http_codegen::{Language, build_script};
//!
//! fn main() {
//!     build_script::generate(&["witx/kv.witx"], &[Language::Rust]);
//! }
//! ```
//!
//! The crate then has the bindings with one line, in a module of its own or not:
//!
//! ```text
//! mod kv {
//!     include!(concat!(env!("OUT_DIR"), "/kv.rs"));
//! }
//! ```

use std::env;
use std::path::{Path, PathBuf};
use std::process;

use crate::diagnostic::Error;
use crate::{Document, Language, Options, files};

/// Generates bindings from a document into cargo's `OUT_DIR`, where each file is named after the
/// first document: `kv.rs` for `kv.witx`. Cargo shows the warnings, and runs the build script
/// again if one of the files changes that were read.
///
/// Like those of the crate `cc`, this function ends the build script if it fails, with the faults
/// of the document shown as cargo's errors. [`try_generate`] leaves that to the caller.
pub fn generate<P: AsRef<Path>>(paths: &[P], languages: &[Language]) -> Vec<PathBuf> {
    try_generate(paths, languages).unwrap_or_else(|error| {
        print("error", &error.to_string());
        process::exit(1)
    })
}

/// Like [`generate`], for build scripts that do something about errors.
///
/// # Errors
///
/// Those of [`Document::load`] and [`files::generate_into`], and [`Error::Write`] if there is no
/// `OUT_DIR`.
pub fn try_generate<P: AsRef<Path>>(
    paths: &[P],
    languages: &[Language],
) -> Result<Vec<PathBuf>, Error> {
    // Also if they have faults: a change is what will mend them.
    for path in paths {
        rerun_if_changed(path.as_ref());
    }
    let document = Document::load(paths)?;
    document.files().for_each(rerun_if_changed);
    for warning in document.warnings() {
        print("warning", &warning.to_string());
    }
    let folder = env::var_os("OUT_DIR").ok_or_else(|| Error::Write {
        path: PathBuf::from("OUT_DIR"),
        cause: std::io::Error::other("cargo sets this variable for build scripts alone"),
    })?;
    let options = Options::of_files(paths);
    files::generate_into(Path::new(&folder), &document, languages, &options)
}

fn rerun_if_changed(path: &Path) {
    println!("cargo::rerun-if-changed={}", path.display());
}

/// Has cargo show a text, line by line.
fn print(kind: &str, text: &str) {
    for line in text.lines() {
        println!("cargo::{kind}={line}");
    }
}
