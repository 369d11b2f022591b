//! The levels of warnings: which are errors, and which are not shown. The checks themselves are in
//! [`check`](crate::check).

use std::collections::HashMap;

use crate::check;
use crate::diagnostic::{Diagnostic, Error, Severity};
use crate::syntax::nearest;

/// What becomes of warnings: each is shown, unless it is denied or allowed by its name, or by
/// `warnings`, which stands for all of them. What is said last about a warning counts, and its own
/// name counts more than `warnings`.
#[derive(Debug, Clone, Default)]
pub struct Lints(HashMap<String, Level>);

#[derive(Debug, Clone, Copy)]
enum Level {
    Allow,
    Deny,
}

/// There is no warning of this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no warning is named `{name}`{hint}")]
pub struct UnknownLint {
    name: String,
    hint: String,
}

impl Lints {
    /// The name that stands for all warnings.
    pub const ALL: &str = "warnings";

    /// The names of all warnings, and what each is about.
    pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
        check::warnings()
    }

    /// Makes a warning an error.
    ///
    /// # Errors
    ///
    /// If no warning has this name.
    pub fn deny(&mut self, name: &str) -> Result<(), UnknownLint> {
        self.set(name, Level::Deny)
    }

    /// Leaves a warning out.
    ///
    /// # Errors
    ///
    /// If no warning has this name.
    pub fn allow(&mut self, name: &str) -> Result<(), UnknownLint> {
        self.set(name, Level::Allow)
    }

    fn set(&mut self, name: &str, level: Level) -> Result<(), UnknownLint> {
        let names = || Lints::all().map(|(name, _)| name).chain([Self::ALL]);
        if !names().any(|known| known == name) {
            let hint = match nearest(name, names()) {
                Some(nearest) => format!("; the nearest that exists is `{nearest}`"),
                None => format!("; there are {}", names().collect::<Vec<_>>().join(", ")),
            };
            return Err(UnknownLint {
                name: name.to_owned(),
                hint,
            });
        }
        self.0.insert(name.to_owned(), level);
        Ok(())
    }

    /// The warnings that are to be shown.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] with those that are denied.
    pub fn apply(&self, warnings: &[Diagnostic]) -> Result<Vec<Diagnostic>, Error> {
        let level = |warning: &Diagnostic| {
            let own = warning.rule.and_then(|name| self.0.get(name));
            own.or_else(|| self.0.get(Self::ALL)).copied()
        };
        let (mut shown, mut denied) = (Vec::new(), Vec::new());
        for warning in warnings {
            match level(warning) {
                None => shown.push(warning.clone()),
                Some(Level::Allow) => {}
                Some(Level::Deny) => denied.push(Diagnostic {
                    severity: Severity::Error,
                    ..warning.clone()
                }),
            }
        }
        Error::from_all(denied)?;
        Ok(shown)
    }
}
