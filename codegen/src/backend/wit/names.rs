//! Identifiers in WIT: their case, and the words that are taken.

use crate::backend::naming::{Case, Convention};

/// The conventions of WIT, with underscores where it has dashes. Keywords need no other name: a
/// sign before them makes them identifiers.
pub const CONVENTION: Convention = Convention {
    types: Case::Snake,
    members: Case::Snake,
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
    // A dash before a digit goes.
    folds: true,
    digit_prefix: "n",
    escape: "_value",
    item_words: &[],
    methods: &[],
    keywords: &[],
    // The interface of types that several modules share.
    reserved: &["types"],
};

const KEYWORDS: &[&str] = &[
    "as", "async", "bool", "borrow", "char", "constructor", "enum", "error-context", "export",
    "f32", "f64", "flags", "from", "func", "future", "import", "include", "interface", "list",
    "map", "option", "own", "package", "record", "resource", "result", "s16", "s32", "s64", "s8",
    "static", "stream", "string", "tuple", "type", "u16", "u32", "u64", "u8", "use", "variant",
    "with", "world",
];

/// An identifier of WIT.
pub fn kebab(name: &str) -> String {
    let mut kebab = String::new();
    for word in name.split('_').filter(|word| !word.is_empty()) {
        // Each word starts with a letter.
        if !kebab.is_empty() && !word.starts_with(|c: char| c.is_ascii_digit()) {
            kebab.push('-');
        }
        kebab.push_str(word);
    }
    match KEYWORDS.contains(&kebab.as_str()) {
        true => format!("%{kebab}"),
        false => kebab,
    }
}
