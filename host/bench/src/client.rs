//! One measurement in a process of its own: a loop of requests, native or by a guest.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::time::{Duration, Instant};
use std::{fs, thread};

use wasmtime::error::Context;
use wasmtime::{Result, ensure};
use wasi_experimental_http_wasmtime::{AllowedHosts, HttpClient, HttpCtx};
use wasmtime::{Config, Engine, InstancePre, Linker, Module, PoolingAllocationConfig, Store};
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::p1::{self, WasiP1Ctx};

use crate::server::SMALL;

/// The pieces in which bodies are read.
const PIECE: usize = 64 * 1024;

#[derive(clap::Args)]
pub struct ClientArgs {
    work: Work,
    #[arg(long)]
    url: String,
    /// The guest that does it; native code if there is none
    #[arg(long)]
    guest: Option<PathBuf>,
    /// How many requests, or bytes of a body
    #[arg(long)]
    count: u64,
    #[arg(long, default_value_t = 1)]
    threads: u64,
    #[arg(long)]
    ca_file: Option<PathBuf>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Work {
    /// Small requests over one connection, by each thread
    Get,
    /// Small requests, each by a store of its own
    Fresh,
    Download,
    Upload,
}

/// Measures, and prints the seconds and the peak of this process's memory in KiB.
pub fn run(arguments: &ClientArgs) -> Result<()> {
    let time = match &arguments.guest {
        None => native(arguments)?,
        Some(guest) => by_guest(arguments, guest)?,
    };
    println!("{} {}", time.as_secs_f64(), peak_memory()?);
    Ok(())
}

/// What Linux counts as the most memory that this process has had, in KiB.
fn peak_memory() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .context("no VmHWM in /proc/self/status")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

/// Runs what `prepare` makes on so many threads, each with its part of the count, and gives the
/// time from when all are ready, with a connection each, to the end of the last.
fn on_threads<W: FnMut(u64) -> Result<()>>(
    arguments: &ClientArgs,
    prepare: impl Fn() -> Result<W> + Sync,
) -> Result<Duration> {
    let part = arguments.count / arguments.threads;
    let ready = Barrier::new(usize::try_from(arguments.threads)? + 1);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..arguments.threads)
            .map(|_| {
                scope.spawn(|| {
                    let prepared = prepare().and_then(|mut work| {
                        work(1)?;
                        Ok(work)
                    });
                    ready.wait();
                    prepared?(part)
                })
            })
            .collect();
        ready.wait();
        let start = Instant::now();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().expect("a thread of the benchmark panicked"))?;
        Ok(start.elapsed())
    })
}

fn timed(work: impl FnOnce() -> Result<()>) -> Result<Duration> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed())
}

fn native(arguments: &ClientArgs) -> Result<Duration> {
    let mut config = ureq::Agent::config_builder()
        .proxy(None)
        .max_idle_connections(64)
        .max_idle_connections_per_host(64);
    if let Some(path) = &arguments.ca_file {
        let certificate = ureq::tls::Certificate::from_pem(&fs::read(path)?)?;
        let roots = ureq::tls::RootCerts::new_with_certs(&[certificate]);
        let tls = ureq::tls::TlsConfig::builder().root_certs(roots).build();
        config = config.tls_config(tls);
    }
    let agent: ureq::Agent = config.build().into();
    let url = &arguments.url;
    let get = |count: u64| {
        for _ in 0..count {
            let mut body = Vec::new();
            agent.get(url).call()?.into_body().into_reader().read_to_end(&mut body)?;
            ensure!(body.len() == SMALL, "{} bytes", body.len());
        }
        Ok(())
    };
    match arguments.work {
        Work::Get | Work::Fresh => on_threads(arguments, || Ok(get)),
        Work::Download => timed(|| {
            let count = arguments.count;
            let mut reader = agent.get(url).call()?.into_body().into_reader();
            let mut buffer = vec![0; PIECE];
            let mut bytes = 0;
            loop {
                match reader.read(&mut buffer)? {
                    0 => break,
                    read => bytes += read as u64,
                }
            }
            ensure!(bytes == count, "{bytes} bytes");
            Ok(())
        }),
        Work::Upload => {
            // The guest's buffer is filled before it is sent, too.
            let body = vec![b'a'; usize::try_from(arguments.count)?];
            timed(|| {
                agent.post(url).send(&body[..])?.into_body().read_to_vec()?;
                Ok(())
            })
        }
    }
}

struct State {
    wasi: WasiP1Ctx,
    http: HttpCtx,
}

struct Guests {
    pre: InstancePre<State>,
    client: HttpClient,
    hosts: AllowedHosts,
    url: String,
}

impl Guests {
    fn new(arguments: &ClientArgs, guest: &Path) -> Result<Guests> {
        let mut config = Config::new();
        if let Work::Fresh = arguments.work {
            // What an embedder does that makes many instances.
            config.allocation_strategy(PoolingAllocationConfig::default());
        }
        let engine = Engine::new(&config)?;
        let module = Module::from_file(&engine, guest)?;
        let mut linker = Linker::new(&engine);
        p1::add_to_linker_sync(&mut linker, |state: &mut State| &mut state.wasi)?;
        wasi_experimental_http_wasmtime::add_to_linker(&mut linker, |state: &mut State| {
            &mut state.http
        })?;
        let mut client = HttpClient::builder();
        if let Some(path) = &arguments.ca_file {
            client = client.add_root_certificates_pem(fs::read(path)?)?;
        }
        let origin = arguments.url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        Ok(Guests {
            pre: linker.instantiate_pre(&module)?,
            client: client.build(),
            hosts: AllowedHosts::parse([origin])?,
            url: arguments.url.clone(),
        })
    }

    /// A function of a new instance.
    fn function(&self, name: &str) -> Result<impl FnMut(u32) -> Result<i64> + use<>> {
        let state = State {
            wasi: WasiCtxBuilder::new()
                .inherit_stderr()
                .env("HTTP_URL", &self.url)
                .build_p1(),
            http: HttpCtx::builder()
                .allowed_hosts(self.hosts.clone())
                .client(self.client.clone())
                .build(),
        };
        let mut store = Store::new(self.pre.module().engine(), state);
        let instance = self.pre.instantiate(&mut store)?;
        if let Some(initialize) = instance.get_func(&mut store, "_initialize") {
            initialize.call(&mut store, &[], &mut [])?;
        }
        let function = instance.get_typed_func::<u32, i64>(&mut store, name)?;
        Ok(move |count| Ok(function.call(&mut store, count)?))
    }
}

fn by_guest(arguments: &ClientArgs, guest: &Path) -> Result<Duration> {
    let guests = Guests::new(arguments, guest)?;
    let get = |function: &mut dyn FnMut(u32) -> Result<i64>, count: u64| {
        let bytes = function(u32::try_from(count)?)?;
        ensure!(bytes == i64::try_from(count)? * SMALL as i64, "{bytes} bytes");
        Ok(())
    };
    match arguments.work {
        Work::Get => on_threads(arguments, || {
            let mut function = guests.function("get")?;
            Ok(move |count| get(&mut function, count))
        }),
        Work::Fresh => on_threads(arguments, || {
            Ok(|count| (0..count).try_for_each(|_| get(&mut guests.function("get")?, 1)))
        }),
        Work::Download => {
            let mut download = guests.function("download")?;
            let start = Instant::now();
            let bytes = download(PIECE as u32)?;
            let time = start.elapsed();
            ensure!(bytes == i64::try_from(arguments.count)?, "{bytes} bytes");
            Ok(time)
        }
        Work::Upload => {
            // The guest fills its buffer in the call: once without sending, to take it off.
            let mut upload = guests.function("upload")?;
            let mut fill = guests.function("fill")?;
            let count = u32::try_from(arguments.count)?;
            let start = Instant::now();
            fill(count)?;
            let filled = start.elapsed();
            let start = Instant::now();
            let bytes = upload(count)?;
            let time = start.elapsed();
            ensure!(bytes == i64::from(count), "{bytes} bytes");
            Ok(time.saturating_sub(filled))
        }
    }
}
