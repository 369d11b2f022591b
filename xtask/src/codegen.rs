//! `cargo xtask codegen`: generates bindings from WITX files, or compares them with the files
//! that are there.
//!
//! The generator itself is the crate `wasi-experimental-http-codegen`; here is only what is
//! generated from what, and where it goes: [`Job`]s. One is written down here, for the generated
//! files of this repository; others come from the command line.

use std::fmt::Write as _;
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use similar::TextDiff;
use wasi_experimental_http_codegen::{
    Document, GuestFaults, Language, Lints, Options, UnknownLanguage, generate, json_schema,
};

use crate::project;

/// The document that the files of this repository are generated from.
const WITX: &str = "witx/wasi_experimental_http.witx";

/// The generated files of this repository, below the workspace's root.
const OUTPUTS: [(Language, &str); 4] = [
    (Language::Rust, "guest-rust/src/generated.rs"),
    (Language::AssemblyScript, "guest-as/assembly/generated.ts"),
    (Language::Wiggle, "host/src/generated.rs"),
    (Language::Markdown, "witx/wasi_experimental_http.md"),
];

/// The schema of what the generator writes as JSON, which is generated with them.
const JSON_SCHEMA: &str = "codegen/json.schema.json";

/// The command that makes the outputs up to date.
const COMMAND: &str = "cargo xtask codegen";

/// How many lines of a difference are shown for a file.
const MAX_DIFF_LINES: usize = 20;

/// The arguments of `cargo xtask codegen`.
#[derive(clap::Args, Default)]
pub struct CodegenArgs {
    /// The WITX documents to read as one; without it, the generated files of this repository are
    /// made from its own document
    #[arg(long, value_name = "FILE", num_args = 1.., requires = "lang", requires = "out")]
    pub witx: Vec<PathBuf>,

    /// The languages to generate, with commas between them; see --list-langs
    #[arg(
        long,
        value_name = "LANG",
        value_delimiter = ',',
        value_parser = language,
        requires = "witx"
    )]
    pub lang: Vec<Language>,

    /// The folder where the files go, one for each language, named after the first document; or
    /// `-` for stdout, with one language
    #[arg(long, value_name = "DIR", requires = "witx")]
    pub out: Option<PathBuf>,

    /// Compare instead of write: show what is not up to date, and fail if anything is
    #[arg(long)]
    pub check: bool,

    /// Make a warning an error, by its name or by `warnings` for all
    #[arg(long, value_name = "NAME")]
    pub deny: Vec<String>,

    /// Leave a warning out, by its name or by `warnings` for all
    #[arg(long, value_name = "NAME")]
    pub allow: Vec<String>,

    /// A module, function or parameter whose pointers to bytes are no slices, as
    /// `module.function.parameter`: the host uses them after the call
    #[arg(long, value_name = "NAME", requires = "witx")]
    pub keep_pointers: Vec<String>,

    /// Show the languages, with the names of their files and what they are for
    #[arg(long, conflicts_with_all = ["witx", "check"])]
    pub list_langs: bool,
}

fn language(name: &str) -> Result<Language, String> {
    name.trim().parse().map_err(|error: UnknownLanguage| {
        let names: Vec<&str> = Language::ALL.iter().map(|l| l.name()).collect();
        format!("{error}; there are {}", names.join(", "))
    })
}

/// What is generated from which documents, and where it goes.
struct Job {
    /// Below the root, or absolute.
    witx: Vec<PathBuf>,
    stem: String,
    outputs: Vec<(Language, PathBuf)>,
    /// The command that does this job.
    command: String,
    /// Which warnings are errors or left out.
    lints: Lints,
    /// What [`Document::keep_pointers`] is told.
    keep_pointers: Vec<String>,
}

impl Job {
    /// The generated files of this repository.
    fn of_repository(lints: Lints) -> Job {
        Job {
            witx: vec![WITX.into()],
            stem: "wasi_experimental_http".to_owned(),
            outputs: OUTPUTS.map(|(lang, path)| (lang, path.into())).to_vec(),
            command: COMMAND.to_owned(),
            lints,
            keep_pointers: Vec::new(),
        }
    }

    /// What the command line asks for, with the files in `folder`.
    fn of_arguments(
        witx: &[PathBuf],
        languages: &[Language],
        folder: &Path,
        lints: Lints,
    ) -> Result<Job> {
        let stem = witx[0].file_stem().and_then(|stem| stem.to_str());
        let stem = stem
            .with_context(|| format!("`{}` is no name of a file", witx[0].display()))?
            .to_owned();
        let mut languages = languages.to_vec();
        languages.sort();
        languages.dedup();
        let names: Vec<&str> = languages.iter().map(|lang| lang.name()).collect();
        let command = format!("{COMMAND} --lang {}", names.join(","));
        let outputs = languages.into_iter();
        let outputs = outputs.map(|lang| (lang, folder.join(lang.file_name(&stem))));
        Ok(Job {
            witx: witx.to_vec(),
            outputs: outputs.collect(),
            stem,
            command,
            lints,
            keep_pointers: Vec::new(),
        })
    }

    /// The text of each output.
    fn generate(&self, root: &Path) -> Result<Vec<(&Path, String)>> {
        // The faults of a document are shown with its path as it was given.
        let mut document = Document::load_with(&self.witx, |path| fs::read(root.join(path)))?;
        let mut names = self.keep_pointers.iter();
        names.try_for_each(|name| document.keep_pointers(name))?;
        // Not the whole path: that is another one on each machine.
        let names = self.witx.iter().map(|path| {
            let name = path.is_absolute().then(|| path.file_name()).flatten();
            name.map_or_else(|| path.display(), |name| Path::new(name).display())
        });
        let options = Options {
            stem: self.stem.clone(),
            source: names.map(|n| n.to_string()).collect::<Vec<_>>().join(", "),
            command: self.command.clone(),
            faults: GuestFaults {
                invalid_value: ["invalid_option", "inval"].map(str::to_owned).to_vec(),
                ..GuestFaults::default()
            },
        };
        let languages: Vec<Language> = self.outputs.iter().map(|&(lang, _)| lang).collect();
        let generated = generate(&document, &languages, &options)?;
        for warning in self.lints.apply(&generated.warnings)? {
            eprintln!("{warning}\n");
        }
        let files = generated.files;
        let paths = self.outputs.iter().map(|(_, path)| path.as_path());
        Ok(paths.zip(files.into_iter().map(|f| f.contents)).collect())
    }

    /// Makes all outputs up to date, unless they are only to be checked; paths are below `root`.
    /// Gives those that were not.
    fn update(&self, root: &Path, check: bool) -> Result<Vec<(&Path, Difference)>> {
        let mut stale = Vec::new();
        for (path, contents) in self.generate(root)? {
            let action = if check { "check" } else { "write" };
            let difference = ensure(&root.join(path), &contents, check)
                .with_context(|| format!("cannot {action} {}", path.display()))?;
            stale.extend(difference.map(|difference| (path, difference)));
        }
        Ok(stale)
    }

    /// Shows every file that is not up to date, and fails if there is one.
    fn report(&self, stale: &[(&Path, Difference)]) -> Result<()> {
        if stale.is_empty() {
            return Ok(());
        }
        for (path, difference) in stale {
            let path = path.display();
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
        match self.command.as_str() {
            COMMAND => bail!("{files} not up to date; run `{COMMAND}` and commit the result"),
            _ => bail!("{files} not up to date; run the same command without `--check`"),
        }
    }
}

/// Generates what the arguments say, and writes or compares it.
pub fn run(args: &CodegenArgs) -> Result<()> {
    if args.list_langs {
        for language in Language::ALL.iter().copied() {
            let file = language.file_name("NAME");
            println!("{:<15} {file:<15} {}", language.name(), language.purpose());
        }
        return Ok(());
    }
    let mut lints = Lints::default();
    args.deny.iter().try_for_each(|name| lints.deny(name))?;
    args.allow.iter().try_for_each(|name| lints.allow(name))?;
    let (job, root) = match &args.out {
        None => (Job::of_repository(lints), project::root()),
        Some(out) => {
            let is_stdout = out == Path::new("-");
            let mut job = Job::of_arguments(&args.witx, &args.lang, out, lints)?;
            job.keep_pointers.clone_from(&args.keep_pointers);
            if is_stdout {
                if job.outputs.len() != 1 {
                    bail!("only one language can be written to stdout");
                }
                if args.check {
                    bail!("there is nothing to compare with on stdout: give --out a folder");
                }
                let contents = job.generate(Path::new(""))?.remove(0).1;
                // A reader that wants no more is no fault of ours.
                return match std::io::stdout().write_all(contents.as_bytes()) {
                    Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
                    _ => Ok(()),
                };
            }
            (job, Path::new(""))
        }
    };
    let mut stale = job.update(root, args.check)?;
    if args.out.is_none() {
        let difference = ensure(&root.join(JSON_SCHEMA), &json_schema()?, args.check)
            .with_context(|| format!("cannot write {JSON_SCHEMA}"))?;
        stale.extend(difference.map(|difference| (Path::new(JSON_SCHEMA), difference)));
    }
    if args.check {
        return job.report(&stale);
    }
    match stale.len() {
        0 => eprintln!("all {} generated files are up to date", job.outputs.len()),
        _ => stale
            .iter()
            .for_each(|(path, _)| eprintln!("wrote {}", path.display())),
    }
    Ok(())
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

    fn names<'a>(stale: &[(&'a Path, Difference)]) -> Vec<&'a str> {
        stale
            .iter()
            .map(|(path, _)| path.to_str().unwrap())
            .collect()
    }

    #[test]
    fn writes_what_is_missing_and_then_nothing() {
        let job = Job::of_repository(Lints::default());
        let workspace = Workspace::new("writes");
        let all = OUTPUTS.map(|(_, path)| path);
        assert_eq!(names(&job.update(&workspace.0, true).unwrap()), all);
        assert!(!workspace.0.join(all[0]).exists(), "a check writes nothing");
        assert_eq!(names(&job.update(&workspace.0, false).unwrap()), all);
        assert!(job.update(&workspace.0, true).unwrap().is_empty());
        assert!(job.update(&workspace.0, false).unwrap().is_empty());
    }

    #[test]
    fn every_stale_file_is_found_with_its_difference() {
        let job = Job::of_repository(Lints::default());
        let workspace = Workspace::new("stale");
        job.update(&workspace.0, false).unwrap();
        let (rust, host) = (OUTPUTS[0].1, OUTPUTS[2].1);
        for path in [rust, host] {
            let path = workspace.0.join(path);
            let changed = fs::read_to_string(&path)
                .unwrap()
                .replace("Do not edit", "Edited");
            fs::write(&path, changed).unwrap();
        }
        let stale = job.update(&workspace.0, true).unwrap();
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
        let error = job.report(&stale).unwrap_err().to_string();
        assert!(
            error.contains("2 generated files") && error.contains(COMMAND),
            "{error}"
        );
    }

    #[test]
    fn line_ends_of_windows_are_no_difference() {
        let job = Job::of_repository(Lints::default());
        let workspace = Workspace::new("windows");
        job.update(&workspace.0, false).unwrap();
        for (_, path) in OUTPUTS {
            let path = workspace.0.join(path);
            let text = fs::read_to_string(&path).unwrap().replace('\n', "\r\n");
            fs::write(&path, text).unwrap();
        }
        assert!(job.update(&workspace.0, true).unwrap().is_empty());
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
        let job = Job::of_repository(Lints::default());
        let workspace = Workspace::new("fault");
        fs::write(workspace.0.join(WITX), "(typename $a $b)\n").unwrap();
        let error = job.update(&workspace.0, false).err().unwrap().to_string();
        assert!(
            error.starts_with("witx/wasi_experimental_http.witx:1:14: error"),
            "{error}"
        );
    }

    #[test]
    fn other_documents_are_generated_into_a_folder() {
        let workspace = Workspace::new("others");
        let witx = [workspace.0.join(WITX)];
        let out = workspace.0.join("out");
        let languages = [Language::C, Language::Json, Language::C];
        let job = Job::of_arguments(&witx, &languages, &out, Lints::default()).unwrap();
        let stale = job.update(Path::new(""), false).unwrap();
        assert_eq!(stale.len(), 2);
        let header = fs::read_to_string(out.join("wasi_experimental_http.h")).unwrap();
        assert!(
            header.starts_with(
                "// Generated from wasi_experimental_http.witx by \
                 'cargo xtask codegen --lang c,json'. Do not edit."
            ),
            "{header}"
        );
        assert!(job.update(Path::new(""), true).unwrap().is_empty());
        fs::write(out.join("wasi_experimental_http.json"), "").unwrap();
        let stale = job.update(Path::new(""), true).unwrap();
        let error = job.report(&stale).unwrap_err().to_string();
        assert!(error.contains("without `--check`"), "{error}");
    }

    #[test]
    fn an_unknown_language_is_answered_with_those_there_are() {
        let error = language("cobol").unwrap_err();
        assert!(
            error.contains("`cobol`") && error.contains("assemblyscript, c, zig"),
            "{error}"
        );
    }
}
