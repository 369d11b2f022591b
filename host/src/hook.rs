//! Hooks: functions of the embedder that see each request before it is sent and the head of each
//! response, and may change, refuse or answer them.
//!
//! [`crate::send`] calls them.

use std::fmt;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use http::{HeaderMap, Method, StatusCode, Version};
use url::Url;

use crate::headers;
use crate::sensitive;

/// Sees each request of a store, to log it, sign it, refuse it, or answer it in place of the
/// server, as caches, tests and replays do.
///
/// [`HttpCtxBuilder::hook`](crate::HttpCtxBuilder::hook) gives it to a store. Both functions are called
/// for each request that is sent, and so again for each redirect, on the thread of the request: that of
/// the guest, or one of the client's if the guest does not wait for it, as in asynchronous stores. They
/// may block. A panic in one refuses the request. Header values that are likely to be credentials are
/// marked as [sensitive](http::HeaderValue::is_sensitive), as
/// [`record_headers`](crate::HttpCtxBuilder::record_headers) describes.
///
/// ```
/// use wasi_experimental_http_wasmtime::http::{Response, StatusCode};
/// use wasi_experimental_http_wasmtime::{Hook, HookAction, HookRequest, HttpCtx};
///
/// /// Answers for a host that does not exist, and lets nobody write anywhere else.
/// struct Virtual;
///
/// impl Hook for Virtual {
///     fn on_request(&self, request: &mut HookRequest<'_>) -> HookAction {
///         if request.url.host_str() == Some("config.internal") {
///             return HookAction::Answer(Response::new(b"debug = true".to_vec()));
///         }
///         if !request.method.is_safe() {
///             return HookAction::Refuse("this plugin may read and not write".to_owned());
///         }
///         HookAction::Send
///     }
/// }
///
/// let http = HttpCtx::builder()
///     .try_allowed_host("http://config.internal")?
///     .hook(Virtual)
///     .build();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A recorder of all that a plugin asks for, and what plays it back without the servers:
///
/// ```no_run
#[doc = include_str!("../examples/replay.rs")]
/// ```
pub trait Hook: Send + Sync {
    /// Called when the store's rules have allowed a request, before a connection is looked for: what
    /// to do with it.
    ///
    /// Of several hooks each sees what those before it made of the headers, and the first that does
    /// not say [`HookAction::Send`] decides.
    fn on_request(&self, request: &mut HookRequest<'_>) -> HookAction {
        let _ = request;
        HookAction::Send
    }

    /// Called when the head of a server's response is there, before a redirect is followed.
    ///
    /// It is not called for what a hook has answered.
    ///
    /// # Errors
    ///
    /// A reason for which the guest does not get the response, as [`HookAction::Refuse`] has it.
    fn on_response(
        &self,
        request: &HookRequest<'_>,
        response: &mut HookResponse<'_>,
    ) -> Result<(), String> {
        let _ = (request, response);
        Ok(())
    }
}

/// What becomes of a request.
#[derive(Debug)]
#[non_exhaustive]
pub enum HookAction {
    /// It is sent.
    Send,
    /// It is not sent: the guest gets `destination_not_allowed`, and can read this reason.
    /// [`on_denied`](crate::HttpCtxBuilder::on_denied) is told.
    Refuse(String),
    /// It is not sent, and this is the response to it.
    ///
    /// It is held to the store's limits, and followed if it is a redirect. A `Content-Length` that is
    /// not the body's is corrected; a status of 100 to 199 is none, and gives `request_error`.
    Answer(http::Response<Vec<u8>>),
}

/// A request that may be sent.
#[derive(Debug)]
#[non_exhaustive]
pub struct HookRequest<'a> {
    /// Its method.
    pub method: &'a Method,
    /// Where it goes, with its query.
    pub url: &'a Url,
    /// Its header fields, which may be changed: for this server only, a redirect has the guest's again.
    ///
    /// What is about framing or the connection is the host's, and dropped here. What
    /// [`Credential`](crate::Credential)s add comes later and is not seen.
    pub headers: &'a mut HeaderMap,
    /// Its body; `None` if the guest is writing that piece by piece.
    pub body: Option<&'a [u8]>,
    /// How many redirects were followed before it.
    pub redirects: usize,
}

/// The head of a response, and a way to see its body.
#[non_exhaustive]
pub struct HookResponse<'a> {
    /// What the server said.
    pub status: StatusCode,
    /// The version that it speaks.
    pub version: Version,
    /// Where it is, or the proxy before it.
    pub peer: SocketAddr,
    /// The header fields, which may be changed. Where the body ends has been decided.
    pub headers: &'a mut HeaderMap,
    watchers: &'a mut Watchers,
}

impl HookResponse<'_> {
    /// Calls a function with each piece of the body as the guest gets it, and with
    /// [`BodyPart::End`] if it gets all of it. That of a redirect that is followed ends at once.
    ///
    /// It is called on the guest's thread, and dropped when there is no more to come. One that panics
    /// is not called again.
    pub fn watch_body(&mut self, watcher: impl FnMut(BodyPart<'_>) + Send + 'static) {
        self.watchers.0.push(Box::new(watcher));
    }
}

impl fmt::Debug for HookResponse<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HookResponse")
            .field("status", &self.status)
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}

/// What comes of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyPart<'a> {
    /// The next bytes.
    Bytes(&'a [u8]),
    /// All of it was there.
    End,
}

type Watcher = dyn FnMut(BodyPart<'_>) + Send;

/// Who sees the body of a response.
#[derive(Default)]
pub(crate) struct Watchers(Vec<Box<Watcher>>);

impl Watchers {
    /// Passes on bytes that were read, and whether they are the last.
    pub(crate) fn read(&mut self, bytes: &[u8], is_end: bool) {
        if self.0.is_empty() {
            return;
        }
        if !bytes.is_empty() {
            self.tell(BodyPart::Bytes(bytes));
        }
        if is_end {
            self.tell(BodyPart::End);
            self.0.clear();
        }
    }

    fn tell(&mut self, part: BodyPart<'_>) {
        self.0.retain_mut(|watcher| {
            let told = catch_unwind(AssertUnwindSafe(|| watcher(part)));
            told.inspect_err(|_| tracing::error!("a hook's watcher panicked"))
                .is_ok()
        });
    }
}

/// A hook's reason for refusing a request or its response.
pub(crate) struct Refusal(pub String);

/// The hooks of a store.
#[derive(Clone, Default)]
pub(crate) struct Hooks(Vec<Arc<dyn Hook>>);

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} hooks", self.0.len())
    }
}

impl Hooks {
    pub(crate) fn add(&mut self, hook: impl Hook + 'static) {
        self.0.push(Arc::new(hook));
    }

    /// Runs the hooks on a request. `None` if it is to be sent.
    pub(crate) fn on_request(
        &self,
        request: &mut HookRequest<'_>,
    ) -> Result<Option<http::Response<Vec<u8>>>, Refusal> {
        sensitive::mark(request.headers);
        for hook in &self.0 {
            let action = catch_unwind(AssertUnwindSafe(|| hook.on_request(request)));
            match action {
                Ok(HookAction::Send) => {}
                Ok(HookAction::Answer(answer)) => return Ok(Some(complete(request, answer))),
                Ok(HookAction::Refuse(reason)) => return Err(Refusal(reason)),
                Err(_) => return Err(Refusal(PANICKED.to_owned())),
            }
        }
        headers::drop_fields_of_the_host(request.headers);
        Ok(None)
    }

    pub(crate) fn on_response(
        &self,
        request: &HookRequest<'_>,
        response: &mut HookResponse<'_>,
    ) -> Result<(), Refusal> {
        sensitive::mark(response.headers);
        for hook in &self.0 {
            let result = catch_unwind(AssertUnwindSafe(|| hook.on_response(request, response)));
            let result = result.unwrap_or_else(|_| Err(PANICKED.to_owned()));
            result.map_err(Refusal)?;
        }
        Ok(())
    }
}

/// The head of a response.
pub(crate) fn response<'a>(
    status: StatusCode,
    version: Version,
    peer: SocketAddr,
    headers: &'a mut HeaderMap,
    watchers: &'a mut Watchers,
) -> HookResponse<'a> {
    HookResponse {
        status,
        version,
        peer,
        headers,
        watchers,
    }
}

const PANICKED: &str = "a hook of the embedder panicked";

/// Makes the fields of a hook's answer consistent with its body and the request (RFC 9110, section
/// 6.4.1).
fn complete(
    request: &HookRequest<'_>,
    mut answer: http::Response<Vec<u8>>,
) -> http::Response<Vec<u8>> {
    use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
    answer.headers_mut().remove(TRANSFER_ENCODING);
    let status = answer.status();
    if *request.method == Method::HEAD || status == StatusCode::NOT_MODIFIED {
        answer.body_mut().clear();
        return answer;
    }
    if status == StatusCode::NO_CONTENT {
        answer.body_mut().clear();
        answer.headers_mut().remove(CONTENT_LENGTH);
    } else if answer.headers().contains_key(CONTENT_LENGTH) {
        let len = answer.body().len();
        answer.headers_mut().insert(CONTENT_LENGTH, len.into());
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_fits_the_request() {
        let cases = [
            // The method, the status, the length that is said; the length and the body that are given.
            ("GET", 200, None, None, 5),
            ("GET", 200, Some("5"), Some("5"), 5),
            ("GET", 404, Some("7"), Some("5"), 5),
            ("HEAD", 200, Some("7"), Some("7"), 0),
            ("GET", 304, Some("7"), Some("7"), 0),
            ("GET", 204, Some("7"), None, 0),
        ];
        let url: Url = "http://example.com".parse().unwrap();
        for (method, status, said, given, len) in cases {
            let method: Method = method.parse().unwrap();
            let mut headers = HeaderMap::new();
            let request = HookRequest {
                method: &method,
                url: &url,
                headers: &mut headers,
                body: None,
                redirects: 0,
            };
            let mut answer = http::Response::builder()
                .status(status)
                .header("transfer-encoding", "chunked");
            if let Some(said) = said {
                answer = answer.header("content-length", said);
            }
            let answer = complete(&request, answer.body(b"hello".to_vec()).unwrap());
            let length = answer.headers().get("content-length");
            assert_eq!(
                length.map(|it| it.to_str().unwrap()),
                given,
                "{method} {status}"
            );
            assert_eq!(answer.body().len(), len, "{method} {status}");
            assert!(!answer.headers().contains_key("transfer-encoding"));
        }
    }
}
