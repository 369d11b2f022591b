//! Finds, or installs, a Rust compiler for `wasm32-wasip1`.
//!
//! Which guests are built with it is said in `guests`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use anyhow::{Context, Result, bail};

use crate::machine::{self, Missing, Need};
use crate::project;

/// What the guests are compiled for.
pub const TARGET: &str = "wasm32-wasip1";

/// Chooses the toolchain: `rustup` or `debian`.
pub const VARIABLE: &str = "XTASK_WASM_TOOLCHAIN";

/// The C library of `wasi-libc`.
const WASI_LIBC: &str = "/usr/lib/wasm32-wasi";

const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";

/// Has the linker write the numbers of functions and addresses of data, for which the compiler
/// leaves five bytes each, in as few as they need.
const SHORT_NUMBERS: &str = "-Clink-arg=--compress-relocations";

/// A way to compile Rust for [`TARGET`].
pub enum Toolchain {
    /// The toolchain of the workspace has a standard library for the target.
    Rustup,
    /// Debian's compiler, which has none and builds it from source.
    Debian {
        /// `rust-lld` or `wasm-ld`.
        linker: PathBuf,
    },
}

/// Whether a guest is a program, which starts at `_start`, or a library.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Command,
    Reactor,
}

impl Kind {
    /// The function that a host calls first.
    pub fn start(self) -> &'static str {
        match self {
            Kind::Command => "_start",
            Kind::Reactor => "_initialize",
        }
    }
}

impl Toolchain {
    /// Debian's Rust compiler with the source of its standard library, the C library that std links
    /// on WASI, and a linker for wasm.
    pub const DEBIAN_PACKAGES: [&str; 5] =
        ["rustc-web", "cargo-web", "rust-web-src", "wasi-libc", "lld"];

    /// What is installed: rustup's before Debian's.
    pub fn find() -> Result<Option<Toolchain>> {
        let (rustup, debian) = wanted()?;
        if rustup && rustup_has(TARGET)? {
            return Ok(Some(Toolchain::Rustup));
        }
        let linker = if debian {
            debian_linker_if_installed()
        } else {
            None
        };
        Ok(linker.map(|linker| Toolchain::Debian { linker }))
    }

    /// What is installed, or can be where that is allowed.
    pub fn find_or_install() -> Result<Toolchain> {
        if let Some(found) = Toolchain::find()? {
            return Ok(found);
        }
        machine::prepare(&[Need::WasmRust])?;
        match Toolchain::find()? {
            Some(found) => Ok(found),
            None => bail!(Missing(Need::WasmRust.name().to_owned())),
        }
    }

    /// Its name, also that of a directory for its artefacts.
    pub fn name(&self) -> &'static str {
        match self {
            Toolchain::Rustup => "rustup",
            Toolchain::Debian { .. } => "debian",
        }
    }

    /// A `cargo rustc` for one guest of the package in a directory. `selection` says which:
    /// `--bin NAME`, `--example NAME` or `--lib`.
    pub fn cargo_rustc(&self, package: &Path, selection: &[&str], kind: Kind) -> Command {
        let mut command = match self {
            Toolchain::Rustup => project::cargo(),
            Toolchain::Debian { linker } => debian_cargo(linker),
        };
        command
            .current_dir(package)
            .args([
                "rustc",
                "--locked",
                "--profile",
                "guest",
                "--target",
                TARGET,
            ])
            .arg("--target-dir")
            .arg(self.target_dir());
        if let Toolchain::Debian { .. } = self {
            command.arg("-Zbuild-std=std,panic_abort");
        }
        command.args(selection).arg("--").arg(SHORT_NUMBERS);
        if let Toolchain::Debian { .. } = self
            && kind == Kind::Command
        {
            // The standard library does not bring the entry point of a program along here, as it
            // does when it comes from rustup.
            command.arg(format!("-Clink-arg={WASI_LIBC}/crt1-command.o"));
        }
        command
    }

    /// Where [`Toolchain::cargo_rustc`] puts what it builds.
    pub fn output_dir(&self) -> PathBuf {
        self.target_dir().join(TARGET).join("guest")
    }

    fn target_dir(&self) -> PathBuf {
        project::guests_build_dir().join(self.name())
    }
}

/// Whether the compiler may be rustup's, and whether it may be Debian's.
pub fn wanted() -> Result<(bool, bool)> {
    match env::var(VARIABLE).unwrap_or_default().as_str() {
        "" => Ok((true, true)),
        "rustup" => Ok((true, false)),
        "debian" => Ok((false, true)),
        other => bail!("{VARIABLE} is `{other}`; it can be `rustup` or `debian`"),
    }
}

fn debian_cargo(linker: &Path) -> Command {
    let mut flags = OsString::from("-Clinker=");
    flags.push(linker);
    // Encoded flags, unlike RUSTFLAGS, may have spaces in them.
    flags.push("\x1f-Clink-self-contained=no\x1f-L\x1f");
    flags.push(WASI_LIBC);
    let mut command = project::command(DEBIAN_CARGO);
    command
        .env("RUSTC", DEBIAN_RUSTC)
        // `-Zbuild-std` in a stable compiler.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_ENCODED_RUSTFLAGS", flags)
        // Of the toolchain that runs this program, and wrong for this one.
        .env_remove("CARGO")
        .env_remove("RUSTUP_TOOLCHAIN")
        .env_remove("RUSTUP_HOME")
        .env_remove("RUSTC_WRAPPER")
        .env_remove("RUSTC_WORKSPACE_WRAPPER")
        .env_remove("LD_LIBRARY_PATH");
    command
}

/// Whether the toolchain of the workspace has the standard library for a target.
pub fn rustup_has(target: &str) -> Result<bool> {
    let output = project::rustc()
        .args(["--print", "target-libdir", "--target", target])
        .stdin(Stdio::null())
        .output()
        .context("cannot run rustc")?;
    // An old compiler does not know the target.
    let path = String::from_utf8_lossy(&output.stdout);
    Ok(output.status.success()
        && fs::read_dir(path.trim()).is_ok_and(|mut files| {
            files.any(|file| {
                file.is_ok_and(|file| file.file_name().to_string_lossy().starts_with("libstd-"))
            })
        }))
}

/// The linker to use with Debian's compiler, if all that it needs is there.
fn debian_linker_if_installed() -> Option<PathBuf> {
    let output = |command: &mut Command| {
        let output = command.stdin(Stdio::null()).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    // Debian's other compiler, from the package rustc, is too old to know the target.
    let sysroot =
        output(Command::new(DEBIAN_RUSTC).args(["--print", "sysroot", "--target", TARGET]))?;
    let std_source = Path::new(&sysroot).join("lib/rustlib/src/rust/library/std/Cargo.toml");
    let needed = [
        Path::new(DEBIAN_CARGO),
        &Path::new(WASI_LIBC).join("libc.a"),
        &Path::new(WASI_LIBC).join("crt1-command.o"),
        &std_source,
    ];
    if !needed.iter().all(|path| path.exists()) {
        return None;
    }
    // A linker as new as the compiler is the better one.
    let sysroot = output(project::rustc().args(["--print", "sysroot"]));
    let rust_lld = sysroot.and_then(|sysroot| rust_lld(Path::new(&sysroot)));
    rust_lld.or_else(|| find_program("wasm-ld"))
}

fn rust_lld(sysroot: &Path) -> Option<PathBuf> {
    fs::read_dir(sysroot.join("lib/rustlib"))
        .ok()?
        .filter_map(|target| Some(target.ok()?.path().join("bin/rust-lld")))
        .find(|lld| lld.exists())
}

/// Where a program is in `PATH`.
pub fn find_program(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?)
        .map(|directory| directory.join(name))
        .find(|path| path.is_file())
}
