//! The rules of the ABI: sizes, offsets, and how values and functions look in WebAssembly.
//!
//! They are functions over the types of a [model](crate::model), which the builder of the model
//! asks, and backends for what is not stored there.

pub mod conventions;
mod layout;
mod lowering;

use crate::model::{Builtin, IntRepr, Model, Type, TypeDef, TypeKind, WasmType, resolve};

pub use layout::{layout, layout_of_record, layout_of_repr, layout_of_variant};
pub(crate) use lowering::{Returned, keep_pointer, lower};

/// The wasm type in which a value of `ty` is passed if it is passed by value.
#[must_use]
pub fn wasm_type(types: &[TypeDef], ty: &Type) -> Option<WasmType> {
    match resolve(types, ty) {
        Type::Builtin(builtin) => Some(match builtin {
            Builtin::U64 | Builtin::S64 => WasmType::I64,
            Builtin::F32 => WasmType::F32,
            Builtin::F64 => WasmType::F64,
            _ => WasmType::I32,
        }),
        Type::Bool(_) | Type::Pointer { .. } => Some(WasmType::I32),
        Type::String | Type::List(_) => None,
        Type::Named(id) => match &types[id.0].kind {
            // An enum is an i32 even if its tag is u64: so is witx's signature.
            TypeKind::Enum { .. } | TypeKind::Handle => Some(WasmType::I32),
            TypeKind::Flags { repr, .. } => Some(match repr {
                IntRepr::U64 => WasmType::I64,
                IntRepr::U8 | IntRepr::U16 | IntRepr::U32 => WasmType::I32,
            }),
            TypeKind::Record { .. } | TypeKind::Variant { .. } => None,
            TypeKind::Alias(_) => None,
        },
    }
}

/// A number of fewer bits than the `i32` in which it is passed.
///
/// The sender extends it. A guest that receives one reads only its lower bits: hosts by others may
/// leave anything in the upper ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Narrow {
    /// An unsigned 8-bit integer.
    U8,
    /// An unsigned 16-bit integer.
    U16,
    /// A signed 8-bit integer.
    S8,
    /// A signed 16-bit integer.
    S16,
}

impl Narrow {
    /// What a value of `ty` is, if it is narrow: integers, and the enums and flags that one
    /// represents.
    #[must_use]
    pub fn of(model: &Model, ty: &Type) -> Option<Narrow> {
        match model.resolve(ty) {
            Type::Builtin(Builtin::U8 | Builtin::Char8) => Some(Narrow::U8),
            Type::Builtin(Builtin::U16) => Some(Narrow::U16),
            Type::Builtin(Builtin::S8) => Some(Narrow::S8),
            Type::Builtin(Builtin::S16) => Some(Narrow::S16),
            Type::Named(id) => match &model.get(*id).kind {
                TypeKind::Enum { repr, .. } | TypeKind::Flags { repr, .. } => match repr {
                    IntRepr::U8 => Some(Narrow::U8),
                    IntRepr::U16 => Some(Narrow::U16),
                    IntRepr::U32 | IntRepr::U64 => None,
                },
                _ => None,
            },
            _ => None,
        }
    }

    /// What Rust, Zig and AssemblyScript call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Narrow::U8 => "u8",
            Narrow::U16 => "u16",
            Narrow::S8 => "i8",
            Narrow::S16 => "i16",
        }
    }

    /// Whether the upper bits are those of the sign.
    #[must_use]
    pub fn is_signed(self) -> bool {
        matches!(self, Narrow::S8 | Narrow::S16)
    }
}

/// The type of a value in the signature of an import, for languages that know signs and sizes:
/// as wide as a wasm value, since nothing narrower crosses the boundary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// An unsigned 32-bit integer.
    U32,
    /// A signed 32-bit integer.
    S32,
    /// A size.
    Usize,
    /// An unsigned 64-bit integer.
    U64,
    /// A signed 64-bit integer.
    S64,
    /// A 32-bit float.
    F32,
    /// A 64-bit float.
    F64,
    /// An address.
    Pointer,
}

impl Word {
    /// The word for a value; for one that is passed by address, that of an unsigned integer.
    #[must_use]
    pub fn of(model: &Model, ty: &Type) -> Word {
        match model.resolve(ty) {
            Type::Builtin(builtin) => match builtin {
                Builtin::S8 | Builtin::S16 | Builtin::S32 => Word::S32,
                Builtin::Usize => Word::Usize,
                Builtin::U64 => Word::U64,
                Builtin::S64 => Word::S64,
                Builtin::F32 => Word::F32,
                Builtin::F64 => Word::F64,
                Builtin::Char | Builtin::U8 | Builtin::Char8 | Builtin::U16 | Builtin::U32 => {
                    Word::U32
                }
            },
            Type::Pointer { .. } => Word::Pointer,
            ty => match wasm_type(&model.types, ty) {
                Some(WasmType::I64) => Word::U64,
                _ => Word::U32,
            },
        }
    }

    /// What Rust, Zig and AssemblyScript call it; an address is a size there.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Word::U32 => "u32",
            Word::S32 => "i32",
            Word::Usize | Word::Pointer => "usize",
            Word::U64 => "u64",
            Word::S64 => "i64",
            Word::F32 => "f32",
            Word::F64 => "f64",
        }
    }
}
