//! One request of a guest, from its parts to an open response: the only module that does I/O.
//!
//! What may be sent, where a redirect leads and which headers go along is decided by
//! [`crate::allowed_hosts`], [`crate::redirect`] and [`crate::headers`].

use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{HeaderMap, Method};
use url::Url;

use crate::allowed_hosts::{AllowedHosts, Verdict};
use crate::client::HttpClient;
use crate::ctx::{Denied, DeniedReason};
use crate::error::Error;
use crate::headers;
use crate::limits::{DEFAULT_TIMEOUT, Limits, MAX_DRAINED_BYTES, Timeouts};
use crate::net::NetError;
use crate::net::cancel::Token;
use crate::net::scope::Scope;
use crate::redirect::{self, Redirect};
use crate::request_url::{self, Target, UrlError};
use crate::response::{Body, Facts, Response};
use crate::telemetry::Record;

/// A request of a guest whose parts are valid; whether it is allowed is not asked yet.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    target: Arc<Target>,
    method: Method,
    headers: HeaderMap,
    body: &'a [u8],
}

impl<'a> Request<'a> {
    /// A request of the parts that a guest sends.
    pub(crate) fn parse(
        target: Arc<Target>,
        method: &str,
        header_text: &str,
        body: &'a [u8],
        limits: &Limits,
    ) -> Result<Self, Error> {
        let method = parse_method(method, limits.max_method_len)?;
        let mut headers = headers::parse(header_text, limits)?;
        headers::take_framing(&mut headers, target.url(), body.len())?;
        if let Some(max) = limits.max_request_body_bytes
            && body.len() as u64 > max
        {
            return Err(Error::RequestBodyTooLarge { max });
        }
        Ok(Request {
            target,
            method,
            headers,
            body,
        })
    }

    pub(crate) fn url(&self) -> &Url {
        self.target.url()
    }

    /// Where the request goes: after redirects, that of the last one.
    pub(crate) fn target(&self) -> &Arc<Target> {
        &self.target
    }

    pub(crate) fn method(&self) -> &Method {
        &self.method
    }
}

/// `CONNECT` asks for a tunnel (RFC 9110, section 9.3.6), which is no request for a resource.
fn parse_method(method: &str, max: usize) -> Result<Method, Error> {
    match Method::from_bytes(method.as_bytes()) {
        Ok(parsed) if method.len() <= max && !method.eq_ignore_ascii_case("CONNECT") => Ok(parsed),
        _ => Err(Error::InvalidMethod { max }),
    }
}

/// What a store allows its requests.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Policy<'a> {
    pub allowed_hosts: &'a Arc<AllowedHosts>,
    pub allow_private_networks: bool,
    pub limits: &'a Limits,
    pub timeouts: &'a Timeouts,
}

impl Policy<'_> {
    /// Whether a request to this URL may reach public addresses only; an error if it may not be
    /// sent at all.
    fn public_only(&self, url: &Url) -> Result<bool, Error> {
        let reason = match self.allowed_hosts.verdict(url) {
            Verdict::PublicOnly => return Ok(!self.allow_private_networks),
            Verdict::Anywhere => return Ok(false),
            Verdict::NotAllowed => DeniedReason::NotAllowed,
            Verdict::Denied(rule) => DeniedReason::DeniedBy(rule.to_string()),
        };
        Err(Error::Denied(Denied::new(url, reason)))
    }
}

/// Sends a request, follows its redirects, and returns when the headers of the last response are
/// there.
pub(crate) fn send(
    request: &mut Request<'_>,
    client: &HttpClient,
    policy: Policy<'_>,
    token: &Arc<Token>,
    mut record: Option<&mut Record>,
) -> Result<Box<Response>, Error> {
    let started = Instant::now();
    if policy.timeouts.leave_no_time() {
        return Err(Error::NoTime);
    }
    let mut redirects = 0;
    let _in_flight = client.start()?;
    loop {
        let hop = Hop {
            client,
            policy,
            token,
            started,
        };
        let mut response = hop.send(request, record.as_deref_mut())?;
        response.facts.redirects = redirects;
        if policy.limits.max_redirects == 0 {
            return Ok(response);
        }
        let next = redirect::next(
            response.status,
            &response.headers,
            request.url(),
            &request.method,
            policy.limits.max_url_len,
        )
        .map_err(Error::Redirect)?;
        let Some(next) = next else {
            return Ok(response);
        };
        redirects += 1;
        if redirects > policy.limits.max_redirects {
            return Err(Error::TooManyRedirects {
                max: policy.limits.max_redirects,
            });
        }
        tracing::debug!(
            status = response.status.as_u16(),
            to = %request_url::redacted(&next.url),
            "following a redirect"
        );
        token.traffic().useful();
        response.body.drain(MAX_DRAINED_BYTES);
        request.redirect(next)?;
    }
}

impl Request<'_> {
    fn redirect(&mut self, redirect: Redirect) -> Result<(), UrlError> {
        redirect::strip_headers(&mut self.headers, self.target.url(), &redirect);
        if !redirect.keep_body {
            self.body = &[];
        }
        self.target = Arc::new(Target::new(redirect.url)?);
        self.method = redirect.method;
        Ok(())
    }
}

/// What each hop of a request has of it.
#[derive(Clone, Copy)]
struct Hop<'a> {
    client: &'a HttpClient,
    policy: Policy<'a>,
    token: &'a Arc<Token>,
    started: Instant,
}

impl Hop<'_> {
    /// Sends one hop, if the policy allows it.
    fn send(
        self,
        request: &Request<'_>,
        record: Option<&mut Record>,
    ) -> Result<Box<Response>, Error> {
        let agent = self.client.agent(self.policy.public_only(request.url())?);
        let hosts = self.policy.allowed_hosts;
        let hosts = hosts.deny_addresses().then(|| hosts.clone());
        let scope = Scope::new(self.token.clone(), hosts);
        let response = send_over(agent, request, self, &scope);
        if let Some(record) = record {
            record.add_hop(&scope);
        }
        response
    }
}

/// Sends a request over a connection of the agent, and once more if that was closed while idle.
fn send_over(
    agent: &ureq::Agent,
    request: &Request<'_>,
    hop: Hop<'_>,
    scope: &Rc<Scope>,
) -> Result<Box<Response>, Error> {
    let Hop {
        policy, started, ..
    } = hop;
    let run = || {
        let mut head = http::Request::new(());
        *head.uri_mut() = request.target.uri().clone();
        *head.method_mut() = request.method.clone();
        *head.headers_mut() = request.headers.clone();
        let left = match policy.timeouts.total {
            None => None,
            Some(total) => match total.checked_sub(started.elapsed()) {
                Some(left) if !left.is_zero() => Some(left),
                _ => return Err(ureq::Error::Timeout(ureq::Timeout::Global)),
            },
        };
        // RFC 9110, section 8.6: a method that anticipates content says that there is none.
        let sends_length = matches!(request.method, Method::POST | Method::PUT | Method::PATCH);
        if request.body.is_empty() && !sends_length {
            run(agent, policy.timeouts, left, head)
        } else {
            run(agent, policy.timeouts, left, head.map(|()| request.body))
        }
    };
    let mut result = scope.run(run);
    if let Err(error) = &result
        && is_disconnect(error)
        && scope.died_idle()
        && is_idempotent(&request.method)
    {
        // RFC 9112, section 9.3.1. Once: the second time the connection is a new one.
        tracing::debug!(%error, "an idle connection was closed: trying a new one");
        scope.want_fresh();
        result = scope.run(run);
    }
    let (head, body) = result
        .map_err(|error| match NetError::find(&error) {
            Some(NetError::NotPublic { address, .. }) => Error::Denied(Denied::new(
                request.url(),
                DeniedReason::NotPublic(*address),
            )),
            Some(NetError::DeniedAddress { rule, .. }) => Error::Denied(Denied::new(
                request.url(),
                DeniedReason::DeniedBy(rule.clone()),
            )),
            _ => Error::of_request(error),
        })?
        .into_parts();
    scope.headers_arrived();
    tracing::debug!(status = head.status.as_u16(), peer = ?scope.peer(), "response");
    if !(200..=599).contains(&head.status.as_u16()) {
        return Err(Error::Status(head.status.as_u16()));
    }
    let max = policy.limits.max_response_headers;
    if head.headers.len() > max {
        return Err(Error::TooManyHeaders { max });
    }
    let max = policy.limits.max_response_header_bytes;
    let facts = headers::HeadFacts::of(&head.headers);
    if facts.len > max {
        return Err(Error::HeadTooLong { max });
    }
    facts.check_framing(head.version).map_err(Error::Framing)?;
    let body = if facts.has_no_body(&request.method, head.status) {
        Body::none()
    } else {
        Body::new(body, policy.limits.max_response_body_bytes)
    };
    Ok(Box::new(Response {
        status: head.status,
        headers: head.headers,
        body,
        facts: Facts {
            target: request.target.clone(),
            version: head.version,
            peer: scope.peer(),
            redirects: 0,
        },
        record: None,
    }))
}

/// How much later than its start a request may be sent with its whole time left.
const START_SLACK: Duration = Duration::from_millis(100);

fn run(
    agent: &ureq::Agent,
    timeouts: &Timeouts,
    left: Option<Duration>,
    request: http::Request<impl ureq::AsSendBody>,
) -> Result<http::Response<ureq::Body>, ureq::Error> {
    // The client's own configuration has the default timeouts. A configuration of its own costs a
    // request more than all else here, so one that starts now, with the defaults, has none.
    if *timeouts == Timeouts::default()
        && left.is_some_and(|left| left + START_SLACK >= DEFAULT_TIMEOUT)
    {
        return agent.run(request);
    }
    let request = agent
        .configure_request(request)
        .timeout_resolve(timeouts.connect)
        .timeout_connect(timeouts.connect)
        .timeout_recv_response(timeouts.response)
        .timeout_per_read(timeouts.read)
        .timeout_per_write(timeouts.read)
        .timeout_global(left)
        .build();
    agent.run(request)
}

/// Methods whose effect is the same if they arrive twice (RFC 9110, section 9.2.2).
fn is_idempotent(method: &Method) -> bool {
    matches!(
        *method,
        Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE | Method::PUT | Method::DELETE
    )
}

/// Whether the server closed the connection.
fn is_disconnect(error: &ureq::Error) -> bool {
    let ureq::Error::Io(error) = error else {
        return matches!(
            NetError::find(error),
            Some(NetError::TruncatedTls | NetError::Reset)
        );
    };
    matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_tokens_and_not_connect() {
        for method in [
            "GET",
            "get",
            "PURGE",
            "M-SEARCH",
            "PROPFIND",
            "!#$%&'*+-.^_`|~",
        ] {
            assert_eq!(parse_method(method, 64).unwrap().as_str(), method);
        }
        for method in [
            "", "CONNECT", "connect", "GE T", "GET\n", "G\u{e9}T", "GET/", "A\0",
        ] {
            assert!(parse_method(method, 64).is_err(), "{method:?}");
        }
        assert!(parse_method(&"A".repeat(64), 64).is_ok());
        assert!(parse_method(&"A".repeat(65), 64).is_err());
    }
}
