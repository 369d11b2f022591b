//! The Rust backend, for guests: types, and functions over the imports that take slices and
//! give `Result`s.
//!
//! The code needs `core` only, has no unsafe interface except where WITX has raw pointers, and
//! has no undefined behaviour whatever the host answers: no generated type has an invalid bit
//! pattern (enums are numbers with names), and what the host writes starts as zeros.

pub(super) mod format;
mod functions;
mod names;
mod types;

use std::collections::HashSet;

use proc_macro2::{Ident, Literal, TokenStream, TokenTree};
use quote::{format_ident, quote};

use super::Job;
use super::naming::Names;
use crate::diagnostic::Error;
use crate::model::{Builtin, Model, Type, TypeId, docs};
pub(super) use names::CONVENTION;

/// The language.
pub(super) struct Backend;

impl super::Backend for Backend {
    fn name(&self) -> &'static str {
        "rust"
    }

    fn purpose(&self) -> &'static str {
        "guests: types, and functions that give `Result`s; needs `core` only"
    }

    fn file_name(&self, stem: &str) -> String {
        format!("{stem}.rs")
    }

    fn generate(&self, job: &Job<'_>) -> Result<String, Error> {
        let rust = Rust {
            model: job.model,
            names: Names::new(job.model, &CONVENTION),
        };
        let mut file = format::File::new(&job.header, &job.head());
        let (head, name) = rust.module_of_all();
        file.open_module(&head, &name);
        for tokens in rust.pieces() {
            file.push(&format::parse("Rust", tokens)?);
        }
        Ok(file.finish())
    }
}

struct Rust<'a> {
    model: &'a Model,
    names: Names,
}

impl Rust<'_> {
    /// The module that all items are in, and what stands before it. A file that is included has
    /// no attributes of its own, and lints are not for the one who includes it to silence.
    fn module_of_all(&self) -> (Vec<String>, String) {
        let modules = &self.names.modules;
        let mut name = match modules.first() {
            Some(module) => format!("{}_bindings", module.name.trim_end_matches('_')),
            None => "bindings".to_owned(),
        };
        while modules.iter().any(|module| module.name == name) {
            name.push('_');
        }
        let mut head = vec![
            "#[allow(unused_imports, reason = \"not all bindings are used\")]".to_owned(),
            format!("pub use {name}::*;"),
            String::new(),
        ];
        if let [module] = &self.model.modules[..] {
            head.extend(format::doc_comment(&module.docs));
        }
        head.push("#[rustfmt::skip]".to_owned());
        head.push("#[allow(dead_code, reason = \"not all bindings are used\")]".to_owned());
        let style = "#[allow(clippy::all, clippy::pedantic, reason = \"the style is WITX's\")]";
        head.push(style.to_owned());
        (head, name)
    }

    /// The items.
    fn pieces(&self) -> impl Iterator<Item = TokenStream> {
        let ids = self.model.type_ids();
        let types = self.model.type_ids().map(|id| self.type_def(id));
        let constants = self.model.constants.iter().zip(&self.names.constants);
        let constants = constants.map(|(constant, name)| {
            let docs = self.docs_or(&constant.docs, &format!("`{}` in WITX.", constant.name));
            let name = ident(name);
            let ty = self.type_name(constant.ty);
            let value = self.constant(&Type::Named(constant.ty), constant.value);
            quote!(#docs pub const #name: #ty = #value;)
        });
        let modules = self.model.modules.iter().zip(&self.names.modules);
        let modules = modules.map(|(module, names)| self.module(module, names));
        let layouts = ids.map(|id| self.layout_asserts(id));
        types
            .chain(constants)
            .chain(std::iter::once_with(|| self.helpers()))
            .chain(modules)
            .chain(layouts)
    }

    fn docs(&self, text: &str) -> TokenStream {
        format::docs(&docs::lines(text))
    }

    /// `use super::*` for a module whose inside is `tokens`, if it uses what is outside.
    fn import_types(&self, tokens: &TokenStream) -> Option<TokenStream> {
        let ids = self.model.type_ids();
        let mut names: HashSet<&str> = ids.map(|id| self.names.get(id).name.as_str()).collect();
        names.extend(["Bool32", "Bool8", "RawSlice"]);
        mentions(tokens, &names).then(|| {
            quote!(
                use super::*;
            )
        })
    }

    fn type_name(&self, id: TypeId) -> Ident {
        ident(&self.names.get(id).name)
    }

    /// The documentation, or a substitute so that nothing public is undocumented.
    fn docs_or(&self, text: &str, substitute: &str) -> TokenStream {
        self.docs(docs::or(text, substitute))
    }

    /// The type of a value that is passed or returned.
    fn value_type(&self, ty: &Type) -> TokenStream {
        match ty {
            Type::Bool(_) => quote!(bool),
            Type::Builtin(Builtin::Char) => quote!(char),
            Type::Named(id) => {
                let name = self.type_name(*id);
                match self.model.resolve(ty) {
                    Type::String | Type::List(_) => quote!(#name<'_>),
                    _ => quote!(#name),
                }
            }
            ty => self.memory_type(ty),
        }
    }

    /// The type of a value in memory, which has no invalid bit patterns.
    fn memory_type(&self, ty: &Type) -> TokenStream {
        match ty {
            Type::Builtin(builtin) => {
                let name = ident(builtin.number());
                quote!(#name)
            }
            Type::Bool(repr) => {
                let name = types::bool_type(*repr);
                quote!(#name)
            }
            Type::String => quote!(RawSlice<u8>),
            Type::List(element) => {
                let element = self.memory_type(element);
                quote!(RawSlice<#element>)
            }
            Type::Pointer { mutable, pointee } => {
                let pointee = self.memory_type(pointee);
                if *mutable {
                    quote!(*mut #pointee)
                } else {
                    quote!(*const #pointee)
                }
            }
            Type::Named(id) => match self.model.resolve(ty) {
                // The alias has the type of a value.
                target @ (Type::Bool(_)
                | Type::Builtin(Builtin::Char)
                | Type::String
                | Type::List(_)) => self.memory_type(target),
                _ => {
                    let name = self.type_name(*id);
                    quote!(#name)
                }
            },
        }
    }

    fn constant(&self, ty: &Type, value: u64) -> TokenStream {
        let literal = Literal::u64_unsuffixed(value);
        match self.model.resolve(ty) {
            Type::Named(id) => {
                let name = self.type_name(*id);
                quote!(#name(#literal))
            }
            _ => quote!(#literal),
        }
    }
}

fn ident(name: &str) -> Ident {
    format_ident!("{name}")
}

/// Whether one of these identifiers is in `tokens`.
pub(super) fn mentions(tokens: &TokenStream, names: &HashSet<&str>) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Ident(ident) => names.contains(ident.to_string().as_str()),
        TokenTree::Group(group) => mentions(&group.stream(), names),
        _ => false,
    })
}
