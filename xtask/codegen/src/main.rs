//! `cargo xtask codegen`: the generated files of this repository, as a table of arguments for the
//! command `witx-bindings`. With arguments of its own, it is that command.

use std::env;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Parser;
use wasi_experimental_http_codegen::files::Output;
use wasi_experimental_http_codegen::json_schema;
use witx_bindings::{Arguments, MessageFormat, Reporter};

use xtask::cli::{self, CodegenArgs, Task};
use xtask::project;

/// The document that the files of this repository are generated from.
const WITX: &str = "witx/wasi_experimental_http.witx";

/// The generated files of this repository: for each the language, and where it is below the
/// workspace's root.
const OUTPUTS: [[&str; 2]; 4] = [
    ["rust", "guest-rust/src/generated.rs"],
    ["assemblyscript", "guest-as/assembly/generated.ts"],
    ["wiggle", "host/src/generated.rs"],
    ["markdown", "witx/wasi_experimental_http.md"],
];

/// The schema of what the generator writes as JSON, which is generated with them.
const JSON_SCHEMA: &str = "codegen/json.schema.json";

/// The command that makes the outputs up to date.
const COMMAND: &str = "cargo xtask codegen";

/// The command line of `witx-bindings`.
#[derive(Parser)]
#[command(name = "cargo xtask codegen", bin_name = COMMAND, long_about = witx_bindings::HELP)]
struct WitxBindings {
    #[command(flatten)]
    arguments: Arguments,
}

fn main() -> ExitCode {
    cli::main(cli::Arguments::parse(), |task| match task {
        Task::Codegen(arguments) => run(&arguments).map(|()| ExitCode::SUCCESS),
        _ => bail!("this program is `cargo xtask codegen`, and nothing else"),
    })
}

/// Generates what the arguments say, and writes or compares it.
fn run(args: &CodegenArgs) -> Result<()> {
    if !args.arguments.is_empty() {
        let check = args.check.then(|| "--check".to_owned());
        let line = [COMMAND.to_owned()].into_iter();
        let line = line.chain(args.arguments.iter().cloned()).chain(check);
        let status = witx_bindings::run(&WitxBindings::parse_from(line).arguments);
        return reported(status == ExitCode::SUCCESS);
    }
    // The table is for the root.
    env::set_current_dir(project::root()).context("cannot enter the repository")?;
    let reporter = Reporter::new(MessageFormat::Human);
    let remedy = "without `--check` and commit the result";
    let updated = outputs(&reporter)
        .and_then(|outputs| witx_bindings::update(&outputs, args.check, remedy, &reporter));
    reported(updated.is_ok())
}

/// Fails if something did that the user has been told about.
fn reported(succeeded: bool) -> Result<()> {
    if !succeeded {
        bail!("`{COMMAND}` failed, as said above");
    }
    Ok(())
}

/// The generated files of this repository, as they should be.
fn outputs(reporter: &Reporter) -> Result<Vec<Output>, witx_bindings::Reported> {
    let mut outputs = Vec::new();
    for [language, file] in OUTPUTS {
        outputs.extend(witx_bindings::outputs(
            &arguments(language, file),
            reporter,
        )?);
    }
    outputs.push(Output {
        path: JSON_SCHEMA.into(),
        contents: json_schema().map_err(|error| reporter.error(&error.to_string()))?,
    });
    Ok(outputs)
}

/// The arguments for a row of the table.
fn arguments(language: &str, file: &str) -> Arguments {
    let line = [COMMAND, "--witx", WITX, "--lang", language];
    let line = line
        .into_iter()
        .chain(["--out-file", file, "--command", COMMAND])
        .chain(["--async-feature", "async"]);
    WitxBindings::parse_from(line).arguments
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Web pages that show changes leave out what the attributes of Git call generated.
    #[test]
    fn git_knows_which_files_are_generated() {
        let attributes = fs::read_to_string(project::root().join(".gitattributes")).unwrap();
        let files = OUTPUTS.iter().map(|[_, file]| *file);
        for file in files.chain([JSON_SCHEMA]) {
            let line = format!("/{file} linguist-generated");
            assert!(attributes.lines().any(|it| it == line), "{line}");
        }
        let lines = attributes.matches(" linguist-generated").count();
        assert_eq!(lines, OUTPUTS.len() + 1);
    }

    #[test]
    fn the_table_is_of_arguments_that_the_command_takes() {
        for [language, file] in OUTPUTS {
            let arguments = arguments(language, file);
            assert_eq!(arguments.lang, [language.parse().unwrap()]);
            assert_eq!(arguments.out_file.unwrap().to_str(), Some(file));
        }
    }
}
