//! `cargo xtask`: the commands of those who work on this project.
//!
//! [`cli`] is the command line. Most commands are a module here; those that need large crates are
//! programs of their own beside `src/`, which [`tool`] builds and runs, and which use this library
//! for what all commands do: run programs with progress ([`step`]), look for what a machine has
//! ([`machine`], [`pypi`]) and sum up ([`summary`]).

mod bench;
pub mod cli;
mod demo;
mod guests;
pub mod machine;
pub mod npm;
mod package;
mod pages;
pub mod portability;
pub mod project;
pub mod pypi;
mod shim;
pub mod step;
pub mod summary;
mod test;
pub mod tool;
mod versions;
pub mod wasm_toolchain;
