//! What the user is told, on stderr: text for people, with colours if it is a terminal, or JSON
//! for editors and other programs.

use std::path::Path;

use anstyle::{AnsiColor, Style};
use serde::Serialize;
use wasi_experimental_http_codegen::files::{Difference, Output};
use wasi_experimental_http_codegen::{Diagnostic, GENERATOR, Severity};

use crate::{Reported, difference};

const ERROR: Style = AnsiColor::BrightRed.on_default().bold();
const WARNING: Style = AnsiColor::BrightYellow.on_default().bold();
const HINT: Style = AnsiColor::BrightCyan.on_default().bold();
const PLACE: Style = Style::new().bold();
const MARGIN: Style = AnsiColor::BrightBlue.on_default();

/// How messages are written.
#[derive(clap::ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageFormat {
    /// For people
    #[default]
    Human,
    /// For editors: one JSON object a line
    Json,
}

/// Tells the user on stderr what happens.
#[derive(Clone, Copy, Debug)]
pub struct Reporter {
    format: MessageFormat,
}

/// A message as JSON; the README of the generator has its documentation.
#[derive(Serialize)]
struct Message<'a> {
    severity: &'static str,
    rule: Option<&'a str>,
    message: &'a str,
    hint: Option<&'a str>,
    file: Option<String>,
    line: Option<usize>,
    column: Option<usize>,
    rendered: String,
}

impl Reporter {
    /// Tells in this format.
    pub fn new(format: MessageFormat) -> Reporter {
        Reporter { format }
    }

    /// Shows a finding about a document.
    pub fn diagnostic(&self, diagnostic: &Diagnostic) {
        match self.format {
            MessageFormat::Human => anstream::eprintln!("{}\n", coloured(diagnostic)),
            MessageFormat::Json => {
                let location = diagnostic.location.as_ref();
                json(&Message {
                    severity: name(diagnostic.severity),
                    rule: diagnostic.rule,
                    message: &diagnostic.message,
                    hint: diagnostic.hint.as_deref(),
                    file: location.map(|at| at.path().display().to_string()),
                    line: location.map(|at| at.line()),
                    column: location.map(|at| at.column()),
                    rendered: diagnostic.to_string(),
                });
            }
        }
    }

    /// Shows an error that is about no document.
    pub fn error(&self, message: &str) -> Reported {
        self.error_about(message, None)
    }

    /// Shows an error about a file.
    pub(crate) fn error_about(&self, message: &str, file: Option<&Path>) -> Reported {
        match self.format {
            MessageFormat::Human => anstream::eprintln!("{ERROR}error{ERROR:#}: {message}"),
            MessageFormat::Json => json(&Message {
                severity: name(Severity::Error),
                rule: None,
                message,
                hint: None,
                file: file.map(|path| path.display().to_string()),
                line: None,
                column: None,
                rendered: format!("error: {message}"),
            }),
        }
        Reported
    }

    /// Says what was done; other programs see that themselves.
    pub fn note(&self, text: &str) {
        if self.format == MessageFormat::Human {
            anstream::eprintln!("{text}");
        }
    }

    /// Shows a file that is not up to date.
    pub fn stale(&self, output: &Output, difference: &Difference) {
        let path = output.path.display();
        let (message, diff) = match difference {
            Difference::Missing => (format!("{path} is missing"), String::new()),
            Difference::Version { old } => (
                format!("{path} is of {old} and not of {GENERATOR}; nothing else differs"),
                String::new(),
            ),
            Difference::Text { old } => (
                format!("{path} is not up to date (- as it is, + as it should be)"),
                difference::start(old, &output.contents),
            ),
        };
        match self.format {
            MessageFormat::Human if diff.is_empty() => anstream::eprintln!("{message}\n"),
            MessageFormat::Human => anstream::eprintln!("{message}:\n{diff}"),
            MessageFormat::Json => json(&Message {
                severity: name(Severity::Error),
                rule: None,
                message: &message,
                hint: None,
                file: Some(path.to_string()),
                line: None,
                column: None,
                rendered: format!("{message}\n{diff}"),
            }),
        }
    }
}

fn json(message: &Message<'_>) {
    // It is made of text and numbers alone, which serde_json can always write.
    if let Ok(line) = serde_json::to_string(message) {
        eprintln!("{line}");
    }
}

fn name(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        _ => "warning",
    }
}

/// A finding as the library shows it, with colours for its parts.
fn coloured(diagnostic: &Diagnostic) -> String {
    let plain = diagnostic.to_string();
    let severity = format!("{}: ", diagnostic.severity);
    let style = match diagnostic.severity {
        Severity::Error => ERROR,
        _ => WARNING,
    };
    let place = diagnostic.location.as_ref();
    let place = place.map_or(String::new(), |place| format!("{place}: "));
    let Some(rest) = plain.strip_prefix(&format!("{place}{severity}")) else {
        return plain;
    };
    let mut text = format!("{PLACE}{place}{PLACE:#}{style}{severity}{style:#}");
    for (index, line) in rest.split('\n').enumerate() {
        if index > 0 {
            text.push('\n');
        }
        if index == 0 {
            text.push_str(&format!("{PLACE}{line}{PLACE:#}"));
        } else if let Some(hint) = line.strip_prefix("hint: ") {
            text.push_str(&format!("{HINT}hint:{HINT:#} {hint}"));
        } else if let Some((number, code)) = line.split_once(" |") {
            let caret = code.trim_start() == "^";
            let code = match caret {
                true => format!("{style}{code}{style:#}"),
                false => code.to_owned(),
            };
            text.push_str(&format!("{MARGIN}{number} |{MARGIN:#}{code}"));
        } else {
            text.push_str(line);
        }
    }
    text
}
