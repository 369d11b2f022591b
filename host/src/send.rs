//! The way of a request, from its parts to an open response.
//!
//! Each hop takes these steps, in this order: check that it may be sent ([`crate::policy`]); let
//! hooks change or answer it ([`crate::hook`]) and add credentials ([`crate::credentials`]); take
//! an idle connection or open a new one ([`crate::connection`]); write the request
//! ([`crate::connection::sender`], or [`crate::connection::transport`] if its body is streamed) and
//! read the head of the response; decide where the body ends ([`crate::head`]); and follow a
//! redirect ([`crate::redirect`]). The state that all hops share is the [`Exchange`].

use std::net::SocketAddr;
use std::sync::Arc;

use http::header::{AUTHORIZATION, CONTENT_LENGTH};
use http::{HeaderMap, StatusCode};

use crate::authentication;
use crate::body;
use crate::client::HttpClient;
use crate::connection::dial::DialTimes;
use crate::connection::pool::Key;
use crate::connection::{Lease, Unanswered};
use crate::connection::{sender, transport};
use crate::credentials;
use crate::error::{Error, ProxyFault};
use crate::exchange::Exchange;
use crate::exchange::hops::Hop;
use crate::head::{Framing, Head};
use crate::hook::{self, HookRequest, Refusal, Watchers};
use crate::limits::{Limits, MAX_DRAINED_BYTES};
use crate::policy::{Denied, DeniedReason};
use crate::redirect;
use crate::request::{Body, Request};
use crate::response::{Facts, Response};
use crate::{request_head, request_url};

/// Sends a request, follows its redirects, and returns when the head of the last response is there.
pub(crate) fn following_redirects(
    request: &mut Request<'_>,
    client: &HttpClient,
    exchange: &Arc<Exchange>,
) -> Result<Box<Response>, Error> {
    let first = hop(request, 0, client, exchange, May::Reuse)?;
    redirects_of(first, request, client, exchange)
}

/// Like [`following_redirects`], but the first hop uses a new connection: for a request whose idle
/// connection turned out to be closed.
pub(crate) fn again(
    request: &mut Request<'_>,
    client: &HttpClient,
    exchange: &Arc<Exchange>,
) -> Result<Box<Response>, Error> {
    let first = hop(request, 0, client, exchange, May::Dial)?;
    redirects_of(first, request, client, exchange)
}

/// Follows the redirects of a request whose first response has been read.
pub(crate) fn redirects_of(
    mut response: Box<Response>,
    request: &mut Request<'_>,
    client: &HttpClient,
    exchange: &Arc<Exchange>,
) -> Result<Box<Response>, Error> {
    let limits = &exchange.limits;
    let mut redirects = 0;
    loop {
        response.facts.redirects = redirects;
        if limits.max_redirects == 0 {
            return Ok(response);
        }
        let next = redirect::next(
            response.status,
            &response.headers,
            request.url(),
            request.method(),
            limits.max_url_len,
        );
        let Some(next) = next.map_err(Error::Redirect)? else {
            return Ok(response);
        };
        if next.keep_body && request.upload().is_some() {
            // A streamed body cannot be replayed: the guest has already written it.
            return Ok(response);
        }
        redirects += 1;
        if redirects > limits.max_redirects {
            let max = limits.max_redirects;
            return Err(Error::TooManyRedirects { max });
        }
        tracing::debug!(
            status = response.status.as_u16(),
            to = %request_url::redacted(&next.url),
            "following a redirect"
        );
        exchange.traffic.useful();
        // Nobody reads the body of a redirect.
        response.watchers.read(&[], true);
        response.body.drain(MAX_DRAINED_BYTES);
        request.redirect(next).map_err(Error::Redirect)?;
        response = hop(request, redirects, client, exchange, May::Reuse)?;
    }
}

/// Which connections a hop may use.
#[derive(PartialEq, Eq)]
enum May {
    /// An idle one if the pool has one, else a new one.
    Reuse,
    /// Only a new one.
    Dial,
}

/// Sends a request to one server.
fn hop(
    request: &Request<'_>,
    redirects: usize,
    client: &HttpClient,
    exchange: &Arc<Exchange>,
    may: May,
) -> Result<Box<Response>, Error> {
    let mut times = DialTimes::default();
    let mut peer = None;
    let response = hooked(
        request, redirects, client, exchange, may, &mut times, &mut peer,
    );
    record_hop(request, exchange, &response, peer, times);
    response
}

/// Runs the request hooks, counts the request against the budget, sends it, and runs the response
/// hooks.
fn hooked(
    request: &Request<'_>,
    redirects: usize,
    client: &HttpClient,
    exchange: &Arc<Exchange>,
    may: May,
    times: &mut DialTimes,
    peer: &mut Option<SocketAddr>,
) -> Result<Box<Response>, Error> {
    let mut way = Way::of(request, client, exchange)?;
    let mut changed = None;
    if let Some(hooks) = &exchange.policy.hooks {
        let headers = changed.insert(request.headers().clone());
        let answer = hooks.on_request(&mut hook_request(request, headers, redirects));
        if let Some(answer) = answer.map_err(|refusal| refused(request, refusal))? {
            return answered(request, answer, redirects, exchange);
        }
    }
    exchange.traffic.begin_request()?;
    way.headers = headers(request, changed.as_ref(), exchange)?;
    let mut response = way.answer(may, times, peer)?;
    if let (Some(hooks), Some(sent), Some(peer)) = (&exchange.policy.hooks, &mut changed, *peer) {
        let sent = hook_request(request, sent, redirects);
        let Response {
            status,
            headers,
            facts,
            watchers,
            ..
        } = &mut *response;
        let mut head = hook::response(*status, facts.version, peer, headers, watchers);
        let result = hooks.on_response(&sent, &mut head);
        result.map_err(|refusal| refused(request, refusal))?;
        if !response.body.is_open() {
            response.watchers.read(&[], true);
        }
    }
    Ok(response)
}

/// The request as hooks see it, with these headers.
fn hook_request<'a>(
    request: &'a Request<'_>,
    headers: &'a mut HeaderMap,
    redirects: usize,
) -> HookRequest<'a> {
    HookRequest {
        method: request.method(),
        url: request.url(),
        headers,
        body: match request.body() {
            None => Some(&[]),
            Some(Body::Whole(bytes)) => Some(bytes),
            Some(Body::Upload(_)) => None,
        },
        redirects,
    }
}

fn refused(request: &Request<'_>, Refusal(reason): Refusal) -> Error {
    Error::Denied(Denied::new(request.url(), DeniedReason::Refused(reason)))
}

/// Turns a hook's answer, given instead of a server's, into a response.
fn answered(
    request: &Request<'_>,
    answer: http::Response<Vec<u8>>,
    redirects: usize,
    exchange: &Arc<Exchange>,
) -> Result<Box<Response>, Error> {
    let (head, body) = answer.into_parts();
    if head.status.is_informational() {
        return Err(Error::Status(head.status.as_u16()));
    }
    Ok(Box::new(Response {
        status: head.status,
        headers: head.headers,
        body: body::Body::whole(body, exchange.limits.response_body_bytes()),
        facts: Facts {
            target: request.target().clone(),
            version: head.version,
            peer: None,
            redirects,
        },
        exchange: exchange.clone(),
        watchers: Watchers::default(),
        upload: None,
        record: None,
    }))
}

/// The headers to send, if they differ from the guest's: after the hooks' changes, with credentials
/// added.
fn headers(
    request: &Request<'_>,
    changed: Option<&HeaderMap>,
    exchange: &Exchange,
) -> Result<Option<HeaderMap>, Error> {
    let Some(credentials) = &exchange.policy.credentials else {
        return Ok(changed.cloned());
    };
    let (method, url) = (request.method(), request.url());
    let headers = changed.unwrap_or(request.headers());
    let fields = credentials::fields(credentials, method, url, headers);
    let fields = fields.map_err(Error::NoCredential)?;
    let mut headers = headers.clone();
    headers.extend(fields);
    Ok(Some(headers))
}

fn record_hop(
    request: &Request<'_>,
    exchange: &Exchange,
    response: &Result<Box<Response>, Error>,
    peer: Option<SocketAddr>,
    times: DialTimes,
) {
    if let Some(hops) = &exchange.hops {
        let response = response.as_ref().ok();
        let hop = Hop {
            peer,
            status: response.map(|it| it.status.as_u16()),
            request_headers: hops.headers(Some(request.headers())),
            response_headers: hops.headers(response.map(|it| &it.headers)),
            ..Hop::new(request_url::redacted(request.url()))
        };
        let bytes_sent = exchange.traffic.bytes_sent();
        hops.add(hop, times.lookup, times.connect, bytes_sent);
    }
}

/// Tries to send a request without a body on this thread: over an idle connection that takes all of
/// it at once. `None` if that is not possible; no server has seen the whole request then.
pub(crate) fn without_waiting(
    request: &Request<'_>,
    client: &HttpClient,
    exchange: &Arc<Exchange>,
) -> Result<Option<Unanswered>, Error> {
    // Hooks and credential functions may block, and run once for each hop: such requests go to a
    // thread.
    let policy = &exchange.policy;
    let is_plain = policy.hooks.is_none() && policy.credentials.is_none();
    if request.body().is_some() || !is_plain || exchange.traffic.has_budget() {
        return Ok(None);
    }
    let way = Way::of(request, client, exchange)?;
    match way.idle()? {
        Some(lease) => way.ask_without_waiting(lease),
        None => Ok(None),
    }
}

/// Outcome of a request that was sent by [`without_waiting`].
pub(crate) enum First {
    Response(Box<Response>),
    /// The idle connection was already closed: the request has to be sent again.
    Again,
}

/// Turns the head of the answer to a request sent by [`without_waiting`], or the reason why there
/// is none, into its first response.
pub(crate) fn first_response(
    request: &Request<'_>,
    exchange: &Arc<Exchange>,
    unanswered: Unanswered,
    head: Result<Head, Error>,
) -> Result<First, Error> {
    let lease = unanswered.lease;
    let peer = Some(lease.peer());
    let response = match head {
        Err(error) if can_be_sent_again(request, &lease, &error) => return Ok(First::Again),
        Err(error) => Err(error),
        Ok(head) => response_of(request, exchange, head, lease),
    };
    record_hop(request, exchange, &response, peer, DialTimes::default());
    response.map(First::Response)
}

/// Whether to retry over a new connection because the server closed the idle one before it saw the
/// request (RFC 9112, section 9.3.1). There is one retry at most: a new connection never counts as
/// idle.
fn can_be_sent_again(request: &Request<'_>, lease: &Lease, error: &Error) -> bool {
    let can = error.is_disconnect() && lease.died_idle() && request.can_be_repeated();
    if can {
        tracing::debug!(%error, "an idle connection was closed: trying a new one");
    }
    can
}

/// One hop of a request.
struct Way<'a> {
    request: &'a Request<'a>,
    /// The headers to send, if they differ from the request's. They may hold credentials, so they
    /// are kept only here, for the duration of the hop.
    headers: Option<HeaderMap>,
    client: &'a HttpClient,
    exchange: &'a Arc<Exchange>,
    key: Key,
}

impl<'a> Way<'a> {
    /// Checks the policy: an error if the request may not be sent.
    fn of(
        request: &'a Request<'a>,
        client: &'a HttpClient,
        exchange: &'a Arc<Exchange>,
    ) -> Result<Self, Error> {
        let public_only = exchange.public_only(request.method(), request.url())?;
        Ok(Way {
            request,
            headers: None,
            client,
            exchange,
            key: Key {
                origin: request.target().origin().clone(),
                public_only,
                owner: None,
            },
        })
    }

    fn answer(
        &self,
        may: May,
        times: &mut DialTimes,
        peer: &mut Option<SocketAddr>,
    ) -> Result<Box<Response>, Error> {
        let idle = if may == May::Reuse {
            self.idle()?
        } else {
            None
        };
        let lease = match idle {
            Some(lease) => lease,
            None => self.dial(times)?,
        };
        *peer = Some(lease.peer());
        let mut unanswered = self.ask(lease)?;
        let mut head = unanswered.await_head();
        if let Err(error) = &head
            && can_be_sent_again(self.request, &unanswered.lease, error)
        {
            drop(unanswered);
            let lease = self.dial(times)?;
            *peer = Some(lease.peer());
            unanswered = self.ask(lease)?;
            head = unanswered.await_head();
        }
        response_of(self.request, self.exchange, head?, unanswered.lease)
    }

    fn idle(&self) -> Result<Option<Lease>, Error> {
        self.exchange.cancel.check()?;
        let pool = self.client.pool();
        pool.take(&self.key, self.exchange, |peer| {
            let policy = &self.exchange.policy;
            policy
                .refusal(self.request.url(), self.key.public_only, peer)
                .is_none()
        })
    }

    fn dial(&self, times: &mut DialTimes) -> Result<Lease, Error> {
        let (client, url) = (self.client, self.request.url());
        client
            .dialer()
            .dial(client.pool(), &self.key, url, self.exchange, times)
    }

    fn headers(&self) -> &HeaderMap {
        self.headers.as_ref().unwrap_or(self.request.headers())
    }

    /// Reserves the connection for this store if the request authenticates it (NTLM, Negotiate).
    fn claim(&self, lease: &mut Lease) {
        if authentication::is_of_connection(self.headers().get_all(AUTHORIZATION)) {
            lease.own();
        }
    }

    fn ask_without_waiting(&self, mut lease: Lease) -> Result<Option<Unanswered>, Error> {
        self.claim(&mut lease);
        let head = request_head::bytes(self.request, self.headers());
        sender::ask_without_waiting(lease, &head)
    }

    fn ask(&self, mut lease: Lease) -> Result<Unanswered, Error> {
        self.claim(&mut lease);
        let (request, headers) = (self.request, self.headers());
        match request.body() {
            None => sender::ask(lease, &request_head::bytes(request, headers)),
            Some(Body::Whole(body)) => {
                let head = request_head::bytes(request, headers);
                sender::ask_with_body(lease, head, body)
            }
            Some(Body::Upload(upload)) => {
                let head = request_head::for_ureq(request, headers)?;
                transport::ask_with_upload(self.client.agents(), lease, head, upload)
            }
        }
    }
}

/// Combines a head with the body that follows it on the connection.
fn response_of(
    request: &Request<'_>,
    exchange: &Arc<Exchange>,
    mut head: Head,
    mut lease: Lease,
) -> Result<Box<Response>, Error> {
    tracing::debug!(status = head.status.as_u16(), peer = ?lease.peer(), "response");
    if head.status == StatusCode::SWITCHING_PROTOCOLS {
        return Err(Error::Status(head.status.as_u16()));
    }
    if head.status == StatusCode::PROXY_AUTHENTICATION_REQUIRED
        && let Some(proxy) = lease.forwarder()
    {
        return Err(ProxyFault::Credentials.of(proxy));
    }
    check_limits(&head, &exchange.limits)?;
    let framing = head.framing(request.method()).map_err(Error::Framing)?;
    let keeps_alive = head.keeps_alive();
    if framing == Framing::Chunked {
        // With chunks a Content-Length means nothing (RFC 9112, section 6.3, rule 3), but a guest
        // would believe it.
        head.headers.remove(CONTENT_LENGTH);
    }
    if authentication::is_offered_for_connection(&head.headers) {
        lease.own();
    }
    let facts = Facts {
        target: request.target().clone(),
        version: head.version,
        peer: lease.server(),
        redirects: 0,
    };
    let max = exchange.limits.response_body_bytes();
    let body = body::Body::new(lease, framing, keeps_alive, max);
    Ok(Box::new(Response {
        status: head.status,
        headers: head.headers,
        body,
        facts,
        exchange: exchange.clone(),
        watchers: Watchers::default(),
        upload: None,
        record: None,
    }))
}

fn check_limits(head: &Head, limits: &Limits) -> Result<(), Error> {
    let max = limits.max_response_headers;
    if head.headers.len() > max {
        return Err(Error::TooManyHeaders { max });
    }
    let max = limits.max_response_header_bytes;
    if head.len() > max {
        return Err(Error::HeadTooLong { max });
    }
    Ok(())
}
