//! Facts about networks.

pub(crate) mod address;
