//! What is wrong with a WITX file, and where: the errors of this crate.
//!
//! Finding the faults is up to [`document`](crate::document) and the generators; this module
//! only says how they are shown.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::dialect::Translated;

/// Why a document could not be loaded or turned into bindings.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file named on the command line could not be read.
    #[error("cannot read `{}`: {source}", path.display())]
    Read {
        /// The file, as it was named.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The document has faults, or a construct that a generator cannot express.
    #[error("{0}")]
    Invalid(Diagnostics),
    /// Generated code that is not valid Rust: a fault of this crate.
    #[error(
        "the generated {language} code does not parse, which is a bug in the generator: {message}"
    )]
    Internal {
        /// The language that was generated.
        language: &'static str,
        /// What the parser of that language said.
        message: String,
    },
}

/// One or more faults of a document, in the order in which they were found.
#[derive(Debug)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// The faults; there is always at least one.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter()
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
                writeln!(f)?;
            }
            write!(f, "{diagnostic}")?;
        }
        Ok(())
    }
}

impl From<Diagnostic> for Error {
    fn from(diagnostic: Diagnostic) -> Error {
        Error::Invalid(Diagnostics(vec![diagnostic]))
    }
}

impl Error {
    /// Nothing if there are no faults, else all of them as one error.
    pub(crate) fn from_all(diagnostics: Vec<Diagnostic>) -> Result<(), Error> {
        if diagnostics.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(Diagnostics(diagnostics)))
        }
    }
}

/// A fault of a document, at a place.
///
/// Shown as `path:line:column: error: message`, followed by the line and a caret under the
/// column, and by a hint if there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Where the fault is; `None` if it belongs to no place in a file.
    pub location: Option<Location>,
    /// What is wrong, in one line.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// What faults are sorted by: file, line and column.
    pub(crate) fn place(&self) -> Option<(PathBuf, usize, usize)> {
        let location = self.location.as_ref()?;
        Some((
            location.path().to_owned(),
            location.line(),
            location.column(),
        ))
    }

    /// A fault at `location`.
    pub(crate) fn new(location: impl Into<Option<Location>>, message: impl Into<String>) -> Self {
        Diagnostic {
            location: location.into(),
            message: message.into(),
            hint: None,
        }
    }

    /// The same fault with a hint.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.location {
            Some(location) => {
                write!(f, "{location}: error: {}", self.message)?;
                location.fmt_snippet(f)?;
            }
            None => write!(f, "error: {}", self.message)?,
        }
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

/// The text of a WITX file, and the name under which it is shown.
#[derive(Debug)]
pub struct Source {
    /// The file, as it was named by the user or by a `use`.
    pub path: PathBuf,
    /// What is in it.
    pub text: String,
    /// What is parsed in its place, if it is in the other dialect.
    pub(crate) translated: Option<Arc<Translated>>,
}

impl Source {
    /// What is parsed.
    pub(crate) fn parsed(&self) -> &str {
        match &self.translated {
            Some(translated) => &translated.text,
            None => &self.text,
        }
    }
}

/// A place in a source.
#[derive(Clone)]
pub struct Location {
    source: Arc<Source>,
    line: usize,
    column: usize,
}

impl PartialEq for Location {
    fn eq(&self, other: &Location) -> bool {
        let place = |at: &Location| (at.source.path.clone(), at.line, at.column);
        place(self) == place(other)
    }
}

impl Eq for Location {}

impl Location {
    /// The place of byte `byte` of line `line`, both counted from 0. A place behind the end
    /// of the text is moved to the end.
    pub(crate) fn new(source: &Arc<Source>, line: usize, byte: usize) -> Location {
        let (line, byte) = match &source.translated {
            Some(translated) => {
                let before: usize = translated
                    .text
                    .split_inclusive('\n')
                    .take(line)
                    .map(str::len)
                    .sum();
                let before = source.text.get(..translated.original(before + byte));
                let before = before.unwrap_or(&source.text);
                let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
                (before.matches('\n').count(), before.len() - line_start)
            }
            None => (line, byte),
        };
        let lines = || source.text.split('\n');
        let (line, text, byte) = match lines().nth(line) {
            Some(text) => (line, text, byte),
            None => {
                let last = lines().count() - 1;
                let text = lines().next_back().unwrap_or_default();
                (last, text, text.len())
            }
        };
        let before = text.get(..byte).unwrap_or(text);
        Location {
            source: source.clone(),
            line: line + 1,
            column: before.chars().count() + 1,
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.source.path
    }

    /// The line, counted from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column in characters, counted from 1.
    pub fn column(&self) -> usize {
        self.column
    }

    /// The source line and, below it, a caret under the column. Tabs are repeated in the
    /// caret's indentation, so that it is right for any tab width.
    fn fmt_snippet(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.source.text.split('\n').nth(self.line - 1);
        let text = text.unwrap_or_default().trim_end();
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        let indent: String = text
            .chars()
            .chain(std::iter::repeat(' '))
            .take(self.column - 1)
            .map(|c| if c == '\t' { '\t' } else { ' ' })
            .collect();
        write!(f, "\n{margin} |\n{number} | {text}\n{margin} | {indent}^")
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.path().display(), self.line, self.column)
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
