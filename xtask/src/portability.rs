//! Checks with other compilers and for other systems: the lowest version of Rust, the error message
//! of the guest crate on a target that it does not support, and type-checking for macOS and
//! Windows.
//!
//! Toolchains for this are installed below `target/`, unless rustup has them.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::machine::{self, Missing};
use crate::tool::Tool;
use crate::wasm_toolchain::rustup_has;
use crate::{project, pypi, step};

/// The package of the guest crate.
const PACKAGE: &str = "wasi-experimental-http";

/// A target whose modules are components, and what the crate says there.
const COMPONENT_TARGET: &str = "wasm32-wasip2";
const COMPONENT_SENTENCE: &str = "compile for wasm32-wasip1";

/// Targets of other systems.
const SYSTEMS: [&str; 3] = [
    "x86_64-pc-windows-gnu",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
];

/// How the C compiler calls targets that are not this machine's.
const C_TARGETS: [(&str, &str); 5] = [
    ("x86_64-pc-windows-gnu", "x86_64-windows-gnu"),
    ("x86_64-apple-darwin", "x86_64-macos"),
    ("aarch64-apple-darwin", "aarch64-macos"),
    ("x86_64-unknown-linux-musl", "x86_64-linux-musl"),
    ("aarch64-unknown-linux-musl", "aarch64-linux-musl"),
];

/// Toolchains and targets are downloads of up to 300 MB.
const DOWNLOAD_LIMIT: Duration = Duration::from_secs(300);

/// Compiles the guest crate, and the bindings of all documents of the matrix, with the lowest Rust
/// that its manifest names.
pub fn lowest_rust() -> Result<()> {
    let version = lowest_version()?;
    step::header(format_args!("The guest crate with Rust {version}"));
    let toolchain = Toolchain::find_or_install(&version, &[])?;
    let mut cargo = toolchain.cargo();
    cargo
        .args(["check", "--locked", "--lib", "--package", PACKAGE])
        .arg("--target-dir")
        .arg(project::root().join("target/lowest-rust"))
        .env("RUSTFLAGS", "--deny warnings");
    step::run(&mut cargo)?;
    Tool::CodegenMatrix.run(&["--lowest-rust"])
}

/// The compiler of the lowest Rust that the guest crate's manifest names, in the root of the
/// workspace.
pub fn lowest_rustc() -> Result<Command> {
    let toolchain = Toolchain::find_or_install(&lowest_version()?, &[])?;
    let mut rustc = toolchain.rustup();
    rustc.args(["run", &toolchain.version, "rustc"]);
    Ok(rustc)
}

/// Checks that compiling for components fails with the sentence that says what to do.
pub fn component_target() -> Result<()> {
    step::header(format_args!("The guest crate for {COMPONENT_TARGET}"));
    let mut cargo = if rustup_has(COMPONENT_TARGET)? {
        project::cargo()
    } else {
        Toolchain::find_or_install(&lowest_version()?, &[COMPONENT_TARGET])?.cargo()
    };
    let output = cargo
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

/// The arguments of `cargo xtask systems`.
#[derive(clap::Args)]
pub struct SystemsArgs {
    /// Only these targets
    #[arg(value_name = "TARGET", value_parser = SYSTEMS)]
    targets: Vec<String>,
}

/// Type-checks all crates and their tests for other systems.
pub fn systems(arguments: &SystemsArgs) -> Result<()> {
    let version = project::rust_version()?;
    let toolchain = Toolchain::find_or_install(&version, &SYSTEMS)?;
    for target in SYSTEMS {
        if !arguments.targets.is_empty() && !arguments.targets.iter().any(|it| it == target) {
            continue;
        }
        step::header(format_args!("The crates for {target}"));
        let mut cargo = toolchain.cargo();
        // Crates with C in them are compiled, not only checked.
        compile_c(&mut cargo, target)?;
        cargo
            .args(["check", "--locked", "--workspace", "--all-targets"])
            .args(["--target", target, "--target-dir"])
            .arg(project::root().join("target/systems"));
        step::run(&mut cargo)?;
    }
    Ok(())
}

/// Has the crates that have C in them compile it for a target.
///
/// The crate `cc` adds `--target=` with Rust's name of the target, which Zig cannot parse, and takes the
/// first word of `CC` for the whole compiler. So it gets scripts that call Zig with its own name.
pub fn compile_c(cargo: &mut Command, target: &str) -> Result<()> {
    let (_, c_target) = C_TARGETS
        .iter()
        .find(|it| it.0 == target)
        .with_context(|| format!("no C compiler is known for {target}"))?;
    let zig = pypi::zig(pypi::NEWEST_ZIG)?;
    let program = zig.get_program().to_string_lossy();
    let suffix = target.replace('-', "_");
    // UBSan, which Zig turns on in debug builds, needs a library of Zig's own.
    let compiler = script(
        &format!("zig-cc-{target}"),
        &format!(
            "for argument do\n  shift\n  case $argument in\n  --target=*) ;;\n  \
             *) set -- \"$@\" \"$argument\" ;;\n  esac\ndone\n\
             exec '{program}' cc -target {c_target} -fno-sanitize=undefined \"$@\"\n"
        ),
    )?;
    let archiver = script("zig-ar", &format!("exec '{program}' ar \"$@\"\n"))?;
    cargo.env(format!("CC_{suffix}"), compiler);
    cargo.env(format!("AR_{suffix}"), archiver);
    for (name, value) in zig.get_envs() {
        if let Some(value) = value {
            cargo.env(name, value);
        }
    }
    Ok(())
}

/// Writes a shell script into `target/tools/`. Gives its path.
#[cfg(unix)]
fn script(name: &str, text: &str) -> Result<PathBuf> {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    let path = project::root().join("target/tools").join(name);
    fs::write(&path, format!("#!/bin/sh\n{text}"))
        .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o755)))
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

/// There is no such shell.
#[cfg(not(unix))]
fn script(_: &str, _: &str) -> Result<PathBuf> {
    bail!("compiling C for other targets needs a Unix shell")
}

/// A toolchain of rustup's.
pub struct Toolchain {
    version: String,
    /// Where rustup keeps it; else where it keeps all others.
    home: Option<PathBuf>,
}

impl Toolchain {
    /// A toolchain with the standard library for these targets. It is installed below `target/`,
    /// unless rustup has it.
    pub fn find_or_install(version: &str, targets: &[&str]) -> Result<Toolchain> {
        let home = project::root().join("target/tools/rustup");
        for home in [None, Some(home.clone())] {
            let toolchain = Toolchain {
                version: version.to_owned(),
                home,
            };
            if toolchain.is_installed(targets) {
                return Ok(toolchain);
            }
        }
        let toolchain = Toolchain {
            version: version.to_owned(),
            home: Some(home),
        };
        let mut rustup = toolchain.rustup();
        rustup.args(["toolchain", "install", version, "--no-self-update"]);
        rustup.args(["--profile", "minimal"]);
        for target in targets {
            rustup.args(["--target", target]);
        }
        step::run_with_deadline(&mut rustup, DOWNLOAD_LIMIT).map_err(|error| {
            let targets = targets.join(" and ");
            let of = if targets.is_empty() { "" } else { " for " };
            Missing(format!(
                "Rust {version}{of}{targets}, installed by rustup ({error:#})"
            ))
        })?;
        Ok(toolchain)
    }

    fn is_installed(&self, targets: &[&str]) -> bool {
        let mut rustup = self.rustup();
        rustup.args(["run", &self.version, "rustc", "--version"]);
        let has = |target: &&str| {
            let mut rustup = self.rustup();
            rustup.args([
                "target",
                "list",
                "--installed",
                "--toolchain",
                &self.version,
            ]);
            step::output(&mut rustup)
                .is_ok_and(|installed| installed.lines().any(|line| line == *target))
        };
        machine::succeeds(&mut rustup) && targets.iter().all(has)
    }

    fn rustup(&self) -> Command {
        let mut rustup = project::command("rustup");
        rustup
            .current_dir(project::root())
            .env("RUSTUP_AUTO_INSTALL", "0")
            // Those of the toolchain that runs this program.
            .env_remove("CARGO")
            .env_remove("RUSTC")
            .env_remove("RUSTUP_TOOLCHAIN");
        if let Some(home) = &self.home {
            rustup.env("RUSTUP_HOME", home);
        }
        rustup
    }

    /// Its cargo, in the root of the workspace.
    pub fn cargo(&self) -> Command {
        let mut cargo = self.rustup();
        cargo.args(["run", &self.version, "cargo"]);
        cargo
    }
}

/// `rust-version` of the guest crate.
fn lowest_version() -> Result<String> {
    match &project::package(PACKAGE)?.rust_version {
        Some(version) => Ok(version.to_string()),
        None => bail!("the package {PACKAGE} has no rust-version"),
    }
}
