//! What is wrong with a WITX file, or odd in it: errors and warnings, and how they are shown.
//!
//! Finding them is up to the rules in `check`, to the reading of files and to the backends.

use std::fmt;
use std::io;
use std::path::PathBuf;

pub use crate::location::Location;

/// Why a document could not be loaded or turned into bindings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file named on the command line could not be read.
    #[error("cannot read `{}`: {cause}", path.display())]
    Read {
        /// The file, as it was named.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// A generated file could not be written, or compared with the one that is there.
    #[error("cannot write `{}`: {cause}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// The faults; there is always at least one.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
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
    /// `Ok` if there are no faults, else all of them as one error.
    pub(crate) fn from_all(diagnostics: Vec<Diagnostic>) -> Result<(), Error> {
        if diagnostics.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(Diagnostics(diagnostics)))
        }
    }
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Severity {
    /// It is odd, and bindings can be generated.
    Warning,
    /// Nothing can be generated.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Warning => "warning",
            Severity::Error => "error",
        })
    }
}

/// A finding about a document, at a place.
///
/// Shown as `path:line:column: error: message`, followed by the line and a caret under the
/// column, and by a hint if there is one. A warning, also one that is denied, has the name of its
/// rule behind the message, by which it can be denied or allowed (see [`Lints`](crate::Lints)).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// The name of the rule that found it; none for faults of syntax.
    pub rule: Option<&'static str>,
    /// Where the fault is; `None` if it belongs to no place in a file.
    pub location: Option<Location>,
    /// What is wrong, in one line.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Whether it can be denied or allowed, so that people want to know its rule.
    pub(crate) is_lint: bool,
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
            severity: Severity::Error,
            rule: None,
            location: location.into(),
            message: message.into(),
            hint: None,
            is_lint: false,
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
        if let Some(location) = &self.location {
            write!(f, "{location}: ")?;
        }
        write!(f, "{}: {}", self.severity, self.message)?;
        if let Some(rule) = self.rule.filter(|_| self.is_lint) {
            write!(f, " [{rule}]")?;
        }
        if let Some(location) = &self.location {
            location.fmt_snippet(f)?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}
