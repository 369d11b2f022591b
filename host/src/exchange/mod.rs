//! State of one request of a guest, from its first hop to the end of the response's body.
//!
//! An [`Exchange`] is made when a request starts, and is passed to every step: name lookup,
//! connecting, sending, reading. It holds the deadlines, the cancellation and the counters. Nothing
//! in it is shared with another exchange, not even of the same store, so requests cannot influence
//! each other.
//!
//! The steps of a request, in order, are in [`crate::send`].

pub(crate) mod cancel;
pub(crate) mod deadline;
pub(crate) mod hops;
pub(crate) mod reactor;
pub(crate) mod signal;
pub(crate) mod traffic;
pub(crate) mod upload;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use http::Method;
use url::Url;

use crate::error::Error;
use crate::limits::{Limits, Timeouts};
use crate::policy::Policy;
use cancel::{Cancel, CancelHandle};
use deadline::Deadlines;
use hops::Hops;
use traffic::Traffic;

/// One request of a guest, over all its redirects, and its response.
pub(crate) struct Exchange {
    pub policy: Policy,
    pub limits: Arc<Limits>,
    pub deadlines: Deadlines,
    pub cancel: Arc<Cancel>,
    pub traffic: Traffic,
    pub store: Arc<StoreId>,
    /// The requests that were sent; recorded only if there is an observer.
    pub hops: Option<Hops>,
}

impl Exchange {
    /// Starts the clock of a request.
    ///
    /// # Errors
    ///
    /// If the store is cancelled, or a timeout of zero leaves no time.
    pub(crate) fn start(
        policy: Policy,
        limits: Arc<Limits>,
        timeouts: Timeouts,
        cancel: &CancelHandle,
        store: Arc<StoreId>,
        traffic: Traffic,
        hops: Option<Hops>,
    ) -> Result<Arc<Self>, Error> {
        Ok(Arc::new(Exchange {
            policy,
            limits,
            deadlines: Deadlines::start(timeouts)?,
            cancel: cancel.begin()?,
            traffic,
            store,
            hops,
        }))
    }

    /// Whether a request with this method and URL is limited to public addresses; an error if it is
    /// denied.
    pub(crate) fn public_only(&self, method: &Method, url: &Url) -> Result<bool, Error> {
        let public_only = self.policy.public_only(method, url);
        public_only.map_err(Error::Denied)
    }
}

/// Identifies the store of an exchange.
#[derive(Debug)]
pub(crate) struct StoreId {
    number: u64,
    /// Whether the store has connections that no other store may use, because it authenticated
    /// them.
    has_connections: AtomicBool,
}

impl StoreId {
    /// The number of the store, if it has reserved connections.
    pub(crate) fn owner(&self) -> Option<u64> {
        self.has_connections
            .load(Ordering::Relaxed)
            .then_some(self.number)
    }

    /// Notes that the store has a reserved connection. Returns the number of the store.
    pub(crate) fn own(&self) -> u64 {
        self.has_connections.store(true, Ordering::Relaxed);
        self.number
    }
}

impl Default for StoreId {
    fn default() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        StoreId {
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            has_connections: AtomicBool::new(false),
        }
    }
}
