//! A server that costs as little as possible, so that a difference between clients shows.
//!
//! `GET /get` answers 64 bytes, `GET /headers/N` the same with `N` header fields more, `GET /bytes/N` a
//! body of `N`, `GET /connections` a body of as many bytes as connections were made, and anything with
//! a body 64 bytes once that is read. The port is printed to stdout.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::{fs, process, thread};

use wasi_experimental_http_test_server::TestCa;
use wasmtime::Result;
use wasmtime::error::Context;

use crate::measure::SMALL;

/// What a certificate is for: the address, and the names of [`crate::connections`].
const NAMES: [&str; 2] = ["127.0.0.1", "*.bench.test"];

const PIECE: usize = 256 * 1024;

static CONNECTIONS: AtomicU64 = AtomicU64::new(0);

pub fn run(ca_file: Option<&Path>) -> Result<()> {
    let tls = match ca_file {
        None => None,
        Some(path) => {
            let ca = TestCa::new();
            fs::write(path, ca.pem())
                .with_context(|| format!("cannot write {}", path.display()))?;
            Some(ca.certificate_for(&NAMES).config())
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?.port());
    thread::spawn(|| {
        // The one who started this process has ended, or wants it to end.
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        process::exit(0);
    });
    for stream in listener.incoming() {
        let stream = stream?;
        CONNECTIONS.fetch_add(1, Ordering::Relaxed);
        stream.set_nodelay(true)?;
        let tls = tls.clone();
        thread::spawn(move || match tls {
            None => serve(&mut &stream),
            Some(config) => serve_tls(config, stream),
        });
    }
    Ok(())
}

fn serve_tls(config: Arc<rustls::ServerConfig>, stream: TcpStream) -> io::Result<()> {
    let connection = rustls::ServerConnection::new(config).map_err(io::Error::other)?;
    serve(&mut rustls::StreamOwned::new(connection, stream))
}

fn serve(stream: &mut (impl Read + Write)) -> io::Result<()> {
    let mut buffer = vec![0; PIECE];
    let piece = vec![b'x'; PIECE];
    let small = small(0);
    let mut with_headers = (0, small.clone());
    let mut filled = 0;
    loop {
        let head = loop {
            if let Some(end) = find(&buffer[..filled], b"\r\n\r\n") {
                break end + 4;
            }
            match stream.read(&mut buffer[filled..])? {
                0 => return Ok(()),
                count => filled += count,
            }
        };
        let text = String::from_utf8_lossy(&buffer[..head]).to_ascii_lowercase();
        let mut to_read: usize = text
            .split("content-length: ")
            .nth(1)
            .and_then(|rest| rest.split('\r').next()?.parse().ok())
            .unwrap_or(0);
        let mut to_send: u64 = if text.starts_with("get /connections ") {
            CONNECTIONS.load(Ordering::Relaxed)
        } else {
            number_behind(&text, "get /bytes/").unwrap_or(0)
        };
        buffer.copy_within(head..filled, 0);
        filled -= head;
        while to_read > 0 {
            if filled == 0 {
                filled = stream.read(&mut buffer)?;
                if filled == 0 {
                    return Ok(());
                }
            }
            let taken = filled.min(to_read);
            buffer.copy_within(taken..filled, 0);
            filled -= taken;
            to_read -= taken;
        }
        let headers = number_behind(&text, "get /headers/").unwrap_or(0);
        if headers > 0 {
            if with_headers.0 != headers {
                with_headers = (headers, self::small(headers));
            }
            stream.write_all(&with_headers.1)?;
            continue;
        }
        if to_send == 0 {
            stream.write_all(&small)?;
            continue;
        }
        write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {to_send}\r\n\r\n"
        )?;
        while to_send > 0 {
            let count = to_send.min(PIECE as u64);
            stream.write_all(&piece[..count as usize])?;
            to_send -= count;
        }
    }
}

/// The small answer, with so many header fields more.
fn small(headers: u64) -> Vec<u8> {
    let mut answer =
        format!("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {SMALL}\r\n");
    for number in 0..headers {
        answer += &format!("x-header-{number}: a value of the usual length\r\n");
    }
    answer += "\r\n";
    answer += &"x".repeat(SMALL);
    answer.into_bytes()
}

fn number_behind(text: &str, prefix: &str) -> Option<u64> {
    text.strip_prefix(prefix)?.split(' ').next()?.parse().ok()
}

/// Where in something else something is.
pub fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}
