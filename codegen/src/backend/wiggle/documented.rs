//! Documentation for what wiggle makes, which has none.

use proc_macro2::TokenStream;
use quote::ToTokens;
use wiggle_generate::names as wiggle_names;

use crate::backend::rust::format::{self, doc_attributes};
use crate::backend::source::Source;
use crate::model::{Function, Member, Module, TypeDef, TypeKind, docs};

pub(super) fn doc_or(text: &str, substitute: &str) -> TokenStream {
    match &docs::lines(text)[..] {
        [] => format::docs(&[substitute]),
        lines => format::docs(lines),
    }
}

fn attributes_or(text: &str, substitute: &str) -> Vec<syn::Attribute> {
    match &docs::lines(text)[..] {
        [] => doc_attributes(&[substitute]),
        lines => doc_attributes(lines),
    }
}

/// Adds the documentation of a type to what wiggle made of it.
pub(super) fn document_type(file: &mut syn::File, def: &TypeDef) {
    let own = attributes_or(&def.docs, &format!("`{}` in WITX.", def.name));
    let member = |name: &str, text: &str| attributes_or(text, &format!("`{name}` in WITX."));
    let mut documented = false;
    let prepend = |to: &mut Vec<syn::Attribute>, docs: Vec<syn::Attribute>| {
        to.splice(0..0, docs);
    };
    for item in &mut file.items {
        let attrs = match item {
            syn::Item::Enum(item) => {
                let docs: Vec<_> = match &def.kind {
                    TypeKind::Enum { cases, .. } => cases
                        .iter()
                        .map(|case| member(&case.name, &case.docs))
                        .collect(),
                    TypeKind::Variant { cases, .. } => cases
                        .iter()
                        .map(|case| member(&case.name, &case.docs))
                        .collect(),
                    // A named `bool`, which wiggle makes an enum.
                    _ => vec![member("false", ""), member("true", "")],
                };
                for (variant, docs) in item.variants.iter_mut().zip(docs) {
                    prepend(&mut variant.attrs, docs);
                }
                &mut item.attrs
            }
            syn::Item::Struct(item) => {
                if let TypeKind::Record { fields, .. } = &def.kind {
                    for (to, field) in item.fields.iter_mut().zip(fields) {
                        prepend(&mut to.attrs, member(&field.name, &field.docs));
                    }
                }
                &mut item.attrs
            }
            syn::Item::Type(item) => &mut item.attrs,
            syn::Item::Macro(item) => {
                if let TypeKind::Flags { flags, .. } = &def.kind
                    && let Ok(call) = item.mac.parse_body::<Bitflags>()
                {
                    *item = syn::parse_quote!(__verbatim!(""););
                    item.mac.tokens = call.documented(def, flags).into_token_stream();
                }
                continue;
            }
            syn::Item::Impl(item) => {
                document_methods(item);
                continue;
            }
            _ => continue,
        };
        if !documented {
            prepend(attrs, own.clone());
            documented = true;
        }
    }
    // An `impl` without any methods left is dropped.
    file.items.retain(|item| {
        !matches!(item, syn::Item::Impl(item) if item.items.is_empty() && item.trait_.is_none())
    });
}

/// What is inside of a call of `bitflags!`.
struct Bitflags {
    attributes: Vec<syn::Attribute>,
    name: syn::Ident,
    repr: syn::Ident,
    flags: Vec<(syn::Ident, syn::LitInt)>,
}

impl syn::parse::Parse for Bitflags {
    fn parse(input: syn::parse::ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(syn::Attribute::parse_outer)?;
        input.parse::<syn::Token![pub]>()?;
        input.parse::<syn::Token![struct]>()?;
        let name = input.parse()?;
        input.parse::<syn::Token![:]>()?;
        let repr = input.parse()?;
        let body;
        syn::braced!(body in input);
        let mut flags = Vec::new();
        while !body.is_empty() {
            body.parse::<syn::Token![const]>()?;
            let flag = body.parse()?;
            body.parse::<syn::Token![=]>()?;
            flags.push((flag, body.parse()?));
            body.parse::<syn::Token![;]>()?;
        }
        Ok(Bitflags {
            attributes,
            name,
            repr,
            flags,
        })
    }
}

impl Bitflags {
    /// The text of the call, with documentation, as a literal.
    fn documented(&self, def: &TypeDef, flags: &[Member]) -> syn::LitStr {
        let docs = |text: &str, name: &str| match docs::lines(text)[..] {
            [] => vec![format!("/// `{name}` in WITX.")],
            _ => format::doc_comment(text),
        };
        let mut out = Source::new("    ");
        out.block("wiggle::bitflags::bitflags! {", "}", |out| {
            docs(&def.docs, &def.name)
                .iter()
                .for_each(|line| out.line(line));
            for attribute in &self.attributes {
                let text = attribute.to_token_stream().to_string();
                out.line(
                    text.replace("# [", "#[")
                        .replace(" (", "(")
                        .replace(" ,", ","),
                );
            }
            let open = format!("pub struct {}: {} {{", self.name, self.repr);
            out.block(open, "}", |out| {
                for ((name, value), flag) in self.flags.iter().zip(flags) {
                    docs(&flag.docs, &flag.name)
                        .iter()
                        .for_each(|line| out.line(line));
                    out.line(format!("const {name} = {value};"));
                }
            });
        });
        syn::LitStr::new(&out.finish(), proc_macro2::Span::call_site())
    }
}

/// Documents the methods that wiggle gives to a type, but for `inner` of handles: it is unsafe
/// for no reason that could be documented, and there is `From`.
fn document_methods(item: &mut syn::ItemImpl) {
    if item.trait_.is_some() {
        return;
    }
    item.items
        .retain(|item| !matches!(item, syn::ImplItem::Fn(method) if method.sig.ident == "inner"));
    for method in &mut item.items {
        if let syn::ImplItem::Fn(method) = method {
            let name = method.sig.ident.to_string();
            if let Some(field) = name.strip_prefix("offset_of_") {
                let text = format!("Where the field `{field}` lies in memory, in bytes.");
                let docs = doc_attributes(&[text]);
                method.attrs.splice(0..0, docs);
            }
        }
    }
}

/// Adds documentation to a trait, and drops what only wiggle's own linker code calls.
pub(super) fn document_trait(item: &mut syn::ItemTrait, module: &Module) {
    let substitute = format!("The functions of module `{}`.", module.name);
    item.attrs = attributes_or(&module.docs, &substitute);
    item.items.retain(
        |item| !matches!(item, syn::TraitItem::Fn(f) if f.sig.ident == "set_hostcall_fuel"),
    );
    for (method, function) in item.items.iter_mut().zip(&module.functions) {
        if let syn::TraitItem::Fn(method) = method {
            method.attrs = doc_attributes(&method_docs(function));
        }
    }
}

fn method_docs(function: &Function) -> Vec<String> {
    let mut lines: Vec<String> = docs::lines(&function.docs)
        .into_iter()
        .map(str::to_owned)
        .collect();
    if lines.is_empty() {
        lines.push(format!("`{}` in WITX.", function.name));
    }
    let mut params = Vec::new();
    for param in &function.params {
        let text = docs::one_line(&param.docs);
        if !text.is_empty() {
            let name = wiggle_names::func_param(&witx::Id::new(&param.name));
            params.extend(docs::item(&name.to_string(), &text, 86));
        }
    }
    docs::add_section(&mut lines, "Arguments", params);
    let result = docs::one_line(&function.result_docs);
    docs::add_section(&mut lines, "Returns", docs::wrap(&result, 88));
    lines
}
