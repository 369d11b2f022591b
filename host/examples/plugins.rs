//! A folder of plugins, each with a policy of its own, that are loaded again when they change.
//!
//! Beside `weather.wasm` is `weather.hosts`, with the hosts that the plugin may reach, one a line; a
//! plugin without such a file reaches none. A call that is running when its plugin is loaded again
//! goes on with what it has.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;
use std::{fs, io};

use wasi_experimental_http_wasmtime::{AllowedHosts, HttpClient, HttpCtx, HttpCtxBuilder};
use wasmtime::error::Context;
use wasmtime::{Engine, InstancePre, Linker, Module, Result, Store, format_err};

fn main() -> Result<()> {
    let plugins = Plugins::new("plugins")?;
    loop {
        for name in plugins.reload()? {
            println!("{name}: {:?}", plugins.run(&name));
        }
        std::thread::sleep(std::time::Duration::from_secs(1));
    }
}

/// The plugins of a folder.
pub struct Plugins {
    folder: PathBuf,
    linker: Linker<HttpCtx>,
    client: HttpClient,
    loaded: Mutex<HashMap<String, Arc<Plugin>>>,
}

/// A plugin as it was when it was loaded.
struct Plugin {
    instance: InstancePre<HttpCtx>,
    http: HttpCtxBuilder,
    changed: [Option<SystemTime>; 2],
}

impl Plugins {
    /// The plugins of this folder, none of which is loaded yet.
    pub fn new(folder: impl Into<PathBuf>) -> Result<Plugins> {
        let mut linker = Linker::new(&Engine::default());
        wasi_experimental_http_wasmtime::add_to_linker(&mut linker, |http: &mut HttpCtx| http)?;
        Ok(Plugins {
            folder: folder.into(),
            linker,
            client: HttpClient::new(),
            loaded: Mutex::default(),
        })
    }

    /// Loads what is new or has changed, forgets what is gone, and gives the names of the former. If
    /// a plugin or its policy cannot be read, all of that is left as it was.
    pub fn reload(&self) -> Result<Vec<String>> {
        let before = self.lock().clone();
        let (mut now, mut names) = (HashMap::new(), Vec::new());
        for entry in fs::read_dir(&self.folder)? {
            let file = entry?.path();
            let name = file.file_stem().unwrap_or_default();
            let name = name.to_string_lossy().into_owned();
            if file.extension().is_none_or(|extension| extension != "wasm") {
                continue;
            }
            let changed = [changed(&file)?, changed(&file.with_extension("hosts"))?];
            let plugin = match before.get(&name) {
                Some(plugin) if plugin.changed == changed => plugin.clone(),
                _ => {
                    names.push(name.clone());
                    let plugin = self.load(&file, &name, changed);
                    Arc::new(plugin.with_context(|| format!("cannot load {}", file.display()))?)
                }
            };
            now.insert(name, plugin);
        }
        *self.lock() = now;
        Ok(names)
    }

    fn load(&self, file: &Path, name: &str, changed: [Option<SystemTime>; 2]) -> Result<Plugin> {
        let hosts: AllowedHosts = match fs::read_to_string(file.with_extension("hosts")) {
            Ok(text) => text.parse()?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => AllowedHosts::none(),
            Err(error) => return Err(error.into()),
        };
        let module = Module::from_file(self.linker.engine(), file)?;
        let mut http = HttpCtx::builder();
        http.client(self.client.clone())
            .allowed_hosts(hosts)
            .label(name);
        Ok(Plugin {
            instance: self.linker.instantiate_pre(&module)?,
            http,
            changed,
        })
    }

    /// Calls `run` of a plugin as it is loaded now.
    pub fn run(&self, name: &str) -> Result<i32> {
        let plugin = self.lock().get(name).cloned();
        let plugin = plugin.ok_or_else(|| format_err!("there is no plugin {name}"))?;
        let mut store = Store::new(self.linker.engine(), plugin.http.build());
        let instance = plugin.instance.instantiate(&mut store)?;
        let run = instance.get_typed_func::<(), i32>(&mut store, "run")?;
        run.call(&mut store, ())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Plugin>>> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When a file was changed, if it is there.
fn changed(file: &Path) -> io::Result<Option<SystemTime>> {
    match fs::metadata(file) {
        Ok(metadata) => Ok(Some(metadata.modified()?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
