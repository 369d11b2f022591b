//! A budget for each customer, whose plugins end where it ends.

use std::sync::{Arc, Mutex, PoisonError};

use wasi_experimental_http_wasmtime::{ErrorKind, HttpCtx, HttpCtxBuilder};
use wasmtime::{Engine, Linker, Module, Store, TypedFunc};

fn main() -> wasmtime::Result<()> {
    let mut customer = Customer::new("plugin.wasm", "https://example.com", Budget::default())?;
    while customer.is_within_budget() {
        println!("{}", customer.run()?);
    }
    Ok(())
}

/// What a customer has paid for.
pub struct Budget {
    pub requests: usize,
    pub bytes: u64,
    pub requests_per_second: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Budget {
            requests: 1_000,
            bytes: 100 * 1024 * 1024,
            requests_per_second: 10,
        }
    }
}

/// A customer's plugin, in one store: budgets belong to that.
pub struct Customer {
    store: Store<HttpCtx>,
    run: TypedFunc<(), i32>,
    failures: Arc<Mutex<Vec<ErrorKind>>>,
}

impl Customer {
    pub fn new(file: &str, host: &str, budget: Budget) -> wasmtime::Result<Self> {
        let engine = Engine::default();
        let mut linker = Linker::new(&engine);
        wasi_experimental_http_wasmtime::add_to_linker(&mut linker, |http: &mut HttpCtx| http)?;
        let failures = Arc::default();
        let http = settings(host, budget, &failures)?.build();
        let mut store = Store::new(&engine, http);
        let plugin = linker.instantiate(&mut store, &Module::from_file(&engine, file)?)?;
        let run = plugin.get_typed_func(&mut store, "run")?;
        Ok(Customer {
            store,
            run,
            failures,
        })
    }

    /// Calls `run` of the plugin.
    pub fn run(&mut self) -> wasmtime::Result<i32> {
        self.run.call(&mut self.store, ())
    }

    /// Whether nothing has failed yet for want of requests or bytes.
    pub fn is_within_budget(&self) -> bool {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        // Too many in a second are `TooManyInFlight`, which passes.
        let is_spent =
            |kind: &ErrorKind| matches!(kind, ErrorKind::TooManyOpen | ErrorKind::BodyTooLarge);
        !failures.iter().any(is_spent)
    }
}

fn settings(
    host: &str,
    budget: Budget,
    failures: &Arc<Mutex<Vec<ErrorKind>>>,
) -> wasmtime::Result<HttpCtxBuilder> {
    let failures = failures.clone();
    let mut http = HttpCtx::builder();
    http.try_allowed_host(host)?
        .max_total_requests(Some(budget.requests))
        .max_total_bytes(Some(budget.bytes))
        .max_requests_per_second(Some(budget.requests_per_second))
        .observer(move |event| {
            let mut failures = failures.lock().unwrap_or_else(PoisonError::into_inner);
            failures.extend(event.error.as_ref().map(|error| error.kind));
        });
    Ok(http)
}
