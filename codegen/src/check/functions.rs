//! Rules of functions.

use super::Findings;
use crate::abi::wasm_type;
use crate::document::Document;
use crate::location::Location;
use crate::model::{Function, Module, Outcome, Type, TypeKind, WasmType};

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

/// The tag of a result fits in the `i32` that an import returns.
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
                        "the tag of a result does not fit in an i32",
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

/// A document that declares a module has functions.
pub(super) fn some_functions(document: &Document, findings: &mut Findings) {
    let model = document.model();
    if let Some(module) = model.modules.first()
        && model.functions().next().is_none()
    {
        findings.add(
            document.locations().get(&[&module.name]),
            "the document has no function",
            "a function is `(@interface func (export \"name\") ...)` in a module",
        );
    }
}

/// Names of success.
const SUCCESS: [&str; 6] = ["success", "ok", "none", "no_error", "esuccess", "noerror"];

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
