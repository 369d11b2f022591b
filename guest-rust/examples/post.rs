//! Sends a POST request and prints the content type, the body and the status of the response.
//!
//! The URL is the first argument, or `https://postman-echo.com/post`.

use bytes::Bytes;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "https://postman-echo.com/post".to_owned());
    let body = "Testing with a request body. Does this actually work?";
    let req = http::Request::builder()
        .method(http::Method::POST)
        .uri(&url)
        .header("Content-Type", "text/plain")
        .header("abc", "def")
        .body(Some(Bytes::from(body)))?;

    let mut res = wasi_experimental_http::request(req)?;
    println!("content-type: {}", res.header_get("Content-Type")?);
    println!("body: {}", String::from_utf8(res.body_read_all()?)?);
    println!("status: {}", res.status_code.as_u16());
    Ok(())
}
