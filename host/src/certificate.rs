//! Certificates and keys in PEM, and which client certificate is used for which host.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use url::Url;

use crate::allowed_hosts::{AllowedHost, AllowedHostError, AllowedHosts};

/// A certificate, with its key, that a client shows to servers that ask for one.
///
/// [`HttpClientBuilder::client_certificate`](crate::HttpClientBuilder::client_certificate) gives it to a
/// client, for all hosts or for some. A host is always shown the same one, so no connection and no TLS
/// session is ever used for another identity; stores that need different ones have different clients.
///
/// ```no_run
/// use wasi_experimental_http_wasmtime::{ClientCertificate, HttpClient};
///
/// let pem = std::fs::read("plugin.pem")?;
/// let certificate = ClientCertificate::from_pem(&pem, &pem)?.try_for_host("https://api.example.com")?;
/// let client = HttpClient::builder().client_certificate(certificate).build();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ClientCertificate {
    /// `None` for all.
    hosts: Option<AllowedHosts>,
    key: Arc<CertifiedKey>,
}

impl ClientCertificate {
    /// A certificate for all hosts: a chain of certificates in PEM, that of the client first, and the
    /// private key of that, in PEM as well (PKCS #8, PKCS #1 or SEC 1). Both may be in one text.
    ///
    /// # Errors
    ///
    /// If the texts are not PEM, have no certificate or no key in them, or the two do not fit each other.
    pub fn from_pem(
        certificates: impl AsRef<[u8]>,
        key: impl AsRef<[u8]>,
    ) -> Result<Self, CertificateError> {
        let chain = certificates_of(certificates.as_ref())?;
        let key = match PrivateKeyDer::from_pem_slice(key.as_ref()) {
            Ok(key) => key,
            Err(rustls::pki_types::pem::Error::NoItemsFound) => {
                return Err(CertificateErrorKind::NoKey.into());
            }
            // The error's text contains nothing of the key.
            Err(error) => {
                return Err(CertificateError::new(
                    CertificateErrorKind::InvalidPem,
                    error,
                ));
            }
        };
        let key = match provider() {
            Some(provider) => CertifiedKey::from_der(chain, key, &provider),
            None => Err(no_provider()),
        };
        let key =
            key.map_err(|error| CertificateError::new(CertificateErrorKind::UnusableKey, error))?;
        Ok(ClientCertificate {
            hosts: None,
            key: Arc::new(key),
        })
    }

    /// Limits the certificate to the hosts that are named so: this one, and others by further
    /// calls. An entry with methods or a path matches no host, because connections are made for an
    /// origin.
    #[must_use]
    pub fn for_host(mut self, host: AllowedHost) -> Self {
        self.hosts.get_or_insert_default().insert(host);
        self
    }

    /// Like [`ClientCertificate::for_host`], with the text of an entry.
    ///
    /// # Errors
    ///
    /// If it is not an entry as [`AllowedHosts`] describes.
    pub fn try_for_host(self, entry: &str) -> Result<Self, AllowedHostError> {
        Ok(self.for_host(entry.parse()?))
    }

    /// Whether it is used for the host of a URL.
    pub(crate) fn is_for(&self, url: &Url) -> bool {
        self.hosts
            .as_ref()
            .is_none_or(|hosts| hosts.allows_all_requests(url))
    }

    pub(crate) fn key(&self) -> Arc<CertifiedKey> {
        self.key.clone()
    }
}

/// Omits the key.
impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts = self.hosts.as_ref().map(ToString::to_string);
        f.debug_struct("ClientCertificate")
            .field("hosts", &hosts)
            .finish_non_exhaustive()
    }
}

/// The crypto provider of rustls, unless the embedder gives one: the process's default, or that of a
/// feature; `None` if there is none.
pub(crate) fn provider() -> Option<Arc<CryptoProvider>> {
    CryptoProvider::get_default().cloned().or_else(built_in)
}

#[cfg(feature = "ring")]
fn built_in() -> Option<Arc<CryptoProvider>> {
    Some(Arc::new(rustls::crypto::ring::default_provider()))
}

#[cfg(all(feature = "aws-lc-rs", not(feature = "ring")))]
fn built_in() -> Option<Arc<CryptoProvider>> {
    Some(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
}

#[cfg(not(any(feature = "aws-lc-rs", feature = "ring")))]
fn built_in() -> Option<Arc<CryptoProvider>> {
    None
}

/// The error if there is no crypto provider.
pub(crate) fn no_provider() -> rustls::Error {
    rustls::Error::General(
        "there is no crypto provider: turn on the feature `ring` or `aws-lc-rs`, or pass one"
            .to_owned(),
    )
}

/// The certificates of a PEM text, at least one.
pub(crate) fn certificates_of(
    pem: &[u8],
) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    let certificates = certificates
        .map_err(|error| CertificateError::new(CertificateErrorKind::InvalidPem, error))?;
    match certificates.is_empty() {
        true => Err(CertificateErrorKind::NoCertificate.into()),
        false => Ok(certificates),
    }
}

/// Why
/// [`HttpClientBuilder::try_add_root_certificates_pem`](crate::HttpClientBuilder::try_add_root_certificates_pem)
/// or [`ClientCertificate::from_pem`] rejects a text.
///
/// Its [source](std::error::Error::source) is the error of the PEM or certificate library, if there
/// is one.
#[derive(Debug, Clone)]
pub struct CertificateError {
    kind: CertificateErrorKind,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// What kind of failure a [`CertificateError`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CertificateErrorKind {
    /// The text is not PEM.
    InvalidPem,
    /// The certificate is not an authority's, and cannot be a trust anchor.
    NotAnAuthority,
    /// The text has no certificate in it.
    NoCertificate,
    /// The text has no private key in it.
    NoKey,
    /// The key is of an unsupported kind, or does not belong to the certificate.
    UnusableKey,
}

impl CertificateError {
    pub(crate) fn new(
        kind: CertificateErrorKind,
        source: impl StdError + Send + Sync + 'static,
    ) -> Self {
        CertificateError {
            kind,
            source: Some(Arc::new(source)),
        }
    }

    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> CertificateErrorKind {
        self.kind
    }
}

impl From<CertificateErrorKind> for CertificateError {
    fn from(kind: CertificateErrorKind) -> Self {
        CertificateError { kind, source: None }
    }
}

impl fmt::Display for CertificateErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CertificateErrorKind::InvalidPem => "not a PEM file",
            CertificateErrorKind::NotAnAuthority => "not a certificate authority",
            CertificateErrorKind::NoCertificate => {
                "no certificate found: expected `-----BEGIN CERTIFICATE-----`"
            }
            CertificateErrorKind::NoKey => {
                "no private key found: expected `-----BEGIN PRIVATE KEY-----`"
            }
            CertificateErrorKind::UnusableKey => "the private key cannot be used",
        })
    }
}

/// Includes the text of the source.
impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Some(source) => write!(f, "{}: {source}", self.kind),
            None => self.kind.fmt(f),
        }
    }
}

impl StdError for CertificateError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self.source.as_deref()?)
    }
}

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum TlsVersion {
    /// RFC 5246.
    Tls12,
    /// RFC 8446.
    Tls13,
}
