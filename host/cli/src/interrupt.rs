//! Ends a guest on a signal such as that of Ctrl-C, even while it waits for a server.

use std::sync::atomic::{AtomicI32, Ordering};
#[cfg(unix)]
use std::thread;

#[cfg(unix)]
use signal_hook::iterator::Signals;
use wasi_experimental_http_wasmtime::CancelHandle;
use wasmtime::Result;
#[cfg(unix)]
use wasmtime::error::Context;

#[cfg(unix)]
use crate::timeout::GRACE;

/// The signal of Ctrl-C.
pub const SIGINT: i32 = 2;

/// The signal that asks a program to end, as `kill` and containerd do.
pub const SIGTERM: i32 = 15;

/// The shell's code for a program that a signal ended is this plus the signal.
const SIGNALLED: i32 = 128;

/// The signal that has come; 0 if none has.
static SIGNAL: AtomicI32 = AtomicI32::new(0);

/// On one of these signals, cancels the request that the guest waits for, so that it can exit on its
/// own; ends the process a moment later.
#[cfg(unix)]
pub fn cancel_on(signals: &[i32], cancel: CancelHandle) -> Result<()> {
    let mut signals = Signals::new(signals).context("cannot listen for signals")?;
    thread::Builder::new()
        .name("interrupt".to_owned())
        .spawn(move || {
            let Some(signal) = signals.forever().next() else {
                return;
            };
            SIGNAL.store(signal, Ordering::Relaxed);
            cancel.cancel();
            thread::sleep(GRACE);
            std::process::exit(SIGNALLED + signal);
        })
        .context("cannot start a thread for signals")?;
    Ok(())
}

/// On other systems a signal ends the process directly.
#[cfg(not(unix))]
pub fn cancel_on(_signals: &[i32], _cancel: CancelHandle) -> Result<()> {
    Ok(())
}

/// The exit code of a process that a signal has ended; `None` if none has come.
pub fn exit_code() -> Option<i32> {
    let signal = SIGNAL.load(Ordering::Relaxed);
    (signal != 0).then_some(SIGNALLED + signal)
}
