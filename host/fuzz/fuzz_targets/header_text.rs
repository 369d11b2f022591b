#![no_main]

use libfuzzer_sys::fuzz_target;
use wasi_experimental_http_wasmtime::fuzzing;

fuzz_target!(|text: &str| fuzzing::header_text(text));
