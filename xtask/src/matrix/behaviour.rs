//! Behaviour, not only compilation: guests in Rust, AssemblyScript and C call a wiggle host,
//! all built from generated bindings of one document, and compare what arrives.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use wasi_experimental_http_codegen::{Document, Language, Options, generate};

use super::compilers::{link_host_crates, node_asc};
use super::tools::Tools;
use super::write;
use crate::wasm_toolchain::Kind;
use crate::{project, step};

/// The document, the guests and the host.
const SOURCES: &str = "codegen/tests/behaviour";

/// Builds the guests and the host in `folder`, and runs them.
pub fn run(tools: &Tools, folder: &Path) -> Result<()> {
    step::header("Behaviour: guests in Rust, AssemblyScript and C call a wiggle host");
    let sources = project::root().join(SOURCES);
    let folder = folder.join("behaviour");
    let document = Document::load(&[sources.join("echo.witx")])?;
    let options = Options::of_files(&["echo.witx"]);
    let languages = [
        Language::Rust,
        Language::AssemblyScript,
        Language::C,
        Language::Wiggle,
    ];
    for file in generate(&document, &languages, &options)?.files {
        write(&folder.join(file.name), &file.contents)?;
    }
    let guests = [
        rust_guest(tools, &sources, &folder)?,
        assembly_script_guest(&sources, &folder)?,
        c_guest(&sources, &folder)?,
    ];
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
    link_host_crates(&mut rustc, tools);
    step::run(&mut rustc)?;
    step::run(project::command(&host).args(guests))
}

fn rust_guest(tools: &Tools, sources: &Path, folder: &Path) -> Result<std::path::PathBuf> {
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
    step::run(&mut tools.wasm.cargo_rustc(&package, &["--lib"], Kind::Reactor))?;
    Ok(tools.wasm.output_dir().join("behaviour.wasm"))
}

fn assembly_script_guest(sources: &Path, folder: &Path) -> Result<std::path::PathBuf> {
    let guest = folder.join("guest.ts");
    fs::copy(sources.join("guest.ts"), &guest).context("cannot copy guest.ts")?;
    let output = folder.join("guest-as.wasm");
    let mut asc = node_asc();
    asc.current_dir(folder)
        .args(["guest.ts", "--outFile", "guest-as.wasm"]);
    step::run(&mut asc)?;
    Ok(output)
}

fn c_guest(sources: &Path, folder: &Path) -> Result<std::path::PathBuf> {
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
