//! `cargo xtask codegen`: writes the generated files of this repository, or compares them.
//!
//! The generator itself is the crate `wasi-experimental-http-codegen`; here is only what is
//! generated from what, and where it goes.

use std::fmt::Write as _;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result, bail};
use similar::TextDiff;
use wasi_experimental_http_codegen::{Document, GuestFaults, Language, Options, generate};

use crate::project;

/// The document that everything is generated from.
const WITX: &str = "witx/wasi_experimental_http.witx";

/// The outputs: what is generated, and where it goes below the workspace's root.
const OUTPUTS: [(Language, &str); 4] = [
    (Language::Rust, "guest-rust/src/generated.rs"),
    (Language::AssemblyScript, "guest-as/assembly/generated.ts"),
    (Language::Wiggle, "host/src/generated.rs"),
    (Language::Markdown, "witx/wasi_experimental_http.md"),
];

/// The command that makes the outputs up to date.
const COMMAND: &str = "cargo xtask codegen";

/// How many lines of a difference are shown for a file.
const MAX_DIFF_LINES: usize = 20;

/// The arguments of `cargo xtask codegen`.
#[derive(clap::Args)]
pub struct CodegenArgs {
    /// Compare instead of write: show what is not up to date, and fail if anything is
    #[arg(long)]
    pub check: bool,
}

/// Generates all outputs, and writes or compares them.
pub fn run(args: &CodegenArgs) -> Result<()> {
    let stale = update(project::root(), args.check)?;
    if args.check {
        return report(&stale);
    }
    match stale.len() {
        0 => eprintln!("all {} generated files are up to date", OUTPUTS.len()),
        _ => stale.iter().for_each(|(path, _)| eprintln!("wrote {path}")),
    }
    Ok(())
}

/// Makes all outputs below `root` up to date, unless they are only to be checked. Gives those
/// that were not.
fn update(root: &Path, check: bool) -> Result<Vec<(&'static str, Difference)>> {
    let mut stale = Vec::new();
    for (path, contents) in outputs(root)? {
        let difference = ensure(&root.join(path), &contents, check)
            .with_context(|| format!("cannot {} {path}", if check { "check" } else { "write" }))?;
        stale.extend(difference.map(|difference| (path, difference)));
    }
    Ok(stale)
}

/// The text of each output.
fn outputs(root: &Path) -> Result<Vec<(&'static str, String)>> {
    // The faults of a document are shown with its path below the root.
    let document = Document::load_with(&[WITX], |path| fs::read_to_string(root.join(path)))?;
    let options = Options {
        stem: "wasi_experimental_http".to_owned(),
        source: WITX.to_owned(),
        command: COMMAND.to_owned(),
        faults: GuestFaults::default(),
    };
    let files = generate(&document, &OUTPUTS.map(|(language, _)| language), &options)?;
    let paths = OUTPUTS.iter().map(|&(_, path)| path);
    Ok(paths
        .zip(files.into_iter().map(|file| file.contents))
        .collect())
}

/// Makes a file have these contents, unless it is only to be checked. Gives the difference if
/// it had others.
fn ensure(path: &Path, contents: &str, check: bool) -> std::io::Result<Option<Difference>> {
    let difference = match fs::read_to_string(path) {
        // Git may have been told to check out files with `\r\n`.
        Ok(old) if normalised(&old) == contents => return Ok(None),
        Ok(old) => Difference::Text(diff(&normalised(&old), contents)),
        Err(error) if error.kind() == ErrorKind::NotFound => Difference::Missing,
        Err(error) => return Err(error),
    };
    if !check {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        fs::write(path, contents)?;
    }
    Ok(Some(difference))
}

/// How a file differs from what is generated.
enum Difference {
    Missing,
    /// A unified diff from the file to what is generated.
    Text(String),
}

fn normalised(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// The start of a unified diff.
fn diff(old: &str, new: &str) -> String {
    let diff = TextDiff::from_lines(old, new);
    let unified = diff.unified_diff().context_radius(1).to_string();
    let lines: Vec<&str> = unified.lines().collect();
    let mut text = String::new();
    for line in lines.iter().take(MAX_DIFF_LINES) {
        let _ = writeln!(text, "    {line}");
    }
    if lines.len() > MAX_DIFF_LINES {
        let _ = writeln!(
            text,
            "    ... and {} more lines",
            lines.len() - MAX_DIFF_LINES
        );
    }
    text
}

/// Shows every file that is not up to date, and fails if there is one.
fn report(stale: &[(&str, Difference)]) -> Result<()> {
    if stale.is_empty() {
        return Ok(());
    }
    for (path, difference) in stale {
        match difference {
            Difference::Missing => eprintln!("{path} is missing\n"),
            Difference::Text(diff) => {
                eprintln!("{path} is not up to date (- as it is, + as it should be):\n{diff}");
            }
        }
    }
    let files = match stale.len() {
        1 => "1 generated file is".to_owned(),
        count => format!("{count} generated files are"),
    };
    bail!("{files} not up to date; run `{COMMAND}` and commit the result")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with the document in it, which is removed in the end.
    struct Workspace(std::path::PathBuf);

    impl Workspace {
        fn new(name: &str) -> Workspace {
            let name = format!("xtask-codegen-{name}-{}", std::process::id());
            let root = std::env::temp_dir().join(name);
            fs::create_dir_all(root.join("witx")).unwrap();
            fs::copy(project::root().join(WITX), root.join(WITX)).unwrap();
            Workspace(root)
        }
    }

    impl Drop for Workspace {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn names(stale: &[(&'static str, Difference)]) -> Vec<&'static str> {
        stale.iter().map(|(path, _)| *path).collect()
    }

    #[test]
    fn writes_what_is_missing_and_then_nothing() {
        let workspace = Workspace::new("writes");
        let all = OUTPUTS.map(|(_, path)| path);
        assert_eq!(names(&update(&workspace.0, true).unwrap()), all);
        assert!(!workspace.0.join(all[0]).exists(), "a check writes nothing");
        assert_eq!(names(&update(&workspace.0, false).unwrap()), all);
        assert!(update(&workspace.0, true).unwrap().is_empty());
        assert!(update(&workspace.0, false).unwrap().is_empty());
    }

    #[test]
    fn every_stale_file_is_found_with_its_difference() {
        let workspace = Workspace::new("stale");
        update(&workspace.0, false).unwrap();
        let (rust, host) = (OUTPUTS[0].1, OUTPUTS[2].1);
        for path in [rust, host] {
            let path = workspace.0.join(path);
            let changed = fs::read_to_string(&path)
                .unwrap()
                .replace("Do not edit", "Edited");
            fs::write(&path, changed).unwrap();
        }
        let stale = update(&workspace.0, true).unwrap();
        assert_eq!(names(&stale), [rust, host]);
        for (_, difference) in &stale {
            let Difference::Text(diff) = difference else {
                panic!("the file is there");
            };
            assert!(diff.contains("    -") && diff.contains("Edited."), "{diff}");
            assert!(
                diff.contains("    +") && diff.contains("Do not edit."),
                "{diff}"
            );
        }
        let error = report(&stale).unwrap_err().to_string();
        assert!(
            error.contains("2 generated files") && error.contains(COMMAND),
            "{error}"
        );
    }

    #[test]
    fn line_ends_of_windows_are_no_difference() {
        let workspace = Workspace::new("windows");
        update(&workspace.0, false).unwrap();
        for (_, path) in OUTPUTS {
            let path = workspace.0.join(path);
            let text = fs::read_to_string(&path).unwrap().replace('\n', "\r\n");
            fs::write(&path, text).unwrap();
        }
        assert!(update(&workspace.0, true).unwrap().is_empty());
    }

    #[test]
    fn a_long_difference_is_cut() {
        let new: String = (0..100).map(|n| format!("{n}\n")).collect();
        let diff = diff("", &new);
        assert_eq!(diff.lines().count(), MAX_DIFF_LINES + 1);
        assert!(diff.ends_with("more lines\n"), "{diff}");
    }

    #[test]
    fn a_fault_in_the_document_is_shown_with_its_place() {
        let workspace = Workspace::new("fault");
        fs::write(workspace.0.join(WITX), "(typename $a $b)\n").unwrap();
        let error = update(&workspace.0, false).err().unwrap().to_string();
        assert!(
            error.starts_with("witx/wasi_experimental_http.witx:1:14: error"),
            "{error}"
        );
    }
}
