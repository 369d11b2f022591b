//! Functions in Rust: the imports, and wrappers that are safe and pleasant to call.

use proc_macro2::TokenStream;
use quote::quote;

use super::types::bool_type;
use super::{Rust, ident};
use super::format::{self, comment};
use crate::abi::{Narrow, Word, wasm_type};
use crate::backend::naming::{FunctionNames, ModuleNames};
use crate::model::{
    Builtin, Function, InputKind, IntRepr, Module, Outcome, Role, Type, TypeKind, WasmType, docs,
};

impl Rust<'_> {
    pub(super) fn module(&self, module: &Module, names: &ModuleNames) -> TokenStream {
        let docs = self.docs_or(
            &module.docs,
            &format!("The functions of `{}`.", module.name),
        );
        let name = ident(&names.name);
        let functions: Vec<_> = module.functions.iter().zip(&names.functions).collect();
        let wrappers = functions.iter().map(|(f, names)| self.function(f, names));
        let signatures: Vec<_> = functions
            .iter()
            .map(|(function, names)| self.signature(function, names))
            .collect();
        let import_module = &module.name;
        let imports = functions.iter().zip(&signatures);
        let imports = imports.map(|((function, names), Signature { params, result })| {
            let name = ident(&names.name);
            let link_name = (names.name != function.name).then(|| {
                let import = &function.name;
                quote!(#[link_name = #import])
            });
            quote!(#link_name pub fn #name(#(#params),*) #result;)
        });
        let stand_ins = functions.iter().zip(&signatures);
        let stand_ins = stand_ins.map(|((function, names), Signature { params, result })| {
            let (name, import) = (ident(&names.name), &function.name);
            let unused = params.iter().map(|param| {
                let ty = &param.ty;
                quote!(_: #ty)
            });
            let allow = (params.len() > 7).then(
                || quote!(#[allow(clippy::too_many_arguments, reason = "the import has as many")]),
            );
            quote! {
                #allow
                pub unsafe fn #name(#(#unused),*) #result {
                    only_on_wasm(#import)
                }
            }
        });
        let is_only = self.model.modules.len() == 1;
        if functions.is_empty() {
            return if is_only { quote!() } else { quote!(#docs pub mod #name {}) };
        }
        let only_on_wasm = format!(
            "`{{function}}` of `{}` is only available on wasm32",
            import_module.replace('{', "{{").replace('}', "}}")
        );
        let (wrappers, imports) = (quote!(#(#wrappers)*), quote!(#(#imports)*));
        let imported_types = self.import_types(&imports);
        let types = match is_only {
            true => None,
            false => self.import_types(&wrappers),
        };
        let items = quote! {
            #wrappers

            /// The functions as WebAssembly has them.
            #[cfg(target_arch = "wasm32")]
            mod imports {
                #imported_types

                #[link(wasm_import_module = #import_module)]
                unsafe extern "C" {
                    #imports
                }
            }

            /// Stand-ins for the imports, so that code which uses them can be built and checked
            /// for other targets, where there is no host to call.
            #[cfg(not(target_arch = "wasm32"))]
            mod imports {
                #imported_types

                fn only_on_wasm(function: &str) -> ! {
                    panic!(#only_on_wasm)
                }

                #(#stand_ins)*
            }
        };
        match is_only {
            true => items,
            false => quote!(#docs pub mod #name { #types #items }),
        }
    }

    /// The signature of an import in Rust types.
    fn signature(&self, function: &Function, names: &FunctionNames) -> Signature {
        let lowered = &function.lowered;
        let params = lowered.wasm_params.iter().zip(&names.wasm_params);
        let params = params.map(|(param, name)| {
            let of_param = |index: usize| &function.params[index].ty;
            let ty = match param.role {
                Role::Value(index) => self.import_type(of_param(index)),
                Role::Address(index) => {
                    let ty = self.memory_type(of_param(index));
                    quote!(*const #ty)
                }
                Role::Elements(index) => {
                    let element = match self.model.resolve(of_param(index)) {
                        Type::List(element) => self.memory_type(element),
                        _ => quote!(u8),
                    };
                    quote!(*const #element)
                }
                Role::Length(_) | Role::BufferLength(_) => quote!(usize),
                Role::Out(index) => {
                    let ty = self.memory_type(&lowered.outs()[index].ty);
                    quote!(*mut #ty)
                }
            };
            let name = ident(name);
            syn::parse_quote!(#name: #ty)
        });
        let params = params.collect();
        let result = match (&lowered.outcome, lowered.wasm_result) {
            (Outcome::NoReturn, _) => quote!(-> !),
            (Outcome::Value(ty), _) => {
                let ty = self.import_type(ty);
                quote!(-> #ty)
            }
            (_, None) => quote!(),
            (_, Some(_)) => quote!(-> u32),
        };
        Signature { params, result }
    }

    /// The type of a value in the signature of an import: nothing narrower than an `i32`.
    fn import_type(&self, ty: &Type) -> TokenStream {
        match Word::of(self.model, ty) {
            Word::Pointer => self.memory_type(ty),
            word => {
                let name = ident(word.name());
                quote!(#name)
            }
        }
    }

    /// The expression that passes `value` to an import.
    fn lower(&self, ty: &Type, value: TokenStream) -> TokenStream {
        match self.model.resolve(ty) {
            Type::Builtin(builtin) => match builtin {
                Builtin::Char | Builtin::U8 | Builtin::Char8 | Builtin::U16 => {
                    quote!(u32::from(#value))
                }
                Builtin::S8 | Builtin::S16 => quote!(i32::from(#value)),
                _ => value,
            },
            Type::Bool(_) => quote!(u32::from(#value)),
            Type::Named(id) => match &self.model.get(*id).kind {
                TypeKind::Enum { repr, .. } | TypeKind::Flags { repr, .. } => match repr {
                    IntRepr::U8 | IntRepr::U16 => quote!(u32::from(#value.0)),
                    IntRepr::U32 => quote!(#value.0),
                    IntRepr::U64 => match wasm_type(&self.model.types, ty) {
                        Some(WasmType::I64) => quote!(#value.0),
                        _ => quote!(#value.0 as u32),
                    },
                },
                TypeKind::Handle => quote!(#value.0),
                _ => value,
            },
            _ => value,
        }
    }

    /// The expression that makes a value of `ty` from what an import returned.
    fn lift(&self, ty: &Type, value: TokenStream) -> TokenStream {
        match self.model.resolve(ty) {
            Type::Builtin(builtin) => match builtin {
                Builtin::U8 | Builtin::Char8 => quote!(#value as u8),
                Builtin::U16 => quote!(#value as u16),
                Builtin::S8 => quote!(#value as i8),
                Builtin::S16 => quote!(#value as i16),
                Builtin::Char => {
                    quote!(char::from_u32(#value).unwrap_or(char::REPLACEMENT_CHARACTER))
                }
                _ => value,
            },
            Type::Bool(_) => quote!(#value != 0),
            Type::Named(id) => {
                let name = self.type_name(*id);
                match &self.model.get(*id).kind {
                    TypeKind::Enum { repr, .. } | TypeKind::Flags { repr, .. } => {
                        let wasm = wasm_type(&self.model.types, ty);
                        let same = match repr {
                            IntRepr::U32 => true,
                            IntRepr::U64 => wasm == Some(WasmType::I64),
                            _ => false,
                        };
                        let repr_name = ident(repr.name());
                        match repr {
                            _ if same => quote!(#name(#value)),
                            IntRepr::U64 => quote!(#name(#repr_name::from(#value))),
                            _ => quote!(#name(#value as #repr_name)),
                        }
                    }
                    _ => quote!(#name(#value)),
                }
            }
            _ => value,
        }
    }

    /// The expression that makes an error of `ty` from the code that an import returned: a `u32`,
    /// or as narrow as the error is.
    fn lift_error(&self, ty: &Type, code: TokenStream) -> TokenStream {
        if Narrow::of(self.model, ty).is_some() {
            return match self.model.resolve(ty) {
                Type::Named(id) => {
                    let name = self.type_name(*id);
                    quote!(#name(#code))
                }
                _ => code,
            };
        }
        match self.model.resolve(ty) {
            Type::Builtin(Builtin::Usize) => quote!(#code as usize),
            Type::Builtin(Builtin::S32) => quote!(#code as i32),
            Type::Pointer { .. } => {
                let ty = self.memory_type(ty);
                quote!(#code as usize as #ty)
            }
            _ => self.lift(ty, code),
        }
    }

    fn function(&self, function: &Function, names: &FunctionNames) -> TokenStream {
        let lowered = &function.lowered;
        let Inputs {
            params,
            mut args,
            is_unsafe,
        } = self.inputs(function, names);
        let outs = self.outs(function, names);
        args.extend(outs.args.iter().cloned());
        let name = ident(&names.name);
        let call = quote!(unsafe { imports::#name(#(#args),*) });
        let safety = self.safety(function, is_unsafe);
        let (result, body) = match &lowered.outcome {
            Outcome::Nothing => (quote!(), quote!(#safety #call)),
            Outcome::NoReturn => (quote!(-> !), quote!(#safety #call)),
            Outcome::Value(ty) => {
                let rust = self.value_type(ty);
                let value = ident(&names.scope.clone().local("value"));
                let lifted = self.lift(ty, quote!(#value));
                let body = if value == lifted.to_string() {
                    quote!(#safety #call)
                } else {
                    quote!(#safety let #value = #call; #lifted)
                };
                (quote!(-> #rust), body)
            }
            Outcome::Expected { error, .. } => {
                let code = ident(&names.scope.clone().local("code"));
                let narrow = error.as_ref().and_then(|error| Narrow::of(self.model, error));
                let narrow = narrow.map(|narrow| ident(narrow.name()));
                let (error_type, error) = match error {
                    Some(error) => (
                        self.value_type(error),
                        self.lift_error(error, quote!(#code)),
                    ),
                    None => (quote!(()), quote!(())),
                };
                // Truncate before comparing: junk in the upper bits is not an error.
                let call = narrow.map_or(call.clone(), |narrow| quote!(#call as #narrow));
                let locals = &outs.locals;
                let (ok_type, ok) = self.ok(function, &outs);
                let body = quote! {
                    #(#locals)*
                    #safety
                    let #code = #call;
                    if #code == 0 { #ok } else { Err(#error) }
                };
                (quote!(-> Result<#ok_type, #error_type>), body)
            }
        };
        let docs = format::docs(&self.function_docs(function, names, is_unsafe));
        let qualifier = is_unsafe.then(|| quote!(unsafe));
        let untyped = matches!(lowered.outcome, Outcome::Expected { error: None, .. });
        let mut lints = Vec::new();
        if params.len() > 7 {
            lints.push(quote!(#[allow(clippy::too_many_arguments, reason = "WITX says so")]));
        }
        if untyped {
            lints.push(quote!(#[allow(clippy::result_unit_err, reason = "WITX says so")]));
        }
        quote! {
            #docs
            #(#lints)*
            pub #qualifier fn #name(#(#params),*) #result {
                #body
            }
        }
    }

    /// What a function takes, and how that is passed to the import.
    fn inputs(&self, function: &Function, names: &FunctionNames) -> Inputs {
        let lowered = &function.lowered;
        let (mut params, mut args) = (Vec::new(), Vec::new());
        let mut is_unsafe = false;
        for (input, name) in lowered.inputs.iter().zip(&names.inputs) {
            let name = ident(name);
            match &input.kind {
                InputKind::Value(ty) => {
                    is_unsafe |= self.model.holds_pointer(ty);
                    let rust = self.value_type(ty);
                    params.push(quote!(#name: #rust));
                    args.push(self.lower(ty, quote!(#name)));
                }
                InputKind::Reference(ty) => {
                    is_unsafe |= self.model.holds_pointer(ty);
                    let rust = self.memory_type(ty);
                    params.push(quote!(#name: &#rust));
                    args.push(quote!(#name));
                }
                InputKind::String => {
                    params.push(quote!(#name: &str));
                    args.push(quote!(#name.as_ptr()));
                    args.push(quote!(#name.len()));
                }
                InputKind::List(element) => {
                    is_unsafe |= self.model.holds_pointer(element);
                    let element = self.memory_type(element);
                    params.push(quote!(#name: &[#element]));
                    args.push(quote!(#name.as_ptr()));
                    args.push(quote!(#name.len()));
                }
                InputKind::Buffer {
                    mutable, element, ..
                } => {
                    let element = self.memory_type(element);
                    let (reference, pointer) = if *mutable {
                        (quote!(&mut), quote!(as_mut_ptr))
                    } else {
                        (quote!(&), quote!(as_ptr))
                    };
                    params.push(quote!(#name: #reference [#element]));
                    args.push(quote!(#name.#pointer()));
                    args.push(quote!(#name.len()));
                }
            }
        }
        Inputs {
            params,
            args,
            is_unsafe,
        }
    }

    /// The variables that the host writes results to.
    fn outs(&self, function: &Function, names: &FunctionNames) -> Outs {
        let lowered = &function.lowered;
        let (mut locals, mut args, mut values) = (Vec::new(), Vec::new(), Vec::new());
        for (out, name) in lowered.outs().iter().zip(&names.outs) {
            let name = ident(name);
            let ty = self.memory_type(&out.ty);
            match self.zero(&out.ty) {
                Some(zero) => {
                    // The other zeros need no type annotation.
                    let annotation = matches!(
                        self.model.resolve(&out.ty),
                        Type::Builtin(_) | Type::Pointer { .. }
                    );
                    let annotation = annotation.then(|| quote!(: #ty));
                    locals.push(quote!(let mut #name #annotation = #zero;));
                    args.push(quote!(&raw mut #name));
                    values.push(self.value_in_memory(&out.ty, quote!(#name)));
                }
                None => {
                    locals.push(quote!(let mut #name = core::mem::MaybeUninit::<#ty>::zeroed();));
                    args.push(quote!(#name.as_mut_ptr()));
                    values.push(quote!(#name.assume_init()));
                }
            }
        }
        Outs {
            locals,
            args,
            values,
        }
    }

    /// The type of what a function gives in case of success, and the expression for that.
    fn ok(&self, function: &Function, outs: &Outs) -> (TokenStream, TokenStream) {
        let results = function.lowered.outs();
        let types: Vec<_> = results.iter().map(|out| self.out_type(&out.ty)).collect();
        let (types, values, single) = match (&types[..], &outs.values[..]) {
            ([], _) => (quote!(()), quote!(()), false),
            ([ty], [value]) => (ty.clone(), value.clone(), true),
            (types, values) => (quote!((#(#types),*)), quote!((#(#values),*)), false),
        };
        let unread = results.iter().any(|out| self.zero(&out.ty).is_none());
        let ok = match (unread, single) {
            (false, _) => quote!(Ok(#values)),
            (true, _) => {
                let safety = comment(
                    "SAFETY: zeros and whatever the host wrote over them are valid, \
                     since the type has no invalid bit patterns.",
                    12,
                );
                quote!(#safety Ok(unsafe { #values }))
            }
        };
        (types, ok)
    }

    /// Why the call of an import is sound.
    fn safety(&self, function: &Function, is_unsafe: bool) -> TokenStream {
        let lowered = &function.lowered;
        let roles = lowered.wasm_params.iter().map(|param| param.role);
        let memory = roles.into_iter().any(|role| !matches!(role, Role::Value(_)));
        let text = match (is_unsafe, memory) {
            (true, _) => {
                "SAFETY: the caller vouches for the raw pointers; all others come from references."
            }
            (false, true) => {
                "SAFETY: the pointers and lengths come from references that outlive the call."
            }
            (false, false) => "SAFETY: no pointers are passed.",
        };
        comment(text, 8)
    }

    /// A value of zero for scalars; the others have no short one.
    fn zero(&self, ty: &Type) -> Option<TokenStream> {
        Some(match self.model.resolve(ty) {
            Type::Builtin(Builtin::F32 | Builtin::F64) => quote!(0.0),
            Type::Builtin(_) => quote!(0),
            Type::Bool(repr) => {
                let name = bool_type(*repr);
                quote!(#name(0))
            }
            Type::String | Type::List(_) => return None,
            Type::Pointer { mutable: true, .. } => quote!(core::ptr::null_mut()),
            Type::Pointer { mutable: false, .. } => quote!(core::ptr::null()),
            Type::Named(id) => {
                let name = self.type_name(*id);
                match &self.model.get(*id).kind {
                    TypeKind::Enum { .. } | TypeKind::Flags { .. } | TypeKind::Handle => {
                        quote!(#name(0))
                    }
                    _ => return None,
                }
            }
        })
    }

    /// The type in which a function gives an out value.
    fn out_type(&self, ty: &Type) -> TokenStream {
        match self.model.resolve(ty) {
            Type::String | Type::List(_) => self.memory_type(ty),
            _ => self.value_type(ty),
        }
    }

    /// The expression that makes an out value from what is in memory.
    fn value_in_memory(&self, ty: &Type, value: TokenStream) -> TokenStream {
        match self.model.resolve(ty) {
            Type::Bool(_) => quote!(#value.into()),
            Type::Builtin(Builtin::Char) => self.lift(ty, value),
            _ => value,
        }
    }

    fn function_docs(
        &self,
        function: &Function,
        names: &FunctionNames,
        is_unsafe: bool,
    ) -> Vec<String> {
        let docs = docs::of_function(function);
        let mut lines: Vec<String> = docs.text.lines().map(str::to_owned).collect();
        let params = docs.inputs.iter();
        let params = params.flat_map(|(input, text)| docs::item(&names.inputs[*input], text, 88));
        docs::add_section(&mut lines, "Arguments", params.collect());
        docs::add_section(&mut lines, "Returns", docs::wrap(&docs.result, 90));
        if is_unsafe {
            let text = "Raw pointers that are passed, also inside of other values, must be valid \
                        for what the function does with them.";
            docs::add_section(&mut lines, "Safety", docs::wrap(text, 90));
        }
        lines
    }
}

/// The Rust signature of an import.
struct Signature {
    params: Vec<syn::PatType>,
    result: TokenStream,
}

/// What a function takes.
struct Inputs {
    params: Vec<TokenStream>,
    /// What is passed to the import for them.
    args: Vec<TokenStream>,
    /// Whether one of them holds a raw pointer.
    is_unsafe: bool,
}

/// What the host writes.
struct Outs {
    /// The variables, as statements.
    locals: Vec<TokenStream>,
    /// Their addresses.
    args: Vec<TokenStream>,
    /// What they hold after the call.
    values: Vec<TokenStream>,
}
