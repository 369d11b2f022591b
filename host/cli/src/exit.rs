//! Exit codes and final messages, like those of `wasmtime run`.

use std::fmt;
use std::time::Duration;

use wasmtime::{Error, Result, Trap, bail};

use crate::args::Arguments;
use crate::say::say;
use crate::{backtrace, interrupt};

/// The module could not be loaded or run.
const FAILURE: i32 = 1;

/// The guest trapped: the shell's code for an aborted program, 128 + SIGABRT.
pub const TRAP: i32 = 134;

/// The error by which `proc_exit` ends the guest, with its code.
#[derive(Debug)]
pub struct Exit(u8);

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the guest exited with code {}", self.0)
    }
}

impl std::error::Error for Exit {}

/// WASI's `proc_exit`: ends the guest with an [`Exit`] error.
pub fn proc_exit(code: u32) -> Result<()> {
    match u8::try_from(code) {
        Ok(code) => Err(Exit(code).into()),
        // The system would keep only the lowest byte, which could be 0.
        Err(_) => bail!("the guest exited with code {code}; a process has 0 to 255"),
    }
}

/// Prints why the guest ended, unless it just exited, and returns the exit code of the process.
pub fn code(ended: Result<()>, arguments: &Arguments) -> i32 {
    if let Some(code) = interrupt::exit_code() {
        return code;
    }
    match ended {
        Ok(()) => 0,
        Err(error) => report(&error, arguments),
    }
}

/// Prints the error, unless the guest just exited, and returns the exit code.
fn report(error: &Error, arguments: &Arguments) -> i32 {
    if let Some(exit) = error.downcast_ref::<Exit>() {
        if let Some(frames) = backtrace::of_abort(error) {
            say(format_args!("the guest aborted{frames}"));
        }
        return exit.0.into();
    }
    let Some(trap) = error.downcast_ref::<Trap>() else {
        say(format_args!("{error:#}"));
        return FAILURE;
    };
    if let (Trap::Interrupt, Some(limit)) = (trap, arguments.timeout.0) {
        say(timed_out(limit));
    }
    if arguments.verbose > 0 {
        // The `Debug` form has all details.
        say(format!("{error:?}").trim_end());
    } else {
        // A context, if there is one, says which function failed.
        let what = error.to_string();
        let (trap, frames) = (trap.to_string(), backtrace::of(error).unwrap_or_default());
        let what = if what == trap {
            "the guest trapped"
        } else {
            &what
        };
        say(format_args!("{what}: {trap}{frames}"));
    }
    TRAP
}

/// The message for an expired `--timeout`.
pub fn timed_out(limit: Duration) -> String {
    format!("the guest was stopped: it ran into the --timeout of {limit:?}")
}
