//! Cancellation of one store's requests, from any thread.

use std::fmt;
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::NetError;
use super::traffic::Traffic;

/// Cancels the requests of one store, from any thread.
///
/// A guest that waits for a server is outside of fuel and epochs: wasmtime cannot interrupt it.
/// This does, in every phase: name lookup, connecting, sending and receiving.
///
/// ```
/// use wasi_experimental_http_wasmtime::HttpCtx;
///
/// let http = HttpCtx::builder().build();
/// let cancel = http.cancel_handle();
/// std::thread::spawn(move || cancel.cancel());
/// ```
#[derive(Clone, Default)]
pub struct CancelHandle {
    token: Arc<Token>,
}

impl CancelHandle {
    /// Ends the request that is on its way, if there is one, and fails all later ones, and reads
    /// of open bodies, until [`HttpCtx::resume`](crate::HttpCtx::resume).
    ///
    /// The guest gets the code `cancelled`. Other stores, also those that share the client, go on.
    pub fn cancel(&self) {
        let running = self.token.lock();
        self.token.cancelled.store(true, Ordering::Release);
        if let Some(operation) = &*running {
            operation.interrupt();
        }
    }

    /// Whether [`CancelHandle::cancel`] was called.
    pub fn is_cancelled(&self) -> bool {
        self.token.is_cancelled()
    }

    pub(crate) fn resume(&self) {
        self.token.cancelled.store(false, Ordering::Release);
    }

    pub(crate) fn token(&self) -> &Arc<Token> {
        &self.token
    }
}

impl fmt::Debug for CancelHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelHandle")
            .field("cancelled", &self.is_cancelled())
            .finish()
    }
}

/// What a store's thread and its cancellers share.
#[derive(Default)]
pub(crate) struct Token {
    cancelled: AtomicBool,
    /// What the store's thread waits for. A store waits for one thing at a time.
    running: Mutex<Option<Operation>>,
    /// Whether what has not arrived yet is of no interest.
    impatient: AtomicBool,
    traffic: Traffic,
}

/// Something that a thread waits for.
pub(crate) enum Operation {
    Socket(Arc<TcpStream>),
    /// A job of another thread; the function wakes the one that waits.
    Job(Box<dyn Fn() + Send>),
}

impl Operation {
    fn interrupt(&self) {
        match self {
            // An error means that the socket is closed, which is what is wanted.
            Operation::Socket(socket) => drop(socket.shutdown(Shutdown::Both)),
            Operation::Job(wake) => wake(),
        }
    }
}

impl Token {
    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }

    /// Fails if cancelled.
    pub(crate) fn check(&self) -> Result<(), NetError> {
        if self.is_cancelled() {
            Err(NetError::Cancelled)
        } else {
            Ok(())
        }
    }

    /// What the store's connections carried.
    pub(crate) fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// Runs `work` with connections that fail instead of waiting for a server.
    pub(crate) fn without_waiting<T>(&self, work: impl FnOnce() -> T) -> T {
        self.impatient.store(true, Ordering::Relaxed);
        let result = work();
        self.impatient.store(false, Ordering::Relaxed);
        result
    }

    pub(crate) fn is_impatient(&self) -> bool {
        self.impatient.load(Ordering::Relaxed)
    }

    /// Makes `operation` what [`CancelHandle::cancel`] interrupts, for as long as the result lives.
    pub(crate) fn begin(&self, operation: Operation) -> Result<Running<'_>, NetError> {
        let mut running = self.lock();
        // Under the lock: a canceller either finds the operation, or has set the flag before.
        self.check()?;
        *running = Some(operation);
        Ok(Running { token: self })
    }

    fn lock(&self) -> MutexGuard<'_, Option<Operation>> {
        // Nothing can panic while the lock is held; if something does, its value is still whole.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An operation that can be interrupted.
#[must_use]
pub(crate) struct Running<'a> {
    token: &'a Token,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        *self.token.lock() = None;
    }
}
