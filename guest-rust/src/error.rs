//! Why a call fails: a code of the host's, or what only the guest can notice.

use std::{error, fmt, io};

use crate::{HttpError, MAX_HEADER_BYTES};

/// Why a request, or reading its response, failed.
///
/// ```
/// use wasi_experimental_http::{Error, HttpError};
///
/// fn advice(error: &Error) -> &'static str {
///     match error {
///         Error::Host(HttpError::DESTINATION_NOT_ALLOWED) => "ask for the host to be allowed",
///         Error::Host(HttpError::TOO_MANY_SESSIONS) => "close a response first",
///         _ => "try again later",
///     }
/// }
/// # assert_eq!(advice(&Error::Host(HttpError::TOO_MANY_SESSIONS)), "close a response first");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The host refused the call, or failed.
    Host(HttpError),
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
    /// The host broke the rules of the interface; this is what it got wrong.
    InvalidAnswer(&'static str),
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
            Error::InvalidAnswer(what) => write!(f, "the host broke the interface: {what}"),
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Error::Host(error) => Some(error),
            _ => None,
        }
    }
}

impl From<HttpError> for Error {
    fn from(error: HttpError) -> Error {
        Error::Host(error)
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> io::Error {
        let kind = match &error {
            Error::Host(HttpError::DESTINATION_NOT_ALLOWED) => io::ErrorKind::PermissionDenied,
            Error::Host(HttpError::TIMEOUT) => io::ErrorKind::TimedOut,
            Error::Host(HttpError::INCOMPLETE_BODY) => io::ErrorKind::UnexpectedEof,
            Error::HeaderNotUtf8 { .. } | Error::HeadersTooLarge => io::ErrorKind::InvalidData,
            Error::OutOfMemory => io::ErrorKind::OutOfMemory,
            _ => io::ErrorKind::Other,
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
        let error = Error::Host(HttpError::DESTINATION_NOT_ALLOWED);
        let io_error = io::Error::from(error.clone());
        assert_eq!(io_error.kind(), io::ErrorKind::PermissionDenied);
        assert_eq!(
            io_error.get_ref().and_then(|e| e.downcast_ref()),
            Some(&error)
        );
    }

    #[test]
    fn says_what_the_host_says() {
        let code = HttpError::TOO_MANY_SESSIONS;
        assert_eq!(Error::Host(code).to_string(), code.to_string());
        assert!(Error::Host(code).to_string().contains(code.message()));
    }
}
