//! The host functions: from wasm values to a call of a trait, and back.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{ToTokens, format_ident, quote};
use wiggle_generate::names as wiggle_names;

use super::Wiggle;
use crate::abi::{Word, layout, wasm_type};
use crate::backend::naming::{FunctionNames, Scope};
use crate::model::{Builtin, Function, IntRepr, Outcome, Role, Type, TypeKind, WasmType};

/// A host function: from wasm values to a call of the trait and back.
pub(super) struct HostFunction {
    /// What the function of an asynchronous linker is called.
    name: Ident,
    caller: Ident,
    params: Vec<(Ident, TokenStream)>,
    result: TokenStream,
    /// What it does before it has the guest's memory, once the expression for a borrowed caller is
    /// known, and what it does then.
    start: Box<dyn Fn(TokenStream) -> TokenStream>,
    body: TokenStream,
}

impl HostFunction {
    /// As a closure for a linker.
    pub(super) fn closure(&self) -> TokenStream {
        let HostFunction {
            caller,
            result,
            body,
            ..
        } = self;
        let params = self.params.iter().map(|(name, ty)| quote!(#name: #ty));
        let start = (self.start)(quote!(&mut #caller));
        quote! {
            {
                let get_cx = get_cx.clone();
                move |mut #caller: wasmtime::Caller<'_, T>, #(#params),*| -> wasmtime::Result<#result> {
                    #start
                    #body
                }
            }
        }
    }

    /// As a function that two linkers can share.
    pub(super) fn item(&self, trait_name: &Ident) -> TokenStream {
        let HostFunction {
            name,
            caller,
            result,
            body,
            ..
        } = self;
        let params = self.params.iter().map(|(name, ty)| quote!(#name: #ty));
        let start = (self.start)(quote!(#caller));
        // With the caller and `get_cx`.
        let many = (self.params.len() > 5).then(|| {
            quote!(#[allow(clippy::too_many_arguments, reason = "the import has as many")])
        });
        quote! {
            #many
            fn #name<T: 'static, U: #trait_name>(
                #caller: &mut wasmtime::Caller<'_, T>,
                get_cx: impl Fn(&mut T) -> wasmtime::Result<&mut U>,
                #(#params),*
            ) -> wasmtime::Result<#result> {
                #start
                #body
            }
        }
    }

    /// As a closure that calls the [item](HostFunction::item).
    pub(super) fn call(&self) -> TokenStream {
        let HostFunction { name, caller, .. } = self;
        let params = self.params.iter().map(|(name, ty)| quote!(#name: #ty));
        let args = self.params.iter().map(|(name, _)| name);
        quote! {
            {
                let get_cx = get_cx.clone();
                move |mut #caller: wasmtime::Caller<'_, T>, #(#params),*| {
                    #name(&mut #caller, &get_cx, #(#args),*)
                }
            }
        }
    }

    /// As a closure that calls it until it need not wait.
    pub(super) fn call_async(&self) -> TokenStream {
        let HostFunction { name, caller, .. } = self;
        let names: Vec<_> = self.params.iter().map(|(name, _)| name).collect();
        let types = self.params.iter().map(|(_, ty)| ty);
        quote! {
            {
                let get_cx = get_cx.clone();
                move |mut #caller: wasmtime::Caller<'_, T>, (#(#names,)*): (#(#types,)*)| {
                    let get_cx = get_cx.clone();
                    Box::new(async move {
                        loop {
                            let result = #name(&mut #caller, &get_cx, #(#names),*);
                            let wait = super::Suspend::suspended(get_cx(#caller.data_mut())?);
                            match wait {
                                Some(wait) => wait.await,
                                None => break result,
                            }
                        }
                    })
                }
            }
        }
    }
}

impl Wiggle<'_> {
    /// The host function: from wasm values to a call of the trait and back.
    pub(super) fn host_function(
        &self,
        function: &Function,
        original: &Function,
        names: &FunctionNames,
        witx: &witx::InterfaceFunc,
        trait_name: &Ident,
    ) -> HostFunction {
        let lowered = &function.lowered;
        let mut scope = names.scope.clone();
        let [caller, export, memory, cx] =
            ["caller", "export", "memory", "cx"].map(|name| format_ident!("{}", scope.local(name)));
        let (mut params, mut lifts, mut args) = (Vec::new(), Vec::new(), Vec::new());
        let mut pointers = Vec::new();
        for param in &lowered.wasm_params {
            let name = match (param.role, param.input) {
                (Role::Out(index), _) => scope.local(&format!("{}_ptr", names.outs[index])),
                (_, Some(index)) => names.inputs[index].clone(),
                (_, None) => scope.local(&param.name),
            };
            // The closure uses the variable of this name in `add_to_linker`.
            let name = match name.as_str() {
                "get_cx" => scope.local("get_cx"),
                _ => name,
            };
            let name = format_ident!("{name}");
            let ty = self.wasm_type(function, param.role, param.ty);
            params.push((name.clone(), ty));
            match param.role {
                Role::Value(index) | Role::BufferLength(index) => {
                    let ty = &function.params[index].ty;
                    let text = format!(
                        "`{}` of `{}` got an invalid value",
                        function.params[index].name, function.name
                    );
                    let fault = self.fault(function, &self.faults.invalid_value, &text);
                    if self.is_char(original, index) {
                        lifts.push(quote!(if char::from_u32(#name).is_none() { return #fault; }));
                    }
                    match self.lift(ty, &name) {
                        Lift::Total(value) => args.push(value),
                        Lift::Partial(value) => {
                            lifts.push(quote!(let Ok(#name) = #value else { return #fault; };));
                            args.push(quote!(#name));
                        }
                    }
                }
                Role::Address(index) => {
                    let ty = self.rust_type(&function.params[index].ty);
                    let size =
                        Literal::u32_unsuffixed(layout(&self.model.types, &function.params[index].ty).size);
                    let of = |what: &str| {
                        format!("`{}` of `{}` {what}", function.params[index].name, function.name)
                    };
                    let text = of("is outside of the memory");
                    let outside = self.fault(function, &self.faults.out_of_bounds, &text);
                    // An error type without a case for bad values may have one for bad addresses.
                    let names = [&self.faults.invalid_value[..], &self.faults.out_of_bounds];
                    let invalid =
                        self.fault(function, &names.concat(), &of("holds an invalid value"));
                    lifts.push(quote! {
                        let Some(#name) = super::load::<#size>(&#memory, #name) else {
                            return #outside;
                        };
                        let Some(#name) = super::value::<#ty, #size>(#name) else {
                            return #invalid;
                        };
                    });
                    args.push(quote!(&#name));
                }
                Role::Elements(_) => pointers.push(name),
                Role::Length(_) => {
                    if let Some(pointer) = pointers.pop() {
                        args.push(quote!(wiggle::GuestPtr::new((#pointer, #name))));
                    }
                }
                Role::Out(_) => pointers.push(name),
            }
        }
        let checks = lowered.outs().iter().zip(&pointers).map(|(out, pointer)| {
            let size = Literal::u32_unsuffixed(out.layout.size);
            quote!(super::fits(&#memory, #pointer, #size))
        });
        let checks: Option<TokenStream> = (!pointers.is_empty()).then(|| {
            let text = format!("a result of `{}` goes outside of the memory", function.name);
            let fault = self.fault(function, &self.faults.out_of_bounds, &text);
            quote!(if #(!#checks)||* { return #fault; })
        });
        let method = wiggle_names::func(&witx.name);
        let call = quote!(#trait_name::#method(#cx, &mut #memory, #(#args),*));
        let (result, body) = self.answer(function, names, &mut scope, &memory, &pointers, call);
        let no_memory = self.fault(
            function,
            &self.faults.no_memory,
            "the module exports no memory named `memory`",
        );
        let start_caller = caller.clone();
        let start = move |borrowed: TokenStream| {
            quote! {
                let #export = #start_caller.get_export("memory");
                let Some((mut #memory, #cx)) = super::guest(&#export, #borrowed, &get_cx)? else {
                    return #no_memory;
                };
            }
        };
        let name = method.to_string();
        HostFunction {
            name: format_ident!("{}_function", name.trim_start_matches("r#")),
            caller,
            params,
            result,
            start: Box::new(start),
            body: quote!(#checks #(#lifts)* #body),
        }
    }

    /// Whether a parameter of a function of the document is a `char`, for which wiggle has no word
    /// but `u32`.
    fn is_char(&self, original: &Function, param: usize) -> bool {
        original.params.get(param).is_some_and(|param| {
            matches!(
                self.original.resolve(&param.ty),
                Type::Builtin(Builtin::Char)
            )
        })
    }

    /// Calls the implementation and stores what it gives.
    fn answer(
        &self,
        function: &Function,
        names: &FunctionNames,
        scope: &mut Scope,
        memory: &Ident,
        pointers: &[Ident],
        call: TokenStream,
    ) -> (TokenStream, TokenStream) {
        match &function.lowered.outcome {
            Outcome::Nothing => (quote!(()), quote!(#call; Ok(()))),
            Outcome::NoReturn => (quote!(()), quote!(Err(#call))),
            Outcome::Value(ty) => {
                let wasm = self.import_type(ty);
                let value = self.lower(ty, quote!(#call));
                (wasm, quote!(Ok(#value)))
            }
            Outcome::Expected { outs, error } => {
                let values: Vec<_> = names
                    .outs
                    .iter()
                    .map(|out| format_ident!("{out}"))
                    .collect();
                let pattern = match &values[..] {
                    [] => quote!(()),
                    [value] if !self.is_tuple(function) => quote!(#value),
                    values => quote!((#(#values,)*)),
                };
                let stores = outs.iter().zip(&values).zip(pointers);
                let stores = stores.map(|((out, value), pointer)| {
                    let bytes = self.bytes(&out.ty, value);
                    match bytes {
                        Some(bytes) => quote!(super::store(&mut #memory, #pointer, &#bytes)),
                        None => {
                            let ty = self.rust_type(&out.ty);
                            let size = Literal::u32_unsuffixed(out.layout.size);
                            quote! {
                                super::store_value::<#ty, #size>(&mut #memory, #pointer, #value)
                            }
                        }
                    }
                });
                let success = if outs.is_empty() {
                    quote!(Ok(0))
                } else {
                    let text =
                        format!("a result of `{}` goes outside of the memory", function.name);
                    let fault = self.fault(function, &self.faults.out_of_bounds, &text);
                    quote! {
                        if #(#stores)&&* { Ok(0) } else { #fault }
                    }
                };
                let error_name = format_ident!("{}", scope.local("error"));
                let (binding, code) = match error {
                    Some(error) => {
                        let code = self.lower(error, quote!(#error_name));
                        let signed = matches!(
                            self.model.resolve(error),
                            Type::Builtin(Builtin::S8 | Builtin::S16 | Builtin::S32)
                        );
                        let code = if signed { quote!(#code as u32) } else { code };
                        (quote!(#error_name), code)
                    }
                    None => (quote!(()), quote!(1)),
                };
                let body = quote! {
                    match #call {
                        Ok(#pattern) => #success,
                        Err(#binding) => Ok(#code),
                    }
                };
                (quote!(u32), body)
            }
        }
    }

    /// Whether the trait gives a tuple, also for a single value.
    fn is_tuple(&self, function: &Function) -> bool {
        function.result_is_tuple
    }

    /// What a host function gives for a fault: the first of these cases that its error type has,
    /// or a trap.
    fn fault(&self, function: &Function, candidates: &[String], message: &str) -> TokenStream {
        let error = match &function.lowered.outcome {
            Outcome::Expected {
                error: Some(error), ..
            } => error,
            _ => return quote!(Err(wasmtime::Error::msg(#message))),
        };
        if let Type::Named(id) = self.model.resolve(error)
            && let TypeKind::Enum { cases, .. } = &self.model.get(*id).kind
            && let Some(case) = candidates
                .iter()
                .find_map(|name| cases.iter().find(|case| case.name == *name))
        {
            let ty = wiggle_names::type_(&witx::Id::new(&self.model.get(*id).name));
            let case = wiggle_names::enum_variant(&witx::Id::new(&case.name));
            let code = self.lower(error, quote!(#ty::#case));
            return quote!(Ok(#code));
        }
        quote!(Err(wasmtime::Error::msg(#message)))
    }

    /// The type of a parameter of the host function.
    fn wasm_type(&self, function: &Function, role: Role, ty: WasmType) -> TokenStream {
        match role {
            Role::Value(index) | Role::BufferLength(index) => match self.model.resolve(&function.params[index].ty) {
                Type::Named(id) => match &self.model.get(*id).kind {
                    TypeKind::Enum { repr, .. } | TypeKind::Flags { repr, .. } => {
                        match (repr, ty) {
                            // wiggle converts these from an `i32`, with a check of the range.
                            (IntRepr::U8 | IntRepr::U16, _) => quote!(i32),
                            (_, WasmType::I64) => quote!(u64),
                            _ => quote!(u32),
                        }
                    }
                    _ => quote!(u32),
                },
                _ => self.import_type(&function.params[index].ty),
            },
            _ => quote!(u32),
        }
    }

    /// The type of a value by value, as wasmtime passes it.
    fn import_type(&self, ty: &Type) -> TokenStream {
        let name = match Word::of(self.model, ty) {
            Word::Usize | Word::Pointer => "u32",
            word => word.name(),
        };
        format_ident!("{name}").to_token_stream()
    }

    /// The expression that makes an argument of the trait from a wasm value.
    fn lift(&self, ty: &Type, value: &Ident) -> Lift {
        match self.model.resolve(ty) {
            Type::Builtin(builtin) => match builtin {
                Builtin::U8 | Builtin::Char8 => Lift::Partial(quote!(u8::try_from(#value))),
                Builtin::U16 => Lift::Partial(quote!(u16::try_from(#value))),
                Builtin::S8 => Lift::Partial(quote!(i8::try_from(#value))),
                Builtin::S16 => Lift::Partial(quote!(i16::try_from(#value))),
                Builtin::Char => Lift::Partial(quote!(char::try_from(#value))),
                _ => Lift::Total(quote!(#value)),
            },
            Type::Pointer { .. } => Lift::Total(quote!(wiggle::GuestPtr::new(#value))),
            Type::Named(id) => {
                let def = self.model.get(*id);
                let name = wiggle_names::type_(&witx::Id::new(&def.name));
                match &def.kind {
                    TypeKind::Enum { repr, .. } if *repr == IntRepr::U64 => {
                        Lift::Partial(quote!(#name::try_from(u64::from(#value))))
                    }
                    TypeKind::Enum { .. } | TypeKind::Flags { .. } => {
                        Lift::Partial(quote!(#name::try_from(#value)))
                    }
                    _ => Lift::Total(quote!(#name::from(#value))),
                }
            }
            _ => Lift::Total(quote!(#value)),
        }
    }

    /// The expression that makes a wasm value from what the trait gave.
    fn lower(&self, ty: &Type, value: TokenStream) -> TokenStream {
        match self.model.resolve(ty) {
            Type::Builtin(builtin) => match builtin {
                Builtin::U8 | Builtin::Char8 | Builtin::U16 | Builtin::Char => {
                    quote!(u32::from(#value))
                }
                Builtin::S8 | Builtin::S16 => quote!(i32::from(#value)),
                _ => value,
            },
            Type::Pointer { .. } => quote!(#value.offset()),
            Type::Named(id) => match &self.model.get(*id).kind {
                TypeKind::Enum { repr, .. } | TypeKind::Flags { repr, .. } => match repr {
                    IntRepr::U8 => quote!(u32::from(u8::from(#value))),
                    IntRepr::U16 => quote!(u32::from(u16::from(#value))),
                    IntRepr::U32 => quote!(u32::from(#value)),
                    IntRepr::U64 => match wasm_type(&self.model.types, ty) {
                        Some(WasmType::I64) => quote!(u64::from(#value)),
                        _ => quote!(u64::from(#value) as u32),
                    },
                },
                _ => quote!(u32::from(#value)),
            },
            _ => value,
        }
    }

    /// The bytes of a value in the guest's memory, if they are a number.
    fn bytes(&self, ty: &Type, value: &Ident) -> Option<TokenStream> {
        match self.model.resolve(ty) {
            Type::Builtin(Builtin::Char) => Some(quote!(u32::from(#value).to_le_bytes())),
            Type::Builtin(_) => Some(quote!(#value.to_le_bytes())),
            Type::Pointer { .. } => Some(quote!(#value.offset().to_le_bytes())),
            Type::Named(id) => match &self.model.get(*id).kind {
                TypeKind::Enum { repr, .. } | TypeKind::Flags { repr, .. } => {
                    let repr = format_ident!("{}", repr.name());
                    Some(quote!(#repr::from(#value).to_le_bytes()))
                }
                TypeKind::Handle => Some(quote!(u32::from(#value).to_le_bytes())),
                _ => None,
            },
            _ => None,
        }
    }

    /// Functions that the host functions share, those that this document needs.
    pub(super) fn helpers(&self) -> TokenStream {
        let functions = self
            .model
            .modules
            .iter()
            .flat_map(|module| &module.functions);
        let mut any = false;
        let (mut outs, mut scalars, mut composites, mut loads) = (false, false, false, false);
        let dummy = format_ident!("value");
        for function in functions {
            any = true;
            for out in function.lowered.outs() {
                outs = true;
                match self.bytes(&out.ty, &dummy) {
                    Some(_) => scalars = true,
                    None => composites = true,
                }
            }
            let mut params = function.lowered.wasm_params.iter();
            loads |= params.any(|param| matches!(param.role, Role::Address(_)));
        }
        let guest = any.then(|| {
            quote! {
                /// The memory of the guest that calls, if it exports one, and the implementation; or
                /// why the guest traps.
                fn guest<'a, T: 'static, U>(
                    export: &'a Option<wasmtime::Extern>,
                    caller: &'a mut wasmtime::Caller<'_, T>,
                    get_cx: impl Fn(&mut T) -> wasmtime::Result<&mut U>,
                ) -> wasmtime::Result<Option<(wiggle::GuestMemory<'a>, &'a mut U)>> {
                    Ok(match export {
                        Some(wasmtime::Extern::Memory(memory)) => {
                            let (bytes, data) = memory.data_and_store_mut(caller);
                            Some((wiggle::GuestMemory::Unshared(bytes), get_cx(data)?))
                        }
                        Some(wasmtime::Extern::SharedMemory(memory)) => {
                            let cx = get_cx(caller.data_mut())?;
                            Some((wiggle::GuestMemory::Shared(memory.data()), cx))
                        }
                        _ => None,
                    })
                }
            }
        });
        let suspend = self.async_feature.filter(|_| any).map(|feature| {
            quote! {
                /// An implementation whose functions may have to wait, for an asynchronous store.
                #[cfg(feature = #feature)]
                pub trait Suspend {
                    /// Ends when there may be what a function waits for.
                    type Wait: core::future::Future<Output = ()> + Send + 'static;

                    /// What the function that was called last waits for, if it could not do its
                    /// work without. What it gave means nothing then: it is called again, with the
                    /// same arguments, when that is there.
                    fn suspended(&mut self) -> Option<Self::Wait>;
                }
            }
        });
        let fits = outs.then(|| {
            quote! {
                /// Whether `size` bytes at `address` are inside of the memory.
                fn fits(memory: &wiggle::GuestMemory<'_>, address: u32, size: u32) -> bool {
                    let len = match memory {
                        wiggle::GuestMemory::Unshared(bytes) => bytes.len(),
                        wiggle::GuestMemory::Shared(bytes) => bytes.len(),
                    };
                    u64::from(address) + u64::from(size) <= len as u64
                }
            }
        });
        let store = (scalars || composites).then(|| {
            quote! {
                /// Writes bytes to the memory, at any alignment; `false` if they do not fit.
                fn store(memory: &mut wiggle::GuestMemory<'_>, address: u32, bytes: &[u8]) -> bool {
                    let place = wiggle::GuestPtr::new((address, bytes.len() as u32));
                    memory.copy_from_slice(bytes, place).is_ok()
                }
            }
        });
        let aligned = (composites || loads).then(|| {
            quote! {
                /// Room for a value on its way from or to the memory, aligned for any type.
                #[repr(align(8))]
                struct Aligned<const SIZE: usize>([u8; SIZE]);
            }
        });
        let store_value = composites.then(|| {
            quote! {
                /// Writes a value to the memory, at any alignment; `false` if it does not fit.
                fn store_value<T: wiggle::GuestType, const SIZE: usize>(
                    memory: &mut wiggle::GuestMemory<'_>,
                    address: u32,
                    value: T,
                ) -> bool {
                    let mut copy = Aligned([0; SIZE]);
                    let mut place = wiggle::GuestMemory::Unshared(&mut copy.0);
                    T::write(&mut place, wiggle::GuestPtr::new(0), value).is_ok()
                        && store(memory, address, &copy.0)
                }
            }
        });
        let load = loads.then(|| {
            quote! {
                /// Copies a value from the memory, at any alignment; `None` if it does not lie inside.
                fn load<const SIZE: usize>(
                    memory: &wiggle::GuestMemory<'_>,
                    address: u32,
                ) -> Option<Aligned<SIZE>> {
                    let place = wiggle::GuestPtr::<[u8]>::new((address, SIZE as u32));
                    let mut copy = Aligned([0; SIZE]);
                    copy.0.copy_from_slice(&memory.as_cow(place).ok()?);
                    Some(copy)
                }

                /// The value that was copied; `None` if it is invalid.
                fn value<T: wiggle::GuestType, const SIZE: usize>(
                    mut copy: Aligned<SIZE>,
                ) -> Option<T> {
                    let copy = wiggle::GuestMemory::Unshared(&mut copy.0);
                    T::read(&copy, wiggle::GuestPtr::new(0)).ok()
                }
            }
        });
        quote!(#suspend #guest #fits #store #aligned #store_value #load)
    }
}

/// How an argument is made from a wasm value.
enum Lift {
    /// By an expression that always works.
    Total(TokenStream),
    /// By an expression of type `Result`.
    Partial(TokenStream),
}
