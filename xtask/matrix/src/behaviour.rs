//! Behaviour, not only compilation: guests in every language, built from generated bindings of a
//! document, call a host that is written by hand and a wiggle host, and all compare what arrives.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use wasi_experimental_http_codegen::{Document, Language, Options, generate};

use super::compilers::{NEWEST_ASC, OLDEST_ASC, link_host_crates, node_asc};
use super::tools::{self, Tools};
use super::{promises, write};
use xtask::wasm_toolchain::Kind;
use xtask::{project, step};

/// Folders with a document, guests and hosts, and what the hosts have in common.
const SOURCES: &str = "codegen/tests/behaviour";

/// The folders: each has `NAME.witx`, a guest in each language of `GUESTS`, `host.mjs`, `host.rs`.
const SUITES: [&str; 5] = ["echo", "narrow", "nested", "dialect", "kinds"];

/// A guest in Go without generated bindings, written from the reference alone.
const BY_HAND: &str = "by_hand.go";

/// A guest in C without generated bindings, which does what those would not: for the wiggle host.
const JUNK: &str = "junk.c";

/// Builds the guests of the languages that are asked for in `folder`, and runs them with a host
/// that is written by hand, and with a wiggle host if that is asked for.
pub fn run(tools: &Tools, folder: &Path, includes: impl Fn(Language) -> bool) -> Result<()> {
    for name in SUITES {
        let suite = Suite {
            tools,
            name,
            sources: project::root().join(SOURCES).join(name),
            folder: folder.join("behaviour").join(name),
        };
        suite.run(&includes)?;
    }
    promises::run(folder, &includes)?;
    match includes(Language::Go) {
        true => go_example(
            &project::root().join(SOURCES),
            &folder.join("behaviour/go-example"),
        ),
        false => Ok(()),
    }
}

/// Builds a guest. Gives its files: some are built in several ways.
type Builder = fn(&Suite<'_>) -> Result<Vec<PathBuf>>;

/// The languages of guests, and what builds those of each.
const GUESTS: [(Language, Builder); 6] = [
    (Language::Rust, rust_guest),
    (Language::AssemblyScript, assembly_script_guests),
    (Language::C, c_guest),
    (Language::Cpp, cpp_guest),
    (Language::Zig, zig_guest),
    (Language::Go, go_guest),
];

/// A document with its guests and hosts.
struct Suite<'a> {
    tools: &'a Tools,
    name: &'static str,
    sources: PathBuf,
    /// Where the bindings and the guests go.
    folder: PathBuf,
}

impl Suite<'_> {
    fn run(&self, includes: impl Fn(Language) -> bool) -> Result<()> {
        let mut guests = Vec::new();
        let languages = GUESTS.into_iter().filter(|(lang, ..)| includes(*lang));
        for (language, build) in languages {
            step::header(format_args!(
                "Behaviour: the guest of `{}` in {language}",
                self.name
            ));
            self.generate(language)?;
            guests.extend(build(self)?.into_iter().map(|guest| (language, guest)));
        }
        if includes(Language::Go) && self.sources.join(BY_HAND).exists() {
            step::header(format_args!("Behaviour: {BY_HAND} of `{}`", self.name));
            let module = self.folder.join("go-by-hand");
            let source = fs::read_to_string(self.sources.join(BY_HAND))?;
            write(&module.join(BY_HAND), &source)?;
            let built = self.go(&module, "guest-by-hand")?;
            guests.extend(built.into_iter().map(|guest| (Language::Go, guest)));
        }
        if guests.is_empty() {
            return Ok(());
        }
        step::header("Behaviour: the guests call a host that is written by hand");
        let mut node = project::command("node");
        node.arg("--no-warnings").arg(self.sources.join("host.mjs"));
        step::run(node.args(guests.iter().map(|(_, guest)| guest)))?;
        if !includes(Language::Wiggle) {
            return Ok(());
        }
        let mut guests: Vec<PathBuf> = guests.into_iter().map(|(_, guest)| guest).collect();
        if self.sources.join(JUNK).exists() {
            guests.push(self.c(JUNK, "guest-junk.wasm")?);
        }
        self.wiggle_host(&guests)
    }

    /// Generates the bindings in a language, into the folder of the suite.
    fn generate(&self, language: Language) -> Result<()> {
        let witx = format!("{}.witx", self.name);
        let document = Document::load(&[self.sources.join(&witx)])?;
        let options = Options::of_files(&[witx]);
        for file in generate(&document, &[language], &options)?.files {
            write(&self.folder.join(file.name), &file.contents)?;
        }
        Ok(())
    }

    fn wiggle_host(&self, guests: &[PathBuf]) -> Result<()> {
        step::header("Behaviour: the guests call a wiggle host");
        self.generate(Language::Wiggle)?;
        let main = format!(
            "#[path = {:?}] mod bindings;\n#[path = {:?}] mod host;\n\
             #[path = {:?}] mod runner;\n\
             fn main() -> wasmtime::Result<()> {{ host::main() }}\n",
            self.folder.join(format!("{}_wiggle.rs", self.name)),
            self.sources.join("host.rs"),
            self.sources.join("../runner.rs"),
        );
        let main_file = self.folder.join("main.rs");
        write(&main_file, &main)?;
        let host = self.folder.join("host");
        let mut rustc = project::rustc();
        rustc
            .args(["--edition", "2024", "--crate-name", "host"])
            .args(["--allow", "dead_code"])
            .arg(&main_file)
            .arg("-o")
            .arg(&host);
        link_host_crates(&mut rustc, self.tools)?;
        step::run(&mut rustc)?;
        step::run(project::command(&host).args(guests))
    }

    /// Builds a file of C.
    fn c(&self, source: &str, output: &str) -> Result<PathBuf> {
        let output = self.folder.join(output);
        let mut clang = tools::c_compiler()?;
        clang
            .args([
                "--target=wasm32-wasi",
                "-mexec-model=reactor",
                "-std=c11",
                "-Wall",
                "-Wextra",
                "-Werror",
            ])
            // As programs are built: it is then that compilers use what they believe of imports.
            .args(["-O2", "-nostdlib", "-Wl,--no-entry", "-I"])
            .arg(&self.folder)
            .arg(self.sources.join(source))
            // For `memset` and the like, which compilers put in.
            .arg("-lc")
            .arg("-o")
            .arg(&output);
        step::run(&mut clang)?;
        Ok(output)
    }

    /// Builds a module of Go, whose sources are there, with each version.
    fn go(&self, module: &Path, name: &str) -> Result<Vec<PathBuf>> {
        write(&module.join("go.mod"), "module behaviour\n\ngo 1.24\n")?;
        let build = |version| {
            let output = self.folder.join(format!("{name}-{version}.wasm"));
            let mut go = tools::go(version)?;
            go.current_dir(module)
                .args(["build", "-buildmode=c-shared", "-o"])
                .arg(&output)
                .arg(".");
            step::run(&mut go)?;
            Ok(output)
        };
        tools::GO_VERSIONS.into_iter().map(build).collect()
    }
}

fn rust_guest(suite: &Suite<'_>) -> Result<Vec<PathBuf>> {
    let tools = suite.tools;
    let package = suite.folder.join("rust-guest");
    write(
        &package.join("Cargo.toml"),
        "[package]\nname = \"behaviour\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
         [lib]\ncrate-type = [\"cdylib\"]\n\n[workspace]\n\n\
         [profile.guest]\ninherits = \"release\"\npanic = \"abort\"\n",
    )?;
    write(
        &package.join("Cargo.lock"),
        "version = 3\n\n[[package]]\nname = \"behaviour\"\nversion = \"0.0.0\"\n",
    )?;
    let text = format!(
        "#[path = {:?}] pub mod bindings;\n#[path = {:?}] mod guest;\n",
        suite.folder.join(format!("{}.rs", suite.name)),
        suite.sources.join("guest.rs")
    );
    write(&package.join("src/lib.rs"), &text)?;
    step::run(
        &mut tools
            .wasm()?
            .cargo_rustc(&package, &["--lib"], Kind::Reactor),
    )?;
    // The next suite builds one of the same name.
    let output = suite.folder.join("guest-rust.wasm");
    fs::copy(tools.wasm()?.output_dir().join("behaviour.wasm"), &output)
        .context("cannot copy the guest")?;
    Ok(vec![output])
}

/// With each runtime of the language, and with a collector that runs at each allocation: what
/// nothing holds is gone at once then. Also with the oldest compiler.
fn assembly_script_guests(suite: &Suite<'_>) -> Result<Vec<PathBuf>> {
    suite.tools.npm()?;
    fs::copy(
        suite.sources.join("guest.ts"),
        suite.folder.join("guest.ts"),
    )
    .context("cannot copy guest.ts")?;
    collecting_runtime(&suite.folder)?;
    let mut guests = Vec::new();
    for (compiler, runtime) in [
        (NEWEST_ASC, "incremental"),
        (NEWEST_ASC, "minimal"),
        (NEWEST_ASC, "stub"),
        (NEWEST_ASC, "collecting"),
        (OLDEST_ASC, "incremental"),
    ] {
        let output = format!("guest-{compiler}-{runtime}.wasm");
        let mut asc = node_asc(compiler);
        asc.current_dir(&suite.folder).args([
            "guest.ts",
            "--runtime",
            runtime,
            "--outFile",
            &output,
        ]);
        step::run(&mut asc)?;
        guests.push(suite.folder.join(output));
    }
    Ok(guests)
}

/// Writes the runtime `incremental` with another condition for when it collects: always, and then
/// all of it.
fn collecting_runtime(folder: &Path) -> Result<()> {
    let package = project::root().join(xtask::project::AS_PACKAGE);
    let collector = package.join("node_modules/assemblyscript/std/assembly/rt/itcms.ts");
    let text = fs::read_to_string(&collector)
        .with_context(|| format!("cannot read {}", collector.display()))?;
    let condition = "if (total >= threshold) interrupt();";
    anyhow::ensure!(
        text.contains(condition),
        "the collector of AssemblyScript does not decide with `{condition}`"
    );
    let text = text
        .replace(condition, "__collect();")
        .replace("\"./", "\"rt/")
        .replace("\"../", "\"");
    write(&folder.join("itcms.ts"), &text)?;
    write(
        &folder.join("collecting.ts"),
        "import \"rt/tlsf\";\nimport \"./itcms\";\n",
    )
}

fn c_guest(suite: &Suite<'_>) -> Result<Vec<PathBuf>> {
    Ok(vec![suite.c("guest.c", "guest-c.wasm")?])
}

fn cpp_guest(suite: &Suite<'_>) -> Result<Vec<PathBuf>> {
    suite.generate(Language::C)?;
    let output = suite.folder.join("guest-cpp.wasm");
    let mut zig = tools::zig(tools::NEWEST_ZIG)?;
    zig.args([
        "c++",
        "-target",
        "wasm32-wasi",
        "-mexec-model=reactor",
        "-std=c++17",
    ])
    .args([
        "-fno-exceptions",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-O2",
        "-I",
    ])
    .arg(&suite.folder)
    .arg(suite.sources.join("guest.cpp"))
    .arg("-o")
    .arg(&output);
    step::run(&mut zig)?;
    Ok(vec![output])
}

fn zig_guest(suite: &Suite<'_>) -> Result<Vec<PathBuf>> {
    fs::copy(
        suite.sources.join("guest.zig"),
        suite.folder.join("guest.zig"),
    )
    .context("cannot copy guest.zig")?;
    let output = suite.folder.join("guest-zig.wasm");
    let mut zig = tools::zig(tools::NEWEST_ZIG)?;
    zig.current_dir(&suite.folder)
        .args(["build-exe", "guest.zig", "-target", "wasm32-freestanding"])
        .args(["-fno-entry", "-rdynamic", "-O", "ReleaseSafe"])
        .args(["-femit-bin=guest-zig.wasm", "--cache-dir", "zig-cache"]);
    step::run(&mut zig)?;
    Ok(vec![output])
}

fn go_guest(suite: &Suite<'_>) -> Result<Vec<PathBuf>> {
    let module = suite.folder.join("go-guest");
    let name = suite.name;
    let files = [
        (suite.sources.join("guest.go"), "guest.go".to_owned()),
        (
            suite.folder.join(format!("{name}.go")),
            format!("{name}/{name}.go"),
        ),
    ];
    for (from, to) in files {
        write(&module.join(to), &fs::read_to_string(from)?)?;
    }
    suite.go(&module, "guest-go")
}

/// Builds the program of `codegen/examples/go`, and runs it with a host that knows one server.
fn go_example(sources: &Path, module: &Path) -> Result<()> {
    step::header("Behaviour: net/http in Go over wasi_experimental_http");
    let example = project::root().join("codegen/examples/go");
    for file in ["go.mod", "main.go", "transport.go"] {
        write(&module.join(file), &fs::read_to_string(example.join(file))?)?;
    }
    let witx = [project::root().join("witx/wasi_experimental_http.witx")];
    let document = Document::load(&witx)?;
    let options = Options::of_files(&witx);
    for file in generate(&document, &[Language::Go], &options)?.files {
        let package = module.join("wasiexperimentalhttp");
        write(&package.join("bindings.go"), &file.contents)?;
    }
    let output = module.join("go-example.wasm");
    let mut go = tools::go(tools::NEWEST_GO)?;
    go.current_dir(module)
        .args(["build", "-o"])
        .arg(&output)
        .arg(".");
    step::run(&mut go)?;
    let mut node = project::command("node");
    node.arg("--no-warnings").arg(sources.join("http.mjs"));
    step::run(node.arg(&output))
}
