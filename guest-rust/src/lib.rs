#![doc = include_str!("../README.md")]
#![deny(unsafe_code)]
#![warn(
    missing_debug_implementations,
    missing_docs,
    clippy::must_use_candidate,
    clippy::return_self_not_must_use
)]

#[cfg(all(target_os = "wasi", not(target_env = "p1")))]
compile_error!(
    "wasi-experimental-http is for core modules, and this target makes components, which cannot \
     import its functions: compile for wasm32-wasip1"
);

mod body;
mod error;
mod exchange;
#[cfg(feature = "futures")]
mod futures;
// On other targets, `testing` implements the functions.
#[cfg_attr(not(target_arch = "wasm32"), allow(dead_code))]
#[allow(unsafe_code, reason = "the host's functions take pointers")]
mod generated;
mod header_text;
mod options;
mod pending;
mod ready;
mod response;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
mod transfer;
mod upload;

use bytes::Bytes;
use http::{HeaderMap, Uri};

pub use bytes;
pub use http;

pub use crate::body::RequestBody;
pub use crate::error::{Error, HostError};
#[cfg(feature = "futures")]
pub use crate::futures::block_on;
pub use crate::generated::{HttpError, Reason};
pub use crate::options::RequestOptions;
pub use crate::pending::{Pending, start};
pub use crate::ready::{SendAll, Wait, poll, select, send_all};
pub use crate::response::Response;
pub use crate::upload::{BodyWriter, open, open_sized, send_reader};

use crate::exchange::Exchange;

/// The longest header value, and the longest text of all headers of a response, in bytes.
///
/// Most servers and clients have a limit of 8 to 64 KiB; beyond 1 MiB an attack is more likely than
/// a real use. Longer ones give [`Error::HeadersTooLarge`].
pub const MAX_HEADER_BYTES: usize = 1024 * 1024;

/// The functions of the host, one to one, for those who need no more than that: handles are
/// closed by hand, headers are text, and a buffer that is too small is an error.
///
/// On other targets than WebAssembly they fail, unless a test [answers](crate::testing::serve).
pub mod raw {
    #[cfg(target_arch = "wasm32")]
    pub use crate::generated::*;
    #[cfg(not(target_arch = "wasm32"))]
    pub use crate::generated::{
        Events, HttpError, OptionKey, Reason, RequestOption, ResponseFact, ResponseHandle, Size,
        StatusCode, Subscription,
    };
    #[cfg(not(target_arch = "wasm32"))]
    pub use crate::testing::functions::*;
}

/// Sends a request, and waits for the status and the headers of the response.
///
/// The URL must be absolute; `http::Uri` takes ASCII only, so that a host with other letters has to
/// be in Punycode (`xn--`). Redirects are followed by the host. A status of 400 or more is a
/// response, not an error. Of the extensions of the request [`RequestOptions`] count; the others and
/// the version are ignored.
///
/// ```no_run
/// use std::io::{BufRead, BufReader};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let req = http::Request::get("https://example.com/log").body(())?;
/// let res = wasi_experimental_http::send(req)?;
/// println!("{}", res.status_code);
/// // The body arrives while it is read.
/// for line in BufReader::new(res).lines() {
///     println!("{}", line?);
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`Error::Host`] with a code that says what was wrong with the request, that the host does not
/// allow it, or that it failed on its way; [`Error::HeaderNotUtf8`] for a header that cannot be
/// sent; [`Error::NoHost`] outside of WebAssembly.
pub fn send<B: RequestBody>(req: http::Request<B>) -> Result<Response, Error> {
    let (head, body) = req.into_parts();
    send_parts(&head, body.as_bytes())
}

/// The part of [`send`] that does not depend on the body's type, so that it is compiled once.
fn send_parts(head: &http::request::Parts, body: &[u8]) -> Result<Response, Error> {
    #[cfg(not(target_arch = "wasm32"))]
    if !testing::is_served() {
        return Err(Error::NoHost);
    }
    if let Some(options) = RequestOptions::of(head) {
        return options.send(head, body);
    }
    let (status_code, handle) = error::counted(raw::req(
        &uri_text(&head.uri),
        head.method.as_str(),
        &header_text::encode(&head.headers)?,
        body,
    ))?;
    Response::new(Exchange::new(handle, &head.method), status_code)
}

/// Sends a request like [`send`]: the function of version 0.10, whose body has one type.
///
/// # Errors
///
/// Those of [`send`].
pub fn request(req: http::Request<Option<Bytes>>) -> Result<Response, Error> {
    send(req)
}

/// The URI as text. `to_string` would do the same, but links the formatting code into the module.
fn uri_text(uri: &Uri) -> String {
    let mut text = String::with_capacity(128);
    if let Some(scheme) = uri.scheme_str() {
        text.push_str(scheme);
        text.push_str("://");
    }
    if let Some(authority) = uri.authority() {
        text.push_str(authority.as_str());
    }
    text.push_str(uri.path());
    if let Some(query) = uri.query() {
        text.push('?');
        text.push_str(query);
    }
    text
}

/// Sends a request, and waits for the whole response.
///
/// # Errors
///
/// Those of [`request`], and of reading the headers and the body.
pub fn send_request(
    req: http::Request<Option<Bytes>>,
) -> Result<http::Response<Option<Bytes>>, Error> {
    request(req)?.try_into()
}

/// The text that headers cross to the host as: `name:value\n` for each.
///
/// # Errors
///
/// [`Error::HeaderNotUtf8`].
pub fn header_map_to_string(headers: &HeaderMap) -> Result<String, Error> {
    header_text::encode(headers)
}

/// The headers in a text of `name:value\n` for each.
///
/// # Errors
///
/// [`Error::InvalidAnswer`] if a line is not a header.
pub fn string_to_header_map(text: &str) -> Result<HeaderMap, Error> {
    header_text::decode(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_a_uri_is_what_it_displays() {
        for text in [
            "http://example.com",
            "https://example.com:8443/a/b?c=d&e",
            "http://me@example.com/?",
            "http://[::1]:80/%20",
            "/path?query",
            "*",
            "example.com:443",
        ] {
            let uri: Uri = text.parse().unwrap();
            assert_eq!(uri_text(&uri), uri.to_string());
        }
    }
}
