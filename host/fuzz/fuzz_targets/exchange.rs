#![no_main]

#[path = "../../tests/common/mod.rs"]
mod common;
#[path = "../../tests/properties/exchange.rs"]
mod exchange;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    exchange::run(input);
});
