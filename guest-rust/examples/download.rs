//! Downloads the URL that is the first argument, piece by piece: its memory stays the same for a
//! body of any size. Prints the status, the number of bytes, and their FNV-1a checksum.

use std::process::ExitCode;

/// The size of a piece, in bytes.
const PIECE: usize = 64 * 1024;

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let Some(url) = std::env::args().nth(1) else {
        eprintln!("usage: download URL");
        return Ok(ExitCode::from(2));
    };
    let mut res = wasi_experimental_http::request(http::Request::get(&url).body(None)?)?;
    println!("status: {}", res.status_code.as_u16());

    let mut piece = vec![0; PIECE];
    let mut bytes: u64 = 0;
    let mut checksum = Fnv1a::new();
    loop {
        let read = res.body_read(&mut piece)?;
        if read == 0 {
            break;
        }
        bytes += read as u64;
        checksum.update(&piece[..read]);
    }
    println!("bytes: {bytes}");
    println!("fnv-1a: {:016x}", checksum.0);
    Ok(ExitCode::SUCCESS)
}

/// The 64-bit FNV-1a hash: quick to write down in any language, to compare bodies by.
struct Fnv1a(u64);

impl Fnv1a {
    fn new() -> Fnv1a {
        Fnv1a(0xcbf2_9ce4_8422_2325)
    }

    fn update(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}
