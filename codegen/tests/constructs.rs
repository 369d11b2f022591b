//! The documents of `tests/behaviour`, whose values guests and hosts exchange, have every construct in
//! every place where it can be.

mod support;

use std::collections::BTreeSet;

use support::documents_of_tests;
use wasi_experimental_http_codegen::Document;
use wasi_experimental_http_codegen::model::{
    Builtin, InputKind, IntRepr, Model, Outcome, Type, TypeKind,
};

/// The name of a kind of types in this test. A kind that is new has to be given one, and a place in
/// the documents.
fn kind(model: &Model, ty: &Type) -> String {
    let of_repr = |kind: &str, repr: IntRepr| format!("{kind} of {}", repr.name());
    match ty {
        Type::Builtin(builtin) => match builtin {
            Builtin::Char8 => "char8".to_owned(),
            Builtin::Usize => "usize".to_owned(),
            other => other.witx().to_owned(),
        },
        Type::Bool(repr) => of_repr("bool", *repr),
        Type::String => "string".to_owned(),
        Type::List(_) => "list".to_owned(),
        Type::Pointer { mutable: true, .. } => "pointer".to_owned(),
        Type::Pointer { mutable: false, .. } => "const_pointer".to_owned(),
        Type::Named(id) => match &model.get(*id).kind {
            TypeKind::Alias(ty) => kind(model, ty),
            TypeKind::Enum { repr, .. } => of_repr("enum", *repr),
            TypeKind::Flags { repr, .. } => of_repr("flags", *repr),
            TypeKind::Record { tuple: true, .. } => "tuple".to_owned(),
            TypeKind::Record { tuple: false, .. } => "record".to_owned(),
            TypeKind::Variant { tag, .. } => of_repr("variant", *tag),
            TypeKind::Handle => "handle".to_owned(),
            other => panic!("this test does not know {other:?}"),
        },
        other => panic!("this test does not know {other:?}"),
    }
}

/// What a document has: each kind with the place that it is in.
fn used(model: &Model) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    let mut add = |place: &str, ty: &Type| {
        used.insert(format!("{}: {}", place, kind(model, ty)));
    };
    for def in &model.types {
        def.stored().for_each(|ty| match (&def.kind, ty) {
            // What an alias is of is where the alias is, but an element is inside.
            (TypeKind::Alias(_), Type::List(element)) => add("inside", element),
            (TypeKind::Alias(_), Type::Pointer { pointee, .. }) => add("behind", pointee),
            (TypeKind::Alias(_), _) => {}
            _ => add("inside", ty),
        });
    }
    for function in model.functions() {
        for input in &function.lowered.inputs {
            match &input.kind {
                InputKind::Value(ty) => add("argument", ty),
                InputKind::Reference(ty) => add("argument", ty),
                InputKind::String => add("argument", &Type::String),
                InputKind::List(element) => {
                    add("argument", &Type::List(Box::new(element.clone())));
                    add("inside", element);
                }
                InputKind::Buffer {
                    mutable, element, ..
                } => add(
                    "argument",
                    &Type::Pointer {
                        mutable: *mutable,
                        pointee: Box::new(element.clone()),
                    },
                ),
                other => panic!("this test does not know {other:?}"),
            }
        }
        match &function.lowered.outcome {
            Outcome::Nothing | Outcome::NoReturn => {}
            Outcome::Value(ty) => add("result", ty),
            Outcome::Expected { outs, error } => {
                outs.iter().for_each(|out| add("out", &out.ty));
                error.iter().for_each(|error| add("error", error));
            }
            other => panic!("this test does not know {other:?}"),
        }
    }
    for function in model.functions() {
        used.insert(match &function.lowered.outcome {
            Outcome::Nothing => "function: nothing".to_owned(),
            Outcome::NoReturn => "function: no return".to_owned(),
            Outcome::Expected { error: None, .. } => "function: error without a type".to_owned(),
            Outcome::Expected { outs, .. } => format!("function: {} outs", outs.len().min(2)),
            _ => continue,
        });
    }
    used
}

#[test]
fn behaviour_documents_use_every_construct() {
    let mut all = BTreeSet::new();
    for path in documents_of_tests() {
        if path.iter().any(|part| part == "behaviour") {
            let document = Document::load(&[&path]).unwrap();
            all.extend(used(document.model()));
        }
    }
    let reprs = ["u8", "u16", "u32", "u64"];
    let of_reprs = |kind: &str| reprs.map(|repr| format!("{kind} of {repr}"));
    let numbers = [
        "u8", "char8", "u16", "u32", "usize", "u64", "s8", "s16", "s32", "s64", "f32", "f64",
        "char", "handle",
    ];
    let mut scalars: Vec<String> = numbers.map(str::to_owned).to_vec();
    scalars.extend(of_reprs("flags"));
    let enums = of_reprs("enum");
    let others = [
        "bool of u8",
        "bool of u32",
        "string",
        "list",
        "record",
        "tuple",
        "pointer",
        "const_pointer",
        "variant of u8",
        "variant of u16",
        "variant of u32",
    ];
    let mut expected = BTreeSet::new();
    for place in ["argument", "out", "inside"] {
        let kinds = scalars
            .iter()
            .chain(&enums)
            .map(String::as_str)
            .chain(others);
        expected.extend(kinds.map(|kind| format!("{place}: {kind}")));
    }
    // Others are results of an `expected` alone.
    expected.extend(scalars.iter().map(|kind| format!("result: {kind}")));
    expected.extend(enums.iter().map(|kind| format!("error: {kind}")));
    expected.extend(
        [
            "nothing",
            "no return",
            "error without a type",
            "0 outs",
            "1 outs",
            "2 outs",
        ]
        .map(|what| format!("function: {what}")),
    );
    let missing: Vec<&String> = expected.difference(&all).collect();
    assert!(missing.is_empty(), "no guest tries: {missing:#?}");
}
