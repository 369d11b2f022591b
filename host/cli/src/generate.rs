//! The manual page and the completions of shells, from the definition of the command line.

use std::io::Write as _;

use clap::{CommandFactory, ValueEnum};
use clap_complete::Shell;
use wasmtime::Result;
use wasmtime::error::Context;

use crate::args::Arguments;

/// What is made of the command line's definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Generated {
    /// `wasmtime-http.1`, for `man`.
    Man,
    Bash,
    Zsh,
    Fish,
}

/// Writes it to stdout.
pub fn write(what: Generated) -> Result<()> {
    let text = text(what).context("cannot generate it")?;
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(&text).context("cannot write to stdout")
}

fn text(what: Generated) -> std::io::Result<Vec<u8>> {
    let mut command = Arguments::command();
    let mut text = Vec::new();
    let shell = match what {
        Generated::Man => {
            let sections = [
                command.get_after_long_help(),
                command.get_before_long_help(),
            ];
            let sections = sections.map(|text| text.map(ToString::to_string).unwrap_or_default());
            // They are sections of their own.
            command = command.after_long_help(None).after_help(None);
            command = command.before_long_help(None).before_help(None);
            let man = clap_mangen::Man::new(command);
            man.render_title(&mut text)?;
            man.render_name_section(&mut text)?;
            man.render_synopsis_section(&mut text)?;
            man.render_description_section(&mut text)?;
            man.render_options_section(&mut text)?;
            for blocks in &sections {
                text.extend(tables(blocks).into_bytes());
            }
            return Ok(text);
        }
        Generated::Bash => Shell::Bash,
        Generated::Zsh => Shell::Zsh,
        Generated::Fish => Shell::Fish,
    };
    clap_complete::generate(shell, &mut command, "wasmtime-http", &mut text);
    Ok(text)
}

/// The parts of a help text that start with a line such as `Exit codes:`, each a section of a manual
/// page whose lines stay as they are.
fn tables(help: &str) -> String {
    let mut page = String::new();
    for line in help.lines() {
        if let Some(title) = line.strip_suffix(':')
            && title.starts_with(|first: char| first.is_ascii_uppercase())
        {
            let end = if page.is_empty() { "" } else { ".fi\n" };
            page.push_str(&format!("{end}.SH {}\n.nf\n", title.to_uppercase()));
        } else if !page.is_empty() {
            page.push_str(&line.replace('\\', "\\e").replace('-', "\\-"));
            page.push('\n');
        }
    }
    if !page.is_empty() {
        page.push_str(".fi\n");
    }
    page
}
