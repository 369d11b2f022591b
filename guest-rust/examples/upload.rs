//! Posts a body of as many bytes as the second argument says to the URL that is the first one, and
//! makes it while it is sent: its memory stays the same for a body of any size. Prints how many bytes
//! were taken, the status, and how many bytes came back.
//!
//! A server that does not want the body answers before it is whole.

use std::io::ErrorKind;
use std::io::Write as _;
use std::process::ExitCode;

use http::Request;
use wasi_experimental_http::open;

/// The size of a piece, in bytes.
const PIECE: usize = 64 * 1024;

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, size] = &arguments[..] else {
        eprintln!("usage: upload URL BYTES");
        return Ok(ExitCode::from(2));
    };
    let size: usize = size.parse()?;

    // Without a `Content-Length` it is sent in chunks.
    let req = Request::post(url).header("Content-Type", "application/octet-stream");
    let mut body = open(req.body(())?)?;
    let mut piece = Vec::with_capacity(PIECE);
    let mut sent = 0;
    while sent < size {
        piece.clear();
        // Each byte is its offset modulo 251.
        piece.extend((sent..size.min(sent + PIECE)).map(|offset| (offset % 251) as u8));
        match body.write_all(&piece) {
            Ok(()) => sent += piece.len(),
            // The server has answered already.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => break,
            Err(error) => return Err(error.into()),
        }
    }
    let mut res = body.finish()?;
    println!("sent: {sent}");
    println!("status: {}", res.status_code.as_u16());
    println!(
        "received: {}",
        std::io::copy(&mut res, &mut std::io::sink())?
    );
    Ok(ExitCode::SUCCESS)
}
