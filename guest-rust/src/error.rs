//! Errors: codes of the host, and failures that only the guest can notice.

use std::sync::atomic::{AtomicU32, Ordering};
use std::{error, fmt, io};

use crate::{HttpError, MAX_HEADER_BYTES, Reason, raw};

/// The longest message of a host, in bytes, as the interface promises.
const MAX_MESSAGE_BYTES: usize = 1024;

/// The number of failed calls so far. The host explains only the last failure, so an error whose
/// number is not this one has no explanation any more.
static FAILURES: AtomicU32 = AtomicU32::new(0);

/// Converts the result of a host function, and counts a failure.
pub(crate) fn counted<T>(result: Result<T, HttpError>) -> Result<T, HttpError> {
    result.inspect_err(|_| {
        FAILURES.fetch_add(1, Ordering::Relaxed);
    })
}

/// Why a request, or reading its response, failed.
///
/// ```
/// use wasi_experimental_http::{Error, HttpError};
///
/// fn advice(error: &Error) -> &'static str {
///     match error.code() {
///         Some(HttpError::DESTINATION_NOT_ALLOWED) => "ask for the host to be allowed",
///         Some(HttpError::TOO_MANY_SESSIONS) => "close a response first",
///         _ => "try again later",
///     }
/// }
/// # assert_eq!(advice(&HttpError::TOO_MANY_SESSIONS.into()), "close a response first");
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The host refused the call, or failed.
    Host(HostError),
    /// The value of a header is not UTF-8.
    ///
    /// Headers of a request cross to the host as UTF-8 text, so others cannot be sent. Those of a
    /// response can be read with [`header_value`](crate::Response::header_value) and
    /// [`headers_get_all`](crate::Response::headers_get_all), whose values are bytes.
    HeaderNotUtf8 {
        /// The header's name.
        name: String,
    },
    /// A header, or all headers together, are longer than [`MAX_HEADER_BYTES`].
    HeadersTooLarge,
    /// The body does not fit the guest's memory. Read it in pieces.
    OutOfMemory,
    /// The program is not running as WebAssembly, and no test [plays the
    /// host](crate::testing::serve).
    NoHost,
    /// The host violated the interface, in this way.
    InvalidAnswer(&'static str),
}

/// A failure that the host reported. Two are equal if their codes are.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct HostError {
    /// The code.
    pub code: HttpError,
    /// The number of the failure, counted by [`FAILURES`].
    number: u32,
}

/// The same as `Display`, like the one of [`Error`].
impl fmt::Debug for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.code, f)
    }
}

impl error::Error for HostError {}

impl PartialEq for HostError {
    fn eq(&self, other: &HostError) -> bool {
        self.code == other.code
    }
}

impl Eq for HostError {}

impl HostError {
    /// The reason and the message of the host, unless another call has failed since.
    #[allow(
        unsafe_code,
        reason = "the interface has no safe type for what a call writes"
    )]
    fn details(self) -> Option<(Reason, String)> {
        if self.number != FAILURES.load(Ordering::Relaxed) {
            return None;
        }
        let mut reason = Reason::NONE;
        let mut message = vec![0; MAX_MESSAGE_BYTES];
        // SAFETY: `reason` outlives the call, which writes one value of its type.
        let written = unsafe { raw::error_get(&mut reason, &mut message) }.ok()?;
        message.truncate(written);
        Some((reason, String::from_utf8(message).ok()?))
    }
}

impl Error {
    /// The host's code, if the host reported this error.
    #[must_use]
    pub fn code(&self) -> Option<HttpError> {
        match self {
            Error::Host(error) => Some(error.code),
            _ => None,
        }
    }

    /// A more precise reason than the code, if the host still has it: it keeps only the reason of
    /// the last failed call, so ask before another call fails.
    ///
    /// A module that calls this, or [`message`](Error::message), runs on hosts that have the
    /// function `error_get`.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        match self {
            Error::Host(error) => Some(error.details()?.0),
            _ => None,
        }
    }

    /// The host's message: what was tried, what went wrong and what would help, if the host still
    /// has it (see [`reason`](Error::reason)). Otherwise the text of the error.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Error::Host(error) => error.details().map(|(_, message)| message),
            _ => None,
        }
        .unwrap_or_else(|| self.to_string())
    }
}

/// The same as `Display`, for a `main` that returns the error.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Host(error) => write!(f, "{error}"),
            Error::HeaderNotUtf8 { name } => {
                write!(f, "the value of the header `{name}` is not UTF-8")
            }
            Error::HeadersTooLarge => {
                write!(f, "the headers are longer than {MAX_HEADER_BYTES} bytes")
            }
            Error::OutOfMemory => f.write_str("the body does not fit the memory"),
            Error::NoHost => f.write_str(
                "only a WebAssembly module has a host that sends requests; a test can play one \
                 with `testing::serve`",
            ),
            Error::InvalidAnswer(what) => write!(f, "the host broke the interface: {what}"),
        }
    }
}

/// There is no source: `Display` says everything.
impl error::Error for Error {}

impl From<HttpError> for Error {
    fn from(code: HttpError) -> Error {
        let number = FAILURES.load(Ordering::Relaxed);
        Error::Host(HostError { code, number })
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> io::Error {
        use io::ErrorKind as Kind;
        let kind = match &error {
            Error::Host(HostError { code, .. }) => match *code {
                HttpError::DESTINATION_NOT_ALLOWED => Kind::PermissionDenied,
                HttpError::INVALID_METHOD
                | HttpError::INVALID_ENCODING
                | HttpError::INVALID_URL
                | HttpError::INVALID_OPTION
                | HttpError::NOT_STARTED
                | HttpError::INVALID_HANDLE => Kind::InvalidInput,
                HttpError::TOO_MANY_SESSIONS => Kind::QuotaExceeded,
                HttpError::BODY_TOO_LARGE => Kind::FileTooLarge,
                HttpError::HEADER_NOT_FOUND => Kind::NotFound,
                HttpError::TIMEOUT => Kind::TimedOut,
                HttpError::INCOMPLETE_BODY => Kind::UnexpectedEof,
                HttpError::BODY_CLOSED => Kind::BrokenPipe,
                // Not `Interrupted`, because `std` retries after that.
                HttpError::CANCELLED => Kind::ConnectionAborted,
                _ => Kind::Other,
            },
            Error::HeaderNotUtf8 { .. } | Error::HeadersTooLarge => Kind::InvalidData,
            Error::OutOfMemory => Kind::OutOfMemory,
            Error::NoHost => Kind::Unsupported,
            Error::InvalidAnswer(_) => Kind::Other,
        };
        io::Error::new(kind, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_an_error_that_any_error_type_takes() {
        fn generic() -> Result<(), Box<dyn error::Error + Send + Sync>> {
            Err(Error::OutOfMemory)?
        }
        let error = generic().unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Error::OutOfMemory));
    }

    #[test]
    fn an_io_error_keeps_what_it_was_made_of() {
        let error = Error::from(HttpError::DESTINATION_NOT_ALLOWED);
        let io_error = io::Error::from(error.clone());
        assert_eq!(io_error.kind(), io::ErrorKind::PermissionDenied);
        assert_eq!(
            io_error.get_ref().and_then(|e| e.downcast_ref()),
            Some(&error)
        );
    }

    #[test]
    fn says_the_sentence_once() {
        let error = Error::from(HttpError::TOO_MANY_SESSIONS);
        let text = error.to_string();
        assert_eq!(text, HttpError::TOO_MANY_SESSIONS.to_string());
        assert_eq!(format!("{error:?}"), text);
        assert!(error::Error::source(&error).is_none());
        let Error::Host(host) = error else {
            panic!("{error}");
        };
        assert_eq!(
            (format!("{host:?}"), host.to_string()),
            (text.clone(), text)
        );
    }

    #[test]
    fn an_error_of_an_earlier_call_has_no_details() {
        let _ = counted::<()>(Err(HttpError::TIMEOUT));
        let error = Error::from(HttpError::TIMEOUT);
        let _ = counted::<()>(Err(HttpError::INVALID_URL));
        assert_eq!(
            (error.code(), error.reason()),
            (Some(HttpError::TIMEOUT), None)
        );
        assert_eq!(error.message(), error.to_string());
    }
}
