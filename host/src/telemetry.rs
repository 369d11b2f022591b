//! What became of each request, for those who meter, bill or debug: a [`RequestEvent`] for the
//! embedder's observer, and a `tracing` span with the same.
//!
//! Neither has anything secret in it: no query, no user information, no headers, no bodies.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::Method;
use tracing::field::Empty;
use url::Url;

use crate::error::Error;
use crate::exchange::Exchange;
use crate::request_url;

/// What became of one request of a guest, over all its redirects.
///
/// An observer gets it once, when nothing more happens for the request: it failed, or its body was
/// read to the end, broke off, or was closed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestEvent {
    /// The method that the guest asked for.
    pub method: String,
    /// The URL that the guest asked for, without query, fragment and user information.
    pub url: String,
    /// How many requests were sent: 1, and one more for each redirect. 0 if none was.
    pub hops: u32,
    /// The address that the last of them was sent to.
    pub peer: Option<SocketAddr>,
    /// The status that the guest got.
    pub status: Option<u16>,
    /// What looking names up took, in all hops.
    pub resolve_time: Duration,
    /// What connecting took, with TLS, in all hops. Zero if idle connections were used again.
    pub connect_time: Duration,
    /// From the guest's call to the headers of the last response.
    pub headers_time: Option<Duration>,
    /// From the guest's call to the end.
    pub total_time: Duration,
    /// Bytes that were sent on the wire, with headers and TLS.
    pub bytes_sent: u64,
    /// Bytes that came on the wire, with headers and TLS.
    pub bytes_received: u64,
    /// Why the request or its body failed, if it did.
    pub error: Option<RequestError>,
}

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestError {
    /// The code that the guest got, as the WITX numbers them.
    pub code: u32,
    /// The reason, which the guest does not get.
    pub message: String,
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

pub(crate) type Observer = Arc<dyn Fn(&RequestEvent) + Send + Sync>;

/// A request that is being observed. Dropping it ends it, and tells the observer.
pub(crate) struct Record {
    event: RequestEvent,
    started: Instant,
    span: tracing::Span,
    observer: Option<Observer>,
    /// It counts the bytes.
    exchange: Option<Arc<Exchange>>,
    /// What had been sent when the last hop ended.
    sent_before: u64,
}

impl Record {
    /// `None` if nobody wants to know.
    pub(crate) fn start(
        method: &Method,
        url: &Url,
        observer: Option<&Observer>,
    ) -> Option<Box<Self>> {
        let span = tracing::debug_span!(
            "request",
            %method,
            url = %request_url::redacted(url),
            hops = Empty,
            peer = Empty,
            status = Empty,
            resolve_time = Empty,
            connect_time = Empty,
            headers_time = Empty,
            total_time = Empty,
            bytes_sent = Empty,
            bytes_received = Empty,
            error = Empty,
        );
        if observer.is_none() && span.is_disabled() {
            return None;
        }
        Some(Box::new(Record {
            event: RequestEvent {
                method: method.to_string(),
                url: request_url::redacted(url),
                hops: 0,
                peer: None,
                status: None,
                resolve_time: Duration::ZERO,
                connect_time: Duration::ZERO,
                headers_time: None,
                total_time: Duration::ZERO,
                bytes_sent: 0,
                bytes_received: 0,
                error: None,
            },
            started: Instant::now(),
            span,
            observer: observer.cloned(),
            exchange: None,
            sent_before: 0,
        }))
    }

    /// Enters the span of the request, if it is observed.
    pub(crate) fn enter(record: Option<&Self>) -> Option<tracing::span::EnteredSpan> {
        record.map(|record| record.span.clone().entered())
    }

    /// Notes whose bytes are the request's.
    pub(crate) fn follow(&mut self, exchange: &Arc<Exchange>) {
        self.exchange = Some(exchange.clone());
    }

    /// Notes what one hop of the request did.
    pub(crate) fn add_hop(
        &mut self,
        peer: Option<SocketAddr>,
        resolve_time: Duration,
        connect_time: Duration,
    ) {
        let sent = self
            .exchange
            .as_ref()
            .map_or(0, |it| it.traffic.bytes_sent());
        self.event.hops += u32::from(sent > self.sent_before);
        self.sent_before = sent;
        self.event.resolve_time += resolve_time;
        self.event.connect_time += connect_time;
        self.event.peer = peer.or(self.event.peer);
    }

    /// Notes that the guest gets a response.
    pub(crate) fn responded(&mut self, status: u16) {
        self.event.status = Some(status);
        self.event.headers_time = Some(self.started.elapsed());
    }

    /// Notes why the request or its body failed.
    pub(crate) fn failed(&mut self, error: &Error) {
        self.event.error = Some(RequestError {
            code: error.code().into(),
            message: error.to_string(),
        });
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let event = &mut self.event;
        event.total_time = self.started.elapsed();
        if let Some(exchange) = &self.exchange {
            event.bytes_sent = exchange.traffic.bytes_sent();
            event.bytes_received = exchange.traffic.bytes_received();
        }
        if !self.span.is_disabled() {
            let span = &self.span;
            span.record("hops", event.hops)
                .record("resolve_time", tracing::field::debug(event.resolve_time))
                .record("connect_time", tracing::field::debug(event.connect_time))
                .record("total_time", tracing::field::debug(event.total_time))
                .record("bytes_sent", event.bytes_sent)
                .record("bytes_received", event.bytes_received);
            if let Some(peer) = event.peer {
                span.record("peer", tracing::field::display(peer));
            }
            if let Some(status) = event.status {
                span.record("status", status);
            }
            if let Some(time) = event.headers_time {
                span.record("headers_time", tracing::field::debug(time));
            }
            if let Some(error) = &event.error {
                span.record("error", tracing::field::display(error));
            }
            span.in_scope(|| tracing::debug!("the request has ended"));
        }
        if let Some(observer) = &self.observer {
            observer(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_recorded_that_nobody_wants_to_know() {
        let url = "http://example.com/?a".parse().unwrap();
        assert!(Record::start(&Method::GET, &url, None).is_none());
        let observer: Observer = Arc::new(|_| {});
        assert!(Record::start(&Method::GET, &url, Some(&observer)).is_some());
    }
}
