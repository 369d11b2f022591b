use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use wasi_experimental_http_wasmtime::{Cancelled, HttpCtx};
use wasmtime::{Config, Engine, Linker, Module, Store, Trap};

fn main() -> wasmtime::Result<()> {
    let ended = run("plugin.wasm", "https://example.com", Duration::from_secs(5))?;
    println!("{ended:?}");
    Ok(())
}

/// How a plugin ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Ended {
    /// It returned.
    Returned,
    /// It was stopped when its time was over.
    Stopped,
}

/// Calls `run` of a plugin that may reach one host, for this long at most, whatever it does.
pub fn run(plugin: &str, allowed_host: &str, time: Duration) -> wasmtime::Result<Ended> {
    let engine = Engine::new(Config::new().epoch_interruption(true))?;
    let mut linker = Linker::new(&engine);
    wasi_experimental_http_wasmtime::add_to_linker(&mut linker, |http: &mut HttpCtx| http)?;
    let http = HttpCtx::builder()
        .try_allowed_host(allowed_host)?
        .trap_when_cancelled(true)
        .build();
    let mut store = Store::new(&engine, http);
    // It traps in the next epoch of the engine, which is the end of its time.
    store.set_epoch_deadline(1);

    let cancel = store.data().cancel_handle();
    let (done, is_done) = mpsc::channel::<()>();
    let watchdog = std::thread::spawn(move || {
        if let Err(RecvTimeoutError::Timeout) = is_done.recv_timeout(time) {
            // In this order: when its request ends, the guest has no time left.
            engine.increment_epoch();
            cancel.cancel();
        }
    });
    let module = Module::from_file(linker.engine(), plugin)?;
    let result = linker.instantiate(&mut store, &module).and_then(|plugin| {
        let run = plugin.get_typed_func::<(), ()>(&mut store, "run")?;
        run.call(&mut store, ())
    });
    drop(done);
    let _ = watchdog.join();
    match result {
        Ok(()) => Ok(Ended::Returned),
        Err(error) if error.is::<Cancelled>() => Ok(Ended::Stopped),
        Err(error) if error.downcast_ref() == Some(&Trap::Interrupt) => Ok(Ended::Stopped),
        Err(error) => Err(error),
    }
}
