//! Streaming request bodies.

use std::io::{self, Read, Write};
use std::{fmt, str};

use http::header::CONTENT_LENGTH;
use http::request::Parts;
use http::{HeaderMap, Request};

use crate::error::counted;
use crate::exchange::Exchange;
use crate::raw::{self, ResponseHandle};
use crate::{Error, HttpError, Pending, RequestOptions, Response, transfer};

/// The host's value for a body of unknown length, which is sent in chunks.
const CHUNKED: u64 = u64::MAX;

/// How much [`send_reader`] reads at a time, in bytes: 16 host calls per MiB.
const PIECE: usize = 64 * 1024;

/// Starts a request whose body is written piece by piece.
///
/// If the request has a header `Content-Length` that is a number, the body has this length;
/// otherwise it is sent in chunks, which servers that speak HTTP/1.0 may not understand. With
/// [`open_sized`] the length is a parameter.
///
/// ```no_run
/// use std::io::Write;
///
/// use wasi_experimental_http::{http::Request, open};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut body = open(Request::put("https://example.com/numbers").body(())?)?;
/// for number in 0..1_000_000 {
///     writeln!(body, "{number}")?;
/// }
/// println!("{}", body.finish()?.status_code);
/// # Ok(())
/// # }
/// ```
///
/// Each write is a call of the host: many small ones are quicker behind a [`std::io::BufWriter`].
///
/// # Errors
///
/// Those of [`start`](crate::start).
pub fn open(req: Request<()>) -> Result<BodyWriter, Error> {
    let (head, ()) = req.into_parts();
    let length = content_length(&head.headers).unwrap_or(CHUNKED);
    open_parts(&head, length)
}

/// Starts a request like [`open`], whose body has `length` bytes.
///
/// # Errors
///
/// Those of [`start`](crate::start).
pub fn open_sized(req: Request<()>, length: u64) -> Result<BodyWriter, Error> {
    open_parts(&req.into_parts().0, length)
}

fn open_parts(head: &Parts, length: u64) -> Result<BodyWriter, Error> {
    let options = RequestOptions::of(head).map(RequestOptions::list);
    let exchange = Exchange::start(head, &options.unwrap_or_default(), length)?;
    Ok(BodyWriter {
        exchange,
        is_whole: length == 0,
        is_refused: false,
    })
}

/// The `Content-Length` of a request. The host rejects one that is not a number.
fn content_length(headers: &HeaderMap) -> Option<u64> {
    let value = headers.get(CONTENT_LENGTH)?;
    str::from_utf8(value.as_bytes()).ok()?.trim().parse().ok()
}

/// Sends a request whose body comes from a reader, and waits for the status and the headers of the
/// response. What it holds of the body at a time stays the same whatever its size.
///
/// The length is as for [`open`]. A server may answer before it has the whole body, most often
/// because it does not want it: then reading ends, and its response is what this gives.
///
/// ```no_run
/// use std::fs::File;
///
/// use wasi_experimental_http::http::{Request, header::CONTENT_LENGTH};
/// use wasi_experimental_http::send_reader;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let file = File::open("large")?;
/// let length = file.metadata()?.len();
/// let req = Request::put("https://example.com/large").header(CONTENT_LENGTH, length);
/// println!("{}", send_reader(req.body(())?, file)?.status_code);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Those of the reader, after which the server sees that the request broke off; and those of
/// [`open`] and of [`BodyWriter`], as [`io::Error`]s that hold an [`Error`].
pub fn send_reader(req: Request<()>, mut reader: impl Read) -> io::Result<Response> {
    read_all(open(req)?, &mut reader)
}

/// The part of [`send_reader`] that does not depend on the reader's type, so that it is compiled
/// once.
fn read_all(mut writer: BodyWriter, reader: &mut dyn Read) -> io::Result<Response> {
    let mut piece = vec![0; PIECE];
    loop {
        let read = match reader.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        match writer.write_all(&piece[..read]) {
            Ok(()) => {}
            Err(_) if writer.is_refused => break,
            Err(error) => return Err(error),
        }
    }
    Ok(writer.finish()?)
}

/// The body of a request in progress, written by [`body_write`](BodyWriter::body_write) or anything
/// that takes an [`io::Write`]. Dropping it cancels the request, and the server sees an incomplete
/// body.
///
/// A server may answer before it has the whole body. Then writing is an error of the kind
/// [`BrokenPipe`](io::ErrorKind::BrokenPipe), and [`finish`](BodyWriter::finish) gives the response.
/// Writing more than was announced is the same error.
#[must_use = "a request whose body is not finished is given up"]
pub struct BodyWriter {
    exchange: Exchange,
    /// Whether the request has no body, so that there is nothing to finish.
    is_whole: bool,
    /// Whether the host accepts no more.
    is_refused: bool,
}

impl BodyWriter {
    /// Writes the next bytes of the body, and gives how many the host took: at least one, if there
    /// are any. Waits while the server takes nothing and the host holds as much as it may.
    ///
    /// # Errors
    ///
    /// [`HttpError::BODY_CLOSED`] if the server has answered or the body has its length already, and
    /// the other codes of the host.
    pub fn body_write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        if bytes.is_empty() {
            return Ok(0);
        }
        match counted(raw::body_write(self.exchange.handle, bytes)) {
            Ok(written) => transfer::checked(written, bytes.len()),
            Err(error) => {
                self.is_refused |= error == HttpError::BODY_CLOSED;
                Err(error.into())
            }
        }
    }

    /// Ends the body, and waits for the status and the headers of the response. The server may have
    /// answered earlier.
    ///
    /// # Errors
    ///
    /// [`HttpError::INCOMPLETE_BODY`] if the body is shorter than was announced, and those of the
    /// request.
    pub fn finish(self) -> Result<Response, Error> {
        self.into_pending()?.wait()
    }

    /// Ends the body like [`finish`](BodyWriter::finish), without waiting for the response.
    ///
    /// # Errors
    ///
    /// [`HttpError::INCOMPLETE_BODY`] if the body is shorter than was announced.
    pub fn into_pending(self) -> Result<Pending, Error> {
        if !self.is_whole && !self.is_refused {
            match counted(raw::body_finish(self.exchange.handle)) {
                Ok(()) | Err(HttpError::BODY_CLOSED) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Pending::new(self.exchange))
    }

    /// Cancels the request. Dropping it does the same, but cannot report an error.
    ///
    /// # Errors
    ///
    /// Those of the host; there are none unless the host is broken.
    pub fn close(self) -> Result<(), Error> {
        self.exchange.close()
    }

    /// The handle of the request, for calls of [`raw`]. It is still closed by this.
    #[must_use]
    pub fn handle(&self) -> ResponseHandle {
        self.exchange.handle
    }
}

impl Write for BodyWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(self.body_write(bytes)?)
    }

    /// Does nothing: the host sends what it has on its own.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for BodyWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyWriter")
            .field("handle", &self.handle())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use http::Response;

    use super::*;
    use crate::testing::{self, Served};

    /// Answers with the body, where the length that the request announces is the status's.
    fn echo() -> Served {
        testing::serve(|req| Ok(Response::new(req.into_body())))
    }

    fn put() -> http::request::Builder {
        Request::put("http://a/")
    }

    #[test]
    fn bodies_are_written_in_chunks_or_with_a_length() {
        let _served = echo();
        let text = "0123456789".repeat(1000);
        let with_header = put().header(CONTENT_LENGTH, text.len());
        for writer in [
            open(put().body(()).unwrap()),
            open(with_header.body(()).unwrap()),
            open_sized(put().body(()).unwrap(), text.len() as u64),
        ] {
            let mut writer = writer.unwrap();
            writer.write_all(text.as_bytes()).unwrap();
            writer.flush().unwrap();
            let mut response = writer.finish().unwrap();
            assert!(response.body_read_all().unwrap() == text.as_bytes());
        }
    }

    #[test]
    fn a_body_of_no_bytes_needs_not_be_written() {
        let _served = echo();
        for writer in [
            open(put().body(()).unwrap()),
            open_sized(put().body(()).unwrap(), 0),
        ] {
            let mut response = writer.unwrap().finish().unwrap();
            assert_eq!(response.body_read_all().unwrap(), b"");
        }
    }

    #[test]
    fn too_few_bytes_and_too_many_are_errors() {
        let _served = echo();
        let mut writer = open_sized(put().body(()).unwrap(), 4).unwrap();
        writer.write_all(b"abc").unwrap();
        let error = writer.finish().unwrap_err();
        assert_eq!(error.code(), Some(HttpError::INCOMPLETE_BODY));

        let mut writer = open_sized(put().body(()).unwrap(), 4).unwrap();
        writer.write_all(b"abcd").unwrap();
        let error = writer.write_all(b"e").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
        // The four are there all the same.
        assert_eq!(writer.finish().unwrap().body_read_all().unwrap(), b"abcd");
    }

    #[test]
    fn a_request_that_is_given_up_is_closed() {
        let _served = echo();
        for close in [drop, |writer: BodyWriter| writer.close().unwrap()] {
            let writer = open(put().body(()).unwrap()).unwrap();
            let handle = writer.handle();
            close(writer);
            let error = raw::body_write(handle, b"a").unwrap_err();
            assert_eq!(error, HttpError::INVALID_HANDLE);
        }
    }

    #[test]
    fn a_reader_is_sent_whole() {
        let _served = echo();
        let body: Vec<u8> = (0..200_000_u32).map(|i| (i % 251) as u8).collect();
        let mut response = send_reader(put().body(()).unwrap(), &body[..]).unwrap();
        assert!(response.body_read_all().unwrap() == body);
    }

    #[test]
    fn an_error_of_the_reader_gives_the_request_up() {
        /// Fails, but for the first time.
        struct Broken(bool);

        impl Read for Broken {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                if std::mem::replace(&mut self.0, true) {
                    return Err(io::Error::other("broken"));
                }
                buffer[0] = 1;
                Ok(1)
            }
        }

        let _served = testing::serve::<&str>(|_| panic!("the body is not whole"));
        let error = send_reader(put().body(()).unwrap(), Broken(false)).unwrap_err();
        assert_eq!(error.to_string(), "broken");
    }

    /// Which is where the server has answered.
    #[test]
    fn a_reader_is_not_read_on_when_the_body_is_closed() {
        let _served = echo();
        let request = put().header(CONTENT_LENGTH, 10).body(()).unwrap();
        let twice = b"0123456789".repeat(2);
        let mut read = 0;
        let reader = twice.chunks(10).inspect(|_| read += 1);
        struct Pieces<I>(I);
        impl<'a, I: Iterator<Item = &'a [u8]>> Read for Pieces<I> {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                let Some(piece) = self.0.next() else {
                    panic!("read on");
                };
                buffer[..piece.len()].copy_from_slice(piece);
                Ok(piece.len())
            }
        }
        let mut response = send_reader(request, Pieces(reader)).unwrap();
        assert_eq!(response.body_read_all().unwrap(), b"0123456789");
        assert_eq!(read, 2);
    }

    #[test]
    fn what_is_no_length_is_the_hosts_to_refuse() {
        let length = |value: &str| {
            let head = put().header(CONTENT_LENGTH, value).body(()).unwrap();
            content_length(head.headers())
        };
        assert_eq!(length("12"), Some(12));
        assert_eq!(length("-1"), None);
        assert_eq!(length("many"), None);
        assert_eq!(content_length(put().body(()).unwrap().headers()), None);
    }
}
