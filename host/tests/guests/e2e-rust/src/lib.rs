//! Makes the request that an instruction describes and prints what comes back. The README beside
//! this directory says how.

mod instruction;
mod print;
mod side_by_side;

use std::io::{self, Read as _};

use bytes::Bytes;
use http::Request;
use wasi_experimental_http::raw::{self, ResponseHandle};
use wasi_experimental_http::{
    BodyWriter, Error, HttpError, Reason, Response, open, open_sized, send_reader, start,
};

use crate::instruction::{Instruction, Read};
use crate::print::{Fnv1a, escaped};

#[unsafe(no_mangle)]
pub extern "C" fn run() -> i32 {
    with_instruction(|instruction| {
        let mut result = 0;
        for _ in 0..instruction.repeat {
            result = instruction.run();
        }
        result
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn explain() -> i32 {
    with_instruction(|instruction| {
        let Err(error) = instruction.send().and_then(print_facts) else {
            return 0;
        };
        println!("reason {}", error.reason().map_or("unknown", Reason::name));
        println!("message {}", error.message());
        // The host explains the last failure only.
        let other = wasi_experimental_http::request(Request::new(None));
        println!("later {}", error.reason().is_none() && other.is_err());
        code(error).raw() as i32
    })
}

fn print_facts(response: Response) -> Result<(), Error> {
    println!("url {}", response.url()?);
    println!("version {}", response.version()?);
    println!("redirects {}", response.redirects()?);
    println!("peer {}", response.peer()?.is_some());
    Ok(())
}

#[unsafe(no_mangle)]
pub extern "C" fn response_open() -> i32 {
    with_instruction(|instruction| {
        signed(instruction.send().map_err(code).map(|response| {
            let handle = response.handle().raw();
            // Left open, for the other functions.
            std::mem::forget(response);
            handle as usize
        }))
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn response_read(handle: u32) -> i32 {
    signed(raw::body_read(ResponseHandle::from_raw(handle), &mut [0]))
}

#[unsafe(no_mangle)]
pub extern "C" fn response_header(handle: u32) -> i32 {
    signed(raw::header_get(
        ResponseHandle::from_raw(handle),
        "content-type",
        &mut [0; 1024],
    ))
}

#[unsafe(no_mangle)]
pub extern "C" fn response_close(handle: u32) -> i32 {
    signed(raw::close(ResponseHandle::from_raw(handle)).map(|()| 0))
}

fn with_instruction(act: impl FnOnce(Instruction) -> i32) -> i32 {
    match Instruction::from_environment() {
        Ok(instruction) => act(instruction),
        Err(message) => {
            eprintln!("{message}");
            -1
        }
    }
}

fn signed(result: Result<usize, HttpError>) -> i32 {
    match result {
        Ok(value) => value as i32,
        Err(error) => -(error.raw() as i32),
    }
}

/// The code of any error.
fn code(error: Error) -> HttpError {
    match error {
        Error::Host(error) => error.code,
        Error::HeaderNotUtf8 { .. } => HttpError::UTF8_ERROR,
        Error::HeadersTooLarge => HttpError::BUFFER_TOO_SMALL,
        Error::OutOfMemory => HttpError::BODY_TOO_LARGE,
        _ => HttpError::RUNTIME_ERROR,
    }
}

impl Instruction {
    fn run(&self) -> i32 {
        if self.hold > 0 {
            let mut held = Vec::new();
            for _ in 0..self.hold {
                match self.send() {
                    Ok(response) => {
                        println!("held {}", response.status_code.as_u16());
                        held.push(response);
                    }
                    Err(error) => {
                        self.print_error(code(error));
                        break;
                    }
                }
            }
        }
        let reported = self.read_unclosed().and_then(|()| {
            if self.is_side_by_side() {
                return self.side_by_side().map_err(code);
            }
            let response = self.send().map_err(code)?;
            self.report(response)
        });
        match reported {
            Ok(()) => 0,
            Err(error) => {
                self.print_error(error);
                error.raw() as i32
            }
        }
    }

    /// Reads responses to the end of their bodies, closes none, and looks at their headers.
    fn read_unclosed(&self) -> Result<(), HttpError> {
        let mut unclosed = Vec::new();
        for _ in 0..self.unclosed {
            let mut response = self.send().map_err(code)?;
            response.body_read_all().map_err(code)?;
            unclosed.push(response);
        }
        for response in &unclosed {
            response.headers_get_all().map_err(code)?;
        }
        if !unclosed.is_empty() {
            println!("unclosed {}", unclosed.len());
        }
        Ok(())
    }

    fn send(&self) -> Result<Response, Error> {
        let request = self.request(&self.url)?;
        if let Some(size) = self.upload {
            let request = request.map(|_| ());
            if self.reader {
                return send_reader(request, Pattern(0).take(size)).map_err(of_io);
            }
            return upload(
                size,
                match self.length {
                    Some(length) => open_sized(request, length)?,
                    None => open(request)?,
                },
            );
        }
        if self.start {
            return start(request)?.wait();
        }
        wasi_experimental_http::request(request)
    }

    fn request(&self, url: &str) -> Result<Request<Option<Bytes>>, Error> {
        let mut builder = Request::builder().method(&*self.method).uri(url);
        for (name, value) in &self.headers {
            // As bytes: text for this crate is ASCII.
            builder = builder.header(name, &value[..]);
        }
        if let Some(options) = self.options {
            builder = builder.extension(options);
        }
        let request = builder
            .body(self.body.clone().map(Bytes::from))
            .map_err(|error| {
                if error.is::<http::method::InvalidMethod>() {
                    HttpError::INVALID_METHOD
                } else if error.is::<http::uri::InvalidUri>() {
                    HttpError::INVALID_URL
                } else {
                    HttpError::INVALID_ENCODING
                }
            })?;
        Ok(request)
    }

    fn report(&self, mut response: Response) -> Result<(), HttpError> {
        println!("status {}", response.status_code.as_u16());
        if self.print_headers {
            for (name, value) in &response.headers_get_all().map_err(code)? {
                println!("header {name} {}", escaped(value.as_bytes()));
            }
        }
        for name in &self.get {
            let missing = Error::from(HttpError::HEADER_NOT_FOUND);
            match response
                .header_value(name)
                .and_then(|value| value.ok_or(missing))
            {
                Ok(value) => println!("header-get {name} {}", escaped(value.as_bytes())),
                Err(error) => {
                    let error = code(error);
                    println!("header-get-error {name} {} {}", error.raw(), error.name());
                }
            }
        }
        let mut len = 0;
        let mut sum = Fnv1a::new();
        let mut kept = Vec::new();
        match self.read {
            Read::None => return Ok(()),
            Read::All => {
                let body = response.body_read_all().map_err(code)?;
                len = body.len() as u64;
                if self.print_sum {
                    sum.update(&body);
                }
                kept = body;
            }
            Read::Stream | Read::Once => {
                let mut piece = vec![0; self.buffer];
                loop {
                    let read = response.body_read(&mut piece).map_err(code)?;
                    len += read as u64;
                    if self.print_sum {
                        sum.update(&piece[..read]);
                    }
                    if self.print_body {
                        kept.extend_from_slice(&piece[..read]);
                    }
                    if read == 0 || self.read == Read::Once {
                        break;
                    }
                }
            }
        }
        println!("body-length {len}");
        if self.print_sum {
            println!("body-sum {sum}");
        }
        if self.print_body {
            println!("body {}", escaped(&kept));
        }
        Ok(())
    }

    fn print_error(&self, error: HttpError) {
        println!("error {} {}", error.raw(), error.name());
        if self.print_message {
            println!("message {}", error.message());
        }
    }
}

/// Writes a body of this size, whose bytes are each their offset modulo 251, as far as the host takes
/// it.
fn upload(size: u64, mut writer: BodyWriter) -> Result<Response, Error> {
    const PIECE: u64 = 64 * 1024;
    let mut sent = 0;
    while sent < size {
        let piece: Vec<u8> = (sent..size.min(sent + PIECE))
            .map(|offset| (offset % 251) as u8)
            .collect();
        let mut rest = &piece[..];
        while !rest.is_empty() {
            match writer.body_write(rest) {
                Ok(taken) => rest = &rest[taken..],
                Err(error) if error.code() == Some(HttpError::BODY_CLOSED) => {
                    println!("refused");
                    return writer.finish();
                }
                Err(error) => return Err(error),
            }
        }
        sent += piece.len() as u64;
    }
    println!("uploaded {sent}");
    writer.finish()
}

/// Bytes without an end, each its offset modulo 251.
struct Pattern(u8);

impl io::Read for Pattern {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        for byte in &mut *buffer {
            *byte = self.0;
            self.0 = (self.0 + 1) % 251;
        }
        Ok(buffer.len())
    }
}

/// The error that an error of reading or writing was made of.
fn of_io(error: io::Error) -> Error {
    let inner = error.into_inner().and_then(|inner| inner.downcast().ok());
    inner.map_or(HttpError::RUNTIME_ERROR.into(), |error| *error)
}
