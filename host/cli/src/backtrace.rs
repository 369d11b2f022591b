//! Where in the guest an error happened, as people who wrote it want to read it.

use std::fmt::Write;

use rustc_demangle::try_demangle;
use wasmtime::{Error, FrameInfo, WasmBacktrace};

use crate::say;

/// How the names of functions begin that come with a language.
const LIBRARIES: [&str; 9] = [
    "std::",
    "core::",
    "alloc::",
    "<std::",
    "<core::",
    "<alloc::",
    "__rust",
    "rust_begin_unwind",
    "~lib/",
];

/// What Rust and AssemblyScript call the functions that call a program.
const STARTS: [&str; 4] = [
    "__main_void",
    "__original_main",
    "_start.command_export",
    "~start",
];

/// What AssemblyScript's `abort` is called, with the shim for WASI and without it.
const ABORTS: [&str; 2] = ["~lib/wasi_internal/wasi_abort", "~lib/builtins/abort"];

/// The functions that were running, the innermost first, a line for each: named as in their
/// sources, and those of libraries folded. `None` if nothing was.
pub fn of(error: &Error) -> Option<String> {
    let frames = error.downcast_ref::<WasmBacktrace>()?.frames();
    let names: Vec<String> = frames.iter().map(name).collect();
    (!names.is_empty()).then(|| folded(&names))
}

/// The functions that were running when a program in AssemblyScript aborted; `None` if it did not,
/// or has no names to know it by.
pub fn of_abort(error: &Error) -> Option<String> {
    let frames = error.downcast_ref::<WasmBacktrace>()?.frames();
    let aborted = |frame: &FrameInfo| frame.func_name().is_some_and(|it| ABORTS.contains(&it));
    frames.iter().any(aborted).then(|| of(error))?
}

/// The function of a frame, by the index that tools for WebAssembly show if it has no name.
fn name(frame: &FrameInfo) -> String {
    match frame.func_name() {
        Some(name) => readable(name),
        None => format!("<wasm function {}>", frame.func_index()),
    }
}

/// A name as in its source: without the hash that Rust adds.
fn readable(name: &str) -> String {
    match try_demangle(name) {
        Ok(name) => format!("{name:#}"),
        Err(_) => say::name(name),
    }
}

/// A line for each name; one for each run of those of libraries.
fn folded(names: &[String]) -> String {
    let is_library = |name: &String| {
        let has_start = LIBRARIES.iter().any(|start| name.starts_with(start));
        has_start || STARTS.contains(&name.as_str())
    };
    let mut text = String::new();
    for run in names.chunk_by(|a, b| is_library(a) && is_library(b)) {
        // Writing to a string cannot fail.
        let _ = match run {
            [name] if !is_library(name) => write!(text, "\n    at {name}"),
            [_] => write!(text, "\n    at 1 function of a library"),
            _ => write!(text, "\n    at {} functions of libraries", run.len()),
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_sources() {
        let cases = [
            ("_ZN7program4main17h0123456789abcdefE", "program::main"),
            (
                "_RNvCskwGfYPst2Cb_3foo16example_function",
                "foo::example_function",
            ),
            ("examples/post/send", "examples/post/send"),
            ("_start", "_start"),
            ("\u{1b}[2J", "\\u{1b}[2J"),
        ];
        for (name, expected) in cases {
            assert_eq!(readable(name), expected);
        }
    }

    #[test]
    fn functions_of_libraries_are_folded() {
        let names = [
            "core::panicking::panic",
            "std::fs::read",
            "program::load",
            "program::main",
            "<alloc::vec::Vec<T> as core::ops::Drop>::drop",
            "_start",
        ];
        let names = names.map(str::to_owned);
        assert_eq!(
            folded(&names),
            "\n    at 2 functions of libraries\n    at program::load\n    at program::main\
             \n    at 1 function of a library\n    at _start"
        );
        assert_eq!(folded(&[]), "");
    }
}
