//! A guest in a store of its own, with WASI around it whose output is kept.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex};

use wasi_experimental_http_wasmtime::HttpCtx;
use wasmtime::{Engine, Instance, Linker, Module, Store, WasmParams};
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::p1::{self, WasiP1Ctx};
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;

/// More than any guest here prints.
const OUTPUT_CAPACITY: usize = 1024 * 1024;

static ENGINE: LazyLock<Engine> = LazyLock::new(Engine::default);

/// What a guest of a kind is written in. Guests of one kind do the same in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Rust,
    AssemblyScript,
}

impl Language {
    pub const ALL: [Language; 2] = [Language::Rust, Language::AssemblyScript];

    /// The name of its guest of this kind.
    pub fn guest(self, kind: &str) -> String {
        match self {
            Language::Rust => format!("rust-{kind}"),
            Language::AssemblyScript => format!("as-{kind}"),
        }
    }
}

/// How a program has ended, if not by a return.
#[derive(Debug)]
struct Exit(u32);

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit code {}", self.0)
    }
}

impl std::error::Error for Exit {}

struct State {
    http: HttpCtx,
    wasi: WasiP1Ctx,
}

/// An instance of a guest. A trap fails the test.
pub struct Guest {
    store: Store<State>,
    instance: Instance,
    stdout: MemoryOutputPipe,
    stderr: MemoryOutputPipe,
}

impl Guest {
    /// Instantiates the guest of this name; a reactor is initialized.
    pub fn new(
        name: &str,
        http: HttpCtx,
        arguments: &[String],
        variables: &[(&str, &str)],
    ) -> Self {
        let module = module(name);
        let mut linker = Linker::new(&ENGINE);
        p1::add_to_linker_sync(&mut linker, |state: &mut State| &mut state.wasi).unwrap();
        // That of wasmtime-wasi traps if the code is 126 or more.
        linker.allow_shadowing(true);
        linker
            .func_wrap("wasi_snapshot_preview1", "proc_exit", proc_exit)
            .unwrap();
        linker.allow_shadowing(false);
        wasi_experimental_http_wasmtime::add_to_linker(&mut linker, |state: &mut State| {
            &mut state.http
        })
        .unwrap();

        let stdout = MemoryOutputPipe::new(OUTPUT_CAPACITY);
        let stderr = MemoryOutputPipe::new(OUTPUT_CAPACITY);
        let wasi = WasiCtxBuilder::new()
            .allow_blocking_current_thread(true)
            .stdout(stdout.clone())
            .stderr(stderr.clone())
            .arg(name)
            .args(arguments)
            .envs(variables)
            .build_p1();
        let mut store = Store::new(&ENGINE, State { http, wasi });
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let mut guest = Guest {
            store,
            instance,
            stdout,
            stderr,
        };
        if instance.get_func(&mut guest.store, "_initialize").is_some() {
            guest.call_unit("_initialize").unwrap();
        }
        guest
    }

    /// Calls an exported function.
    #[track_caller]
    pub fn call<P: WasmParams>(&mut self, function: &str, parameters: P) -> i32 {
        self.instance
            .get_typed_func::<P, i32>(&mut self.store, function)
            .and_then(|function| function.call(&mut self.store, parameters))
            .unwrap_or_else(|error| panic!("{error:?}\n{}", self.stderr()))
    }

    /// Runs a program; its exit code.
    #[track_caller]
    pub fn run_program(&mut self) -> u32 {
        match self.call_unit("_start") {
            Ok(()) => 0,
            Err(error) => match error.downcast_ref::<Exit>() {
                Some(Exit(code)) => *code,
                None => panic!("{error:?}\n{}", self.stderr()),
            },
        }
    }

    fn call_unit(&mut self, function: &str) -> wasmtime::Result<()> {
        self.instance
            .get_typed_func::<(), ()>(&mut self.store, function)?
            .call(&mut self.store, ())
    }

    /// What it has printed so far.
    pub fn stdout(&self) -> String {
        text(&self.stdout)
    }

    pub fn stderr(&self) -> String {
        text(&self.stderr)
    }

    /// How many responses it holds open.
    pub fn open_responses(&self) -> usize {
        self.store.data().http.open_responses()
    }

    /// Bytes of its memory.
    pub fn memory(&mut self, at: i32, len: usize) -> &mut [u8] {
        let memory = self.instance.get_memory(&mut self.store, "memory");
        let at = usize::try_from(at).expect("a pointer");
        &mut memory.expect("a memory").data_mut(&mut self.store)[at..at + len]
    }

    /// The size of its memory, in bytes.
    pub fn memory_size(&mut self) -> usize {
        self.instance
            .get_memory(&mut self.store, "memory")
            .expect("a memory")
            .data_size(&self.store)
    }
}

fn proc_exit(code: u32) -> wasmtime::Result<()> {
    Err(Exit(code).into())
}

fn text(pipe: &MemoryOutputPipe) -> String {
    String::from_utf8(pipe.contents().to_vec()).expect("a guest prints text")
}

/// The functions of this host that a guest imports, sorted.
pub fn imports(name: &str) -> Vec<String> {
    let module = module(name);
    let imports = module.imports();
    let mut names: Vec<String> = imports
        .filter(|import| import.module() == "wasi_experimental_http")
        .map(|import| import.name().to_owned())
        .collect();
    names.sort();
    names
}

/// Where the guest of this name is built.
pub fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../target/guests")
        .join(name)
        .with_extension("wasm")
}

/// The compiled guest of this name. Tests in one process compile it once.
fn module(name: &str) -> Module {
    static MODULES: LazyLock<Mutex<HashMap<String, Module>>> = LazyLock::new(Mutex::default);

    let mut modules = MODULES.lock().unwrap_or_else(|error| error.into_inner());
    if let Some(module) = modules.get(name) {
        return module.clone();
    }
    let path = path(name);
    assert!(
        path.exists(),
        "the guest {name}.wasm is not built: run `cargo xtask guests` first"
    );
    let module = Module::from_file(&ENGINE, path).unwrap();
    modules.insert(name.to_owned(), module.clone());
    module
}
