//! A host for tests, which run on the machine that builds them.
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

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, Uri};

use crate::raw::ResponseFact;
use crate::{HttpError, header_text};

type Answer = Box<dyn FnMut(Request<Bytes>) -> Result<Response<Bytes>, HttpError>>;

thread_local! {
    static HOST: RefCell<Option<Host>> = const { RefCell::new(None) };
}

/// The host of a thread.
struct Host {
    /// Absent while it answers.
    answer: Option<Answer>,
    open: BTreeMap<u32, Open>,
    last_handle: u32,
}

/// An open response.
struct Open {
    url: Uri,
    headers: HeaderMap,
    body: Bytes,
}

/// A host that answers until this is dropped.
#[must_use = "the host answers until this is dropped"]
#[derive(Debug)]
pub struct Served {
    /// It belongs to its thread.
    not_send: PhantomData<*const ()>,
}

/// Answers the requests of this thread, until what it gives is dropped; in place of who answered
/// them before. An answer is a response, or the code that the host fails with. The redirects among
/// them are not followed.
pub fn serve<B: Into<Bytes>>(
    mut answer: impl FnMut(Request<Bytes>) -> Result<Response<B>, HttpError> + 'static,
) -> Served {
    let answer: Answer = Box::new(move |request| Ok(answer(request)?.map(Into::into)));
    HOST.set(Some(Host {
        answer: Some(answer),
        open: BTreeMap::new(),
        last_handle: 0,
    }));
    Served {
        not_send: PhantomData,
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // The thread may end, and have none any more.
        let host = HOST.try_with(|host| host.try_borrow_mut().ok()?.take());
        // What the answer owns may send requests when it is dropped.
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

fn with_open<T>(
    response: u32,
    act: impl FnOnce(&mut Open) -> Result<T, HttpError>,
) -> Result<T, HttpError> {
    with_host(|host| {
        let open = host.open.get_mut(&response);
        act(open.ok_or(HttpError::INVALID_HANDLE)?)
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
    use crate::raw::{Reason, ResponseHandle, Size, StatusCode};

    /// Sends a request to the host that a test plays.
    pub fn req(
        url: &str,
        method: &str,
        headers: &str,
        body: &[u8],
    ) -> Result<(StatusCode, ResponseHandle), HttpError> {
        let mut request = Request::new(Bytes::copy_from_slice(body));
        let url: Uri = url.parse().map_err(|_| HttpError::INVALID_URL)?;
        let method = Method::from_bytes(method.as_bytes());
        *request.uri_mut() = url.clone();
        *request.method_mut() = method.map_err(|_| HttpError::INVALID_METHOD)?;
        *request.headers_mut() =
            header_text::decode(headers.as_bytes()).map_err(|_| HttpError::INVALID_ENCODING)?;
        let mut answer = with_host(|host| host.answer.take().ok_or(HttpError::RUNTIME_ERROR))?;
        let answered = answer(request);
        with_host(move |host| {
            // It may have been replaced by its own answer.
            host.answer.get_or_insert(answer);
            let (head, body) = answered?.into_parts();
            host.last_handle += 1;
            let open = Open {
                url,
                headers: head.headers,
                body,
            };
            host.open.insert(host.last_handle, open);
            let handle = ResponseHandle::from_raw(host.last_handle);
            Ok((head.status.as_u16(), handle))
        })
    }

    /// Closes a response.
    pub fn close(response: ResponseHandle) -> Result<(), HttpError> {
        with_host(|host| {
            host.open.remove(&response.raw());
            Ok(())
        })
    }

    /// The value of a header.
    pub fn header_get(
        response: ResponseHandle,
        name: &str,
        value: &mut [u8],
    ) -> Result<Size, HttpError> {
        with_open(response.raw(), |open| {
            let found = open.headers.get(name).ok_or(HttpError::HEADER_NOT_FOUND)?;
            copy(found.as_bytes(), value)
        })
    }

    /// All headers.
    pub fn headers_get_all(
        response: ResponseHandle,
        headers: &mut [u8],
    ) -> Result<Size, HttpError> {
        with_open(response.raw(), |open| {
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
        with_open(response.raw(), |open| {
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
        with_open(response.raw(), |open| match fact {
            ResponseFact::URL => copy(open.url.to_string().as_bytes(), value),
            ResponseFact::VERSION => copy(b"HTTP/1.1", value),
            ResponseFact::PEER => copy(b"", value),
            ResponseFact::REDIRECTS => copy(b"0", value),
            _ => Err(HttpError::INVALID_OPTION),
        })
    }

    /// Fails: there is no more to say than the code does.
    ///
    /// # Safety
    ///
    /// None is needed; it is that of the host's function.
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
