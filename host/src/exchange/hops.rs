//! The requests that were sent for a guest's one, for those who observe it.

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderMap;

/// A request that was sent for a guest: its own, or that of a redirect.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hop {
    /// The URL, without query, fragment and user information.
    pub url: String,
    /// Where it was sent.
    pub peer: Option<SocketAddr>,
    /// What the server answered, if it did.
    pub status: Option<u16>,
    /// The header fields of the request: the guest's, less those that a redirect took away, and
    /// without what the host adds as it writes them (`Host`, `Content-Length`, `User-Agent`).
    /// `None` without [`record_headers`](crate::HttpCtxBuilder::record_headers).
    pub request_headers: Option<HeaderMap>,
    /// The header fields of the answer, as the guest gets them. `None` if there was no answer, and
    /// without [`record_headers`](crate::HttpCtxBuilder::record_headers).
    pub response_headers: Option<HeaderMap>,
}

impl Hop {
    /// A request to this URL that was not answered.
    pub fn new(url: impl Into<String>) -> Self {
        Hop {
            url: url.into(),
            peer: None,
            status: None,
            request_headers: None,
            response_headers: None,
        }
    }
}

/// The hops of one exchange. One thread at a time adds to them; others may look.
pub(crate) struct Hops {
    /// Whether header fields are wanted.
    with_headers: bool,
    list: Mutex<List>,
}

/// What is known of the hops.
#[derive(Default)]
pub(crate) struct List {
    pub sent: Vec<Hop>,
    /// The address that the last was sent to, or was to be.
    pub peer: Option<SocketAddr>,
    pub resolve_time: Duration,
    pub connect_time: Duration,
    /// What had been sent when the last one ended.
    bytes_before: u64,
}

impl Hops {
    pub(crate) fn new(with_headers: bool) -> Self {
        Hops {
            with_headers,
            list: Mutex::default(),
        }
    }

    /// Header fields, if they are wanted.
    pub(crate) fn headers(&self, headers: Option<&HeaderMap>) -> Option<HeaderMap> {
        headers.filter(|_| self.with_headers).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, List> {
        // Nothing of others runs under the lock.
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds one, with the bytes that the exchange has sent in all. If there are no more than before,
    /// nothing of it was sent.
    pub(crate) fn add(&self, hop: Hop, resolve: Duration, connect: Duration, bytes_sent: u64) {
        let mut list = self.lock();
        list.resolve_time += resolve;
        list.connect_time += connect;
        list.peer = hop.peer.or(list.peer);
        if bytes_sent > list.bytes_before {
            list.sent.push(hop);
        }
        list.bytes_before = bytes_sent;
    }

    /// All that is known now.
    pub(crate) fn take(&self) -> List {
        std::mem::take(&mut *self.lock())
    }
}
