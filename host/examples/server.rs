//! A web server that runs a plugin for each request, in a store of its own.
//!
//! What all requests share is made once: the compiled plugin, already linked, the pool of memories
//! that its instances use in turn, the settings of a store, and the client with its connections.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use wasi_experimental_http_wasmtime::{HttpClient, HttpCtx, HttpCtxBuilder};
use wasmtime::{Config, Engine, InstancePre, Linker, Module, PoolingAllocationConfig, Store};

fn main() -> wasmtime::Result<()> {
    let plugin = Plugin::load("plugin.wasm", "https://example.com")?;
    serve(&TcpListener::bind("127.0.0.1:8080")?, &Arc::new(plugin))?;
    Ok(())
}

/// What the stores of one plugin have in common.
pub struct Plugin {
    instance: InstancePre<HttpCtx>,
    http: HttpCtxBuilder,
}

impl Plugin {
    /// Compiles a plugin that may reach one host.
    pub fn load(file: &str, allowed_host: &str) -> wasmtime::Result<Plugin> {
        let mut pool = PoolingAllocationConfig::new();
        pool.total_core_instances(100)
            .total_memories(100)
            .total_tables(100)
            // What an instance has touched is cleared and stays mapped for the next one.
            .linear_memory_keep_resident(1024 * 1024)
            .table_keep_resident(64 * 1024);
        let engine = Engine::new(Config::new().allocation_strategy(pool))?;
        let mut linker = Linker::new(&engine);
        wasi_experimental_http_wasmtime::add_to_linker(&mut linker, |http: &mut HttpCtx| http)?;
        let instance = linker.instantiate_pre(&Module::from_file(&engine, file)?)?;
        let mut http = HttpCtx::builder();
        http.client(HttpClient::new())
            .try_allowed_host(allowed_host)?
            .max_concurrent_requests(4);
        Ok(Plugin { instance, http })
    }

    /// Calls `run` in a store of its own, which is gone when this returns.
    pub fn run(&self) -> wasmtime::Result<i32> {
        let engine = self.instance.module().engine();
        let mut store = Store::new(engine, self.http.build());
        let plugin = self.instance.instantiate(&mut store)?;
        let run = plugin.get_typed_func::<(), i32>(&mut store, "run")?;
        run.call(&mut store, ())
    }
}

/// Answers each connection on a thread, until no more can be accepted.
pub fn serve(listener: &TcpListener, plugin: &Arc<Plugin>) -> io::Result<()> {
    loop {
        let (connection, _) = listener.accept()?;
        let plugin = plugin.clone();
        thread::spawn(move || answer(connection, &plugin));
    }
}

/// Answers one request with what the plugin returns.
fn answer(mut connection: TcpStream, plugin: &Plugin) -> io::Result<()> {
    let lines = BufReader::new(&connection).lines();
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let (status, text) = match plugin.run() {
        Ok(value) => ("200 OK", value.to_string()),
        // Such as an instance that is one too many for the pool.
        Err(error) => ("500 Internal Server Error", format!("{error:#}")),
    };
    let length = text.len();
    write!(
        connection,
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{text}"
    )
}
