//! The options of `wasmtime-http`, each through the binary.

mod built_guests;
mod config;
mod credentials;
mod engine;
mod generate;
mod guests;
mod har;
mod harness;
mod limits;
mod log;
mod modules;
mod pack;
mod proxies;
mod requests;
mod shell;
