//! What holds for every document: how a host and a guest understand what lies in memory and what
//! crosses the boundary.
//!
//! The reference shows these rules to authors of bindings, and the JSON has them as data; both
//! have only those that the document needs. Sizes come from the rest of `abi`, so they are the same
//! as those of bindings. The comments of the types are descriptions in the schema of the JSON.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Narrow, layout, wasm_type};
use crate::model::{Builtin, InputKind, IntRepr, Model, Outcome, Type, TypeKind};

/// How values of some types look.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ValueRule {
    /// The types: builtin ones, `handle`, `pointer`, and `enum of u8`, `flags of u64` and so on.
    pub types: Vec<&'static str>,
    /// The size in linear memory, in bytes.
    pub size: u32,
    /// The type in which a value is passed: `i32`, `i64`, `f32` or `f64`.
    pub wasm: &'static str,
    /// What fills the upper bits of what is passed, if a value needs fewer.
    pub extension: Option<Extension>,
    /// What may be sent.
    pub sent: &'static str,
    /// What a guest does with anything else that a host gives, if there is anything else.
    pub guest: Option<&'static str>,
    /// What a host does with anything else that a guest passes, if there is anything else.
    pub host: Option<&'static str>,
}

/// What fills upper bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Extension {
    /// Zeros.
    Zero,
    /// Copies of the sign.
    Sign,
}

/// A rule in words.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Rule {
    /// What it is about.
    pub topic: &'static str,
    /// The rule.
    pub text: &'static str,
}

/// What of a document the rules are about.
#[derive(Default)]
struct Used {
    builtins: Vec<Builtin>,
    enums: Vec<IntRepr>,
    flags: Vec<IntRepr>,
    bools: Vec<IntRepr>,
    text: bool,
    lists: bool,
    pointers: bool,
    records: bool,
    variants: bool,
    handles: bool,
    references: bool,
    buffers: bool,
    outs: bool,
    errors: bool,
}

impl Used {
    fn of(model: &Model) -> Used {
        let mut used = Used::default();
        for def in &model.types {
            match &def.kind {
                TypeKind::Enum { repr, .. } => used.enums.push(*repr),
                TypeKind::Flags { repr, .. } => used.flags.push(*repr),
                TypeKind::Record { .. } => used.records = true,
                TypeKind::Variant { .. } => used.variants = true,
                TypeKind::Handle => used.handles = true,
                TypeKind::Alias(_) => {}
            }
            def.stored().for_each(|ty| used.add(ty));
        }
        for function in model.functions() {
            function.params.iter().for_each(|param| used.add(&param.ty));
            for input in &function.lowered.inputs {
                used.references |= matches!(input.kind, InputKind::Reference(_));
                used.buffers |= matches!(input.kind, InputKind::Buffer { .. });
            }
            match &function.lowered.outcome {
                Outcome::Nothing | Outcome::NoReturn => {}
                Outcome::Value(ty) => used.add(ty),
                Outcome::Expected { outs, error } => {
                    used.errors = true;
                    used.outs |= !outs.is_empty();
                    outs.iter().for_each(|out| used.add(&out.ty));
                    error.iter().for_each(|error| used.add(error));
                }
            }
        }
        used
    }

    fn add(&mut self, ty: &Type) {
        match ty {
            Type::Builtin(builtin) => self.builtins.push(*builtin),
            Type::Bool(repr) => self.bools.push(*repr),
            Type::String => self.text = true,
            Type::List(element) => {
                self.lists = true;
                self.add(element);
            }
            Type::Pointer { pointee, .. } => {
                self.pointers = true;
                self.add(pointee);
            }
            Type::Named(_) => {}
        }
    }
}

/// The kinds of numbers that a value by value can be.
const BUILTINS: [&[Builtin]; 6] = [
    &[Builtin::U8, Builtin::Char8],
    &[Builtin::U16],
    &[Builtin::S8],
    &[Builtin::S16],
    &[Builtin::U32, Builtin::Usize, Builtin::S32],
    &[Builtin::U64, Builtin::S64],
];

/// How values look: those of the types that a document uses.
#[must_use]
pub fn values(model: &Model) -> Vec<ValueRule> {
    let used = Used::of(model);
    let rule = |types: Vec<&'static str>, ty: &Type| ValueRule {
        types,
        size: layout(&[], ty).size,
        wasm: wasm_type(&[], ty).map_or("", |wasm| wasm.name()),
        extension: None,
        sent: "any value",
        guest: None,
        host: None,
    };
    let mut rules = Vec::new();
    for builtins in BUILTINS {
        let names = builtins.iter().filter(|it| used.builtins.contains(it));
        let names: Vec<&str> = names.map(|builtin| name(*builtin)).collect();
        if names.is_empty() {
            continue;
        }
        let ty = Type::Builtin(builtins[0]);
        rules.push(match Narrow::of(model, &ty) {
            Some(narrow) => ValueRule {
                extension: Some(extension(narrow)),
                sent: "a value of the type",
                guest: Some("reads the lower bits"),
                host: Some(REFUSES),
                ..rule(names, &ty)
            },
            None => rule(names, &ty),
        });
    }
    for float in [Builtin::F32, Builtin::F64] {
        if used.builtins.contains(&float) {
            rules.push(rule(vec![name(float)], &Type::Builtin(float)));
        }
    }
    for repr in [IntRepr::U8, IntRepr::U32] {
        if !used.bools.contains(&repr) {
            continue;
        }
        rules.push(ValueRule {
            extension: Some(Extension::Zero),
            sent: "0 for false, 1 for true",
            guest: Some("takes it for true"),
            host: Some(REFUSES),
            ..rule(vec!["bool"], &Type::Bool(repr))
        });
    }
    if used.builtins.contains(&Builtin::Char) {
        rules.push(ValueRule {
            extension: Some(Extension::Zero),
            sent: "a Unicode scalar value",
            guest: Some("keeps the number, or has U+FFFD where its characters can be no others"),
            host: Some(REFUSES),
            ..rule(vec!["char"], &Type::Builtin(Builtin::Char))
        });
    }
    for (reprs, flags) in [(&used.enums, false), (&used.flags, true)] {
        for repr in [IntRepr::U8, IntRepr::U16, IntRepr::U32, IntRepr::U64] {
            if reprs.contains(&repr) {
                rules.push(of_repr(repr, flags));
            }
        }
    }
    if used.handles {
        rules.push(ValueRule {
            sent: "a number that the host gave",
            host: Some("gives its error for a handle that it does not know"),
            ..rule(vec!["handle"], &Type::Builtin(Builtin::U32))
        });
    }
    if used.pointers {
        let pointer = Type::Pointer {
            mutable: true,
            pointee: Box::new(Type::Builtin(Builtin::U8)),
        };
        rules.push(ValueRule {
            sent: "an address",
            ..rule(vec!["pointer"], &pointer)
        });
    }
    rules
}

const REFUSES: &str = "refuses it";

/// How enums or flags look that an integer represents.
fn of_repr(repr: IntRepr, flags: bool) -> ValueRule {
    let types = match (flags, repr) {
        (false, IntRepr::U8) => "enum of u8",
        (false, IntRepr::U16) => "enum of u16",
        (false, IntRepr::U32) => "enum of u32",
        (false, IntRepr::U64) => "enum of u64",
        (true, IntRepr::U8) => "flags of u8",
        (true, IntRepr::U16) => "flags of u16",
        (true, IntRepr::U32) => "flags of u32",
        (true, IntRepr::U64) => "flags of u64",
    };
    let narrow = matches!(repr, IntRepr::U8 | IntRepr::U16);
    ValueRule {
        types: vec![types],
        size: repr.bits() / 8,
        // An enum is passed in an `i32` whatever represents it.
        wasm: match (flags, repr) {
            (true, IntRepr::U64) => "i64",
            _ => "i32",
        },
        extension: narrow.then_some(Extension::Zero),
        sent: match flags {
            false => "the number of a case",
            true => "any of the bits that have names",
        },
        guest: Some(match (flags, narrow) {
            (false, true) => "reads the lower bits, and keeps an unknown number",
            (false, false) => "keeps an unknown number",
            (true, true) => "reads the lower bits, and keeps unknown ones",
            (true, false) => "keeps unknown bits",
        }),
        host: Some(REFUSES),
    }
}

fn extension(narrow: Narrow) -> Extension {
    match narrow.is_signed() {
        true => Extension::Sign,
        false => Extension::Zero,
    }
}

/// The name in WITX, without what makes an expression of it.
#[must_use]
pub fn name(builtin: Builtin) -> &'static str {
    match builtin {
        Builtin::Char8 => "char8",
        Builtin::Usize => "usize",
        other => other.witx(),
    }
}

/// The rules in words: those about what a document uses.
#[must_use]
pub fn rules(model: &Model) -> Vec<Rule> {
    let used = Used::of(model);
    let any = model.functions().next().is_some();
    let lists = used.text || used.lists;
    let views = lists || used.pointers || used.outs || used.references;
    let all = [
        (
            any && views,
            "memory",
            "Addresses are those of the memory that the guest exports as `memory`. They have 32 \
             bits. Numbers in it are little-endian, floats are those of IEEE 754. It may grow \
             during a call, also one that the host makes: a host looks the memory up anew after \
             each.",
        ),
        (
            any && views,
            "alignment",
            "A guest aligns what it passes the address of as the type of that is aligned. A host \
             takes any alignment.",
        ),
        (
            any && used.references,
            "records and variants",
            "A record, a tuple or a variant is passed by its address. Bytes between fields, and \
             those of the payload of another case, mean nothing.",
        ),
        (
            used.variants,
            "unknown cases",
            "A guest keeps a tag that it does not know and reads no payload; a host refuses one.",
        ),
        (
            used.text,
            "strings",
            "A string is UTF-8, an address and a length in bytes, with no NUL behind it; a NUL \
             inside is a character like others. A guest sends no surrogates: where its own \
             strings can have one by itself, U+FFFD goes in its place. What a host gives may be \
             anything until it was checked.",
        ),
        (
            lists,
            "lists",
            "A list is an address and a number of elements, which lie one behind the other, each \
             at a multiple of the size of their type. An empty one may have any address. As an \
             argument it is two arguments, the address first; inside of other values and as a \
             result it is 8 bytes, the address at offset 0 and the number at offset 4, aligned \
             to 4.",
        ),
        (
            any && views,
            "ownership",
            "What a guest passes the address of is lent: it stays as it is until the call \
             returns, and a host keeps no address. The exceptions are addresses that are values \
             themselves, for which the document says how long they hold.",
        ),
        (
            used.buffers,
            "buffers",
            "A pointer to bytes with its length behind it is one slice: the host reads it, or \
             writes no more than its length to it, during the call. What lies behind the part \
             that it says it wrote may be overwritten too.",
        ),
        (
            lists && used.outs,
            "lists as results",
            "A list or a string that a host gives lies in the memory of the guest, where the host \
             got room in a way that the document says. It belongs to the guest then, which copies \
             it or frees it.",
        ),
        (
            used.errors,
            "errors",
            "A function that can fail gives 0 for success, or the code of its error: its result \
             is an integer of the size of the error's type, in an `i32`. A guest reads the lower \
             bits alone also to see whether that is 0, and keeps a code that it does not know.",
        ),
        (
            used.outs,
            "results",
            "What goes with success is written to addresses that the guest passes behind its \
             arguments, one for each member of a tuple. A generated host checks that they are \
             inside of the memory before it does anything, and writes nothing if the call fails; \
             a guest reads nothing then. Addresses that overlap are the guest's fault.",
        ),
        (
            any,
            "what a host refuses",
            "A generated host refuses a value before its function does anything: with the error \
             that says so (by default `invalid_option`, else `inval`; for an address \
             `memory_access_error`, else `fault`) where the function has one, else the guest ends.",
        ),
        (
            used.handles,
            "handles",
            "A handle is a number without a meaning, also 0. The host closes what is behind it by \
             the document's functions, and may give the number out again.",
        ),
    ];
    let rules = all.into_iter().filter(|(applies, ..)| *applies);
    rules.map(|(_, topic, text)| Rule { topic, text }).collect()
}
