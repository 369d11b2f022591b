//! Functions: what WITX says of them, how WebAssembly calls them, and how a language should show
//! them.

use super::{Layout, Type, TypeId};
use crate::location::Location;

/// The functions that a guest imports under one module name.
#[derive(Debug)]
#[non_exhaustive]
pub struct Module {
    /// The name, which is also that of the import.
    pub name: String,
    /// The documentation.
    pub docs: String,
    /// The functions, in the order in which they are written.
    pub functions: Vec<Function>,
}

/// A function of a module.
#[derive(Debug)]
#[non_exhaustive]
pub struct Function {
    /// The name of the import.
    pub name: String,
    /// The documentation.
    pub docs: String,
    /// Where it is declared.
    pub location: Option<Location>,
    /// The parameters as WITX has them.
    pub params: Vec<Param>,
    /// The documentation of the result.
    pub result_docs: String,
    /// The name of the result in WITX, if there is one.
    pub result_name: Option<String>,
    /// Whether what goes with success is a tuple, of any length.
    pub result_is_tuple: bool,
    /// How it is called in WebAssembly, and how a language should show it.
    pub lowered: Lowered,
}

/// A parameter of a function, as WITX has it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Param {
    /// The name in WITX.
    pub name: String,
    /// The documentation.
    pub docs: String,
    /// Its type.
    pub ty: Type,
}

/// A function as WebAssembly sees it and as a language should show it.
#[derive(Debug)]
#[non_exhaustive]
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
    #[must_use]
    pub fn error_type(&self) -> Option<TypeId> {
        match &self.outcome {
            Outcome::Expected {
                error: Some(Type::Named(id)),
                ..
            } => Some(*id),
            _ => None,
        }
    }

    /// The values that are written through out-pointers.
    #[must_use]
    pub fn outs(&self) -> &[Out] {
        match &self.outcome {
            Outcome::Expected { outs, .. } => outs,
            _ => &[],
        }
    }
}

/// A parameter of a function as a language should show it.
#[derive(Debug)]
#[non_exhaustive]
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
#[non_exhaustive]
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
#[non_exhaustive]
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
#[non_exhaustive]
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
#[non_exhaustive]
pub struct WasmParam {
    /// A name for it, which no other parameter has: that of the WITX parameter or of the out value,
    /// with `_len` for a length, and with `_out` for an out value that is named like a parameter.
    pub name: String,
    /// Its type.
    pub ty: WasmType,
    /// What it carries.
    pub role: Role,
    /// The index of the input that it stands for; none for out values and for lengths, which
    /// belong to the input before them.
    pub input: Option<usize>,
}

/// What a parameter of the import carries. Numbers are indices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Role {
    /// A WITX parameter itself.
    Value(usize),
    /// The address of a WITX parameter.
    Address(usize),
    /// The address of the elements of a WITX parameter.
    Elements(usize),
    /// The number of elements of a WITX parameter.
    Length(usize),
    /// A WITX parameter itself, which is the number of bytes of the buffer before it.
    BufferLength(usize),
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
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            WasmType::I32 => "i32",
            WasmType::I64 => "i64",
            WasmType::F32 => "f32",
            WasmType::F64 => "f64",
        }
    }
}
