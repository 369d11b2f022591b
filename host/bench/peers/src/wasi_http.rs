//! The work of the benchmarks by components, with wasmtime-wasi-http.
//!
//! One thread runs everything: the clients have one core, and to hand requests to other threads
//! only costs time.

use std::time::Instant;

use tokio::runtime::{Builder, Runtime};
use wasmtime::component::{Component, InstancePre, Linker, ResourceTable, TypedFunc};
use wasmtime::error::Context;
use wasmtime::{Cache, Config, Engine, Result, Store, ensure};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView, default_hooks};

use crate::measure::{self, PIECE, SMALL, median};
use crate::pool::Pool;
use crate::{ClientArgs, Measured, Peer, Work};

struct State {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
    pool: Option<Pool>,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            hooks: match &mut self.pool {
                Some(pool) => pool,
                None => default_hooks(),
            },
            table: &mut self.table,
            ctx: &mut self.http,
        }
    }
}

#[derive(Clone)]
struct Guests {
    pre: InstancePre<State>,
    pool: Option<Pool>,
    url: String,
}

struct Guest {
    store: Store<State>,
    instance: wasmtime::component::Instance,
    url: String,
}

/// What the functions of the guest give: a number of bytes, or an error.
type Bytes = (Result<u64, String>,);

impl Guests {
    fn new(arguments: &ClientArgs) -> Result<Guests> {
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
        let component = Component::from_file(&engine, &arguments.guest)?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
        Ok(Guests {
            pre: linker.instantiate_pre(&component)?,
            pool: (arguments.peer == Peer::WasiHttpPool).then(Pool::default),
            url: arguments.url.clone(),
        })
    }

    async fn instance(&self) -> Result<Guest> {
        let state = State {
            wasi: WasiCtx::builder().inherit_stderr().build(),
            http: WasiHttpCtx::new(),
            table: ResourceTable::new(),
            pool: self.pool.clone(),
        };
        let mut store = Store::new(self.pre.engine(), state);
        let instance = self.pre.instantiate_async(&mut store).await?;
        Ok(Guest {
            store,
            instance,
            url: self.url.clone(),
        })
    }
}

impl Guest {
    async fn get(&mut self, count: u64) -> Result<()> {
        let get: TypedFunc<(&str, u32), Bytes> =
            self.instance.get_typed_func(&mut self.store, "get")?;
        let parameters = (&*self.url, u32::try_from(count)?);
        let (bytes,) = get.call_async(&mut self.store, parameters).await?;
        expect(bytes, count * SMALL as u64)
    }
}

fn expect(bytes: Result<u64, String>, expected: u64) -> Result<()> {
    let bytes = bytes.map_err(wasmtime::Error::msg)?;
    ensure!(bytes == expected, "{bytes} bytes");
    Ok(())
}

pub fn run(arguments: &ClientArgs) -> Result<Measured> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let guests = Guests::new(arguments)?;
    let count = arguments.batches.count;
    match arguments.work {
        Work::Get => gets(&runtime, arguments, &guests),
        Work::Fresh => runtime.block_on(async {
            guests.instance().await?.get(1).await?;
            let mut seconds = Vec::new();
            for _ in 0..arguments.batches.batches {
                let start = Instant::now();
                for _ in 0..count {
                    guests.instance().await?.get(1).await?;
                }
                seconds.push(start.elapsed().as_secs_f64());
            }
            Ok(Measured::seconds(median(seconds)))
        }),
        Work::First => runtime.block_on(async {
            let start = Instant::now();
            guests.instance().await?.get(1).await?;
            Ok(start.elapsed().into())
        }),
        Work::Stores => {
            let make = || {
                runtime.block_on(async {
                    let mut guest = guests.instance().await?;
                    guest.get(1).await?;
                    Ok(guest)
                })
            };
            Ok(Measured::memory(measure::memory_of_each(make)?))
        }
        Work::Download => runtime.block_on(async {
            let Guest {
                mut store,
                instance,
                url,
            } = guests.instance().await?;
            let download: TypedFunc<(&str, u32), Bytes> =
                instance.get_typed_func(&mut store, "download")?;
            let start = Instant::now();
            let parameters = (&*url, u32::try_from(PIECE)?);
            let (bytes,) = download.call_async(&mut store, parameters).await?;
            let time = start.elapsed();
            expect(bytes, count)?;
            Ok(time.into())
        }),
        Work::Upload => runtime.block_on(async {
            let Guest {
                mut store,
                instance,
                url,
            } = guests.instance().await?;
            let fill: TypedFunc<(u32,), ()> = instance.get_typed_func(&mut store, "fill")?;
            fill.call_async(&mut store, (u32::try_from(count)?,))
                .await?;
            let upload: TypedFunc<(&str,), Bytes> =
                instance.get_typed_func(&mut store, "upload")?;
            let start = Instant::now();
            let (bytes,) = upload.call_async(&mut store, (&*url,)).await?;
            let time = start.elapsed();
            expect(bytes, count)?;
            Ok(time.into())
        }),
    }
}

/// Small requests by as many guests at once as there are to be, each a task.
fn gets(runtime: &Runtime, arguments: &ClientArgs, guests: &Guests) -> Result<Measured> {
    let part = arguments.batches.count / arguments.threads;
    let mut all = runtime.block_on(async {
        let mut all = Vec::new();
        for _ in 0..arguments.threads {
            let mut guest = guests.instance().await?;
            guest.get(1).await?;
            all.push(guest);
        }
        wasmtime::error::Ok(all)
    })?;
    let mut seconds = Vec::new();
    for _ in 0..arguments.batches.batches {
        let start = Instant::now();
        all = runtime.block_on(async {
            let tasks: Vec<_> = all
                .into_iter()
                .map(|mut guest| {
                    tokio::spawn(async move {
                        guest.get(part).await?;
                        wasmtime::error::Ok(guest)
                    })
                })
                .collect();
            let mut all = Vec::new();
            for task in tasks {
                all.push(task.await.context("a task of the benchmark failed")??);
            }
            wasmtime::error::Ok(all)
        })?;
        seconds.push(start.elapsed().as_secs_f64());
    }
    Ok(Measured::seconds(median(seconds)))
}
