//! A guest that `cargo xtask bench` measures: loops over requests, as a program would write them.
//!
//! Whoever runs it writes the URL to the `url_buffer` first. Each function gives -1 if anything is
//! not as it should be.

use std::cell::RefCell;
use std::io::Write;

use bytes::Bytes;
use http::{Method, Request};
use wasi_experimental_http::{Error, Response};

thread_local! {
    static URL: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static BODY: RefCell<Bytes> = const { RefCell::new(Bytes::new()) };
}

/// Where a URL of `len` bytes has to be written.
#[unsafe(no_mangle)]
pub extern "C" fn url_buffer(len: u32) -> *mut u8 {
    URL.with_borrow_mut(|url| {
        url.resize(len as usize, 0);
        url.as_mut_ptr()
    })
}

fn url() -> String {
    URL.with_borrow(|url| String::from_utf8(url.clone()).expect("the URL is text"))
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

/// Like [`get`], with as many header fields as the URL ends with; those of the answers are read.
#[unsafe(no_mangle)]
pub extern "C" fn get_with_headers(count: u32) -> i64 {
    let url = url();
    let number = url.rsplit('/').next().map(str::parse);
    let headers: u32 = number.and_then(Result::ok).unwrap_or(0);
    result((0..count).try_fold(0, |bytes, _| {
        let mut request = Request::get(&url);
        for number in 0..headers {
            request = request.header(format!("x-header-{number}"), "a value of the usual length");
        }
        let request = request.body(()).expect("the URL is valid");
        let mut response = wasi_experimental_http::send(request)?;
        let of_values = response
            .headers_get_all()?
            .values()
            .map(|value| value.len())
            .sum::<usize>();
        assert!(of_values > 0);
        Ok(bytes + response.body_read_all()?.len() as u64)
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

/// Makes the body that [`upload`] sends, and no request.
#[unsafe(no_mangle)]
pub extern "C" fn fill(size: u32) -> i64 {
    BODY.set(Bytes::from(vec![b'a'; size as usize]));
    i64::from(size)
}

/// Sends a body of `size` bytes that [`fill`] made; how many were sent.
#[unsafe(no_mangle)]
pub extern "C" fn upload(size: u32) -> i64 {
    let body = BODY.take();
    assert_eq!(body.len(), size as usize);
    result(send(Method::POST, &url(), Some(body)).map(|_| u64::from(size)))
}

/// Like [`get`], with requests that are not waited for when they are started.
#[unsafe(no_mangle)]
pub extern "C" fn get_started(count: u32) -> i64 {
    let url = url();
    result((0..count).try_fold(0, |bytes, _| {
        let pending = wasi_experimental_http::start(request(&url))?;
        let body = pending.wait()?.body_read_all()?;
        Ok(bytes + body.len() as u64)
    }))
}

fn request(url: &str) -> Request<()> {
    Request::get(url).body(()).expect("the URL is valid")
}

/// Like [`get`], with so many requests on their way at once.
fn parallel(count: u32, at_once: usize) -> i64 {
    let url = url();
    let requests = (0..count).map(|_| request(&url));
    let answers = wasi_experimental_http::send_all(requests, at_once);
    result(
        answers
            .map(|(_, response)| response)
            .try_fold(0, |bytes, response| {
                Ok(bytes + response?.body_read_all()?.len() as u64)
            }),
    )
}

#[unsafe(no_mangle)]
pub extern "C" fn parallel_8(count: u32) -> i64 {
    parallel(count, 8)
}

#[unsafe(no_mangle)]
pub extern "C" fn parallel_64(count: u32) -> i64 {
    parallel(count, 64)
}

/// Like [`upload`], with a body that is written in pieces.
#[unsafe(no_mangle)]
pub extern "C" fn stream(size: u32) -> i64 {
    const PIECE: usize = 64 * 1024;
    let piece = vec![b'a'; PIECE];
    let mut left = size as usize;
    let mut send = || {
        let request = Request::post(url()).body(()).expect("the URL is valid");
        let mut body = wasi_experimental_http::open_sized(request, size.into())?;
        while left > 0 {
            let count = left.min(PIECE);
            if let Err(error) = body.write_all(&piece[..count]) {
                eprintln!("{error}");
                break;
            }
            left -= count;
        }
        assert_eq!(body.finish()?.status_code, 200);
        Ok(u64::from(size))
    };
    result(send())
}
