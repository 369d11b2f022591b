//! The example guests of both languages.

use std::path::PathBuf;

use wasi_experimental_http_test_server::{HELLO, TestServer, body_hash, fill_pattern};

use crate::harness::Directory;

/// Larger than the piece that a guest reads at once, and no multiple of it.
const DOWNLOAD_BYTES: usize = 1_000_003;

/// How a guest of each language ends itself when a request fails: Rust's `main` with an error,
/// AssemblyScript's `abort`.
const LANGUAGES: [(&str, i32); 2] = [("rust", 1), ("as", 255)];

fn guest(language: &str, name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../target/guests")
        .join(format!("{language}-{name}.wasm"));
    assert!(
        path.exists(),
        "{} is missing: run `cargo xtask guests` first",
        path.display()
    );
    path.into_os_string().into_string().unwrap()
}

#[test]
fn commands_make_requests() {
    let server = TestServer::http().start();
    let origin = server.origin();
    let directory = Directory::new();
    let mut body = vec![0; DOWNLOAD_BYTES];
    fill_pattern(0, &mut body);
    let sum = format!("{:016x}", body_hash(&body));
    for (language, failure) in LANGUAGES {
        let post = guest(language, "post");
        let url = server.url("/post");
        let outcome = directory.run(&["-a", &origin, &post, &url]).fails(0, &[]);
        for text in ["text/plain", "Does this actually work?", "200"] {
            assert!(outcome.stdout.contains(text), "{language}: {outcome:?}");
        }
        let request = server.last_request().unwrap();
        assert_eq!(request.method, "POST", "{language}");
        assert_eq!(
            request.header_text("abc").as_deref(),
            Some("def"),
            "{language}"
        );

        let download = guest(language, "download");
        let url = server.url(&format!("/chunked/{DOWNLOAD_BYTES}"));
        let outcome = directory
            .run(&["-a", &origin, &download, &url])
            .fails(0, &[]);
        for text in [&DOWNLOAD_BYTES.to_string(), &sum] {
            assert!(outcome.stdout.contains(text), "{language}: {outcome:?}");
        }

        let requests = server.requests();
        let option = format!("--allowed-host {origin}\n");
        directory
            .run(&[&post, &url])
            .fails(failure, &[&option, "destination_not_allowed"]);
        assert_eq!(server.requests(), requests, "{language}");
    }
}

#[test]
fn functions_of_a_library_make_requests() {
    let server = TestServer::http().start();
    let origin = server.origin();
    let directory = Directory::new();
    let variable = format!("HTTP_URL={origin}");
    for (language, _) in LANGUAGES {
        let reactor = guest(language, "reactor");
        for (function, result, body) in [
            ("get", "200", HELLO),
            ("post", "200", "Does this actually work?"),
            ("concurrent", "3", HELLO),
        ] {
            let outcome = directory
                .run(&["-a", &origin, "-e", &variable, "-i", function, &reactor])
                .fails(0, &[]);
            assert_eq!(
                outcome.stdout.lines().last(),
                Some(result),
                "{language}: {outcome:?}"
            );
            assert!(outcome.stdout.contains(body), "{language}: {outcome:?}");
        }
        // It holds three responses at once.
        let outcome = directory.run(&[
            "-a",
            &origin,
            "-e",
            &variable,
            "-c2",
            "-i",
            "concurrent",
            &reactor,
        ]);
        let failed = outcome.stdout.lines().last() == Some("-13");
        assert!(
            failed || outcome.code == Some(255),
            "{language}: {outcome:?}"
        );
        assert!(
            outcome.stderr.contains("too_many_sessions"),
            "{language}: {outcome:?}"
        );
    }
}

/// Compiled with `--debug`, as the names of functions are not kept without it.
#[test]
fn an_abort_in_assembly_script_is_shown_with_its_backtrace() {
    let directory = Directory::new();
    let url = "http://127.0.0.1:1/";
    let outcome = directory.run(&[&guest("as", "post-debug"), url]);
    let outcome = outcome.fails(
        255,
        &["abort: RequestBuilder.send: ", "the guest aborted\n"],
    );
    let (_, frames) = outcome.stderr.split_once("the guest aborted\n").unwrap();
    let frames: Vec<&str> = frames.lines().map(str::trim).collect();
    let library = "at 1 function of a library";
    let own = ["at assembly/failure/abortWith", "at start:examples/post"];
    assert_eq!(frames, [library, own[0], own[1], library]);

    // What ends itself with the same code has not aborted.
    directory.guest(r#"(func $main (export "_start") (call $proc_exit (i32.const 255)))"#);
    let outcome = directory.run(&["guest.wat"]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(255), ""));
}
