//! The settings of a store.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::HttpCtx;
use crate::allowed_hosts::{AllowedHost, AllowedHostError, AllowedHosts};
use crate::budget::{Budget, Budgets};
use crate::client::HttpClient;
use crate::credentials::Credential;
use crate::error::LastError;
use crate::exchange::cancel::CancelHandle;
use crate::handles::Handles;
use crate::hook::{Hook, Hooks};
use crate::limits::{self, Limits, Timeouts};
use crate::policy::Denied;
use crate::request_url::{LastTarget, SharedTarget};
use crate::telemetry::{FailedCall, Observers, RequestEvent};
use crate::waiting::Waits;

/// Settings of an [`HttpCtx`]. Each method names its default; those of limits are constants in
/// [`limits`](crate::limits), with the reasons for them.
///
/// One builder makes any number of contexts. It is cheap to clone, for stores that differ in a few of
/// the settings:
///
/// ```
/// use wasi_experimental_http_wasmtime::HttpCtx;
///
/// let mut plugins = HttpCtx::builder();
/// plugins.try_allowed_host("https://example.com")?.max_redirects(3);
/// let one = plugins.build();
/// let another = plugins.clone().label("another").build();
/// # Ok::<(), wasi_experimental_http_wasmtime::AllowedHostError>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct HttpCtxBuilder {
    client: Option<HttpClient>,
    allowed_hosts: Arc<AllowedHosts>,
    limits: Limits,
    timeouts: Timeouts,
    budgets: Budgets,
    allow_private_networks: bool,
    host_header: Arc<AllowedHosts>,
    credentials: Option<Arc<Vec<Credential>>>,
    hooks: Option<Arc<Hooks>>,
    observers: Arc<Observers>,
    show_peer: bool,
    trap_when_cancelled: bool,
    last_target: SharedTarget,
}

impl HttpCtxBuilder {
    /// Default settings, which deny every request.
    pub fn new() -> Self {
        HttpCtxBuilder {
            client: None,
            allowed_hosts: Arc::default(),
            limits: Limits::default(),
            timeouts: Timeouts::default(),
            budgets: Budgets::default(),
            allow_private_networks: false,
            host_header: Arc::default(),
            credentials: None,
            hooks: None,
            observers: Arc::default(),
            show_peer: false,
            trap_when_cancelled: false,
            last_target: SharedTarget::default(),
        }
    }

    /// Sets which hosts the guest may reach, replacing those named so far; none by default. A
    /// request to any other host gives `destination_not_allowed`.
    pub fn allowed_hosts(&mut self, hosts: AllowedHosts) -> &mut Self {
        self.allowed_hosts = Arc::new(hosts);
        self
    }

    /// Adds a host that the guest may reach; there is none by default.
    pub fn allowed_host(&mut self, host: AllowedHost) -> &mut Self {
        Arc::make_mut(&mut self.allowed_hosts).insert(host);
        self
    }

    /// Adds a host that the guest may reach, by its text.
    ///
    /// # Errors
    ///
    /// If it is not an entry as [`AllowedHosts`] describes.
    pub fn try_allowed_host(&mut self, entry: &str) -> Result<&mut Self, AllowedHostError> {
        Ok(self.allowed_host(entry.parse()?))
    }

    /// Whether the names of allowed hosts may lead to addresses that are not public: loopback,
    /// private, link-local and the like. `false` by default.
    ///
    /// Whoever runs the DNS of an allowed name can make it point into the embedder's network, so
    /// the addresses of a name are checked after it is looked up. This does not concern URLs with
    /// an address in them, whose entry names the very address, nor `localhost`, nor
    /// [`ALLOW_ALL`](crate::ALLOW_ALL), which allows all of it.
    pub fn allow_private_networks(&mut self, allow: bool) -> &mut Self {
        self.allow_private_networks = allow;
        self
    }

    /// Lets the guest choose the `Host` header of its requests to this host. Without it, the
    /// default, one that is not the URL's gives `invalid_encoding`.
    ///
    /// `Host` selects which of the sites behind a server answers, so the guest can reach all of
    /// them: allow it only where the server itself decides what a client may see. An entry with
    /// methods or a path has no effect here.
    pub fn allow_host_header(&mut self, host: AllowedHost) -> &mut Self {
        Arc::make_mut(&mut self.host_header).insert(host);
        self
    }

    /// Adds a host for [`allow_host_header`](HttpCtxBuilder::allow_host_header), by its text.
    ///
    /// # Errors
    ///
    /// If it is not an entry as [`AllowedHosts`] describes.
    pub fn try_allow_host_header(&mut self, entry: &str) -> Result<&mut Self, AllowedHostError> {
        Ok(self.allow_host_header(entry.parse()?))
    }

    /// Adds a header field that the host sends to certain hosts and that the guest never sees, such
    /// as an API key; none by default.
    pub fn credential(&mut self, credential: Credential) -> &mut Self {
        Arc::make_mut(self.credentials.get_or_insert_default()).push(credential);
        self
    }

    /// Adds a hook, which sees each request before it is sent and each response, and may change,
    /// refuse or answer them; none by default.
    pub fn hook(&mut self, hook: impl Hook + 'static) -> &mut Self {
        Arc::make_mut(self.hooks.get_or_insert_default()).add(hook);
        self
    }

    /// The client to send with: its connections, certificate authorities and limits.
    /// [`HttpClient::shared`] by default, which all stores of the process share.
    pub fn client(&mut self, client: HttpClient) -> &mut Self {
        self.client = Some(client);
        self
    }

    /// How many responses the guest may hold open at once that have more of their body to read; 32
    /// ([`DEFAULT_MAX_CONCURRENT_REQUESTS`](crate::limits::DEFAULT_MAX_CONCURRENT_REQUESTS)) by
    /// default. With one more `req` gives `too_many_sessions`; 0 allows no request at all.
    ///
    /// Of those whose body has ended the store keeps 256
    /// ([`MAX_FINISHED_RESPONSES`](crate::limits::MAX_FINISHED_RESPONSES)) for their headers, and
    /// then closes the oldest.
    pub fn max_concurrent_requests(&mut self, max: usize) -> &mut Self {
        self.limits.max_concurrent_requests = max;
        self
    }

    /// How many redirects are followed; 10
    /// ([`DEFAULT_MAX_REDIRECTS`](crate::limits::DEFAULT_MAX_REDIRECTS)) by default. With one more
    /// `req` gives `request_error`. With 0 the guest gets the redirecting response itself.
    pub fn max_redirects(&mut self, max: usize) -> &mut Self {
        self.limits.max_redirects = max;
        self
    }

    /// How long a URL may be, in bytes, as the guest writes it and as it is sent; 16 KiB
    /// ([`DEFAULT_MAX_URL_LEN`](crate::limits::DEFAULT_MAX_URL_LEN)) by default, 65,534
    /// ([`MAX_URL_LEN`](crate::limits::MAX_URL_LEN)) at most: more is taken for that. A longer one
    /// gives `invalid_url`; one that a redirect leads to, `request_error`.
    pub fn max_url_len(&mut self, max: u64) -> &mut Self {
        self.limits.max_url_len = limits::in_memory(max.min(limits::MAX_URL_LEN));
        self
    }

    /// How long a method may be, in bytes; 64
    /// ([`DEFAULT_MAX_METHOD_LEN`](crate::limits::DEFAULT_MAX_METHOD_LEN)) by default, 4 KiB
    /// ([`MAX_METHOD_LEN`](crate::limits::MAX_METHOD_LEN)) at most: more is taken for that. A longer
    /// one gives `invalid_method`.
    pub fn max_method_len(&mut self, max: u64) -> &mut Self {
        self.limits.max_method_len = limits::in_memory(max.min(limits::MAX_METHOD_LEN));
        self
    }

    /// How long the text of a request's headers may be, in bytes; 64 KiB
    /// ([`DEFAULT_MAX_REQUEST_HEADER_BYTES`](crate::limits::DEFAULT_MAX_REQUEST_HEADER_BYTES)) by
    /// default, 128 KiB ([`MAX_REQUEST_HEADER_BYTES`](crate::limits::MAX_REQUEST_HEADER_BYTES)) at
    /// most: more is taken for that. Beyond it `req` gives `invalid_encoding`.
    pub fn max_request_header_bytes(&mut self, max: u64) -> &mut Self {
        self.limits.max_request_header_bytes =
            limits::in_memory(max.min(limits::MAX_REQUEST_HEADER_BYTES));
        self
    }

    /// How many headers a request may have; 128
    /// ([`DEFAULT_MAX_REQUEST_HEADERS`](crate::limits::DEFAULT_MAX_REQUEST_HEADERS)) by default,
    /// 1,024 ([`MAX_REQUEST_HEADERS`](crate::limits::MAX_REQUEST_HEADERS)) at most: more is taken
    /// for that. Beyond it `req` gives `invalid_encoding`; with 0 a request may have none.
    pub fn max_request_headers(&mut self, max: usize) -> &mut Self {
        self.limits.max_request_headers = max.min(limits::MAX_REQUEST_HEADERS);
        self
    }

    /// How large the head of a response may be, status line and all, in bytes; 64 KiB
    /// ([`MAX_RESPONSE_HEADER_BYTES`](crate::limits::MAX_RESPONSE_HEADER_BYTES)) by default and at
    /// most: more is taken for that. A larger one gives `request_error`.
    pub fn max_response_header_bytes(&mut self, max: u64) -> &mut Self {
        self.limits.max_response_header_bytes =
            limits::in_memory(max.min(limits::MAX_RESPONSE_HEADER_BYTES));
        self
    }

    /// How many headers a response may have; 128
    /// ([`MAX_RESPONSE_HEADERS`](crate::limits::MAX_RESPONSE_HEADERS)) by default and at most: more
    /// is taken for that. A response with more of them gives `request_error`.
    pub fn max_response_headers(&mut self, max: usize) -> &mut Self {
        self.limits.max_response_headers = max.min(limits::MAX_RESPONSE_HEADERS);
        self
    }

    /// How many bytes the body of a request may have; `None`, the default, for what fits the
    /// guest's memory. A longer one is not sent, and gives `body_too_large`. With 0 there may be
    /// no body.
    pub fn max_request_body_bytes(&mut self, max: Option<u64>) -> &mut Self {
        self.limits.max_request_body_bytes = max;
        self
    }

    /// How many bytes of a response's body the guest may read; `None`, the default, for any
    /// number, since a body streams and takes no memory. Behind the last byte allowed,
    /// `body_read` gives `body_too_large`. With 0 a body must be empty.
    pub fn max_response_body_bytes(&mut self, max: Option<u64>) -> &mut Self {
        self.limits.max_response_body_bytes = max;
        self
    }

    /// Reads the body of each response within `req`, as version 0.10 did, up to `max` bytes; then
    /// `body_read` waits for nothing. Off by default.
    ///
    /// AssemblyScript guests of 0.10 take every failure of `body_read` for the end of a body, and so
    /// a part for the whole. With this a body that breaks off makes `req` fail with `request_error`,
    /// and one that is longer with `body_too_large`. It costs the memory of the bodies, up to
    /// `max` for each open response, and a guest gets nothing of an endless one.
    pub fn whole_bodies(&mut self, max: u64) -> &mut Self {
        self.limits.whole_bodies = Some(max);
        self
    }

    /// How long it may take to connect: the lookup of the name on its own, then TCP and TLS
    /// together. 10 seconds
    /// ([`DEFAULT_CONNECT_TIMEOUT`](crate::limits::DEFAULT_CONNECT_TIMEOUT)) by default; `None` for
    /// no timeout.
    ///
    /// Each of the timeouts ends the call with `timeout`. One of [`Duration::ZERO`] leaves no
    /// time: every request fails with it.
    pub fn connect_timeout(&mut self, timeout: Option<Duration>) -> &mut Self {
        self.timeouts.connect = limits::countable(timeout);
        self
    }

    /// How long a server may take from the end of the request to the end of its headers; 60 seconds
    /// ([`DEFAULT_RESPONSE_TIMEOUT`](crate::limits::DEFAULT_RESPONSE_TIMEOUT)) by default, `None`
    /// for no timeout. Beyond it `req` gives `timeout`.
    pub fn response_timeout(&mut self, timeout: Option<Duration>) -> &mut Self {
        self.timeouts.response = limits::countable(timeout);
        self
    }

    /// How long a server may be silent while the host waits for it, or take nothing of what the
    /// host sends; 60 seconds ([`DEFAULT_READ_TIMEOUT`](crate::limits::DEFAULT_READ_TIMEOUT)) by
    /// default, `None` for no timeout. Beyond it the call gives `timeout`. The time that a guest
    /// takes between its reads does not count.
    pub fn read_timeout(&mut self, timeout: Option<Duration>) -> &mut Self {
        self.timeouts.read = limits::countable(timeout);
        self
    }

    /// How long a request may take from `req` to the end of the body, over all redirects and with
    /// the guest's own pauses; 15 minutes ([`DEFAULT_TIMEOUT`](crate::limits::DEFAULT_TIMEOUT)) by
    /// default, `None` for no timeout. Beyond it the call that waits, or the next one, gives
    /// `timeout`.
    pub fn timeout(&mut self, timeout: Option<Duration>) -> &mut Self {
        self.timeouts.total = limits::countable(timeout);
        self
    }

    /// How many requests the store may send in all, each redirect being one more; `None`, the
    /// default, for any number. Beyond it a request gives `too_many_sessions`, and 0 allows none.
    ///
    /// What is denied does not count. Here and in the other two budgets each store that is built has
    /// its own, whatever client it uses.
    pub fn max_total_requests(&mut self, max: Option<usize>) -> &mut Self {
        self.budgets.requests = max.map(|max| max as u64);
        self
    }

    /// How many bytes the store's requests may carry in all, in both directions, as they are on the
    /// wire, with headers and TLS; `None`, the default, for any number. Beyond it a request, or its
    /// body, gives `body_too_large`.
    ///
    /// It ends what is on its way at the read or the write that goes beyond it, so what was carried
    /// is more by as much as that had, up to 256 KiB.
    pub fn max_total_bytes(&mut self, max: Option<u64>) -> &mut Self {
        self.budgets.bytes = max;
        self
    }

    /// How many requests the store may send in any second, each redirect being one more; `None`, the
    /// default, for any number. One more gives `too_many_sessions`, and nothing is waited for.
    pub fn max_requests_per_second(&mut self, max: Option<usize>) -> &mut Self {
        self.budgets.requests_per_second = max;
        self
    }

    /// Whether the guest may ask for the addresses of the servers that answer it; `false` by
    /// default, since those behind a name may be the embedder's secret.
    pub fn show_peer(&mut self, show: bool) -> &mut Self {
        self.show_peer = show;
        self
    }

    /// Whether a guest traps, with [`Cancelled`](crate::Cancelled), that calls a function of this crate
    /// after its store was [cancelled](crate::CancelHandle), rather than to get the code `cancelled` and
    /// go on; `false` by default.
    ///
    /// A call that is on its way when the store is cancelled gives the code. A guest that calls
    /// nothing does not get here: only epochs or fuel end it, as [`CancelHandle`] shows.
    pub fn trap_when_cancelled(&mut self, trap: bool) -> &mut Self {
        self.trap_when_cancelled = trap;
        self
    }

    /// A name for the store, or whatever else tells the embedder whose its requests are; none by
    /// default. It is in all that observers are told.
    pub fn label(&mut self, label: impl Into<Arc<str>>) -> &mut Self {
        Arc::make_mut(&mut self.observers).label = Some(label.into());
        self
    }

    /// Calls a function with each request that is denied, before the guest gets its error.
    ///
    /// Here and in the other two, every function that is given is called, in order, on the guest's
    /// thread, which waits for it. One that panics is told of as a `tracing` event at level `ERROR`,
    /// and changes nothing for the guest.
    pub fn on_denied(&mut self, observer: impl Fn(&Denied) + Send + Sync + 'static) -> &mut Self {
        let observers = Arc::make_mut(&mut self.observers);
        observers.denials.push(Arc::new(observer));
        self
    }

    /// Calls a function with each call of the guest that fails, whichever function it is, and
    /// whether or not there was a request: also bad URLs, handles and pointers.
    pub fn on_failed_call(
        &mut self,
        observer: impl Fn(&FailedCall) + Send + Sync + 'static,
    ) -> &mut Self {
        let observers = Arc::make_mut(&mut self.observers);
        observers.failed_calls.push(Arc::new(observer));
        self
    }

    /// Calls a function once for each request that was well-formed, when nothing more happens for
    /// it: it failed, or its body was read to the end, broke off, or was closed.
    ///
    /// ```
    /// use wasi_experimental_http_wasmtime::HttpCtx;
    ///
    /// let http = HttpCtx::builder()
    ///     .label("plugin 7")
    ///     .observer(|event| println!("{} {}: {:?}", event.method, event.url, event.status))
    ///     .build();
    /// ```
    pub fn observer(
        &mut self,
        observer: impl Fn(&RequestEvent) + Send + Sync + 'static,
    ) -> &mut Self {
        let observers = Arc::make_mut(&mut self.observers);
        observers.requests.push(Arc::new(observer));
        self
    }

    /// Whether the events that [`observer`](HttpCtxBuilder::observer) gives have the header fields
    /// of requests and answers, in [`Hop`](crate::Hop); `false` by default.
    ///
    /// They are copied whole, with all secrets that a guest and a server exchange in them. Values
    /// that are likely to be credentials are marked
    /// [sensitive](http::HeaderValue::is_sensitive), and are not in the `Debug` text of an event:
    /// `Authorization`, `Cookie`, `Set-Cookie` and whatever else has a name that hints at a key, a
    /// token or the like, and `Location` and its kind if their URL has a query, a fragment or user
    /// information. Others may be secret all the same.
    pub fn record_headers(&mut self, record: bool) -> &mut Self {
        Arc::make_mut(&mut self.observers).headers = record;
        self
    }

    /// A context with these settings: another one, for another store, at each call.
    #[must_use]
    pub fn build(&self) -> HttpCtx {
        HttpCtx {
            client: self.client.clone().unwrap_or_else(HttpClient::shared),
            allowed_hosts: self.allowed_hosts.clone(),
            limits: Arc::new(self.limits.clone()),
            timeouts: self.timeouts.clone(),
            budget: Budget::new(self.budgets).map(Arc::new),
            allow_private_networks: self.allow_private_networks,
            host_header: self.host_header.clone(),
            credentials: self.credentials.clone(),
            hooks: self.hooks.clone(),
            id: Arc::default(),
            observers: self.observers.clone(),
            cancel: CancelHandle::of_a_new_store(),
            trap_when_cancelled: self.trap_when_cancelled,
            last_target: LastTarget::new(self.last_target.clone()),
            open: Handles::default(),
            last_handle: 0,
            show_peer: self.show_peer,
            last_error: LastError::default(),
            failed_at: None,
            reached_function: true,
            waits: Waits::default(),
        }
    }
}

impl Default for HttpCtxBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for HttpCtxBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpCtxBuilder")
            .field("allowed_hosts", &self.allowed_hosts)
            .field("limits", &self.limits)
            .field("timeouts", &self.timeouts)
            .finish_non_exhaustive()
    }
}
