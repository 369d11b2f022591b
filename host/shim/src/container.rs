//! A module as a container: its engine, what it gets of the container, and its exit code.

use std::fs;
use std::hash::Hash;
use std::sync::OnceLock;
use std::thread;

use containerd_shim_wasm::sandbox::Sandbox;
use containerd_shim_wasm::sandbox::context::{RuntimeContext, Source, WasmLayer};
use containerd_shim_wasm::shim::{Compiler, Shim, Version};
use wasi_experimental_http_wasmtime::{
    Hook, HookAction, HookRequest, HttpClientBuilder, HttpCtxBuilder,
};
use wasmtime::error::Context;
use wasmtime::{Engine, Error, Module, Result, bail};
use wasmtime_http::args::{Arguments, Directory, Variable};
use wasmtime_http::report::Advice;
use wasmtime_http::run::{self, Program};
use wasmtime_http::{exit, interrupt, module, say};
use wasmtime_wasi::FsPerms;

use crate::certificates::{self, Store};
use crate::compiled;
use crate::levels::{self, Node};
use crate::names;
use crate::output;
use crate::policy::{self, Consent, Level};

/// The container could not be run as its policy says.
const MALFORMED: i32 = 1;

/// What is known before there is a container, and is the same for all of a pod. Processes of containers
/// are forked from the one that has read it, and cannot read it themselves.
pub struct Pod {
    pub node: Node,
    pub annotations: Level,
    /// The node's certificate authorities.
    pub store: Option<Store>,
}

pub static POD: OnceLock<Result<Pod, String>> = OnceLock::new();

pub struct WasmtimeHttp;

impl Shim for WasmtimeHttp {
    type Sandbox = Container;

    fn name() -> &'static str {
        "wasmtime-http"
    }

    fn version() -> Version {
        Version {
            version: env!("CARGO_PKG_VERSION"),
            revision: "<none>",
        }
    }

    fn supported_layers_types() -> &'static [&'static str] {
        compiled::LAYERS
    }

    async fn compiler() -> Option<impl Compiler> {
        let engine = engine();
        engine
            .inspect_err(|error| log::error!("modules are compiled at each start: {error:#}"))
            .ok()
            .map(Precompiler)
    }
}

/// Compiles the module of an image once for a node. containerd keeps the result beside the image, under
/// a name that no image can give anything.
struct Precompiler(Engine);

impl Compiler for Precompiler {
    fn cache_key(&self) -> impl Hash {
        // Options, features of this processor, and the version.
        let mut hasher = std::hash::DefaultHasher::new();
        self.0.precompile_compatibility_hash().hash(&mut hasher);
        (
            env!("CARGO_PKG_VERSION"),
            std::hash::Hasher::finish(&hasher),
        )
    }

    async fn compile(&self, layers: &[WasmLayer]) -> anyhow::Result<Vec<Option<Vec<u8>>>> {
        let layers = layers.iter();
        Ok(layers
            .map(|layer| compiled::of_layer(&self.0, layer))
            .collect())
    }
}

/// The engine of all containers: of one that differs a node could not keep modules.
fn engine() -> Result<Engine> {
    let defaults = Arguments::parse(["wasmtime-http", "module"])?;
    defaults.engine.engine(true, false)
}

#[derive(Debug, Default)]
pub struct Container;

impl Sandbox for Container {
    async fn run_wasi(&self, context: &impl RuntimeContext) -> anyhow::Result<i32> {
        // Of this thread it is not known how deep its stack is, and it belongs to a runtime.
        let code = thread::scope(|scope| scope.spawn(|| run(context)).join());
        output::wait_until_read();
        Ok(code.unwrap_or(exit::TRAP))
    }

    /// Whatever is wrong with the module is said by who runs it, in the container's log.
    async fn can_handle(&self, _context: &impl RuntimeContext) -> anyhow::Result<()> {
        Ok(())
    }
}

/// Runs the module of a container to its end, and gives the exit code.
fn run(context: &impl RuntimeContext) -> i32 {
    match prepare(context) {
        Ok((arguments, engine, module, program)) => {
            let ended = run::run_module(&arguments, &engine, &module, &program);
            exit::code(ended, &arguments)
        }
        Err(error) => {
            say::say(format_args!("{error:#}"));
            MALFORMED
        }
    }
}

fn prepare(context: &impl RuntimeContext) -> Result<(Arguments, Engine, Module, InContainer)> {
    let pod = POD.get().context("the shim has not read the node's file")?;
    let pod = pod.as_ref().map_err(|error| Error::msg(error.clone()))?;
    let environment = context.envs().iter().map(String::as_str);
    let environment = levels::of_environment(environment).map_err(Error::msg)?;
    let levels = [pod.node.level.clone(), pod.annotations.clone(), environment];
    let policy = policy::narrow(&levels);

    let mut words = vec!["wasmtime-http".to_owned()];
    words.extend(pod.node.options.iter().cloned());
    words.extend(policy.options.iter().cloned());
    words.push("module".to_owned());
    let mut arguments = Arguments::parse(words)?;
    let entry = context.entrypoint();
    let first = entry.arg0.unwrap_or("module".as_ref()).to_string_lossy();
    let path = first.split_once('#').map_or(&*first, |(path, _)| path);
    arguments.module = path.into();
    arguments.invoke = entry.func.clone();
    arguments.arguments = context.args().iter().skip(1).cloned().collect();
    arguments.client_certificates = pod.node.client_certificates.clone();
    let variables = context.envs().iter().filter(|it| !levels::is_ours(it));
    arguments.environment = variables
        .filter_map(|variable| {
            let (name, value) = variable.split_once('=')?;
            Some(Variable {
                name: name.to_owned(),
                value: Some(value.to_owned()),
            })
        })
        .collect();
    // All that is in the container: its image, and the volumes that are mounted in it.
    arguments.directories = vec![Directory {
        host: "/".into(),
        guest: "/".to_owned(),
        permissions: FsPerms::ReadWrite,
    }];

    let named = context.envs().iter().find_map(|variable| {
        let (name, value) = variable.split_once('=')?;
        (name == certificates::VARIABLE).then_some(value)
    });
    let store = Store::of_container(named, pod.store.as_ref())
        .with_context(|| format!("cannot read the file that {} names", certificates::VARIABLE))?;
    if arguments.verbose > 0 {
        say::say(format_args!("certificate authorities: {}", store.origin));
    }

    let engine = engine()?;
    let module = module(&engine, &entry.source, path)?;
    let program = InContainer {
        store,
        authorities: pod.node.authorities.clone(),
        consents: policy.others,
    };
    Ok((arguments, engine, module, program))
}

/// The module of an image: a layer, or a file.
fn module(engine: &Engine, source: &Source<'_>, path: &str) -> Result<Module> {
    let layers = match source {
        Source::Oci(layers) => layers,
        Source::File(_) => &[][..],
    };
    let mut modules = layers.iter().filter(|layer| compiled::is_module(layer));
    if let Some(layer) = modules.next() {
        if modules.next().is_some() {
            bail!("the image has several modules as layers, and an artifact has one");
        }
        return module::compile(engine, path, layer.layer.clone(), layer.precompiled);
    }
    let bytes =
        fs::read(path).with_context(|| format!("cannot read the module `{path}` of the image"))?;
    let compiled = compiled::find(layers, &bytes);
    let is_compiled = compiled.is_some();
    module::compile(engine, path, compiled.unwrap_or(bytes), is_compiled)
}

/// What is different in a container: its network, its signals, and who else decides.
struct InContainer {
    store: Store,
    authorities: Vec<Vec<u8>>,
    consents: Vec<Consent>,
}

impl Program for InContainer {
    fn signals(&self) -> &[i32] {
        &[interrupt::SIGTERM, interrupt::SIGINT]
    }

    fn advice(&self) -> Advice {
        Advice::Annotations
    }

    fn set_up_client(&self, client: &mut HttpClientBuilder) {
        client
            .resolver(names::look_up)
            .system_root_certificates(false);
        let added = self.authorities.iter().map(|pem| Store {
            origin: String::new(),
            pem: pem.clone(),
        });
        for store in added.chain([self.store.clone()]) {
            for certificate in store.certificates() {
                if let Err(error) = client.try_add_root_certificates_pem(certificate) {
                    log::debug!("a certificate of {} is not used: {error}", store.origin);
                }
            }
        }
    }

    fn set_up_requests(&self, http: &mut HttpCtxBuilder) {
        for consent in &self.consents {
            http.hook(Asked(consent.clone()));
        }
    }
}

/// Refuses what a level does not allow.
struct Asked(Consent);

impl Hook for Asked {
    fn on_request(&self, request: &mut HookRequest<'_>) -> HookAction {
        if self.0.allows(Some(request.method), request.url) {
            return HookAction::Send;
        }
        HookAction::Refuse(format!("not in the allowed hosts of {}", self.0.level))
    }
}
