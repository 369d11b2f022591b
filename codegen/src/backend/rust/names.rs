//! Identifiers in Rust: their case, and the words that are taken.

use crate::backend::naming::{Case, Convention};

/// The conventions of Rust, in every edition up to 2024.
pub const CONVENTION: Convention = Convention {
    types: Case::Pascal,
    members: Case::Shouty,
    fields: Case::Snake,
    modules: Case::Snake,
    functions: Case::Snake,
    locals: Case::Snake,
    flat: false,
    hoists: true,
    prefixed: false,
    type_suffix: "",
    result_members: &[],
    shadows: true,
    integers: false,
    folds: false,
    digit_prefix: "_",
    escape: "_",
    item_words: &[],
    methods: &["tag"],
    keywords: &[
        "Self", "abstract", "as", "async", "await", "become", "box", "break", "const", "continue",
        "crate", "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if",
        "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv",
        "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true", "try",
        "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
    ],
    reserved: &[
        "Bool32", "Bool8", "Clone", "Copy", "Err", "From", "IntoIterator", "Iterator", "None", "Ok",
        "Option", "RawSlice", "Result", "Some", "bool", "char", "core", "f32", "f64", "i16", "i32",
        "i64", "i8", "isize", "str", "u16", "u32", "u64", "u8", "usize",
    ],
};
