//! Layouts and wasm signatures, compared with those of the crate witx.

mod support;
#[path = "support/witx_abi.rs"]
mod witx_abi;

use support::{documents_of_tests, generated, own_text, parse, root, text, wasi_documents};
use wasi_experimental_http_codegen::model::{Function, InputKind, Role, Type, TypeKind, WasmType};
use wasi_experimental_http_codegen::witx::document as witx_tree;
use wasi_experimental_http_codegen::{Document, Language, Model};
use witx::Layout as _;

/// All documents in `codegen/tests`, in whatever folder, the project's own and those of WASI.
fn documents() -> Vec<(String, Document)> {
    let mut documents: Vec<(String, Document)> = Vec::new();
    documents.extend(
        wasi_documents()
            .into_iter()
            .map(|(name, d)| (name.to_owned(), d)),
    );
    documents.push(("own".to_owned(), parse("own", &own_text())));
    for path in documents_of_tests() {
        let document = Document::load(&[&path]).unwrap_or_else(|error| panic!("{error}"));
        documents.push((path.display().to_string(), document));
    }
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
fn every_type_and_function_is_as_in_witx() {
    let documents = documents();
    for (name, document) in &documents {
        let differences = witx_abi::differences(document.model(), witx_tree(document));
        assert_eq!(differences, [""; 0], "{name}");
    }
    // Of each folder that has documents, one that is known to be there.
    for path in [
        "tests/documents/constructs.witx",
        "tests/behaviour/nested/nested.witx",
        "tests/other_dialect/witx-codegen/test_module.witx",
    ] {
        assert!(
            documents.iter().any(|(name, _)| name.ends_with(path)),
            "{path}"
        );
    }
}

/// What the comparison is for, it sees.
#[test]
fn another_abi_is_a_difference_from_witx() {
    let types = [
        "(enum (@witx tag u8) $ok $err)",
        "(enum (@witx tag u16) $ok $err)",
        "(enum (@witx tag u8) $err $ok)",
        "(expected (error $errno))",
        "(variant (@witx tag u8) (case $ok u8) (case $err))",
        "(variant (@witx tag u8) (case $ok u64) (case $err))",
        "(flags (@witx repr u8) $ok $err)",
        "(flags (@witx repr u64) $ok $err)",
        "(record (field $ok u8) (field $err u8))",
        "(record (field $ok u8) (field $err u16))",
        "(tuple $n $n)",
        "(list u8)",
        "(handle)",
        "u64",
    ];
    let documents = types.map(|ty| {
        let text = format!(
            "(typename $errno (enum $success $bad))\n(typename $n u8)\n(typename $t {ty})\n\
             (module $m (@interface func (export \"f\") (param $a $t)\n\
             (result $r (expected $t (error $errno)))))"
        );
        parse("one", &text)
    });
    for (index, ours) in documents.iter().enumerate() {
        for (other, theirs) in documents.iter().enumerate() {
            let differences = witx_abi::differences(ours.model(), witx_tree(theirs));
            let message = format!("{} and {}: {differences:?}", types[index], types[other]);
            assert_eq!(differences.is_empty(), index == other, "{message}");
        }
    }
}

/// witx says that an enum of 64 bits is an `i64` as a result, and makes an `i32` of it when it
/// calls the function; as a parameter and as an error it is an `i32` in both.
#[test]
fn an_enum_of_64_bits_is_no_result() {
    let function = |rest: &str| {
        let text = format!(
            "(typename $e (enum (@witx tag u64) $ok $err))\n\
             (module $m (@interface func (export \"f\") {rest}))"
        );
        Document::parse("wide.witx", &text)
    };
    let error = function("(result $r $e)").unwrap_err().to_string();
    assert!(
        error.contains("64 bits") && error.starts_with("wide.witx:2:"),
        "{error}"
    );
    for rest in ["(param $a $e)", "(result $r (expected $e (error $e)))"] {
        let document = function(rest).unwrap();
        let differences = witx_abi::differences(document.model(), witx_tree(&document));
        assert_eq!(differences, [""; 0], "{rest}");
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

/// A host may keep an address after the call; then a slice is not safe.
#[test]
fn pointers_with_lengths_stay_apart_where_that_is_wanted() {
    let text = "(module $ring\n\
        (@interface func (export \"start\") (param $b (@witx pointer u8)) (param $b_len u32)\n\
          (param $c (@witx const_pointer u8)) (param $c_len u32))\n\
        (@interface func (export \"stop\") (param $b (@witx pointer u8)) (param $b_len u32)))";
    let signatures = |kept: &[&str]| -> Vec<String> {
        let mut document = parse("ring", text);
        kept.iter()
            .for_each(|name| document.keep_pointers(name).unwrap());
        assert_eq!(
            witx_abi::differences(document.model(), witx_tree(&document)),
            [""; 0]
        );
        let rust = generated(&document, "ring", Language::Rust).unwrap();
        let lines = rust.lines().map(str::trim);
        let wrappers = lines.filter(|line| line.starts_with("pub") && line.ends_with('{'));
        let wrappers = wrappers.filter(|line| line.contains(" fn ") && !line.contains("(_: "));
        wrappers.map(str::to_owned).collect()
    };
    let start = "pub fn start(b: &mut [u8], c: &[u8]) {";
    let stop = "pub fn stop(b: &mut [u8]) {";
    let raw_start = "pub unsafe fn start(b: *mut u8, b_len: u32, c: *const u8, c_len: u32) {";
    let raw_stop = "pub unsafe fn stop(b: *mut u8, b_len: u32) {";
    assert_eq!(signatures(&[]), [start, stop]);
    assert_eq!(signatures(&["ring"]), [raw_start, raw_stop]);
    assert_eq!(signatures(&["ring.start"]), [raw_start, stop]);
    assert_eq!(
        signatures(&["ring.start.c", "ring.stop.b"]),
        [
            "pub unsafe fn start(b: &mut [u8], c: *const u8, c_len: u32) {",
            raw_stop
        ]
    );

    // Every language that has addresses takes it, and a host is as it was.
    let mut document = parse("ring", text);
    let host = generated(&document, "ring", Language::Wiggle).unwrap();
    let reference = generated(&document, "ring", Language::Markdown).unwrap();
    assert!(
        reference.contains("`c` and `c_len` are one slice in bindings"),
        "{reference}"
    );
    document.keep_pointers("ring").unwrap();
    assert_eq!(
        generated(&document, "ring", Language::Wiggle).unwrap(),
        host
    );
    let reference = generated(&document, "ring", Language::Markdown).unwrap();
    assert!(!reference.contains("slice"), "{reference}");
    for language in Language::ALL.iter().copied() {
        let has_addresses = language != Language::Wit;
        let is_ok = generated(&document, "ring", language).is_ok();
        assert_eq!(is_ok, has_addresses, "{language}");
    }

    let error = document.keep_pointers("ring.strt").unwrap_err().to_string();
    assert_eq!(
        error,
        "no pointer to bytes with a length is in `ring.strt`; the nearest name in the document is \
         `ring.start`"
    );
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
    let theirs = witx_tree(&document)
        .typename(&witx::Id::new("odd"))
        .unwrap();
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

/// The conventions that authors of bindings read, for a document of each type that they name.
#[test]
fn the_conventions_are_those_of_witx() {
    let types = [
        ("u8", "u8"),
        ("char8", "(@witx char8)"),
        ("u16", "u16"),
        ("s8", "s8"),
        ("s16", "s16"),
        ("u32", "u32"),
        ("usize", "(@witx usize)"),
        ("s32", "s32"),
        ("u64", "u64"),
        ("s64", "s64"),
        ("f32", "f32"),
        ("f64", "f64"),
        ("bool", "bool"),
        ("char", "char"),
        ("enum of u8", "(enum (@witx tag u8) $success $b)"),
        ("enum of u16", "(enum (@witx tag u16) $success $b)"),
        ("enum of u32", "(enum (@witx tag u32) $success $b)"),
        ("enum of u64", "(enum (@witx tag u64) $success $b)"),
        ("flags of u8", "(flags (@witx repr u8) $a)"),
        ("flags of u16", "(flags (@witx repr u16) $a)"),
        ("flags of u32", "(flags (@witx repr u32) $a)"),
        ("flags of u64", "(flags (@witx repr u64) $a)"),
        ("handle", "(handle)"),
        ("pointer", "(@witx pointer u64)"),
    ];
    for (name, witx) in types {
        let text = format!(
            "(typename $t {witx})\n(module $m (@interface func (export \"f\") (param $p $t)))"
        );
        let document = parse("one", &text);
        let json = generated(&document, "one", Language::Json).unwrap();
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        let rules = json["conventions"]["values"].as_array().unwrap();
        let is_it = |rule: &&serde_json::Value| {
            let types = rule["types"].as_array().unwrap();
            types.iter().any(|ty| ty == name)
        };
        let rule = rules.iter().find(is_it);
        let rule = rule.unwrap_or_else(|| panic!("{name} has no rule: {rules:?}"));
        let theirs = witx_tree(&document);
        let ty = theirs.typename(&witx::Id::new("t")).unwrap();
        assert_eq!(rule["size"], ty.tref.mem_size(), "{name}");
        let (modules, function) = (theirs.modules(), witx::Id::new("f"));
        let function = modules.last().unwrap().func(&function).unwrap();
        let (params, _) = function.wasm_signature();
        let wasm = match params[0] {
            witx::WasmType::I32 => "i32",
            witx::WasmType::I64 => "i64",
            witx::WasmType::F32 => "f32",
            witx::WasmType::F64 => "f64",
        };
        assert_eq!(rule["wasm"], wasm, "{name}");
        // Bits that are left over in a word are spoken of, and no others.
        let bits = match name {
            "bool" => 1,
            "char" => 21,
            _ => 8 * ty.tref.mem_size(),
        };
        let narrow = wasm == "i32" && bits < 32;
        assert_eq!(!rule["extension"].is_null(), narrow, "{name}");
        let signed = matches!(name, "s8" | "s16");
        assert_eq!(rule["extension"] == "sign", signed, "{name}");
    }
}

/// What a document does not have, its reference does not explain.
#[test]
fn conventions_are_about_what_a_document_has() {
    let topics = |text: &str| {
        let json = generated(&parse("one", text), "one", Language::Json).unwrap();
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        let rules = json["conventions"]["rules"].as_array().unwrap().clone();
        let topics = rules.iter().map(|rule| rule["topic"].as_str().unwrap());
        topics.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(topics(""), [""; 0]);
    let one = "(module $m (@interface func (export \"f\") (param $a u8)))";
    assert_eq!(topics(one), ["what a host refuses"]);
    let all = topics(&text("constructs"));
    for topic in [
        "memory",
        "alignment",
        "records and variants",
        "unknown cases",
        "strings",
        "lists",
        "ownership",
        "buffers",
        "errors",
        "results",
        "what a host refuses",
        "handles",
    ] {
        assert!(all.iter().any(|other| other == topic), "{topic}");
    }
}

/// The other dialect has the ABI of the tool that reads it: the figures are its own, as
/// `other_dialect/figures.mjs` says.
#[test]
fn the_other_dialect_has_the_abi_of_its_tool() {
    let tests = root().join("codegen/tests");
    let figures = std::fs::read_to_string(tests.join("other_dialect/figures.txt")).unwrap();
    let parts = figures.split("document ").skip(1);
    let mut compared = 0;
    for part in parts {
        let (name, theirs) = part.split_once('\n').unwrap();
        let document = Document::load(&[tests.join(name.trim())]).unwrap();
        // What is lowered so is also what witx makes of the translation.
        let differences = witx_abi::differences(document.model(), witx_tree(&document));
        assert_eq!(differences, [""; 0], "{name}");
        let ours = abi_lines(document.model());
        for line in theirs.lines() {
            let what = line.split_once(": ").unwrap().0;
            let our_line = ours
                .iter()
                .find(|ours| ours.starts_with(&format!("{what}: ")));
            assert_eq!(our_line.map(String::as_str), Some(line.trim_end()));
            compared += 1;
        }
    }
    assert!(compared > 100, "{compared} figures");
}

/// Sizes, offsets and signatures of a model in the lines of `other_dialect/figures.txt`.
fn abi_lines(model: &Model) -> Vec<String> {
    let name = |name: &str| -> String {
        let words = name.split('_');
        words
            .map(|word| word[..1].to_ascii_uppercase() + &word[1..])
            .collect()
    };
    let mut lines = Vec::new();
    for def in &model.types {
        let (name, layout) = (name(&def.name), def.layout);
        let (mut size, align) = (layout.size, layout.align);
        let mut offsets = String::new();
        match &def.kind {
            TypeKind::Record { fields, .. } => {
                // The length of a buffer is a field of its own here.
                let is_length = |name: &str| {
                    let pointer = name.strip_suffix("_len");
                    pointer.is_some_and(|name| fields.iter().any(|field| field.name == name))
                };
                let fields = fields.iter().filter(|field| !is_length(&field.name));
                let fields: Vec<String> = fields.map(|field| field.offset.to_string()).collect();
                offsets = format!(", offsets {}", fields.join(" "));
            }
            TypeKind::Variant {
                tag,
                payload_offset,
                ..
            } => {
                let tag = tag.name();
                lines.push(format!(
                    "variant {name}: tag {tag}, payload at {payload_offset}, size {size}"
                ));
            }
            // A buffer to be filled is an address, with the length as a value behind it.
            TypeKind::Alias(Type::Pointer { .. }) => size += 4,
            _ => {}
        }
        lines.push(format!("type {name}: size {size}, align {align}{offsets}"));
    }
    for function in model.functions() {
        let types = |types: &mut dyn Iterator<Item = WasmType>| {
            let names = types.map(|ty| match ty {
                WasmType::I32 => "i32",
                WasmType::I64 => "i64",
                WasmType::F32 => "f32",
                WasmType::F64 => "f64",
            });
            names.collect::<Vec<_>>().join(" ")
        };
        let lowered = &function.lowered;
        let params = types(&mut lowered.wasm_params.iter().map(|param| param.ty));
        let result = types(&mut lowered.wasm_result.into_iter());
        lines.push(format!("import {}: {params} -> {result}", function.name));
    }
    lines
}

/// What the other dialect allows and a binding cannot have is refused where it is.
#[test]
fn a_buffer_to_be_filled_without_a_length_is_refused() {
    let types = [
        "(tuple u8 (out-buffer u8))",
        "(list (out-buffer u8))",
        "(variant (case $a (out-buffer u8)))",
        "(in-buffer $buffer)",
    ];
    for ty in types {
        let text = format!("(module $m (typename $buffer (out-buffer u8))\n(typename $t {ty}))");
        let error = Document::parse("m.witx", &text).unwrap_err().to_string();
        let column = 14
            + ty.rfind(if ty.contains("$b") { "$b" } else { "(out" })
                .unwrap();
        let start = format!("m.witx:2:{column}: error: a buffer to be filled has no place");
        assert!(error.starts_with(&start), "{error}");
    }
    // Names are no types.
    let text = "(module $m (typename $buffer (out-buffer u8)) (typename $e (enum $buffer $b))
        (typename $r (record (field $buffer $buffer))) (typename $v (variant (case $buffer u8)))
        (@interface func (export \"f\") (param $buffer $buffer))
        (@interface func (export \"g\") (result $buffer (expected $r (error $e)))))";
    Document::parse("m.witx", text).unwrap();
}
