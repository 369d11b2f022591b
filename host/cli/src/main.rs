//! `wasmtime-http`: runs WebAssembly modules that send HTTP requests.
//!
//! What the requests may do is decided by the crate `wasi-experimental-http-wasmtime`; this program
//! configures it from the command line, beside WASI.

use std::env;
use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use wasmtime_http::args::Arguments;
use wasmtime_http::pack::{self, PackArguments};
use wasmtime_http::say::say;
use wasmtime_http::{exit, run};

fn main() {
    if let Some(arguments) = PackArguments::from_command_line() {
        let packed = pack::run(&arguments);
        if let Err(error) = &packed {
            say(format_args!("{error:#}"));
        }
        std::process::exit(i32::from(packed.is_err()));
    }
    let arguments = Arguments::from_command_line();
    trace_to_stderr(arguments.verbose);
    let ran = run::run(&arguments);
    let code = exit::code(ran, &arguments);
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
