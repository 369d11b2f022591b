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
    /// What faults are sorted by.
    pub(crate) fn place(&self) -> Option<(PathBuf, usize)> {
        let (path, offset) = self.location.as_ref()?.place();
        Some((path.to_owned(), offset))
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
    /// In what is parsed. A document has thousands of places and shows few, if any, so lines are
    /// counted when they are asked for.
    span: wast::Span,
}

impl PartialEq for Location {
    fn eq(&self, other: &Location) -> bool {
        self.place() == other.place()
    }
}

impl Eq for Location {}

impl Location {
    /// The place of a span. One behind the end of the text is moved to the end.
    pub(crate) fn new(source: &Arc<Source>, span: wast::Span) -> Location {
        Location {
            source: source.clone(),
            span,
        }
    }

    /// The place of byte `byte` of line `line` of what is parsed, both counted from 0.
    pub(crate) fn of_line(source: &Arc<Source>, line: usize, byte: usize) -> Location {
        let offset = offset(source.parsed(), line, byte);
        Location::new(source, wast::Span::from_offset(offset))
    }

    /// What locations are compared by: the file, and the place in it in bytes.
    fn place(&self) -> (&Path, usize) {
        (self.path(), self.before().len())
    }

    /// The text before the place.
    fn before(&self) -> &str {
        let (line, byte) = self.span.linecol_in(self.source.parsed());
        let offset = offset(self.source.parsed(), line, byte);
        let offset = match &self.source.translated {
            Some(translated) => translated.original(offset),
            None => offset,
        };
        let text = &self.source.text;
        &text[..text.floor_char_boundary(offset)]
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.source.path
    }

    /// The line, counted from 1.
    pub fn line(&self) -> usize {
        self.before().matches('\n').count() + 1
    }

    /// The column in characters, counted from 1.
    pub fn column(&self) -> usize {
        let line = self.before().rsplit('\n').next().unwrap_or_default();
        line.chars().count() + 1
    }

    /// The source line and, below it, a caret under the column. Tabs are repeated in the
    /// caret's indentation, so that it is right for any tab width.
    fn fmt_snippet(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.source.text.split('\n').nth(self.line() - 1);
        let text = text.unwrap_or_default().trim_end();
        let number = self.line().to_string();
        let margin = " ".repeat(number.len());
        let indent: String = text
            .chars()
            .chain(std::iter::repeat(' '))
            .take(self.column() - 1)
            .map(|c| if c == '\t' { '\t' } else { ' ' })
            .collect();
        write!(f, "\n{margin} |\n{number} | {text}\n{margin} | {indent}^")
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path().display();
        write!(f, "{path}:{}:{}", self.line(), self.column())
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The place of byte `byte` of line `line` of a text, both counted from 0.
fn offset(text: &str, line: usize, byte: usize) -> usize {
    let before = text.split_inclusive('\n').take(line);
    before.map(str::len).sum::<usize>() + byte
}
