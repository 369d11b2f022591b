//! The types that can be the body of a request.

use bytes::Bytes;

/// The body of a request: bytes, text, or nothing. An empty one counts as no body.
///
/// ```no_run
/// # use wasi_experimental_http::{Error, bytes::Bytes, http::Request, send};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// send(Request::get("https://example.com/").body(())?)?;
/// send(Request::post("https://example.com/").body("text")?)?;
/// send(Request::post("https://example.com/").body(format!("{}", 1))?)?;
/// send(Request::post("https://example.com/").body(vec![1, 2, 3])?)?;
/// send(Request::post("https://example.com/").body(Some(Bytes::from("text")))?)?;
/// # Ok(())
/// # }
/// ```
pub trait RequestBody {
    /// The bytes to send.
    fn as_bytes(&self) -> &[u8];
}

impl RequestBody for () {
    fn as_bytes(&self) -> &[u8] {
        &[]
    }
}

impl RequestBody for [u8] {
    fn as_bytes(&self) -> &[u8] {
        self
    }
}

impl<const N: usize> RequestBody for [u8; N] {
    fn as_bytes(&self) -> &[u8] {
        self
    }
}

impl RequestBody for str {
    fn as_bytes(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl RequestBody for Vec<u8> {
    fn as_bytes(&self) -> &[u8] {
        self
    }
}

impl RequestBody for String {
    fn as_bytes(&self) -> &[u8] {
        self.as_str().as_bytes()
    }
}

impl RequestBody for Bytes {
    fn as_bytes(&self) -> &[u8] {
        self
    }
}

impl<B: RequestBody> RequestBody for Option<B> {
    fn as_bytes(&self) -> &[u8] {
        self.as_ref().map_or(&[], RequestBody::as_bytes)
    }
}

impl<B: RequestBody + ?Sized> RequestBody for &B {
    fn as_bytes(&self) -> &[u8] {
        (**self).as_bytes()
    }
}
