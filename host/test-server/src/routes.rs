//! The built-in routes; the table in the crate's documentation says what each answers.

use std::io;
use std::time::Duration;

use crate::connection::Connection;
use crate::request::ReceivedRequest;
use crate::response::{Body, Framing, Response, push_header, status_line};

/// The body of `/` and `/get`.
pub const HELLO: &str = "Hello, world!";
/// The length of the header value at `/response-headers/large`: 60 KiB, under the 64 KiB at
/// which many clients give up.
pub const LARGE_HEADER_LEN: usize = 60 * 1024;
/// The body of `/gzip`: [`HELLO`] in gzip (RFC 1952).
pub const GZIP: &[u8] = &[
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0xd7,
    0x51, 0x28, 0xcf, 0x2f, 0xca, 0x49, 0x51, 0x04, 0x00, 0xe6, 0xc6, 0xe6, 0xeb, 0x0d, 0x00, 0x00,
    0x00,
];

const CHUNK_DEFAULT: usize = 64 * 1024;

/// What becomes of the connection after a response.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    /// The next request may come, unless this one asked for the end.
    KeepAlive,
    /// A proper end.
    Close,
    /// An end at the TCP level alone.
    Truncate,
}

/// Whether a route needs the whole body of its request.
pub(crate) fn keeps_body(path: &str) -> bool {
    matches!(path, "/echo" | "/post")
}

/// Answers a request.
pub(crate) fn respond(connection: &mut Connection, request: &ReceivedRequest) -> io::Result<After> {
    let head = request.method == "HEAD";
    let segments: Vec<&str> = request.path().split('/').skip(1).collect();
    let response = match segments[..] {
        [""] | ["get"] => Response::text(200, HELLO),
        ["echo"] | ["post"] => Response {
            status: 200,
            headers: vec![(
                "Content-Type",
                request.header("content-type").unwrap_or(b"text/plain"),
            )],
            body: Body::Bytes(&request.body),
        },
        ["headers"] => {
            let mut body = Vec::new();
            for (name, value) in &request.headers {
                body.extend_from_slice(name.as_bytes());
                body.extend_from_slice(b": ");
                body.extend_from_slice(value);
                body.push(b'\n');
            }
            Response {
                body: Body::Bytes(&body),
                ..Response::text(200, "")
            }
            .send(connection, head)?;
            return Ok(After::KeepAlive);
        }
        ["method"] => Response::text(200, &request.method),
        ["status", status] => match status.parse() {
            Ok(status @ (204 | 304)) => Response {
                status,
                headers: Vec::new(),
                body: Body::Absent,
            },
            Ok(status @ 200..=599) => Response::text(status, "a status"),
            _ => Response::text(400, "a status is 200 to 599"),
        },
        ["empty"] => Response::text(200, ""),
        ["bytes", len] => return pattern(connection, head, len, Framing::Length),
        ["chunked", len] => {
            let chunk = match request.query("chunk").map(|size| size.parse()) {
                None => CHUNK_DEFAULT,
                Some(Ok(size @ 1..)) => size,
                Some(_) => return bad_number(connection, head),
            };
            return pattern(connection, head, len, Framing::Chunked(chunk));
        }
        ["close", len] => return pattern(connection, head, len, Framing::Close),
        ["response-headers", ref what @ ..] => return response_headers(connection, head, what),
        ["redirect", hops] => match hops.parse::<u64>() {
            Ok(0) => Response::text(200, HELLO),
            Ok(1) => return redirect(connection, request, "/get"),
            Ok(hops) => {
                let query = request
                    .target
                    .strip_prefix(request.path())
                    .unwrap_or_default();
                let next = format!("/redirect/{}{query}", hops - 1);
                return redirect(connection, request, &next);
            }
            Err(_) => return bad_number(connection, head),
        },
        ["redirect-to"] => match request.query("url") {
            Some(url) => return redirect(connection, request, &url),
            None => Response::text(400, "no url in the query"),
        },
        ["redirect-loop"] => return redirect(connection, request, "/redirect-loop"),
        ["interim", status] => match status.parse::<u16>() {
            Ok(status @ (100 | 102..=199)) => {
                let mut interim = status_line(status).into_bytes();
                if status == 103 {
                    push_header(&mut interim, "Link", b"</style.css>; rel=preload");
                }
                interim.extend_from_slice(b"\r\n");
                connection.send(&interim)?;
                Response::text(200, HELLO)
            }
            _ => Response::text(400, "an interim status is 100 to 199, and not 101"),
        },
        ["switching-protocols"] => {
            let mut out = status_line(101).into_bytes();
            push_header(&mut out, "Connection", b"upgrade");
            push_header(&mut out, "Upgrade", b"nonsense");
            out.extend_from_slice(b"\r\n");
            connection.send(&out)?;
            connection.wait_for_end()?;
            return Ok(After::Close);
        }
        ["slow-headers"] => {
            let Ok(at_most) = milliseconds(request) else {
                return bad_number(connection, head);
            };
            connection.wait_for_release(at_most)?;
            Response::text(200, HELLO)
        }
        ["gate"] | ["slow-body"] => return gate(connection, request, head),
        ["hang"] => {
            connection.wait_for_end()?;
            return Ok(After::Truncate);
        }
        ["gzip"] => Response {
            body: Body::Bytes(GZIP),
            ..Response::text(200, "").with("Content-Encoding", b"gzip")
        },
        ["lying-length"] => {
            let claim = request.query("claim").unwrap_or_else(|| "10".to_owned());
            let mut out = status_line(200).into_bytes();
            push_header(&mut out, "Content-Length", claim.as_bytes());
            out.extend_from_slice(b"\r\nfirst");
            connection.send(&out)?;
            return Ok(After::Truncate);
        }
        _ => Response::text(404, "no such route"),
    };
    response.send(connection, head)?;
    Ok(After::KeepAlive)
}

fn bad_number(connection: &mut Connection, head: bool) -> io::Result<After> {
    Response::text(400, "not a number").send(connection, head)?;
    Ok(After::KeepAlive)
}

fn pattern(
    connection: &mut Connection,
    head: bool,
    len: &str,
    framing: Framing,
) -> io::Result<After> {
    let Ok(len) = len.parse() else {
        return bad_number(connection, head);
    };
    let response = Response {
        status: 200,
        headers: vec![("Content-Type", b"application/octet-stream")],
        body: Body::Pattern(len, framing),
    };
    response.send(connection, head)?;
    Ok(match framing {
        Framing::Close => After::Close,
        Framing::Length | Framing::Chunked(_) => After::KeepAlive,
    })
}

fn response_headers(connection: &mut Connection, head: bool, what: &[&str]) -> io::Result<After> {
    let ok = Response::text(200, HELLO);
    let response = match what {
        ["repeated"] => ok
            .with("Set-Cookie", b"a=1")
            .with("X-Repeat", b"one")
            .with("Set-Cookie", b"b=2")
            .with("X-Repeat", b"")
            .with("X-Repeat", b"three"),
        ["large"] => ok.with("X-Large", &[b'a'; LARGE_HEADER_LEN]),
        ["empty"] => ok.with("X-Empty", b""),
        ["not-utf8"] => ok
            .with("X-Before", b"1")
            .with("X-Latin", b"caf\xe9")
            .with("X-After", b"2"),
        [kind @ ("count" | "size"), number] => {
            let Ok(number) = number.parse::<usize>() else {
                return bad_number(connection, head);
            };
            if *kind == "size" {
                let value = vec![b'a'; number];
                ok.with("X-Large", &value).send(connection, head)?;
            } else {
                let fields: Vec<(String, String)> = (0..number)
                    .map(|i| (format!("X-{i}"), i.to_string()))
                    .collect();
                fields
                    .iter()
                    .fold(ok, |response, (name, value)| {
                        response.with(name, value.as_bytes())
                    })
                    .send(connection, head)?;
            }
            return Ok(After::KeepAlive);
        }
        _ => Response::text(404, "no such route"),
    };
    response.send(connection, head)?;
    Ok(After::KeepAlive)
}

fn redirect(
    connection: &mut Connection,
    request: &ReceivedRequest,
    location: &str,
) -> io::Result<After> {
    let status = match request.query("status").map(|status| status.parse()) {
        None => 302,
        Some(Ok(status @ 300..=399)) => status,
        Some(_) => return bad_number(connection, request.method == "HEAD"),
    };
    Response::text(status, "a redirect")
        .with("Location", location.as_bytes())
        .send(connection, request.method == "HEAD")?;
    Ok(After::KeepAlive)
}

fn gate(connection: &mut Connection, request: &ReceivedRequest, head: bool) -> io::Result<After> {
    let Ok(at_most) = milliseconds(request) else {
        return bad_number(connection, head);
    };
    let mut out = status_line(200).into_bytes();
    push_header(&mut out, "Content-Type", b"text/plain");
    push_header(&mut out, "Content-Length", b"11");
    out.extend_from_slice(b"\r\n");
    if head {
        connection.send(&out)?;
        return Ok(After::KeepAlive);
    }
    out.extend_from_slice(b"first");
    connection.send(&out)?;
    connection.wait_for_release(at_most)?;
    connection.send(b"second")?;
    Ok(After::KeepAlive)
}

/// The longest time to wait, if the query has one.
fn milliseconds(request: &ReceivedRequest) -> Result<Option<Duration>, std::num::ParseIntError> {
    request
        .query("ms")
        .map(|ms| ms.parse().map(Duration::from_millis))
        .transpose()
}
