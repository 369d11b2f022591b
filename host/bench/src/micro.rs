//! Single host calls beside hand-written ones that do the same, in one process, in turns.

use std::collections::HashMap;
use std::io::Read;
use std::time::Instant;

use http::{HeaderMap, HeaderName};
use wasi_experimental_http_wasmtime::{AllowedHosts, HttpCtx};
use wasmtime::error::Context;
use wasmtime::{Caller, Engine, Extern, Linker, Memory, Module, Store, TypedFunc};
use wasmtime::{Result, ensure};

use crate::measure::median;

/// A guest that makes one response and then calls a function on it, over and over.
const GUEST: &str = include_str!("micro.wat");

/// Where it expects the URL.
const URL_AT: usize = 1024;

/// The calls that are measured, each by a function of the guest.
const CALLS: [&str; 2] = ["header_get", "body_read"];

#[derive(clap::Args)]
pub struct MicroArgs {
    /// A body with at least 64 bytes for each call
    #[arg(long)]
    url: String,
    #[arg(long)]
    rounds: usize,
    #[arg(long)]
    calls: u32,
}

/// Prints, for each call, the medians of the hand-written one's nanoseconds, of ours, and of the
/// ratio.
pub fn run(arguments: &MicroArgs) -> Result<()> {
    let engine = Engine::default();
    let mut ours = Linker::new(&engine);
    wasi_experimental_http_wasmtime::add_to_linker(&mut ours, |http: &mut HttpCtx| http)?;
    let http = HttpCtx::builder()
        .allowed_hosts(AllowedHosts::all())
        .build();
    let mut ours = Guest::new(Store::new(&engine, http), &ours, arguments)?;
    let mut by_hand = Guest::new(
        Store::new(&engine, ByHand::default()),
        &by_hand(&engine)?,
        arguments,
    )?;
    for name in CALLS {
        let mut rounds = Vec::new();
        for _ in 0..arguments.rounds {
            let base = by_hand.measure(name)?;
            rounds.push((base, ours.measure(name)?));
        }
        println!(
            "{name} {} {} {}",
            median(rounds.iter().map(|(base, _)| *base)),
            median(rounds.iter().map(|(_, ours)| *ours)),
            median(rounds.iter().map(|(base, ours)| ours / base)),
        );
    }
    Ok(())
}

struct Guest<T: 'static> {
    store: Store<T>,
    instance: wasmtime::Instance,
    url_len: u32,
    calls: u32,
}

impl<T> Guest<T> {
    fn new(mut store: Store<T>, linker: &Linker<T>, arguments: &MicroArgs) -> Result<Self> {
        let module = Module::new(store.engine(), GUEST)?;
        let instance = linker.instantiate(&mut store, &module)?;
        let memory = instance
            .get_memory(&mut store, "memory")
            .context("the guest has a memory")?;
        memory.write(&mut store, URL_AT, arguments.url.as_bytes())?;
        Ok(Guest {
            store,
            instance,
            url_len: u32::try_from(arguments.url.len())?,
            calls: arguments.calls,
        })
    }

    /// How many nanoseconds a call takes.
    fn measure(&mut self, name: &str) -> Result<f64> {
        let Guest {
            store, instance, ..
        } = self;
        let open: TypedFunc<u32, u32> = instance.get_typed_func(&mut *store, "open")?;
        let close: TypedFunc<u32, ()> = instance.get_typed_func(&mut *store, "close")?;
        let call: TypedFunc<(u32, u32), u32> = instance.get_typed_func(&mut *store, name)?;
        let handle = open.call(&mut *store, self.url_len)?;
        let start = Instant::now();
        let errors = call.call(&mut *store, (handle, self.calls))?;
        let time = start.elapsed();
        ensure!(errors == 0, "{name} failed");
        close.call(&mut *store, handle)?;
        Ok(time.as_nanos() as f64 / f64::from(self.calls))
    }
}

/// What somebody would write who needs these functions once, and checks what must be checked.
#[derive(Default)]
struct ByHand {
    responses: HashMap<u32, (HeaderMap, ureq::BodyReader<'static>)>,
    last_handle: u32,
}

fn memory(caller: &mut Caller<'_, ByHand>) -> Option<Memory> {
    match caller.get_export("memory") {
        Some(Extern::Memory(memory)) => Some(memory),
        _ => None,
    }
}

fn part(memory: &mut [u8], at: u32, len: u32) -> Option<&mut [u8]> {
    let end = (at as usize).checked_add(len as usize)?;
    memory.get_mut(at as usize..end)
}

fn by_hand(engine: &Engine) -> Result<Linker<ByHand>> {
    const MODULE: &str = "wasi_experimental_http";
    let mut linker = Linker::new(engine);
    let agent = ureq::Agent::new_with_defaults();
    linker.func_wrap(
        MODULE,
        "req",
        move |mut caller: Caller<'_, ByHand>,
              url: u32,
              url_len: u32,
              _: u32,
              _: u32,
              _: u32,
              _: u32,
              _: u32,
              _: u32,
              _status: u32,
              handle: u32|
              -> u32 {
            let Some(memory) = memory(&mut caller) else {
                return 2;
            };
            let (bytes, state) = memory.data_and_store_mut(&mut caller);
            let Some(url) = part(bytes, url, url_len) else {
                return 3;
            };
            let Ok(url) = str::from_utf8(url) else {
                return 6;
            };
            let Ok(response) = agent.get(url).call() else {
                return 11;
            };
            let (head, body) = response.into_parts();
            state.last_handle += 1;
            state
                .responses
                .insert(state.last_handle, (head.headers, body.into_reader()));
            let Some(handle) = part(bytes, handle, 4) else {
                return 3;
            };
            handle.copy_from_slice(&state.last_handle.to_le_bytes());
            0
        },
    )?;
    linker.func_wrap(
        MODULE,
        "close",
        |mut caller: Caller<'_, ByHand>, handle: u32| -> u32 {
            caller.data_mut().responses.remove(&handle);
            0
        },
    )?;
    linker.func_wrap(
        MODULE,
        "header_get",
        |mut caller: Caller<'_, ByHand>,
         handle: u32,
         name: u32,
         name_len: u32,
         value: u32,
         value_len: u32,
         written: u32|
         -> u32 {
            let Some(memory) = memory(&mut caller) else {
                return 2;
            };
            let (bytes, state) = memory.data_and_store_mut(&mut caller);
            if part(bytes, written, 4).is_none() {
                return 3;
            }
            let Some(name) = part(bytes, name, name_len) else {
                return 3;
            };
            let Ok(name) = str::from_utf8(name) else {
                return 6;
            };
            let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else {
                return 5;
            };
            let Some((headers, _)) = state.responses.get(&handle) else {
                return 1;
            };
            let Some(found) = headers.get(name) else {
                return 5;
            };
            let Some(value) = part(bytes, value, value_len) else {
                return 3;
            };
            let Some(value) = value.get_mut(..found.len()) else {
                return 4;
            };
            value.copy_from_slice(found.as_bytes());
            let len = found.len() as u32;
            match part(bytes, written, 4) {
                Some(written) => written.copy_from_slice(&len.to_le_bytes()),
                None => return 3,
            }
            0
        },
    )?;
    linker.func_wrap(
        MODULE,
        "body_read",
        |mut caller: Caller<'_, ByHand>, handle: u32, at: u32, len: u32, written: u32| -> u32 {
            let Some(memory) = memory(&mut caller) else {
                return 2;
            };
            let (bytes, state) = memory.data_and_store_mut(&mut caller);
            if part(bytes, written, 4).is_none() {
                return 3;
            }
            let Some((_, reader)) = state.responses.get_mut(&handle) else {
                return 1;
            };
            let Some(buffer) = part(bytes, at, len) else {
                return 3;
            };
            let Ok(count) = reader.read(buffer) else {
                return 11;
            };
            let count = count as u32;
            match part(bytes, written, 4) {
                Some(written) => written.copy_from_slice(&count.to_le_bytes()),
                None => return 3,
            }
            0
        },
    )?;
    Ok(linker)
}
