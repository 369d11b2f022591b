//! The work of the benchmarks, by hosts of others: wasmtime-wasi-http and Extism.
//!
//! `cargo xtask bench --peers` builds this, and the orchestrator of the benchmarks starts it as it
//! starts its own clients.

mod extism;
#[path = "../../src/measure.rs"]
mod measure;
mod pool;
mod wasi_http;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};
use wasmtime::Result;
use wit_component::ComponentEncoder;

use crate::measure::{Batches, peak_memory};

#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Makes a component of a core module for WASI preview 1
    Component { module: PathBuf, component: PathBuf },
    /// Makes one measurement, and prints its seconds and KiB of memory
    Client(ClientArgs),
}

#[derive(clap::Args)]
struct ClientArgs {
    peer: Peer,
    work: Work,
    #[arg(long)]
    url: String,
    #[arg(long)]
    guest: PathBuf,
    /// The C library of Extism
    #[arg(long)]
    library: PathBuf,
    #[command(flatten)]
    batches: Batches,
    /// How many guests at once
    #[arg(long, default_value_t = 1)]
    threads: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Peer {
    Extism,
    /// wasmtime-wasi-http as it comes
    WasiHttp,
    /// wasmtime-wasi-http with connections that are kept
    WasiHttpPool,
}

/// What is to be done, as the clients of the benchmarks name it.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Work {
    Get,
    Fresh,
    Download,
    Upload,
    First,
    Stores,
}

/// How long something took, and KiB of memory if the work is to count them.
struct Measured {
    time: Duration,
    memory: Option<f64>,
}

impl From<Duration> for Measured {
    fn from(time: Duration) -> Measured {
        Measured { time, memory: None }
    }
}

impl Measured {
    fn seconds(seconds: f64) -> Measured {
        Duration::from_secs_f64(seconds).into()
    }

    fn memory(memory: f64) -> Measured {
        Measured {
            time: Duration::ZERO,
            memory: Some(memory),
        }
    }
}

fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Component { module, component } => encode(&module, &component),
        Command::Client(arguments) => {
            let measured = match arguments.peer {
                Peer::Extism => extism::run(&arguments)?,
                Peer::WasiHttp | Peer::WasiHttpPool => wasi_http::run(&arguments)?,
            };
            let memory = measured.memory.map_or_else(peak_memory, Ok)?;
            println!("{} {memory}", measured.time.as_secs_f64());
            Ok(())
        }
    }
}

fn encode(module: &Path, component: &Path) -> Result<()> {
    use wasi_preview1_component_adapter_provider::{
        WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME as NAME,
        WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER as ADAPTER,
    };
    let encoded = ComponentEncoder::default()
        .module(&fs::read(module)?)
        .and_then(|encoder| encoder.adapter(NAME, ADAPTER))
        .and_then(|mut encoder| encoder.encode())
        .map_err(|error| wasmtime::format_err!("{error:#}"))?;
    Ok(fs::write(component, encoded)?)
}
