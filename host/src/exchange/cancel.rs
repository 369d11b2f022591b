//! Cancellation, from any thread: of all exchanges of a store, each by itself.

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
/// This does, in every phase: name lookup, connecting, sending and receiving. A store gives its
/// handle with [`HttpCtx::cancel_handle`](crate::HttpCtx::cancel_handle).
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

/// What a guest traps with that calls after its store was cancelled, if
/// [`HttpCtxBuilder::trap_when_cancelled`](crate::HttpCtxBuilder::trap_when_cancelled) says so: the
/// error of the embedder's call can be downcast to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("the store was cancelled")]
#[non_exhaustive]
pub struct Cancelled;

#[derive(Default)]
struct StoreCancel {
    cancelled: AtomicBool,
    /// Those that have not ended.
    exchanges: Mutex<Vec<Weak<Cancel>>>,
    /// Wakes the thread of the guest, which waits for any of its exchanges.
    guest: Signal,
    /// Whether a call of the guest was given up while it waited.
    abandoned: AtomicBool,
}

impl CancelHandle {
    /// That of a store that is made. A handle of no store would cancel nothing.
    pub(crate) fn of_a_new_store() -> Self {
        CancelHandle {
            store: Arc::default(),
        }
    }

    /// Ends the requests that are on their way and the bodies that are open, and fails all later
    /// requests until [`HttpCtx::resume`](crate::HttpCtx::resume).
    ///
    /// The guest gets the code `cancelled`. Other stores, also those that share the client, go on.
    pub fn cancel(&self) {
        // Under the lock: an exchange that begins either is in the list, or sees the flag.
        let exchanges = lock(&self.store.exchanges);
        self.store.cancelled.store(true, Ordering::Release);
        for exchange in exchanges.iter().filter_map(Weak::upgrade) {
            exchange.cancel();
        }
        drop(exchanges);
        self.wake();
    }

    /// Whether the guest's thread was woken; if not, this task is when it would be.
    pub(crate) fn is_rung(&self, task: &Waker) -> bool {
        self.store.guest.is_rung(task)
    }

    /// Ends the requests that are on their way, since the call of the guest that waits was given up.
    pub(crate) fn abandon(&self) {
        self.store.abandoned.store(true, Ordering::Release);
        let exchanges = lock(&self.store.exchanges);
        for exchange in exchanges.iter().filter_map(Weak::upgrade) {
            exchange.cancel();
        }
    }

    /// Whether the last call was given up, once.
    #[cfg(feature = "async")]
    pub(crate) fn take_abandoned(&self) -> bool {
        self.store.abandoned.load(Ordering::Acquire)
            && self.store.abandoned.swap(false, Ordering::AcqRel)
    }

    /// Wakes the guest's thread, to look at what it waits for.
    pub(crate) fn wake(&self) {
        self.store.guest.ring();
    }

    /// Waits, on the guest's thread, until it is woken, a socket has something to read, or this time
    /// is over: the sockets that have, by their places. It may end sooner.
    pub(crate) fn wait(
        &self,
        sockets: &[Arc<TcpStream>],
        until: Option<Instant>,
    ) -> io::Result<Vec<usize>> {
        self.store.guest.wait(sockets, until)
    }

    /// [Cancels](CancelHandle::cancel) when this time has passed, on a thread of its own; not if the
    /// store was dropped by then, or what this gives is.
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
    /// If there is no thread to be had.
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

    /// What cancels a new exchange of the store.
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

/// Cancels a store in time, unless it is dropped before: see [`CancelHandle::cancel_after`].
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

/// Whether one exchange is cancelled, and what it waits for.
#[derive(Default)]
pub(crate) struct Cancel {
    cancelled: AtomicBool,
    waits_for: Mutex<Option<Wait>>,
}

/// Something that an exchange waits for, as long as it has it.
pub(crate) enum Wait {
    /// A connection that is the exchange's for now.
    Socket(Arc<TcpStream>),
    /// A job of another thread; the function wakes the one that waits.
    Job(Box<dyn Fn() + Send>),
}

impl Cancel {
    /// Ends the exchange.
    pub(crate) fn cancel(&self) {
        let waits_for = lock(&self.waits_for);
        self.cancelled.store(true, Ordering::Release);
        match &*waits_for {
            // An error means that the socket is closed, which is what is wanted.
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

    /// Makes this what cancelling interrupts, in place of what it was.
    pub(crate) fn wait_for(&self, wait: Wait) -> Result<(), Error> {
        let mut waits_for = lock(&self.waits_for);
        self.check()?;
        *waits_for = Some(wait);
        Ok(())
    }

    /// Ends the waiting. Afterwards a socket is out of reach of a canceller; it was reached if
    /// this fails.
    pub(crate) fn done_waiting(&self) -> Result<(), Error> {
        let mut waits_for = lock(&self.waits_for);
        *waits_for = None;
        self.check()
    }
}

/// Nothing can panic while one of these locks is held; if something does, the value is whole.
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
        // What was cancelled stays so.
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
