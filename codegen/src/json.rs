//! The JSON backend: everything that the other backends know of a document, for those who write
//! one in another language.
//!
//! The format is described by `json.schema.json` beside this crate's README, and has a version:
//! what is added to it leaves the version as it is, what is changed or removed does not.

use crate::layout::Layout;
use crate::lowering::{InputKind, Lowered, Outcome, Role};
use crate::model::{Function, IntRepr, Member, Model, Param, Type, TypeDef, TypeKind};

/// The version of the format.
const VERSION: u32 = 1;

/// Generates the description of a document. `header` is what the file says about itself.
pub(crate) fn generate(model: &Model, header: &[String]) -> String {
    let types = model.types.iter().map(|def| type_def(model, def));
    let constants = model.constants.iter().map(|constant| {
        object([
            ("name", string(&constant.name)),
            ("docs", string(&constant.docs)),
            ("type", string(&model.get(constant.ty).name)),
            // A number in JSON may lose what is beyond 2^53.
            ("value", string(&constant.value.to_string())),
        ])
    });
    let modules = model.modules.iter().map(|module| {
        let functions = module.functions.iter().map(|f| function(model, f));
        object([
            ("name", string(&module.name)),
            ("docs", string(&module.docs)),
            ("functions", Json::array(functions)),
        ])
    });
    let document = object([
        ("comment", string(&header.join(" "))),
        ("version", number(VERSION)),
        ("types", Json::array(types)),
        ("constants", Json::array(constants)),
        ("modules", Json::array(modules)),
    ]);
    let mut text = String::new();
    document.write(&mut text, 0);
    text.push('\n');
    text
}

fn type_def(model: &Model, def: &TypeDef) -> Json {
    let mut members = vec![
        ("name", string(&def.name)),
        ("docs", string(&def.docs)),
        ("size", number(def.layout.size)),
        ("align", number(def.layout.align)),
        ("is_error", Json::Bool(def.is_error)),
    ];
    let repr = |repr: &IntRepr| string(repr.name());
    let named = |members: &[Member]| {
        Json::array(members.iter().enumerate().map(|(index, member)| {
            object([
                ("name", string(&member.name)),
                ("docs", string(&member.docs)),
                ("value", string(&index.to_string())),
            ])
        }))
    };
    match &def.kind {
        TypeKind::Alias(target) => {
            members.extend([("kind", string("alias")), ("target", ty(model, target))]);
        }
        TypeKind::Enum { repr: tag, cases } => members.extend([
            ("kind", string("enum")),
            ("repr", repr(tag)),
            ("cases", named(cases)),
        ]),
        TypeKind::Flags { repr: bits, flags } => {
            let flags = flags.iter().enumerate().map(|(bit, flag)| {
                object([
                    ("name", string(&flag.name)),
                    ("docs", string(&flag.docs)),
                    ("value", string(&(1_u64 << bit).to_string())),
                ])
            });
            members.extend([
                ("kind", string("flags")),
                ("repr", repr(bits)),
                ("flags", Json::array(flags)),
            ]);
        }
        TypeKind::Record { tuple, fields } => {
            let fields = fields.iter().map(|field| {
                object([
                    ("name", string(&field.name)),
                    ("docs", string(&field.docs)),
                    ("type", ty(model, &field.ty)),
                    ("offset", number(field.offset)),
                ])
            });
            members.extend([
                ("kind", string("record")),
                ("is_tuple", Json::Bool(*tuple)),
                ("fields", Json::array(fields)),
            ]);
        }
        TypeKind::Variant {
            tag,
            payload_offset,
            cases,
        } => {
            let cases = cases.iter().enumerate().map(|(index, case)| {
                let payload = case.payload.as_ref();
                object([
                    ("name", string(&case.name)),
                    ("docs", string(&case.docs)),
                    ("value", string(&index.to_string())),
                    ("payload", payload.map_or(Json::Null, |p| ty(model, p))),
                ])
            });
            members.extend([
                ("kind", string("variant")),
                ("repr", repr(tag)),
                ("payload_offset", number(*payload_offset)),
                ("cases", Json::array(cases)),
            ]);
        }
        TypeKind::Handle => members.push(("kind", string("handle"))),
    }
    Json::Object(members)
}

/// A use of a type: what it is, and its layout.
fn ty(model: &Model, ty: &Type) -> Json {
    let Layout { size, align } = model.layout(ty);
    let own = self::kind(model, ty);
    Json::Object(
        own.into_iter()
            .chain([("size", number(size)), ("align", number(align))])
            .collect(),
    )
}

fn kind(model: &Model, ty: &Type) -> Vec<(&'static str, Json)> {
    let of = |kind: &str| ("kind", string(kind));
    match ty {
        Type::Builtin(builtin) => vec![
            of("builtin"),
            ("name", string(crate::json::builtin(*builtin))),
        ],
        Type::Bool => vec![of("bool")],
        Type::String => vec![of("string")],
        Type::List(element) => vec![of("list"), ("element", self::ty(model, element))],
        Type::Pointer { mutable, pointee } => vec![
            of("pointer"),
            ("mutable", Json::Bool(*mutable)),
            ("target", self::ty(model, pointee)),
        ],
        Type::Named(id) => vec![of("named"), ("name", string(&model.get(*id).name))],
    }
}

fn builtin(builtin: crate::model::Builtin) -> &'static str {
    use crate::model::Builtin;
    match builtin {
        Builtin::Char8 => "char8",
        Builtin::Usize => "usize",
        other => other.witx(),
    }
}

fn function(model: &Model, function: &Function) -> Json {
    let params = function.params.iter().map(|param| {
        object([
            ("name", string(&param.name)),
            ("docs", string(&param.docs)),
            ("type", ty(model, &param.ty)),
        ])
    });
    object([
        ("name", string(&function.name)),
        ("docs", string(&function.docs)),
        ("params", Json::array(params)),
        ("result", result(model, function)),
        ("inputs", inputs(model, &function.lowered)),
        ("wasm", wasm(&function.lowered, &function.params)),
    ])
}

/// What a function gives, in WITX's terms.
fn result(model: &Model, function: &Function) -> Json {
    let (name, docs) = (function.result_name.as_deref(), &function.result_docs);
    let mut members = vec![
        ("name", name.map_or(Json::Null, string)),
        ("docs", string(docs)),
    ];
    match &function.lowered.outcome {
        Outcome::Nothing => members.push(("kind", string("nothing"))),
        Outcome::NoReturn => members.push(("kind", string("noreturn"))),
        Outcome::Value(value) => {
            members.extend([("kind", string("value")), ("type", ty(model, value))]);
        }
        Outcome::Expected { outs, error } => {
            let outs = outs
                .iter()
                .map(|out| object([("name", string(&out.name)), ("type", ty(model, &out.ty))]));
            let error = error.as_ref();
            members.extend([
                ("kind", string("expected")),
                ("is_tuple", Json::Bool(function.result_is_tuple)),
                ("outs", Json::array(outs)),
                ("error", error.map_or(Json::Null, |error| ty(model, error))),
            ]);
        }
    }
    Json::Object(members)
}

/// The parameters as a language should show them: a pointer to bytes and its length are one.
fn inputs(model: &Model, lowered: &Lowered) -> Json {
    Json::array(lowered.inputs.iter().map(|input| {
        let mut members = vec![
            ("name", string(&input.name)),
            ("param", number(input.param)),
        ];
        match &input.kind {
            InputKind::Value(_) => members.push(("kind", string("value"))),
            InputKind::Reference(_) => members.push(("kind", string("reference"))),
            InputKind::String => members.push(("kind", string("string"))),
            InputKind::List(element) => {
                members.extend([("kind", string("list")), ("element", ty(model, element))]);
            }
            InputKind::Buffer {
                mutable, element, ..
            } => members.extend([
                ("kind", string("buffer")),
                ("mutable", Json::Bool(*mutable)),
                ("element", ty(model, element)),
            ]),
        }
        Json::Object(members)
    }))
}

/// The signature of the import.
fn wasm(lowered: &Lowered, params: &[Param]) -> Json {
    let wasm_params = lowered.wasm_params.iter().map(|param| {
        let (role, index) = match param.role {
            Role::Value(index) => ("value", index),
            Role::Address(index) => ("address", index),
            Role::Elements(index) => ("elements", index),
            Role::Length(index) => ("length", index),
            Role::Out(index) => ("out", index),
        };
        let of = match param.role {
            Role::Out(_) => &lowered.outs()[index].name,
            _ => &params[index].name,
        };
        object([
            ("name", string(&param.name)),
            ("type", string(param.ty.name())),
            ("role", string(role)),
            ("index", number(index)),
            ("of", string(of)),
        ])
    });
    let results = lowered.wasm_result.into_iter();
    object([
        ("params", Json::array(wasm_params)),
        ("results", Json::array(results.map(|ty| string(ty.name())))),
    ])
}

/// A value of JSON. The members of an object keep their order.
enum Json {
    Null,
    Bool(bool),
    Number(u64),
    String(String),
    Array(Vec<Json>),
    Object(Vec<(&'static str, Json)>),
}

fn object<const N: usize>(members: [(&'static str, Json); N]) -> Json {
    Json::Object(members.into())
}

fn string(text: &str) -> Json {
    Json::String(text.to_owned())
}

fn number(number: impl TryInto<u64>) -> Json {
    // No number here is negative.
    Json::Number(number.try_into().unwrap_or_default())
}

impl Json {
    fn array(items: impl Iterator<Item = Json>) -> Json {
        Json::Array(items.collect())
    }

    fn write(&self, out: &mut String, depth: usize) {
        match self {
            Json::Null => out.push_str("null"),
            Json::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Json::Number(number) => out.push_str(&number.to_string()),
            Json::String(text) => write_string(out, text),
            Json::Array(items) => {
                let items = items.iter().map(|item| (None, item));
                write_all(out, depth, ['[', ']'], items);
            }
            Json::Object(members) => {
                let members = members.iter().map(|(name, value)| (Some(*name), value));
                write_all(out, depth, ['{', '}'], members);
            }
        }
    }
}

fn write_all<'a>(
    out: &mut String,
    depth: usize,
    [open, close]: [char; 2],
    items: impl ExactSizeIterator<Item = (Option<&'static str>, &'a Json)>,
) {
    let indent = |out: &mut String, depth: usize| {
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
    };
    let is_empty = items.len() == 0;
    out.push(open);
    for (index, (name, value)) in items.enumerate() {
        if index > 0 {
            out.push(',');
        }
        indent(out, depth + 1);
        if let Some(name) = name {
            write_string(out, name);
            out.push_str(": ");
        }
        value.write(out, depth + 1);
    }
    if !is_empty {
        indent(out, depth);
    }
    out.push(close);
}

fn write_string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}
