//! The manual page and the completions, as those judge them who read them.

use std::process::{Command, Output};

use crate::harness::Directory;

/// Writes what is generated to a file: its text.
fn generated(directory: &Directory, what: &str, file: &str) -> String {
    let outcome = directory.run(&["--generate", what]);
    assert_eq!((outcome.code, &*outcome.stderr), (Some(0), ""));
    directory.write(file, &outcome.stdout);
    outcome.stdout
}

/// Runs a program in the directory; `None` if it is not installed.
fn judge(directory: &Directory, program: &str, arguments: &[&str]) -> Option<Output> {
    let mut command = Command::new(program);
    let command = command.current_dir(directory.path()).args(arguments);
    match command.output() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        result => Some(result.unwrap()),
    }
}

#[test]
fn the_manual_page_has_every_option_and_is_well_formed() {
    let directory = Directory::new();
    let page = generated(&directory, "man", "wasmtime-http.1");
    let help = directory.run(&["--help"]).stdout;
    let options = help
        .split_whitespace()
        .filter(|word| word.starts_with("--") && word.len() > 3 && word.is_ascii())
        .map(|word| word.split(['=', '[']).next().unwrap_or(word))
        .filter(|word| {
            word.bytes()
                .all(|byte| byte == b'-' || byte.is_ascii_lowercase())
        });
    let mut count = 0;
    for option in options {
        let written = option.replace('-', "\\-");
        assert!(page.contains(&written), "{option}");
        count += 1;
    }
    assert!(count > 30, "{count}");
    assert!(!page.contains("generate"), "a hidden option is shown");
    // The tables of the help keep their lines.
    assert!(page.contains("\n.SH EXIT CODES\n.nf\n"), "{page}");
    if let Some(output) = judge(
        &directory,
        "mandoc",
        &["-Tlint", "-Werror", "wasmtime-http.1"],
    ) {
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{text}");
    }
}

#[test]
fn completions_are_scripts_of_their_shells() {
    let directory = Directory::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = generated(&directory, shell, shell);
        assert!(script.contains("allowed-host"), "{shell}");
        if let Some(output) = judge(&directory, shell, &["-n", shell]) {
            let text = String::from_utf8_lossy(&output.stderr);
            assert!(
                output.status.success() && text.is_empty(),
                "{shell}: {text}"
            );
        }
    }
}

#[test]
fn a_shell_completes_options() {
    let directory = Directory::new();
    generated(&directory, "bash", "completion");
    let script = "source ./completion
        COMP_WORDS=(wasmtime-http --allow); COMP_CWORD=1
        function=$(complete -p wasmtime-http | sed 's/.* -F \\([^ ]*\\).*/\\1/')
        $function wasmtime-http --allow wasmtime-http
        echo \"${COMPREPLY[@]}\"";
    let output = judge(&directory, "bash", &["-c", script]).expect("bash");
    let text = String::from_utf8_lossy(&output.stdout);
    let mut options: Vec<&str> = text.split_whitespace().collect();
    options.sort_unstable();
    assert_eq!(
        options,
        ["--allow-precompiled", "--allow-private", "--allowed-host"]
    );
}

#[test]
fn what_is_generated_stands_alone_on_the_command_line() {
    let directory = Directory::new();
    directory
        .run(&["--generate", "bash", "module.wasm"])
        .fails(2, &["--generate"]);
    directory
        .run(&["--generate", "powershell"])
        .fails(2, &["man", "bash", "zsh", "fish"]);
    directory.run(&[]).fails(2, &["<module>"]);
}
