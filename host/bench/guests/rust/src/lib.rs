//! A guest that `cargo xtask bench` measures: loops over requests, as a program would write them.
//!
//! `HTTP_URL` is the URL. Each function gives -1 if anything is not as it should be.

use std::io::Read;

use bytes::Bytes;
use http::{Method, Request};
use wasi_experimental_http::{Error, Response};

fn url() -> String {
    std::env::var("HTTP_URL").unwrap_or_default()
}

fn send(method: Method, url: &str, body: Option<Bytes>) -> Result<Response, Error> {
    let request = Request::builder().method(method).uri(url).body(body);
    let response = wasi_experimental_http::request(request.expect("the URL is valid"))?;
    assert_eq!(response.status_code, 200);
    Ok(response)
}

fn result(result: Result<u64, Error>) -> i64 {
    match result {
        Ok(bytes) => i64::try_from(bytes).unwrap_or(-1),
        Err(error) => {
            eprintln!("{error}");
            -1
        }
    }
}

/// Sends `count` GET requests one after the other and reads their bodies; how many bytes came.
#[unsafe(no_mangle)]
pub extern "C" fn get(count: u32) -> i64 {
    let url = url();
    result((0..count).try_fold(0, |bytes, _| {
        let body = send(Method::GET, &url, None)?.body_read_all()?;
        Ok(bytes + body.len() as u64)
    }))
}

/// Reads one body in pieces of `size` bytes; how many bytes came.
#[unsafe(no_mangle)]
pub extern "C" fn download(size: u32) -> i64 {
    let read = || {
        let mut response = send(Method::GET, &url(), None)?;
        let mut buffer = vec![0; size as usize];
        let mut bytes = 0;
        loop {
            match response.body_read(&mut buffer)? {
                0 => return Ok(bytes),
                count => bytes += count as u64,
            }
        }
    };
    result(read())
}

/// Sends one body of `size` bytes; how many were sent.
#[unsafe(no_mangle)]
pub extern "C" fn upload(size: u32) -> i64 {
    let body = Bytes::from(vec![b'a'; size as usize]);
    result(send(Method::POST, &url(), Some(body)).map(|_| u64::from(size)))
}

/// Makes the body that [`upload`] sends, and no request.
#[unsafe(no_mangle)]
pub extern "C" fn fill(size: u32) -> i64 {
    let body = std::hint::black_box(vec![b'a'; size as usize]);
    body.len() as i64
}

/// Get, post, headers and stream: what a small plugin has in it, to see how large that is.
#[unsafe(no_mangle)]
pub extern "C" fn all() -> i64 {
    let work = || {
        let mut response = send(Method::POST, &url(), Some(Bytes::from_static(b"hello")))?;
        println!("{:?}", response.header_get("content-type")?);
        println!("{}", response.headers_get_all()?.len());
        let mut buffer = [0; 4096];
        let mut bytes = 0;
        while let count @ 1.. = response.read(&mut buffer).unwrap_or_default() {
            bytes += count as u64;
        }
        Ok(bytes)
    };
    result(work())
}
