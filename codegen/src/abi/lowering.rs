//! How functions are called in WebAssembly, and how a language should show them.
//!
//! Decided here, once for all backends: the signature of the import, which of its parameters
//! belong to which parameter of the WITX function, which pointer and length are one buffer, and
//! what comes back through the result and the out-pointers. The signature is the one that
//! `witx` computes; tests compare the two.
//!
//! The rules are those of the ABI that witx calls `Preview1`:
//!
//! - numbers, enums, flags, handles and pointers are passed by value, in an `i32` if they fit,
//! - lists and strings are a pointer and the number of elements,
//! - records and variants are passed by address,
//! - an `expected` result is an integer, 0 for success and else the error. What goes with
//!   success is written through one out-pointer for each member of a tuple, or through one.

use super::{layout, wasm_type};
use crate::model::{
    Builtin, Function, Input, InputKind, Lowered, Out, Outcome, Param, Role, Type, TypeDef,
    WasmParam, WasmType, resolve,
};

/// What a function gives back, in WITX's terms.
pub(crate) enum Returned {
    Nothing,
    NoReturn,
    Value(Type),
    Expected { ok: Vec<Type>, error: Option<Type> },
}

/// Lowers a function.
pub(crate) fn lower(types: &[TypeDef], params: &[Param], returned: Returned) -> Lowered {
    let outcome = match returned {
        Returned::Nothing => Outcome::Nothing,
        Returned::NoReturn => Outcome::NoReturn,
        Returned::Value(ty) => Outcome::Value(ty),
        Returned::Expected { ok, error } => Outcome::Expected {
            outs: outs(types, ok),
            error,
        },
    };
    let inputs = inputs(types, params);
    let wasm_result = match &outcome {
        Outcome::Nothing | Outcome::NoReturn => None,
        Outcome::Value(ty) => wasm_type(types, ty),
        Outcome::Expected { .. } => Some(WasmType::I32),
    };
    Lowered {
        wasm_params: wasm_params(types, params, &inputs, &outcome),
        inputs,
        outcome,
        wasm_result,
    }
}

/// Splits the buffer whose pointer is parameter `pointer` into two inputs, the pointer and the
/// length. Returns whether there is such a buffer.
pub(crate) fn keep_pointer(types: &[TypeDef], function: &mut Function, pointer: usize) -> bool {
    let lowered = &mut function.lowered;
    let is_it =
        |input: &Input| input.param == pointer && matches!(input.kind, InputKind::Buffer { .. });
    let Some(index) = lowered.inputs.iter().position(is_it) else {
        return false;
    };
    let params = [pointer, pointer + 1].map(|index| {
        let param = &function.params[index];
        Input {
            name: param.name.clone(),
            kind: InputKind::Value(param.ty.clone()),
            param: index,
        }
    });
    lowered.inputs.splice(index..=index, params);
    lowered.wasm_params = wasm_params(types, &function.params, &lowered.inputs, &lowered.outcome);
    true
}

fn wasm_params(
    types: &[TypeDef],
    params: &[Param],
    inputs: &[Input],
    outcome: &Outcome,
) -> Vec<WasmParam> {
    let mut wasm_params = Vec::new();
    for (index, param) in params.iter().enumerate() {
        // The length of a buffer is no input of its own.
        let input = inputs.iter().position(|input| input.param == index);
        let mut push = |suffix: &str, ty, role, input| {
            let name = format!("{}{suffix}", param.name);
            wasm_params.push(WasmParam {
                name,
                ty,
                role,
                input,
            });
        };
        match resolve(types, &param.ty) {
            Type::String | Type::List(_) => {
                push("", WasmType::I32, Role::Elements(index), input);
                push("_len", WasmType::I32, Role::Length(index), None);
            }
            ty => match (wasm_type(types, ty), input) {
                (Some(ty), None) => push("", ty, Role::BufferLength(index), None),
                (Some(ty), _) => push("", ty, Role::Value(index), input),
                (None, _) => push("", WasmType::I32, Role::Address(index), input),
            },
        }
    }
    if let Outcome::Expected { outs, .. } = outcome {
        for (index, out) in outs.iter().enumerate() {
            let mut name = out.name.clone();
            while wasm_params.iter().any(|param| param.name == name) {
                name.push_str("_out");
            }
            wasm_params.push(WasmParam {
                name,
                ty: WasmType::I32,
                role: Role::Out(index),
                input: None,
            });
        }
    }
    wasm_params
}

/// Groups parameters: a pointer to bytes and the length behind it are one buffer.
fn inputs(types: &[TypeDef], params: &[Param]) -> Vec<Input> {
    let mut inputs = Vec::new();
    let mut index = 0;
    while let Some(param) = params.get(index) {
        let buffer = params
            .get(index + 1)
            .and_then(|next| buffer(types, param, next));
        let taken = if buffer.is_some() { 2 } else { 1 };
        let kind = buffer.unwrap_or_else(|| match resolve(types, &param.ty) {
            Type::String => InputKind::String,
            Type::List(element) => InputKind::List((**element).clone()),
            ty if wasm_type(types, ty).is_some() => InputKind::Value(param.ty.clone()),
            _ => InputKind::Reference(param.ty.clone()),
        });
        inputs.push(Input {
            name: param.name.clone(),
            kind,
            param: index,
        });
        index += taken;
    }
    inputs
}

/// The buffer that two neighbouring parameters make, if they do.
fn buffer(types: &[TypeDef], pointer: &Param, len: &Param) -> Option<InputKind> {
    let Type::Pointer { mutable, pointee } = resolve(types, &pointer.ty) else {
        return None;
    };
    // With larger elements, the length could count bytes or elements; these stay apart.
    let bytes = matches!(
        resolve(types, pointee),
        Type::Builtin(Builtin::U8 | Builtin::Char8)
    );
    let size = matches!(
        resolve(types, &len.ty),
        Type::Builtin(Builtin::U32 | Builtin::Usize)
    );
    (bytes && size && len.name == format!("{}_len", pointer.name)).then(|| InputKind::Buffer {
        mutable: *mutable,
        element: (**pointee).clone(),
        len: len.ty.clone(),
    })
}

/// The values behind out-pointers, with names made from those of their types.
fn outs(types: &[TypeDef], ok: Vec<Type>) -> Vec<Out> {
    let mut outs: Vec<Out> = Vec::new();
    for ty in ok {
        let base = match &ty {
            Type::Named(id) => types[id.0].name.clone(),
            _ => "value".to_owned(),
        };
        let mut name = base.clone();
        let mut number = 2;
        while outs.iter().any(|out| out.name == name) {
            name = format!("{base}_{number}");
            number += 1;
        }
        let layout = layout(types, &ty);
        outs.push(Out { name, ty, layout });
    }
    outs
}
