use wasi_experimental_http_wasmtime::HttpCtx;
use wasmtime::{Engine, Linker, Module, Store};

struct State {
    http: HttpCtx,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    wasi_experimental_http_wasmtime::add_to_linker(&mut linker, |state: &mut State| {
        &mut state.http
    })?;

    let http = HttpCtx::builder()
        .allowed_host("https://postman-echo.com")?
        .max_concurrent_requests(4)
        .build();
    let mut store = Store::new(&engine, State { http });
    let module = Module::from_file(&engine, "plugin.wasm")?;
    let plugin = linker.instantiate(&mut store, &module)?;
    plugin
        .get_typed_func::<(), ()>(&mut store, "run")?
        .call(&mut store, ())?;
    Ok(())
}
