//! Certificates that a client shows, versions of TLS, and a configuration of the embedder's own.

use std::borrow::Borrow;
use std::sync::Arc;

use wasi_experimental_http_test_server::{ServerCertificate, TestCa, TestServer};
use wasi_experimental_http_wasmtime::{
    CertificateError, ClientCertificate, HttpClient, HttpClientBuilder, HttpCtx, TlsVersion, rustls,
};

use crate::common::node::Node;
use crate::common::{Guest, code};

fn trusting(ca: &TestCa) -> HttpClientBuilder {
    let mut client = HttpClient::builder();
    client.system_root_certificates(false);
    client.try_add_root_certificates_pem(ca.pem()).unwrap();
    client
}

fn guest(client: impl Borrow<HttpClientBuilder>) -> Guest {
    let mut http = HttpCtx::builder();
    http.client(client.borrow().build());
    Guest::new(http.try_allowed_host("insecure:allow-all").unwrap().build())
}

/// A server that asks for a certificate, and demands one or not.
fn asking(ca: &TestCa, demands: bool) -> TestServer {
    let certificate = ca.server_certificate().asking(ca, demands);
    TestServer::http().certificate(certificate).start()
}

/// A certificate, and what a server that was shown it has of it.
fn issued(ca: &TestCa, name: &str) -> (ClientCertificate, Vec<u8>) {
    use rustls::pki_types::pem::PemObject;
    let (pem, key) = ca.client_certificate(name);
    let der = rustls::pki_types::CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
    (
        ClientCertificate::from_pem(&pem, &key).unwrap(),
        der.to_vec(),
    )
}

fn shown(server: &TestServer) -> Option<Vec<u8>> {
    server.last_request().unwrap().client
}

#[test]
fn a_server_that_demands_a_certificate_gets_it() {
    let ca = TestCa::new();
    let server = asking(&ca, true);
    let (certificate, der) = issued(&ca, "plugin");
    let mut with = guest(trusting(&ca).client_certificate(certificate));
    for _ in 0..3 {
        with.fetch_all(&server.url("/get"));
        assert_eq!(shown(&server).as_ref(), Some(&der));
        // The next one resumes its session.
        server.close_connections();
        server.wait_for_open_connections(0);
    }
    let requests = server.requests();
    let (of_another, _) = issued(&TestCa::new(), "plugin");
    let mut with_another = trusting(&ca);
    with_another.client_certificate(of_another);
    for client in [trusting(&ca), with_another] {
        let mut guest = guest(client);
        assert_eq!(guest.fetch(&server.url("/get")), Err(code::REQUEST_ERROR));
        // In TLS 1.3 the client is done before the server looks.
        let (reason, message) = guest.last_error();
        let is_said = ["tls", "connection_closed"].contains(&reason);
        assert!(is_said, "{reason}: {message}");
    }
    assert_eq!(server.requests(), requests);
}

/// The judge is Node.js, which says whom it has seen.
#[test]
fn another_server_sees_the_identity() {
    const SERVER: &str = r#"
        const files = JSON.parse(process.argv[1]);
        const server = require("https").createServer(
            { key: files.key, cert: files.cert, ca: files.ca, requestCert: true },
            (request, response) => response.end(request.socket.getPeerCertificate().subject.CN));
        server.listen(0, "127.0.0.1", () => console.log(server.address().port));
        process.stdin.on("data", () => {}).on("end", () => process.exit(0));
    "#;
    let ca = TestCa::new();
    let (cert, key) = ca.server_pem();
    let files = serde_json::json!({ "key": key, "cert": cert, "ca": ca.pem() });
    let node = Node::start(["-e", SERVER, &files.to_string()]);
    let url = format!("https://localhost:{}/", node.port);
    let (certificate, _) = issued(&ca, "plugin 7");
    let mut with = guest(trusting(&ca).client_certificate(certificate));
    for _ in 0..2 {
        assert_eq!(with.fetch_all(&url), (200, b"plugin 7".to_vec()));
    }
    assert_eq!(guest(trusting(&ca)).fetch(&url), Err(code::REQUEST_ERROR));
}

/// The judge is Node.js again: the cipher is one that the server likes less than others.
#[test]
fn the_cryptography_is_the_embedders() {
    const SERVER: &str = r#"
        const files = JSON.parse(process.argv[1]);
        const server = require("https").createServer(
            { key: files.key, cert: files.cert, honorCipherOrder: true },
            (request, response) => response.end(request.socket.getCipher().standardName));
        server.listen(0, "127.0.0.1", () => console.log(server.address().port));
        process.stdin.on("data", () => {}).on("end", () => process.exit(0));
    "#;
    let ca = TestCa::new();
    let (cert, key) = ca.server_pem();
    let files = serde_json::json!({ "key": key, "cert": cert });
    let node = Node::start(["-e", SERVER, &files.to_string()]);
    let url = format!("https://localhost:{}/", node.port);
    let only = |suite| {
        let mut provider = rustls::crypto::ring::default_provider();
        provider.cipher_suites.retain(|it| it.suite() == suite);
        Arc::new(provider)
    };
    use rustls::CipherSuite as Suite;
    for (suite, name) in [
        (
            Suite::TLS13_CHACHA20_POLY1305_SHA256,
            "TLS_CHACHA20_POLY1305_SHA256",
        ),
        (Suite::TLS13_AES_128_GCM_SHA256, "TLS_AES_128_GCM_SHA256"),
    ] {
        let mut with = guest(trusting(&ca).crypto_provider(only(suite)));
        assert_eq!(with.fetch_all(&url), (200, name.into()));
        // Whom it trusts is what it was.
        let mut other = HttpClient::builder();
        other
            .system_root_certificates(false)
            .crypto_provider(only(suite));
        assert_eq!(guest(other).fetch(&url), Err(code::REQUEST_ERROR));
    }
    // Mozilla has not heard of a test's authority.
    let mut of_mozilla = HttpClient::builder();
    of_mozilla
        .system_root_certificates(false)
        .webpki_root_certificates(true);
    let mut guest = guest(of_mozilla);
    assert_eq!(guest.fetch(&url), Err(code::REQUEST_ERROR));
    assert_eq!(guest.last_error().0, "tls_certificate");
}

#[test]
fn each_host_is_shown_its_own_certificate_and_no_other() {
    let ca = TestCa::new();
    // Of one name, so that TLS sessions would be taken for each other's.
    let servers = [asking(&ca, false), asking(&ca, false), asking(&ca, false)];
    let (one, der_one) = issued(&ca, "one");
    let (two, der_two) = issued(&ca, "two");
    let mut client = trusting(&ca);
    client
        .client_certificate(one.try_for_host(&servers[0].origin()).unwrap())
        .client_certificate(two.try_for_host(&servers[1].origin()).unwrap());
    let mut guest = guest(client);
    let expected = [Some(der_one), Some(der_two), None];
    for round in 0..4 {
        for (server, expected) in servers.iter().zip(&expected) {
            guest.fetch_all(&server.url("/get"));
            assert_eq!(&shown(server), expected, "round {round}");
        }
        // A redirect leads to another identity as well.
        guest.fetch_all(&servers[0].url(&format!("/redirect-to?url={}", servers[2].url("/get"))));
        assert_eq!(shown(&servers[2]), None);
        // The same host by another name is another one.
        guest.fetch_all(&(servers[0].origin_at("127.0.0.1") + "/get"));
        assert_eq!(shown(&servers[0]), None);
        if round % 2 == 1 {
            for server in &servers {
                server.close_connections();
                server.wait_for_open_connections(0);
            }
        }
    }
}

#[test]
fn clients_of_different_identities_share_nothing() {
    let ca = TestCa::new();
    let server = asking(&ca, false);
    let (one, der_one) = issued(&ca, "one");
    let (two, der_two) = issued(&ca, "two");
    let mut guests = [
        (guest(trusting(&ca).client_certificate(one)), Some(der_one)),
        (guest(trusting(&ca).client_certificate(two)), Some(der_two)),
        (guest(trusting(&ca)), None),
    ];
    for _ in 0..3 {
        for (guest, expected) in &mut guests {
            guest.fetch_all(&server.url("/get"));
            assert_eq!(&shown(&server), expected);
        }
    }
    assert_eq!(server.connections(), 3);
}

#[test]
fn versions_of_tls_are_those_that_may_be_spoken() {
    let ca = TestCa::new();
    let new = TestServer::https(&ca).start();
    let old = TestServer::http()
        .certificate(ca.server_certificate().tls12())
        .start();
    use TlsVersion::{Tls12, Tls13};
    let cases = [
        (Tls12, Tls13, true, true),
        (Tls13, Tls13, true, false),
        (Tls12, Tls12, true, true),
        (Tls13, Tls12, false, false),
    ];
    for (min, max, with_new, with_old) in cases {
        let mut guest = guest(trusting(&ca).min_tls_version(min).max_tls_version(max));
        for (server, expected) in [(&new, with_new), (&old, with_old)] {
            let fetched = guest.fetch(&server.url("/get"));
            assert_eq!(fetched.is_ok(), expected, "{min:?} to {max:?}");
            if !expected {
                assert_eq!(fetched, Err(code::REQUEST_ERROR));
                assert_eq!(guest.last_error().0, "tls");
            }
        }
    }
}

#[test]
fn a_configuration_of_the_embedders_own_is_what_counts() {
    let ca = TestCa::new();
    let server = asking(&ca, true);
    let mut roots = rustls::RootCertStore::empty();
    roots.add(ca.der()).unwrap();
    let (pem, key) = ca.client_certificate("own");
    let chain = {
        use rustls::pki_types::pem::PemObject;
        vec![rustls::pki_types::CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()]
    };
    let key = {
        use rustls::pki_types::pem::PemObject;
        rustls::pki_types::PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap()
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(chain.clone(), key)
        .unwrap();
    // Nothing else than HTTP/1.1 is spoken, whatever it offers.
    config.alpn_protocols = vec![b"h2".to_vec()];
    let mut with = guest(HttpClient::builder().tls_config(config));
    with.fetch_all(&server.url("/get"));
    assert_eq!(shown(&server), Some(chain[0].to_vec()));
    // It trusts nobody else.
    let other = TestServer::https(&TestCa::new()).start();
    assert_eq!(with.fetch(&other.url("/get")), Err(code::REQUEST_ERROR));
    assert_eq!(with.last_error().0, "tls_certificate");
}

#[test]
fn a_bad_client_certificate_says_why() {
    let ca = TestCa::new();
    let (pem, key) = ca.client_certificate("one");
    let (_, other) = ca.client_certificate("two");
    let (_, authority) = ServerCertificate::own_authority(&["localhost"]);
    let cases = [
        ("", &*key, "no certificate found"),
        (&*key, &*key, "no certificate found"),
        (&*pem, "", "no private key found"),
        (&*pem, &*pem, "no private key found"),
        (&*pem, &*other, "the private key cannot be used"),
        (&*authority, &*key, "the private key cannot be used"),
        (&*pem, "-----BEGIN PRIVATE KEY-----\nAAAA", "not a PEM file"),
        ("-----BEGIN CERTIFICATE-----\nAAAA", &*key, "not a PEM file"),
    ];
    for (certificates, key, expected) in cases {
        let error: CertificateError = ClientCertificate::from_pem(certificates, key).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
    let both = format!("{pem}{key}");
    let certificate = ClientCertificate::from_pem(&both, &both).unwrap();
    let shown = format!("{certificate:?}");
    assert!(!shown.contains("key"), "{shown}");
    assert!(certificate.try_for_host("example.com").is_err());
}
