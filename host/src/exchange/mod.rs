//! What belongs to one request of a guest, from its parts to the end of its body.
//!
//! An [`Exchange`] is made when a request starts, and is passed to whatever works for it: name
//! lookup, connecting, sending, reading. Nothing of it is shared with another exchange, not even of
//! the same store, so nothing that a guest or a server does in one shows in another.
//!
//! The way of a request, in order, is in [`crate::send`].

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
    /// The requests that were sent, if anybody wants to know.
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

    /// Whether a request of this method to this URL may reach public addresses only; an error if it
    /// may not be sent at all.
    pub(crate) fn public_only(&self, method: &Method, url: &Url) -> Result<bool, Error> {
        let public_only = self.policy.public_only(method, url);
        public_only.map_err(Error::Denied)
    }
}

/// Which store an exchange is of.
#[derive(Debug)]
pub(crate) struct StoreId {
    number: u64,
    /// Whether the store has authenticated a connection, which is its own from then on.
    has_connections: AtomicBool,
}

impl StoreId {
    /// The number of the store, if it has connections of its own.
    pub(crate) fn owner(&self) -> Option<u64> {
        self.has_connections
            .load(Ordering::Relaxed)
            .then_some(self.number)
    }

    /// Notes that a connection is the store's own, and gives the number of the store.
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
