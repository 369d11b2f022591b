//! Guests in both languages, over HTTP and over HTTPS: what they print, and what servers get.
//!
//! Each test is a table of [cases](case::Case). The guests lie in `tests/guests`, whose README
//! says what an instruction is and what is printed; those that exist already, the examples and a
//! guest on version 0.10, have tests of their own.

mod answers;
mod bindings;
mod bodies;
mod case;
#[path = "../common/mod.rs"]
mod common;
mod errors;
mod examples;
mod explain;
mod guest;
mod handles;
mod headers;
mod imports;
// Where the system tells a process the peak of its memory.
#[cfg(target_os = "linux")]
mod memory;
mod methods;
mod old_abi;
mod pages;
mod policy;
mod read_once;
mod servers;
mod statuses;
mod streams;
