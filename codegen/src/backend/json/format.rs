//! The format of the JSON files. Comments here are the descriptions in its schema.

use schemars::JsonSchema;
use serde::Serialize;

use crate::abi::conventions::{Rule, ValueRule};

/// A WITX document, as bindings need it: what `--lang json` writes. All names are those of WITX;
/// types only refer to types before them. What is added to this format leaves `version` as it is.
#[derive(Serialize, JsonSchema)]
pub struct Document {
    /// What the file was made from.
    pub comment: String,
    /// The name and the version of what made it.
    pub generator: String,
    /// The version of the format: 1.
    pub version: u32,
    /// The documentation of the document; empty if there is none.
    pub docs: String,
    /// What holds for every document, as far as this one needs it.
    pub conventions: Conventions,
    /// The types.
    pub types: Vec<TypeDef>,
    /// The constants.
    pub constants: Vec<Constant>,
    /// The modules.
    pub modules: Vec<Module>,
}

/// How a host and a guest understand what lies in memory and what crosses the boundary.
#[derive(Serialize, JsonSchema)]
pub struct Conventions {
    /// The name under which a guest exports its memory.
    pub memory: &'static str,
    /// The order of the bytes of numbers in memory: `little`, the lowest first.
    pub byte_order: &'static str,
    /// How many bits an address and a length have.
    pub address_bits: u32,
    /// How the text of strings is encoded.
    pub string_encoding: &'static str,
    /// Whether a NUL ends a string.
    pub strings_end_with_nul: bool,
    /// A list or a string inside of other values.
    pub list: ListLayout,
    /// How values look that are passed by value, of the types that the document uses.
    pub values: Vec<ValueRule>,
    /// All rules beside those of `values` in words.
    pub rules: Vec<Rule>,
}

/// Where the parts of a list lie that is inside of other values.
#[derive(Serialize, JsonSchema)]
pub struct ListLayout {
    /// The offset of the address of the elements, in bytes.
    pub address_offset: u32,
    /// The offset of the number of elements, for a string of bytes.
    pub length_offset: u32,
}

/// A named type.
#[derive(Serialize, JsonSchema)]
pub struct TypeDef {
    /// The name.
    pub name: String,
    /// The documentation, without comment signs; empty if there is none.
    pub docs: String,
    /// The size in linear memory, in bytes.
    pub size: u32,
    /// The alignment in linear memory, in bytes.
    pub align: u32,
    /// Whether a function gives it as its error.
    pub is_error: bool,
    #[serde(flatten)]
    pub kind: TypeKind,
}

/// What a named type is.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum TypeKind {
    /// Another name of a type.
    Alias { target: Type },
    /// One of some cases, represented by its number.
    Enum {
        /// The unsigned integer that represents it.
        repr: &'static str,
        cases: Vec<Member>,
    },
    /// A set of flags.
    Flags {
        /// The unsigned integer that represents it.
        repr: &'static str,
        flags: Vec<Member>,
    },
    /// Fields one after another in memory.
    Record {
        /// Whether it is a tuple, whose fields are named `0`, `1` and so on.
        is_tuple: bool,
        fields: Vec<Field>,
    },
    /// A tag at offset 0, and the payload of the case that the tag tells.
    Variant {
        /// The unsigned integer that represents the tag.
        repr: &'static str,
        /// Where the payload lies, in bytes.
        payload_offset: u32,
        cases: Vec<Case>,
    },
    /// A reference to something that the host keeps, in an unsigned 32-bit integer.
    Handle,
}

/// A case of an enum, or a flag.
#[derive(Serialize, JsonSchema)]
pub struct Member {
    pub name: String,
    pub docs: String,
    /// An unsigned 64-bit number, in decimal: that of the case, or the bit of the flag.
    #[schemars(regex(pattern = r"^[0-9]+$"))]
    pub value: String,
}

/// A field of a record.
#[derive(Serialize, JsonSchema)]
pub struct Field {
    pub name: String,
    pub docs: String,
    #[serde(rename = "type")]
    pub ty: Type,
    /// Where it lies in the record, in bytes.
    pub offset: u32,
}

/// A case of a variant.
#[derive(Serialize, JsonSchema)]
pub struct Case {
    pub name: String,
    pub docs: String,
    /// The value of the tag, in decimal.
    #[schemars(regex(pattern = r"^[0-9]+$"))]
    pub value: String,
    /// The type of what comes with it, if anything does.
    pub payload: Option<Type>,
}

/// A named number.
#[derive(Serialize, JsonSchema)]
pub struct Constant {
    pub name: String,
    pub docs: String,
    /// The name of its type.
    #[serde(rename = "type")]
    pub ty: String,
    /// An unsigned 64-bit number, in decimal: a number in JSON may lose what is beyond 2^53.
    #[schemars(regex(pattern = r"^[0-9]+$"))]
    pub value: String,
}

/// A use of a type.
#[derive(Serialize, JsonSchema)]
pub struct Type {
    #[serde(flatten)]
    pub kind: Kind,
    /// The size in linear memory, in bytes.
    pub size: u32,
    /// The alignment in linear memory, in bytes.
    pub align: u32,
}

/// What a type is.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Kind {
    /// A number or a character.
    Builtin {
        /// `u8`, `s64`, `f32`, `char` and so on; `char8` is a `u8` that is a character, `usize` a
        /// `u32` that is a size.
        name: &'static str,
    },
    /// A truth value.
    Bool,
    /// UTF-8 text: an address and a length in bytes.
    String,
    /// The address of elements, and their number.
    List { element: Box<Type> },
    /// The address of something in the guest's memory.
    Pointer {
        /// Whether the host may write there.
        mutable: bool,
        target: Box<Type>,
    },
    /// A type with a name.
    Named { name: String },
}

/// The functions that a guest imports under one module name.
#[derive(Serialize, JsonSchema)]
pub struct Module {
    /// The module name of the imports.
    pub name: String,
    pub docs: String,
    pub functions: Vec<Function>,
}

/// A function of a module.
#[derive(Serialize, JsonSchema)]
pub struct Function {
    /// The name of the import.
    pub name: String,
    pub docs: String,
    /// The parameters, as WITX has them.
    pub params: Vec<Param>,
    /// What the function gives, as WITX has it.
    pub result: ResultOf,
    /// The parameters as a language should show them.
    pub inputs: Vec<Input>,
    /// The signature of the import.
    pub wasm: Wasm,
}

/// A parameter.
#[derive(Serialize, JsonSchema)]
pub struct Param {
    pub name: String,
    pub docs: String,
    #[serde(rename = "type")]
    pub ty: Type,
}

/// What a function gives.
#[derive(Serialize, JsonSchema)]
pub struct ResultOf {
    /// The name, if it has one.
    pub name: Option<String>,
    pub docs: String,
    #[serde(flatten)]
    pub returned: Returned,
}

/// The ways in which functions give results.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Returned {
    /// Nothing.
    Nothing,
    /// The function does not return.
    Noreturn,
    /// One value, as the result of the import.
    Value {
        #[serde(rename = "type")]
        ty: Type,
    },
    /// Values through out-pointers; the result of the import is 0 then, and else the error.
    Expected {
        /// Whether what goes with success is a tuple.
        is_tuple: bool,
        outs: Vec<Out>,
        /// The type of the error, if it has one.
        error: Option<Type>,
    },
}

/// A value that is written through an out-pointer.
#[derive(Serialize, JsonSchema)]
pub struct Out {
    /// Made from the name of its type.
    pub name: String,
    #[serde(rename = "type")]
    pub ty: Type,
}

/// A parameter as a language should show it.
#[derive(Serialize, JsonSchema)]
pub struct Input {
    pub name: String,
    /// The index of the parameter that it stands for; for a buffer, of the pointer, which the
    /// length follows.
    pub param: usize,
    #[serde(flatten)]
    pub kind: InputKind,
}

/// What is passed for a parameter.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum InputKind {
    /// A value that fits in one wasm value.
    Value,
    /// A record or a variant, of which the address is passed.
    Reference,
    /// Text, of which address and length in bytes are passed.
    String,
    /// A list, of which address and number of elements are passed.
    List { element: Type },
    /// A pointer to bytes, and the parameter behind it that says how many.
    Buffer {
        /// Whether the host fills it.
        mutable: bool,
        element: Type,
    },
}

/// The signature of the import.
#[derive(Serialize, JsonSchema)]
pub struct Wasm {
    pub params: Vec<WasmParam>,
    /// None or one of `i32`, `i64`, `f32`, `f64`.
    pub results: Vec<&'static str>,
}

/// A parameter of the import.
#[derive(Serialize, JsonSchema)]
pub struct WasmParam {
    /// A name for it.
    pub name: String,
    /// `i32`, `i64`, `f32` or `f64`.
    #[serde(rename = "type")]
    pub ty: &'static str,
    /// What it carries.
    pub role: Role,
    /// The index in `params`, or for `out` in the `outs` of the result.
    pub index: usize,
    /// The name of that.
    pub of: String,
}

/// What a parameter of the import carries.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A parameter itself.
    Value,
    /// The address of a parameter.
    Address,
    /// The address of the elements of a parameter.
    Elements,
    /// The number of elements of a parameter.
    Length,
    /// The address where an out value goes.
    Out,
}
