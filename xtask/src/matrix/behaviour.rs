//! Behaviour, not only compilation: guests in Rust, AssemblyScript, C, C++ and Go, built from generated
//! bindings of one document, call a host that is written by hand and a wiggle host, and all
//! compare what arrives.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use wasi_experimental_http_codegen::{Document, Language, Options, generate};

use super::compilers::{link_host_crates, node_asc};
use super::tools::{self, Tools};
use super::write;
use crate::wasm_toolchain::Kind;
use crate::{project, step};

/// The document, the guests and the host.
const SOURCES: &str = "codegen/tests/behaviour";

/// Builds the guests of the languages that are asked for in `folder`, and runs them with a host
/// that is written by hand, and with a wiggle host if that is asked for.
pub fn run(tools: &Tools, folder: &Path, includes: impl Fn(Language) -> bool) -> Result<()> {
    let sources = project::root().join(SOURCES);
    let folder = folder.join("behaviour");
    let document = Document::load(&[sources.join("echo.witx")])?;
    let options = Options::of_files(&["echo.witx"]);
    let builders: [(Language, Builder); 5] = [
        (Language::Rust, rust_guest),
        (Language::AssemblyScript, assembly_script_guest),
        (Language::C, c_guest),
        (Language::Cpp, cpp_guest),
        (Language::Go, go_guest),
    ];
    let mut guests = Vec::new();
    for (language, build) in builders.into_iter().filter(|(lang, _)| includes(*lang)) {
        step::header(format_args!("Behaviour: a guest in {language}"));
        for file in generate(&document, &[language], &options)?.files {
            write(&folder.join(file.name), &file.contents)?;
        }
        guests.push((language, build(tools, &sources, &folder)?));
    }
    if guests.is_empty() {
        return Ok(());
    }
    step::header("Behaviour: the guests call a host that is written by hand");
    let mut node = project::command("node");
    node.arg("--no-warnings").arg(sources.join("host.mjs"));
    step::run(node.args(guests.iter().map(|(_, guest)| guest)))?;
    if includes(Language::Go) {
        go_example(&sources, &folder)?;
    }
    if !includes(Language::Wiggle) {
        return Ok(());
    }
    // The runtime of Go asks for WASI, which this host has not.
    guests.retain(|(language, _)| *language != Language::Go);
    step::header("Behaviour: the guests call a wiggle host");
    for file in generate(&document, &[Language::Wiggle], &options)?.files {
        write(&folder.join(file.name), &file.contents)?;
    }
    let main = format!(
        "#[path = {:?}] mod bindings;\n#[path = {:?}] mod host;\n\
         fn main() -> wasmtime::Result<()> {{ host::main() }}\n",
        folder.join("echo_wiggle.rs"),
        sources.join("host.rs")
    );
    let main_file = folder.join("main.rs");
    write(&main_file, &main)?;
    let host = folder.join("host");
    let mut rustc = project::rustc();
    rustc
        .args(["--edition", "2024", "--crate-name", "host"])
        .args(["--allow", "dead_code"])
        .arg(&main_file)
        .arg("-o")
        .arg(&host);
    link_host_crates(&mut rustc, tools)?;
    step::run(&mut rustc)?;
    step::run(project::command(&host).args(guests.iter().map(|(_, guest)| guest)))
}

/// Builds a guest from the sources, in a folder where its bindings are.
type Builder = fn(&Tools, &Path, &Path) -> Result<PathBuf>;

fn rust_guest(tools: &Tools, sources: &Path, folder: &Path) -> Result<PathBuf> {
    let package = folder.join("rust-guest");
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
        folder.join("echo.rs"),
        sources.join("guest.rs")
    );
    write(&package.join("src/lib.rs"), &text)?;
    step::run(
        &mut tools
            .wasm()?
            .cargo_rustc(&package, &["--lib"], Kind::Reactor),
    )?;
    Ok(tools.wasm()?.output_dir().join("behaviour.wasm"))
}

fn assembly_script_guest(tools: &Tools, sources: &Path, folder: &Path) -> Result<PathBuf> {
    tools.npm()?;
    let guest = folder.join("guest.ts");
    fs::copy(sources.join("guest.ts"), &guest).context("cannot copy guest.ts")?;
    let output = folder.join("guest-as.wasm");
    let mut asc = node_asc();
    asc.current_dir(folder)
        .args(["guest.ts", "--outFile", "guest-as.wasm"]);
    step::run(&mut asc)?;
    Ok(output)
}

fn c_guest(tools: &Tools, sources: &Path, folder: &Path) -> Result<PathBuf> {
    tools.clang()?;
    let output = folder.join("guest-c.wasm");
    let mut clang = project::command("clang");
    clang
        .args([
            "--target=wasm32-wasi",
            "-std=c11",
            "-Wall",
            "-Wextra",
            "-Werror",
        ])
        .args(["-O1", "-nostdlib", "-Wl,--no-entry", "-I"])
        .arg(folder)
        .arg(sources.join("guest.c"))
        .arg("-o")
        .arg(&output);
    step::run(&mut clang)?;
    Ok(output)
}

fn cpp_guest(_: &Tools, sources: &Path, folder: &Path) -> Result<PathBuf> {
    let document = Document::load(&[sources.join("echo.witx")])?;
    let options = Options::of_files(&["echo.witx"]);
    for file in generate(&document, &[Language::C], &options)?.files {
        write(&folder.join(file.name), &file.contents)?;
    }
    let output = folder.join("guest-cpp.wasm");
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
        "-O1",
        "-I",
    ])
    .arg(folder)
    .arg(sources.join("guest.cpp"))
    .arg("-o")
    .arg(&output);
    step::run(&mut zig)?;
    Ok(output)
}

fn go_guest(_: &Tools, sources: &Path, folder: &Path) -> Result<PathBuf> {
    let module = folder.join("go-guest");
    write(&module.join("go.mod"), "module behaviour\n\ngo 1.24\n")?;
    let files = [
        (sources.join("guest.go"), "guest.go"),
        (folder.join("echo.go"), "echo/echo.go"),
    ];
    for (from, to) in files {
        write(&module.join(to), &fs::read_to_string(from)?)?;
    }
    let output = folder.join("guest-go.wasm");
    let mut go = tools::go()?;
    go.current_dir(&module)
        .args(["build", "-buildmode=c-shared", "-o"])
        .arg(&output)
        .arg(".");
    step::run(&mut go)?;
    Ok(output)
}

/// Builds the program of `codegen/examples/go`, and runs it with a host that knows one server.
fn go_example(sources: &Path, folder: &Path) -> Result<()> {
    step::header("Behaviour: net/http in Go over wasi_experimental_http");
    let example = project::root().join("codegen/examples/go");
    let module = folder.join("go-example");
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
    let output = folder.join("go-example.wasm");
    let mut go = tools::go()?;
    go.current_dir(&module)
        .args(["build", "-o"])
        .arg(&output)
        .arg(".");
    step::run(&mut go)?;
    let mut node = project::command("node");
    node.arg("--no-warnings").arg(sources.join("http.mjs"));
    step::run(node.arg(&output))
}
