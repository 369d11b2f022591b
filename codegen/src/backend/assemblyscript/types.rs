//! Types in AssemblyScript, and how they are read from memory and written to it.

use std::collections::BTreeMap;

use super::{AssemblyScript, Source, comment};
use crate::abi::layout;
use crate::backend::naming::TypeNames;
use crate::model::docs::ERROR_TEXTS;
use crate::model::{Case, Field, InputKind, IntRepr, Member, Type, TypeDef, TypeKind};

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
        let [of_name, _] = &names.error_texts;
        for (text, function) in ERROR_TEXTS.iter().zip(&names.error_texts) {
            out.blank();
            comment(out, text.docs, "");
            let open = format!("export function {function}(code: {name}): string {{");
            out.block(open, "}", |out| {
                if function != of_name {
                    // Strings have two bytes for each character.
                    out.line("// Programs that are to be small do without sentences.");
                    out.line(format!("if (ASC_NO_ASSERT) return {of_name}(code);"));
                }
                out.block("switch (code) {", "}", |out| {
                    for (case, member) in cases.iter().zip(&names.members) {
                        let literal = string_literal(&(text.of)(case));
                        out.line(format!("case {name}.{member}: return {literal};"));
                    }
                    out.line(format!("default: return {};", string_literal(text.unknown)));
                });
            });
        }
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
                    let ty = self.value_type(&field.ty);
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
            let keeps = fields.iter().any(|field| self.holds_text(&field.ty));
            let open = write_method(out, keeps);
            out.block(open, "}", |out| {
                for (field, member) in fields.iter().zip(members) {
                    let value = format!("this.{member}");
                    out.line(self.write(&field.ty, "pointer", field.offset, &value, "keep"));
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
            let payloads = cases.iter().filter_map(|case| case.payload.as_ref());
            let keeps = payloads.into_iter().any(|ty| self.holds_text(ty));
            if keeps {
                out.line("private kept: Array<ArrayBuffer> = [];");
            }
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
                    Some(ty) => format!("value: {}", self.value_type(ty)),
                    None => String::new(),
                };
                out.block(format!("static {member}({param}): {name} {{"), "}", |out| {
                    out.line(format!("const variant = new {name}();"));
                    out.line("const pointer = changetype<usize>(variant.bytes);");
                    out.line(format!("store<{tag}>(pointer, {number});"));
                    if let Some(ty) = &case.payload {
                        let keep = "variant.kept";
                        out.line(self.write(ty, "pointer", payload_offset, "value", keep));
                    }
                    out.line("return variant;");
                });
                if let Some(ty) = &case.payload {
                    out.blank();
                    let text = format!("The payload of case `{}`, which it must be.", case.name);
                    comment(out, &text, "");
                    let ty_name = self.value_type(ty);
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
                    if keeps {
                        self.read_payloads(out, names, tag, payload_offset, cases);
                    }
                    out.line(format!("const variant = new {name}();"));
                    out.line(format!(
                        "memory.copy(changetype<usize>(variant.bytes), pointer, {size});"
                    ));
                    out.line("return variant;");
                },
            );
            out.blank();
            let open = write_method(out, keeps);
            out.block(open, "}", |out| {
                out.line(format!(
                    "memory.copy(pointer, changetype<usize>(this.bytes), {size});"
                ));
                if keeps {
                    let each = "for (let index = 0; index < this.kept.length; index++) {";
                    out.block(each, "}", |out| out.line("keep.push(this.kept[index]);"));
                }
            });
        });
    }

    /// Cases with strings or lists have their own copies of these: what the host wrote may not stay.
    fn read_payloads(
        &self,
        out: &mut Source,
        names: &TypeNames,
        tag: &str,
        payload_offset: u32,
        cases: &[Case],
    ) {
        let name = &names.name;
        out.block(format!("switch (load<{tag}>(pointer)) {{"), "}", |out| {
            for (number, (case, member)) in cases.iter().zip(&names.members).enumerate() {
                let Some(ty) = case.payload.as_ref().filter(|ty| self.holds_text(ty)) else {
                    continue;
                };
                let value = self.read(ty, "pointer", payload_offset);
                out.line(format!("case {number}:"));
                out.indented(&format!("return {name}.{member}({value});"));
            }
        });
    }

    /// Functions that read and write strings and lists, those that the document needs.
    pub(super) fn memory_functions(&self, out: &mut Source) {
        let mut texts = false;
        let mut lists = BTreeMap::new();
        for def in &self.model.types {
            if !matches!(def.kind, TypeKind::Alias(_)) {
                let stored = def.stored();
                stored.for_each(|ty| self.stored_lists(ty, &mut texts, &mut lists));
            }
        }
        let mut encodes = false;
        for function in self.model.functions() {
            for input in &function.lowered.inputs {
                encodes |= matches!(input.kind, InputKind::String);
                if let InputKind::List(element) = &input.kind {
                    self.stored_lists(element, &mut texts, &mut lists);
                }
            }
            let outs = function.lowered.outs().iter();
            outs.for_each(|value| self.stored_lists(&value.ty, &mut texts, &mut lists));
        }
        if encodes || texts {
            out.blank();
            let text = "The bytes of a text in UTF-8, with U+FFFD in place of surrogates that stand \
                        by themselves, which UTF-8 does not have.";
            comment(out, text, "");
            out.block("function encodeText(text: string): ArrayBuffer {", "}", |out| {
                out.line(
                    "return String.UTF8.encode(text, false, String.UTF8.ErrorMode.REPLACE);",
                );
            });
        }
        if texts {
            out.blank();
            out.line("/** Reads a text whose address and length are in memory. */");
            out.block("function readText(pointer: usize): string {", "}", |out| {
                out.line("return String.UTF8.decodeUnsafe(load<usize>(pointer), load<usize>(pointer, 4));");
            });
            out.blank();
            out.line("/** Writes the address and the length of a text, whose bytes `keep` holds. */");
            let open = "function writeText(text: string, pointer: usize, keep: Array<ArrayBuffer>): void {";
            out.block(open, "}", |out| {
                out.line("const bytes = encodeText(text);");
                out.line("keep.push(bytes);");
                out.line("store<usize>(pointer, changetype<usize>(bytes));");
                out.line("store<i32>(pointer, bytes.byteLength, 4);");
            });
        }
        for (label, element) in lists {
            out.blank();
            self.list_functions(out, &label, element);
        }
    }

    /// Functions that read and write a list inside of values.
    fn list_functions(&self, out: &mut Source, label: &str, element: &Type) {
        let array = self.array_type(element);
        let size = layout(&self.model.types, element).size;
        let is_array = array.starts_with("Array<");
        out.line("/** Reads a list whose address and length are in memory. */");
        let open = format!("function read_{label}(pointer: usize): {array} {{");
        out.block(open, "}", |out| {
            out.line("const start = load<usize>(pointer);");
            out.line("const length = load<i32>(pointer, 4);");
            out.line(format!("const list = new {array}(length);"));
            if is_array {
                out.block("for (let index = 0; index < length; index++) {", "}", |out| {
                    let value = self.read(element, &format!("start + index * {size}"), 0);
                    out.line(format!("list[index] = {value};"));
                });
            } else {
                out.line(format!("memory.copy(list.dataStart, start, length * {size});"));
            }
            out.line("return list;");
        });
        out.blank();
        out.line("/** Writes the address and the length of a list, whose elements `keep` holds. */");
        let params = ["pointer: usize", "keep: Array<ArrayBuffer>"].map(str::to_owned);
        let params = [vec![format!("list: {array}")], params.to_vec()].concat();
        out.list(&format!("function write_{label}("), &params, "): void {");
        let mut body = Source::new("  ");
        if is_array {
            body.line("const length = list.length;");
            body.line(format!("const bytes = new ArrayBuffer(length * {size});"));
            body.line("keep.push(bytes);");
            body.line("store<usize>(pointer, changetype<usize>(bytes));");
            body.line("store<i32>(pointer, length, 4);");
            body.block("for (let index = 0; index < length; index++) {", "}", |out| {
                let at = format!("changetype<usize>(bytes) + index * {size}");
                out.line(self.write(element, &at, 0, "list[index]", "keep"));
            });
        } else {
            body.line("keep.push(list.buffer);");
            body.line("store<usize>(pointer, list.dataStart);");
            body.line("store<i32>(pointer, list.length, 4);");
        }
        out.indented(&body.finish());
        out.line("}");
    }

    /// Collects the lists in a value, by what functions for them are called, and says whether
    /// there are strings.
    fn stored_lists<'t>(
        &'t self,
        ty: &'t Type,
        texts: &mut bool,
        lists: &mut BTreeMap<String, &'t Type>,
    ) {
        match self.model.resolve(ty) {
            Type::String => *texts = true,
            Type::List(element) => {
                lists.insert(self.label(self.model.resolve(ty)), element);
                self.stored_lists(element, texts, lists);
            }
            _ => {}
        }
    }

    /// What a type is called in the names of functions. No name of a document has an underscore
    /// inside.
    fn label(&self, ty: &Type) -> String {
        match self.model.resolve(ty) {
            Type::Builtin(builtin) => builtin.number().to_owned(),
            Type::Bool(IntRepr::U8) => "byte_bool".to_owned(),
            Type::Bool(_) => "bool".to_owned(),
            Type::String => "string".to_owned(),
            Type::List(element) => format!("list_of_{}", self.label(element)),
            Type::Pointer { .. } => "pointer".to_owned(),
            Type::Named(id) => self.type_name(*id).to_owned(),
        }
    }

    /// The expression that reads a value of `ty` at `pointer` and `offset`.
    pub(super) fn read(&self, ty: &Type, pointer: &str, offset: u32) -> String {
        let at = address(pointer, offset);
        match self.model.resolve(ty) {
            Type::Builtin(builtin) => format!("load<{}>({at})", builtin.number()),
            Type::Bool(repr) => format!("load<{}>({at}) != 0", repr.name()),
            Type::String => format!("readText({at})"),
            target @ Type::List(_) => format!("read_{}({at})", self.label(target)),
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

    /// The statement that writes a value of `ty` at `pointer` and `offset`. What the value refers
    /// to is put into the array `keep`.
    pub(super) fn write(
        &self,
        ty: &Type,
        pointer: &str,
        offset: u32,
        value: &str,
        keep: &str,
    ) -> String {
        let at = address(pointer, offset);
        match self.model.resolve(ty) {
            Type::Builtin(builtin) => format!("store<{}>({at}, {value});", builtin.number()),
            Type::Bool(repr) => format!("store<{0}>({at}, <{0}>{value});", repr.name()),
            Type::String => format!("writeText({value}, {at}, {keep});"),
            target @ Type::List(_) => {
                format!("write_{}({value}, {at}, {keep});", self.label(target))
            }
            Type::Pointer { .. } => format!("store<usize>({at}, {value});"),
            Type::Named(id) => match &self.model.get(*id).kind {
                TypeKind::Enum { repr, .. } => {
                    format!("store<{0}>({at}, <{0}>{value});", repr.name())
                }
                TypeKind::Flags { repr, .. } => format!("store<{}>({at}, {value});", repr.name()),
                TypeKind::Handle => format!("store<u32>({at}, {value});"),
                _ if self.holds_text(ty) => format!("{value}.write({at}, {keep});"),
                _ => format!("{value}.write({at});"),
            },
        }
    }
}

/// The head of the method that writes a value to memory, behind its comment.
fn write_method(out: &mut Source, keeps: bool) -> &'static str {
    if !keeps {
        out.line("/** Writes the value to memory. */");
        return "write(pointer: usize): void {";
    }
    let text = "Writes the value to memory. The bytes that it refers to are put into `keep`, which \
                has to live as long as they are used.";
    comment(out, text, "");
    "write(pointer: usize, keep: Array<ArrayBuffer>): void {"
}

/// A string literal of this text.
fn string_literal(text: &str) -> String {
    let mut literal = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => literal.extend(['\\', character]),
            '\n' => literal.push_str("\\n"),
            // Line ends to JavaScript, and invisible characters.
            '\u{2028}' | '\u{2029}' => {
                literal.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            character if character.is_control() => {
                literal.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            character => literal.push(character),
        }
    }
    literal.push('"');
    literal
}

/// The expression for a place behind an address.
fn address(pointer: &str, offset: u32) -> String {
    match offset {
        0 => pointer.to_owned(),
        _ => format!("{pointer} + {offset}"),
    }
}
