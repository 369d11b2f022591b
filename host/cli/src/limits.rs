//! The options that limit requests, one for each limit of the host.

use std::time::Duration;

use clap::Args;
use wasi_experimental_http_wasmtime::{HttpClientBuilder, HttpCtxBuilder, limits};

pub use crate::units::{Limit, number, size};
use crate::units::{bytes, duration};

/// What requests may take.
///
/// A value over what the host allows is refused rather than cut, and so is 0 where it would let every
/// request fail. Elsewhere a size or a number of 0 allows none.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits of requests")]
pub struct Limits {
    /// Let the names of allowed hosts resolve to private addresses
    ///
    /// Without it names may resolve to public addresses only: not to this machine, nor to a private,
    /// link-local or other special address, whoever runs their DNS. `localhost` and hosts that are
    /// written as addresses are exempt: they name their destination.
    /// `--allowed-host insecure:allow-all` implies it.
    #[arg(long)]
    allow_private: bool,

    /// How many redirects are followed
    ///
    /// With 0 the guest gets the redirecting responses themselves.
    #[arg(long, value_parser = number(0, usize::MAX), value_name = "N", default_value_t = limits::DEFAULT_MAX_REDIRECTS)]
    max_redirects: usize,

    /// How many requests may wait for their headers at once
    #[arg(long, value_parser = number(1, usize::MAX), value_name = "N", default_value_t = limits::DEFAULT_MAX_REQUESTS_IN_FLIGHT)]
    max_in_flight: usize,

    /// How many connections may be open at once, idle ones included
    ///
    /// Each counts towards the process's limit of open files. At the limit, idle connections are closed
    /// first.
    #[arg(long, value_parser = number(1, usize::MAX), value_name = "N", default_value_t = limits::DEFAULT_MAX_OPEN_RESPONSES)]
    max_open: usize,

    /// How many idle connections are kept for later requests
    #[arg(long, value_parser = number(0, usize::MAX), value_name = "N", default_value_t = limits::DEFAULT_MAX_IDLE_CONNECTIONS)]
    max_idle: usize,

    /// How many idle connections are kept for one scheme, host and port
    #[arg(long, value_parser = number(0, usize::MAX), value_name = "N", default_value_t = limits::DEFAULT_MAX_IDLE_CONNECTIONS_PER_HOST)]
    max_idle_per_host: usize,

    /// How long an idle connection is kept
    #[arg(long, value_parser = duration, value_name = "DURATION", default_value = "15s")]
    idle_timeout: Duration,

    /// How long a URL may be, up to 65534 bytes
    #[arg(long, value_parser = size(1, limits::MAX_URL_LEN), value_name = "SIZE", default_value_t = limits::DEFAULT_MAX_URL_LEN)]
    max_url_length: u64,

    /// How long a method may be, up to 4KiB
    #[arg(long, value_parser = size(1, limits::MAX_METHOD_LEN), value_name = "SIZE", default_value_t = limits::DEFAULT_MAX_METHOD_LEN)]
    max_method_length: u64,

    /// How many headers a request may have, up to 1024
    #[arg(long, value_parser = number(0, limits::MAX_REQUEST_HEADERS), value_name = "N", default_value_t = limits::DEFAULT_MAX_REQUEST_HEADERS)]
    max_request_headers: usize,

    /// How long the headers of a request may be together, up to 128KiB
    #[arg(long, value_parser = size(0, limits::MAX_REQUEST_HEADER_BYTES), value_name = "SIZE", default_value_t = limits::DEFAULT_MAX_REQUEST_HEADER_BYTES)]
    max_request_header_bytes: u64,

    /// How long the body of a request may be, or `none`
    #[arg(long, value_name = "SIZE", default_value_t = Limit(None))]
    max_request_body: Limit<u64>,

    /// How many headers a response may have, up to 128
    #[arg(long, value_parser = number(1, limits::MAX_RESPONSE_HEADERS), value_name = "N", default_value_t = limits::MAX_RESPONSE_HEADERS)]
    max_response_headers: usize,

    /// How long the head of a response may be, up to 64KiB
    #[arg(long, value_parser = size(1, limits::MAX_RESPONSE_HEADER_BYTES), value_name = "SIZE", default_value_t = limits::MAX_RESPONSE_HEADER_BYTES)]
    max_response_header_bytes: u64,

    /// How many requests the guest may send in all; a redirect is one more
    #[arg(long, value_name = "N", value_parser = number(1, usize::MAX))]
    max_requests: Option<usize>,

    /// How many bytes requests and responses may have in all, on the wire
    #[arg(long, value_name = "SIZE", value_parser = size(1, u64::MAX))]
    max_total_bytes: Option<u64>,

    /// How many requests the guest may send in any second; a redirect is one more
    #[arg(long, value_name = "N", value_parser = number(1, usize::MAX))]
    max_requests_per_second: Option<usize>,

    /// How much of the body of a response the guest may read, or `none`
    #[arg(long, value_name = "SIZE", default_value_t = Limit(None))]
    max_response_body: Limit<u64>,

    /// Read bodies whole before the guest goes on, as version 0.10 did
    ///
    /// Up to SIZE bytes each, 64MiB if SIZE is left out. A body that is longer or breaks off fails the
    /// request. For old guests that mistake every error in a body for its end.
    #[arg(long, value_name = "SIZE", num_args = 0..=1, require_equals = true, default_missing_value = "64MiB", value_parser = bytes)]
    whole_bodies: Option<u64>,

    /// How long connecting may take, or `none`
    ///
    /// Once for looking up the name, and once for TCP and TLS together.
    #[arg(long, value_name = "DURATION", default_value_t = Limit(Some(limits::DEFAULT_CONNECT_TIMEOUT)))]
    connect_timeout: Limit<Duration>,

    /// How long the headers of a response may take, or `none`
    ///
    /// From the end of the request.
    #[arg(long, value_name = "DURATION", default_value_t = Limit(Some(limits::DEFAULT_RESPONSE_TIMEOUT)))]
    response_timeout: Limit<Duration>,

    /// How long a server may be silent while the guest waits for it, or `none`
    #[arg(long, value_name = "DURATION", default_value_t = Limit(Some(limits::DEFAULT_READ_TIMEOUT)))]
    read_timeout: Limit<Duration>,

    /// How long a request may take, or `none`
    ///
    /// Until the end of the response's body, over all redirects.
    #[arg(long, value_name = "DURATION", default_value_t = Limit(Some(limits::DEFAULT_TIMEOUT)))]
    request_timeout: Limit<Duration>,
}

impl Limits {
    /// Sets these limits for the client of a guest.
    pub fn client<'a>(&self, client: &'a mut HttpClientBuilder) -> &'a mut HttpClientBuilder {
        client
            .max_requests_in_flight(self.max_in_flight)
            .max_open_responses(self.max_open)
            .max_idle_connections(self.max_idle)
            .max_idle_connections_per_host(self.max_idle_per_host)
            .idle_timeout(self.idle_timeout)
    }

    /// Sets these limits for the requests of a guest.
    pub fn requests<'a>(&self, http: &'a mut HttpCtxBuilder) -> &'a mut HttpCtxBuilder {
        if let Some(max) = self.whole_bodies {
            http.whole_bodies(max);
        }
        http.max_total_requests(self.max_requests)
            .max_total_bytes(self.max_total_bytes)
            .max_requests_per_second(self.max_requests_per_second);
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

    /// clap wants texts where a value has no `Display` of its own.
    #[test]
    fn defaults_that_are_texts_are_the_hosts() {
        assert_eq!(bytes("64MiB"), Ok(limits::DEFAULT_WHOLE_BODY_BYTES));
        assert_eq!(duration("15s"), Ok(limits::DEFAULT_IDLE_TIMEOUT));
    }
}
