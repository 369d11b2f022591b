//! `cargo xtask test`: every check and every test.

use std::fs;
use std::process::Command;

use anyhow::{Result, bail, ensure};

use crate::codegen::{self, CodegenArgs};
use crate::guests::{self, GuestsArgs};
use crate::matrix::{self, MatrixArgs};
use crate::summary::Summary;
use crate::{api, bench, npm, portability, project, step};

/// The arguments of `cargo xtask test`.
#[derive(clap::Args)]
pub struct TestArgs {
    /// Run only the tests with this in their names; or other arguments of the test binaries
    #[arg(
        value_name = "ARGS",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    arguments: Vec<String>,
}

/// Runs the steps up to the first that fails.
pub fn run(arguments: &TestArgs) -> Result<()> {
    let mut summary = Summary::default();
    let passed = if arguments.arguments.is_empty() {
        summary.step("formatting", formatting)
            && summary.step("generated files", generated_files)
            && summary.step("guests", build_guests)
            && summary.step("clippy", clippy)
            && summary.step("clippy of the benchmarks", clippy_of_benchmarks)
            && summary.step("documentation", documentation)
            && summary.step("public interfaces", api::check)
            && summary.step("lowest Rust", portability::lowest_rust)
            && summary.step("target of components", portability::component_target)
            && summary.step("AssemblyScript tests", assembly_script_tests)
            && summary.step("bindings of many documents", bindings)
            && summary.step("installation", installation)
            // Last, so that its results are not far up when all is done.
            && summary.step("Rust tests", || rust_tests(&[]))
    } else {
        summary.step("guests", build_guests)
            && summary.step("Rust tests", || rust_tests(&arguments.arguments))
    };
    summary.print();
    if !passed {
        bail!("the last step above failed; those after it did not run");
    }
    Ok(())
}

fn formatting() -> Result<()> {
    step::header("Formatting");
    step::run(project::cargo().args(["fmt", "--all", "--", "--check"]))?;
    // Not of the workspace.
    step::run(
        project::cargo()
            .current_dir(project::root().join(bench::PACKAGE))
            .args(["fmt", "--", "--check"]),
    )
}

fn generated_files() -> Result<()> {
    step::header("Generated files");
    codegen::run(&CodegenArgs {
        check: true,
        ..CodegenArgs::default()
    })
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
    step::run(
        project::cargo()
            .current_dir(project::root().join(bench::PACKAGE))
            .args(["clippy", "--locked", "--target-dir"])
            .arg(bench::target())
            .args(["--", "--deny", "warnings"]),
    )
}

fn documentation() -> Result<()> {
    step::header("Documentation");
    step::run(
        project::cargo()
            .args(["doc", "--locked", "--workspace", "--no-deps"])
            .env("RUSTDOCFLAGS", "--deny warnings"),
    )
}

fn assembly_script_tests() -> Result<()> {
    let package = project::root().join(project::AS_PACKAGE);
    npm::install(&package)?;
    step::header("Tests of the AssemblyScript package");
    let mut npm: Command = project::command("npm");
    step::run(npm.current_dir(package).arg("test"))
}

fn bindings() -> Result<()> {
    matrix::run(&MatrixArgs::default())
}

/// Runs the commands with which the README says how to get the binary and the package, below
/// `target/`.
fn installation() -> Result<()> {
    step::header("Installing as the README says");
    let folder = project::root().join("target/installed");
    fs::create_dir_all(&folder)?;
    let readme = fs::read_to_string(project::root().join("README.md"))?;
    let commands = readme.lines().filter_map(|line| line.strip_prefix("$ "));
    let mut ran = 0;
    for line in commands {
        let line = line.split(" # ").next().unwrap_or_default();
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
                let mut npm = project::command("npm");
                npm.args(words).arg("--pack-destination").arg(&folder);
                npm
            }
            _ => continue,
        };
        step::run(command.current_dir(project::root()))?;
        ran += 1;
    }
    ensure!(ran == 2, "the README has {ran} commands to install, not 2");
    let installed = folder
        .join("bin/wasmtime-http")
        .with_extension(std::env::consts::EXE_EXTENSION);
    step::run(project::command(installed).arg("--version"))
}

fn rust_tests(arguments: &[String]) -> Result<()> {
    step::header("Tests");
    step::run(
        project::cargo()
            .args(["test", "--locked", "--workspace", "--no-fail-fast", "--"])
            .args(arguments),
    )
}
