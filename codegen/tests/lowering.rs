//! Layouts and wasm signatures, compared with those of the crate witx.

mod support;

use support::{own_text, parse, root, text, wasi_documents};
use wasi_experimental_http_codegen::model::{Function, InputKind, Role, TypeKind, WasmType};
use wasi_experimental_http_codegen::{Document, Model};
use witx::Layout as _;

/// All documents of this crate and those of WASI.
fn documents() -> Vec<(String, Document)> {
    let mut documents: Vec<(String, Document)> = Vec::new();
    documents.extend(
        wasi_documents()
            .into_iter()
            .map(|(name, d)| (name.to_owned(), d)),
    );
    documents.push(("own".to_owned(), parse("own", &own_text())));
    let folder = root().join("codegen/tests/documents");
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "witx")
        {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            documents.push((name, Document::load(&[&path]).unwrap()));
        }
    }
    assert!(documents.len() > 30, "the documents are found");
    documents
}

fn own() -> Document {
    parse("own", &own_text())
}

fn function<'a>(model: &'a Model, name: &str) -> &'a Function {
    let mut functions = model.modules[0].functions.iter();
    functions.find(|function| function.name == name).unwrap()
}

#[test]
fn signatures_are_those_of_witx() {
    let wasm = |ty: &witx::WasmType| match ty {
        witx::WasmType::I32 => WasmType::I32,
        witx::WasmType::I64 => WasmType::I64,
        witx::WasmType::F32 => WasmType::F32,
        witx::WasmType::F64 => WasmType::F64,
    };
    for (name, document) in documents() {
        let model = document.model();
        for (module, theirs) in model.modules.iter().zip(document.witx().modules()) {
            for (function, theirs) in module.functions.iter().zip(theirs.funcs()) {
                let (params, results) = theirs.wasm_signature();
                let params: Vec<_> = params.iter().map(wasm).collect();
                let results: Vec<_> = results.iter().map(wasm).collect();
                let lowered = &function.lowered;
                let ours: Vec<_> = lowered.wasm_params.iter().map(|param| param.ty).collect();
                assert_eq!(ours, params, "{name}: parameters of {}", function.name);
                let ours: Vec<_> = lowered.wasm_result.into_iter().collect();
                assert_eq!(ours, results, "{name}: result of {}", function.name);
            }
        }
    }
}

#[test]
fn layouts_are_those_of_witx() {
    for (name, document) in documents() {
        // Of the first witx has a wrong size, and of the second it divides by zero.
        if ["variant_tail", "empty_types"].contains(&name.as_str()) {
            continue;
        }
        let model = document.model();
        for theirs in document.witx().typenames() {
            let ours = model
                .types
                .iter()
                .find(|ty| ty.name == theirs.name.as_str())
                .unwrap();
            let layout = theirs.mem_size_align();
            let ours = (ours.layout.size as usize, ours.layout.align as usize);
            assert_eq!(
                ours,
                (layout.size, layout.align),
                "{name}: {}",
                theirs.name.as_str()
            );
        }
    }
}

/// The functions of 2021.
const OLD: [&str; 5] = ["req", "close", "header_get", "headers_get_all", "body_read"];

#[test]
fn the_signatures_of_the_interface_are_the_ones_that_exist_in_the_world() {
    let own = own();
    let model = own.model();
    let signatures: Vec<String> = model.modules[0]
        .functions
        .iter()
        .filter(|function| OLD.contains(&function.name.as_str()))
        .map(|function| {
            let params = function.lowered.wasm_params.iter();
            assert!(params.clone().all(|param| param.ty == WasmType::I32));
            assert_eq!(function.lowered.wasm_result, Some(WasmType::I32));
            let names: Vec<&str> = params.map(|param| param.name.as_str()).collect();
            format!("{}: {}", function.name, names.join(" "))
        })
        .collect();
    assert_eq!(
        signatures,
        [
            "req: url url_len method method_len headers headers_len body body_len status_code \
             response_handle",
            "close: response",
            "header_get: response name name_len value value_len size",
            "headers_get_all: response headers headers_len size",
            "body_read: response buffer buffer_len size",
        ]
    );
}

#[test]
fn a_pointer_to_bytes_and_its_length_are_one_buffer() {
    let own = own();
    let model = own.model();
    let read = function(model, "body_read");
    assert_eq!(read.params.len(), 3);
    let inputs = &read.lowered.inputs;
    assert_eq!(inputs.len(), 2);
    assert!(matches!(
        inputs[1].kind,
        InputKind::Buffer { mutable: true, .. }
    ));

    let document = parse("constructs", &text("constructs"));
    let model = document.model();
    let kinds: Vec<bool> = function(model, "addresses")
        .lowered
        .inputs
        .iter()
        .map(|input| matches!(input.kind, InputKind::Buffer { .. }))
        .collect();
    // The length of elements that are no bytes may count either: those stay apart.
    assert_eq!(kinds, [true, true, false, false, false]);
}

#[test]
fn results_of_a_tuple_have_an_out_pointer_each() {
    let own = own();
    let model = own.model();
    let req = function(model, "req");
    let outs: Vec<(&str, u32)> = req
        .lowered
        .outs()
        .iter()
        .map(|out| (out.name.as_str(), out.layout.size))
        .collect();
    assert_eq!(outs, [("status_code", 2), ("response_handle", 4)]);
    let last: Vec<Role> = req.lowered.wasm_params[8..]
        .iter()
        .map(|param| param.role)
        .collect();
    assert_eq!(last, [Role::Out(0), Role::Out(1)]);
}

/// witx has a smaller size for a variant whose largest payload is not the most aligned one, in
/// which the payload would not fit.
#[test]
fn a_variant_is_as_large_as_its_tag_and_its_largest_payload() {
    let document = parse("variant_tail", &text("variant_tail"));
    let model = document.model();
    let odd = model.types.iter().find(|ty| ty.name == "odd").unwrap();
    assert_eq!((odd.layout.size, odd.layout.align), (24, 8));
    let theirs = document.witx().typename(&witx::Id::new("odd")).unwrap();
    assert_eq!(theirs.mem_size_align().size, 16);
}

/// What another model knows of the same interface: names of imports, signatures and numbers.
fn numbers(model: &Model) -> Vec<String> {
    let mut all = Vec::new();
    let functions = model.modules[0].functions.iter();
    for function in functions.filter(|it| OLD.contains(&it.name.as_str())) {
        let lowered = &function.lowered;
        let params: Vec<_> = lowered.wasm_params.iter().map(|param| param.ty).collect();
        let outs: Vec<_> = lowered.outs().iter().map(|out| out.layout).collect();
        let name = &function.name;
        all.push(format!(
            "{name} {params:?} {:?} {outs:?}",
            lowered.wasm_result
        ));
    }
    let error = model.types.iter().find(|ty| ty.is_error).unwrap();
    if let TypeKind::Enum { repr, cases } = &error.kind {
        // Later codes are appended.
        let names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
        all.push(format!("{repr:?} {:?}", &names[..18]));
    }
    all
}

/// The interface in the dialect of `witx-codegen` means the same.
#[test]
fn the_other_dialect_lowers_to_the_same_signatures_and_numbers() {
    let old = parse("old_dialect", &text("old_dialect"));
    let (old, own) = (old.model(), own());
    assert_eq!(old.modules[0].name, own.model().modules[0].name);
    assert_eq!(numbers(old), numbers(own.model()));
}
