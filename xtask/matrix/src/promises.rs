//! Two promises of bindings that no guest and host can show: a native program over them can be
//! linked, and a compiler warns if a program ignores the result of a call.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use wasi_experimental_http_codegen::{Document, Language, Options, generate};

use super::{tools, write};
use xtask::{project, step};

/// The document, whose functions have all kinds of results.
const DOCUMENT: &str = "codegen/tests/behaviour/narrow/narrow.witx";

/// The sources of the native program.
const NATIVE: &str = "codegen/tests/behaviour/native";

/// What the program of `doubles.c` prints for each function.
const DOUBLES: [(&str, &str); 14] = [
    ("take", "101 0"),
    ("take_bare", "0 0"),
    ("take_point", "102 0"),
    ("give_u8", "103 0"),
    ("give_s8", "-104 0"),
    ("give_u16", "60000 0"),
    ("give_s16", "-30000 0"),
    ("give_bool", "105 1"),
    ("give_char", "106 0"),
    ("give_rights", "107 0"),
    ("give_modes", "108 0"),
    ("give_truths", "109 1"),
    ("fail", "110 0"),
    ("fail_wide", "111 1"),
];

/// Keeps the promises of the languages that are asked for.
pub fn run(folder: &Path, includes: impl Fn(Language) -> bool) -> Result<()> {
    let folder = folder.join("promises");
    let document = Document::load(&[project::root().join(DOCUMENT)])?;
    let languages = [Language::C, Language::Cpp, Language::Zig];
    let options = Options::of_files(&["narrow.witx"]);
    for file in generate(&document, &languages, &options)?.files {
        write(&folder.join(file.name), &file.contents)?;
    }
    if includes(Language::C) {
        native_programs(&folder, &document)?;
    }
    for unused in UNUSED.iter().filter(|unused| includes(unused.language)) {
        unused.check(&folder)?;
    }
    Ok(())
}

/// With the stand-ins a native program links, and ends only if it calls one. With functions of its
/// own it calls those.
fn native_programs(folder: &Path, document: &Document) -> Result<()> {
    step::header("Native programs over the header of C");
    let functions = document.model().functions();
    let functions: Vec<&str> = functions.map(|function| function.name.as_str()).collect();
    ensure!(
        functions == DOUBLES.map(|(name, _)| name),
        "the functions of {DOCUMENT} are {functions:?}"
    );
    let stand_ins = native_program(folder, "stand_ins.c")?;
    step::run(&mut project::command(&stand_ins))?;
    let doubles = native_program(folder, "doubles.c")?;
    for (name, printed) in DOUBLES {
        let output = project::command(&stand_ins).arg(name).output()?;
        ensure!(
            !output.status.success() && output.stdout.is_empty() && is_trap(output.status),
            "the stand-in for `{name}` does not end the program: {output:?}"
        );
        let output = project::command(&doubles).arg(name).output()?;
        ensure!(
            output.status.success() && String::from_utf8_lossy(&output.stdout).trim() == printed,
            "the program's own `{name}` gives something else than {printed}: {output:?}"
        );
    }
    Ok(())
}

/// Whether a program was ended by a signal.
#[cfg(unix)]
fn is_trap(status: std::process::ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt;
    status.signal().is_some()
}

/// Elsewhere there are none.
#[cfg(not(unix))]
fn is_trap(_: std::process::ExitStatus) -> bool {
    true
}

/// Builds the program with one of the files that have the functions.
fn native_program(folder: &Path, functions: &str) -> Result<PathBuf> {
    let sources = project::root().join(NATIVE);
    let program = folder
        .join(functions)
        .with_extension(std::env::consts::EXE_EXTENSION);
    let mut clang = tools::c_compiler()?;
    clang
        .args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic"])
        // Which would say why a program ends, with a library that has to be there for it.
        .args(["-fno-sanitize=undefined", "-I"])
        .arg(folder)
        .arg(sources.join("calls.c"))
        .arg(sources.join(functions))
        .arg("-o")
        .arg(&program);
    step::run(&mut clang)?;
    Ok(program)
}

/// A program that calls what can fail.
struct Unused {
    language: Language,
    file: &'static str,
    /// The program, in which `CALL` is the call.
    program: &'static str,
    calls: &'static [&'static str],
    /// What makes a statement of a call that looks at the result.
    used: (&'static str, &'static str),
    compiler: fn() -> Result<Command>,
    /// A part of what the compiler says if it does not.
    message: &'static str,
}

const UNUSED: [Unused; 3] = [
    Unused {
        language: Language::C,
        file: "unused.c",
        program: "#include \"narrow.h\"\nvoid run(narrow_point_t const *p, bool *t);\n\
                  void run(narrow_point_t const *p, bool *t) {\n  (void)p, (void)t;\n  CALL\n}\n",
        calls: &[
            "narrow_take_point(p)",
            "narrow_give_bool(1, t)",
            "narrow_give_truths(t, t)",
            "narrow_fail(1)",
        ],
        used: ("if (", ") return;"),
        compiler: || {
            let mut clang = tools::c_compiler()?;
            clang.args([
                "--target=wasm32-wasi",
                "-std=c11",
                "-Wall",
                "-Wextra",
                "-Werror",
            ]);
            clang.args(["-c", "-o", "unused.o"]);
            Ok(clang)
        },
        message: "ignoring return value of function declared with 'warn_unused_result'",
    },
    Unused {
        language: Language::Cpp,
        file: "unused.cpp",
        program: "#include \"narrow.hpp\"\nvoid run(narrow_point_t const &p);\n\
                  void run(narrow_point_t const &p) {\n  (void)p;\n  CALL\n}\n",
        calls: &[
            "narrow::take_point(p)",
            "narrow::give_bool(1)",
            "narrow::give_truths()",
            "narrow::fail(1)",
        ],
        used: ("if (!", ") return;"),
        compiler: || {
            let mut zig = tools::zig(tools::NEWEST_ZIG)?;
            zig.args([
                "c++",
                "-target",
                "wasm32-wasi",
                "-std=c++17",
                "-fno-exceptions",
            ]);
            zig.args(["-Wall", "-Wextra", "-Werror", "-c", "-o", "unused.o"]);
            Ok(zig)
        },
        message: "declared with 'nodiscard' attribute",
    },
    Unused {
        language: Language::Zig,
        file: "unused.zig",
        program: "const narrow = @import(\"narrow.zig\");\nconst functions = narrow.narrow;\n\
                  export fn run(p: *const narrow.Point) void {\n    _ = p.x;\n    CALL\n}\n",
        calls: &[
            "functions.takePoint(p)",
            "functions.giveBool(1)",
            "functions.giveTruths()",
            "functions.fail(1)",
        ],
        used: ("_ = ", ";"),
        compiler: || {
            let mut zig = tools::zig(tools::NEWEST_ZIG)?;
            zig.args([
                "build-obj",
                "-target",
                "wasm32-freestanding",
                "-fno-emit-bin",
            ]);
            Ok(zig)
        },
        // Of a value, or of an error union.
        message: "ignored",
    },
];

impl Unused {
    /// Compiles each call with and without a look at what it gives.
    fn check(&self, folder: &Path) -> Result<()> {
        step::header(format_args!(
            "A result that is not looked at, in {}",
            self.language
        ));
        let path = folder.join(self.file);
        for call in self.calls {
            let (before, after) = self.used;
            let output = self.compile(&path, &format!("{before}{call}{after}"))?;
            ensure!(
                output.is_none(),
                "`{call}` does not compile: {}",
                output.unwrap_or_default()
            );
            let said = self.compile(&path, &format!("{call};"))?;
            let said = said.with_context(|| format!("nothing is said about `{call};`"))?;
            ensure!(
                said.contains(self.message) && said.matches("error: ").count() == 1,
                "`{call};`: {said}"
            );
        }
        Ok(())
    }

    /// What the compiler says to the program with a statement, if it refuses it.
    fn compile(&self, path: &Path, statement: &str) -> Result<Option<String>> {
        fs::write(path, self.program.replace("CALL", statement))
            .with_context(|| format!("cannot write {}", path.display()))?;
        let mut compiler = (self.compiler)()?;
        let folder = path.parent().unwrap_or(path);
        let output = compiler.current_dir(folder).arg(self.file).output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        Ok((!output.status.success()).then_some(said))
    }
}
