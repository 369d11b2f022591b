//! The state of one store: what its guest may do, and the responses it holds open.

use std::borrow::Cow;
use std::fmt;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::allowed_hosts::{AllowedHost, AllowedHostError, AllowedHosts};
use crate::budget::{Budget, Budgets};
use crate::client::HttpClient;
use crate::credentials::Credential;
use crate::error::{Error, LastError};
use crate::exchange::cancel::{CancelHandle, Cancelled};
use crate::exchange::hops::Hops;
use crate::exchange::signal::readable;
use crate::exchange::traffic::Traffic;
use crate::exchange::upload::Upload;
use crate::exchange::{Exchange, StoreId};
use crate::generated::types::{Events, ResponseFact, Subscription};
use crate::handles::{Handles, Open};
use crate::hook::{Hook, Hooks};
use crate::limits::{self, Limits, Phase, Timeouts};
use crate::policy::{Denied, Policy};
use crate::request::Request;
use crate::request_url::{LastTarget, Target};
use crate::response::Response;
use crate::send;
use crate::started::Started;
use crate::telemetry::{FailedCall, Observers, Record, RequestEvent};
use crate::waiting::{AsyncCall, Resume, Waiting, Waits};

/// The HTTP state of one [`Store`](wasmtime::Store): put it in the store's data, and tell
/// [`add_to_linker`](crate::add_to_linker) where it is.
///
/// A guest sees the responses of its own store only. Dropping the context closes them all.
pub struct HttpCtx {
    client: HttpClient,
    allowed_hosts: Arc<AllowedHosts>,
    limits: Arc<Limits>,
    timeouts: Timeouts,
    /// `None` if there is none, which costs nothing.
    budget: Option<Arc<Budget>>,
    allow_private_networks: bool,
    host_header: Arc<AllowedHosts>,
    credentials: Option<Arc<Vec<Credential>>>,
    hooks: Option<Arc<Hooks>>,
    observers: Arc<Observers>,
    id: Arc<StoreId>,
    cancel: CancelHandle,
    trap_when_cancelled: bool,
    last_target: LastTarget,
    open: Handles,
    last_handle: u32,
    show_peer: bool,
    last_error: LastError,
    /// Where the last request failed, behind its redirects.
    failed_at: Option<Arc<Target>>,
    /// Whether the last call of the guest got as far as the function that it named.
    reached_function: bool,
    waits: Waits,
}

/// A socket that becomes readable when there is something new, and until when that may take.
type WaitsFor = (Arc<TcpStream>, Option<Instant>);

fn to_wait_for((socket, until): (&Arc<TcpStream>, Option<Instant>)) -> WaitsFor {
    (socket.clone(), until)
}

/// The subscriptions of a `poll` that are not ready before their sockets have something to read.
#[derive(Default)]
struct Quiet {
    places: Vec<usize>,
    sockets: Vec<Arc<TcpStream>>,
}

impl HttpCtx {
    /// The short form of [`HttpCtx::builder`], with the arguments of version 0.10.
    ///
    /// `None` and an empty list of hosts deny everything. `None` for `max_concurrent_requests` is
    /// [`DEFAULT_MAX_CONCURRENT_REQUESTS`](crate::limits::DEFAULT_MAX_CONCURRENT_REQUESTS).
    ///
    /// # Errors
    ///
    /// The first host that is not an entry as [`AllowedHosts`] describes.
    pub fn new(
        allowed_hosts: Option<Vec<String>>,
        max_concurrent_requests: Option<u32>,
    ) -> Result<Self, AllowedHostError> {
        let mut builder = Self::builder();
        builder.allowed_hosts(AllowedHosts::parse(allowed_hosts.unwrap_or_default())?);
        if let Some(max) = max_concurrent_requests {
            builder.max_concurrent_requests(usize::try_from(max).unwrap_or(usize::MAX));
        }
        Ok(builder.build())
    }

    /// A context that denies everything, until it is told otherwise.
    pub fn builder() -> HttpCtxBuilder {
        HttpCtxBuilder::new()
    }

    /// A handle to cancel this store's requests with, from any thread.
    #[must_use]
    pub fn cancel_handle(&self) -> CancelHandle {
        self.cancel.clone()
    }

    /// Takes back a cancellation, so that the guest can send requests again. Bodies that it broke
    /// off stay so.
    pub fn resume(&mut self) {
        self.cancel.resume();
    }

    /// How many requests on their way, and responses, the guest holds open.
    #[must_use]
    pub fn open_responses(&self) -> usize {
        self.open.len()
    }

    /// Replaces the hosts that the guest may reach, from its next request on. Responses that are
    /// open stay so.
    pub fn set_allowed_hosts(&mut self, hosts: AllowedHosts) {
        self.allowed_hosts = Arc::new(hosts);
    }

    pub(crate) fn observers(&self) -> &Observers {
        &self.observers
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) fn shared_limits(&self) -> Arc<Limits> {
        self.limits.clone()
    }

    pub(crate) fn timeouts(&self) -> &Timeouts {
        &self.timeouts
    }

    /// The target that a guest's text names.
    pub(crate) fn target(&mut self, url: &str) -> Result<Arc<Target>, Error> {
        Ok(self.last_target.parse(url, self.limits.max_url_len)?)
    }

    /// Notes that the guest calls a function, before its arguments are looked at. Fails if the guest
    /// has to trap.
    pub(crate) fn call_begins(&mut self) -> Result<(), Cancelled> {
        if self.trap_when_cancelled && self.cancel.is_cancelled() {
            return Err(Cancelled);
        }
        if !self.reached_function {
            self.last_error.set(Error::BadArgument, None);
        }
        self.reached_function = false;
        Ok(())
    }

    /// Notes that a call had arguments that its function can be called with.
    pub(crate) fn reached_function(&mut self) {
        self.reached_function = true;
    }

    /// Keeps why a call failed, that for a response if it has one.
    pub(crate) fn failed(&mut self, error: Error, response: Option<u32>) {
        let open = response.and_then(|handle| self.open.get(handle));
        let tried = match open {
            Some(open) => Some(open.target().clone()),
            None => self.failed_at.take(),
        };
        self.last_error.set(error, tried);
    }

    pub(crate) fn last_error(&self) -> &LastError {
        &self.last_error
    }

    /// What is known of a response, as text.
    pub(crate) fn fact(&mut self, handle: u32, fact: ResponseFact) -> Result<Cow<'_, str>, Error> {
        let show_peer = self.show_peer;
        let facts = &self.response(handle)?.facts;
        Ok(match fact {
            ResponseFact::Url => facts.target.url()[..url::Position::AfterQuery].into(),
            ResponseFact::Version => format!("{:?}", facts.version).into(),
            ResponseFact::Peer => match facts.peer {
                Some(peer) if show_peer => peer.to_string().into(),
                _ => "".into(),
            },
            ResponseFact::Redirects => facts.redirects.to_string().into(),
        })
    }

    /// Sends a request and keeps its response: the status, and the new handle.
    pub(crate) fn request(&mut self, mut request: Request<'_>) -> Result<(u16, u32), Error> {
        if self.async_call().is_some() {
            let (limits, timeouts) = (self.limits.clone(), self.timeouts.clone());
            let started = self.begin(request.into_owned(), limits, timeouts)?;
            return self.wait_for_request(started);
        }
        let mut record = Record::start(request.method(), request.url(), &self.observers);
        let _entered = Record::enter(record.as_deref());
        let result = self.fetch(&mut request, record.as_deref_mut());
        let mut response = result.inspect_err(|error| {
            self.failed_at = Some(request.target().clone());
            if let Error::Denied(denied) = error {
                self.denied(denied);
            }
            if let Some(record) = &mut record {
                record.failed(error);
            }
        })?;
        let status = response.status.as_u16();
        if let Some(record) = &mut record {
            record.responded(status, Instant::now());
        }
        response.record = record;
        if self.limits.whole_bodies.is_some()
            && let Err(error) = response.hold()
        {
            self.failed_at = Some(response.facts.target.clone());
            return Err(error);
        }
        response.end_record();
        Ok((status, self.add(Open::Response(response))))
    }

    fn fetch(
        &self,
        request: &mut Request<'_>,
        record: Option<&mut Record>,
    ) -> Result<Box<Response>, Error> {
        let exchange = self.exchange(self.limits.clone(), self.timeouts.clone(), record)?;
        let _in_flight = self.client.start()?;
        send::following_redirects(request, &self.client, &exchange)
    }

    /// Goes on with the call of `req` that waits for its response, if there is one.
    pub(crate) fn resume_request(&mut self) -> Option<Result<(u16, u32), Error>> {
        match self.take_resume() {
            Some(Resume::Request(started)) => Some(self.wait_for_request(started)),
            _ => None,
        }
    }

    fn wait_for_request(&mut self, started: Box<Started>) -> Result<(u16, u32), Error> {
        let mut open = Open::Started(started);
        let failed = open.settle();
        match open {
            Open::Started(started) => {
                let waited = self.wait_for_one(started.waits_for().map(to_wait_for));
                self.set_resume(Resume::Request(started));
                waited.and(Err(Error::WouldBlock))
            }
            Open::Response(response) => {
                let status = response.status.as_u16();
                Ok((status, self.add(Open::Response(response))))
            }
            Open::Failed(_) => {
                self.failed_at = Some(open.target().clone());
                let error = failed.unwrap_or_else(|| Arc::new(Error::Cancelled));
                if let Error::Denied(denied) = &*error {
                    self.denied(denied);
                }
                Err(Error::Failed(error))
            }
        }
    }

    /// Starts a request with limits of its own, and keeps it: the new handle.
    pub(crate) fn start(
        &mut self,
        request: Request<'static>,
        limits: Arc<Limits>,
        timeouts: Timeouts,
    ) -> Result<u32, Error> {
        let started = self.begin(request, limits, timeouts)?;
        Ok(self.add(Open::Started(started)))
    }

    fn begin(
        &mut self,
        request: Request<'static>,
        limits: Arc<Limits>,
        timeouts: Timeouts,
    ) -> Result<Box<Started>, Error> {
        let mut record = Record::start(request.method(), request.url(), &self.observers);
        let target = request.target().clone();
        let started = self
            .exchange(limits, timeouts, record.as_deref_mut())
            .and_then(|exchange| {
                // What is not allowed is found out at once, as far as its URL shows it.
                exchange.public_only(request.method(), request.url())?;
                let guest = self.cancel.clone();
                let span = Record::span(record.as_deref());
                Started::start(request, &self.client, exchange, span, guest)
            });
        match started {
            Ok(mut started) => {
                started.record = record;
                Ok(started)
            }
            Err(error) => {
                self.failed_at = Some(target);
                if let Error::Denied(denied) = &error {
                    self.denied(denied);
                }
                if let Some(record) = &mut record {
                    record.failed(&error);
                }
                Err(error)
            }
        }
    }

    /// Gives something a handle.
    fn add(&mut self, open: Open) -> u32 {
        self.last_handle += 1;
        self.open.forget_finished();
        self.open.push(self.last_handle, open);
        self.last_handle
    }

    /// Begins an exchange, if the store may have one more.
    fn exchange(
        &self,
        limits: Arc<Limits>,
        timeouts: Timeouts,
        record: Option<&mut Record>,
    ) -> Result<Arc<Exchange>, Error> {
        let max = self.limits.max_concurrent_requests;
        // Those that are finished hold neither a connection nor a body. With 0 there are none.
        if max == 0 || self.open.unfinished() >= max {
            return Err(Error::TooManySessions { max });
        }
        if self.last_handle == u32::MAX {
            return Err(Error::HandlesExhausted);
        }
        let policy = Policy {
            allowed_hosts: self.allowed_hosts.clone(),
            allow_private_networks: self.allow_private_networks,
            credentials: self.credentials.clone(),
            hooks: self.hooks.clone(),
        };
        let exchange = Exchange::start(
            policy,
            limits,
            timeouts,
            &self.cancel,
            self.id.clone(),
            Traffic::within(self.budget.clone()),
            record.is_some().then(|| Hops::new(self.observers.headers)),
        )?;
        if let Some(record) = record {
            record.follow(&exchange);
        }
        Ok(exchange)
    }

    fn denied(&self, denied: &Denied) {
        tracing::warn!(%denied, "denied a request");
        self.observers.denied(denied);
    }

    /// A response, which is waited for if it is not there.
    pub(crate) fn response(&mut self, handle: u32) -> Result<&mut Response, Error> {
        // A guest that waits on its thread may as well read there.
        let mut failed = if self.is_async() {
            self.open.settle(handle)
        } else {
            self.open.await_answer(handle)
        };
        loop {
            self.settled(failed);
            let Some(Open::Started(started)) = self.open.get(handle) else {
                return self.open.response_mut(handle);
            };
            let waits_for = started.waits_for().map(to_wait_for);
            self.wait_for_one(waits_for)?;
            failed = self.open.settle(handle);
        }
    }

    /// Takes note of what became of a request that the guest does not wait for.
    fn settle(&mut self, handle: u32) {
        let failed = self.open.settle(handle);
        self.settled(failed);
    }

    fn settled(&self, failed: Option<Arc<Error>>) {
        if let Some(error) = failed
            && let Error::Denied(denied) = &*error
        {
            self.denied(denied);
        }
    }

    /// Waits until one thing is ready, as [`HttpCtx::wait`] does.
    fn wait_for_one(&mut self, it: Option<WaitsFor>) -> Result<(), Error> {
        match it {
            None => self.wait(&[], None).map(drop),
            Some((socket, until)) => self.wait(&[socket], until).map(drop),
        }
    }

    /// Waits until something happened to one of the requests on their way, a socket has something to
    /// read, or this time is over: the sockets that have, by their places. It may end sooner.
    ///
    /// # Errors
    ///
    /// In an asynchronous store always: [`Error::WouldBlock`], after which the call is made again.
    fn wait(
        &mut self,
        sockets: &[Arc<TcpStream>],
        until: Option<Instant>,
    ) -> Result<Vec<usize>, Error> {
        match &mut self.waits {
            Waits::Blocking => {
                let waited = self.cancel.wait(sockets, until);
                waited.map_err(|error| Error::Socket(Arc::new(error)))
            }
            Waits::Async(call) => {
                let reactor = self.client.reactor();
                let wait = Waiting::new(self.cancel.clone(), reactor, sockets, until)?;
                call.wait = Some(wait);
                Err(Error::WouldBlock)
            }
        }
    }

    /// Notes that the guest's calls must not block their thread.
    #[cfg(feature = "async")]
    pub(crate) fn call_is_async(&mut self) {
        if !self.is_async() {
            self.waits = Waits::Async(AsyncCall::default());
        }
        if self.cancel.take_abandoned() {
            self.end_call();
        }
    }

    /// Ends a call that is not made again.
    fn end_call(&mut self) {
        if let Some(Resume::Request(started)) = self.take_resume() {
            started.close();
        }
    }

    /// Notes that they may.
    pub(crate) fn call_is_blocking(&mut self) {
        if self.is_async() {
            self.end_call();
            self.waits = Waits::Blocking;
        }
    }

    /// Whether the guest's calls must not block their thread.
    pub(crate) fn is_async(&self) -> bool {
        matches!(self.waits, Waits::Async(_))
    }

    fn async_call(&mut self) -> Option<&mut AsyncCall> {
        match &mut self.waits {
            Waits::Blocking => None,
            Waits::Async(call) => Some(call),
        }
    }

    /// Whether the call waits, and is made again.
    pub(crate) fn is_waiting(&mut self) -> bool {
        self.async_call().is_some_and(|call| call.wait.is_some())
    }

    /// What the call waits for.
    #[cfg(feature = "async")]
    pub(crate) fn take_wait(&mut self) -> Option<Waiting> {
        self.async_call()?.wait.take()
    }

    fn take_resume(&mut self) -> Option<Resume> {
        self.async_call()?.resume.take()
    }

    fn set_resume(&mut self, resume: Resume) {
        if let Some(call) = self.async_call() {
            call.resume = Some(resume);
        }
    }

    /// In an asynchronous store, waits until a read of the body would not. `filled` is how much of
    /// the guest's buffer has been filled by this call; what it was is given back.
    pub(crate) fn wait_for_body(&mut self, handle: u32, filled: u32) -> Result<u32, Error> {
        if self.async_call().is_none() {
            return Ok(filled);
        }
        let (filled, silence) = match self.take_resume() {
            Some(Resume::Read { filled, silence }) => (filled, Some(silence)),
            _ => (filled, None),
        };
        let response = self.response(handle)?;
        if response.body.is_ready() {
            return Ok(filled);
        }
        let silence = silence.unwrap_or_else(|| response.exchange.deadlines.begin(Phase::Read));
        if let Err(error) = silence.left() {
            // The read that follows gives it, unless there is something to give before.
            response.fail(error);
            return Ok(filled);
        }
        let Some((socket, until)) = response.body.waits_for() else {
            return Ok(filled);
        };
        let socket = socket.clone();
        let until = silence.at().into_iter().chain(until).min();
        let waits = self.wait_for_one(Some((socket, until)));
        self.set_resume(Resume::Read { filled, silence });
        waits.map(|()| filled)
    }

    /// Writes bytes of a request's body: how many were taken.
    pub(crate) fn write_body(&mut self, handle: u32, bytes: &[u8]) -> Result<usize, Error> {
        loop {
            self.settle(handle);
            match self.upload(handle)?.write(bytes) {
                Err(Error::WouldBlock) => self.wait_for_one(None)?,
                result => return result,
            }
        }
    }

    /// Ends a request's body.
    pub(crate) fn finish_body(&mut self, handle: u32) -> Result<(), Error> {
        self.settle(handle);
        self.upload(handle)?.finish()
    }

    fn upload(&self, handle: u32) -> Result<&Upload, Error> {
        let upload = match self.open.get(handle).ok_or(Error::InvalidHandle)? {
            Open::Started(started) => started.upload.as_deref(),
            Open::Response(response) => response.upload.as_deref(),
            Open::Failed(failed) => failed.upload.as_deref(),
        };
        upload.ok_or(Error::NotStarted)
    }

    /// Waits until one of the subscriptions is ready, or this time is over: how many are.
    pub(crate) fn poll(
        &mut self,
        subscriptions: &mut [Subscription],
        timeout: Option<Duration>,
    ) -> Result<usize, Error> {
        let until = match self.take_resume() {
            Some(Resume::Poll { until }) => until,
            _ => timeout.and_then(|timeout| Instant::now().checked_add(timeout)),
        };
        loop {
            let now = Instant::now();
            let is_over = until.is_some_and(|until| now >= until);
            let mut quiet = Quiet::default();
            let mut soonest = until;
            let mut ready = 0;
            for (place, it) in subscriptions.iter_mut().enumerate() {
                let handle = it.handle.into();
                it.ready = if self.is_quiet(handle, it.interest, now) {
                    Events::empty()
                } else {
                    self.ready(handle, it.interest)
                };
                if !it.ready.is_empty() {
                    ready += 1;
                } else if let Some((socket, until)) = self.socket_for(handle, it.interest) {
                    quiet.places.push(place);
                    quiet.sockets.push(socket);
                    soonest = soonest.into_iter().chain(until).min();
                }
            }
            // The system is asked about all at once; then those that have something are looked at.
            let may_wait = ready == 0 && !is_over && !self.cancel.is_cancelled();
            let found = if may_wait && !self.is_async() {
                self.wait(&quiet.sockets, soonest)?
            } else {
                readable(&quiet.sockets).map_err(|error| Error::Socket(Arc::new(error)))?
            };
            for place in found {
                let it = &mut subscriptions[quiet.places[place]];
                it.ready = self.ready(it.handle.into(), it.interest);
                ready += usize::from(!it.ready.is_empty());
            }
            if ready > 0 || is_over {
                return Ok(ready);
            }
            if self.cancel.is_cancelled() {
                return Err(Error::Cancelled);
            }
            if self.is_async() {
                let waits = self.wait(&quiet.sockets, soonest);
                self.set_resume(Resume::Poll { until });
                waits?;
            }
        }
    }

    /// Whether nothing can be ready of a subscription before its socket has something to read.
    fn is_quiet(&mut self, handle: u32, interest: Events, now: Instant) -> bool {
        let Some(open) = self.open.get_mut(handle) else {
            return false;
        };
        open.needs_bytes_for().contains(interest)
            && !open.has_received()
            && open
                .waits_for()
                .is_some_and(|(_, until)| until.is_none_or(|until| now < until))
    }

    /// The socket that a subscription waits for, and until when that may take.
    fn socket_for(&self, handle: u32, interest: Events) -> Option<WaitsFor> {
        let open = self.open.get(handle)?;
        let waits = interest.intersects(open.needs_bytes_for());
        waits.then(|| open.waits_for().map(to_wait_for))?
    }

    /// What of the events has come.
    fn ready(&mut self, handle: u32, interest: Events) -> Events {
        self.settle(handle);
        let ready = match self.open.get_mut(handle) {
            Some(Open::Started(started)) => match &started.upload {
                Some(upload) if !upload.is_writable() => Events::empty(),
                _ => Events::WRITABLE,
            },
            Some(Open::Response(response)) => {
                if interest.contains(Events::READABLE) && !response.body.is_ready() {
                    Events::RESPONSE | Events::WRITABLE
                } else {
                    Events::all()
                }
            }
            // The call that follows says what it is.
            Some(Open::Failed(_)) | None => Events::all(),
        };
        interest & ready
    }

    /// Whether the guest may choose the `Host` of a request to this target.
    pub(crate) fn may_choose_host(&self, target: &Target) -> bool {
        self.host_header.allows_all_requests(target.url())
    }

    pub(crate) fn close(&mut self, handle: u32) {
        if let Some(open) = self.open.remove(handle) {
            open.close();
        }
    }
}

/// One that denies everything.
impl Default for HttpCtx {
    fn default() -> Self {
        Self::builder().build()
    }
}

/// Closes what the guest left open.
impl Drop for HttpCtx {
    fn drop(&mut self) {
        self.end_call();
        while let Some(open) = self.open.pop() {
            open.close();
        }
    }
}

impl fmt::Debug for HttpCtx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpCtx")
            .field("allowed_hosts", &self.allowed_hosts)
            .field("limits", &self.limits)
            .field("timeouts", &self.timeouts)
            .field("open_responses", &self.open.len())
            .finish_non_exhaustive()
    }
}

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
}

impl HttpCtxBuilder {
    /// Those of a context that denies everything, which is the default.
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
        }
    }

    /// Which hosts the guest may reach, in place of those named so far; none by default. A request
    /// to another one gives `destination_not_allowed`.
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
    /// It decides which of the sites behind a server answers, so the server has to tell apart what
    /// its clients may see. An entry with methods or a path lets it choose none.
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

    /// Adds a header field that the host sends to certain hosts, and the guest never sees; none by
    /// default.
    pub fn credential(&mut self, credential: Credential) -> &mut Self {
        Arc::make_mut(self.credentials.get_or_insert_default()).push(credential);
        self
    }

    /// Adds what sees each request before it is sent, and each response, and may change, refuse or
    /// answer them; none by default.
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

    /// Whether a guest traps, with [`Cancelled`], that calls a function of this crate after its store
    /// was [cancelled](crate::CancelHandle), rather than to get the code `cancelled` and go on;
    /// `false` by default.
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
            last_target: LastTarget::default(),
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

/// A store may move between threads with its context in it.
const _: () = {
    const fn assert<T: Send>() {}
    assert::<HttpCtx>();
};

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use wasmtime::{Engine, Linker, Module, Store};

    use super::*;

    /// No guest gets there by calling: it takes four thousand million requests.
    #[test]
    fn a_store_without_handles_left_is_a_runtime_error_and_sends_nothing() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", server.local_addr().unwrap());
        // It answers one request: another would wait for ever.
        let answers = std::thread::spawn(move || {
            let (mut connection, _) = server.accept().unwrap();
            let _ = connection.read(&mut [0; 4096]).unwrap();
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            connection.write_all(answer).unwrap();
        });
        let guest = format!(
            r#"(module
                (import "wasi_experimental_http" "req"
                  (func $req (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
                (memory (export "memory") 1)
                (data (i32.const 16) "GET")
                (data (i32.const 32) "{url}")
                (func (export "send") (result i32)
                  (call $req (i32.const 32) (i32.const {}) (i32.const 16) (i32.const 3)
                    (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
                    (i32.const 4))))"#,
            url.len()
        );
        let mut http = HttpCtx::builder()
            .allowed_hosts(AllowedHosts::all())
            .build();
        http.last_handle = u32::MAX - 1;
        let engine = Engine::default();
        let mut linker = Linker::new(&engine);
        crate::add_to_linker(&mut linker, |http: &mut HttpCtx| http).unwrap();
        let mut store = Store::new(&engine, http);
        let module = Module::new(&engine, guest).unwrap();
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let send = instance
            .get_typed_func::<(), i32>(&mut store, "send")
            .unwrap();
        let mut codes = [0; 3];
        for code in &mut codes {
            *code = send.call(&mut store, ()).unwrap();
        }
        assert_eq!(codes, [0, 12, 12]);
        answers.join().unwrap();
    }
}
