//! Random valid documents, as those of `tests/random.rs`: `cargo +nightly fuzz run random`.

#![no_main]

#[path = "../../tests/support/choices.rs"]
mod choices;
#[path = "../../tests/support/every.rs"]
mod every;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|numbers: Vec<u32>| {
    if !numbers.is_empty() {
        every::language(&choices::Choices::new(numbers).document());
    }
});
