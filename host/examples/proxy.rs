//! Plugins behind a proxy: that of the command line, or else those that the environment names.

use std::env;

use wasi_experimental_http_wasmtime::{HttpClient, HttpCtx, ProxyError};
use wasmtime::{Engine, Linker, Module, Store};

fn main() -> wasmtime::Result<()> {
    let proxy = env::args().nth(1);
    let client = client(proxy.as_deref())?;
    println!("{}", run("plugin.wasm", "https://example.com", client)?);
    Ok(())
}

/// A client that uses a proxy for all hosts but those of the local network.
///
/// A proxy that looks names up, as one of the scheme `http` does, may be led by a name to any address
/// that it can reach itself: the rules for that are the proxy's.
pub fn client(proxy: Option<&str>) -> Result<HttpClient, ProxyError> {
    let mut client = HttpClient::builder();
    match proxy {
        Some(url) => client.proxy(url.parse()?),
        None => client.proxy_from_env()?,
    };
    client.no_proxy("localhost, .internal, 10.0.0.0/8")?;
    Ok(client.build())
}

/// Calls `run` of a plugin that may reach one host.
pub fn run(file: &str, host: &str, client: HttpClient) -> wasmtime::Result<i32> {
    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    wasi_experimental_http_wasmtime::add_to_linker(&mut linker, |http: &mut HttpCtx| http)?;
    let http = HttpCtx::builder()
        .client(client)
        .try_allowed_host(host)?
        .build();
    let mut store = Store::new(&engine, http);
    let plugin = linker.instantiate(&mut store, &Module::from_file(&engine, file)?)?;
    let run = plugin.get_typed_func::<(), i32>(&mut store, "run")?;
    run.call(&mut store, ())
}
