//! The AssemblyScript backend, for guests: types, and functions over the imports that take
//! strings and typed arrays and give objects.
//!
//! Errors are values, since AssemblyScript has no exceptions: a function gives the error, or an
//! object that holds the error and the results. `asc` neither narrows small integers that are
//! passed to imports nor puts objects inside of others, so imports take full words and the
//! wrappers narrow, and records have functions that read and write them field by field.

mod functions;
mod types;

use crate::docs;
use crate::model::{Builtin, Model, Type, TypeId, TypeKind};
use crate::names::{ASSEMBLYSCRIPT, Names};
use crate::source::Source;

/// Where in a line a comment is broken.
const WIDTH: usize = 98;

/// Generates the bindings for guests. `header` is what the file says about itself.
pub(crate) fn generate(model: &Model, header: &[String]) -> String {
    let backend = AssemblyScript {
        model,
        names: Names::new(model, &ASSEMBLYSCRIPT),
    };
    backend.file(header)
}

struct AssemblyScript<'a> {
    model: &'a Model,
    names: Names,
}

impl AssemblyScript<'_> {
    fn file(&self, header: &[String]) -> String {
        let mut out = Source::new("  ");
        for line in header {
            out.line(format!("// {line}"));
        }
        for (index, def) in self.model.types.iter().enumerate() {
            out.blank();
            self.type_def(&mut out, def, self.names.get(TypeId(index)));
        }
        for (constant, name) in self.model.constants.iter().zip(&self.names.constants) {
            out.blank();
            comment(
                &mut out,
                &constant.docs,
                &format!("`{}` in WITX.", constant.name),
            );
            let ty = self.type_name(constant.ty);
            out.line(format!("export const {name}: {ty} = {};", constant.value));
        }
        if self.model.types.iter().any(|def| def.is_error) {
            out.blank();
            self.text_function(&mut out);
        }
        let size = self.scratch_size();
        if size > 0 {
            out.blank();
            comment(
                &mut out,
                "Where the host writes results. They are read before another call can be made, so \
                 one place is enough.",
                "",
            );
            out.line(format!("const RESULTS: usize = memory.data({size}, 8);"));
        }
        let single = self.model.modules.len() == 1;
        for (module, names) in self.model.modules.iter().zip(&self.names.modules) {
            out.blank();
            if single {
                self.module(&mut out, module, names);
            } else {
                comment(&mut out, &module.docs, "");
                out.block(format!("export namespace {} {{", names.name), "}", |out| {
                    self.module(out, module, names);
                });
            }
        }
        out.finish()
    }

    fn type_name(&self, id: TypeId) -> &str {
        &self.names.get(id).name
    }

    /// The type of a value that is passed or returned.
    fn value_type(&self, ty: &Type) -> String {
        match ty {
            Type::Builtin(builtin) => scalar(*builtin).to_owned(),
            Type::Bool => "bool".to_owned(),
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
            _ => return format!("Array<{}>", self.stored_type(element)),
        };
        typed.to_owned()
    }

    /// The type of a value that was read from memory. Lists stay pointers there: who owns the
    /// elements is not for a binding to say.
    fn stored_type(&self, ty: &Type) -> String {
        match self.model.resolve(ty) {
            Type::String | Type::List(_) => "u64".to_owned(),
            _ => self.value_type(ty),
        }
    }

    fn zero(&self, ty: &Type) -> String {
        match self.model.resolve(ty) {
            Type::Bool => "false".to_owned(),
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

fn scalar(builtin: Builtin) -> &'static str {
    match builtin {
        Builtin::U8 | Builtin::Char8 => "u8",
        Builtin::U16 => "u16",
        Builtin::U32 | Builtin::Char => "u32",
        Builtin::Usize => "usize",
        Builtin::U64 => "u64",
        Builtin::S8 => "i8",
        Builtin::S16 => "i16",
        Builtin::S32 => "i32",
        Builtin::S64 => "i64",
        Builtin::F32 => "f32",
        Builtin::F64 => "f64",
    }
}

/// Writes a text, or a substitute for an empty one, as a documentation comment.
fn comment(out: &mut Source, text: &str, substitute: &str) {
    // A comment ends at the first `*/`, wherever it is.
    let text = if docs::lines(text).is_empty() {
        substitute
    } else {
        text
    };
    let text = text.replace("*/", "*\\/");
    let mut lines = Vec::new();
    for line in docs::lines(&text) {
        let width = WIDTH - 3 - out.width();
        if line.chars().count() <= width {
            lines.push(line.to_owned());
        } else {
            lines.extend(docs::wrap(line, width));
        }
    }
    match &lines[..] {
        [] => {}
        [line] if line.chars().count() + out.width() + 7 <= WIDTH => {
            out.line(format!("/** {line} */"));
        }
        lines => {
            out.line("/**");
            for line in lines {
                out.line(format!(" * {line}").trim_end());
            }
            out.line(" */");
        }
    }
}

/// Writes a list of arguments in one line, or if it is too long one to a line.
fn list(out: &mut Source, open: &str, items: &[String], close: &str) {
    let line = format!("{open}{}{close}", items.join(", "));
    if line.len() + out.width() <= WIDTH {
        out.line(line);
    } else {
        out.block(open, close, |out| {
            for item in items {
                out.line(format!("{item},"));
            }
        });
    }
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
