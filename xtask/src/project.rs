//! Paths in the work tree, cargo's metadata, and commands with the right environment.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result};
use cargo_metadata::{Metadata, MetadataCommand, Package};

use crate::step;

/// The root of the workspace.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the package xtask lies in the workspace")
}

/// Where the built guests are put, whatever the target directory of the workspace is.
pub fn guests_dir() -> PathBuf {
    root().join("target/guests")
}

/// Where guests are built; not the workspace's own target directory, because guests may have to be
/// built by another cargo.
pub fn guests_build_dir() -> PathBuf {
    root().join("target/guests-build")
}

/// Where benchmarks are built and their results written.
pub fn bench_dir() -> PathBuf {
    root().join("target/bench")
}

/// Where cargo puts the debug builds of the workspace.
pub fn debug_dir() -> PathBuf {
    // The target directory may be configured in many ways; this program lies in it.
    env::current_exe()
        .ok()
        .and_then(|exe| exe.parent().map(Path::to_owned))
        .unwrap_or_else(|| root().join("target/debug"))
}

/// The cargo that started this program, in the workspace's root.
pub fn cargo() -> Command {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = command(cargo);
    command.current_dir(root());
    command
}

/// The compiler that the workspace's cargo uses, in the workspace's root.
pub fn rustc() -> Command {
    let mut command = command(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    command.current_dir(root());
    command
}

/// What cargo says of the workspace and of all that it depends on, on any system.
pub fn metadata() -> Result<&'static Metadata> {
    static METADATA: OnceLock<Metadata> = OnceLock::new();
    if let Some(metadata) = METADATA.get() {
        return Ok(metadata);
    }
    let metadata = MetadataCommand::new()
        .current_dir(root())
        .other_options(["--locked".to_owned()])
        .exec()
        .context("cannot read the manifests of the workspace")?;
    Ok(METADATA.get_or_init(|| metadata))
}

/// A package of the workspace, or one that it depends on.
pub fn package(name: &str) -> Result<&'static Package> {
    let mut packages = metadata()?.packages.iter();
    packages
        .find(|package| package.name.as_str() == name)
        .with_context(|| format!("`{name}` is neither of the workspace nor a dependency"))
}

/// The lowest Rust that the workspace promises to build with.
pub fn rust_version() -> Result<String> {
    let version = package("xtask")?.rust_version.as_ref();
    Ok(version.context("xtask has no rust-version")?.to_string())
}

/// The target that the compiler compiles for by default.
pub fn host() -> Result<String> {
    let tuple = step::output(rustc().args(["--print", "host-tuple"]))?;
    Ok(tuple.trim().to_owned())
}

/// A program in the environment of the person who called `cargo xtask`.
pub fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(is_set_by_cargo_run) {
            command.env_remove(name);
        }
    }
    command
}

/// Whether `cargo run` sets this variable, about the package xtask, for the program it runs.
fn is_set_by_cargo_run(name: &str) -> bool {
    name.starts_with("CARGO_PKG_")
        || name.starts_with("CARGO_MANIFEST_")
        || matches!(
            name,
            "CARGO_BIN_NAME" | "CARGO_CRATE_NAME" | "CARGO_PRIMARY_PACKAGE" | "OUT_DIR"
        )
}

/// The path below the workspace's root, for messages.
pub fn relative(path: &Path) -> &Path {
    path.strip_prefix(root()).unwrap_or(path)
}

/// The npm package whose compiler builds all guests in AssemblyScript.
pub const AS_PACKAGE: &str = "guest-as";

/// The npm packages with programs that judge the host in its tests.
pub const JUDGES: &str = "host/tests/judges";

/// The library for embedders.
pub const HOST_PACKAGE: &str = "wasi-experimental-http-wasmtime";

/// The program npm.
pub const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };
