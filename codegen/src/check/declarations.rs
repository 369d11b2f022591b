//! Rules of single declarations.

use std::collections::HashMap;

use witx::parser::{DeclSyntax, ModuleDeclSyntax, TypedefSyntax};

use super::{Declaration, Findings};
use crate::location::Location;
use crate::syntax::{nearest, parts};

/// A type that needs members has some.
pub(super) fn members(declaration: &Declaration<'_, '_>, findings: &mut Findings) {
    for (ty, span) in types(declaration.syntax) {
        if let Some(kind) = empty_type(ty) {
            let at = Location::new(declaration.source, span);
            let message = format!("a {kind} needs at least one member");
            findings.add(at, message, "give it one");
        }
    }
}

/// Members of a type have different names.
pub(super) fn unique_members(declaration: &Declaration<'_, '_>, findings: &mut Findings) {
    let DeclSyntax::Typename(ty) = declaration.syntax else {
        return;
    };
    let members: Vec<&wast::Id<'_>> = match &ty.def {
        TypedefSyntax::Enum(e) => e.members.iter().map(|m| &m.item).collect(),
        TypedefSyntax::Flags(f) => f.flags.iter().map(|m| &m.item).collect(),
        TypedefSyntax::Record(r) => r.fields.iter().map(|m| &m.item.name).collect(),
        TypedefSyntax::Variant(v) => v.cases.iter().map(|m| &m.item.name).collect(),
        _ => return,
    };
    let mut first: HashMap<&str, Location> = HashMap::new();
    for member in members {
        let at = Location::new(declaration.source, member.span());
        match first.get(member.name()) {
            None => {
                first.insert(member.name(), at);
            }
            Some(first) => {
                let message = format!("the type has a member `${}` already", member.name());
                let hint = format!("it was first used in line {}", first.line());
                findings.add(at, message, hint);
            }
        }
    }
}

/// Types are declared above their use.
pub(super) fn declared_names(declaration: &Declaration<'_, '_>, findings: &mut Findings) {
    let own = match declaration.syntax {
        DeclSyntax::Typename(ty) => Some(ty.ident.name()),
        _ => None,
    };
    for (ty, _) in types(declaration.syntax) {
        names(declaration, ty, own, findings);
    }
}

fn names(
    declaration: &Declaration<'_, '_>,
    ty: &TypedefSyntax<'_>,
    own: Option<&str>,
    findings: &mut Findings,
) {
    if let TypedefSyntax::Ident(id) = ty {
        let name = id.name();
        // witx has a message of its own for a type that contains itself.
        if !declaration.above.contains(name) && own != Some(name) {
            let above = declaration.above.iter().map(String::as_str);
            let hint = "a type must be declared above its first use";
            findings.add(
                Location::new(declaration.source, id.span()),
                format!("no type named `${name}` is declared"),
                match nearest(name, above) {
                    Some(nearest) => {
                        format!("the nearest that is declared is `${nearest}`; {hint}")
                    }
                    None => hint.to_owned(),
                },
            );
        }
    }
    for part in parts(ty) {
        names(declaration, part, own, findings);
    }
}

/// The types that are written in a declaration, and the place of what has each type.
fn types<'d, 'a>(declaration: &'d DeclSyntax<'a>) -> Vec<(&'d TypedefSyntax<'a>, wast::Span)> {
    match declaration {
        DeclSyntax::Typename(ty) => vec![(&ty.def, ty.ident.span())],
        DeclSyntax::Module(module) => {
            let functions = module.decls.iter().filter_map(|decl| match &decl.item {
                ModuleDeclSyntax::Func(func) => Some(func),
                ModuleDeclSyntax::Import(_) => None,
            });
            let values = functions.flat_map(|func| func.params.iter().chain(&func.results));
            let types = values.map(|value| (&value.item.type_, value.item.name.span()));
            types.collect()
        }
        DeclSyntax::Const(_) => Vec::new(),
    }
}

/// The kind of a type without members that needs some, or of such a type inside `ty`.
fn empty_type(ty: &TypedefSyntax<'_>) -> Option<&'static str> {
    match ty {
        TypedefSyntax::Tuple(tuple) if tuple.types.is_empty() => Some("tuple"),
        TypedefSyntax::Union(union) if union.fields.is_empty() => Some("union"),
        TypedefSyntax::Variant(variant) if variant.cases.is_empty() => Some("variant"),
        ty => parts(ty).into_iter().find_map(empty_type),
    }
}
