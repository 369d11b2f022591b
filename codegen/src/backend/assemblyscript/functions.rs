//! Functions in AssemblyScript: the imports, and wrappers that are pleasant to call.

use super::{AssemblyScript, Source, WIDTH, comment, quoted};
use crate::abi::{Narrow, Word, layout, layout_of_record};
use crate::backend::naming::{FunctionNames, ModuleNames, Scope};
use crate::model::{Function, InputKind, Module, Outcome, Role, Type, TypeKind, docs};

impl AssemblyScript<'_> {
    /// Where the out values of a function go in the bytes for them, and where they end.
    fn offsets(&self, function: &Function) -> (Vec<u32>, u32) {
        let layouts = function.lowered.outs().iter().map(|out| out.layout);
        let (layout, offsets) = layout_of_record(layouts);
        (offsets, layout.size)
    }

    pub(super) fn module(&self, out: &mut Source, module: &Module, names: &ModuleNames) {
        for (function, names) in module.functions.iter().zip(&names.functions) {
            out.blank();
            self.import(out, module, function, names);
        }
        for (function, names) in module.functions.iter().zip(&names.functions) {
            out.blank();
            self.result_class(out, function, names);
            self.function(out, function, names);
        }
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
            let ty = match param.role {
                Role::Value(index) | Role::BufferLength(index) => {
                    self.import_type(&function.params[index].ty)
                }
                _ => "usize",
            };
            params.push(format!("{name}: {ty}"));
        }
        let result = match (&lowered.outcome, lowered.wasm_result) {
            (_, None) => "void",
            (Outcome::Value(ty), _) => self.import_type(ty),
            (_, Some(_)) => "i32",
        };
        out.line("// @ts-ignore: decorator");
        out.line(format!(
            "@external({}, {})",
            quoted(&module.name),
            quoted(&function.name)
        ));
        out.list(&format!("export declare function {}(", import_name(names)),
            &params,
            &format!("): {result};"),
        );
    }

    /// The type of a value in the signature of an import: nothing narrower than a word.
    fn import_type(&self, ty: &Type) -> &'static str {
        Word::of(self.model, ty).name()
    }

    fn error_type(&self, error: Option<&Type>) -> String {
        error.map_or_else(|| "i32".to_owned(), |error| self.value_type(error))
    }

    /// The class of what a function gives, if it gives more than one value.
    fn result_class(&self, out: &mut Source, function: &Function, names: &FunctionNames) {
        let Outcome::Expected { outs, error } = &function.lowered.outcome else {
            return;
        };
        if outs.is_empty() {
            return;
        }
        comment(out, &format!("What `{}` gives.", names.name), "");
        out.block(
            format!("export class {} {{", names.result_type),
            "}",
            |out| {
                out.block("constructor(", ") {}", |out| {
                    comment(
                        out,
                        "The error; the other values mean something if it is 0.",
                        "",
                    );
                    out.line(format!(
                        "public error: {},",
                        self.error_type(error.as_ref())
                    ));
                    for (value, name) in outs.iter().zip(&names.results) {
                        out.line(format!("public {name}: {},", self.value_type(&value.ty)));
                    }
                });
            },
        );
        out.blank();
    }

    fn function(&self, out: &mut Source, function: &Function, names: &FunctionNames) {
        let mut scope = names.scope.clone();
        let mut inputs = self.inputs(function, names, &mut scope);
        let (offsets, size) = self.offsets(function);
        let mut results = String::new();
        if !offsets.is_empty() {
            let bytes = scope.local("results");
            inputs
                .before
                .push(format!("const {bytes} = new ArrayBuffer({size});"));
            results = format!("changetype<usize>({bytes})");
        }
        inputs.args.extend(offsets.iter().map(|offset| match offset {
            0 => results.clone(),
            offset => format!("{results} + {offset}"),
        }));
        let result = match &function.lowered.outcome {
            Outcome::Nothing | Outcome::NoReturn => "void".to_owned(),
            Outcome::Value(ty) => self.value_type(ty),
            Outcome::Expected { outs, error } if outs.is_empty() => self.error_type(error.as_ref()),
            Outcome::Expected { .. } => names.result_type.clone(),
        };
        self.function_comment(out, function, names);
        let open = format!("export function {}(", names.name);
        out.list(&open, &inputs.params, &format!("): {result} {{"));
        let mut body = Source::new("  ");
        for line in &inputs.before {
            body.line(line);
        }
        let call = |out: &mut Source, start: &str, end: &str| {
            let start = format!("{start}{}(", import_name(names));
            out.list(&start, &inputs.args, &format!("){end}"));
        };
        match &function.lowered.outcome {
            Outcome::Nothing => call(&mut body, "", ";"),
            Outcome::NoReturn => {
                call(&mut body, "", ";");
                body.line("unreachable();");
            }
            Outcome::Value(ty) => {
                let (start, end) = match self.model.resolve(ty) {
                    Type::Bool(_) => (String::new(), " != 0;"),
                    _ => (self.cast(ty), ";"),
                };
                call(&mut body, &format!("return {start}"), end);
            }
            Outcome::Expected { outs, error } => {
                let cast = match error {
                    Some(error) => self.cast(error),
                    None => "<i32>".to_owned(),
                };
                if outs.is_empty() {
                    call(&mut body, &format!("return {cast}"), ";");
                } else {
                    let code = scope.local("code");
                    call(&mut body, &format!("const {code} = {cast}"), ";");
                    let class = &names.result_type;
                    let values = outs.iter().zip(&offsets);
                    let values = values.map(|(out, offset)| {
                        let value = self.read(&out.ty, &results, *offset);
                        (self.zero(&out.ty), value)
                    });
                    let (zeros, values): (Vec<String>, Vec<String>) =
                        std::iter::once((code.clone(), code.clone())).chain(values).unzip();
                    let zeros = zeros.join(", ");
                    body.line(format!(
                        "if (<i32>{code} != 0) return new {class}({zeros});"
                    ));
                    body.list(&format!("return new {class}("), &values, ");");
                }
            }
        }
        out.indented(&body.finish());
        out.line("}");
    }

    /// What a function takes, and how that is passed to the import.
    fn inputs(&self, function: &Function, names: &FunctionNames, scope: &mut Scope) -> Inputs {
        let lowered = &function.lowered;
        let (mut params, mut before, mut args) = (Vec::new(), Vec::new(), Vec::new());
        let keeps = lowered.inputs.iter().any(|input| match &input.kind {
            InputKind::Reference(ty) | InputKind::List(ty) => self.holds_text(ty),
            _ => false,
        });
        let keep = if keeps { scope.local("keep") } else { String::new() };
        if keeps {
            before.push(format!("const {keep} = new Array<ArrayBuffer>();"));
        }
        for (input, name) in lowered.inputs.iter().zip(&names.inputs) {
            match &input.kind {
                InputKind::Value(ty) => {
                    params.push(format!("{name}: {}", self.value_type(ty)));
                    args.push(self.lower(ty, name));
                }
                InputKind::Reference(ty) => {
                    params.push(format!("{name}: {}", self.value_type(ty)));
                    let bytes = scope.local(&format!("{name}_bytes"));
                    let size = layout(&self.model.types, ty).size;
                    before.push(format!("const {bytes} = new ArrayBuffer({size});"));
                    let pointer = format!("changetype<usize>({bytes})");
                    before.push(self.write(ty, &pointer, 0, name, &keep));
                    args.push(format!("changetype<usize>({bytes})"));
                }
                InputKind::String => {
                    params.push(format!("{name}: string"));
                    let bytes = scope.local(&format!("{name}_bytes"));
                    before.push(format!("const {bytes} = encodeText({name});"));
                    args.push(format!("changetype<usize>({bytes})"));
                    args.push(format!("{bytes}.byteLength"));
                }
                InputKind::List(element) => {
                    let array = self.array_type(element);
                    if array.starts_with("Array<") {
                        let bytes = scope.local(&format!("{name}_bytes"));
                        let index = scope.local("index");
                        let size = layout(&self.model.types, element).size;
                        before.push(format!(
                            "const {bytes} = new ArrayBuffer({name}.length * {size});"
                        ));
                        before.push(format!(
                            "for (let {index} = 0; {index} < {name}.length; {index}++) {{"
                        ));
                        let pointer = format!("changetype<usize>({bytes}) + {index} * {size}");
                        let value = format!("{name}[{index}]");
                        before.push(format!("  {}", self.write(element, &pointer, 0, &value, &keep)));
                        before.push("}".to_owned());
                        args.push(format!("changetype<usize>({bytes})"));
                    } else {
                        args.push(format!("{name}.dataStart"));
                    }
                    params.push(format!("{name}: {array}"));
                    args.push(format!("{name}.length"));
                }
                InputKind::Buffer { element, .. } => {
                    params.push(format!("{name}: {}", self.array_type(element)));
                    args.push(format!("{name}.dataStart"));
                    args.push(format!("{name}.length"));
                }
            }
        }
        Inputs {
            params,
            before,
            args,
        }
    }

    /// The cast that makes a value of a word that an import returned.
    fn cast(&self, ty: &Type) -> String {
        let shown = self.value_type(ty);
        match (self.is_enum(ty), Narrow::of(self.model, ty)) {
            // An enum of the language is an `i32`, whatever represents it in WITX.
            (true, Some(narrow)) => format!("<{shown}><{}>", narrow.name()),
            _ => format!("<{shown}>"),
        }
    }

    /// The expression that passes a value to an import.
    fn lower(&self, ty: &Type, name: &str) -> String {
        let word = self.import_type(ty);
        let target = self.model.resolve(ty);
        let is_handle = matches!(target, Type::Named(id)
            if matches!(self.model.get(*id).kind, TypeKind::Handle));
        if is_handle || word == self.value_type(target) {
            return name.to_owned();
        }
        match (self.is_enum(ty), Narrow::of(self.model, ty)) {
            (true, Some(narrow)) => format!("<{word}><{}>{name}", narrow.name()),
            _ => format!("<{word}>{name}"),
        }
    }

    fn is_enum(&self, ty: &Type) -> bool {
        match self.model.resolve(ty) {
            Type::Named(id) => matches!(self.model.get(*id).kind, TypeKind::Enum { .. }),
            _ => false,
        }
    }

    fn function_comment(&self, out: &mut Source, function: &Function, names: &FunctionNames) {
        let docs = docs::of_function(function);
        let mut text = docs.text;
        let width = WIDTH - 3 - out.width();
        let mut tags = String::new();
        let mut tag = |head: String, said: String| {
            if !said.is_empty() {
                for (index, line) in docs::wrap(&format!("{head} {said}"), width - 2)
                    .iter()
                    .enumerate()
                {
                    tags.push_str(if index == 0 { "\n" } else { "\n  " });
                    tags.push_str(line);
                }
            }
        };
        for (input, said) in docs.inputs {
            tag(format!("@param {}", names.inputs[input]), said);
        }
        tag("@returns".to_owned(), docs.result);
        if !tags.is_empty() {
            text.push('\n');
            text.push_str(&tags);
        }
        comment(out, &text, "");
    }
}

/// The parameters of a function.
struct Inputs {
    params: Vec<String>,
    /// The statements that encode them.
    before: Vec<String>,
    /// What is passed to the import for them.
    args: Vec<String>,
}

/// The name of the import behind a function.
fn import_name(names: &FunctionNames) -> String {
    format!("_{}", names.name)
}
