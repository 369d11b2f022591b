//! Identifiers in C++: their case, and the words that are taken.

use crate::backend::c::CONVENTION as C;
use crate::backend::naming::{Case, Convention};

/// The conventions of C++, whose modules are namespaces. Types are those of the C header.
pub const CONVENTION: Convention = Convention {
    types: Case::Snake,
    members: Case::Snake,
    fields: Case::Snake,
    modules: Case::Snake,
    functions: Case::Snake,
    locals: Case::Snake,
    flat: false,
    hoists: false,
    prefixed: false,
    type_suffix: "",
    result_members: &[],
    // What is outside is called with `::` in front.
    shadows: true,
    integers: false,
    folds: false,
    digit_prefix: "_",
    escape: "_",
    item_words: &["std", "witx"],
    methods: &[],
    keywords: C.keywords,
    reserved: C.reserved,
};
