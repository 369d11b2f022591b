//! Writing responses: the status line, the headers, and a body in one of the ways of framing it.

use std::io;

use crate::connection::Connection;
use crate::pattern::{SLICE, pattern_slice};

/// A response that is sent in one go.
pub(crate) struct Response<'a> {
    pub status: u16,
    pub headers: Vec<(&'a str, &'a [u8])>,
    pub body: Body<'a>,
}

/// What follows the headers, and how its end is marked.
pub(crate) enum Body<'a> {
    /// Nothing, and no framing header either: for 204 and 304.
    Absent,
    /// These bytes, with their length.
    Bytes(&'a [u8]),
    /// So many bytes of the pattern.
    Pattern(u64, Framing),
}

/// How the end of a body is marked (RFC 9112, section 6.3).
#[derive(Clone, Copy)]
pub(crate) enum Framing {
    Length,
    /// In chunks of this size.
    Chunked(usize),
    /// By the end of the connection, which the caller brings about.
    Close,
}

impl<'a> Response<'a> {
    /// A response with a short text as its body.
    pub(crate) fn text(status: u16, body: &'a str) -> Self {
        Response {
            status,
            headers: vec![("Content-Type", b"text/plain")],
            body: Body::Bytes(body.as_bytes()),
        }
    }

    pub(crate) fn with(mut self, name: &'a str, value: &'a [u8]) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Sends the response; `head` leaves out the body, as the answer to HEAD does.
    pub(crate) fn send(&self, connection: &mut Connection, head: bool) -> io::Result<()> {
        let mut out = status_line(self.status).into_bytes();
        for (name, value) in &self.headers {
            push_header(&mut out, name, value);
        }
        match self.body {
            Body::Absent => {}
            Body::Bytes(bytes) => {
                push_header(
                    &mut out,
                    "Content-Length",
                    bytes.len().to_string().as_bytes(),
                );
            }
            Body::Pattern(len, Framing::Length) => {
                push_header(&mut out, "Content-Length", len.to_string().as_bytes());
            }
            Body::Pattern(_, Framing::Chunked(_)) => {
                push_header(&mut out, "Transfer-Encoding", b"chunked");
            }
            Body::Pattern(_, Framing::Close) => push_header(&mut out, "Connection", b"close"),
        }
        out.extend_from_slice(b"\r\n");
        if head {
            return connection.send(&out);
        }
        match self.body {
            Body::Absent => connection.send(&out),
            Body::Bytes(bytes) => {
                out.extend_from_slice(bytes);
                connection.send(&out)
            }
            Body::Pattern(len, Framing::Chunked(chunk)) => {
                send_chunked(connection, out, len, chunk.max(1) as u64)
            }
            Body::Pattern(len, Framing::Length | Framing::Close) => {
                connection.send(&out)?;
                let mut offset = 0;
                while offset < len {
                    let slice = pattern_slice(offset, len - offset);
                    connection.send(slice)?;
                    offset += slice.len() as u64;
                }
                Ok(())
            }
        }
    }
}

fn send_chunked(
    connection: &mut Connection,
    mut out: Vec<u8>,
    len: u64,
    chunk: u64,
) -> io::Result<()> {
    let mut offset = 0;
    while offset < len {
        let end = len.min(offset.saturating_add(chunk));
        out.extend_from_slice(format!("{:x}\r\n", end - offset).as_bytes());
        while offset < end {
            let slice = pattern_slice(offset, end - offset);
            out.extend_from_slice(slice);
            offset += slice.len() as u64;
            // Small chunks share a write, large ones are cut in several.
            if out.len() >= SLICE {
                connection.send(&out)?;
                out.clear();
            }
        }
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"0\r\n\r\n");
    connection.send(&out)
}

pub(crate) fn status_line(status: u16) -> String {
    format!("HTTP/1.1 {status} {}\r\n", reason(status))
}

pub(crate) fn push_header(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(if value.is_empty() { b":" } else { b": " });
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

fn reason(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        101 => "Switching Protocols",
        102 => "Processing",
        103 => "Early Hints",
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        404 => "Not Found",
        418 => "I'm a teapot",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        // RFC 9112, section 4: the phrase may be empty, the space before it may not.
        _ => "",
    }
}
