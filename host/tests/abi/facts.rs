//! `response_get`: what the host knows of a response.

use std::io::Write;
use std::net::TcpListener;

use wasi_experimental_http_wasmtime::{HttpClient, HttpCtx, HttpCtxBuilder};

use crate::common::{
    BUFFER, BUFFER_LEN, Export, Guest, MEMORY, WRITTEN, code, ctx, fact, over_http_and_https,
};
use crate::{UNTOUCHED, guest, server};

#[test]
fn the_facts_are_those_of_the_last_hop() {
    over_http_and_https(|server, guest| {
        let get = server.url("/get");
        for (path, url, redirects) in [
            ("/get", get.as_str(), "0"),
            ("/get#part", &get, "0"),
            ("/get?a=b#part", &server.url("/get?a=b"), "0"),
            ("/redirect/1", &get, "1"),
            ("/redirect/3", &get, "3"),
        ] {
            let handle = guest.open(&server.url(path));
            assert_eq!(guest.fact(handle, fact::URL).unwrap(), url, "{path}");
            assert_eq!(guest.fact(handle, fact::REDIRECTS).unwrap(), redirects);
            assert_eq!(guest.fact(handle, fact::VERSION).unwrap(), "HTTP/1.1");
            // The end of the body changes nothing.
            guest.read_all(handle).unwrap();
            assert_eq!(guest.fact(handle, fact::URL).unwrap(), url, "{path}");
            guest.call_close(handle);
            assert_eq!(guest.fact(handle, fact::URL), Err(code::INVALID_HANDLE));
        }
    });
}

#[test]
fn the_version_is_the_servers() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"HTTP/1.0 200 OK\r\n\r\n").unwrap();
        // Until the guest has closed it.
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let mut http = HttpCtx::builder();
    http.client(HttpClient::new());
    let mut guest = Guest::new(http.try_allowed_host(&url).unwrap().build());
    let handle = guest.open(&url);
    assert_eq!(guest.fact(handle, fact::VERSION).unwrap(), "HTTP/1.0");
    drop(guest);
    server.join().unwrap();
}

#[test]
fn the_peer_is_shown_if_the_embedder_says_so() {
    let server = server();
    let builder = || {
        HttpCtx::builder()
            .try_allowed_host(&server.origin())
            .unwrap()
            .clone()
    };
    let peer = server.origin().replace("http://", "");
    type Configure = fn(&mut HttpCtxBuilder) -> &mut HttpCtxBuilder;
    let cases: [(Configure, &str); 3] = [
        (|http| http, ""),
        (|http| http.show_peer(true), &peer),
        (|http| http.show_peer(true).show_peer(false), ""),
    ];
    for (configure, expected) in cases {
        let mut guest = Guest::new(configure(&mut builder()).build());
        let handle = guest.open(&server.url("/redirect/1"));
        assert_eq!(guest.fact(handle, fact::PEER).unwrap(), expected);
    }
}

#[test]
fn a_fact_that_the_host_does_not_know_is_an_error() {
    let server = server();
    let mut guest = guest(&server);
    let handle = guest.open(&server.url("/get"));
    for unknown in [4, 5, 1000, 0x8000_0000, u32::MAX] {
        assert_eq!(
            guest.fact(handle, unknown),
            Err(code::INVALID_OPTION),
            "{unknown}"
        );
        assert_eq!(guest.last_error().0, "misuse");
    }
    assert_eq!(guest.fact(handle, fact::REDIRECTS).unwrap(), "0");
}

#[test]
fn a_buffer_may_be_too_small_or_just_large_enough() {
    let server = server();
    let url = server.url("/get");
    let len = url.len() as u32;
    for export in [Export::Memory, Export::SharedMemory] {
        let mut guest = Guest::exporting(export, ctx(&[&server]));
        let handle = guest.open(&url);
        for small in [0, 1, len - 1] {
            guest.put(BUFFER, &UNTOUCHED);
            guest.put(WRITTEN, &UNTOUCHED);
            let args = [handle, fact::URL, BUFFER, small, WRITTEN];
            assert_eq!(guest.call_response_get(args), code::BUFFER_TOO_SMALL);
            assert_eq!(guest.get(BUFFER, 8), UNTOUCHED);
            assert_eq!(guest.get(WRITTEN, 8), UNTOUCHED);
        }
        let args = [handle, fact::URL, MEMORY - len, len, WRITTEN];
        assert_eq!(guest.call_response_get(args), code::SUCCESS);
        assert_eq!(guest.get(MEMORY - len, len), url.as_bytes());
        // What is empty fits nothing.
        let args = [handle, fact::PEER, MEMORY, 0, WRITTEN];
        assert_eq!(guest.call_response_get(args), code::SUCCESS);
        assert_eq!(guest.get_u32(WRITTEN), 0);
        let args = [handle, fact::URL, BUFFER, BUFFER_LEN, WRITTEN];
        assert_eq!(guest.call_response_get(args), code::SUCCESS);
    }
}
