//! What `wasmtime-http` and the shim for containerd have in common: options, the engine, linking, WASI,
//! limits, exit codes, and what a person is told.
//!
//! It is for these two programs, and changes with them: an embedder uses the crate
//! `wasi-experimental-http-wasmtime`.

pub mod args;
mod backtrace;
pub mod config;
mod engine;
pub mod exit;
mod generate;
mod har;
mod imports;
pub mod interrupt;
mod invoke;
pub mod limits;
pub mod log;
pub mod module;
pub mod pack;
mod progress;
pub mod report;
pub mod run;
pub mod say;
mod timeout;
pub mod units;
