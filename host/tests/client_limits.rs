//! What all stores of a client may hold together: idle connections, for how long, and open
//! responses.

#[path = "common/mod.rs"]
mod common;

use std::thread;
use std::time::{Duration, Instant};

use common::{Guest, code, ctx_with};
use wasi_experimental_http_test_server::{TestCa, TestServer};
use wasi_experimental_http_wasmtime::{HttpClient, HttpClientBuilder};

/// How long connections are idle in a test.
const IDLE: Duration = Duration::from_secs(2);

/// What anything takes at most that waits for nothing, on the slowest machine.
const SOON: Duration = Duration::from_secs(20);

/// Between two looks at what the servers hold.
const LOOK: Duration = Duration::from_millis(5);

/// Starts this many servers for each of plain TCP and TLS, and gives a client that trusts them.
fn servers(
    count: usize,
    set: fn(&mut HttpClientBuilder) -> &mut HttpClientBuilder,
) -> [(Vec<TestServer>, HttpClient); 2] {
    let ca = TestCa::new();
    let client = || {
        let mut builder = HttpClient::builder();
        builder.system_root_certificates(false);
        set(builder.try_add_root_certificates_pem(ca.pem()).unwrap()).build()
    };
    let several = |start: &dyn Fn() -> TestServer| (0..count).map(|_| start()).collect();
    [
        (several(&|| TestServer::http().start()), client()),
        (several(&|| TestServer::https(&ca).start()), client()),
    ]
}

fn guest(servers: &[TestServer], client: &HttpClient) -> Guest {
    let servers: Vec<&TestServer> = servers.iter().collect();
    Guest::new(ctx_with(&servers, client.clone()))
}

fn held(servers: &[TestServer]) -> usize {
    servers.iter().map(TestServer::open_connections).sum()
}

/// Waits until the servers have no more than this many connections.
#[track_caller]
fn wait_for_held(servers: &[TestServer], most: usize) {
    let started = Instant::now();
    while held(servers) > most {
        assert!(started.elapsed() < SOON, "{} are held", held(servers));
        thread::sleep(LOOK);
    }
}

/// Opens this many responses of each server at once and reads them: as many connections are idle.
fn make_idle(guest: &mut Guest, servers: &[TestServer], of_each: usize) {
    let handles: Vec<u32> = servers
        .iter()
        .flat_map(|server| vec![server.url("/get"); of_each])
        .map(|url| guest.open(&url))
        .collect();
    for handle in handles {
        guest.read_all(handle).unwrap();
        guest.call_close(handle);
    }
}

#[test]
fn idle_connections_are_closed_in_time_with_no_request_to_help() {
    for (servers, client) in &servers(3, |builder| builder.idle_timeout(IDLE)) {
        let mut guest = guest(servers, client);
        let in_use = Instant::now();
        make_idle(&mut guest, servers, 2);
        let all_idle = Instant::now();
        wait_for_held(servers, 0);
        assert!(in_use.elapsed() >= IDLE, "{:?}", in_use.elapsed());
        let took = all_idle.elapsed();
        assert!(took < IDLE.mul_f32(1.5), "{took:?}");
        // And the client goes on.
        assert_eq!(guest.fetch_all(&servers[0].url("/get")).0, 200);
    }
}

#[test]
fn an_open_response_is_not_idle() {
    for (servers, client) in &servers(2, |builder| builder.idle_timeout(IDLE / 10)) {
        let (open, idle) = (&servers[..1], &servers[1..]);
        let mut guest = guest(servers, client);
        let handle = guest.open(&open[0].url("/gate"));
        // For ten times the idle time, as others come and go.
        let started = Instant::now();
        while started.elapsed() < IDLE {
            make_idle(&mut guest, idle, 1);
            wait_for_held(idle, 0);
        }
        open[0].release();
        assert_eq!(guest.read_all(handle).unwrap(), b"firstsecond");
    }
}

#[test]
fn no_more_connections_than_allowed_are_idle() {
    const EACH: usize = 3;
    const MOST: usize = 2;
    let many = servers(EACH, |builder| builder.max_idle_connections(MOST));
    for (servers, client) in &many {
        let mut guest = guest(servers, client);
        make_idle(&mut guest, servers, EACH);
        wait_for_held(servers, MOST);
        assert_eq!(held(servers), MOST);
    }
}

#[test]
fn no_more_connections_of_a_host_than_allowed_are_idle() {
    const MOST: usize = 2;
    let many = servers(2, |builder| builder.max_idle_connections_per_host(MOST));
    for (servers, client) in &many {
        let mut guest = guest(servers, client);
        make_idle(&mut guest, servers, 4);
        for server in servers {
            server.wait_for_open_connections(MOST);
            assert_eq!(server.open_connections(), MOST);
        }
    }
}

#[test]
fn no_connection_is_kept_where_none_may_be() {
    let sets: [fn(&mut HttpClientBuilder) -> &mut HttpClientBuilder; 2] = [
        |builder| builder.max_idle_connections(0),
        |builder| builder.max_idle_connections_per_host(0),
    ];
    for set in sets {
        for (servers, client) in &servers(1, set) {
            let mut guest = guest(servers, client);
            make_idle(&mut guest, servers, 3);
            wait_for_held(servers, 0);
            assert_eq!(guest.fetch_all(&servers[0].url("/get")).0, 200);
        }
    }
}

#[test]
fn open_responses_of_all_stores_of_a_client_are_bounded() {
    for (servers, client) in &servers(1, |builder| builder.max_open_responses(3)) {
        let server = &servers[0];
        let url = server.url("/gate");
        let (mut one, mut two) = (guest(servers, client), guest(servers, client));
        let first = one.open(&url);
        one.open(&url);
        two.open(&url);
        let reached = (server.connections(), server.requests());
        for guest in [&mut one, &mut two] {
            assert_eq!(guest.fetch(&url), Err(code::TOO_MANY_SESSIONS));
        }
        assert_eq!((server.connections(), server.requests()), reached);
        // What the one gives back is the other's, closed or with its store.
        one.call_close(first);
        two.open(&url);
        assert_eq!(one.fetch(&url), Err(code::TOO_MANY_SESSIONS));
        drop(one);
        two.open(&url);
        assert_eq!(two.fetch(&url), Err(code::TOO_MANY_SESSIONS));
        // Another client has places of its own.
        let other = HttpClient::builder().max_open_responses(1).build();
        let plain = TestServer::http().start();
        let mut three = Guest::new(ctx_with(&[&plain], other));
        assert_eq!(three.fetch_all(&plain.url("/get")).0, 200);
    }
}

#[test]
fn a_request_that_fails_gives_its_place_back() {
    for (servers, client) in &servers(1, |builder| builder.max_open_responses(1)) {
        let mut guest = guest(servers, client);
        for _ in 0..3 {
            let given = guest.fetch(&servers[0].url("/redirect-loop"));
            assert_eq!(given, Err(code::REQUEST_ERROR));
            let given = guest.fetch("http://127.0.0.1:1/");
            assert_eq!(given, Err(code::DESTINATION_NOT_ALLOWED));
            let handle = guest.open(&servers[0].url("/lying-length?claim=9"));
            assert_eq!(guest.read_all(handle), Err(code::INCOMPLETE_BODY));
            guest.call_close(handle);
        }
        assert_eq!(guest.fetch_all(&servers[0].url("/get")).0, 200);
    }
}

#[test]
fn idle_connections_go_before_a_response_is_refused() {
    let many = servers(2, |builder| {
        builder.max_open_responses(2).max_idle_connections(2)
    });
    for (servers, client) in &many {
        let mut guest = guest(servers, client);
        make_idle(&mut guest, &servers[..1], 2);
        let url = servers[1].url("/gate");
        for _ in 0..2 {
            guest.open(&url);
        }
        assert_eq!(guest.fetch(&url), Err(code::TOO_MANY_SESSIONS));
    }
}

#[test]
fn where_no_response_may_be_open_there_is_none() {
    for (servers, client) in &servers(1, |builder| builder.max_open_responses(0)) {
        let given = guest(servers, client).fetch(&servers[0].url("/get"));
        assert_eq!(given, Err(code::TOO_MANY_SESSIONS));
        assert_eq!(servers[0].connections(), 0);
    }
}
