//! Reports each finished request to the embedder, as a [`RequestEvent`] for its observers and as a
//! `tracing` span, for metering, billing and debugging.
//!
//! Neither contains secrets: no query, user information, headers or bodies. An embedder may ask for
//! header fields in its events; likely credentials among them are marked as sensitive.

use std::error::Error as StdError;
use std::fmt;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use http::Method;
use tracing::field::Empty;
use url::Url;

use crate::error::Error;
use crate::error_kind::ErrorKind;
use crate::exchange::Exchange;
use crate::exchange::hops::Hop;
use crate::policy::Denied;
use crate::request_url;
use crate::sensitive;

/// What became of one request of a guest, over all its redirects.
///
/// An observer gets it once, when nothing more happens for the request: it failed, or its body was
/// read to the end, broke off, or was closed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestEvent {
    /// Whose request it was: the store's [`label`](crate::HttpCtxBuilder::label).
    pub label: Option<Arc<str>>,
    /// When the guest called.
    pub started: SystemTime,
    /// The method that the guest asked for.
    pub method: String,
    /// The URL that the guest asked for, without query, fragment and user information.
    pub url: String,
    /// The requests that were sent: the first, and one more for each redirect.
    pub hops: Vec<Hop>,
    /// The address that the last of them was sent to, or was to be.
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

impl RequestEvent {
    /// An event of which nothing else is known, to be filled in: for tests of what gets it.
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        RequestEvent {
            label: None,
            started: SystemTime::now(),
            method: method.into(),
            url: url.into(),
            hops: Vec::new(),
            peer: None,
            status: None,
            resolve_time: Duration::ZERO,
            connect_time: Duration::ZERO,
            headers_time: None,
            total_time: Duration::ZERO,
            bytes_sent: 0,
            bytes_received: 0,
            error: None,
        }
    }

    /// The URL of the last request that was sent, or the guest's own if none was.
    #[must_use]
    pub fn final_url(&self) -> &str {
        self.hops.last().map_or(&self.url, |hop| &hop.url)
    }
}

/// A line for a log: what was asked for, what became of it, and how long it took.
impl fmt::Display for RequestEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.url)?;
        if let Some(status) = self.status {
            write!(f, ": {status}")?;
        }
        if let Some(error) = &self.error {
            write!(f, ": {error}")?;
        }
        write!(f, " in {:.1?}", self.total_time)
    }
}

/// A call of a guest that failed, whichever function it was.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailedCall {
    /// Whose call it was: the store's [`label`](crate::HttpCtxBuilder::label).
    pub label: Option<Arc<str>>,
    /// The name of the function, as the WITX has it.
    pub function: &'static str,
    /// Why it failed.
    pub error: RequestError,
}

impl FailedCall {
    /// A call of a store without a label.
    #[must_use]
    pub fn new(function: &'static str, error: RequestError) -> Self {
        FailedCall {
            label: None,
            function,
            error,
        }
    }
}

impl fmt::Display for FailedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.function, self.error)
    }
}

/// Why a request, or another call of a guest, failed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RequestError {
    /// What kind of failure it was.
    pub kind: ErrorKind,
    /// The code that the guest got, as the WITX numbers them.
    pub code: u32,
    /// What happened. It may say what the guest must not know, such as an address.
    pub message: String,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl RequestError {
    /// An error without a source.
    pub fn new(kind: ErrorKind, code: u32, message: impl Into<String>) -> Self {
        RequestError {
            kind,
            code,
            message: message.into(),
            source: None,
        }
    }

    pub(crate) fn of(error: &Error) -> Self {
        RequestError {
            kind: error.kind(),
            code: error.code().into(),
            message: error.to_string(),
            source: error.cause(),
        }
    }
}

/// Two are equal if they say the same.
impl PartialEq for RequestError {
    fn eq(&self, other: &Self) -> bool {
        (self.kind, self.code, &self.message) == (other.kind, other.code, &other.message)
    }
}

impl Eq for RequestError {}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for RequestError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self.source.as_deref()?)
    }
}

/// A function of the embedder's.
type Callback<T> = Arc<dyn Fn(&T) + Send + Sync>;

/// The observers of a store, and the store's label.
#[derive(Clone, Default)]
pub(crate) struct Observers {
    pub label: Option<Arc<str>>,
    /// Whether events have header fields.
    pub headers: bool,
    pub requests: Vec<Callback<RequestEvent>>,
    pub denials: Vec<Callback<Denied>>,
    pub failed_calls: Vec<Callback<FailedCall>>,
}

impl Observers {
    pub(crate) fn denied(&self, denied: &Denied) {
        if !self.denials.is_empty() {
            let label = self.label.clone();
            call(
                &self.denials,
                &Denied {
                    label,
                    ..denied.clone()
                },
            );
        }
    }

    pub(crate) fn call_failed(&self, function: &'static str, error: &Error) {
        if !self.failed_calls.is_empty() {
            let error = RequestError::of(error);
            let label = self.label.clone();
            call(
                &self.failed_calls,
                &FailedCall {
                    label,
                    function,
                    error,
                },
            );
        }
    }
}

/// Calls each of the functions. One that panics must not end the guest's call, nor, in a destructor,
/// the process.
fn call<T>(callbacks: &[Callback<T>], event: &T) {
    for callback in callbacks {
        if catch_unwind(AssertUnwindSafe(|| callback(event))).is_err() {
            tracing::error!("a callback of the embedder panicked");
        }
    }
}

/// A request that is being observed. Dropping it ends it, and tells the observer.
pub(crate) struct Record {
    event: RequestEvent,
    started: Instant,
    span: tracing::Span,
    observers: Arc<Observers>,
    /// Has the byte counts and the hops.
    exchange: Option<Arc<Exchange>>,
}

impl Record {
    /// `None` if there is no observer, and tracing is off.
    pub(crate) fn start(
        method: &Method,
        url: &Url,
        observers: &Arc<Observers>,
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
        if observers.requests.is_empty() && span.is_disabled() {
            return None;
        }
        Some(Box::new(Record {
            event: RequestEvent {
                label: observers.label.clone(),
                ..RequestEvent::new(method.as_str(), request_url::redacted(url))
            },
            started: Instant::now(),
            span,
            observers: observers.clone(),
            exchange: None,
        }))
    }

    /// Enters the span of the request, if there is one.
    pub(crate) fn enter(record: Option<&Self>) -> Option<tracing::span::EnteredSpan> {
        record.map(|record| record.span.clone().entered())
    }

    /// The span of the request, if there is one, for its other threads.
    pub(crate) fn span(record: Option<&Self>) -> tracing::Span {
        record.map_or_else(tracing::Span::none, |record| record.span.clone())
    }

    /// Takes byte counts and hops from this exchange.
    pub(crate) fn follow(&mut self, exchange: &Arc<Exchange>) {
        self.exchange = Some(exchange.clone());
    }

    /// Notes that the guest gets a response.
    pub(crate) fn responded(&mut self, status: u16, at: Instant) {
        self.event.status = Some(status);
        self.event.headers_time = Some(at.saturating_duration_since(self.started));
    }

    /// Notes why the request or its body failed.
    pub(crate) fn failed(&mut self, error: &Error) {
        self.event.error = Some(RequestError::of(error));
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let event = &mut self.event;
        event.total_time = self.started.elapsed();
        if let Some(exchange) = &self.exchange {
            event.bytes_sent = exchange.traffic.bytes_sent();
            event.bytes_received = exchange.traffic.bytes_received();
            if let Some(hops) = &exchange.hops {
                let hops = hops.take();
                event.hops = hops.sent;
                event.hops.iter_mut().for_each(mark);
                event.peer = hops.peer;
                event.resolve_time = hops.resolve_time;
                event.connect_time = hops.connect_time;
            }
        }
        if !self.span.is_disabled() {
            let span = &self.span;
            span.record("hops", event.hops.len())
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
        call(&self.observers.requests, event);
    }
}

/// Marks the credentials among the header fields of a hop.
fn mark(hop: &mut Hop) {
    let headers = [&mut hop.request_headers, &mut hop.response_headers];
    headers.into_iter().flatten().for_each(sensitive::mark);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_a_line_for_a_log() {
        let mut event = RequestEvent::new("GET", "https://example.com/a");
        event.total_time = Duration::from_micros(12_340);
        assert_eq!(event.to_string(), "GET https://example.com/a in 12.3ms");
        event.status = Some(200);
        assert_eq!(
            event.to_string(),
            "GET https://example.com/a: 200 in 12.3ms"
        );
        let error = RequestError::new(ErrorKind::IncompleteBody, 15, "the body broke off");
        event.error = Some(error.clone());
        let text = "GET https://example.com/a: 200: the body broke off in 12.3ms";
        assert_eq!(event.to_string(), text);
        let call = FailedCall::new("body_read", error);
        assert_eq!(call.to_string(), "body_read: the body broke off");
    }

    #[test]
    fn nothing_is_recorded_that_nobody_wants_to_know() {
        let url = "http://example.com/?a".parse().unwrap();
        let mut observers = Observers::default();
        let start =
            |observers: &Observers| Record::start(&Method::GET, &url, &Arc::new(observers.clone()));
        assert!(start(&observers).is_none());
        observers.requests.push(Arc::new(|_| {}));
        assert!(start(&observers).is_some());
    }
}
