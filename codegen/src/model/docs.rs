//! Documentation from WITX, made ready for the comments of a language.
//!
//! What all languages share is here; how a comment is written is up to the backends.

use super::{Function, Input, InputKind, Member};

/// The lines of a text, without trailing blanks and without blank lines around it.
pub fn lines(text: &str) -> Vec<&str> {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let blank = |line: &&&str| line.is_empty();
    let start = lines.iter().take_while(blank).count();
    let end = lines.len() - lines[start..].iter().rev().take_while(blank).count();
    lines[start..end].to_vec()
}

/// A text in one line: its lines joined by blanks.
#[must_use]
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text about each case of an error, which a function gives.
#[derive(Debug)]
pub struct ErrorText {
    /// What the name of the function ends with.
    pub suffix: &'static str,
    /// The documentation of the function.
    pub docs: &'static str,
    /// The text for an unknown code.
    pub unknown: &'static str,
    /// The text of a case.
    pub of: fn(&Member) -> String,
}

/// The texts that errors have in every language.
pub const ERROR_TEXTS: [ErrorText; 2] = [
    ErrorText {
        suffix: "name",
        docs: "The name in WITX; \"unknown\" for an unknown code.",
        unknown: "unknown",
        of: |case| case.name.clone(),
    },
    ErrorText {
        suffix: "message",
        docs: "What the code means, in a sentence; \"unknown error\" for an unknown code.",
        unknown: "unknown error",
        of: message,
    },
];

/// The documentation of a function, as languages show it: that of a length is part of that of
/// its buffer.
#[derive(Debug)]
pub struct FunctionDocs {
    /// What it does; never empty.
    pub text: String,
    /// The indices of those inputs about which something is said, and that in one line.
    pub inputs: Vec<(usize, String)>,
    /// What is said about the result, in one line.
    pub result: String,
}

/// The documentation of a function.
#[must_use]
pub fn of_function(function: &Function) -> FunctionDocs {
    let text = match lines(&function.docs)[..] {
        [] => format!("`{}` in WITX.", function.name),
        ref lines => lines.join("\n"),
    };
    let inputs = function.lowered.inputs.iter().enumerate();
    let inputs = inputs.map(|(index, input)| (index, of_input(function, input)));
    FunctionDocs {
        text,
        inputs: inputs.filter(|(_, said)| !said.is_empty()).collect(),
        result: one_line(&function.result_docs),
    }
}

/// A text, or a substitute for an empty one.
#[must_use]
pub fn or<'t>(text: &'t str, substitute: &'t str) -> &'t str {
    match lines(text)[..] {
        [] => substitute,
        _ => text,
    }
}

/// The longest sentence that is a message, in characters: one line of a terminal and a half.
const MAX_MESSAGE_LEN: usize = 120;

/// What a case of an error means: the first sentence about it if that is short, else its name in
/// words.
#[must_use]
pub fn message(case: &Member) -> String {
    let sentence = first_sentence(&case.docs);
    if sentence.is_empty() || sentence.chars().count() > MAX_MESSAGE_LEN {
        return case.name.replace('_', " ");
    }
    sentence
}

/// The first sentence of a text in one line, without the full stop: a message.
#[must_use]
pub fn first_sentence(text: &str) -> String {
    let paragraph = lines(text)
        .into_iter()
        .take_while(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    let paragraph = one_line(&paragraph);
    // A full stop ends a sentence if a new one starts: "e.g. this" has none.
    let end = paragraph.match_indices(". ").find(|(at, stop)| {
        let next = paragraph[at + stop.len()..].chars().next();
        next.is_some_and(char::is_uppercase)
    });
    let sentence = match end {
        Some((at, _)) => &paragraph[..at],
        None => paragraph.strip_suffix('.').unwrap_or(&paragraph),
    };
    sentence.to_owned()
}

/// Breaks a text in one line into lines of at most `width` characters, as far as its words
/// allow.
#[must_use]
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut wrapped: Vec<String> = Vec::new();
    let mut length = 0;
    for word in text.split_whitespace() {
        let added = word.chars().count();
        match wrapped.last_mut() {
            Some(line) if length + 1 + added <= width => {
                line.push(' ');
                line.push_str(word);
                length += 1 + added;
            }
            _ => {
                wrapped.push(word.to_owned());
                length = added;
            }
        }
    }
    wrapped
}

/// An item of a list in Markdown that says something about a parameter, in lines of at most `width`
/// characters and a margin.
pub(crate) fn item(name: &str, text: &str, width: usize) -> Vec<String> {
    let item = wrap(&format!("`{name}` - {text}"), width).into_iter();
    let margins = std::iter::once("* ").chain(std::iter::repeat("  "));
    let lines = margins.zip(item);
    lines
        .map(|(margin, line)| format!("{margin}{line}"))
        .collect()
}

/// Adds a section in Markdown, if it has any content.
pub(crate) fn add_section(lines: &mut Vec<String>, title: &str, content: Vec<String>) {
    if !content.is_empty() {
        lines.extend([String::new(), format!("# {title}"), String::new()]);
        lines.extend(content);
    }
}

/// What is to be said about an input, in one line. The length of a buffer is part of it.
fn of_input(function: &Function, input: &Input) -> String {
    let param = &function.params[input.param];
    let text = one_line(&param.docs);
    match input.kind {
        InputKind::Buffer { .. } => {
            let len = one_line(&function.params[input.param + 1].docs);
            match (text.is_empty(), len.is_empty()) {
                (_, true) => text,
                (true, false) => format!("Its length: {}", uncapitalised(&len)),
                (false, false) => format!("{text} Its length: {}", uncapitalised(&len)),
            }
        }
        _ => text,
    }
}

/// A sentence that goes on after a colon: its first letter made small, unless the first word
/// is all capitals.
fn uncapitalised(text: &str) -> String {
    let mut chars = text.chars();
    match (chars.next(), chars.clone().next()) {
        (Some(first), second) if !second.is_some_and(char::is_uppercase) => {
            first.to_lowercase().chain(chars).collect()
        }
        _ => text.to_owned(),
    }
}
