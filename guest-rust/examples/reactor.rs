//! A module without a `main`, whose functions the host calls: `get`, `post` and `concurrent`.
//!
//! Each prints what it receives. It gives the status of the response, or what it says below; or,
//! if a request fails, the error's code as a negative number.
//!
//! Core WebAssembly has no strings to pass, so the server is an environment variable: `HTTP_URL`
//! is its origin, `https://postman-echo.com` unless it is set.

use bytes::Bytes;
use http::{Method, Request};
use wasi_experimental_http::{Error, HttpError, Response};

/// How many responses [`concurrent`] holds open.
const CONCURRENT: usize = 3;

/// Gets `/get`.
#[unsafe(no_mangle)]
pub extern "C" fn get() -> i32 {
    report(send(Method::GET, "/get", None).and_then(|res| print("get", res)))
}

/// Posts some text to `/post`.
#[unsafe(no_mangle)]
pub extern "C" fn post() -> i32 {
    let body = Bytes::from("Testing with a request body. Does this actually work?");
    report(send(Method::POST, "/post", Some(body)).and_then(|res| print("post", res)))
}

/// Gets `/get` three times and only then reads the responses, so that all are open at once.
/// Gives how many there were.
#[unsafe(no_mangle)]
pub extern "C" fn concurrent() -> i32 {
    report(hold_and_read())
}

fn hold_and_read() -> Result<i32, Error> {
    let mut responses = Vec::new();
    for _ in 0..CONCURRENT {
        responses.push(send(Method::GET, "/get", None)?);
    }
    let mut read = 0;
    for response in responses {
        read += 1;
        print(&format!("concurrent {read}"), response)?;
    }
    Ok(read)
}

fn send(method: Method, path: &str, body: Option<Bytes>) -> Result<Response, Error> {
    let origin = std::env::var("HTTP_URL");
    let origin = origin.as_deref().unwrap_or("https://postman-echo.com");
    let req = Request::builder()
        .method(method)
        .uri(format!("{}{path}", origin.trim_end_matches('/')))
        .header("Content-Type", "text/plain")
        .body(body)
        // The method and the header are right, so this is about the environment's URL.
        .map_err(|_| Error::from(HttpError::INVALID_URL))?;
    wasi_experimental_http::request(req)
}

/// Prints a response and gives its status.
fn print(what: &str, mut res: Response) -> Result<i32, Error> {
    let body = res.body_read_all()?;
    let status = res.status_code.as_u16();
    println!("{what}: {status}\n{}", String::from_utf8_lossy(&body));
    Ok(status.into())
}

/// What a host gets: the result, or the code of the error below zero.
fn report(result: Result<i32, Error>) -> i32 {
    match result {
        Ok(result) => result,
        Err(error) => {
            eprintln!("{error}");
            match error {
                Error::Host(error) => -(error.code.raw() as i32),
                _ => i32::MIN,
            }
        }
    }
}
