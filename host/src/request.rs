//! A guest's request: validates its parts, and applies redirects to it.

use std::borrow::Cow;
use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::{HeaderMap, Method};
use url::Url;

use crate::error::Error;
use crate::exchange::upload::Upload;
use crate::headers::{self, NamesAsWritten};
use crate::limits::Limits;
use crate::redirect::{self, Redirect};
use crate::request_url::{Target, UrlError};

/// A valid request of a guest. Whether it is allowed is decided later.
pub(crate) struct Request<'a> {
    target: Arc<Target>,
    method: Method,
    headers: HeaderMap,
    names: NamesAsWritten,
    body: Body<'a>,
}

/// The body of a request.
#[derive(Clone)]
pub(crate) enum Body<'a> {
    /// In memory. An empty one counts as no body.
    Whole(Cow<'a, [u8]>),
    /// Streamed by the guest.
    Upload(Arc<Upload>),
}

impl Body<'_> {
    /// Its length, unless it is sent in chunks.
    pub(crate) fn len(&self) -> Option<u64> {
        match self {
            Body::Whole(bytes) => Some(bytes.len() as u64),
            Body::Upload(upload) => upload.len(),
        }
    }
}

impl<'a> Request<'a> {
    /// Makes a request from its parts, whose sizes have been checked.
    pub(crate) fn parse(
        target: Arc<Target>,
        method: &str,
        header_text: &str,
        body: Body<'a>,
        limits: &Limits,
        may_choose_host: bool,
    ) -> Result<Self, Error> {
        let method = parse_method(method, limits.max_method_len)?;
        let (mut headers, names) = headers::parse(header_text, limits.max_request_headers)?;
        headers::take_framing(&mut headers, target.url(), body.len(), may_choose_host)?;
        // The guest's own `Authorization` header takes precedence over user information in the URL.
        if let Some(credentials) = target.credentials()
            && !headers.contains_key(AUTHORIZATION)
        {
            headers.insert(AUTHORIZATION, credentials.clone());
        }
        Ok(Request {
            target,
            method,
            headers,
            names,
            body,
        })
    }

    /// Copies the body out of guest memory.
    pub(crate) fn into_owned(self) -> Request<'static> {
        Request {
            target: self.target,
            method: self.method,
            headers: self.headers,
            names: self.names,
            body: match self.body {
                Body::Whole(bytes) => Body::Whole(Cow::Owned(bytes.into_owned())),
                Body::Upload(upload) => Body::Upload(upload),
            },
        }
    }

    pub(crate) fn target(&self) -> &Arc<Target> {
        &self.target
    }

    pub(crate) fn url(&self) -> &Url {
        self.target.url()
    }

    pub(crate) fn method(&self) -> &Method {
        &self.method
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The names of its headers as the guest wrote them.
    pub(crate) fn names(&self) -> &NamesAsWritten {
        &self.names
    }

    /// The body to send, if any. Methods that usually have content send `Content-Length: 0` without
    /// it (RFC 9110, section 8.6).
    pub(crate) fn body(&self) -> Option<&Body<'a>> {
        let sends_length = matches!(self.method, Method::POST | Method::PUT | Method::PATCH);
        (self.body.len() != Some(0) || sends_length).then_some(&self.body)
    }

    /// The body, if it is streamed.
    pub(crate) fn upload(&self) -> Option<&Arc<Upload>> {
        match &self.body {
            Body::Upload(upload) => Some(upload),
            Body::Whole(_) => None,
        }
    }

    /// Whether the request can be sent a second time.
    pub(crate) fn can_be_repeated(&self) -> bool {
        let is_there = self.upload().is_none_or(|upload| upload.is_untouched());
        is_there && self.is_idempotent()
    }

    /// Whether its effect is the same if it arrives twice (RFC 9110, section 9.2.2).
    fn is_idempotent(&self) -> bool {
        matches!(
            self.method,
            Method::GET
                | Method::HEAD
                | Method::OPTIONS
                | Method::TRACE
                | Method::PUT
                | Method::DELETE
        )
    }

    /// Turns this into the request for the next hop.
    pub(crate) fn redirect(&mut self, redirect: Redirect) -> Result<(), UrlError> {
        redirect::strip_headers(&mut self.headers, self.target.url(), &redirect);
        if !redirect.keep_body {
            self.body = Body::Whole(Cow::Borrowed(&[]));
        }
        self.target = Arc::new(Target::new(redirect.url)?);
        self.method = redirect.method;
        Ok(())
    }
}

/// `CONNECT` asks for a tunnel (RFC 9110, section 9.3.6), which is no request for a resource.
fn parse_method(method: &str, max: usize) -> Result<Method, Error> {
    match Method::from_bytes(method.as_bytes()) {
        Ok(parsed) if !method.eq_ignore_ascii_case("CONNECT") => Ok(parsed),
        _ => Err(Error::InvalidMethod { max }),
    }
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
    }
}
