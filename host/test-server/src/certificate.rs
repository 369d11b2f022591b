//! Certificates made at run time: a certificate authority of the test's own, what it issues, and
//! what a client has to refuse.

use std::fmt;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;

/// Names that a proper certificate of the server is valid for.
const NAMES: [&str; 2] = ["localhost", "127.0.0.1"];

/// A certificate authority that exists for one test.
pub struct TestCa {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl fmt::Debug for TestCa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestCa").finish_non_exhaustive()
    }
}

impl Default for TestCa {
    fn default() -> Self {
        TestCa::new()
    }
}

impl TestCa {
    /// Makes an authority, with a key of its own.
    pub fn new() -> Self {
        let mut params = params(&[]);
        params
            .distinguished_name
            .push(DnType::CommonName, "Loopback test authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let issuer = CertifiedIssuer::self_signed(params, key()).expect("a CA certificate");
        TestCa { issuer }
    }

    /// The authority's certificate, in PEM: what a client is given to trust.
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// The authority's certificate, in DER.
    pub fn der(&self) -> CertificateDer<'static> {
        self.issuer.der().clone()
    }

    /// A certificate for `localhost` and `127.0.0.1`.
    pub fn server_certificate(&self) -> ServerCertificate {
        self.issue(server_params(&NAMES))
    }

    /// A certificate for `localhost` and `127.0.0.1` that was valid in 2001 only.
    pub fn expired(&self) -> ServerCertificate {
        let mut params = server_params(&NAMES);
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(2001, 12, 31);
        self.issue(params)
    }

    /// A certificate for another host, `wrong-name.test`.
    pub fn wrong_name(&self) -> ServerCertificate {
        self.certificate_for(&["wrong-name.test"])
    }

    /// A certificate for these names and addresses.
    pub fn certificate_for(&self, names: &[&str]) -> ServerCertificate {
        self.issue(server_params(names))
    }

    /// A certificate for `localhost` and `127.0.0.1` that is an authority itself.
    pub fn lower_authority(&self) -> ServerCertificate {
        let mut params = server_params(&NAMES);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        self.issue(params)
    }

    /// A certificate for a client, and its key, both in PEM.
    pub fn client_certificate(&self, name: &str) -> (String, String) {
        let mut params = params(&[]);
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        self.issue_pem(params)
    }

    /// A certificate for `localhost` and `127.0.0.1`, and its key, both in PEM, for a server of another
    /// kind than this crate's.
    pub fn server_pem(&self) -> (String, String) {
        self.issue_pem(server_params(&NAMES))
    }

    fn issue_pem(&self, params: CertificateParams) -> (String, String) {
        let key = key();
        let certificate = params.signed_by(&key, &self.issuer);
        let certificate = certificate.expect("a certificate");
        (certificate.pem(), key.serialize_pem())
    }

    fn issue(&self, params: CertificateParams) -> ServerCertificate {
        let key = key();
        let certificate = params
            .signed_by(&key, &self.issuer)
            .expect("a server certificate");
        ServerCertificate::new(certificate.der().clone(), &key)
    }
}

/// A certificate with its key, for [`TestServerBuilder::certificate`](crate::TestServerBuilder::certificate).
#[derive(Clone)]
pub struct ServerCertificate {
    config: Arc<ServerConfig>,
}

impl fmt::Debug for ServerCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerCertificate").finish_non_exhaustive()
    }
}

impl ServerCertificate {
    /// A certificate for `localhost` and `127.0.0.1` that no authority vouches for.
    pub fn self_signed() -> ServerCertificate {
        let key = key();
        let certificate = server_params(&NAMES)
            .self_signed(&key)
            .expect("a self-signed certificate");
        ServerCertificate::new(certificate.der().clone(), &key)
    }

    /// A certificate for these names that is its own authority, as `openssl req -x509` makes it,
    /// and the same in PEM: what a client is given to trust.
    pub fn own_authority(names: &[&str]) -> (ServerCertificate, String) {
        let mut params = params(names);
        params
            .distinguished_name
            .push(DnType::CommonName, "Loopback test server");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = key();
        let certificate = params.self_signed(&key).expect("a self-signed certificate");
        let pem = certificate.pem();
        (ServerCertificate::new(certificate.der().clone(), &key), pem)
    }

    fn new(certificate: CertificateDer<'static>, key: &KeyPair) -> Self {
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring has all of rustls's protocol versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .expect("a certificate that fits its key");
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        ServerCertificate {
            config: Arc::new(config),
        }
    }

    /// The same of a server that asks its clients for certificates of this authority, and has nothing
    /// to do with those that show none if it demands one.
    pub fn asking(mut self, ca: &TestCa, demands: bool) -> Self {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(ca.der()).expect("an authority");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone());
        let verifier = match demands {
            true => verifier,
            false => verifier.allow_unauthenticated(),
        };
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring has all of rustls's protocol versions")
            .with_client_cert_verifier(verifier.build().expect("an authority"))
            .with_cert_resolver(self.config.cert_resolver.clone());
        self.config = Arc::new(config);
        self
    }

    /// The same of a server that speaks TLS 1.2 only.
    pub fn tls12(mut self) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS12])
            .expect("ring has all of rustls's protocol versions")
            .with_no_client_auth()
            .with_cert_resolver(self.config.cert_resolver.clone());
        self.config = Arc::new(config);
        self
    }

    /// The certificate as rustls takes it, for a server of another kind than this crate's.
    pub fn config(&self) -> Arc<ServerConfig> {
        self.config.clone()
    }
}

fn key() -> KeyPair {
    KeyPair::generate().expect("a key pair")
}

fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    CertificateParams::new(names).expect("names that a certificate can hold")
}

fn server_params(names: &[&str]) -> CertificateParams {
    let mut params = params(names);
    params
        .distinguished_name
        .push(DnType::CommonName, "Loopback test server");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params
}
