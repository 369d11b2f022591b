//! The HTTP client that stores share: its pool of connections, its certificate authorities and its
//! limits.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use ureq::config::{AutoHeaderValue, Config};

use crate::certificate::{
    self, CertificateError, CertificateErrorKind, ClientCertificate, TlsVersion,
};
use crate::connection::dial::Dialer;
use crate::connection::lookup::Lookup;
use crate::connection::pool::{self, Pool};
use crate::connection::tls::TlsSettings;
use crate::connection::transport::Agents;
use crate::error::Error;
use crate::exchange::reactor::Reactor;
use crate::limits;
use crate::proxy::{Proxies, Proxy, ProxyError};
use crate::workers::Workers;

/// An HTTP client, cheap to clone: clones share one pool of connections.
///
/// Responses are not decompressed, and no proxy is used, whatever the environment says, unless
/// [`HttpClientBuilder::proxy`] or [`HttpClientBuilder::proxy_from_env`] says so.
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
    pool: Arc<Pool>,
    dialer: Dialer,
    agents: Agents,
    max_in_flight: usize,
    in_flight: AtomicUsize,
    /// The threads that carry out started requests.
    workers: Arc<Workers>,
    /// Watches sockets for asynchronous stores.
    reactor: Arc<Reactor>,
}

/// Closes idle connections, and ends the threads.
impl Drop for Inner {
    fn drop(&mut self) {
        self.pool.shut_down();
        self.dialer.shut_down();
        self.workers.shut_down();
        self.reactor.shut_down();
    }
}

/// One unit of the limit of requests in flight; dropping it releases it.
pub(crate) struct InFlight(HttpClient);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.inner.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl HttpClient {
    /// A client of its own that trusts the system's certificate authorities, with the feature `native-roots`
    /// (a default), and nobody without it.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// A client with other settings.
    pub fn builder() -> HttpClientBuilder {
        HttpClientBuilder::new()
    }

    /// The client that every [`HttpCtx`](crate::HttpCtx) of this process uses unless it is given
    /// another one.
    pub fn shared() -> Self {
        static SHARED: LazyLock<HttpClient> = LazyLock::new(HttpClient::new);
        SHARED.clone()
    }

    pub(crate) fn pool(&self) -> &Arc<Pool> {
        &self.inner.pool
    }

    pub(crate) fn dialer(&self) -> &Dialer {
        &self.inner.dialer
    }

    pub(crate) fn agents(&self) -> &Agents {
        &self.inner.agents
    }

    pub(crate) fn reactor(&self) -> &Arc<Reactor> {
        &self.inner.reactor
    }

    pub(crate) fn workers(&self) -> &Arc<Workers> {
        &self.inner.workers
    }

    /// Takes one of the places for requests on their way.
    pub(crate) fn start(&self) -> Result<InFlight, Error> {
        let max = self.inner.max_in_flight;
        let place = InFlight(self.clone());
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

/// Settings of an [`HttpClient`]. Each method names its default; those of limits are constants in
/// [`limits`], with the reasons for them.
#[derive(Clone)]
#[must_use]
pub struct HttpClientBuilder {
    tls: TlsSettings,
    max_in_flight: usize,
    connections: pool::Limits,
    lookup: Option<Lookup>,
    proxies: Proxies,
}

impl Default for HttpClientBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for HttpClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClientBuilder")
            .field("tls", &self.tls)
            .field("max_in_flight", &self.max_in_flight)
            .field("connections", &self.connections)
            .field("proxies", &self.proxies)
            .finish_non_exhaustive()
    }
}

impl HttpClientBuilder {
    /// Those of [`HttpClient::new`].
    pub fn new() -> Self {
        HttpClientBuilder {
            tls: TlsSettings::default(),
            max_in_flight: limits::DEFAULT_MAX_REQUESTS_IN_FLIGHT,
            connections: pool::Limits {
                open: limits::DEFAULT_MAX_OPEN_RESPONSES,
                idle: limits::DEFAULT_MAX_IDLE_CONNECTIONS,
                idle_per_host: limits::DEFAULT_MAX_IDLE_CONNECTIONS_PER_HOST,
                idle_timeout: limits::DEFAULT_IDLE_TIMEOUT,
            },
            lookup: None,
            proxies: Proxies::default(),
        }
    }

    /// Whether the system's certificate authorities are trusted; `true` by default, with the feature
    /// `native-roots`. Without that there are none, and with `true` every `https` request fails.
    ///
    /// They are read when the first `https` request needs them, once for the process.
    pub fn system_root_certificates(&mut self, trust: bool) -> &mut Self {
        self.tls.roots.system = trust;
        self
    }

    /// Whether the certificate authorities that Mozilla trusts are trusted as well, as the crate
    /// `webpki-roots` had them when the program was built; `false` by default. For systems without a
    /// trust store: with the program they grow old.
    #[cfg(feature = "webpki-roots")]
    pub fn webpki_root_certificates(&mut self, trust: bool) -> &mut Self {
        self.tls.roots.webpki = trust;
        self
    }

    /// Trusts the certificate authorities of a PEM file as well; none by default.
    ///
    /// # Errors
    ///
    /// If the text is not PEM, has no certificate in it, or one that cannot be an authority.
    pub fn try_add_root_certificates_pem(
        &mut self,
        pem: impl AsRef<[u8]>,
    ) -> Result<&mut Self, CertificateError> {
        for certificate in certificate::certificates_of(pem.as_ref())? {
            rustls::RootCertStore::empty()
                .add(certificate.clone())
                .map_err(|error| {
                    CertificateError::new(CertificateErrorKind::NotAnAuthority, error)
                })?;
            self.tls.roots.added.push(certificate);
        }
        Ok(self)
    }

    /// Adds a certificate that servers are shown which ask for one; none by default. Of several for
    /// one host the last that is given is shown.
    pub fn client_certificate(&mut self, certificate: ClientCertificate) -> &mut Self {
        self.tls.certificates.push(certificate);
        self
    }

    /// The lowest version of TLS that is spoken; 1.2 by default.
    pub fn min_tls_version(&mut self, version: TlsVersion) -> &mut Self {
        self.tls.min_version = version;
        self
    }

    /// The highest version of TLS that is spoken; 1.3 by default. With one below the lowest there is
    /// none, and every `https` request fails.
    pub fn max_tls_version(&mut self, version: TlsVersion) -> &mut Self {
        self.tls.max_version = version;
        self
    }

    /// The cryptography of TLS. By default it is that which the process has
    /// [installed](rustls::crypto::CryptoProvider::install_default), else `ring` or `aws-lc-rs`, of which
    /// the features have it. Without any every `https` request fails.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use wasi_experimental_http_wasmtime::{HttpClient, rustls};
    ///
    /// let mut provider = rustls::crypto::ring::default_provider();
    /// provider.cipher_suites.retain(|suite| suite.tls13().is_some());
    /// let client = HttpClient::builder().crypto_provider(Arc::new(provider)).build();
    /// ```
    pub fn crypto_provider(&mut self, provider: Arc<rustls::crypto::CryptoProvider>) -> &mut Self {
        self.tls.provider = Some(provider);
        self
    }

    /// Speaks TLS as this configuration says, whatever else is said here of certificates and versions:
    /// with the trust store, the cryptography and the identity of the embedder. By default, one is made
    /// of the other settings.
    ///
    /// Who is trusted is then the embedder's own business. No protocol is negotiated (ALPN), since all
    /// that is spoken is HTTP/1.1.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use wasi_experimental_http_wasmtime::{HttpClient, rustls};
    ///
    /// let roots = rustls::RootCertStore::empty();
    /// let provider = Arc::new(rustls::crypto::ring::default_provider());
    /// let tls = rustls::ClientConfig::builder_with_provider(provider)
    ///     .with_protocol_versions(&[&rustls::version::TLS13])?
    ///     .with_root_certificates(roots)
    ///     .with_no_client_auth();
    /// let client = HttpClient::builder().tls_config(tls).build();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn tls_config(&mut self, config: rustls::ClientConfig) -> &mut Self {
        self.tls.own = Some(Arc::new(config));
        self
    }

    /// How many requests of all stores together may wait for the headers of their responses; 512
    /// ([`DEFAULT_MAX_REQUESTS_IN_FLIGHT`](limits::DEFAULT_MAX_REQUESTS_IN_FLIGHT)) by default.
    /// Beyond it `req` gives `too_many_sessions`, and 0 allows none.
    pub fn max_requests_in_flight(&mut self, max: usize) -> &mut Self {
        self.max_in_flight = max;
        self
    }

    /// How many responses all stores together may hold open, with the requests that wait for one;
    /// 512 ([`DEFAULT_MAX_OPEN_RESPONSES`](limits::DEFAULT_MAX_OPEN_RESPONSES)) by default.
    ///
    /// It bounds the client's connections, and so its file descriptors: idle ones count, and are
    /// closed to make room, the oldest first. If there is none, `req` gives `too_many_sessions`;
    /// 0 allows no request at all.
    pub fn max_open_responses(&mut self, max: usize) -> &mut Self {
        self.connections.open = max;
        self
    }

    /// How many idle connections are kept for later requests; 256
    /// ([`DEFAULT_MAX_IDLE_CONNECTIONS`](limits::DEFAULT_MAX_IDLE_CONNECTIONS)) by default. The
    /// oldest is closed for a newer one; with 0 none is kept.
    pub fn max_idle_connections(&mut self, max: usize) -> &mut Self {
        self.connections.idle = max;
        self
    }

    /// How many of them are kept for one scheme, host and port; 64
    /// ([`DEFAULT_MAX_IDLE_CONNECTIONS_PER_HOST`](limits::DEFAULT_MAX_IDLE_CONNECTIONS_PER_HOST)) by
    /// default. The oldest of them is closed for a newer one.
    pub fn max_idle_connections_per_host(&mut self, max: usize) -> &mut Self {
        self.connections.idle_per_host = max;
        self
    }

    /// How long an idle connection is kept; 15 seconds
    /// ([`DEFAULT_IDLE_TIMEOUT`](limits::DEFAULT_IDLE_TIMEOUT)) by default. Then it is closed, by a
    /// thread that the client has as long as something is idle.
    pub fn idle_timeout(&mut self, timeout: std::time::Duration) -> &mut Self {
        self.connections.idle_timeout = timeout;
        self
    }

    /// Looks names up with this function; by default, with the system's `getaddrinfo`. URLs with an
    /// address in them are not looked up.
    ///
    /// What it gives is held to the same rules: a name may lead to public addresses only, unless
    /// the store may reach private networks. It is called on a thread of the client's own, and may
    /// block; a store whose request is cancelled does not wait for it.
    pub fn resolver(
        &mut self,
        look_up: impl Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static,
    ) -> &mut Self {
        self.lookup = Some(Arc::new(look_up));
        self
    }

    /// Sends all requests through this proxy; by default through none.
    ///
    /// The list of allowed hosts holds as without one, at every hop: what is compared are the guest's
    /// URLs, of which the proxy gets those that are allowed. So do the rules for addresses where this
    /// host knows them: of URLs with an address in them, and of all with a proxy of the scheme
    /// `socks5`. **A name that the proxy looks up (`http`, `socks5h`) may lead to any address that the
    /// proxy can reach**, private ones included, also where
    /// [`allow_private_networks`](crate::HttpCtxBuilder::allow_private_networks) is off or an entry
    /// denies the address: such a proxy has to have rules of its own. The proxy's own address is the
    /// embedder's choice, and is held to no rule; its name is looked up by the client's
    /// [`resolver`](Self::resolver).
    ///
    /// A proxy of the scheme `http` reads, and may change, `http` requests with the responses to them and
    /// with what [`Credential`](crate::Credential)s add to them. `https` is end to end: the proxy learns
    /// the host and the port.
    ///
    /// Connections through a proxy are kept and used again like others, for one scheme, host and port
    /// each. What connecting to the proxy and what it says take counts towards the connect timeout. A
    /// proxy that fails or refuses gives `request_error`, and so does status 407 of one that forwards a
    /// request; the guest learns nothing more of it, nor its address.
    ///
    /// ```
    /// use wasi_experimental_http_wasmtime::HttpClient;
    ///
    /// let client = HttpClient::builder()
    ///     .proxy("http://user:password@proxy.example:3128".parse()?)
    ///     .build();
    /// # Ok::<(), wasi_experimental_http_wasmtime::ProxyError>(())
    /// ```
    pub fn proxy(&mut self, proxy: Proxy) -> &mut Self {
        self.proxies.set(proxy);
        self
    }

    /// Uses no proxy for these hosts as well: a list, separated by commas or spaces, as the variable
    /// `NO_PROXY` has it; none by default.
    ///
    /// An entry is a name, which includes those below it (`example.com`, as `.example.com`), an address, a
    /// block of addresses (`10.0.0.0/8`), or `*` for all hosts; `:port` may follow a name or an address.
    /// Names are not looked up for this: a block is of URLs with an address in them.
    ///
    /// # Errors
    ///
    /// If an entry is none of these.
    pub fn no_proxy(&mut self, hosts: &str) -> Result<&mut Self, ProxyError> {
        self.proxies.add_without(hosts)?;
        Ok(self)
    }

    /// Uses the proxies that the environment names now, in place of all that was said of proxies before;
    /// by default they are not looked at.
    ///
    /// `http_proxy` is for `http` requests, `https_proxy` for `https` requests, and `all_proxy` where
    /// there is no other; `no_proxy` names [hosts without one](Self::no_proxy). All may be in upper case
    /// instead, but `HTTP_PROXY` does not count in a CGI program, where a client can set it. Without these
    /// variables no proxy is used.
    ///
    /// # Errors
    ///
    /// If a variable has no [`Proxy`], or no list of hosts, in it.
    pub fn proxy_from_env(&mut self) -> Result<&mut Self, ProxyError> {
        self.proxies = Proxies::from_env()?;
        Ok(self)
    }

    /// A client with these settings: another one, with connections of its own, at each call.
    #[must_use]
    pub fn build(&self) -> HttpClient {
        let config = Config::builder()
            .accept(AutoHeaderValue::None)
            .accept_encoding(AutoHeaderValue::None)
            .allow_non_standard_methods(true)
            .http_status_as_error(false)
            // It has none: each request brings its connection.
            .max_idle_connections(0)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .output_buffer_size(limits::OUTPUT_BUFFER_SIZE)
            .proxy(None)
            .user_agent(AutoHeaderValue::None)
            .build();
        HttpClient {
            inner: Arc::new(Inner {
                pool: Pool::new(self.connections),
                dialer: Dialer::new(self.lookup.clone(), self.tls.clone(), self.proxies.clone()),
                agents: Agents::new(config),
                max_in_flight: self.max_in_flight,
                in_flight: AtomicUsize::new(0),
                // Each works for a request that is on its way.
                workers: Workers::new("wasi-http-request", self.max_in_flight),
                reactor: Arc::default(),
            }),
        }
    }
}

/// Sharing a client between threads is the point of it.
const _: () = {
    const fn assert<T: Send + Sync>() {}
    assert::<HttpClient>();
};

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn a_bad_certificate_says_why() {
        let not_a_certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        use CertificateErrorKind as Kind;
        let cases = [
            ("", Kind::NoCertificate),
            ("hello", Kind::NoCertificate),
            (not_a_certificate, Kind::NotAnAuthority),
            ("-----BEGIN CERTIFICATE-----\nAAAA", Kind::InvalidPem),
        ];
        for (pem, kind) in cases {
            let error = HttpClient::builder()
                .try_add_root_certificates_pem(pem)
                .expect_err(pem);
            assert_eq!(error.kind(), kind, "{error}");
            assert!(error.to_string().starts_with(&kind.to_string()), "{error}");
            let said = error.source().map(ToString::to_string);
            assert_eq!(said.is_none(), kind == Kind::NoCertificate, "{error}");
            assert!(error.to_string().ends_with(&said.unwrap_or_default()));
        }
    }
}
