//! The command line: options, help texts, and parsing of values.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::error::{ContextKind, ErrorKind};
use clap::{
    ArgAction, ArgMatches, Command, CommandFactory, FromArgMatches, Parser, ValueEnum, ValueHint,
};
use wasi_experimental_http_wasmtime::http::HeaderName;
use wasi_experimental_http_wasmtime::limits::DEFAULT_MAX_CONCURRENT_REQUESTS;
use wasi_experimental_http_wasmtime::{
    AllowedHost, AllowedHosts, ClientCertificate, Credential, HttpClient, HttpClientBuilder,
    ProxyError,
};
use wasmtime_wasi::FsPerms;

use crate::config;
use crate::engine::EngineOptions;
use crate::generate;
use crate::limits::{Limit, Limits, number};
use crate::log::Format;
use crate::say::{name, say};

const ABOUT: &str = "Runs a WebAssembly module that sends HTTP requests";

const LONG_ABOUT: &str = "\
Runs a WebAssembly module that sends HTTP requests.

The module is a core module, in binary (.wasm) or text (.wat), that may import the functions of \
WASI (`wasi_snapshot_preview1`) and those of `wasi_experimental_http`. It has access only to \
the hosts named with --allowed-host, the directories named with --dir, and the environment \
variables named with --env. Its standard input, output and error are those of \
wasmtime-http.

A command, which exports `_start`, is run from there. For a library, which does not, --invoke calls \
one function; `_initialize`, if it is exported, is called first. Everything after the module \
belongs to the module.";

const EXAMPLES: &str = "\
Examples:
  wasmtime-http --allowed-host https://postman-echo.com post.wasm
  wasmtime-http --invoke add math.wat 1 -2

";

const AFTER_HELP: &str = "\
`wasmtime-http --help` describes all options, the forms of HOST, more examples, and the exit codes.";

const LONG_EXAMPLES: &str = "\
Examples:
  Run a command that may reach one host:
      wasmtime-http --allowed-host https://postman-echo.com post.wasm

  Give it arguments and a variable:
      wasmtime-http -a http://127.0.0.1:8080 -e TOKEN download.wasm --verbose /file

  Call the function `add` of a library, and print its result:
      wasmtime-http --invoke add math.wat 1 -2

  Send a token that the module does not see:
      wasmtime-http -a https://api.example.com \\
          --header 'https://api.example.com=authorization: Bearer ${TOKEN}' get.wasm

  Use the proxies that the environment names:
      wasmtime-http --proxy env -a https://example.com get.wasm

  Trust a private certificate authority, and end after half a minute:
      wasmtime-http --ca-file ca.pem --timeout 30s -a https://localhost:8443 get.wasm

";

const AFTER_LONG_HELP: &str = "\
Hosts:
  https://example.com       the host at its scheme's port, 443 or 80; a subdomain is another host
  http://127.0.0.1:8080     an address at this port; IPv6 in brackets, http://[::1]:8080
  https://example.com:*     any port
  https://*.example.com     its subdomains, at any depth, but not example.com
  https://*                 every public host: names and addresses, nothing of the local network
  https://example.com/v1/   what is below this path; without the last slash, the path itself as well
  'GET,HEAD https://example.com'
                            requests with these methods; a path may follow
  http://10.0.0.0/8:8801    URLs with an address of this block in them; not names that lead to one
  deny:https://example.com  denies, whatever others allow; without a port it denies all ports
  deny:10.0.0.0/8           without a scheme it denies both; names that lead to the block as well
  deny:*:25                 denies port 25 of any host
  insecure:allow-all        every host, those of the local network included

Exit codes:
  The guest's own, 0 to 255, if it ends with `proc_exit`; else
    0  if the function returned
    1  if the module could not be loaded or run
    2  if the command line is wrong
  130  if it was ended by Ctrl-C
  134  if the guest trapped, or ran into --timeout

Environment:
  RUST_LOG  What to trace to stderr, as `TARGET=LEVEL,...`, instead of what -vvv traces.
  NO_COLOR  No colours in traces. Traces are coloured on terminals only.
  http_proxy, https_proxy, all_proxy, no_proxy
            With `--proxy env` only.
  HOME, XDG_CACHE_HOME, XDG_CONFIG_HOME
            Compiled modules are kept in wasmtime's cache, configured by
            wasmtime/config.toml in the user's configuration directory.";

/// What the command line says.
#[derive(Debug, Parser)]
#[command(
    name = "wasmtime-http",
    version,
    about = ABOUT,
    long_about = LONG_ABOUT,
    before_help = EXAMPLES,
    before_long_help = LONG_EXAMPLES,
    after_help = AFTER_HELP,
    after_long_help = AFTER_LONG_HELP,
    help_template = "{about-with-newline}\n{usage-heading} {usage}\n\n{before-help}{all-args}{after-help}",
    override_usage = "wasmtime-http [OPTIONS] <module> [ARGS]...",
    max_term_width = 100
)]
pub struct Arguments {
    /// The module to run, a .wasm or .wat file or `-` for stdin, and its arguments
    ///
    /// Everything after the module belongs to the module, even if it looks like an option. A command
    /// gets the rest as its arguments. With --invoke these are the parameters of the function: integers
    /// (decimal, or hexadecimal with `0x`) and floating-point numbers. A `--` right after the module
    /// is dropped.
    #[arg(value_names = ["module", "ARGS"], num_args = 1.., required_unless_present = "print_config", trailing_var_arg = true, value_hint = ValueHint::FilePath)]
    command: Vec<OsString>,

    #[arg(skip)]
    pub module: PathBuf,

    #[arg(skip)]
    pub arguments: Vec<String>,

    /// A host that the guest may send requests to (repeatable)
    ///
    /// Scheme, host, and the port unless it is the scheme's default, or another of the forms below.
    /// The targets of redirects must be on the list as well. Without this option no request is sent.
    #[arg(short, long = "allowed-host", value_name = "HOST", value_parser = parse_allowed_host)]
    pub allowed_hosts: Vec<String>,

    /// A header field that the guest never sees, for requests to one host (repeatable)
    ///
    /// As `HOST=NAME: VALUE`, with HOST as --allowed-host takes it, which still has to allow it. It is
    /// sent to that host only, whatever redirects there are, in place of the guest's own field of
    /// this name. In VALUE, `${NAME}` is an environment variable, `${file:PATH}` what a file has in it,
    /// read for each request, and `$$` a `$`; in single quotes, so that the shell leaves them: what
    /// they stand for is then not in the list of processes.
    #[arg(long = "header", value_name = "HOST=NAME: VALUE")]
    headers: Vec<String>,

    #[arg(skip)]
    pub credentials: Vec<Credential>,

    /// The function to call
    ///
    /// Its results are printed to stdout, one per line. `add(1, 2)` includes the arguments.
    #[arg(short, long, value_name = "FUNCTION", default_value = "_start")]
    pub invoke: String,

    /// How many responses the guest may hold open at once
    #[arg(short, long, value_name = "N", value_parser = number(1, usize::MAX), default_value_t = DEFAULT_MAX_CONCURRENT_REQUESTS)]
    pub concurrency: usize,

    /// An environment variable for the guest (repeatable)
    ///
    /// `NAME` alone passes on the value from wasmtime-http's own environment, if there is one.
    #[arg(short, long = "env", value_name = "NAME[=VAL]", value_parser = parse_variable)]
    pub environment: Vec<Variable>,

    /// A directory that the guest may read and write (repeatable)
    ///
    /// The guest sees it under the name GUEST, or under its own name. With `:ro` at the end it is
    /// read-only.
    #[arg(long = "dir", value_name = "HOST[::GUEST][:ro]", value_parser = parse_directory, value_hint = ValueHint::DirPath)]
    pub directories: Vec<Directory>,

    /// How long the guest may run
    ///
    /// Wall-clock time from its first instruction, including waiting for servers: `30s`, `500ms`,
    /// `1m30s`, `1.5h`, `2 days`; a number without a unit is seconds. When it expires, the guest is
    /// stopped wherever it is. Compiling the module does not count.
    #[arg(long, value_name = "DURATION", default_value_t = Limit(None))]
    pub timeout: Limit<Duration>,

    /// How large each memory of the guest may grow, or `none`
    ///
    /// Growing it further fails, as on a machine that is out of memory. There is no other bound on
    /// what one call may read or write: files and bodies may have any size.
    #[arg(long, value_name = "SIZE", default_value_t = Limit(None))]
    pub max_memory: Limit<u64>,

    /// Compile the module without wasmtime's cache, and do not cache the result
    #[arg(long)]
    pub no_cache: bool,

    /// A file of certificate authorities to trust besides the system's (repeatable)
    ///
    /// One or more certificates in PEM.
    #[arg(long = "ca-file", value_name = "PEM", value_hint = ValueHint::FilePath)]
    pub ca_files: Vec<PathBuf>,

    /// A certificate that servers are shown which ask for one (repeatable)
    ///
    /// A PEM file with the certificate, those of its issuers, and the private key, or the key in a file of
    /// its own behind `::`. With `HOST=` before it, as --allowed-host takes it, that host alone is shown
    /// it. Of several for one host the last is shown.
    #[arg(long = "client-cert", value_name = "[HOST=]PEM[::KEY]", value_parser = parse_client_certificate)]
    pub client_certificates: Vec<ClientCertificate>,

    /// The proxy that requests are sent through, or `env`
    ///
    /// `http://`, `socks5://` or `socks5h://`, host and port, with `USER:PASSWORD@` before the host if it
    /// wants that. `env` takes what `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy` say, in lower
    /// or upper case, so that no password is in the list of processes; without this option they are not
    /// looked at. --allowed-host holds all the same. A name that the proxy looks up, as one of `http` and
    /// `socks5h` does, may lead to private addresses without --allow-private.
    #[arg(long, value_name = "URL")]
    proxy: Option<String>,

    /// Hosts that are reached without the proxy
    ///
    /// A list with commas: names, which include those below them, addresses, blocks such as `10.0.0.0/8`,
    /// `:port` behind a name or an address, or `*`.
    #[arg(long, value_name = "HOSTS", requires = "proxy", value_parser = parse_no_proxy)]
    no_proxy: Option<String>,

    /// The lowest version of TLS that is spoken
    #[arg(long, value_name = "VERSION", value_enum, default_value_t = Tls::V1_2)]
    pub min_tls: Tls,

    /// Log requests to stderr; more with -vv and -vvv
    ///
    /// `-v` writes a line for each request when it has ended: when it began, method, URL, status,
    /// bytes received and sent on the wire, duration, and why it failed if it did. Traps are shown
    /// with all details. `-vv` adds the header fields of the request (`>`) and of the
    /// response (`<`); values of fields whose names suggest credentials are masked. `-vvv` adds
    /// traces, at level `debug`; `-vvvv` those of all libraries. URLs are shown without their query.
    #[arg(short, long, action = ArgAction::Count)]
    pub verbose: u8,

    /// How -v writes a request
    ///
    /// In JSON, each request is an object on a line of its own. Other messages, traces, and what the
    /// guest writes to stderr stay as they are.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Text, requires = "verbose")]
    pub log_format: Format,

    /// A file for what was sent and received, in HAR 1.2
    ///
    /// Browsers' developer tools open it. An existing file is overwritten. Values of fields whose names
    /// suggest credentials, and all of --header, are masked, and cookies left out. Queries and bodies are
    /// in it as they are: of each body the first MiB that the guest read, none of a request's body that
    /// is written piece by piece. The file is whole however the guest ends.
    #[arg(long = "har", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub har_file: Option<PathBuf>,

    /// A file of options, in TOML
    ///
    /// Its keys are the names of options without the dashes, its values theirs: `timeout = "30s"`,
    /// `allowed-host = ["https://example.com"]`, `allow-private = true`. Variables may be in a table
    /// `[env]`, header fields in one for their host, `[header."https://example.com"]`. What the command
    /// line says counts rather than the file, and with it for options that are repeatable. Paths start at
    /// the working directory, as on the command line.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    config: Option<PathBuf>,

    /// Write the options that are set to stdout, as --config takes them, and run nothing
    ///
    /// Those that are not set are in comments, with their defaults.
    #[arg(long)]
    print_config: bool,

    /// The name of a command that it finds in front of its arguments; that of its file by default
    #[arg(long, value_name = "NAME")]
    pub argv0: Option<String>,

    /// A module that offers what the guest imports from NAME (repeatable)
    ///
    /// It is instantiated first, with the same functions, and its exports are the imports of the guest
    /// and of those behind it.
    #[arg(long = "preload", value_name = "NAME=FILE", value_parser = parse_preload, value_hint = ValueHint::FilePath)]
    pub preloads: Vec<(String, PathBuf)>,

    /// Run modules that `wasmtime compile` has compiled, which may do whatever this program may
    ///
    /// They are native code, and cannot be checked: run none that you have not compiled yourself. They
    /// have to be of the same version of wasmtime, with the same options.
    #[arg(long)]
    pub allow_precompiled: bool,

    #[command(flatten)]
    pub engine: EngineOptions,

    #[command(flatten)]
    pub limits: Limits,

    /// Write a manual page or completions of a shell to stdout
    #[arg(long, value_name = "KIND", hide = true, exclusive = true)]
    generate: Option<generate::Kind>,
}

impl Arguments {
    /// Parses the command line. Ends the process after an error, or after help.
    pub fn from_command_line() -> Arguments {
        let arguments = Self::parse(std::env::args_os()).unwrap_or_else(|error| error.exit());
        if let Some(kind) = arguments.generate {
            let sections = [AFTER_LONG_HELP, LONG_EXAMPLES];
            let written = generate::write(kind, Self::command(), &sections);
            std::process::exit(i32::from(written.is_err()));
        }
        let words = arguments.misplaced();
        if !words.is_empty() {
            say(format_args!(
                "{} after the module: passed to the module. Options of wasmtime-http come before it; \
                 `--` right after the module silences this note",
                words.join(", ")
            ));
        }
        for entry in &arguments.allowed_hosts {
            if let Some(suffix) = public_suffix(entry) {
                say(format_args!(
                    "--allowed-host {entry} allows the hosts of everybody: anyone can register a \
                     name below `{suffix}`"
                ));
            }
        }
        arguments
    }

    /// What a command line says, whose first word is the program's name.
    ///
    /// # Errors
    ///
    /// What is wrong with it, as it is shown to a person.
    pub fn parse(
        words: impl IntoIterator<Item = impl Into<OsString> + Clone>,
    ) -> Result<Arguments, clap::Error> {
        let mut command = Self::command().mut_args(|arg| {
            let is_shown = SHORT_HELP.contains(&arg.get_id().as_str());
            arg.hide_short_help(!is_shown)
        });
        let mut words: Vec<OsString> = words.into_iter().map(Into::into).collect();
        let mut matches = matches(&mut command, &words)?;
        if let Some(path) = matches.get_one::<PathBuf>("config") {
            let options = config::read(path, &command, &matches, Self::check);
            let options = options.map_err(|text| command.error(ErrorKind::Io, text))?;
            // Insert the options of the file before the module.
            words.splice(1..1, options.into_iter().map(OsString::from));
            matches = self::matches(&mut command, &words)?;
        }
        if matches.get_flag("print_config") {
            let text = config::shown(&command, &matches);
            let _ = std::io::stdout().lock().write_all(text.as_bytes());
            std::process::exit(0);
        }
        let mut arguments = Self::from_arg_matches_mut(&mut matches)?;
        let mut words = arguments.command.iter();
        arguments.module = words.next().map(PathBuf::from).unwrap_or_default();
        for (index, word) in words.enumerate() {
            match word.to_str() {
                Some("--") if index == 0 => {}
                Some(word) => arguments.arguments.push(word.to_owned()),
                None => {
                    let number = arguments.arguments.len() + 1;
                    let text = format!("argument {number} of the module is not UTF-8: {word:?}");
                    return Err(command.error(ErrorKind::InvalidUtf8, text));
                }
            }
        }
        if let Some(timeout) = arguments.engine.timeout() {
            arguments.timeout = Limit(Some(timeout));
        }
        if let Some(size) = arguments.engine.max_memory() {
            arguments.max_memory = Limit(Some(size));
        }
        // Of a proxy, too, the text may have a secret in it.
        arguments.proxied().map(drop).map_err(|error| {
            let text = format!("invalid value for '--proxy <URL>': {error}");
            command.error(ErrorKind::ValueValidation, text)
        })?;
        for text in &arguments.headers {
            // Unlike other values, do not show the text in the error: it may contain a secret.
            let credential = parse_credential(text).map_err(|error| {
                let text = format!("invalid value for '--header <HOST=NAME: VALUE>': {error}");
                command.error(ErrorKind::ValueValidation, text)
            })?;
            arguments.credentials.push(credential);
        }
        Ok(arguments)
    }

    /// A client that uses the proxy, and has no other settings.
    pub fn proxied(&self) -> Result<HttpClientBuilder, ProxyError> {
        let mut client = HttpClient::builder();
        match self.proxy.as_deref() {
            None => {}
            Some(PROXY_OF_THE_ENVIRONMENT) => {
                client.proxy_from_env()?;
            }
            Some(url) => {
                client.proxy(url.parse()?);
            }
        }
        if let Some(hosts) = &self.no_proxy {
            client.no_proxy(hosts)?;
        }
        Ok(client)
    }

    /// The options of a file, as `--config` takes it, in the form `--NAME` or `--NAME=VALUE`.
    ///
    /// # Errors
    ///
    /// What is wrong with the file, and on which line.
    pub fn options_of_file(path: &Path) -> Result<Vec<String>, String> {
        let mut command = Self::command();
        let given = matches(&mut command, &["wasmtime-http".into(), "module".into()])
            .map_err(|error| error.to_string())?;
        config::read(path, &command, &given, Self::check)
    }

    /// Whether an option can be used so.
    fn check(word: &str) -> Result<(), clap::Error> {
        Self::parse(["wasmtime-http", word, "module"]).map(drop)
    }

    /// Arguments of the module that look like options of `wasmtime-http`.
    fn misplaced(&self) -> Vec<String> {
        if self.command.get(1).is_some_and(|word| word == "--") {
            return Vec::new();
        }
        let mut command = Self::command();
        command.build();
        let is_ours = |word: &str| {
            let word = word.split_once('=').map_or(word, |(option, _)| option);
            command.get_arguments().any(|option| {
                let long = option.get_long().map(|long| format!("--{long}"));
                let short = option.get_short().map(|short| format!("-{short}"));
                long.as_deref() == Some(word) || short.as_deref() == Some(word)
            })
        };
        let words = self.arguments.iter().take_while(|word| *word != "--");
        words
            .filter(|word| is_ours(word))
            .map(|word| format!("`{}`", name(word)))
            .collect()
    }
}

fn matches(command: &mut Command, words: &[OsString]) -> Result<ArgMatches, clap::Error> {
    let matches = command.try_get_matches_from_mut(words);
    matches.map_err(|mut error| {
        // clap would suggest `--`, which does not help with a mistyped option.
        if error.kind() == ErrorKind::UnknownArgument {
            error.remove(ContextKind::Suggested);
        }
        error
    })
}

/// The options that `-h` shows: those that most people need.
const SHORT_HELP: [&str; 9] = [
    "command",
    "allowed_hosts",
    "invoke",
    "environment",
    "directories",
    "timeout",
    "verbose",
    "help",
    "version",
];

/// What stands for the proxies that the environment names.
const PROXY_OF_THE_ENVIRONMENT: &str = "env";

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Tls {
    #[value(name = "1.2")]
    V1_2,
    #[value(name = "1.3")]
    V1_3,
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
    pub permissions: FsPerms,
}

fn parse_allowed_host(text: &str) -> Result<String, String> {
    // Checked here, so that the error names the option.
    match AllowedHosts::parse([text]) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn parse_credential(text: &str) -> Result<Credential, String> {
    let parts = text.match_indices('=').find_map(|(at, _)| {
        let (name, value) = text[at + 1..].split_once(':')?;
        // A path may have a `=` in it.
        HeaderName::from_bytes(name.as_bytes()).ok()?;
        Some((&text[..at], name, value))
    });
    let (host, name, value) =
        parts.ok_or("write it as 'https://example.com=authorization: Bearer ${TOKEN}'")?;
    Credential::from_template(host, name, value).map_err(|error| format!("{host}: {error}"))
}

/// The public suffix (<https://publicsuffix.org>), such as `com` or `co.uk`, if an entry allows all
/// hosts below one.
fn public_suffix(entry: &str) -> Option<String> {
    // In canonical form: lower case, and without a default port.
    let entry = entry.parse::<AllowedHost>().ok()?.to_string();
    let (_, name) = entry.split_once("://*.")?;
    let name = name.split([':', '/']).next()?;
    // A suffix that is not on the list, such as `internal`, belongs to the user's own network.
    let suffix = psl::suffix(name.as_bytes()).filter(|suffix| suffix.is_known())?;
    let is_whole = suffix == name && !entry.starts_with("deny:");
    is_whole.then(|| name.to_owned())
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

fn parse_client_certificate(text: &str) -> Result<ClientCertificate, String> {
    let (host, files) = match text.split_once('=') {
        Some((host, files)) if host.contains("://") => (Some(host), files),
        _ => (None, text),
    };
    let (file, key) = files.split_once("::").unwrap_or((files, files));
    let read = |path: &str| {
        fs::read(path).map_err(|error| format!("cannot read the file `{}`: {error}", name(path)))
    };
    let certificate = ClientCertificate::from_pem(read(file)?, read(key)?);
    let certificate = certificate.map_err(|error| error.to_string())?;
    match host {
        None => Ok(certificate),
        Some(host) => certificate
            .try_for_host(host)
            .map_err(|error| error.to_string()),
    }
}

fn parse_no_proxy(text: &str) -> Result<String, ProxyError> {
    HttpClient::builder().no_proxy(text)?;
    Ok(text.to_owned())
}

fn parse_preload(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, path)) if !name.is_empty() && !path.is_empty() => {
            Ok((name.to_owned(), path.into()))
        }
        _ => Err("write the name that the guest imports from, `=`, and the file".to_owned()),
    }
}

fn parse_directory(text: &str) -> Result<Directory, String> {
    let (text, permissions) = match text.strip_suffix(":ro") {
        Some(text) => (text, FsPerms::ReadOnly),
        None => (text, FsPerms::ReadWrite),
    };
    let (host, guest) = text.split_once("::").unwrap_or((text, text));
    if host.is_empty() || guest.is_empty() {
        return Err("a directory has a name on both sides of the `::`".to_owned());
    }
    Ok(Directory {
        host: host.into(),
        guest: guest.to_owned(),
        permissions,
    })
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
    fn headers_are_split_where_their_name_begins() {
        for text in [
            "https://example.com=a:b",
            "https://example.com= a:b",
            "https://example.com=x-a: b=c: d",
        ] {
            let is_good = !text.contains("= ");
            assert_eq!(parse_credential(text).is_ok(), is_good, "{text}");
        }
        for text in [
            "",
            "a: b",
            "https://example.com",
            "https://example.com=a",
            "=a: b",
        ] {
            assert!(parse_credential(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_entry_for_a_whole_public_suffix_is_noticed() {
        let cases = [
            ("https://*.com", Some("com")),
            ("http://*.ORG:8080", Some("org")),
            ("https://*.co.uk", Some("co.uk")),
            ("https://*.github.io:*", Some("github.io")),
            ("https://*.xn--55qx5d.cn", Some("xn--55qx5d.cn")),
            ("https://*.example.com", None),
            ("https://*.example.co.uk", None),
            ("https://*.localhost", None),
            ("https://*.internal", None),
            ("GET https://*.com/v1/", Some("com")),
            ("deny:https://*.com", None),
            ("https://*", None),
        ];
        for (entry, suffix) in cases {
            assert_eq!(public_suffix(entry).as_deref(), suffix, "{entry}");
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
    fn everything_behind_the_module_is_the_modules() {
        let parse = |line: &str| Arguments::parse(line.split(' '));
        let arguments = parse("wasmtime-http -i f a.wasm -1e-3 -a http://b -v x -- -c").unwrap();
        assert_eq!(arguments.invoke, "f");
        assert_eq!(arguments.module, PathBuf::from("a.wasm"));
        assert_eq!(
            arguments.arguments,
            ["-1e-3", "-a", "http://b", "-v", "x", "--", "-c"]
        );
        assert!(arguments.allowed_hosts.is_empty());
        assert_eq!(arguments.verbose, 0);
        assert_eq!(arguments.misplaced(), ["`-a`", "`-v`"]);

        let arguments = parse("wasmtime-http a.wasm -- -- --help --dir=x").unwrap();
        assert_eq!(arguments.arguments, ["--", "--help", "--dir=x"]);
        assert!(arguments.misplaced().is_empty());
        let arguments = parse("wasmtime-http a.wasm --dir=x --other -q").unwrap();
        assert_eq!(arguments.misplaced(), ["`--dir=x`"]);
    }
}
