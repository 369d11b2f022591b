//! What the matrix compiles with: the compilers of [`xtask::pypi`], and what has to be found or built
//! once for all columns.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use cargo_metadata::Message;
use xtask::wasm_toolchain::Toolchain;
use xtask::{npm, project, step};

pub use xtask::pypi::*;

/// Documents that come with crates: a name, the crate, and the path in it.
pub const DOCUMENTS_OF_CRATES: [(&str, &str, &str); 3] = [
    ("preview0", "wasmtime-wasi", "witx/p0/wasi_unstable.witx"),
    (
        "preview1",
        "wasmtime-wasi",
        "witx/p1/wasi_snapshot_preview1.witx",
    ),
    ("wasi_nn", "wasmtime-wasi-nn", "witx/wasi-nn.witx"),
];

/// What wiggle's output uses, and hosts of guests whose runtime asks for WASI.
const HOST_CRATES: [&str; 3] = ["wasmtime", "wiggle", "wasmtime_wasi"];

/// The package of npm that is a formatter of Markdown, JSON and TypeScript.
const PRETTIER: (&str, &str) = ("prettier", "3.10.1");

/// The formatter of Markdown, JSON and TypeScript.
pub fn prettier() -> Result<Command> {
    let folder = npm::tool(PRETTIER.0, PRETTIER.1)?;
    let mut node = project::command("node");
    node.arg(folder.join("node_modules/prettier/bin/prettier.cjs"));
    Ok(node)
}

/// The compilers, each of which is found or installed when it is needed.
#[derive(Default)]
pub struct Tools {
    wasm: OnceCell<Toolchain>,
    npm: OnceCell<()>,
    host_crates: OnceCell<BTreeMap<String, PathBuf>>,
}

impl Tools {
    /// The Rust compiler for guests.
    pub fn wasm(&self) -> Result<&Toolchain> {
        once(&self.wasm, Toolchain::find_or_install)
    }

    /// The packages of npm: the compiler of AssemblyScript.
    pub fn npm(&self) -> Result<&()> {
        once(&self.npm, || {
            npm::install(&project::root().join(project::AS_PACKAGE))
        })
    }

    /// The crates that wiggle's output uses, as the workspace has built them.
    pub fn host_crates(&self) -> Result<&BTreeMap<String, PathBuf>> {
        once(&self.host_crates, host_crates)
    }
}

/// What a cell holds, made if it is empty.
fn once<T>(cell: &OnceCell<T>, make: impl FnOnce() -> Result<T>) -> Result<&T> {
    match cell.get() {
        Some(made) => Ok(made),
        None => {
            let made = make()?;
            Ok(cell.get_or_init(|| made))
        }
    }
}

/// Builds the host's dependencies as the workspace has them, and says where they are.
fn host_crates() -> Result<BTreeMap<String, PathBuf>> {
    step::header("Building wasmtime and wiggle, as the host uses them");
    let mut cargo = project::cargo();
    // The whole workspace, so that the features are those with which its tests are built.
    cargo.args(["build", "--locked", "--workspace", "--message-format=json"]);
    let output = step::output(&mut cargo)?;
    let mut crates = BTreeMap::new();
    for message in Message::parse_stream(output.as_bytes()) {
        let Message::CompilerArtifact(artifact) = message.context("cargo wrote no message")? else {
            continue;
        };
        let name = artifact.target.name;
        let mut files = artifact.filenames.into_iter();
        let library = files.find(|file| file.extension() == Some("rlib"));
        if let Some(library) = library
            && HOST_CRATES.contains(&name.as_str())
        {
            crates.insert(name, library.into());
        }
    }
    if crates.len() != HOST_CRATES.len() {
        bail!("cargo did not say where it put {}", HOST_CRATES.join(", "));
    }
    Ok(crates)
}

/// Where cargo has unpacked a crate.
pub fn crate_folder(name: &str) -> Result<&'static Path> {
    let manifest = project::package(name)?.manifest_path.as_std_path();
    Ok(manifest.parent().unwrap_or(manifest))
}
