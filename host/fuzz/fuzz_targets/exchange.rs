#![no_main]

#[path = "../../tests/common/mod.rs"]
mod common;
#[path = "../../tests/properties/exchange.rs"]
mod exchange;

use libfuzzer_sys::fuzz_target;

fuzz_target!(
    init: ignore_broken_pipes(),
    |input: &[u8]| {
        exchange::run(input);
    }
);

/// As Rust's own `main` does, which libFuzzer replaces: the server in TLS writes by `writev`, which
/// cannot be told not to raise a signal.
fn ignore_broken_pipes() {
    // SAFETY: no handler is installed, and no other thread is there yet.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
}
