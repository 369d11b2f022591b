//! Cancellation, from any thread, of all requests of a store.

use std::fmt;
use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Waker;
use std::time::{Duration, Instant};

use super::signal::Signal;
use crate::error::Error;

/// Cancels the requests of one store, from any thread.
///
/// A guest that waits for a server is outside of fuel and epochs: wasmtime cannot interrupt it.
/// This handle, from [`HttpCtx::cancel_handle`](crate::HttpCtx::cancel_handle), can, in every phase:
/// name lookup, connecting, sending and receiving.
///
/// # Ending the guest
///
/// Cancelling ends requests and not the guest, which gets the code `cancelled` and may go on. There
/// are two ways to end it, and a guest that nobody trusts needs both:
///
/// - [`HttpCtxBuilder::trap_when_cancelled`](crate::HttpCtxBuilder::trap_when_cancelled) makes its
///   next call of the functions of this crate trap.
/// - Epochs make it trap wherever it is in its own code, in a loop that calls nothing as well. With
///   [`Config::epoch_interruption`](wasmtime::Config::epoch_interruption) and an epoch deadline of 1
///   for the store, [`Engine::increment_epoch`](wasmtime::Engine::increment_epoch) before
///   [`cancel`](CancelHandle::cancel) does both at once: the request ends, and the guest traps in its
///   next loop or function. The other order lets it run until the epoch is incremented.
///
/// A whole program, which ends a guest that waits for a server and one that only computes:
///
/// ```no_run
#[doc = include_str!("../../examples/cancel.rs")]
/// ```
#[derive(Clone)]
pub struct CancelHandle {
    store: Arc<StoreCancel>,
}

/// The trap of a guest that calls a function after its store was cancelled, with
/// [`HttpCtxBuilder::trap_when_cancelled`](crate::HttpCtxBuilder::trap_when_cancelled). The error
/// of the embedder's call can be downcast to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("the store was cancelled")]
#[non_exhaustive]
pub struct Cancelled;

#[derive(Default)]
struct StoreCancel {
    cancelled: AtomicBool,
    /// The exchanges in progress.
    exchanges: Mutex<Vec<Weak<Cancel>>>,
    /// Wakes the guest's thread or task.
    guest: Signal,
    /// Whether an asynchronous call was dropped while it was suspended.
    abandoned: AtomicBool,
}

impl CancelHandle {
    /// For a new store only: a handle without a store would cancel nothing.
    pub(crate) fn of_a_new_store() -> Self {
        CancelHandle {
            store: Arc::default(),
        }
    }

    /// Ends the requests in progress and the open bodies, and fails all later requests until
    /// [`HttpCtx::resume`](crate::HttpCtx::resume).
    ///
    /// The guest gets the code `cancelled`. Other stores, also those that share the client, go on.
    pub fn cancel(&self) {
        // Set the flag under the lock: an exchange that begins meanwhile is either in the list or
        // sees the flag.
        let exchanges = lock(&self.store.exchanges);
        self.store.cancelled.store(true, Ordering::Release);
        for exchange in exchanges.iter().filter_map(Weak::upgrade) {
            exchange.cancel();
        }
        drop(exchanges);
        self.wake();
    }

    /// Whether the guest was woken; if not, registers this task to be woken.
    pub(crate) fn is_rung(&self, task: &Waker) -> bool {
        self.store.guest.is_rung(task)
    }

    /// Ends the requests in progress, because the suspended call that waits for them was dropped.
    pub(crate) fn abandon(&self) {
        self.store.abandoned.store(true, Ordering::Release);
        let exchanges = lock(&self.store.exchanges);
        for exchange in exchanges.iter().filter_map(Weak::upgrade) {
            exchange.cancel();
        }
    }

    /// Whether the last call was dropped while suspended. Clears the mark.
    #[cfg(feature = "async")]
    pub(crate) fn take_abandoned(&self) -> bool {
        self.store.abandoned.load(Ordering::Acquire)
            && self.store.abandoned.swap(false, Ordering::AcqRel)
    }

    /// Wakes the guest's thread or task, to check again what it waits for.
    pub(crate) fn wake(&self) {
        self.store.guest.ring();
    }

    /// Blocks the guest's thread until it is woken, one of the sockets is readable, or `until`.
    /// Returns the indices of readable sockets. May return early.
    pub(crate) fn wait(
        &self,
        sockets: &[Arc<TcpStream>],
        until: Option<Instant>,
    ) -> io::Result<Vec<usize>> {
        self.store.guest.wait(sockets, until)
    }

    /// [Cancels](CancelHandle::cancel) after this time, from a thread made for it, unless the store
    /// or the returned timer is dropped before.
    ///
    /// ```
    /// use std::time::Duration;
    /// use wasi_experimental_http_wasmtime::HttpCtx;
    ///
    /// let http = HttpCtx::builder().build();
    /// let timer = http.cancel_handle().cancel_after(Duration::from_secs(30))?;
    /// // Here the guest runs.
    /// drop(timer);
    /// assert!(!http.cancel_handle().is_cancelled());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the thread cannot be started.
    pub fn cancel_after(&self, time: Duration) -> io::Result<CancelTimer> {
        let (stop, stopped) = mpsc::channel();
        let store = Arc::downgrade(&self.store);
        std::thread::Builder::new()
            .name("cancel-after".to_owned())
            .spawn(move || {
                if let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(time)
                    && let Some(store) = store.upgrade()
                {
                    CancelHandle { store }.cancel();
                }
            })?;
        Ok(CancelTimer { _stop: stop })
    }

    /// Whether [`CancelHandle::cancel`] was called, and [`HttpCtx::resume`](crate::HttpCtx::resume)
    /// was not since.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.store.cancelled.load(Ordering::Acquire)
    }

    pub(crate) fn resume(&self) {
        self.store.cancelled.store(false, Ordering::Release);
    }

    /// Registers a new exchange of the store.
    pub(crate) fn begin(&self) -> Result<Arc<Cancel>, Error> {
        let mut exchanges = lock(&self.store.exchanges);
        if self.is_cancelled() {
            return Err(Error::Cancelled);
        }
        exchanges.retain(|exchange| exchange.strong_count() > 0);
        let exchange = Arc::new(Cancel::default());
        exchanges.push(Arc::downgrade(&exchange));
        Ok(exchange)
    }
}

/// A pending cancellation, which dropping this stops: see [`CancelHandle::cancel_after`].
#[derive(Debug)]
#[must_use = "dropping it takes the cancellation back"]
pub struct CancelTimer {
    _stop: mpsc::Sender<()>,
}

impl fmt::Debug for CancelHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelHandle")
            .field("cancelled", &self.is_cancelled())
            .finish()
    }
}

/// Whether an exchange is cancelled, and what has to be interrupted to cancel it.
#[derive(Default)]
pub(crate) struct Cancel {
    cancelled: AtomicBool,
    waits_for: Mutex<Option<Wait>>,
}

/// What an exchange waits for, and so what cancelling has to interrupt.
pub(crate) enum Wait {
    /// A connection in use: cancelling shuts down the socket.
    Socket(Arc<TcpStream>),
    /// A job of another thread: cancelling calls this function, which wakes the waiting thread.
    Job(Box<dyn Fn() + Send>),
}

impl Cancel {
    /// Ends the exchange.
    pub(crate) fn cancel(&self) {
        let waits_for = lock(&self.waits_for);
        self.cancelled.store(true, Ordering::Release);
        match &*waits_for {
            // An error means that the socket is already closed.
            Some(Wait::Socket(socket)) => drop(socket.shutdown(Shutdown::Both)),
            Some(Wait::Job(wake)) => wake(),
            None => {}
        }
    }

    /// Fails if cancelled.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.cancelled.load(Ordering::Acquire) {
            Err(Error::Cancelled)
        } else {
            Ok(())
        }
    }

    /// Sets what cancelling has to interrupt from now on.
    pub(crate) fn wait_for(&self, wait: Wait) -> Result<(), Error> {
        let mut waits_for = lock(&self.waits_for);
        self.check()?;
        *waits_for = Some(wait);
        Ok(())
    }

    /// Ends the wait, so that cancelling no longer touches the socket. Fails if the exchange was
    /// cancelled before.
    pub(crate) fn done_waiting(&self) -> Result<(), Error> {
        let mut waits_for = lock(&self.waits_for);
        *waits_for = None;
        self.check()
    }
}

/// No code that can panic runs under these locks, so a poisoned value is still whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// ```compile_fail,E0599
/// wasi_experimental_http_wasmtime::CancelHandle::default().cancel();
/// ```
#[cfg(doctest)]
struct NoHandleIsOfNoStore;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cancelling_reaches_every_exchange_and_later_ones_until_resumed() {
        let handle = CancelHandle::of_a_new_store();
        let (one, two) = (handle.begin().unwrap(), handle.begin().unwrap());
        let woken = Arc::new(AtomicBool::new(false));
        let wake = woken.clone();
        one.wait_for(Wait::Job(Box::new(move || {
            wake.store(true, Ordering::Relaxed)
        })))
        .unwrap();
        handle.cancel();
        assert!(woken.load(Ordering::Relaxed));
        assert!(one.check().is_err() && two.check().is_err());
        assert!(handle.begin().is_err());
        handle.resume();
        // A cancelled exchange stays cancelled.
        assert!(one.done_waiting().is_err());
        assert!(handle.begin().unwrap().check().is_ok());
    }

    #[test]
    fn exchanges_that_have_ended_are_forgotten() {
        let handle = CancelHandle::of_a_new_store();
        for _ in 0..100 {
            handle.begin().unwrap();
        }
        assert!(lock(&handle.store.exchanges).len() <= 1);
    }
}
