//! The C backend, for guests: one header with types, constants and the imports themselves.
//!
//! A function of the header is the import itself where C's types allow it. For numbers narrower
//! than an `i32`, and truth values, they do not: compilers assume that the host extended what it
//! returned. Such an import takes and returns whole words, and an inline function converts both
//! ways. Enums and flags are integers with named values, because a host may know more of them than
//! the header does. The header needs no C library, and C++ can read it. For wasm32, the compiler
//! checks that every size, alignment and offset is that of the document.

mod names;

use super::Job;
use super::declarations::Declarations;
use super::naming::{FunctionNames, ModuleNames, Names, TypeNames};
use super::source::{Source, WIDTH};
use crate::abi::{Narrow, Word};
use crate::diagnostic::{Diagnostic, Error};
use crate::model::docs::{self, ERROR_TEXTS};
use crate::model::{
    Builtin, Case, Constant, Field, Function, IntRepr, LayoutFact, Member, Model, Module, Outcome, Role, Type,
    TypeDef, TypeKind,
};
pub(super) use names::CONVENTION;

/// The language.
pub(super) struct Backend;

impl super::Backend for Backend {
    fn name(&self) -> &'static str {
        "c"
    }

    fn purpose(&self) -> &'static str {
        "guests: a header with types and the imports"
    }

    fn file_name(&self, stem: &str) -> String {
        format!("{stem}.h")
    }

    fn generate(&self, job: &Job<'_>) -> Result<String, Error> {
        Ok(C::new(job)?.file(job))
    }
}

/// Refuses a prefix that would make names invalid in C.
fn check_prefix(prefix: Option<&str>) -> Result<(), Error> {
    let Some(prefix) = prefix else {
        return Ok(());
    };
    let letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if prefix.chars().all(letter) && !prefix.starts_with(|c: char| c.is_ascii_digit()) {
        return Ok(());
    }
    let message = format!("names in C cannot start with `{prefix}`");
    let hint = "a prefix has letters, digits and underscores, and no digit in front";
    Err(Diagnostic::new(None, message).hint(hint).into())
}

/// The header of a document; C++ has one over it.
pub(super) struct C<'a> {
    model: &'a Model,
    pub(super) names: Names,
    /// The type of lists and strings that are written in place, of whatever elements.
    view: String,
    /// The include guard.
    pub(super) guard: String,
    /// The macro that makes a function an import.
    import: String,
    /// The macro with which a program asks for stand-ins.
    stand_ins: String,
    /// The macro for the storage class of functions that convert.
    inline: String,
    /// The names of the imports behind functions that convert, for each function of each module.
    imports: Vec<Vec<Option<String>>>,
}

impl<'a> C<'a> {
    pub(super) fn new(job: &Job<'a>) -> Result<C<'a>, Error> {
        let prefix = job.options.c_prefix.as_deref();
        check_prefix(prefix)?;
        let mut names = Names::with_prefix(job.model, &CONVENTION, prefix);
        Ok(C {
            model: job.model,
            view: names.another_type("list"),
            guard: names.another_macro("h"),
            import: names.another_macro("import"),
            stand_ins: names.another_macro("stand_ins"),
            inline: names.another_macro("inline"),
            imports: imports(job.model, &mut names),
            names,
        })
    }

    /// The functions that convert, with the names of their imports.
    fn converting(&self) -> impl Iterator<Item = (&Module, &Function, &FunctionNames, &str)> {
        let modules = self.model.modules.iter().zip(&self.names.modules);
        let modules = modules.zip(&self.imports);
        modules.flat_map(|((module, names), imports)| {
            let functions = module.functions.iter().zip(&names.functions).zip(imports);
            functions.filter_map(move |((function, names), import)| {
                Some((module, function, names, import.as_deref()?))
            })
        })
    }

    fn file(&self, job: &Job<'_>) -> String {
        let guard = &self.guard;
        let mut out = Source::new("  ");
        out.line(UNFORMATTED);
        out.head("//", &job.header, &job.head());
        out.blank();
        out.line(format!("#ifndef {guard}"));
        out.line(format!("#define {guard}"));
        out.blank();
        for include in ["stdbool", "stddef", "stdint"] {
            out.line(format!("#include <{include}.h>"));
        }
        out.blank();
        out.line("#ifdef __cplusplus");
        out.line("extern \"C\" {");
        out.line("#endif");
        if self.needs_view() {
            out.blank();
            let text = "The address of the elements of a list or a string, and their number.";
            comment(&mut out, text, "");
            view(&mut out, &self.view, "void const");
        }
        self.types_and_constants(&mut out);
        if self.model.functions().next().is_some() {
            self.import_macro(&mut out);
        }
        self.modules(&mut out);
        self.conversions(&mut out);
        self.stand_ins(&mut out);
        self.layouts(&mut out);
        out.blank();
        out.line("#ifdef __cplusplus");
        out.line("}");
        out.line("#endif");
        out.blank();
        out.line("#endif");
        out.finish()
    }

    fn import_macro(&self, out: &mut Source) {
        let import = &self.import;
        out.blank();
        out.line("// Elsewhere than in WebAssembly, a program has functions of its own for these, or");
        out.line(format!("// stand-ins: see {} below.", self.stand_ins));
        out.line("#ifdef __wasm__");
        out.line(format!("#define {import}(module, name) \\"));
        out.line("  __attribute__((__import_module__(module), __import_name__(name)))");
        out.line("#else");
        out.line(format!("#define {import}(module, name)"));
        out.line("#endif");
        if self.converting().next().is_none() {
            return;
        }
        let inline = &self.inline;
        out.blank();
        out.line("// Functions that convert between words of WebAssembly and narrower numbers.");
        out.line("#ifdef __wasm__");
        out.line(format!("#define {inline} static inline"));
        out.line("#else");
        out.line(format!("#define {inline} extern"));
        out.line("#endif");
    }

    /// The imports behind functions that convert, and what these do.
    fn conversions(&self, out: &mut Source) {
        if self.converting().next().is_none() {
            return;
        }
        out.blank();
        out.line("#ifdef __wasm__");
        for (module, function, names, import) in self.converting() {
            out.blank();
            self.import_attribute(out, module, function);
            if matches!(function.lowered.outcome, Outcome::NoReturn) {
                out.line("__attribute__((__noreturn__))");
            }
            self.declare(out, "extern ", &self.import_signature(function, names, import), ";");
            let (start, params) = self.signature(function, names);
            self.declare(out, &format!("{} ", self.inline), &(start, params), " {");
            self.conversion(out, function, names, import);
            out.line("}");
        }
        out.blank();
        out.line("#endif");
    }

    /// The body of a function that converts.
    fn conversion(
        &self,
        out: &mut Source,
        function: &Function,
        names: &FunctionNames,
        import: &str,
    ) {
        let lowered = &function.lowered;
        let mut scope = names.scope.clone();
        let (mut before, mut args, mut after) = (Vec::new(), Vec::new(), Vec::new());
        for (param, name) in lowered.wasm_params.iter().zip(&names.wasm_params) {
            args.push(match param.role {
                Role::Value(index) => self.widened(&function.params[index].ty, name),
                Role::Out(index) if self.is_bool(&lowered.outs()[index].ty) => {
                    let word = scope.local(&format!("{name}_word"));
                    before.push(format!("{} {word} = 0;", self.memory(&lowered.outs()[index].ty)));
                    after.push(format!("*{name} = {word} != 0;"));
                    format!("&{word}")
                }
                _ => name.clone(),
            });
        }
        let call = (import.to_owned(), args);
        let mut body = Source::new("  ");
        before.iter().for_each(|line| body.line(line));
        match &lowered.outcome {
            Outcome::Nothing | Outcome::NoReturn => self.declare(&mut body, "", &call, ";"),
            Outcome::Value(ty) => {
                let (cast, end) = self.narrowing(ty);
                self.declare(&mut body, &format!("return {cast}"), &call, &format!("{end};"));
            }
            Outcome::Expected { error, .. } => {
                let (cast, end) = match error {
                    Some(error) => self.narrowing(error),
                    None => (String::new(), ""),
                };
                let end = format!("{end};");
                if after.is_empty() {
                    self.declare(&mut body, &format!("return {cast}"), &call, &end);
                } else {
                    let ty = error
                        .as_ref()
                        .map_or("uint32_t".to_owned(), |ty| self.passed(ty));
                    let local = scope.local("code");
                    let start = format!("{} = {cast}", declaration(&ty, &local));
                    self.declare(&mut body, &start, &call, &end);
                    body.block(format!("if ({local} == 0) {{"), "}", |out| {
                        after.iter().for_each(|line| out.line(line));
                    });
                    body.line(format!("return {local};"));
                }
            }
        }
        out.indented(&body.finish());
    }

    /// The text before and after the call of an import that makes a value of `ty` of its word.
    fn narrowing(&self, ty: &Type) -> (String, &'static str) {
        match self.model.resolve(ty) {
            Type::Bool(_) => (String::new(), " != 0"),
            _ if Narrow::of(self.model, ty).is_some() => (format!("({})", self.passed(ty)), ""),
            _ => (String::new(), ""),
        }
    }

    /// The expression that passes a value to an import.
    fn widened(&self, ty: &Type, name: &str) -> String {
        match (self.converted(ty), self.model.resolve(ty)) {
            // Some compilers have a `char` with a sign.
            (Some(word), Type::Builtin(Builtin::Char8)) => format!("({word})(uint8_t){name}"),
            (Some(word), _) => format!("({word}){name}"),
            (None, _) => name.to_owned(),
        }
    }

    fn is_bool(&self, ty: &Type) -> bool {
        matches!(self.model.resolve(ty), Type::Bool(_))
    }

    /// The type in the import of a value that is converted.
    fn converted(&self, ty: &Type) -> Option<&'static str> {
        let narrow = Narrow::of(self.model, ty);
        (narrow.is_some() || self.is_bool(ty)).then(|| match Word::of(self.model, ty) {
            Word::S32 => "int32_t",
            _ => "uint32_t",
        })
    }

    /// Stand-ins that let a native program link; calling one traps.
    fn stand_ins(&self, out: &mut Source) {
        if self.model.functions().next().is_none() {
            return;
        }
        out.blank();
        out.line("// Stand-ins for native programs that are linked, but call no import: defined in the");
        out.line(format!("// file that defines {} before it includes this one.", self.stand_ins));
        out.line(format!("#if defined({}) && !defined(__wasm__)", self.stand_ins));
        for (module, names) in self.model.modules.iter().zip(&self.names.modules) {
            for (function, names) in module.functions.iter().zip(&names.functions) {
                let (start, params) = self.signature(function, names);
                out.block(format!("{start}({}) {{", params.join(", ")), "}", |out| {
                    for name in &names.wasm_params {
                        out.line(format!("(void){name};"));
                    }
                    out.line("__builtin_trap();");
                });
            }
        }
        out.line("#endif");
    }

    /// Whether anything but a parameter is a list or a string that is written in place.
    fn needs_view(&self) -> bool {
        fn holds(ty: &Type) -> bool {
            match ty {
                Type::String | Type::List(_) => true,
                Type::Pointer { pointee, .. } => holds(pointee),
                Type::Builtin(_) | Type::Bool(_) | Type::Named(_) => false,
            }
        }
        let inner = |ty: &Type| match ty {
            Type::List(element) => holds(element),
            ty => holds(ty) && !matches!(ty, Type::String),
        };
        let mut functions = self.model.functions();
        self.model.types.iter().any(|def| match &def.kind {
            TypeKind::Alias(target) => inner(target),
            TypeKind::Record { fields, .. } => fields.iter().any(|f| holds(&f.ty)),
            TypeKind::Variant { cases, .. } => {
                cases.iter().filter_map(|c| c.payload.as_ref()).any(holds)
            }
            TypeKind::Enum { .. } | TypeKind::Flags { .. } | TypeKind::Handle => false,
        }) || functions.any(|f| {
            let mut outs = f.lowered.outs().iter();
            f.params.iter().any(|param| inner(&param.ty))
                || outs.any(|out| holds(&out.ty))
                || matches!(&f.lowered.outcome, Outcome::Value(ty) if holds(ty))
        })
    }

    fn type_def(&self, out: &mut Source, def: &TypeDef, names: &TypeNames) {
        let name = &names.name;
        match &def.kind {
            TypeKind::Alias(target) => match target {
                Type::String => view(out, name, "char const"),
                Type::List(element) => view(out, name, &format!("{} const", self.memory(element))),
                target => out.line(format!("typedef {} {name};", self.memory(target))),
            },
            TypeKind::Handle => out.line(format!("typedef uint32_t {name};")),
            TypeKind::Enum { repr, cases } => {
                out.line(format!("typedef {} {name};", integer(*repr)));
                let numbers = (0..).map(|number| number.to_string());
                self.members(out, name, *repr, cases, names, numbers);
                if def.is_error {
                    texts(out, names, cases);
                }
            }
            TypeKind::Flags { repr, flags } => {
                out.line(format!("typedef {} {name};", integer(*repr)));
                let bits = (0..).map(|bit: u32| format!("{:#x}", 1_u64 << bit));
                self.members(out, name, *repr, flags, names, bits);
            }
            TypeKind::Record { fields, .. } => self.record(out, name, fields, names),
            TypeKind::Variant { tag, cases, .. } => self.variant(out, name, *tag, cases, names),
        }
    }

    fn members(
        &self,
        out: &mut Source,
        ty: &str,
        repr: IntRepr,
        members: &[Member],
        names: &TypeNames,
        values: impl Iterator<Item = String>,
    ) {
        for ((member, name), value) in members.iter().zip(&names.members).zip(values) {
            comment(out, &member.docs, "");
            let bits = repr.bits();
            out.line(format!("#define {name} (({ty})UINT{bits}_C({value}))"));
        }
    }

    fn record(&self, out: &mut Source, name: &str, fields: &[Field], names: &TypeNames) {
        let close = format!("}} {name};");
        out.block("typedef struct {", &close, |out| {
            for (field, member) in fields.iter().zip(&names.members) {
                comment(out, &field.docs, "");
                out.line(format!("{} {member};", self.memory(&field.ty)));
            }
        });
    }

    fn variant(
        &self,
        out: &mut Source,
        name: &str,
        tag: IntRepr,
        cases: &[Case],
        names: &TypeNames,
    ) {
        let close = format!("}} {name};");
        out.block("typedef struct {", &close, |out| {
            comment(out, "Which case it is, counted from 0.", "");
            out.line(format!("{} tag;", integer(tag)));
            if cases.iter().any(|case| case.payload.is_some()) {
                out.block("union {", "} payload;", |out| {
                    for (case, member) in cases.iter().zip(&names.members) {
                        if let Some(payload) = &case.payload {
                            comment(out, &case.docs, &format!("Of case `{}`.", case.name));
                            out.line(format!("{} {member};", self.memory(payload)));
                        }
                    }
                });
            }
        });
        for (number, (case, member)) in cases.iter().zip(&names.tags).enumerate() {
            comment(
                out,
                &case.docs,
                &format!("The tag of case `{}`.", case.name),
            );
            out.line(format!("#define {member} UINT{}_C({number})", tag.bits()));
        }
    }

    /// The type of a value in memory, and of one that is passed.
    pub(super) fn memory(&self, ty: &Type) -> String {
        match ty {
            Type::Builtin(builtin) => builtin_name(*builtin).to_owned(),
            // In memory and as a result it may be any number: all but 0 are true.
            Type::Bool(repr) => integer(*repr).to_owned(),
            Type::String | Type::List(_) => self.view.clone(),
            Type::Pointer { mutable, pointee } => {
                let pointee = self.memory(pointee);
                if *mutable {
                    format!("{pointee} *")
                } else {
                    format!("{pointee} const *")
                }
            }
            Type::Named(id) => self.names.get(*id).name.clone(),
        }
    }

    /// The type of a value that is passed or returned by value.
    pub(super) fn passed(&self, ty: &Type) -> String {
        match self.model.resolve(ty) {
            Type::Bool(_) => "bool".to_owned(),
            Type::Named(id) => match &self.model.get(*id).kind {
                // It takes 8 bytes in memory, and 4 when it is passed.
                TypeKind::Enum {
                    repr: IntRepr::U64, ..
                } => "uint32_t".to_owned(),
                _ => self.memory(ty),
            },
            _ => self.memory(ty),
        }
    }

    /// The type of an out value.
    pub(super) fn out(&self, ty: &Type) -> String {
        match self.model.resolve(ty) {
            Type::Bool(_) => "bool".to_owned(),
            _ => self.memory(ty),
        }
    }

    fn function(
        &self,
        out: &mut Source,
        module: &Module,
        function: &Function,
        names: &FunctionNames,
        converts: bool,
    ) {
        function_comment(out, function, names, &result_tags(function, names));
        if !converts {
            self.import_attribute(out, module, function);
        }
        match function.lowered.outcome {
            Outcome::NoReturn => out.line("__attribute__((__noreturn__))"),
            Outcome::Expected { .. } => out.line("__attribute__((__warn_unused_result__))"),
            _ => {}
        }
        let kind = if converts { &self.inline } else { "extern" };
        self.declare(out, &format!("{kind} "), &self.signature(function, names), ";");
    }

    fn import_attribute(&self, out: &mut Source, module: &Module, function: &Function) {
        let (module, name) = (quoted(&module.name), quoted(&function.name));
        out.line(format!("{}({module}, {name})", self.import));
    }

    /// Writes a declaration in one line, or if it is too long with a parameter to a line.
    fn declare(&self, out: &mut Source, kind: &str, signature: &(String, Vec<String>), end: &str) {
        let (start, params) = signature;
        let line = format!("{kind}{start}({}){end}", params.join(", "));
        if line.len() <= WIDTH {
            out.line(line);
            return;
        }
        out.block(format!("{kind}{start}("), &format!("){end}"), |out| {
            for (index, param) in params.iter().enumerate() {
                let comma = if index + 1 < params.len() { "," } else { "" };
                out.line(format!("{param}{comma}"));
            }
        });
    }

    /// The result and the name of a function, and its parameters.
    fn signature(&self, function: &Function, names: &FunctionNames) -> (String, Vec<String>) {
        let lowered = &function.lowered;
        let mut params = Vec::new();
        for (param, name) in lowered.wasm_params.iter().zip(&names.wasm_params) {
            let ty = match param.role {
                Role::Out(index) => format!("{} *", self.out(&lowered.outs()[index].ty)),
                role => self.param(function, role),
            };
            params.push(declaration(&ty, name));
        }
        let result = match &lowered.outcome {
            Outcome::Nothing | Outcome::NoReturn => "void".to_owned(),
            Outcome::Value(ty) => self.passed(ty),
            Outcome::Expected {
                error: Some(error), ..
            } => self.passed(error),
            Outcome::Expected { error: None, .. } => "uint32_t".to_owned(),
        };
        if params.is_empty() {
            params.push("void".to_owned());
        }
        (declaration(&result, &names.name), params)
    }

    /// The same of the import behind a function that converts.
    fn import_signature(
        &self,
        function: &Function,
        names: &FunctionNames,
        import: &str,
    ) -> (String, Vec<String>) {
        let lowered = &function.lowered;
        let word = |ty: &Type| match self.converted(ty) {
            Some(word) => word.to_owned(),
            None => self.passed(ty),
        };
        let mut params = Vec::new();
        for (param, name) in lowered.wasm_params.iter().zip(&names.wasm_params) {
            let ty = match param.role {
                Role::Value(index) => word(&function.params[index].ty),
                role => self.param(function, role),
            };
            params.push(declaration(&ty, name));
        }
        let result = match &lowered.outcome {
            Outcome::Nothing | Outcome::NoReturn => "void".to_owned(),
            Outcome::Value(ty) => word(ty),
            Outcome::Expected {
                error: Some(error), ..
            } => word(error),
            Outcome::Expected { error: None, .. } => "uint32_t".to_owned(),
        };
        if params.is_empty() {
            params.push("void".to_owned());
        }
        (declaration(&result, import), params)
    }

    /// The type of a parameter that takes something to the host.
    fn param(&self, function: &Function, role: Role) -> String {
        match role {
            Role::Value(index) | Role::BufferLength(index) => {
                self.passed(&function.params[index].ty)
            }
            Role::Address(index) => {
                format!("{} const *", self.memory(&function.params[index].ty))
            }
            Role::Elements(index) => match self.model.resolve(&function.params[index].ty) {
                Type::List(element) => format!("{} const *", self.memory(element)),
                _ => "char const *".to_owned(),
            },
            Role::Length(_) => "size_t".to_owned(),
            Role::Out(index) => format!("{} *", self.memory(&function.lowered.outs()[index].ty)),
        }
    }

    /// Checks of every layout, at compile time.
    fn layouts(&self, out: &mut Source) {
        let mut checks = Vec::new();
        for id in self.model.type_ids() {
            let names = self.names.get(id);
            let name = &names.name;
            checks.extend(self.model.layout_facts(id).into_iter().map(|fact| match fact {
                LayoutFact::Size(size) => format!("sizeof({name}) == {size}"),
                LayoutFact::Align(align) => format!("WITX_ALIGNOF({name}) == {align}"),
                LayoutFact::Field(index, offset) => {
                    format!("offsetof({name}, {}) == {offset}", names.members[index])
                }
                LayoutFact::Payload(offset) => format!("offsetof({name}, payload) == {offset}"),
            }));
        }
        if checks.is_empty() {
            return;
        }
        out.blank();
        out.line("#ifdef __wasm32__");
        out.line("#ifdef __cplusplus");
        out.line("#define WITX_ASSERT(condition) static_assert(condition, \"layout\")");
        out.line("#define WITX_ALIGNOF(type) alignof(type)");
        out.line("#else");
        out.line("#define WITX_ASSERT(condition) _Static_assert(condition, \"layout\")");
        out.line("#define WITX_ALIGNOF(type) _Alignof(type)");
        out.line("#endif");
        for condition in checks {
            out.line(format!("WITX_ASSERT({condition});"));
        }
        out.line("#undef WITX_ASSERT");
        out.line("#undef WITX_ALIGNOF");
        out.line("#endif");
    }
}

impl Declarations for C<'_> {
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
        let ty = &self.names.get(constant.ty).name;
        out.line(format!("#define {name} (({ty})UINT64_C({}))", constant.value));
    }

    fn write_module(&self, out: &mut Source, module: &Module, names: &ModuleNames) {
        for (function, names) in module.functions.iter().zip(&names.functions) {
            out.blank();
            let converts = converts(self.model, function);
            self.function(out, module, function, names, converts);
        }
    }
}

/// Whether a function is not the import itself: whether that has a number that is narrower than
/// a word, or a truth value.
fn converts(model: &Model, function: &Function) -> bool {
    let is_bool = |ty: &Type| matches!(model.resolve(ty), Type::Bool(_));
    let converted = |ty: &Type| is_bool(ty) || Narrow::of(model, ty).is_some();
    let lowered = &function.lowered;
    let mut params = lowered.wasm_params.iter();
    let result = match &lowered.outcome {
        Outcome::Nothing | Outcome::NoReturn => None,
        Outcome::Value(ty) => Some(ty),
        Outcome::Expected { error, .. } => error.as_ref(),
    };
    result.is_some_and(converted)
        || params.any(|param| match param.role {
            Role::Value(index) => converted(&function.params[index].ty),
            Role::Out(index) => is_bool(&lowered.outs()[index].ty),
            _ => false,
        })
}

/// The names of the imports behind functions that convert.
fn imports(model: &Model, names: &mut Names) -> Vec<Vec<Option<String>>> {
    let mut imports = Vec::new();
    for (index, module) in model.modules.iter().enumerate() {
        let mut own = Vec::new();
        for (number, function) in module.functions.iter().enumerate() {
            own.push(converts(model, function).then(|| {
                let name = names.modules[index].functions[number].name.clone();
                names.behind(&name, "import")
            }));
        }
        imports.push(own);
    }
    imports
}

/// Functions that give texts about an error.
fn texts(out: &mut Source, names: &TypeNames, cases: &[Member]) {
    let ty = &names.name;
    for (text, function) in ERROR_TEXTS.iter().zip(&names.error_texts) {
        out.blank();
        comment(out, text.docs, "");
        let open = format!("static inline const char *{function}({ty} code) {{");
        out.block(open, "}", |out| {
            out.block("switch (code) {", "}", |out| {
                for (case, member) in cases.iter().zip(&names.members) {
                    let text = quoted(&(text.of)(case));
                    out.line(format!("case {member}: return {text};"));
                }
                out.line(format!("default: return {};", quoted(text.unknown)));
            });
        });
    }
}

/// Declares the type of a list: the address of its elements, and their number.
fn view(out: &mut Source, name: &str, element: &str) {
    out.block("typedef struct {", &format!("}} {name};"), |out| {
        out.line(format!("{element} *ptr;"));
        out.line("size_t len;");
    });
}

fn declaration(ty: &str, name: &str) -> String {
    let gap = if ty.ends_with('*') { "" } else { " " };
    format!("{ty}{gap}{name}")
}

/// The first line of a file, so that clang-format leaves the comment at the head alone as well.
pub(super) const UNFORMATTED: &str = "// clang-format off";

fn integer(repr: IntRepr) -> &'static str {
    match repr {
        IntRepr::U8 => "uint8_t",
        IntRepr::U16 => "uint16_t",
        IntRepr::U32 => "uint32_t",
        IntRepr::U64 => "uint64_t",
    }
}

fn builtin_name(builtin: Builtin) -> &'static str {
    match builtin {
        Builtin::U8 => "uint8_t",
        Builtin::Char8 => "char",
        Builtin::U16 => "uint16_t",
        Builtin::U32 | Builtin::Char => "uint32_t",
        Builtin::Usize => "size_t",
        Builtin::U64 => "uint64_t",
        Builtin::S8 => "int8_t",
        Builtin::S16 => "int16_t",
        Builtin::S32 => "int32_t",
        Builtin::S64 => "int64_t",
        Builtin::F32 => "float",
        Builtin::F64 => "double",
    }
}

/// What is said of the results of a function in C, as tags: those of a function that can fail are
/// written to addresses, and what it returns is the error.
fn result_tags(function: &Function, names: &FunctionNames) -> Vec<String> {
    let said = docs::of_function(function).result;
    let Outcome::Expected { outs, .. } = &function.lowered.outcome else {
        return return_tag(&said);
    };
    let failure = "0 for success, else the error.";
    let params = function.lowered.wasm_params.iter().zip(&names.wasm_params);
    let mut params = params.filter(|(param, _)| matches!(param.role, Role::Out(_)));
    match (params.next(), &outs[..]) {
        _ if said.is_empty() => Vec::new(),
        (Some((_, name)), [_]) => vec![
            format!("@param[out] {name} {said}"),
            format!("@return {failure}"),
        ],
        (None, _) => return_tag(&said),
        (Some(_), _) => vec![format!("@return {failure} With success: {said}")],
    }
}

/// The tag of a result about which this is said.
pub(super) fn return_tag(said: &str) -> Vec<String> {
    match said {
        "" => Vec::new(),
        said => vec![format!("@return {said}")],
    }
}

/// Writes the documentation of a function, with what it says of parameters as tags, and those of
/// the result.
pub(super) fn function_comment(
    out: &mut Source,
    function: &Function,
    names: &FunctionNames,
    result: &[String],
) {
    let docs = docs::of_function(function);
    let inputs = docs.inputs.into_iter();
    let inputs = inputs.map(|(input, said)| format!("@param {} {said}", names.inputs[input]));
    let tags: Vec<String> = inputs.chain(result.iter().cloned()).collect();
    let mut text = docs.text;
    if !tags.is_empty() {
        text.push_str("\n\n");
        text.push_str(&tags.join("\n"));
    }
    comment(out, &text, "");
}

/// Writes a text, or a substitute for an empty one, as a documentation comment.
pub(super) fn comment(out: &mut Source, text: &str, substitute: &str) {
    // The text must not end the comment, look like the start of another one, or join lines.
    let text = docs::or(text, substitute).replace("*/", "* /").replace("/*", "/ *");
    let lines = docs::lines(&text).into_iter();
    out.doc_block(lines.map(|line| line.trim_end_matches('\\').trim_end()));
}

/// A string literal.
fn quoted(text: &str) -> String {
    let mut literal = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' | '?' => literal.extend(['\\', c]),
            c if c.is_ascii_control() => literal.push_str(&format!("\\{:03o}", u32::from(c))),
            c => literal.push(c),
        }
    }
    literal.push('"');
    literal
}
