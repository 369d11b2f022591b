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
    methods: &["tag"],
    keywords: &[
        "Self", "abstract", "as", "async", "await", "become", "box", "break", "const", "continue",
        "crate", "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if",
        "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv",
        "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true", "try",
        "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
    ],
    reserved: &[
        "Bool32", "Err", "None", "Ok", "Option", "RawSlice", "Result", "Some", "core",
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
        "trace",
        "unreachable",
    ],
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
            identifier.insert(0, '_');
        }
        let taken = |word: &str| self.keywords.contains(&word) || self.reserved.contains(&word);
        if taken(&identifier) {
            identifier.push('_');
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
        let identifier = self.convention.identifier(name, case);
        let separator = match case {
            Case::Pascal | Case::Camel => "",
            Case::Snake | Case::Shouty if identifier.ends_with('_') => "",
            Case::Snake | Case::Shouty => "_",
        };
        let mut unique = identifier.clone();
        let mut number = 2;
        while !self.taken.insert(unique.clone()) {
            unique = format!("{identifier}{separator}{number}");
            number += 1;
        }
        unique
    }

    /// A local variable of generated code, named like `name` if that is free.
    pub fn local(&mut self, name: &str) -> String {
        self.declare(name, self.convention.locals)
    }

    /// The names that a type brings along, besides its own.
    fn names_of(&mut self, ty: &TypeDef, name: String) -> TypeNames {
        let convention = self.convention;
        let mut scope = Scope::of_members(convention);
        let members = match &ty.kind {
            TypeKind::Alias(_) | TypeKind::Handle => Vec::new(),
            TypeKind::Flags { flags, .. } if convention.flat => flags
                .iter()
                .map(|flag| self.declare(&format!("{}_{}", ty.name, flag.name), convention.members))
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
        let mut derived = |suffix: &str, wanted: bool, case: Case| match wanted {
            true => self.declare(&format!("{}_{suffix}", ty.name), case),
            false => String::new(),
        };
        let is_variant = matches!(ty.kind, TypeKind::Variant { .. });
        TypeNames {
            name,
            members,
            accessors,
            payload: derived("payload", is_variant, convention.types),
            name_function: derived("name", ty.is_error, convention.functions),
            message_function: derived("message", ty.is_error, convention.functions),
        }
    }
}

/// The names of everything in a model, in one language.
#[derive(Debug)]
pub struct Names {
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
        let mut top = Scope::new(convention);
        let names = model
            .types
            .iter()
            .map(|ty| top.declare(&ty.name, convention.types));
        let names: Vec<String> = names.collect();
        let types = model.types.iter().zip(names);
        let types: Vec<TypeNames> = types.map(|(ty, name)| top.names_of(ty, name)).collect();
        let constants = model
            .constants
            .iter()
            .map(|constant| {
                let name = format!("{}_{}", model.get(constant.ty).name, constant.name);
                top.declare(&name, convention.members)
            })
            .collect();
        let mut modules = Vec::new();
        for module in &model.modules {
            // Names of modules and functions live beside those of types: some languages have
            // one space for all of them.
            let name = top.declare(&module.name, convention.modules);
            let mut inner = Scope::new(convention);
            let shared = convention.flat && model.modules.len() == 1;
            let functions = module
                .functions
                .iter()
                .map(|function| {
                    let scope = if shared { &mut top } else { &mut inner };
                    let name = scope.declare(&function.name, convention.functions);
                    let result_type = format!("{}_result", function.name);
                    FunctionNames {
                        result_type: top.declare(&result_type, convention.types),
                        ..FunctionNames::new(function, name, convention)
                    }
                })
                .collect();
            modules.push(ModuleNames { name, functions });
        }
        Names {
            types,
            constants,
            modules,
        }
    }

    /// The names of a type.
    pub fn get(&self, id: TypeId) -> &TypeNames {
        &self.types[id.0]
    }
}

impl FunctionNames {
    fn new(function: &Function, name: String, convention: &'static Convention) -> FunctionNames {
        let mut scope = Scope::new(convention);
        let mut input = |input: &Input| scope.declare(&input.name, convention.locals);
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
