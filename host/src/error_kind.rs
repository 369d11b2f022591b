//! The kinds of failures, for embedders: the same as the guests' `$reason`.

use std::fmt;

use crate::generated::types::Reason;

/// What kind of failure it was. Guests are told the same, as `$reason` in the WITX.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// No allowed host matches.
    NotAllowed,
    /// An entry that denies matches, a hook refused it, or the embedder has no value for a credential
    /// that is needed.
    DeniedByRule,
    /// The name leads to an address that is not public.
    NotPublic,
    /// There is no such name.
    NameNotFound,
    /// The name could not be looked up.
    NameLookupFailed,
    /// Nobody listens at the address, or at that of the proxy.
    ConnectionRefused,
    /// The address cannot be reached, or the proxy does not lead to it.
    Unreachable,
    /// The server, or the proxy, closed the connection before it answered.
    ConnectionClosed,
    /// The server's certificate is not trusted, or not for this name.
    TlsCertificate,
    /// The TLS handshake failed, or TLS broke off.
    Tls,
    /// What the server, or the proxy, sent is no valid response.
    InvalidResponse,
    /// The head of the response is over a limit.
    ResponseTooLarge,
    /// More redirects than are followed.
    TooManyRedirects,
    /// A redirect leads to what cannot be requested.
    Redirect,
    /// The name lookup, TCP or TLS took longer than the connect timeout.
    TimeoutConnect,
    /// The head of the response took longer than the response timeout.
    TimeoutResponse,
    /// The server was silent for longer than the read timeout.
    TimeoutRead,
    /// The request took longer than its total timeout.
    TimeoutTotal,
    /// The store, the client or the process has no room for another response, or the store has sent
    /// all requests of its budget.
    TooManyOpen,
    /// The client has too many requests on their way, or the store sent too many in a second.
    TooManyInFlight,
    /// The body of the request or the response is over its limit, or the store has carried all bytes
    /// of its budget.
    BodyTooLarge,
    /// The body broke off.
    IncompleteBody,
    /// The embedder cancelled the store's requests.
    Cancelled,
    /// The guest called a function with what it cannot be called with.
    Misuse,
}

impl ErrorKind {
    /// The guests' name for it.
    pub(crate) fn reason(self) -> Reason {
        match self {
            ErrorKind::NotAllowed => Reason::NotAllowed,
            ErrorKind::DeniedByRule => Reason::DeniedByRule,
            ErrorKind::NotPublic => Reason::NotPublic,
            ErrorKind::NameNotFound => Reason::NameNotFound,
            ErrorKind::NameLookupFailed => Reason::NameLookupFailed,
            ErrorKind::ConnectionRefused => Reason::ConnectionRefused,
            ErrorKind::Unreachable => Reason::Unreachable,
            ErrorKind::ConnectionClosed => Reason::ConnectionClosed,
            ErrorKind::TlsCertificate => Reason::TlsCertificate,
            ErrorKind::Tls => Reason::Tls,
            ErrorKind::InvalidResponse => Reason::InvalidResponse,
            ErrorKind::ResponseTooLarge => Reason::ResponseTooLarge,
            ErrorKind::TooManyRedirects => Reason::TooManyRedirects,
            ErrorKind::Redirect => Reason::Redirect,
            ErrorKind::TimeoutConnect => Reason::TimeoutConnect,
            ErrorKind::TimeoutResponse => Reason::TimeoutResponse,
            ErrorKind::TimeoutRead => Reason::TimeoutRead,
            ErrorKind::TimeoutTotal => Reason::TimeoutTotal,
            ErrorKind::TooManyOpen => Reason::TooManyOpen,
            ErrorKind::TooManyInFlight => Reason::TooManyInFlight,
            ErrorKind::BodyTooLarge => Reason::BodyTooLarge,
            ErrorKind::IncompleteBody => Reason::IncompleteBody,
            ErrorKind::Cancelled => Reason::Cancelled,
            ErrorKind::Misuse => Reason::Misuse,
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ErrorKind::NotAllowed => "not an allowed host",
            ErrorKind::DeniedByRule => "denied by a rule",
            ErrorKind::NotPublic => "not a public address",
            ErrorKind::NameNotFound => "no such host",
            ErrorKind::NameLookupFailed => "name lookup failed",
            ErrorKind::ConnectionRefused => "connection refused",
            ErrorKind::Unreachable => "unreachable",
            ErrorKind::ConnectionClosed => "connection closed",
            ErrorKind::TlsCertificate => "certificate not accepted",
            ErrorKind::Tls => "TLS failed",
            ErrorKind::InvalidResponse => "invalid response",
            ErrorKind::ResponseTooLarge => "response too large",
            ErrorKind::TooManyRedirects => "too many redirects",
            ErrorKind::Redirect => "invalid redirect",
            ErrorKind::TimeoutConnect => "connect timeout",
            ErrorKind::TimeoutResponse => "response timeout",
            ErrorKind::TimeoutRead => "read timeout",
            ErrorKind::TimeoutTotal => "total timeout",
            ErrorKind::TooManyOpen => "too many open responses",
            ErrorKind::TooManyInFlight => "too many requests in flight",
            ErrorKind::BodyTooLarge => "body too large",
            ErrorKind::IncompleteBody => "incomplete body",
            ErrorKind::Cancelled => "cancelled",
            ErrorKind::Misuse => "misuse by the guest",
        })
    }
}
