//! The server: accepting connections, counting what happens, and stopping.

use std::any::Any;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::certificate::{ServerCertificate, TestCa};
use crate::connection::Connection;
use crate::raw::RawConn;
use crate::request::{BODY_KEPT, ReceivedRequest, RequestError, read_request};
use crate::response::Response;
use crate::routes::{After, keeps_body, respond};

/// How many requests [`TestServer::received`] remembers: the latest 1000.
pub const RECEIVED_KEPT: usize = 1000;
/// How long the `wait_for_…` functions wait before they call it a failure.
const WAIT_AT_MOST: Duration = Duration::from_secs(30);
/// After an accept that failed, which happens when the process is out of files.
const ACCEPT_AGAIN: Duration = Duration::from_millis(10);

type Script = dyn Fn(&mut RawConn<'_>) -> io::Result<()> + Send + Sync;

enum Handler {
    Routes,
    Script(Box<Script>),
}

/// What a server will be, before it starts.
#[derive(Debug, Default)]
pub struct TestServerBuilder {
    certificate: Option<ServerCertificate>,
    port: u16,
}

impl TestServerBuilder {
    /// Listens on this port, if it is free, rather than on any.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Serves TLS with this certificate.
    pub fn certificate(mut self, certificate: ServerCertificate) -> Self {
        self.certificate = Some(certificate);
        self
    }

    /// Starts a server that answers by the routes of the [crate's documentation](crate).
    ///
    /// # Panics
    ///
    /// If the system has no port or no thread left.
    pub fn start(self) -> TestServer {
        TestServer::start(self, Handler::Routes)
    }

    /// Starts a server that hands each connection to a script.
    ///
    /// Scripts of several connections run at the same time, each in a thread of its own. An
    /// error that a script returns is that of a client that went away, and is dropped. A script
    /// that panics, as by a failed assertion, makes the server panic when it is dropped. A script
    /// must wait for nothing but its connection, or the server could not stop.
    ///
    /// # Panics
    ///
    /// If the system has no port or no thread left.
    pub fn raw<F>(self, script: F) -> TestServer
    where
        F: Fn(&mut RawConn<'_>) -> io::Result<()> + Send + Sync + 'static,
    {
        TestServer::start(self, Handler::Script(Box::new(script)))
    }
}

/// A running server. Dropping it closes the listener and every connection.
pub struct TestServer {
    shared: Arc<Shared>,
    address: SocketAddr,
    tls: bool,
    acceptor: Option<JoinHandle<()>>,
}

impl fmt::Debug for TestServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestServer")
            .field("origin", &self.origin())
            .finish_non_exhaustive()
    }
}

impl TestServer {
    /// A server for `http` URLs.
    pub fn http() -> TestServerBuilder {
        TestServerBuilder::default()
    }

    /// A server for `https` URLs, with a certificate that this authority issued for it.
    pub fn https(ca: &TestCa) -> TestServerBuilder {
        TestServerBuilder::default().certificate(ca.server_certificate())
    }

    fn start(builder: TestServerBuilder, handler: Handler) -> TestServer {
        let TestServerBuilder { certificate, port } = builder;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .or_else(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
            .expect("a loopback port");
        let address = listener.local_addr().expect("the address of a listener");
        let shared = Arc::new(Shared::default());
        let tls = certificate.is_some();
        let acceptor = {
            let shared = shared.clone();
            thread::Builder::new()
                .name("test-server".to_owned())
                .spawn(move || accept(&listener, &shared, certificate.as_ref(), handler))
                .expect("a thread for the listener")
        };
        TestServer {
            shared,
            address,
            tls,
            acceptor: Some(acceptor),
        }
    }

    /// The port that the server listens on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// `http://127.0.0.1:PORT`, or `https://localhost:PORT` with TLS.
    pub fn origin(&self) -> String {
        self.origin_at(if self.tls { "localhost" } else { "127.0.0.1" })
    }

    /// The origin with another name for the same server: `localhost` or `127.0.0.1`.
    pub fn origin_at(&self, host: &str) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{host}:{}", self.port())
    }

    /// The URL of a path, which starts with `/`.
    pub fn url(&self, path: &str) -> String {
        self.origin() + path
    }

    /// How many requests were received whole.
    pub fn requests(&self) -> u64 {
        self.shared.lock().requests
    }

    /// How many connections were accepted so far.
    pub fn connections(&self) -> u64 {
        self.shared.lock().connections
    }

    /// How many connections are open now.
    pub fn open_connections(&self) -> usize {
        self.shared.lock().open.len()
    }

    /// The requests that were received whole, oldest first: the latest [`RECEIVED_KEPT`] of them.
    pub fn received(&self) -> Vec<ReceivedRequest> {
        self.shared.lock().received.iter().cloned().collect()
    }

    /// The latest request that was received whole.
    pub fn last_request(&self) -> Option<ReceivedRequest> {
        self.shared.lock().received.back().cloned()
    }

    /// Why each message that was no proper request was refused.
    pub fn bad_requests(&self) -> Vec<String> {
        self.shared.lock().bad_requests.clone()
    }

    /// Forgets the requests received, good and bad, and sets their count to 0.
    ///
    /// The count of connections goes on.
    pub fn clear(&self) {
        let mut state = self.shared.lock();
        state.requests = 0;
        state.received.clear();
        state.bad_requests.clear();
    }

    /// Lets one waiting response go on: one that waits now, or the next that will.
    pub fn release(&self) {
        self.shared.lock().permits += 1;
        self.shared.changed.notify_all();
    }

    /// Lets every response go on from now on: nothing waits any more.
    pub fn release_all(&self) {
        self.shared.lock().released_for_good = true;
        self.shared.changed.notify_all();
    }

    /// Closes every open connection, idle or not, at the TCP level. The server goes on.
    pub fn close_connections(&self) {
        self.shared.lock().shut_down_all();
    }

    /// Waits until this many requests were received whole.
    ///
    /// # Panics
    ///
    /// If that takes longer than any working client does.
    #[track_caller]
    pub fn wait_for_requests(&self, count: u64) {
        self.wait_until(|state| state.requests >= count, "the requests did not come");
    }

    /// Waits until no more than this many connections are open.
    ///
    /// # Panics
    ///
    /// If that takes longer than any working client does.
    #[track_caller]
    pub fn wait_for_open_connections(&self, count: usize) {
        self.wait_until(
            |state| state.open.len() <= count,
            "the connections stay open",
        );
    }

    #[track_caller]
    fn wait_until(&self, condition: impl Fn(&State) -> bool, failure: &str) {
        let deadline = Instant::now() + WAIT_AT_MOST;
        let mut state = self.shared.lock();
        while !condition(&state) {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{failure}");
            state = self.shared.wait_for_change(state, left);
        }
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        {
            let mut state = self.shared.lock();
            state.stopping = true;
            state.shut_down_all();
        }
        self.shared.changed.notify_all();
        // The listener has no other way to be told.
        let woken = TcpStream::connect(self.address);
        if let (Ok(_), Some(acceptor)) = (woken, self.acceptor.take()) {
            // It has no reason to panic, and there is nothing to do about one here.
            let _ = acceptor.join();
        }
        let script_panic = self.shared.lock().script_panic.take();
        if let Some(message) = script_panic
            && !thread::panicking()
        {
            panic!("a raw script panicked: {message}");
        }
    }
}

/// What the listener, the connections and the owner of the server share.
#[derive(Default)]
pub(crate) struct Shared {
    state: Mutex<State>,
    /// Told of every change of the state.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    stopping: bool,
    permits: u64,
    released_for_good: bool,
    requests: u64,
    connections: u64,
    /// A second handle of each open connection, to shut it down by.
    open: BTreeMap<u64, TcpStream>,
    received: VecDeque<ReceivedRequest>,
    bad_requests: Vec<String>,
    script_panic: Option<String>,
}

impl State {
    fn shut_down_all(&mut self) {
        for socket in self.open.values() {
            // One that the client has closed is not connected any more.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}

/// Why a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wake {
    Released,
    Stopping,
    Time,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is whole after every statement, whoever panicked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_for_change<'a>(
        &self,
        state: MutexGuard<'a, State>,
        at_most: Duration,
    ) -> MutexGuard<'a, State> {
        self.changed
            .wait_timeout(state, at_most)
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }

    /// Waits for the server to stop or, if `release` says so, for a release, which it takes.
    pub(crate) fn wait(&self, release: bool, at_most: Duration) -> Wake {
        let deadline = Instant::now() + at_most;
        let mut state = self.lock();
        loop {
            if state.stopping {
                return Wake::Stopping;
            }
            if release && state.released_for_good {
                return Wake::Released;
            }
            if release && state.permits > 0 {
                state.permits -= 1;
                return Wake::Released;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Wake::Time;
            }
            state = self.wait_for_change(state, left);
        }
    }

    pub(crate) fn record(&self, request: &ReceivedRequest) {
        let request = ReceivedRequest {
            body: request.body[..request.body.len().min(BODY_KEPT)].to_vec(),
            ..request.clone_head()
        };
        let mut state = self.lock();
        state.requests += 1;
        if state.received.len() == RECEIVED_KEPT {
            state.received.pop_front();
        }
        state.received.push_back(request);
        self.changed.notify_all();
    }

    pub(crate) fn record_bad(&self, reason: String) {
        self.lock().bad_requests.push(reason);
        self.changed.notify_all();
    }

    /// Drops the second handle of a connection that ends.
    pub(crate) fn forget(&self, number: u64) {
        self.lock().open.remove(&number);
        self.changed.notify_all();
    }

    /// Counts a connection; `None` if the server stops.
    fn register(&self, socket: &TcpStream) -> Option<u64> {
        let handle = socket.try_clone();
        let mut state = self.lock();
        if state.stopping {
            return None;
        }
        let number = state.connections;
        state.connections += 1;
        state.open.insert(number, handle.ok()?);
        self.changed.notify_all();
        Some(number)
    }
}

fn accept(
    listener: &TcpListener,
    shared: &Arc<Shared>,
    certificate: Option<&ServerCertificate>,
    handler: Handler,
) {
    let handler = Arc::new(handler);
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    loop {
        let accepted = listener.accept();
        if shared.lock().stopping {
            break;
        }
        let Ok((socket, _)) = accepted else {
            thread::sleep(ACCEPT_AGAIN);
            continue;
        };
        let Some(number) = shared.register(&socket) else {
            continue;
        };
        let tls = certificate.map(ServerCertificate::config);
        // Dropping the connection unregisters it, also when there is no thread for it.
        if let Ok(connection) = Connection::new(socket, tls, shared.clone(), number) {
            let handler = handler.clone();
            let thread = thread::Builder::new()
                .name(format!("test-server-{number}"))
                .spawn(move || serve(connection, &handler));
            threads.extend(thread);
        } else {
            shared.forget(number);
        }
        threads.retain(|thread| !thread.is_finished());
    }
    for thread in threads {
        // A script's panic was caught and kept.
        let _ = thread.join();
    }
}

fn serve(mut connection: Connection, handler: &Handler) {
    match handler {
        Handler::Routes => serve_routes(&mut connection),
        Handler::Script(script) => {
            let mut raw = RawConn {
                connection: &mut connection,
            };
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| script(&mut raw))) {
                connection.shared.lock().script_panic = Some(message(panic.as_ref()).to_owned());
            }
        }
    }
    // The client may be gone already.
    if connection.close().is_ok() {
        connection.drain();
    }
}

fn serve_routes(connection: &mut Connection) {
    loop {
        let request = match read_request(connection, keeps_body) {
            Ok(request) => request,
            Err(RequestError::Connection) => return,
            Err(RequestError::Malformed(reason)) => {
                connection.shared.record_bad(reason.clone());
                // Whatever becomes of the answer, this is the end.
                let _ = Response::text(400, &reason)
                    .with("Connection", b"close")
                    .send(connection, false);
                return;
            }
        };
        connection.shared.record(&request);
        match respond(connection, &request) {
            Ok(After::KeepAlive) if request.keeps_alive() => {}
            Ok(After::KeepAlive | After::Close) => return,
            Ok(After::Truncate) => {
                // Nothing is left to do if the client is gone.
                let _ = connection.truncate();
                return;
            }
            Err(_) => return,
        }
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(no message)")
}
