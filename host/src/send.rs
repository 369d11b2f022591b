//! The way of a request, from its parts to an open response.
//!
//! For each hop, in this order: may it be sent ([`crate::policy`]); over which connection
//! ([`crate::connection`]: an idle one, or a new one); the request out and the head in
//! ([`crate::connection::transport`]); what the head says of the message ([`crate::head`]); and
//! whether it leads elsewhere ([`crate::redirect`]). What belongs to the request all the while is
//! its [`Exchange`].

use std::net::SocketAddr;
use std::sync::Arc;

use http::header::{AUTHORIZATION, CONTENT_LENGTH};
use http::{HeaderMap, StatusCode};

use crate::authentication;
use crate::body;
use crate::client::HttpClient;
use crate::connection::Lease;
use crate::connection::dial::DialTimes;
use crate::connection::pool::Key;
use crate::connection::transport::{self, Sent};
use crate::credentials;
use crate::error::Error;
use crate::exchange::Exchange;
use crate::exchange::hops::Hop;
use crate::head::{Framing, Head};
use crate::limits::{Limits, MAX_DRAINED_BYTES};
use crate::redirect;
use crate::request::{Body, Request};
use crate::request_url;
use crate::response::{Facts, Response};

/// Sends a request, follows its redirects, and returns when the head of the last response is there.
pub(crate) fn following_redirects(
    request: &mut Request<'_>,
    client: &HttpClient,
    exchange: &Arc<Exchange>,
) -> Result<Box<Response>, Error> {
    let limits = &exchange.limits;
    let mut redirects = 0;
    loop {
        let mut response = hop(request, client, exchange)?;
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
            // What was written is gone: it cannot be sent a second time.
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
        response.body.drain(MAX_DRAINED_BYTES);
        request.redirect(next).map_err(Error::Redirect)?;
    }
}

/// Sends a request to one server.
fn hop(
    request: &Request<'_>,
    client: &HttpClient,
    exchange: &Arc<Exchange>,
) -> Result<Box<Response>, Error> {
    let mut times = DialTimes::default();
    let mut peer = None;
    let public_only = exchange.public_only(request.method(), request.url());
    let response = public_only.and_then(|public_only| {
        exchange.traffic.begin_request()?;
        let way = Way {
            request,
            credentials: credentials(request, exchange)?,
            client,
            exchange,
            key: Key {
                origin: request.target().origin().clone(),
                public_only,
                owner: None,
            },
        };
        way.answer(&mut times, &mut peer)
    });
    if let Some(hops) = &exchange.hops {
        let hop = Hop {
            peer,
            status: response.as_ref().ok().map(|it| it.status.as_u16()),
            request_headers: hops.headers(Some(request.headers())),
            response_headers: hops.headers(response.as_ref().ok().map(|it| &it.headers)),
            ..Hop::new(request_url::redacted(request.url()))
        };
        let bytes_sent = exchange.traffic.bytes_sent();
        hops.add(hop, times.lookup, times.connect, bytes_sent);
    }
    response
}

/// The fields that the host adds to a request.
fn credentials(request: &Request<'_>, exchange: &Exchange) -> Result<HeaderMap, Error> {
    let Some(credentials) = &exchange.policy.credentials else {
        return Ok(HeaderMap::new());
    };
    let (method, url) = (request.method(), request.url());
    let fields = credentials::fields(credentials, method, url, request.headers());
    fields.map_err(Error::NoCredential)
}

/// One hop of a request.
struct Way<'a> {
    request: &'a Request<'a>,
    /// Fields that the host adds. They are nowhere but here and on the wire.
    credentials: HeaderMap,
    client: &'a HttpClient,
    exchange: &'a Arc<Exchange>,
    key: Key,
}

impl Way<'_> {
    fn answer(
        &self,
        times: &mut DialTimes,
        peer: &mut Option<SocketAddr>,
    ) -> Result<Box<Response>, Error> {
        let lease = match self.idle()? {
            Some(lease) => lease,
            None => self.dial(times)?,
        };
        *peer = Some(lease.peer());
        let mut sent = self.ask(lease)?;
        if let Err(error) = &sent.answer
            && error.is_disconnect()
            && sent.lease.died_idle()
            && self.request.can_be_repeated()
        {
            // RFC 9112, section 9.3.1. Once: the second time the connection is a new one.
            tracing::debug!(%error, "an idle connection was closed: trying a new one");
            drop(sent);
            let lease = self.dial(times)?;
            *peer = Some(lease.peer());
            sent = self.ask(lease)?;
        }
        let head = sent.answer?;
        tracing::debug!(status = head.status.as_u16(), peer = ?sent.lease.peer(), "response");
        self.response(head, sent.lease)
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

    fn ask(&self, mut lease: Lease) -> Result<Sent, Error> {
        for headers in [self.request.headers(), &self.credentials] {
            if authentication::is_of_connection(headers.get_all(AUTHORIZATION)) {
                lease.own();
            }
        }
        let agents = self.client.agents();
        let request = self.request.to_http(&self.credentials)?;
        match self.request.body() {
            None => transport::ask(agents, lease, request),
            Some(Body::Whole(bytes)) => transport::ask(agents, lease, request.map(|()| &**bytes)),
            Some(Body::Upload(upload)) => {
                transport::ask_with_upload(agents, lease, request, upload)
            }
        }
    }

    /// Makes a response of its head and what follows on the connection.
    fn response(&self, mut head: Head, mut lease: Lease) -> Result<Box<Response>, Error> {
        if head.status == StatusCode::SWITCHING_PROTOCOLS {
            return Err(Error::Status(head.status.as_u16()));
        }
        check_limits(&head, &self.exchange.limits)?;
        let framing = head
            .framing(self.request.method())
            .map_err(Error::Framing)?;
        let keeps_alive = head.keeps_alive();
        if framing == Framing::Chunked {
            // The chunks count (RFC 9112, section 6.3, rule 3); a guest would take it for the length.
            head.headers.remove(CONTENT_LENGTH);
        }
        if authentication::is_offered_for_connection(&head.headers) {
            lease.own();
        }
        let facts = Facts {
            target: self.request.target().clone(),
            version: head.version,
            peer: lease.peer(),
            redirects: 0,
        };
        let max = self.exchange.limits.response_body_bytes();
        let body = body::Body::new(lease, framing, keeps_alive, max);
        Ok(Box::new(Response {
            status: head.status,
            headers: head.headers,
            body,
            facts,
            exchange: self.exchange.clone(),
            upload: None,
            record: None,
        }))
    }
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
