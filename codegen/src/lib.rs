#![doc = include_str!("../README.md")]
#![deny(missing_docs)]
#![warn(
    missing_debug_implementations,
    clippy::missing_errors_doc,
    clippy::must_use_candidate,
    clippy::return_self_not_must_use
)]

use std::panic::resume_unwind;
use std::path::Path;
use std::thread;

mod abi;
mod backend;
pub mod build_script;
mod builder;
mod check;
mod diagnostic;
mod document;
pub mod files;
mod lints;
mod load;
mod location;
pub mod model;
mod syntax;

pub use backend::{GuestFaults, Language, json_schema};
pub use diagnostic::{Diagnostic, Diagnostics, Error, Location, Severity};
pub use document::{Document, UnknownPointers};
pub use lints::{Lints, UnknownLint};
pub use model::Model;

/// The syntax tree of the crate `witx`. Its types are those of that crate's version 0.9: no other
/// item of this crate has them in its signature.
pub mod witx {
    pub use ::witx::Document;

    /// The tree of a document. Types and functions that are written in another way in the other
    /// dialect are in it as they are in this one.
    #[must_use]
    pub fn document(document: &crate::Document) -> &Document {
        document.witx()
    }
}

/// There is no language of this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown language `{0}`")]
pub struct UnknownLanguage(String);

/// The name and the version of the generator, which are in the head of every generated file.
pub const GENERATOR: &str = concat!("witx-bindings ", env!("CARGO_PKG_VERSION"));

/// What is not in the document, but in the generated files.
///
/// It is made by [`Options::of_files`] or by default, and its fields are set one by one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// The name of the document, from which the names of files are made. It is in no API.
    pub stem: String,
    /// What the document is called in the head of the files. Best a name without folders: then
    /// the files are the same wherever they are generated.
    pub source: String,
    /// The command that makes the files, as it can be run, for their heads.
    pub command: Option<String>,
    /// What names in C and C++ start with, in place of the name of the module: `__wasi_`, say.
    pub c_prefix: Option<String>,
    /// The package of the Go file, in place of the name of the module.
    pub go_package: Option<String>,
    /// How hosts answer the mistakes of guests.
    pub faults: GuestFaults,
    /// The cargo feature of a wiggle host behind which it has a linker for asynchronous stores.
    pub async_feature: Option<String>,
}

impl Options {
    /// The options for a document that is read from these files: it is named after the first,
    /// and the heads of the generated files name all of them, without their folders.
    pub fn of_files<P: AsRef<Path>>(paths: &[P]) -> Options {
        let name = |path: &P| {
            let name = path.as_ref().file_name().unwrap_or_default();
            name.to_string_lossy().into_owned()
        };
        let stem = paths.first().and_then(|path| path.as_ref().file_stem());
        Options {
            stem: stem.unwrap_or_default().to_string_lossy().into_owned(),
            source: paths.iter().map(name).collect::<Vec<_>>().join(", "),
            ..Options::default()
        }
    }

    /// The lines of the head of each file.
    fn header(&self) -> [String; 2] {
        let command = self.command.as_ref();
        let by = command.map(|command| format!(" by '{command}'"));
        let made = format!(
            "Generated from {}{}. Do not edit.",
            self.source,
            by.unwrap_or_default()
        );
        [made, format!("Generator: {GENERATOR}")]
    }
}

/// What a document was turned into.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Generated {
    /// The files, one for each language.
    pub files: Vec<GeneratedFile>,
    /// What is odd in the document.
    pub warnings: Vec<Diagnostic>,
}

/// A generated file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GeneratedFile {
    /// The language.
    pub language: Language,
    /// The name, without a directory.
    pub name: String,
    /// The text, with `\n` at the end of each line.
    pub contents: String,
}

/// Turns a document into files, one for each language, in the order of `languages`.
///
/// # Errors
///
/// [`Error::Invalid`] with each construct of the document that one of the languages cannot express;
/// nothing is generated then.
pub fn generate(
    document: &Document,
    languages: &[Language],
    options: &Options,
) -> Result<Generated, Error> {
    // The tree of witx, which is in the document too, is of one thread.
    let model = document.model();
    let file = |language: &Language| -> Result<GeneratedFile, Error> {
        Ok(GeneratedFile {
            language: *language,
            name: language.file_name(&options.stem),
            contents: language.generate(model, options)?,
        })
    };
    // Wiggle takes as long as all others together, so they are generated beside it.
    let (wiggle, others): (Vec<_>, Vec<_>) = languages
        .iter()
        .enumerate()
        .partition(|(_, language)| **language == Language::Wiggle);
    let files = |languages: Vec<(usize, &Language)>| -> Vec<(usize, Result<GeneratedFile, Error>)> {
        let files = languages.into_iter();
        files
            .map(|(index, language)| (index, file(language)))
            .collect()
    };
    let mut all = thread::scope(|scope| {
        let others = scope.spawn(|| files(others));
        let mut all = files(wiggle);
        all.extend(others.join().unwrap_or_else(|panic| resume_unwind(panic)));
        all
    });
    all.sort_by_key(|(index, _)| *index);
    let (mut files, mut refused) = (Vec::new(), Vec::new());
    for (_, file) in all {
        match file {
            Ok(file) => files.push(file),
            Err(Error::Invalid(faults)) => refused.extend(faults.iter().cloned()),
            Err(error) => return Err(error),
        }
    }
    Error::from_all(refused)?;
    Ok(Generated {
        files,
        warnings: document.warnings().to_vec(),
    })
}
