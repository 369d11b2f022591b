//! The connections of a client: how many there may be, and those that are idle.

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

/// Whose requests may go over a connection.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// Scheme, host and port.
    pub origin: Arc<str>,
    /// Whether it was made for a store that may reach public addresses only. One that may not
    /// never gets a connection of one that may.
    pub public_only: bool,
    /// The number of the store that authenticated the connection; `None` if none did.
    pub owner: Option<u64>,
}

/// The limits of a pool.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Connections that are used, and with the idle ones in all.
    pub open: usize,
    pub idle: usize,
    pub idle_per_host: usize,
    pub idle_timeout: Duration,
}

/// The connections of one client.
pub(crate) struct Pool {
    limits: Limits,
    state: Mutex<State>,
    /// Tells the thread that closes what was idle for too long that there is something to close
    /// sooner, or nothing any more.
    changed: Condvar,
    buffers: Arc<Buffers>,
}

#[derive(Default)]
struct State {
    /// Connections that exchanges use, or make.
    used: usize,
    /// For each key the idle connections, the one that was used last at the end.
    idle: IndexMap<Key, Vec<Idle>>,
    /// The keys of all idle connections by their numbers, so by their age.
    by_age: BTreeMap<u64, Key>,
    last_number: u64,
    /// Whether a thread closes what was idle for too long.
    has_closer: bool,
    closed: bool,
}

struct Idle {
    number: u64,
    since: Instant,
    connection: Connection,
}

impl State {
    /// Takes the connection with this number out.
    fn remove(&mut self, number: u64) -> Option<Idle> {
        let key = self.by_age.remove(&number)?;
        let stack = self.idle.get_index_of(&key)?;
        let found = self.idle[stack].iter().position(|it| it.number == number)?;
        Some(self.remove_of(stack, found))
    }

    /// Takes one of a stack out, which is not in `by_age` any more.
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
        // Nothing of others runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An idle connection, to a server that is allowed, if there is one that is fit for use.
    pub(crate) fn take(
        self: &Arc<Self>,
        key: &Key,
        exchange: &Arc<Exchange>,
        is_allowed: impl Fn(SocketAddr) -> bool,
    ) -> Result<Option<Lease>, Error> {
        // A store's own connections first.
        let owned = exchange.store.owner().map(|owner| Key {
            owner: Some(owner),
            ..key.clone()
        });
        for key in owned.iter().chain([key]) {
            while let Some((mut connection, place)) = self.pop(key, &is_allowed) {
                // Outside of the lock: this asks the operating system.
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
        // The thread that closes what is idle for too long may not have had its turn yet.
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

    /// A place for a new connection. If there is none, the idle one that is oldest makes room.
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

    /// Closes all that is idle: whether anything was.
    pub(crate) fn close_idle(&self) -> bool {
        let mut state = self.lock();
        state.by_age.clear();
        let idle = std::mem::take(&mut state.idle);
        drop(state);
        self.buffers.clear();
        !idle.is_empty()
    }

    /// Closes what is idle now and later.
    pub(crate) fn shut_down(&self) {
        self.lock().closed = true;
        self.close_idle();
        self.changed.notify_all();
    }

    /// Keeps a connection that was used until now.
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
            // Without a thread for now, the next connection tries again.
            state.has_closer = started.is_ok();
        }
        drop(state);
        drop(evicted);
    }

    /// Runs until nothing is idle.
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
        // Under the lock: a connection that becomes idle now finds no thread.
        state.has_closer = false;
        drop(state);
        self.buffers.clear();
    }
}

/// The place of a connection among those that may be open.
pub(crate) struct Place {
    pool: Arc<Pool>,
    is_taken: bool,
}

impl Place {
    /// One that is counted already.
    fn taken(pool: &Arc<Pool>) -> Self {
        Place {
            pool: pool.clone(),
            is_taken: true,
        }
    }

    pub(super) fn buffers(&self) -> &Arc<Buffers> {
        &self.pool.buffers
    }

    /// Keeps the connection, which is idle from now on.
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
