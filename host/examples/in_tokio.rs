//! Plugins in tokio, in two ways: on threads where blocking is welcome, and as tasks.
//!
//! Blocking threads need nothing else; each plugin that waits for a server holds one. With the feature
//! `async` a plugin that waits holds none, at the price of a stack of its own.

use std::time::Duration;

use wasi_experimental_http_wasmtime::{HttpCtx, HttpCtxBuilder};
use wasmtime::{Engine, InstancePre, Linker, Module, Result, Store};

#[tokio::main]
async fn main() -> Result<()> {
    let mut http = HttpCtx::builder();
    http.try_allowed_host("https://example.com")?;
    println!("{}", Blocking::load("plugin.wasm", &http)?.run().await?);
    let plugin = Asynchronous::load("plugin.wasm", &http)?;
    // To give the call up is to drop its future, which cancels its requests.
    match tokio::time::timeout(Duration::from_secs(5), plugin.run()).await {
        Ok(value) => println!("{}", value?),
        Err(_) => println!("it took too long"),
    }
    Ok(())
}

/// A plugin whose calls block threads.
#[derive(Clone)]
pub struct Blocking {
    instance: InstancePre<HttpCtx>,
    http: HttpCtxBuilder,
}

impl Blocking {
    /// Compiles and links a plugin, for stores with these settings.
    pub fn load(file: &str, http: &HttpCtxBuilder) -> Result<Blocking> {
        let engine = Engine::default();
        let mut linker = Linker::new(&engine);
        wasi_experimental_http_wasmtime::add_to_linker(&mut linker, |http: &mut HttpCtx| http)?;
        Ok(Blocking {
            instance: linker.instantiate_pre(&Module::from_file(&engine, file)?)?,
            http: http.clone(),
        })
    }

    /// Calls `run` on one of the runtime's threads for what blocks.
    pub async fn run(&self) -> Result<i32> {
        let plugin = self.clone();
        tokio::task::spawn_blocking(move || {
            let engine = plugin.instance.module().engine();
            let mut store = Store::new(engine, plugin.http.build());
            let instance = plugin.instance.instantiate(&mut store)?;
            let run = instance.get_typed_func::<(), i32>(&mut store, "run")?;
            run.call(&mut store, ())
        })
        .await?
    }
}

/// A plugin whose calls are futures.
#[derive(Clone)]
pub struct Asynchronous {
    instance: InstancePre<HttpCtx>,
    http: HttpCtxBuilder,
}

impl Asynchronous {
    /// Compiles and links a plugin, for stores with these settings.
    pub fn load(file: &str, http: &HttpCtxBuilder) -> Result<Asynchronous> {
        let engine = Engine::default();
        let mut linker = Linker::new(&engine);
        wasi_experimental_http_wasmtime::add_to_linker_async(&mut linker, |http: &mut HttpCtx| {
            http
        })?;
        Ok(Asynchronous {
            instance: linker.instantiate_pre(&Module::from_file(&engine, file)?)?,
            http: http.clone(),
        })
    }

    /// Calls `run`. The future may be awaited in any task.
    pub async fn run(&self) -> Result<i32> {
        let engine = self.instance.module().engine();
        let mut store = Store::new(engine, self.http.build());
        let instance = self.instance.instantiate_async(&mut store).await?;
        let run = instance.get_typed_func::<(), i32>(&mut store, "run")?;
        run.call_async(&mut store, ()).await
    }
}
