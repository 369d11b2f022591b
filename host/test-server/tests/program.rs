//! The command `test-server`, as `cargo xtask demo` uses it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use wasi_experimental_http_test_server::{body_hash, pattern_byte};

#[test]
fn the_program_serves_and_answers_questions() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_test-server"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut questions = program.stdin.take().unwrap();
    let mut answers = BufReader::new(program.stdout.take().unwrap()).lines();
    let mut line = || answers.next().unwrap().unwrap();
    let origin = line();
    let address = origin.strip_prefix("http://").unwrap();

    writeln!(questions, "requests").unwrap();
    assert_eq!(line(), "0");
    writeln!(questions, "last").unwrap();
    assert_eq!(line(), "");

    let mut client = TcpStream::connect(address).unwrap();
    let request = b"GET /get HTTP/1.1\r\nHost: a\r\nABC: d e\r\nConnection: close\r\n\r\n";
    client.write_all(request).unwrap();
    let mut response = String::new();
    client.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 200"), "{response}");

    writeln!(questions, "requests\nlast").unwrap();
    assert_eq!(line(), "1");
    let head: Vec<String> = (0..5).map(|_| line()).collect();
    assert_eq!(
        head,
        ["GET /get", "Host: a", "ABC: d e", "Connection: close", ""]
    );

    writeln!(questions, "hash 300").unwrap();
    let body: Vec<u8> = (0..300).map(pattern_byte).collect();
    assert_eq!(line(), format!("{:016x}", body_hash(&body)));

    // The end of its stdin is its own.
    drop(questions);
    assert!(program.wait().unwrap().success());
}
