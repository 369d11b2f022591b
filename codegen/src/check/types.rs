//! Rules of types and constants.

use super::Findings;
use crate::document::Document;
use crate::model::{Builtin, Model, Type, TypeDef, TypeKind};
use crate::syntax::nearest;

/// An enum has no more cases than its tag has values.
pub(super) fn cases_fit(document: &Document, findings: &mut Findings) {
    for def in &document.model().types {
        if let TypeKind::Enum { repr, cases } = &def.kind
            && repr.bits() < 32
            && let Some(extra) = cases.get(1 << repr.bits())
        {
            let message = format!(
                "`${}` has {} cases, more than {} has values",
                def.name,
                cases.len(),
                repr.name()
            );
            let at = document.locations().get(&[&def.name, &extra.name]);
            findings.add(at, message, "choose a wider `(@witx tag ...)`");
        }
    }
}

/// Flags are no more than their integer has bits.
pub(super) fn flags_fit(document: &Document, findings: &mut Findings) {
    for def in &document.model().types {
        if let TypeKind::Flags { repr, flags } = &def.kind
            && let Some(extra) = flags.get(repr.bits() as usize)
        {
            let message = format!(
                "`${}` has {} flags, but {} has {} bits",
                def.name,
                flags.len(),
                repr.name(),
                repr.bits()
            );
            let at = document.locations().get(&[&def.name, &extra.name]);
            findings.add(at, message, "choose a wider `(@witx repr ...)`");
        }
    }
}

/// A type fits in a memory.
pub(super) fn fit_in_memory(document: &Document, findings: &mut Findings) {
    let model = document.model();
    let too_large = |ty: &Type| matches!(ty, Type::Named(id) if is_too_large(model.get(*id)));
    for def in &model.types {
        // One that holds a type which is too large has no fault of its own.
        if is_too_large(def) && !def.stored().any(too_large) {
            findings.add(
                def.location.clone(),
                format!(
                    "`${}` is larger than a memory can be, which is 4 GiB",
                    def.name
                ),
                "hold a part of it by a pointer or a list",
            );
        }
    }
}

fn is_too_large(def: &TypeDef) -> bool {
    def.layout.size == u32::MAX
}

/// A constant has a type whose values are numbers, and its value is one of them.
pub(super) fn constants(document: &Document, findings: &mut Findings) {
    let model = document.model();
    for constant in document.witx().constants() {
        let (ty, name) = (constant.ty.as_str(), constant.name.as_str());
        let at = document.locations().get(&[ty, &format!("const {name}")]);
        let Some(id) = model.type_ids().find(|id| model.get(*id).name == ty) else {
            findings.add(
                at,
                format!("constant `${name}` has the unknown type `${ty}`"),
                match nearest(ty, model.types.iter().map(|def| def.name.as_str())) {
                    Some(nearest) => format!("the nearest that is declared is `${nearest}`"),
                    None => "a constant belongs to a type of the document".to_owned(),
                },
            );
            continue;
        };
        match largest(model, &Type::Named(id)) {
            None => findings.add(
                at,
                format!("constant `${name}` has type `${ty}`, which is no number"),
                "constants are of integers, enums, flags and handles",
            ),
            Some(max) if constant.value > max => findings.add(
                at,
                format!(
                    "constant `${name}` is {}, but the largest value of `${ty}` is {max}",
                    constant.value
                ),
                "give the type a wider representation, or the constant less",
            ),
            Some(_) => {}
        }
    }
}

/// The largest number that a constant of this type may have, if it may be a number.
fn largest(model: &Model, ty: &Type) -> Option<u64> {
    let bits = |bits: u32| u64::MAX >> (64 - bits);
    match model.resolve(ty) {
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
        Type::Named(id) => match &model.get(*id).kind {
            TypeKind::Enum { cases, .. } => Some((cases.len() as u64).saturating_sub(1)),
            TypeKind::Flags { flags, .. } if flags.is_empty() => Some(0),
            TypeKind::Flags { flags, .. } => Some(bits(flags.len().min(64) as u32)),
            TypeKind::Handle => Some(bits(32)),
            _ => None,
        },
        _ => None,
    }
}
