//! Shows where in the guest an error happened, in terms of its sources.

use std::fmt::Write;

use rustc_demangle::try_demangle;
use wasmtime::{Error, FrameInfo, WasmBacktrace};

use crate::say;

/// Prefixes of functions that belong to a language's library.
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

/// Functions of Rust and AssemblyScript that call `main`.
const STARTS: [&str; 4] = [
    "__main_void",
    "__original_main",
    "_start.command_export",
    "~start",
];

/// AssemblyScript's `abort`, with the WASI shim and without it.
const ABORTS: [&str; 2] = ["~lib/wasi_internal/wasi_abort", "~lib/builtins/abort"];

/// The call stack, innermost function first, one per line: names as in the sources, and runs of
/// library functions folded into one line. `None` if there is none.
pub fn of(error: &Error) -> Option<String> {
    let frames = error.downcast_ref::<WasmBacktrace>()?.frames();
    let names: Vec<String> = frames.iter().map(name).collect();
    (!names.is_empty()).then(|| folded(&names))
}

/// The call stack of AssemblyScript's `abort`; `None` if the program did not abort, or has no names
/// to tell.
pub fn of_abort(error: &Error) -> Option<String> {
    let frames = error.downcast_ref::<WasmBacktrace>()?.frames();
    let aborted = |frame: &FrameInfo| frame.func_name().is_some_and(|it| ABORTS.contains(&it));
    frames.iter().any(aborted).then(|| of(error))?
}

/// The name of a frame's function, or its index if it has no name.
fn name(frame: &FrameInfo) -> String {
    match frame.func_name() {
        Some(name) => readable(name),
        None => format!("<wasm function {}>", frame.func_index()),
    }
}

/// A demangled name, without Rust's hash.
fn readable(name: &str) -> String {
    match try_demangle(name) {
        Ok(name) => format!("{name:#}"),
        Err(_) => say::name(name),
    }
}

/// A line for each name, and one for each run of library functions.
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
