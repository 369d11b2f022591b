//! The wiggle backend, for hosts: types and traits by `wiggle_generate`, documented, and a
//! linker function over the traits.
//!
//! wiggle's own linker code traps where a guest could be told what is wrong: without an
//! exported memory, and on an out-pointer that leads outside of memory or is not aligned, and
//! then only after the implementation ran. The one made here checks before it calls, answers
//! with an error code where the document has one, and takes any alignment.

mod documented;
mod linker;
mod names;
mod rewrite;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, format_ident, quote};
use wiggle_generate::config::{AsyncConf, ErrorConf, TracingConf};
use wiggle_generate::{CodegenSettings, names as wiggle_names};

use super::Job;
use super::naming::{ModuleNames, Names};
use super::rust::{CONVENTION as RUST, format, mentions};
use crate::diagnostic::{Diagnostic, Error};
use crate::model::{
    Builtin, Constant, Function, Model, Module, Outcome, Type, TypeDef, TypeKind, docs,
};
#[cfg(test)]
pub(super) use names::CONVENTION;
use documented::{doc_or, document_trait, document_type};

/// Which case of a function's error type answers a mistake of the guest that is found before
/// the implementation is called.
///
/// Each list is searched for the first name that the error type of the function has as a case.
/// If there is none, or the function gives no error, the guest traps with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GuestFaults {
    /// The guest exports no memory named `memory`. By default `memory_not_found`.
    pub no_memory: Vec<String>,
    /// An address leads outside of the memory. By default `memory_access_error`, then `fault`.
    pub out_of_bounds: Vec<String>,
    /// A number is none of its type: too large for a small integer, an unknown case or flag.
    /// By default `invalid_option`, then `inval`.
    pub invalid_value: Vec<String>,
}

impl Default for GuestFaults {
    fn default() -> Self {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        GuestFaults {
            no_memory: names(&["memory_not_found"]),
            out_of_bounds: names(&["memory_access_error", "fault"]),
            invalid_value: names(&["invalid_option", "inval"]),
        }
    }
}

/// The language.
pub(super) struct Backend;

impl super::Backend for Backend {
    fn name(&self) -> &'static str {
        "wiggle"
    }

    fn purpose(&self) -> &'static str {
        "hosts in Rust: types, traits, and a linker function for wasmtime"
    }

    fn file_name(&self, stem: &str) -> String {
        format!("{stem}_wiggle.rs")
    }

    fn generate(&self, job: &Job<'_>) -> Result<String, Error> {
        let model = job.model;
        let rewritten = rewrite::rewrite(model)?;
        let wiggle = Wiggle {
            names: Names::new(rewritten.model(), &RUST),
            model: rewritten.model(),
            original: model,
            faults: &job.options.faults,
            async_feature: job.options.async_feature.as_deref(),
        };
        // wiggle panics on what it still cannot take.
        let generated = catch_unwind(AssertUnwindSafe(|| wiggle.file(rewritten.witx())));
        let file = generated.unwrap_or_else(|_| {
            let locations = model.types.iter().map(|def| &def.location);
            let location = locations.flatten().next().cloned();
            let message = "wiggle has no bindings for a construct of this document";
            Err(Diagnostic::new(location, message).into())
        })?;
        let mut text = format::File::new(&job.header, &job.head());
        text.push(&file);
        Ok(text.finish())
    }
}

struct Wiggle<'a> {
    /// The document in wiggle's words.
    model: &'a Model,
    /// The document itself, for what those words lose.
    original: &'a Model,
    names: Names,
    faults: &'a GuestFaults,
    /// The feature behind which there is a linker for asynchronous stores.
    async_feature: Option<&'a str>,
}

impl Wiggle<'_> {
    /// The file. What wiggle makes is parsed so that it can be documented, and what is added to
    /// it is parsed by itself: to parse all of it together would take as long again.
    fn file(&self, witx: &witx::Document) -> Result<syn::File, Error> {
        let settings = CodegenSettings::new(
            &ErrorConf::default(),
            &AsyncConf::default(),
            witx,
            false,
            &TracingConf::default(),
            true,
        )
        .map_err(|error| internal(&error))?;
        let by_name: HashMap<&str, &TypeDef> = self
            .model
            .types
            .iter()
            .map(|def| (def.name.as_str(), def))
            .collect();
        let mut types = Vec::new();
        for ty in witx.typenames() {
            let mut file: syn::File = parse(wiggle_generate::define_datatype(&ty, None))?;
            make_comparable(&mut file);
            if let Some(def) = by_name.get(ty.name.as_str()) {
                document_type(&mut file, def);
            }
            types.extend(file.items);
        }
        let constants = self.model.constants.iter().zip(&self.names.constants);
        let constants = constants.map(|(constant, name)| self.constant(constant, name));
        let mut modules = Vec::new();
        for (((module, original), names), witx) in self
            .model
            .modules
            .iter()
            .zip(&self.original.modules)
            .zip(&self.names.modules)
            .zip(witx.modules())
        {
            let tokens = wiggle_generate::define_module_trait(&witx, &settings);
            let mut item: syn::ItemTrait = parse(tokens)?;
            for (method, function) in item.items.iter_mut().zip(&module.functions) {
                if let syn::TraitItem::Fn(method) = method {
                    method.sig.output = self.output(function);
                }
            }
            document_trait(&mut item, module);
            modules.push(self.module(module, original, names, &witx, item)?);
        }
        let helpers = self.helpers();
        let full = self.model.types.iter().any(
            |def| matches!(&def.kind, TypeKind::Enum { repr, cases } if repr.is_full(cases.len())),
        );
        let full = full.then(
            || quote!(#[allow(unreachable_patterns, reason = "an enum has all values of its tag")]),
        );
        let docs = doc_or("The types of the document, as wiggle makes them.", "");
        let mut types_module: syn::ItemMod = parse(quote! {
            #docs
            #[allow(clippy::all, reason = "this is how wiggle writes")]
            #full
            pub mod types {
                #(#constants)*
            }
        })?;
        insert(&mut types_module, 0, types);
        let mut file: syn::File = parse(helpers)?;
        let modules = std::iter::once(types_module).chain(modules);
        file.items.splice(0..0, modules.map(syn::Item::Mod));
        // No inner attribute: a file that is `include!`d cannot have one.
        for item in &mut file.items {
            let attributes = match item {
                syn::Item::Mod(item) => &mut item.attrs,
                syn::Item::Fn(item) => &mut item.attrs,
                syn::Item::Enum(item) => &mut item.attrs,
                syn::Item::Struct(item) => &mut item.attrs,
                syn::Item::Impl(item) => &mut item.attrs,
                syn::Item::Trait(item) => &mut item.attrs,
                _ => continue,
            };
            attributes.push(syn::parse_quote!(#[rustfmt::skip]));
        }
        Ok(file)
    }

    fn constant(&self, constant: &Constant, name: &str) -> TokenStream {
        let docs = doc_or(
            &constant.docs,
            &format!("Constant `{}` of WITX.", constant.name),
        );
        let name = format_ident!("{name}");
        let ty = wiggle_names::type_(&witx::Id::new(&self.model.get(constant.ty).name));
        let number = Literal::u64_unsuffixed(constant.value);
        let value = match self.model.resolve(&Type::Named(constant.ty)) {
            Type::Named(id) => {
                let def = self.model.get(*id);
                let real = wiggle_names::type_(&witx::Id::new(&def.name));
                match &def.kind {
                    TypeKind::Enum { cases, .. } => {
                        // The model has checked that the case exists.
                        let case = &cases[constant.value as usize];
                        let case = wiggle_names::enum_variant(&witx::Id::new(&case.name));
                        quote!(#real::#case)
                    }
                    TypeKind::Flags { .. } => quote!(#real::from_bits_retain(#number)),
                    _ => quote!(#real(#number)),
                }
            }
            _ => quote!(#number),
        };
        quote!(#docs pub const #name: #ty = #value;)
    }

    fn module(
        &self,
        module: &Module,
        original: &Module,
        names: &ModuleNames,
        witx: &witx::Module,
        item: syn::ItemTrait,
    ) -> Result<syn::ItemMod, Error> {
        let module_name = wiggle_names::module(&witx.name);
        let trait_name = &item.ident;
        let faulty = self.faults_docs();
        let import_module = &module.name;
        let functions = module
            .functions
            .iter()
            .zip(&original.functions)
            .zip(&names.functions)
            .zip(witx.funcs());
        let host_functions: Vec<_> = functions
            .map(|(((function, original), names), witx)| {
                let host = self.host_function(function, original, names, &witx, trait_name);
                (&function.name, host)
            })
            .collect();
        let functions = host_functions.iter().map(|(import, host)| {
            let closure = match self.async_feature {
                None => host.closure(),
                Some(_) => host.call(),
            };
            quote!(linker.func_wrap(#import_module, #import, #closure)?;)
        });
        let functions: Vec<_> = functions.collect();
        let items: Vec<_> = match self.async_feature {
            None => Vec::new(),
            Some(_) => {
                let items = host_functions.iter().map(|(_, host)| host.item(trait_name));
                items.collect()
            }
        };
        let async_linker = self.async_feature.filter(|_| !host_functions.is_empty());
        let async_linker = async_linker.map(|feature| {
            let functions = host_functions.iter().map(|(import, host)| {
                let closure = host.call_async();
                quote!(linker.func_wrap_async(#import_module, #import, #closure)?;)
            });
            quote! {
                /// The same for asynchronous stores: a function that has to wait does so without
                /// blocking its thread.
                ///
                /// # Errors
                ///
                /// If the linker has a function of that name already, and does not allow it to be
                /// replaced.
                #[cfg(feature = #feature)]
                pub fn add_to_linker_async<T, U>(
                    linker: &mut wasmtime::Linker<T>,
                    get_cx: impl Fn(&mut T) -> wasmtime::Result<&mut U> + Send + Sync + Clone + 'static,
                ) -> wasmtime::Result<()>
                where
                    T: Send + 'static,
                    U: #trait_name + super::Suspend,
                {
                    #(#functions)*
                    Ok(())
                }
            }
        });
        let names = self.model.types.iter();
        let names = names.map(|def| wiggle_names::type_(&witx::Id::new(&def.name)).to_string());
        let names: Vec<String> = names.collect();
        let names = names.iter().map(String::as_str).collect();
        let mut code = functions.iter().chain(&items);
        let uses_types =
            code.any(|code| mentions(code, &names)) || mentions(&item.to_token_stream(), &names);
        let types = uses_types.then(|| {
            quote!(
                use super::types::*;
            )
        });
        let unused = functions
            .is_empty()
            .then(|| quote!(#[allow(unused_variables, reason = "the module has no functions")]));
        let intro = format!(" Adds the functions of module `{import_module}` to a linker.");
        let module_docs = format::docs(&[format!("Module `{import_module}`.")]);
        let imports = usize::from(types.is_some());
        let mut code: syn::ItemMod = parse(quote! {
            #module_docs
            pub mod #module_name {
                #types

                #[doc = #intro]
                ///
                /// `get_cx` finds the implementation in the data of a store.
                ///
                #faulty
                ///
                /// # Errors
                ///
                /// If the linker has a function of that name already, and does not allow it to be
                /// replaced.
                #[allow(dead_code, reason = "a host needs one of the two")]
                pub fn add_to_linker<T, U>(
                    linker: &mut wasmtime::Linker<T>,
                    get_cx: impl Fn(&mut T) -> &mut U + Send + Sync + Clone + 'static,
                ) -> wasmtime::Result<()>
                where
                    T: 'static,
                    U: #trait_name,
                {
                    add_to_linker_fallible(linker, move |data| Ok(get_cx(data)))
                }

                /// The same with a `get_cx` that may fail: its error traps the guest that calls.
                ///
                /// # Errors
                ///
                /// If the linker has a function of that name already, and does not allow it to be
                /// replaced.
                #unused
                #[allow(dead_code, reason = "a host needs one of the two")]
                pub fn add_to_linker_fallible<T, U>(
                    linker: &mut wasmtime::Linker<T>,
                    get_cx: impl Fn(&mut T) -> wasmtime::Result<&mut U> + Send + Sync + Clone + 'static,
                ) -> wasmtime::Result<()>
                where
                    T: 'static,
                    U: #trait_name,
                {
                    #(#functions)*
                    Ok(())
                }

                #async_linker

                #(#items)*
            }
        })?;
        insert(&mut code, imports, [syn::Item::Trait(item)]);
        Ok(code)
    }

    /// What a method of the trait gives.
    fn output(&self, function: &Function) -> syn::ReturnType {
        match &function.lowered.outcome {
            Outcome::Nothing => syn::parse_quote!(-> ()),
            Outcome::NoReturn => syn::parse_quote!(-> wiggle::error::Error),
            Outcome::Value(ty) => {
                let ty = self.rust_type(ty);
                syn::parse_quote!(-> #ty)
            }
            Outcome::Expected { outs, error } => {
                let values: Vec<_> = outs.iter().map(|out| self.rust_type(&out.ty)).collect();
                let ok = match &values[..] {
                    [value] if !function.result_is_tuple => quote!(#value),
                    [] => quote!(()),
                    values => quote!((#(#values,)*)),
                };
                let error = match error {
                    Some(error) => self.rust_type(error),
                    None => quote!(()),
                };
                syn::parse_quote!(-> Result<#ok, #error>)
            }
        }
    }

    /// A type as wiggle has it.
    fn rust_type(&self, ty: &Type) -> TokenStream {
        let pointer = |to: TokenStream| quote!(wiggle::GuestPtr<#to>);
        match (ty, self.model.resolve(ty)) {
            (_, Type::Pointer { pointee, .. }) => pointer(self.rust_type(pointee)),
            // wiggle reads no `str` from memory.
            (_, Type::String) => pointer(quote!([u8])),
            (_, Type::List(element)) if !matches!(ty, Type::Named(_)) => {
                let element = self.rust_type(element);
                pointer(quote!([#element]))
            }
            (Type::Named(id), Type::Named(target)) => {
                // Aliases of types with pointers are not declared.
                let id = if self.model.holds_pointer(ty) {
                    target
                } else {
                    id
                };
                wiggle_names::type_(&witx::Id::new(&self.model.get(*id).name)).to_token_stream()
            }
            (Type::Named(id), _) => {
                wiggle_names::type_(&witx::Id::new(&self.model.get(*id).name)).to_token_stream()
            }
            (_, Type::Builtin(builtin)) => {
                // Addresses of a guest are not as wide as those of the host.
                let name = match builtin {
                    Builtin::Usize => "u32",
                    builtin => builtin.number(),
                };
                format_ident!("{name}").to_token_stream()
            }
            // The rewritten document has an enum in its place, and names for all else.
            (_, Type::Bool(_) | Type::List(_) | Type::Named(_)) => quote!(u32),
        }
    }

    fn faults_docs(&self) -> TokenStream {
        let text = "What a guest can get wrong is checked before the implementation is called: that \
                    it exports a memory named `memory`, that each place where a result goes is \
                    inside of it (at any alignment), and that each number is one of its type. A \
                    guest is answered with the error code for that, or traps if there is none.";
        format::docs(&docs::wrap(text, 88))
    }
}

fn parse<T: syn::parse::Parse>(tokens: TokenStream) -> Result<T, Error> {
    format::parse("wiggle", tokens)
}

/// Lets records be compared that wiggle does not, those with addresses: wiggle has variants
/// compared, and they may be in those.
fn make_comparable(file: &mut syn::File) {
    for item in &mut file.items {
        let syn::Item::Struct(item) = item else {
            continue;
        };
        let derives = item.attrs.iter_mut().filter(|it| it.path().is_ident("derive"));
        for derive in derives {
            if let syn::Meta::List(list) = &mut derive.meta
                && !list.tokens.to_string().contains("PartialEq")
            {
                list.tokens.extend(quote!(, PartialEq));
            }
        }
    }
}

/// Puts items into a module, before that of number `at`.
fn insert(module: &mut syn::ItemMod, at: usize, items: impl IntoIterator<Item = syn::Item>) {
    if let Some((_, content)) = &mut module.content {
        content.splice(at..at, items);
    }
}

fn internal(error: &dyn std::fmt::Display) -> Error {
    Error::Internal {
        language: "wiggle",
        message: error.to_string(),
    }
}
