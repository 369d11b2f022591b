//! Wakes suspended calls of asynchronous stores, when a socket that they wait for is readable or
//! their deadline has come.
//!
//! One thread does this for all stores of a client, while any call waits.

use std::collections::BTreeMap;
use std::net::TcpStream;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use std::{io, thread};

use rustix::event::{PollFd, PollFlags, Timespec};

use super::cancel::CancelHandle;
use super::signal::Bell;

/// How long the thread stays alive when nothing is watched.
const IDLE: Duration = Duration::from_secs(10);

/// Watches sockets for the stores of one client.
#[derive(Default)]
pub(crate) struct Reactor {
    state: Mutex<State>,
    /// Interrupts the thread's `poll(2)`, because there is more to watch.
    bell: OnceLock<Bell>,
}

#[derive(Default)]
struct State {
    watched: BTreeMap<u64, Watched>,
    last_number: u64,
    has_thread: bool,
    /// Set when the client is dropped: the thread ends once nothing is watched.
    is_closed: bool,
}

#[derive(Clone)]
struct Watched {
    sockets: Vec<Arc<TcpStream>>,
    until: Option<Instant>,
    store: CancelHandle,
}

/// A registration, which ends when this is dropped.
pub(crate) struct Watch {
    reactor: Arc<Reactor>,
    number: u64,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.reactor.lock().watched.remove(&self.number);
    }
}

impl Reactor {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No foreign code runs under the lock, so a poisoned value is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes a store once, when one of these sockets is readable or at `until`.
    ///
    /// # Errors
    ///
    /// If a file descriptor or a thread cannot be had.
    pub(crate) fn watch(
        self: &Arc<Self>,
        sockets: Vec<Arc<TcpStream>>,
        until: Option<Instant>,
        store: CancelHandle,
    ) -> io::Result<Watch> {
        if self.bell.get().is_none() {
            // If another thread has set one meanwhile, use that.
            let _ = self.bell.set(Bell::new()?);
        }
        let mut state = self.lock();
        if !state.has_thread {
            let reactor = self.clone();
            thread::Builder::new()
                .name("wasi-http-reactor".to_owned())
                .spawn(move || reactor.work())?;
            state.has_thread = true;
        }
        state.last_number += 1;
        let number = state.last_number;
        let watched = Watched {
            sockets,
            until,
            store,
        };
        state.watched.insert(number, watched);
        drop(state);
        self.ring();
        Ok(Watch {
            reactor: self.clone(),
            number,
        })
    }

    /// Ends the thread once nothing is watched.
    pub(crate) fn shut_down(&self) {
        self.lock().is_closed = true;
        self.ring();
    }

    fn ring(&self) {
        if let Some(bell) = self.bell.get() {
            bell.ring();
        }
    }

    fn work(&self) {
        let Some(bell) = self.bell.get() else {
            return;
        };
        let mut is_idle = false;
        loop {
            let watched: Vec<(u64, Watched)> = {
                let mut state = self.lock();
                if state.watched.is_empty() && (is_idle || state.is_closed) {
                    // Clear it under the lock: a registration after this starts a new thread.
                    state.has_thread = false;
                    return;
                }
                let watched = state.watched.iter();
                watched.map(|(number, it)| (*number, it.clone())).collect()
            };
            is_idle = watched.is_empty();
            let until = watched.iter().filter_map(|(_, it)| it.until).min();
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            let left = if is_idle { Some(IDLE) } else { left };
            let sockets = watched.iter().flat_map(|(_, it)| &it.sockets);
            let sockets = sockets.map(|socket| PollFd::new(socket, PollFlags::IN));
            let mut poll: Vec<PollFd<'_>> = sockets.chain([bell.poll_fd()]).collect();
            let timeout = left.and_then(|left| Timespec::try_from(left).ok());
            if rustix::event::poll(&mut poll, timeout.as_ref()).is_err() {
                // Interrupted by a signal, or short of memory: readiness is not lost, so poll
                // again.
                thread::yield_now();
                continue;
            }
            let now = Instant::now();
            let mut ready = poll.iter().map(|it| !it.revents().is_empty());
            let mut done = Vec::new();
            for (number, it) in &watched {
                // The sockets of one registration are consecutive; consume all of them.
                let has_some = ready.by_ref().take(it.sockets.len());
                let has_some = has_some.fold(false, |any, is_ready| any | is_ready);
                if has_some || it.until.is_some_and(|until| until <= now) {
                    done.push((*number, it.store.clone()));
                }
            }
            if ready.next().is_some_and(|is_rung| is_rung) {
                bell.silence();
                is_idle = false;
            }
            drop(poll);
            let mut state = self.lock();
            // Skip registrations that were dropped meanwhile.
            done.retain(|(number, _)| state.watched.remove(number).is_some());
            drop(state);
            for (_, store) in done {
                store.wake();
            }
        }
    }
}
