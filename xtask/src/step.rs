//! Runs programs with progress: what is running, for how long, and how many crates are built.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, IsTerminal, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How often progress is printed if stderr is not a terminal.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How often a program with a deadline is polled.
const POLL: Duration = Duration::from_millis(100);

/// Prints the heading of a step.
pub fn header(text: impl std::fmt::Display) {
    eprintln!("==> {text}");
}

/// Prints a line below the heading.
pub fn note(text: impl std::fmt::Display) {
    eprintln!("    {text}");
}

/// Runs a program, and shows its output.
pub fn run(command: &mut Command) -> Result<()> {
    if shows_progress(command) {
        return run_cargo(command);
    }
    let mut child = spawn(command)?;
    let status = with_heartbeat(command, || child.wait(), || None)?;
    check(command, status)
}

/// Whether it is cargo, which shows its progress only on a terminal.
fn shows_progress(command: &Command) -> bool {
    let is_cargo = |program: &OsStr| Path::new(program).file_stem() == Some(OsStr::new("cargo"));
    // `rustup run VERSION cargo` is cargo as well.
    let third = command.get_args().nth(2);
    (is_cargo(command.get_program()) || third.is_some_and(is_cargo))
        && !std::io::stderr().is_terminal()
}

/// Runs cargo, and prints now and then how many crates are built.
fn run_cargo(command: &mut Command) -> Result<()> {
    let mut child = command
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .env("CARGO_TERM_PROGRESS_WHEN", "always")
        .env("CARGO_TERM_PROGRESS_WIDTH", "100")
        .spawn()
        .with_context(|| format!("cannot run `{}`", line(command)))?;
    let stderr = child.stderr.take();
    let progress = Arc::new(Mutex::new(None));
    let copied = {
        let progress = progress.clone();
        std::thread::spawn(move || copy_without_progress(stderr, &progress))
    };
    let done = || lock(&progress).clone();
    let status = with_heartbeat(command, || child.wait(), done)?;
    let _ = copied.join();
    check(command, status)
}

type Progress = Mutex<Option<String>>;

fn lock(progress: &Progress) -> MutexGuard<'_, Option<String>> {
    progress.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Passes on cargo's output, except for its progress bar, whose last state is kept.
fn copy_without_progress(from: Option<impl Read>, progress: &Progress) {
    let Some(from) = from else { return };
    // cargo redraws the bar after a carriage return.
    for part in BufReader::new(from).split(b'\n') {
        // If the program was killed, keep what it has written.
        let Ok(part) = part else { return };
        let text = String::from_utf8_lossy(&part);
        let mut last = "";
        for piece in text.split('\r') {
            match bar(piece) {
                Some(done) => *lock(progress) = Some(done),
                None => last = piece,
            }
        }
        let last = last.trim_start_matches("\u{1b}[K");
        if !last.trim().is_empty() {
            eprintln!("{last}");
        }
    }
}

/// `57 of 230`, if this is cargo's progress bar.
fn bar(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("Building [")?;
    let (_, rest) = rest.split_once(']')?;
    let (done, of) = rest.split(':').next()?.trim().split_once('/')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    (is_number(done) && is_number(of)).then(|| format!("{done} of {of}"))
}

/// Like [`run`], but ends the program after a time: for programs that may wait for a network.
pub fn run_with_deadline(command: &mut Command, limit: Duration) -> Result<()> {
    let mut child = spawn(command)?;
    let deadline = Instant::now() + limit;
    let status = with_heartbeat(
        command,
        || {
            loop {
                if let Some(status) = child.try_wait()? {
                    return Ok(Some(status));
                }
                if Instant::now() >= deadline {
                    child.kill()?;
                    child.wait()?;
                    return Ok(None);
                }
                std::thread::sleep(POLL);
            }
        },
        || None,
    )?;
    match status {
        Some(status) => check(command, status),
        None => bail!("`{}` did not end in {}", line(command), seconds(limit)),
    }
}

/// Runs a program, and returns its stdout; its stderr is shown.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot run `{}`", line(command)))?;
    check(command, output.status)?;
    String::from_utf8(output.stdout)
        .with_context(|| format!("the output of `{}` is not UTF-8", line(command)))
}

/// Runs a program, and returns its status and all of its output, which is shown too.
pub fn run_and_capture(command: &mut Command) -> Result<(ExitStatus, String)> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run `{}`", line(command)))?;
    let stderr = child.stderr.take();
    let from_stderr = std::thread::spawn(move || copy_lines(stderr));
    let mut text = copy_lines(child.stdout.take());
    let status = child.wait()?;
    text.push_str(&from_stderr.join().unwrap_or_default());
    Ok((status, text))
}

/// Shows a program's output, indented, and returns it.
fn copy_lines(from: Option<impl Read>) -> String {
    let mut text = Vec::new();
    if let Some(mut from) = from {
        // If the program was killed, keep what it has written.
        let _ = from.read_to_end(&mut text);
    }
    let text = String::from_utf8_lossy(&text).into_owned();
    for line in text.lines() {
        println!("    | {line}");
    }
    text
}

/// Runs `work`. Unless stderr is a terminal, where cargo shows its own progress, prints now and
/// then that it is still running, and how much is done if that is known.
fn with_heartbeat<T>(
    command: &Command,
    work: impl FnOnce() -> std::io::Result<T>,
    done: impl Fn() -> Option<String> + Send,
) -> Result<T> {
    if std::io::stderr().is_terminal() {
        return Ok(work()?);
    }
    let (end, has_ended) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let start = Instant::now();
            while let Err(RecvTimeoutError::Timeout) = has_ended.recv_timeout(HEARTBEAT) {
                let time = seconds(start.elapsed());
                match done() {
                    Some(done) => note(format_args!("... {done} built, {time} so far")),
                    None => note(format_args!("... {time} so far")),
                }
            }
        });
        let result = work();
        drop(end);
        result
    })
    .with_context(|| format!("cannot wait for `{}`", line(command)))
}

fn spawn(command: &mut Command) -> Result<Child> {
    command
        .stdin(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot run `{}`", line(command)))
}

fn check(command: &Command, status: ExitStatus) -> Result<()> {
    if !status.success() {
        bail!("`{}` failed ({status})", line(command));
    }
    Ok(())
}

/// The command as it can be typed in a shell.
pub fn line(command: &Command) -> String {
    let mut line = program_name(command.get_program());
    for argument in command.get_args() {
        line.push(' ');
        let argument = argument.to_string_lossy();
        if argument.is_empty() || argument.contains([' ', '"', '\'']) {
            line.push_str(&format!("'{argument}'"));
        } else {
            line.push_str(&argument);
        }
    }
    line
}

fn program_name(program: &OsStr) -> String {
    let path = std::path::Path::new(program);
    path.file_name()
        .unwrap_or(program)
        .to_string_lossy()
        .into_owned()
}

/// A duration, rounded for people.
pub fn seconds(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", duration.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        _ => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_it_can_be_typed() {
        let mut command = Command::new("/usr/bin/wasmtime-http");
        command.args(["--env", "A=b c", "", "guest.wasm"]);
        assert_eq!(line(&command), "wasmtime-http --env 'A=b c' '' guest.wasm");
    }

    #[test]
    fn the_bar_of_cargo_says_how_much_is_done() {
        let cases = [
            (
                "    Building [====>      ] 57/230: syn, wasmtime(build)",
                Some("57 of 230"),
            ),
            ("    Building [           ] 0/1", Some("0 of 1")),
            ("   Compiling syn v2.0.119", None),
            ("    Building [x] a/b", None),
            ("error: [1/2]", None),
        ];
        for (text, expected) in cases {
            assert_eq!(bar(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn durations_are_shown_as_people_wait() {
        let cases = [
            (Duration::from_millis(40), "0.0 s"),
            (Duration::from_millis(9_940), "9.9 s"),
            (Duration::from_millis(10_700), "10 s"),
            (Duration::from_secs(61), "1 min 1 s"),
        ];
        for (duration, expected) in cases {
            assert_eq!(seconds(duration), expected);
        }
    }

    #[test]
    fn a_program_that_fails_is_named() {
        let error = run(Command::new("sh").args(["-c", "exit 3"])).unwrap_err();
        assert!(
            error.to_string().starts_with("`sh -c 'exit 3'` failed"),
            "{error}"
        );
        let error = run(&mut Command::new("no-such-program-anywhere")).unwrap_err();
        assert!(
            error.to_string().contains("no-such-program-anywhere"),
            "{error}"
        );
    }

    #[test]
    fn a_program_that_takes_too_long_is_ended() {
        let limit = Duration::from_millis(200);
        let error = run_with_deadline(Command::new("sleep").arg("60"), limit).unwrap_err();
        assert!(
            error.to_string().starts_with("`sleep 60` did not end"),
            "{error}"
        );
        run_with_deadline(&mut Command::new("true"), Duration::from_secs(60)).unwrap();
    }
}
