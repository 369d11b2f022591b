//! Whose certificates are trusted.

use wasi_experimental_http_test_server::{ServerCertificate, TestCa, TestServer};
use wasi_experimental_http_wasmtime::{HttpClient, HttpCtx};

use crate::common::{Guest, Opened, code, ctx_with, in_its_own_process, trusting};

#[test]
fn https_needs_a_certificate_that_the_client_trusts() {
    let ca = TestCa::new();
    let server = TestServer::https(&ca).start();
    for host in ["localhost", "127.0.0.1"] {
        let origin = server.origin_at(host);
        let http = || {
            HttpCtx::builder()
                .try_allowed_host(&origin)
                .unwrap()
                .clone()
        };
        let mut guest = Guest::new(http().client(trusting(&ca)).build());
        assert_eq!(guest.fetch_all(&(origin.clone() + "/get")).0, 200, "{host}");
        let before = server.requests();
        for client in [HttpClient::new(), trusting(&TestCa::new())] {
            let mut guest = Guest::new(http().client(client).build());
            let given = guest.fetch(&(origin.clone() + "/get"));
            assert_eq!(given, Err(code::REQUEST_ERROR), "{host}");
        }
        assert_eq!(server.requests(), before);
    }

    let self_signed = ServerCertificate::self_signed();
    for certificate in [ca.expired(), ca.wrong_name(), self_signed] {
        let server = TestServer::http().certificate(certificate).start();
        let mut guest = Guest::new(ctx_with(&[&server], trusting(&ca)));
        assert_eq!(guest.fetch(&server.url("/get")), Err(code::REQUEST_ERROR));
        assert_eq!(server.requests(), 0);
    }

    // Each side without TLS where the other expects it.
    let plain = TestServer::http().start();
    let url = plain.origin_at("localhost").replace("http:", "https:");
    let mut http = HttpCtx::builder();
    http.try_allowed_host(&url).unwrap();
    let mut guest = Guest::new(http.client(trusting(&ca)).build());
    assert_eq!(guest.fetch(&url), Err(code::REQUEST_ERROR));
    let url = server.origin().replace("https:", "http:");
    let mut guest = Guest::new(HttpCtx::builder().try_allowed_host(&url).unwrap().build());
    assert_eq!(guest.fetch(&url), Err(code::REQUEST_ERROR));
}

/// In a process of its own, since its trust store is read once in its life.
#[test]
fn the_systems_trust_store_is_read_once_and_unless_it_is_turned_off() {
    const NAME: &str = "tls::the_systems_trust_store_is_read_once_and_unless_it_is_turned_off";
    const STORE: &str = "SSL_CERT_FILE";

    // Parent and child have authorities of their own: the child writes its one to the file.
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ca.pem");
    if !in_its_own_process(NAME, &[(STORE, &file)]) {
        return;
    }
    let file = std::env::var_os(STORE).unwrap();
    let ca = TestCa::new();
    std::fs::write(&file, ca.pem()).unwrap();
    let server = TestServer::https(&ca).start();
    let fetch = |client| Guest::new(ctx_with(&[&server], client)).fetch(&server.url("/get"));
    let status = |opened: Opened| opened.status;

    assert_eq!(fetch(HttpClient::new()).map(status), Ok(200));
    std::fs::remove_file(&file).unwrap();
    assert_eq!(fetch(HttpClient::new()).map(status), Ok(200));
    let mut without = HttpClient::builder();
    without.system_root_certificates(false);
    assert_eq!(fetch(without.build()), Err(code::REQUEST_ERROR));
    // What is added does not replace it.
    let mut with = HttpClient::builder();
    with.try_add_root_certificates_pem(TestCa::new().pem())
        .unwrap();
    assert_eq!(fetch(with.build()).map(status), Ok(200));
}
