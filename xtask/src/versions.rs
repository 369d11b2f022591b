//! `cargo xtask versions`: the host with other versions of what it depends on than those that are
//! locked: the ends of a range that it promises, and what may come next.
//!
//! It works on a copy of the workspace, so that the lock file stays what it is.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::summary::Summary;
use crate::{project, step};

/// Where the copy is.
const COPY: &str = "target/versions/workspace";

/// The package whose dependencies these are.
const HOST: &str = "wasi-experimental-http-wasmtime";

/// The crates that have wasmtime's version.
const WITH_WASMTIME: [&str; 5] = [
    "wasmtime",
    "wasmtime-wasi",
    "wasmtime-wasi-nn",
    "wiggle",
    "wiggle-generate",
];

/// The tests that run with each version of ureq: those in which it sends and receives.
const TESTS: [&str; 6] = ["abi", "answers", "hostile", "http", "separation", "streams"];

/// The arguments of `cargo xtask versions`.
#[derive(clap::Args)]
pub struct VersionsArgs {
    /// Check the library with this major version of wasmtime, in place of testing the range of ureq
    #[arg(long, value_name = "MAJOR")]
    wasmtime: Option<u32>,
}

/// Tries the versions.
pub fn run(arguments: &VersionsArgs) -> Result<()> {
    copy_workspace()?;
    let manifest = copy().join("Cargo.toml");
    let text = fs::read_to_string(&manifest)?;
    if let Some(major) = arguments.wasmtime {
        step::header(format_args!("The library with wasmtime {major}"));
        fs::write(&manifest, with_wasmtime(&text, major)?)?;
        step::run(cargo().args(["update", "--quiet", "--workspace"]))?;
        return step::run(
            cargo()
                .args(["check", "--lib", "--all-features", "--package", HOST])
                .arg("--target-dir")
                .arg(project::root().join("target/versions/target")),
        );
    }
    let (oldest, _) = range(&text)?;
    let mut summary = Summary::default();
    let passed = summary.step(format!("ureq {oldest}, the oldest"), || {
        step::header(format_args!("The host with ureq {oldest}"));
        step::run(cargo().args(["update", "ureq", "--precise", &oldest]))?;
        test()
    }) && summary.step("the newest ureq of the range", || {
        step::header("The host with the newest ureq of the range");
        step::run(cargo().args(["update", "ureq", "ureq-proto"]))?;
        step::run(cargo().args(["tree", "--depth", "0", "--package", "ureq"]))?;
        test()
    });
    summary.print();
    ensure!(passed, "the last step above failed");
    Ok(())
}

/// Runs the tests of the copy, with what the workspace has built of the dependencies.
fn test() -> Result<()> {
    let mut cargo = cargo();
    cargo
        .args(["test", "--lib", "--package", HOST, "--target-dir"])
        .arg(project::root().join("target"));
    for test in TESTS {
        cargo.args(["--test", test]);
    }
    step::run(&mut cargo)
}

fn copy() -> PathBuf {
    project::root().join(COPY)
}

fn cargo() -> Command {
    let mut cargo = project::cargo();
    cargo.current_dir(copy());
    cargo
}

/// Copies what is in the repository, or will be.
fn copy_workspace() -> Result<()> {
    let listed = step::output(
        project::command("git")
            .current_dir(project::root())
            .args(["ls-files", "-z", "--cached", "--others"])
            .arg("--exclude-standard"),
    )?;
    if copy().exists() {
        fs::remove_dir_all(copy()).context("cannot remove the copy before")?;
    }
    for file in listed.split_terminator('\0') {
        let (from, to) = (project::root().join(file), copy().join(file));
        // One that was removed is listed until that is committed.
        if from.is_file() {
            fs::create_dir_all(to.parent().unwrap_or(&to))?;
            fs::copy(&from, &to).with_context(|| format!("cannot copy {file}"))?;
        }
    }
    Ok(())
}

/// The versions of ureq that a manifest allows: `>=OLDEST, <END`.
fn range(manifest: &str) -> Result<(String, String)> {
    let line = manifest.lines().find(|line| line.starts_with("ureq = "));
    let ends = line.and_then(|line| {
        let (_, range) = line.split_once("\">=")?;
        let (oldest, rest) = range.split_once(", <")?;
        Some((oldest.to_owned(), rest.split('"').next()?.to_owned()))
    });
    ends.context("Cargo.toml has no range `>=OLDEST, <END` of ureq")
}

/// A manifest that depends on another wasmtime.
fn with_wasmtime(manifest: &str, major: u32) -> Result<String> {
    let mut text = String::new();
    let mut changed = 0;
    for line in manifest.lines() {
        let name = line.split(" = ").next().unwrap_or_default();
        let old = line.split('"').nth(1).unwrap_or_default();
        if WITH_WASMTIME.contains(&name) && !old.is_empty() {
            text.push_str(&line.replacen(&format!("\"{old}\""), &format!("\"{major}\""), 1));
            changed += 1;
        } else {
            text.push_str(line);
        }
        text.push('\n');
    }
    if changed != WITH_WASMTIME.len() {
        bail!(
            "Cargo.toml names {changed} crates of wasmtime, not {}",
            WITH_WASMTIME.len()
        );
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_has_what_is_looked_for_in_it() {
        let manifest = fs::read_to_string(project::root().join("Cargo.toml")).unwrap();
        let (oldest, end) = range(&manifest).unwrap();
        assert!(
            oldest.starts_with("3.") && end.starts_with("3."),
            "{oldest} {end}"
        );
        let other = with_wasmtime(&manifest, 77).unwrap();
        assert_eq!(other.matches("\"77\"").count(), WITH_WASMTIME.len());
    }
}
