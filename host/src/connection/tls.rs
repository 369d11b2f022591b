//! TLS for the client's connections, by rustls.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WantsClientCert, WebPkiServerVerifier, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::SingleCertAndKey;
use rustls::{
    CertificateError, ClientConfig, ClientConnection, ConfigBuilder, DigitallySignedStruct,
    RootCertStore, SignatureScheme, SupportedProtocolVersion,
};
use url::Url;

use super::socket::{Patience, Socket};
use crate::certificate::{self, ClientCertificate, TlsVersion};
use crate::error::Error;
use crate::exchange::Exchange;

/// How many bytes are encrypted at once; rustls buffers that much until it is sent.
const MAX_WRITE: usize = 64 * 1024;

/// Which certificate authorities a client trusts.
#[derive(Debug, Clone)]
pub(crate) struct Roots {
    pub system: bool,
    /// Mozilla's, as they were when the program was built.
    #[cfg(feature = "webpki-roots")]
    pub webpki: bool,
    pub added: Vec<CertificateDer<'static>>,
}

/// How a client speaks TLS.
#[derive(Debug, Clone)]
pub(crate) struct TlsSettings {
    pub roots: Roots,
    pub certificates: Vec<ClientCertificate>,
    pub min_version: TlsVersion,
    pub max_version: TlsVersion,
    /// `None` for that of [`certificate::provider`].
    pub provider: Option<Arc<CryptoProvider>>,
    /// The embedder's own configuration, which replaces all other settings.
    pub own: Option<Arc<ClientConfig>>,
}

impl Default for TlsSettings {
    fn default() -> Self {
        TlsSettings {
            roots: Roots {
                system: cfg!(feature = "native-roots"),
                #[cfg(feature = "webpki-roots")]
                webpki: false,
                added: Vec::new(),
            },
            certificates: Vec::new(),
            min_version: TlsVersion::Tls12,
            max_version: TlsVersion::Tls13,
            provider: None,
            own: None,
        }
    }
}

/// The system's trust store, which this build does not read.
#[cfg(not(feature = "native-roots"))]
fn system_roots() -> Result<(Arc<[CertificateDer<'static>]>, bool), Error> {
    Err(Error::TrustStore(
        "it takes the feature `native-roots`".to_owned(),
    ))
}

/// The system's trust store, read once per process; a failed read is repeated.
#[cfg(feature = "native-roots")]
static SYSTEM_ROOTS: Mutex<Option<Arc<[CertificateDer<'static>]>>> = Mutex::new(None);

/// The certificates of the system's trust store, and whether all of it could be read.
#[cfg(feature = "native-roots")]
fn system_roots() -> Result<(Arc<[CertificateDer<'static>]>, bool), Error> {
    let mut kept = SYSTEM_ROOTS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(roots) = &*kept {
        return Ok((roots.clone(), true));
    }
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "cannot read a part of the system's trust store");
    }
    if let Some(error) = found.errors.first()
        && found.certs.is_empty()
    {
        return Err(Error::TrustStore(error.to_string()));
    }
    if found.certs.is_empty() {
        tracing::warn!("the system's trust store is empty: no https server will be trusted");
    }
    let roots: Arc<[_]> = found.certs.into();
    // A broken file stays broken, but a shortage of file descriptors passes.
    let is_whole = !roots.is_empty() && !found.errors.iter().any(is_shortage);
    if is_whole {
        *kept = Some(roots.clone());
    }
    Ok((roots, is_whole))
}

#[cfg(feature = "native-roots")]
fn is_shortage(error: &rustls_native_certs::Error) -> bool {
    use io::ErrorKind as Io;
    use rustls_native_certs::ErrorKind;
    match &error.kind {
        ErrorKind::Io { inner, .. } => !matches!(
            inner.kind(),
            Io::NotFound | Io::PermissionDenied | Io::InvalidData
        ),
        ErrorKind::Pem(_) => false,
        _ => true,
    }
}

impl TlsSettings {
    /// The enabled versions of TLS.
    fn versions(&self) -> Vec<&'static SupportedProtocolVersion> {
        let all = [
            (TlsVersion::Tls12, &rustls::version::TLS12),
            (TlsVersion::Tls13, &rustls::version::TLS13),
        ];
        let spoken = all.into_iter();
        let spoken = spoken.filter(|(it, _)| (self.min_version..=self.max_version).contains(it));
        spoken.map(|(_, version)| version).collect()
    }

    /// The index of the client certificate for the host of a URL.
    fn identity(&self, url: &Url) -> Option<usize> {
        self.certificates.iter().rposition(|it| it.is_for(url))
    }

    /// A configuration with this client certificate, and whether it may be cached.
    fn config(&self, identity: Option<usize>) -> Result<(ClientConfig, bool), Error> {
        if let Some(own) = &self.own {
            let mut config = ClientConfig::clone(own);
            config.alpn_protocols.clear();
            return Ok((config, true));
        }
        let provider = self.provider.clone().or_else(certificate::provider);
        let provider = provider.ok_or_else(|| Error::Tls(certificate::no_provider()))?;
        let (config, is_whole) = self.roots.verifying(provider, &self.versions())?;
        let certificate = identity.and_then(|identity| self.certificates.get(identity));
        let config = match certificate {
            Some(certificate) => config
                .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(certificate.key()))),
            None => config.with_no_client_auth(),
        };
        Ok((config, is_whole))
    }
}

impl Roots {
    /// A configuration that trusts these authorities, and whether it may be cached.
    fn verifying(
        &self,
        provider: Arc<CryptoProvider>,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Result<(ConfigBuilder<ClientConfig, WantsClientCert>, bool), Error> {
        let (store, is_whole) = self.store()?;
        let config = ClientConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(versions)
            .map_err(Error::Tls)?;
        let config = if self.added.is_empty() {
            config.with_root_certificates(store)
        } else {
            let verifier = OwnRoots::new(store, provider, self.added.clone())?;
            config
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(verifier))
        };
        Ok((config, is_whole))
    }

    /// The store of all trusted roots, and whether all of the system's could be read.
    fn store(&self) -> Result<(RootCertStore, bool), Error> {
        let mut store = RootCertStore::empty();
        let mut is_whole = true;
        if self.system {
            let (roots, all) = system_roots()?;
            is_whole = all;
            // A system's store may contain certificates that rustls rejects; skip those.
            store.add_parsable_certificates(roots.iter().cloned());
        }
        #[cfg(feature = "webpki-roots")]
        if self.webpki {
            store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        for certificate in &self.added {
            store.add(certificate.clone()).map_err(Error::Tls)?;
        }
        Ok((store, is_whole))
    }
}

/// Verifies as rustls does, with one exception: a server certificate that is itself one of the
/// added roots, as `openssl req -x509` makes them, is accepted for its names. rustls rejects
/// certificates of authorities here (RFC 5280, section 4.2.1.9); curl and Python accept them.
#[derive(Debug)]
struct OwnRoots {
    rustls: Arc<WebPkiServerVerifier>,
    added: Vec<CertificateDer<'static>>,
}

impl OwnRoots {
    fn new(
        store: RootCertStore,
        provider: Arc<CryptoProvider>,
        added: Vec<CertificateDer<'static>>,
    ) -> Result<Self, Error> {
        let rustls = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider);
        let rustls = rustls
            .build()
            .map_err(|error| Error::Tls(rustls::Error::General(error.to_string())))?;
        Ok(OwnRoots { rustls, added })
    }
}

/// Whether the only fault is that the certificate is an authority's. rustls checks that after the
/// validity period.
fn is_only_an_authority(error: &rustls::Error) -> bool {
    matches!(
        error,
        rustls::Error::InvalidCertificate(CertificateError::Other(other))
            if other.0.to_string() == "CaUsedAsEndEntity"
    )
}

impl ServerCertVerifier for OwnRoots {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self.rustls.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        match verified {
            Err(error) if is_only_an_authority(&error) && self.added.contains(end_entity) => {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.rustls
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.rustls
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.rustls.supported_verify_schemes()
    }
}

/// The TLS configurations of a client, created on first use: one for each client certificate, so
/// that a session is never resumed with another one.
pub(crate) struct TlsConfig {
    settings: TlsSettings,
    configs: Mutex<HashMap<Option<usize>, Arc<ClientConfig>>>,
}

impl TlsConfig {
    pub(crate) fn new(settings: TlsSettings) -> Self {
        TlsConfig {
            settings,
            configs: Mutex::default(),
        }
    }

    fn get(&self, url: &Url) -> Result<Arc<ClientConfig>, Error> {
        let identity = self.settings.identity(url);
        let mut kept = self.configs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = kept.get(&identity) {
            return Ok(config.clone());
        }
        let (config, is_whole) = self.settings.config(identity)?;
        let config = Arc::new(config);
        if is_whole {
            kept.insert(identity, config.clone());
        }
        Ok(config)
    }

    /// Performs the handshake with the host of a URL.
    pub(crate) fn connect(
        &self,
        socket: &mut Socket,
        url: &Url,
        exchange: &Exchange,
        patience: Patience,
    ) -> Result<Tls, Error> {
        let host = url.host_str().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| Error::Tls(rustls::Error::General("not a server's name".to_owned())))?;
        let session = ClientConnection::new(self.get(url)?, name).map_err(Error::Tls)?;
        let mut tls = Tls {
            session,
            records: Records::default(),
        };
        loop {
            tls.flush(socket, exchange, patience)?;
            if !tls.session.is_handshaking() {
                return Ok(tls);
            }
            if let Err(error) = tls.receive(socket, exchange, patience) {
                // Best effort: the alert tells the server why.
                let _ = tls.flush(socket, exchange, Patience::None);
                return Err(error);
            }
        }
    }
}

/// The client's side of a TLS connection.
pub(crate) struct Tls {
    session: ClientConnection,
    records: Records,
}

impl Tls {
    /// Reads at least one byte; 0 after a closing alert.
    pub(crate) fn read(
        &mut self,
        socket: &mut Socket,
        exchange: &Exchange,
        buffer: &mut [u8],
        patience: Patience,
    ) -> Result<usize, Error> {
        loop {
            match self.session.reader().read(buffer) {
                Ok(count) => return Ok(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // Without a closing alert (RFC 8446, section 6.1) an attacker may have cut the
                // connection.
                Err(_) => return Err(Error::TruncatedTls),
            }
            self.receive(socket, exchange, patience)?;
            // Replies to what arrived, such as a key update. If the server does not accept them
            // now, reading goes on all the same.
            match self.flush(socket, exchange, Patience::None) {
                Err(error) if !error.is_disconnect() && !matches!(error, Error::WouldBlock) => {
                    return Err(error);
                }
                _ => {}
            }
        }
    }

    /// Reads from the socket and decrypts.
    fn receive(
        &mut self,
        socket: &mut Socket,
        exchange: &Exchange,
        patience: Patience,
    ) -> Result<(), Error> {
        let mut wire = Wire {
            socket,
            exchange,
            patience,
            failure: None,
            records: Some(&mut self.records),
        };
        match self.session.read_tls(&mut wire) {
            Ok(0) if self.session.is_handshaking() => return Err(Error::TruncatedTls),
            Ok(_) => {}
            Err(error) => return Err(wire.failure.unwrap_or(Error::Receive(Arc::new(error)))),
        }
        self.session.process_new_packets().map_err(Error::Tls)?;
        Ok(())
    }

    /// Encrypts some of the bytes, and sends as many as `patience` allows.
    pub(crate) fn write(
        &mut self,
        socket: &mut Socket,
        exchange: &Exchange,
        bytes: &[u8],
        patience: Patience,
    ) -> Result<usize, Error> {
        // Bytes accepted earlier go first.
        self.flush(socket, exchange, patience)?;
        let count = self
            .session
            .writer()
            .write(&bytes[..bytes.len().min(MAX_WRITE)])
            .map_err(|error| Error::Send(Arc::new(error)))?;
        match self.flush(socket, exchange, patience) {
            Ok(()) | Err(Error::WouldBlock) => Ok(count),
            Err(error) => Err(error),
        }
    }

    /// Sends what is encrypted.
    pub(crate) fn flush(
        &mut self,
        socket: &mut Socket,
        exchange: &Exchange,
        patience: Patience,
    ) -> Result<(), Error> {
        while self.session.wants_write() {
            let mut wire = Wire {
                socket: &mut *socket,
                exchange,
                patience,
                failure: None,
                records: None,
            };
            if let Err(error) = self.session.write_tls(&mut wire) {
                return Err(wire.failure.unwrap_or(Error::Send(Arc::new(error))));
            }
        }
        Ok(())
    }

    /// Whether everything is sent.
    pub(crate) fn is_flushed(&self) -> bool {
        !self.session.wants_write()
    }

    /// Whether no received data is left: no plaintext, no partial record, no closing alert.
    pub(crate) fn is_clean(&mut self) -> bool {
        let left = self.session.reader().read(&mut [0; 1]);
        self.records.is_at_an_end()
            && matches!(left, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Whether received data is waiting to be read.
    pub(crate) fn has_received(&mut self) -> bool {
        // An error counts: the next read reports it.
        let state = self.session.process_new_packets();
        state.map_or(true, |state| state.plaintext_bytes_to_read() > 0)
    }

    /// Processes what a server sends unasked, such as session tickets. Fails if nothing has
    /// arrived.
    pub(crate) fn receive_unasked(
        &mut self,
        socket: &mut Socket,
        exchange: &Exchange,
    ) -> Result<(), Error> {
        self.receive(socket, exchange, Patience::None)
    }
}

/// Tracks where records end in the received bytes (RFC 8446, section 5.1), which rustls does not
/// tell.
#[derive(Debug, Default)]
struct Records {
    /// How many bytes of the next record's header have arrived, of 5: type (1), version (2), length
    /// (2).
    header: u8,
    /// How many bytes of the current record are missing; while its header arrives, the length so
    /// far. After `17 03 03 01`, `header` is 4 and `left` 0x01; after `2a`, they are 5 and 0x012a.
    left: u16,
}

impl Records {
    const HEADER: u8 = 5;

    fn add(&mut self, mut bytes: &[u8]) {
        while let [first, rest @ ..] = bytes {
            if self.header == Self::HEADER {
                let count = bytes.len().min(usize::from(self.left));
                self.left -= count as u16;
                bytes = &bytes[count..];
            } else {
                if self.header >= 3 {
                    self.left = (self.left << 8) | u16::from(*first);
                }
                self.header += 1;
                bytes = rest;
            }
            if self.header == Self::HEADER && self.left == 0 {
                self.header = 0;
            }
        }
    }

    fn is_at_an_end(&self) -> bool {
        self.header == 0
    }
}

/// The socket as rustls sees it.
struct Wire<'a> {
    socket: &'a mut Socket,
    exchange: &'a Exchange,
    patience: Patience,
    /// The error behind the `io::Error` that was given to rustls.
    failure: Option<Error>,
    records: Option<&'a mut Records>,
}

impl Wire<'_> {
    fn result(&mut self, result: Result<usize, Error>) -> io::Result<usize> {
        result.map_err(|error| {
            self.failure = Some(error);
            io::ErrorKind::Other.into()
        })
    }
}

impl Read for Wire<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let result = self.socket.read(self.exchange, buffer, self.patience);
        if let (Ok(count), Some(records)) = (&result, &mut self.records) {
            records.add(&buffer[..*count]);
        }
        self.result(result)
    }
}

impl Write for Wire<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.socket.write(self.exchange, bytes, self.patience);
        self.result(result)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record(len: u16) -> Vec<u8> {
        let [high, low] = len.to_be_bytes();
        let mut record = vec![23, 3, 3, high, low];
        record.extend(vec![0; usize::from(len)]);
        record
    }

    #[cfg(feature = "webpki-roots")]
    #[test]
    fn mozillas_authorities_are_trusted_if_they_shall_be() {
        let mut roots = TlsSettings::default().roots;
        roots.system = false;
        assert!(roots.store().unwrap().0.is_empty());
        roots.webpki = true;
        let (store, is_whole) = roots.store().unwrap();
        assert!(is_whole && store.len() > 100, "{}", store.len());
        // The root of Let's Encrypt, https://letsencrypt.org/certificates.
        let has = |name: &[u8]| {
            let mut subjects = store.roots.iter().map(|root| root.subject.as_ref());
            subjects.any(|subject| subject.windows(name.len()).any(|it| it == name))
        };
        assert!(has(b"ISRG Root X1") && !has(b"ISRG Root X9"));
    }

    proptest! {
        #[test]
        fn records_end_where_they_end_however_they_are_cut(
            lens in proptest::collection::vec(0..600u16, 1..5),
            piece in 1..50usize,
        ) {
            let wire: Vec<u8> = lens.iter().flat_map(|len| record(*len)).collect();
            let mut ends = Vec::new();
            for len in &lens {
                ends.push(ends.last().unwrap_or(&0) + 5 + usize::from(*len));
            }
            let mut records = Records::default();
            let mut read = 0;
            for bytes in wire.chunks(piece) {
                records.add(bytes);
                read += bytes.len();
                prop_assert_eq!(records.is_at_an_end(), ends.contains(&read));
            }
        }
    }
}
