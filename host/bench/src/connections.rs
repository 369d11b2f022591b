//! Many connections of one client: what each takes of memory, and idle ones for other measurements.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use wasi_experimental_http_wasmtime::{HttpClient, HttpClientBuilder, HttpCtx};
use wasmtime::error::Context;
use wasmtime::{Engine, Instance, Linker, Module, Result, Store, ensure};

use crate::measure::memory;

/// A guest that opens responses, and reads of them.
const GUEST: &str = include_str!("connections.wat");

/// Where it expects a URL.
const URL_AT: usize = 1024;

#[derive(clap::Args)]
pub struct ConnectionsArgs {
    /// A small body for idle connections, a large one for open ones
    #[arg(long)]
    url: String,
    #[arg(long)]
    ca_file: Option<PathBuf>,
    state: State,
    #[arg(long)]
    count: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum State {
    /// Responses that are open, with more of their bodies to read
    Open,
    /// Connections to as many origins, of which none is in use
    Idle,
    /// Such connections, until they are closed because nobody used them
    Closed,
}

/// After how long connections are closed that nobody uses.
pub const IDLE_TIME: Duration = Duration::from_secs(2);

/// Prints how many KiB a connection takes; or, for those that are closed, how many seconds that
/// took since the last of them was used, and how many KiB of each are left.
pub fn run(arguments: &ConnectionsArgs) -> Result<()> {
    let mut client = HttpClient::builder();
    with_names(&mut client);
    if arguments.state == State::Closed {
        client.idle_timeout(IDLE_TIME);
    }
    if let Some(path) = &arguments.ca_file {
        client.try_add_root_certificates_pem(fs::read(path)?)?;
    }
    let mut guest = Guest::new(&client.build())?;
    if arguments.state == State::Closed {
        return closed(arguments, &mut guest);
    }
    // What is made once is there before it is measured.
    guest.get(&arguments.url)?;
    let before = memory()?;
    for number in 0..arguments.count {
        match arguments.state {
            State::Open => {
                guest.open(&arguments.url)?;
                ensure!(guest.read(1)? == 1, "the body has a byte");
            }
            State::Idle | State::Closed => guest.get(&named(&arguments.url, number))?,
        }
    }
    let count = u32::try_from(arguments.count)?;
    println!("{}", (memory()? - before) / f64::from(count));
    Ok(())
}

/// Makes connections idle, and waits until all are closed, without another request.
fn closed(arguments: &ConnectionsArgs, guest: &mut Guest) -> Result<()> {
    /// How often it is looked whether they are, of their idle time.
    const LOOKS: u32 = 200;
    const ROUNDS: usize = 4;
    let without = open_files()?;
    let mut left = Vec::new();
    let mut seconds = 0.0;
    // What a round leaves to the allocator is there for the next one.
    for _ in 0..ROUNDS {
        for number in 0..arguments.count {
            guest.get(&named(&arguments.url, number))?;
        }
        let start = Instant::now();
        while open_files()? > without {
            let waited = start.elapsed();
            ensure!(waited < 10 * IDLE_TIME, "they are open after {waited:?}");
            thread::sleep(IDLE_TIME / LOOKS);
        }
        seconds = start.elapsed().as_secs_f64();
        left.push(memory()?);
    }
    let count = u32::try_from(arguments.count)?;
    println!(
        "{seconds} {}",
        (left[ROUNDS - 1] - left[ROUNDS - 2]) / f64::from(count)
    );
    Ok(())
}

/// How many files this process has open, sockets among them.
fn open_files() -> Result<usize> {
    Ok(fs::read_dir("/proc/self/fd")?.count())
}

/// Makes this many connections idle, each to an origin of its own.
pub fn make_idle(client: &HttpClient, url: &str, count: usize) -> Result<()> {
    if count == 0 {
        // Nothing is compiled for it, either, which the first answer of a process would wait for.
        return Ok(());
    }
    let mut guest = Guest::new(client)?;
    (0..count).try_for_each(|number| guest.get(&named(url, number)))
}

/// The client finds the server under all names.
pub fn with_names(client: &mut HttpClientBuilder) {
    client.resolver(|_| Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]));
}

/// The same URL at another origin of the same server.
fn named(url: &str, number: usize) -> String {
    url.replace("127.0.0.1", &format!("n{number}.bench.test"))
}

struct Guest {
    store: Store<HttpCtx>,
    instance: Instance,
}

impl Guest {
    fn new(client: &HttpClient) -> Result<Guest> {
        let engine = Engine::default();
        let module = Module::new(&engine, GUEST)?;
        let mut linker = Linker::new(&engine);
        wasi_experimental_http_wasmtime::add_to_linker(&mut linker, |http: &mut HttpCtx| http)?;
        let http = HttpCtx::builder()
            .client(client.clone())
            .try_allowed_host("insecure:allow-all")?
            .max_concurrent_requests(usize::MAX)
            .build();
        let mut store = Store::new(&engine, http);
        let instance = linker.instantiate(&mut store, &module)?;
        Ok(Guest { store, instance })
    }

    fn call(&mut self, function: &str, argument: usize) -> Result<u32> {
        let function = self
            .instance
            .get_typed_func::<u32, i32>(&mut self.store, function)?;
        let result = function.call(&mut self.store, u32::try_from(argument)?)?;
        Ok(u32::try_from(result)?)
    }

    /// Opens a response, which becomes the last one.
    fn open(&mut self, url: &str) -> Result<()> {
        let memory = self.instance.get_memory(&mut self.store, "memory");
        let memory = memory.context("the guest has a memory")?;
        memory.write(&mut self.store, URL_AT, url.as_bytes())?;
        let code = self.call("open", url.len())?;
        ensure!(code == 0, "error {code} for {url}");
        Ok(())
    }

    /// Reads at most so many bytes of the last response.
    fn read(&mut self, at_most: usize) -> Result<u32> {
        self.call("read", at_most)
    }

    /// Opens a response, and reads it to its end.
    fn get(&mut self, url: &str) -> Result<()> {
        self.open(url)?;
        while self.read(32 * 1024)? > 0 {}
        Ok(())
    }
}
