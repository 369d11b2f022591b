//! `wasmtime-http`: runs WebAssembly modules that send HTTP requests.
//!
//! What the requests may do is decided by the crate `wasi-experimental-http-wasmtime`; this program
//! configures it from the command line, beside WASI.

mod args;
mod backtrace;
mod config;
mod engine;
mod exit;
mod generate;
mod har;
mod imports;
mod interrupt;
mod invoke;
mod limits;
mod log;
mod module;
mod progress;
mod report;
mod run;
mod say;
mod timeout;
mod units;

use std::env;
use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::args::Arguments;

fn main() {
    let arguments = Arguments::from_command_line();
    trace_to_stderr(arguments.verbose);
    let ran = run::run(&arguments);
    let code = match ran {
        _ if interrupt::is_interrupted() => interrupt::INTERRUPTED,
        Ok(()) => 0,
        Err(error) => exit::report(&error, &arguments),
    };
    // Not by returning, which would wait for a thread that reads stdin for the guest.
    std::process::exit(code);
}

/// Traces to stderr as `RUST_LOG` says, or else by the number of `-v`. With one or two, only
/// warnings that the request log does not show.
fn trace_to_stderr(verbose: u8) {
    let filter = match (env::var(EnvFilter::DEFAULT_ENV), verbose) {
        (Ok(filter), _) if !filter.is_empty() => filter,
        (_, 0) => return,
        (_, 1 | 2) => {
            "wasi_experimental_http_wasmtime::connection=warn,wasmtime_http=warn".to_owned()
        }
        (_, 3) => "wasi_experimental_http_wasmtime=debug,wasmtime_http=debug".to_owned(),
        (_, _) => "debug".to_owned(),
    };
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none())
        // They go to stderr, and panic if that is full or closed.
        .log_internal_errors(false)
        .init();
}
