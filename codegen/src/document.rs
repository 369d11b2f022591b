//! A document: the declarations of one or more files, as witx has validated them, and where each
//! of their names was written.
//!
//! How it is read is up to [`load`](crate::load).

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use witx::parser::{DeclSyntax, ModuleDeclSyntax, TypedefSyntax};

use crate::abi;
use crate::diagnostic::Diagnostic;
use crate::location::{Location, Source};
use crate::model::Model;
use crate::syntax::nearest;

/// A validated WITX document: the files that were named and all that they `use`.
#[derive(Debug)]
pub struct Document {
    pub(crate) witx: witx::Document,
    pub(crate) locations: Locations,
    pub(crate) model: Model,
    pub(crate) warnings: Vec<Diagnostic>,
    pub(crate) files: Vec<PathBuf>,
}

impl Document {
    /// The document as the crate `witx` represents it.
    pub(crate) fn witx(&self) -> &witx::Document {
        &self.witx
    }

    /// What bindings need to know of it.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// What is odd in it, although bindings can be generated.
    #[must_use]
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// The files that it was read from: those that were named, and those that they `use`, each
    /// once, in the order in which they were read.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(PathBuf::as_path)
    }

    /// Keeps a pointer to bytes and its length as two parameters, which else are one slice.
    ///
    /// A parameter of type `(@witx pointer u8)` or `(@witx const_pointer u8)` (or `char8`), and one
    /// of an unsigned 32-bit integer behind it that is named like it with `_len` added, are one
    /// slice in bindings: a host does not use it after the call. Where it does, for a ring buffer
    /// for example, a slice is not safe, and the two parameters are to stay apart. `name` is a
    /// module, `module.function` or `module.function.parameter`.
    ///
    /// # Errors
    ///
    /// If nothing of this name has a pointer that is a slice.
    pub fn keep_pointers(&mut self, name: &str) -> Result<(), UnknownPointers> {
        let (types, modules) = (&self.model.types, &mut self.model.modules);
        let mut found = false;
        let mut known = Vec::new();
        for module in modules {
            for function in &mut module.functions {
                let of_function = format!("{}.{}", module.name, function.name);
                for index in 0..function.params.len() {
                    let of_param = format!("{of_function}.{}", function.params[index].name);
                    let is_meant =
                        [&module.name, &of_function, &of_param].contains(&&name.to_owned());
                    if is_meant {
                        found |= abi::keep_pointer(types, function, index);
                    }
                    known.push(of_param);
                }
                known.push(of_function);
            }
            known.push(module.name.clone());
        }
        if found {
            return Ok(());
        }
        let nearest = nearest(
            name,
            known.iter().map(String::as_str).filter(|it| *it != name),
        );
        Err(UnknownPointers {
            name: name.to_owned(),
            hint: nearest.map_or_else(String::new, |nearest| {
                format!("; the nearest name in the document is `{nearest}`")
            }),
        })
    }

    /// Where names were written.
    pub(crate) fn locations(&self) -> &Locations {
        &self.locations
    }
}

/// Nothing of this name has a pointer to bytes with a length.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no pointer to bytes with a length is in `{name}`{hint}")]
pub struct UnknownPointers {
    name: String,
    hint: String,
}

/// Where the names of a document were written.
#[derive(Debug, Default)]
pub(crate) struct Locations(HashMap<Vec<String>, Location>);

impl Locations {
    /// The place of a type, constant or module (one part), of a type's member or a module's
    /// function (two parts), or of a function's parameter or result (three parts).
    pub(crate) fn get(&self, name: &[&str]) -> Option<Location> {
        // A nameless part of something is where the thing itself is.
        (1..=name.len()).rev().find_map(|parts| {
            let key: Vec<String> = name[..parts].iter().map(|&part| part.to_owned()).collect();
            self.0.get(&key).cloned()
        })
    }

    fn insert(&mut self, name: &[&str], location: Location) {
        let key = name.iter().map(|&part| part.to_owned()).collect();
        self.0.entry(key).or_insert(location);
    }

    pub(crate) fn insert_declaration(
        &mut self,
        declaration: &DeclSyntax<'_>,
        source: &Arc<Source>,
    ) {
        let at = |span| Location::new(source, span);
        match declaration {
            DeclSyntax::Typename(ty) => {
                let name = ty.ident.name();
                self.insert(&[name], at(ty.ident.span()));
                let mut member = |id: &wast::Id<'_>| self.insert(&[name, id.name()], at(id.span()));
                match &ty.def {
                    TypedefSyntax::Enum(e) => e.members.iter().for_each(|m| member(&m.item)),
                    TypedefSyntax::Flags(f) => f.flags.iter().for_each(|m| member(&m.item)),
                    TypedefSyntax::Record(r) => r.fields.iter().for_each(|m| member(&m.item.name)),
                    TypedefSyntax::Variant(v) => v.cases.iter().for_each(|m| member(&m.item.name)),
                    _ => {}
                }
            }
            DeclSyntax::Module(module) => {
                let name = module.name.name();
                self.insert(&[name], at(module.name.span()));
                for declaration in &module.decls {
                    match &declaration.item {
                        ModuleDeclSyntax::Import(import) => {
                            self.insert(&[name, import.name], at(import.name_loc));
                        }
                        ModuleDeclSyntax::Func(func) => {
                            self.insert(&[name, func.export], at(func.export_loc));
                            for value in func.params.iter().chain(&func.results) {
                                let id = &value.item.name;
                                self.insert(&[name, func.export, id.name()], at(id.span()));
                            }
                        }
                    }
                }
            }
            DeclSyntax::Const(constant) => {
                let id = &constant.item.name;
                let name = format!("const {}", id.name());
                self.insert(&[constant.item.ty.name(), &name], at(id.span()));
            }
        }
    }
}
