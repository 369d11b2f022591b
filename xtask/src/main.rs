//! The command `cargo xtask`: see the library of this package.

use std::process::ExitCode;

use clap::Parser;
use xtask::cli::{self, Arguments};

fn main() -> ExitCode {
    cli::main(Arguments::parse(), cli::run)
}
