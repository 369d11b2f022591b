//! Generates the manual page and shell completions from the definition of the command line. For
//! packagers, so `--help` does not list the option.

use std::io::{self, Write};

use clap::{Command, ValueEnum};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

/// What to generate.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Kind {
    Man,
    Bash,
    Elvish,
    Fish,
    Powershell,
    Zsh,
}

/// Writes it to stdout. `sections` are the sections of the manual page after the options, in the
/// form of `--help`: a title that ends with a colon, and indented lines.
pub fn write(kind: Kind, mut command: Command, sections: &[&str]) -> io::Result<()> {
    let shell = match kind {
        Kind::Man => None,
        Kind::Bash => Some(Shell::Bash),
        Kind::Elvish => Some(Shell::Elvish),
        Kind::Fish => Some(Shell::Fish),
        Kind::Powershell => Some(Shell::PowerShell),
        Kind::Zsh => Some(Shell::Zsh),
    };
    let mut text = Vec::new();
    match shell {
        Some(shell) => {
            let name = command.get_name().to_owned();
            clap_complete::generate(shell, &mut command, name, &mut text);
        }
        None => man(command, sections, &mut text)?,
    }
    io::stdout().write_all(&text)
}

fn man(command: Command, sections: &[&str], text: &mut Vec<u8>) -> io::Result<()> {
    // These sections are written below, because clap would join their lines.
    let command = command
        .before_help(None)
        .before_long_help(None)
        .after_help(None)
        .after_long_help(None);
    let man = Man::new(command);
    man.render_title(text)?;
    man.render_name_section(text)?;
    man.render_synopsis_section(text)?;
    man.render_description_section(text)?;
    man.render_options_section(text)?;
    let mut roff = Roff::new();
    for line in sections.iter().flat_map(|text| text.trim_end().lines()) {
        match title(line) {
            // Switch off filling of lines until the next section.
            Some(title) => roff.control("SH", [title.as_str()]).control("nf", []),
            None => roff.text([roman(line)]),
        };
    }
    roff.to_writer(text)
}

/// The section title in a line: `HOSTS` for `Hosts, as --allowed-host takes them:`.
fn title(line: &str) -> Option<String> {
    let title = line.strip_suffix(':')?;
    let title = title.split(',').next().unwrap_or(title);
    (!line.starts_with(' ')).then(|| title.to_uppercase())
}
