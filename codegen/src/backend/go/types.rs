//! Types in Go.

use super::{Go, Source, comment, quoted};
use crate::abi::layout;
use crate::backend::naming::TypeNames;
use crate::model::docs::{self, ERROR_TEXTS};
use crate::model::{Case, Field, IntRepr, Layout, Member, TypeDef, TypeKind};

impl Go<'_> {
    pub(super) fn type_def(&self, out: &mut Source, def: &TypeDef, names: &TypeNames) {
        let name = &names.name;
        match &def.kind {
            TypeKind::Alias(target) => {
                out.line(format!("type {name} = {}", self.value_type(target)));
            }
            TypeKind::Handle => out.line(format!("type {name} uint32")),
            TypeKind::Enum { repr, cases } => {
                out.line(format!("type {name} {}", integer(*repr)));
                members(out, name, cases, names, |number| number.to_string());
                texts(out, names, cases, def.is_error);
            }
            TypeKind::Flags { repr, flags } => {
                out.line(format!("type {name} {}", integer(*repr)));
                members(out, name, flags, names, |bit| format!("1 << {bit}"));
                out.blank();
                out.line("// Has reports whether all of the flags are set.");
                let open = format!("func (f {name}) Has(flags {name}) bool {{");
                out.block(open, "}", |out| out.line("return f&flags == flags"));
            }
            TypeKind::Record { fields, .. } => self.record(out, fields, names),
            TypeKind::Variant {
                tag,
                payload_offset,
                cases,
            } => self.variant(out, def.layout, names, *tag, *payload_offset, cases),
        }
    }

    fn record(&self, out: &mut Source, fields: &[Field], names: &TypeNames) {
        out.block(format!("type {} struct {{", names.name), "}", |out| {
            for (field, member) in fields.iter().zip(&names.members) {
                out.blank();
                comment(out, &field.docs);
                out.line(format!("{member} {}", self.memory_type(&field.ty)));
            }
        });
    }

    fn variant(
        &self,
        out: &mut Source,
        whole: Layout,
        names: &TypeNames,
        tag: IntRepr,
        payload_offset: u32,
        cases: &[Case],
    ) {
        let name = &names.name;
        let payloads = cases.iter().filter_map(|case| case.payload.as_ref());
        let align = payloads.map(|ty| layout(&self.model.types, ty).align).max();
        out.block(format!("type {name} struct {{"), "}", |out| {
            out.line(format!("tag {}", integer(tag)));
            if let Some(align) = align {
                // Go has no unions: the payload is an array whose elements have its alignment.
                let len = (whole.size - payload_offset) / align;
                out.blank();
                out.line(format!("payload [{len}]uint{}", 8 * align));
            }
        });
        out.blank();
        out.line("// Tag gives the number of the case, counted from 0. A host may give one that is");
        out.line("// unknown here.");
        let tag = integer(tag);
        out.block(format!("func (v {name}) Tag() {tag} {{"), "}", |out| {
            out.line("return v.tag");
        });
        for (number, case) in cases.iter().enumerate() {
            let (constructor, accessor) = (&names.tags[number], &names.accessors[number]);
            out.blank();
            let substitute = format!("{constructor} gives the case `{}`.", case.name);
            comment(out, docs::or(&case.docs, &substitute));
            let Some(payload) = &case.payload else {
                out.block(format!("func {constructor}() {name} {{"), "}", |out| {
                    out.line(format!("return {name}{{tag: {number}}}"));
                });
                out.blank();
                comment(out, &format!("{accessor} reports whether it is the case `{}`.", case.name));
                out.block(format!("func (v {name}) {accessor}() bool {{"), "}", |out| {
                    out.line(format!("return v.tag == {number}"));
                });
                continue;
            };
            let ty = self.memory_type(payload);
            out.block(format!("func {constructor}(payload {ty}) {name} {{"), "}", |out| {
                out.line(format!("v := {name}{{tag: {number}}}"));
                out.line(format!("*(*{ty})(unsafe.Pointer(&v.payload)) = payload"));
                out.line("return v");
            });
            out.blank();
            let text = format!("{accessor} gives the payload of the case `{}`, if it is that.", case.name);
            comment(out, &text);
            out.block(format!("func (v {name}) {accessor}() ({ty}, bool) {{"), "}", |out| {
                out.block(format!("if v.tag != {number} {{"), "}", |out| {
                    out.line(format!("return *new({ty}), false"));
                });
                out.line(format!("return *(*{ty})(unsafe.Pointer(&v.payload)), true"));
            });
        }
    }
}

fn members(
    out: &mut Source,
    ty: &str,
    members: &[Member],
    names: &TypeNames,
    value: impl Fn(usize) -> String,
) {
    if members.is_empty() {
        return;
    }
    out.blank();
    out.block("const (", ")", |out| {
        for (number, (member, name)) in members.iter().zip(&names.members).enumerate() {
            // Without the blank line, Go's formatter would align the values in columns.
            if number > 0 {
                out.blank();
            }
            comment(out, &member.docs);
            out.line(format!("{name} {ty} = {}", value(number)));
        }
    });
}

/// Methods that give texts about an enum; an error is an `error` of Go.
fn texts(out: &mut Source, names: &TypeNames, cases: &[Member], is_error: bool) {
    let name = &names.name;
    let [of_name, of_message] = &ERROR_TEXTS;
    let methods = [("String", of_name, true), ("Error", of_message, is_error)];
    for (method, text, wanted) in methods {
        if !wanted {
            continue;
        }
        out.blank();
        comment(out, &format!("{method} gives a text: {}", lower_first(text.docs)));
        out.block(format!("func (e {name}) {method}() string {{"), "}", |out| {
            if !cases.is_empty() {
                out.line("switch e {");
                for (case, member) in cases.iter().zip(&names.members) {
                    out.line(format!("case {member}:"));
                    out.indented(&format!("return {}", quoted(&(text.of)(case))));
                }
                out.line("}");
            }
            let code = "strconv.FormatUint(uint64(e), 10)";
            out.line(format!("return {} + {code}", quoted(&format!("{} ", text.unknown))));
        });
    }
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_ascii_lowercase());
    first.into_iter().chain(chars).collect()
}

fn integer(repr: IntRepr) -> &'static str {
    match repr {
        IntRepr::U8 => "uint8",
        IntRepr::U16 => "uint16",
        IntRepr::U32 => "uint32",
        IntRepr::U64 => "uint64",
    }
}
