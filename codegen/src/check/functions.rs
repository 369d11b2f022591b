//! Rules of functions.

use std::collections::HashMap;

use witx::parser::{DeclSyntax, FieldSyntax, InterfaceFuncSyntax, ModuleDeclSyntax, TypedefSyntax};

use super::{Declaration, Findings};
use crate::abi::wasm_type;
use crate::document::Document;
use crate::location::Location;
use crate::model::{Function, Module, Outcome, Type, TypeKind, WasmType};
use crate::syntax::{SUCCESS, value_location};

/// Functions of a module, and parameters and results of a function, have different names.
pub(super) fn unique_names(declaration: &Declaration<'_, '_>, findings: &mut Findings) {
    let at = |span| Location::new(declaration.source, span);
    let mut unique = |names: Vec<(&str, Location)>| {
        let mut first: HashMap<&str, Location> = HashMap::new();
        for (name, at) in names {
            match first.get(name) {
                None => {
                    first.insert(name, at);
                }
                Some(first) => findings.add(
                    at,
                    format!("the name `{name}` is already taken"),
                    format!("it was first used in line {}", first.line()),
                ),
            }
        }
    };
    if let DeclSyntax::Module(module) = declaration.syntax {
        let items = module.decls.iter().map(|decl| match &decl.item {
            ModuleDeclSyntax::Import(import) => (import.name, at(import.name_loc)),
            ModuleDeclSyntax::Func(func) => (func.export, at(func.export_loc)),
        });
        unique(items.collect());
    }
    for func in declared(declaration.syntax) {
        let values = func.params.iter().chain(&func.results);
        let names = values.map(|value| (value.item.name.name(), at(value.item.name.span())));
        unique(names.collect());
    }
}

/// A function has a name.
pub(super) fn named(declaration: &Declaration<'_, '_>, findings: &mut Findings) {
    for func in declared(declaration.syntax) {
        if func.export.is_empty() {
            findings.add(
                Location::new(declaration.source, func.export_loc),
                "the name of the function is empty",
                "guests import a function by the name that `export` gives it",
            );
        }
    }
}

/// A function has a result that the ABI has.
pub(super) fn results(declaration: &Declaration<'_, '_>, findings: &mut Findings) {
    for func in declared(declaration.syntax) {
        if let [_, second, ..] = &func.results[..] {
            findings.add(
                Location::new(declaration.source, second.item.name.span()),
                "a function has one result at most",
                "more values are a tuple: `(expected (tuple $a $b) (error $errno))`",
            );
        } else if let [result] = &func.results[..]
            && let Some((message, hint)) = result_fault(declaration, &result.item)
        {
            let at = value_location(declaration.source, result.item.name.span());
            findings.add(at, message, hint);
        }
    }
}

/// What is wrong with a result, and what to write.
fn result_fault(
    declaration: &Declaration<'_, '_>,
    result: &FieldSyntax<'_>,
) -> Option<(String, String)> {
    let instead = |written: &str| {
        format!(
            "write `(expected {written} (error $errno))`, where `$errno` is an enum whose first \
             case is success"
        )
    };
    let no_result = |what: &str, written: &str| {
        let message = format!("{what} cannot be a result by itself");
        Some((message, instead(written)))
    };
    let nameless = |what: &str| {
        Some((
            format!("{what} of a result has no name"),
            "declare the type with `typename`, and use its name".to_owned(),
        ))
    };
    let is_named = |ty: &TypedefSyntax<'_>| matches!(ty, TypedefSyntax::Ident(_));
    match &result.type_ {
        TypedefSyntax::Builtin(_)
        | TypedefSyntax::Pointer(_)
        | TypedefSyntax::ConstPointer(_)
        // These have a rule of their own.
        | TypedefSyntax::Enum(_)
        | TypedefSyntax::Flags(_)
        | TypedefSyntax::Record(_)
        | TypedefSyntax::Union(_)
        | TypedefSyntax::Handle(_) => None,
        TypedefSyntax::Expected(expected) => match (&expected.ok, &expected.err) {
            (_, Some(error)) if !is_named(error) => nameless("the error"),
            (Some(ok), _) => match &**ok {
                TypedefSyntax::Ident(id) => unnamed_member(declaration, id.name()),
                TypedefSyntax::Tuple(tuple) if tuple.types.iter().all(is_named) => None,
                TypedefSyntax::Tuple(_) => nameless("a value"),
                _ => nameless("the value"),
            },
            (None, _) => None,
        },
        TypedefSyntax::Ident(id) => {
            let name = id.name();
            let ty = declaration.types.get(name)?;
            let named = format!("${name}");
            let what = |kind: &str| format!("`${name}` is {kind}, which");
            match &**ty.type_() {
                witx::Type::Record(record) if record.bitflags_repr().is_some() => None,
                witx::Type::Record(record) if record.is_tuple() => {
                    no_result(&what("a tuple"), &named)
                }
                witx::Type::Record(_) => no_result(&what("a record"), &named),
                witx::Type::List(_) => no_result(&what("a list"), &named),
                witx::Type::Variant(variant) => match variant.as_expected() {
                    None if variant.is_bool() => no_result(&what("a bool"), &named),
                    None if variant.is_enum() => no_result(&what("an enum"), &named),
                    None => no_result(&what("a variant"), &named),
                    Some((ok, error)) => {
                        let is_nameless =
                            |ty: Option<&witx::TypeRef>| ty.is_some_and(|ty| !ty.named());
                        if is_nameless(error) {
                            nameless("the error")
                        } else {
                            match ok {
                                Some(witx::TypeRef::Name(ok)) => {
                                    unnamed_member(declaration, ok.name.as_str())
                                }
                                Some(ok) if !is_tuple_of_named(ok) => nameless("the value"),
                                _ => None,
                            }
                        }
                    }
                },
                _ => None,
            }
        }
        TypedefSyntax::String => no_result("a string", "$text"),
        TypedefSyntax::Bool => no_result("a bool", "$flag"),
        TypedefSyntax::List(_) => no_result("a list", "$items"),
        TypedefSyntax::Tuple(_) => no_result("a tuple", "(tuple $a $b)"),
        TypedefSyntax::Variant(_) => no_result("a variant", "$value"),
    }
}

/// The fault of a value of success that is a tuple by its name: each part has an address of its
/// own, and needs a name.
fn unnamed_member(declaration: &Declaration<'_, '_>, name: &str) -> Option<(String, String)> {
    let ty = declaration.types.get(name)?;
    let whole = witx::TypeRef::Name(ty.clone());
    let is_tuple = matches!(&**ty.type_(), witx::Type::Record(record) if record.is_tuple());
    (is_tuple && !is_tuple_of_named(&whole)).then(|| {
        (
            format!("a part of the tuple `${name}`, which is a result, has no name"),
            "declare the types of its parts with `typename`, and use their names".to_owned(),
        )
    })
}

fn is_tuple_of_named(ty: &witx::TypeRef) -> bool {
    match &**ty.type_() {
        witx::Type::Record(record) if record.is_tuple() => {
            record.members.iter().all(|member| member.tref.named())
        }
        _ => false,
    }
}

/// The functions of a declaration.
pub(super) fn declared<'d, 'a>(
    declaration: &'d DeclSyntax<'a>,
) -> impl Iterator<Item = &'d InterfaceFuncSyntax<'a>> {
    let decls = match declaration {
        DeclSyntax::Module(module) => &module.decls[..],
        _ => &[],
    };
    decls.iter().filter_map(|decl| match &decl.item {
        ModuleDeclSyntax::Func(func) => Some(func),
        ModuleDeclSyntax::Import(_) => None,
    })
}

/// A function that does not return has no result.
pub(super) fn noreturn_has_no_result(document: &Document, findings: &mut Findings) {
    for module in document.witx().modules() {
        for func in module.funcs() {
            if func.noreturn
                && let Some(result) = func.results.first()
            {
                let name = [
                    module.name.as_str(),
                    func.name.as_str(),
                    result.name.as_str(),
                ];
                findings.add(
                    document.locations().get(&name),
                    "a function that does not return has no result",
                    "leave out the result or `(@witx noreturn)`",
                );
            }
        }
    }
}

/// The tag of a result fits in the `i32` that an import returns. Of a wider one witx does not know
/// itself what it is: its signature has an `i64`, and its instructions an `i32`.
pub(super) fn tags_of_results_fit(document: &Document, findings: &mut Findings) {
    for module in document.witx().modules() {
        for func in module.funcs() {
            for result in &func.results {
                if let witx::Type::Variant(variant) = &**result.tref.type_()
                    && variant.as_expected().is_some()
                    && variant.tag_repr == witx::IntRepr::U64
                {
                    let name = [
                        module.name.as_str(),
                        func.name.as_str(),
                        result.name.as_str(),
                    ];
                    findings.add(
                        document.locations().get(&name),
                        "a result has a tag of 64 bits, which witx declares as an i64 and calls as \
                         an i32",
                        "choose a narrower `(@witx tag ...)`",
                    );
                }
            }
        }
    }
}

/// The error of a function fits in the `i32` that an import returns.
pub(super) fn errors_fit(document: &Document, findings: &mut Findings) {
    let model = document.model();
    for (module, function) in functions(document) {
        if let Outcome::Expected {
            error: Some(error), ..
        } = &function.lowered.outcome
            && wasm_type(&model.types, error) != Some(WasmType::I32)
        {
            let name = match error {
                Type::Named(id) => model.get(*id).name.clone(),
                _ => "the error".to_owned(),
            };
            findings.add(
                result_location(document, module, function),
                format!("`${name}` cannot be an error, since it does not fit in an i32"),
                "make the error an enum",
            );
        }
    }
}

/// A document has functions.
pub(super) fn some_functions(document: &Document, findings: &mut Findings) {
    let model = document.model();
    if model.functions().next().is_none() {
        let module = model.modules.first();
        let at = module.and_then(|module| document.locations().get(&[&module.name]));
        let first_type = || model.types.first().and_then(|def| def.location.clone());
        findings.add(
            at.or_else(first_type),
            "the document has no function",
            "a function is `(@interface func (export \"name\") ...)` in a module",
        );
    }
}

/// The first case of an error, whose number is 0, is that of success.
pub(super) fn success_first(document: &Document, findings: &mut Findings) {
    for def in &document.model().types {
        if def.is_error
            && let TypeKind::Enum { cases, .. } = &def.kind
            && let Some(first) = cases.first()
            && !SUCCESS.contains(&first.name.as_str())
        {
            findings.add(
                document.locations().get(&[&def.name, &first.name]),
                format!(
                    "`${}` is an error, and its first case is `${}`: its code is 0, which means success",
                    def.name, first.name
                ),
                "put a case `$success` in front",
            );
        }
    }
}

/// All functions, with their modules.
fn functions(document: &Document) -> impl Iterator<Item = (&Module, &Function)> {
    let modules = document.model().modules.iter();
    modules.flat_map(|module| {
        module
            .functions
            .iter()
            .map(move |function| (module, function))
    })
}

fn result_location(document: &Document, module: &Module, function: &Function) -> Option<Location> {
    let result = function.result_name.as_deref().unwrap_or_default();
    let name = [module.name.as_str(), &function.name, result];
    document.locations().get(&name)
}
