//! A certificate that is its own authority, as `openssl req -x509` makes it.

use wasi_experimental_http_test_server::{ServerCertificate, TestCa, TestServer};
use wasi_experimental_http_wasmtime::HttpClient;

use crate::common::{code, trusting};
use crate::guest;

fn trusting_pem(pem: &str) -> HttpClient {
    HttpClient::builder()
        .system_root_certificates(false)
        .try_add_root_certificates_pem(pem)
        .unwrap()
        .build()
}

fn fetch(server: &TestServer, host: &str, client: &HttpClient) -> Result<u16, u32> {
    let url = server.origin_at(host) + "/get";
    guest(client).fetch(&url).map(|opened| opened.status)
}

#[test]
fn a_certificate_that_is_one_of_the_added_roots_is_accepted_for_its_names() {
    let (certificate, pem) = ServerCertificate::own_authority(&["localhost", "127.0.0.1"]);
    let server = TestServer::http().certificate(certificate).start();
    let client = trusting_pem(&pem);
    for host in ["localhost", "127.0.0.1"] {
        assert_eq!(fetch(&server, host, &client), Ok(200), "{host}");
    }
    // Beside others.
    let both = pem + &TestCa::new().pem();
    assert_eq!(fetch(&server, "localhost", &trusting_pem(&both)), Ok(200));
}

#[test]
fn and_for_no_other_name_and_by_no_other_client() {
    for names in [&["localhost"][..], &["127.0.0.1"], &["other.test"], &[]] {
        let (certificate, pem) = ServerCertificate::own_authority(names);
        let server = TestServer::http().certificate(certificate).start();
        for host in ["localhost", "127.0.0.1"] {
            let expected = if names.contains(&host) {
                Ok(200)
            } else {
                Err(code::REQUEST_ERROR)
            };
            let given = fetch(&server, host, &trusting_pem(&pem));
            assert_eq!(given, expected, "{names:?} {host}");
        }
    }
    let names = ["localhost", "127.0.0.1"];
    let (certificate, _) = ServerCertificate::own_authority(&names);
    let server = TestServer::http().certificate(certificate).start();
    // One of the same name with another key, another authority, and the system's.
    let (_, look_alike) = ServerCertificate::own_authority(&names);
    for client in [
        trusting_pem(&look_alike),
        trusting(&TestCa::new()),
        HttpClient::new(),
    ] {
        let given = fetch(&server, "localhost", &client);
        assert_eq!(given, Err(code::REQUEST_ERROR));
    }
}

#[test]
fn an_authority_that_is_not_added_itself_is_no_server() {
    let ca = TestCa::new();
    let server = TestServer::http().certificate(ca.lower_authority()).start();
    let given = fetch(&server, "localhost", &trusting(&ca));
    assert_eq!(given, Err(code::REQUEST_ERROR));
    // What stays as it was.
    for certificate in [
        ca.expired(),
        ca.wrong_name(),
        ServerCertificate::self_signed(),
    ] {
        let server = TestServer::http().certificate(certificate).start();
        let given = fetch(&server, "localhost", &trusting(&ca));
        assert_eq!(given, Err(code::REQUEST_ERROR));
    }
    assert_eq!(
        fetch(&TestServer::https(&ca).start(), "localhost", &trusting(&ca)),
        Ok(200)
    );
}
