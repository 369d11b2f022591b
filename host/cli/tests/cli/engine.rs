//! What `wasmtime run` has for core modules, by the same names.

use std::fs;

use crate::harness::Directory;

const TRAP: i32 = 134;

/// A command that never ends by itself.
const ENDLESS: &str = r#"(module (func (export "_start") (loop (br 0))))"#;

/// A function that calls itself so many times, and others that ask for memory and a table.
const DEEP: &str = r#"(module
    (memory (export "memory") 1)
    (table 1 funcref)
    (func $deep (export "deep") (param i32) (result i32)
      (if (result i32) (local.get 0)
        (then (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)))))
        (else (i32.const 0))))
    (func (export "grow") (result i32) (memory.grow (i32.const 10)))
    (func (export "grow_table") (result i32)
      (table.grow (ref.null func) (i32.const 10))))"#;

#[test]
fn fuel_and_time_end_a_guest() {
    let directory = Directory::new();
    directory.write("endless.wat", ENDLESS);
    directory
        .run(&["-W", "fuel=10000", "endless.wat"])
        .fails(TRAP, &["all fuel consumed"]);
    directory
        .run(&["-W", "timeout=50ms", "endless.wat"])
        .fails(TRAP, &["--timeout of 50ms"]);
    directory.write("deep.wat", DEEP);
    directory
        .run(&["-W", "fuel=10000", "-i", "deep", "deep.wat", "10"])
        .prints("10\n");
}

#[test]
fn stack_memory_and_tables_are_limited() {
    let directory = Directory::new();
    directory.write("deep.wat", DEEP);
    let run = |options: &[&str], function: &str| {
        directory.run(&[options, &["-i", function, "deep.wat"]].concat())
    };
    let deep =
        |options: &[&str]| directory.run(&[options, &["-i", "deep", "deep.wat", "5000"]].concat());
    deep(&[]).prints("5000\n");
    deep(&["-W", "max-wasm-stack=64KiB"]).fails(TRAP, &["call stack exhausted"]);
    run(&[], "grow").prints("1\n");
    run(&["-W", "max-memory-size=128KiB"], "grow").prints("-1\n");
    run(
        &["--wasm", "max_memory_size=128KiB,trap-on-grow-failure"],
        "grow",
    )
    .fails(1, &["forcing trap when growing memory"]);
    run(&[], "grow_table").prints("1\n");
    run(&["-W", "max-table-elements=5"], "grow_table").prints("-1\n");
}

#[test]
fn a_guest_is_compiled_as_it_is_said() {
    let directory = Directory::new();
    directory.write("deep.wat", DEEP);
    let cache = directory.path().join("cache");
    let config = format!("[cache]\ndirectory = {:?}\n", cache.to_str().unwrap());
    let config = directory.write("cache.toml", config);
    let config = format!("cache-config={}", config.to_str().unwrap());
    let kept = || fs::read_dir(&cache).is_ok_and(|mut files| files.next().is_some());
    let run = |options: &[&str]| {
        directory
            .run(&[options, &["-i", "deep", "deep.wat", "3"]].concat())
            .prints("3\n");
    };
    for level in ["0", "1", "2", "s"] {
        run(&["-O", &format!("opt-level={level}"), "-C", "cache=n"]);
    }
    run(&[
        "-C",
        &format!("cache=n,{config}"),
        "-C",
        "parallel-compilation=n",
    ]);
    run(&["-C", &config, "--no-cache"]);
    assert!(!kept());
    run(&["-C", &config]);
    assert!(kept());
    directory
        .run(&[
            "-C",
            "cache-config=missing.toml",
            "-i",
            "deep",
            "deep.wat",
            "3",
        ])
        .fails(1, &["missing.toml"]);
}

#[test]
fn what_is_none_of_them_is_refused_and_says_what_there_is() {
    let directory = Directory::new();
    directory.write("endless.wat", ENDLESS);
    for (option, value, text) in [
        ("-W", "simd=y", "fuel, timeout"),
        ("-W", "fuel", "needs a value"),
        ("-O", "opt-level=9", "0, 1, 2, s"),
        ("-C", "compiler=winch", "cache, cache-config"),
        ("-S", "http", "--allowed-host"),
        ("-S", "nn", "inherit-env"),
        ("--preload", "env", "the name that the guest imports from"),
    ] {
        directory
            .run(&[option, value, "endless.wat"])
            .fails(2, &[value, text]);
    }
}

#[test]
fn a_command_gets_a_name_and_all_variables() {
    let directory = Directory::new();
    directory.guest(
        r#"(func (export "_start")
             (drop (call $args_sizes_get (i32.const 40) (i32.const 44)))
             (drop (call $args_get (i32.const 1024) (i32.const 4096)))
             (call $write (i32.const 1) (i32.const 4096) (i32.load (i32.const 44)))
             (drop (call $environ_sizes_get (i32.const 40) (i32.const 44)))
             (drop (call $environ_get (i32.const 1024) (i32.const 8192)))
             (call $write (i32.const 1) (i32.const 8192) (i32.load (i32.const 44))))"#,
    );
    directory
        .run(&["--argv0", "tool", "guest.wat", "a"])
        .prints("tool\0a\0");
    let variables = [("WASI_HTTP_ONE", "1"), ("WASI_HTTP_TWO", "2")];
    let outcome = directory.run_with(&["-S", "inherit-env", "guest.wat"], &variables, b"");
    for variable in ["WASI_HTTP_ONE=1\0", "WASI_HTTP_TWO=2\0", "PATH="] {
        assert!(outcome.stdout.contains(variable), "{}", outcome.stdout);
    }
    let options = ["-S", "inherit-env=n", "-e", "WASI_HTTP_ONE", "guest.wat"];
    directory
        .run_with(&options, &variables, b"")
        .prints("guest.wat\0WASI_HTTP_ONE=1\0");
}

#[test]
fn a_module_offers_what_another_imports() {
    let directory = Directory::new();
    directory.write(
        "lib.wat",
        r#"(module (import "base" "one" (func $one (result i32)))
            (func (export "two") (result i32) (i32.add (call $one) (call $one))))"#,
    );
    directory.write(
        "base.wat",
        r#"(module (func (export "one") (result i32) (i32.const 1)))"#,
    );
    directory.write(
        "main.wat",
        r#"(module (import "lib" "two" (func $two (result i32)))
            (func (export "run") (result i32) (i32.add (call $two) (call $two))))"#,
    );
    let run = |preloads: &[&str]| directory.run(&[preloads, &["-i", "run", "main.wat"]].concat());
    run(&["--preload", "base=base.wat", "--preload", "lib=lib.wat"]).prints("4\n");
    run(&["--preload", "lib=lib.wat"]).fails(1, &["cannot preload `lib`", "base::one"]);
    run(&["--preload", "lib=missing.wat"]).fails(1, &["there is no module `missing.wat`"]);
    run(&[]).fails(1, &["lib::two", "--preload NAME=FILE"]);
}

#[test]
fn a_compiled_module_is_run_if_it_may() {
    let directory = Directory::new();
    let engine = wasmtime::Engine::default();
    let compiled = engine.precompile_module(DEEP.as_bytes()).unwrap();
    directory.write("deep.cwasm", &compiled);
    let run = ["-i", "deep", "deep.cwasm", "7"];
    directory.run(&run).fails(1, &["--allow-precompiled"]);
    let allowed = [&["--allow-precompiled"], &run[..]].concat();
    directory.run(&allowed).prints("7\n");
    // What is of other options, or cut off, is found.
    let other = [&["-W", "fuel=1000"], &allowed[..]].concat();
    directory.run(&other).fails(1, &["deep.cwasm", "fuel"]);
    directory.write("deep.cwasm", &compiled[..compiled.len() / 2]);
    assert_ne!(directory.run(&allowed).code, Some(0));
}
