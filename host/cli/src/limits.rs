//! The options that limit requests, one for each limit of the host.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use wasi_experimental_http_wasmtime::{HttpClientBuilder, HttpCtxBuilder, limits};

use crate::args::parse_duration;

/// What stands for no limit.
const NONE: &str = "none";

/// A limit that may be none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit<T>(Option<T>);

impl FromStr for Limit<u64> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            NONE => Ok(Limit(None)),
            _ => text
                .parse()
                .map(|limit| Limit(Some(limit)))
                .map_err(|_| format!("it is neither a number nor `{NONE}`")),
        }
    }
}

impl FromStr for Limit<Duration> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            NONE => Ok(Limit(None)),
            _ => parse_duration(text).map(|limit| Limit(Some(limit))),
        }
    }
}

impl<T: fmt::Debug> fmt::Display for Limit<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            None => f.write_str(NONE),
            Some(limit) => write!(f, "{limit:?}"),
        }
    }
}

/// What requests may take.
///
/// The help says what 0 means where it is not what one would think: a size or a number of 0 allows
/// none.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits of requests")]
pub struct Limits {
    /// Let the names of allowed hosts lead into private networks
    ///
    /// Without it a name may lead to public addresses only: not to this machine, nor to a private,
    /// link-local or otherwise special address, whoever runs its DNS. This does not concern
    /// `localhost` and hosts that are written as addresses: those name where they lead.
    /// `--allowed-host insecure:allow-all` implies it.
    #[arg(long)]
    allow_private: bool,

    /// How many redirects are followed
    ///
    /// With 0 the guest gets the redirecting responses themselves.
    #[arg(long, value_name = "N", default_value_t = limits::DEFAULT_MAX_REDIRECTS)]
    max_redirects: u32,

    /// How many requests may wait for their headers at once
    #[arg(long, value_name = "N", default_value_t = limits::DEFAULT_MAX_REQUESTS_IN_FLIGHT)]
    max_in_flight: usize,

    /// How long a URL may be
    #[arg(long, value_name = "BYTES", default_value_t = limits::DEFAULT_MAX_URL_LEN)]
    max_url_length: usize,

    /// How long a method may be
    #[arg(long, value_name = "BYTES", default_value_t = limits::DEFAULT_MAX_METHOD_LEN)]
    max_method_length: usize,

    /// How many headers a request may have
    #[arg(long, value_name = "N", default_value_t = limits::DEFAULT_MAX_REQUEST_HEADERS)]
    max_request_headers: usize,

    /// How long the headers of a request may be together
    #[arg(long, value_name = "BYTES", default_value_t = limits::DEFAULT_MAX_REQUEST_HEADER_BYTES)]
    max_request_header_bytes: usize,

    /// How long the body of a request may be, or `none`
    #[arg(long, value_name = "BYTES", default_value_t = Limit(None))]
    max_request_body: Limit<u64>,

    /// How many headers a response may have
    #[arg(long, value_name = "N", default_value_t = limits::MAX_RESPONSE_HEADERS)]
    max_response_headers: usize,

    /// How long the head of a response may be
    #[arg(long, value_name = "BYTES", default_value_t = limits::MAX_RESPONSE_HEADER_BYTES)]
    max_response_header_bytes: usize,

    /// How much of the body of a response the guest may read, or `none`
    #[arg(long, value_name = "BYTES", default_value_t = Limit(None))]
    max_response_body: Limit<u64>,

    /// How long a connection may take to stand, or `none`
    ///
    /// The lookup of the name on its own, then TCP and TLS together.
    #[arg(long, value_name = "DURATION", default_value_t = Limit(Some(limits::DEFAULT_CONNECT_TIMEOUT)))]
    connect_timeout: Limit<Duration>,

    /// How long the headers of a response may take, or `none`
    ///
    /// From the end of the request on.
    #[arg(long, value_name = "DURATION", default_value_t = Limit(Some(limits::DEFAULT_RESPONSE_TIMEOUT)))]
    response_timeout: Limit<Duration>,

    /// How long a server may be silent while the guest waits for it, or `none`
    #[arg(long, value_name = "DURATION", default_value_t = Limit(Some(limits::DEFAULT_READ_TIMEOUT)))]
    read_timeout: Limit<Duration>,

    /// How long a request may take, or `none`
    ///
    /// To the end of the response's body, over all redirects.
    #[arg(long, value_name = "DURATION", default_value_t = Limit(Some(limits::DEFAULT_TIMEOUT)))]
    request_timeout: Limit<Duration>,
}

impl Limits {
    /// The client of a guest with these limits.
    pub fn client(&self, client: HttpClientBuilder) -> HttpClientBuilder {
        client.max_requests_in_flight(self.max_in_flight)
    }

    /// The requests of a guest with these limits.
    pub fn requests(&self, http: HttpCtxBuilder) -> HttpCtxBuilder {
        http.allow_private_networks(self.allow_private)
            .max_redirects(self.max_redirects)
            .max_url_len(self.max_url_length)
            .max_method_len(self.max_method_length)
            .max_request_headers(self.max_request_headers)
            .max_request_header_bytes(self.max_request_header_bytes)
            .max_request_body_bytes(self.max_request_body.0)
            .max_response_headers(self.max_response_headers)
            .max_response_header_bytes(self.max_response_header_bytes)
            .max_response_body_bytes(self.max_response_body.0)
            .connect_timeout(self.connect_timeout.0)
            .response_timeout(self.response_timeout.0)
            .read_timeout(self.read_timeout.0)
            .timeout(self.request_timeout.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_value_or_none() {
        assert_eq!("none".parse(), Ok(Limit::<u64>(None)));
        assert_eq!("0".parse(), Ok(Limit(Some(0))));
        assert_eq!("12".parse(), Ok(Limit(Some(12))));
        assert!("-1".parse::<Limit<u64>>().is_err());
        assert!("".parse::<Limit<u64>>().is_err());
        assert_eq!("none".parse(), Ok(Limit::<Duration>(None)));
        assert_eq!("1m".parse(), Ok(Limit(Some(Duration::from_secs(60)))));
        assert!("0".parse::<Limit<Duration>>().is_err());
        // As the help shows the defaults.
        for text in ["none", "900s"] {
            let limit: Limit<Duration> = text.parse().unwrap();
            assert_eq!(limit.to_string(), text);
        }
    }
}
