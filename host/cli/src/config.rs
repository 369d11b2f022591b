//! `--config`: options in a TOML file, with the same names and values as on the command line.
//!
//! Which options there are, and what values they take, comes from the definition of the command
//! line. The shim for containerd reads such files too; it has its own list of the options that a
//! container can have.

use std::fmt::Write;
use std::path::Path;

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::imports::distance;

/// Options that make no sense in a file.
const NOT_IN_A_FILE: [&str; 5] = ["config", "print-config", "generate", "help", "version"];

/// The largest edit distance of a suggested name.
const MAX_SLIPS: usize = 2;

/// The options of a file in the form of command line arguments, without those that the command line
/// sets itself.
///
/// # Errors
///
/// What is wrong with the file, and on which line. `check` parses a single option.
pub fn read(
    path: &Path,
    command: &Command,
    given: &ArgMatches,
    check: impl Fn(&str) -> Result<(), clap::Error>,
) -> Result<Vec<String>, String> {
    let name = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("cannot read the --config file `{name}`: {error}"))?;
    let at = |offset: usize, what: &str| {
        let (line, column) = position(&text, offset);
        format!("{name}:{line}:{column}: {what}")
    };
    let table = DeTable::parse(&text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        at(offset, error.message())
    })?;
    let mut entries: Vec<_> = table.get_ref().iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    let mut words = Vec::new();
    for (key, value) in entries {
        let option =
            option(command, key.get_ref()).map_err(|error| at(key.span().start, &error))?;
        let options = spelled(option, value).map_err(|(offset, what)| at(offset, &what))?;
        for (offset, word) in &options {
            check(word)
                .or_else(|error| located(&error).map_or(Ok(()), |it| Err(at(*offset, &it))))?;
        }
        let is_given =
            given.value_source(option.get_id().as_str()) == Some(ValueSource::CommandLine);
        if !is_given || matches!(option.get_action(), ArgAction::Append) {
            words.extend(options.into_iter().map(|(_, word)| word));
        }
    }
    Ok(words)
}

/// Line and column, from 1.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(offset)];
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

/// The option of a name.
fn option<'a>(command: &'a Command, name: &str) -> Result<&'a Arg, String> {
    let options = || options(command).map(|(long, _)| long);
    if let Some((_, option)) = self::options(command).find(|(long, _)| *long == name) {
        return Ok(option);
    }
    let nearest = options().min_by_key(|long| distance(long, name));
    let near = nearest.filter(|long| distance(long, name) <= MAX_SLIPS);
    Err(match near {
        Some(near) => format!("there is no option {name:?}; there is {near:?}"),
        None => format!("there is no option {name:?}; --help has all"),
    })
}

/// The options that a file may have, by their names.
fn options(command: &Command) -> impl Iterator<Item = (&str, &Arg)> {
    let named = command
        .get_arguments()
        .filter_map(|arg| Some((arg.get_long()?, arg)));
    named.filter(|(long, _)| !NOT_IN_A_FILE.contains(long))
}

/// Turns a value into command line arguments, with the positions of their values in the file; or
/// says what is wrong with it.
fn spelled(
    option: &Arg,
    value: &Spanned<DeValue<'_>>,
) -> Result<Vec<(usize, String)>, (usize, String)> {
    let long = option.get_long().unwrap_or_default();
    let offset = value.span().start;
    let wrong = |what: &str| Err((offset, format!("{long:?}: {what}")));
    let is_repeatable = matches!(option.get_action(), ArgAction::Append);
    let word = |text: &str| Ok(vec![(offset, format!("--{long}={text}"))]);
    match (value.get_ref(), option.get_action()) {
        (DeValue::Boolean(false), ArgAction::SetTrue) => Ok(Vec::new()),
        (DeValue::Boolean(true), ArgAction::SetTrue) => Ok(vec![(offset, format!("--{long}"))]),
        (_, ArgAction::SetTrue) => wrong("expected true or false"),
        (DeValue::Integer(number), ArgAction::Count) => match number.as_str().parse::<u8>() {
            Ok(count) => Ok(vec![(offset, format!("--{long}")); count.into()]),
            Err(_) => wrong("expected a small number"),
        },
        (_, ArgAction::Count) => wrong("expected a small number"),
        (DeValue::Boolean(true), _)
            if option.get_num_args().is_some_and(|it| it.min_values() == 0) =>
        {
            Ok(vec![(offset, format!("--{long}"))])
        }
        (DeValue::String(text), _) => word(text),
        (DeValue::Integer(number), _) => word(number.as_str()),
        (DeValue::Array(values), ArgAction::Append) => {
            let values = values.iter().map(|value| match value.get_ref() {
                DeValue::Array(_) | DeValue::Table(_) => {
                    Err((value.span().start, format!("{long:?}: expected a text")))
                }
                _ => spelled(option, value),
            });
            Ok(values.collect::<Result<Vec<_>, _>>()?.concat())
        }
        (DeValue::Table(table), _) if long == "env" => {
            let values = table.iter().map(|(name, value)| match value.get_ref() {
                DeValue::String(text) => Ok((
                    value.span().start,
                    format!("--{long}={}={text}", name.get_ref()),
                )),
                _ => Err((value.span().start, format!("{long:?}: expected a text"))),
            });
            values.collect()
        }
        (DeValue::Table(hosts), _) if long == "header" => {
            let mut words = Vec::new();
            for (host, fields) in hosts {
                let DeValue::Table(fields) = fields.get_ref() else {
                    let what = "expected a table of header fields for each host";
                    return Err((fields.span().start, format!("{long:?}: {what}")));
                };
                for (name, value) in fields {
                    let DeValue::String(text) = value.get_ref() else {
                        return Err((value.span().start, format!("{long:?}: expected a text")));
                    };
                    let (host, name) = (host.get_ref(), name.get_ref());
                    words.push((
                        value.span().start,
                        format!("--{long}={host}={name}: {text}"),
                    ));
                }
            }
            Ok(words)
        }
        _ if is_repeatable => wrong("expected a text, or a list of them"),
        _ => wrong("expected a text or a number"),
    }
}

/// The text of a command line error, if it is about the value of one option.
fn located(error: &clap::Error) -> Option<String> {
    use clap::error::ErrorKind as Kind;
    if let Kind::MissingRequiredArgument | Kind::ArgumentConflict = error.kind() {
        return None;
    }
    let text = error.to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    Some(text.lines().next().unwrap_or_default().to_owned())
}

/// All options in the form of a file: those that are set, and the others as comments.
pub fn shown(command: &Command, matches: &ArgMatches) -> String {
    let mut text = String::new();
    for (long, option) in options(command) {
        let id = option.get_id().as_str();
        let is_set = matches.value_source(id) == Some(ValueSource::CommandLine);
        if option.is_hide_set() && !is_set {
            continue;
        }
        let values: Vec<String> = matches
            .try_get_raw(id)
            .ok()
            .flatten()
            .map(|values| {
                values
                    .map(|value| quoted(&value.to_string_lossy()))
                    .collect()
            })
            .unwrap_or_default();
        let value = match option.get_action() {
            ArgAction::SetTrue => matches.get_flag(id).to_string(),
            ArgAction::Count => matches.get_count(id).to_string(),
            ArgAction::Append => format!("[{}]", values.join(", ")),
            _ => values.concat(),
        };
        let mark = if is_set { "" } else { "# " };
        // Writing to a string cannot fail.
        let _ = match value.is_empty() {
            true => writeln!(text, "# {long} ="),
            false => writeln!(text, "{mark}{long} = {value}"),
        };
    }
    text
}

/// A string in TOML syntax.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_line_and_a_column() {
        let text = "a\nb\u{fc}c\n";
        for (offset, expected) in [
            (0, (1, 1)),
            (2, (2, 1)),
            (5, (2, 3)),
            (7, (3, 1)),
            (99, (3, 1)),
        ] {
            assert_eq!(position(text, offset), expected, "{offset}");
        }
    }
}
