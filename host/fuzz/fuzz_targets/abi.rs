#![no_main]

#[path = "../../tests/properties/abi.rs"]
mod abi;
#[path = "../../tests/common/mod.rs"]
mod common;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| abi::run(input));
