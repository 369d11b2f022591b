//! What a guest gets from the binary that any WASI guest expects: functions, arguments,
//! environment, directories, standard streams, an exit code, a time limit.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::harness::Directory;

/// More than a loaded machine needs to start and end a process, less than a person would wait.
const SOON: Duration = Duration::from_secs(20);

const MATH: &str = r#"
  (func (export "add") (param i32 i64) (result i64)
    (i64.add (i64.extend_i32_s (local.get 0)) (local.get 1)))
  (func (export "halves") (param f32 f64) (result f32 f64)
    (f32.div (local.get 0) (f32.const 2)) (f64.div (local.get 1) (f64.const 2)))
  (func (export "vector") (param v128))
  (func (export "nothing"))
  (global (export "number") i32 (i32.const 1))"#;

#[test]
fn invoke_calls_a_function_with_arguments_of_its_types() {
    let directory = Directory::new();
    directory.guest(MATH);
    let cases: [(&[&str], &str); 6] = [
        (&["--invoke", "add", "guest.wat", "1", "-2"], "-1\n"),
        (
            &["-iadd", "guest.wat", "--", "0x10", "9223372036854775791"],
            "9223372036854775807\n",
        ),
        (&["--invoke=add", "guest.wat", "4294967295", "-0"], "-1\n"),
        (&["-i", "halves", "guest.wat", "1", "-0.5"], "0.5\n-0.25\n"),
        (
            &["-i", "halves", "guest.wat", "--", "inf", "-inf"],
            "inf\n-inf\n",
        ),
        (&["-i", "nothing", "guest.wat"], ""),
    ];
    for (arguments, stdout) in cases {
        directory.run(arguments).prints(stdout);
    }
}

#[test]
fn invoke_says_what_is_wrong_and_which_functions_there_are() {
    let directory = Directory::new();
    directory.guest(MATH);
    let functions = [
        "add(i32, i64) -> i64",
        "halves(f32, f64) -> (f32, f64)",
        "nothing()",
    ];
    let cases: [(&[&str], &[&str]); 8] = [
        (
            &["guest.wat"],
            &[
                "no function `_start`",
                "--invoke",
                functions[0],
                functions[1],
            ],
        ),
        (
            &["-i", "sub", "guest.wat"],
            &["no function `sub`", functions[0], functions[2]],
        ),
        (
            &["-i", "number", "guest.wat"],
            &["`number` is not a function", functions[0]],
        ),
        (
            &["-i", "add", "guest.wat"],
            &[functions[0], "takes 2 arguments and got 0"],
        ),
        (
            &["-i", "nothing", "guest.wat", "1"],
            &["takes no arguments and got 1"],
        ),
        (
            &["-i", "add", "guest.wat", "1", "1.5"],
            &["argument 2", functions[0], "`1.5`", "i64"],
        ),
        (
            &["-i", "add", "guest.wat", "4294967296", "1"],
            &["argument 1", "not an i32"],
        ),
        (&["-i", "vector", "guest.wat", "1"], &["argument 1", "v128"]),
    ];
    for (arguments, texts) in cases {
        let outcome = directory.run(arguments).fails(1, texts);
        assert_eq!(outcome.stdout, "", "{arguments:?}");
    }
}

#[test]
fn a_command_gets_its_name_and_arguments() {
    let directory = Directory::new();
    directory.guest(
        r#"(func (export "_start")
             (drop (call $args_sizes_get (i32.const 40) (i32.const 44)))
             (drop (call $args_get (i32.const 1024) (i32.const 4096)))
             (call $write (i32.const 1) (i32.const 4096) (i32.load (i32.const 44))))"#,
    );
    directory.run(&["guest.wat"]).prints("guest.wat\0");
    directory
        .run(&["guest.wat", "--", "a", "-1", "-v", "", "--help", "--", "é"])
        .prints("guest.wat\0a\0-1\0-v\0\0--help\0--\0é\0");
    // The directory is none of the guest's business.
    let path = directory.path().join("guest.wat");
    directory
        .run(&[path.to_str().unwrap()])
        .prints("guest.wat\0");
}

#[test]
fn a_guest_sees_the_variables_that_are_named_and_no_others() {
    let directory = Directory::new();
    directory.guest(
        r#"(func (export "_start")
             (drop (call $environ_sizes_get (i32.const 40) (i32.const 44)))
             (drop (call $environ_get (i32.const 1024) (i32.const 4096)))
             (call $write (i32.const 1) (i32.const 4096) (i32.load (i32.const 44))))"#,
    );
    let outer = [("OUTER", "from=outside"), ("SECRET", "x")];
    let run = |arguments: &[&str]| directory.run_with(arguments, &outer, b"");
    run(&["guest.wat"]).prints("");
    run(&[
        "--env",
        "A=b=c",
        "-e",
        "EMPTY=",
        "-eOUTER",
        "-e",
        "WASMTIME_HTTP_UNSET",
        "guest.wat",
    ])
    .prints("A=b=c\0EMPTY=\0OUTER=from=outside\0");
    run(&["-e", "=b", "guest.wat"]).fails(2, &["--env", "no name"]);
}

#[test]
fn a_guest_sees_the_directories_that_are_named_and_no_others() {
    let directory = Directory::new();
    // Prints the name of the first directory, then opens `file` in it and copies it to stdout.
    directory.guest(
        r#"(data (i32.const 64) "file")
           (func (export "_start")
             (local $error i32)
             (local.set $error (call $fd_prestat_get (i32.const 3) (i32.const 40)))
             (if (local.get $error) (then (call $proc_exit (local.get $error))))
             (drop (call $fd_prestat_dir_name
               (i32.const 3) (i32.const 4096) (i32.load (i32.const 44))))
             (call $write (i32.const 1) (i32.const 4096) (i32.load (i32.const 44)))
             (local.set $error (call $path_open
               (i32.const 3) (i32.const 0) (i32.const 64) (i32.const 4) (i32.const 0)
               (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 40)))
             (if (local.get $error) (then (call $proc_exit (local.get $error))))
             (call $write (i32.const 1) (i32.const 4096)
               (call $read (i32.load (i32.const 40)))))"#,
    );
    std::fs::create_dir(directory.path().join("host")).unwrap();
    directory.write("host/file", "contents");

    const ERRNO_BADF: i32 = 8;
    directory.run(&["guest.wat"]).fails(ERRNO_BADF, &[]);
    directory
        .run(&["--dir", "host", "guest.wat"])
        .prints("hostcontents");
    directory
        .run(&["--dir=host::/data", "guest.wat"])
        .prints("/datacontents");
    directory
        .run(&["--dir", "none", "guest.wat"])
        .fails(1, &["`none`"]);
    directory
        .run(&["--dir", "host::", "guest.wat"])
        .fails(2, &["--dir"]);
}

#[test]
fn standard_streams_are_inherited() {
    let directory = Directory::new();
    directory.guest(
        r#"(func (export "_start")
             (local $len i32)
             (local.set $len (call $read (i32.const 0)))
             (call $write (i32.const 1) (i32.const 4096) (local.get $len))
             (call $write (i32.const 2) (i32.const 4096) (local.get $len)))"#,
    );
    let outcome = directory.run_with(&["guest.wat"], &[], b"one\ntwo");
    assert_eq!(
        (outcome.code, &*outcome.stdout, &*outcome.stderr),
        (Some(0), "one\ntwo", "one\ntwo")
    );
}

#[test]
fn a_library_is_initialised_before_its_function_is_called() {
    let directory = Directory::new();
    let library = r#"
        (global $initialized (mut i32) (i32.const 0))
        (func (export "_initialize")
          (global.set $initialized (i32.add (global.get $initialized) (i32.const 1))))
        (func (export "initialized") (result i32) (global.get $initialized))"#;
    directory.guest(library);
    directory
        .run(&["-i", "initialized", "guest.wat"])
        .prints("1\n");
    directory
        .run(&["-i", "_initialize", "guest.wat"])
        .prints("");

    directory.guest(&format!(r#"{library} (func (export "_start"))"#));
    directory
        .run(&["-i", "initialized", "guest.wat"])
        .prints("0\n");

    directory.guest(r#"(func (export "_initialize") unreachable) (func (export "f"))"#);
    directory
        .run(&["-i", "f", "guest.wat"])
        .fails(134, &["`_initialize` failed"]);
}

#[test]
fn the_exit_code_is_the_guests() {
    let directory = Directory::new();
    for code in [0, 1, 42, 255] {
        directory.guest(&format!(
            r#"(func (export "_start") (call $proc_exit (i32.const {code})))"#
        ));
        let outcome = directory.run(&["guest.wat"]);
        assert_eq!((outcome.code, &*outcome.stderr), (Some(code), ""));
    }
    // Cut to eight bits it would be success.
    directory.guest(r#"(func (export "_start") (call $proc_exit (i32.const 256)))"#);
    directory.run(&["guest.wat"]).fails(1, &["code 256"]);
}

#[test]
fn a_trap_is_shown_with_its_reason_first_and_the_guests_own_functions() {
    let directory = Directory::new();
    directory.guest(
        r#"(func $_ZN4core9panicking5panic17h0123456789abcdefE unreachable)
           (func $_ZN3std2fs4read17h0123456789abcdefE
             (call $_ZN4core9panicking5panic17h0123456789abcdefE))
           (func $_ZN7program4load17h0123456789abcdefE
             (call $_ZN3std2fs4read17h0123456789abcdefE))
           (func $outer (export "_start") (call $_ZN7program4load17h0123456789abcdefE))"#,
    );
    let outcome = directory.run(&["guest.wat"]).fails(134, &[]);
    assert_eq!(
        outcome.stderr,
        "wasmtime-http: `_start` failed: wasm trap: wasm `unreachable` instruction executed\n    \
         at 2 functions of libraries\n    at program::load\n    at outer\n"
    );
    // All of it.
    let texts = [
        "unreachable",
        "backtrace",
        "core::panicking::panic",
        "std::fs::read",
        "outer",
    ];
    directory.run(&["-v", "guest.wat"]).fails(134, &texts);
}

#[test]
fn a_guest_that_computes_too_long_is_stopped() {
    let directory = Directory::new();
    directory.guest(r#"(func $busy (export "_start") (loop (br 0)))"#);
    let start = Instant::now();
    directory
        .run(&["--timeout", "300ms", "guest.wat"])
        .fails(134, &["--timeout of 300ms", "busy"]);
    assert!(start.elapsed() >= Duration::from_millis(300));
    assert!(start.elapsed() < SOON);
}

#[test]
fn a_guest_that_waits_for_stdin_too_long_is_stopped() {
    let directory = Directory::new();
    directory.guest(r#"(func (export "_start") (drop (call $read (i32.const 0))))"#);
    let start = Instant::now();
    let mut child = directory
        .command()
        .args(["--timeout=0.3", "guest.wat"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It is not closed before the guest has ended.
    let stdin = child.stdin.take();
    let output = child.wait_with_output().unwrap();
    drop(stdin);
    assert_eq!(output.status.code(), Some(134));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("--timeout of 300ms"), "{stderr}");
    assert!(start.elapsed() < SOON);
}

#[test]
fn a_guest_that_is_quick_enough_is_not_stopped() {
    let directory = Directory::new();
    directory.guest(r#"(func (export "_start"))"#);
    directory.run(&["--timeout", "1h", "guest.wat"]).prints("");
    directory
        .run(&["--timeout", "soon", "guest.wat"])
        .fails(2, &["--timeout", "soon"]);
}
