//! `cargo xtask bench`: the benchmarks of `host/bench`.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::guests::{self, GuestsArgs};
use crate::wasm_toolchain::find_program;
use crate::{project, pypi, step};

/// The package of the benchmarks, from the root.
pub const PACKAGE: &str = "host/bench";

/// The package of what they are compared with, from the root.
pub const PEERS: &str = "host/bench/peers";

/// The arguments of `cargo xtask bench`.
#[derive(clap::Args)]
pub struct BenchArgs {
    /// Fewer and shorter rounds, for a first look
    #[arg(long)]
    quick: bool,
    /// Only what has this in its name
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// What grows (idle connections, entries, header fields, threads), in place of the figures
    #[arg(long)]
    curves: bool,
    /// The same work by wasmtime-wasi-http and Extism, in place of the figures
    #[arg(long, conflicts_with = "curves")]
    peers: bool,
}

impl BenchArgs {
    fn measures(&self, what: &str) -> bool {
        let only = self.only.as_deref();
        !self.curves && !self.peers && only.is_none_or(|only| what.contains(only))
    }
}

/// Builds what is measured, and measures it.
pub fn run(arguments: &BenchArgs) -> Result<()> {
    if find_program("taskset").is_none() {
        bail!("taskset is not installed; it is in Debian's package util-linux, and Linux only");
    }
    // The tours are measured for their sizes.
    let guests = ["rust-bench", "as-bench", "rust-tour", "as-tour"];
    guests::run(&GuestsArgs::only(&guests))?;
    small_tour()?;
    step::header("Building the benchmarks");
    let benchmarks = build(PACKAGE, "wasi-experimental-http-bench")?;
    // Only the figures have a row of it.
    let wasmtime_http = if arguments.curves || arguments.peers {
        None
    } else {
        Some(build("host/cli", "wasmtime-http")?)
    };
    let preview1 = if arguments.measures(PREVIEW1) {
        Some(preview1(arguments.quick)?)
    } else {
        None
    };
    let peers = if arguments.peers {
        Some(Peers::build()?)
    } else {
        None
    };
    step::header("Measuring");
    let mut run = project::command(benchmarks);
    run.current_dir(project::root())
        .arg("run")
        .arg("--guests")
        .arg(project::guests_dir())
        .arg("--out")
        .arg(project::bench_dir());
    if let Some(wasmtime_http) = wasmtime_http {
        run.arg("--wasmtime-http").arg(wasmtime_http);
    }
    if arguments.quick {
        run.arg("--quick");
    }
    if arguments.curves {
        run.arg("--curves");
    }
    if let Some(peers) = peers {
        run.arg("--peers").arg(peers.program);
        run.arg("--extism").arg(peers.extism);
    }
    if let Some(only) = &arguments.only {
        run.arg("--only").arg(only);
    }
    if let Some(estimates) = preview1 {
        run.arg("--preview1").arg(estimates);
    }
    step::run(&mut run)
}

/// Makes the tour smaller, as the page of the guest package says: with the optimiser that the
/// compiler of AssemblyScript depends on.
fn small_tour() -> Result<()> {
    let package = project::root().join(project::AS_PACKAGE);
    let mut optimiser = project::command(package.join("node_modules/.bin/wasm-opt"));
    optimiser
        .args(["-Oz", "--all-features", "-o"])
        .arg(guests::path("rust-tour-small"))
        .arg(guests::path("rust-tour"));
    step::run(&mut optimiser)
}

/// What does the work of the benchmarks with other hosts.
struct Peers {
    program: PathBuf,
    /// The C library of Extism.
    extism: PathBuf,
}

impl Peers {
    fn build() -> Result<Peers> {
        guests::peers()?;
        let extism = pypi::extism()?;
        step::header(
            "Building the peers and their wasmtime, which takes some ten minutes the first time",
        );
        let program = build(PEERS, "wasi-experimental-http-bench-peers")?;
        let mut component = project::command(&program);
        component
            .arg("component")
            .arg(guests::path("wasi-http-bench"))
            .arg(guests::path("wasi-http-bench-component"));
        step::run(&mut component)?;
        Ok(Peers { program, extism })
    }
}

/// The row of the generator, as the benchmarks name it.
const PREVIEW1: &str = "bindings of WASI preview 1 in all languages";

/// Measures the generator, and says where the estimates are.
fn preview1(quick: bool) -> Result<PathBuf> {
    const ALL: &str = "load and all languages";
    step::header("Measuring the generator");
    let results = project::bench_dir().join("criterion");
    let mut cargo = project::cargo();
    cargo
        .current_dir(project::root())
        .args(["bench", "--locked", "--bench", "preview1"])
        .args([
            "--package",
            "wasi-experimental-http-codegen",
            "--target-dir",
        ])
        .arg(target())
        .args(["--", ALL])
        .env("CRITERION_HOME", &results);
    if quick {
        cargo.arg("--quick");
    }
    step::run(&mut cargo)?;
    Ok(results
        .join("preview1")
        .join(ALL)
        .join("new/estimates.json"))
}

/// The programs have a target directory of their own, so that neither they nor others change what
/// features the dependencies have.
pub fn target() -> PathBuf {
    project::bench_dir().join("build")
}

/// Builds a program, optimised, and says where it is.
fn build(package: &str, name: &str) -> Result<PathBuf> {
    let mut cargo = project::cargo();
    cargo
        .current_dir(project::root().join(package))
        .args(["build", "--locked", "--release", "--target-dir"])
        .arg(target());
    step::run(&mut cargo)?;
    Ok(target()
        .join("release")
        .join(name)
        .with_extension(std::env::consts::EXE_EXTENSION))
}
