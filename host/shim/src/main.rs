//! `containerd-shim-wasmtime-http-v1`: runs WebAssembly modules that send HTTP requests as containers,
//! under containerd and what is built on that: Kubernetes, Docker, nerdctl.
//!
//! The crate `wasmtime-http` runs the module, and `containerd-shim-wasm` handles the life cycle of the
//! container; this program connects the two.

mod certificates;
mod compiled;
mod container;
mod levels;
mod names;
mod output;
mod policy;
mod remains;

use std::env;
use std::process::ExitCode;

use containerd_shim_wasm::shim::Cli;

use crate::certificates::Store;
use crate::container::{POD, Pod, WasmtimeHttp};
use crate::levels::{Bundle, Node};

/// How containerd starts a shim, whose server it then talks to.
const START: &str = "start";

/// The namespace of containerd in which Docker has its containers.
const DOCKER: &str = "moby";

fn main() -> ExitCode {
    remains::remove_if_asked();
    let pod = read();
    // containerd shows what is written here to whoever wants the container started, and in events.
    if let Err(error) = &pod
        && env::args().any(|word| word == START)
    {
        eprintln!("wasmtime-http: {error}");
        return ExitCode::FAILURE;
    }
    // All later processes are copies of this one.
    POD.get_or_init(|| pod);
    WasmtimeHttp::run(None);
    ExitCode::SUCCESS
}

/// What there is to know of the node and of the pod; containerd starts shims in the directory of the
/// first container's bundle.
fn read() -> Result<Pod, String> {
    let node = Node::read()?;
    let directory = env::current_dir().map_err(|error| format!("no working directory: {error}"))?;
    let bundle = Bundle::read(&directory)?;
    let annotations = levels::of_annotations(bundle.annotations())?;
    levels::of_environment(bundle.environment.iter().map(String::as_str))?;
    // It looks for the namespace by the container's process, which `containerd-shimkit` (0.1) names to it
    // only after the start, and then waits for ever.
    if bundle.has_new_network && argument("-namespace").as_deref() == Some(DOCKER) {
        return Err(
            "Docker cannot set up a network of the container's own with this runtime: \
             use --network host, or --network container:NAME for that of another container"
                .to_owned(),
        );
    }
    Ok(Pod {
        node,
        annotations,
        store: Store::of_this_root("node"),
    })
}

/// The word after this one on the command line of containerd.
fn argument(name: &str) -> Option<String> {
    env::args().skip_while(|word| word != name).nth(1)
}
