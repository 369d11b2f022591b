//! Types in Rust: their definitions, and checks of their layouts.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use super::format::comment;
use super::{Rust, ident};
use crate::backend::naming::TypeNames;
use crate::model::{
    Builtin, Case, Field, InputKind, IntRepr, LayoutFact, Member, Outcome, Type, TypeDef, TypeId,
    TypeKind, docs,
};

impl Rust<'_> {
    pub(super) fn type_def(&self, id: TypeId) -> TokenStream {
        let (def, names) = (self.model.get(id), self.names.get(id));
        let docs = self.docs_or(&def.docs, &format!("`{}` in WITX.", def.name));
        match &def.kind {
            TypeKind::Alias(target) => {
                let name = ident(&names.name);
                let (generics, target) = match target {
                    Type::String => (quote!(<'a>), quote!(&'a str)),
                    Type::List(element) => {
                        let element = self.memory_type(element);
                        (quote!(<'a>), quote!(&'a [#element]))
                    }
                    Type::Named(target)
                        if matches!(
                            self.model.resolve(&Type::Named(*target)),
                            Type::String | Type::List(_)
                        ) =>
                    {
                        let target = self.type_name(*target);
                        (quote!(<'a>), quote!(#target<'a>))
                    }
                    target => (quote!(), self.value_type(target)),
                };
                quote!(#docs pub type #name #generics = #target;)
            }
            TypeKind::Enum { repr, cases } => self.enumeration(def, names, docs, *repr, cases),
            TypeKind::Flags { repr, flags } => self.flags(names, docs, *repr, flags),
            TypeKind::Record { tuple, fields } => self.record(names, docs, *tuple, fields),
            TypeKind::Variant { tag, cases, .. } => self.variant(names, docs, *tag, cases),
            TypeKind::Handle => self.handle(names, docs),
        }
    }

    fn enumeration(
        &self,
        def: &TypeDef,
        names: &TypeNames,
        docs: TokenStream,
        repr: IntRepr,
        cases: &[Member],
    ) -> TokenStream {
        let name = ident(&names.name);
        let members: Vec<Ident> = names.members.iter().map(|member| ident(member)).collect();
        let constants = cases.iter().zip(&members).enumerate();
        let constants = constants.map(|(number, (case, member))| {
            let docs = self.docs_or(&case.docs, &format!("`{}` in WITX.", case.name));
            let number = Literal::usize_unsuffixed(number);
            quote!(#docs pub const #member: Self = Self(#number);)
        });
        let otherwise = |text: &str| (!repr.is_full(cases.len())).then(|| quote!(_ => #text,));
        let (no_name, no_message) = (otherwise("unknown"), otherwise("unknown error"));
        let count = Literal::usize_unsuffixed(cases.len());
        let is_known = (!repr.is_full(cases.len())).then(|| quote!(number < #count));
        let repr = ident(repr.name());
        let conversions = Self::conversions(&name, &repr, is_known);
        let witx_names = cases.iter().map(|case| &case.name);
        let debug = format!("{}({{}}, {{}})", names.name);
        let (message, error) = if def.is_error {
            let messages = cases.iter().map(docs::message);
            let message = quote! {
                /// What the code means, in a sentence; `"unknown error"` for an unknown code.
                pub const fn message(self) -> &'static str {
                    match self {
                        #(Self::#members => #messages,)*
                        #no_message
                    }
                }
            };
            let error = quote! {
                impl core::fmt::Display for #name {
                    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                        write!(f, "{} ({}, code {})", self.message(), self.name(), self.0)
                    }
                }

                impl core::error::Error for #name {}
            };
            (message, error)
        } else {
            Default::default()
        };
        quote! {
            #docs
            #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
            #[repr(transparent)]
            pub struct #name(#repr);

            impl #name {
                #(#constants)*

                /// The value with this code, known or not.
                #[inline]
                pub const fn from_raw(code: #repr) -> Self {
                    Self(code)
                }

                /// The code.
                #[inline]
                pub const fn raw(self) -> #repr {
                    self.0
                }

                /// The name in WITX; `"unknown"` for an unknown code.
                pub const fn name(self) -> &'static str {
                    match self {
                        #(Self::#members => #witx_names,)*
                        #no_name
                    }
                }

                #message
            }

            impl core::fmt::Debug for #name {
                fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                    write!(f, #debug, self.0, self.name())
                }
            }

            #conversions

            #error
        }
    }

    /// Conversions of an enum or a set of flags to its number and back, of which the latter
    /// refuses what the document does not name.
    fn conversions(name: &Ident, repr: &Ident, is_known: Option<TokenStream>) -> TokenStream {
        let checked = match is_known {
            Some(is_known) => quote!(if #is_known { Ok(Self(number)) } else { Err(number) }),
            None => quote!(Ok(Self(number))),
        };
        quote! {
            impl From<#name> for #repr {
                #[inline]
                fn from(value: #name) -> Self {
                    value.0
                }
            }

            /// Gives the number back if it has no name here.
            impl core::convert::TryFrom<#repr> for #name {
                type Error = #repr;

                #[inline]
                fn try_from(number: #repr) -> Result<Self, Self::Error> {
                    #checked
                }
            }
        }
    }

    fn flags(
        &self,
        names: &TypeNames,
        docs: TokenStream,
        repr: IntRepr,
        flags: &[Member],
    ) -> TokenStream {
        let name = ident(&names.name);
        let repr_name = ident(repr.name());
        let constants = flags.iter().zip(&names.members).enumerate();
        let constants = constants.map(|(bit, (flag, member))| {
            let docs = self.docs_or(&flag.docs, &format!("`{}` in WITX.", flag.name));
            let (member, bit) = (ident(member), Literal::usize_unsuffixed(bit));
            quote!(#docs pub const #member: Self = Self(1 << #bit);)
        });
        let members = names.members.iter().map(|member| ident(member));
        let witx_names = flags.iter().map(|flag| &flag.name);
        let len = Literal::usize_unsuffixed(flags.len());
        let open = format!("{}(", names.name);
        let count = flags.len() as u32;
        let is_known = quote!(number & !Self::all().0 == 0);
        let conversions = Self::conversions(&name, &repr_name, Some(is_known));
        let all = match u64::MAX.checked_shr(64 - count) {
            Some(bits) if count > 0 => Literal::u64_unsuffixed(bits),
            _ => Literal::u64_unsuffixed(0),
        };
        quote! {
            #docs
            #[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
            #[repr(transparent)]
            pub struct #name(#repr_name);

            impl #name {
                #(#constants)*

                /// The set with these bits, known or not.
                #[inline]
                pub const fn from_bits(bits: #repr_name) -> Self {
                    Self(bits)
                }

                /// The bits.
                #[inline]
                pub const fn bits(self) -> #repr_name {
                    self.0
                }

                /// The empty set.
                #[inline]
                pub const fn empty() -> Self {
                    Self(0)
                }

                /// The set of all known flags.
                #[inline]
                pub const fn all() -> Self {
                    Self(#all)
                }

                /// Whether all flags of `other` are set.
                #[inline]
                pub const fn contains(self, other: Self) -> bool {
                    self.0 & other.0 == other.0
                }

                /// The known flags that are set, each by itself.
                pub fn iter(self) -> impl Iterator<Item = Self> {
                    let all = Self::named().into_iter().map(|(flag, _)| flag);
                    all.filter(move |flag| self.contains(*flag))
                }

                /// All known flags, with their names in WITX.
                const fn named() -> [(Self, &'static str); #len] {
                    [#((Self::#members, #witx_names)),*]
                }
            }

            impl core::fmt::Debug for #name {
                fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                    f.write_str(#open)?;
                    let mut rest = self.0;
                    for (flag, name) in Self::named() {
                        if self.contains(flag) {
                            f.write_str(if rest == self.0 { "" } else { " | " })?;
                            f.write_str(name)?;
                            rest &= !flag.0;
                        }
                    }
                    if rest != 0 {
                        let bar = if rest == self.0 { "" } else { " | " };
                        write!(f, "{bar}{rest:#x}")?;
                    }
                    f.write_str(")")
                }
            }

            impl core::ops::BitOr for #name {
                type Output = Self;

                #[inline]
                fn bitor(self, other: Self) -> Self {
                    Self(self.0 | other.0)
                }
            }

            impl core::ops::BitOrAssign for #name {
                #[inline]
                fn bitor_assign(&mut self, other: Self) {
                    self.0 |= other.0;
                }
            }

            impl core::ops::BitAnd for #name {
                type Output = Self;

                #[inline]
                fn bitand(self, other: Self) -> Self {
                    Self(self.0 & other.0)
                }
            }

            #conversions
        }
    }

    fn handle(&self, names: &TypeNames, docs: TokenStream) -> TokenStream {
        let name = ident(&names.name);
        quote! {
            #docs
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
            #[repr(transparent)]
            pub struct #name(u32);

            impl #name {
                /// The handle with this number. Any number is possible; the host refuses one
                /// that it did not give out.
                #[inline]
                pub const fn from_raw(number: u32) -> Self {
                    Self(number)
                }

                /// The number.
                #[inline]
                pub const fn raw(self) -> u32 {
                    self.0
                }
            }
        }
    }

    fn record(
        &self,
        names: &TypeNames,
        docs: TokenStream,
        tuple: bool,
        fields: &[Field],
    ) -> TokenStream {
        let name = ident(&names.name);
        let derives = self.derives(fields.iter().map(|field| &field.ty));
        let types: Vec<_> = fields.iter().map(|f| self.memory_type(&f.ty)).collect();
        let field_docs: Vec<_> = fields
            .iter()
            .map(|field| self.docs_or(&field.docs, &format!("`{}` in WITX.", field.name)))
            .collect();
        let body = if tuple {
            quote!((#(#field_docs pub #types,)*);)
        } else {
            let members = names.members.iter().map(|member| ident(member));
            quote!({ #(#field_docs pub #members: #types,)* })
        };
        quote! {
            #docs
            #[derive(#derives)]
            #[repr(C)]
            pub struct #name #body
        }
    }

    /// What a record of these types can derive: nothing that looks into variants, and no total
    /// equality of floats.
    fn derives<'t>(&self, types: impl Iterator<Item = &'t Type>) -> TokenStream {
        let (mut variants, mut floats) = (false, false);
        for ty in types {
            self.inspect(ty, &mut variants, &mut floats);
        }
        match (variants, floats) {
            (true, _) => quote!(Clone, Copy, Debug),
            (false, true) => quote!(Clone, Copy, Debug, PartialEq),
            (false, false) => quote!(Clone, Copy, Debug, PartialEq, Eq, Hash),
        }
    }

    fn inspect(&self, ty: &Type, variants: &mut bool, floats: &mut bool) {
        match ty {
            Type::Builtin(Builtin::F32 | Builtin::F64) => *floats = true,
            Type::Named(id) => match &self.model.get(*id).kind {
                TypeKind::Alias(target) => self.inspect(target, variants, floats),
                TypeKind::Record { fields, .. } => {
                    for field in fields {
                        self.inspect(&field.ty, variants, floats);
                    }
                }
                TypeKind::Variant { .. } => *variants = true,
                _ => {}
            },
            _ => {}
        }
    }

    fn variant(
        &self,
        names: &TypeNames,
        docs: TokenStream,
        tag: IntRepr,
        cases: &[Case],
    ) -> TokenStream {
        let name = ident(&names.name);
        let tag = ident(tag.name());
        let union = ident(&names.payload);
        let members: Vec<Ident> = names.members.iter().map(|member| ident(member)).collect();
        let has_payload = cases.iter().any(|case| case.payload.is_some());
        let payloads = cases.iter().zip(&members).filter_map(|(case, member)| {
            let ty = self.memory_type(case.payload.as_ref()?);
            Some(quote!(#member: #ty))
        });
        let none = has_payload.then(|| quote!(, payload: #union { _none: () }));
        let constructors = cases.iter().zip(&members).enumerate();
        let constructors = constructors.map(|(number, (case, member))| {
            let docs = self.docs_or(&case.docs, &format!("`{}` in WITX.", case.name));
            let number = Literal::usize_unsuffixed(number);
            match &case.payload {
                Some(ty) => {
                    let ty = self.memory_type(ty);
                    quote! {
                        #docs
                        pub const fn #member(value: #ty) -> Self {
                            Self { tag: #number, payload: #union { #member: value } }
                        }
                    }
                }
                None => quote! {
                    #docs
                    pub const fn #member() -> Self {
                        Self { tag: #number #none }
                    }
                },
            }
        });
        let accessors = cases.iter().zip(&members).enumerate();
        let accessors = accessors.filter_map(|(number, (case, member))| {
            let ty = self.memory_type(case.payload.as_ref()?);
            let accessor = ident(&names.accessors[number]);
            let docs = format!(" The payload of case `{}`, if it is that case.", case.name);
            let number = Literal::usize_unsuffixed(number);
            let safety = comment(
                "SAFETY: the tag says that this payload was stored, by a constructor or by the \
                 host; in the latter case the memory was zeros before, and the type has no \
                 invalid bit patterns.",
                16,
            );
            Some(quote! {
                #[doc = #docs]
                pub const fn #accessor(&self) -> Option<#ty> {
                    if self.tag == #number {
                        #safety
                        Some(unsafe { self.payload.#member })
                    } else {
                        None
                    }
                }
            })
        });
        let (payload_field, union) = if has_payload {
            let field = quote!(payload: #union,);
            let union = quote! {
                #[derive(Clone, Copy)]
                #[repr(C)]
                union #union {
                    _none: (),
                    #(#payloads,)*
                }
            };
            (field, union)
        } else {
            Default::default()
        };
        let debug = format!("{}({{tag}})", names.name);
        let numbers: Vec<_> = (0..cases.len()).map(Literal::usize_unsuffixed).collect();
        let arms = cases.iter().enumerate().map(|(index, case)| {
            let (number, witx_name) = (&numbers[index], &case.name);
            match &case.payload {
                Some(_) => {
                    let accessor = ident(&names.accessors[index]);
                    quote!(#number => f.debug_tuple(#witx_name).field(&self.#accessor()).finish(),)
                }
                None => quote!(#number => f.write_str(#witx_name),),
            }
        });
        quote! {
            #docs
            #[derive(Clone, Copy)]
            #[repr(C)]
            pub struct #name {
                tag: #tag,
                #payload_field
            }

            #union

            impl #name {
                #(#constructors)*

                /// The number of the case, counted from 0 in the order of WITX. The host may
                /// give one that is unknown here.
                #[inline]
                pub const fn tag(&self) -> #tag {
                    self.tag
                }

                #(#accessors)*
            }

            impl core::fmt::Debug for #name {
                fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                    match self.tag {
                        #(#arms)*
                        tag => write!(f, #debug),
                    }
                }
            }
        }
    }

    /// Types for values that no type of Rust represents.
    pub(super) fn helpers(&self) -> TokenStream {
        let (mut bools, mut lists) = (Vec::new(), false);
        for def in &self.model.types {
            for ty in def.stored() {
                self.needs(ty, &mut bools, &mut lists);
            }
        }
        for function in self.model.functions() {
            for out in function.lowered.outs() {
                self.needs(&out.ty, &mut bools, &mut lists);
            }
            if let Outcome::Value(ty) = &function.lowered.outcome
                && let Type::Pointer { pointee, .. } = self.model.resolve(ty)
            {
                self.needs(pointee, &mut bools, &mut lists);
            }
            for input in &function.lowered.inputs {
                if let InputKind::Value(ty) = &input.kind
                    && let Type::Pointer { pointee, .. } = self.model.resolve(ty)
                {
                    self.needs(pointee, &mut bools, &mut lists);
                }
                if let InputKind::List(element) = &input.kind {
                    self.needs(element, &mut bools, &mut lists);
                }
            }
        }
        let bools = bools.into_iter().map(|repr| {
            let (name, repr_name) = (bool_type(repr), ident(repr.name()));
            let bytes = repr.bits() / 8;
            let plural = if bytes == 1 { "" } else { "s" };
            let docs = format!(" A truth value in memory, which takes {bytes} byte{plural} there.");
            quote! {
                #[doc = #docs]
                #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
                #[repr(transparent)]
                pub struct #name(#repr_name);

                impl From<bool> for #name {
                    #[inline]
                    fn from(value: bool) -> Self {
                        Self(#repr_name::from(value))
                    }
                }

                impl From<#name> for bool {
                    #[inline]
                    fn from(value: #name) -> Self {
                        value.0 != 0
                    }
                }
            }
        });
        let bools: TokenStream = bools.collect();
        let lists = lists.then(|| {
            quote! {
                /// A list in memory: where its elements are, and how many.
                #[derive(Debug)]
                #[repr(C)]
                pub struct RawSlice<T> {
                    /// The address of the first element.
                    pub pointer: *const T,
                    /// The number of elements.
                    pub len: usize,
                }

                impl<T> Clone for RawSlice<T> {
                    fn clone(&self) -> Self {
                        *self
                    }
                }

                impl<T> Copy for RawSlice<T> {}

                impl<T> core::cmp::PartialEq for RawSlice<T> {
                    /// Whether these are the same elements of the same memory.
                    fn eq(&self, other: &Self) -> bool {
                        (self.pointer, self.len) == (other.pointer, other.len)
                    }
                }

                impl<T> core::cmp::Eq for RawSlice<T> {}

                impl<T> core::hash::Hash for RawSlice<T> {
                    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
                        (self.pointer, self.len).hash(state);
                    }
                }

                impl<T> From<&[T]> for RawSlice<T> {
                    #[inline]
                    fn from(elements: &[T]) -> Self {
                        Self { pointer: elements.as_ptr(), len: elements.len() }
                    }
                }
            }
        });
        quote!(#bools #lists)
    }

    fn needs(&self, ty: &Type, bools: &mut Vec<IntRepr>, lists: &mut bool) {
        match self.model.resolve(ty) {
            Type::Bool(repr) if bools.contains(repr) => {}
            Type::Bool(repr) => bools.push(*repr),
            Type::String => *lists = true,
            Type::List(element) => {
                *lists = true;
                self.needs(element, bools, lists);
            }
            Type::Pointer { pointee, .. } => self.needs(pointee, bools, lists),
            _ => {}
        }
    }

    /// Checks that the compiler lays a type out as the ABI says.
    pub(super) fn layout_asserts(&self, id: TypeId) -> TokenStream {
        let (def, names) = (self.model.get(id), self.names.get(id));
        let ty = match &def.kind {
            TypeKind::Alias(_) => match self.model.resolve(&Type::Named(id)) {
                Type::String | Type::List(_) | Type::Bool(_) => return quote!(),
                _ => self.type_name(id),
            },
            _ => self.type_name(id),
        };
        let checks = self.model.layout_facts(id).into_iter().map(|fact| {
            let (what, number) = match fact {
                LayoutFact::Size(size) => (quote!(size_of::<#ty>()), size),
                LayoutFact::Align(align) => (quote!(align_of::<#ty>()), align),
                LayoutFact::Payload(offset) => {
                    (quote!(core::mem::offset_of!(#ty, payload)), offset)
                }
                LayoutFact::Field(index, offset) => {
                    let field = match def.kind {
                        TypeKind::Record { tuple: true, .. } => {
                            let index = syn::Index::from(index);
                            quote!(#index)
                        }
                        _ => {
                            let member = ident(&names.members[index]);
                            quote!(#member)
                        }
                    };
                    (quote!(core::mem::offset_of!(#ty, #field)), offset)
                }
            };
            let number = Literal::u32_unsuffixed(number);
            quote!(assert!(#what == #number);)
        });
        // On other targets, pointers may be wider, and 64-bit integers have another alignment.
        let only_wasm = self.depends_on_target(&Type::Named(id));
        let only_wasm = only_wasm.then(|| quote!(#[cfg(target_arch = "wasm32")]));
        quote! {
            #only_wasm
            const _: () = {
                #(#checks)*
            };
        }
    }

    fn depends_on_target(&self, ty: &Type) -> bool {
        match ty {
            Type::Builtin(builtin) => matches!(
                builtin,
                Builtin::Usize | Builtin::U64 | Builtin::S64 | Builtin::F64
            ),
            Type::Bool(_) => false,
            Type::String | Type::List(_) | Type::Pointer { .. } => true,
            Type::Named(id) => {
                let def = self.model.get(*id);
                match &def.kind {
                    TypeKind::Enum { repr, .. } | TypeKind::Flags { repr, .. } => {
                        *repr == IntRepr::U64
                    }
                    TypeKind::Handle => false,
                    TypeKind::Variant { tag, .. } if *tag == IntRepr::U64 => true,
                    _ => def.stored().any(|ty| self.depends_on_target(ty)),
                }
            }
        }
    }
}

/// The type of a truth value in memory.
pub(super) fn bool_type(repr: IntRepr) -> Ident {
    ident(match repr {
        IntRepr::U8 => "Bool8",
        _ => "Bool32",
    })
}
