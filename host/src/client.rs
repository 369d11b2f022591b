//! The HTTP client that stores share: ureq's agents, with their pools of connections and
//! their certificate authorities.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use ureq::config::{AutoHeaderValue, Config};
use ureq::unversioned::transport::Connector;

use crate::error::Error;
use crate::limits;
use crate::net::resolve::{FilteringResolver, Lookup};
use crate::net::tcp::CancellableTcp;
use crate::net::tls::{Roots, Tls, TlsConnector};

/// What is sent as `User-Agent` if the guest sends none.
const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

/// How many idle connections are kept, in all and for each host. ureq's own 10 and 3 would close
/// connections as soon as more than three guests talk to one host.
const MAX_IDLE_CONNECTIONS: usize = 256;
const MAX_IDLE_CONNECTIONS_PER_HOST: usize = 64;

/// An HTTP client, cheap to clone: clones share one pool of connections.
///
/// Responses are not decompressed, and no proxy is used, whatever the environment says.
///
/// ```
/// use wasi_experimental_http_wasmtime::{HttpClient, HttpCtx};
///
/// let client = HttpClient::new();
/// let one = HttpCtx::builder().client(client.clone()).build();
/// let two = HttpCtx::builder().client(client).build();
/// ```
#[derive(Clone)]
pub struct HttpClient {
    inner: Arc<Inner>,
}

struct Inner {
    /// Reaches public addresses only.
    public: ureq::Agent,
    /// Reaches every address. ureq's pool knows nothing of policy, so this is a pool of its own: a
    /// store that may reach public addresses only never gets a connection to another one.
    any: ureq::Agent,
    max_in_flight: usize,
    in_flight: AtomicUsize,
}

/// Counts a request on its way, for as long as it lives.
pub(crate) struct InFlight<'a>(&'a AtomicUsize);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl HttpClient {
    /// A client of its own that trusts the system's certificate authorities.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// A client with other settings.
    pub fn builder() -> HttpClientBuilder {
        HttpClientBuilder {
            roots: Roots {
                system: true,
                added: Vec::new(),
            },
            max_in_flight: limits::DEFAULT_MAX_REQUESTS_IN_FLIGHT,
            lookup: None,
        }
    }

    /// The client that every [`HttpCtx`](crate::HttpCtx) of this process uses unless it is given
    /// another one.
    pub fn shared() -> Self {
        static SHARED: LazyLock<HttpClient> = LazyLock::new(HttpClient::new);
        SHARED.clone()
    }

    pub(crate) fn agent(&self, public_only: bool) -> &ureq::Agent {
        if public_only {
            &self.inner.public
        } else {
            &self.inner.any
        }
    }

    /// Takes one of the places for requests on their way.
    pub(crate) fn start(&self) -> Result<InFlight<'_>, Error> {
        let max = self.inner.max_in_flight;
        let place = InFlight(&self.inner.in_flight);
        if self.inner.in_flight.fetch_add(1, Ordering::Relaxed) < max {
            Ok(place)
        } else {
            Err(Error::TooManyInFlight { max })
        }
    }
}

impl Default for HttpClient {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient").finish_non_exhaustive()
    }
}

/// Settings of an [`HttpClient`].
#[derive(Clone)]
#[must_use]
pub struct HttpClientBuilder {
    roots: Roots,
    max_in_flight: usize,
    lookup: Option<Lookup>,
}

impl fmt::Debug for HttpClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClientBuilder")
            .field("roots", &self.roots)
            .field("max_in_flight", &self.max_in_flight)
            .finish_non_exhaustive()
    }
}

impl HttpClientBuilder {
    /// Whether the system's certificate authorities are trusted; `true` by default.
    ///
    /// They are read when the first `https` request needs them, once for the process.
    pub fn system_root_certificates(mut self, trust: bool) -> Self {
        self.roots.system = trust;
        self
    }

    /// Trusts the certificate authorities of a PEM file as well.
    ///
    /// # Errors
    ///
    /// If the text is not PEM, has no certificate in it, or one that cannot be an authority.
    pub fn add_root_certificates_pem(
        mut self,
        pem: impl AsRef<[u8]>,
    ) -> Result<Self, CertificateError> {
        let before = self.roots.added.len();
        for certificate in CertificateDer::pem_slice_iter(pem.as_ref()) {
            let certificate =
                certificate.map_err(|error| CertificateError::Pem(error.to_string()))?;
            rustls::RootCertStore::empty()
                .add(certificate.clone())
                .map_err(|error| CertificateError::Authority(error.to_string()))?;
            self.roots.added.push(certificate);
        }
        if self.roots.added.len() == before {
            return Err(CertificateError::None);
        }
        Ok(self)
    }

    /// How many requests of all stores together may wait for the headers of their responses;
    /// beyond it `req` gives `too_many_sessions`, and 0 allows none.
    pub fn max_requests_in_flight(mut self, max: usize) -> Self {
        self.max_in_flight = max;
        self
    }

    /// Looks names up with this function in place of the system's. URLs with an address in them
    /// are not looked up.
    ///
    /// What it gives is held to the same rules: a name may lead to public addresses only, unless
    /// the store may reach private networks. It is called on a thread of the client's own, and may
    /// block; a store whose request is cancelled does not wait for it.
    pub fn resolver(
        mut self,
        look_up: impl Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static,
    ) -> Self {
        self.lookup = Some(Arc::new(look_up));
        self
    }

    /// The client.
    pub fn build(self) -> HttpClient {
        let config = Config::builder()
            .accept_encoding(AutoHeaderValue::None)
            .allow_non_standard_methods(true)
            .http_status_as_error(false)
            .max_idle_connections(MAX_IDLE_CONNECTIONS)
            .max_idle_connections_per_host(MAX_IDLE_CONNECTIONS_PER_HOST)
            .max_redirects(0)
            .max_redirects_will_error(false)
            // ureq also counts what came behind an interim response: the transports refuse a head
            // that does not fit their buffers, and the rest is checked when it is there.
            .max_response_header_size(usize::MAX)
            .timeout_resolve(Some(limits::DEFAULT_CONNECT_TIMEOUT))
            .timeout_connect(Some(limits::DEFAULT_CONNECT_TIMEOUT))
            .timeout_recv_response(Some(limits::DEFAULT_RESPONSE_TIMEOUT))
            .timeout_per_read(Some(limits::DEFAULT_READ_TIMEOUT))
            .timeout_per_write(Some(limits::DEFAULT_READ_TIMEOUT))
            .timeout_global(Some(limits::DEFAULT_TIMEOUT))
            .output_buffer_size(limits::OUTPUT_BUFFER_SIZE)
            .proxy(None)
            .user_agent(USER_AGENT)
            .build();
        let tls = Arc::new(Tls::new(self.roots));
        let agent = |public_only| {
            let connector = CancellableTcp.chain(TlsConnector::new(tls.clone()));
            let lookup = self.lookup.clone();
            let resolver = FilteringResolver {
                public_only,
                lookup,
            };
            ureq::Agent::with_parts(config.clone(), connector, resolver)
        };
        HttpClient {
            inner: Arc::new(Inner {
                public: agent(true),
                any: agent(false),
                max_in_flight: self.max_in_flight,
                in_flight: AtomicUsize::new(0),
            }),
        }
    }
}

/// A certificate that [`HttpClientBuilder::add_root_certificates_pem`] cannot take.
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
    None,
}

/// Sharing a client between threads is the point of it.
const _: () = {
    const fn assert<T: Send + Sync>() {}
    assert::<HttpClient>();
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_certificate_says_why() {
        let not_a_certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let cases = [
            ("", "no certificate found"),
            ("hello", "no certificate found"),
            (not_a_certificate, "not a certificate authority"),
            ("-----BEGIN CERTIFICATE-----\nAAAA", "not a PEM file"),
        ];
        for (pem, expected) in cases {
            let error = HttpClient::builder()
                .add_root_certificates_pem(pem)
                .expect_err(pem)
                .to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
