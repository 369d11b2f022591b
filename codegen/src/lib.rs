#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

use std::fmt;
use std::panic::resume_unwind;
use std::str::FromStr;
use std::thread;

mod assemblyscript;
mod c;
pub mod diagnostic;
mod dialect;
mod docs;
pub mod document;
mod json;
pub mod layout;
pub mod lowering;
mod markdown;
pub mod model;
pub mod names;
mod rust;
mod rust_format;
mod source;
mod wiggle;
mod zig;

pub use diagnostic::{Diagnostic, Diagnostics, Error, Location};
pub use document::Document;
pub use model::Model;
pub use wiggle::GuestFaults;

/// What a document can be turned into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Language {
    /// Bindings for guests in Rust.
    Rust,
    /// Bindings for guests in AssemblyScript.
    AssemblyScript,
    /// Bindings for guests in C: a header.
    C,
    /// Bindings for guests in Zig.
    Zig,
    /// Traits, types and a linker function for hosts in Rust that run wasmtime.
    Wiggle,
    /// A reference for readers.
    Markdown,
    /// A description for other generators.
    Json,
}

impl Language {
    /// All languages.
    pub const ALL: [Language; 7] = [
        Language::Rust,
        Language::AssemblyScript,
        Language::C,
        Language::Zig,
        Language::Wiggle,
        Language::Markdown,
        Language::Json,
    ];

    /// The name by which a language is chosen.
    pub fn name(self) -> &'static str {
        match self {
            Language::Rust => "rust",
            Language::AssemblyScript => "assemblyscript",
            Language::C => "c",
            Language::Zig => "zig",
            Language::Wiggle => "wiggle",
            Language::Markdown => "markdown",
            Language::Json => "json",
        }
    }

    /// What it is for, in a few words.
    pub fn purpose(self) -> &'static str {
        match self {
            Language::Rust => "guests: types, and functions that give `Result`s; needs `core` only",
            Language::AssemblyScript => "guests: types, and functions that give objects",
            Language::C => "guests: a header with types and the imports",
            Language::Zig => "guests: types, and functions that take slices",
            Language::Wiggle => "hosts in Rust: types, traits, and a linker function for wasmtime",
            Language::Markdown => "readers: a reference, down to wasm signatures and layouts",
            Language::Json => "generators: names, layouts and lowered signatures",
        }
    }

    /// The name of the file for a document of the name `stem`.
    pub fn file_name(self, stem: &str) -> String {
        match self {
            Language::Rust => format!("{stem}.rs"),
            Language::AssemblyScript => format!("{stem}.ts"),
            Language::C => format!("{stem}.h"),
            Language::Zig => format!("{stem}.zig"),
            Language::Wiggle => format!("{stem}_wiggle.rs"),
            Language::Markdown => format!("{stem}.md"),
            Language::Json => format!("{stem}.json"),
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let mut all = Language::ALL.into_iter();
        all.find(|language| language.name() == name)
            .ok_or_else(|| UnknownLanguage(name.to_owned()))
    }
}

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
/// [`Error::Invalid`] if the document has faults that only show when it is lowered, or a
/// construct that one of the languages cannot express; nothing is generated then.
pub fn generate(
    document: &Document,
    languages: &[Language],
    options: &Options,
) -> Result<Vec<GeneratedFile>, Error> {
    let model = Model::new(document)?;
    let header = [format!(
        "Generated from {} by '{}'. Do not edit.",
        options.source, options.command
    )];
    let file = |language: &Language| -> Result<GeneratedFile, Error> {
        let contents = match language {
            Language::Rust => rust::generate(&model, &header)?,
            Language::AssemblyScript => assemblyscript::generate(&model, &header),
            Language::C => c::generate(&model, &options.stem, &header),
            Language::Zig => zig::generate(&model, &header),
            Language::Wiggle => wiggle::generate(&model, &options.faults, &header)?,
            Language::Markdown => markdown::generate(&model, &options.stem, &header),
            Language::Json => json::generate(&model, &header),
        };
        Ok(GeneratedFile {
            language: *language,
            name: language.file_name(&options.stem),
            contents,
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
    Ok(all)
}
