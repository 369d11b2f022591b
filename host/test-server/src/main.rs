//! The command `test-server [PORT]`: the server as a program, for `cargo xtask demo`. It listens on the
//! port, or on any if another program has it, and ends when its stdin does.
//!
//! It writes its origin, and then answers questions, one a line on stdin:
//!
//! | question | answer |
//! |---|---|
//! | `requests` | how many requests it received |
//! | `last` | the latest: `METHOD TARGET`, a line `name: value` for each header, and an empty line |
//! | `hash N` | the hash of the body of `/bytes/N`, in hexadecimal |

use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use wasi_experimental_http_test_server::{TestServer, body_hash, fill_pattern};

fn main() -> ExitCode {
    let port = match std::env::args().nth(1).map(|port| port.parse()) {
        None => 0,
        Some(Ok(port)) => port,
        Some(Err(_)) => {
            eprintln!("usage: test-server [PORT]");
            return ExitCode::FAILURE;
        }
    };
    let server = TestServer::http().port(port).start();
    match answer(&server, io::stdin().lock(), io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn answer(server: &TestServer, questions: impl BufRead, mut answers: impl Write) -> io::Result<()> {
    writeln!(answers, "{}", server.origin())?;
    answers.flush()?;
    for question in questions.lines() {
        let question = question?;
        match question.split_once(' ').unwrap_or((&question, "")) {
            ("requests", "") => writeln!(answers, "{}", server.requests())?,
            ("last", "") => last(server, &mut answers)?,
            ("hash", len) if len.parse::<usize>().is_ok() => {
                let mut body = vec![0; len.parse().unwrap_or_default()];
                fill_pattern(0, &mut body);
                writeln!(answers, "{:016x}", body_hash(&body))?;
            }
            _ => return Err(io::Error::other(format!("no such question: {question}"))),
        }
        answers.flush()?;
    }
    Ok(())
}

fn last(server: &TestServer, answers: &mut impl Write) -> io::Result<()> {
    if let Some(request) = server.last_request() {
        writeln!(answers, "{} {}", request.method, request.target)?;
        for (name, value) in &request.headers {
            writeln!(answers, "{name}: {}", value.escape_ascii())?;
        }
    }
    writeln!(answers)
}
