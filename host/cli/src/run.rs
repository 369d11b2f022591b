//! Runs a module as the command line says.

use std::io::Write;
use std::{env, fs};

use wasi_experimental_http_wasmtime::{
    AllowedHosts, HttpClientBuilder, HttpCtx, HttpCtxBuilder, TlsVersion,
};
use wasmtime::error::Context;
use wasmtime::{Engine, FuncType, Linker, Module, Result, Store, Trap, Val, bail};
use wasmtime::{StoreLimits, StoreLimitsBuilder};
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::p1::{self, WasiP1Ctx};

use crate::args::{Arguments, Tls};
use crate::har::Har;
use crate::report::Advice;
use crate::timeout::Watchdog;
use crate::{exit, imports, interrupt, invoke, log, module, report};

/// The start of commands, by WASI's convention.
const START: &str = "_start";

/// The initialisation of libraries, by WASI's convention.
const INITIALIZE: &str = "_initialize";

struct State {
    wasi: WasiP1Ctx,
    http: HttpCtx,
    memory: StoreLimits,
}

/// The program that runs a module: what it decides beside the options.
pub trait Program {
    /// The signals that end the guest.
    fn signals(&self) -> &[i32] {
        &[interrupt::SIGINT]
    }

    /// How requests that are denied could be allowed.
    fn advice(&self) -> Advice {
        Advice::Options
    }

    /// Changes how connections are made.
    fn set_up_client(&self, client: &mut HttpClientBuilder) {
        let _ = client;
    }

    /// Changes what requests may do.
    fn set_up_requests(&self, http: &mut HttpCtxBuilder) {
        let _ = http;
    }
}

/// `wasmtime-http` itself.
struct Command;

impl Program for Command {}

/// Runs the module that the command line names to its end.
///
/// # Errors
///
/// Why it could not be run, or did not return: an [`exit::Exit`] if it called `proc_exit`, a
/// [`wasmtime::Trap`] if it trapped.
pub fn run(arguments: &Arguments) -> Result<()> {
    let engine = arguments
        .engine
        .engine(arguments.timeout.0.is_some(), !arguments.no_cache)?;
    let module = module::load(&engine, &arguments.module, arguments.allow_precompiled)?;
    run_module(arguments, &engine, &module, &Command)
}

/// Runs a module to its end. The engine needs epochs if there is a timeout.
///
/// # Errors
///
/// As [`run`].
pub fn run_module(
    arguments: &Arguments,
    engine: &Engine,
    module: &Module,
    program: &dyn Program,
) -> Result<()> {
    let load = |path| module::load(engine, path, arguments.allow_precompiled);
    let preloads = arguments.preloads.iter();
    let preloads = preloads.map(|(name, path)| Ok((name.as_str(), load(path)?)));
    let preloads = preloads.collect::<Result<Vec<_>>>()?;
    let (name, given) = invoke::call(module, &arguments.invoke, &arguments.arguments)?;
    let function = invoke::find(module, name)?;
    // A command gets its arguments from WASI, and `_start` has no parameters.
    let parameters = match name {
        START => Vec::new(),
        name => invoke::parameters(name, &function, &given)?,
    };

    let mut linker = linker(engine)?;
    let state = State {
        wasi: wasi(arguments)?,
        http: http(arguments, program)?,
        memory: memory(arguments),
    };
    let mut store = Store::new(engine, state);
    store.limiter(|state| &mut state.memory);
    // wasmtime-wasi bounds what one call may copy for the sake of hosts with many guests. Here a
    // guest may read as much at once as its memory holds.
    store.set_hostcall_fuel(usize::MAX);
    if let Some(fuel) = arguments.engine.fuel() {
        store.set_fuel(fuel)?;
    }

    let cancel = store.data().http.cancel_handle();
    interrupt::cancel_on(program.signals(), cancel.clone())?;
    let watchdog = match arguments.timeout.0 {
        Some(limit) => {
            store.set_epoch_deadline(1);
            Some(Watchdog::start(engine.clone(), cancel, limit)?)
        }
        None => {
            // An engine with epochs would stop the guest at once.
            store.set_epoch_deadline(u64::MAX);
            None
        }
    };
    let preloaded = preloads.iter().try_for_each(|(name, module)| {
        imports::check(&linker, &mut store, module)
            .and_then(|()| linker.module(&mut store, name, module).map(drop))
            .with_context(|| format!("cannot preload `{name}`"))
    });
    let ended = preloaded.and_then(|()| {
        call(
            arguments,
            name,
            &linker,
            &mut store,
            module,
            &function,
            &parameters,
        )
    });
    match watchdog {
        // The timeout cancelled a request, so whatever error the guest ended with is a consequence.
        Some(watchdog) if watchdog.has_fired() => Err(match ended {
            Err(error) if error.is::<Trap>() => error,
            _ => Trap::Interrupt.into(),
        }),
        _ => ended,
    }
}

/// Instantiates the module, calls its function, and prints the results.
fn call(
    arguments: &Arguments,
    name: &str,
    linker: &Linker<State>,
    mut store: &mut Store<State>,
    module: &Module,
    function: &FuncType,
    parameters: &[Val],
) -> Result<()> {
    let instance = imports::check(linker, store, module)
        .and_then(|()| linker.instantiate(&mut store, module))
        .with_context(|| format!("cannot instantiate `{}`", arguments.module.display()))?;
    if module.get_export(START).is_none()
        && let Some(initialize) = instance.get_func(&mut store, INITIALIZE)
        && name != INITIALIZE
    {
        initialize
            .typed::<(), ()>(&store)
            .and_then(|initialize| initialize.call(&mut store, ()))
            .with_context(|| format!("`{INITIALIZE}` failed"))?;
    }
    let Some(called) = instance.get_func(&mut store, name) else {
        bail!("the module lost its function `{name}`");
    };
    let mut results = invoke::results(function);
    called
        .call(&mut store, parameters, &mut results)
        .with_context(|| format!("`{name}` failed"))?;

    let mut stdout = std::io::stdout().lock();
    for result in &results {
        writeln!(stdout, "{}", invoke::result_to_string(result))
            .context("cannot write to stdout")?;
    }
    Ok(())
}

fn linker(engine: &Engine) -> Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    p1::add_to_linker_sync(&mut linker, |state: &mut State| &mut state.wasi)?;
    // Replaces wasmtime-wasi's `proc_exit`, which traps for codes of 126 or more: AssemblyScript's
    // `abort` exits with 255.
    linker.allow_shadowing(true);
    linker.func_wrap("wasi_snapshot_preview1", "proc_exit", exit::proc_exit)?;
    linker.allow_shadowing(false);
    wasi_experimental_http_wasmtime::add_to_linker(&mut linker, |state: &mut State| {
        &mut state.http
    })?;
    Ok(linker)
}

fn memory(arguments: &Arguments) -> StoreLimits {
    let limits =
        StoreLimitsBuilder::new().trap_on_grow_failure(arguments.engine.trap_on_grow_failure());
    let limits = match arguments.engine.max_table_elements() {
        Some(most) => limits.table_elements(most),
        None => limits,
    };
    match arguments.max_memory.0 {
        Some(most) => limits.memory_size(usize::try_from(most).unwrap_or(usize::MAX)),
        None => limits,
    }
    .build()
}

fn wasi(arguments: &Arguments) -> Result<WasiP1Ctx> {
    let mut builder = WasiCtxBuilder::new();
    builder.inherit_stdio().allow_blocking_current_thread(true);
    // The file name only: the guest need not know the directory.
    let name = arguments.module.file_name().unwrap_or_default();
    let name = name.to_string_lossy();
    if arguments.engine.inherits_environment() {
        // WASI cannot pass on what is not UTF-8.
        for (name, value) in env::vars_os() {
            if let (Some(name), Some(value)) = (name.to_str(), value.to_str()) {
                builder.env(name, value);
            }
        }
    }
    builder
        .arg(arguments.argv0.as_deref().unwrap_or(&name))
        .args(&arguments.arguments);
    for variable in &arguments.environment {
        let value = match (&variable.value, env::var(&variable.name)) {
            (Some(value), _) => value.clone(),
            (None, Ok(value)) => value,
            (None, Err(env::VarError::NotPresent)) => continue,
            (None, Err(error @ env::VarError::NotUnicode(_))) => {
                return Err(error)
                    .with_context(|| format!("cannot pass on the variable `{}`", variable.name));
            }
        };
        builder.env(&variable.name, value);
    }
    for directory in &arguments.directories {
        builder
            .preopened_dir(&directory.host, &directory.guest, directory.permissions)
            .with_context(|| format!("cannot open the directory `{}`", directory.host.display()))?;
    }
    Ok(builder.build_p1())
}

fn http(arguments: &Arguments, program: &dyn Program) -> Result<HttpCtx> {
    let mut client = arguments.proxied()?;
    program.set_up_client(&mut client);
    for path in &arguments.ca_files {
        let name = path.display();
        let pem = fs::read(path).with_context(|| format!("cannot read the --ca-file `{name}`"))?;
        client
            .try_add_root_certificates_pem(pem)
            .with_context(|| format!("cannot use the --ca-file `{name}`"))?;
    }
    for certificate in &arguments.client_certificates {
        client.client_certificate(certificate.clone());
    }
    client.min_tls_version(match arguments.min_tls {
        Tls::V1_2 => TlsVersion::Tls12,
        Tls::V1_3 => TlsVersion::Tls13,
    });
    let limits = &arguments.limits;
    let hosts = AllowedHosts::parse(&arguments.allowed_hosts)?;
    let mut http = HttpCtx::builder();
    program.set_up_requests(&mut http);
    match arguments.verbose {
        0 => http.observer(report::failures()),
        verbose => http
            .observer(log::requests(arguments.log_format))
            .on_failed_call(log::malformed(arguments.log_format))
            .record_headers(verbose > 1),
    };
    if let Some(path) = &arguments.har_file {
        let har = Har::create(path, &arguments.credentials);
        let har =
            har.with_context(|| format!("cannot write the --har file `{}`", path.display()))?;
        let observer = har.clone();
        http.hook(har)
            .observer(move |event| observer.observe(event));
    }
    for credential in &arguments.credentials {
        http.credential(credential.clone());
    }
    Ok(limits
        .requests(&mut http)
        .allowed_hosts(hosts.clone())
        .max_concurrent_requests(arguments.concurrency)
        .client(limits.client(&mut client).build())
        .on_denied(report::denials(hosts, program.advice()))
        .build())
}
