//! Limits that a request sets for itself, lower than the host's.

use std::fmt;
use std::time::Duration;

use http::request::Parts;

use crate::raw::{OptionKey, RequestOption};
use crate::{Error, Response, pending};

/// The number of options; their keys are 0 to `COUNT - 1`.
const COUNT: usize = 6;

/// Limits for one request; where the host's own limit is lower, that one applies. Added to an
/// [`http::Request`] as an extension:
///
/// ```no_run
/// use std::time::Duration;
///
/// use wasi_experimental_http::{RequestOptions, http::Request, send};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let options = RequestOptions::new()
///     .timeout(Duration::from_secs(5))
///     .max_redirects(0);
/// let req = Request::get("https://example.com/").extension(options).body(())?;
/// // A redirect is the response itself.
/// println!("{}", send(req)?.status_code);
/// # Ok(())
/// # }
/// ```
///
/// A module that uses this imports `request_start` and the functions around it, and so needs a host
/// that has them.
#[derive(Clone, Copy)]
#[must_use]
pub struct RequestOptions {
    values: [Option<u64>; COUNT],
    /// The function by which [`send`](crate::send) sends a request with options. A pointer, and not
    /// a direct call, so that a program without options does not link and import `request_start`.
    send: fn(&Parts, &[u8]) -> Result<Response, Error>,
}

impl RequestOptions {
    /// No limits other than the host's.
    pub fn new() -> RequestOptions {
        RequestOptions {
            values: [None; COUNT],
            send: |head, body| pending::start_parts(head, body)?.wait(),
        }
    }

    /// How long the request may take, from its start to the end of the response's body.
    pub fn timeout(self, limit: Duration) -> RequestOptions {
        self.with(OptionKey::TIMEOUT, nanoseconds(limit))
    }

    /// How long looking up the name may take, and then TCP and TLS together.
    pub fn connect_timeout(self, limit: Duration) -> RequestOptions {
        self.with(OptionKey::CONNECT_TIMEOUT, nanoseconds(limit))
    }

    /// How long the server may take from the end of the request to the end of the response's headers.
    pub fn response_timeout(self, limit: Duration) -> RequestOptions {
        self.with(OptionKey::RESPONSE_TIMEOUT, nanoseconds(limit))
    }

    /// How long the server may be silent, or take nothing of the request.
    pub fn read_timeout(self, limit: Duration) -> RequestOptions {
        self.with(OptionKey::READ_TIMEOUT, nanoseconds(limit))
    }

    /// How many redirects are followed. With 0 the response is the redirecting one itself.
    pub fn max_redirects(self, count: u32) -> RequestOptions {
        self.with(OptionKey::MAX_REDIRECTS, count.into())
    }

    /// How many bytes the body of the response may have.
    pub fn max_response_body(self, bytes: u64) -> RequestOptions {
        self.with(OptionKey::MAX_RESPONSE_BODY, bytes)
    }

    fn with(mut self, key: OptionKey, value: u64) -> RequestOptions {
        self.values[key.raw() as usize] = Some(value);
        self
    }

    /// The options of a request, if it has any.
    pub(crate) fn of(head: &Parts) -> Option<&RequestOptions> {
        head.extensions.get()
    }

    /// Sends a request that has these options.
    pub(crate) fn send(&self, head: &Parts, body: &[u8]) -> Result<Response, Error> {
        (self.send)(head, body)
    }

    /// The options in the form of the interface.
    pub(crate) fn list(&self) -> Vec<RequestOption> {
        let numbered = (0..).zip(self.values);
        let set = numbered.filter_map(|(number, value)| {
            Some(RequestOption {
                key: OptionKey::from_raw(number),
                value: value?,
            })
        });
        set.collect()
    }

    /// The options that a host received.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn from_list(list: &[RequestOption]) -> RequestOptions {
        let all = RequestOptions::new();
        list.iter().fold(all, |options, option| {
            options.with(option.key, option.value)
        })
    }
}

/// Compares the limits.
impl PartialEq for RequestOptions {
    fn eq(&self, other: &RequestOptions) -> bool {
        self.values == other.values
    }
}

impl Eq for RequestOptions {}

impl Default for RequestOptions {
    fn default() -> RequestOptions {
        RequestOptions::new()
    }
}

impl fmt::Debug for RequestOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = self.list();
        let set = list.iter().map(|option| (option.key.name(), option.value));
        f.debug_map().entries(set).finish()
    }
}

/// A duration in the form of the interface. One that is too long for it is no limit in practice.
pub(crate) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_option_has_its_key() {
        let second = Duration::from_secs(1);
        let options = RequestOptions::new()
            .timeout(second)
            .connect_timeout(2 * second)
            .response_timeout(3 * second)
            .read_timeout(Duration::MAX)
            .max_redirects(4)
            .max_response_body(5);
        let list: Vec<_> = options.list().iter().map(|it| (it.key, it.value)).collect();
        let expected = [
            (OptionKey::TIMEOUT, 1_000_000_000),
            (OptionKey::CONNECT_TIMEOUT, 2_000_000_000),
            (OptionKey::RESPONSE_TIMEOUT, 3_000_000_000),
            (OptionKey::READ_TIMEOUT, u64::MAX),
            (OptionKey::MAX_REDIRECTS, 4),
            (OptionKey::MAX_RESPONSE_BODY, 5),
        ];
        assert_eq!(list, expected);
        assert_eq!(RequestOptions::from_list(&options.list()), options);
    }

    #[test]
    fn options_that_are_not_set_are_not_sent() {
        assert!(RequestOptions::default().list().is_empty());
        let options = RequestOptions::new().max_redirects(1).max_redirects(0);
        assert_eq!(options.list().len(), 1);
        assert_eq!(format!("{options:?}"), r#"{"max_redirects": 0}"#);
    }
}
