//! The command `witx-bindings`, as a library for other commands that do the same: its
//! [`Arguments`], which `clap` can flatten into those of another command, and [`run`].
//!
//! The generator itself is the crate `wasi-experimental-http-codegen`; here is only what a command
//! line can say, and what is said to its user.
#![deny(missing_docs)]

mod difference;
mod report;

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use wasi_experimental_http_codegen::files::{self, Output};
use wasi_experimental_http_codegen::{
    Diagnostic, Document, Error, Language, Lints, Options, UnknownLanguage, UnknownLint, generate,
};

pub use report::{MessageFormat, Reporter};

/// What the command does, for its help.
pub const HELP: &str = "\
Generates language bindings and a reference from WITX documents.

  witx-bindings --witx clock.witx --lang rust,c --out bindings
  witx-bindings --witx clock.witx --lang rust,c --out bindings --check
  witx-bindings --witx - --lang markdown --out - <clock.witx
  witx-bindings --witx clock.witx

The last one only checks the document. Files that a document uses are found beside it. Faults are
shown with their places, all in one run. The files of a run are written all or, if anything is
wrong, none.

Exit status: 0 if all is well; 1 for faults, denied warnings, and files that are not up to date;
2 for arguments that make no sense.";

/// The path that stands for stdin or stdout.
const STANDARD: &str = "-";

/// The arguments of the command.
#[derive(clap::Args, Clone, Debug, Default)]
#[non_exhaustive]
pub struct Arguments {
    /// The WITX documents to read as one, or `-` for one on stdin. Without --lang, they are only
    /// checked
    #[arg(long, value_name = "FILE", num_args = 1.., required_unless_present = "list_langs")]
    pub witx: Vec<PathBuf>,

    /// The languages to generate, with commas between them; see --list-langs
    #[arg(
        long,
        value_name = "LANG",
        value_delimiter = ',',
        value_parser = language,
        requires = "target"
    )]
    pub lang: Vec<Language>,

    /// The folder where the files go, one for each language, named after the first document; or
    /// `-` for stdout, with one language
    #[arg(long, value_name = "DIR", requires = "lang", group = "target")]
    pub out: Option<PathBuf>,

    /// The file to write, with one language
    #[arg(long, value_name = "FILE", requires = "lang", group = "target")]
    pub out_file: Option<PathBuf>,

    /// Name the files after this, and not after the first document
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// Say in the head of the files that this command makes them
    #[arg(long, value_name = "COMMAND")]
    pub command: Option<String>,

    /// What names in C and C++ start with, in place of the name of the module: `__wasi_`, say
    #[arg(long, value_name = "PREFIX")]
    pub c_prefix: Option<String>,

    /// The package of the Go file, in place of the name of the module
    #[arg(long, value_name = "NAME")]
    pub go_package: Option<String>,

    /// Give a wiggle host a linker for asynchronous stores as well, behind this cargo feature
    #[arg(long, value_name = "FEATURE")]
    pub async_feature: Option<String>,

    /// A module, function or parameter whose pointers to bytes are no slices, as
    /// `module.function.parameter`: the host uses them after the call
    #[arg(long, value_name = "NAME", requires = "witx")]
    pub keep_pointers: Vec<String>,

    /// Compare instead of write: show what is not up to date, and fail if anything is
    #[arg(long, requires = "lang")]
    pub check: bool,

    /// What becomes of warnings, unless --deny or --allow names them
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = Warnings::Show)]
    pub warnings: Warnings,

    /// Treat the warning of this name as an error; `warnings` is all of them
    #[arg(long, value_name = "NAME", value_parser = lint, conflicts_with = "list_langs")]
    pub deny: Vec<String>,

    /// Do not show the warning of this name; `warnings` is all of them
    #[arg(long, value_name = "NAME", value_parser = lint, conflicts_with = "list_langs")]
    pub allow: Vec<String>,

    /// How messages are written to stderr
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = MessageFormat::Human)]
    pub message_format: MessageFormat,

    /// Show the languages, with the names of their files and what they are for
    #[arg(long, conflicts_with_all = ["witx", "lang", "check"])]
    pub list_langs: bool,
}

/// What becomes of warnings.
#[derive(clap::ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warnings {
    /// They are shown
    #[default]
    Show,
    /// They are errors, and nothing is generated
    Deny,
    /// They are not shown
    Allow,
}

fn language(name: &str) -> Result<Language, String> {
    name.trim().parse().map_err(|error: UnknownLanguage| {
        let names: Vec<&str> = Language::ALL.iter().map(|l| l.name()).collect();
        format!("{error}; there are {}", names.join(", "))
    })
}

fn lint(name: &str) -> Result<String, UnknownLint> {
    Lints::default().allow(name).map(|()| name.to_owned())
}

/// A failure that the user has been told about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reported;

impl std::fmt::Display for Reported {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("it failed, as was said")
    }
}

impl std::error::Error for Reported {}

/// Does what the arguments say, and tells the user.
pub fn run(arguments: &Arguments) -> ExitCode {
    let result = if arguments.list_langs {
        to_stdout(&list_of_languages())
    } else {
        generate_and_write(arguments)
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Reported) => ExitCode::FAILURE,
    }
}

fn list_of_languages() -> String {
    let languages = Language::ALL.iter().map(|language| {
        let (name, file) = (language.name(), language.file_name("NAME"));
        format!("{name:<15} {file:<15} {}\n", language.purpose())
    });
    languages.collect()
}

fn generate_and_write(arguments: &Arguments) -> Result<(), Reported> {
    let reporter = Reporter::new(arguments.message_format);
    let outputs = outputs(arguments, &reporter)?;
    match &outputs[..] {
        [output] if is_standard(&output.path) => to_stdout(&output.contents),
        [] => Ok(()),
        outputs => update(outputs, arguments.check, "without `--check`", &reporter),
    }
}

/// Reads the documents and generates what the arguments ask for, but writes nothing: for each
/// language where its file belongs, and what should be in it.
///
/// # Errors
///
/// Faults of the documents, and warnings that are denied.
pub fn outputs(arguments: &Arguments, reporter: &Reporter) -> Result<Vec<Output>, Reported> {
    let mut languages = arguments.lang.clone();
    languages.sort();
    languages.dedup();
    let one_file =
        arguments.out_file.is_some() || arguments.out.as_deref().is_some_and(is_standard);
    if one_file && languages.len() != 1 {
        return Err(reporter.error("only one language can be written to one file"));
    }
    if arguments.check && arguments.out.as_deref().is_some_and(is_standard) {
        let message = "there is nothing to compare with on stdout: give --out a folder";
        return Err(reporter.error(message));
    }
    let mut document = load(&arguments.witx, reporter)?;
    for name in &arguments.keep_pointers {
        let kept = document.keep_pointers(name);
        kept.map_err(|error| reporter.error(&error.to_string()))?;
    }
    show_warnings(arguments, document.warnings(), reporter)?;
    let named = arguments.witx.iter().map(|path| match is_standard(path) {
        true => Path::new("stdin"),
        false => path,
    });
    let mut options = Options::of_files(&named.collect::<Vec<_>>());
    options.command.clone_from(&arguments.command);
    options.c_prefix.clone_from(&arguments.c_prefix);
    options.go_package.clone_from(&arguments.go_package);
    options.async_feature.clone_from(&arguments.async_feature);
    if let Some(name) = &arguments.name {
        options.stem.clone_from(name);
    }
    let generated = generate(&document, &languages, &options);
    let generated = generated.map_err(|error| reporter.failure(&error))?;
    let outputs = generated.files.into_iter().map(|file| Output {
        path: match (&arguments.out_file, &arguments.out) {
            (Some(path), _) => path.clone(),
            (None, Some(folder)) if !is_standard(folder) => folder.join(file.name),
            _ => PathBuf::from(STANDARD),
        },
        contents: file.contents,
    });
    Ok(outputs.collect())
}

fn is_standard(path: &Path) -> bool {
    path == Path::new(STANDARD)
}

fn load(paths: &[PathBuf], reporter: &Reporter) -> Result<Document, Reported> {
    let document = if paths.iter().any(|path| is_standard(path)) {
        Document::load_with(paths, |path| {
            if !is_standard(path) {
                return fs::read(path);
            }
            let mut bytes = Vec::new();
            io::stdin().read_to_end(&mut bytes).map(|_| bytes)
        })
    } else {
        Document::load(paths)
    };
    document.map_err(|error| reporter.failure(&error))
}

/// Shows the warnings that are not allowed; those that are denied are errors.
fn show_warnings(
    arguments: &Arguments,
    warnings: &[Diagnostic],
    reporter: &Reporter,
) -> Result<(), Reported> {
    let lints = lints(arguments).map_err(|error| reporter.error(&error.to_string()))?;
    let shown = lints.apply(warnings);
    let shown = shown.map_err(|error| reporter.failure(&error))?;
    shown
        .iter()
        .for_each(|warning| reporter.diagnostic(warning));
    Ok(())
}

fn lints(arguments: &Arguments) -> Result<Lints, UnknownLint> {
    let mut lints = Lints::default();
    match arguments.warnings {
        Warnings::Show => {}
        Warnings::Deny => lints.deny(Lints::ALL)?,
        Warnings::Allow => lints.allow(Lints::ALL)?,
    }
    arguments
        .allow
        .iter()
        .try_for_each(|name| lints.allow(name))?;
    arguments
        .deny
        .iter()
        .try_for_each(|name| lints.deny(name))?;
    Ok(lints)
}

/// Writes the files that differ, all or none, or with `check` shows them and fails if there are
/// any; `remedy` says what to run then.
///
/// # Errors
///
/// A file that cannot be read or written, or, with `check`, one that is not up to date.
pub fn update(
    outputs: &[Output],
    check: bool,
    remedy: &str,
    reporter: &Reporter,
) -> Result<(), Reported> {
    if !check {
        let written = files::write(outputs).map_err(|error| reporter.failure(&error))?;
        for output in &written {
            reporter.note(&format!("wrote {}", output.path.display()));
        }
        if written.is_empty() {
            reporter.note(&format!("all files are up to date ({})", outputs.len()));
        }
        return Ok(());
    }
    let mut stale = 0;
    for output in outputs {
        let difference = output.difference();
        if let Some(difference) = difference.map_err(|error| reporter.failure(&error))? {
            reporter.stale(output, &difference);
            stale += 1;
        }
    }
    let files = match stale {
        0 => return Ok(()),
        1 => "1 generated file is".to_owned(),
        count => format!("{count} generated files are"),
    };
    Err(reporter.error(&format!(
        "{files} not up to date; run the same command {remedy}"
    )))
}

fn to_stdout(text: &str) -> Result<(), Reported> {
    match io::stdout().write_all(text.as_bytes()) {
        // A reader that wants no more is no fault of ours.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let message = format!("cannot write to stdout: {error}");
            Err(Reporter::new(MessageFormat::Human).error(&message))
        }
        _ => Ok(()),
    }
}

impl Reporter {
    /// Shows why the generator failed.
    fn failure(&self, error: &Error) -> Reported {
        match error {
            Error::Invalid(diagnostics) => {
                diagnostics.iter().for_each(|fault| self.diagnostic(fault));
                Reported
            }
            Error::Read { path, .. } | Error::Write { path, .. } => {
                self.error_about(&error.to_string(), Some(path))
            }
            _ => self.error(&error.to_string()),
        }
    }
}
