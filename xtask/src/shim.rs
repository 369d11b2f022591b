//! `host/shim`: what its build and its tests need, none of which is installed outside of `target/`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use cargo_metadata::MetadataCommand;

use crate::guests::{self, GuestsArgs};
use crate::machine::{self, Need};
use crate::{project, pypi, step};

/// The package of the shim, from the root. It has a workspace of its own.
pub const PACKAGE: &str = "host/shim";

/// Where it is built. What it has in common with the workspace is built once.
fn target() -> PathBuf {
    project::root().join("target")
}

/// Whether there can be a shim here: containers are Linux's.
fn is_possible() -> bool {
    cfg!(target_os = "linux")
}

/// A command of cargo for the shim, with what its build looks for.
fn cargo(words: &[&str]) -> Result<Command> {
    let mut cargo = project::cargo();
    cargo
        .current_dir(project::root().join(PACKAGE))
        .arg(words[0])
        .args(["--locked", "--target-dir"])
        .arg(target())
        .args(&words[1..]);
    if env::var_os("PROTOC").is_none() {
        cargo.env("PROTOC", protoc()?);
    }
    if let Some(folder) = libseccomp()? {
        cargo.env("LIBSECCOMP_LIB_PATH", folder);
    }
    Ok(cargo)
}

/// The compiler of protocols, from a crate that has nothing else in it.
fn protoc() -> Result<PathBuf> {
    let package = format!(
        "protoc-bin-vendored-linux-{}",
        env::consts::ARCH.replace("aarch64", "aarch_64")
    );
    let metadata = MetadataCommand::new()
        .manifest_path(project::root().join(PACKAGE).join("Cargo.toml"))
        .other_options(["--locked".to_owned()])
        .exec()
        .context("cannot read the manifests of host/shim")?;
    let found = metadata
        .packages
        .iter()
        .find(|it| it.name.as_str() == package);
    let found = found.with_context(|| format!("{PACKAGE} does not depend on `{package}`"))?;
    let folder = found
        .manifest_path
        .parent()
        .context("a manifest without a folder")?;
    Ok(folder.join("bin/protoc").into())
}

/// A folder with a name that the linker looks for, `libseccomp.so`, where the library is installed without
/// the package for developers, as it is in all Debians.
fn libseccomp() -> Result<Option<PathBuf>> {
    let folders = [
        format!("/usr/lib/{}-linux-gnu", env::consts::ARCH),
        "/usr/lib64".to_owned(),
        "/usr/lib".to_owned(),
    ];
    let folders = folders.iter().map(Path::new);
    for folder in folders {
        let library = folder.join("libseccomp.so.2");
        if folder.join("libseccomp.so").exists() || !library.exists() {
            continue;
        }
        let links = target().join("shim-lib");
        fs::create_dir_all(&links)?;
        let link = links.join("libseccomp.so");
        #[cfg(unix)]
        if !link.exists() {
            std::os::unix::fs::symlink(&library, &link)
                .with_context(|| format!("cannot make the link {}", link.display()))?;
        }
        return Ok(Some(links));
    }
    Ok(None)
}

/// Whether Kubernetes takes the manifests of its page.
fn manifests() -> Result<()> {
    step::header("Manifests for Kubernetes");
    let folder = project::root().join(PACKAGE).join("manifests");
    let mut validate = pypi::kubernetes_validate()?;
    validate.arg("--strict");
    let mut count = 0;
    for entry in fs::read_dir(&folder).context("there are no manifests")? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            validate.arg(path);
            count += 1;
        }
    }
    ensure!(count > 0, "there are no manifests in {}", folder.display());
    step::run(&mut validate)
}

/// Its lints, its manifests, and the tests that need no containers.
pub fn check() -> Result<()> {
    manifests()?;
    step::header("The shim for containerd: lints and unit tests");
    if !is_possible() {
        step::note("not checked: it is for Linux");
        return Ok(());
    }
    step::run(&mut cargo(&[
        "clippy",
        "--all-targets",
        "--",
        "--deny",
        "warnings",
    ])?)?;
    step::run(&mut cargo(&["test", "--bins"])?)
}

/// Its tests with containers, under a containerd of their own.
pub fn containers() -> Result<()> {
    step::header("The shim for containerd: containers");
    ensure!(is_possible(), "containers are Linux's");
    // Fifty containers at once are enough at once.
    step::run(&mut cargo(&[
        "test",
        "--test",
        "containerd",
        "--",
        "--test-threads=2",
    ])?)
}

/// The arguments of `cargo xtask shim`.
#[derive(clap::Args)]
pub struct ShimArgs {
    /// Measure it beside runc with busybox, in place of building it alone
    #[arg(long)]
    bench: bool,
}

/// Builds the shim, optimised, and says where it is; or measures it.
pub fn run(arguments: &ShimArgs) -> Result<()> {
    if arguments.bench { bench() } else { build() }
}

fn bench() -> Result<()> {
    machine::require(&[Need::Containers, Need::Containerd])?;
    guests::run(&GuestsArgs::only(&["rust-download"]))?;
    step::header("Measuring the shim beside runc");
    step::run(&mut cargo(&["bench", "--bench", "start"])?)
}

fn build() -> Result<()> {
    step::header("Building the shim for containerd");
    ensure!(is_possible(), "it is for Linux");
    step::run(&mut cargo(&["build", "--release"])?)?;
    let program = target().join("release/containerd-shim-wasmtime-http-v1");
    step::note(format_args!(
        "install it with\n    sudo install {} /usr/local/bin/",
        program.display()
    ));
    Ok(())
}
