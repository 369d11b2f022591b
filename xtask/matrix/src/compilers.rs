//! How each column of the matrix is compiled: with one call for all documents where the
//! compiler allows that.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use wasi_experimental_http_codegen::Language;

use super::tools::{self, GO_VERSIONS, Tools, ZIG_VERSIONS};
use super::{check, write};
use xtask::project;
use xtask::wasm_toolchain::Kind;

/// A column of the matrix.
pub struct Column {
    pub name: &'static str,
    pub language: Language,
    compiler: Compiler,
}

enum Compiler {
    /// An edition, and whether it is for wasm32 or for the host.
    Rust(&'static str, bool),
    Asc,
    Clang,
    Cpp,
    Zig,
    Go,
    Wiggle,
    Markdown,
    Json,
}

pub const COLUMNS: &[Column] = &[
    column(
        "rust 2021, wasm32",
        Language::Rust,
        Compiler::Rust("2021", true),
    ),
    column(
        "rust 2024, wasm32",
        Language::Rust,
        Compiler::Rust("2024", true),
    ),
    column(
        "rust 2021, host",
        Language::Rust,
        Compiler::Rust("2021", false),
    ),
    column(
        "rust 2024, host",
        Language::Rust,
        Compiler::Rust("2024", false),
    ),
    column("assemblyscript", Language::AssemblyScript, Compiler::Asc),
    column("c and c++", Language::C, Compiler::Clang),
    column("c++", Language::Cpp, Compiler::Cpp),
    column("zig 0.14 to 0.17", Language::Zig, Compiler::Zig),
    column("go 1.24 and 1.27", Language::Go, Compiler::Go),
    column("wiggle", Language::Wiggle, Compiler::Wiggle),
    column("markdown", Language::Markdown, Compiler::Markdown),
    column("json", Language::Json, Compiler::Json),
];

const fn column(name: &'static str, language: Language, compiler: Compiler) -> Column {
    Column {
        name,
        language,
        compiler,
    }
}

/// What a compiler said.
pub enum Outcome {
    /// About all inputs together: nothing, or why one of them does not compile.
    Together(Option<String>),
    /// The same for each input.
    Each(Vec<Option<String>>),
}

impl Column {
    /// Compiles generated files.
    pub fn compile(&self, tools: &Tools, folder: &Path, inputs: &[&Path]) -> Result<Outcome> {
        if inputs.is_empty() {
            return Ok(Outcome::Each(Vec::new()));
        }
        let each = |check: &dyn Fn(&Path) -> Result<Option<String>>| {
            let messages: Result<_> = inputs.iter().map(|input| check(input)).collect();
            Ok(Outcome::Each(messages?))
        };
        let text = |input: &Path| {
            fs::read_to_string(input).with_context(|| format!("cannot read {}", input.display()))
        };
        match self.compiler {
            Compiler::Rust(edition, true) => rust_for_wasm(tools, folder, edition, inputs),
            Compiler::Rust(edition, false) => {
                let message = rust_for_host(project::rustc(), folder, edition, inputs)?;
                Ok(Outcome::Together(message))
            }
            Compiler::Asc => {
                tools.npm()?;
                let outcome = assembly_script(folder, inputs)?;
                // Its parser knows no decorators of functions: a marker says so, which this obeys.
                then_prettier(outcome, folder, inputs, &["--check-ignore-pragma"])
            }
            Compiler::Clang => each(&|input| clang(folder, input)),
            Compiler::Cpp => each(&|input| cpp(folder, input)),
            Compiler::Zig => zig(folder, inputs),
            Compiler::Go => go(folder, inputs),
            Compiler::Wiggle => wiggle(tools, folder, inputs),
            Compiler::Markdown => {
                let outcome = each(&|input| Ok(check::markdown(&text(input)?).err()))?;
                then_prettier(outcome, folder, inputs, &[])
            }
            Compiler::Json => {
                let schema = text(&project::root().join("codegen/json.schema.json"))?;
                let outcome = each(&|input| check::json(&schema, &text(input)?).map(Result::err))?;
                then_prettier(outcome, folder, inputs, &[])
            }
        }
    }
}

/// Runs a compiler. Gives what it said if it failed.
fn run(command: &mut Command, input: &str) -> Result<Option<String>> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run `{}`", xtask::step::line(command)))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes())?;
    }
    let output = child.wait_with_output()?;
    if output.status.success() {
        return Ok(None);
    }
    let mut text = String::from_utf8_lossy(&output.stderr).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stdout));
    Ok(Some(text))
}

/// What a compiler said, or if that was nothing, what Prettier says to the files, as a project has
/// it that checks all of its files with it.
fn then_prettier(
    outcome: Outcome,
    folder: &Path,
    inputs: &[&Path],
    options: &[&str],
) -> Result<Outcome> {
    let has_failed = match &outcome {
        Outcome::Together(message) => message.is_some(),
        Outcome::Each(messages) => messages.iter().any(Option::is_some),
    };
    if has_failed {
        return Ok(outcome);
    }
    let mut prettier = tools::prettier()?;
    prettier
        .current_dir(folder)
        .args(["--check", "--no-config", "--no-editorconfig"])
        .args(options)
        .args(inputs);
    Ok(Outcome::Together(run(&mut prettier, "")?))
}

/// A crate with a module for each input, and no warning.
fn crate_of(inputs: &[&Path], attributes: &str) -> String {
    let mut text = format!("{attributes}\n#![deny(warnings)]\n");
    for (index, input) in inputs.iter().enumerate() {
        let _ = write!(text, "#[path = {input:?}]\npub mod m{index};\n");
    }
    text
}

fn rust_for_wasm(tools: &Tools, folder: &Path, edition: &str, inputs: &[&Path]) -> Result<Outcome> {
    let package = folder.join(format!("rust-{edition}"));
    let manifest = format!(
        "[package]\nname = \"matrix\"\nversion = \"0.0.0\"\nedition = \"{edition}\"\n\n\
         [workspace]\n\n[profile.guest]\ninherits = \"dev\"\n"
    );
    write(&package.join("Cargo.toml"), &manifest)?;
    write(
        &package.join("Cargo.lock"),
        "version = 3\n\n[[package]]\nname = \"matrix\"\nversion = \"0.0.0\"\n",
    )?;
    write(&package.join("src/lib.rs"), &crate_of(inputs, "#![no_std]"))?;
    let mut cargo = tools
        .wasm()?
        .cargo_rustc(&package, &["--lib"], Kind::Reactor);
    Ok(Outcome::Together(run(&mut cargo, "")?))
}

/// Compiles a crate of the inputs for this machine. Gives what the compiler said if it failed.
pub fn rust_for_host(
    mut rustc: Command,
    folder: &Path,
    edition: &str,
    inputs: &[&Path],
) -> Result<Option<String>> {
    rustc
        .args(["--edition", edition, "--crate-type", "lib"])
        .args(["--crate-name", "matrix", "-", "--out-dir"])
        .arg(folder);
    run(&mut rustc, &crate_of(inputs, "#![no_std]"))
}

/// Lets a compiler find the crates that wiggle's output uses.
pub fn link_host_crates(rustc: &mut Command, tools: &Tools) -> Result<()> {
    for (name, path) in tools.host_crates()? {
        rustc
            .arg("--extern")
            .arg(format!("{name}={}", path.display()));
        if let Some(folder) = path.parent() {
            // Beside it, or where it was before cargo gave it a name without a number.
            for folder in [folder.to_owned(), folder.join("deps")] {
                let folder = folder.display();
                rustc.arg("-L").arg(format!("dependency={folder}"));
            }
        }
    }
    Ok(())
}

/// The packages of the compiler of AssemblyScript: the newest version, and the oldest that is
/// promised.
pub const NEWEST_ASC: &str = "assemblyscript";
pub const OLDEST_ASC: &str = "assemblyscript-oldest";

/// A compiler of AssemblyScript.
pub fn node_asc(package: &str) -> Command {
    let packages = project::root()
        .join(project::AS_PACKAGE)
        .join("node_modules");
    let mut command = project::command("node");
    command.arg(packages.join(package).join("bin/asc.js"));
    command
}

fn wiggle(tools: &Tools, folder: &Path, inputs: &[&Path]) -> Result<Outcome> {
    let mut rustc = project::rustc();
    rustc
        .args(["--edition", "2024", "--crate-type", "lib"])
        .args(["--emit", "metadata", "--crate-name", "matrix", "-"])
        .arg("--out-dir")
        .arg(folder);
    link_host_crates(&mut rustc, tools)?;
    let message = run(&mut rustc, &crate_of(inputs, ""))?;
    Ok(Outcome::Together(message))
}

/// C for each standard that the header can be read with, and C++; also for native programs, which
/// define stand-ins. The formatter leaves the header as it is.
fn clang(folder: &Path, input: &Path) -> Result<Option<String>> {
    let header = fs::read_to_string(input)?;
    let words = header.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let stand_ins = words.clone().find(|word| word.ends_with("STAND_INS"));
    // Twice, as it happens in programs of more than one file.
    let source = format!("#include {input:?}\n#include {input:?}\nextern int x;\n");
    let standards = [
        ("c", "c11"),
        ("c", "c2x"),
        ("c++", "c++11"),
        ("c++", "c++17"),
    ];
    for (language, standard) in standards {
        for native in [false, true] {
            let mut clang = tools::c_compiler()?;
            clang.args(["-Wall", "-Wextra", "-Werror", "-pedantic"]);
            match (native, stand_ins) {
                (true, Some(stand_ins)) => clang.arg(format!("-D{stand_ins}")),
                (true, None) => continue,
                (false, _) => clang.arg("--target=wasm32-wasi"),
            };
            clang.args([&format!("-std={standard}"), "-x", language]);
            clang.args(["-c", "-o"]).arg(folder.join("matrix-c.o"));
            if let Some(message) = run(clang.arg("-"), &source)? {
                return Ok(Some(format!("as {standard}: {message}")));
            }
        }
    }
    let mut format = tools::clang_format()?;
    run(format.args(["--dry-run", "-Werror"]).arg(input), "")
}

/// C++ of several years, for wasm with the library of Zig, and for native programs. The header of
/// C lies beside that of C++.
fn cpp(folder: &Path, input: &Path) -> Result<Option<String>> {
    let c = folder.join("c");
    let source = format!("#include {input:?}\n#include {input:?}\nextern int x;\n");
    for standard in ["c++17", "c++20", "c++23"] {
        let mut zig = tools::zig(tools::NEWEST_ZIG)?;
        zig.args(["c++", "-target", "wasm32-wasi"]);
        zig.args([
            "-fno-exceptions",
            "-Wall",
            "-Wextra",
            "-Wshadow",
            "-Wconversion",
            "-Werror",
        ]);
        zig.args([&format!("-std={standard}"), "-c", "-x", "c++", "-o"]);
        zig.arg(folder.join("matrix-cpp.o"));
        if let Some(message) = run(zig.arg("-I").arg(&c).arg("-"), &source)? {
            return Ok(Some(format!("as {standard}: {message}")));
        }
    }
    let mut format = tools::clang_format()?;
    run(format.args(["--dry-run", "-Werror"]).arg(input), "")
}

/// Zig only looks at what is used, so everything is.
const ZIG_USES: &str = r#"const std = @import("std");

fn useAll(comptime T: type) void {
    @setEvalBranchQuota(1000000);
    inline for (comptime std.meta.declarations(T)) |declaration| {
        // What this is has changed between versions.
        const name = if (@typeInfo(@TypeOf(declaration)) == .@"struct") declaration.name else declaration;
        const declared = @field(T, name);
        if (@TypeOf(declared) == type) switch (@typeInfo(declared)) {
            .@"struct", .@"enum", .@"union", .@"opaque" => useAll(declared),
            else => {},
        };
        _ = &@field(T, name);
    }
}

"#;

fn zig(folder: &Path, inputs: &[&Path]) -> Result<Outcome> {
    let mut root = String::from(ZIG_USES);
    root.push_str("comptime {\n");
    for input in inputs {
        let name = input.file_name().unwrap_or_default();
        let _ = writeln!(root, "    useAll(@import({name:?}));");
    }
    root.push_str("}\n");
    let sources = folder.join("zig");
    write(&sources.join("root of the matrix.zig"), &root)?;
    for version in ZIG_VERSIONS {
        let mut zig = tools::zig(version)?;
        zig.current_dir(&sources)
            .args(["build-obj", "-target", "wasm32-wasi", "-fno-emit-bin"])
            .arg("--cache-dir")
            .arg(folder.join(format!("zig-cache-{version}")))
            .arg("root of the matrix.zig");
        if let Some(message) = run(&mut zig, "")? {
            return Ok(Outcome::Together(Some(format!("Zig {version}: {message}"))));
        }
        let mut format = tools::zig(version)?;
        format.args(["fmt", "--check"]).args(inputs);
        if let Some(message) = run(&mut format, "")? {
            let message = format!("formatted by Zig {version}: {message}");
            return Ok(Outcome::Together(Some(message)));
        }
    }
    Ok(Outcome::Together(None))
}

/// A module with a package for each file, which the compiler and its `vet` look at.
fn go(folder: &Path, inputs: &[&Path]) -> Result<Outcome> {
    let module = folder.join("go-module");
    if module.exists() {
        fs::remove_dir_all(&module)?;
    }
    write(&module.join("go.mod"), "module matrix\n\ngo 1.24\n")?;
    for input in inputs {
        let name = input.file_stem().unwrap_or_default();
        let package = module.join(name);
        write(&package.join("bindings.go"), &fs::read_to_string(input)?)?;
    }
    for version in GO_VERSIONS {
        for command in ["build", "vet"] {
            let mut go = tools::go(version)?;
            go.current_dir(&module).args([command, "./..."]);
            if let Some(message) = run(&mut go, "")? {
                let message = format!("go {command} of Go {version}: {message}");
                return Ok(Outcome::Together(Some(message)));
            }
        }
    }
    // Lists the files that it would change.
    let output = tools::gofmt()?.arg("-l").args(inputs).output();
    let output = output.context("cannot run gofmt")?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let message = (!said.is_empty()).then(|| format!("formatted by gofmt: {said}"));
    Ok(Outcome::Together(message))
}

/// Compiles each file with the API of `asc`, which is quicker than to start it for each.
const ASC_DRIVER: &str = r#"import { pathToFileURL } from "node:url";
import { basename, dirname } from "node:path";
const [compiler, ...files] = process.argv.slice(2);
const asc = await import(pathToFileURL(compiler));
const messages = [];
for (const file of files) {
  const uses = file.replace(/\.ts$/, ".uses.ts");
  const args = [basename(file), basename(uses), "--outFile", "matrix.wasm"];
  const writeFile = () => {};
  const result = await asc.main([...args, "--baseDir", dirname(file)], { writeFile });
  const text = result.stderr.toString();
  // 235: that classes and types are no exports of the module.
  const isOdd = result.error || /WARNING (?!AS235)/.test(text);
  messages.push(isOdd ? `${result.error ?? ""}${text}` : null);
}
process.stdout.write(JSON.stringify(messages));
"#;

fn assembly_script(folder: &Path, inputs: &[&Path]) -> Result<Outcome> {
    let driver = folder.join("asc.mjs");
    write(&driver, ASC_DRIVER)?;
    for input in inputs {
        let uses = assembly_script_uses(input)?;
        write(&input.with_extension("uses.ts"), &uses)?;
    }
    let packages = project::root()
        .join(project::AS_PACKAGE)
        .join("node_modules");
    let mut messages: Vec<Option<String>> = vec![None; inputs.len()];
    for package in [NEWEST_ASC, OLDEST_ASC] {
        let output = project::command("node")
            .arg(&driver)
            .arg(packages.join(package).join("dist/asc.js"))
            .args(inputs)
            .stdin(Stdio::null())
            .output()
            .context("cannot run node")?;
        let Ok(said) = serde_json::from_slice::<Vec<Option<String>>>(&output.stdout) else {
            let text = String::from_utf8_lossy(&output.stderr);
            return Ok(Outcome::Together(Some(format!("{package}: {text}"))));
        };
        for (message, said) in messages.iter_mut().zip(said) {
            let said = said.map(|said| format!("{package}: {said}"));
            *message = message.take().or(said);
        }
    }
    Ok(Outcome::Each(messages))
}

/// A program that uses each class of a file: `asc` only looks at what is used.
fn assembly_script_uses(input: &Path) -> Result<String> {
    let text = fs::read_to_string(input)?;
    let name = input.file_stem().unwrap_or_default().to_string_lossy();
    let mut uses = format!("import * as bindings from \"./{name}\";\n");
    let mut class = "";
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("export class ") {
            class = rest.split(' ').next().unwrap_or_default();
        } else if line.starts_with("  static read(pointer: usize)") {
            // A class with strings or lists has to be told where to keep their bytes.
            let body = text.split(&format!("\nexport class {class} ")).nth(1);
            let body = body.and_then(|rest| rest.split("\n}\n").next());
            let keeps = body.is_some_and(|body| body.contains("  write(pointer: usize, keep: "));
            let keep = if keeps { ", []" } else { "" };
            let _ = writeln!(
                uses,
                "export function use{class}(p: usize): void {{\n  \
                 const value = bindings.{class}.read(p);\n  value.write(p{keep});"
            );
            for method in payloads_of(&text, class) {
                let _ = writeln!(uses, "  value.{method}();");
            }
            uses.push_str("}\n");
        }
    }
    Ok(uses)
}

/// The methods of a class without parameters.
fn payloads_of<'a>(text: &'a str, class: &str) -> Vec<&'a str> {
    let start = format!("export class {class} {{");
    let lines = text.lines().skip_while(|line| *line != start);
    let lines = lines.take_while(|line| *line != "}");
    lines
        .filter_map(|line| line.strip_prefix("  as"))
        .filter_map(|line| line.split_once("(): "))
        .filter_map(|(name, _)| {
            let start = name.as_ptr() as usize - text.as_ptr() as usize - 2;
            text.get(start..start + name.len() + 2)
        })
        .collect()
}
