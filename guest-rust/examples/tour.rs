//! A tour of what the crate does: it gets a body, posts one, looks at the headers of a response,
//! and streams a larger body. Prints what comes back, in a line each.
//!
//! The first argument is the origin of a server that has the paths below, as that of
//! `cargo xtask demo` does: `http://127.0.0.1:8080` for example.

use std::process::ExitCode;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use wasi_experimental_http::{Response, request};

/// What ends the program if it fails.
type Error = Box<dyn std::error::Error>;

/// The size of the body that is streamed, in bytes.
const LARGE: usize = 1024 * 1024;

/// The size of a piece of it, in bytes.
const PIECE: usize = 64 * 1024;

fn main() -> Result<ExitCode, Error> {
    let Some(origin) = std::env::args().nth(1) else {
        eprintln!("usage: tour ORIGIN");
        return Ok(ExitCode::from(2));
    };
    whole(&format!("{origin}/get"))?;
    post(&format!("{origin}/post"))?;
    headers(&format!("{origin}/get"))?;
    stream(&format!("{origin}/bytes/{LARGE}"))?;
    Ok(ExitCode::SUCCESS)
}

/// Sends a GET request.
fn get(url: &str) -> Result<Response, Error> {
    Ok(request(http::Request::get(url).body(None)?)?)
}

/// Gets a body, all of it at once.
fn whole(url: &str) -> Result<(), Error> {
    let mut res = get(url)?;
    let body = res.body_read_all()?;
    println!("get: {}, {} bytes", res.status_code.as_u16(), body.len());
    Ok(())
}

/// Posts a body.
fn post(url: &str) -> Result<(), Error> {
    let req = http::Request::post(url)
        .header(CONTENT_TYPE, "text/plain")
        .body(Some(Bytes::from("Hello, server!")))?;
    println!("post: {}", request(req)?.status_code.as_u16());
    Ok(())
}

/// Looks at one header of a response, and at all of them.
fn headers(url: &str) -> Result<(), Error> {
    let res = get(url)?;
    println!("content-type: {}", res.header_get("Content-Type")?);
    println!("headers: {}", res.headers_get_all()?.len());
    Ok(())
}

/// Reads a body in pieces, which needs no more memory for a larger one.
fn stream(url: &str) -> Result<(), Error> {
    let mut res = get(url)?;
    let mut piece = vec![0; PIECE];
    let mut bytes = 0;
    loop {
        let read = res.body_read(&mut piece)?;
        if read == 0 {
            break;
        }
        bytes += read;
    }
    println!("stream: {bytes}");
    Ok(())
}
