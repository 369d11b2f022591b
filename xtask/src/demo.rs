//! `cargo xtask demo`: the whole way, from the WITX file to guests that make real requests.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

use anyhow::{Context, Result, ensure};

use crate::guests::{self, GuestsArgs};
use crate::machine::{self, Need};
use crate::summary::Summary;
use crate::tool::{self, Tool};
use crate::{project, step};

/// The size of the download.
const DOWNLOAD_BYTES: usize = 64 * 1024 * 1024;

/// The size of the body that the tour streams.
const TOUR_BYTES: usize = 1024 * 1024;

/// The languages, as the names of their guests begin.
const LANGUAGES: [(&str, &str); 2] = [("rust", "Rust"), ("as", "AssemblyScript")];

/// The port of the server, so that the commands that are shown can be repeated. If another program
/// has it, any other.
const PORT: u16 = 18_427;

/// The arguments of `cargo xtask demo`.
#[derive(clap::Args)]
pub struct DemoArgs {
    /// Keep the server running at the end, until Ctrl-C, to repeat the commands
    #[arg(long)]
    serve: bool,
}

/// Runs the steps up to the first that fails; of the guests, all.
pub fn run(arguments: &DemoArgs) -> Result<()> {
    machine::require(&[Need::WasmRust, Need::Node])?;
    if !project::debug_dir().join("wasmtime-http").exists() {
        step::note(FIRST_TIME);
    }
    let mut summary = Summary::default();
    let mut demo = None;
    let ready = summary.step("generate the bindings", generate)
        && summary.step("build the guests", build_guests)
        && summary.step("build wasmtime-http and a server", || {
            demo = Some(Demo::build()?);
            Ok(())
        });
    let (true, Some(demo)) = (ready, demo) else {
        return summary.finish(&[]);
    };
    for (prefix, language) in LANGUAGES {
        demo.run_guests(prefix, language, &mut summary);
    }
    summary.step("a request that is not allowed", || demo.denied());
    summary.finish(&[])?;
    println!("\n{NEXT}");
    if arguments.serve {
        demo.serve();
    }
    Ok(())
}

/// What the first run costs, on two cores.
const FIRST_TIME: &str = "\
The first run builds wasmtime and the guests: ten minutes on two cores, and 3 GB below target/.";

const NEXT: &str = "\
Next:
  cargo xtask demo --serve     keeps the server running: repeat the commands above
  guest-rust/README.md         a guest of your own in Rust
  guest-as/README.md           one in AssemblyScript
  README.md#embed-the-host     a host of your own
  cargo xtask codegen --help   bindings for another document or language";

fn generate() -> Result<()> {
    step::header("Generating the bindings from witx/");
    Tool::Codegen.run(&[])
}

fn build_guests() -> Result<()> {
    let names = ["post", "download", "tour", "reactor"];
    let guests = LANGUAGES.map(|(prefix, _)| names.map(|name| format!("{prefix}-{name}")));
    let guests: Vec<&str> = guests.iter().flatten().map(String::as_str).collect();
    guests::run(&GuestsArgs::only(&guests))
}

/// A server, and the program that runs guests against it.
struct Demo {
    runner: PathBuf,
    server: Server,
}

impl Demo {
    /// Builds both, and starts the server.
    fn build() -> Result<Demo> {
        let [runner, server] = tool::build(["wasmtime-http", "test-server"])?;
        let server = Server::start(&server)?;
        Ok(Demo { runner, server })
    }

    /// Runs the guests of one language.
    fn run_guests(&self, prefix: &str, language: &str, summary: &mut Summary) {
        let guest = |name: &str| guests::path(&format!("{prefix}-{name}"));
        summary.step(format!("{language}: post"), || {
            let url = self.server.url("/post");
            let output = self.allowed(&[], &guest("post"), &[&url])?;
            expect(&output, &["text/plain", "request body", "200"])?;
            let sent = self.server.last_request()?;
            let has = |line: &str| sent.iter().any(|it| it.eq_ignore_ascii_case(line));
            ensure!(has("POST /post"), "the server got {sent:?}");
            ensure!(has("abc: def"), "the server did not get the header abc");
            Ok(())
        });
        summary.step(format!("{language}: download"), || {
            let url = self.server.url(&format!("/bytes/{DOWNLOAD_BYTES}"));
            let output = self.allowed(&[], &guest("download"), &[&url])?;
            let hash = self.server.ask(&format!("hash {DOWNLOAD_BYTES}"))?;
            expect(&output, &["200", &DOWNLOAD_BYTES.to_string(), &hash])
        });
        summary.step(format!("{language}: tour"), || {
            let output = self.allowed(&[], &guest("tour"), &[&self.server.origin])?;
            let streamed = format!("stream: {TOUR_BYTES}");
            let texts = ["get: 200, 13 bytes", "post: 200", "text/plain", &streamed];
            expect(&output, &texts)
        });
        for (function, result) in [("get", "200"), ("post", "200"), ("concurrent", "3")] {
            summary.step(format!("{language}: reactor, {function}"), || {
                let origin = format!("HTTP_URL={}", self.server.origin);
                let options = ["--env", &origin, "--invoke", function];
                let output = self.allowed(&options, &guest("reactor"), &[])?;
                ensure!(
                    output.lines().any(|line| line == result),
                    "`{function}` did not give {result}"
                );
                Ok(())
            });
        }
    }

    /// Runs a guest without leave to reach the server, and checks that it did not.
    fn denied(&self) -> Result<()> {
        let before = self.server.ask("requests")?;
        let url = self.server.url("/post");
        let (status, output) = self.run(&[], &guests::path("rust-post"), &[&url])?;
        ensure!(!status.success(), "the guest did not notice");
        expect(
            &output,
            &[&format!("--allowed-host {}", self.server.origin)],
        )?;
        let after = self.server.ask("requests")?;
        ensure!(after == before, "the request was sent");
        Ok(())
    }

    /// Answers until the process is ended.
    fn serve(&self) {
        println!(
            "\nThe server answers at {} until Ctrl-C.",
            self.server.origin
        );
        loop {
            std::thread::park();
        }
    }

    /// Runs a guest that may reach the server, and gives what it printed.
    fn allowed(&self, options: &[&str], guest: &Path, arguments: &[&str]) -> Result<String> {
        let origin = &self.server.origin;
        let options = [&["--allowed-host", origin.as_str()], options].concat();
        let (status, output) = self.run(&options, guest, arguments)?;
        ensure!(status.success(), "wasmtime-http ended with {status}");
        Ok(output)
    }

    fn run(
        &self,
        options: &[&str],
        guest: &Path,
        arguments: &[&str],
    ) -> Result<(ExitStatus, String)> {
        let mut command: Command = project::command(&self.runner);
        command
            .current_dir(project::root())
            .args(options)
            .arg(project::relative(guest))
            .args(arguments);
        let line = step::line(&command);
        let arguments = line.split_once(' ').map_or("", |(_, arguments)| arguments);
        println!(
            "\n$ {} {arguments}",
            project::relative(&self.runner).display()
        );
        step::run_and_capture(&mut command)
    }
}

/// The program `test-server` of host/test-server. Dropping it ends the program.
struct Server {
    origin: String,
    process: Child,
    /// Questions go in, answers come out; `None` when it is being ended.
    pipes: RefCell<Option<(ChildStdin, BufReader<ChildStdout>)>>,
}

impl Server {
    fn start(program: &Path) -> Result<Server> {
        let mut command: Command = project::command(program);
        command
            .arg(PORT.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut process = command.spawn().context("cannot start the server")?;
        let pipes = process.stdin.take().zip(process.stdout.take());
        let mut server = Server {
            origin: String::new(),
            process,
            pipes: RefCell::new(pipes.map(|(questions, out)| (questions, BufReader::new(out)))),
        };
        server.origin = server.line()?;
        Ok(server)
    }

    /// The URL of a path.
    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// Asks a question, and gives the first line of the answer.
    fn ask(&self, question: &str) -> Result<String> {
        if let Some((questions, _)) = &mut *self.pipes.borrow_mut() {
            writeln!(questions, "{question}").context("cannot ask the server")?;
        }
        self.line()
    }

    /// The request that came last: `METHOD TARGET` and its headers, a line for each.
    fn last_request(&self) -> Result<Vec<String>> {
        let mut lines = vec![self.ask("last")?];
        while lines.last().is_some_and(|line| !line.is_empty()) {
            lines.push(self.line()?);
        }
        Ok(lines)
    }

    fn line(&self) -> Result<String> {
        let mut line = String::new();
        if let Some((_, answers)) = &mut *self.pipes.borrow_mut() {
            answers
                .read_line(&mut line)
                .context("cannot read from the server")?;
        }
        ensure!(line.ends_with('\n'), "the server ended");
        Ok(line.trim_end().to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The end of its stdin is its own.
        drop(self.pipes.take());
        let _ = self.process.wait();
    }
}

/// Checks that a guest printed what it received.
fn expect(output: &str, texts: &[&str]) -> Result<()> {
    for text in texts {
        ensure!(output.contains(text), "it did not print `{text}`");
    }
    Ok(())
}
