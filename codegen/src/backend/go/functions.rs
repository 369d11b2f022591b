//! Functions in Go: the imports, and wrappers that are pleasant to call.

use super::{Go, Source, can_fail, comment};
use crate::abi::{Narrow, Word};
use crate::backend::naming::FunctionNames;
use crate::model::{Function, InputKind, Module, Outcome, Role, Type, docs};

impl Go<'_> {
    pub(super) fn import(
        &self,
        out: &mut Source,
        module: &Module,
        function: &Function,
        names: &FunctionNames,
    ) {
        let lowered = &function.lowered;
        let params = lowered.wasm_params.iter().zip(&names.wasm_params);
        let params = params.map(|(param, name)| {
            let ty = match param.role {
                Role::Value(index) => word(Word::of(self.model, &function.params[index].ty)),
                Role::Length(_) | Role::BufferLength(_) => "uint32",
                Role::Address(_) | Role::Elements(_) | Role::Out(_) => "unsafe.Pointer",
            };
            format!("{name} {ty}")
        });
        let result = match (&lowered.outcome, lowered.wasm_result) {
            (_, None) => "",
            (Outcome::Value(ty), _) => match Word::of(self.model, ty) {
                // An address inside of values is a number, and has to be converted to a pointer.
                Word::Pointer => " uint32",
                other => &format!(" {}", word(other)),
            },
            (_, Some(_)) => " uint32",
        };
        out.line(format!("//go:wasmimport {} {}", module.name, function.name));
        let params = params.collect::<Vec<_>>().join(", ");
        out.line(format!("func {}({params}){result}", import_name(names)));
    }

    pub(super) fn function(&self, out: &mut Source, function: &Function, names: &FunctionNames) {
        let lowered = &function.lowered;
        let mut scope = names.scope.clone();
        let (mut params, mut args) = (Vec::new(), Vec::new());
        for (input, name) in lowered.inputs.iter().zip(&names.inputs) {
            let (ty, data) = match &input.kind {
                InputKind::Value(ty) => {
                    params.push(format!("{name} {}", self.value_type(ty)));
                    args.push(self.lower(ty, name));
                    continue;
                }
                InputKind::Reference(ty) => {
                    params.push(format!("{name} {}", self.memory_type(ty)));
                    args.push(format!("unsafe.Pointer(&{name})"));
                    continue;
                }
                InputKind::String => ("string".to_owned(), "StringData"),
                InputKind::List(element) | InputKind::Buffer { element, .. } => {
                    (format!("[]{}", self.element_type(element)), "SliceData")
                }
            };
            params.push(format!("{name} {ty}"));
            args.push(format!("unsafe.Pointer(unsafe.{data}({name}))"));
            args.push(format!("uint32(len({name}))"));
        }
        args.extend(names.outs.iter().map(|out| format!("unsafe.Pointer(&{out})")));
        let mut results: Vec<String> = match &lowered.outcome {
            Outcome::Value(ty) => vec![self.value_type(ty)],
            _ => lowered.outs().iter().map(|out| self.out_type(&out.ty)).collect(),
        };
        let fails = can_fail(&lowered.outcome);
        if fails {
            results.push("error".to_owned());
        }
        let result = match &results[..] {
            [] => String::new(),
            [one] => format!(" {one}"),
            many => format!(" ({})", many.join(", ")),
        };
        self.function_comment(out, function, names);
        let open = format!("func {}({}){result} {{", names.name, params.join(", "));
        out.block(open, "}", |out| {
            for (value, name) in lowered.outs().iter().zip(&names.outs) {
                out.line(format!("var {name} {}", self.memory_type(&value.ty)));
            }
            let call = format!("{}({})", import_name(names), args.join(", "));
            match &lowered.outcome {
                Outcome::Nothing => out.line(call),
                Outcome::NoReturn => {
                    out.line(call);
                    out.line("panic(\"the host returned from a function that does not return\")");
                }
                Outcome::Value(ty) => out.line(format!("return {}", self.lift(ty, &call))),
                Outcome::Expected { outs, error } => {
                    let code = scope.local("code");
                    let narrow = error.as_ref().and_then(|error| Narrow::of(self.model, error));
                    // Truncate before comparing: junk in the upper bits is not an error.
                    let call = match narrow {
                        Some(Narrow::U8) => format!("uint8({call})"),
                        Some(Narrow::U16) => format!("uint16({call})"),
                        Some(Narrow::S8) => format!("int8({call})"),
                        Some(Narrow::S16) => format!("int16({call})"),
                        None => call,
                    };
                    out.line(format!("{code} := {call}"));
                    let values = outs.iter().zip(&names.outs);
                    let values = values.map(|(value, name)| match self.model.resolve(&value.ty) {
                        Type::Bool(_) => format!("{name} != 0, "),
                        _ => format!("{name}, "),
                    });
                    let values: String = values.collect();
                    let error = match error {
                        Some(error) => match self.error_name(error) {
                            Some(name) => format!("{name}({code})"),
                            None => format!("ErrorCode({code})"),
                        },
                        None => "ErrFailed".to_owned(),
                    };
                    out.block(format!("if {code} != 0 {{"), "}", |out| {
                        out.line(format!("return {values}{error}"));
                    });
                    out.line(format!("return {values}nil"));
                }
            }
        });
    }

    /// The type of an out value: lists and addresses stay as they are in memory.
    fn out_type(&self, ty: &Type) -> String {
        match self.model.resolve(ty) {
            Type::Bool(_) => "bool".to_owned(),
            _ => self.memory_type(ty),
        }
    }

    /// The expression that passes a value to an import.
    fn lower(&self, ty: &Type, name: &str) -> String {
        match (self.model.resolve(ty), Word::of(self.model, ty)) {
            (Type::Bool(_), _) => format!("boolWord({name})"),
            (_, other) => format!("{}({name})", word(other)),
        }
    }

    /// The expression that makes a value of what an import returns.
    fn lift(&self, ty: &Type, call: &str) -> String {
        match self.model.resolve(ty) {
            Type::Bool(_) => format!("{call} != 0"),
            Type::Pointer { .. } => format!("{}({call}).Get()", self.memory_type(ty)),
            _ => format!("{}({call})", self.value_type(ty)),
        }
    }

    fn function_comment(&self, out: &mut Source, function: &Function, names: &FunctionNames) {
        let docs = docs::of_function(function);
        let mut text = docs.text;
        // Paragraphs: Go's formatter would rewrite lists.
        for (input, said) in docs.inputs {
            text.push_str(&format!("\n\n{}: {said}", names.inputs[input]));
        }
        if !docs.result.is_empty() {
            text.push_str(&format!("\n\nReturns: {}", docs.result));
        }
        comment(out, &text);
    }
}

fn word(word: Word) -> &'static str {
    match word {
        Word::U32 | Word::Usize => "uint32",
        Word::S32 => "int32",
        Word::U64 => "uint64",
        Word::S64 => "int64",
        Word::F32 => "float32",
        Word::F64 => "float64",
        Word::Pointer => "unsafe.Pointer",
    }
}

/// The name of the import behind a function. No other name has an underscore in it.
fn import_name(names: &FunctionNames) -> String {
    format!("import_{}", names.name)
}
