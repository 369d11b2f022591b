#![no_main]

use libfuzzer_sys::fuzz_target;
use wasi_experimental_http_wasmtime::fuzzing;

fuzz_target!(|input: &[u8]| {
    // The status, and what stands in `Location`.
    if let Some((status, location)) = input.split_first_chunk() {
        fuzzing::redirect(u16::from_le_bytes(*status), location);
    }
});
