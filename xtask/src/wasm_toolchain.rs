//! Finds, or installs, a Rust compiler for `wasm32-wasip1`.
//!
//! Which guests are built with it is [`crate::guests`]'s.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, fs};

use anyhow::{Context, Result, bail};

use crate::{project, step};

/// What the guests are compiled for.
pub const TARGET: &str = "wasm32-wasip1";

/// Chooses the toolchain: `rustup` or `debian`.
pub const VARIABLE: &str = "XTASK_WASM_TOOLCHAIN";

/// A download of 20 MB; where its server cannot be reached, rustup may wait much longer.
const RUSTUP_LIMIT: Duration = Duration::from_secs(120);

const APT_LIMIT: Duration = Duration::from_secs(600);

/// Debian's Rust compiler with the source of its standard library, the C library that std links
/// on WASI, and a linker for wasm.
const DEBIAN_PACKAGES: [&str; 5] = ["rustc-web", "cargo-web", "rust-web-src", "wasi-libc", "lld"];

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
    /// What is installed is used before anything is downloaded, and rustup before Debian.
    pub fn find_or_install() -> Result<Toolchain> {
        let wanted = env::var(VARIABLE).unwrap_or_default();
        let (rustup, debian) = match wanted.as_str() {
            "" => (true, true),
            "rustup" => (true, false),
            "debian" => (false, true),
            other => bail!("{VARIABLE} is `{other}`; it can be `rustup` or `debian`"),
        };
        if rustup && rustup_target_is_installed()? {
            return Ok(Toolchain::Rustup);
        }
        if debian && let Some(linker) = debian_linker_if_installed() {
            return Ok(Toolchain::Debian { linker });
        }
        if rustup && add_rustup_target() {
            return Ok(Toolchain::Rustup);
        }
        if debian && install_debian_packages() {
            let linker = debian_linker_if_installed()
                .context("the Debian packages are installed, but not all of their files are")?;
            return Ok(Toolchain::Debian { linker });
        }
        let mut ways = String::new();
        if rustup {
            ways.push_str(&format!("\n    rustup target add {TARGET}"));
        }
        if debian {
            ways.push_str(&format!(
                "\n    apt-get install {}      (Debian 12 and newer, as root)",
                DEBIAN_PACKAGES.join(" ")
            ));
        }
        bail!(
            "no Rust compiler for {TARGET}, which the Rust guests need.\n\
             Install one, then run the same command again:{ways}"
        )
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

fn rustup_target_is_installed() -> Result<bool> {
    let output = project::rustc()
        .args(["--print", "target-libdir", "--target", TARGET])
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

fn add_rustup_target() -> bool {
    step::header(format_args!("Adding the Rust target {TARGET}"));
    let mut command = project::command("rustup");
    command.args(["target", "add", TARGET]);
    let added = step::run_with_deadline(&mut command, RUSTUP_LIMIT);
    let installed = added.and_then(|()| rustup_target_is_installed());
    match installed {
        Ok(true) => return true,
        Ok(false) => step::note("rustup added it to another toolchain than the workspace's"),
        Err(error) => step::note(format_args!("{error:#}")),
    }
    false
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

fn install_debian_packages() -> bool {
    apt_install(&DEBIAN_PACKAGES)
}

/// Installs Debian packages, if that is possible: with apt-get, as root.
pub fn apt_install(packages: &[&str]) -> bool {
    let names = packages.join(" ");
    if find_program("apt-get").is_none() {
        return false;
    }
    if !is_root() {
        step::note(format_args!(
            "not root, so not installing the Debian packages {names}"
        ));
        return false;
    }
    step::header(format_args!("Installing the Debian packages {names}"));
    let apt_get = |arguments: &[&str]| {
        let mut command = project::command("apt-get");
        command
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(arguments);
        step::run_with_deadline(&mut command, APT_LIMIT)
    };
    let install = [
        &["install", "--yes", "--no-install-recommends"][..],
        packages,
    ]
    .concat();
    let installed = apt_get(&["update"]).and_then(|()| apt_get(&install));
    if let Err(error) = &installed {
        step::note(format_args!("{error:#}"));
    }
    installed.is_ok()
}

fn is_root() -> bool {
    step::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

/// Where a program is in `PATH`.
pub fn find_program(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?)
        .map(|directory| directory.join(name))
        .find(|path| path.is_file())
}
