//! The command `witx-bindings`: see the library of this package.

use std::process::ExitCode;

use clap::Parser;
use witx_bindings::{Arguments, HELP};

/// Generates language bindings and a reference from WITX documents
#[derive(Parser)]
#[command(version, long_about = HELP)]
struct Command {
    #[command(flatten)]
    arguments: Arguments,
}

fn main() -> ExitCode {
    witx_bindings::run(&Command::parse().arguments)
}
