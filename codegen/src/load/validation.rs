//! What witx says about a declaration, as a diagnostic.

use std::collections::HashSet;
use std::sync::Arc;

use witx::ValidationError;

use crate::diagnostic::Diagnostic;
use crate::location::{Location, Source};
use crate::model::Builtin;

/// What is wrong with a declaration; nothing if the cause is that of another one, whose name is
/// in `failed`.
pub(super) fn fault(
    source: &Arc<Source>,
    error: &ValidationError,
    failed: &HashSet<String>,
) -> Option<Diagnostic> {
    let at = |location: &witx::Location| {
        Location::of_line(source, location.line - 1, location.column - 1)
    };
    use ValidationError::*;
    let fault = match error {
        // The cause was reported at the declaration of that name.
        UnknownName { name, .. } | Recursive { name, .. } if failed.contains(name) => {
            return None;
        }
        UnknownName { name, location } => {
            Diagnostic::new(at(location), format!("no type named `${name}` is declared"))
                .hint("a type must be declared above its first use")
        }
        NameAlreadyExists {
            name,
            at_location,
            previous_location,
        } => {
            let fault = Diagnostic::new(
                at(at_location),
                format!("the name `{name}` is already taken"),
            );
            let line = previous_location.line;
            if previous_location.path == source.path {
                fault.hint(format!("it was first used in line {line}"))
            } else {
                let path = previous_location.path.display();
                fault.hint(format!(
                    "it was first used in {path}:{line}; files of one run share all names, and a \
                     type that is declared twice is one only if it is in the same words"
                ))
            }
        }
        // The tag of a variant or a union.
        WrongKindName {
            location,
            expected,
            got,
            ..
        } if expected.contains("builtin") => {
            let what = match *got {
                "builtin" => "this integer".to_owned(),
                kind => format!("a {kind}"),
            };
            Diagnostic::new(at(location), format!("{what} cannot be a tag"))
                .hint("a tag is u8, u16, u32 or u64, or an enum of the document")
        }
        WrongKindName {
            name,
            location,
            expected,
            got,
        } => Diagnostic::new(
            at(location),
            format!("`{name}` is a {got}, where a {expected} is expected"),
        )
        .hint("only types can be used here"),
        Recursive { name, location } => {
            Diagnostic::new(at(location), format!("type `${name}` contains itself"))
                .hint("WITX has no recursive types; use a handle")
        }
        InvalidRepr { repr, location } => Diagnostic::new(
            at(location),
            format!(
                "{} cannot represent an enum or flags",
                Builtin::of(*repr).witx()
            ),
        )
        .hint("use u8, u16, u32 or u64"),
        Abi { reason, location } => Diagnostic::new(
            at(location),
            format!("the ABI has no such result: {reason}"),
        )
        .hint(
            "a function has at most one result: a scalar, a handle, a pointer, flags or an \
                     `expected` of named types",
        ),
        AnonymousRecord { location } => Diagnostic::new(
            at(location),
            "records, enums, flags, unions and handles need a name",
        )
        .hint("declare it with `typename` and use the name"),
        UnionSizeMismatch {
            expected,
            found,
            location,
        } => Diagnostic::new(
            at(location),
            format!("the tag has {expected} cases, but {found} are given"),
        )
        .hint("a variant has one case for each case of its tag"),
        InvalidUnionTag { reason, location } => {
            Diagnostic::new(at(location), format!("invalid tag: {reason}"))
                .hint("a tag is an enum, or an integer")
        }
        InvalidUnionField { name, location, .. } => Diagnostic::new(
            at(location),
            format!("the tag has no case `${name}`, or it is given twice"),
        )
        .hint("a variant has one case for each case of its tag"),
    };
    Some(fault)
}
