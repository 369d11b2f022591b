//! `cargo xtask bench`: the benchmarks of `host/bench`.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::guests::{self, GuestsArgs};
use crate::wasm_toolchain::find_program;
use crate::{matrix, project, step};

/// The package of the benchmarks, from the root.
const PACKAGE: &str = "host/bench";

/// The arguments of `cargo xtask bench`.
#[derive(clap::Args)]
pub struct BenchArgs {
    /// Fewer and shorter rounds, for a first look
    #[arg(long)]
    quick: bool,
    /// Only what has this in its name
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

/// Builds what is measured, and measures it.
pub fn run(arguments: &BenchArgs) -> Result<()> {
    if find_program("taskset").is_none() {
        bail!("taskset is not installed; it is in Debian's package util-linux, and Linux only");
    }
    // The tours are measured for their sizes.
    let guests = ["rust-bench", "as-bench", "rust-tour", "as-tour"];
    guests::run(&GuestsArgs::only(&guests))?;
    step::header("Building the benchmarks");
    // The programs have target directories of their own, so that neither changes what features
    // the other's dependencies have.
    let benchmarks = build(PACKAGE, "wasi-experimental-http-bench")?;
    let wasmtime_http = build("host/cli", "wasmtime-http")?;
    step::header("Measuring");
    let mut run = project::command(benchmarks);
    run.current_dir(project::root())
        .arg("run")
        .arg("--guests")
        .arg(project::guests_dir())
        .arg("--wasmtime-http")
        .arg(wasmtime_http)
        .arg("--preview1")
        // The document comes with the crate.
        .arg(matrix::crate_folder("wasmtime-wasi")?.join("witx/p1/wasi_snapshot_preview1.witx"))
        .arg("--out")
        .arg(project::bench_dir());
    if arguments.quick {
        run.arg("--quick");
    }
    if let Some(only) = &arguments.only {
        run.arg("--only").arg(only);
    }
    step::run(&mut run)
}

/// Builds a program, optimised, and says where it is.
fn build(package: &str, name: &str) -> Result<PathBuf> {
    let target = project::bench_dir().join("build");
    let mut cargo = project::cargo();
    cargo
        .current_dir(project::root().join(package))
        .args(["build", "--locked", "--release", "--target-dir"])
        .arg(&target);
    step::run(&mut cargo)?;
    Ok(target
        .join("release")
        .join(name)
        .with_extension(std::env::consts::EXE_EXTENSION))
}
