//! What belongs to the request that this thread sends, until the headers of the response are there.
//!
//! The body that follows needs none of it: its connection knows whose request it carries.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::cancel::Token;
use super::traffic::Totals;
use crate::allowed_hosts::AllowedHosts;

thread_local! {
    static CURRENT: RefCell<Option<Rc<Scope>>> = const { RefCell::new(None) };
}

/// Puts back what was the scope of the thread before.
struct Restore(Option<Rc<Scope>>);

impl Restore {
    /// A guest may be called from an observer or a host function that runs in another scope.
    fn entering(scope: Rc<Scope>) -> Self {
        Restore(CURRENT.replace(Some(scope)))
    }
}

impl Drop for Restore {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}

/// What the resolver, the connector and the transport of a request know of it, and what they note
/// for it.
pub(crate) struct Scope {
    token: Arc<Token>,
    /// Those of the store, if they deny addresses.
    hosts: Option<Arc<AllowedHosts>>,
    https: Cell<bool>,
    /// Whether idle connections must not be used.
    fresh_only: Cell<bool>,
    reused: Cell<bool>,
    /// What the store had received when a connection was asked for, or when that last said goodbye.
    unanswered: Cell<u64>,
    peer: Cell<Option<SocketAddr>>,
    resolve_time: Cell<Duration>,
    connect_started: Cell<Option<Instant>>,
    connect_time: Cell<Duration>,
    /// What the store's connections had carried before.
    before: Totals,
}

impl Scope {
    /// A scope in which addresses that `hosts` deny are not connected to.
    pub(crate) fn new(token: Arc<Token>, hosts: Option<Arc<AllowedHosts>>) -> Rc<Self> {
        Rc::new(Scope {
            hosts,
            https: Cell::new(false),
            fresh_only: Cell::new(false),
            reused: Cell::new(false),
            unanswered: Cell::new(0),
            peer: Cell::new(None),
            resolve_time: Cell::new(Duration::ZERO),
            connect_started: Cell::new(None),
            connect_time: Cell::new(Duration::ZERO),
            before: token.traffic().totals(),
            token,
        })
    }

    /// Runs `work` with this scope as the one of the thread.
    pub(crate) fn run<T>(self: &Rc<Self>, work: impl FnOnce() -> T) -> T {
        let _restore = Restore::entering(self.clone());
        work()
    }

    /// The scope of this thread's request, if there is one.
    pub(crate) fn current() -> Option<Rc<Scope>> {
        CURRENT.with_borrow(Clone::clone)
    }

    pub(crate) fn token(&self) -> &Arc<Token> {
        &self.token
    }

    /// Notes that a connection is wanted. It is an idle one unless [`Scope::connect_started`]
    /// follows.
    pub(crate) fn connecting(&self, https: bool) {
        self.https.set(https);
        self.reused.set(true);
        self.forget_answer();
        self.token.traffic().useful();
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
        self.peer.set(Some(peer));
    }

    /// Whether a byte came back since the connection was asked for.
    pub(crate) fn answered(&self) -> bool {
        self.token.traffic().totals().received != self.unanswered.get()
    }

    /// Notes that what came is no answer: a goodbye in TLS, or what belongs to an earlier request.
    pub(crate) fn forget_answer(&self) {
        self.unanswered.set(self.token.traffic().totals().received);
    }

    /// Notes that the headers of the response are there.
    pub(crate) fn headers_arrived(&self) {
        self.token.traffic().useful();
    }

    /// Asks for a new connection the next time.
    pub(crate) fn want_fresh(&self) {
        self.fresh_only.set(true);
    }

    /// Whether an idle connection to this address may be used that is otherwise fit for it.
    pub(crate) fn may_reuse(&self, peer: SocketAddr) -> bool {
        !self.fresh_only.get() && self.denied_by(peer).is_none()
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
        self.reused.get() && !self.answered()
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

    /// What the store's connections had carried before.
    pub(crate) fn before(&self) -> Totals {
        self.before
    }
}
