//! An open response: its status, its headers, its body, and closing it.

use std::{fmt, io};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::error::counted;
use crate::exchange::Exchange;
use crate::raw::{self, ResponseFact, ResponseHandle};
use crate::{Error, HttpError, header_text, transfer};

/// The size of the first buffer for one header, in bytes: nearly all of them fit.
const FIRST_HEADER_SIZE: usize = 1024;

/// The size of the first buffer for all headers, in bytes.
const FIRST_HEADERS_SIZE: usize = 4 * 1024;

/// The response to a request. It stays open in the host, and counts towards what the host allows
/// to be open at once, until it is dropped or [closed](Response::close).
///
/// The body streams from the server as it is read: by [`body_read`](Response::body_read),
/// [`body_read_all`](Response::body_read_all), or anything that takes an [`io::Read`].
/// The headers can be read before, between and after.
pub struct Response {
    /// The status of the response.
    pub status_code: StatusCode,
    exchange: Exchange,
    /// Whether a `Content-Length` speaks of a body that follows (RFC 9110, section 6.4.1).
    has_body: bool,
}

impl Response {
    pub(crate) fn new(exchange: Exchange, status_code: raw::StatusCode) -> Result<Response, Error> {
        let status_code = StatusCode::from_u16(status_code)
            .map_err(|_| Error::InvalidAnswer("an invalid status code"))?;
        let has_body = !exchange.is_head
            && !matches!(
                status_code,
                StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED
            );
        Ok(Response {
            status_code,
            exchange,
            has_body,
        })
    }

    /// Reads the next bytes of the body into `buf`, as many as have arrived, and gives their
    /// number: 0 at the end of the body, or if `buf` is empty.
    ///
    /// # Errors
    ///
    /// [`HttpError::INCOMPLETE_BODY`] if the body breaks off, and the other codes of the host.
    pub fn body_read(&mut self, buf: &mut [u8]) -> Result<usize, Error> {
        transfer::checked(counted(raw::body_read_some(self.handle(), buf))?, buf.len())
    }

    /// Reads the rest of the body.
    ///
    /// What the server says about its length is trusted up to 4 MiB.
    ///
    /// # Errors
    ///
    /// Those of [`body_read`](Response::body_read), and [`Error::OutOfMemory`].
    pub fn body_read_all(&mut self) -> Result<Vec<u8>, Error> {
        let announced = if self.has_body {
            self.content_length()
        } else {
            Some(0)
        };
        // Whole buffers: the host is called less often.
        transfer::read_to_end(announced, |buf| {
            transfer::checked(counted(raw::body_read(self.handle(), buf))?, buf.len())
        })
    }

    /// The value of the header `name`, in any case; the first if there are several.
    ///
    /// # Errors
    ///
    /// [`HttpError::HEADER_NOT_FOUND`] if there is none, [`Error::HeaderNotUtf8`] if its value is
    /// not text.
    pub fn header_get(&self, name: impl AsRef<str>) -> Result<String, Error> {
        let name = name.as_ref();
        String::from_utf8(self.header_bytes(name)?).map_err(|_| Error::HeaderNotUtf8 {
            name: name.to_owned(),
        })
    }

    /// The value of the header `name`, in any case, if there is one; the first if there are
    /// several. It need not be UTF-8.
    ///
    /// # Errors
    ///
    /// [`Error::HeadersTooLarge`], and those of the host.
    pub fn header_value(&self, name: impl AsRef<str>) -> Result<Option<HeaderValue>, Error> {
        match self.header_bytes(name.as_ref()) {
            Ok(value) => HeaderValue::from_maybe_shared(Bytes::from(value))
                .map(Some)
                .map_err(|_| Error::InvalidAnswer("an invalid header value")),
            Err(error) if error.code() == Some(HttpError::HEADER_NOT_FOUND) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// All headers. Values need not be UTF-8, and a repeated header has all of its values, in
    /// their order.
    ///
    /// # Errors
    ///
    /// [`Error::HeadersTooLarge`], and those of the host.
    pub fn headers_get_all(&self) -> Result<HeaderMap, Error> {
        let text = transfer::fetch(FIRST_HEADERS_SIZE, |buffer| {
            counted(raw::headers_get_all(self.handle(), buffer))
        })?;
        header_text::decode(&text)
    }

    /// The value of the header `name` as text, in any case, or `None` if there is none; the first
    /// if there are several.
    ///
    /// # Errors
    ///
    /// [`Error::HeaderNotUtf8`] if the value is not text, and those of the host.
    pub fn header(&self, name: impl AsRef<str>) -> Result<Option<String>, Error> {
        match self.header_get(name) {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.code() == Some(HttpError::HEADER_NOT_FOUND) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The URL that the response came from: that of the last redirect, if there were any.
    ///
    /// This and the functions below need a host that has `response_get`.
    ///
    /// # Errors
    ///
    /// Those of the host.
    pub fn url(&self) -> Result<String, Error> {
        self.fact(ResponseFact::URL)
    }

    /// The version of HTTP that the server speaks, such as `HTTP/1.1`.
    ///
    /// # Errors
    ///
    /// Those of the host.
    pub fn version(&self) -> Result<String, Error> {
        self.fact(ResponseFact::VERSION)
    }

    /// The address and port of the server, or `None` if the embedder does not let guests see it.
    ///
    /// # Errors
    ///
    /// Those of the host.
    pub fn peer(&self) -> Result<Option<String>, Error> {
        let peer = self.fact(ResponseFact::PEER)?;
        Ok((!peer.is_empty()).then_some(peer))
    }

    /// How many redirects were followed.
    ///
    /// # Errors
    ///
    /// Those of the host.
    pub fn redirects(&self) -> Result<u32, Error> {
        let text = self.fact(ResponseFact::REDIRECTS)?;
        text.parse()
            .map_err(|_| Error::InvalidAnswer("an invalid number of redirects"))
    }

    fn fact(&self, fact: ResponseFact) -> Result<String, Error> {
        let text = transfer::fetch(FIRST_HEADER_SIZE, |buffer| {
            counted(raw::response_get(self.handle(), fact, buffer))
        })?;
        String::from_utf8(text).map_err(|_| Error::InvalidAnswer("a fact that is not UTF-8"))
    }

    /// Closes the response. Dropping it does the same, but cannot report an error.
    ///
    /// # Errors
    ///
    /// Those of the host; there are none unless the host is broken.
    pub fn close(self) -> Result<(), Error> {
        self.exchange.close()
    }

    /// The handle of the response, for calls of [`raw`]. The response still closes it.
    #[must_use]
    pub fn handle(&self) -> ResponseHandle {
        self.exchange.handle
    }

    fn header_bytes(&self, name: &str) -> Result<Vec<u8>, Error> {
        transfer::fetch(FIRST_HEADER_SIZE, |buffer| {
            counted(raw::header_get(self.handle(), name, buffer))
        })
    }

    /// The announced length of the body, if it is plausible.
    fn content_length(&self) -> Option<usize> {
        // A number with more digits is too large anyway.
        let mut digits = [0; 20];
        let len = counted(raw::header_get(
            self.handle(),
            "content-length",
            &mut digits,
        ))
        .ok()?;
        std::str::from_utf8(digits.get(..len)?).ok()?.parse().ok()
    }
}

impl io::Read for Response {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        Ok(self.body_read(buf)?)
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status_code", &self.status_code)
            .field("handle", &self.handle())
            .finish_non_exhaustive()
    }
}

/// Reads all of a response and closes it.
impl TryFrom<Response> for http::Response<Option<Bytes>> {
    type Error = Error;

    fn try_from(mut response: Response) -> Result<Self, Error> {
        let headers = response.headers_get_all()?;
        let body = response.body_read_all()?;
        let mut whole = http::Response::new(Some(Bytes::from(body)));
        *whole.status_mut() = response.status_code;
        *whole.headers_mut() = headers;
        Ok(whole)
    }
}
