//! Any text, valid or not: `cargo +nightly fuzz run text corpus ../tests/documents`.

#![no_main]

#[path = "../../tests/support/every.rs"]
mod every;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| every::language(text));
