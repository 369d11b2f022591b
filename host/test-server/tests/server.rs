//! The server against a client that shows every byte.

mod client;

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use client::Client;
use wasi_experimental_http_test_server::{
    GZIP, HELLO, LARGE_HEADER_LEN, RawConn, ServerCertificate, TestCa, TestServer, body_hash,
    is_pattern,
};

#[test]
fn routes_answer_on_one_connection_as_documented() {
    let server = TestServer::http().start();
    let mut client = Client::plain(&server);
    let cases = [
        ("GET", "/", 200, HELLO),
        ("GET", "/get?a=b", 200, HELLO),
        ("PURGE", "/method", 200, "PURGE"),
        ("HEAD", "/get", 200, ""),
        ("GET", "/status/418", 418, "a status"),
        ("GET", "/status/204", 204, ""),
        ("GET", "/status/304", 304, ""),
        ("GET", "/status/599", 599, "a status"),
        ("GET", "/status/100", 400, "a status is 200 to 599"),
        ("GET", "/empty", 200, ""),
        ("GET", "/nothing-here", 404, "no such route"),
        ("GET", "/bytes/many", 400, "not a number"),
        ("GET", "/chunked/1?chunk=0", 400, "not a number"),
        ("GET", "/headers", 200, "Host: a\n"),
        ("GET", "/slow-headers?ms=0", 200, HELLO),
        ("GET", "/slow-body?ms=0", 200, "firstsecond"),
        ("HEAD", "/gate", 200, ""),
    ];
    for (method, target, status, body) in cases {
        let answer = client.exchange(method, target);
        assert_eq!(
            (answer.status, answer.text()),
            (status, body),
            "{method} {target}"
        );
        let lengths = answer.values("content-length").len();
        assert_eq!(
            lengths,
            usize::from(!matches!(status, 204 | 304)),
            "{method} {target}"
        );
    }
    assert_eq!(server.requests(), cases.len() as u64);
    assert_eq!(server.connections(), 1);
    assert_eq!(server.open_connections(), 1);
    assert!(server.bad_requests().is_empty());
    drop(client);
    server.wait_for_open_connections(0);
    server.clear();
    assert_eq!((server.requests(), server.connections()), (0, 1));
    assert_eq!(server.received(), []);
}

#[test]
fn bodies_are_the_pattern_in_every_framing() {
    let server = TestServer::http().start();
    for len in [0_u64, 1, 251, 131_072, 131_073, 3_000_000] {
        let mut client = Client::plain(&server);
        let targets = [
            (format!("/bytes/{len}"), "Content-Length"),
            (format!("/chunked/{len}"), "Transfer-Encoding"),
            (format!("/chunked/{len}?chunk=100"), "Transfer-Encoding"),
            (format!("/chunked/{len}?chunk=999999"), "Transfer-Encoding"),
            (format!("/close/{len}"), "Connection"),
        ];
        for (target, framing) in targets {
            let answer = client.get(&target);
            assert_eq!(answer.body.len() as u64, len, "{target}");
            assert!(is_pattern(0, &answer.body), "{target}");
            assert_eq!(answer.headers.len(), 2, "{target}: {:?}", answer.headers);
            assert_eq!(answer.headers[1].0, framing, "{target}");
        }
        assert!(client.at_end());
    }
}

#[test]
fn requests_are_recorded_as_sent() {
    let server = TestServer::http().start();
    let mut client = Client::plain(&server);
    client.send(
        b"POST /echo?q HTTP/1.1\r\nHoSt: a\r\nX-Two: 1\r\nx-two:\t caf\xe9 \r\nX-None:\r\n\
          Content-Type: a/b\r\nContent-Length: 5\r\n\r\nhello",
    );
    let answer = client.answer(false);
    assert_eq!(answer.text(), "hello");
    assert_eq!(answer.values("content-type"), [b"a/b"]);
    let request = server.last_request().unwrap();
    assert_eq!(
        (request.method.as_str(), request.target.as_str()),
        ("POST", "/echo?q")
    );
    assert_eq!(
        (request.version.as_str(), request.connection),
        ("HTTP/1.1", 0)
    );
    let two: Vec<&[u8]> = request.header_values("x-two").collect();
    assert_eq!(two, [&b"1"[..], b"caf\xe9"]);
    assert_eq!(request.headers[0], ("HoSt".to_owned(), b"a".to_vec()));
    assert_eq!(request.header("x-none"), Some(&b""[..]));
    assert_eq!(request.header_text("content-type").as_deref(), Some("a/b"));
    assert_eq!(request.body, b"hello");
    assert_eq!(
        (request.body_len, request.body_hash),
        (5, body_hash(b"hello"))
    );

    client.send(
        b"PUT /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
          3\r\nhel\r\n2;ext=1\r\nlo\r\n0\r\nX-Trailer: 1\r\n\r\n",
    );
    assert_eq!(client.answer(false).text(), "hello");
    assert_eq!(server.received().len(), 2);
}

#[test]
fn a_large_body_is_cut_in_the_record_and_whole_in_its_echo() {
    let server = TestServer::http().start();
    let mut client = Client::plain(&server);
    let body: Vec<u8> = (0..5_000_000_u32).map(|i| (i / 3) as u8).collect();
    for target in ["/echo", "/get"] {
        let head = format!("POST {target} HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n\r\n");
        client.send(head.as_bytes());
        client.send(&body);
        let answer = client.answer(false);
        assert!(target == "/get" || answer.body == body);
        let request = server.last_request().unwrap();
        assert!(request.body == body[..request.body.len()]);
        assert_eq!(
            request.body.len(),
            wasi_experimental_http_test_server::BODY_KEPT
        );
        assert_eq!(request.body_len, 5_000_000);
        assert_eq!(request.body_hash, body_hash(&body));
    }
}

#[test]
fn a_body_is_asked_for_when_the_client_expects_it() {
    let server = TestServer::http().start();
    let mut client = Client::plain(&server);
    client.send(
        b"POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n",
    );
    assert_eq!(client.answer(false).status, 100);
    client.send(b"hi");
    assert_eq!(client.answer(false).text(), "hi");
}

#[test]
fn ambiguous_requests_are_refused_and_listed() {
    let cases = [
        ("GET / HTTP/1.1\n\n", "without CR LF"),
        ("GET / HTTP/1.1\r\nHost: a\n\r\n", "without CR LF"),
        ("GET / HTTP/1.1\r\n\r\n", "0 Host headers"),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            "2 Host headers",
        ),
        ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "three parts"),
        ("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", "three parts"),
        ("GET /\u{e9} HTTP/1.1\r\nHost: a\r\n\r\n", "target"),
        ("G@T / HTTP/1.1\r\nHost: a\r\n\r\n", "method"),
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", "version"),
        ("GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", "colon"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX : a\r\n\r\n", "token"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", "colon"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", "CR or NUL"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", "CR or NUL"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: a\x07b\r\n\r\n", "control"),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n",
            "not a number",
        ),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
            "several",
        ),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "several",
        ),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
            "other than chunked",
        ),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
            "chunk size",
        ),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
            "chunk",
        ),
    ];
    let server = TestServer::http().start();
    for (bytes, reason) in cases {
        let mut client = Client::plain(&server);
        client.send(bytes.as_bytes());
        assert_eq!(client.answer(false).status, 400, "{bytes:?}");
        assert!(client.at_end());
        let given = server.bad_requests().pop().unwrap();
        assert!(given.contains(reason), "{bytes:?}: {given}");
        server.clear();
    }
    assert_eq!(server.requests(), 0);
}

#[test]
fn a_request_that_breaks_off_is_neither_good_nor_bad() {
    let server = TestServer::http().start();
    for bytes in [
        "",
        "GET",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabc",
    ] {
        Client::plain(&server).send(bytes.as_bytes());
    }
    while server.connections() < 3 {
        std::thread::yield_now();
    }
    server.wait_for_open_connections(0);
    assert_eq!(server.requests(), 0);
    assert!(server.bad_requests().is_empty());
}

#[test]
fn response_headers_are_byte_for_byte() {
    let server = TestServer::http().start();
    let mut client = Client::plain(&server);
    let answer = client.get("/response-headers/repeated");
    assert_eq!(answer.values("set-cookie"), [b"a=1", b"b=2"]);
    assert_eq!(answer.values("x-repeat"), [&b"one"[..], b"", b"three"]);
    let answer = client.get("/response-headers/not-utf8");
    assert_eq!(answer.values("x-latin"), [b"caf\xe9"]);
    assert_eq!(
        client.get("/response-headers/empty").values("x-empty"),
        [b""]
    );
    let answer = client.get("/response-headers/large");
    assert_eq!(answer.values("x-large")[0].len(), LARGE_HEADER_LEN);
    let answer = client.get("/response-headers/size/70000");
    assert_eq!(answer.values("x-large")[0].len(), 70_000);
    let answer = client.get("/response-headers/count/200");
    assert_eq!(answer.values("x-199"), [b"199"]);
    let answer = client.get("/gzip");
    assert_eq!(
        (&answer.body[..], answer.values("content-encoding")),
        (GZIP, vec![&b"gzip"[..]])
    );
}

#[test]
fn redirects_name_their_targets() {
    let server = TestServer::http().start();
    let mut client = Client::plain(&server);
    let cases = [
        ("/redirect/1", 302, "/get"),
        ("/redirect/3?status=307", 307, "/redirect/2?status=307"),
        (
            "/redirect-to?url=http%3A%2F%2Fb%2Fc%3Fd",
            302,
            "http://b/c?d",
        ),
        ("/redirect-to?status=308&url=/d", 308, "/d"),
        ("/redirect-loop", 302, "/redirect-loop"),
    ];
    for (target, status, location) in cases {
        let answer = client.get(target);
        assert_eq!(answer.status, status, "{target}");
        assert_eq!(answer.values("location"), [location.as_bytes()], "{target}");
    }
    assert_eq!(client.get("/redirect/0").text(), HELLO);
}

#[test]
fn interim_responses_come_first_and_101_is_the_last() {
    let server = TestServer::http().start();
    let mut client = Client::plain(&server);
    for status in [100, 102, 103, 199] {
        assert_eq!(client.get(&format!("/interim/{status}")).status, status);
        assert_eq!(client.answer(false).text(), HELLO);
    }
    assert_eq!(client.get("/switching-protocols").status, 101);
}

#[test]
fn a_gate_opens_when_it_is_released() {
    let server = TestServer::http().start();
    let mut client = Client::plain(&server);
    for target in ["/gate", "/slow-body?ms=100000000"] {
        client.send(format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes());
        assert_eq!(client.head().values("content-length"), [b"11"]);
        let mut first = [0; 5];
        client.stream.read_exact(&mut first).unwrap();
        assert_eq!(&first, b"first");
        server.release();
        let mut second = [0; 6];
        client.stream.read_exact(&mut second).unwrap();
        assert_eq!(&second, b"second");
    }
    // A release that comes before its wait is kept for it; it is used up by one.
    server.release();
    assert_eq!(client.get("/slow-headers").text(), HELLO);
    server.release_all();
    for _ in 0..3 {
        assert_eq!(client.get("/slow-headers").text(), HELLO);
    }
}

#[test]
fn waiting_connections_notice_that_their_client_left() {
    let ca = TestCa::new();
    for server in [TestServer::http().start(), TestServer::https(&ca).start()] {
        for (number, target) in ["/gate", "/hang", "/slow-headers", "/switching-protocols"]
            .into_iter()
            .enumerate()
        {
            let mut client = if server.origin().starts_with("https") {
                client::tls(&server, &ca, "localhost").unwrap()
            } else {
                Client::plain(&server)
            };
            client.send(format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes());
            server.wait_for_requests(number as u64 + 1);
            assert_eq!(server.open_connections(), 1);
            drop(client);
            server.wait_for_open_connections(0);
        }
    }
}

#[test]
fn dropping_the_server_ends_every_connection() {
    let server = TestServer::http().start();
    let mut clients: Vec<Client> = (0..4).map(|_| Client::plain(&server)).collect();
    clients[0].send(b"GET /hang HTTP/1.1\r\nHost: a\r\n\r\n");
    clients[1].send(b"GET /gate HTTP/1.1\r\nHost: a\r\n\r\n");
    // More than the buffers of a socket hold: the server is blocked in a write.
    clients[2].send(b"GET /bytes/1000000000 HTTP/1.1\r\nHost: a\r\n\r\n");
    clients[3].send(b"GET /get HTTP/1.1\r\n");
    server.wait_for_requests(3);
    let port = server.port();
    drop(server);
    for mut client in clients {
        // An end or a reset: it does not hang.
        let _ = client.stream.read_to_end(&mut Vec::new());
    }
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn connections_can_be_closed_while_the_server_goes_on() {
    let server = TestServer::http().start();
    let mut client = Client::plain(&server);
    client.get("/get");
    server.close_connections();
    assert!(client.at_end());
    server.wait_for_open_connections(0);
    assert_eq!(Client::plain(&server).get("/get").text(), HELLO);
    assert_eq!(server.connections(), 2);
}

#[test]
fn connections_end_when_a_request_or_a_route_says_so() {
    let server = TestServer::http().start();
    for bytes in [
        "GET /get HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n",
        "GET /get HTTP/1.0\r\n\r\n",
        "GET /close/5 HTTP/1.1\r\nHost: a\r\n\r\n",
    ] {
        let mut client = Client::plain(&server);
        client.send(bytes.as_bytes());
        client.answer(false);
        assert!(client.at_end(), "{bytes:?}");
    }
    let mut client = Client::plain(&server);
    client.send(b"GET /lying-length?claim=99 HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.head().values("content-length"), [b"99"]);
    let mut body = Vec::new();
    client.stream.read_to_end(&mut body).unwrap();
    assert_eq!(body, b"first");
}

#[test]
fn tls_works_with_the_authority_and_for_the_names_of_the_server() {
    let ca = TestCa::new();
    assert!(ca.pem().starts_with("-----BEGIN CERTIFICATE-----"));
    let server = TestServer::https(&ca).start();
    assert_eq!(
        server.url("/a"),
        format!("https://localhost:{}/a", server.port())
    );
    for name in ["localhost", "127.0.0.1"] {
        let mut client = client::tls(&server, &ca, name).unwrap();
        assert_eq!(client.get("/get").text(), HELLO);
        assert!(is_pattern(0, &client.get("/chunked/300000").body));
        // A `close_notify` comes before the end, or reading would fail.
        assert!(is_pattern(0, &client.get("/close/300000").body));
    }
    assert_eq!(server.requests(), 6);
}

#[test]
fn improper_certificates_are_improper() {
    let ca = TestCa::new();
    let cases = [
        (ca.expired(), "expired"),
        (ca.wrong_name(), "not valid for name"),
        (ServerCertificate::self_signed(), "UnknownIssuer"),
        (TestCa::new().server_certificate(), ""),
    ];
    for (certificate, reason) in cases {
        let server = TestServer::http().certificate(certificate).start();
        let error = client::tls(&server, &ca, "localhost").err().unwrap();
        assert!(error.to_string().contains(reason), "{error}");
        server.wait_for_open_connections(0);
        assert_eq!(server.requests(), 0);
    }
}

fn garbage(conn: &mut RawConn<'_>) -> std::io::Result<()> {
    assert!(conn.read_head()?.starts_with(b"GET /x HTTP/1.1\r\n"));
    write!(conn, "HTTP/9 what {}\r\n", conn.number())?;
    conn.wait_for_release(None)?;
    conn.close()?;
    // What the client still sends can be read.
    let mut rest = String::new();
    conn.read_to_string(&mut rest)?;
    Ok(())
}

#[test]
fn a_script_has_every_byte_in_plain_and_in_tls() {
    let ca = TestCa::new();
    for server in [
        TestServer::http().raw(garbage),
        TestServer::https(&ca).raw(garbage),
    ] {
        for number in 0..2 {
            let mut client = if server.origin().starts_with("https") {
                client::tls(&server, &ca, "localhost").unwrap()
            } else {
                Client::plain(&server)
            };
            client.send(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
            assert_eq!(client.line(), format!("HTTP/9 what {number}"));
            server.release();
            assert!(client.at_end());
        }
        assert_eq!((server.requests(), server.connections()), (0, 2));
    }
}

#[test]
fn a_script_can_count_a_request_and_reset_the_connection() {
    let server = TestServer::http().raw(|conn| {
        let request = conn.read_request()?;
        assert_eq!(request.body, b"hi");
        conn.reset()?;
        assert_eq!(
            conn.write(b"x").unwrap_err().kind(),
            ErrorKind::NotConnected
        );
        Ok(())
    });
    let mut client = Client::plain(&server);
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
    let error = client.stream.read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!(server.requests(), 1);
    server.wait_for_open_connections(0);
}

#[test]
fn a_script_can_truncate_tls() {
    let ca = TestCa::new();
    let server = TestServer::https(&ca).raw(|conn| {
        conn.read_request()?;
        conn.write_all(b"HTTP/1.1 200 OK\r\n\r\npart")?;
        conn.truncate()
    });
    let mut client = client::tls(&server, &ca, "localhost").unwrap();
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    client.head();
    let mut body = Vec::new();
    let error = client.stream.read_to_end(&mut body).unwrap_err();
    assert_eq!(
        (error.kind(), &body[..]),
        (ErrorKind::UnexpectedEof, &b"part"[..])
    );
}

#[test]
fn a_failed_assertion_of_a_script_reaches_the_test() {
    let server = TestServer::http().raw(|_| panic!("as this test expects"));
    assert!(Client::plain(&server).at_end());
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(server)));
    let message = *panic.unwrap_err().downcast::<String>().unwrap();
    assert_eq!(message, "a raw script panicked: as this test expects");
}

#[test]
fn large_bodies_are_streamed() {
    const LEN: u64 = 512 * 1024 * 1024;
    let server = TestServer::http().start();
    let mut client = Client::plain(&server);
    client.send(format!("GET /bytes/{LEN} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes());
    client.head();
    let mut buffer = vec![0; 256 * 1024];
    let mut offset = 0;
    while offset < LEN {
        let len = client.stream.read(&mut buffer).unwrap();
        assert!(len > 0 && is_pattern(offset, &buffer[..len]), "at {offset}");
        offset += len as u64;
    }
    assert_eq!(client.get("/get").text(), HELLO);
}
