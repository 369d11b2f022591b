//! The connection pool of a client: it keeps idle connections, and limits the number of all.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use indexmap::IndexMap;

use super::buffers::Buffers;
use super::{Connection, Lease};
use crate::error::Error;
use crate::exchange::Exchange;

/// Which requests may use a connection: those with an equal key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// Scheme, host and port.
    pub origin: Arc<str>,
    /// Whether the request is limited to public addresses. A connection that was opened without
    /// that limit may lead to a private one.
    pub public_only: bool,
    /// The store that the connection is reserved for, because it authenticated it; `None` if no
    /// store did.
    pub owner: Option<u64>,
}

/// The limits of a pool.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Open connections, in use and idle.
    pub open: usize,
    pub idle: usize,
    pub idle_per_host: usize,
    pub idle_timeout: Duration,
}

/// The connections of one client.
pub(crate) struct Pool {
    limits: Limits,
    state: Mutex<State>,
    /// Wakes the thread that closes connections that were idle for too long.
    changed: Condvar,
    buffers: Arc<Buffers>,
}

#[derive(Default)]
struct State {
    /// Connections in use or being opened.
    used: usize,
    /// The idle connections of each key, most recently used last. Taken from the end, because a
    /// recently used one is least likely to be closed.
    idle: IndexMap<Key, Vec<Idle>>,
    /// Index of all idle connections by number, which grows with time, so the first is the oldest.
    /// With connections 3 and 7 to `a` and 5 to `b` idle: {3: a, 5: b, 7: a}; the one to close
    /// first is 3, the first of `idle[a]`.
    by_age: BTreeMap<u64, Key>,
    last_number: u64,
    /// Whether the thread that closes idle connections runs.
    has_closer: bool,
    closed: bool,
}

struct Idle {
    number: u64,
    since: Instant,
    connection: Connection,
}

impl State {
    /// Removes the connection with this number.
    fn remove(&mut self, number: u64) -> Option<Idle> {
        let key = self.by_age.remove(&number)?;
        let stack = self.idle.get_index_of(&key)?;
        let found = self.idle[stack].iter().position(|it| it.number == number)?;
        Some(self.remove_of(stack, found))
    }

    /// Removes a connection from its stack, after it was removed from `by_age`.
    fn remove_of(&mut self, stack: usize, index: usize) -> Idle {
        let idle = self.idle[stack].remove(index);
        if self.idle[stack].is_empty() {
            self.idle.swap_remove_index(stack);
        }
        idle
    }

    fn oldest(&self) -> Option<&Idle> {
        let (number, key) = self.by_age.first_key_value()?;
        self.idle.get(key)?.iter().find(|it| it.number == *number)
    }

    fn remove_oldest(&mut self) -> Option<Idle> {
        let number = *self.by_age.first_key_value()?.0;
        self.remove(number)
    }
}

impl Pool {
    pub(crate) fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Pool {
            limits,
            state: Mutex::default(),
            changed: Condvar::new(),
            buffers: Arc::default(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No foreign code runs under the lock, so a poisoned value is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an idle connection that is fit for use, and whose server the policy permits.
    pub(crate) fn take(
        self: &Arc<Self>,
        key: &Key,
        exchange: &Arc<Exchange>,
        is_allowed: impl Fn(SocketAddr) -> bool,
    ) -> Result<Option<Lease>, Error> {
        // Prefer connections reserved for this store.
        let owned = exchange.store.owner().map(|owner| Key {
            owner: Some(owner),
            ..key.clone()
        });
        for key in owned.iter().chain([key]) {
            while let Some((mut connection, place)) = self.pop(key, &is_allowed) {
                // Outside of the lock: this makes system calls.
                if connection.is_idle(exchange) {
                    let lease = Lease::new(connection, exchange.clone(), place, key.clone(), true)?;
                    return Ok(Some(lease));
                }
            }
        }
        Ok(None)
    }

    fn pop(
        self: &Arc<Self>,
        key: &Key,
        is_allowed: impl Fn(SocketAddr) -> bool,
    ) -> Option<(Connection, Place)> {
        let now = Instant::now();
        let timeout = self.limits.idle_timeout;
        let mut state = self.lock();
        let stack = state.idle.get_index_of(key)?;
        // The closing thread may be late, so check the age here too.
        let is_fit = |idle: &Idle| {
            now.saturating_duration_since(idle.since) < timeout
                && idle.connection.server.is_none_or(&is_allowed)
        };
        let found = state.idle[stack].iter().rposition(is_fit)?;
        let idle = state.remove_of(stack, found);
        state.by_age.remove(&idle.number);
        state.used += 1;
        Some((idle.connection, Place::taken(self)))
    }

    /// Reserves a place for a new connection, if necessary by closing the oldest idle one.
    pub(crate) fn reserve(self: &Arc<Self>) -> Result<Place, Error> {
        let max = self.limits.open;
        let mut state = self.lock();
        let evicted = if state.used + state.by_age.len() >= max {
            Some(state.remove_oldest().ok_or(Error::TooManyOpen { max })?)
        } else {
            None
        };
        state.used += 1;
        drop(state);
        drop(evicted);
        Ok(Place::taken(self))
    }

    /// Closes all idle connections. Returns whether there were any.
    pub(crate) fn close_idle(&self) -> bool {
        let mut state = self.lock();
        state.by_age.clear();
        let idle = std::mem::take(&mut state.idle);
        drop(state);
        self.buffers.clear();
        !idle.is_empty()
    }

    /// Closes all idle connections, and from now on every connection that becomes idle.
    pub(crate) fn shut_down(&self) {
        self.lock().closed = true;
        self.close_idle();
        self.changed.notify_all();
    }

    /// Adds a connection to the idle ones.
    fn keep(self: &Arc<Self>, key: Key, connection: Connection) {
        let mut state = self.lock();
        state.used -= 1;
        if state.closed || self.limits.idle == 0 || self.limits.idle_per_host == 0 {
            return;
        }
        let mut evicted = Vec::new();
        if let Some(stack) = state.idle.get(&key)
            && stack.len() >= self.limits.idle_per_host
        {
            let number = stack[0].number;
            evicted.extend(state.remove(number));
        }
        if state.by_age.len() >= self.limits.idle {
            evicted.extend(state.remove_oldest());
        }
        state.last_number += 1;
        let number = state.last_number;
        state.by_age.insert(number, key.clone());
        state.idle.entry(key).or_default().push(Idle {
            number,
            since: Instant::now(),
            connection,
        });
        if !state.has_closer {
            let pool = self.clone();
            let started = thread::Builder::new()
                .name("wasi-http-idle".to_owned())
                .spawn(move || pool.close_what_is_idle_too_long());
            // If no thread can be had, the next connection tries again.
            state.has_closer = started.is_ok();
        }
        drop(state);
        drop(evicted);
    }

    /// Body of the closing thread: runs until no connection is idle.
    fn close_what_is_idle_too_long(&self) {
        let mut state = self.lock();
        while let Some(oldest) = state.oldest() {
            let age = oldest.since.elapsed();
            match self.limits.idle_timeout.checked_sub(age) {
                Some(left) if !left.is_zero() => {
                    let waited = self.changed.wait_timeout(state, left);
                    state = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
                _ => {
                    let closed = state.remove_oldest();
                    drop(state);
                    drop(closed);
                    state = self.lock();
                }
            }
        }
        // Clear it under the lock: a connection that becomes idle after this starts a new thread.
        state.has_closer = false;
        drop(state);
        self.buffers.clear();
    }
}

/// One unit of the limit of open connections.
pub(crate) struct Place {
    pool: Arc<Pool>,
    is_taken: bool,
}

impl Place {
    /// For a connection that is already counted in `used`.
    fn taken(pool: &Arc<Pool>) -> Self {
        Place {
            pool: pool.clone(),
            is_taken: true,
        }
    }

    pub(super) fn buffers(&self) -> &Arc<Buffers> {
        &self.pool.buffers
    }

    /// Returns the connection to the pool.
    pub(super) fn keep(mut self, key: Key, connection: Connection) {
        self.is_taken = false;
        self.pool.keep(key, connection);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.is_taken {
            self.pool.lock().used -= 1;
        }
    }
}
