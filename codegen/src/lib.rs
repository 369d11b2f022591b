#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

use std::panic::resume_unwind;
use std::thread;

pub mod abi;
mod backend;
mod builder;
mod check;
pub mod diagnostic;
mod document;
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

/// There is no language of this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown language `{0}`")]
pub struct UnknownLanguage(String);

/// What is not in the document, but in the generated files.
#[derive(Debug, Clone)]
pub struct Options {
    /// The name of the document, from which the names of files are made.
    pub stem: String,
    /// Where the document is, as its readers know it: a path in a repository, say.
    pub source: String,
    /// The command that makes the files.
    pub command: String,
    /// How hosts answer the mistakes of guests.
    pub faults: GuestFaults,
}

/// What a document was turned into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    /// The files, one for each language.
    pub files: Vec<GeneratedFile>,
    /// What is odd in the document.
    pub warnings: Vec<Diagnostic>,
}

/// A generated file.
#[derive(Debug, Clone, PartialEq, Eq)]
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
/// [`Error::Invalid`] if the document has a construct that one of the languages cannot express;
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
        .partition(|&&language| language == Language::Wiggle);
    let files = |languages: Vec<&Language>| -> Result<Vec<GeneratedFile>, Error> {
        languages.into_iter().map(file).collect()
    };
    let mut all = thread::scope(|scope| {
        let others = scope.spawn(|| files(others));
        let mut all = files(wiggle)?;
        all.extend(others.join().unwrap_or_else(|panic| resume_unwind(panic))?);
        Ok::<_, Error>(all)
    })?;
    all.sort_by_key(|file| {
        languages
            .iter()
            .position(|&language| language == file.language)
    });
    Ok(Generated {
        files: all,
        warnings: document.warnings().to_vec(),
    })
}
