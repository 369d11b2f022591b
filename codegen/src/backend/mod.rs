//! The languages: a folder for each, and the table of them.
//!
//! A folder holds all that is known of a language: its name, its purpose and the name of its file
//! (its [`Backend`]), its identifiers (a [`Convention`](naming::Convention) in `names.rs`), and
//! the code that turns the facts of a model into its text. What several languages decide is
//! decided in the [`model`](crate::model) and by the rules of the [`abi`](crate::abi).

mod declarations;
mod naming;
mod source;

use std::fmt;
use std::str::FromStr;

use crate::diagnostic::Error;
use crate::model::{Model, docs};
use crate::{Options, UnknownLanguage};

pub use json::json_schema;
pub use wiggle::GuestFaults;

/// A language that documents can be turned into.
trait Backend: Sync {
    /// The name by which it is chosen.
    fn name(&self) -> &'static str;

    /// What it is for, in a few words.
    fn purpose(&self) -> &'static str;

    /// The name of the file for a document of the name `stem`.
    fn file_name(&self, stem: &str) -> String;

    /// The text of that file.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for what the language cannot express.
    fn generate(&self, job: &Job<'_>) -> Result<String, Error>;
}

/// What a backend is given.
pub(crate) struct Job<'a> {
    /// The document.
    model: &'a Model,
    /// What is not in the document, but in the generated files.
    options: &'a Options,
    /// What the file says about itself, in the comment that it starts with: what it was made
    /// from, and by which version of the generator.
    header: [String; 2],
}

impl Job<'_> {
    /// What the document says about itself, for a comment below the first line: the lines of the
    /// comment at the head of its file.
    fn head(&self) -> Vec<String> {
        // No language is to see the end of a line where there is none, or join lines.
        let plain = |c: char| match c {
            '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => ' ',
            c if c.is_control() => ' ',
            c => c,
        };
        let lines = docs::lines(&self.model.docs).into_iter();
        let lines = lines.map(|line| line.chars().map(plain).collect::<String>());
        lines
            .map(|line| line.trim_end_matches(['\\', ' ']).to_owned())
            .collect()
    }
}

/// The table of languages: for each the variant of [`Language`], and the folder.
macro_rules! languages {
    ($($(#[$docs:meta])* $language:ident: $folder:ident,)*) => {
        $(mod $folder;)*

        /// What a document can be turned into.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Language {
            $($(#[$docs])* $language,)*
        }

        impl Language {
            /// All languages.
            pub const ALL: &[Language] = &[$(Language::$language,)*];

            fn backend(self) -> &'static dyn Backend {
                match self {
                    $(Language::$language => &$folder::Backend,)*
                }
            }
        }
    };
}

languages! {
    /// Bindings for guests in Rust.
    Rust: rust,
    /// Bindings for guests in AssemblyScript.
    AssemblyScript: assemblyscript,
    /// Bindings for guests in C: a header.
    C: c,
    /// Bindings for guests in C++: a header over that of C.
    Cpp: cpp,
    /// Bindings for guests in Zig.
    Zig: zig,
    /// Bindings for guests in Go.
    Go: go,
    /// Traits, types and a linker function for hosts in Rust that run wasmtime.
    Wiggle: wiggle,
    /// The document in WIT, for authors who move to components.
    Wit: wit,
    /// A reference for readers.
    Markdown: markdown,
    /// A description for other generators.
    Json: json,
}

impl Language {
    /// The name by which a language is chosen.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.backend().name()
    }

    /// What it is for, in a few words.
    #[must_use]
    pub fn purpose(self) -> &'static str {
        self.backend().purpose()
    }

    /// The name of the file for a document of the name `stem`.
    #[must_use]
    pub fn file_name(self, stem: &str) -> String {
        self.backend().file_name(stem)
    }

    /// The text of the file for a document.
    pub(crate) fn generate(self, model: &Model, options: &Options) -> Result<String, Error> {
        self.backend().generate(&Job {
            model,
            options,
            header: options.header(),
        })
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
        let mut all = Language::ALL.iter().copied();
        all.find(|language| language.name() == name)
            .ok_or_else(|| UnknownLanguage(name.to_owned()))
    }
}
