//! Why a call of a guest failed, and what the guest is told of it: a code, a reason and a message,
//! from one table.

use std::io;
use std::sync::Arc;

use url::Url;

use crate::ctx::{Denied, DeniedReason};
use crate::generated::types::{HttpError, Reason};
use crate::headers::HeaderError;
use crate::net::NetError;
use crate::request_url::{self, Target, UrlError};

/// The longest message, in bytes, as the WITX promises it.
pub(crate) const MAX_MESSAGE_LEN: usize = 1024;

/// How much of a URL a message shows, in bytes: enough to know it by, with room for the rest.
const MAX_SHOWN_URL_LEN: usize = 256;

/// Why a call failed. Its text is for the embedder: it may name what a guest must not know.
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
    /// Kept with the body, whose further reads fail alike.
    #[error("{0}")]
    BodyFailed(Arc<Error>),
    #[error("{max} responses are open")]
    TooManySessions { max: u32 },
    #[error("the store has no handles left")]
    HandlesExhausted,
    /// Found before the function of the call was reached.
    #[error("a place for a result is outside of the memory, or an argument has an unknown value")]
    BadArgument,
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

/// What a guest is told of a failure, beside what went wrong.
struct Meaning {
    code: HttpError,
    reason: Reason,
    /// What the guest, or who runs it, can do.
    help: &'static str,
}

impl Error {
    /// The table of all failures.
    fn meaning(&self) -> Meaning {
        use {HttpError as Code, Reason as Why};
        let row = |code, reason, help| Meaning { code, reason, help };
        const MEMORY: &str = "check the pointers and lengths of the call";
        match self {
            Error::InvalidHandle => row(
                Code::InvalidHandle,
                Why::Misuse,
                "use a handle that `req` gave, before it is closed",
            ),
            Error::Memory(wiggle::GuestError::InvalidUtf8(_)) => {
                row(Code::Utf8Error, Why::Misuse, "send text as UTF-8")
            }
            Error::Memory(_) | Error::BadArgument => {
                row(Code::MemoryAccessError, Why::Misuse, MEMORY)
            }
            Error::BufferTooSmall { .. } => row(
                Code::BufferTooSmall,
                Why::Misuse,
                "call again with a larger buffer",
            ),
            Error::HeaderNotFound => row(
                Code::HeaderNotFound,
                Why::Misuse,
                "`headers_get_all` gives those that there are",
            ),
            Error::Denied(denied) => match denied.reason {
                DeniedReason::NotAllowed => row(
                    Code::DestinationNotAllowed,
                    Why::NotAllowed,
                    "ask for an allowed host that matches",
                ),
                DeniedReason::DeniedBy(_) => row(
                    Code::DestinationNotAllowed,
                    Why::DeniedByRule,
                    "only who wrote the rule can take it back",
                ),
                DeniedReason::NotPublic(_) => row(
                    Code::DestinationNotAllowed,
                    Why::NotPublic,
                    "ask for private networks to be allowed",
                ),
            },
            Error::InvalidMethod { .. } => row(
                Code::InvalidMethod,
                Why::Misuse,
                "use a method such as `GET`",
            ),
            Error::Header(_) => row(
                Code::InvalidEncoding,
                Why::Misuse,
                "send a line `name:value` for each header, and leave framing to the host",
            ),
            Error::Url(_) => row(
                Code::InvalidUrl,
                Why::Misuse,
                "use an absolute URL, such as `https://example.com/path`",
            ),
            // The guest asked for an origin that it may use, and was led out of HTTP.
            Error::Redirect(UrlError::Scheme(_)) => row(
                Code::DestinationNotAllowed,
                Why::Redirect,
                "ask for the URL that it should lead to",
            ),
            Error::Redirect(_) => row(
                Code::RequestError,
                Why::Redirect,
                "ask for the URL that it should lead to",
            ),
            Error::TooManyRedirects { .. } => row(
                Code::RequestError,
                Why::TooManyRedirects,
                "the URLs may lead to each other; else ask for more redirects to be allowed",
            ),
            Error::Status(_) | Error::Framing(_) => {
                row(Code::RequestError, Why::InvalidResponse, FAULT_OF_SERVER)
            }
            Error::TooManyHeaders { .. } | Error::HeadTooLong { .. } => row(
                Code::RequestError,
                Why::ResponseTooLarge,
                "ask for a larger limit, if there can be one",
            ),
            Error::Transport(error) => {
                let (reason, help) = transport(error);
                row(Code::RequestError, reason, help)
            }
            Error::RequestBodyTooLarge { .. } | Error::ResponseBodyTooLarge { .. } => row(
                Code::BodyTooLarge,
                Why::BodyTooLarge,
                "ask for a larger limit",
            ),
            Error::Timeout(phase) => row(
                Code::Timeout,
                timeout(*phase),
                "try again, or ask for a longer timeout",
            ),
            Error::NoTime => row(Code::Timeout, Why::TimeoutTotal, "ask for a longer timeout"),
            Error::Cancelled => row(
                Code::Cancelled,
                Why::Cancelled,
                "stop: the embedder wants no more requests",
            ),
            Error::Body(_) => row(
                Code::IncompleteBody,
                Why::IncompleteBody,
                "try again, or ask for the rest with a `Range` header",
            ),
            Error::BodyFailed(error) => error.meaning(),
            Error::TooManySessions { .. } => row(
                Code::TooManySessions,
                Why::TooManyOpen,
                "close a response first",
            ),
            Error::TooManyInFlight { .. } => row(
                Code::TooManySessions,
                Why::TooManyInFlight,
                "try again when others have their responses",
            ),
            Error::HandlesExhausted => row(
                Code::RuntimeError,
                Why::TooManyOpen,
                "go on in a new instance",
            ),
        }
    }

    /// The code that the WITX names for this failure.
    pub(crate) fn code(&self) -> HttpError {
        self.meaning().code
    }

    /// The reason that the WITX names for this failure.
    pub(crate) fn reason(&self) -> Reason {
        self.meaning().reason
    }

    /// What a guest may read: what was tried, what went wrong, and what would help.
    ///
    /// No address that the policy hides, and no rule: what one covers may be a secret too.
    pub(crate) fn message(&self, tried: Option<&Url>) -> String {
        let what = match self {
            Error::BodyFailed(error) => return error.message(tried),
            Error::Denied(denied) => match denied.reason {
                DeniedReason::NotAllowed => {
                    format!("no allowed host matches; {:?} would", denied.origin)
                }
                DeniedReason::DeniedBy(_) => "a rule of the embedder denies it".to_owned(),
                DeniedReason::NotPublic(_) => {
                    "its name leads to an address that is not public".to_owned()
                }
            },
            error => error.to_string(),
        };
        let url = match (self, tried) {
            (Error::Denied(denied), _) => Some(denied.url.clone()),
            (_, Some(url)) => Some(request_url::redacted(url)),
            (_, None) => None,
        };
        let mut text = match url {
            Some(url) => format!("{}: ", shortened(url, MAX_SHOWN_URL_LEN)),
            None => String::new(),
        };
        let help = self.meaning().help;
        let room = MAX_MESSAGE_LEN - text.len() - help.len() - "; ".len();
        text.push_str(&shortened(printable(&what), room));
        text.push_str("; ");
        text.push_str(help);
        text
    }
}

const FAULT_OF_SERVER: &str = "the server, or what is between, has to be mended";

/// What an error of the client says about a request that got no response.
fn transport(error: &ureq::Error) -> (Reason, &'static str) {
    match NetError::find(error) {
        Some(NetError::Reset | NetError::TruncatedTls) => {
            return (Reason::ConnectionClosed, "try again");
        }
        Some(NetError::BufferFull { .. }) => return (Reason::ResponseTooLarge, FAULT_OF_SERVER),
        Some(NetError::LookupFailed { not_found, .. }) => return lookup(*not_found),
        Some(NetError::NotPublic { .. } | NetError::DeniedAddress { .. })
        | Some(NetError::Flood { .. } | NetError::Cancelled)
        | None => {}
    }
    let io = match error {
        ureq::Error::Io(error) => error,
        ureq::Error::HostNotFound => return lookup(true),
        ureq::Error::ConnectionFailed => return (Reason::Unreachable, UNREACHABLE),
        ureq::Error::Tls(_) => return (Reason::Tls, TLS),
        ureq::Error::Other(error) => match error.downcast_ref() {
            Some(error) => return tls(error),
            None => return (Reason::InvalidResponse, FAULT_OF_SERVER),
        },
        _ => return (Reason::InvalidResponse, FAULT_OF_SERVER),
    };
    if let Some(error) = io.get_ref().and_then(|error| error.downcast_ref()) {
        return tls(error);
    }
    use io::ErrorKind as Kind;
    match io.kind() {
        Kind::ConnectionRefused => (
            Reason::ConnectionRefused,
            "check that the server runs and listens on this port",
        ),
        Kind::UnexpectedEof
        | Kind::BrokenPipe
        | Kind::ConnectionReset
        | Kind::ConnectionAborted
        | Kind::NotConnected
        | Kind::WriteZero => (Reason::ConnectionClosed, "try again"),
        Kind::InvalidData => (Reason::InvalidResponse, FAULT_OF_SERVER),
        _ => (Reason::Unreachable, UNREACHABLE),
    }
}

const UNREACHABLE: &str = "check the network and the address";
const TLS: &str = "check that the port speaks TLS, 1.2 or later";

fn lookup(not_found: bool) -> (Reason, &'static str) {
    if not_found {
        (Reason::NameNotFound, "check the name of the host")
    } else {
        (
            Reason::NameLookupFailed,
            "try again, or check the name servers",
        )
    }
}

fn tls(error: &rustls::Error) -> (Reason, &'static str) {
    match error {
        rustls::Error::InvalidCertificate(_) => (
            Reason::TlsCertificate,
            "use the name that the certificate is for, or have its authority trusted",
        ),
        _ => (Reason::Tls, TLS),
    }
}

fn timeout(phase: ureq::Timeout) -> Reason {
    use ureq::Timeout as Phase;
    match phase {
        Phase::Resolve | Phase::Connect => Reason::TimeoutConnect,
        Phase::RecvResponse | Phase::Await100 => Reason::TimeoutResponse,
        Phase::PerRead | Phase::PerWrite | Phase::SendRequest | Phase::SendBody => {
            Reason::TimeoutRead
        }
        Phase::RecvBody => Reason::TimeoutRead,
        _ => Reason::TimeoutTotal,
    }
}

/// The first bytes of a text, at most `max`.
fn shortened(mut text: String, max: usize) -> String {
    const CUT: &str = "…";
    if text.len() > max {
        text.truncate(text.floor_char_boundary(max.saturating_sub(CUT.len())));
        text.push_str(CUT);
    }
    text
}

/// A text whose control characters, which a server may have put there, are escaped.
fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            printable.extend(character.escape_default());
        } else {
            printable.push(character);
        }
    }
    printable
}

/// The last failure of a store, and what was tried. Its message is made when a guest asks for it,
/// since most guests do not.
#[derive(Debug, Default)]
pub(crate) struct LastError(Option<(Error, Option<Arc<Target>>)>);

impl LastError {
    pub(crate) fn set(&mut self, error: Error, tried: Option<Arc<Target>>) {
        self.0 = Some((error, tried));
    }

    pub(crate) fn reason(&self) -> Reason {
        let error = self.0.as_ref();
        error.map_or(Reason::None, |(error, _)| error.reason())
    }

    pub(crate) fn message(&self) -> String {
        let error = self.0.as_ref();
        error.map_or_else(String::new, |(error, tried)| {
            error.message(tried.as_ref().map(|target| target.url()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn io_error(kind: io::ErrorKind) -> Error {
        Error::of_request(ureq::Error::Io(kind.into()))
    }

    #[test]
    fn an_error_of_the_client_has_the_reason_that_fits() {
        use io::ErrorKind as Kind;
        let certificate = rustls::Error::InvalidCertificate(rustls::CertificateError::Expired);
        let certificate = io::Error::new(Kind::InvalidData, certificate);
        let alert = rustls::Error::AlertReceived(rustls::AlertDescription::HandshakeFailure);
        let lookup = |not_found| NetError::LookupFailed {
            not_found,
            text: "no".to_owned(),
        };
        let cases = [
            (Kind::ConnectionRefused.into(), Reason::ConnectionRefused),
            (Kind::HostUnreachable.into(), Reason::Unreachable),
            (Kind::NetworkUnreachable.into(), Reason::Unreachable),
            (Kind::UnexpectedEof.into(), Reason::ConnectionClosed),
            (Kind::BrokenPipe.into(), Reason::ConnectionClosed),
            (certificate, Reason::TlsCertificate),
            (io::Error::new(Kind::InvalidData, alert), Reason::Tls),
        ]
        .map(|(error, reason): (io::Error, _)| (ureq::Error::Io(error), reason));
        let others = [
            (NetError::Reset.into(), Reason::ConnectionClosed),
            (NetError::TruncatedTls.into(), Reason::ConnectionClosed),
            (NetError::Flood { max: 1 }.into(), Reason::InvalidResponse),
            (
                NetError::BufferFull { max: 1 }.into(),
                Reason::ResponseTooLarge,
            ),
            (NetError::Cancelled.into(), Reason::Cancelled),
            (lookup(true).into(), Reason::NameNotFound),
            (lookup(false).into(), Reason::NameLookupFailed),
            (ureq::Error::HostNotFound, Reason::NameNotFound),
            (
                ureq::Error::Timeout(ureq::Timeout::Resolve),
                Reason::TimeoutConnect,
            ),
            (
                ureq::Error::Timeout(ureq::Timeout::Connect),
                Reason::TimeoutConnect,
            ),
            (
                ureq::Error::Timeout(ureq::Timeout::RecvResponse),
                Reason::TimeoutResponse,
            ),
            (
                ureq::Error::Timeout(ureq::Timeout::PerRead),
                Reason::TimeoutRead,
            ),
            (
                ureq::Error::Timeout(ureq::Timeout::PerWrite),
                Reason::TimeoutRead,
            ),
            (
                ureq::Error::Timeout(ureq::Timeout::Global),
                Reason::TimeoutTotal,
            ),
        ];
        for (error, reason) in cases.into_iter().chain(others) {
            let error = Error::of_request(error);
            assert_eq!(error.reason(), reason, "{error:?}");
        }
    }

    #[test]
    fn a_message_says_what_was_tried_what_went_wrong_and_what_would_help() {
        let url: Url = "https://example.com:8443/path?secret#part".parse().unwrap();
        assert_eq!(
            io_error(io::ErrorKind::ConnectionRefused).message(Some(&url)),
            "https://example.com:8443/path: the request failed: io: connection refused; \
             check that the server runs and listens on this port"
        );
        assert_eq!(
            Error::InvalidHandle.message(None),
            "no open response has this handle; use a handle that `req` gave, before it is closed"
        );
    }

    #[test]
    fn a_message_hides_what_the_policy_hides() {
        let url: Url = "http://inside.example/a?b".parse().unwrap();
        let address = "10.1.2.3".parse().unwrap();
        for reason in [
            DeniedReason::NotPublic(address),
            DeniedReason::DeniedBy("10.0.0.0/8".to_owned()),
        ] {
            let message = Error::Denied(Denied::new(&url, reason)).message(Some(&url));
            assert!(
                message.starts_with("http://inside.example/a: "),
                "{message}"
            );
            assert!(!message.contains("10."), "{message}");
        }
    }

    #[test]
    fn a_message_is_short_and_printable_whatever_is_in_it() {
        let long = format!("http://example.com/{}", "a".repeat(10_000));
        let text = format!("\u{1b}[31m\n{}", "\u{e9}".repeat(10_000));
        let error = Error::Body(io::Error::other(text));
        let message = error.message(Some(&long.parse().unwrap()));
        assert!(message.len() <= MAX_MESSAGE_LEN, "{}", message.len());
        assert!(message.ends_with(error.meaning().help), "{message}");
        assert!(message.contains("\\u{1b}[31m\\n\u{e9}"), "{message}");
        assert!(!message.contains(char::is_control), "{message}");
    }
}
