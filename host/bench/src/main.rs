//! Measures the host and its guests beside native ureq, both pinned to the same cores, in turns.
//!
//! `cargo xtask bench` builds and runs this. The orchestrator ([`run`]) starts this program again
//! as a server and as clients, so that each measurement is a process of its own.

mod client;
mod connections;
mod measure;
mod micro;
mod peers;
mod report;
mod run;
mod server;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measures everything, and prints a table
    Run(run::RunArgs),
    /// Answers requests until its standard input ends
    Server {
        /// Serve HTTPS, and write the certificate authority's certificate to this file
        #[arg(long)]
        ca_file: Option<PathBuf>,
    },
    /// Makes one measurement, and prints its figures
    Client(client::ClientArgs),
    /// Measures the memory of many connections
    Connections(connections::ConnectionsArgs),
    /// Compares single host calls with hand-written ones
    Micro(micro::MicroArgs),
    /// Starts wasmtime and ends
    Empty,
}

fn main() -> wasmtime::Result<()> {
    match Arguments::parse().command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Server { ca_file } => server::run(ca_file.as_deref()),
        Command::Client(arguments) => client::run(&arguments),
        Command::Connections(arguments) => connections::run(&arguments),
        Command::Micro(arguments) => micro::run(&arguments),
        Command::Empty => {
            wasmtime::Engine::default();
            Ok(())
        }
    }
}
