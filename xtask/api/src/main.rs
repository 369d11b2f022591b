//! `cargo xtask api`: the public interface of each published library as a text that is committed, so
//! that a change of the interface shows up in the diff.
//!
//! The texts are made by the crate `public-api` from rustdoc's JSON. That format has a number, which
//! changes with the compiler: where it is not the one that the crate reads, nothing is compared.

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail, ensure};
use clap::Parser;
use wasi_experimental_http_codegen::files::Output;
use witx_bindings::{MessageFormat, Reporter};

use xtask::cli::{self, ApiArgs, Arguments, Task};
use xtask::{project, step};

/// The packages with a library that is published, and their folders.
const PACKAGES: [[&str; 2]; 4] = [
    ["wasi-experimental-http", "guest-rust"],
    ["wasi-experimental-http-wasmtime", "host"],
    ["wasi-experimental-http-codegen", "codegen"],
    ["witx-bindings", "codegen/cli"],
];

/// The file in each folder.
const FILE: &str = "public-api.txt";

/// The version of rustdoc's JSON that the crate `public-api` reads; that of Rust 1.95.
const FORMAT: u64 = 57;

/// Set for this program where cargo calls it in place of rustdoc.
const AS_RUSTDOC: &str = "XTASK_AS_RUSTDOC";

/// Traits that the compiler implements for nearly all types, and that nobody promises. `Send` and
/// `Sync` are not among them.
const UNPROMISED: [&str; 6] = [
    "core::marker::Freeze",
    "core::marker::StructuralPartialEq",
    "core::marker::Unpin",
    "core::marker::UnsafeUnpin",
    "core::panic::unwind_safe::RefUnwindSafe",
    "core::panic::unwind_safe::UnwindSafe",
];

/// An embedder that is no member of the workspace, and uses every public item of the host.
const EMBEDDER: &str = "host/tests/embedder";

fn main() -> ExitCode {
    if let Some(code) = as_rustdoc() {
        return code;
    }
    cli::main(Arguments::parse(), |task| match task {
        Task::Api(arguments) => run(&arguments).map(|()| ExitCode::SUCCESS),
        _ => bail!("this program is `cargo xtask api`, and nothing else"),
    })
}

/// Writes or compares the texts, and tests the embedder.
fn run(arguments: &ApiArgs) -> Result<()> {
    if arguments.check {
        check()?;
    } else {
        update(false)?;
    }
    embedder()
}

/// Compares the texts, if this compiler's JSON can be read.
fn check() -> Result<()> {
    let format = format_of(&json(PACKAGES[0][0])?)?;
    if format != FORMAT {
        step::note(format_args!(
            "not checked: rustdoc's JSON has version {format} here, and {FORMAT} in Rust 1.95"
        ));
        return Ok(());
    }
    update(true)
}

/// Tests the embedder, with the versions of crates that the workspace has, and checks that it names
/// whatever is public.
fn embedder() -> Result<()> {
    step::header("An embedder that uses every public item");
    let folder = project::root().join(EMBEDDER);
    fs::copy(
        project::root().join("Cargo.lock"),
        folder.join("Cargo.lock"),
    )
    .context("cannot copy Cargo.lock")?;
    step::run(
        project::cargo()
            .current_dir(&folder)
            .args(["test", "--quiet", "--target-dir"])
            .arg(project::root().join("target/embedder")),
    )?;
    let unused = unused()?;
    ensure!(
        unused.is_empty(),
        "{EMBEDDER} does not use what is public in the host: {}",
        unused.join(", ")
    );
    Ok(())
}

/// The public items of the host whose names are not in the embedder.
fn unused() -> Result<Vec<String>> {
    let api = fs::read_to_string(project::root().join("host").join(FILE))?;
    let source = fs::read_to_string(project::root().join(EMBEDDER).join("src/lib.rs"))?;
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let words: BTreeSet<&str> = source.split(|c| !is_part(c)).collect();
    let mut names = names(&api);
    names.retain(|name| !words.contains(name));
    Ok(names.into_iter().map(str::to_owned).collect())
}

/// The names of the items in a list, but for those of traits that are implemented.
fn names(api: &str) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    let mut of_trait = false;
    for line in api.lines().skip(1) {
        if line.starts_with("impl") {
            of_trait = line.contains(" for ");
            continue;
        }
        let Some((_, item)) = line.split_once("pub ") else {
            continue;
        };
        let item = item.trim_start_matches("const fn ");
        let (kind, rest) = item.split_once(' ').unwrap_or(("", item));
        // Behind the items of a trait's implementation comes another type, or a function.
        of_trait &= matches!(kind, "fn" | "type");
        // A field and a case have no word for what they are.
        let path = if kind.contains("::") { item } else { rest };
        let path = path.split(['(', '<', ' ']).next().unwrap_or_default();
        let path = path.trim_end_matches(':');
        if !of_trait {
            names.extend(path.rsplit("::").next());
        }
    }
    names
}

fn update(check: bool) -> Result<()> {
    env::set_current_dir(project::root()).context("cannot enter the repository")?;
    let mut outputs = Vec::new();
    for [package, folder] in PACKAGES {
        outputs.push(Output {
            path: Path::new(folder).join(FILE),
            contents: interface(package)?,
        });
    }
    let reporter = Reporter::new(MessageFormat::Human);
    let remedy = "as `cargo xtask api`, and say in CHANGELOG.md what breaks";
    match witx_bindings::update(&outputs, check, remedy, &reporter) {
        Ok(()) => Ok(()),
        Err(_) => bail!("`cargo xtask api` failed, as said above"),
    }
}

/// The public interface of a library: a line for each item.
fn interface(package: &str) -> Result<String> {
    let json = json(package)?;
    let format = format_of(&json)?;
    ensure!(
        format == FORMAT,
        "rustdoc's JSON has version {format}; what is committed is made with Rust 1.95, whose JSON \
         has version {FORMAT}"
    );
    let api = public_api::Builder::from_rustdoc_json(&json)
        .omit_blanket_impls(true)
        .build()
        .with_context(|| format!("cannot read {}", json.display()))?;
    let mut text = format!("# The public interface of {package}. `cargo xtask api` writes this.\n");
    for line in api.items().map(ToString::to_string) {
        if !UNPROMISED.iter().any(|name| is_of(&line, name)) {
            text.push_str(&line);
            text.push('\n');
        }
    }
    Ok(text)
}

/// Whether a line says that a type implements a trait, or that it does not.
fn is_of(line: &str, name: &str) -> bool {
    let mut words = line.split(' ').map(|word| word.trim_start_matches('!'));
    line.starts_with("impl") && words.any(|word| word == name)
}

/// Has rustdoc describe a library, with all its features.
fn json(package: &str) -> Result<PathBuf> {
    let mut cargo = project::cargo();
    cargo
        .args(["rustdoc", "--locked", "--quiet", "--lib", "--all-features"])
        .args(["--package", package, "--target-dir"])
        .arg(project::root().join("target"))
        .args(["--", "-Z", "unstable-options", "--output-format", "json"])
        .env(
            "RUSTDOC",
            env::current_exe().context("where is this program?")?,
        )
        .env(AS_RUSTDOC, rustdoc());
    step::run(&mut cargo)?;
    let file = package.replace('-', "_") + ".json";
    Ok(project::root().join("target/doc").join(file))
}

/// The number of the format of a file.
fn format_of(json: &Path) -> Result<u64> {
    let text = fs::read(json).with_context(|| format!("cannot read {}", json.display()))?;
    let json: serde_json::Value = serde_json::from_slice(&text)?;
    json["format_version"]
        .as_u64()
        .context("rustdoc's JSON has no version")
}

/// The rustdoc that cargo would call.
fn rustdoc() -> OsString {
    env::var_os("RUSTDOC").unwrap_or_else(|| "rustdoc".into())
}

/// Runs rustdoc in the place of this program, if cargo called it for that, and lets it write JSON,
/// which a stable one otherwise does not. The variable for that is set for rustdoc alone, since build
/// scripts would see it too, and would have to run again.
fn as_rustdoc() -> Option<ExitCode> {
    let rustdoc = env::var_os(AS_RUSTDOC)?;
    let mut command = Command::new(&rustdoc);
    command
        .args(env::args_os().skip(1))
        .env("RUSTC_BOOTSTRAP", "1");
    match command.status() {
        Ok(status) if status.success() => Some(ExitCode::SUCCESS),
        Ok(_) => Some(ExitCode::FAILURE),
        Err(error) => {
            eprintln!("error: cannot run `{}`: {error}", rustdoc.display());
            Some(ExitCode::FAILURE)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_traits_that_nobody_promises_are_known() {
        let unpin = "core::marker::Unpin";
        assert!(is_of("impl core::marker::Unpin for a::B", unpin));
        assert!(is_of("impl<'a> !core::marker::Unpin for a::B<'a>", unpin));
        assert!(!is_of("impl core::marker::Send for a::B", unpin));
        assert!(!is_of("pub fn a::b() where T: core::marker::Unpin", unpin));
    }

    #[test]
    fn names_of_items_are_found_in_a_list() {
        let list = "# A list.
pub mod a
pub use a::url
#[non_exhaustive] pub enum a::Kind
pub a::Kind::One
pub a::Kind::Two(u32)
impl a::Kind
pub fn a::Kind::name<T: a::Other>(&self, impl a::Third) -> &str
impl core::clone::Clone for a::Kind
pub fn a::Kind::clone(&self) -> a::Kind
pub struct a::Event
pub a::Event::field: a::Fourth
pub const a::MAX: usize
pub fn a::last()";
        let expected = [
            "Event", "Kind", "MAX", "One", "Two", "a", "field", "last", "name", "url",
        ];
        assert!(names(list).iter().eq(&expected), "{:?}", names(list));
    }

    #[test]
    fn every_published_library_has_its_text() {
        for [package, folder] in PACKAGES {
            let file = project::root().join(folder).join(FILE);
            let text = fs::read_to_string(&file).unwrap();
            assert!(text.lines().next().unwrap().contains(package), "{folder}");
        }
    }
}
