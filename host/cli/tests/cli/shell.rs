//! What a user meets in the first hour at a shell: where options stand, what rules say, streams that
//! are full or closed, modules of every kind, arguments of every kind.

use std::process::{Command, Stdio};

use wasi_experimental_http_test_server::{HELLO, TestServer};

use crate::harness::Directory;

const DESTINATION_NOT_ALLOWED: i32 = 7;

/// A command that prints its arguments, each with a NUL behind it.
const ECHO: &str = r#"
  (func (export "_start")
    (drop (call $args_sizes_get (i32.const 40) (i32.const 44)))
    (drop (call $args_get (i32.const 1024) (i32.const 4096)))
    (call $write (i32.const 1) (i32.const 4096) (i32.load (i32.const 44))))"#;

#[test]
fn everything_behind_the_module_is_the_modules() {
    let directory = Directory::new();
    directory.guest(ECHO);
    let cases: [(&[&str], &str, &[&str]); 7] = [
        // The arguments, what the module gets, and what is said to be an option of ours.
        (&["a", "-1", "--nonsense"], "a\0-1\0--nonsense\0", &[]),
        (
            &["--", "-v", "--help", "--dir=/"],
            "-v\0--help\0--dir=/\0",
            &[],
        ),
        (&["a", "--", "-v"], "a\0--\0-v\0", &[]),
        (&["-v"], "-v\0", &["-v"]),
        (&["--help"], "--help\0", &["--help"]),
        (&["--version", "x"], "--version\0x\0", &["--version"]),
        (
            &["--allowed-host", "insecure:allow-all", "--dir=/"],
            "--allowed-host\0insecure:allow-all\0--dir=/\0",
            &["--allowed-host", "--dir"],
        ),
    ];
    for (given, got, ours) in cases {
        let outcome = directory.run(&[&["guest.wat"], given].concat());
        assert_eq!(
            (outcome.code, outcome.stdout),
            (Some(0), format!("guest.wat\0{got}")),
            "{given:?}"
        );
        for option in ours {
            assert!(outcome.stderr.contains(option), "{}", outcome.stderr);
        }
        let lines = outcome.stderr.lines().count();
        assert_eq!(lines, usize::from(!ours.is_empty()), "{}", outcome.stderr);
    }
}

#[test]
fn a_caller_of_a_script_cannot_widen_what_it_allows() {
    let server = TestServer::http().start();
    let directory = Directory::getter(&server.url("/get"));
    directory
        .run(&["guest.wat", "--allowed-host", "insecure:allow-all"])
        .fails(DESTINATION_NOT_ALLOWED, &["--allowed-host"]);
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_deny_rule_denies_what_leads_to_the_same_place() {
    let server = TestServer::http().start();
    let port = server.port();
    let urls = [
        format!("http://127.0.0.1:{port}/get"),
        format!("http://localhost:{port}/get"),
        format!("http://0.0.0.0:{port}/get"),
        format!("http://[::ffff:127.0.0.1]:{port}/get"),
        format!("http://[64:ff9b::127.0.0.1]:{port}/get"),
        format!("http://2130706433:{port}/get"),
    ];
    let denials = [
        "deny:http://127.0.0.1",
        "deny:127.0.0.0/8",
        "deny:[::ffff:127.0.0.0]/104",
        "deny:0.0.0.0",
        "deny:localhost",
    ];
    for url in &urls {
        let directory = Directory::getter(url);
        for deny in denials {
            directory
                .run(&["-a=insecure:allow-all", "-a", deny, "guest.wat"])
                .fails(DESTINATION_NOT_ALLOWED, &["--allowed-host deny:"]);
        }
    }
    assert_eq!(server.connections(), 0);
    // A rule for another port is another rule's.
    Directory::getter(&urls[0])
        .run(&["-a=insecure:allow-all", "-a=deny:127.0.0.1:1", "guest.wat"])
        .prints(HELLO);
}

#[test]
fn all_public_hosts_do_not_include_this_machine() {
    let server = TestServer::http().start();
    for host in ["127.0.0.1", "localhost", "0.0.0.0", "169.254.169.254"] {
        let directory = Directory::getter(&format!("http://{host}:{}/get", server.port()));
        for options in [
            &["-a", "http://*:*"][..],
            &["-a=http://*:*", "--allow-private"],
        ] {
            directory
                .run(&[options, &["guest.wat"]].concat())
                .fails(DESTINATION_NOT_ALLOWED, &["denied"]);
        }
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn advice_about_an_entry_is_taken() {
    let directory = Directory::new();
    directory.guest(r#"(func (export "_start"))"#);
    for entry in [
        "*",
        "example.com",
        "//h:1",
        "localhost:8080",
        "127.0.0.1:1",
        "ftp://example.com",
        "https://a.example,https://b.example",
        "https://a.example # ours",
        "http://10.1.2.3/8",
    ] {
        let outcome = directory.run(&["-a", entry, "guest.wat"]);
        let refused = outcome.fails(2, &["invalid allowed host"]).stderr;
        let advice = refused.split("; write ").nth(1).expect(&refused);
        let mut quoted = advice.lines().next().unwrap().split('"').skip(1).step_by(2);
        let first = quoted.next().expect(&refused);
        directory.run(&["-a", first, "guest.wat"]).prints("");
    }
    directory
        .run(&["-a", "localhost:8080", "guest.wat"])
        .fails(2, &["\"http://localhost:8080\""]);
}

#[test]
fn an_entry_for_a_whole_top_level_domain_is_noticed() {
    let directory = Directory::new();
    directory.guest(r#"(func (export "_start"))"#);
    directory
        .run(&["-a", "https://*.com", "guest.wat"])
        .fails(0, &["https://*.com", "`com`"]);
    directory
        .run(&["-a", "https://*.example.com", "guest.wat"])
        .prints("");
}

#[test]
fn a_value_over_its_limit_is_refused_with_the_limit() {
    let directory = Directory::new();
    directory.guest(r#"(func (export "_start"))"#);
    let refused = [
        ("--max-response-headers=1000", "128"),
        ("--max-response-headers=0", "least is 1"),
        ("--max-response-header-bytes=1MiB", "65536"),
        ("--max-request-headers=5000", "1024"),
        ("--max-request-header-bytes=1GB", "131072"),
        ("--max-url-length=1MB", "65534"),
        ("--max-url-length=0", "least is 1"),
        ("--max-method-length=5000", "4096"),
        ("--max-method-length=0", "least is 1"),
        ("--max-in-flight=0", "least is 1"),
        ("--concurrency=0", "least is 1"),
        ("--max-response-body=10 parsecs", "unit"),
        ("--timeout=1y", "unit"),
    ];
    for (option, text) in refused {
        let (name, _) = option.split_once('=').unwrap();
        directory
            .run(&[option, "guest.wat"])
            .fails(2, &[name, text]);
    }
    for option in [
        "--max-response-body=10MB",
        "--max-request-body=64KiB",
        "--max-request-body=none",
        "--max-response-header-bytes=64 KiB",
        "--timeout=1 min",
        "--timeout=1d",
        "--timeout=none",
        "--request-timeout=none",
    ] {
        directory.run(&[option, "guest.wat"]).prints("");
    }
}

/// Runs the binary with its streams as a shell has redirected them.
#[cfg(target_os = "linux")]
fn redirected(directory: &Directory, redirection: &str, arguments: &[&str]) -> Option<i32> {
    let mut command = Command::new("sh");
    let binary = directory.command();
    command
        .current_dir(directory.path())
        .args(["-c", &format!("\"$@\" {redirection}"), "sh"])
        .arg(binary.get_program())
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    for (name, value) in binary.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.status().unwrap().code()
}

#[cfg(target_os = "linux")]
#[test]
fn streams_that_are_full_or_closed_change_no_exit_code() {
    let server = TestServer::http().start();
    let origin = server.origin();
    let url = server.url("/get");
    let directory = Directory::new();
    directory.guest(&format!(
        r#"(data (i32.const 1024) "{url}")
           (func (export "_start")
             (drop (call $get (i32.const 1024) (i32.const {len})))
             (call $write (i32.const 2) (i32.const 1024) (i32.const 10))
             (call $proc_exit (i32.const 3)))
           (func (export "trap") unreachable)
           (func (export "f") (result i32) (i32.const 1))"#,
        len = url.len(),
    ));
    for redirection in [
        "2>/dev/full",
        "2>&-",
        ">/dev/full 2>&1",
        ">&- 2>&-",
        "2>&1 | :",
    ] {
        // A pipeline ends with the code of its last command.
        let is_pipe = redirection.contains('|');
        let cases: [(&[&str], i32); 7] = [
            (&["-a", &origin, "guest.wat"], 3),
            (&["-v", "-a", &origin, "guest.wat"], 3),
            (&["-vvv", "-a", &origin, "guest.wat"], 3),
            (&["guest.wat"], 3),
            (&["guest.wat", "-v"], 3),
            (&["-i", "trap", "guest.wat"], 134),
            (&["none.wasm"], 1),
        ];
        for (arguments, code) in cases {
            let expected = if is_pipe { 0 } else { code };
            let given = redirected(&directory, redirection, arguments);
            assert_eq!(given, Some(expected), "{redirection} {arguments:?}");
        }
    }
    assert_eq!(
        redirected(&directory, ">/dev/full", &["-i", "f", "guest.wat"]),
        Some(1)
    );
}

#[test]
fn a_guest_that_makes_hosts_up_does_not_fill_the_log() {
    let directory = Directory::new();
    // Asks for http://h00.test to http://h99.test, and again and again.
    directory.guest(
        r#"(data (i32.const 1024) "http://h00.test/")
           (func (export "_start") (local $n i32)
             (loop $more
               (i32.store8 (i32.const 1032)
                 (i32.add (i32.const 48) (i32.div_u (i32.rem_u (local.get $n) (i32.const 100)) (i32.const 10))))
               (i32.store8 (i32.const 1033)
                 (i32.add (i32.const 48) (i32.rem_u (local.get $n) (i32.const 10))))
               (drop (call $open (i32.const 1024) (i32.const 16)))
               (local.set $n (i32.add (local.get $n) (i32.const 1)))
               (br_if $more (i32.lt_u (local.get $n) (i32.const 300)))))"#,
    );
    let stderr = directory
        .run(&["guest.wat"])
        .fails(0, &["http://h00.test"])
        .stderr;
    assert!((2..100).contains(&stderr.lines().count()), "{stderr}");
    assert!(stderr.lines().last().unwrap().contains("more"), "{stderr}");
}

#[test]
fn names_of_a_module_do_not_reach_the_terminal_as_they_are() {
    let directory = Directory::new();
    let evil = r"\1b]0;owned\07\c2\9b2J\e2\80\ae\0awasmtime-http: all is well";
    let cases = [
        format!(r#"(func (export "{evil}"))"#),
        format!(r#"(func $"{evil}" unreachable) (func (export "_start") (call $"{evil}"))"#),
    ];
    let modules = cases
        .map(|fields| format!("(module {fields})"))
        .into_iter()
        .chain([format!(
            r#"(module (import "{evil}" "f" (func)) (func (export "_start")))"#
        )]);
    for module in modules {
        directory.write("evil.wat", &module);
        for options in [&[][..], &["-v"]] {
            let outcome = directory.run(&[options, &["evil.wat"]].concat());
            assert_ne!(outcome.code, Some(0), "{module}");
            assert!(
                outcome
                    .stderr
                    .chars()
                    .all(|c| c == '\n' || c == '\t' || !c.is_control() && c != '\u{202e}'),
                "{:?}",
                outcome.stderr
            );
        }
    }
}

#[test]
fn modules_that_wasmtime_takes_run() {
    let directory = Directory::new();
    let cases = [
        (
            "externref",
            r#"(table 1 externref) (func (export "_start"))"#,
        ),
        (
            "function references",
            r#"(type $t (func)) (func $f) (elem declare func $f)
               (func (export "_start") (call_ref $t (ref.func $f)))"#,
        ),
        (
            "exceptions",
            r#"(tag $e) (func (export "_start")
                 (block $caught (try_table (catch $e $caught) (throw $e))))"#,
        ),
        (
            "gc",
            r#"(type $s (struct (field i32)))
               (func (export "_start") (drop (struct.new $s (i32.const 1))))"#,
        ),
        (
            "tail calls",
            r#"(func $f) (func (export "_start") (return_call $f))"#,
        ),
    ];
    for (name, fields) in cases {
        directory.write(name, format!("(module {fields})"));
        directory.run(&[name]).prints("");
    }
}

#[test]
fn a_module_comes_from_stdin_or_with_a_byte_order_mark() {
    let directory = Directory::new();
    let module = "(module (func (export \"_start\")))";
    directory
        .run_with(&["-"], &[], module.as_bytes())
        .prints("");
    directory.write("bom.wat", format!("\u{feff}{module}"));
    directory.run(&["bom.wat"]).prints("");
}

#[test]
fn what_is_no_module_is_told_by_its_kind() {
    let directory = Directory::new();
    let engine = wasmtime::Engine::default();
    let compiled = engine.precompile_module(b"\0asm\x01\0\0\0").unwrap();
    let cases: [(&[u8], &str); 4] = [
        (&compiled, "compiled to native code"),
        (b"\x1f\x8b\x08\0", "gzip"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"PK\x03\x04", "zip"),
    ];
    for (contents, text) in cases {
        directory.write("a.wasm", contents);
        directory.run(&["a.wasm"]).fails(1, &["`a.wasm`", text]);
    }
}

#[test]
fn all_imports_that_are_missing_are_told_with_what_they_suggest() {
    let directory = Directory::new();
    let module = |imports: &str| {
        directory.write(
            "a.wat",
            format!(r#"(module {imports} (func (export "_start")))"#),
        );
        directory.run(&["a.wat"])
    };
    module(
        r#"(import "wasi_experimental_http" "reqq" (func))
           (import "env" "f" (func)) (import "env" "g" (func))"#,
    )
    .fails(
        1,
        &["reqq", "wasi_experimental_http::req", "env::f", "env::g"],
    );
    module(r#"(import "env" "abort" (func))"#).fails(1, &["env::abort", "wasi-shim"]);
    module(r#"(import "wasi:http/outgoing-handler@0.2.0" "handle" (func))"#)
        .fails(1, &["component", "wasm32-wasip1"]);
    module(r#"(import "env" "memory" (memory 1))"#).fails(1, &["memory"]);
}

#[test]
fn parameters_are_numbers_of_every_form() {
    let directory = Directory::new();
    directory.write(
        "a.wat",
        r#"(module
             (func (export "id") (param f64) (result f64) (local.get 0))
             (func (export "add") (param i32 i32) (result i32)
               (i32.add (local.get 0) (local.get 1))))"#,
    );
    for (text, result) in [("-1e-3", "-0.001\n"), ("-.5", "-0.5\n"), ("-inf", "-inf\n")] {
        directory
            .run(&["--invoke", "id", "a.wat", text])
            .prints(result);
    }
    for call in ["add(1, 2)", "add(1,2)", "add( 0x1 , 2 )"] {
        directory.run(&["--invoke", call, "a.wat"]).prints("3\n");
    }
    directory
        .run(&["--invoke", "add(1)", "a.wat"])
        .fails(1, &["takes 2 arguments and got 1"]);
}

#[test]
fn a_mistyped_option_is_not_answered_with_two_hyphens() {
    let directory = Directory::new();
    directory.guest(ECHO);
    let outcome = directory
        .run(&["--allowed-hosts", "https://a.example", "guest.wat"])
        .fails(2, &["--allowed-hosts", "--allowed-host"]);
    assert!(!outcome.stderr.contains("-- --"), "{}", outcome.stderr);
}

#[cfg(unix)]
#[test]
fn an_argument_that_is_not_utf_8_is_named() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let directory = Directory::new();
    directory.guest(ECHO);
    let output = directory
        .command()
        .args([OsStr::new("guest.wat"), OsStr::from_bytes(b"caf\xe9")])
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(
        stderr.contains("not UTF-8") && stderr.contains("caf\\xE9"),
        "{stderr}"
    );
}

#[test]
fn the_short_help_fits_a_screen_and_the_long_one_is_whole() {
    /// The least that terminals have.
    const LINES: usize = 24;
    let directory = Directory::new();
    let short = directory.run(&["-h"]).stdout;
    assert!(short.lines().count() <= LINES, "{short}");
    assert!(short.matches("  wasmtime-http ").count() >= 2, "{short}");
    let long = directory.run(&["--help"]).stdout;
    let at = |text: &str| {
        long.find(text)
            .unwrap_or_else(|| panic!("no {text:?} in:\n{long}"))
    };
    assert!(at("Examples:") < at("Limits of requests"), "{long}");
    for text in [
        "https://*",
        "deny:",
        "10.0.0.0/8",
        "--max-response-body",
        "insecure:allow-all",
    ] {
        at(text);
    }
}

/// More than wasmtime-wasi copies in one call of its own accord, 128 MiB.
#[cfg(unix)]
#[test]
fn a_guest_reads_as_much_at_once_as_its_memory_holds() {
    const LEN: u32 = 150 * 1024 * 1024;
    let directory = Directory::new();
    directory.write(
        "large.wat",
        format!(
            r#"(module
              (import "wasi_snapshot_preview1" "path_open"
                (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
              (import "wasi_snapshot_preview1" "fd_read"
                (func $fd_read (param i32 i32 i32 i32) (result i32)))
              (memory (export "memory") 2500)
              (data (i32.const 64) "file")
              (func (export "read") (result i32 i32)
                (drop (call $path_open (i32.const 3) (i32.const 0) (i32.const 64) (i32.const 4)
                  (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 40)))
                (i32.store (i32.const 16) (i32.const 4096))
                (i32.store (i32.const 20) (i32.const {LEN}))
                (call $fd_read (i32.load (i32.const 40)) (i32.const 16) (i32.const 1) (i32.const 24))
                (i32.ne (i32.load (i32.const 24)) (i32.const 0))))"#
        ),
    );
    let file = directory.write("file", "");
    let file = std::fs::OpenOptions::new().write(true).open(file).unwrap();
    file.set_len(LEN.into()).unwrap();
    directory
        .run(&["--dir=.", "-i=read", "large.wat"])
        .prints("0\n1\n");
}

#[test]
fn a_directory_that_is_given_to_read_cannot_be_written_to() {
    let directory = Directory::new();
    // Creates `new` in the first directory, for writing.
    directory.guest(
        r#"(data (i32.const 64) "new")
           (func (export "_start")
             (call $proc_exit (call $path_open
               (i32.const 3) (i32.const 0) (i32.const 64) (i32.const 3) (i32.const 1)
               (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 40))))"#,
    );
    for option in ["--dir=.:ro", "--dir=.::/data:ro"] {
        let outcome = directory.run(&[option, "guest.wat"]);
        assert_ne!(outcome.code, Some(0), "{outcome:?}");
        assert!(!directory.path().join("new").exists(), "{option}");
    }
    directory.run(&["--dir=.", "guest.wat"]).prints("");
    assert!(directory.path().join("new").exists());
}

#[test]
fn without_the_cache_nothing_is_kept() {
    let directory = Directory::new();
    directory.guest(r#"(func (export "_start"))"#);
    let cache = directory.path().join("cache");
    let environment = [("XDG_CACHE_HOME", cache.to_str().unwrap())];
    let run = |arguments: &[&str]| directory.run_with(arguments, &environment, b"");
    run(&["--no-cache", "guest.wat"]).prints("");
    assert!(!cache.exists());
    run(&["guest.wat"]).prints("");
    assert!(cache.exists());
}

#[test]
fn each_end_is_told_in_a_line_that_says_what_to_do() {
    let directory = Directory::new();
    let start = |body: &str| format!("(module {body})");
    directory.write("component.wat", "(component)");
    directory.write("text.txt", "hello");
    let import = r#"(import "env" "missing" (func)) (func (export "_start"))"#;
    directory.write("import.wat", start(import));
    directory.write(
        "trap.wat",
        start(r#"(func $guilty (export "_start") unreachable)"#),
    );
    directory.write(
        "loop.wat",
        start(r#"(func (export "_start") (loop $l (br $l)))"#),
    );
    directory.write(
        "exit.wat",
        start(
            r#"(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
           (func (export "_start") (call $exit (i32.const 3)))"#,
        ),
    );
    directory.write(
        "number.wat",
        start(r#"(func (export "f") (result i32) i32.const 7)"#),
    );
    let cases: [(&[&str], i32, &str); 10] = [
        (&["component.wat"], 1, "Build it for wasm32-wasip1"),
        (
            &["text.txt"],
            1,
            "Give the path of the module that your compiler wrote",
        ),
        (
            &["none.wasm"],
            1,
            "Check the path, or build the module first",
        ),
        (
            &["import.wat"],
            1,
            "link the library that has it, or define it",
        ),
        (&["trap.wat"], 134, "guilty"),
        (
            &["--timeout", "50ms", "loop.wat"],
            134,
            "the --timeout of 50ms",
        ),
        (&["number.wat"], 1, "f"),
        (&["-i", "g", "number.wat"], 1, "f"),
        (
            &["--max-redirects", "many", "exit.wat"],
            2,
            "--max-redirects",
        ),
        (&["exit.wat"], 3, ""),
    ];
    for (arguments, code, text) in cases {
        let outcome = directory.run(arguments).fails(code, &[text]);
        let first = outcome.stderr.lines().next().unwrap_or_default();
        let is_said = first.starts_with("wasmtime-http: ") || first.starts_with("error: ");
        assert_eq!(
            is_said,
            !text.is_empty(),
            "{arguments:?}: {}",
            outcome.stderr
        );
    }
    let outcome = directory.run_with(&["-"], &[], b"(component)");
    outcome.fails(1, &["is a component", "Build it for wasm32-wasip1"]);

    // Nobody reads what it writes.
    let mut child = directory
        .command()
        .args(["-i", "f", "number.wat"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(
        stderr.starts_with("wasmtime-http: cannot write to stdout"),
        "{stderr}"
    );
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
}
