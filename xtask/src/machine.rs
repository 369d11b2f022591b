//! Checks that the machine has what a command needs, before anything is built: everything that is
//! missing is listed at once, with the commands that install it on this system.
//!
//! Nothing is installed outside of `target/` and the caches of cargo, npm and pip, unless the user
//! asks for it with `--install`, or the environment says that this is CI.

use std::fmt;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;
use std::{env, fs};

use anyhow::{Result, bail};

use crate::wasm_toolchain::{TARGET, Toolchain, wanted};
use crate::{project, pypi, step};

/// The option that lets `cargo xtask` install what is missing.
pub const OPTION: &str = "--install";

/// How long a package manager may take.
const PACKAGES_LIMIT: Duration = Duration::from_secs(600);

/// Downloads of 20 MB; where its server cannot be reached, rustup may wait much longer.
const RUSTUP_LIMIT: Duration = Duration::from_secs(120);

/// A requirement of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// The components of the toolchain that check the code.
    Clippy,
    /// A Rust compiler for WASI.
    WasmRust,
    /// For AssemblyScript.
    Node,
    /// For the compilers that come from PyPI: Zig, which compiles C and C++ as well, and Go.
    Pip,
    /// What a container of the shim takes from the system.
    Containers,
    /// What starts containers of the shim.
    Containerd,
}

/// The error of a step that did not run: this is missing, and could not be installed, or must not
/// be.
#[derive(Debug)]
pub struct Missing(pub String);

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no {}", self.0)
    }
}

impl std::error::Error for Missing {}

static ALLOWED: OnceLock<bool> = OnceLock::new();

/// Allows to install what is missing, if `asked`. To be called once, before anything else.
pub fn allow_install(asked: bool) {
    ALLOWED.get_or_init(|| asked || is_ci());
}

/// Whether something may be installed outside of `target/`.
pub fn may_install() -> bool {
    *ALLOWED.get_or_init(is_ci)
}

fn is_ci() -> bool {
    env::var("CI").is_ok_and(|ci| ci == "true" || ci == "1")
}

impl Need {
    /// Its name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Need::Clippy => "clippy and rustfmt",
            Need::WasmRust => "a Rust compiler for wasm32-wasip1",
            Need::Node => "Node.js 18 or newer, with npm",
            Need::Pip => "Python 3 with pip",
            Need::Containers => "permission to run containers: root, mounts, namespaces, cgroups",
            Need::Containerd => "containerd with ctr, and ip of iproute2",
        }
    }

    fn is_met(self) -> Result<bool> {
        Ok(match self {
            Need::Clippy => ["clippy", "fmt"].iter().all(|tool| {
                let mut cargo = project::cargo();
                succeeds(cargo.args([tool, "--version"]))
            }),
            Need::WasmRust => Toolchain::find()?.is_some(),
            Need::Node => {
                succeeds(project::command(project::NPM).arg("--version")) && node_is_new_enough()
            }
            Need::Pip => pypi::are_installed() || pypi::python().is_some(),
            Need::Containers => {
                let attempt = ["-c", CONTAINER_ATTEMPT];
                cfg!(target_os = "linux") && is_root() && succeeds(Command::new("sh").args(attempt))
            }
            Need::Containerd => {
                let programs = ["containerd", "ctr"].into_iter().all(has);
                programs && succeeds(Command::new("ip").arg("-V"))
            }
        })
    }

    /// How to install it.
    fn remedy(self, system: System) -> Remedy {
        let packages = |names: &[&str]| Remedy::Packages(system, strings(names));
        match (self, system) {
            (Need::Clippy, _) if has("rustup") => Remedy::Command(strings(&[
                "rustup",
                "component",
                "add",
                "clippy",
                "rustfmt",
            ])),
            (Need::Clippy, System::Debian) => packages(&["rust-clippy", "rustfmt"]),
            (Need::Clippy, System::Fedora) => packages(&["clippy", "rustfmt"]),
            (Need::WasmRust, _) if wanted().is_ok_and(|it| it.0) && has("rustup") => {
                Remedy::Command(strings(&["rustup", "target", "add", TARGET]))
            }
            (Need::WasmRust, System::Debian) => packages(&Toolchain::DEBIAN_PACKAGES),
            (Need::WasmRust, System::Fedora) => packages(&["rust-std-static-wasm32-wasip1", "lld"]),
            (Need::Clippy | Need::WasmRust, _) => {
                Remedy::Words("install Rust with rustup, https://rustup.rs")
            }
            (Need::Node, System::Debian) => packages(&["nodejs", "npm"]),
            (Need::Node, System::Fedora) => packages(&["nodejs", "nodejs-npm"]),
            (Need::Node, System::Mac) => packages(&["node"]),
            (Need::Node, System::Other) => {
                Remedy::Words("install Node.js with npm, https://nodejs.org")
            }
            (Need::Pip, System::Debian | System::Fedora) => packages(&["python3-pip"]),
            (Need::Containers, _) => Remedy::Words(
                "run it as root on Linux, outside of a sandbox that forbids mounts: \
                 sudo -E cargo xtask test --only containerd",
            ),
            (Need::Containerd, System::Debian) => packages(&["containerd", "iproute2"]),
            (Need::Containerd, System::Fedora) => packages(&["containerd", "iproute"]),
            (Need::Containerd, _) => Remedy::Words("install containerd, https://containerd.io"),
            (Need::Pip, System::Mac) => packages(&["python3"]),
            (Need::Pip, System::Other) => {
                Remedy::Words("install Python with pip, https://www.python.org")
            }
        }
    }
}

/// Does what a container needs, and undoes it: a sandbox may forbid any of it to root as well.
const CONTAINER_ATTEMPT: &str = "
set -e
unshare --mount --pid --net --ipc --uts --fork sh -ec '
mount -t tmpfs tmpfs /tmp
mkdir /tmp/proc && mount -t proc proc /tmp/proc
mknod /tmp/null c 1 3 && : > /tmp/null'
group=/sys/fs/cgroup/memory
[ -d $group ] || group=/sys/fs/cgroup
mkdir $group/wasmtime-http-$$
rmdir $group/wasmtime-http-$$";

/// The oldest Node.js that what `guest-as` depends on promises to work with.
const OLDEST_NODE: u32 = 18;

fn node_is_new_enough() -> bool {
    let version = step::output(project::command("node").arg("--version"));
    version.is_ok_and(|version| major(&version).is_some_and(|major| major >= OLDEST_NODE))
}

/// The first number of a version such as `v20.1.0`.
fn major(version: &str) -> Option<u32> {
    version
        .trim_start_matches('v')
        .split('.')
        .next()?
        .parse()
        .ok()
}

/// How something is installed.
#[derive(Clone, Debug, PartialEq)]
enum Remedy {
    /// With a command that needs no rights.
    Command(Vec<String>),
    /// With the package manager of the system.
    Packages(System, Vec<String>),
    /// By hand.
    Words(&'static str),
}

/// Systems by their package managers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum System {
    /// Also Ubuntu, and others with apt.
    Debian,
    Fedora,
    /// With Homebrew.
    Mac,
    Other,
}

impl System {
    fn this() -> System {
        if cfg!(target_os = "macos") {
            return System::Mac;
        }
        System::of_release(&fs::read_to_string("/etc/os-release").unwrap_or_default())
    }

    /// The system that the file `os-release` describes.
    fn of_release(text: &str) -> System {
        let values = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key));
            line.unwrap_or_default().replace('"', "")
        };
        let names = format!("{} {}", values("ID="), values("ID_LIKE="));
        let is = |system: &str| names.split_whitespace().any(|name| name == system);
        if is("debian") || is("ubuntu") {
            System::Debian
        } else if is("fedora") || is("rhel") {
            System::Fedora
        } else {
            System::Other
        }
    }

    fn install(self) -> &'static [&'static str] {
        match self {
            System::Debian => &["apt-get", "install", "--yes", "--no-install-recommends"],
            System::Fedora => &["dnf", "install", "--assumeyes"],
            System::Mac => &["brew", "install"],
            System::Other => &[],
        }
    }

    fn needs_root(self) -> bool {
        matches!(self, System::Debian | System::Fedora)
    }
}

/// Looks for all of these; installs what is missing where that is allowed; lists what is missing
/// then, with how to install it. Gives that.
pub fn prepare(needs: &[Need]) -> Result<Vec<Need>> {
    let missing = install_missing(needs)?;
    if !missing.is_empty() {
        eprintln!(
            "{}",
            list(&missing, System::this(), is_root(), !may_install())
        );
    }
    Ok(missing)
}

/// Looks for all of these, and installs what is missing where that is allowed. Gives what is still
/// missing.
pub fn install_missing(needs: &[Need]) -> Result<Vec<Need>> {
    let mut missing = missing(needs)?;
    if missing.is_empty() {
        return Ok(missing);
    }
    let system = System::this();
    if may_install() {
        for remedy in remedies(&missing, system) {
            if let Err(error) = install(&remedy) {
                step::note(format_args!("{error:#}"));
            }
        }
        missing = self::missing(needs)?;
        // Where rustup cannot reach its server, Debian's packages may be had all the same.
        if missing.contains(&Need::WasmRust) && system == System::Debian {
            let packages = Remedy::Packages(system, strings(&Toolchain::DEBIAN_PACKAGES));
            if wanted()?.1
                && let Err(error) = install(&packages)
            {
                step::note(format_args!("{error:#}"));
            }
            missing = self::missing(needs)?;
        }
    }
    Ok(missing)
}

/// Fails if one of these is missing, and cannot be installed.
pub fn require(needs: &[Need]) -> Result<()> {
    if !prepare(needs)?.is_empty() {
        bail!("something is missing, as listed above");
    }
    Ok(())
}

fn missing(needs: &[Need]) -> Result<Vec<Need>> {
    let mut missing = Vec::new();
    for &need in needs {
        if !need.is_met()? {
            missing.push(need);
        }
    }
    Ok(missing)
}

/// How all of these are installed, with one call of the package manager.
fn remedies(missing: &[Need], system: System) -> Vec<Remedy> {
    let mut remedies = Vec::new();
    let mut packages = Vec::new();
    for need in missing {
        match need.remedy(system) {
            Remedy::Packages(_, names) => packages.extend(names),
            remedy if remedies.contains(&remedy) => {}
            remedy => remedies.push(remedy),
        }
    }
    if !packages.is_empty() {
        remedies.push(Remedy::Packages(system, packages));
    }
    remedies
}

/// What is missing, and the commands that install it.
fn list(missing: &[Need], system: System, is_root: bool, may_ask: bool) -> String {
    let mut text = String::from("This machine does not have\n");
    for need in missing {
        text.push_str(&format!("  - {}\n", need.name()));
    }
    text.push_str("Install it, then run the same command again:\n");
    let remedies = remedies(missing, system);
    for remedy in &remedies {
        text.push_str(&format!("    {}\n", remedy.line(is_root)));
    }
    let can_do = |remedy: &Remedy| remedy.can_run(is_root);
    if may_ask && remedies.iter().all(can_do) {
        text.push_str(&format!("`{OPTION}` does this for you.\n"));
    }
    text
}

impl Remedy {
    /// The command as it is typed.
    fn line(&self, is_root: bool) -> String {
        match self {
            Remedy::Command(words) => words.join(" "),
            Remedy::Packages(system, names) => {
                let sudo = if system.needs_root() && !is_root {
                    "sudo "
                } else {
                    ""
                };
                // People are asked before anything happens.
                let install = system.install()[..2].join(" ");
                format!("{sudo}{install} {}", names.join(" "))
            }
            Remedy::Words(words) => (*words).to_owned(),
        }
    }

    fn can_run(&self, is_root: bool) -> bool {
        match self {
            Remedy::Command(_) => true,
            Remedy::Packages(system, _) => is_root || !system.needs_root(),
            Remedy::Words(_) => false,
        }
    }
}

fn install(remedy: &Remedy) -> Result<()> {
    if !remedy.can_run(is_root()) {
        bail!("cannot run `{}` here", remedy.line(is_root()));
    }
    step::header(format_args!("Installing: {}", remedy.line(true)));
    let run = |words: &[String], limit| {
        let mut command = project::command(&words[0]);
        command
            .args(&words[1..])
            .env("DEBIAN_FRONTEND", "noninteractive");
        step::run_with_deadline(&mut command, limit)
    };
    match remedy {
        Remedy::Command(words) => run(words, RUSTUP_LIMIT),
        Remedy::Packages(system, names) => {
            if *system == System::Debian {
                run(&strings(&["apt-get", "update"]), PACKAGES_LIMIT)?;
            }
            let words = [strings(system.install()), names.clone()].concat();
            run(&words, PACKAGES_LIMIT)
        }
        Remedy::Words(_) => Ok(()),
    }
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn has(program: &str) -> bool {
    succeeds(project::command(program).arg("--version"))
}

/// Whether a program is there and succeeds.
pub fn succeeds(command: &mut Command) -> bool {
    let command = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn is_root() -> bool {
    step::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systems_are_known_by_their_release_file() {
        let cases = [
            ("PRETTY_NAME=\"Debian\"\nID=debian\n", System::Debian),
            ("ID=ubuntu\nID_LIKE=debian\n", System::Debian),
            ("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n", System::Debian),
            ("ID=fedora\nVERSION_ID=43\n", System::Fedora),
            (
                "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n",
                System::Fedora,
            ),
            ("ID=arch\n", System::Other),
            ("", System::Other),
        ];
        for (text, system) in cases {
            assert_eq!(System::of_release(text), system, "{text}");
        }
    }

    #[test]
    fn all_that_is_missing_is_installed_by_one_call_of_the_package_manager() {
        let missing = [Need::Node, Need::Pip];
        let cases = [
            (
                System::Debian,
                "    sudo apt-get install nodejs npm python3-pip\n",
            ),
            (
                System::Fedora,
                "    sudo dnf install nodejs nodejs-npm python3-pip\n",
            ),
            (System::Mac, "    brew install node python3\n"),
            (
                System::Other,
                "https://nodejs.org\n    install Python with pip",
            ),
        ];
        for (system, line) in cases {
            let text = list(&missing, system, false, true);
            assert!(text.contains(line), "{text}");
            assert!(text.contains("Node.js 18 or newer, with npm\n"), "{text}");
            // What needs root or hands is not offered.
            assert_eq!(text.contains(OPTION), system == System::Mac, "{text}");
        }
        let text = list(&missing, System::Debian, true, true);
        assert!(text.contains("    apt-get install nodejs"), "{text}");
        assert!(text.contains(OPTION), "{text}");
    }

    #[test]
    fn versions_of_node_are_read() {
        assert_eq!(major("v20.19.2\n"), Some(20));
        assert_eq!(major("none"), None);
    }
}
