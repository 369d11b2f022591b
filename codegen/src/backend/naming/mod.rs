//! What names become in a language: case, keywords, and names that would collide.
//!
//! [`Names`] applies the [`Convention`] of a language to a whole model, once, so that a backend
//! only looks names up. What is known about the identifiers of a language is in the `names.rs`
//! of its backend.

mod convention;
mod scope;

pub(crate) use convention::{Case, Convention};
pub(crate) use scope::Scope;

use std::collections::HashSet;
use std::rc::Rc;

use crate::model::docs::ERROR_TEXTS;
use crate::model::{Function, Model, Role, TypeDef, TypeId, TypeKind};

/// The names of everything in a model, in one language.
#[derive(Debug, Clone)]
pub struct Names {
    top: Scope,
    types: Vec<TypeNames>,
    /// The constants, in the order of the model.
    pub constants: Vec<String>,
    /// The modules, in the order of the model.
    pub modules: Vec<ModuleNames>,
}

/// The names of a type.
#[derive(Debug, Clone)]
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
    /// Functions that give the [`ERROR_TEXTS`] of an error.
    pub error_texts: [String; ERROR_TEXTS.len()],
    /// A type for the errors, in languages with an error type of their own (Zig's error sets).
    pub error_set: String,
    /// Those errors: one for each case but the first, which is success.
    pub errors: Vec<String>,
}

/// The names of a module.
#[derive(Debug, Clone)]
pub struct ModuleNames {
    /// The module itself.
    pub name: String,
    /// Its functions, in the order of the model.
    pub functions: Vec<FunctionNames>,
}

/// The names of a function.
#[derive(Debug, Clone)]
pub struct FunctionNames {
    /// The function itself.
    pub name: String,
    /// The name of a type that holds what the function gives back.
    pub result_type: String,
    /// The inputs, in the order of the lowered function.
    pub inputs: Vec<String>,
    /// Variables for what is written through out-pointers, in the order of the lowered function.
    pub outs: Vec<String>,
    /// Members of what the function gives back, for the same values.
    pub results: Vec<String>,
    /// The parameters of the import, in the order of the lowered function.
    pub wasm_params: Vec<String>,
    /// The names of inputs and outs; a wrapper makes those of its other variables here.
    pub scope: Scope,
}

impl Names {
    /// Names everything in `model`.
    pub fn new(model: &Model, convention: &'static Convention) -> Names {
        Names::with_prefix(model, convention, None)
    }

    /// Names everything in `model`. Where a language puts all programs together, names start with
    /// `prefix`, or else with the name of the module.
    pub fn with_prefix(
        model: &Model,
        convention: &'static Convention,
        prefix: Option<&str>,
    ) -> Names {
        let mut top = Scope::new(convention);
        let module_prefix = |name: &str| convention.plain(name, Case::Snake) + "_";
        if convention.prefixed {
            top.prefix = match (prefix, model.modules.first()) {
                (Some(prefix), _) => prefix.to_owned(),
                (None, Some(module)) => module_prefix(&module.name),
                // Not the name of the file: a renamed file must keep its API.
                (None, None) => "witx_".to_owned(),
            };
        }
        let item = |name: &str, kind: &str, case: Case| {
            let identifier = convention.identifier("", name, case);
            match convention.item_words.contains(&identifier.as_str()) {
                true => format!("{name}_{kind}"),
                false => name.to_owned(),
            }
        };
        let names = model.types.iter().map(|ty| {
            let name = item(&ty.name, "type", convention.types);
            top.declare_with(&name, convention.types, convention.type_suffix)
        });
        let names: Vec<String> = names.collect();
        let types = model.types.iter().zip(names);
        let types: Vec<TypeNames> = types
            .map(|(ty, name)| TypeNames::new(&mut top, ty, name))
            .collect();
        let constants = model
            .constants
            .iter()
            .map(|constant| {
                let ty = &model.get(constant.ty).name;
                let name = format!("{ty}_{}", constant.name);
                top.declare(&name, convention.members)
            })
            .collect();
        let mut functions = Vec::new();
        for module in &model.modules {
            // Names of modules and functions live beside those of types: some languages have
            // one space for all of them.
            let name = item(&module.name, "module", convention.modules);
            let hoisted = convention.hoists && model.modules.len() == 1;
            let name = match hoisted {
                true => convention.identifier("", &name, convention.modules),
                false => top.declare(&name, convention.modules),
            };
            // In languages that forbid shadowing, outer names are taken in inner scopes as well.
            let mut inner = match convention.shadows {
                true => Scope::new(convention),
                false => top.clone(),
            };
            let shared = convention.prefixed || hoisted;
            let own: Vec<(String, String)> = module
                .functions
                .iter()
                .map(|function| {
                    let scope = if shared { &mut top } else { &mut inner };
                    let name = match (convention.prefixed, prefix) {
                        (true, None) => scope.declare_behind(
                            &module_prefix(&module.name),
                            &function.name,
                            convention.functions,
                        ),
                        (true, Some(_)) if model.modules.len() > 1 => {
                            let name = format!("{}_{}", module.name, function.name);
                            scope.declare(&name, convention.functions)
                        }
                        // A type already has that name.
                        (true, Some(_)) if !scope.is_free(&function.name, convention.functions) => {
                            let name = format!("{}_{}", module.name, function.name);
                            scope.declare(&name, convention.functions)
                        }
                        _ => scope.declare(&function.name, convention.functions),
                    };
                    let result_type = format!("{}_result", function.name);
                    (name, top.declare(&result_type, convention.types))
                })
                .collect();
            functions.push((name, own, inner));
        }
        // A name that starts with a digit may be the same in the case of types and in that of locals,
        // and what a function names it cannot shadow.
        let mut alike = HashSet::new();
        if convention.types != convention.locals {
            alike.extend(types.iter().map(|ty| ty.name.clone()));
            let own = functions.iter().flat_map(|(_, own, _)| own);
            alike.extend(own.map(|(_, result_type)| result_type.clone()));
        }
        let modules = model.modules.iter().zip(functions);
        let modules = modules
            .map(|(module, (name, own, inner))| {
                let mut locals = Scope::new(convention);
                locals.taken.extend(alike.iter().cloned());
                if !convention.shadows {
                    let outer = top.taken.iter().cloned().chain(inner.taken);
                    locals.outer = Rc::new(outer.collect());
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

    /// A name for a type that the generator adds.
    pub(crate) fn another_type(&mut self, name: &str) -> String {
        let convention = self.top.convention;
        self.top
            .declare_with(name, convention.types, convention.type_suffix)
    }

    /// A name for a function that the generator adds, behind that of another one.
    pub(crate) fn behind(&mut self, function: &str, name: &str) -> String {
        let case = self.top.convention.functions;
        self.top.declare_behind(&format!("{function}_"), name, case)
    }

    /// A name for a macro that the generator adds.
    pub(crate) fn another_macro(&mut self, name: &str) -> String {
        self.top.declare(name, Case::Shouty)
    }

    /// The names of a type.
    pub fn get(&self, id: TypeId) -> &TypeNames {
        &self.types[id.0]
    }
}

impl TypeNames {
    /// Names the members of a type. Those that the language does not put inside of the type are
    /// declared in `outer`.
    fn new(outer: &mut Scope, ty: &TypeDef, name: String) -> TypeNames {
        let convention = outer.convention;
        let mut scope = Scope::of_members(convention);
        let members = match &ty.kind {
            TypeKind::Alias(_) | TypeKind::Handle => Vec::new(),
            TypeKind::Flags { flags, .. } if convention.flat => flags
                .iter()
                .map(|flag| format!("{}_{}", ty.name, flag.name))
                .map(|name| outer.declare(&name, convention.members))
                .collect(),
            TypeKind::Enum { cases, .. } if convention.prefixed => cases
                .iter()
                .map(|case| format!("{}_{}", ty.name, case.name))
                .map(|name| outer.declare(&name, convention.members))
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
                .map(|case| format!("{}_{}", ty.name, case.name))
                .map(|name| outer.declare(&name, convention.members))
                .collect(),
            _ => Vec::new(),
        };
        let mut derived = |suffix: &str, wanted: bool, case: Case| match wanted {
            true => outer.declare(&format!("{}_{suffix}", ty.name), case),
            false => String::new(),
        };
        let is_variant = matches!(ty.kind, TypeKind::Variant { .. });
        TypeNames {
            name,
            members,
            accessors,
            tags,
            payload: derived("payload", is_variant, convention.types),
            error_texts: ERROR_TEXTS
                .map(|text| derived(text.suffix, ty.is_error, convention.functions)),
            error_set: derived("error", ty.is_error, convention.types),
            errors: errors(convention, ty),
        }
    }
}

/// The names of an error's cases in a language with an error type of its own. `Unexpected` is for
/// codes without a name.
fn errors(convention: &'static Convention, ty: &TypeDef) -> Vec<String> {
    let mut scope = Scope::new(convention);
    scope.taken.insert("Unexpected".to_owned());
    match &ty.kind {
        TypeKind::Enum { cases, .. } if ty.is_error => {
            let cases = cases.iter().skip(1);
            cases
                .map(|case| scope.declare(&case.name, Case::Pascal))
                .collect()
        }
        _ => Vec::new(),
    }
}

impl FunctionNames {
    fn new(function: &Function, name: String, mut scope: Scope) -> FunctionNames {
        let lowered = &function.lowered;
        let inputs = lowered.inputs.iter();
        let inputs: Vec<String> = inputs.map(|input| scope.local(&input.name)).collect();
        let out_params = lowered.wasm_params.iter();
        let out_params = out_params.filter(|param| matches!(param.role, Role::Out(_)));
        let outs: Vec<String> = out_params.map(|out| scope.local(&out.name)).collect();
        let mut members = Scope::new(scope.convention);
        let taken = scope.convention.result_members.iter();
        members.taken.extend(taken.map(|&member| member.to_owned()));
        let results = lowered.outs().iter();
        let results = results.map(|out| members.declare(&out.name, scope.convention.fields));
        let results: Vec<String> = results.collect();
        // The import is a separate function, so its names cannot collide with those of the wrapper.
        let mut import = scope.clone();
        let wasm_params = lowered.wasm_params.iter();
        let wasm_params = wasm_params.map(|param| match (param.role, param.input) {
            (Role::Out(index), _) => outs[index].clone(),
            (_, Some(index)) => inputs[index].clone(),
            (_, None) => import.local(&param.name),
        });
        FunctionNames {
            name,
            result_type: String::new(),
            wasm_params: wasm_params.collect(),
            inputs,
            outs,
            results,
            scope,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::backend::{assemblyscript, c, cpp, go, rust, wiggle, wit, zig};

    /// The matrix compiles documents that give each of these words to everything.
    const WORDS: &str = include_str!("../../../tests/words.txt");

    const CONVENTIONS: [&Convention; 8] = [
        &assemblyscript::CONVENTION,
        &c::CONVENTION,
        &cpp::CONVENTION,
        &go::CONVENTION,
        &rust::CONVENTION,
        &wiggle::CONVENTION,
        &wit::CONVENTION,
        &zig::CONVENTION,
    ];

    #[test]
    fn every_word_of_a_language_is_tried_by_the_matrix() {
        let words: HashSet<&str> = WORDS.lines().collect();
        let mut missing = std::collections::BTreeSet::new();
        for convention in CONVENTIONS {
            let lists = [
                convention.keywords,
                convention.reserved,
                convention.item_words,
                convention.methods,
            ];
            missing.extend(lists.concat().into_iter().filter(|it| !words.contains(it)));
        }
        assert!(missing.is_empty(), "tests/words.txt has no {missing:?}");
    }

    #[test]
    fn no_number_makes_a_keyword_of_a_name() {
        for convention in CONVENTIONS {
            let mut scope = Scope::new(convention);
            let names: HashSet<String> = (0..100)
                .map(|_| scope.declare("u", convention.functions))
                .collect();
            assert_eq!(names.len(), 100);
            for name in names {
                assert_eq!(convention.escaped(name.clone()), name);
            }
        }
    }
}
