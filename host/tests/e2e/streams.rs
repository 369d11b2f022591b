//! Requests that are started, bodies that are written piece by piece, and several at once.

use std::io;
use std::time::{Duration, Instant};

use wasi_experimental_http_test_server::{RawConn, body_hash, fill_pattern};
use wasi_experimental_http_wasmtime::{HttpCtx, HttpCtxBuilder};

use crate::case::{case, check, sum};
use crate::common::servers::plain_and_tls;
use crate::guest::{Guest, Language};
use crate::servers::Servers;

const MIB: usize = 1024 * 1024;

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(30);

/// What a guest prints that is told these words; it has to succeed.
fn printed(language: Language, http: HttpCtx, words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let mut guest = Guest::new(&language.guest("e2e"), http, &words, &[]);
    assert_eq!(guest.call("run", ()), 0, "{}", guest.stdout());
    assert_eq!(guest.stderr(), "", "{language:?}");
    assert_eq!(guest.open_responses(), 0, "{language:?}");
    guest.stdout()
}

#[test]
fn a_body_that_is_written_arrives_whole_with_a_length_and_in_chunks() {
    check(&[
        case(
            "POST /echo upload=1000000 print=sum",
            &[
                "uploaded 1000000",
                "status 200",
                "body-length 1000000",
                "body-sum {sum:1000000}",
            ],
        )
        .receives(&[
            "POST /echo",
            "transfer-encoding: chunked",
            "(1000000 bytes)",
        ]),
        case(
            "PUT /echo upload=1000000 length=1000000 print=sum",
            &[
                "uploaded 1000000",
                "status 200",
                "body-length 1000000",
                "body-sum {sum:1000000}",
            ],
        )
        .receives(&["PUT /echo", "content-length: 1000000", "(1000000 bytes)"]),
        // The length that a header announces.
        case(
            "POST /method upload=300 header=Content-Length:300",
            &["uploaded 300", "status 200", "body-length 4"],
        )
        .receives(&["POST /method", "content-length: 300", "(300 bytes)"]),
        case(
            "POST /echo upload=0",
            &["uploaded 0", "status 200", "body-length 0"],
        )
        .receives(&["POST /echo", "transfer-encoding: chunked"]),
        case(
            "POST /echo upload=0 length=0",
            &["uploaded 0", "status 200", "body-length 0"],
        )
        .receives(&["POST /echo", "content-length: 0"]),
        // A body that is all there, and more than the host takes at once.
        case(
            "POST /echo send=start body-size=1000000 print=sum",
            &[
                "status 200",
                "body-length 1000000",
                "body-sum {sum:1000000}",
            ],
        )
        .receives(&["POST /echo", "content-length: 1000000", "(1000000 bytes)"]),
        case("GET /get send=start", &["status 200", "body-length 13"]),
        case(
            "HEAD /bytes/1000 send=start",
            &["status 200", "body-length 0"],
        ),
    ]);
}

#[test]
fn too_few_bytes_and_too_many_are_told() {
    check(&[
        case(
            "POST /echo upload=5 length=3",
            &["refused", "status 200", "body-length 3"],
        )
        .receives(&["POST /echo", "content-length: 3", "\0\u{1}\u{2}"]),
        case(
            "POST http://denied.example/ upload=5",
            &["error 7 destination_not_allowed"],
        )
        .receives(&[]),
    ]);
    for servers in Servers::each() {
        for language in Language::ALL {
            servers.clear();
            let url = servers.one.url("/echo");
            let words = ["POST", &url, "upload=3", "length=5"].map(str::to_owned);
            let mut guest = Guest::new(&language.guest("e2e"), servers.ctx(), &words, &[]);
            assert_eq!(guest.call("run", ()), 16, "{language:?}");
            let expected = "uploaded 3\nerror 16 incomplete_body\n";
            assert_eq!(guest.stdout(), expected, "{language:?}");
            assert_eq!(guest.open_responses(), 0, "{language:?}");
            // Nothing looks whole to the server.
            assert_eq!(servers.one.received().len(), 0, "{language:?}");
        }
    }
}

/// The writing ends, and the reason is told where the response is waited for.
#[test]
fn a_request_that_fails_while_its_body_is_written_says_why() {
    check(&[case(
        "POST http://127.0.0.1:9/ upload=1000000000000",
        &["refused", "error 11 request_error"],
    )
    .allowed(&["http://127.0.0.1:9"])
    .receives(&[])]);
}

/// Answers before it has read anything of the body, and reads nothing of it.
fn too_much(conn: &mut RawConn<'_>) -> io::Result<()> {
    conn.read_head()?;
    conn.write_together(&[
        b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 8\r\nConnection: close\r\n\r\ntoo much",
    ])
}

#[test]
fn an_answer_that_comes_early_ends_the_writing_and_is_the_guests() {
    for played in plain_and_tls(too_much) {
        let server = &played.server;
        for language in Language::ALL {
            // So much that it ends by the answer alone.
            for framing in ["upload=1000000000000", "length=1000000000000"] {
                let mut http = HttpCtx::builder();
                http.client(played.client.clone());
                let http = http.try_allowed_host(&server.origin()).unwrap().build();
                let url = server.url("/upload");
                let words = ["POST", &url, "upload=1000000000000", framing, "print=body"];
                assert_eq!(
                    printed(language, http, &words),
                    "refused\nstatus 413\nbody-length 8\nbody too much\n",
                    "{language:?}, tls {}: {framing}",
                    played.tls
                );
            }
        }
    }
}

/// 64 MiB: more than all buffers on the way.
#[test]
fn a_large_body_needs_no_large_memory_in_the_guest() {
    const LEN: usize = 64 * MIB;
    let mut bytes = vec![0; LEN];
    fill_pattern(0, &mut bytes);
    let hash = body_hash(&bytes);
    drop(bytes);
    for servers in Servers::each() {
        for language in Language::ALL {
            servers.clear();
            let url = servers.one.url("/method");
            let upload = format!("upload={LEN}");
            let words = ["POST", &url, &upload].map(str::to_owned);
            let mut guest = Guest::new(&language.guest("e2e"), servers.ctx(), &words, &[]);
            let before = guest.memory_size();
            assert_eq!(guest.call("run", ()), 0, "{}", guest.stdout());
            let growth = guest.memory_size() - before;
            assert!(growth <= MIB, "{language:?}: {growth}");
            let received = servers.one.last_request().expect("a request");
            assert_eq!(received.body_len, LEN as u64, "{language:?}");
            assert_eq!(received.body_hash, hash, "{language:?}");
        }
    }
}

/// The slowest is asked for first.
#[test]
fn answers_are_given_in_the_order_in_which_they_come() {
    for servers in Servers::each() {
        for language in Language::ALL {
            let url = |ms: u32| servers.one.url(&format!("/slow-headers?ms={ms}"));
            let [also, last] = [400, 0].map(|ms| format!("also={}", url(ms)));
            let words = ["GET", &url(800), &also, &last];
            let expected = "answer 2 200 13\nanswer 1 200 13\nanswer 0 200 13\n";
            assert_eq!(printed(language, servers.ctx(), &words), expected);
            // One at a time they come in their order.
            let words = ["GET", &url(100), &also, &last, "most=1"];
            let expected = "answer 0 200 13\nanswer 1 200 13\nanswer 2 200 13\n";
            assert_eq!(printed(language, servers.ctx(), &words), expected);
        }
    }
}

#[test]
fn requests_side_by_side_take_as_long_as_the_slowest() {
    const COUNT: usize = 50;
    const SLOWEST: Duration = Duration::from_secs(2);
    for servers in Servers::each() {
        for language in Language::ALL {
            let mut allowed = servers.ctx_builder();
            let http = allowed.try_allowed_host(&servers.one.origin()).unwrap();
            http.max_concurrent_requests(COUNT);
            let url = |ms: u128| servers.one.url(&format!("/slow-headers?ms={ms}"));
            let first = url(SLOWEST.as_millis());
            let also = format!("also={}", url(SLOWEST.as_millis() / 2));
            let mut words = vec!["GET", &first];
            words.resize(COUNT, &also);
            // The only one that is there at once.
            let at_once = format!("also={}", servers.one.url("/get"));
            words.push(&at_once);
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            let mut guest = Guest::new(&language.guest("e2e"), http.build(), &words, &[]);
            let start = Instant::now();
            assert_eq!(guest.call("run", ()), 0, "{}", guest.stdout());
            let taken = start.elapsed();
            let printed = guest.stdout();
            let lines: Vec<&str> = printed.lines().collect();
            assert_eq!(lines.len(), COUNT, "{printed}");
            assert!(lines.iter().all(|line| line.ends_with(" 200 13")));
            assert_eq!(lines.first(), Some(&"answer 49 200 13"), "{printed}");
            assert_eq!(lines.last(), Some(&"answer 0 200 13"), "{printed}");
            assert!(taken < SLOWEST * 3 / 2, "{language:?}: {taken:?}");
        }
    }
}

/// The guest waits while the server does not read, and goes on when it does.
#[test]
fn a_server_that_reads_late_gets_all_of_a_body() {
    const LEN: usize = 16 * MIB;
    const LATE: Duration = Duration::from_millis(300);
    let script = |conn: &mut RawConn<'_>| {
        conn.wait_blindly(LATE)?;
        let request = conn.read_request()?;
        let (text, hash) = (request.body_len.to_string(), request.body_hash);
        let body = format!("{text} {hash:016x}");
        let len = body.len();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {len}\r\nConnection: close\r\n\r\n");
        conn.write_together(&[head.as_bytes(), body.as_bytes()])
    };
    let expected = format!(
        "uploaded {LEN}\nstatus 200\nbody-length 25\nbody {LEN} {}\n",
        sum(LEN)
    );
    for played in plain_and_tls(script) {
        for language in Language::ALL {
            let mut http = HttpCtx::builder();
            http.client(played.client.clone());
            let http = http
                .try_allowed_host(&played.server.origin())
                .unwrap()
                .build();
            let upload = format!("upload={LEN}");
            let words = ["POST", &played.server.url("/"), &upload, "print=body"];
            let start = Instant::now();
            assert_eq!(printed(language, http, &words), expected, "{language:?}");
            assert!(start.elapsed() >= LATE);
        }
    }
}

/// Of the crate alone: what it reads is sent, and no more of it is read when the server has answered.
#[test]
fn a_reader_is_sent_until_the_server_answers() {
    for servers in Servers::each() {
        servers.clear();
        let url = servers.one.url("/echo");
        let words = ["POST", &url, "upload=1000000", "send=reader", "print=sum"];
        let printed = printed(Language::Rust, servers.ctx(), &words);
        let expected = format!(
            "status 200\nbody-length 1000000\nbody-sum {}\n",
            sum(1_000_000)
        );
        assert_eq!(printed, expected);
    }
    for played in plain_and_tls(too_much) {
        let mut http = HttpCtx::builder();
        http.client(played.client.clone());
        let http = http
            .try_allowed_host(&played.server.origin())
            .unwrap()
            .build();
        let url = played.server.url("/upload");
        let words = ["POST", &url, "upload=1000000000000", "send=reader"];
        assert_eq!(
            printed(Language::Rust, http, &words),
            "status 413\nbody-length 8\n"
        );
    }
}

/// Bodies that are larger than what the host takes at once go out side by side as well.
#[test]
fn bodies_of_several_requests_are_sent_side_by_side() {
    for servers in Servers::each() {
        for language in Language::ALL {
            servers.clear();
            let url = servers.one.url("/echo");
            let also = format!("also={url}");
            let words = ["POST", &url, &also, &also, "body-size=2000000"];
            let printed = printed(language, servers.ctx(), &words);
            let mut lines: Vec<&str> = printed.lines().collect();
            lines.sort_unstable();
            let expected = [0, 1, 2].map(|index| format!("answer {index} 200 2000000"));
            assert_eq!(lines, expected, "{language:?}");
            assert_eq!(servers.one.requests(), 3);
        }
    }
}

#[test]
fn one_that_fails_does_not_disturb_the_others() {
    for servers in Servers::each() {
        for language in Language::ALL {
            let url = servers.one.url("/get");
            let denied = format!("also={}", servers.other.url("/get"));
            let slow = format!("also={}", servers.one.url("/slow-headers?ms=300"));
            let printed = printed(language, servers.ctx(), &["GET", &url, &denied, &slow]);
            let mut lines: Vec<&str> = printed.lines().collect();
            assert_eq!(lines.last(), Some(&"answer 2 200 13"), "{printed}");
            lines.sort_unstable();
            let expected = [
                "answer 0 200 13",
                "answer 1 error 7 destination_not_allowed",
                "answer 2 200 13",
            ];
            assert_eq!(lines, expected, "{language:?}");
        }
    }
}

#[test]
fn a_request_that_is_late_is_given_up_while_another_goes_on() {
    for servers in Servers::each() {
        for language in Language::ALL {
            let late = servers.one.url("/hang");
            let also = format!("also={}", servers.one.url("/bytes/100000"));
            let start = Instant::now();
            let words = ["GET", &late, &also, "wait=200"];
            let expected = "polled 0\nclosed\nanswer 1 200 100000\n";
            assert_eq!(printed(language, servers.ctx(), &words), expected);
            let taken = start.elapsed();
            assert!(
                taken >= Duration::from_millis(200) && taken < LONG / 2,
                "{taken:?}"
            );
            // One that is there in time.
            let url = servers.one.url("/get");
            let words = ["GET", &url, &also, "wait=20000"];
            let expected = "polled 1\nanswer 0 200 13\nanswer 1 200 100000\n";
            assert_eq!(printed(language, servers.ctx(), &words), expected);
        }
    }
}

#[test]
fn options_limit_a_request_and_no_other() {
    let generous = |mut builder: HttpCtxBuilder| builder.timeout(Some(LONG)).build();
    for servers in Servers::each() {
        for language in Language::ALL {
            let run = |words: &[&str], code: i32, expected: &str| {
                for sent in ["repeat=1", "send=start"] {
                    let mut builder = servers.ctx_builder();
                    let builder = builder.try_allowed_host(&servers.one.origin()).unwrap();
                    let mut words: Vec<String> = words.iter().map(|it| (*it).to_owned()).collect();
                    words[1] = servers.one.url(&words[1]);
                    words.push(sent.to_owned());
                    let name = language.guest("e2e");
                    let mut guest = Guest::new(&name, generous(builder.clone()), &words, &[]);
                    assert_eq!(guest.call("run", ()), code, "{language:?} {words:?}");
                    assert_eq!(guest.stdout(), expected, "{language:?} {words:?}");
                    assert_eq!(guest.open_responses(), 0);
                }
            };
            run(
                &["GET", "/redirect/2", "option=max-redirects:0"],
                0,
                "status 302\nbody-length 10\n",
            );
            run(
                &["GET", "/redirect/2", "option=max-redirects:2"],
                0,
                "status 200\nbody-length 13\n",
            );
            let late = "error 14 timeout\n";
            for option in ["timeout:200", "response-timeout:200", "read-timeout:200"] {
                run(&["GET", "/hang", &format!("option={option}")], 14, late);
            }
            let enough = "option=timeout:20000";
            run(
                &["GET", "/get", enough, "option=connect-timeout:9000"],
                0,
                "status 200\nbody-length 13\n",
            );
            run(
                &["GET", "/bytes/1000", "option=max-response-body:999"],
                15,
                "status 200\nerror 15 body_too_large\n",
            );
            run(
                &["GET", "/bytes/1000", "option=max-response-body:1000"],
                0,
                "status 200\nbody-length 1000\n",
            );
            run(
                &["POST", "/echo", "upload=1000", "option=timeout:20000"],
                0,
                "uploaded 1000\nstatus 200\nbody-length 1000\n",
            );
        }
    }
}

#[test]
fn futures_wait_for_all() {
    for servers in Servers::each() {
        let slow = servers.one.url("/slow-headers?ms=300");
        let also = [
            format!("also={}", servers.one.url("/bytes/1000")),
            format!("also={}", servers.other.url("/get")),
            format!("also={slow}"),
        ];
        let words = ["GET", &slow, &also[0], &also[2], "send=future"];
        let expected = "answer 0 200 13\nanswer 1 200 1000\nanswer 2 200 13\n";
        let start = Instant::now();
        assert_eq!(printed(Language::Rust, servers.ctx(), &words), expected);
        assert!(start.elapsed() < LONG / 2);
        // A failure before anything is sent.
        let words = ["GET", &slow, &also[1], "send=future"].map(str::to_owned);
        let mut guest = Guest::new("rust-e2e", servers.ctx(), &words, &[]);
        guest.call("run", ());
        let printed = guest.stdout();
        assert!(
            printed.contains("error 7 destination_not_allowed"),
            "{printed}"
        );
    }
}
