//! One measurement in a process of its own: a loop of requests, native or by a guest.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Wake};
use std::thread::Thread;
use std::time::Duration;
use std::{fs, thread};

use ureq::config::AutoHeaderValue;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use wasi_experimental_http_wasmtime::{AllowedHosts, HttpClient, HttpCtx, HttpCtxBuilder, limits};
use wasmtime::error::Context;
use wasmtime::{
    Cache, Config, Engine, Extern, Instance, InstancePre, Linker, Module, ModuleExport, Result,
    Store, TypedFunc, WasmParams, WasmResults, bail, ensure,
};
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::p1::{self, WasiP1Ctx};

use crate::measure::{self, Batches, PIECE, SMALL, peak_memory, timed};
use crate::{connections, server};

/// As many connections are kept as there are threads.
const MAX_IDLE: usize = 512;

#[derive(clap::Args)]
pub struct ClientArgs {
    work: Work,
    #[arg(long)]
    url: String,
    /// The guest that does it; native code if there is none
    #[arg(long)]
    guest: Option<PathBuf>,
    /// Leave ureq's settings as they are, but for how many connections it keeps; by native code
    #[arg(long)]
    defaults: bool,
    #[command(flatten)]
    batches: Batches,
    #[arg(long, default_value_t = 1)]
    threads: u64,
    #[arg(long)]
    ca_file: Option<PathBuf>,
    /// How many connections are idle, each to an origin of its own; by a guest
    #[arg(long, default_value_t = 0)]
    idle_origins: usize,
    /// How many hosts are allowed beside the one that is asked; by a guest
    #[arg(long, default_value_t = 0)]
    allowed_hosts: usize,
    /// How many hosts are denied; by a guest
    #[arg(long, default_value_t = 0)]
    denied_hosts: usize,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Work {
    /// Small requests over one connection, by each thread
    Get,
    /// Small requests with as many header fields as the URL says, all of which are read of the answer
    Headers,
    /// Small requests, each by a store of its own
    Fresh,
    /// Small requests that are started, and then waited for; by a guest
    Started,
    /// Small requests in an asynchronous store; by a guest
    Async,
    /// Small requests, as many at once as there are threads: by these, or by one guest
    Parallel,
    Download,
    Upload,
    /// A body that is written in pieces
    Stream,
    /// A body that is read from the socket, with nothing between; by native code
    Socket,
    /// The first request of a process, with a module that was compiled before
    First,
    /// The memory of stores that have had a response each; by guests
    Stores,
}

/// Measures, and prints the seconds and KiB of memory: the peak of this process, or what a store takes.
pub fn run(arguments: &ClientArgs) -> Result<()> {
    let mut memory = None;
    let time = match (&arguments.guest, arguments.work) {
        (None, _) => native(arguments)?,
        (Some(guest), Work::Stores) => {
            let guests = Guests::new(arguments, guest)?;
            memory = Some(measure::memory_of_each(|| {
                let mut guest = guests.instance()?;
                guests.get(&mut guest, 1)?;
                Ok(guest)
            })?);
            Duration::ZERO
        }
        (Some(guest), _) => by_guest(arguments, guest)?,
    };
    let memory = memory.map_or_else(peak_memory, Ok)?;
    println!("{} {memory}", time.as_secs_f64());
    Ok(())
}

/// ureq by itself, with the settings that the host gives it, but for timeouts of the whole request
/// and of name lookup: with these ureq's own resolver starts a thread for each request, also for an
/// address, which would be no fair comparison.
fn agent(arguments: &ClientArgs) -> Result<ureq::Agent> {
    if arguments.defaults {
        let config = ureq::Agent::config_builder()
            .max_idle_connections(MAX_IDLE)
            .max_idle_connections_per_host(MAX_IDLE);
        return Ok(config.build().into());
    }
    let mut config = ureq::Agent::config_builder()
        .accept_encoding(AutoHeaderValue::None)
        .allow_non_standard_methods(true)
        .http_status_as_error(false)
        .max_idle_connections(MAX_IDLE)
        .max_idle_connections_per_host(MAX_IDLE)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .max_response_header_size(usize::try_from(limits::MAX_RESPONSE_HEADER_BYTES)?)
        .timeout_connect(Some(limits::DEFAULT_CONNECT_TIMEOUT))
        .timeout_recv_response(Some(limits::DEFAULT_RESPONSE_TIMEOUT))
        .timeout_per_read(Some(limits::DEFAULT_READ_TIMEOUT))
        .timeout_per_write(Some(limits::DEFAULT_READ_TIMEOUT))
        .output_buffer_size(256 * 1024)
        .proxy(None);
    if let Some(path) = &arguments.ca_file {
        config = config.tls_config(tls(path)?);
    }
    Ok(config.build().into())
}

/// What trusts the certificate authority of a server of the benchmarks.
pub fn tls(ca_file: &Path) -> Result<TlsConfig> {
    let certificate = Certificate::from_pem(&fs::read(ca_file)?)?;
    let roots = RootCerts::new_with_certs(&[certificate]);
    Ok(TlsConfig::builder().root_certs(roots).build())
}

fn native(arguments: &ClientArgs) -> Result<Duration> {
    let agent = agent(arguments)?;
    let url = &arguments.url;
    let get = |count: u64| {
        for _ in 0..count {
            let mut body = Vec::new();
            agent
                .get(url)
                .call()?
                .into_body()
                .into_reader()
                .read_to_end(&mut body)?;
            ensure!(body.len() == SMALL, "{} bytes", body.len());
        }
        Ok(())
    };
    let headers = |count: u64| {
        for _ in 0..count {
            let mut request = agent.get(url);
            for number in 0..header_count(url) {
                request = request.header(format!("x-header-{number}"), HEADER_VALUE);
            }
            let response = request.call()?;
            let bytes = response.headers().values().map(|value| value.len());
            ensure!(bytes.sum::<usize>() > 0, "no header fields");
            let mut body = Vec::new();
            response.into_body().into_reader().read_to_end(&mut body)?;
            ensure!(body.len() == SMALL, "{} bytes", body.len());
        }
        Ok(())
    };
    match arguments.work {
        Work::Get | Work::Fresh | Work::Started | Work::Async | Work::Parallel => {
            arguments.batches.on_threads(arguments.threads, || Ok(get))
        }
        Work::Headers => arguments
            .batches
            .on_threads(arguments.threads, || Ok(headers)),
        Work::Download => timed(|| {
            let count = arguments.batches.count;
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
        Work::Socket => socket(arguments),
        Work::First => timed(|| get(1)),
        Work::Stores => bail!("native code has no stores"),
        Work::Stream => timed(|| {
            let mut body = io::repeat(b'a').take(arguments.batches.count);
            let request = agent
                .post(url)
                .header("content-length", arguments.batches.count);
            let body = ureq::SendBody::from_reader(&mut body);
            request.send(body)?.into_body().read_to_vec()?;
            Ok(())
        }),
        Work::Upload => {
            let body = vec![b'a'; usize::try_from(arguments.batches.count)?];
            timed(|| {
                agent.post(url).send(&body[..])?.into_body().read_to_vec()?;
                Ok(())
            })
        }
    }
}

/// Reads a body as quickly as it can be read into a buffer of the guest's size.
fn socket(arguments: &ClientArgs) -> Result<Duration> {
    let url: http::Uri = arguments.url.parse()?;
    let authority = url.authority().context("the URL has no authority")?;
    let head = format!("GET {} HTTP/1.1\r\nhost: {authority}\r\n\r\n", url.path());
    timed(|| {
        let mut stream = TcpStream::connect(authority.as_str())?;
        stream.write_all(head.as_bytes())?;
        let mut buffer = vec![0; PIECE];
        let mut filled = 0;
        let body = loop {
            match stream.read(&mut buffer[filled..])? {
                0 => bail!("the response ends in its head"),
                count => filled += count,
            }
            if let Some(end) = server::find(&buffer[..filled], b"\r\n\r\n") {
                break end + 4;
            }
        };
        let mut left = arguments.batches.count - (filled - body) as u64;
        while left > 0 {
            match stream.read(&mut buffer)? {
                0 => bail!("the body is {left} bytes short"),
                count => left -= count as u64,
            }
        }
        Ok(())
    })
}

const HEADER_VALUE: &str = "a value of the usual length";

/// How many header fields a URL asks for.
fn header_count(url: &str) -> u32 {
    let number = url.rsplit('/').next().map(str::parse);
    number.and_then(Result::ok).unwrap_or(0)
}

struct State {
    /// Made when the guest first asks for it, which in small requests it never does.
    wasi: Option<WasiP1Ctx>,
    http: HttpCtx,
}

impl State {
    fn http(&mut self) -> &mut HttpCtx {
        &mut self.http
    }

    fn wasi(&mut self) -> &mut WasiP1Ctx {
        self.wasi
            .get_or_insert_with(|| WasiCtxBuilder::new().inherit_stderr().build_p1())
    }
}

struct Guests {
    pre: InstancePre<State>,
    /// What each instance is asked for, looked up once.
    initialize: Option<ModuleExport>,
    url_buffer: ModuleExport,
    memory: ModuleExport,
    /// The function that is measured.
    work: ModuleExport,
    /// What every store is allowed, with the client that they share.
    http: HttpCtxBuilder,
    is_async: bool,
    url: String,
}

impl Guests {
    fn new(arguments: &ClientArgs, guest: &Path) -> Result<Guests> {
        let mut config = Config::new();
        match arguments.work {
            Work::Fresh => {
                config.allocation_strategy(measure::pool());
            }
            Work::First => {
                config.cache(Some(Cache::from_file(None)?));
            }
            _ => {}
        }
        let engine = Engine::new(&config)?;
        let module = Module::from_file(&engine, guest)?;
        let mut linker = Linker::new(&engine);
        p1::add_to_linker_sync(&mut linker, State::wasi)?;
        let is_async = matches!(arguments.work, Work::Async);
        if is_async {
            wasi_experimental_http_wasmtime::add_to_linker_async(&mut linker, State::http)?;
        } else {
            wasi_experimental_http_wasmtime::add_to_linker(&mut linker, State::http)?;
        }
        let mut client = HttpClient::builder();
        connections::with_names(&mut client);
        client
            .max_idle_connections(MAX_IDLE)
            .max_idle_connections_per_host(MAX_IDLE);
        if let Some(path) = &arguments.ca_file {
            client.try_add_root_certificates_pem(fs::read(path)?)?;
        }
        let origin = arguments
            .url
            .splitn(4, '/')
            .take(3)
            .collect::<Vec<_>>()
            .join("/");
        let client = client.build();
        connections::make_idle(&client, &arguments.url, arguments.idle_origins)?;
        let export = |name| {
            let export = module.get_export_index(name);
            export.with_context(|| format!("the guest exports no `{name}`"))
        };
        Ok(Guests {
            initialize: module.get_export_index("_initialize"),
            url_buffer: export("url_buffer")?,
            memory: export("memory")?,
            work: export(match arguments.work {
                Work::Get | Work::Fresh | Work::Async | Work::First | Work::Stores => "get",
                Work::Headers => "get_with_headers",
                Work::Started => "get_started",
                Work::Parallel if arguments.threads == 8 => "parallel_8",
                Work::Parallel => "parallel_64",
                Work::Stream => "stream",
                Work::Download => "download",
                Work::Upload => "upload",
                Work::Socket => bail!("no guest has a socket"),
            })?,
            pre: linker.instantiate_pre(&module)?,
            http: HttpCtx::builder()
                .allowed_hosts(allowed_hosts(arguments, origin)?)
                .max_concurrent_requests(64)
                .client(client)
                .clone(),
            is_async,
            url: arguments.url.clone(),
        })
    }

    /// A new instance, which knows the URL.
    fn instance(&self) -> Result<Guest> {
        let state = State {
            wasi: None,
            http: self.http.clone().build(),
        };
        let mut store = Store::new(self.pre.module().engine(), state);
        let instance = if self.is_async {
            block_on(self.pre.instantiate_async(&mut store))?
        } else {
            self.pre.instantiate(&mut store)?
        };
        let mut guest = Guest {
            store,
            instance,
            is_async: self.is_async,
        };
        if let Some(initialize) = &self.initialize {
            guest.call_function::<(), ()>(initialize, ())?;
        }
        let len = u32::try_from(self.url.len())?;
        let at = guest.call_function::<u32, u32>(&self.url_buffer, len)?;
        let memory = guest.find(&self.memory)?.into_memory();
        let memory = memory.context("`memory` is a memory")?;
        memory.write(&mut guest.store, at as usize, self.url.as_bytes())?;
        Ok(guest)
    }

    /// Has a guest make small requests.
    fn get(&self, guest: &mut Guest, count: u64) -> Result<()> {
        let bytes = guest.call(&self.work, count)?;
        ensure!(bytes == count * SMALL as u64, "{bytes} bytes");
        Ok(())
    }
}

/// The hosts of a guest: behind all others the one that it asks.
fn allowed_hosts(arguments: &ClientArgs, origin: String) -> Result<AllowedHosts> {
    let allowed = (0..arguments.allowed_hosts).map(|number| format!("https://a{number}.example"));
    let denied = (0..arguments.denied_hosts).map(|number| format!("deny:d{number}.example"));
    Ok(AllowedHosts::parse(allowed.chain(denied).chain([origin]))?)
}

/// A module in a store of its own.
struct Guest {
    store: Store<State>,
    instance: Instance,
    is_async: bool,
}

impl Guest {
    fn find(&mut self, export: &ModuleExport) -> Result<Extern> {
        let export = self.instance.get_module_export(&mut self.store, export);
        export.context("an instance has what its module exports")
    }

    fn function<P: WasmParams, R: WasmResults>(
        &mut self,
        export: &ModuleExport,
    ) -> Result<TypedFunc<P, R>> {
        let function = self.find(export)?.into_func();
        function.context("it is a function")?.typed(&self.store)
    }

    /// Calls a function that takes a number and gives one, or -1.
    fn call(&mut self, export: &ModuleExport, argument: u64) -> Result<u64> {
        let result = self.call_function::<u32, i64>(export, u32::try_from(argument)?)?;
        Ok(u64::try_from(result)?)
    }

    fn call_function<P: WasmParams + Sync, R: WasmResults + Sync>(
        &mut self,
        export: &ModuleExport,
        parameters: P,
    ) -> Result<R> {
        let function = self.function::<P, R>(export)?;
        if self.is_async {
            block_on(function.call_async(&mut self.store, parameters))
        } else {
            function.call(&mut self.store, parameters)
        }
    }
}

/// Runs a future on this thread alone.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Arc::new(Unpark(thread::current())).into();
    let mut context = TaskContext::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

fn by_guest(arguments: &ClientArgs, guest: &Path) -> Result<Duration> {
    let guests = Guests::new(arguments, guest)?;
    let count = arguments.batches.count;
    match arguments.work {
        Work::Get | Work::Headers | Work::Started | Work::Async => {
            arguments.batches.on_threads(arguments.threads, || {
                let mut guest = guests.instance()?;
                let guests = &guests;
                Ok(move |count| guests.get(&mut guest, count))
            })
        }
        // One guest, that has as many on their way.
        Work::Parallel => arguments.batches.on_threads(1, || {
            let mut guest = guests.instance()?;
            let guests = &guests;
            Ok(move |count| guests.get(&mut guest, count))
        }),
        Work::Fresh => arguments.batches.on_threads(arguments.threads, || {
            Ok(|count| (0..count).try_for_each(|_| guests.get(&mut guests.instance()?, 1)))
        }),
        Work::Download => {
            let mut guest = guests.instance()?;
            timed(|| {
                let bytes = guest.call(&guests.work, PIECE as u64)?;
                ensure!(bytes == count, "{bytes} bytes");
                Ok(())
            })
        }
        Work::Stream => {
            let mut guest = guests.instance()?;
            timed(|| {
                let bytes = guest.call(&guests.work, count)?;
                ensure!(bytes == count, "{bytes} bytes");
                Ok(())
            })
        }
        Work::First => timed(|| guests.get(&mut guests.instance()?, 1)),
        Work::Socket | Work::Stores => bail!("a guest does not do this"),
        Work::Upload => {
            let mut guest = guests.instance()?;
            let fill = guests.pre.module().get_export_index("fill");
            guest.call(&fill.context("the guest exports no `fill`")?, count)?;
            timed(|| {
                let bytes = guest.call(&guests.work, count)?;
                ensure!(bytes == count, "{bytes} bytes");
                Ok(())
            })
        }
    }
}
