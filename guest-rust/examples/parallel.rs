//! Gets all URLs that are arguments at the same time, and prints what comes in the order in which it
//! comes: the number of the URL, the status, and how many bytes the body has.

use std::process::ExitCode;

use http::Request;
use wasi_experimental_http::send_all;

/// How many requests are on their way at a time. A host may allow fewer to be open.
const MOST: usize = 16;

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let urls: Vec<String> = std::env::args().skip(1).collect();
    if urls.is_empty() {
        eprintln!("usage: parallel URL...");
        return Ok(ExitCode::from(2));
    }
    let requests: Result<Vec<_>, _> = urls.iter().map(|url| Request::get(url).body(())).collect();
    for (index, result) in send_all(requests?, MOST) {
        let mut res = result?;
        let body = res.body_read_all()?;
        let status = res.status_code.as_u16();
        println!("{}: {status}, {} bytes", index + 1, body.len());
    }
    Ok(ExitCode::SUCCESS)
}
