//! The JSON backend: everything that the other backends know of a document, for those who write
//! one in another language.
//!
//! The format is that of [`Document`](format::Document), from which `json.schema.json` is made.
//! It has a version: what is added to it leaves the version as it is, what is changed or removed
//! does not.

mod format;

use super::Job;
use crate::GENERATOR;
use crate::abi::{conventions, layout};
use crate::diagnostic::Error;
use crate::model::{
    self, Function, InputKind, Layout, Lowered, Model, Outcome, Param, Role, TypeDef,
};
use format::{
    Case, Constant, Conventions, Document, Field, Input, Kind, ListLayout, Member, Module, Returned, Type, TypeKind, Wasm,
    WasmParam,
};

/// The version of the format.
const VERSION: u32 = 1;

/// The language.
pub(super) struct Backend;

impl super::Backend for Backend {
    fn name(&self) -> &'static str {
        "json"
    }

    fn purpose(&self) -> &'static str {
        "generators: names, layouts and lowered signatures"
    }

    fn file_name(&self, stem: &str) -> String {
        format!("{stem}.json")
    }

    fn generate(&self, job: &Job<'_>) -> Result<String, Error> {
        pretty(&document(job.model, &job.header[0]))
    }
}

/// The schema of what `--lang json` writes, as JSON.
///
/// # Errors
///
/// [`Error::Internal`] if the schema cannot be written.
pub fn json_schema() -> Result<String, Error> {
    pretty(&schemars::schema_for!(Document))
}

fn pretty(value: &impl serde::Serialize) -> Result<String, Error> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Error::Internal {
        language: "JSON",
        message: error.to_string(),
    })?;
    Ok(join_short_arrays(&text))
}

/// Puts arrays without arrays and objects in them into a line where they fit, as Prettier has them.
fn join_short_arrays(pretty: &str) -> String {
    /// The width of Prettier's lines.
    const WIDTH: usize = 80;
    let lines: Vec<&str> = pretty.lines().collect();
    let mut text = String::new();
    let mut index = 0;
    while let Some(&line) = lines.get(index) {
        let mut end = index + 1;
        text.push_str(line);
        // No line of a string ends so: it ends with a quotation mark, and maybe a comma.
        if line.ends_with('[') {
            let is_plain = |line: &&str| !line.starts_with(['[', '{', ']', '}']);
            let elements = lines[end..].iter().map(|line| line.trim_start());
            let elements: Vec<&str> = elements.take_while(is_plain).collect();
            let close = lines.get(end + elements.len()).map_or("", |it| it.trim());
            let joined = format!("{}{close}", elements.join(" "));
            if close.starts_with(']') && line.chars().count() + joined.chars().count() <= WIDTH {
                end += elements.len() + 1;
                text.push_str(&joined);
            }
        }
        text.push('\n');
        index = end;
    }
    text
}

fn document(model: &Model, comment: &str) -> Document {
    Document {
        comment: comment.to_owned(),
        generator: GENERATOR.to_owned(),
        version: VERSION,
        docs: model.docs.clone(),
        conventions: conventions(model),
        types: model.types.iter().map(|def| type_def(model, def)).collect(),
        constants: model
            .constants
            .iter()
            .map(|constant| Constant {
                name: constant.name.clone(),
                docs: constant.docs.clone(),
                ty: model.get(constant.ty).name.clone(),
                value: constant.value.to_string(),
            })
            .collect(),
        modules: model
            .modules
            .iter()
            .map(|module| Module {
                name: module.name.clone(),
                docs: module.docs.clone(),
                functions: module.functions.iter().map(|f| function(model, f)).collect(),
            })
            .collect(),
    }
}

fn conventions(model: &Model) -> Conventions {
    Conventions {
        memory: "memory",
        byte_order: "little",
        address_bits: 32,
        string_encoding: "utf-8",
        strings_end_with_nul: false,
        list: ListLayout {
            address_offset: 0,
            length_offset: 4,
        },
        values: conventions::values(model),
        rules: conventions::rules(model),
    }
}

fn type_def(model: &Model, def: &TypeDef) -> format::TypeDef {
    let members = |members: &[model::Member], value: fn(usize) -> u64| {
        let members = members.iter().enumerate();
        let members = members.map(|(index, member)| Member {
            name: member.name.clone(),
            docs: member.docs.clone(),
            value: value(index).to_string(),
        });
        members.collect()
    };
    let kind = match &def.kind {
        model::TypeKind::Alias(target) => TypeKind::Alias {
            target: ty(model, target),
        },
        model::TypeKind::Enum { repr, cases } => TypeKind::Enum {
            repr: repr.name(),
            cases: members(cases, |index| index as u64),
        },
        model::TypeKind::Flags { repr, flags } => TypeKind::Flags {
            repr: repr.name(),
            flags: members(flags, |bit| 1 << bit),
        },
        model::TypeKind::Record { tuple, fields } => TypeKind::Record {
            is_tuple: *tuple,
            fields: fields
                .iter()
                .map(|field| Field {
                    name: field.name.clone(),
                    docs: field.docs.clone(),
                    ty: ty(model, &field.ty),
                    offset: field.offset,
                })
                .collect(),
        },
        model::TypeKind::Variant {
            tag,
            payload_offset,
            cases,
        } => TypeKind::Variant {
            repr: tag.name(),
            payload_offset: *payload_offset,
            cases: cases
                .iter()
                .enumerate()
                .map(|(index, case)| Case {
                    name: case.name.clone(),
                    docs: case.docs.clone(),
                    value: index.to_string(),
                    payload: case.payload.as_ref().map(|payload| ty(model, payload)),
                })
                .collect(),
        },
        model::TypeKind::Handle => TypeKind::Handle,
    };
    format::TypeDef {
        name: def.name.clone(),
        docs: def.docs.clone(),
        size: def.layout.size,
        align: def.layout.align,
        is_error: def.is_error,
        kind,
    }
}

/// A use of a type: what it is, and its layout.
fn ty(model: &Model, ty: &model::Type) -> Type {
    let boxed = |inner: &model::Type| Box::new(self::ty(model, inner));
    let kind = match ty {
        model::Type::Builtin(builtin) => Kind::Builtin {
            name: conventions::name(*builtin),
        },
        model::Type::Bool(_) => Kind::Bool,
        model::Type::String => Kind::String,
        model::Type::List(element) => Kind::List {
            element: boxed(element),
        },
        model::Type::Pointer { mutable, pointee } => Kind::Pointer {
            mutable: *mutable,
            target: boxed(pointee),
        },
        model::Type::Named(id) => Kind::Named {
            name: model.get(*id).name.clone(),
        },
    };
    let Layout { size, align } = layout(&model.types, ty);
    Type { kind, size, align }
}

fn function(model: &Model, function: &Function) -> format::Function {
    let params = function.params.iter().map(|param| format::Param {
        name: param.name.clone(),
        docs: param.docs.clone(),
        ty: ty(model, &param.ty),
    });
    format::Function {
        name: function.name.clone(),
        docs: function.docs.clone(),
        params: params.collect(),
        result: format::ResultOf {
            name: function.result_name.clone(),
            docs: function.result_docs.clone(),
            returned: returned(model, function),
        },
        inputs: inputs(model, &function.lowered),
        wasm: wasm(&function.lowered, &function.params),
    }
}

/// What a function gives, in WITX's terms.
fn returned(model: &Model, function: &Function) -> Returned {
    match &function.lowered.outcome {
        Outcome::Nothing => Returned::Nothing,
        Outcome::NoReturn => Returned::Noreturn,
        Outcome::Value(value) => Returned::Value {
            ty: ty(model, value),
        },
        Outcome::Expected { outs, error } => Returned::Expected {
            is_tuple: function.result_is_tuple,
            outs: outs
                .iter()
                .map(|out| format::Out {
                    name: out.name.clone(),
                    ty: ty(model, &out.ty),
                })
                .collect(),
            error: error.as_ref().map(|error| ty(model, error)),
        },
    }
}

/// The parameters as a language should show them: a pointer to bytes and its length are one.
fn inputs(model: &Model, lowered: &Lowered) -> Vec<Input> {
    let inputs = lowered.inputs.iter().map(|input| Input {
        name: input.name.clone(),
        param: input.param,
        kind: match &input.kind {
            InputKind::Value(_) => format::InputKind::Value,
            InputKind::Reference(_) => format::InputKind::Reference,
            InputKind::String => format::InputKind::String,
            InputKind::List(element) => format::InputKind::List {
                element: ty(model, element),
            },
            InputKind::Buffer {
                mutable, element, ..
            } => format::InputKind::Buffer {
                mutable: *mutable,
                element: ty(model, element),
            },
        },
    });
    inputs.collect()
}

/// The signature of the import.
fn wasm(lowered: &Lowered, params: &[Param]) -> Wasm {
    let wasm_params = lowered.wasm_params.iter().map(|param| {
        let (role, index) = match param.role {
            Role::Value(index) | Role::BufferLength(index) => (format::Role::Value, index),
            Role::Address(index) => (format::Role::Address, index),
            Role::Elements(index) => (format::Role::Elements, index),
            Role::Length(index) => (format::Role::Length, index),
            Role::Out(index) => (format::Role::Out, index),
        };
        let of = match param.role {
            Role::Out(_) => &lowered.outs()[index].name,
            _ => &params[index].name,
        };
        WasmParam {
            name: param.name.clone(),
            ty: param.ty.name(),
            role,
            index,
            of: of.clone(),
        }
    });
    Wasm {
        params: wasm_params.collect(),
        results: lowered.wasm_result.iter().map(|ty| ty.name()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_arrays_are_in_a_line() {
        let long = "x".repeat(60);
        let value = serde_json::json!({
            "a": ["i32", "[", ["u8"]], "b": [1, null], "c": [long, "yyyyyy"], "d": [long, "y"],
            "e": [], "f": [{"g": ["],"]}]
        });
        let text = pretty(&value).unwrap();
        let expected = format!(
            "{{\n  \"a\": [\n    \"i32\",\n    \"[\",\n    [\"u8\"]\n  ],\n  \"b\": [1, null],\n  \
             \"c\": [\n    \"{long}\",\n    \"yyyyyy\"\n  ],\n  \"d\": [\"{long}\", \"y\"],\n  \
             \"e\": [],\n  \"f\": [\n    {{\n      \"g\": [\"],\"]\n    }}\n  ]\n}}\n"
        );
        assert_eq!(text, expected);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }
}
