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

use crate::diagnostic::{Diagnostic, Location};
use crate::layout::Layout;
use crate::model::{Builder, Builtin, IntRepr, Param, Type, TypeDef, TypeId, TypeKind, resolve};

/// A function as WebAssembly sees it and as a language should show it.
#[derive(Debug)]
pub struct Lowered {
    /// What a caller passes, in the order of the WITX parameters.
    pub inputs: Vec<Input>,
    /// What a caller gets.
    pub outcome: Outcome,
    /// The parameters of the import.
    pub wasm_params: Vec<WasmParam>,
    /// The result of the import.
    pub wasm_result: Option<WasmType>,
}

impl Lowered {
    /// The type that the function gives as its error, if that has a name.
    pub fn error_type(&self) -> Option<TypeId> {
        match &self.outcome {
            Outcome::Expected {
                error: Some(Type::Named(id)),
                ..
            } => Some(*id),
            _ => None,
        }
    }

    /// The index of the input that a parameter of the import stands for first: none for out
    /// values and for lengths, which come behind that.
    pub fn input_of(&self, role: Role) -> Option<usize> {
        match role {
            Role::Value(param) | Role::Address(param) | Role::Elements(param) => {
                self.inputs.iter().position(|input| input.param == param)
            }
            Role::Length(_) | Role::Out(_) => None,
        }
    }

    /// The values that are written through out-pointers.
    pub fn outs(&self) -> &[Out] {
        match &self.outcome {
            Outcome::Expected { outs, .. } => outs,
            _ => &[],
        }
    }
}

/// A parameter of a function as a language should show it.
#[derive(Debug)]
pub struct Input {
    /// The name in WITX, without `$`.
    pub name: String,
    /// What is passed.
    pub kind: InputKind,
    /// The index of the WITX parameter that it stands for; for a buffer, of the pointer, which
    /// the length follows.
    pub param: usize,
}

/// What is passed for a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputKind {
    /// A value that fits in one wasm value.
    Value(Type),
    /// A record or a variant, of which the address is passed.
    Reference(Type),
    /// Text, of which address and length in bytes are passed.
    String,
    /// A list, of which address and number of elements are passed.
    List(Type),
    /// A buffer of bytes: a pointer parameter, and one behind it that is named like it with
    /// `_len` added and is an unsigned 32-bit integer.
    Buffer {
        /// Whether the callee fills it.
        mutable: bool,
        /// The type of the bytes, `u8` or `char8`.
        element: Type,
        /// The type of the length.
        len: Type,
    },
}

/// What a function gives back.
#[derive(Debug)]
pub enum Outcome {
    /// Nothing.
    Nothing,
    /// The function does not return.
    NoReturn,
    /// One value, as the result of the import.
    Value(Type),
    /// Values through out-pointers, or an error as the result of the import.
    Expected {
        /// What goes with success.
        outs: Vec<Out>,
        /// The error; a function without a type for it only tells that there was one.
        error: Option<Type>,
    },
}

/// A value that is written through an out-pointer.
#[derive(Debug)]
pub struct Out {
    /// A name made from that of its type; different for each out-pointer of a function.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// Its size and alignment.
    pub layout: Layout,
}

/// A parameter of the import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WasmParam {
    /// A name for it: that of the WITX parameter or of the out value, with `_len` for a length.
    pub name: String,
    /// Its type.
    pub ty: WasmType,
    /// What it carries.
    pub role: Role,
}

/// What a parameter of the import carries. Numbers are indices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A WITX parameter itself.
    Value(usize),
    /// The address of a WITX parameter.
    Address(usize),
    /// The address of the elements of a WITX parameter.
    Elements(usize),
    /// The number of elements of a WITX parameter.
    Length(usize),
    /// The address where an out value goes.
    Out(usize),
}

/// The types of WebAssembly that are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WasmType {
    /// A 32-bit integer.
    I32,
    /// A 64-bit integer.
    I64,
    /// A 32-bit float.
    F32,
    /// A 64-bit float.
    F64,
}

impl WasmType {
    /// The name of the type in the text format of WebAssembly.
    pub fn name(self) -> &'static str {
        match self {
            WasmType::I32 => "i32",
            WasmType::I64 => "i64",
            WasmType::F32 => "f32",
            WasmType::F64 => "f64",
        }
    }

    fn of_repr(repr: IntRepr) -> WasmType {
        match repr {
            IntRepr::U64 => WasmType::I64,
            IntRepr::U8 | IntRepr::U16 | IntRepr::U32 => WasmType::I32,
        }
    }

    /// The type in which a value of `ty` is passed if it is passed by value.
    pub fn of(types: &[TypeDef], ty: &Type) -> Option<WasmType> {
        match resolve(types, ty) {
            Type::Builtin(builtin) => Some(match builtin {
                Builtin::U64 | Builtin::S64 => WasmType::I64,
                Builtin::F32 => WasmType::F32,
                Builtin::F64 => WasmType::F64,
                _ => WasmType::I32,
            }),
            Type::Bool | Type::Pointer { .. } => Some(WasmType::I32),
            Type::String | Type::List(_) => None,
            Type::Named(id) => match &types[id.0].kind {
                // An enum is an i32 even if its tag is u64: so is witx's signature.
                TypeKind::Enum { .. } | TypeKind::Handle => Some(WasmType::I32),
                TypeKind::Flags { repr, .. } => Some(WasmType::of_repr(*repr)),
                TypeKind::Record { .. } | TypeKind::Variant { .. } => None,
                TypeKind::Alias(_) => None,
            },
        }
    }
}

/// Lowers a function of module `module`, whose parameters are `params`.
pub(crate) fn lower(
    builder: &mut Builder<'_>,
    module: &str,
    func: &witx::InterfaceFunc,
    params: &[Param],
) -> Lowered {
    let location = builder.locate(&[module, func.name.as_str()]);
    let outcome = match func.results.first() {
        None if func.noreturn => Outcome::NoReturn,
        None => Outcome::Nothing,
        Some(result) => {
            let at = builder.locate(&[module, func.name.as_str(), result.name.as_str()]);
            if func.noreturn {
                let message = "a function that does not return has no result";
                let hint = "leave out the result or `(@witx noreturn)`";
                builder.fault(Diagnostic::new(at.clone(), message).hint(hint));
            }
            let invented = format!("{}_{}", func.name.as_str(), result.name.as_str());
            lower_result(builder, &invented, &at.or(location), &result.tref)
        }
    };
    let mut wasm_params = Vec::new();
    for (index, param) in params.iter().enumerate() {
        let mut push = |suffix: &str, ty, role| {
            let name = format!("{}{suffix}", param.name);
            wasm_params.push(WasmParam { name, ty, role });
        };
        match resolve(&builder.types, &param.ty) {
            Type::String | Type::List(_) => {
                push("", WasmType::I32, Role::Elements(index));
                push("_len", WasmType::I32, Role::Length(index));
            }
            ty => match WasmType::of(&builder.types, ty) {
                Some(ty) => push("", ty, Role::Value(index)),
                None => push("", WasmType::I32, Role::Address(index)),
            },
        }
    }
    let wasm_result = match &outcome {
        Outcome::Nothing | Outcome::NoReturn => None,
        Outcome::Value(ty) => WasmType::of(&builder.types, ty),
        Outcome::Expected { .. } => Some(WasmType::I32),
    };
    if let Outcome::Expected { outs, .. } = &outcome {
        wasm_params.extend(outs.iter().enumerate().map(|(index, out)| WasmParam {
            name: out.name.clone(),
            ty: WasmType::I32,
            role: Role::Out(index),
        }));
    }
    Lowered {
        inputs: inputs(&builder.types, params),
        outcome,
        wasm_params,
        wasm_result,
    }
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
            ty if WasmType::of(types, ty).is_some() => InputKind::Value(param.ty.clone()),
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
    // The length of other elements might count bytes or elements: no guessing.
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

fn lower_result(
    builder: &mut Builder<'_>,
    invented: &str,
    location: &Option<Location>,
    result: &witx::TypeRef,
) -> Outcome {
    let witx::Type::Variant(variant) = &**result.type_() else {
        return Outcome::Value(builder.reference(invented, location, result));
    };
    // witx accepts no other variant as a result.
    let Some((ok, error)) = variant.as_expected() else {
        return Outcome::Value(builder.reference(invented, location, result));
    };
    if variant.tag_repr == witx::IntRepr::U64 {
        let message = "the tag of a result does not fit in an i32";
        builder.fault(Diagnostic::new(location.clone(), message));
    }
    let error = error.map(|error| builder.reference(invented, location, error));
    if let Some(error) = &error
        && WasmType::of(&builder.types, error) != Some(WasmType::I32)
    {
        let name = match error {
            Type::Named(id) => builder.types[id.0].name.clone(),
            _ => "the error".to_owned(),
        };
        let message = format!("`${name}` cannot be an error, since it does not fit in an i32");
        let fault = Diagnostic::new(location.clone(), message).hint("make the error an enum");
        builder.fault(fault);
    }
    let mut outs: Vec<Out> = Vec::new();
    let mut push = |builder: &mut Builder<'_>, ty: &witx::TypeRef| {
        let ty = builder.reference(invented, location, ty);
        let base = match &ty {
            Type::Named(id) => builder.types[id.0].name.clone(),
            _ => "value".to_owned(),
        };
        let mut name = base.clone();
        let mut number = 2;
        while outs.iter().any(|out| out.name == name) {
            name = format!("{base}_{number}");
            number += 1;
        }
        let layout = Layout::of(&ty, &builder.types);
        outs.push(Out { name, ty, layout });
    };
    match ok.map(|ok| (ok, &**ok.type_())) {
        None => {}
        Some((_, witx::Type::Record(record))) if record.is_tuple() => {
            for member in &record.members {
                push(builder, &member.tref);
            }
        }
        Some((ok, _)) => push(builder, ok),
    }
    Outcome::Expected { outs, error }
}
