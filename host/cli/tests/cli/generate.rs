//! What packagers get from the hidden option `--generate`.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::harness::Directory;

/// The options in the help, such as `--allowed-host`.
fn options(help: &str) -> Vec<&str> {
    let words = help
        .lines()
        .filter(|line| line.trim_start().starts_with('-'));
    words
        .filter_map(|line| {
            let at = line.find("--")?;
            let end = line[at + 2..].find(|c: char| !(c.is_ascii_lowercase() || c == '-'));
            Some(&line[at..end.map_or(line.len(), |end| at + 2 + end)])
        })
        .collect()
}

#[test]
fn the_manual_and_the_completions_have_every_option() {
    let directory = Directory::new();
    let help = directory.run(&["--help"]).stdout;
    let options = options(&help);
    assert!(options.len() > 15, "{options:?}");
    assert!(!help.contains("--generate"), "{help}");
    for kind in ["man", "bash", "elvish", "fish", "powershell", "zsh"] {
        let text = directory.run(&["--generate", kind]).stdout;
        // roff escapes hyphens; fish has the dashes in options of its own.
        let text = text.replace("\\-", "-");
        for option in &options {
            let name = match kind {
                "fish" => option.trim_start_matches('-'),
                _ => option,
            };
            assert!(text.contains(name), "no {option} in {kind}:\n{text}");
        }
    }
}

#[test]
fn the_manual_has_the_sections_of_the_help_with_their_lines() {
    let page = Directory::new().run(&["--generate", "man"]).stdout;
    for title in ["HOSTS", "\"EXIT CODES\"", "ENVIRONMENT", "EXAMPLES"] {
        let title = format!("\n.SH {title}\n");
        assert!(page.contains(&title), "no {title} in:\n{page}");
    }
    assert!(
        page.contains("\n  insecure:allow\\-all        every host"),
        "{page}"
    );
}

#[test]
fn bash_reads_its_completions() {
    let text = Directory::new().run(&["--generate", "bash"]).stdout;
    let mut bash = Command::new("bash")
        .arg("-n")
        .stdin(Stdio::piped())
        .spawn()
        .expect("bash");
    let mut stdin = bash.stdin.take().expect("a pipe");
    stdin.write_all(text.as_bytes()).expect("bash reads");
    drop(stdin);
    assert!(bash.wait().expect("bash ends").success());
}

#[test]
fn a_kind_that_is_none_is_refused() {
    let output = Directory::new().run(&["--generate", "pdf"]);
    assert_eq!(output.code, Some(2), "{}", output.stderr);
    assert!(output.stderr.contains("man, bash"), "{}", output.stderr);
}
