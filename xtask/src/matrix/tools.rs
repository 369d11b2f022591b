//! Where the compilers of the matrix come from: what is installed is used, what is missing is
//! installed, below `target/` where that is possible.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::wasm_toolchain::{Toolchain, apt_install, find_program};
use crate::{guests, npm, project, step};

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

/// The package of PyPI that is a Zig compiler, in the version that the backend writes for.
const ZIG: &str = "ziglang==0.17.1";

const PIP_LIMIT: Duration = Duration::from_secs(600);

/// The compilers.
pub struct Tools {
    pub wasm: Toolchain,
    /// A folder with the Python package `ziglang`.
    zig: PathBuf,
    /// The crates that wiggle's output uses, as the workspace has built them.
    pub host_crates: BTreeMap<String, PathBuf>,
}

impl Tools {
    /// Finds what is installed, and installs what is missing.
    pub fn find_or_install() -> Result<Tools> {
        let wasm = Toolchain::find_or_install()?;
        npm::install(&project::root().join(guests::AS_PACKAGE))?;
        clang()?;
        Ok(Tools {
            wasm,
            zig: zig()?,
            host_crates: host_crates()?,
        })
    }

    /// The Zig compiler.
    pub fn zig(&self) -> Command {
        zig_in(&self.zig)
    }
}

/// The Zig compiler in a folder that [`zig`] gave.
pub fn zig_in(folder: &Path) -> Command {
    let mut command = project::command("python3");
    command
        .args(["-m", "ziglang"])
        .env("PYTHONPATH", folder)
        .env("ZIG_GLOBAL_CACHE_DIR", folder.with_extension("cache"));
    command
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

/// Installs Zig below `target/tools`, unless it is there. Gives the folder.
pub fn zig() -> Result<PathBuf> {
    let folder = project::root().join("target/tools/ziglang");
    let stamp = folder.join("installed.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == ZIG) {
        return Ok(folder);
    }
    if find_program("python3").is_none() {
        bail!("Python 3 with pip, with which the Zig compiler is installed, is not installed");
    }
    step::header(format_args!("Installing {ZIG} from PyPI"));
    let mut pip = project::command("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--upgrade", "--target"])
        .arg(&folder)
        .arg(ZIG)
        .args(["--root-user-action", "ignore"]);
    step::run_with_deadline(&mut pip, PIP_LIMIT)?;
    fs::write(&stamp, ZIG)?;
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
    for line in output.lines() {
        let Ok(message) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        let name = message["target"]["name"].as_str().unwrap_or_default();
        if !["wasmtime", "wiggle"].contains(&name) {
            continue;
        }
        let files = message["filenames"].as_array().into_iter().flatten();
        let mut files = files.filter_map(Value::as_str);
        if let Some(file) = files.find(|file| file.ends_with(".rlib")) {
            crates.insert(name.to_owned(), PathBuf::from(file));
        }
    }
    if crates.len() != 2 {
        bail!("cargo did not say where it put wasmtime and wiggle");
    }
    Ok(crates)
}

/// Where cargo has unpacked a crate.
pub fn crate_folder(package: &str) -> Result<PathBuf> {
    static METADATA: OnceLock<Value> = OnceLock::new();
    let metadata = match METADATA.get() {
        Some(metadata) => metadata,
        None => {
            let arguments = ["metadata", "--format-version=1", "--locked"];
            let output = step::output(project::cargo().args(arguments))?;
            let metadata = serde_json::from_str(&output).context("cargo wrote no JSON")?;
            METADATA.get_or_init(|| metadata)
        }
    };
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let mut named = packages.filter(|found| found["name"] == package);
    let manifest = named.next().and_then(|p| p["manifest_path"].as_str());
    let folder = manifest.and_then(|manifest| Path::new(manifest).parent());
    let folder = folder.with_context(|| format!("`{package}` is no dependency"))?;
    Ok(folder.to_owned())
}
