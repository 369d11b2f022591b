//! What the binary says about itself, and about files that it cannot run.

use crate::harness::Directory;

/// `(module (func (export "_start")))`
const BINARY_COMMAND: &[u8] = b"\0asm\x01\0\0\0\
    \x01\x04\x01\x60\0\0\
    \x03\x02\x01\0\
    \x07\x0a\x01\x06_start\0\0\
    \x0a\x04\x01\x02\0\x0b";

const BINARY_COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

#[test]
fn modules_are_binary_or_text_whatever_their_name() {
    let directory = Directory::new();
    for name in ["a.wasm", "a.wat", "a"] {
        directory.write(name, BINARY_COMMAND);
        directory.run(&[name]).prints("");
        directory.write(name, ";; a comment\n(module (func (export \"_start\")))");
        directory.run(&[name]).prints("");
    }
}

#[test]
fn a_file_that_cannot_be_run_is_named_with_the_reason() {
    let directory = Directory::new();
    std::fs::create_dir(directory.path().join("directory")).unwrap();
    let current = directory.path().file_name().unwrap().to_str().unwrap();
    let cases: [(&str, &[u8], &[&str]); 9] = [
        (
            "main.c",
            b"int main() {}",
            &["`main.c` is not a WebAssembly module", ".wasm"],
        ),
        ("empty", b"", &["`empty` is not a WebAssembly module"]),
        (
            "image",
            b"\x89PNG\xff",
            &["`image` is not a WebAssembly module"],
        ),
        (
            "cut.wasm",
            &BINARY_COMMAND[..20],
            &["`cut.wasm` is not a valid module"],
        ),
        (
            "typo.wat",
            b"(module\n  (fnc))",
            &["`typo.wat`", "2:4", "(fnc)"],
        ),
        (
            "type.wat",
            b"(module (func (result i32)))",
            &["`type.wat`", "type mismatch"],
        ),
        (
            "c.wasm",
            BINARY_COMPONENT,
            &["`c.wasm` is a component", "wasm32-wasip1"],
        ),
        (
            "c.wat",
            b"(component)",
            &["`c.wat` is a component", "wasm32-wasip1"],
        ),
        (
            "import.wat",
            b"(module (import \"env\" \"f\" (func)) (func (export \"_start\")))",
            &["env::f"],
        ),
    ];
    for (name, contents, texts) in cases {
        directory.write(name, contents);
        directory.run(&[name]).fails(1, texts);
    }
    directory
        .run(&["none.wasm"])
        .fails(1, &["no module `none.wasm`", current]);
    directory
        .run(&["directory"])
        .fails(1, &["`directory`", "directory"]);
}

#[test]
fn the_command_line_is_explained() {
    let directory = Directory::new();
    let help = directory.run(&["--help"]);
    assert_eq!((help.code, &*help.stderr), (Some(0), ""));
    let texts = [
        "wasmtime-http [OPTIONS] <module> [ARGS]...",
        "-a, --allowed-host <HOST>",
        "insecure:allow-all",
        "-i, --invoke <FUNCTION>",
        "[default: _start]",
        "-c, --concurrency <N>",
        "-e, --env <NAME[=VAL]>",
        "--dir <HOST[::GUEST][:ro]>",
        "--timeout <DURATION>",
        "--ca-file <PEM>",
        "-v, --verbose",
        "-h, --help",
        "-V, --version",
        "Examples:",
        "Exit codes:",
        "134",
        "Environment:",
        "RUST_LOG",
    ];
    for text in texts {
        assert!(
            help.stdout.contains(text),
            "no {text:?} in:\n{}",
            help.stdout
        );
    }
    let summary = directory.run(&["-h"]);
    assert_eq!((summary.code, &*summary.stderr), (Some(0), ""));
    assert!(summary.stdout.lines().count() < help.stdout.lines().count() / 2);

    let version = format!("wasmtime-http {}\n", env!("CARGO_PKG_VERSION"));
    directory.run(&["-V"]).prints(&version);
    directory.run(&["--version"]).prints(&version);
}

#[test]
fn a_wrong_command_line_is_refused_with_the_usage() {
    let directory = Directory::new();
    directory.write("a.wasm", BINARY_COMMAND);
    let cases: [(&[&str], &[&str]); 2] = [
        (&[], &["<module>", "Usage: wasmtime-http [OPTIONS]"]),
        (&["--nonsense", "a.wasm"], &["--nonsense", "Usage:"]),
    ];
    for (arguments, texts) in cases {
        directory.run(arguments).fails(2, texts);
    }
}

#[test]
fn compiled_modules_are_kept_if_they_can_be() {
    let directory = Directory::new();
    directory.write("a.wasm", BINARY_COMMAND);
    let cache = directory.path().join("cache");
    let run = |arguments: &[&str]| {
        let cache = cache.to_str().unwrap();
        directory.run_with(arguments, &[("XDG_CACHE_HOME", cache)], b"")
    };
    run(&["a.wasm"]).prints("");
    assert!(cache.join("wasmtime").is_dir());

    std::fs::create_dir(directory.path().join("wasmtime")).unwrap();
    directory.write("wasmtime/config.toml", "[cache]\nnonsense = 1\n");
    run(&["a.wasm"]).prints("");
    run(&["-v", "a.wasm"]).fails(0, &["no compiled modules are kept", "nonsense"]);
}

/// A module of this many functions, each of which takes a while to compile.
#[cfg(unix)]
fn slow_to_compile(functions: usize) -> String {
    let body = "local.get 0 i32.const 3 i32.mul local.set 0 ".repeat(200);
    let function = format!("(func (param i32) (result i32) {body} local.get 0)\n");
    let functions = function.repeat(functions);
    format!("(module {functions} (func (export \"_start\")))")
}

/// `script` runs a command on a terminal of its own.
#[cfg(unix)]
#[test]
fn a_long_compilation_is_shown_on_a_terminal_alone() {
    let directory = Directory::new();
    let binary = directory.command();
    let command = format!("'{}' --no-cache slow.wat", binary.get_program().display());
    // Until it takes long, whatever the machine.
    for functions in [1_000, 4_000, 16_000, 64_000] {
        directory.write("slow.wat", slow_to_compile(functions));
        let output = std::process::Command::new("script")
            .args(["--quiet", "--return", "--command", &command, "/dev/null"])
            .current_dir(directory.path())
            .stdin(std::process::Stdio::null())
            .output()
            .expect("the program `script` of util-linux");
        let shown = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{shown}");
        if shown.is_empty() {
            continue;
        }
        assert!(
            shown.starts_with("\rwasmtime-http: compiling `slow.wat` (0 s)"),
            "{shown:?}"
        );
        assert!(shown.ends_with("\r\x1b[K"), "{shown:?}");
        directory.run(&["--no-cache", "slow.wat"]).prints("");
        return;
    }
    panic!("nothing was shown");
}

#[test]
fn with_no_cache_nothing_is_kept() {
    let directory = Directory::new();
    directory.write("a.wasm", BINARY_COMMAND);
    let cache = directory.path().join("cache");
    let variables = [("XDG_CACHE_HOME", cache.to_str().unwrap())];
    directory
        .run_with(&["--no-cache", "a.wasm"], &variables, b"")
        .prints("");
    assert!(!cache.join("wasmtime").exists());
}

#[test]
fn the_memory_of_a_guest_is_limited() {
    let directory = Directory::new();
    // Grows by as many pages as it can, up to 100, and gives how many it has.
    directory.write(
        "grow.wat",
        r#"(module
            (memory (export "memory") 2)
            (func (export "pages") (result i32)
              (loop $more
                (br_if $more (i32.and
                  (i32.ne (memory.grow (i32.const 1)) (i32.const -1))
                  (i32.lt_u (memory.size) (i32.const 100)))))
              (memory.size)))"#,
    );
    let pages =
        |options: &[&str]| directory.run(&[options, &["--invoke", "pages", "grow.wat"]].concat());
    pages(&[]).prints("100\n");
    pages(&["--max-memory", "none"]).prints("100\n");
    pages(&["--max-memory", "1MiB"]).prints("16\n");
    pages(&["--max-memory", "131072"]).prints("2\n");
    pages(&["--max-memory", "64KiB"]).fails(1, &["cannot instantiate `grow.wat`", "memory limits"]);
    pages(&["--max-memory", "much"]).fails(2, &["--max-memory", "much"]);
}
