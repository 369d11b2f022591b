//! `--har`: what was sent and received, in a file that others read.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use wasi_experimental_http_test_server::{HELLO, TestServer};

use crate::harness::Directory;

/// The entries of the file, in which the npm package `har-validator` finds nothing wrong.
#[track_caller]
fn entries(directory: &Directory) -> Vec<Value> {
    let text = std::fs::read_to_string(directory.path().join("run.har")).unwrap();
    let har: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(faults(&text), "", "{text}");
    har["log"]["entries"].as_array().unwrap().clone()
}

/// What is wrong with a HAR.
fn faults(har: &str) -> String {
    let judges = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/judges");
    assert!(
        judges.join("node_modules").exists(),
        "the packages of host/tests/judges are not installed: run `cargo xtask test`, or `npm ci` there"
    );
    let mut node = Command::new("node")
        .arg(judges.join("har.cjs"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    node.stdin
        .take()
        .unwrap()
        .write_all(har.as_bytes())
        .unwrap();
    let output = node.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_judge_of_hars_finds_faults() {
    let creator = json!({ "name": "a", "version": "1" });
    let har = json!({ "log": { "version": "1.2", "creator": creator, "entries": [{}] } });
    let faults = faults(&har.to_string());
    assert!(faults.contains("startedDateTime"), "{faults}");
}

fn header<'a>(message: &'a Value, name: &str) -> Option<&'a str> {
    let fields = message["headers"].as_array()?;
    let field = fields.iter().find(|field| field["name"] == name)?;
    field["value"].as_str()
}

#[test]
fn a_har_has_each_request_and_response() {
    let server = TestServer::http().start();
    let origin = server.origin();
    let directory = Directory::getter(&server.url("/redirect/1?a=b%20c"));
    let field = format!("{origin}=x-plain: ${{TOKEN}}");
    let arguments = [
        "-a",
        &origin,
        "--header",
        &field,
        "--har",
        "run.har",
        "guest.wat",
    ];
    directory
        .run_with(&arguments, &[("TOKEN", "SECRET")], b"")
        .prints(HELLO);
    let entries = entries(&directory);
    let [first, second] = &entries[..] else {
        panic!("{entries:#?}");
    };
    assert_eq!(first["request"]["method"], "GET");
    assert_eq!(first["request"]["url"], server.url("/redirect/1?a=b%20c"));
    let query = &first["request"]["queryString"];
    assert_eq!(*query, json!([{ "name": "a", "value": "b c" }]));
    let host = origin.split("//").nth(1);
    assert_eq!(header(&first["request"], "host"), host);
    assert_eq!(first["response"]["status"], 302);
    assert_eq!(first["response"]["redirectURL"], "/get");
    assert_eq!(second["request"]["url"], server.url("/get"));
    assert_eq!(second["response"]["status"], 200);
    assert_eq!(second["response"]["httpVersion"], "HTTP/1.1");
    let content = json!({
        "size": HELLO.len(), "mimeType": "text/plain", "text": HELLO, "comment": "",
    });
    assert_eq!(second["response"]["content"], content);
    assert_eq!(second["serverIPAddress"], "127.0.0.1");
    for entry in &entries {
        assert_eq!(header(&entry["request"], "x-plain"), Some("***"));
        assert!(!entry.to_string().contains("SECRET"), "{entry}");
        let parts = ["wait", "receive"].map(|part| entry["timings"][part].as_f64().unwrap());
        let time = entry["time"].as_f64().unwrap();
        assert!(
            (parts[0] + parts[1] - time).abs() < 0.01 && time > 0.0,
            "{entry}"
        );
    }
    assert_eq!(
        server
            .last_request()
            .unwrap()
            .header_text("x-plain")
            .unwrap(),
        "SECRET"
    );
}

/// A guest that sends a POST with fields and a body, and reads the answer.
fn poster(url: &str, fields: &str, body: &[u8]) -> Directory {
    let text = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|it| format!("\\{it:02x}"))
            .collect::<String>()
    };
    let directory = Directory::new();
    directory.guest(&format!(
        r#"(data (i32.const 1024) "{url}")
           (data (i32.const 2048) "POST")
           (data (i32.const 2560) "{fields}")
           (data (i32.const 3072) "{body}")
           (func (export "_start")
             (local $error i32)
             (local.set $error (call $req
               (i32.const 1024) (i32.const {url_len}) (i32.const 2048) (i32.const 4)
               (i32.const 2560) (i32.const {fields_len}) (i32.const 3072) (i32.const {body_len})
               (i32.const 28) (i32.const 32)))
             (if (local.get $error) (then (call $proc_exit (local.get $error))))
             (drop (call $body_read
               (i32.load (i32.const 32)) (i32.const 4096) (i32.const 61440) (i32.const 24))))"#,
        fields = text(fields.as_bytes()),
        fields_len = fields.len(),
        body = text(body),
        body_len = body.len(),
        url_len = url.len(),
    ));
    directory
}

#[test]
fn bodies_are_texts_or_not_and_credentials_of_the_guest_are_masked() {
    let server = TestServer::http().start();
    let origin = server.origin();
    let fields = "content-type:text/x-a\nauthorization:Bearer SECRET\ncookie:a=SECRET";
    for body in [&b"t\xc3\xa9xt"[..], b"\xff\x00binary"] {
        let directory = poster(&server.url("/echo"), fields, body);
        let outcome = directory.run(&["-a", &origin, "--har", "run.har", "guest.wat"]);
        assert_eq!((outcome.code, &*outcome.stderr), (Some(0), ""));
        let entries = entries(&directory);
        let (request, response) = (&entries[0]["request"], &entries[0]["response"]);
        assert_eq!(request["bodySize"], body.len());
        assert_eq!(request["postData"]["mimeType"], "text/x-a");
        assert_eq!(response["content"]["mimeType"], "text/x-a");
        match str::from_utf8(body) {
            Ok(text) => {
                assert_eq!(request["postData"]["text"], text);
                assert_eq!(response["content"]["text"], text);
            }
            Err(_) => {
                assert_eq!(request["postData"]["comment"], "the body is no text");
                assert_eq!(response["content"]["text"], "/wBiaW5hcnk=");
                assert_eq!(response["content"]["encoding"], "base64");
            }
        }
        assert_eq!(header(request, "authorization"), Some("***"));
        assert!(!entries[0].to_string().contains("SECRET"), "{}", entries[0]);
    }
}

#[test]
fn a_long_body_is_cut_and_a_failure_is_said() {
    let server = TestServer::http().start();
    let origin = server.origin();
    let directory = Directory::getter(&server.url("/bytes/3000000"));
    let arguments = ["-a", &origin, "--har", "run.har", "guest.wat"];
    let mut child = directory
        .command()
        .args(arguments)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    assert!(child.wait().unwrap().success());
    let content = &entries(&directory)[0]["response"]["content"];
    assert_eq!(content["size"], 3_000_000);
    assert_eq!(content["comment"], "the text is the first 1048576 bytes");
    assert_eq!(content["text"].as_str().unwrap().len(), 1_398_104);

    let directory = Directory::getter(&server.url("/lying-length?claim=100"));
    directory.run(&arguments);
    let content = &entries(&directory)[0]["response"]["content"];
    assert_eq!(content["comment"], "the guest did not get the whole body");
    assert_eq!(content["size"], 5);

    // Nobody listens there.
    let directory = Directory::getter("http://127.0.0.1:1/?secret");
    directory
        .run(&["-a", "http://127.0.0.1:1", "--har", "run.har", "guest.wat"])
        .fails(11, &["cannot connect"]);
    let entry = &entries(&directory)[0];
    assert_eq!(entry["response"]["status"], 0);
    let comment = entry["comment"].as_str().unwrap();
    assert!(comment.contains("cannot connect"), "{comment}");

    // What is denied is not sent.
    directory
        .run(&["--har", "run.har", "guest.wat"])
        .fails(7, &["denied"]);
    assert!(entries(&directory).is_empty());
}

#[test]
fn the_file_is_whole_however_the_guest_ends() {
    let server = TestServer::http().start();
    let origin = server.origin();
    // It traps with a response in hand.
    let url = server.url("/get");
    let directory = Directory::new();
    directory.guest(&format!(
        r#"(data (i32.const 1024) "{url}")
           (func (export "_start")
             (drop (call $open (i32.const 1024) (i32.const {})))
             unreachable)"#,
        url.len(),
    ));
    directory
        .run(&["-a", &origin, "--har", "run.har", "guest.wat"])
        .fails(134, &[]);
    assert_eq!(entries(&directory)[0]["response"]["status"], 200);

    // Its time is over, with a body that has no end.
    let directory = Directory::getter(&server.url("/gate"));
    directory
        .run(&[
            "-a",
            &origin,
            "--har",
            "run.har",
            "--timeout",
            "1s",
            "guest.wat",
        ])
        .fails(134, &[]);
    assert_eq!(
        entries(&directory)[0]["request"]["url"],
        server.url("/gate")
    );

    // It is killed while it waits.
    let directory = Directory::getter(&server.url("/hang"));
    let before = server.requests();
    let mut child = directory
        .command()
        .args(["-a", &origin, "--har", "run.har", "guest.wat"])
        .spawn()
        .unwrap();
    server.wait_for_requests(before + 1);
    child.kill().unwrap();
    child.wait().unwrap();
    let entry = &entries(&directory)[0];
    assert_eq!(entry["request"]["url"], server.url("/hang"));
    assert_eq!(entry["response"]["comment"], "there is no response");
}

#[cfg(unix)]
#[test]
fn the_file_is_whole_after_ctrl_c() {
    let server = TestServer::http().start();
    let origin = server.origin();
    let directory = Directory::getter(&server.url("/gate"));
    let mut child = directory
        .command()
        .args(["-a", &origin, "--har", "run.har", "guest.wat"])
        .spawn()
        .unwrap();
    server.wait_for_requests(1);
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(
        entries(&directory)[0]["request"]["url"],
        server.url("/gate")
    );
}

#[test]
fn a_file_that_cannot_be_written_is_said() {
    let directory = Directory::getter("http://127.0.0.1:1/");
    directory
        .run(&["--har", "no/such/folder.har", "guest.wat"])
        .fails(1, &["cannot write the --har file `no/such/folder.har`"]);
}
