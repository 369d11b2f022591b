//! Makes a model of witx's tree, and finds the faults that only show then.

use std::collections::{HashMap, HashSet};

use super::{
    Builtin, Case, Constant, Field, Function, IntRepr, Member, Model, Module, Param, Type, TypeDef,
    TypeId, TypeKind, resolve,
};
use crate::diagnostic::{Diagnostic, Error, Location};
use crate::document::Document;
use crate::layout::Layout;
use crate::lowering;

impl Model {
    /// Makes the model of a document.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for what witx accepts although it cannot work: a constant of an
    /// unknown type, a result without a representation, more members than bits.
    pub fn new(document: &Document) -> Result<Model, Error> {
        let mut builder = Builder {
            document,
            types: Vec::new(),
            ids: HashMap::new(),
            taken: document
                .witx()
                .typenames()
                .map(|ty| ty.name.as_str().to_owned())
                .collect(),
            faults: Vec::new(),
        };
        for ty in document.witx().typenames() {
            builder.declare(&ty);
        }
        let constants = builder.constants();
        let modules = document
            .witx()
            .modules()
            .map(|module| builder.module(&module))
            .collect();
        Error::from_all(builder.faults)?;
        Ok(Model {
            types: builder.types,
            constants,
            modules,
        })
    }
}

/// The state of turning witx's tree into a model.
pub(crate) struct Builder<'a> {
    document: &'a Document,
    pub(crate) types: Vec<TypeDef>,
    ids: HashMap<String, TypeId>,
    /// The names of all types, so that invented names are new.
    taken: HashSet<String>,
    faults: Vec<Diagnostic>,
}

impl Builder<'_> {
    pub(crate) fn locate(&self, name: &[&str]) -> Option<Location> {
        self.document.locations().get(name)
    }

    pub(crate) fn fault(&mut self, fault: Diagnostic) {
        self.faults.push(fault);
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
        (kind, mut layout): (TypeKind, Layout),
    ) -> TypeId {
        if layout.size == u32::MAX {
            let message = format!("`${name}` is larger than a memory can be, which is 4 GiB");
            let hint = "hold a part of it by a pointer or a list";
            self.fault(Diagnostic::new(location.clone(), message).hint(hint));
            // Types that hold this one have no fault of their own.
            layout.size = 0;
        }
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
                Some(repr) => self.flags(name, record, repr.into()),
                None => self.record(name, location, record),
            },
            witx::Type::Variant(variant) if !variant.is_bool() || is_spelled_out(variant) => {
                if variant.is_enum() && !is_expected(variant) {
                    let repr = IntRepr::from(variant.tag_repr);
                    if repr.bits() < 32
                        && let Some(extra) = variant.cases.get(1 << repr.bits())
                    {
                        let at = self.locate(&[name, extra.name.as_str()]);
                        let message = format!(
                            "`${name}` has {} cases, more than {} has values",
                            variant.cases.len(),
                            repr.name()
                        );
                        let hint = "choose a wider `(@witx tag ...)`";
                        self.fault(Diagnostic::new(at, message).hint(hint));
                    }
                    let cases = members(variant.cases.iter().map(|c| (&c.name, &c.docs)));
                    (TypeKind::Enum { repr, cases }, Layout::of_repr(repr))
                } else {
                    self.variant(name, location, variant)
                }
            }
            witx::Type::Handle(_) => (TypeKind::Handle, Layout::of_repr(IntRepr::U32)),
            _ => {
                let target = self.value(name, location, ty);
                let layout = Layout::of(&target, &self.types);
                (TypeKind::Alias(target), layout)
            }
        }
    }

    fn flags(
        &mut self,
        name: &str,
        record: &witx::RecordDatatype,
        repr: IntRepr,
    ) -> (TypeKind, Layout) {
        if record.members.len() > repr.bits() as usize {
            let extra = &record.members[repr.bits() as usize];
            let at = self.locate(&[name, extra.name.as_str()]);
            let message = format!(
                "`${name}` has {} flags, but {} has {} bits",
                record.members.len(),
                repr.name(),
                repr.bits()
            );
            self.fault(Diagnostic::new(at, message).hint("choose a wider `(@witx repr ...)`"));
        }
        let flags = members(record.members.iter().map(|m| (&m.name, &m.docs)));
        (TypeKind::Flags { repr, flags }, Layout::of_repr(repr))
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
        let layouts = fields.iter().map(|f| Layout::of(&f.ty, &self.types));
        let (layout, offsets) = Layout::of_record(layouts);
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
        let tag = variant.tag_repr.into();
        let layouts = payloads.map(|ty| Layout::of(ty, &self.types));
        let (layout, payload_offset) = Layout::of_variant(tag, layouts);
        let kind = TypeKind::Variant {
            tag,
            payload_offset,
            cases,
        };
        (kind, layout)
    }

    /// A use of a type. One that is written in place and needs a name gets `invented`.
    pub(crate) fn reference(
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
            witx::Type::Builtin(builtin) => Type::Builtin((*builtin).into()),
            witx::Type::Variant(variant) if variant.is_bool() && !is_spelled_out(variant) => {
                Type::Bool
            }
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

    fn constants(&mut self) -> Vec<Constant> {
        let mut constants = Vec::new();
        for constant in self.document.witx().constants() {
            let (ty, name) = (constant.ty.as_str(), constant.name.as_str());
            let at = self.locate(&[ty, &format!("const {name}")]);
            let Some(&id) = self.ids.get(ty) else {
                let message = format!("constant `${name}` has the unknown type `${ty}`");
                let hint = "a constant belongs to a type of the document";
                self.fault(Diagnostic::new(at, message).hint(hint));
                continue;
            };
            match largest(&self.types, &Type::Named(id)) {
                None => {
                    let message =
                        format!("constant `${name}` has type `${ty}`, which is no number");
                    let hint = "constants are of integers, enums, flags and handles";
                    self.fault(Diagnostic::new(at, message).hint(hint));
                }
                Some(max) if constant.value > max => {
                    let message = format!(
                        "constant `${name}` is {}, but the largest value of `${ty}` is {max}",
                        constant.value
                    );
                    let hint = "give the type a wider representation, or the constant less";
                    self.fault(Diagnostic::new(at, message).hint(hint));
                }
                Some(_) => constants.push(Constant {
                    name: name.to_owned(),
                    docs: constant.docs.clone(),
                    ty: id,
                    value: constant.value,
                }),
            }
        }
        constants
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
        let lowered = lowering::lower(self, module, func, &params);
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
}

/// Whether a result is an `expected` of a tuple.
fn is_tuple_result(result: &witx::TypeRef) -> bool {
    match &**result.type_() {
        witx::Type::Variant(variant) => match variant.as_expected() {
            Some((Some(ok), _)) => {
                matches!(&**ok.type_(), witx::Type::Record(record) if record.is_tuple())
            }
            _ => false,
        },
        _ => false,
    }
}

fn members<'a>(members: impl Iterator<Item = (&'a witx::Id, &'a String)>) -> Vec<Member> {
    members
        .map(|(name, docs)| Member {
            name: name.as_str().to_owned(),
            docs: docs.clone(),
        })
        .collect()
}

/// Whether a variant is an `expected`, which lowers in its own way even without types.
fn is_expected(variant: &witx::Variant) -> bool {
    variant.as_expected().is_some()
}

/// Whether a variant that looks like `bool` was written as an enum: that one may have another
/// representation or documentation.
fn is_spelled_out(variant: &witx::Variant) -> bool {
    variant.tag_repr != witx::IntRepr::U32 || variant.cases.iter().any(|c| !c.docs.is_empty())
}

/// The largest number that a constant of this type may have, if it may be a number.
fn largest(types: &[TypeDef], ty: &Type) -> Option<u64> {
    let bits = |bits: u32| u64::MAX >> (64 - bits);
    match resolve(types, ty) {
        Type::Builtin(builtin) => match builtin {
            Builtin::U8 | Builtin::Char8 => Some(bits(8)),
            Builtin::S8 => Some(bits(7)),
            Builtin::U16 => Some(bits(16)),
            Builtin::S16 => Some(bits(15)),
            Builtin::U32 | Builtin::Usize => Some(bits(32)),
            Builtin::S32 => Some(bits(31)),
            Builtin::U64 => Some(bits(64)),
            Builtin::S64 => Some(bits(63)),
            Builtin::Char | Builtin::F32 | Builtin::F64 => None,
        },
        Type::Named(id) => match &types[id.0].kind {
            TypeKind::Enum { cases, .. } => Some((cases.len() as u64).saturating_sub(1)),
            TypeKind::Flags { flags, .. } if flags.is_empty() => Some(0),
            TypeKind::Flags { flags, .. } => Some(bits(flags.len().min(64) as u32)),
            TypeKind::Handle => Some(bits(32)),
            _ => None,
        },
        _ => None,
    }
}
