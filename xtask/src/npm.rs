//! Installs packages of npm: those that the AssemblyScript guests are built with, and tools.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::machine::{self, Missing, Need};
use crate::{project, step};

/// A file in `node_modules`: a copy of the lock file that it was installed from.
const STAMP: &str = ".installed-from-package-lock.json";

const NPM_LIMIT: Duration = Duration::from_secs(600);

/// Installs what the lock file of a package says, unless that was done before.
pub fn install(package: &Path) -> Result<()> {
    let lock_file = package.join("package-lock.json");
    let lock = fs::read(&lock_file)
        .with_context(|| format!("cannot read {}", project::relative(&lock_file).display()))?;
    let stamp = stamp(package);
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    if !machine::prepare(&[Need::Node])?.is_empty() {
        bail!(Missing(Need::Node.name().to_owned()));
    }
    step::header(format_args!(
        "npm packages of {}",
        project::relative(package).display()
    ));
    let mut npm = project::command(project::NPM);
    npm.current_dir(package)
        .args(["ci", "--no-audit", "--no-fund"]);
    step::run_with_deadline(&mut npm, NPM_LIMIT)?;
    fs::write(&stamp, lock).with_context(|| format!("cannot write {}", stamp.display()))
}

/// The file that is written when the packages of a package have been installed.
pub fn stamp(package: &Path) -> PathBuf {
    package.join("node_modules").join(STAMP)
}

/// Installs a package with a tool below `target/tools/`, unless it is there. Gives the folder with its
/// `node_modules`.
pub fn tool(package: &str, version: &str) -> Result<PathBuf> {
    let folder = project::root().join(format!("target/tools/{package}-{version}"));
    let stamp = stamp(&folder);
    if stamp.exists() {
        return Ok(folder);
    }
    let requirement = format!("{package}@{version}");
    step::header(format_args!("Installing {requirement} from npm"));
    fs::create_dir_all(&folder)?;
    let mut npm = project::command(project::NPM);
    npm.args(["install", "--no-audit", "--no-fund", "--prefix"])
        .arg(&folder)
        .arg(&requirement);
    step::run_with_deadline(&mut npm, NPM_LIMIT)?;
    fs::write(&stamp, requirement)?;
    Ok(folder)
}
