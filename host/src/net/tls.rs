//! TLS for the client's connections, by rustls.
//!
//! ureq's own connector builds its configuration, certificates and all, anew for a request with
//! settings of its own, and every request here has them: its store's timeouts. This one builds it
//! once for a client, when the first `https` request needs it.

use std::fmt;
use std::io::{self, Read, Write};
use std::sync::{Arc, LazyLock, OnceLock};

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use ureq::Error;
use ureq::unversioned::transport::time::Instant;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport,
    TransportAdapter,
};

use super::NetError;
use super::scope::Scope;

/// The system's trust store, read once in the life of the process.
static SYSTEM_ROOTS: LazyLock<Vec<CertificateDer<'static>>> = LazyLock::new(|| {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "cannot read a part of the system's trust store");
    }
    if found.certs.is_empty() {
        tracing::warn!("the system's trust store is empty: no https server will be trusted");
    }
    found.certs
});

/// Which certificate authorities a client trusts.
#[derive(Debug, Clone)]
pub(crate) struct Roots {
    pub system: bool,
    pub added: Vec<CertificateDer<'static>>,
}

impl Roots {
    fn config(&self) -> Result<ClientConfig, rustls::Error> {
        let mut store = RootCertStore::empty();
        if self.system {
            // A system's store may hold certificates that rustls has no use for.
            store.add_parsable_certificates(SYSTEM_ROOTS.iter().cloned());
        }
        for certificate in &self.added {
            store.add(certificate.clone())?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        Ok(ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(store)
            .with_no_client_auth())
    }
}

/// The TLS configuration of a client, made when it is first needed.
pub(crate) struct Tls {
    roots: Roots,
    config: OnceLock<Arc<ClientConfig>>,
}

impl Tls {
    pub(crate) fn new(roots: Roots) -> Self {
        Tls {
            roots,
            config: OnceLock::new(),
        }
    }

    fn config(&self) -> Result<Arc<ClientConfig>, Error> {
        if let Some(config) = self.config.get() {
            return Ok(config.clone());
        }
        let config = Arc::new(self.roots.config().map_err(other)?);
        // Of several first requests at once, one wins; all are the same.
        Ok(self.config.get_or_init(|| config).clone())
    }
}

/// Wraps a connection in TLS if the URL's scheme is `https`.
pub(crate) struct TlsConnector {
    tls: Arc<Tls>,
}

impl TlsConnector {
    pub(crate) fn new(tls: Arc<Tls>) -> Self {
        TlsConnector { tls }
    }
}

fn other(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Other(Box::new(error))
}

impl fmt::Debug for TlsConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsConnector").finish_non_exhaustive()
    }
}

impl<In: Transport> Connector<In> for TlsConnector {
    type Out = Either<In, TlsTransport>;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        let Some(transport) = chained else {
            return Ok(None);
        };
        let scope = Scope::current();
        if !details.needs_tls() || transport.is_tls() {
            if let Some(scope) = scope {
                scope.connected();
            }
            return Ok(Some(Either::A(transport)));
        }
        let host = details.uri.host().ok_or(Error::HostNotFound)?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(host.to_owned()).map_err(other)?;
        let mut connection = ClientConnection::new(self.tls.config()?, name).map_err(other)?;
        let mut socket = TransportAdapter::new(transport.boxed(), details.current_time.clone());
        // What the TCP connection took is gone from what connecting may take.
        let mut timeout = details.timeout;
        if let (false, Instant::Exact(now), Instant::Exact(started)) = (
            timeout.after.is_not_happening(),
            (details.current_time)(),
            details.now,
        ) {
            let gone = now.saturating_duration_since(started);
            timeout.after = timeout.after.saturating_sub(gone).into();
        }
        socket.set_timeout(timeout);
        connection.complete_io(&mut socket)?;
        if let Some(scope) = scope {
            scope.connected();
        }
        let buffers = LazyBuffers::new(
            details.config.input_buffer_size(),
            details.config.output_buffer_size(),
        );
        Ok(Some(Either::B(TlsTransport {
            buffers,
            stream: StreamOwned::new(connection, socket),
        })))
    }
}

/// A connection in TLS.
pub(crate) struct TlsTransport {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter>,
}

impl fmt::Debug for TlsTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsTransport").finish_non_exhaustive()
    }
}

impl Transport for TlsTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.stream.get_mut().set_timeout(timeout);
        self.stream.write_all(&self.buffers.output()[..amount])?;
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.stream.get_mut().set_timeout(timeout);
        let scope = Scope::current();
        let answered = scope.as_ref().is_some_and(|scope| scope.answered());
        let buffer = self.buffers.input_append_buf();
        if buffer.is_empty() {
            return Err(super::tcp::full(&self.buffers));
        }
        let amount = match self.stream.read(buffer) {
            // Without a closing alert (RFC 8446, section 6.1) anybody on the way may have cut the
            // connection. ureq would take this for the end of a body that ends with it.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(NetError::TruncatedTls.into());
            }
            result => result?,
        };
        if let (0, false, Some(scope)) = (amount, answered, &scope) {
            scope.forget_answer();
        }
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.get_mut().get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}
