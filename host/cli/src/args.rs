//! The command line: its options, its manual, and what their values mean.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Parser};
use wasi_experimental_http_wasmtime::AllowedHosts;
use wasi_experimental_http_wasmtime::limits::DEFAULT_MAX_CONCURRENT_REQUESTS;

use crate::limits::Limits;

const ABOUT: &str = "Runs a WebAssembly module that sends HTTP requests";

const LONG_ABOUT: &str = "\
Runs a WebAssembly module that sends HTTP requests.

The module is a core module, in binary (.wasm) or text (.wat), that may import the functions of \
WASI (`wasi_snapshot_preview1`) and those of `wasi_experimental_http`. It can reach only the hosts \
that are named with --allowed-host, the directories that are named with --dir, and the environment \
variables that are named with --env. Its standard input, output and error are those of \
wasmtime-http.

A command, which exports `_start`, is run from there. Of a library, which does not, --invoke calls \
one function; if it exports `_initialize`, that is called first.";

const AFTER_HELP: &str = "\
`wasmtime-http --help` has examples, exit codes and more about each option.";

const AFTER_LONG_HELP: &str = "\
Examples:
  Run a command that may reach one host:
      wasmtime-http --allowed-host https://postman-echo.com post.wasm

  Give it arguments, of which one starts with a hyphen, and a variable:
      wasmtime-http -a http://127.0.0.1:8080 -e TOKEN download.wasm -- --verbose /file

  Call the function `add` of a library, and print its result:
      wasmtime-http --invoke add math.wat 1 -2

  Trust a private certificate authority, and end after half a minute:
      wasmtime-http --ca-file ca.pem --timeout 30s -a https://localhost:8443 get.wasm

Exit codes:
  The guest's own, 0 to 255, if it ends with `proc_exit`; else
    0  if the function returned
    1  if the module could not be loaded or run
    2  if the command line is wrong
  130  if it was ended by Ctrl-C
  134  if the guest trapped, or ran into --timeout

Environment:
  RUST_LOG  What is traced to stderr, as `TARGET=LEVEL,...`; wins over --verbose.
  HOME, XDG_CACHE_HOME, XDG_CONFIG_HOME
            Compiled modules are kept in wasmtime's cache, which is configured by
            wasmtime/config.toml in the user's configuration directory.";

/// What the command line says.
#[derive(Debug, Parser)]
#[command(
    name = "wasmtime-http",
    version,
    about = ABOUT,
    long_about = LONG_ABOUT,
    after_help = AFTER_HELP,
    after_long_help = AFTER_LONG_HELP,
    override_usage = "wasmtime-http [OPTIONS] <module> [--] [ARGS]...",
    max_term_width = 100
)]
pub struct Arguments {
    /// The module to run: a .wasm or .wat file
    #[arg(value_name = "module")]
    pub module: PathBuf,

    /// The guest's arguments
    ///
    /// A command finds them behind its own name. With --invoke they are the parameters of the
    /// function: integers (decimal, or hexadecimal with `0x`) and floating-point numbers. Behind
    /// `--` they may start with a hyphen; negative numbers may without it.
    #[arg(value_name = "ARGS", allow_negative_numbers = true)]
    pub arguments: Vec<String>,

    /// A host that the guest may send requests to (repeatable)
    ///
    /// Scheme, host and port, if it is not the scheme's default one: `https://postman-echo.com`,
    /// `http://127.0.0.1:8080`, `http://localhost:*` for any port. All three count, and a subdomain
    /// is another host; `https://*.example.com` is all of them. `http://10.1.0.0/16` is a block of
    /// addresses. `deny:https://admin.example.com` denies, whatever the others allow. Redirects are
    /// held to the same list. `insecure:allow-all` allows every host, those of the local network
    /// included. Without this option no request is sent.
    #[arg(short, long = "allowed-host", value_name = "HOST", value_parser = parse_allowed_host)]
    pub allowed_hosts: Vec<String>,

    /// The function to call
    ///
    /// Its results are printed to stdout, one per line.
    #[arg(short, long, value_name = "FUNCTION", default_value = "_start")]
    pub invoke: String,

    /// How many responses the guest may hold open at once
    ///
    /// With 0 no request is sent.
    #[arg(short, long, value_name = "N", default_value_t = DEFAULT_MAX_CONCURRENT_REQUESTS)]
    pub concurrency: u32,

    /// An environment variable for the guest (repeatable)
    ///
    /// `NAME` alone takes over the value that wasmtime-http has; if it has none, nor does the
    /// guest.
    #[arg(short, long = "env", value_name = "NAME[=VAL]", value_parser = parse_variable)]
    pub environment: Vec<Variable>,

    /// A directory that the guest may read and write (repeatable)
    ///
    /// The guest sees it under the name GUEST, or under the same name.
    #[arg(long = "dir", value_name = "HOST[::GUEST]", value_parser = parse_directory)]
    pub directories: Vec<Directory>,

    /// How long the guest may run
    ///
    /// Wall-clock time from its first instruction on, waiting for servers included, all of its
    /// requests together: `30s`, `500ms`,
    /// `1m30s`, `1.5h`; a number without a unit is seconds. At its end the guest is stopped
    /// wherever it is. Compiling the module does not count.
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub timeout: Option<Duration>,

    /// A file of certificate authorities to trust besides the system's (repeatable)
    ///
    /// One or more certificates in PEM.
    #[arg(long = "ca-file", value_name = "PEM")]
    pub ca_files: Vec<PathBuf>,

    /// Trace requests to stderr; twice or thrice for more
    ///
    /// Once traces requests and their failures, twice everything at level `debug`, thrice at level
    /// `trace`. URLs are traced without their query.
    #[arg(short, long, action = ArgAction::Count)]
    pub verbose: u8,

    #[command(flatten)]
    pub limits: Limits,
}

/// An environment variable for the guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    pub name: String,
    /// `None` for the value in the host's own environment.
    pub value: Option<String>,
}

/// A directory that the guest may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    pub host: PathBuf,
    pub guest: String,
}

fn parse_allowed_host(text: &str) -> Result<String, String> {
    // Said here, the reason stands beside the option.
    match AllowedHosts::parse([text]) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn parse_variable(text: &str) -> Result<Variable, String> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (text, None),
    };
    if name.is_empty() {
        return Err("there is no name before the `=`".to_owned());
    }
    Ok(Variable {
        name: name.to_owned(),
        value,
    })
}

fn parse_directory(text: &str) -> Result<Directory, String> {
    let (host, guest) = text.split_once("::").unwrap_or((text, text));
    if host.is_empty() || guest.is_empty() {
        return Err("a directory has a name on both sides of the `::`".to_owned());
    }
    Ok(Directory {
        host: host.into(),
        guest: guest.to_owned(),
    })
}

/// Reads a sum of numbers with units (`1m30s`, `1.5h`), or a number of seconds.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let mut total = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        let letters = tail
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let number: f64 = number
            .parse()
            .map_err(|_| format!("`{rest}` does not start with a number"))?;
        total += number
            * match unit {
                "ns" => 1e-9,
                "us" | "µs" => 1e-6,
                "ms" => 1e-3,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                "" if rest == text => 1.0,
                "" => return Err(format!("`{rest}` has no unit: ns, us, ms, s, m or h")),
                unit => return Err(format!("`{unit}` is not a unit: ns, us, ms, s, m or h")),
            };
        rest = tail;
    }
    match Duration::try_from_secs_f64(total) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        Ok(_) => Err("it leaves no time at all".to_owned()),
        Err(_) => Err("it is too long".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn durations() {
        let cases = [
            ("30", Duration::from_secs(30)),
            ("0.5", Duration::from_millis(500)),
            ("30s", Duration::from_secs(30)),
            ("500ms", Duration::from_millis(500)),
            ("1m30s", Duration::from_secs(90)),
            ("1.5h", Duration::from_secs(5400)),
            ("2us", Duration::from_micros(2)),
            ("7ns", Duration::from_nanos(7)),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_duration(text), Ok(expected), "{text}");
        }
        let cases = [
            ("", "no time"),
            ("0", "no time"),
            ("s", "does not start with a number"),
            ("-1s", "does not start with a number"),
            ("1..5s", "does not start with a number"),
            ("1d", "not a unit"),
            ("1s30", "no unit"),
            ("1 s", "not a unit"),
            ("99999999999999999999h", "too long"),
        ];
        for (text, expected) in cases {
            let error = parse_duration(text).expect_err(text);
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn variables() {
        let cases = [
            ("A=b", "A", Some("b")),
            ("A=", "A", Some("")),
            ("A=b=c", "A", Some("b=c")),
            ("A", "A", None),
        ];
        for (text, name, value) in cases {
            let variable = parse_variable(text).expect(text);
            assert_eq!(
                (variable.name.as_str(), variable.value.as_deref()),
                (name, value)
            );
        }
        for text in ["", "=b"] {
            assert!(parse_variable(text).is_err(), "{text}");
        }
    }

    #[test]
    fn directories() {
        let cases = [
            (".", ".", "."),
            ("/a/b::/c", "/a/b", "/c"),
            ("a::b::c", "a", "b::c"),
            ("C:\\a", "C:\\a", "C:\\a"),
        ];
        for (text, host, guest) in cases {
            let directory = parse_directory(text).expect(text);
            assert_eq!(directory.host, PathBuf::from(host), "{text}");
            assert_eq!(directory.guest, guest, "{text}");
        }
        for text in ["", "::", "a::", "::b"] {
            assert!(parse_directory(text).is_err(), "{text}");
        }
    }

    #[test]
    fn options_stand_before_or_behind_the_module_and_end_at_two_hyphens() {
        let parse = |line: &str| Arguments::try_parse_from(line.split(' '));
        let arguments = parse("wasmtime-http -i f a.wasm -1 -a http://b x -- -a -v --").unwrap();
        assert_eq!(arguments.invoke, "f");
        assert_eq!(arguments.allowed_hosts, ["http://b"]);
        assert_eq!(arguments.arguments, ["-1", "x", "-a", "-v", "--"]);
        assert_eq!(arguments.verbose, 0);

        let error = parse("wasmtime-http a.wasm --guest-flag")
            .unwrap_err()
            .to_string();
        assert!(error.contains("-- --guest-flag"), "{error}");
    }
}
