//! How large types are in linear memory, how they are aligned, and where their parts lie.
//!
//! The rules are those of witx 0.9 (`witx::Layout`), which a test compares with these. They are
//! computed here once and stored in the model: witx computes the layout of a type anew at each
//! question, in time exponential in the depth of nested records, and divides by zero for types
//! without members.

use crate::model::{Builtin, IntRepr, Layout, Type, TypeDef};

const fn scalar(size: u32) -> Layout {
    Layout { size, align: size }
}

/// The layout of an integer that represents an enum, flags or a tag.
#[must_use]
pub fn layout_of_repr(repr: IntRepr) -> Layout {
    scalar(repr.bits() / 8)
}

/// The layout of `ty`, given the types that are declared already.
#[must_use]
pub fn layout(types: &[TypeDef], ty: &Type) -> Layout {
    match ty {
        Type::Builtin(builtin) => scalar(match builtin {
            Builtin::U8 | Builtin::Char8 | Builtin::S8 => 1,
            Builtin::U16 | Builtin::S16 => 2,
            Builtin::U32 | Builtin::Usize | Builtin::S32 | Builtin::F32 | Builtin::Char => 4,
            Builtin::U64 | Builtin::S64 | Builtin::F64 => 8,
        }),
        // In memory a bool is as wide as an i32, except in the other dialect.
        Type::Bool(repr) => layout_of_repr(*repr),
        Type::Pointer { .. } => scalar(4),
        // A pointer and a length.
        Type::String | Type::List(_) => Layout { size: 8, align: 4 },
        Type::Named(id) => types[id.0].layout,
    }
}

/// The layout of a record, and the offsets of its fields. A size that does not fit in
/// 32 bits is [`u32::MAX`].
pub fn layout_of_record(fields: impl IntoIterator<Item = Layout>) -> (Layout, Vec<u32>) {
    let mut record = Sum::default();
    let offsets = fields
        .into_iter()
        .map(|field| record.append(field))
        .collect();
    (record.finish(), offsets)
}

/// The layout of a variant, and the offset of the payload, which is the same in each case.
pub fn layout_of_variant(
    tag: IntRepr,
    payloads: impl IntoIterator<Item = Layout>,
) -> (Layout, u32) {
    let mut payload = Layout { size: 0, align: 1 };
    for other in payloads {
        payload.size = payload.size.max(other.size);
        payload.align = payload.align.max(other.align);
    }
    let mut variant = Sum::default();
    variant.append(layout_of_repr(tag));
    let offset = variant.append(payload);
    (variant.finish(), offset)
}

/// Consecutive parts, whose total size may not fit in 32 bits.
struct Sum {
    size: u64,
    align: u32,
}

impl Default for Sum {
    fn default() -> Self {
        Sum { size: 0, align: 1 }
    }
}

impl Sum {
    /// Adds a part at the end, and gives its offset.
    fn append(&mut self, part: Layout) -> u32 {
        let offset = self.size.next_multiple_of(part.align.into());
        self.size = offset + u64::from(part.size);
        self.align = self.align.max(part.align);
        offset.try_into().unwrap_or(u32::MAX)
    }

    fn finish(self) -> Layout {
        let size = self.size.next_multiple_of(self.align.into());
        Layout {
            size: size.try_into().unwrap_or(u32::MAX),
            align: self.align,
        }
    }
}
