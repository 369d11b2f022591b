//! Shows on a terminal that a long step is still running.

use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::say::printable;

/// Steps shorter than this show nothing.
const PATIENCE: Duration = Duration::from_millis(500);

/// How often the elapsed time is updated.
const INTERVAL: Duration = Duration::from_secs(1);

/// Runs `work`. If it takes long and stderr is a terminal, shows a line that says `what` it is, and
/// erases it at the end.
pub fn while_working<T>(what: impl Display, work: impl FnOnce() -> T) -> T {
    if !std::io::stderr().is_terminal() {
        return work();
    }
    let what = printable(&what.to_string());
    let (done, is_done) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let shown = thread::Builder::new()
            .name("progress".to_owned())
            .spawn_scoped(scope, move || show(&what, &is_done));
        let result = work();
        drop(done);
        // Wait until the line is erased. A panic of that thread does no harm.
        if let Ok(shown) = shown {
            let _ = shown.join();
        }
        result
    })
}

/// Shows the line until the work is done.
fn show(what: &str, is_done: &mpsc::Receiver<()>) {
    let start = Instant::now();
    let mut wait = PATIENCE;
    let mut is_shown = false;
    while let Err(RecvTimeoutError::Timeout) = is_done.recv_timeout(wait) {
        let seconds = start.elapsed().as_secs();
        draw(&format!("\rwasmtime-http: {what} ({seconds} s)"));
        is_shown = true;
        wait = INTERVAL;
    }
    if is_shown {
        // Erases the line.
        draw("\r\x1b[K");
    }
}

fn draw(text: &str) {
    let mut stderr = std::io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes());
    let _ = stderr.flush();
}
