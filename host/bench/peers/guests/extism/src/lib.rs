//! The work of the benchmarks for Extism, as `host/bench/guests/rust` does it for ours.
//!
//! Each function is given a number and the URL, with a space between them, and gives how many bytes
//! came or were sent. A response comes as a whole: Extism has no pieces.

use std::cell::RefCell;

use extism_pdk::{Error, FnResult, HttpRequest, HttpResponse, http, plugin_fn};

thread_local! {
    static BODY: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

fn parts(input: &str) -> Result<(u32, &str), Error> {
    let (number, url) = input
        .split_once(' ')
        .ok_or_else(|| Error::msg(format!("no space in {input:?}")))?;
    Ok((number.parse()?, url))
}

fn send(url: &str, method: &str, body: Option<Vec<u8>>) -> Result<HttpResponse, Error> {
    let response = http::request(&HttpRequest::new(url).with_method(method), body)?;
    match response.status_code() {
        200 => Ok(response),
        status => Err(Error::msg(format!("status {status}"))),
    }
}

/// The bytes of a response, whose memory outside of the guest is given back.
fn bytes(response: HttpResponse) -> u64 {
    let body = response.body();
    response.into_memory().free();
    body.len() as u64
}

/// Sends so many GET requests one after the other and reads their bodies.
#[plugin_fn]
pub fn get(input: String) -> FnResult<String> {
    let (count, url) = parts(&input)?;
    let total = (0..count).try_fold(0, |total, _| {
        Ok::<_, Error>(total + bytes(send(url, "GET", None)?))
    })?;
    Ok(total.to_string())
}

/// Makes the body that [`upload`] sends, and no request.
#[plugin_fn]
pub fn fill(input: String) -> FnResult<String> {
    let (size, _) = parts(&input)?;
    BODY.set(vec![b'a'; size as usize]);
    Ok(size.to_string())
}

/// Sends the body that [`fill`] made.
#[plugin_fn]
pub fn upload(input: String) -> FnResult<String> {
    let (_, url) = parts(&input)?;
    let body = BODY.take();
    let size = body.len();
    bytes(send(url, "POST", Some(body))?);
    Ok(size.to_string())
}
