//! Why a call of a guest failed, and the code that the guest gets for it.

use std::io;

use crate::ctx::Denied;
use crate::generated::types::HttpError;
use crate::headers::HeaderError;
use crate::net::NetError;
use crate::request_url::UrlError;

/// The reason for a failure, for the trace: a guest gets only its [`HttpError`].
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("no open response has this handle")]
    InvalidHandle,
    #[error(transparent)]
    Memory(#[from] wiggle::GuestError),
    #[error("the value has {needed} bytes and the buffer {len}")]
    BufferTooSmall { needed: usize, len: usize },
    #[error("the response has no such header")]
    HeaderNotFound,
    #[error("{0}")]
    Denied(Denied),
    #[error("the method is longer than {max} bytes, not a token, or CONNECT")]
    InvalidMethod { max: usize },
    #[error(transparent)]
    Header(#[from] HeaderError),
    #[error(transparent)]
    Url(#[from] UrlError),
    #[error("a redirect leads nowhere: {0}")]
    Redirect(UrlError),
    #[error("more than {max} redirects")]
    TooManyRedirects { max: u32 },
    #[error("the request's body is longer than {max} bytes")]
    RequestBodyTooLarge { max: u64 },
    #[error("the response's body is longer than {max} bytes")]
    ResponseBodyTooLarge { max: u64 },
    #[error("the request took longer than allowed ({0})")]
    Timeout(ureq::Timeout),
    #[error("a timeout of zero leaves no time for a request")]
    NoTime,
    #[error("the response has more than {max} headers")]
    TooManyHeaders { max: usize },
    #[error("the head of the response is longer than {max} bytes")]
    HeadTooLong { max: usize },
    #[error("the end of the response's body is ambiguous: {0}")]
    Framing(&'static str),
    #[error("the request was cancelled")]
    Cancelled,
    #[error("{max} requests of the client are on their way")]
    TooManyInFlight { max: usize },
    #[error("the server answered with status {0}")]
    Status(u16),
    #[error("the request failed: {0}")]
    Transport(Box<ureq::Error>),
    #[error("the body broke off: {0}")]
    Body(std::io::Error),
    #[error("an earlier read failed")]
    BodyFailedBefore(HttpError),
    #[error("{max} responses are open")]
    TooManySessions { max: u32 },
    #[error("the store has no handles left")]
    HandlesExhausted,
}

impl Error {
    /// What an error of the client means.
    pub(crate) fn of_request(error: ureq::Error) -> Self {
        match error {
            ureq::Error::Timeout(phase) => Error::Timeout(phase),
            error => match NetError::find(&error) {
                Some(NetError::Cancelled) => Error::Cancelled,
                _ => Error::Transport(Box::new(error)),
            },
        }
    }

    /// What an error of a body's reader means.
    pub(crate) fn of_body(error: io::Error) -> Self {
        if let Some(NetError::Cancelled) = NetError::find_in_io(&error) {
            return Error::Cancelled;
        }
        match error.get_ref().and_then(|error| error.downcast_ref()) {
            Some(ureq::Error::Timeout(phase)) => Error::Timeout(*phase),
            _ => Error::Body(error),
        }
    }
}

impl Error {
    /// The code that the WITX names for this failure.
    pub(crate) fn code(&self) -> HttpError {
        match self {
            Error::InvalidHandle => HttpError::InvalidHandle,
            Error::Memory(wiggle::GuestError::InvalidUtf8(_)) => HttpError::Utf8Error,
            Error::Memory(_) => HttpError::MemoryAccessError,
            Error::BufferTooSmall { .. } => HttpError::BufferTooSmall,
            Error::HeaderNotFound => HttpError::HeaderNotFound,
            Error::Denied(_) => HttpError::DestinationNotAllowed,
            // The guest asked for an origin that it may use, and was led out of HTTP.
            Error::Redirect(UrlError::Scheme(_)) => HttpError::DestinationNotAllowed,
            Error::InvalidMethod { .. } => HttpError::InvalidMethod,
            Error::Header(_) => HttpError::InvalidEncoding,
            Error::Url(_) => HttpError::InvalidUrl,
            Error::Redirect(_)
            | Error::TooManyRedirects { .. }
            | Error::Status(_)
            | Error::TooManyHeaders { .. }
            | Error::HeadTooLong { .. }
            | Error::Framing(_)
            | Error::Transport(_) => HttpError::RequestError,
            Error::RequestBodyTooLarge { .. } | Error::ResponseBodyTooLarge { .. } => {
                HttpError::BodyTooLarge
            }
            Error::Timeout(_) | Error::NoTime => HttpError::Timeout,
            Error::Cancelled => HttpError::Cancelled,
            Error::Body(_) => HttpError::IncompleteBody,
            Error::BodyFailedBefore(code) => *code,
            Error::TooManySessions { .. } | Error::TooManyInFlight { .. } => {
                HttpError::TooManySessions
            }
            Error::HandlesExhausted => HttpError::RuntimeError,
        }
    }
}
