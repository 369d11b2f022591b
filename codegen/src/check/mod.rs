//! The checks of a document: one list of rules, each of which is a function.
//!
//! A rule finds what is wrong or odd, and where; the list `RULES` gives each rule its severity.
//! What witx itself validates is no rule (see [`load`](crate::load)), and what one language cannot
//! express is up to its backend.

mod comments;
mod declarations;
mod functions;
mod types;

use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use witx::parser::DeclSyntax;

use crate::diagnostic::{Diagnostic, Severity};
use crate::document::Document;
use crate::location::{Location, Source};
use crate::syntax::Tokens;

/// The rule whose findings may be due to a file that is missing.
pub(crate) const DECLARED_NAMES: &str = "declared_names";

/// All rules.
const RULES: &[Rule] = &[
    error("members", Check::Declaration(declarations::members)),
    error("named_types", Check::Declaration(declarations::named_types)),
    error(
        "unique_members",
        Check::Declaration(declarations::unique_members),
    ),
    error(
        DECLARED_NAMES,
        Check::Declaration(declarations::declared_names),
    ),
    error("unique_names", Check::Declaration(functions::unique_names)),
    error("named_functions", Check::Declaration(functions::named)),
    error("results", Check::Declaration(functions::results)),
    error("cases_fit", Check::Document(types::cases_fit)),
    error("flags_fit", Check::Document(types::flags_fit)),
    error("types_fit_in_memory", Check::Document(types::fit_in_memory)),
    error("constants", Check::Document(types::constants)),
    error(
        "noreturn_has_no_result",
        Check::Document(functions::noreturn_has_no_result),
    ),
    error(
        "tags_of_results_fit",
        Check::Document(functions::tags_of_results_fit),
    ),
    error("errors_fit", Check::Document(functions::errors_fit)),
    warning(
        "no_functions",
        "a document has no function",
        Check::Document(functions::some_functions),
    ),
    warning(
        "success_first",
        "the first case of an error, whose code is 0, is not named like success",
        Check::Document(functions::success_first),
    ),
    warning(
        "odd_names",
        "a name has a character in it that seems to have been meant as punctuation",
        Check::Declaration(declarations::odd_names),
    ),
    warning(
        "memory_import",
        "a module imports another memory than the one that bindings use",
        Check::Declaration(declarations::memory_import),
    ),
    warning(
        "misplaced_comment",
        "a `;;;` comment documents nothing, or not what stands before it",
        Check::File(comments::misplaced),
    ),
];

/// The names of all warnings, and what each is about.
pub(crate) fn warnings() -> impl Iterator<Item = (&'static str, &'static str)> {
    let warnings = RULES.iter().filter(|r| r.severity == Severity::Warning);
    warnings.map(|rule| (rule.name, rule.about))
}

/// A check, its name, and how bad it is what it finds.
struct Rule {
    name: &'static str,
    /// What a warning is about.
    about: &'static str,
    severity: Severity,
    check: Check,
}

enum Check {
    /// Of the text of a file.
    File(fn(&File<'_>, &mut Findings)),
    /// Of a declaration, before witx sees it: for what witx panics on, and for faults of which it
    /// finds only the first.
    Declaration(fn(&Declaration<'_, '_>, &mut Findings)),
    /// Of all that is valid so far.
    Document(fn(&Document, &mut Findings)),
}

const fn error(name: &'static str, check: Check) -> Rule {
    Rule {
        name,
        about: "",
        severity: Severity::Error,
        check,
    }
}

const fn warning(name: &'static str, about: &'static str, check: Check) -> Rule {
    Rule {
        name,
        about,
        severity: Severity::Warning,
        check,
    }
}

/// A file, and what its text is made of.
pub(crate) struct File<'f> {
    pub(crate) source: &'f Arc<Source>,
    pub(crate) tokens: &'f Tokens<'f>,
}

/// A declaration, and what is known when it is reached.
pub(crate) struct Declaration<'d, 'a> {
    pub(crate) source: &'d Arc<Source>,
    pub(crate) syntax: &'d DeclSyntax<'a>,
    /// The names that are declared above, valid or not.
    pub(crate) above: &'d HashSet<String>,
    /// The types above that are valid.
    pub(crate) types: &'d HashMap<String, Rc<witx::NamedType>>,
    /// The types above that are not.
    pub(crate) failed: &'d HashSet<String>,
}

/// What a rule has found.
pub(crate) struct Findings {
    rule: &'static Rule,
    found: Vec<Diagnostic>,
}

impl Findings {
    /// Adds a finding, and what to do about it.
    fn add(
        &mut self,
        location: impl Into<Option<Location>>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.found.push(Diagnostic {
            severity: self.rule.severity,
            rule: Some(self.rule.name),
            is_lint: self.rule.severity == Severity::Warning,
            ..Diagnostic::new(location, message).hint(hint)
        });
    }
}

/// Checks the text of a file.
pub(crate) fn file(file: &File<'_>) -> Vec<Diagnostic> {
    run(|check, findings| {
        if let Check::File(check) = check {
            check(file, findings);
        }
    })
}

/// Checks a declaration.
pub(crate) fn declaration(declaration: &Declaration<'_, '_>) -> Vec<Diagnostic> {
    run(|check, findings| {
        if let Check::Declaration(check) = check {
            check(declaration, findings);
        }
    })
}

/// Checks a document.
pub(crate) fn document(document: &Document) -> Vec<Diagnostic> {
    run(|check, findings| {
        if let Check::Document(check) = check {
            check(document, findings);
        }
    })
}

fn run(check: impl Fn(&Check, &mut Findings)) -> Vec<Diagnostic> {
    let found = RULES.iter().flat_map(|rule| {
        let mut findings = Findings {
            rule,
            found: Vec::new(),
        };
        check(&rule.check, &mut findings);
        findings.found
    });
    found.collect()
}
