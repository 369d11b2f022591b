//! What every backend reads: a document's types, constants and functions, with each question
//! that several languages ask answered once.
//!
//! This module is data and what follows from it; it knows neither WITX files nor languages.
//! What WITX leaves implicit is explicit here: which variants are enums and which records are
//! flags, sizes and offsets, which types are errors, and how functions are called in
//! WebAssembly. A type that is written in place (a tuple in a record, say) has a name, so that
//! backends see named types only. The rules by which all that is found are in `abi`.

pub(crate) mod docs;
mod function;

use crate::location::Location;

pub use function::{
    Function, Input, InputKind, Lowered, Module, Out, Outcome, Param, Role, WasmParam, WasmType,
};

/// A document, ready to be turned into text.
#[derive(Debug)]
#[non_exhaustive]
pub struct Model {
    /// The documentation of the document: the comment at the head of its file.
    pub docs: String,
    /// The types; each one only refers to types before it.
    pub types: Vec<TypeDef>,
    /// The constants, in the order in which they are written.
    pub constants: Vec<Constant>,
    /// The modules, in the order in which they are written.
    pub modules: Vec<Module>,
}

/// The place of a type in [`Model::types`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeId(pub usize);

/// A named type.
#[derive(Debug)]
#[non_exhaustive]
pub struct TypeDef {
    /// The name in WITX, without `$`.
    pub name: String,
    /// The documentation, without the comment signs.
    pub docs: String,
    /// Where it is declared.
    pub location: Option<Location>,
    /// What it is.
    pub kind: TypeKind,
    /// Size and alignment in linear memory.
    pub layout: Layout,
    /// Whether a function gives it as its error.
    pub is_error: bool,
}

/// The size and the alignment of a type in linear memory, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Layout {
    /// The size, a multiple of the alignment.
    pub size: u32,
    /// The alignment, a power of two.
    pub align: u32,
}

/// What a compiler can check about the layout of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LayoutFact {
    /// The size of the type.
    Size(u32),
    /// The alignment of the type.
    Align(u32),
    /// Where the field of a record lies: its index, and the offset.
    Field(usize, u32),
    /// Where the payload of a variant lies.
    Payload(u32),
}

/// What a named type is.
#[derive(Debug)]
#[non_exhaustive]
pub enum TypeKind {
    /// Another name of a type.
    Alias(Type),
    /// One of some cases, represented by its number.
    Enum {
        /// The integer that represents it.
        repr: IntRepr,
        /// The cases, numbered from 0.
        cases: Vec<Member>,
    },
    /// A set of flags; the first is the lowest bit.
    Flags {
        /// The integer that represents it.
        repr: IntRepr,
        /// The flags.
        flags: Vec<Member>,
    },
    /// Fields one after another in memory.
    Record {
        /// Whether it is a tuple, whose fields are named `0`, `1` and so on.
        tuple: bool,
        /// The fields.
        fields: Vec<Field>,
    },
    /// A tag, and the payload of the case that the tag tells.
    Variant {
        /// The integer that represents the tag.
        tag: IntRepr,
        /// Where the payload lies, in bytes.
        payload_offset: u32,
        /// The cases, numbered from 0.
        cases: Vec<Case>,
    },
    /// A reference to something that the host keeps.
    Handle,
}

/// A case of an enum, or a flag.
#[derive(Debug)]
#[non_exhaustive]
pub struct Member {
    /// The name in WITX.
    pub name: String,
    /// The documentation.
    pub docs: String,
}

/// A field of a record.
#[derive(Debug)]
#[non_exhaustive]
pub struct Field {
    /// The name in WITX.
    pub name: String,
    /// The documentation.
    pub docs: String,
    /// Its type.
    pub ty: Type,
    /// Where it lies in the record, in bytes.
    pub offset: u32,
}

/// A case of a variant.
#[derive(Debug)]
#[non_exhaustive]
pub struct Case {
    /// The name in WITX.
    pub name: String,
    /// The documentation.
    pub docs: String,
    /// The type of its payload, if it has one.
    pub payload: Option<Type>,
}

/// A use of a type.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Type {
    /// A number or a character.
    Builtin(Builtin),
    /// A truth value, with the integer that it is in memory.
    Bool(IntRepr),
    /// UTF-8 text: a pointer and a length in bytes.
    String,
    /// A pointer to elements, and their number.
    List(Box<Type>),
    /// The address of something in the guest's memory.
    Pointer {
        /// Whether the callee may write through it.
        mutable: bool,
        /// What lies there.
        pointee: Box<Type>,
    },
    /// A type with a name.
    Named(TypeId),
}

/// The types that WITX brings along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Builtin {
    /// A Unicode scalar value, in 4 bytes.
    Char,
    /// An 8-bit unsigned integer.
    U8,
    /// An 8-bit unsigned integer that is a `char` in C.
    Char8,
    /// A 16-bit unsigned integer.
    U16,
    /// A 32-bit unsigned integer.
    U32,
    /// A 32-bit unsigned integer that is a size or an address.
    Usize,
    /// A 64-bit unsigned integer.
    U64,
    /// An 8-bit signed integer.
    S8,
    /// A 16-bit signed integer.
    S16,
    /// A 32-bit signed integer.
    S32,
    /// A 64-bit signed integer.
    S64,
    /// A 32-bit float.
    F32,
    /// A 64-bit float.
    F64,
}

/// The unsigned integers that represent enums, flags and tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum IntRepr {
    /// 8 bits.
    U8,
    /// 16 bits.
    U16,
    /// 32 bits.
    U32,
    /// 64 bits.
    U64,
}

impl TypeDef {
    /// The types that are stored inside a type.
    #[must_use]
    pub fn stored(&self) -> Box<dyn Iterator<Item = &Type> + '_> {
        match &self.kind {
            TypeKind::Alias(target) => Box::new(std::iter::once(target)),
            TypeKind::Record { fields, .. } => Box::new(fields.iter().map(|field| &field.ty)),
            TypeKind::Variant { cases, .. } => {
                Box::new(cases.iter().filter_map(|case| case.payload.as_ref()))
            }
            TypeKind::Enum { .. } | TypeKind::Flags { .. } | TypeKind::Handle => {
                Box::new(std::iter::empty())
            }
        }
    }
}

impl IntRepr {
    /// The width in bits.
    #[must_use]
    pub fn bits(self) -> u32 {
        match self {
            IntRepr::U8 => 8,
            IntRepr::U16 => 16,
            IntRepr::U32 => 32,
            IntRepr::U64 => 64,
        }
    }

    /// Whether so many members are all the values there are.
    #[must_use]
    pub fn is_full(self, members: usize) -> bool {
        self.bits() < 32 && members == 1 << self.bits()
    }

    /// The name that WITX and Rust and AssemblyScript give to this integer.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            IntRepr::U8 => "u8",
            IntRepr::U16 => "u16",
            IntRepr::U32 => "u32",
            IntRepr::U64 => "u64",
        }
    }
}

/// A named number.
#[derive(Debug)]
#[non_exhaustive]
pub struct Constant {
    /// The name in WITX.
    pub name: String,
    /// The documentation.
    pub docs: String,
    /// Its type.
    pub ty: TypeId,
    /// Its value.
    pub value: u64,
}

impl Model {
    /// The type with this id.
    #[must_use]
    pub fn get(&self, id: TypeId) -> &TypeDef {
        &self.types[id.0]
    }

    /// What a type is behind all its names.
    #[must_use]
    pub fn resolve<'a>(&'a self, ty: &'a Type) -> &'a Type {
        resolve(&self.types, ty)
    }

    /// The ids of all types.
    pub fn type_ids(&self) -> impl Iterator<Item = TypeId> + use<> {
        (0..self.types.len()).map(TypeId)
    }

    /// All functions of all modules.
    pub fn functions(&self) -> impl Iterator<Item = &Function> {
        self.modules.iter().flat_map(|module| &module.functions)
    }

    /// What a compiler can check about the layout of a type.
    #[must_use]
    pub fn layout_facts(&self, id: TypeId) -> Vec<LayoutFact> {
        let def = self.get(id);
        let mut facts = vec![
            LayoutFact::Size(def.layout.size),
            LayoutFact::Align(def.layout.align),
        ];
        match &def.kind {
            TypeKind::Record { fields, .. } => {
                let fields = fields.iter().enumerate();
                facts.extend(fields.map(|(index, field)| LayoutFact::Field(index, field.offset)));
            }
            TypeKind::Variant {
                payload_offset,
                cases,
                ..
            } if cases.iter().any(|case| case.payload.is_some()) => {
                facts.push(LayoutFact::Payload(*payload_offset));
            }
            _ => {}
        }
        facts
    }

    /// Whether a value of this type holds a raw pointer, so that using it is not safe.
    #[must_use]
    pub fn holds_pointer(&self, ty: &Type) -> bool {
        match ty {
            Type::Builtin(_) | Type::Bool(_) => false,
            Type::String | Type::List(_) | Type::Pointer { .. } => true,
            Type::Named(id) => self.get(*id).stored().any(|ty| self.holds_pointer(ty)),
        }
    }

    /// The type as WITX writes it.
    #[must_use]
    pub fn witx(&self, ty: &Type) -> String {
        match ty {
            Type::Builtin(builtin) => builtin.witx().to_owned(),
            Type::Bool(_) => "bool".to_owned(),
            Type::String => "string".to_owned(),
            Type::List(element) => format!("(list {})", self.witx(element)),
            Type::Pointer { mutable, pointee } => {
                let kind = if *mutable { "pointer" } else { "const_pointer" };
                format!("(@witx {kind} {})", self.witx(pointee))
            }
            Type::Named(id) => format!("${}", self.get(*id).name),
        }
    }

    /// The result of a function as WITX writes it, if it has one.
    #[must_use]
    pub fn witx_result(&self, function: &Function) -> Option<String> {
        match &function.lowered.outcome {
            Outcome::Nothing | Outcome::NoReturn => None,
            Outcome::Value(ty) => Some(self.witx(ty)),
            Outcome::Expected { outs, error } => {
                let values: Vec<String> = outs.iter().map(|out| self.witx(&out.ty)).collect();
                let mut parts = vec!["expected".to_owned()];
                if function.result_is_tuple {
                    parts.push(format!("(tuple {})", values.join(" ")));
                } else {
                    parts.extend(values);
                }
                parts.push(match error {
                    Some(error) => format!("(error {})", self.witx(error)),
                    None => "(error)".to_owned(),
                });
                Some(format!("({})", parts.join(" ")))
            }
        }
    }
}

impl Builtin {
    /// The number that represents it in memory, as Rust, Zig and AssemblyScript call that.
    #[must_use]
    pub fn number(self) -> &'static str {
        match self {
            Builtin::U8 | Builtin::Char8 => "u8",
            Builtin::U16 => "u16",
            // Not every number is a character.
            Builtin::U32 | Builtin::Char => "u32",
            Builtin::Usize => "usize",
            Builtin::U64 => "u64",
            Builtin::S8 => "i8",
            Builtin::S16 => "i16",
            Builtin::S32 => "i32",
            Builtin::S64 => "i64",
            Builtin::F32 => "f32",
            Builtin::F64 => "f64",
        }
    }

    /// The type as WITX writes it.
    #[must_use]
    pub fn witx(self) -> &'static str {
        match self {
            Builtin::Char => "char",
            Builtin::U8 => "u8",
            Builtin::Char8 => "(@witx char8)",
            Builtin::U16 => "u16",
            Builtin::U32 => "u32",
            Builtin::Usize => "(@witx usize)",
            Builtin::U64 => "u64",
            Builtin::S8 => "s8",
            Builtin::S16 => "s16",
            Builtin::S32 => "s32",
            Builtin::S64 => "s64",
            Builtin::F32 => "f32",
            Builtin::F64 => "f64",
        }
    }
}

/// What a type is behind all its names: aliases are followed to the end.
pub(crate) fn resolve<'a>(types: &'a [TypeDef], mut ty: &'a Type) -> &'a Type {
    while let Type::Named(id) = ty
        && let TypeKind::Alias(target) = &types[id.0].kind
    {
        ty = target;
    }
    ty
}
