//! What belongs to the request that runs on this thread.

use std::cell::{Cell, RefCell};
use std::mem;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::NetError;
use super::cancel::Token;
use crate::allowed_hosts::AllowedHosts;
use crate::limits::MAX_BYTES_OF_NO_USE;

thread_local! {
    static CURRENT: RefCell<Current> = const { RefCell::new(Current::None) };
}

/// The scope of a thread.
enum Current {
    None,
    /// Not made yet, and perhaps not needed: most reads of a body find it in a buffer.
    Wanted(Arc<Token>),
    Made(Rc<Scope>),
}

/// Puts back what was the scope of the thread before.
struct Restore(Current);

impl Restore {
    /// A guest may be called from an observer or a host function that runs in another scope.
    fn entering(scope: Current) -> Self {
        Restore(CURRENT.replace(scope))
    }
}

impl Drop for Restore {
    fn drop(&mut self) {
        CURRENT.set(mem::replace(&mut self.0, Current::None));
    }
}

/// What the resolver, the connector and the transport of a request know of it, and what they note
/// for it.
pub(crate) struct Scope {
    token: Arc<Token>,
    /// Those of the store, if they deny addresses.
    hosts: Option<Arc<AllowedHosts>>,
    https: Cell<bool>,
    /// Between the start of a request and its first byte on the wire.
    connecting: Cell<bool>,
    /// Whether idle connections must not be used.
    fresh_only: Cell<bool>,
    reused: Cell<bool>,
    /// Whether a byte came back since the connection was asked for.
    answered: Cell<bool>,
    /// How many bytes may still come before the headers, or the next byte of a body, is there.
    useless_left: Cell<u64>,
    peer: Cell<Option<SocketAddr>>,
    resolve_time: Cell<Duration>,
    connect_started: Cell<Option<Instant>>,
    connect_time: Cell<Duration>,
    sent: Cell<u64>,
    received: Cell<u64>,
}

impl Scope {
    pub(crate) fn new(token: Arc<Token>) -> Rc<Self> {
        Self::with_hosts(token, None)
    }

    /// A scope in which addresses that `hosts` deny are not connected to.
    pub(crate) fn with_hosts(token: Arc<Token>, hosts: Option<Arc<AllowedHosts>>) -> Rc<Self> {
        Rc::new(Scope {
            token,
            hosts,
            https: Cell::new(false),
            connecting: Cell::new(false),
            fresh_only: Cell::new(false),
            reused: Cell::new(false),
            answered: Cell::new(false),
            useless_left: Cell::new(MAX_BYTES_OF_NO_USE),
            peer: Cell::new(None),
            resolve_time: Cell::new(Duration::ZERO),
            connect_started: Cell::new(None),
            connect_time: Cell::new(Duration::ZERO),
            sent: Cell::new(0),
            received: Cell::new(0),
        })
    }

    /// Runs `work` with this scope as the one of the thread.
    pub(crate) fn run<T>(self: &Rc<Self>, work: impl FnOnce() -> T) -> T {
        let _restore = Restore::entering(Current::Made(self.clone()));
        work()
    }

    /// Runs `work` with a scope that is only made if the network is needed, and gives it then.
    pub(crate) fn run_if_needed<T>(
        token: &Arc<Token>,
        work: impl FnOnce() -> T,
    ) -> (T, Option<Rc<Scope>>) {
        let _restore = Restore::entering(Current::Wanted(token.clone()));
        let result = work();
        match CURRENT.replace(Current::None) {
            Current::Made(scope) => (result, Some(scope)),
            Current::None | Current::Wanted(_) => (result, None),
        }
    }

    /// The scope of this thread's request, if there is one.
    pub(crate) fn current() -> Option<Rc<Scope>> {
        CURRENT.with_borrow_mut(|current| match current {
            Current::None => None,
            Current::Made(scope) => Some(scope.clone()),
            Current::Wanted(token) => {
                let scope = Scope::new(token.clone());
                *current = Current::Made(scope.clone());
                Some(scope)
            }
        })
    }

    pub(crate) fn token(&self) -> &Arc<Token> {
        &self.token
    }

    /// Notes that a connection is wanted. It is an idle one unless [`Scope::connect_started`]
    /// follows.
    pub(crate) fn connecting(&self, https: bool) {
        self.https.set(https);
        self.connecting.set(true);
        self.reused.set(true);
        self.answered.set(false);
        self.useless_left.set(MAX_BYTES_OF_NO_USE);
    }

    /// Notes how long a name took to look up.
    pub(crate) fn resolved(&self, took: Duration) {
        self.resolve_time.set(self.resolve_time.get() + took);
    }

    /// Notes that a connection is being made.
    pub(crate) fn connect_started(&self) {
        self.reused.set(false);
        self.connect_started.set(Some(Instant::now()));
    }

    /// Notes that a connection stands, TLS and all.
    pub(crate) fn connected(&self) {
        if let Some(started) = self.connect_started.take() {
            self.connect_time
                .set(self.connect_time.get() + started.elapsed());
        }
    }

    /// Notes that bytes are sent over a connection.
    pub(crate) fn sending(&self, peer: SocketAddr) {
        self.connecting.set(false);
        self.peer.set(Some(peer));
    }

    /// Notes how many bytes were sent.
    pub(crate) fn sent(&self, count: usize) {
        self.sent.set(self.sent.get() + count as u64);
    }

    /// Notes how many bytes came; an error if they are too many for what is awaited.
    pub(crate) fn received(&self, count: usize) -> Result<(), NetError> {
        if count == 0 {
            return Ok(());
        }
        self.answered.set(true);
        self.received.set(self.received.get() + count as u64);
        match self.useless_left.get().checked_sub(count as u64) {
            Some(left) => {
                self.useless_left.set(left);
                Ok(())
            }
            None => Err(NetError::Flood {
                max: MAX_BYTES_OF_NO_USE,
            }),
        }
    }

    /// Whether a byte came back since the connection was asked for.
    pub(crate) fn answered(&self) -> bool {
        self.answered.get()
    }

    /// Takes back what [`Scope::received`] noted of a goodbye in TLS, which is no answer.
    pub(crate) fn only_goodbye(&self, answered_before: bool) {
        self.answered.set(answered_before);
    }

    /// Notes that the headers of the response are there.
    pub(crate) fn headers_arrived(&self) {
        self.useless_left.set(MAX_BYTES_OF_NO_USE);
    }

    /// Asks for a new connection the next time.
    pub(crate) fn want_fresh(&self) {
        self.fresh_only.set(true);
    }

    /// Whether an idle connection to this address may be used that is otherwise fit for it.
    pub(crate) fn may_reuse(&self, peer: SocketAddr) -> bool {
        // An idle connection is also looked at when it comes back from a request.
        !self.connecting.get() || !(self.fresh_only.get() || self.denied_by(peer).is_some())
    }

    /// The rule of the store that denies to connect to this address, if there is one.
    pub(crate) fn denied_by(&self, address: SocketAddr) -> Option<String> {
        self.hosts
            .as_ref()?
            .denies_address(self.https.get(), address)
            .map(ToString::to_string)
    }

    /// Whether the request went over a connection that had been idle, and got no byte back: the
    /// server may have closed it before it saw the request.
    pub(crate) fn died_idle(&self) -> bool {
        self.reused.get() && !self.answered.get()
    }

    /// The address that the request went to.
    pub(crate) fn peer(&self) -> Option<SocketAddr> {
        self.peer.get()
    }

    /// How long names took to look up.
    pub(crate) fn resolve_time(&self) -> Duration {
        self.resolve_time.get()
    }

    /// How long connections took to stand.
    pub(crate) fn connect_time(&self) -> Duration {
        self.connect_time.get()
    }

    /// Bytes on the wire, to the server and from it.
    pub(crate) fn traffic(&self) -> (u64, u64) {
        (self.sent.get(), self.received.get())
    }
}
