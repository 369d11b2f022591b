//! Certificates and keys in PEM, and which of them a client shows to whom.

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
/// let certificate = ClientCertificate::from_pem(&pem, &pem)?.for_host("https://api.example.com")?;
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
                return Err(CertificateError::NoKey);
            }
            // Its text has nothing of the key in it.
            Err(error) => return Err(CertificateError::Pem(error.to_string())),
        };
        let key = CertifiedKey::from_der(chain, key, &provider());
        let key = key.map_err(|error| CertificateError::Key(error.to_string()))?;
        Ok(ClientCertificate {
            hosts: None,
            key: Arc::new(key),
        })
    }

    /// The same for one more host, an entry as [`AllowedHosts`] describes, and for none that is not
    /// named so.
    ///
    /// # Errors
    ///
    /// If it is not such an entry, or has methods or a path, which are not known yet when a connection
    /// is made.
    pub fn for_host(mut self, entry: &str) -> Result<Self, AllowedHostError> {
        let entry = AllowedHost::whole_host(entry)?;
        self.hosts.get_or_insert_default().extend([entry]);
        Ok(self)
    }

    /// Whether it is shown to the server of a URL.
    pub(crate) fn is_for(&self, url: &Url) -> bool {
        self.hosts.as_ref().is_none_or(|hosts| hosts.allows(url))
    }

    pub(crate) fn key(&self) -> Arc<CertifiedKey> {
        self.key.clone()
    }
}

/// Without the key.
impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts = self.hosts.as_ref().map(ToString::to_string);
        f.debug_struct("ClientCertificate")
            .field("hosts", &hosts)
            .finish_non_exhaustive()
    }
}

/// The cryptography of TLS.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// The certificates of a PEM text, at least one.
pub(crate) fn certificates_of(
    pem: &[u8],
) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    let certificates = certificates.map_err(|error| CertificateError::Pem(error.to_string()))?;
    match certificates.is_empty() {
        true => Err(CertificateError::NoCertificate),
        false => Ok(certificates),
    }
}

/// A certificate that [`HttpClientBuilder::add_root_certificates_pem`](crate::HttpClientBuilder::add_root_certificates_pem)
/// or [`ClientCertificate::from_pem`] cannot take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// The text is not PEM.
    #[error("not a PEM file: {0}")]
    Pem(String),
    /// A certificate that no chain can end in.
    #[error("not a certificate authority: {0}")]
    Authority(String),
    /// The text has no certificate in it.
    #[error("no certificate found: expected `-----BEGIN CERTIFICATE-----`")]
    NoCertificate,
    /// The text has no private key in it.
    #[error("no private key found: expected `-----BEGIN PRIVATE KEY-----`")]
    NoKey,
    /// A key of a kind that is not known, or not that of the certificate.
    #[error("the private key cannot be used: {0}")]
    Key(String),
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
