//! Ends a guest on Ctrl-C, even while it waits for a server.

use std::sync::atomic::{AtomicBool, Ordering};
#[cfg(unix)]
use std::thread;

#[cfg(unix)]
use signal_hook::{consts::SIGINT, iterator::Signals};
use wasi_experimental_http_wasmtime::CancelHandle;
use wasmtime::Result;
#[cfg(unix)]
use wasmtime::error::Context;

#[cfg(unix)]
use crate::timeout::GRACE;

/// The shell's code for a program that Ctrl-C ended, 128 + SIGINT.
pub const INTERRUPTED: i32 = 130;

static IS_INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// On Ctrl-C, cancels the request that the guest waits for, so that it can exit on its own; ends
/// the process a moment later.
#[cfg(unix)]
pub fn cancel_on_interrupt(cancel: CancelHandle) -> Result<()> {
    let mut signals = Signals::new([SIGINT]).context("cannot listen for Ctrl-C")?;
    thread::Builder::new()
        .name("interrupt".to_owned())
        .spawn(move || {
            if signals.forever().next().is_none() {
                return;
            }
            IS_INTERRUPTED.store(true, Ordering::Relaxed);
            cancel.cancel();
            thread::sleep(GRACE);
            std::process::exit(INTERRUPTED);
        })
        .context("cannot start a thread for Ctrl-C")?;
    Ok(())
}

/// On other systems Ctrl-C ends the process directly.
#[cfg(not(unix))]
pub fn cancel_on_interrupt(_cancel: CancelHandle) -> Result<()> {
    Ok(())
}

/// Whether there was a Ctrl-C.
pub fn is_interrupted() -> bool {
    IS_INTERRUPTED.load(Ordering::Relaxed)
}
