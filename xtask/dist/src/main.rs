//! `cargo xtask dist`: archives for people who have no Rust: the commands with their manual pages,
//! completions for shells, and the licences of all that is in them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};

use anyhow::{Context, Result, bail, ensure};
use cargo_metadata::{DependencyKind, MetadataCommand, Package};
use clap::{CommandFactory, Parser};
use clap_complete::Shell;
use sha2::{Digest, Sha256};

use xtask::cli::{self, Arguments, DistArgs, Task};
use xtask::portability::{self, Toolchain};
use xtask::summary::Summary;
use xtask::{project, step};

/// The commands: packages and binaries of the same name.
const COMMANDS: [&str; 2] = [RUNNER, GENERATOR];
const RUNNER: &str = "wasmtime-http";
const GENERATOR: &str = "witx-bindings";

/// What is known of the licences of dependencies, and the text of the project's own.
const LICENSES: &str = "LICENSES-OF-DEPENDENCIES.txt";
const FILES: [&str; 3] = ["LICENSE", "README.md", "CHANGELOG.md"];

/// Shells: how they are called, and where the file is that they read, with the name of a command in
/// place of `{}`.
const SHELLS: [(Shell, &str); 4] = [
    (Shell::Bash, "share/bash-completion/completions/{}"),
    (Shell::Fish, "share/fish/vendor_completions.d/{}.fish"),
    (Shell::PowerShell, "share/powershell/{}.ps1"),
    (Shell::Zsh, "share/zsh/site-functions/_{}"),
];

/// The command line of `witx-bindings`, for its page and completions.
#[derive(Parser)]
#[command(name = GENERATOR, version, long_about = witx_bindings::HELP)]
struct WitxBindings {
    #[command(flatten)]
    arguments: witx_bindings::Arguments,
}

fn main() -> ExitCode {
    cli::main(Arguments::parse(), |task| match task {
        Task::Dist(arguments) => run(&arguments).map(|()| ExitCode::SUCCESS),
        _ => bail!("this program is `cargo xtask dist`, and nothing else"),
    })
}

/// Runs the steps up to the first that fails.
fn run(arguments: &DistArgs) -> Result<()> {
    let target = match &arguments.target {
        Some(target) => target.clone(),
        None => project::host()?,
    };
    let name = format!(
        "wasi-experimental-http-{}-{target}",
        project::package(RUNNER)?.version
    );
    let out = project::root().join("target/dist");
    let folder = out.join(&name);
    if folder.exists() {
        fs::remove_dir_all(&folder).context("cannot remove what was packed before")?;
    }
    let archive = out.join(format!("{name}.tar.gz"));
    let mut summary = Summary::default();
    let _ = summary.step("build", || build(arguments, &folder))
        && summary.step("pages and completions", || pages(&folder))
        && summary.step("licences", || licences(&target, &folder))
        && summary.step("what shells and mandoc say", || judge(&folder))
        && summary.step("archive", || pack(&folder, &archive))
        && summary.step("unpacked", || unpacked(&archive, &name));
    summary.finish(&[])?;
    println!("\n{}", project::relative(&archive).display());
    Ok(())
}

/// Builds the commands into `bin`.
fn build(arguments: &DistArgs, folder: &Path) -> Result<()> {
    step::header("Building the commands");
    let host = project::host()?;
    let target = arguments.target.as_ref().filter(|it| **it != host);
    let mut cargo = match target {
        None => project::cargo(),
        Some(target) => {
            let version = project::rust_version()?;
            let mut cargo = Toolchain::find_or_install(&version, &[target])?.cargo();
            portability::compile_c(&mut cargo, target)?;
            cargo
        }
    };
    cargo.args(["build", "--locked"]);
    let (build, profile) = if arguments.debug {
        // As the tests build them, so that nothing is built twice.
        cargo.arg("--workspace");
        (project::root().join("target"), "debug")
    } else {
        cargo.arg("--release");
        cargo.env("CARGO_PROFILE_RELEASE_STRIP", "true");
        cargo.args(["--package", RUNNER, "--package", GENERATOR]);
        (project::root().join("target/dist-build"), "release")
    };
    cargo.args(["--bin", RUNNER, "--bin", GENERATOR]);
    cargo.arg("--target-dir").arg(&build);
    let mut built = build;
    if let Some(target) = target {
        cargo.args(["--target", target]);
        built.push(target);
    }
    step::run(&mut cargo)?;
    for command in COMMANDS {
        copy(&built.join(profile).join(command), &bin(folder, command))?;
    }
    for file in FILES {
        copy(&project::root().join(file), &folder.join(file))?;
    }
    Ok(())
}

fn bin(folder: &Path, command: &str) -> PathBuf {
    folder.join("bin").join(command)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
    Ok(())
}

fn write(path: &Path, text: impl AsRef<[u8]>) -> Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// Writes manual pages and completions, each from the definition of its command line.
fn pages(folder: &Path) -> Result<()> {
    step::header("Manual pages and completions");
    let runner = |kind: &str| {
        let mut command = project::command(bin(folder, RUNNER));
        step::output(command.args(["--generate", kind]))
    };
    write_page(folder, RUNNER, &runner("man")?)?;
    for (shell, path) in SHELLS {
        let path = folder.join(path.replace("{}", RUNNER));
        write(&path, runner(&shell.to_string())?)?;
    }
    let definition = || WitxBindings::command().bin_name(GENERATOR);
    let mut page = Vec::new();
    clap_mangen::Man::new(definition()).render(&mut page)?;
    write_page(folder, GENERATOR, &String::from_utf8(page)?)?;
    for (shell, path) in SHELLS {
        let mut text = Vec::new();
        clap_complete::generate(shell, &mut definition(), GENERATOR, &mut text);
        write(&folder.join(path.replace("{}", GENERATOR)), text)?;
    }
    Ok(())
}

/// Writes a manual page, with a head that says when this version was made.
fn write_page(folder: &Path, command: &str, page: &str) -> Result<()> {
    let version = &project::package(command)?.version;
    let date = step::output(project::command("git").current_dir(project::root()).args([
        "log",
        "-1",
        "--format=%cs",
    ]))?;
    let head = format!(
        ".TH {} 1 {} \"{command} {version}\" \"User Commands\"",
        command.to_uppercase(),
        date.trim()
    );
    let lines = page.lines().map(|line| match line.starts_with(".TH ") {
        true => &*head,
        false => line,
    });
    let page = lines.collect::<Vec<_>>().join("\n") + "\n";
    // Two breaks of a line around an empty one, as clap_mangen writes them, are one paragraph.
    let page = page.replace("\n.br\n\n.br\n", "\n\n");
    write(&page_of(folder, command), page)
}

fn page_of(folder: &Path, command: &str) -> PathBuf {
    folder.join(format!("share/man/man1/{command}.1"))
}

/// Writes the licences of all crates that are in the commands, with their texts.
fn licences(target: &str, folder: &Path) -> Result<()> {
    step::header("Licences of the dependencies");
    let packages = dependencies(target)?;
    let mut text = format!(
        "The commands of this archive have these {} crates in them.\n",
        packages.len()
    );
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in &packages {
        let name = format!("{} {}", package.name, package.version);
        let license = package.license.as_deref();
        let license = license.with_context(|| format!("{name} does not say its licence"))?;
        let _ = writeln!(text, "\n{name}: {license}");
        for author in &package.authors {
            let _ = writeln!(text, "  {author}");
        }
        if let Some(repository) = &package.repository {
            let _ = writeln!(text, "  {repository}");
        }
        for file in license_files(package)? {
            let file = String::from_utf8_lossy(&file).into_owned();
            texts.entry(file).or_default().push(name.clone());
        }
    }
    for (license, names) in texts {
        let rule = "-".repeat(78);
        let _ = write!(text, "\n{rule}\n{}:\n\n{license}", names.join(", "));
    }
    step::note(format_args!("{} crates", packages.len()));
    write(&folder.join(LICENSES), text)
}

/// The packages from elsewhere that the commands are linked with.
fn dependencies(target: &str) -> Result<Vec<Package>> {
    // Only what this target needs.
    let metadata = MetadataCommand::new()
        .current_dir(project::root())
        .other_options(["--locked", "--filter-platform", target].map(str::to_owned))
        .exec()?;
    let resolve = metadata.resolve.as_ref().context("nothing is resolved")?;
    let members = metadata.workspace_packages().into_iter();
    let mut queue: Vec<_> = members
        .filter(|it| COMMANDS.contains(&it.name.as_str()))
        .map(|it| &it.id)
        .collect();
    let mut found = BTreeSet::new();
    while let Some(id) = queue.pop() {
        if !found.insert(id) {
            continue;
        }
        let node = resolve.nodes.iter().find(|node| node.id == *id);
        let edges = node.map(|node| &*node.deps).unwrap_or_default().iter();
        let is_linked = |kinds: &[cargo_metadata::DepKindInfo]| {
            kinds.iter().any(|it| it.kind == DependencyKind::Normal)
        };
        queue.extend(
            edges
                .filter(|it| is_linked(&it.dep_kinds))
                .map(|it| &it.pkg),
        );
    }
    let packages = found.into_iter().map(|id| metadata[id].clone());
    Ok(packages.filter(|it| it.source.is_some()).collect())
}

/// The files of a package that are a licence or a notice that goes with it.
fn license_files(package: &Package) -> Result<Vec<Vec<u8>>> {
    const NAMES: [&str; 4] = ["LICENSE", "LICENCE", "COPYING", "NOTICE"];
    let folder = package
        .manifest_path
        .parent()
        .context("a manifest has a folder")?;
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.to_uppercase();
        if path.is_file() && NAMES.iter().any(|start| name.starts_with(start)) {
            files.push(path);
        }
    }
    files.sort();
    files
        .into_iter()
        .map(|path| fs::read(&path).with_context(|| format!("cannot read {}", path.display())))
        .collect()
}

/// Has the programs that read the pages and completions look at them, those that are here.
fn judge(folder: &Path) -> Result<()> {
    step::header("Pages and completions, read by what they are for");
    for command in COMMANDS {
        let completions = |shell: Shell| {
            let (_, path) = SHELLS.iter().find(|it| it.0 == shell)?;
            Some(folder.join(path.replace("{}", command)))
        };
        let judges = [
            ("mandoc", "-Tlint", Some(page_of(folder, command))),
            ("bash", "-n", completions(Shell::Bash)),
            ("fish", "-n", completions(Shell::Fish)),
            ("zsh", "-n", completions(Shell::Zsh)),
        ];
        for (program, option, file) in judges {
            let file = file.context("a shell without completions")?;
            let mut judge = project::command(program);
            judge.arg(option);
            if program == "mandoc" {
                // Not about matters of style, such as long lines.
                judge.arg("-Wwarning");
            }
            judge.arg(&file).stdin(Stdio::null());
            match judge.output() {
                Ok(output) if output.status.success() => {}
                Ok(output) => bail!(
                    "{program} about {}:\n{}{}",
                    project::relative(&file).display(),
                    String::from_utf8_lossy(&output.stdout),
                    String::from_utf8_lossy(&output.stderr)
                ),
                Err(_) => step::note(format_args!("{program} is not here, and did not look")),
            }
        }
    }
    Ok(())
}

/// Packs the folder, so that the same content gives the same bytes, and writes its checksum in the
/// form of `sha256sum`.
fn pack(folder: &Path, archive: &Path) -> Result<()> {
    let mut files = Vec::new();
    list(folder, &mut files)?;
    files.sort();
    let parent = folder.parent().context("a folder lies in another one")?;
    let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let mut tar = tar::Builder::new(gzip);
    for path in files {
        let content = fs::read(&path)?;
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mtime(0);
        header.set_mode(if path.starts_with(folder.join("bin")) {
            0o755
        } else {
            0o644
        });
        tar.append_data(&mut header, path.strip_prefix(parent)?, &*content)?;
    }
    let bytes = tar.into_inner()?.finish()?;
    write(archive, &bytes)?;
    let mut sum = String::new();
    for byte in Sha256::digest(&bytes) {
        let _ = write!(sum, "{byte:02x}");
    }
    let name = archive.file_name().unwrap_or_default().to_string_lossy();
    write(&checksum(archive), format!("{sum}  {name}\n"))
}

fn checksum(archive: &Path) -> PathBuf {
    archive.with_extension("gz.sha256")
}

/// All files below a folder.
fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            list(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// Does with the archive what its users do: checks the checksum, unpacks it, and runs the commands.
fn unpacked(archive: &Path, name: &str) -> Result<()> {
    step::header("The archive, unpacked elsewhere");
    let elsewhere = tempfile::tempdir()?;
    let folder = archive.parent().context("an archive lies in a folder")?;
    let mut sum = project::command(if cfg!(target_os = "macos") {
        "shasum"
    } else {
        "sha256sum"
    });
    sum.current_dir(folder).arg("--check");
    step::run(sum.arg(checksum(archive)))?;
    let mut tar = project::command("tar");
    step::run(tar.arg("-xzf").arg(archive).arg("-C").arg(elsewhere.path()))?;
    let folder = elsewhere.path().join(name);
    for command in COMMANDS {
        let said = step::output(project::command(bin(&folder, command)).arg("--version"))?;
        let version = format!("{command} {}", project::package(command)?.version);
        ensure!(said.trim() == version, "{command} --version says {said}");
    }
    for file in FILES.iter().chain([&LICENSES]) {
        ensure!(folder.join(file).is_file(), "the archive has no {file}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_crates_of_the_commands_say_their_licence() {
        let packages = dependencies(&project::host().unwrap()).unwrap();
        let has = |name: &str| packages.iter().any(|it| it.name.as_str() == name);
        // Of each command one, and none that is only in tests.
        assert!(has("wasmtime") && has("wiggle-generate") && !has("jsonschema"));
        for package in packages {
            assert!(package.license.is_some(), "{}", package.name);
        }
    }

    #[test]
    fn archives_of_the_same_content_are_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let content = folder.path().join("name");
        write(&content.join("bin/command"), "x").unwrap();
        write(&content.join("LICENSE"), "y").unwrap();
        let pack = |file: &str| {
            let archive = folder.path().join(file);
            super::pack(&content, &archive).unwrap();
            (
                fs::read(&archive).unwrap(),
                fs::read_to_string(checksum(&archive)).unwrap(),
            )
        };
        let (first, sum) = pack("a.tar.gz");
        let (second, _) = pack("b.tar.gz");
        assert!(first == second);
        assert!(
            sum.ends_with("  a.tar.gz\n") && sum.len() == 64 + 11,
            "{sum}"
        );
    }
}
