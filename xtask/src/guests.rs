//! `cargo xtask guests`: builds the guests that tests, the demo and the benchmarks run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Instant, SystemTime};

use anyhow::{Context, Result};

use crate::machine::{self, Need};
use crate::tool::Tool;
use crate::wasm_toolchain::{Kind, Toolchain};
use crate::{npm, pages, project, pypi, step};

/// A guest in Rust.
struct RustGuest {
    /// The name of the module, without `.wasm`.
    name: &'static str,
    /// The directory of its package, from the root.
    package: &'static str,
    /// How cargo selects it in its package.
    selection: &'static [&'static str],
    /// The file that cargo writes, from the directory of the profile.
    artefact: &'static str,
    kind: Kind,
}

const RUST_GUESTS: [RustGuest; 10] = [
    RustGuest {
        name: "rust-post",
        package: "guest-rust",
        selection: &["--example", "post"],
        artefact: "examples/post.wasm",
        kind: Kind::Command,
    },
    RustGuest {
        name: "rust-download",
        package: "guest-rust",
        selection: &["--example", "download"],
        artefact: "examples/download.wasm",
        kind: Kind::Command,
    },
    RustGuest {
        name: "rust-tour",
        package: "guest-rust",
        selection: &["--example", "tour"],
        artefact: "examples/tour.wasm",
        kind: Kind::Command,
    },
    RustGuest {
        name: "rust-gzip",
        package: "guest-rust",
        selection: &["--example", "gzip"],
        artefact: "examples/gzip.wasm",
        kind: Kind::Command,
    },
    RustGuest {
        name: "rust-parallel",
        package: "guest-rust",
        selection: &["--example", "parallel"],
        artefact: "examples/parallel.wasm",
        kind: Kind::Command,
    },
    RustGuest {
        name: "rust-upload",
        package: "guest-rust",
        selection: &["--example", "upload"],
        artefact: "examples/upload.wasm",
        kind: Kind::Command,
    },
    RustGuest {
        name: "rust-reactor",
        package: "guest-rust",
        selection: &["--example", "reactor"],
        artefact: "examples/reactor.wasm",
        kind: Kind::Reactor,
    },
    RustGuest {
        name: "rust-e2e",
        package: "host/tests/guests/e2e-rust",
        selection: &["--lib"],
        artefact: "e2e_rust.wasm",
        kind: Kind::Reactor,
    },
    RustGuest {
        name: "old-reactor",
        package: "host/tests/guests/old-abi",
        selection: &["--lib"],
        artefact: "old_abi.wasm",
        kind: Kind::Reactor,
    },
    RustGuest {
        name: "rust-bench",
        package: "host/bench/guests/rust",
        selection: &["--lib"],
        artefact: "bench_rust.wasm",
        kind: Kind::Reactor,
    },
];

/// The guests of `cargo xtask bench --peers`, which nothing else needs.
const PEER_GUESTS: [RustGuest; 2] = [
    RustGuest {
        name: "extism-bench",
        package: "host/bench/peers/guests/extism",
        selection: &["--lib"],
        artefact: "bench_extism.wasm",
        kind: Kind::Reactor,
    },
    RustGuest {
        name: "wasi-http-bench",
        package: "host/bench/peers/guests/wasi-http",
        selection: &["--lib"],
        artefact: "bench_wasi_http.wasm",
        kind: Kind::Reactor,
    },
];

/// A guest in AssemblyScript.
struct AsGuest {
    /// The name of the module, without `.wasm`.
    name: &'static str,
    /// The directory whose `asconfig.json` it is compiled with, from the root.
    directory: &'static str,
    /// Its source, from that directory.
    entry: &'static str,
    /// Further options of the compiler.
    options: &'static [&'static str],
    /// Which target of that `asconfig.json`; `release`, which needs not be there, is the usual one.
    target: &'static str,
    kind: Kind,
}

const AS_GUESTS: [AsGuest; 14] = [
    AsGuest {
        name: "as-post",
        directory: project::AS_PACKAGE,
        entry: "examples/post.ts",
        options: &[],
        target: "release",
        kind: Kind::Command,
    },
    AsGuest {
        name: "as-post-debug",
        directory: project::AS_PACKAGE,
        entry: "examples/post.ts",
        options: &["--debug"],
        target: "release",
        kind: Kind::Command,
    },
    AsGuest {
        name: "as-download",
        directory: project::AS_PACKAGE,
        entry: "examples/download.ts",
        options: &[],
        target: "release",
        kind: Kind::Command,
    },
    AsGuest {
        name: "as-tour",
        directory: project::AS_PACKAGE,
        entry: "examples/tour.ts",
        options: &[],
        target: "small",
        kind: Kind::Command,
    },
    AsGuest {
        name: "as-parallel",
        directory: project::AS_PACKAGE,
        entry: "examples/parallel.ts",
        options: &[],
        target: "release",
        kind: Kind::Command,
    },
    AsGuest {
        name: "as-upload",
        directory: project::AS_PACKAGE,
        entry: "examples/upload.ts",
        options: &[],
        target: "release",
        kind: Kind::Command,
    },
    AsGuest {
        name: "as-reactor",
        directory: project::AS_PACKAGE,
        entry: "examples/reactor.ts",
        options: &[],
        target: "release",
        kind: Kind::Reactor,
    },
    AsGuest {
        name: "as-json",
        directory: project::AS_PACKAGE,
        entry: "examples/json.ts",
        options: &["--transform", "json-as"],
        target: "release",
        kind: Kind::Command,
    },
    AsGuest {
        name: "as-json-values",
        directory: project::AS_PACKAGE,
        entry: "examples/json-values.ts",
        options: &[],
        target: "release",
        kind: Kind::Command,
    },
    AsGuest {
        name: "as-gzip",
        directory: project::AS_PACKAGE,
        entry: "examples/gzip.ts",
        options: &[],
        target: "release",
        kind: Kind::Command,
    },
    AsGuest {
        name: "as-e2e",
        directory: "host/tests/guests/e2e-as",
        entry: "assembly/index.ts",
        options: &[],
        target: "release",
        kind: Kind::Reactor,
    },
    AsGuest {
        name: "as-e2e-minimal",
        directory: "host/tests/guests/e2e-as",
        entry: "assembly/index.ts",
        options: &[],
        target: "minimal",
        kind: Kind::Reactor,
    },
    AsGuest {
        name: "as-e2e-stub",
        directory: "host/tests/guests/e2e-as",
        entry: "assembly/index.ts",
        options: &[],
        target: "stub",
        kind: Kind::Reactor,
    },
    AsGuest {
        name: "as-bench",
        directory: "host/bench/guests/assemblyscript",
        entry: "assembly/index.ts",
        options: &[],
        target: "release",
        kind: Kind::Reactor,
    },
];

/// A guest without a library of this project.
struct OtherGuest {
    /// The name of the module, without `.wasm`.
    name: &'static str,
    /// Its source, from the root.
    source: &'static str,
    compiler: Compiler,
}

/// A language whose bindings are generated for a guest.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Language {
    C,
    Zig,
    Go,
}

impl Language {
    /// Its name, as the generator has it.
    fn name(self) -> &'static str {
        match self {
            Language::C => "c",
            Language::Zig => "zig",
            Language::Go => "go",
        }
    }
}

/// How such a guest is compiled.
#[derive(Clone, Copy)]
enum Compiler {
    /// Of C, without a library.
    Clang,
    /// Without WASI.
    Zig,
    /// With the generated bindings of a language, for WASI.
    Bindings(Language),
}

const OTHER_GUESTS: [OtherGuest; 5] = [
    OtherGuest {
        name: "c-read-once",
        source: "host/tests/guests/read-once/guest.c",
        compiler: Compiler::Clang,
    },
    OtherGuest {
        name: "zig-read-once",
        source: "host/tests/guests/read-once/guest.zig",
        compiler: Compiler::Zig,
    },
    OtherGuest {
        name: "c-requests",
        source: "codegen/examples/c/requests.c",
        compiler: Compiler::Bindings(Language::C),
    },
    OtherGuest {
        name: "zig-requests",
        source: "codegen/examples/zig/requests.zig",
        compiler: Compiler::Bindings(Language::Zig),
    },
    OtherGuest {
        name: "go-requests",
        source: "codegen/examples/go/requests/main.go",
        compiler: Compiler::Bindings(Language::Go),
    },
];

/// Selects the programs of the guest packages' pages, each of which is a guest: `rust-page-program`.
const PAGES: &str = "pages";

/// The document whose bindings guests are compiled with, from the root.
const WITX: &str = "witx/wasi_experimental_http.witx";

/// The Go module that the example in Go is of, from the root.
const GO_MODULE: &str = "codegen/examples/go/go.mod";

/// The arguments of `cargo xtask guests`.
#[derive(clap::Args)]
pub struct GuestsArgs {
    /// Build only these, for example `rust-post as-post`
    #[arg(value_name = "GUEST", value_parser = names())]
    guests: Vec<String>,
}

impl GuestsArgs {
    /// Builds these guests, or all if there are none.
    pub fn only(guests: &[&str]) -> GuestsArgs {
        GuestsArgs {
            guests: guests.iter().map(|guest| (*guest).to_owned()).collect(),
        }
    }

    fn selects(&self, name: &str) -> bool {
        self.guests.is_empty() || self.guests.iter().any(|guest| guest == name)
    }
}

fn names() -> Vec<&'static str> {
    let rust = RUST_GUESTS.iter().map(|guest| guest.name);
    rust.chain(AS_GUESTS.iter().map(|guest| guest.name))
        .chain(OTHER_GUESTS.iter().map(|guest| guest.name))
        .chain([PAGES])
        .collect()
}

/// Builds guests into [`project::guests_dir`].
pub fn run(arguments: &GuestsArgs) -> Result<()> {
    let start = Instant::now();
    let rust: Vec<_> = RUST_GUESTS
        .iter()
        .filter(|guest| arguments.selects(guest.name))
        .collect();
    let assembly_script: Vec<_> = AS_GUESTS
        .iter()
        .filter(|guest| arguments.selects(guest.name))
        .collect();
    let others: Vec<_> = OTHER_GUESTS
        .iter()
        .filter(|guest| arguments.selects(guest.name))
        .collect();
    let pages = arguments.selects(PAGES);
    let needs = [
        (Need::WasmRust, pages || !rust.is_empty()),
        (Need::Node, pages || !assembly_script.is_empty()),
        (Need::Pip, !others.is_empty()),
    ];
    let needs = needs.into_iter().filter(|(_, is_needed)| *is_needed);
    machine::require(&needs.map(|(need, _)| need).collect::<Vec<_>>())?;
    let directory = project::guests_dir();
    fs::create_dir_all(&directory)
        .with_context(|| format!("cannot create {}", directory.display()))?;
    if !rust.is_empty() {
        build_rust(&rust)?;
    }
    if !assembly_script.is_empty() {
        build_as(&assembly_script)?;
    }
    if pages {
        build_pages()?;
    }
    for guest in &others {
        build_other(guest)?;
    }
    step::note(format_args!(
        "{} guests are up to date in {} ({})",
        rust.len()
            + assembly_script.len()
            + others.len()
            + usize::from(pages) * 2 * pages::PROGRAMS.len(),
        project::relative(&directory).display(),
        step::seconds(start.elapsed())
    ));
    Ok(())
}

/// Builds the guests for other hosts that the benchmarks compare with.
pub fn peers() -> Result<()> {
    build_rust(&PEER_GUESTS.iter().collect::<Vec<_>>())
}

/// Where a guest is put.
pub fn path(name: &str) -> PathBuf {
    project::guests_dir().join(name).with_extension("wasm")
}

fn build_rust(guests: &[&RustGuest]) -> Result<()> {
    let toolchain = Toolchain::find_or_install()?;
    step::header(format_args!(
        "Guests in Rust, with the toolchain of {}",
        toolchain.name()
    ));
    for guest in guests {
        let package = project::root().join(guest.package);
        step::run(&mut toolchain.cargo_rustc(&package, guest.selection, guest.kind))
            .with_context(|| format!("cannot build {}", guest.name))?;
        copy_if_changed(
            &toolchain.output_dir().join(guest.artefact),
            &path(guest.name),
        )?;
    }
    Ok(())
}

fn build_as(guests: &[&AsGuest]) -> Result<()> {
    let package = project::root().join(project::AS_PACKAGE);
    npm::install(&package)?;
    step::header("Guests in AssemblyScript");
    for guest in guests {
        let directory = project::root().join(guest.directory);
        let output = path(guest.name);
        if is_newer_than_all(&output, &as_inputs(guest))? {
            continue;
        }
        step::note(format_args!("compiling {}", guest.name));
        let unfinished = output.with_extension("wasm.new");
        let mut asc = project::command(package.join("node_modules/.bin/asc"));
        asc.current_dir(&directory)
            .args([guest.entry, "--outFile"])
            .arg(&unfinished)
            .args(guest.options)
            .args(["--target", guest.target])
            .args(["--exportStart", guest.kind.start()]);
        step::run(&mut asc).with_context(|| format!("cannot build {}", guest.name))?;
        fs::rename(&unfinished, &output)
            .with_context(|| format!("cannot write {}", output.display()))?;
    }
    Ok(())
}

/// Builds the programs of the pages of both guest packages.
fn build_pages() -> Result<()> {
    let toolchain = Toolchain::find_or_install()?;
    step::header("Programs of the pages");
    for page in pages::rust()? {
        step::run(&mut toolchain.cargo_rustc(&page.package, page.selection(), page.kind))
            .with_context(|| format!("cannot build {} of the crate's page", page.name))?;
        let built = toolchain.output_dir().join(page.artefact());
        copy_if_changed(&built, &path(&format!("rust-{}", page.name)))?;
    }
    pages::assembly_script(|name| path(&format!("as-{name}")))
}

/// Builds a guest without a library, unless it is newer than its source.
fn build_other(guest: &OtherGuest) -> Result<()> {
    let OtherGuest { name, compiler, .. } = guest;
    let mut inputs = vec![project::root().join(guest.source)];
    if let Compiler::Bindings(language) = compiler {
        inputs.push(bindings(*language)?);
    }
    let output = path(name);
    if is_newer_than_all(&output, &inputs)? {
        return Ok(());
    }
    step::header(format_args!("Guest {name}"));
    let unfinished = output.with_extension("wasm.new");
    let mut command = match compiler {
        Compiler::Clang => clang(&unfinished)?,
        Compiler::Zig => {
            let mut zig = zig("wasm32-freestanding", &unfinished)?;
            zig.args(["-fno-entry", "-rdynamic"]);
            zig
        }
        Compiler::Bindings(Language::C) => {
            let mut clang = pypi::c_compiler()?;
            clang
                .args(["--target=wasm32-wasi", "-std=c11", "-Os"])
                .args(["-Wall", "-Wextra", "-Werror", "-o"])
                .arg(&unfinished);
            clang
        }
        Compiler::Bindings(Language::Go) => {
            let mut go = pypi::go(pypi::NEWEST_GO)?;
            go.args(["build", "-o"]).arg(&unfinished);
            go
        }
        Compiler::Bindings(Language::Zig) => zig("wasm32-wasi", &unfinished)?,
    };
    match compiler {
        // A source imports what lies beside it.
        Compiler::Bindings(language) => {
            let (folder, source) = beside_bindings(*language, &inputs[0])?;
            command.current_dir(folder).arg(source);
        }
        Compiler::Clang | Compiler::Zig => {
            // Where the compiler leaves what it made on the way.
            command.current_dir(project::guests_dir()).arg(&inputs[0]);
        }
    }
    step::run(&mut command).with_context(|| format!("cannot build {name}"))?;
    fs::rename(&unfinished, &output).with_context(|| format!("cannot write {}", output.display()))
}

fn clang(output: &Path) -> Result<Command> {
    let mut clang = pypi::c_compiler()?;
    clang
        .args(["--target=wasm32-freestanding", "-nostdlib", "-O2"])
        .args(["-Wall", "-Wextra", "-Werror", "-Wl,--no-entry", "-s", "-o"])
        .arg(output);
    Ok(clang)
}

/// The Zig compiler, for a target.
fn zig(target: &str, output: &Path) -> Result<Command> {
    let mut zig = pypi::zig(pypi::NEWEST_ZIG)?;
    zig.args(["build-exe", "-O", "ReleaseSmall", "-target", target])
        .arg(format!("-femit-bin={}", output.display()));
    Ok(zig)
}

/// Generates the bindings of a language, if they are not there as they should be. Gives where they
/// are: for Go in the package that programs import.
fn bindings(language: Language) -> Result<PathBuf> {
    let path = bindings_dir(language).join(match language {
        Language::C => "wasi_experimental_http.h",
        Language::Zig => "wasi_experimental_http.zig",
        Language::Go => "wasiexperimentalhttp/bindings.go",
    });
    let witx = project::root().join(WITX);
    // Writes the file only if it is different.
    Tool::Codegen.run(&[
        "--",
        "--witx",
        utf8(&witx)?,
        "--lang",
        language.name(),
        "--out-file",
        utf8(&path)?,
    ])?;
    Ok(path)
}

fn utf8(path: &Path) -> Result<&str> {
    let text = path.to_str();
    text.with_context(|| format!("{} is not UTF-8", path.display()))
}

/// Where a language has its bindings, and the sources that use them.
fn bindings_dir(language: Language) -> PathBuf {
    let folder = project::guests_build_dir().join("bindings");
    folder.join(language.name())
}

/// Copies a source to where the bindings of its language are. Gives the folder to compile it in, and
/// what is compiled there.
fn beside_bindings(language: Language, source: &Path) -> Result<(PathBuf, String)> {
    let read = |path: &Path| {
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
    };
    let folder = bindings_dir(language);
    let name = source.file_name().context("a source has a name")?;
    if language == Language::Go {
        write_if_changed(
            &folder.join("go.mod"),
            &read(&project::root().join(GO_MODULE))?,
        )?;
        let package = folder.join("requests");
        write_if_changed(&package.join(name), &read(source)?)?;
        return Ok((folder, "./requests".to_owned()));
    }
    write_if_changed(&folder.join(name), &read(source)?)?;
    Ok((folder, name.to_string_lossy().into_owned()))
}

/// Writes a file, unless it has the content: what is built from it stays up to date.
fn write_if_changed(path: &Path, content: &str) -> Result<()> {
    if fs::read_to_string(path).is_ok_and(|present| present == content) {
        return Ok(());
    }
    let context = || format!("cannot write {}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(context)?;
    }
    fs::write(path, content).with_context(context)
}

/// Copies a file in one step, so that who reads the target sees one version or the other; leaves
/// it alone if it has the same content already.
fn copy_if_changed(from: &Path, to: &Path) -> Result<()> {
    let content = fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
    if fs::read(to).is_ok_and(|present| present == content) {
        return Ok(());
    }
    let unfinished = to.with_extension("wasm.new");
    fs::write(&unfinished, content)
        .and_then(|()| fs::rename(&unfinished, to))
        .with_context(|| format!("cannot write {}", to.display()))
}

/// The files and directories that a guest in AssemblyScript is made of.
fn as_inputs(guest: &AsGuest) -> Vec<PathBuf> {
    let package = project::root().join(project::AS_PACKAGE);
    let directory = project::root().join(guest.directory);
    let entry = directory.join(guest.entry);
    vec![
        npm::stamp(&package),
        package.join("assembly"),
        directory.join("asconfig.json"),
        entry.parent().map_or(directory, Path::to_owned),
    ]
}

/// Whether a file exists and none of these files and directories was changed after it was written.
fn is_newer_than_all(file: &Path, inputs: &[PathBuf]) -> Result<bool> {
    let Ok(written) = fs::metadata(file).and_then(|metadata| metadata.modified()) else {
        return Ok(false);
    };
    for input in inputs {
        if last_change(input)? > written {
            return Ok(false);
        }
    }
    Ok(true)
}

/// When a file, or anything in a directory, was last changed.
fn last_change(path: &Path) -> Result<SystemTime> {
    let context = || format!("cannot read {}", path.display());
    let metadata = fs::metadata(path).with_context(context)?;
    let mut changed = metadata.modified().with_context(context)?;
    if metadata.is_dir() {
        for entry in fs::read_dir(path).with_context(context)? {
            changed = changed.max(last_change(&entry.with_context(context)?.path())?);
        }
    }
    Ok(changed)
}
