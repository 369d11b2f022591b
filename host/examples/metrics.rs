//! Metrics of each plugin, in the text format of Prometheus.
//!
//! A store's label says whose its requests are. Each request is counted once, when it has ended,
//! with its bytes and its time; denied requests are among those that failed.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use wasi_experimental_http_wasmtime::{HttpCtx, HttpCtxBuilder, RequestEvent};
use wasmtime::{Engine, Linker, Module, Store};

fn main() -> wasmtime::Result<()> {
    let metrics = Arc::new(Metrics::default());
    for plugin in ["weather", "news"] {
        let mut http = HttpCtx::builder();
        http.try_allowed_host("https://example.com")?;
        metrics.watch(&mut http, plugin);
        run(&format!("{plugin}.wasm"), &http)?;
    }
    print!("{metrics}");
    Ok(())
}

/// Calls `run` of a plugin.
pub fn run(file: &str, http: &HttpCtxBuilder) -> wasmtime::Result<i32> {
    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    wasi_experimental_http_wasmtime::add_to_linker(&mut linker, |http: &mut HttpCtx| http)?;
    let mut store = Store::new(&engine, http.build());
    let plugin = linker.instantiate(&mut store, &Module::from_file(&engine, file)?)?;
    let run = plugin.get_typed_func::<(), i32>(&mut store, "run")?;
    run.call(&mut store, ())
}

/// What the plugins have done so far.
#[derive(Default)]
pub struct Metrics {
    plugins: Mutex<BTreeMap<String, Counts>>,
}

#[derive(Default)]
struct Counts {
    /// By what became of them: a status, or the kind of failure.
    requests: BTreeMap<String, u64>,
    bytes_sent: u64,
    bytes_received: u64,
    time: Duration,
}

impl Metrics {
    /// Counts the requests of the stores that are made with these settings as those of a plugin.
    pub fn watch(self: &Arc<Self>, http: &mut HttpCtxBuilder, plugin: &str) {
        let metrics = self.clone();
        http.label(plugin)
            .observer(move |event| metrics.record(event));
    }

    /// Counts a request.
    pub fn record(&self, event: &RequestEvent) {
        let plugin = event.label.as_deref().unwrap_or("unknown");
        let outcome = match (&event.error, event.status) {
            (Some(error), _) => error.kind.to_string(),
            (None, Some(status)) => status.to_string(),
            (None, None) => "given up".to_owned(),
        };
        let mut plugins = self.plugins.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = plugins.entry(plugin.to_owned()).or_default();
        *counts.requests.entry(outcome).or_default() += 1;
        counts.bytes_sent += event.bytes_sent;
        counts.bytes_received += event.bytes_received;
        counts.time += event.total_time;
    }
}

impl fmt::Display for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plugins = self.plugins.lock().unwrap_or_else(PoisonError::into_inner);
        for (plugin, counts) in &*plugins {
            let label = format!("plugin=\"{plugin}\"");
            for (outcome, count) in &counts.requests {
                writeln!(
                    f,
                    "http_requests_total{{{label},outcome=\"{outcome}\"}} {count}"
                )?;
            }
            let mut line = |name: &str, value: &dyn fmt::Display| -> fmt::Result {
                f.write_fmt(format_args!("{name}{{{label}}} {value}\n"))
            };
            line("http_sent_bytes_total", &counts.bytes_sent)?;
            line("http_received_bytes_total", &counts.bytes_received)?;
            line("http_seconds_total", &counts.time.as_secs_f64())?;
        }
        f.write_char('\n')
    }
}
