//! All failures of guest calls, and the one table that says what a guest is told about each: a
//! code, a reason and a message.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use url::Url;

use crate::credentials::NoCredential;
use crate::error_kind::ErrorKind;
use crate::generated::types::{HttpError, Reason};
use crate::headers::HeaderError;
use crate::limits::Phase;
use crate::policy::{Denied, DeniedReason};
use crate::proxy::Proxy;
use crate::request_url::{self, Target, UrlError};

/// The longest message, in bytes, as the WITX promises.
pub(crate) const MAX_MESSAGE_LEN: usize = 1024;

/// How much of a URL a message shows, in bytes: enough to recognise it, and it leaves room for the
/// rest.
const MAX_SHOWN_URL_LEN: usize = 256;

/// Why a call failed. `Display` is for the embedder, and may name addresses and rules that a guest
/// must not learn.
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
    #[error(transparent)]
    NoCredential(NoCredential),
    #[error("the method is longer than {max} bytes, not a token, or CONNECT")]
    InvalidMethod { max: usize },
    #[error(transparent)]
    Header(#[from] HeaderError),
    #[error(transparent)]
    Url(#[from] UrlError),
    #[error("cannot follow the redirect: {0}")]
    Redirect(UrlError),
    #[error("more than {max} redirects")]
    TooManyRedirects { max: usize },
    #[error("the request's body is longer than {max} bytes")]
    RequestBodyTooLarge { max: u64 },
    #[error("the response's body is longer than {max} bytes")]
    ResponseBodyTooLarge { max: u64 },
    #[error("{0}")]
    Timeout(Phase),
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
    #[error(
        "the limit of the client is reached, {max} requests of all stores that wait for a response"
    )]
    TooManyInFlight { max: usize },
    #[error("the server answered with status {0}")]
    Status(u16),
    /// The resolver failed: the system's, or the embedder's.
    #[error("cannot look up {host}: {source}")]
    Lookup {
        host: String,
        source: Arc<io::Error>,
    },
    #[error("{0} has no address")]
    NoAddress(String),
    #[error("cannot start a thread for name lookup: {0}")]
    Thread(Arc<io::Error>),
    #[error("cannot start a thread for the request: {0}")]
    NoThread(Arc<io::Error>),
    #[error("cannot connect to {address}: {source}")]
    Connect {
        address: SocketAddr,
        source: Arc<io::Error>,
    },
    #[error("the proxy {proxy} {fault}")]
    Proxy { proxy: String, fault: ProxyFault },
    #[error("cannot use a socket: {0}")]
    Socket(Arc<io::Error>),
    #[error("the limit of the client is reached, {max} open responses of all stores together")]
    TooManyOpen { max: usize },
    #[error("cannot read the system's trust store: {0}")]
    TrustStore(String),
    #[error("TLS failed: {0}")]
    Tls(rustls::Error),
    #[error("the server ended the TLS connection without saying so: what came may be a part")]
    TruncatedTls,
    #[error("cannot send: {0}")]
    Send(Arc<io::Error>),
    #[error("cannot receive: {0}")]
    Receive(Arc<io::Error>),
    #[error("the server disconnected before it answered")]
    Closed,
    #[error("protocol error: the server sent an invalid response head: {0}")]
    Head(String),
    #[error("the head of the response has no end within {max} bytes")]
    BufferFull { max: usize },
    #[error(
        "the server sent more than {max} bytes of framing: interim responses, chunk lengths or trailers"
    )]
    Flood { max: u64 },
    /// ureq refused the request.
    #[error("the request cannot be sent: {0}")]
    Client(Arc<ureq::Error>),
    #[error("the connection ended with {bytes} bytes of the body missing")]
    Missing { bytes: u64 },
    #[error("{0}")]
    Chunks(&'static str),
    /// Nothing has arrived, or there is no room to write, and the caller must not wait.
    #[error("it would have to wait")]
    WouldBlock,
    #[error("the body broke off: {0}")]
    Body(Arc<Error>),
    /// The body failed earlier: every later read reports the same error.
    #[error("{0}")]
    BodyFailed(Arc<Error>),
    #[error("{missing} bytes of the request's body that were announced are missing")]
    ShortUpload { missing: u64 },
    #[error(
        "the request body takes no more bytes: it has ended, or the server wants no more of it"
    )]
    BodyClosed,
    #[error("the handle has no request body that is sent in pieces")]
    NotStarted,
    #[error("there is no option with the key {0}")]
    UnknownOption(u32),
    #[error("the list has more than {max} records")]
    ListTooLong { max: usize },
    #[error("there is no event with the bits {0:#x}")]
    UnknownEvents(u8),
    /// The request failed earlier: every later call on its handle reports the same error.
    #[error("{0}")]
    Failed(Arc<Error>),
    #[error("the limit of the store is reached, {max} open responses")]
    TooManySessions { max: usize },
    #[error("the store's budget of {max} requests is used up")]
    RequestsSpent { max: u64 },
    #[error("the store's budget of {max} bytes is used up")]
    BytesSpent { max: u64 },
    #[error("the store may send {max} requests in a second")]
    TooManyPerSecond { max: usize },
    #[error("the store has no handles left")]
    HandlesExhausted,
    #[error("there is no memory for the whole body")]
    OutOfMemory,
    /// The body failed while `req` read it as a whole. Mapped to the codes that `req` had in 0.10.
    #[error("{0}")]
    WholeBody(Arc<Error>),
    /// The linker rejected an argument before the function was called.
    #[error("a place for a result is outside of the memory, or an argument has an unknown value")]
    BadArgument,
}

/// Why a proxy gave no connection to the server.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum ProxyFault {
    #[error("cannot be connected to: {0}")]
    Connect(Arc<io::Error>),
    #[error("requires a user name and a password, or rejects those it was given")]
    Credentials,
    #[error("refuses to connect to the server: it answered CONNECT with status {0}")]
    Status(u16),
    /// A reply code of SOCKS5 (RFC 1928, section 6).
    #[error("cannot reach the server: {}", socks_reply(*.0))]
    Reply(u8),
    #[error("closed the connection before the tunnel was open")]
    Closed,
    #[error("sent an invalid reply: {0}")]
    Protocol(String),
}

impl ProxyFault {
    /// The error, which names the proxy.
    pub(crate) fn of(self, proxy: &Proxy) -> Error {
        Error::Proxy {
            proxy: proxy.to_string(),
            fault: self,
        }
    }
}

fn socks_reply(reply: u8) -> String {
    let what = match reply {
        1 => "it failed",
        2 => "its rules do not allow it",
        3 => "the network is unreachable",
        4 => "the host is unreachable",
        5 => "the server refused the connection",
        6 => "it took too long",
        7 => "it does not know the command",
        8 => "it does not know the kind of address",
        reply => return format!("it answered {reply}, which no standard has"),
    };
    what.to_owned()
}

impl Error {
    /// Turns an error into that of a body, unless it is more specific already.
    pub(crate) fn in_body(self) -> Self {
        match self {
            Error::Timeout(_) | Error::Cancelled | Error::BytesSpent { .. } => self,
            error => Error::Body(Arc::new(error)),
        }
    }

    /// Whether the server closed or reset the connection.
    pub(crate) fn is_disconnect(&self) -> bool {
        use io::ErrorKind as Kind;
        match self {
            Error::Closed | Error::TruncatedTls => true,
            Error::Send(error) | Error::Receive(error) => matches!(
                error.kind(),
                Kind::BrokenPipe
                    | Kind::ConnectionReset
                    | Kind::ConnectionAborted
                    | Kind::NotConnected
                    | Kind::UnexpectedEof
                    | Kind::WriteZero
            ),
            _ => false,
        }
    }

    /// Whether a proxy cannot reach one of the server's addresses, and may reach another.
    pub(crate) fn is_of_address(&self) -> bool {
        matches!(
            self,
            Error::Proxy {
                fault: ProxyFault::Reply(3 | 4 | 5 | 6 | 8),
                ..
            }
        )
    }

    /// Whether the process has too many open files, which may pass.
    pub(crate) fn is_shortage(&self) -> bool {
        use rustix::io::Errno;
        let (Error::Connect { source, .. } | Error::Socket(source)) = self else {
            return false;
        };
        // That of the whole system is of Unix alone.
        let shortages = [
            Errno::MFILE,
            #[cfg(unix)]
            Errno::NFILE,
        ];
        shortages
            .iter()
            .any(|errno| source.raw_os_error() == Some(errno.raw_os_error()))
    }
}

/// What a guest is told about a failure, apart from the cause.
struct Meaning {
    code: HttpError,
    kind: ErrorKind,
    /// What the guest or its user can do.
    help: &'static str,
}

impl Error {
    /// The table of all failures.
    fn meaning(&self) -> Meaning {
        use {ErrorKind as Why, HttpError as Code};
        let row = |code, kind, help| Meaning { code, kind, help };
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
                DeniedReason::MethodOrPath(_) => row(
                    Code::DestinationNotAllowed,
                    Why::NotAllowed,
                    "ask for this method and path to be allowed",
                ),
                DeniedReason::Refused(_) => row(
                    Code::DestinationNotAllowed,
                    Why::DeniedByRule,
                    "only who runs the host can allow it",
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
            Error::NoCredential(_) => row(
                Code::RuntimeError,
                Why::DeniedByRule,
                "try again later: who runs the host is told why",
            ),
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
            // A redirect from an allowed origin to another scheme.
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
            Error::Head(_) | Error::Chunks(_) | Error::Flood { .. } => {
                row(Code::RequestError, Why::InvalidResponse, FAULT_OF_SERVER)
            }
            Error::BufferFull { .. } => {
                row(Code::RequestError, Why::ResponseTooLarge, FAULT_OF_SERVER)
            }
            Error::Lookup { source, .. } if is_not_found(source) => {
                row(Code::RequestError, Why::NameNotFound, NAME)
            }
            Error::NoAddress(_) => row(Code::RequestError, Why::NameNotFound, NAME),
            Error::Lookup { .. } | Error::Thread(_) => row(
                Code::RequestError,
                Why::NameLookupFailed,
                "try again, or check the name servers",
            ),
            error if error.is_shortage() => row(
                Code::TooManySessions,
                Why::TooManyOpen,
                "try again later, or let the process open more files",
            ),
            Error::Connect { source, .. } if is_refusal(source) => row(
                Code::RequestError,
                Why::ConnectionRefused,
                "check that the server runs and listens on this port",
            ),
            Error::Proxy { fault, .. } => row(
                Code::RequestError,
                match fault {
                    ProxyFault::Connect(error) if is_refusal(error) => Why::ConnectionRefused,
                    ProxyFault::Reply(5) => Why::ConnectionRefused,
                    ProxyFault::Closed => Why::ConnectionClosed,
                    ProxyFault::Protocol(_) => Why::InvalidResponse,
                    _ => Why::Unreachable,
                },
                "only who runs the host can mend its proxy",
            ),
            Error::Connect { .. } | Error::Socket(_) => row(
                Code::RequestError,
                Why::Unreachable,
                "check the network and the address",
            ),
            Error::Tls(rustls::Error::InvalidCertificate(_)) => row(
                Code::RequestError,
                Why::TlsCertificate,
                "use the name that the certificate is for, or have its authority trusted",
            ),
            Error::TrustStore(_) => row(
                Code::RequestError,
                Why::TlsCertificate,
                "try again, or let the process open more files",
            ),
            Error::Tls(_) => row(
                Code::RequestError,
                Why::Tls,
                "check that the port speaks TLS, 1.2 or later",
            ),
            Error::TruncatedTls | Error::Closed | Error::Send(_) | Error::Receive(_) => {
                row(Code::RequestError, Why::ConnectionClosed, "try again")
            }
            Error::Missing { .. } | Error::WouldBlock => {
                row(Code::IncompleteBody, Why::IncompleteBody, "try again")
            }
            Error::Client(_) => row(
                Code::RequestError,
                Why::InvalidResponse,
                "send a request that is HTTP",
            ),
            Error::RequestsSpent { .. } => row(
                Code::TooManySessions,
                Why::TooManyOpen,
                "ask for a larger budget: none of them is given back",
            ),
            Error::BytesSpent { .. } => row(
                Code::BodyTooLarge,
                Why::BodyTooLarge,
                "ask for a larger budget: none of it is given back",
            ),
            Error::TooManyPerSecond { .. } => row(
                Code::TooManySessions,
                Why::TooManyInFlight,
                "try again in a second",
            ),
            Error::RequestBodyTooLarge { .. } | Error::ResponseBodyTooLarge { .. } => row(
                Code::BodyTooLarge,
                Why::BodyTooLarge,
                "ask for a larger limit",
            ),
            Error::Timeout(phase) => row(
                Code::Timeout,
                match phase {
                    Phase::Lookup | Phase::Connect => Why::TimeoutConnect,
                    Phase::Response => Why::TimeoutResponse,
                    Phase::Read | Phase::Write => Why::TimeoutRead,
                    Phase::Total => Why::TimeoutTotal,
                },
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
            Error::BodyFailed(error) | Error::Failed(error) => error.meaning(),
            Error::ShortUpload { .. } => row(
                Code::IncompleteBody,
                Why::IncompleteBody,
                "write as many bytes as `request_start` was told, or let it send chunks",
            ),
            Error::BodyClosed => row(
                Code::BodyClosed,
                Why::Misuse,
                "stop writing: `response_wait` tells what became of the request",
            ),
            Error::NotStarted => row(
                Code::NotStarted,
                Why::Misuse,
                "give `request_start` the length of the body that follows",
            ),
            Error::ListTooLong { .. } => {
                row(Code::InvalidOption, Why::Misuse, "pass fewer of them")
            }
            Error::UnknownOption(_) | Error::UnknownEvents(_) => row(
                Code::InvalidOption,
                Why::Misuse,
                "leave it out: it may be of a newer version than the host",
            ),
            Error::WholeBody(error) => Meaning {
                code: match error.code() {
                    Code::IncompleteBody => Code::RequestError,
                    code => code,
                },
                ..error.meaning()
            },
            Error::OutOfMemory => row(
                Code::BodyTooLarge,
                Why::BodyTooLarge,
                "ask for a part of it with a `Range` header",
            ),
            // With a limit of 0, closing responses does not help.
            Error::TooManySessions { max: 0 } => {
                row(Code::TooManySessions, Why::TooManyOpen, NONE_ALLOWED)
            }
            Error::TooManyOpen { max: 0 } => {
                row(Code::TooManySessions, Why::TooManyOpen, NONE_ALLOWED)
            }
            Error::TooManyInFlight { max: 0 } => {
                row(Code::TooManySessions, Why::TooManyInFlight, NONE_ALLOWED)
            }
            Error::TooManySessions { .. } => row(
                Code::TooManySessions,
                Why::TooManyOpen,
                "close a response first",
            ),
            Error::TooManyOpen { .. } => row(
                Code::TooManySessions,
                Why::TooManyOpen,
                "try again when one of them is closed, here or in another store",
            ),
            Error::TooManyInFlight { .. } | Error::NoThread(_) => row(
                Code::TooManySessions,
                Why::TooManyInFlight,
                "try again when one of them has its response",
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

    /// What kind of failure it is.
    pub(crate) fn kind(&self) -> ErrorKind {
        self.meaning().kind
    }

    /// The underlying error of another library, if there is one.
    pub(crate) fn cause(&self) -> Option<Arc<dyn std::error::Error + Send + Sync>> {
        match self {
            Error::Lookup { source, .. }
            | Error::Connect { source, .. }
            | Error::Thread(source)
            | Error::NoThread(source)
            | Error::Socket(source)
            | Error::Send(source)
            | Error::Receive(source) => Some(source.clone()),
            Error::Proxy {
                fault: ProxyFault::Connect(source),
                ..
            } => Some(source.clone()),
            Error::NoCredential(error) => Some(error.source.clone()),
            Error::Tls(error) => Some(Arc::new(error.clone())),
            Error::Client(error) => Some(error.clone()),
            Error::Body(error)
            | Error::BodyFailed(error)
            | Error::WholeBody(error)
            | Error::Failed(error) => error.cause(),
            _ => None,
        }
    }

    /// The message for the guest: what was tried, what went wrong, and what would help.
    ///
    /// Neither the address nor the rule: both may reveal the embedder's network.
    pub(crate) fn message(&self, tried: Option<&Url>) -> String {
        let what = match self {
            Error::BodyFailed(error) | Error::WholeBody(error) | Error::Failed(error) => {
                return error.message(tried);
            }
            Error::Denied(denied) => match &denied.reason {
                // A hook's reason is meant for the guest.
                DeniedReason::Refused(reason) => format!("it is refused: {reason}"),
                DeniedReason::NotAllowed => {
                    format!("no allowed host matches; {:?} would", denied.origin)
                }
                DeniedReason::MethodOrPath(_) => {
                    "the allowed hosts have other methods or paths of this host".to_owned()
                }
                DeniedReason::DeniedBy(_) => "a rule of the embedder denies it".to_owned(),
                DeniedReason::NotPublic(_) => {
                    "its name leads to an address that is not public".to_owned()
                }
            },
            Error::NoCredential(_) => "the host has no credentials for it at the moment".to_owned(),
            // The guest must not learn the address of a name.
            Error::Connect { source, .. } => format!("cannot connect: {source}"),
            // Neither which proxy there is, nor what it responded.
            Error::Proxy { .. } => "the host's proxy does not lead to the server".to_owned(),
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

const NONE_ALLOWED: &str = "ask for requests to be allowed at all";

const NAME: &str = "check the name of the host";

fn is_refusal(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::ConnectionRefused
}

/// Whether a resolver says that the name does not exist. There is no error code, so this goes by
/// the text.
fn is_not_found(error: &io::Error) -> bool {
    let text = error.to_string();
    error.kind() == io::ErrorKind::NotFound
        || [
            "not known",
            "No address",
            "nodename nor servname",
            "No such host",
        ]
        .iter()
        .any(|words| text.contains(words))
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

/// Escapes control characters, which may come from a server.
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

/// The last failure of a store, and the URL. The message is made only when a guest asks for it.
#[derive(Debug, Default)]
pub(crate) struct LastError(Option<(Error, Option<Arc<Target>>)>);

impl LastError {
    pub(crate) fn set(&mut self, error: Error, tried: Option<Arc<Target>>) {
        self.0 = Some((error, tried));
    }

    pub(crate) fn reason(&self) -> Reason {
        let error = self.0.as_ref();
        error.map_or(Reason::None, |(error, _)| error.kind().reason())
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

    #[test]
    fn a_failure_has_the_code_and_the_reason_that_fit() {
        use io::ErrorKind as Kind;
        let io = |kind: Kind| Arc::new(io::Error::from(kind));
        let connect = |kind| Error::Connect {
            address: ([127, 0, 0, 1], 80).into(),
            source: io(kind),
        };
        let lookup = |text: &str| Error::Lookup {
            host: "a.test".to_owned(),
            source: Arc::new(io::Error::other(text)),
        };
        let expired = rustls::Error::InvalidCertificate(rustls::CertificateError::Expired);
        let alert = rustls::Error::AlertReceived(rustls::AlertDescription::HandshakeFailure);
        let cases = [
            (
                connect(Kind::ConnectionRefused),
                ErrorKind::ConnectionRefused,
            ),
            (connect(Kind::HostUnreachable), ErrorKind::Unreachable),
            (connect(Kind::NetworkUnreachable), ErrorKind::Unreachable),
            (Error::Closed, ErrorKind::ConnectionClosed),
            (
                Error::Send(io(Kind::BrokenPipe)),
                ErrorKind::ConnectionClosed,
            ),
            (Error::TruncatedTls, ErrorKind::ConnectionClosed),
            (Error::Tls(expired), ErrorKind::TlsCertificate),
            (Error::Tls(alert), ErrorKind::Tls),
            (Error::Flood { max: 1 }, ErrorKind::InvalidResponse),
            (Error::BufferFull { max: 1 }, ErrorKind::ResponseTooLarge),
            (lookup("Name or service not known"), ErrorKind::NameNotFound),
            (lookup("Temporary failure"), ErrorKind::NameLookupFailed),
            (Error::NoAddress(String::new()), ErrorKind::NameNotFound),
        ];
        for (error, reason) in cases {
            assert_eq!(error.kind(), reason, "{error:?}");
            assert_eq!(error.code(), HttpError::RequestError, "{error:?}");
            let in_body = error.in_body();
            assert_eq!(in_body.kind(), ErrorKind::IncompleteBody, "{in_body:?}");
            assert_eq!(in_body.code(), HttpError::IncompleteBody, "{in_body:?}");
        }
        for (phase, reason) in [
            (Phase::Lookup, ErrorKind::TimeoutConnect),
            (Phase::Connect, ErrorKind::TimeoutConnect),
            (Phase::Response, ErrorKind::TimeoutResponse),
            (Phase::Read, ErrorKind::TimeoutRead),
            (Phase::Write, ErrorKind::TimeoutRead),
            (Phase::Total, ErrorKind::TimeoutTotal),
        ] {
            let error = Error::Timeout(phase).in_body();
            assert_eq!((error.code(), error.kind()), (HttpError::Timeout, reason));
        }
    }

    #[test]
    fn a_message_is_one_line_of_bounded_length() {
        let error = Error::Head("a\n\u{1b}[31m".to_owned() + &"é".repeat(2000));
        let url: Url = format!("http://example.com/{}?secret", "a".repeat(3000))
            .parse()
            .unwrap();
        let message = error.message(Some(&url));
        assert!(message.len() <= MAX_MESSAGE_LEN, "{}", message.len());
        assert!(!message.contains(char::is_control), "{message:?}");
        assert!(!message.contains("secret"), "{message}");
    }
}
