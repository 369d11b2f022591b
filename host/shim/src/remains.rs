//! What is left of a container when its shim has been killed: containerd then calls the shim's program with
//! `delete`, in the directory of the container's bundle. `containerd-shim-wasm` does nothing then, so that
//! the module would run on.

use std::os::unix::net::UnixStream;
use std::path::Path;
use std::{env, fs};

use containerd_shim_wasm::shim::Shim;
use libcontainer::container::Container;

use crate::argument;
use crate::container::WasmtimeHttp;

/// The last word of the command line.
const DELETE: &str = "delete";

/// Where `containerd-shim-wasm` notes its containers.
const STATE: &str = "/run/containerd";

/// Where a shim writes the address of its socket, in the bundle.
const ADDRESS: &str = "address";

/// Ends the container, and removes its cgroups, its state and the socket, if that is what containerd asks
/// for.
pub fn remove_if_asked() {
    if env::args().next_back().is_none_or(|word| word != DELETE) {
        return;
    }
    if let (Some(namespace), Some(id)) = (argument("-namespace"), argument("-id")) {
        let directory = Path::new(STATE).join(WasmtimeHttp::name());
        remove(&directory.join(namespace).join(id));
    }
}

fn remove(state: &Path) {
    if state.exists()
        && let Err(error) = end(state)
    {
        // containerd has it in its log.
        eprintln!(
            "wasmtime-http: cannot remove {}: {error:#}",
            state.display()
        );
    }
    let address = fs::read_to_string(ADDRESS).unwrap_or_default();
    if let Some(socket) = address.trim().strip_prefix("unix://")
        && UnixStream::connect(socket).is_err()
    {
        let _ = fs::remove_file(socket);
    }
}

fn end(state: &Path) -> anyhow::Result<()> {
    Container::load(state.to_owned())?.delete(true)?;
    Ok(())
}
