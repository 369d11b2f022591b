//! Gets the URL that is the first argument in gzip, if the server has it, and prints the text.
//!
//! Bodies are not decoded by the host nor by the crate: a program that asks for a coding with
//! `Accept-Encoding` decodes it, here with the crate `flate2`.

use std::error::Error;
use std::io::{self, Read};

use flate2::read::GzDecoder;

/// The longest text to take, in bytes: little gzip can be much text.
const MOST: u64 = 16 * 1024 * 1024;

fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args().nth(1).ok_or("usage: gzip URL")?;
    let req = http::Request::get(url)
        .header("Accept-Encoding", "gzip")
        .body(())?;
    let res = wasi_experimental_http::send(req)?;
    let is_gzip = res.header("Content-Encoding")?.as_deref() == Some("gzip");
    let body: Box<dyn Read> = match is_gzip {
        true => Box::new(GzDecoder::new(res)),
        false => Box::new(res),
    };
    io::copy(&mut body.take(MOST), &mut io::stdout())?;
    println!();
    Ok(())
}
