//! Requests in progress: starting one, and waiting for its response.

use std::fmt;

use http::Request;
use http::request::Parts;

use crate::error::counted;
use crate::exchange::Exchange;
use crate::raw::{self, Events, ResponseHandle, Subscription};
use crate::{Error, HttpError, RequestBody, RequestOptions, Response, transfer};

/// Starts a request, and returns without waiting for the response: several can be in progress at
/// once, and [`select`](crate::select) and [`poll`](crate::poll) wait for any of them.
///
/// Otherwise like [`send`](crate::send), including [`RequestOptions`].
///
/// ```no_run
/// use wasi_experimental_http::{http::Request, start};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let one = start(Request::get("https://example.com/1").body(())?)?;
/// let other = start(Request::get("https://example.com/2").body(())?)?;
/// // Both are on their way.
/// println!("{} {}", one.wait()?.status_code, other.wait()?.status_code);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`Error::Host`] for what is wrong with the request itself, and the other errors of
/// [`send`](crate::send). Later failures are errors of [`Pending::wait`].
pub fn start<B: RequestBody>(req: Request<B>) -> Result<Pending, Error> {
    let (head, body) = req.into_parts();
    start_parts(&head, body.as_bytes())
}

/// The part of [`start`] that does not depend on the body's type, so that it is compiled once.
pub(crate) fn start_parts(head: &Parts, body: &[u8]) -> Result<Pending, Error> {
    let options = RequestOptions::of(head).map(RequestOptions::list);
    let options = options.unwrap_or_default();
    let exchange = Exchange::start(head, &options, body.len() as u64)?;
    let mut pending = Pending::new(exchange);
    if !body.is_empty() {
        // The host's buffer is empty, so this does not block.
        let sent = write(pending.handle(), body)?;
        pending.unsent = body[sent..].to_vec();
    }
    Ok(pending)
}

/// Writes the next bytes of a body in memory. Returns how many need not be written again: all of
/// them, if the server has already answered.
fn write(handle: ResponseHandle, bytes: &[u8]) -> Result<usize, Error> {
    match counted(raw::body_write(handle, bytes)) {
        Ok(0) => Err(Error::InvalidAnswer("a body of which nothing was taken")),
        Ok(written) => transfer::checked(written, bytes.len()),
        Err(HttpError::BODY_CLOSED) => Ok(bytes.len()),
        Err(error) => Err(error.into()),
    }
}

/// A request in progress. Dropping it cancels it.
///
/// If the body is larger than the host's buffer, the rest is written while the program waits: for
/// this request or, with [`select`](crate::select) or [`poll`](crate::poll), for several.
///
/// With the feature `futures` this is a [`Future`](std::future::Future).
#[must_use = "a request that nobody waits for is given up"]
pub struct Pending {
    /// `None` once the response was returned.
    exchange: Option<Exchange>,
    /// The body, of which `sent` bytes have been written.
    unsent: Vec<u8>,
    sent: usize,
}

impl Pending {
    pub(crate) fn new(exchange: Exchange) -> Pending {
        Pending {
            exchange: Some(exchange),
            unsent: Vec::new(),
            sent: 0,
        }
    }

    /// Waits for the status and the headers of the response.
    ///
    /// # Errors
    ///
    /// Those of the request, whether or not the server has seen it.
    pub fn wait(mut self) -> Result<Response, Error> {
        self.response()
    }

    /// Waits for the response. To be called once.
    pub(crate) fn response(&mut self) -> Result<Response, Error> {
        while self.has_unsent() {
            self.send_some()?;
        }
        let Some(exchange) = self.exchange.take() else {
            return Err(HttpError::INVALID_HANDLE.into());
        };
        let status_code = counted(raw::response_wait(exchange.handle))?;
        Response::new(exchange, status_code)
    }

    /// Cancels the request. Dropping it does the same, but cannot report an error.
    ///
    /// # Errors
    ///
    /// Those of the host; there are none unless the host is broken.
    pub fn close(mut self) -> Result<(), Error> {
        self.exchange.take().map_or(Ok(()), Exchange::close)
    }

    /// The handle of the request, for calls of [`raw`]. It is still closed by this.
    #[must_use]
    pub fn handle(&self) -> ResponseHandle {
        let closed = ResponseHandle::from_raw(0);
        self.exchange.as_ref().map_or(closed, |it| it.handle)
    }

    /// What the host has to be asked about while this waits.
    pub(crate) fn subscription(&self) -> Subscription {
        let mut interest = Events::RESPONSE;
        if self.has_unsent() {
            interest |= Events::WRITABLE;
        }
        Subscription {
            handle: self.handle(),
            interest,
            ready: Events::empty(),
        }
    }

    /// Whether a part of the body has not been written.
    pub(crate) fn has_unsent(&self) -> bool {
        self.sent < self.unsent.len()
    }

    /// Writes more of the body.
    pub(crate) fn send_some(&mut self) -> Result<(), Error> {
        self.sent += write(self.handle(), &self.unsent[self.sent..])?;
        if !self.has_unsent() {
            self.unsent = Vec::new();
            self.sent = 0;
        }
        Ok(())
    }
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending")
            .field("handle", &self.handle())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::Response;

    use super::*;
    use crate::{send, testing};

    #[test]
    fn several_requests_are_on_their_way() {
        let _served = testing::serve(|req| Ok(Response::new(req.uri().path().to_owned())));
        let get = |path: &str| Request::get(format!("http://a{path}")).body(()).unwrap();
        let one = start(get("/1")).unwrap();
        let other = start(get("/2")).unwrap();
        assert_ne!(one.handle(), other.handle());
        assert_eq!(other.wait().unwrap().body_read_all().unwrap(), b"/2");
        assert_eq!(one.wait().unwrap().body_read_all().unwrap(), b"/1");
    }

    #[test]
    fn a_body_that_the_host_does_not_take_at_once_arrives_whole() {
        let _served = testing::serve(|req| Ok(Response::new(req.into_body())));
        let body: Vec<u8> = (0..100_000_u32).map(|i| (i % 251) as u8).collect();
        let pending = start(Request::post("http://a/").body(&body[..]).unwrap()).unwrap();
        assert!(pending.has_unsent());
        assert!(pending.wait().unwrap().body_read_all().unwrap() == body);
    }

    #[test]
    fn a_failure_is_told_where_it_is_waited_for() {
        let _served = testing::serve::<&str>(|_| Err(HttpError::REQUEST_ERROR));
        let pending = start(Request::get("http://a/").body(()).unwrap()).unwrap();
        let error = pending.wait().unwrap_err();
        assert_eq!(error.code(), Some(HttpError::REQUEST_ERROR));
    }

    #[test]
    fn a_pending_request_that_is_dropped_is_closed() {
        let _served = testing::serve(|_| Ok(Response::new("")));
        for close in [drop, |pending: Pending| pending.close().unwrap()] {
            let pending = start(Request::get("http://a/").body(()).unwrap()).unwrap();
            let handle = pending.handle();
            close(pending);
            assert_eq!(raw::response_wait(handle), Err(HttpError::INVALID_HANDLE));
        }
    }

    #[test]
    fn options_reach_the_host_with_start_and_with_send() {
        let options = RequestOptions::new()
            .timeout(Duration::from_millis(5))
            .max_redirects(0);
        let _served = testing::serve(move |req| {
            assert_eq!(req.extensions().get(), Some(&options));
            Ok(Response::new(req.into_body()))
        });
        let request = || {
            Request::post("http://a/")
                .extension(options)
                .body("a")
                .unwrap()
        };
        assert_eq!(send(request()).unwrap().body_read_all().unwrap(), b"a");
        let started = start(request()).unwrap().wait();
        assert_eq!(started.unwrap().body_read_all().unwrap(), b"a");
    }
}
