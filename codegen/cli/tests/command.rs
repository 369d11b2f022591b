//! The command `witx-bindings`, run as its users run it.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use wasi_experimental_http_codegen::Language;

const CLOCK: &str = r#"
;;; Nanoseconds.
(typename $instant u64)
(typename $errno (enum (@witx tag u16) $success $fault))
(module $clock
  (@interface func (export "now") (result $error (expected $instant (error $errno)))))
"#;

/// A folder with `clock.witx` in it.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("clock.witx"), CLOCK).unwrap();
    folder
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_witx-bindings"));
    command.current_dir(folder).args(arguments);
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The files of a folder, with their contents.
fn files(folder: &Path) -> Vec<(String, String)> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files: Vec<(String, String)> = entries
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect();
    files.sort();
    files
}

/// The names of all languages, as the command lists them.
fn languages() -> Vec<String> {
    let listed = run(Path::new("."), &["--list-langs"]);
    let listed = String::from_utf8(listed.stdout).unwrap();
    let names = listed.lines().filter_map(|line| line.split(' ').next());
    let names: Vec<String> = names.map(str::to_owned).collect();
    assert_eq!(
        names,
        Language::ALL.iter().map(|it| it.name()).collect::<Vec<_>>()
    );
    names
}

#[test]
fn files_are_written_and_then_up_to_date() {
    let folder = folder();
    let line = ["--witx", "clock.witx", "--lang", "rust,c", "--out", "out/a"];
    let check = [&line[..], &["--check"]].concat();

    let stale = run(folder.path(), &check);
    assert_eq!(stale.status.code(), Some(1));
    assert!(stderr(&stale).contains("2 generated files are not up to date"));
    assert!(
        files(&folder.path().join("out")).is_empty(),
        "a check writes nothing"
    );

    let written = run(folder.path(), &line);
    assert!(written.status.success(), "{}", stderr(&written));
    assert_eq!(stderr(&written).matches("wrote ").count(), 2);
    assert!(run(folder.path(), &check).status.success());

    // Another language of the same run changes no file.
    let one = [
        "--witx",
        "clock.witx",
        "--lang",
        "c",
        "--out",
        "out/a",
        "--check",
    ];
    assert!(run(folder.path(), &one).status.success());

    let path = folder.path().join("out/a/clock.h");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("clock_instant_t", "x")).unwrap();
    let stale = stderr(&run(folder.path(), &check));
    assert!(
        stale.contains("clock.h is not up to date") && stale.contains("    -"),
        "{stale}"
    );
    assert!(stale.contains("1 generated file is"), "{stale}");

    let version = concat!("witx-bindings ", env!("CARGO_PKG_VERSION"));
    fs::write(&path, text.replace(version, "witx-bindings 0.1.0")).unwrap();
    let stale = stderr(&run(folder.path(), &check));
    let said = format!("clock.h is of witx-bindings 0.1.0 and not of {version}; nothing else");
    assert!(stale.contains(&said), "{stale}");
}

#[test]
fn files_are_the_same_however_the_paths_are_written() {
    let folder = folder();
    let inner = folder.path().join("inner");
    fs::create_dir(&inner).unwrap();
    let absolute = folder.path().join("clock.witx");
    let languages = languages();
    let all = languages.join(",");
    let calls: [(&Path, &str, &str); 4] = [
        (folder.path(), "clock.witx", "one"),
        (folder.path(), "./inner/../clock.witx", "two"),
        (&inner, "../clock.witx", "../three"),
        (&inner, absolute.to_str().unwrap(), "../four"),
    ];
    for (cwd, witx, out) in calls {
        let output = run(cwd, &["--witx", witx, "--lang", &all, "--out", out]);
        assert!(output.status.success(), "{}", stderr(&output));
    }
    let first = files(&folder.path().join("one"));
    assert_eq!(first.len(), languages.len());
    for out in ["two", "three", "four"] {
        assert!(files(&folder.path().join(out)) == first, "{out}");
    }
    // Each language alone: the others of a run change nothing.
    for language in &languages {
        let line = ["--witx", "clock.witx", "--lang", language, "--out", "alone"];
        let output = run(folder.path(), &line);
        assert!(output.status.success(), "{}", stderr(&output));
    }
    assert!(files(&folder.path().join("alone")) == first);
}

#[test]
fn nothing_is_written_if_one_file_cannot_be() {
    let folder = folder();
    let out = folder.path().join("out");
    fs::create_dir_all(out.join("clock.zig")).unwrap();
    let line = [
        "--witx",
        "clock.witx",
        "--lang",
        "c,rust,zig",
        "--out",
        "out",
    ];
    let output = run(folder.path(), &line);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("clock.zig"), "{}", stderr(&output));
    assert_eq!(fs::read_dir(out).unwrap().count(), 1);
}

#[test]
fn a_renamed_file_has_the_same_api() {
    let folder = folder();
    fs::copy(
        folder.path().join("clock.witx"),
        folder.path().join("other.witx"),
    )
    .unwrap();
    for language in &languages() {
        let code = |file: &str| {
            let line = ["--witx", file, "--lang", language, "--out", "-"];
            let output = run(folder.path(), &line);
            let text = String::from_utf8(output.stdout).unwrap();
            assert!(text.contains("Generated from"), "{language}: {text}");
            // C++ includes the header of C, which has the name of the document.
            let header = file.replace(".witx", ".h");
            text.replace(file, "the document")
                .replace(&header, "the header")
        };
        assert!(code("clock.witx") == code("other.witx"), "{language}");
    }
}

#[test]
fn documents_come_from_stdin_and_files_go_to_stdout() {
    let folder = folder();
    let line = ["--witx", "-", "--lang", "c", "--out", "-"];
    let mut child = command(folder.path(), &line)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(CLOCK.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.starts_with("// clang-format off\n// Generated from stdin. Do not edit.\n"),
        "{text}"
    );
    assert!(
        text.contains("clock_errno_t clock_now(clock_instant_t *instant);"),
        "{text}"
    );
}

/// The files are named after the first document, which stdin need not be.
#[test]
fn documents_come_from_stdin_and_from_files_in_one_run() {
    let folder = folder();
    let text = "(use \"clock.witx\")\n(module $other (@interface func (export \"f\")))";
    for (order, stem, head) in [
        (["clock.witx", "-"], "clock", "clock.witx, stdin"),
        (["-", "clock.witx"], "stdin", "stdin, clock.witx"),
    ] {
        let line = [&["--witx"], &order[..], &["--lang", "c", "--out", "out"]].concat();
        let mut child = command(folder.path(), &line)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(text.as_bytes()).unwrap();
        drop(stdin);
        assert!(child.wait().unwrap().success());
        let path = folder.path().join(format!("out/{stem}.h"));
        let text = fs::read_to_string(path).unwrap();
        let head = format!("// clang-format off\n// Generated from {head}. Do not edit.\n");
        assert!(text.starts_with(&head), "{text}");
        assert!(
            text.contains(" clock_now(") && text.contains("void other_f(void);"),
            "{text}"
        );
    }
}

#[test]
fn a_file_can_have_any_name_and_head() {
    let folder = folder();
    let line = [
        "--witx",
        "clock.witx",
        "--lang",
        "c",
        "--out-file",
        "include/api.h",
    ];
    let more = ["--command", "make bindings", "--c-prefix", "__wasi_"];
    let output = run(folder.path(), &[&line[..], &more].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    let text = fs::read_to_string(folder.path().join("include/api.h")).unwrap();
    let head =
        "// clang-format off\n// Generated from clock.witx by 'make bindings'. Do not edit.\n";
    assert!(text.starts_with(head), "{text}");
    assert!(text.contains("__wasi_errno_t __wasi_now("), "{text}");
    assert!(text.contains("#define __WASI_ERRNO_FAULT"), "{text}");

    let output = run(
        folder.path(),
        &[
            "--witx",
            "clock.witx",
            "--lang",
            "c",
            "--out",
            "-",
            "--c-prefix",
            "1-",
        ],
    );
    assert!(stderr(&output).contains("names in C cannot start with `1-`"));
}

#[test]
fn a_document_is_checked_without_a_language() {
    let folder = folder();
    let good = run(folder.path(), &["--witx", "clock.witx"]);
    assert!(good.status.success() && good.stderr.is_empty() && good.stdout.is_empty());
    fs::write(
        folder.path().join("bad.witx"),
        "(typename $a $b)\n(typename $c $d)\n",
    )
    .unwrap();
    let bad = run(folder.path(), &["--witx", "bad.witx"]);
    assert_eq!(bad.status.code(), Some(1));
    for place in ["bad.witx:1:14: error: ", "bad.witx:2:14: error: "] {
        assert!(stderr(&bad).contains(place), "{}", stderr(&bad));
    }
    let missing = run(folder.path(), &["--witx", "missing.witx"]);
    assert!(stderr(&missing).starts_with("error: cannot read `missing.witx`: "));
    let folder_itself = run(folder.path(), &["--witx", "."]);
    assert!(stderr(&folder_itself).starts_with("error: cannot read `.`: "));
}

/// An empty module is odd, which has a name.
#[test]
fn warnings_are_shown_denied_or_allowed() {
    let folder = folder();
    fs::write(folder.path().join("odd.witx"), "(module $m)\n").unwrap();
    let cases: [(&[&str], i32, &str); 7] = [
        (&[], 0, "warning: "),
        (&["--warnings", "allow"], 0, ""),
        (&["--warnings", "deny"], 1, "error: "),
        (&["--deny", "no_functions"], 1, "error: "),
        (&["--allow", "no_functions"], 0, ""),
        (&["--warnings", "deny", "--allow", "no_functions"], 0, ""),
        (
            &["--warnings", "deny", "--allow", "success_first"],
            1,
            "error: ",
        ),
    ];
    for (options, status, said) in cases {
        let line = [
            &["--witx", "odd.witx", "--lang", "c", "--out", "out"],
            options,
        ]
        .concat();
        let output = run(folder.path(), &line);
        let text = stderr(&output)
            .replace("wrote out/odd.h\n", "")
            .replace("all files are up to date (1)\n", "");
        assert_eq!(output.status.code(), Some(status), "{options:?}: {text}");
        assert!(
            text.contains(said) && text.is_empty() == said.is_empty(),
            "{options:?}: {text}"
        );
        assert_eq!(
            folder.path().join("out/odd.h").exists(),
            status == 0,
            "{options:?}"
        );
        let _ = fs::remove_dir_all(folder.path().join("out"));
    }
    let unknown = run(folder.path(), &["--witx", "odd.witx", "--deny", "nothing"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(
        stderr(&unknown).contains("no_functions"),
        "{}",
        stderr(&unknown)
    );
}

#[test]
fn messages_are_json_for_editors() {
    let folder = folder();
    let text = "(module $m)\n(;größe;) (typename $a $instnat)\n(typename $instant u64)\n";
    fs::write(folder.path().join("bad.witx"), text).unwrap();
    let messages = |arguments: &[&str]| -> Vec<serde_json::Value> {
        let output = run(
            folder.path(),
            &[arguments, &["--message-format", "json"]].concat(),
        );
        let text = stderr(&output);
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    let found = messages(&["--witx", "bad.witx"]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["severity"], "error");
    assert_eq!(found[0]["file"], "bad.witx");
    assert_eq!(
        (&found[0]["line"], &found[0]["column"]),
        (&2.into(), &24.into())
    );
    assert!(found[0]["message"].as_str().unwrap().contains("`$instnat`"));
    assert!(
        found[0]["rendered"]
            .as_str()
            .unwrap()
            .starts_with("bad.witx:2:24: error: ")
    );

    fs::write(folder.path().join("odd.witx"), "(module $m)\n").unwrap();
    let found = messages(&["--witx", "odd.witx"]);
    assert_eq!(
        (&found[0]["severity"], &found[0]["rule"]),
        (&"warning".into(), &"no_functions".into())
    );

    let found = messages(&[
        "--witx",
        "clock.witx",
        "--lang",
        "c",
        "--out",
        ".",
        "--check",
    ]);
    assert_eq!(found[0]["message"], "./clock.h is missing");
    assert_eq!(found[0]["file"], "./clock.h");
    assert_eq!(found[1]["file"], serde_json::Value::Null);
}

#[test]
fn colours_are_for_terminals() {
    let folder = folder();
    fs::write(folder.path().join("bad.witx"), "(typename $a $b)\n").unwrap();
    let plain = run(folder.path(), &["--witx", "bad.witx"]);
    assert!(!stderr(&plain).contains('\x1b'));
    let mut forced = command(folder.path(), &["--witx", "bad.witx"]);
    let forced = stderr(&forced.env("CLICOLOR_FORCE", "1").output().unwrap());
    assert!(forced.contains("\x1b["), "{forced}");
    let mut without = String::new();
    for (index, part) in forced.split('\x1b').enumerate() {
        without.push_str(if index == 0 {
            part
        } else {
            part.split_once('m').unwrap().1
        });
    }
    assert_eq!(without, stderr(&plain));
}

#[test]
fn arguments_that_make_no_sense_are_refused() {
    let folder = folder();
    let cases: [(&[&str], i32, &str); 6] = [
        (&[], 2, "--witx"),
        (&["--witx", "clock.witx", "--lang", "c"], 2, "--out"),
        (&["--witx", "clock.witx", "--out", "out"], 2, "--lang"),
        (
            &["--witx", "clock.witx", "--lang", "cobol", "--out", "-"],
            2,
            "there are rust, ",
        ),
        (
            &["--witx", "clock.witx", "--lang", "c,zig", "--out", "-"],
            1,
            "only one language",
        ),
        (
            &[
                "--witx",
                "clock.witx",
                "--lang",
                "c",
                "--out",
                "-",
                "--check",
            ],
            1,
            "nothing to compare",
        ),
    ];
    for (arguments, status, said) in cases {
        let output = run(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}");
        assert!(
            stderr(&output).contains(said),
            "{arguments:?}: {}",
            stderr(&output)
        );
    }
}

#[test]
fn languages_are_listed() {
    let output = run(Path::new("."), &["--list-langs"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    assert!(text.contains("rust            NAME.rs"), "{text}");
}
