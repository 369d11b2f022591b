//! The work of the benchmarks for wasmtime-wasi-http, as `host/bench/guests/rust` does it for ours.

use std::cell::RefCell;

use http::Uri;
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    Fields, IncomingBody, IncomingResponse, Method, OutgoingBody, OutgoingRequest, Scheme,
};
use wasip2::io::streams::StreamError;

wit_bindgen::generate!({
    inline: r#"
        package bench:work;

        world work {
            /// Sends so many GET requests one after the other and reads their bodies; how many bytes came.
            export get: func(url: string, count: u32) -> result<u64, string>;
            /// Reads one body in pieces of `size` bytes; how many bytes came.
            export download: func(url: string, size: u32) -> result<u64, string>;
            /// Makes the body that `upload` sends, and no request.
            export fill: func(size: u32);
            /// Sends the body that `fill` made; how many bytes were sent.
            export upload: func(url: string) -> result<u64, string>;
        }
    "#,
});

struct Work;

export!(Work);

thread_local! {
    static BODY: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl Guest for Work {
    fn get(url: String, count: u32) -> Result<u64, String> {
        (0..count).try_fold(0, |bytes, _| {
            let mut body = Vec::new();
            read(send(Method::Get, &url, None)?, PIECE, |piece| {
                body.extend_from_slice(piece);
            })?;
            Ok(bytes + body.len() as u64)
        })
    }

    fn download(url: String, size: u32) -> Result<u64, String> {
        let mut bytes = 0;
        read(send(Method::Get, &url, None)?, size.into(), |piece| {
            bytes += piece.len() as u64;
        })?;
        Ok(bytes)
    }

    fn fill(size: u32) {
        BODY.set(vec![b'a'; size as usize]);
    }

    fn upload(url: String) -> Result<u64, String> {
        let body = BODY.take();
        read(send(Method::Post, &url, Some(&body))?, PIECE, |_| ())?;
        Ok(body.len() as u64)
    }
}

const PIECE: u64 = 64 * 1024;

/// An error of an interface, which is said as it is.
fn text(error: impl std::fmt::Debug) -> String {
    format!("{error:?}")
}

fn send(method: Method, url: &str, body: Option<&[u8]>) -> Result<IncomingResponse, String> {
    let url: Uri = url.parse().map_err(text)?;
    let fields = Fields::new();
    if let Some(body) = body {
        let length = body.len().to_string().into_bytes();
        fields.append("content-length", &length).map_err(text)?;
    }
    let request = OutgoingRequest::new(fields);
    request.set_method(&method).map_err(text)?;
    request.set_scheme(Some(&Scheme::Http)).map_err(text)?;
    let authority = url.authority().map(|authority| authority.as_str());
    request.set_authority(authority).map_err(text)?;
    let path = url.path_and_query().map(|path| path.as_str());
    request.set_path_with_query(path).map_err(text)?;
    let outgoing = match body {
        Some(body) => Some((request.body().map_err(text)?, body)),
        None => None,
    };
    let response = outgoing_handler::handle(request, None).map_err(text)?;
    if let Some((outgoing, body)) = outgoing {
        write(&outgoing, body).map_err(text)?;
        OutgoingBody::finish(outgoing, None).map_err(text)?;
    }
    response.subscribe().block();
    let response = response.get().ok_or("the response is not ready")?;
    let response = response.map_err(text)?.map_err(text)?;
    match response.status() {
        200 => Ok(response),
        status => Err(format!("status {status}")),
    }
}

fn write(outgoing: &OutgoingBody, mut body: &[u8]) -> Result<(), StreamError> {
    let stream = outgoing.write().map_err(|()| StreamError::Closed)?;
    let ready = stream.subscribe();
    while !body.is_empty() {
        ready.block();
        let count = usize::try_from(stream.check_write()?).unwrap_or(usize::MAX);
        let (piece, rest) = body.split_at(count.min(body.len()));
        stream.write(piece)?;
        body = rest;
    }
    // Not flushed: the stream ends when the announced length is there.
    Ok(())
}

fn read(response: IncomingResponse, size: u64, mut on: impl FnMut(&[u8])) -> Result<(), String> {
    let body: IncomingBody = response.consume().map_err(text)?;
    let stream = body.stream().map_err(text)?;
    loop {
        match stream.blocking_read(size) {
            Ok(piece) => on(&piece),
            Err(StreamError::Closed) => return Ok(()),
            Err(error) => return Err(text(error)),
        }
    }
}
