//! Types in AssemblyScript, and how they are read from memory and written to it.

use super::{AssemblyScript, Source, WIDTH, comment};
use crate::backend::naming::TypeNames;
use crate::model::docs::ERROR_TEXTS;
use crate::model::{Case, Field, IntRepr, Member, Type, TypeDef, TypeKind};

impl AssemblyScript<'_> {
    pub(super) fn type_def(&self, out: &mut Source, def: &TypeDef, names: &TypeNames) {
        let name = &names.name;
        match &def.kind {
            TypeKind::Alias(target) => {
                out.line(format!("export type {name} = {};", self.value_type(target)));
            }
            TypeKind::Handle => {
                out.line(format!("export type {name} = u32;"));
            }
            TypeKind::Enum { cases, .. } => {
                out.block(format!("export enum {name} {{"), "}", |out| {
                    for (number, (case, member)) in cases.iter().zip(&names.members).enumerate() {
                        comment(out, &case.docs, "");
                        out.line(format!("{member} = {number},"));
                    }
                });
                if def.is_error {
                    self.error_texts(out, names, cases);
                }
            }
            TypeKind::Flags { repr, flags } => {
                out.line(format!("export type {name} = {};", repr.name()));
                for (bit, (flag, member)) in flags.iter().zip(&names.members).enumerate() {
                    out.blank();
                    comment(out, &flag.docs, &format!("`{}` of {name}.", flag.name));
                    let value = 1_u64 << bit;
                    out.line(format!("export const {member}: {name} = {value};"));
                }
            }
            TypeKind::Record { fields, .. } => {
                self.record(out, names, fields, def);
            }
            TypeKind::Variant {
                tag,
                payload_offset,
                cases,
            } => {
                self.variant(out, names, *tag, *payload_offset, cases, def);
            }
        }
    }

    /// Functions that give texts about an error.
    fn error_texts(&self, out: &mut Source, names: &TypeNames, cases: &[Member]) {
        let name = &names.name;
        let count = cases.len();
        for (text, function) in ERROR_TEXTS.iter().zip(&names.error_texts) {
            out.blank();
            comment(out, text.docs, "");
            let open = format!("export function {function}(code: {name}): string {{");
            out.block(open, "}", |out| {
                // Inside of the function, so that a program without the function is without
                // the texts.
                out.block("const texts = memory.data<u8>([", "]);", |out| {
                    for case in cases {
                        text_bytes(out, &(text.of)(case));
                    }
                    text_bytes(out, text.unknown);
                });
                out.line(format!(
                    "return textAt(texts, <u32>code < {count} ? <u32>code : {count});"
                ));
            });
        }
    }

    /// The function that finds a text for [`AssemblyScript::error_texts`].
    ///
    /// String literals of AssemblyScript are UTF-16 and have a header each; a table in UTF-8 has
    /// less than half the size.
    pub(super) fn text_function(&self, out: &mut Source) {
        comment(
            out,
            "The text at an index among texts in UTF-8, each ended by 255, a byte that is not in \
             UTF-8.",
            "",
        );
        let open = "function textAt(texts: usize, index: u32): string {";
        out.block(open, "}", |out| {
            out.line("let end = texts;");
            out.block("while (true) {", "}", |out| {
                out.line("while (load<u8>(end) != 255) end++;");
                out.line("if (index-- == 0) return String.UTF8.decodeUnsafe(texts, end - texts);");
                out.line("texts = ++end;");
            });
        });
    }

    fn record(&self, out: &mut Source, names: &TypeNames, fields: &[Field], def: &TypeDef) {
        let name = &names.name;
        let members = &names.members;
        out.block(format!("export class {name} {{"), "}", |out| {
            out.line("/** The size in memory, in bytes. */");
            out.line(format!(
                "static readonly SIZE: usize = {};",
                def.layout.size
            ));
            out.blank();
            out.block("constructor(", ") {}", |out| {
                for (field, member) in fields.iter().zip(members) {
                    comment(out, &field.docs, "");
                    let ty = self.stored_type(&field.ty);
                    out.line(format!("public {member}: {ty} = {},", self.zero(&field.ty)));
                }
            });
            out.blank();
            out.line("/** Reads a value from memory. */");
            out.block(
                format!("static read(pointer: usize): {name} {{"),
                "}",
                |out| {
                    out.block(format!("return new {name}("), ");", |out| {
                        for field in fields {
                            let value = self.read(&field.ty, "pointer", field.offset);
                            out.line(format!("{value},"));
                        }
                    });
                },
            );
            out.blank();
            out.line("/** Writes the value to memory. */");
            out.block("write(pointer: usize): void {", "}", |out| {
                for (field, member) in fields.iter().zip(members) {
                    let value = format!("this.{member}");
                    out.line(self.write(&field.ty, "pointer", field.offset, &value));
                }
            });
        });
    }

    /// A variant is its bytes in memory, with functions for its cases.
    fn variant(
        &self,
        out: &mut Source,
        names: &TypeNames,
        tag: IntRepr,
        payload_offset: u32,
        cases: &[Case],
        def: &TypeDef,
    ) {
        let name = &names.name;
        let (size, tag) = (def.layout.size, tag.name());
        out.block(format!("export class {name} {{"), "}", |out| {
            out.line("/** The size in memory, in bytes. */");
            out.line(format!("static readonly SIZE: usize = {size};"));
            out.blank();
            out.line(format!(
                "private bytes: StaticArray<u64> = new StaticArray<u64>({});",
                size.div_ceil(8)
            ));
            out.blank();
            out.line("/** The number of the case, counted from 0. */");
            out.block(format!("get tag(): {tag} {{"), "}", |out| {
                out.line(format!(
                    "return load<{tag}>(changetype<usize>(this.bytes));"
                ));
            });
            for (number, (case, member)) in cases.iter().zip(&names.members).enumerate() {
                let accessor = &names.accessors[number];
                out.blank();
                comment(out, &case.docs, &format!("Case `{}`.", case.name));
                let param = match &case.payload {
                    Some(ty) => format!("value: {}", self.stored_type(ty)),
                    None => String::new(),
                };
                out.block(format!("static {member}({param}): {name} {{"), "}", |out| {
                    out.line(format!("const variant = new {name}();"));
                    out.line("const pointer = changetype<usize>(variant.bytes);");
                    out.line(format!("store<{tag}>(pointer, {number});"));
                    if let Some(ty) = &case.payload {
                        out.line(self.write(ty, "pointer", payload_offset, "value"));
                    }
                    out.line("return variant;");
                });
                if let Some(ty) = &case.payload {
                    out.blank();
                    let text = format!("The payload of case `{}`, which it must be.", case.name);
                    comment(out, &text, "");
                    let ty_name = self.stored_type(ty);
                    out.block(format!("{accessor}(): {ty_name} {{"), "}", |out| {
                        out.line(format!("assert(this.tag == {number}, \"another case\");"));
                        out.line("const pointer = changetype<usize>(this.bytes);");
                        let value = self.read(ty, "pointer", payload_offset);
                        out.line(format!("return {value};"));
                    });
                }
            }
            out.blank();
            out.line("/** Reads a value from memory. */");
            out.block(
                format!("static read(pointer: usize): {name} {{"),
                "}",
                |out| {
                    out.line(format!("const variant = new {name}();"));
                    out.line(format!(
                        "memory.copy(changetype<usize>(variant.bytes), pointer, {size});"
                    ));
                    out.line("return variant;");
                },
            );
            out.blank();
            out.line("/** Writes the value to memory. */");
            out.block("write(pointer: usize): void {", "}", |out| {
                out.line(format!(
                    "memory.copy(pointer, changetype<usize>(this.bytes), {size});"
                ));
            });
        });
    }

    /// The expression that reads a value of `ty` at `pointer` and `offset`.
    pub(super) fn read(&self, ty: &Type, pointer: &str, offset: u32) -> String {
        let at = if offset == 0 {
            pointer.to_owned()
        } else {
            format!("{pointer} + {offset}")
        };
        match self.model.resolve(ty) {
            Type::Builtin(builtin) => format!("load<{}>({at})", builtin.number()),
            Type::Bool => format!("load<u32>({at}) != 0"),
            Type::String | Type::List(_) => format!("load<u64>({at})"),
            Type::Pointer { .. } => format!("load<usize>({at})"),
            Type::Named(id) => match &self.model.get(*id).kind {
                TypeKind::Enum { repr, .. } => {
                    format!("<{}>load<{}>({at})", self.type_name(*id), repr.name())
                }
                TypeKind::Flags { repr, .. } => format!("load<{}>({at})", repr.name()),
                TypeKind::Handle => format!("load<u32>({at})"),
                _ => format!("{}.read({at})", self.type_name(*id)),
            },
        }
    }

    /// The statement that writes a value of `ty` at `pointer` and `offset`.
    pub(super) fn write(&self, ty: &Type, pointer: &str, offset: u32, value: &str) -> String {
        let at = if offset == 0 {
            pointer.to_owned()
        } else {
            format!("{pointer} + {offset}")
        };
        match self.model.resolve(ty) {
            Type::Builtin(builtin) => format!("store<{}>({at}, {value});", builtin.number()),
            Type::Bool => format!("store<u32>({at}, <u32>{value});"),
            Type::String | Type::List(_) => format!("store<u64>({at}, {value});"),
            Type::Pointer { .. } => format!("store<usize>({at}, {value});"),
            Type::Named(id) => match &self.model.get(*id).kind {
                TypeKind::Enum { repr, .. } => {
                    format!("store<{0}>({at}, <{0}>{value});", repr.name())
                }
                TypeKind::Flags { repr, .. } => format!("store<{}>({at}, {value});", repr.name()),
                TypeKind::Handle => format!("store<u32>({at}, {value});"),
                _ => format!("{value}.write({at});"),
            },
        }
    }
}

/// Writes the bytes of a text and the 255 behind it, as elements of an array, below the text.
fn text_bytes(out: &mut Source, text: &str) {
    // What would end the comment, or would not be seen in it, is blank in it.
    let visible = |c: char| match c {
        '\u{2028}' | '\u{2029}' => ' ',
        c if c.is_control() => ' ',
        c => c,
    };
    let shown: String = text.chars().map(visible).collect();
    out.line(format!("// {shown}").trim_end());
    let mut line = String::new();
    for byte in text.bytes().chain([u8::MAX]) {
        let element = format!("{byte}, ");
        if out.width() + line.len() + element.trim_end().len() > WIDTH {
            out.line(line.trim_end());
            line.clear();
        }
        line.push_str(&element);
    }
    out.line(line.trim_end());
}
