//! A host for unit tests, which run natively.
//!
//! ```
//! use wasi_experimental_http::http::{Request, Response};
//! use wasi_experimental_http::{Error, send, testing};
//!
//! /// What is to be tested.
//! fn greeting(name: &str) -> Result<String, Error> {
//!     let req = Request::get(format!("https://example.com/{name}")).body(()).unwrap();
//!     let body = send(req)?.body_read_all()?;
//!     Ok(String::from_utf8_lossy(&body).into_owned())
//! }
//!
//! let served = testing::serve(|req| {
//!     assert_eq!(req.uri(), "https://example.com/ada");
//!     Ok(Response::new("Hello, Ada!"))
//! });
//! assert_eq!(greeting("ada").unwrap(), "Hello, Ada!");
//!
//! drop(served);
//! assert_eq!(greeting("ada"), Err(Error::NoHost));
//! ```

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::mem;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};

use crate::raw::{ResponseFact, ResponseHandle};
use crate::{HttpError, RequestOptions, header_text};

type Answer = Box<dyn FnMut(Request<Bytes>) -> Result<Response<Bytes>, HttpError>>;

thread_local! {
    static HOST: RefCell<Option<Host>> = const { RefCell::new(None) };
}

/// The host of a thread.
struct Host {
    /// `None` while it runs.
    answer: Option<Answer>,
    exchanges: BTreeMap<u32, Exchange>,
    last_handle: u32,
}

/// What a handle refers to.
enum Exchange {
    /// A request whose body is incomplete.
    Sending(Sending),
    /// It was answered with this failure.
    Failed(HttpError),
    Open(Open),
}

/// A request whose body is incomplete.
struct Sending {
    head: Request<()>,
    body: Vec<u8>,
    /// `None` for a body that the guest ends explicitly.
    length: Option<u64>,
}

/// An open response.
struct Open {
    status: StatusCode,
    url: Uri,
    headers: HeaderMap,
    body: Bytes,
}

/// A host that answers until this is dropped.
#[must_use = "the host answers until this is dropped"]
#[derive(Debug)]
pub struct Served {
    /// It must be dropped on its own thread.
    not_send: PhantomData<*const ()>,
}

/// Answers the requests of this thread, until what it gives is dropped; in place of who answered
/// them before. An answer is a response, or the code that the host fails with. The redirects among
/// them are not followed.
///
/// Each request is answered when its body is whole, whichever function sends it; its
/// [`RequestOptions`] are among its extensions. Time does not pass: what is not ready will not be
/// while a program waits for it, so a time limit is over at once, and to wait without one is an error.
pub fn serve<B: Into<Bytes>>(
    mut answer: impl FnMut(Request<Bytes>) -> Result<Response<B>, HttpError> + 'static,
) -> Served {
    let answer: Answer = Box::new(move |request| Ok(answer(request)?.map(Into::into)));
    HOST.set(Some(Host {
        answer: Some(answer),
        exchanges: BTreeMap::new(),
        last_handle: 0,
    }));
    Served {
        not_send: PhantomData,
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Fails while the thread ends.
        let host = HOST.try_with(|host| host.try_borrow_mut().ok()?.take());
        // Drop the answer after the borrow has ended: what it owns may send requests.
        drop(host);
    }
}

/// Whether somebody answers the requests of this thread.
pub(crate) fn is_served() -> bool {
    with_host(|_| Ok(())).is_ok()
}

fn with_host<T>(act: impl FnOnce(&mut Host) -> Result<T, HttpError>) -> Result<T, HttpError> {
    HOST.try_with(|host| {
        let mut host = host.try_borrow_mut().ok()?;
        Some(act(host.as_mut()?))
    })
    .ok()
    .flatten()
    .unwrap_or(Err(HttpError::RUNTIME_ERROR))
}

fn with_exchange<T>(
    handle: ResponseHandle,
    act: impl FnOnce(&mut Exchange) -> Result<T, HttpError>,
) -> Result<T, HttpError> {
    with_host(|host| {
        let exchange = host.exchanges.get_mut(&handle.raw());
        act(exchange.ok_or(HttpError::INVALID_HANDLE)?)
    })
}

fn with_open<T>(
    response: ResponseHandle,
    act: impl FnOnce(&mut Open) -> Result<T, HttpError>,
) -> Result<T, HttpError> {
    with_exchange(response, |exchange| match exchange {
        Exchange::Sending(_) => Err(HttpError::TIMEOUT),
        Exchange::Failed(error) => Err(*error),
        Exchange::Open(open) => act(open),
    })
}

/// Stores an exchange under a new handle.
fn keep(exchange: Exchange) -> Result<ResponseHandle, HttpError> {
    with_host(|host| {
        host.last_handle += 1;
        host.exchanges.insert(host.last_handle, exchange);
        Ok(ResponseHandle::from_raw(host.last_handle))
    })
}

/// A request without its body.
fn head(url: &str, method: &str, headers: &str) -> Result<Request<()>, HttpError> {
    let mut head = Request::new(());
    *head.uri_mut() = url.parse().map_err(|_| HttpError::INVALID_URL)?;
    *head.method_mut() =
        Method::from_bytes(method.as_bytes()).map_err(|_| HttpError::INVALID_METHOD)?;
    *head.headers_mut() =
        header_text::decode(headers.as_bytes()).map_err(|_| HttpError::INVALID_ENCODING)?;
    Ok(head)
}

/// Lets the test answer a request.
fn answered(head: Request<()>, body: Bytes) -> Result<Open, HttpError> {
    let url = head.uri().clone();
    // Take it out while it runs, because it may call the host itself.
    let mut answer = with_host(|host| host.answer.take().ok_or(HttpError::RUNTIME_ERROR))?;
    let answered = answer(head.map(|()| body));
    with_host(move |host| {
        // It may have replaced itself.
        host.answer.get_or_insert(answer);
        let (head, body) = answered?.into_parts();
        Ok(Open {
            status: head.status,
            url,
            headers: head.headers,
            body,
        })
    })
}

/// Lets the test answer a started request whose body is complete.
fn answer(handle: ResponseHandle) -> Result<(), HttpError> {
    let taken = with_exchange(handle, |exchange| {
        // The state while the answer is computed.
        let unanswered = Exchange::Failed(HttpError::RUNTIME_ERROR);
        Ok(mem::replace(exchange, unanswered))
    })?;
    let done = match taken {
        Exchange::Sending(it) => match answered(it.head, it.body.into()) {
            Ok(open) => Exchange::Open(open),
            Err(error) => Exchange::Failed(error),
        },
        other => other,
    };
    with_exchange(handle, |exchange| {
        *exchange = done;
        Ok(())
    })
}

fn copy(value: &[u8], buffer: &mut [u8]) -> Result<usize, HttpError> {
    let room = buffer.get_mut(..value.len());
    room.ok_or(HttpError::BUFFER_TOO_SMALL)?
        .copy_from_slice(value);
    Ok(value.len())
}

/// The functions of [`raw`](crate::raw), with that host behind them.
pub(crate) mod functions {
    use super::*;
    use crate::raw::{Events, Reason, RequestOption, Size, StatusCode, Subscription};

    /// Sends a request to the host that a test plays.
    pub fn req(
        url: &str,
        method: &str,
        headers: &str,
        body: &[u8],
    ) -> Result<(StatusCode, ResponseHandle), HttpError> {
        let head = head(url, method, headers)?;
        let open = answered(head, Bytes::copy_from_slice(body))?;
        let status = open.status.as_u16();
        Ok((status, keep(Exchange::Open(open))?))
    }

    /// Closes a response.
    pub fn close(response: ResponseHandle) -> Result<(), HttpError> {
        // Drop it after the borrow has ended: the test's own values in it may call the host.
        let closed = with_host(|host| Ok(host.exchanges.remove(&response.raw())))?;
        drop(closed);
        Ok(())
    }

    /// The value of a header.
    pub fn header_get(
        response: ResponseHandle,
        name: &str,
        value: &mut [u8],
    ) -> Result<Size, HttpError> {
        with_open(response, |open| {
            let found = open.headers.get(name).ok_or(HttpError::HEADER_NOT_FOUND)?;
            copy(found.as_bytes(), value)
        })
    }

    /// All headers.
    pub fn headers_get_all(
        response: ResponseHandle,
        headers: &mut [u8],
    ) -> Result<Size, HttpError> {
        with_open(response, |open| {
            let mut text = Vec::new();
            for (name, value) in &open.headers {
                for part in [name.as_str().as_bytes(), b":", value.as_bytes(), b"\n"] {
                    text.extend_from_slice(part);
                }
            }
            copy(&text, headers)
        })
    }

    /// The next bytes of the body.
    pub fn body_read(response: ResponseHandle, buffer: &mut [u8]) -> Result<Size, HttpError> {
        with_open(response, |open| {
            let next = open.body.split_to(open.body.len().min(buffer.len()));
            copy(&next, buffer)
        })
    }

    /// The next bytes of the body.
    pub fn body_read_some(response: ResponseHandle, buffer: &mut [u8]) -> Result<Size, HttpError> {
        body_read(response, buffer)
    }

    /// A fact of the response.
    pub fn response_get(
        response: ResponseHandle,
        fact: ResponseFact,
        value: &mut [u8],
    ) -> Result<Size, HttpError> {
        with_open(response, |open| match fact {
            ResponseFact::URL => copy(open.url.to_string().as_bytes(), value),
            ResponseFact::VERSION => copy(b"HTTP/1.1", value),
            ResponseFact::PEER => copy(b"", value),
            ResponseFact::REDIRECTS => copy(b"0", value),
            _ => Err(HttpError::INVALID_OPTION),
        })
    }

    /// Starts a request; one without a body is answered at once.
    pub fn request_start(
        url: &str,
        method: &str,
        headers: &str,
        options: &[RequestOption],
        body_len: u64,
    ) -> Result<ResponseHandle, HttpError> {
        const CHUNKED: u64 = u64::MAX;
        let mut head = head(url, method, headers)?;
        if !options.is_empty() {
            let options = RequestOptions::from_list(options);
            head.extensions_mut().insert(options);
        }
        let handle = keep(Exchange::Sending(Sending {
            head,
            body: Vec::new(),
            length: (body_len != CHUNKED).then_some(body_len),
        }))?;
        if body_len == 0 {
            answer(handle)?;
        }
        Ok(handle)
    }

    /// Takes bytes of a body, a few at a time.
    pub fn body_write(request: ResponseHandle, bytes: &[u8]) -> Result<Size, HttpError> {
        /// Small, so that bodies in tests need several calls.
        const MOST: usize = 1024;
        let (taken, is_whole) = with_exchange(request, |exchange| {
            let Exchange::Sending(Sending { body, length, .. }) = exchange else {
                return Err(HttpError::BODY_CLOSED);
            };
            let taken = &bytes[..bytes.len().min(MOST)];
            let left = length.map(|length| length - body.len() as u64);
            if left.is_some_and(|left| left < taken.len() as u64) {
                return Err(HttpError::BODY_CLOSED);
            }
            body.extend_from_slice(taken);
            Ok((taken.len(), left == Some(taken.len() as u64)))
        })?;
        if is_whole {
            answer(request)?;
        }
        Ok(taken)
    }

    /// Ends the body, and lets the test answer.
    pub fn body_finish(request: ResponseHandle) -> Result<(), HttpError> {
        let is_whole = with_exchange(request, |exchange| {
            let whole = match exchange {
                Exchange::Sending(it) => it.length.is_none_or(|len| len == it.body.len() as u64),
                _ => return Ok(false),
            };
            if !whole {
                *exchange = Exchange::Failed(HttpError::INCOMPLETE_BODY);
                return Err(HttpError::INCOMPLETE_BODY);
            }
            Ok(true)
        })?;
        if is_whole {
            answer(request)?;
        }
        Ok(())
    }

    /// The status of a response. A timeout, if the request's body is incomplete.
    pub fn response_wait(request: ResponseHandle) -> Result<StatusCode, HttpError> {
        with_open(request, |open| Ok(open.status.as_u16()))
    }

    /// Says what is ready. Without a time limit something has to be.
    ///
    /// # Safety
    ///
    /// There are as many subscriptions as it says, and nothing else refers to them.
    #[allow(unsafe_code, reason = "it has the type of the host's function")]
    pub unsafe fn poll(
        subscriptions: *mut Subscription,
        subscriptions_len: Size,
        timeout: u64,
    ) -> Result<Size, HttpError> {
        // SAFETY: the caller vouches for it.
        let subscriptions =
            unsafe { std::slice::from_raw_parts_mut(subscriptions, subscriptions_len) };
        let mut ready = 0;
        for subscription in subscriptions {
            subscription.ready = with_host(|host| {
                let exchange = host.exchanges.get(&subscription.handle.raw());
                let found = match exchange {
                    Some(Exchange::Sending(_)) => Events::WRITABLE,
                    _ => Events::all(),
                };
                Ok(found & subscription.interest)
            })?;
            ready += usize::from(subscription.ready != Events::empty());
        }
        if ready == 0 && timeout == u64::MAX {
            return Err(HttpError::RUNTIME_ERROR);
        }
        Ok(ready)
    }

    /// Always fails: there is no more to say than the code.
    ///
    /// # Safety
    ///
    /// `unsafe` only to have the signature of the host's function.
    #[allow(unsafe_code, reason = "it has the type of the host's function")]
    pub unsafe fn error_get(_: *mut Reason, _: &mut [u8]) -> Result<Size, HttpError> {
        Err(HttpError::RUNTIME_ERROR)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::{Error, RequestBody, raw, send};

    fn get(url: &str) -> Request<()> {
        Request::get(url).body(()).unwrap()
    }

    #[test]
    #[allow(unsafe_code, reason = "the functions of the host take pointers")]
    fn without_a_host_every_call_is_an_error() {
        assert_eq!(send(get("http://a/")).err(), Some(Error::NoHost));
        let text = Error::NoHost.to_string();
        assert!(text.contains("testing::serve"), "{text}");
        let handle = raw::ResponseHandle::from_raw(1);
        let mut buffer = [0; 8];
        let mut reason = crate::Reason::NONE;
        // SAFETY: `reason` outlives the call.
        let explained = unsafe { raw::error_get(&mut reason, &mut buffer) };
        for result in [
            raw::req("http://a/", "GET", "", b"").map(|_| 0),
            raw::close(handle).map(|()| 0),
            raw::header_get(handle, "a", &mut buffer),
            raw::headers_get_all(handle, &mut buffer),
            raw::body_read(handle, &mut buffer),
            raw::body_read_some(handle, &mut buffer),
            raw::response_get(handle, ResponseFact::URL, &mut buffer),
            raw::request_start("http://a/", "GET", "", &[], 0).map(|_| 0),
            raw::body_write(handle, b"a"),
            raw::body_finish(handle).map(|()| 0),
            raw::response_wait(handle).map(usize::from),
            explained,
        ] {
            assert_eq!(result, Err(HttpError::RUNTIME_ERROR));
        }
    }

    #[test]
    fn what_is_answered_is_read_as_from_a_host() {
        let _served = serve(|req| {
            assert_eq!(req.headers()["a"], "1");
            let mut response = Response::new(req.into_body());
            response.headers_mut().append("x-a", "1".parse().unwrap());
            response.headers_mut().append("x-a", "2".parse().unwrap());
            *response.status_mut() = http::StatusCode::CREATED;
            Ok(response)
        });
        let request = Request::post("http://a/b?c").header("a", "1");
        let mut response = send(request.body("a body").unwrap()).unwrap();
        assert_eq!(response.status_code, 201);
        assert_eq!(response.url().unwrap(), "http://a/b?c");
        assert_eq!(response.version().unwrap(), "HTTP/1.1");
        assert_eq!((response.redirects(), response.peer()), (Ok(0), Ok(None)));
        assert_eq!(response.header("X-A").unwrap().as_deref(), Some("1"));
        assert_eq!(response.header("x-b"), Ok(None));
        assert_eq!(
            response
                .headers_get_all()
                .unwrap()
                .get_all("x-a")
                .iter()
                .count(),
            2
        );
        let mut text = String::new();
        response.read_to_string(&mut text).unwrap();
        assert_eq!(text, "a body");
        let handle = response.handle();
        drop(response);
        assert_eq!(
            raw::body_read(handle, &mut [0]),
            Err(HttpError::INVALID_HANDLE)
        );
    }

    #[test]
    fn an_answer_may_be_a_failure() {
        let _served = serve::<Bytes>(|_| Err(HttpError::TIMEOUT));
        let error = send(get("http://a/")).unwrap_err();
        assert_eq!(error.code(), Some(HttpError::TIMEOUT));
        assert_eq!((error.reason(), error.message()), (None, error.to_string()));
    }

    #[test]
    fn an_answer_that_sends_a_request_gets_an_error() {
        let _served = serve(|_| {
            let error = send(get("http://b/")).unwrap_err();
            assert_eq!(error.code(), Some(HttpError::RUNTIME_ERROR));
            Ok(Response::new("a"))
        });
        assert_eq!(
            send(get("http://a/")).unwrap().body_read_all().unwrap(),
            b"a"
        );
    }

    #[test]
    fn each_thread_has_its_own_host() {
        let _served = serve(|_| Ok(Response::new("a")));
        let other = std::thread::spawn(|| send(get("http://a/")).err());
        assert_eq!(other.join().unwrap(), Some(Error::NoHost));
    }

    #[test]
    fn bodies_are_of_many_types() {
        fn sent(body: impl RequestBody) -> Vec<u8> {
            let _served = serve(|req| Ok(Response::new(req.into_body())));
            let request = Request::post("http://a/").body(body).unwrap();
            send(request).unwrap().body_read_all().unwrap()
        }
        let text = "text".to_owned();
        assert_eq!(sent(()), b"");
        assert_eq!(sent(None::<Bytes>), b"");
        for body in [
            sent("text"),
            sent("text".to_owned()),
            sent(&text),
            sent(b"text".to_vec()),
            sent(*b"text"),
            sent(&b"text"[..]),
            sent(Bytes::from("text")),
            sent(Some(Bytes::from("text"))),
        ] {
            assert_eq!(body, b"text");
        }
    }
}
