//! Builds the model of a document from witx's syntax tree, with the rules of the ABI.
//!
//! Whatever witx accepts becomes a model, even if it cannot work; finding that is up to
//! [`check`](crate::check).

use std::collections::{HashMap, HashSet};

use crate::abi::{self, Returned, layout, layout_of_record, layout_of_repr, layout_of_variant};

use crate::document::Locations;
use crate::location::Location;
use crate::model::{
    Builtin, Case, Constant, Field, Function, IntRepr, Layout, Member, Model, Module, Param, Type,
    TypeDef, TypeId, TypeKind,
};
use crate::syntax::TRUTH_CASES;

/// Makes the model of a document.
pub(crate) fn build(document: &witx::Document, locations: &Locations) -> Model {
    let typenames = document.typenames();
    let mut builder = Builder {
        locations,
        types: Vec::new(),
        ids: HashMap::new(),
        taken: typenames.map(|ty| ty.name.as_str().to_owned()).collect(),
    };
    for ty in document.typenames() {
        builder.declare(&ty);
    }
    let constants = builder.constants(document);
    let modules = document.modules();
    let modules = modules.map(|module| builder.module(&module)).collect();
    Model {
        docs: String::new(),
        types: builder.types,
        constants,
        modules,
    }
}

/// The state of turning witx's tree into a model.
struct Builder<'a> {
    locations: &'a Locations,
    types: Vec<TypeDef>,
    ids: HashMap<String, TypeId>,
    /// The names of all types, so that invented names do not collide.
    taken: HashSet<String>,
}

impl Builder<'_> {
    fn locate(&self, name: &[&str]) -> Option<Location> {
        self.locations.get(name)
    }

    fn declare(&mut self, ty: &witx::NamedType) {
        let name = ty.name.as_str();
        let location = self.locate(&[name]);
        let kind = match &ty.tref {
            witx::TypeRef::Name(target) => self.alias_of(target),
            witx::TypeRef::Value(value) => self.kind(name, &location, value),
        };
        self.define(name.to_owned(), ty.docs.clone(), location, kind);
    }

    fn define(
        &mut self,
        name: String,
        docs: String,
        location: Option<Location>,
        (kind, layout): (TypeKind, Layout),
    ) -> TypeId {
        let id = TypeId(self.types.len());
        self.ids.insert(name.clone(), id);
        self.types.push(TypeDef {
            name,
            docs,
            location,
            kind,
            layout,
            is_error: false,
        });
        id
    }

    fn alias_of(&self, target: &witx::NamedType) -> (TypeKind, Layout) {
        let id = self.ids[target.name.as_str()];
        (TypeKind::Alias(Type::Named(id)), self.types[id.0].layout)
    }

    fn kind(
        &mut self,
        name: &str,
        location: &Option<Location>,
        ty: &witx::Type,
    ) -> (TypeKind, Layout) {
        match ty {
            witx::Type::Record(record) => match record.bitflags_repr() {
                Some(repr) => flags(record, IntRepr::of(repr)),
                None => self.record(name, location, record),
            },
            witx::Type::Variant(variant) if truth(variant).is_none() => {
                if variant.is_enum() {
                    let repr = IntRepr::of(variant.tag_repr);
                    let cases = members(variant.cases.iter().map(|c| (&c.name, &c.docs)));
                    (TypeKind::Enum { repr, cases }, layout_of_repr(repr))
                } else {
                    self.variant(name, location, variant)
                }
            }
            witx::Type::Handle(_) => (TypeKind::Handle, layout_of_repr(IntRepr::U32)),
            _ => {
                let target = self.value(name, location, ty);
                let layout = layout(&self.types, &target);
                (TypeKind::Alias(target), layout)
            }
        }
    }

    fn record(
        &mut self,
        name: &str,
        location: &Option<Location>,
        record: &witx::RecordDatatype,
    ) -> (TypeKind, Layout) {
        let mut fields = Vec::new();
        for member in &record.members {
            let part = member.name.as_str();
            let at = self.locate(&[name, part]).or_else(|| location.clone());
            fields.push(Field {
                name: part.to_owned(),
                docs: member.docs.clone(),
                ty: self.reference(&format!("{name}_{part}"), &at, &member.tref),
                offset: 0,
            });
        }
        let layouts = fields.iter().map(|f| layout(&self.types, &f.ty));
        let (layout, offsets) = layout_of_record(layouts);
        for (field, offset) in fields.iter_mut().zip(offsets) {
            field.offset = offset;
        }
        let tuple = record.is_tuple();
        (TypeKind::Record { tuple, fields }, layout)
    }

    fn variant(
        &mut self,
        name: &str,
        location: &Option<Location>,
        variant: &witx::Variant,
    ) -> (TypeKind, Layout) {
        let mut cases = Vec::new();
        for case in &variant.cases {
            let part = case.name.as_str();
            let at = self.locate(&[name, part]).or_else(|| location.clone());
            let invented = format!("{name}_{part}");
            let payload = case.tref.as_ref();
            cases.push(Case {
                name: part.to_owned(),
                docs: case.docs.clone(),
                payload: payload.map(|ty| self.reference(&invented, &at, ty)),
            });
        }
        let payloads = cases.iter().filter_map(|case| case.payload.as_ref());
        let tag = IntRepr::of(variant.tag_repr);
        let layouts = payloads.map(|ty| layout(&self.types, ty));
        let (layout, payload_offset) = layout_of_variant(tag, layouts);
        let kind = TypeKind::Variant {
            tag,
            payload_offset,
            cases,
        };
        (kind, layout)
    }

    /// A use of a type. One that is written in place and needs a name gets `invented`.
    fn reference(
        &mut self,
        invented: &str,
        location: &Option<Location>,
        ty: &witx::TypeRef,
    ) -> Type {
        match ty {
            witx::TypeRef::Name(named) => Type::Named(self.ids[named.name.as_str()]),
            witx::TypeRef::Value(value) => self.value(invented, location, value),
        }
    }

    fn value(&mut self, invented: &str, location: &Option<Location>, ty: &witx::Type) -> Type {
        match ty {
            witx::Type::Builtin(builtin) => Type::Builtin(Builtin::of(*builtin)),
            witx::Type::Variant(variant) if let Some(repr) = truth(variant) => Type::Bool(repr),
            witx::Type::List(element) => match &**element.type_() {
                witx::Type::Builtin(witx::BuiltinType::Char) => Type::String,
                _ => {
                    let invented = format!("{invented}_element");
                    Type::List(Box::new(self.reference(&invented, location, element)))
                }
            },
            witx::Type::Pointer(pointee) => Type::Pointer {
                mutable: true,
                pointee: Box::new(self.reference(&format!("{invented}_target"), location, pointee)),
            },
            witx::Type::ConstPointer(pointee) => Type::Pointer {
                mutable: false,
                pointee: Box::new(self.reference(&format!("{invented}_target"), location, pointee)),
            },
            witx::Type::Record(_) | witx::Type::Variant(_) | witx::Type::Handle(_) => {
                let mut name = invented.to_owned();
                while !self.taken.insert(name.clone()) {
                    name.push('_');
                }
                let kind = self.kind(&name, location, ty);
                Type::Named(self.define(name, String::new(), location.clone(), kind))
            }
        }
    }

    /// The constants whose type is declared.
    fn constants(&self, document: &witx::Document) -> Vec<Constant> {
        let constants = document.constants();
        let constants = constants.filter_map(|constant| {
            Some(Constant {
                name: constant.name.as_str().to_owned(),
                docs: constant.docs.clone(),
                ty: *self.ids.get(constant.ty.as_str())?,
                value: constant.value,
            })
        });
        constants.collect()
    }

    fn module(&mut self, module: &witx::Module) -> Module {
        let name = module.name.as_str();
        let mut functions = Vec::new();
        for func in module.funcs() {
            functions.push(self.function(name, &func));
        }
        Module {
            name: name.to_owned(),
            docs: module.docs.clone(),
            functions,
        }
    }

    fn function(&mut self, module: &str, func: &witx::InterfaceFunc) -> Function {
        let name = func.name.as_str();
        let mut params = Vec::new();
        for param in &func.params {
            let part = param.name.as_str();
            let at = self.locate(&[module, name, part]);
            params.push(Param {
                name: part.to_owned(),
                docs: param.docs.clone(),
                ty: self.reference(&format!("{name}_{part}"), &at, &param.tref),
            });
        }
        let returned = self.returned(module, func);
        let lowered = abi::lower(&self.types, &params, returned);
        if let Some(error) = lowered.error_type() {
            let mut id = error;
            while let TypeKind::Alias(Type::Named(target)) = self.types[id.0].kind {
                id = target;
            }
            self.types[id.0].is_error = true;
        }
        let result = func.results.first();
        Function {
            name: name.to_owned(),
            docs: func.docs.clone(),
            location: self.locate(&[module, name]),
            params,
            result_docs: result.map(|r| r.docs.clone()).unwrap_or_default(),
            result_name: result.map(|r| r.name.as_str().to_owned()),
            result_is_tuple: result.is_some_and(|result| is_tuple_result(&result.tref)),
            lowered,
        }
    }

    /// What a function gives back.
    fn returned(&mut self, module: &str, func: &witx::InterfaceFunc) -> Returned {
        let name = func.name.as_str();
        let Some(result) = func.results.first() else {
            return match func.noreturn {
                true => Returned::NoReturn,
                false => Returned::Nothing,
            };
        };
        let location = self.locate(&[module, name, result.name.as_str()]);
        let invented = format!("{name}_{}", result.name.as_str());
        let mut reference = |ty: &witx::TypeRef| self.reference(&invented, &location, ty);
        // witx accepts no other variant as a result. One without any payload that has a name is
        // an enum, of which the ABI is the same.
        match expected(&result.tref).filter(|_| !is_named_enum(&result.tref)) {
            None => Returned::Value(reference(&result.tref)),
            Some((ok, error)) => {
                let error = error.map(&mut reference);
                let ok = match ok.map(|ok| (ok, &**ok.type_())) {
                    None => Vec::new(),
                    Some((_, witx::Type::Record(record))) if record.is_tuple() => {
                        let members = record.members.iter();
                        members.map(|member| reference(&member.tref)).collect()
                    }
                    Some((ok, _)) => vec![reference(ok)],
                };
                Returned::Expected { ok, error }
            }
        }
    }
}

/// What a type gives with success and else, if it is an `expected`.
fn expected(ty: &witx::TypeRef) -> Option<(Option<&witx::TypeRef>, Option<&witx::TypeRef>)> {
    match &**ty.type_() {
        witx::Type::Variant(variant) => variant.as_expected(),
        _ => None,
    }
}

/// Whether a type is an enum by its name, whatever its cases are called.
fn is_named_enum(ty: &witx::TypeRef) -> bool {
    matches!(ty, witx::TypeRef::Name(_))
        && matches!(&**ty.type_(), witx::Type::Variant(variant) if variant.is_enum())
}

/// Whether a result is an `expected` of a tuple.
fn is_tuple_result(result: &witx::TypeRef) -> bool {
    let ok = expected(result).and_then(|(ok, _)| ok);
    ok.is_some_and(|ok| matches!(&**ok.type_(), witx::Type::Record(r) if r.is_tuple()))
}

fn flags(record: &witx::RecordDatatype, repr: IntRepr) -> (TypeKind, Layout) {
    let flags = members(record.members.iter().map(|m| (&m.name, &m.docs)));
    (TypeKind::Flags { repr, flags }, layout_of_repr(repr))
}

fn members<'a>(members: impl Iterator<Item = (&'a witx::Id, &'a String)>) -> Vec<Member> {
    members
        .map(|(name, docs)| Member {
            name: name.as_str().to_owned(),
            docs: docs.clone(),
        })
        .collect()
}

/// The integer that represents a variant in memory if that is a `bool`: one of this dialect, or of
/// the other one. What looks like it, but was written as an enum, may have another representation
/// or documentation.
fn truth(variant: &witx::Variant) -> Option<IntRepr> {
    let is_plain = variant.cases.iter().all(|case| case.docs.is_empty());
    let cases = variant.cases.iter().map(|case| case.name.as_str());
    match variant.tag_repr {
        witx::IntRepr::U32 if variant.is_bool() && is_plain => Some(IntRepr::U32),
        witx::IntRepr::U8 if variant.is_enum() && cases.eq(TRUTH_CASES) => Some(IntRepr::U8),
        _ => None,
    }
}

impl IntRepr {
    fn of(repr: witx::IntRepr) -> Self {
        match repr {
            witx::IntRepr::U8 => IntRepr::U8,
            witx::IntRepr::U16 => IntRepr::U16,
            witx::IntRepr::U32 => IntRepr::U32,
            witx::IntRepr::U64 => IntRepr::U64,
        }
    }
}

impl Builtin {
    pub(crate) fn of(builtin: witx::BuiltinType) -> Self {
        use witx::BuiltinType::*;
        match builtin {
            Char => Builtin::Char,
            U8 { lang_c_char: true } => Builtin::Char8,
            U8 { lang_c_char: false } => Builtin::U8,
            U16 => Builtin::U16,
            U32 {
                lang_ptr_size: true,
            } => Builtin::Usize,
            U32 {
                lang_ptr_size: false,
            } => Builtin::U32,
            U64 => Builtin::U64,
            S8 => Builtin::S8,
            S16 => Builtin::S16,
            S32 => Builtin::S32,
            S64 => Builtin::S64,
            F32 => Builtin::F32,
            F64 => Builtin::F64,
        }
    }
}
