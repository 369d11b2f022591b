//! Rules of single declarations.

use std::collections::HashMap;

use witx::parser::{DeclSyntax, ModuleDeclSyntax, TypedefSyntax};

use super::functions::declared;
use super::{Declaration, Findings};
use crate::location::Location;
use crate::syntax::{is_builtin, nearest, parts, value_location};

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

/// Types that need a name have one.
pub(super) fn named_types(declaration: &Declaration<'_, '_>, findings: &mut Findings) {
    let is_function = matches!(declaration.syntax, DeclSyntax::Module(_));
    for (ty, span) in types(declaration.syntax) {
        // A definition has a name; its parts are in place.
        let in_place = if is_function { vec![ty] } else { parts(ty) };
        for kind in in_place.into_iter().filter_map(nameless_type) {
            findings.add(
                value_location(declaration.source, span),
                format!("{kind} in place has no name"),
                "declare it with `typename`, and use its name",
            );
        }
    }
}

/// A type in place, or inside of one, that witx wants to have a name.
fn nameless_type(ty: &TypedefSyntax<'_>) -> Option<&'static str> {
    match ty {
        TypedefSyntax::Enum(_) => Some("an enum"),
        TypedefSyntax::Flags(_) => Some("a set of flags"),
        TypedefSyntax::Record(_) => Some("a record"),
        TypedefSyntax::Union(_) => Some("a union"),
        TypedefSyntax::Handle(_) => Some("a handle"),
        ty => parts(ty).into_iter().find_map(nameless_type),
    }
}

/// The memory that a module imports is the one that bindings use.
pub(super) fn memory_import(declaration: &Declaration<'_, '_>, findings: &mut Findings) {
    let DeclSyntax::Module(module) = declaration.syntax else {
        return;
    };
    for decl in &module.decls {
        if let ModuleDeclSyntax::Import(import) = &decl.item
            && import.name != "memory"
        {
            findings.add(
                Location::new(declaration.source, import.name_loc),
                format!("the memory `{}` is not used", import.name),
                "functions use the memory that a guest exports as `memory`",
            );
        }
    }
}

/// The names of the members of a type.
fn member_names<'a, 's>(ty: &'a TypedefSyntax<'s>) -> Vec<&'a wast::Id<'s>> {
    match ty {
        TypedefSyntax::Enum(e) => e.members.iter().map(|m| &m.item).collect(),
        TypedefSyntax::Flags(f) => f.flags.iter().map(|m| &m.item).collect(),
        TypedefSyntax::Record(r) => r.fields.iter().map(|m| &m.item.name).collect(),
        TypedefSyntax::Variant(v) => v.cases.iter().map(|m| &m.item.name).collect(),
        _ => Vec::new(),
    }
}

/// Names are words. WAT allows more in them: `$x:` is a name with a colon in it.
pub(super) fn odd_names(declaration: &Declaration<'_, '_>, findings: &mut Findings) {
    let values = declared(declaration.syntax);
    let values = values.flat_map(|func| func.params.iter().chain(&func.results));
    let mut names: Vec<&wast::Id<'_>> = values.map(|value| &value.item.name).collect();
    if let DeclSyntax::Typename(ty) = declaration.syntax {
        names.push(&ty.ident);
        names.extend(member_names(&ty.def));
    }
    for id in names {
        let name = id.name();
        let is_usual = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        if let Some(odd) = name.chars().find(|c| !is_usual(*c)) {
            findings.add(
                Location::new(declaration.source, id.span()),
                format!("`{odd}` is a part of the name `${name}`"),
                "a name and what follows it are apart by a space alone; names are made of letters, \
                 digits, `_` and `-`",
            );
        }
    }
}

/// Members of a type have different names.
pub(super) fn unique_members(declaration: &Declaration<'_, '_>, findings: &mut Findings) {
    let DeclSyntax::Typename(ty) = declaration.syntax else {
        return;
    };
    let mut first: HashMap<&str, Location> = HashMap::new();
    for member in member_names(&ty.def) {
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
        let is_module = declaration.above.contains(name)
            && !declaration.types.contains_key(name)
            && !declaration.failed.contains(name);
        if is_module {
            findings.add(
                Location::new(declaration.source, id.span()),
                format!("`${name}` is a module, where a type is expected"),
                "only types can be used here",
            );
        }
        // witx has a message of its own for a type that contains itself.
        if !declaration.above.contains(name) && own != Some(name) {
            let above = declaration.above.iter().map(String::as_str);
            let hint = "a type must be declared above its first use";
            findings.add(
                Location::new(declaration.source, id.span()),
                format!("no type named `${name}` is declared"),
                match nearest(name, above) {
                    _ if is_builtin(name) => format!("write `{name}`: it is a word of WITX"),
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

/// The types that are written in a declaration, and the place of the name of what has each type.
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
