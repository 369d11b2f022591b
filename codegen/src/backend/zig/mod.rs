//! The Zig backend, for guests: types, and functions over the imports that take slices and give
//! a union of the results and the error.
//!
//! Enums are not exhaustive and flags keep bits without a name, so whatever a host returns is a
//! valid value. Where the target has pointers of 32 bits, the compiler checks that every
//! size, alignment and offset is that of the document.

mod names;

use super::Job;
use super::declarations::Declarations;
use super::naming::{FunctionNames, ModuleNames, Names, TypeNames};
use super::source::Source;
use crate::abi::{Narrow, Word};
use crate::diagnostic::Error;
use crate::model::docs::{self, ERROR_TEXTS};
use crate::model::{
    Builtin, Case, Constant, Function, InputKind, IntRepr, LayoutFact, Member, Model, Module, Out, Outcome,
    Role, Type, TypeDef, TypeId, TypeKind,
};
pub(super) use names::CONVENTION;

/// The language.
pub(super) struct Backend;

impl super::Backend for Backend {
    fn name(&self) -> &'static str {
        "zig"
    }

    fn purpose(&self) -> &'static str {
        "guests: types, and functions that take slices"
    }

    fn file_name(&self, stem: &str) -> String {
        format!("{stem}.zig")
    }

    fn generate(&self, job: &Job<'_>) -> Result<String, Error> {
        let zig = Zig {
            model: job.model,
            names: Names::new(job.model, &CONVENTION),
        };
        Ok(zig.file(job))
    }
}

struct Zig<'a> {
    model: &'a Model,
    names: Names,
}

impl Zig<'_> {
    fn file(&self, job: &Job<'_>) -> String {
        let mut out = Source::new("    ");
        out.head("//!", &job.header, &job.head());
        out.blank();
        out.line("// zig fmt: off");
        out.blank();
        out.line("const std = @import(\"std\");");
        out.blank();
        self.result(&mut out);
        out.blank();
        out.line("/// A list or a string in memory.");
        out.block("pub fn List(comptime Element: type) type {", "}", |out| {
            out.block("return extern struct {", "};", |out| {
                out.line("ptr: ?[*]const Element,");
                out.line("len: usize,");
                out.blank();
                out.line("/// That of a slice, whose elements have to live as long as it is used.");
                out.block("pub fn of(elements_: []const Element) @This() {", "}", |out| {
                    out.line("return .{ .ptr = elements_.ptr, .len = elements_.len };");
                });
                out.blank();
                out.line("/// The elements.");
                out.block("pub fn slice(self_: @This()) []const Element {", "}", |out| {
                    out.line("return if (self_.ptr) |ptr_| ptr_[0..self_.len] else &.{};");
                });
            });
        });
        self.types_and_constants(&mut out);
        self.error_sets(&mut out);
        self.modules(&mut out);
        self.layouts(&mut out);
        out.finish()
    }

    /// The type of what functions give.
    fn result(&self, out: &mut Source) {
        out.line("/// What a function gives: its results, or its error.");
        let open = "pub fn Result(comptime Ok: type, comptime Err: type) type {";
        out.block(open, "}", |out| {
            out.block("return union(enum) {", "};", |out| {
                out.line("ok: Ok,");
                out.line("err: Err,");
                out.blank();
                out.line("/// The results, or the error as one for `try`, `catch` and `errdefer`.");
                let open = "pub fn unwrap(self_: @This()) ErrorSet(Err)!Ok {";
                out.block(open, "}", |out| {
                    out.block("return switch (self_) {", "};", |out| {
                        out.line(".ok => |ok_| ok_,");
                        out.line(".err => |err_| errorOf(err_),");
                    });
                });
            });
        });
    }

    /// The types of errors, by their ids, that have names for their codes.
    fn errors(&self) -> impl Iterator<Item = (&[Member], &TypeNames)> {
        self.model.type_ids().filter_map(|id| {
            let def = self.model.get(id);
            match &def.kind {
                TypeKind::Enum { cases, .. } if def.is_error => Some((&cases[..], self.names.get(id))),
                _ => None,
            }
        })
    }

    /// Zig's error sets, and the function that maps a code to an error.
    fn error_sets(&self, out: &mut Source) {
        for (_, names) in self.errors() {
            out.blank();
            let text = format!("The errors of `{}`; `Unexpected` for an unknown code.", names.name);
            comment(out, &text, "");
            let mut errors = names.errors.clone();
            errors.push("Unexpected".to_owned());
            out.list(&format!("pub const {} = error{{", names.error_set), &errors, "};");
        }
        out.blank();
        out.line("/// The errors for a type of errors; `Failed` for one that has no names for them.");
        out.block("fn ErrorSet(comptime Err: type) type {", "}", |out| {
            out.block("return switch (Err) {", "};", |out| {
                for (_, names) in self.errors() {
                    out.line(format!("{} => {},", names.name, names.error_set));
                }
                out.line("else => error{Failed},");
            });
        });
        out.blank();
        out.block("fn errorOf(err_: anytype) ErrorSet(@TypeOf(err_)) {", "}", |out| {
            out.block("return switch (@TypeOf(err_)) {", "};", |out| {
                for (cases, names) in self.errors() {
                    out.block(format!("{} => switch (err_) {{", names.name), "},", |out| {
                        let members = names.members.iter().take(cases.len()).skip(1);
                        for (member, error) in members.zip(&names.errors) {
                            out.line(format!(".{member} => error.{error},"));
                        }
                        out.line("else => error.Unexpected,");
                    });
                }
                out.line("else => error.Failed,");
            });
        });
    }

    fn constant(&self, ty: &Type, value: u64) -> String {
        match self.model.resolve(ty) {
            Type::Named(id) => match &self.model.get(*id).kind {
                TypeKind::Flags { repr, .. } => {
                    format!("@bitCast(@as({}, {value}))", repr.name())
                }
                _ => format!("@enumFromInt({value})"),
            },
            _ => value.to_string(),
        }
    }

    fn type_name(&self, id: TypeId) -> &str {
        &self.names.get(id).name
    }

    fn type_def(&self, out: &mut Source, def: &TypeDef, names: &TypeNames) {
        let name = &names.name;
        match &def.kind {
            TypeKind::Alias(target) => {
                out.line(format!("pub const {name} = {};", self.value_type(target)));
            }
            TypeKind::Handle => out.line(format!("pub const {name} = enum(u32) {{ _ }};")),
            TypeKind::Enum { repr, cases } => {
                let open = format!("pub const {name} = enum({}) {{", repr.name());
                out.block(open, "};", |out| members(out, *repr, cases, names));
                if def.is_error {
                    texts(out, names, *repr, cases);
                }
            }
            TypeKind::Flags { repr, flags } => {
                let open = format!("pub const {name} = packed struct({}) {{", repr.name());
                out.block(open, "};", |out| {
                    for (flag, member) in flags.iter().zip(&names.members) {
                        comment(out, &flag.docs, "");
                        out.line(format!("{member}: bool = false,"));
                    }
                    let rest = repr.bits() as usize - flags.len();
                    if rest > 0 {
                        out.line("/// Bits without a name.");
                        out.line(format!("_unnamed: u{rest} = 0,"));
                    }
                });
            }
            TypeKind::Record { fields, .. } => {
                out.block(
                    format!("pub const {name} = extern struct {{"),
                    "};",
                    |out| {
                        for (field, member) in fields.iter().zip(&names.members) {
                            comment(out, &field.docs, "");
                            out.line(format!("{member}: {},", self.memory_type(&field.ty)));
                        }
                    },
                );
            }
            TypeKind::Variant { tag, cases, .. } => self.variant(out, names, *tag, cases),
        }
    }

    fn variant(&self, out: &mut Source, names: &TypeNames, tag: IntRepr, cases: &[Case]) {
        let open = format!("pub const {} = extern struct {{", names.name);
        out.block(open, "};", |out| {
            out.line("/// Which case it is.");
            out.block(format!("tag: enum({}) {{", tag.name()), "},", |out| {
                for (number, (case, member)) in cases.iter().zip(&names.members).enumerate() {
                    comment(out, &case.docs, "");
                    out.line(format!("{member} = {number},"));
                }
                // If all numbers have a name, Zig allows no others.
                if !tag.is_full(cases.len()) {
                    out.line("_,");
                }
            });
            if cases.iter().any(|case| case.payload.is_some()) {
                out.line("/// What comes with the case, if anything does.");
                out.block("payload: extern union {", "},", |out| {
                    for (case, member) in cases.iter().zip(&names.members) {
                        if let Some(payload) = &case.payload {
                            out.line(format!("{member}: {},", self.memory_type(payload)));
                        }
                    }
                });
            }
        });
    }

    /// The type of a value that is passed or returned.
    fn value_type(&self, ty: &Type) -> String {
        match ty {
            Type::Bool(_) => "bool".to_owned(),
            Type::String => "[]const u8".to_owned(),
            Type::List(element) => format!("[]const {}", self.memory_type(element)),
            Type::Named(id) => self.type_name(*id).to_owned(),
            Type::Builtin(_) | Type::Pointer { .. } => self.memory_type(ty),
        }
    }

    /// The type of a value in memory.
    fn memory_type(&self, ty: &Type) -> String {
        match ty {
            Type::Builtin(builtin) => builtin.number().to_owned(),
            Type::Bool(repr) => repr.name().to_owned(),
            Type::String => "List(u8)".to_owned(),
            Type::List(element) => format!("List({})", self.memory_type(element)),
            Type::Pointer { mutable, pointee } => {
                let pointee = self.memory_type(pointee);
                let qualifier = if *mutable { "" } else { "const " };
                format!("?[*]{qualifier}{pointee}")
            }
            Type::Named(id) => match self.model.resolve(ty) {
                // The alias has the type of a value.
                target @ (Type::Bool(_) | Type::String | Type::List(_)) => self.memory_type(target),
                _ => self.type_name(*id).to_owned(),
            },
        }
    }

    /// The type of an out value: lists stay where they are in memory.
    fn out_type(&self, ty: &Type) -> String {
        match self.model.resolve(ty) {
            Type::Bool(_) => "bool".to_owned(),
            _ => self.memory_type(ty),
        }
    }

    /// The type of a value in the signature of an import: nothing narrower than a word.
    fn import_type(&self, ty: &Type) -> String {
        match Word::of(self.model, ty) {
            Word::Pointer => self.memory_type(ty),
            word => word.name().to_owned(),
        }
    }

    fn module(&self, out: &mut Source, module: &Module, names: &ModuleNames) {
        let functions: Vec<_> = module.functions.iter().zip(&names.functions).collect();
        let substitute = format!("The functions of `{}`.", module.name);
        comment(out, &module.docs, &substitute);
        out.block(
            format!("pub const {} = struct {{", names.name),
            "};",
            |out| {
                for (function, names) in &functions {
                    out.blank();
                    self.function(out, function, names);
                }
                if functions.is_empty() {
                    return;
                }
                out.blank();
                out.line("/// The functions as WebAssembly has them.");
                out.block("const imports = struct {", "};", |out| {
                    for (function, names) in &functions {
                        self.import(out, module, function, names);
                    }
                });
            },
        );
    }

    fn import(
        &self,
        out: &mut Source,
        module: &Module,
        function: &Function,
        names: &FunctionNames,
    ) {
        let lowered = &function.lowered;
        let mut params = Vec::new();
        for (param, name) in lowered.wasm_params.iter().zip(&names.wasm_params) {
            let of_param = |index: usize| &function.params[index].ty;
            let ty = match param.role {
                Role::Value(index) => self.import_type(of_param(index)),
                Role::Address(index) => format!("*const {}", self.memory_type(of_param(index))),
                Role::Elements(index) => match self.model.resolve(of_param(index)) {
                    Type::List(element) => format!("[*]const {}", self.memory_type(element)),
                    _ => "[*]const u8".to_owned(),
                },
                Role::Length(_) | Role::BufferLength(_) => "usize".to_owned(),
                Role::Out(index) => format!("*{}", self.memory_type(&lowered.outs()[index].ty)),
            };
            params.push(format!("{name}: {ty}"));
        }
        let result = match (&lowered.outcome, lowered.wasm_result) {
            (Outcome::NoReturn, _) => "noreturn".to_owned(),
            (Outcome::Value(ty), _) => self.import_type(ty),
            (_, None) => "void".to_owned(),
            (_, Some(_)) => "u32".to_owned(),
        };
        // Under another name: that of the import may be the name of a type.
        let import = format!(
            ".{{ .name = {}, .library_name = {} }}",
            quoted(&function.name),
            quoted(&module.name)
        );
        out.list(
            &format!("const {} = @extern(*const fn (", names.name),
            &params,
            &format!(") callconv(.c) {result}, {import});"),
        );
    }

    /// The expression that passes a value to an import.
    fn lower(&self, ty: &Type, name: &str) -> String {
        match self.model.resolve(ty) {
            Type::Bool(_) => format!("@intFromBool({name})"),
            Type::Named(id) => match &self.model.get(*id).kind {
                TypeKind::Enum {
                    repr: IntRepr::U64, ..
                } => format!("@truncate(@intFromEnum({name}))"),
                TypeKind::Enum { .. } | TypeKind::Handle => format!("@intFromEnum({name})"),
                TypeKind::Flags { repr, .. } => format!("@as({}, @bitCast({name}))", repr.name()),
                _ => name.to_owned(),
            },
            _ => name.to_owned(),
        }
    }

    /// The expression that makes a value of `ty` of a word. The word is as the import returns it, or,
    /// if `is_code`, already as narrow as the value.
    fn lift(&self, ty: &Type, word: &str, is_code: bool) -> String {
        let narrow = |repr: IntRepr| match repr {
            IntRepr::U8 | IntRepr::U16 if !is_code => {
                format!("@as({}, @truncate({word}))", repr.name())
            }
            _ => format!("@as({}, {word})", repr.name()),
        };
        match self.model.resolve(ty) {
            Type::Builtin(builtin) => match builtin {
                Builtin::U8 | Builtin::Char8 | Builtin::U16 | Builtin::S8 | Builtin::S16
                    if !is_code =>
                {
                    format!("@truncate({word})")
                }
                Builtin::S32 if is_code => format!("@bitCast({word})"),
                _ => word.to_owned(),
            },
            Type::Bool(_) => format!("{word} != 0"),
            Type::Pointer { .. } if is_code => format!("@ptrFromInt({word})"),
            Type::Named(id) => match &self.model.get(*id).kind {
                TypeKind::Enum { repr, .. } => format!("@enumFromInt({})", narrow(*repr)),
                TypeKind::Flags { repr, .. } => format!("@bitCast({})", narrow(*repr)),
                TypeKind::Handle => format!("@enumFromInt({word})"),
                _ => word.to_owned(),
            },
            _ => word.to_owned(),
        }
    }

    fn function(&self, out: &mut Source, function: &Function, names: &FunctionNames) {
        let lowered = &function.lowered;
        let mut scope = names.scope.clone();
        let (mut params, mut args) = (Vec::new(), Vec::new());
        for (input, name) in lowered.inputs.iter().zip(&names.inputs) {
            let slice = match &input.kind {
                InputKind::Value(ty) => {
                    params.push(format!("{name}: {}", self.value_type(ty)));
                    args.push(self.lower(ty, name));
                    continue;
                }
                InputKind::Reference(ty) => {
                    params.push(format!("{name}: *const {}", self.memory_type(ty)));
                    args.push(name.clone());
                    continue;
                }
                InputKind::String => "[]const u8".to_owned(),
                InputKind::List(element) => format!("[]const {}", self.memory_type(element)),
                InputKind::Buffer {
                    mutable, element, ..
                } => {
                    let qualifier = if *mutable { "" } else { "const " };
                    format!("[]{qualifier}{}", self.memory_type(element))
                }
            };
            params.push(format!("{name}: {slice}"));
            args.push(format!("{name}.ptr"));
            args.push(format!("{name}.len"));
        }
        args.extend(names.outs.iter().map(|out| format!("&{out}")));
        let outs = lowered.outs().iter().zip(&names.outs);
        let value = |out: &Out, name: &String| match self.model.resolve(&out.ty) {
            Type::Bool(_) => format!("{name} != 0"),
            _ => name.clone(),
        };
        let (ok_type, ok) = match lowered.outs() {
            [] => ("void".to_owned(), "{}".to_owned()),
            [out] => (self.out_type(&out.ty), value(out, &names.outs[0])),
            _ => {
                let fields = outs.clone().zip(&names.results);
                let fields: Vec<_> = fields
                    .map(|((out, name), field)| format!(".{field} = {}", value(out, name)))
                    .collect();
                let fields = format!(".{{ {} }}", fields.join(", "));
                (names.result_type.clone(), fields)
            }
        };
        if lowered.outs().len() > 1 {
            out.line(format!("/// What `{}` gives.", names.name));
            let open = format!("pub const {} = struct {{", names.result_type);
            out.block(open, "};", |out| {
                for (value, name) in lowered.outs().iter().zip(&names.results) {
                    out.line(format!("{name}: {},", self.out_type(&value.ty)));
                }
            });
            out.blank();
        }
        let result = match &lowered.outcome {
            Outcome::Nothing => "void".to_owned(),
            Outcome::NoReturn => "noreturn".to_owned(),
            Outcome::Value(ty) => self.value_type(ty),
            Outcome::Expected { error, .. } => {
                let error = error.as_ref().map(|error| self.value_type(error));
                format!("Result({ok_type}, {})", error.as_deref().unwrap_or("void"))
            }
        };
        function_comment(out, function, names);
        let open = format!("pub fn {}(", names.name);
        out.list(&open, &params, &format!(") {result} {{"));
        let mut body = Source::new("    ");
        for (value, name) in outs {
            let ty = self.memory_type(&value.ty);
            body.line(format!("var {name} = std.mem.zeroes({ty});"));
        }
        let call = format!("imports.{}(", names.name);
        match &lowered.outcome {
            Outcome::Nothing | Outcome::NoReturn => body.list(&call, &args, ");"),
            Outcome::Value(ty) => {
                let word = scope.local("word");
                body.list(&format!("const {word} = {call}"), &args, ");");
                body.line(format!("return {};", self.lift(ty, &word, false)));
            }
            Outcome::Expected { error, .. } => {
                let code = scope.local("code");
                let narrow = error.as_ref().and_then(|error| Narrow::of(self.model, error));
                // Truncate before comparing: junk in the upper bits is not an error.
                let (open, close) = match narrow {
                    None => (format!("const {code} = {call}"), ");"),
                    Some(narrow) if narrow.is_signed() => {
                        let ty = narrow.name();
                        let cast = "@truncate(@as(i32, @bitCast(";
                        (format!("const {code}: {ty} = {cast}{call}"), "))));")
                    }
                    Some(narrow) => {
                        let ty = narrow.name();
                        (format!("const {code}: {ty} = @truncate({call}"), "));")
                    }
                };
                body.list(&open, &args, close);
                let error = match error {
                    Some(error) => self.lift(error, &code, true),
                    None => "{}".to_owned(),
                };
                body.line(format!("if ({code} != 0) return .{{ .err = {error} }};"));
                body.line(format!("return .{{ .ok = {ok} }};"));
            }
        }
        out.indented(&body.finish());
        out.line("}");
    }

    /// Checks of every layout, at compile time.
    fn layouts(&self, out: &mut Source) {
        let mut checks = Vec::new();
        for id in self.model.type_ids() {
            let names = self.names.get(id);
            let name = &names.name;
            if matches!(self.model.get(id).kind, TypeKind::Alias(_)) {
                continue;
            }
            checks.extend(self.model.layout_facts(id).into_iter().map(|fact| match fact {
                LayoutFact::Size(size) => format!("@sizeOf({name}) == {size}"),
                LayoutFact::Align(align) => format!("@alignOf({name}) == {align}"),
                LayoutFact::Field(index, offset) => {
                    format!("@offsetOf({name}, \"{}\") == {offset}", names.members[index])
                }
                LayoutFact::Payload(offset) => {
                    format!("@offsetOf({name}, \"payload\") == {offset}")
                }
            }));
        }
        if checks.is_empty() {
            return;
        }
        out.blank();
        out.block("comptime {", "}", |out| {
            // Each check is a call, and Zig's default quota is 1000.
            if checks.len() > 400 {
                out.line(format!("@setEvalBranchQuota({});", 10 * checks.len()));
            }
            out.block("if (@sizeOf(usize) == 4) {", "}", |out| {
                for check in checks {
                    out.line(format!("std.debug.assert({check});"));
                }
            });
        });
    }
}

impl Declarations for Zig<'_> {
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
        let value = self.constant(&Type::Named(constant.ty), constant.value);
        let ty = self.type_name(constant.ty);
        out.line(format!("pub const {name}: {ty} = {value};"));
    }

    fn write_module(&self, out: &mut Source, module: &Module, names: &ModuleNames) {
        self.module(out, module, names);
    }
}

fn members(out: &mut Source, repr: IntRepr, cases: &[Member], names: &TypeNames) {
    for (number, (case, member)) in cases.iter().zip(&names.members).enumerate() {
        comment(out, &case.docs, "");
        out.line(format!("{member} = {number},"));
    }
    if !repr.is_full(cases.len()) {
        out.line("_,");
    }
}

/// Functions that give texts about an error.
fn texts(out: &mut Source, names: &TypeNames, repr: IntRepr, cases: &[Member]) {
    let ty = &names.name;
    for (text, function) in ERROR_TEXTS.iter().zip(&names.error_texts) {
        out.blank();
        comment(out, text.docs, "");
        // No name of a document ends with `_`, unless it is a keyword without that.
        let open = format!("pub fn {function}(code_: {ty}) []const u8 {{");
        out.block(open, "}", |out| {
            out.block("return switch (code_) {", "};", |out| {
                for (case, member) in cases.iter().zip(&names.members) {
                    out.line(format!(".{member} => {},", quoted(&(text.of)(case))));
                }
                if !repr.is_full(cases.len()) {
                    out.line(format!("else => {},", quoted(text.unknown)));
                }
            });
        });
    }
}

fn function_comment(out: &mut Source, function: &Function, names: &FunctionNames) {
    let docs = docs::of_function(function);
    let inputs = docs.inputs.into_iter();
    let inputs = inputs.map(|(input, said)| format!("* `{}` - {said}", names.inputs[input]));
    let mut items: Vec<String> = inputs.collect();
    if !docs.result.is_empty() {
        items.push(format!("Returns: {}", docs.result));
    }
    let mut text = docs.text;
    if !items.is_empty() {
        text.push_str("\n\n");
        text.push_str(&items.join("\n"));
    }
    comment(out, &text, "");
}

/// Writes a text, or a substitute for an empty one, as a documentation comment.
fn comment(out: &mut Source, text: &str, substitute: &str) {
    // Zig forbids control characters in comments, and treats some of Unicode's as line ends.
    let control = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{2028}' | '\u{2029}');
    let text = docs::or(text, substitute).replace(control, " ");
    for line in docs::lines(&text) {
        for line in out.wrapped(line, "/// ".len()) {
            out.line(format!("/// {line}").trim_end());
        }
    }
}

/// A string literal.
fn quoted(text: &str) -> String {
    let mut literal = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => literal.extend(['\\', c]),
            '\n' => literal.push_str("\\n"),
            c if c.is_control() => literal.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => literal.push(c),
        }
    }
    literal.push('"');
    literal
}
