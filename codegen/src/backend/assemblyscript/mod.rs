//! The AssemblyScript backend, for guests: types, and functions over the imports that take
//! strings and typed arrays and give objects.
//!
//! Errors are values, since AssemblyScript has no exceptions: a function gives the error, or an
//! object that holds the error and the results. `asc` neither narrows small integers that are
//! passed to imports nor puts objects inside of others, so imports take full words and the
//! wrappers narrow, and records have functions that read and write them field by field. What the
//! host reads or writes during a call is in objects that a variable of the wrapper holds, so that
//! no collector takes them, and a call during the call has its own.

mod functions;
mod names;
mod types;

use super::Job;
use super::declarations::Declarations;
use super::naming::{ModuleNames, Names, TypeNames};
use super::source::{Source, WIDTH};
use crate::diagnostic::Error;
use crate::model::{
    Builtin, Constant, Model, Module, Type, TypeDef, TypeId, TypeKind, docs,
};
pub(super) use names::CONVENTION;

/// The language.
pub(super) struct Backend;

impl super::Backend for Backend {
    fn name(&self) -> &'static str {
        "assemblyscript"
    }

    fn purpose(&self) -> &'static str {
        "guests: types, and functions that give objects"
    }

    fn file_name(&self, stem: &str) -> String {
        format!("{stem}.ts")
    }

    fn generate(&self, job: &Job<'_>) -> Result<String, Error> {
        let assembly_script = AssemblyScript {
            model: job.model,
            names: Names::new(job.model, &CONVENTION),
        };
        Ok(assembly_script.file(job))
    }
}

struct AssemblyScript<'a> {
    model: &'a Model,
    names: Names,
}

impl AssemblyScript<'_> {
    fn file(&self, job: &Job<'_>) -> String {
        let mut out = Source::new("  ");
        // Prettier takes the pragma from the first comment, if that is of this form.
        out.line("/**");
        let head = job.head();
        let between = (!head.is_empty()).then(String::new);
        for line in job.header.iter().chain(&between).chain(&head) {
            let line = line.replace("*/", "*\\/");
            out.line(format!(" * {line}").trim_end());
        }
        out.line(" *");
        out.line(" * @noprettier");
        out.line(" */");
        self.types_and_constants(&mut out);
        self.memory_functions(&mut out);
        self.modules(&mut out);
        out.finish()
    }

    fn type_name(&self, id: TypeId) -> &str {
        &self.names.get(id).name
    }

    /// The type of a value that is passed or returned.
    fn value_type(&self, ty: &Type) -> String {
        match ty {
            Type::Builtin(builtin) => builtin.number().to_owned(),
            Type::Bool(_) => "bool".to_owned(),
            Type::String => "string".to_owned(),
            Type::List(element) => self.array_type(element),
            Type::Pointer { .. } => "usize".to_owned(),
            Type::Named(id) => self.type_name(*id).to_owned(),
        }
    }

    /// The type of a list of these elements.
    fn array_type(&self, element: &Type) -> String {
        let typed = match self.model.resolve(element) {
            Type::Builtin(builtin) => match builtin {
                Builtin::U8 | Builtin::Char8 => "Uint8Array",
                Builtin::U16 => "Uint16Array",
                Builtin::U32 | Builtin::Char | Builtin::Usize => "Uint32Array",
                Builtin::U64 => "Uint64Array",
                Builtin::S8 => "Int8Array",
                Builtin::S16 => "Int16Array",
                Builtin::S32 => "Int32Array",
                Builtin::S64 => "Int64Array",
                Builtin::F32 => "Float32Array",
                Builtin::F64 => "Float64Array",
            },
            _ => return format!("Array<{}>", self.value_type(element)),
        };
        typed.to_owned()
    }

    fn zero(&self, ty: &Type) -> String {
        match self.model.resolve(ty) {
            Type::Bool(_) => "false".to_owned(),
            Type::String => "\"\"".to_owned(),
            Type::List(element) => match self.array_type(element) {
                array if array.starts_with("Array<") => "[]".to_owned(),
                array => format!("new {array}(0)"),
            },
            Type::Named(id) => match &self.model.get(*id).kind {
                TypeKind::Record { .. } | TypeKind::Variant { .. } => {
                    format!("new {}()", self.type_name(*id))
                }
                _ => "0".to_owned(),
            },
            _ => "0".to_owned(),
        }
    }
}

impl AssemblyScript<'_> {
    /// Whether a string or a list is in a value, whose bytes have to live as long as those of the
    /// value.
    fn holds_text(&self, ty: &Type) -> bool {
        match ty {
            Type::Builtin(_) | Type::Bool(_) | Type::Pointer { .. } => false,
            Type::String | Type::List(_) => true,
            Type::Named(id) => self.model.get(*id).stored().any(|ty| self.holds_text(ty)),
        }
    }
}

impl Declarations for AssemblyScript<'_> {
    fn model(&self) -> &Model {
        self.model
    }

    fn names(&self) -> &Names {
        &self.names
    }

    fn write_comment(&self, out: &mut Source, text: &str) {
        comment(out, text, "");
    }

    fn write_type(&self, out: &mut Source, def: &TypeDef, names: &TypeNames) {
        self.type_def(out, def, names);
    }

    fn write_constant(&self, out: &mut Source, constant: &Constant, name: &str) {
        let ty = self.type_name(constant.ty);
        out.line(format!("export const {name}: {ty} = {};", constant.value));
    }

    fn write_module(&self, out: &mut Source, module: &Module, names: &ModuleNames) {
        if self.model.modules.len() == 1 {
            self.module(out, module, names);
        } else {
            comment(out, &module.docs, "");
            out.block(format!("export namespace {} {{", names.name), "}", |out| {
                self.module(out, module, names);
            });
        }
    }
}

/// Writes a text, or a substitute for an empty one, as a documentation comment.
fn comment(out: &mut Source, text: &str, substitute: &str) {
    // A comment ends at the first `*/`, wherever it is.
    let text = docs::or(text, substitute).replace("*/", "*\\/");
    out.doc_block(docs::lines(&text).into_iter());
}

/// A string literal.
fn quoted(text: &str) -> String {
    let mut literal = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => literal.extend(['\\', c]),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\0' => literal.push_str("\\0"),
            c => literal.push(c),
        }
    }
    literal.push('"');
    literal
}
