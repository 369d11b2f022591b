//! All limits, timeouts and buffer sizes of stores and of clients, each with its default and the
//! reason for it.
//!
//! Numbers of things are `usize`, numbers of bytes `u64`.

use std::fmt;
use std::time::Duration;

/// How many responses a store may hold open that have more of their body to read, unless the
/// embedder says otherwise: more than a plugin needs, and few enough that a leak shows.
pub const DEFAULT_MAX_CONCURRENT_REQUESTS: usize = 32;

/// How many responses whose body has ended a store keeps for their headers, beside the open ones.
/// With one more the oldest is closed: a guest that closes none can go on for ever, and holds at
/// most this times [`MAX_RESPONSE_HEADER_BYTES`].
pub const MAX_FINISHED_RESPONSES: usize = 256;

/// How many requests of a client's stores may wait for their responses' headers at once: below
/// the number of sockets and threads that a process commonly may have.
pub const DEFAULT_MAX_REQUESTS_IN_FLIGHT: usize = 512;

/// How many redirects are followed by default; browsers and `curl` use 20 to 50, `reqwest` 10.
pub const DEFAULT_MAX_REDIRECTS: usize = 10;

/// The longest URL, in bytes. RFC 9110, section 4.1, asks for at least 8,000.
pub const DEFAULT_MAX_URL_LEN: u64 = 16 * 1024;

/// The longest method, in bytes: the longest registered one has 17.
pub const DEFAULT_MAX_METHOD_LEN: u64 = 64;

/// The size of a request's header text, in bytes.
pub const DEFAULT_MAX_REQUEST_HEADER_BYTES: u64 = 64 * 1024;

/// How many headers a request may have.
pub const DEFAULT_MAX_REQUEST_HEADERS: usize = 128;

/// The size of a response's head, in bytes, which is also the most that can be set; larger ones
/// give `request_error`.
pub const MAX_RESPONSE_HEADER_BYTES: u64 = 64 * 1024;

/// How many headers a response may have, which is also the most that can be set; more give
/// `request_error`.
pub const MAX_RESPONSE_HEADERS: usize = 128;

/// The most that can be set for the length of a URL, in bytes: request line and headers must fit
/// one buffer of the client.
pub const MAX_URL_LEN: u64 = 64 * 1024 - 2;

/// The most that can be set for the length of a method, in bytes.
pub const MAX_METHOD_LEN: u64 = 4 * 1024;

/// The most that can be set for a request's header text, in bytes.
pub const MAX_REQUEST_HEADER_BYTES: u64 = 128 * 1024;

/// The most that can be set for the number of a request's headers.
pub const MAX_REQUEST_HEADERS: usize = 1024;

/// Connect timeout: for the name lookup, and then for TCP and TLS together.
pub const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// From the request's last byte to the end of the response's headers.
pub const DEFAULT_RESPONSE_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a server may be silent while the host waits for it.
pub const DEFAULT_READ_TIMEOUT: Duration = Duration::from_secs(60);

/// From the call of `req` to the end of the body, over all redirects: long enough for a large
/// download, and yet it ends a server that sends a byte now and then.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(15 * 60);

/// How much of one body [`whole_bodies`](crate::HttpCtxBuilder::whole_bodies) holds in the command
/// line tool unless a limit is given, in bytes: more than guests of 0.10 commonly read, and less
/// than their memory can be.
pub const DEFAULT_WHOLE_BODY_BYTES: u64 = 64 * 1024 * 1024;

/// How many responses all stores of a client may hold open, with the requests that wait for one:
/// each takes a file descriptor, of which a process commonly has 1,024. Idle connections count as
/// well, but make room.
pub const DEFAULT_MAX_OPEN_RESPONSES: usize = 512;

/// How many idle connections a client keeps, in all.
pub const DEFAULT_MAX_IDLE_CONNECTIONS: usize = 256;

/// How many idle connections a client keeps for one origin: as many as guests may talk to it at
/// once without connecting anew.
pub const DEFAULT_MAX_IDLE_CONNECTIONS_PER_HOST: usize = 64;

/// How long an idle connection is kept. Many servers close theirs after 15 to 75 seconds, some after
/// 5; a request over one that the server closes at that moment may fail.
pub const DEFAULT_IDLE_TIMEOUT: Duration = Duration::from_secs(15);

/// The client's input buffer, in bytes. It grows only for the head of a response.
pub(crate) const INPUT_BUFFER_SIZE: usize = 64 * 1024;

/// The largest head of a response on the wire, in bytes, including white space and the reason
/// phrase, which [`MAX_RESPONSE_HEADER_BYTES`] does not count.
pub(crate) const MAX_RAW_HEAD_BYTES: usize = 2 * in_memory(MAX_RESPONSE_HEADER_BYTES);

/// How much of an early response is buffered while its request is still being sent, in bytes.
/// Beyond it, the server has to accept more of the request first.
pub(crate) const MAX_EARLY_RESPONSE_BYTES: usize = 32 * 1024 * 1024;

/// How many options a request may have: more than there are keys.
pub(crate) const MAX_REQUEST_OPTIONS: usize = 64;

/// How many subscriptions `poll` takes at once: more than a store can have handles for.
pub(crate) const MAX_SUBSCRIPTIONS: usize = 16 * 1024;

/// The buffer of a streamed request body, in bytes. A guest that writes faster than the server
/// reads has to wait.
pub(crate) const MAX_UPLOAD_BUFFER_BYTES: usize = 256 * 1024;

/// How much of an unread body is discarded when it is closed, in bytes, if it has already arrived,
/// so that the connection can be reused.
pub(crate) const MAX_READ_AWAY_BYTES: usize = 256 * 1024;

/// The client's output buffer, in bytes. A head that does not fit would fail after a part of it was
/// sent.
pub(crate) const OUTPUT_BUFFER_SIZE: usize = 256 * 1024;

/// The longest value of a [`Credential`](crate::Credential), in bytes: most servers take no more in a
/// header field.
pub const MAX_CREDENTIAL_BYTES: u64 = 16 * 1024;

/// How long the credentials of one request may be together, as they are sent, in bytes.
pub(crate) const MAX_CREDENTIALS_BYTES: usize = 32 * 1024;

/// The largest head of a request: request line, header text with two more bytes for each line (CR,
/// and the space after the colon), credentials, and the host's own headers.
const LARGEST_HEAD: usize = in_memory(MAX_URL_LEN + MAX_METHOD_LEN + MAX_REQUEST_HEADER_BYTES)
    + 2 * MAX_REQUEST_HEADERS
    + MAX_CREDENTIALS_BYTES
    + 1024;
const _: () = assert!(LARGEST_HEAD <= OUTPUT_BUFFER_SIZE);

/// How many bytes a server may send without progress, that is until the headers are complete or the
/// next byte of a body arrives: a TLS handshake, interim responses, the headers, trailers, and what
/// is read ahead. Bounds responses made of many small pieces, each within its own limit.
pub(crate) const MAX_BYTES_OF_NO_USE: u64 = 1024 * 1024;

/// How much of a redirect's body is read and discarded, in bytes, so that its connection can be
/// reused.
pub(crate) const MAX_DRAINED_BYTES: u64 = 4 * 1024;

/// The buffer between a response's body and a shared memory, in bytes.
pub(crate) const SHARED_MEMORY_BUFFER_SIZE: usize = 64 * 1024;

/// Converts a number of bytes that fits memory: all of these limits are far below 4 GiB.
pub(crate) const fn in_memory(bytes: u64) -> usize {
    if bytes > u32::MAX as u64 {
        return u32::MAX as usize;
    }
    bytes as usize
}

/// The limits of one store's requests.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    pub max_concurrent_requests: usize,
    pub max_redirects: usize,
    pub max_url_len: usize,
    pub max_method_len: usize,
    pub max_request_header_bytes: usize,
    pub max_request_headers: usize,
    /// Bytes; `None` for what fits the guest's memory.
    pub max_request_body_bytes: Option<u64>,
    /// Bytes delivered to the guest; `None` for any number.
    pub max_response_body_bytes: Option<u64>,
    /// If set, bodies are read within `req`, up to this many bytes.
    pub whole_bodies: Option<u64>,
    pub max_response_header_bytes: usize,
    pub max_response_headers: usize,
}

impl Limits {
    /// The limit of a response's body, in either mode.
    pub(crate) fn response_body_bytes(&self) -> Option<u64> {
        let limits = [self.max_response_body_bytes, self.whole_bodies];
        limits.into_iter().flatten().min()
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            max_concurrent_requests: DEFAULT_MAX_CONCURRENT_REQUESTS,
            max_redirects: DEFAULT_MAX_REDIRECTS,
            max_url_len: in_memory(DEFAULT_MAX_URL_LEN),
            max_method_len: in_memory(DEFAULT_MAX_METHOD_LEN),
            max_request_header_bytes: in_memory(DEFAULT_MAX_REQUEST_HEADER_BYTES),
            max_request_headers: DEFAULT_MAX_REQUEST_HEADERS,
            max_request_body_bytes: None,
            max_response_body_bytes: None,
            whole_bodies: None,
            max_response_header_bytes: in_memory(MAX_RESPONSE_HEADER_BYTES),
            max_response_headers: MAX_RESPONSE_HEADERS,
        }
    }
}

/// A limit that a request may lower for itself.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Narrower {
    Total(Duration),
    Connect(Duration),
    Response(Duration),
    Read(Duration),
    Redirects(u64),
    /// Bytes.
    ResponseBody(u64),
}

impl Narrower {
    /// Lowers a limit, and never raises it.
    pub(crate) fn narrow(self, limits: &mut Limits, timeouts: &mut Timeouts) {
        let shorter = |timeout: &mut Option<Duration>, wanted| {
            if let Some(wanted) = countable(Some(wanted)) {
                *timeout = Some(timeout.map_or(wanted, |allowed| allowed.min(wanted)));
            }
        };
        match self {
            Narrower::Total(wanted) => shorter(&mut timeouts.total, wanted),
            Narrower::Connect(wanted) => shorter(&mut timeouts.connect, wanted),
            Narrower::Response(wanted) => shorter(&mut timeouts.response, wanted),
            Narrower::Read(wanted) => shorter(&mut timeouts.read, wanted),
            Narrower::Redirects(wanted) => {
                let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
                limits.max_redirects = limits.max_redirects.min(wanted);
            }
            Narrower::ResponseBody(wanted) => {
                let allowed = limits.max_response_body_bytes.unwrap_or(u64::MAX);
                limits.max_response_body_bytes = Some(allowed.min(wanted));
            }
        }
    }
}

/// The phases of a request that have timeouts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Name lookup.
    Lookup,
    /// TCP and TLS together.
    Connect,
    /// From the request's last byte to the end of the response's head.
    Response,
    /// Waiting for the server to send something.
    Read,
    /// Waiting for the server to accept more of the request.
    Write,
    /// The whole request.
    Total,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Phase::Lookup => "the name was not found out within the connect timeout",
            Phase::Connect => "no connection was made within the connect timeout",
            Phase::Response => "the response did not begin within the response timeout",
            Phase::Read => "the server was silent for longer than the read timeout",
            Phase::Write => "the server took nothing of the request for the read timeout",
            Phase::Total => "the request took longer than its total timeout",
        })
    }
}

/// Timeouts of more than this count as none: the clock could overflow.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// Turns a timeout that the clock could not represent into none.
pub(crate) fn countable(timeout: Option<Duration>) -> Option<Duration> {
    timeout.filter(|timeout| *timeout < FOREVER)
}

/// The timeouts of one store's requests; `None` for no timeout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Timeouts {
    pub connect: Option<Duration>,
    pub response: Option<Duration>,
    pub read: Option<Duration>,
    pub total: Option<Duration>,
}

impl Timeouts {
    /// Whether one of them is zero.
    pub(crate) fn leave_no_time(&self) -> bool {
        [self.connect, self.response, self.read, self.total]
            .into_iter()
            .flatten()
            .any(|timeout| timeout.is_zero())
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Timeouts {
            connect: Some(DEFAULT_CONNECT_TIMEOUT),
            response: Some(DEFAULT_RESPONSE_TIMEOUT),
            read: Some(DEFAULT_READ_TIMEOUT),
            total: Some(DEFAULT_TIMEOUT),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text above a method in a source.
    fn documentation(source: &str, method: &str) -> String {
        let at = source.find(&format!("pub fn {method}(")).expect(method);
        let mut lines: Vec<&str> = source[..at]
            .lines()
            .rev()
            .skip(1)
            .map(str::trim)
            .skip_while(|line| line.starts_with("#["))
            .map_while(|line| line.strip_prefix("///"))
            .collect();
        lines.reverse();
        lines.concat()
    }

    fn size(bytes: u64) -> String {
        format!("{} KiB", bytes / 1024)
    }

    fn time(time: Duration) -> String {
        match time.as_secs() {
            seconds @ 0..=60 => format!("{seconds} seconds"),
            seconds => format!("{} minutes", seconds / 60),
        }
    }

    #[test]
    fn the_documentation_of_each_setting_says_its_default_and_its_most() {
        let [ctx, client] = [include_str!("ctx/builder.rs"), include_str!("client.rs")];
        let number = |number: usize| match number {
            0..1000 => number.to_string(),
            _ => format!("{},{:03}", number / 1000, number % 1000),
        };
        let cases = [
            (
                ctx,
                "max_concurrent_requests",
                DEFAULT_MAX_CONCURRENT_REQUESTS.to_string(),
                "",
            ),
            (ctx, "max_redirects", DEFAULT_MAX_REDIRECTS.to_string(), ""),
            (
                ctx,
                "max_url_len",
                size(DEFAULT_MAX_URL_LEN),
                &number(in_memory(MAX_URL_LEN)),
            ),
            (
                ctx,
                "max_method_len",
                DEFAULT_MAX_METHOD_LEN.to_string(),
                &size(MAX_METHOD_LEN),
            ),
            (
                ctx,
                "max_request_header_bytes",
                size(DEFAULT_MAX_REQUEST_HEADER_BYTES),
                &size(MAX_REQUEST_HEADER_BYTES),
            ),
            (
                ctx,
                "max_request_headers",
                number(DEFAULT_MAX_REQUEST_HEADERS),
                &number(MAX_REQUEST_HEADERS),
            ),
            (
                ctx,
                "max_response_header_bytes",
                size(MAX_RESPONSE_HEADER_BYTES),
                "",
            ),
            (
                ctx,
                "max_response_headers",
                number(MAX_RESPONSE_HEADERS),
                "",
            ),
            (ctx, "connect_timeout", time(DEFAULT_CONNECT_TIMEOUT), ""),
            (ctx, "response_timeout", time(DEFAULT_RESPONSE_TIMEOUT), ""),
            (ctx, "read_timeout", time(DEFAULT_READ_TIMEOUT), ""),
            (ctx, "timeout", time(DEFAULT_TIMEOUT), ""),
            (
                client,
                "max_requests_in_flight",
                number(DEFAULT_MAX_REQUESTS_IN_FLIGHT),
                "",
            ),
            (
                client,
                "max_open_responses",
                number(DEFAULT_MAX_OPEN_RESPONSES),
                "",
            ),
            (
                client,
                "max_idle_connections",
                number(DEFAULT_MAX_IDLE_CONNECTIONS),
                "",
            ),
            (
                client,
                "max_idle_connections_per_host",
                number(DEFAULT_MAX_IDLE_CONNECTIONS_PER_HOST),
                "",
            ),
            (client, "idle_timeout", time(DEFAULT_IDLE_TIMEOUT), ""),
        ];
        for (source, method, default, most) in cases {
            let text = documentation(source, method);
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let says_default = [" ", ";"].iter().any(|before| {
                // The value is in front of the link to the constant that has it.
                let constant = text.split(&format!("{before}{default} ([`")).nth(1);
                constant.is_some_and(|rest| rest.contains("by default"))
            });
            assert!(says_default, "{method} does not say {default}: {text}");
            assert!(text.contains(most), "{method} does not say {most}: {text}");
        }
    }

    /// Of the settings that are no limits, too.
    #[test]
    fn the_documentation_of_every_setting_says_what_is_without_it() {
        for (source, start) in [
            (include_str!("ctx/builder.rs"), "\nimpl HttpCtxBuilder {\n"),
            (include_str!("client.rs"), "\nimpl HttpClientBuilder {\n"),
        ] {
            let builder = source.split(start).nth(1).expect(start);
            let builder = builder.split("\n}\n").next().unwrap_or_default();
            let settings = builder.lines().filter_map(|line| {
                let line = line.trim().strip_prefix("pub fn ")?;
                line.split('(').next()
            });
            let mut count = 0;
            for method in settings.filter(|name| !["new", "build"].contains(name)) {
                let text = documentation(source, method).to_lowercase();
                // What adds to a list says so.
                let says = ["default", "adds", "calls a function"];
                assert!(
                    says.iter().any(|word| text.contains(word)),
                    "{method}: {text}"
                );
                count += 1;
            }
            assert!(count >= 8, "{count}");
        }
    }
}
