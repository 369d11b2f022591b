//! The requests that were sent for one request of a guest, as observers see them.

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderMap;

/// One request as sent: the guest's own, or one after a redirect.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hop {
    /// The URL, without query, fragment and user information.
    pub url: String,
    /// Where it was sent.
    pub peer: Option<SocketAddr>,
    /// The status of the response, if there was one.
    pub status: Option<u16>,
    /// The header fields of the request: the guest's, minus those dropped by a redirect, and
    /// without those that the host adds when it writes them (`Host`, `Content-Length`,
    /// `User-Agent`). `None` without [`record_headers`](crate::HttpCtxBuilder::record_headers).
    pub request_headers: Option<HeaderMap>,
    /// The header fields of the answer, as the guest gets them. `None` if there was no answer, and
    /// without [`record_headers`](crate::HttpCtxBuilder::record_headers).
    pub response_headers: Option<HeaderMap>,
}

impl Hop {
    /// A request to this URL without a response.
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

/// The hops of one exchange. Only one thread at a time adds to them; others may read.
pub(crate) struct Hops {
    /// Whether to record header fields.
    with_headers: bool,
    list: Mutex<List>,
}

/// The hops so far, and what they took.
#[derive(Default)]
pub(crate) struct List {
    pub sent: Vec<Hop>,
    /// The address of the last hop's connection, even if connecting to it failed.
    pub peer: Option<SocketAddr>,
    pub resolve_time: Duration,
    pub connect_time: Duration,
    /// [`Traffic::bytes_sent`](super::traffic::Traffic::bytes_sent) at the end of the last hop. If
    /// the next hop ends with the same number, nothing of it was sent, and it is not listed: with
    /// 412 bytes after the first hop, a second one whose connection is refused still has 412.
    bytes_before: u64,
}

impl Hops {
    pub(crate) fn new(with_headers: bool) -> Self {
        Hops {
            with_headers,
            list: Mutex::default(),
        }
    }

    /// A copy of header fields, if they are recorded.
    pub(crate) fn headers(&self, headers: Option<&HeaderMap>) -> Option<HeaderMap> {
        headers.filter(|_| self.with_headers).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, List> {
        // No foreign code runs under the lock, so a poisoned value is still whole.
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a hop; `bytes_sent` is the total of the exchange. If that has not grown, nothing of
    /// this hop was sent, and it is left out.
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

    /// Takes the list so far.
    pub(crate) fn take(&self) -> List {
        std::mem::take(&mut *self.lock())
    }
}
