//! What names become in each language: case, keywords, and names that would collide.
//!
//! A language is one [`Convention`]; everything that is known about its identifiers is in that
//! constant. [`Names`] applies a convention to a whole model, so that backends only look names
//! up.

use std::collections::HashSet;

use heck::{ToLowerCamelCase, ToShoutySnakeCase, ToSnakeCase, ToUpperCamelCase};

use crate::lowering::Input;
use crate::model::{Function, Model, TypeDef, TypeId, TypeKind};

/// How words are joined to an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// `like_this`
    Snake,
    /// `likeThis`
    Camel,
    /// `LikeThis`
    Pascal,
    /// `LIKE_THIS`
    Shouty,
}

/// The identifiers of a language.
#[derive(Debug)]
pub struct Convention {
    types: Case,
    /// Cases of enums, flags and constants.
    members: Case,
    fields: Case,
    modules: Case,
    functions: Case,
    /// Parameters and local variables.
    locals: Case,
    /// Whether there is one space of names for all functions and flags, as far as modules do
    /// not part it: names that other languages put inside of a type or a module have to
    /// differ from all others there.
    flat: bool,
    /// Whether names that are visible from all of a program start with the name of the document
    /// or of a module, since there is nothing else that parts them.
    prefixed: bool,
    /// What the names of types end with.
    type_suffix: &'static str,
    /// Whether a local variable may have the name of something outside of its function.
    shadows: bool,
    /// Whether `u8`, `i3` and all other integer types of any width are keywords.
    integers: bool,
    /// Whether names must differ in more than case and underscores.
    folds: bool,
    /// What a name that would start with a digit starts with.
    digit_prefix: &'static str,
    /// What is put behind a name that is taken by the language.
    escape: &'static str,
    /// Words that no type and no module may be.
    item_words: &'static [&'static str],
    /// Members that generated types have besides those of the document.
    methods: &'static [&'static str],
    /// Words that no identifier may be.
    keywords: &'static [&'static str],
    /// Words that are possible as identifiers, but mean something in generated code.
    reserved: &'static [&'static str],
}

/// The conventions of Rust, in every edition up to 2024.
pub const RUST: Convention = Convention {
    types: Case::Pascal,
    members: Case::Shouty,
    fields: Case::Snake,
    modules: Case::Snake,
    functions: Case::Snake,
    locals: Case::Snake,
    flat: false,
    prefixed: false,
    type_suffix: "",
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
        "Bool32", "Clone", "Copy", "Err", "From", "None", "Ok", "Option", "RawSlice", "Result",
        "Some", "bool", "char", "core", "f32", "f64", "i16", "i32", "i64", "i8", "isize", "str",
        "u16", "u32", "u64", "u8", "usize",
    ],
};

/// The conventions of AssemblyScript, whose keywords are those of TypeScript.
pub const ASSEMBLYSCRIPT: Convention = Convention {
    types: Case::Pascal,
    members: Case::Shouty,
    fields: Case::Camel,
    modules: Case::Camel,
    functions: Case::Camel,
    locals: Case::Camel,
    flat: true,
    prefixed: false,
    type_suffix: "",
    shadows: true,
    integers: false,
    folds: false,
    digit_prefix: "_",
    escape: "_",
    item_words: &[],
    methods: &["bytes", "read", "tag", "write"],
    keywords: &[
        "abstract",
        "any",
        "as",
        "async",
        "await",
        "bool",
        "boolean",
        "break",
        "case",
        "catch",
        "class",
        "const",
        "constructor",
        "continue",
        "debugger",
        "declare",
        "default",
        "delete",
        "do",
        "else",
        "enum",
        "export",
        "extends",
        "f32",
        "f64",
        "false",
        "finally",
        "for",
        "from",
        "function",
        "get",
        "i16",
        "i32",
        "i64",
        "i8",
        "if",
        "implements",
        "import",
        "in",
        "infer",
        "instanceof",
        "interface",
        "is",
        "isize",
        "keyof",
        "let",
        "module",
        "namespace",
        "never",
        "new",
        "null",
        "number",
        "object",
        "of",
        "package",
        "private",
        "protected",
        "public",
        "readonly",
        "return",
        "set",
        "static",
        "string",
        "super",
        "switch",
        "symbol",
        "this",
        "throw",
        "true",
        "try",
        "type",
        "typeof",
        "u16",
        "u32",
        "u64",
        "u8",
        "undefined",
        "unique",
        "unknown",
        "usize",
        "v128",
        "var",
        "void",
        "while",
        "with",
        "yield",
    ],
    reserved: &[
        "Array",
        "ArrayBuffer",
        "Atomics",
        "Boolean",
        "DataView",
        "Date",
        "Error",
        "Float32Array",
        "Float64Array",
        "Function",
        "Infinity",
        "Int16Array",
        "Int32Array",
        "Int64Array",
        "Int8Array",
        "JSON",
        "Map",
        "Math",
        "NaN",
        "Number",
        "Object",
        "Promise",
        "Reflect",
        "RegExp",
        "Set",
        "StaticArray",
        "String",
        "Symbol",
        "Uint16Array",
        "Uint32Array",
        "Uint64Array",
        "Uint8Array",
        "Uint8ClampedArray",
        "abort",
        "changetype",
        "load",
        "memory",
        "store",
        "textAt",
        "trace",
        "unreachable",
    ],
};

/// The conventions of C, with which C++ can read a header too.
pub const C: Convention = Convention {
    types: Case::Snake,
    members: Case::Shouty,
    fields: Case::Snake,
    modules: Case::Snake,
    functions: Case::Snake,
    locals: Case::Snake,
    flat: true,
    prefixed: true,
    type_suffix: "_t",
    shadows: true,
    integers: false,
    folds: false,
    digit_prefix: "_",
    escape: "_",
    item_words: &[],
    methods: &["payload", "tag"],
    keywords: &[
        "alignas",
        "alignof",
        "and",
        "and_eq",
        "asm",
        "auto",
        "bitand",
        "bitor",
        "bool",
        "break",
        "case",
        "catch",
        "char",
        "char16_t",
        "char32_t",
        "char8_t",
        "class",
        "co_await",
        "co_return",
        "co_yield",
        "compl",
        "concept",
        "const",
        "const_cast",
        "consteval",
        "constexpr",
        "constinit",
        "continue",
        "decltype",
        "default",
        "delete",
        "do",
        "double",
        "dynamic_cast",
        "else",
        "enum",
        "explicit",
        "export",
        "extern",
        "false",
        "float",
        "for",
        "friend",
        "goto",
        "if",
        "inline",
        "int",
        "long",
        "mutable",
        "namespace",
        "new",
        "noexcept",
        "not",
        "not_eq",
        "nullptr",
        "operator",
        "or",
        "or_eq",
        "private",
        "protected",
        "public",
        "register",
        "reinterpret_cast",
        "requires",
        "restrict",
        "return",
        "short",
        "signed",
        "sizeof",
        "static",
        "static_assert",
        "static_cast",
        "struct",
        "switch",
        "template",
        "this",
        "thread_local",
        "throw",
        "true",
        "try",
        "typedef",
        "typeid",
        "typename",
        "typeof",
        "typeof_unqual",
        "union",
        "unsigned",
        "using",
        "virtual",
        "void",
        "volatile",
        "wchar_t",
        "while",
        "xor",
        "xor_eq",
    ],
    // Macros of the C library and of compilers, and types that the header itself uses.
    reserved: &[
        "assert",
        "complex",
        "errno",
        "i386",
        "imaginary",
        "int16_t",
        "int32_t",
        "int64_t",
        "int8_t",
        "linux",
        "noreturn",
        "offsetof",
        "ptrdiff_t",
        "size_t",
        "stderr",
        "stdin",
        "stdout",
        "uint16_t",
        "uint32_t",
        "uint64_t",
        "uint8_t",
        "unix",
        "wasm32",
    ],
};

/// The conventions of Zig.
pub const ZIG: Convention = Convention {
    types: Case::Pascal,
    members: Case::Snake,
    fields: Case::Snake,
    modules: Case::Snake,
    functions: Case::Camel,
    locals: Case::Snake,
    flat: false,
    prefixed: false,
    type_suffix: "",
    shadows: false,
    integers: true,
    folds: false,
    digit_prefix: "_",
    escape: "_",
    item_words: &[],
    methods: &["payload", "tag"],
    keywords: &[
        "addrspace",
        "align",
        "allowzero",
        "and",
        "anyerror",
        "anyframe",
        "anyopaque",
        "anytype",
        "asm",
        "async",
        "await",
        "bool",
        "break",
        "c_char",
        "c_int",
        "c_long",
        "c_longdouble",
        "c_longlong",
        "c_short",
        "c_uint",
        "c_ulong",
        "c_ulonglong",
        "c_ushort",
        "callconv",
        "catch",
        "comptime",
        "comptime_float",
        "comptime_int",
        "const",
        "continue",
        "defer",
        "else",
        "enum",
        "errdefer",
        "error",
        "export",
        "extern",
        "f128",
        "f16",
        "f32",
        "f64",
        "f80",
        "false",
        "fn",
        "for",
        "if",
        "inline",
        "isize",
        "linksection",
        "noalias",
        "noinline",
        "noreturn",
        "nosuspend",
        "null",
        "opaque",
        "or",
        "orelse",
        "packed",
        "pub",
        "resume",
        "return",
        "struct",
        "suspend",
        "switch",
        "test",
        "threadlocal",
        "true",
        "try",
        "type",
        "undefined",
        "union",
        "unreachable",
        "usingnamespace",
        "usize",
        "var",
        "void",
        "volatile",
        "while",
    ],
    reserved: &["Element", "Err", "List", "Ok", "Result", "imports", "std"],
};

/// The conventions of wiggle, as WITX names that it turns into those of Rust: what is in snake
/// case here keeps apart when it is put into any other case.
pub const WIGGLE: Convention = Convention {
    types: Case::Snake,
    members: Case::Snake,
    fields: Case::Snake,
    modules: Case::Snake,
    functions: Case::Snake,
    locals: Case::Snake,
    flat: false,
    prefixed: false,
    type_suffix: "",
    shadows: true,
    integers: false,
    folds: true,
    digit_prefix: "n",
    escape: "_value",
    item_words: &[
        "box",
        "clone",
        "copy",
        "core",
        "debug",
        "drop",
        "err",
        "fn",
        "from",
        "into",
        "iterator",
        "none",
        "ok",
        "option",
        "partial_eq",
        "result",
        "self",
        "send",
        "sized",
        "some",
        "std",
        "string",
        "sync",
        "t",
        "try_from",
        "types",
        "u",
        "vec",
        "wasmtime",
        "wiggle",
    ],
    methods: &[],
    keywords: &["crate", "location", "mem", "self", "super"],
    reserved: &[],
};

impl Convention {
    /// The identifier for a WITX name, before it is made unique.
    fn identifier(&self, name: &str, case: Case) -> String {
        // Letters outside of ASCII are legal in the name of an import, but not everywhere in
        // an identifier.
        let mut ascii = String::new();
        for c in name.chars() {
            match c {
                c if c.is_ascii_alphanumeric() => ascii.push(c),
                c if c.is_ascii() => ascii.push('_'),
                c => ascii.push_str(&format!("_u{:x}_", u32::from(c))),
            }
        }
        let mut identifier = match case {
            Case::Snake => ascii.to_snake_case(),
            Case::Camel => ascii.to_lower_camel_case(),
            Case::Pascal => ascii.to_upper_camel_case(),
            Case::Shouty => ascii.to_shouty_snake_case(),
        };
        if identifier.is_empty() {
            identifier = match case {
                Case::Snake | Case::Camel => "unnamed".to_owned(),
                Case::Pascal => "Unnamed".to_owned(),
                Case::Shouty => "UNNAMED".to_owned(),
            };
        }
        if identifier.starts_with(|c: char| c.is_ascii_digit()) {
            identifier.insert_str(0, self.digit_prefix);
        }
        let integer = |word: &str| {
            let digits = word.strip_prefix(['u', 'i']);
            let digit = |c: char| c.is_ascii_digit();
            self.integers && digits.is_some_and(|d| !d.is_empty() && d.chars().all(digit))
        };
        let taken = |word: &str| {
            self.keywords.contains(&word) || self.reserved.contains(&word) || integer(word)
        };
        if taken(&identifier) {
            identifier.push_str(self.escape);
        }
        identifier
    }
}

/// A region of a program in which names are unique.
#[derive(Debug, Clone)]
pub struct Scope {
    convention: &'static Convention,
    taken: HashSet<String>,
}

impl Scope {
    fn new(convention: &'static Convention) -> Scope {
        Scope {
            convention,
            taken: HashSet::new(),
        }
    }

    /// The members of a type, some of which the generator gives to it.
    fn of_members(convention: &'static Convention) -> Scope {
        let mut scope = Scope::new(convention);
        scope
            .taken
            .extend(convention.methods.iter().map(|&method| method.to_owned()));
        scope
    }

    fn declare(&mut self, name: &str, case: Case) -> String {
        self.declare_with(name, case, "")
    }

    /// Declares a name with something behind it that is no part of any name.
    fn declare_with(&mut self, name: &str, case: Case, suffix: &str) -> String {
        let identifier = self.convention.identifier(name, case);
        let separator = match case {
            Case::Pascal | Case::Camel => "",
            Case::Snake | Case::Shouty if identifier.ends_with('_') => "",
            Case::Snake | Case::Shouty => "_",
        };
        let mut unique = format!("{identifier}{suffix}");
        let mut number = 2;
        let folds = self.convention.folds;
        let key = |name: &str| match folds {
            true => name.replace('_', "").to_lowercase(),
            false => name.to_owned(),
        };
        while !self.taken.insert(key(&unique)) {
            unique = format!("{identifier}{separator}{number}{suffix}");
            number += 1;
        }
        unique
    }

    /// A local variable of generated code, named like `name` if that is free.
    pub fn local(&mut self, name: &str) -> String {
        self.declare(name, self.convention.locals)
    }

    /// The names that a type brings along, besides its own.
    fn names_of(&mut self, ty: &TypeDef, prefix: &str, name: String) -> TypeNames {
        let convention = self.convention;
        let mut scope = Scope::of_members(convention);
        let members = match &ty.kind {
            TypeKind::Alias(_) | TypeKind::Handle => Vec::new(),
            TypeKind::Flags { flags, .. } if convention.flat => flags
                .iter()
                .map(|flag| format!("{prefix}{}_{}", ty.name, flag.name))
                .map(|name| self.declare(&name, convention.members))
                .collect(),
            TypeKind::Enum { cases, .. } if convention.prefixed => cases
                .iter()
                .map(|case| format!("{prefix}{}_{}", ty.name, case.name))
                .map(|name| self.declare(&name, convention.members))
                .collect(),
            TypeKind::Enum { cases: members, .. } | TypeKind::Flags { flags: members, .. } => {
                let mut declare = |name: &str| scope.declare(name, convention.members);
                members.iter().map(|member| declare(&member.name)).collect()
            }
            TypeKind::Record { tuple, fields } => {
                let prefix = if *tuple { "f" } else { "" };
                let mut declare = |name: String| scope.declare(&name, convention.fields);
                let names = fields.iter().map(|field| format!("{prefix}{}", field.name));
                names.map(&mut declare).collect()
            }
            TypeKind::Variant { cases, .. } => {
                let mut declare = |name: &str| scope.declare(name, convention.fields);
                cases.iter().map(|case| declare(&case.name)).collect()
            }
        };
        let accessors = match &ty.kind {
            TypeKind::Variant { cases, .. } => {
                let names = cases.iter().map(|case| format!("as_{}", case.name));
                names
                    .map(|name| scope.declare(&name, convention.functions))
                    .collect()
            }
            _ => Vec::new(),
        };
        let tags = match &ty.kind {
            TypeKind::Variant { cases, .. } if convention.prefixed => cases
                .iter()
                .map(|case| format!("{prefix}{}_{}", ty.name, case.name))
                .map(|name| self.declare(&name, convention.members))
                .collect(),
            _ => Vec::new(),
        };
        let mut derived = |suffix: &str, wanted: bool, case: Case| match wanted {
            true => self.declare(&format!("{prefix}{}_{suffix}", ty.name), case),
            false => String::new(),
        };
        let is_variant = matches!(ty.kind, TypeKind::Variant { .. });
        TypeNames {
            name,
            members,
            accessors,
            tags,
            payload: derived("payload", is_variant, convention.types),
            name_function: derived("name", ty.is_error, convention.functions),
            message_function: derived("message", ty.is_error, convention.functions),
        }
    }
}

/// The names of everything in a model, in one language.
#[derive(Debug)]
pub struct Names {
    top: Scope,
    types: Vec<TypeNames>,
    /// The constants, in the order of the model.
    pub constants: Vec<String>,
    /// The modules, in the order of the model.
    pub modules: Vec<ModuleNames>,
}

/// The names of a type.
#[derive(Debug)]
pub struct TypeNames {
    /// The type itself.
    pub name: String,
    /// Its cases, flags or fields, in the order of the model. The fields of a tuple are `f0`,
    /// `f1` and so on.
    pub members: Vec<String>,
    /// Functions that give the payload of a variant, for each of its cases.
    pub accessors: Vec<String>,
    /// The numbers of the cases of a variant, in languages without scopes for them.
    pub tags: Vec<String>,
    /// A second type for the payload of a variant.
    pub payload: String,
    /// A function that gives the name of an error.
    pub name_function: String,
    /// A function that gives the meaning of an error.
    pub message_function: String,
}

/// The names of a module.
#[derive(Debug)]
pub struct ModuleNames {
    /// The module itself.
    pub name: String,
    /// Its functions, in the order of the model.
    pub functions: Vec<FunctionNames>,
}

/// The names of a function.
#[derive(Debug)]
pub struct FunctionNames {
    /// The function itself.
    pub name: String,
    /// The name of a type that holds what the function gives back.
    pub result_type: String,
    /// The inputs, in the order of the lowered function.
    pub inputs: Vec<String>,
    /// The values written through out-pointers, in the order of the lowered function.
    pub outs: Vec<String>,
    /// The names above that are local; more can be made here.
    pub scope: Scope,
}

impl Names {
    /// Names everything in `model`.
    pub fn new(model: &Model, convention: &'static Convention) -> Names {
        Names::in_document(model, convention, "")
    }

    /// Names everything in `model`, which is the document `stem`. Where a language puts all
    /// programs together, names start with that.
    pub fn in_document(model: &Model, convention: &'static Convention, stem: &str) -> Names {
        let mut top = Scope::new(convention);
        let prefix = if convention.prefixed && !stem.is_empty() {
            format!("{stem}_")
        } else {
            String::new()
        };
        let item = |name: &str, kind: &str, case: Case| {
            let identifier = convention.identifier(name, case);
            match convention.item_words.contains(&identifier.as_str()) {
                true => format!("{name}_{kind}"),
                false => name.to_owned(),
            }
        };
        let names = model.types.iter().map(|ty| {
            let name = item(&format!("{prefix}{}", ty.name), "type", convention.types);
            top.declare_with(&name, convention.types, convention.type_suffix)
        });
        let names: Vec<String> = names.collect();
        let types = model.types.iter().zip(names);
        let types: Vec<TypeNames> = types
            .map(|(ty, name)| top.names_of(ty, &prefix, name))
            .collect();
        let constants = model
            .constants
            .iter()
            .map(|constant| {
                let ty = &model.get(constant.ty).name;
                let name = format!("{prefix}{ty}_{}", constant.name);
                top.declare(&name, convention.members)
            })
            .collect();
        let mut functions = Vec::new();
        for module in &model.modules {
            // Names of modules and functions live beside those of types: some languages have
            // one space for all of them.
            let name = item(&module.name, "module", convention.modules);
            let name = top.declare(&name, convention.modules);
            let mut inner = Scope::new(convention);
            let shared = convention.flat && (convention.prefixed || model.modules.len() == 1);
            let own: Vec<(String, String)> = module
                .functions
                .iter()
                .map(|function| {
                    let scope = if shared { &mut top } else { &mut inner };
                    let name = match convention.prefixed {
                        true => format!("{}_{}", module.name, function.name),
                        false => function.name.clone(),
                    };
                    let name = scope.declare(&name, convention.functions);
                    let result_type = format!("{}_result", function.name);
                    (name, top.declare(&result_type, convention.types))
                })
                .collect();
            functions.push((name, own, inner));
        }
        let modules = model.modules.iter().zip(functions);
        let modules = modules
            .map(|(module, (name, own, inner))| {
                let mut locals = Scope::new(convention);
                if !convention.shadows {
                    locals.taken.extend(top.taken.iter().cloned());
                    locals.taken.extend(inner.taken);
                }
                let functions = module.functions.iter().zip(own);
                let functions = functions.map(|(function, (name, result_type))| FunctionNames {
                    result_type,
                    ..FunctionNames::new(function, name, locals.clone())
                });
                ModuleNames {
                    name,
                    functions: functions.collect(),
                }
            })
            .collect();
        Names {
            top,
            types,
            constants,
            modules,
        }
    }

    /// A name for a type that the generator adds to the document `stem`.
    pub(crate) fn another_type(&mut self, stem: &str, name: &str) -> String {
        let convention = self.top.convention;
        let name = match stem {
            "" => name.to_owned(),
            stem => format!("{stem}_{name}"),
        };
        let suffix = convention.type_suffix;
        self.top.declare_with(&name, convention.types, suffix)
    }

    /// The names of a type.
    pub fn get(&self, id: TypeId) -> &TypeNames {
        &self.types[id.0]
    }
}

impl FunctionNames {
    fn new(function: &Function, name: String, mut scope: Scope) -> FunctionNames {
        let mut input = |input: &Input| scope.local(&input.name);
        let inputs = function.lowered.inputs.iter().map(&mut input).collect();
        let outs = function.lowered.outs().iter();
        let outs = outs.map(|out| scope.local(&out.name)).collect();
        FunctionNames {
            name,
            result_type: String::new(),
            inputs,
            outs,
            scope,
        }
    }
}
