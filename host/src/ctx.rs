//! The state of one store: what its guest may do, and the responses it holds open.

mod builder;
mod polling;

use std::borrow::Cow;
use std::fmt;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Instant;

use crate::allowed_hosts::{AllowedHostError, AllowedHosts};
use crate::budget::Budget;
use crate::client::HttpClient;
use crate::credentials::Credential;
use crate::error::{Error, LastError};
use crate::exchange::cancel::{CancelHandle, Cancelled};
use crate::exchange::hops::Hops;
use crate::exchange::traffic::Traffic;
use crate::exchange::upload::Upload;
use crate::exchange::{Exchange, StoreId};
use crate::generated::types::ResponseFact;
use crate::handles::{Handles, Open};
use crate::hook::Hooks;
use crate::limits::{Limits, Phase, Timeouts};
use crate::policy::{Denied, Policy};
use crate::request::Request;
use crate::request_url::{LastTarget, Target};
use crate::response::Response;
use crate::send;
use crate::started::Started;
use crate::telemetry::{Observers, Record};
use crate::waiting::{AsyncCall, Resume, Waiting, Waits};

pub use builder::HttpCtxBuilder;

/// The HTTP state of one [`Store`](wasmtime::Store): put it in the store's data, and tell
/// [`add_to_linker`](crate::add_to_linker) where it is.
///
/// A guest sees the responses of its own store only. Dropping the context closes them all.
pub struct HttpCtx {
    client: HttpClient,
    allowed_hosts: Arc<AllowedHosts>,
    limits: Arc<Limits>,
    timeouts: Timeouts,
    /// `None` without a budget, so that such stores do no accounting.
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
    /// The URL, after redirects, at which the last request failed.
    failed_at: Option<Arc<Target>>,
    /// Whether the current call reached its implementation, past the checks of its arguments.
    reached_function: bool,
    waits: Waits,
}

/// A socket to wait for, and the deadline of that wait.
type WaitsFor = (Arc<TcpStream>, Option<Instant>);

fn to_wait_for((socket, until): (&Arc<TcpStream>, Option<Instant>)) -> WaitsFor {
    (socket.clone(), until)
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

    /// Builds a context; by default it denies every request.
    pub fn builder() -> HttpCtxBuilder {
        HttpCtxBuilder::new()
    }

    /// A handle to cancel this store's requests with, from any thread.
    #[must_use]
    pub fn cancel_handle(&self) -> CancelHandle {
        self.cancel.clone()
    }

    /// Undoes a cancellation, so that the guest can send requests again. Bodies that were cut off
    /// by it stay unreadable.
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

    /// Parses a guest's URL.
    pub(crate) fn target(&mut self, url: &str) -> Result<Arc<Target>, Error> {
        Ok(self.last_target.parse(url, self.limits.max_url_len)?)
    }

    /// Called at the start of every guest call, before its arguments are checked. An error makes
    /// the guest trap.
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

    /// Called when the arguments of the current call have passed all checks.
    pub(crate) fn reached_function(&mut self) {
        self.reached_function = true;
    }

    /// Remembers why a call failed, for `last_error`. The URL that goes with it is that of
    /// `response`, if the call was about one.
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

    /// A fact about a response, as text.
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

    /// Continues a call of `req` that an asynchronous store suspended, if there is one.
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
                // Report a denied URL from this call, instead of from the one that asks for the
                // outcome.
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

    /// Stores an entry under a new handle.
    fn add(&mut self, open: Open) -> u32 {
        self.last_handle += 1;
        self.open.forget_finished();
        self.open.push(self.last_handle, open);
        self.last_handle
    }

    /// Begins an exchange, unless the store has as many as it may.
    fn exchange(
        &self,
        limits: Arc<Limits>,
        timeouts: Timeouts,
        record: Option<&mut Record>,
    ) -> Result<Arc<Exchange>, Error> {
        let max = self.limits.max_concurrent_requests;
        // Finished responses hold neither a connection nor a body, so they do not count. A limit of
        // 0 allows no request.
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

    /// The response of a handle; waits for it if its request is still in progress.
    pub(crate) fn response(&mut self, handle: u32) -> Result<&mut Response, Error> {
        // A blocking store reads the answer right here, on the guest's thread.
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

    /// Turns a started request whose outcome is known into an open response, or into its error.
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

    /// Waits until a request makes progress, one of the sockets is readable, or `until`. Returns
    /// the indices of readable sockets. May return early, so callers check again.
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

    /// Marks the current call as asynchronous: it must not block its thread.
    #[cfg(feature = "async")]
    pub(crate) fn call_is_async(&mut self) {
        if !self.is_async() {
            self.waits = Waits::Async(AsyncCall::default());
        }
        if self.cancel.take_abandoned() {
            self.end_call();
        }
    }

    /// Clears the state of a suspended call once it has its result.
    fn end_call(&mut self) {
        if let Some(Resume::Request(started)) = self.take_resume() {
            started.close();
        }
    }

    /// Marks the current call as blocking.
    pub(crate) fn call_is_blocking(&mut self) {
        if self.is_async() {
            self.end_call();
            self.waits = Waits::Blocking;
        }
    }

    /// Whether the current call must not block its thread.
    pub(crate) fn is_async(&self) -> bool {
        matches!(self.waits, Waits::Async(_))
    }

    fn async_call(&mut self) -> Option<&mut AsyncCall> {
        match &mut self.waits {
            Waits::Blocking => None,
            Waits::Async(call) => Some(call),
        }
    }

    /// Whether the current call was suspended, and will be made again.
    pub(crate) fn is_waiting(&mut self) -> bool {
        self.async_call().is_some_and(|call| call.wait.is_some())
    }

    /// What the suspended call waits for.
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

    /// In an asynchronous store, suspends the call until a read of the body would not block.
    /// `filled` is how much of the guest's buffer this call has filled; returns how much an
    /// earlier, suspended attempt had filled.
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
            // Reported by the read that follows, after any bytes that are left.
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

    /// Appends bytes to a streamed request body. Returns how many were taken.
    pub(crate) fn write_body(&mut self, handle: u32, bytes: &[u8]) -> Result<usize, Error> {
        loop {
            self.settle(handle);
            match self.upload(handle)?.write(bytes) {
                Err(Error::WouldBlock) => self.wait_for_one(None)?,
                result => return result,
            }
        }
    }

    /// Ends a streamed request body.
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

    /// Whether the guest may set the `Host` header of a request to this URL.
    pub(crate) fn may_choose_host(&self, target: &Target) -> bool {
        self.host_header.allows_all_requests(target.url())
    }

    pub(crate) fn close(&mut self, handle: u32) {
        if let Some(open) = self.open.remove(handle) {
            open.close();
        }
    }
}

/// Denies every request.
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

    /// Set directly: a guest would need 2³² requests to get there.
    #[test]
    fn a_store_without_handles_left_is_a_runtime_error_and_sends_nothing() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", server.local_addr().unwrap());
        // Answers one request only, so a second one would hang.
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
