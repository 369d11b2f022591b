//! What the wiggle hosts share: a store for a guest, whose runtime may ask for WASI.

use wasmtime::{Engine, Instance, Linker, Module, Result, Store};
use wasmtime_wasi::WasiCtx;
use wasmtime_wasi::p1::{self, WasiP1Ctx};

/// The data of a store.
pub struct State<H> {
    pub host: H,
    wasi: WasiP1Ctx,
}

/// An instance of the guest in this file, which is ready to run.
pub fn instantiate<H: Send + 'static>(
    path: &str,
    host: H,
    link: impl FnOnce(&mut Linker<State<H>>) -> Result<()>,
) -> Result<(Store<State<H>>, Instance)> {
    let engine = Engine::default();
    let module = Module::from_file(&engine, path)?;
    let mut linker = Linker::new(&engine);
    link(&mut linker)?;
    p1::add_to_linker_sync(&mut linker, |state: &mut State<H>| &mut state.wasi)?;
    linker.define_unknown_imports_as_traps(&module)?;
    let wasi = WasiCtx::builder().build_p1();
    let mut store = Store::new(&engine, State { host, wasi });
    let instance = linker.instantiate(&mut store, &module)?;
    if let Ok(initialize) = instance.get_typed_func::<(), ()>(&mut store, "_initialize") {
        initialize.call(&mut store, ())?;
    }
    Ok((store, instance))
}

/// Runs a guest, which says with 0 that it got what it had to, else which step was wrong.
pub fn run<H: Send + 'static>(path: &str, store: &mut Store<State<H>>, guest: &Instance) -> Result<()> {
    let run = guest.get_typed_func::<(), i32>(&mut *store, "run")?;
    let step = run.call(store, ())?;
    assert_eq!(step, 0, "the step of {path} that got something else");
    Ok(())
}
