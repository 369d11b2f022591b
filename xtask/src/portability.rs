//! What the guest crate promises about compilers and targets other than those that it is developed
//! with: the lowest version of Rust, and a sentence where it cannot work.

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::{project, step};

/// The package of the guest crate.
const PACKAGE: &str = "wasi-experimental-http";

/// A target whose modules are components, and what the crate says there.
const COMPONENT_TARGET: &str = "wasm32-wasip2";
const COMPONENT_SENTENCE: &str = "compile for wasm32-wasip1";

/// Toolchains and targets are downloads of up to 300 MB.
const DOWNLOAD_LIMIT: Duration = Duration::from_secs(300);

/// Compiles the guest crate with the lowest Rust that its manifest names. Where that cannot be had,
/// what remains is clippy's lint `incompatible_msrv`.
pub fn lowest_rust() -> Result<()> {
    let version = lowest_version()?;
    step::header(format_args!("The guest crate with Rust {version}"));
    let mut install = project::command("rustup");
    install.args([
        "toolchain",
        "install",
        "--profile",
        "minimal",
        "--no-self-update",
    ]);
    if let Err(error) = step::run_with_deadline(install.arg(&version), DOWNLOAD_LIMIT) {
        step::note(format_args!("not checked: {error:#}"));
        return Ok(());
    }
    let mut cargo = project::command("rustup");
    cargo
        .current_dir(project::root())
        .args(["run", &version, "cargo", "check", "--locked", "--lib"])
        .args(["--package", PACKAGE, "--target-dir"])
        .arg(project::root().join("target/lowest-rust"))
        // Those of the toolchain that runs this program.
        .env_remove("CARGO")
        .env_remove("RUSTC")
        .env("RUSTFLAGS", "--deny warnings");
    step::run(&mut cargo)
}

/// Checks that compiling for components fails with the sentence that says what to do.
pub fn component_target() -> Result<()> {
    step::header(format_args!("The guest crate for {COMPONENT_TARGET}"));
    let mut add = project::command("rustup");
    add.args(["target", "add", COMPONENT_TARGET]);
    if let Err(error) = step::run_with_deadline(&mut add, DOWNLOAD_LIMIT) {
        step::note(format_args!("not checked: {error:#}"));
        return Ok(());
    }
    let output = project::cargo()
        .args(["check", "--locked", "--lib", "--package", PACKAGE])
        .args(["--target", COMPONENT_TARGET, "--target-dir"])
        .arg(project::guests_build_dir().join("components"))
        .stdin(Stdio::null())
        .output()
        .context("cannot run cargo")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(!output.status.success(), "it compiles");
    ensure!(
        said.contains(COMPONENT_SENTENCE) && said.matches("\nerror: ").count() <= 2,
        "it does not say `{COMPONENT_SENTENCE}`, and no more:\n{said}"
    );
    Ok(())
}

/// `rust-version` of the guest crate, as cargo reads it.
fn lowest_version() -> Result<String> {
    let mut cargo: Command = project::cargo();
    cargo.args(["metadata", "--format-version", "1", "--no-deps", "--locked"]);
    let metadata: serde_json::Value = serde_json::from_str(&step::output(&mut cargo)?)?;
    let packages = metadata["packages"].as_array();
    let package = packages
        .into_iter()
        .flatten()
        .find(|it| it["name"] == PACKAGE);
    match package.and_then(|package| package["rust_version"].as_str()) {
        Some(version) => Ok(version.to_owned()),
        None => bail!("the package {PACKAGE} has no rust-version"),
    }
}
