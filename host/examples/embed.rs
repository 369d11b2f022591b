use wasi_experimental_http_wasmtime::HttpCtx;
use wasmtime::{Engine, Linker, Module, Store};
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::p1::{self, WasiP1Ctx};

struct State {
    wasi: WasiP1Ctx,
    http: HttpCtx,
}

fn main() -> wasmtime::Result<()> {
    let status = run("plugin.wasm", "https://example.com", "https://example.com/")?;
    println!("{status}");
    Ok(())
}

/// Calls `run` of a plugin that may reach one host, and finds a URL in its environment.
pub fn run(plugin: &str, allowed_host: &str, url: &str) -> wasmtime::Result<i32> {
    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    p1::add_to_linker_sync(&mut linker, |state: &mut State| &mut state.wasi)?;
    wasi_experimental_http_wasmtime::add_to_linker(&mut linker, |state: &mut State| {
        &mut state.http
    })?;

    let wasi = WasiCtxBuilder::new()
        .inherit_stdio()
        .env("URL", url)
        .build_p1();
    let http = HttpCtx::builder()
        .try_allowed_host(allowed_host)?
        .max_concurrent_requests(4)
        .build();
    let mut store = Store::new(&engine, State { wasi, http });
    let module = Module::from_file(&engine, plugin)?;
    let plugin = linker.instantiate(&mut store, &module)?;
    // A library sets itself up here, if it has to.
    if let Some(initialize) = plugin.get_func(&mut store, "_initialize") {
        initialize.typed::<(), ()>(&store)?.call(&mut store, ())?;
    }
    plugin
        .get_typed_func::<(), i32>(&mut store, "run")?
        .call(&mut store, ())
}
