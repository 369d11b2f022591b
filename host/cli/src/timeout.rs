//! `--timeout`: ends a guest that runs too long.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use wasi_experimental_http_wasmtime::CancelHandle;
use wasmtime::error::Context;
use wasmtime::{Engine, Result};

use crate::exit;
use crate::say::say;

/// How long a guest may take to stop. One that computes or waits for a server stops at once; one
/// that waits for stdin or a file cannot be interrupted.
pub const GRACE: Duration = Duration::from_millis(200);

/// A running timeout; dropping it stops the clock.
pub struct Watchdog {
    ended: Arc<Ended>,
}

#[derive(Default)]
struct Ended {
    ended: Mutex<bool>,
    fired: AtomicBool,
    changed: Condvar,
}

impl Watchdog {
    /// Starts the clock. When the limit expires, increments the engine's epoch (stores must have an
    /// epoch deadline of 1) and cancels the pending request; then ends the process if the guest has
    /// not stopped.
    pub fn start(engine: Engine, cancel: CancelHandle, limit: Duration) -> Result<Watchdog> {
        let ended = Arc::new(Ended::default());
        let watchdog = Watchdog {
            ended: ended.clone(),
        };
        thread::Builder::new()
            .name("timeout".to_owned())
            .spawn(move || {
                if ended.wait(limit) {
                    return;
                }
                ended.fired.store(true, Ordering::Relaxed);
                engine.increment_epoch();
                cancel.cancel();
                if !ended.wait(GRACE) {
                    // The guest still waits for stdin or a file, which cannot be interrupted.
                    say(exit::timed_out(limit));
                    std::process::exit(exit::TRAP);
                }
            })
            .context("cannot start a thread for --timeout")?;
        Ok(watchdog)
    }
}

impl Watchdog {
    /// Whether the limit has expired.
    pub fn has_fired(&self) -> bool {
        self.ended.fired.load(Ordering::Relaxed)
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        *self.ended.lock() = true;
        self.ended.changed.notify_all();
    }
}

impl Ended {
    fn lock(&self) -> MutexGuard<'_, bool> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the guest to end; `false` if the limit expires first.
    fn wait(&self, limit: Duration) -> bool {
        // A limit beyond the clock's range never expires.
        let deadline = Instant::now().checked_add(limit);
        let mut ended = self.lock();
        while !*ended {
            let left = deadline.map_or(Duration::MAX, |deadline| {
                deadline.saturating_duration_since(Instant::now())
            });
            if left.is_zero() {
                return false;
            }
            ended = match self.changed.wait_timeout(ended, left) {
                Ok((ended, _)) => ended,
                Err(error) => error.into_inner().0,
            };
        }
        true
    }
}
