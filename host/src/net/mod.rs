//! Connections below ureq: name lookup, TCP and TLS, with what ureq's own lack: an address filter,
//! cancellation of one store's requests, and knowledge of whether a connection was used before.
//!
//! ureq's resolver and connector see a URL and a configuration, and nothing of the store whose
//! request it is. But ureq works on the caller's thread, so what belongs to the request is kept
//! there while it is sent: see [`scope`]. From its first byte on, the connection knows whose it is.

pub(crate) mod address;
pub(crate) mod cancel;
pub(crate) mod resolve;
pub(crate) mod scope;
pub(crate) mod tcp;
pub(crate) mod tls;
pub(crate) mod traffic;
mod workers;

/// Why a connection failed, where ureq has no error of its own for it.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum NetError {
    #[error("the request was cancelled")]
    Cancelled,
    #[error("{host} resolves to {address}, which is not a public address")]
    NotPublic {
        host: String,
        address: std::net::IpAddr,
    },
    #[error("{host} resolves to {address}, which \"deny:{rule}\" denies")]
    DeniedAddress {
        host: String,
        address: std::net::IpAddr,
        rule: String,
    },
    #[error("the name of the host cannot be looked up: {text}")]
    LookupFailed {
        /// Whether there is no such name, as far as is known.
        not_found: bool,
        text: String,
    },
    /// Never an I/O error of ureq's, which it would take for the end of a body that ends with its
    /// connection.
    #[error("the server reset the connection")]
    Reset,
    #[error("the head of the response, or the size of a chunk, has no end within {max} bytes")]
    BufferFull { max: usize },
    #[error("the server sent more than {max} bytes, and neither headers nor a body in them")]
    Flood { max: u64 },
    #[error("the server ended the TLS connection without saying so: what came may be a part")]
    TruncatedTls,
}

impl NetError {
    /// This error in what ureq returned, if it is there.
    pub(crate) fn find(error: &ureq::Error) -> Option<&NetError> {
        match error {
            ureq::Error::Other(error) => error.downcast_ref(),
            ureq::Error::Io(error) => Self::find_in_io(error),
            _ => None,
        }
    }

    /// The same for a reader of a body, whose errors ureq wraps once more.
    pub(crate) fn find_in_io(error: &std::io::Error) -> Option<&NetError> {
        let error = error.get_ref()?;
        error
            .downcast_ref()
            .or_else(|| error.downcast_ref().and_then(Self::find))
    }
}

impl From<NetError> for ureq::Error {
    fn from(error: NetError) -> Self {
        ureq::Error::Other(Box::new(error))
    }
}
