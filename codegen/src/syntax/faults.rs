//! Faults of syntax in words: what witx's parser expected, and what is there.

use std::sync::Arc;

use wast::lexer::Lexer;

use super::forms::{nearest, token_text, unclosed};
use crate::diagnostic::Diagnostic;
use crate::location::{Location, Source, span_offset};

/// Words that other languages have for what WITX calls otherwise.
const ELSEWHERE: [(&str, &str); 27] = [
    ("boolean", "bool"),
    ("byte", "u8"),
    ("char8", "(@witx char8)"),
    ("const_pointer", "(@witx const_pointer T)"),
    ("double", "f64"),
    ("float", "f32"),
    ("float32", "f32"),
    ("float64", "f64"),
    ("function", "@interface func"),
    ("i16", "s16"),
    ("i32", "s32"),
    ("i64", "s64"),
    ("i8", "s8"),
    ("int16", "s16"),
    ("int32", "s32"),
    ("int64", "s64"),
    ("int8", "s8"),
    ("pointer", "(@witx pointer T)"),
    ("size", "(@witx usize)"),
    ("str", "string"),
    ("struct", "record"),
    ("type", "typename"),
    ("uint16", "u16"),
    ("uint32", "u32"),
    ("uint64", "u64"),
    ("uint8", "u8"),
    ("usize", "(@witx usize)"),
];

/// What witx calls a number or a character.
const BUILTINS: [&str; 11] = [
    "char", "f32", "f64", "s16", "s32", "s64", "s8", "u16", "u32", "u64", "u8",
];

/// A fault of syntax in a text, which is that of the source or a form of it at its place.
pub(crate) fn fault(source: &Arc<Source>, text: &str, error: &wast::Error) -> Diagnostic {
    let offset = text.floor_char_boundary(span_offset(text, error.span()));
    let at = |offset| Location::new(source, wast::Span::from_offset(offset));
    let message = error.message();
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    if ["unexpected end-of-file", "unterminated block comment"].contains(&message.as_str())
        && let Some((offset, what)) = unclosed_text(text)
    {
        return Diagnostic::new(at(offset), format!("this {what} never ends"))
            .hint("end it where it should end");
    }
    if let Some(offset) = unclosed(text) {
        return Diagnostic::new(at(offset), "this parenthesis is never closed")
            .hint("close it with `)`");
    }
    let word = word(&text[offset..]);
    let here = |message: String| Diagnostic::new(at(offset), message);
    if message.starts_with("unexpected character") {
        let c = text[offset..].chars().next().unwrap_or_default();
        return here(format!(
            "the character `{}` is not part of WITX",
            c.escape_debug()
        ))
        .hint(
            "names are letters and digits of ASCII and `_`, with `$` in front; other text is in \
             strings and comments",
        );
    }
    if message == "extra tokens remaining after parse" && word == ")" {
        return here("this parenthesis closes nothing".to_owned()).hint("remove it");
    }
    let wanted = wanted(&message);
    let is_word = word.starts_with(|c: char| c.is_ascii_alphabetic() || "@_".contains(c));
    if message == "expected an identifier" {
        let fault = here("expected a name, which starts with `$`".to_owned());
        return match word {
            word if is_word => fault.hint(format!("write `${word}`")),
            word => fault.hint(found(word)),
        };
    }
    if !is_word || wanted.is_empty() {
        let is_type = message.contains("builtin type");
        return match wanted.is_empty() || !message.starts_with("unexpected token") {
            true => here(message).hint(found(word)),
            false if is_type => here("expected a type".to_owned()).hint(found(word)),
            false => here(format!("expected {}", listed(&wanted))).hint(found(word)),
        };
    }
    let known = wanted.iter().copied();
    let elsewhere = ELSEWHERE.iter().map(|(word, _)| *word);
    let hint = match nearest(word, known.chain(elsewhere)) {
        Some(nearest) => {
            let renamed = ELSEWHERE.iter().find(|(word, _)| *word == nearest);
            let nearest = match renamed {
                Some((_, witx)) if !wanted.contains(&nearest) => witx,
                _ => nearest,
            };
            format!("the nearest that exists is `{nearest}`")
        }
        None => format!("expected {}", listed(&wanted)),
    };
    here(format!("unknown word `{word}`")).hint(hint)
}

/// The words that the parser would have taken.
fn wanted(message: &str) -> Vec<&str> {
    let mut words: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    if message.contains("builtin type") {
        words.extend(BUILTINS);
    }
    words
}

/// What there is in place of what was expected.
fn found(word: &str) -> String {
    match word {
        "" => "there is the end of the file".to_owned(),
        word => format!("there is `{word}`"),
    }
}

fn listed(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match &words[..] {
        [word] => word.clone(),
        words => format!("one of {}", words.join(", ")),
    }
}

/// The word or the sign that a text starts with.
fn word(text: &str) -> &str {
    let ends = |c: char| c.is_whitespace() || "();\"".contains(c);
    match text.find(ends) {
        // A sign is a word of its own.
        Some(0) if text.starts_with(char::is_whitespace) => "",
        Some(0) => &text[..1],
        Some(end) => &text[..end],
        None => text,
    }
}

/// Where a string or a block comment starts that does not end.
fn unclosed_text(text: &str) -> Option<(usize, &'static str)> {
    let mut end = 0;
    for token in Lexer::new(text) {
        match token {
            Ok(token) => {
                let token = token_text(&token);
                end = token.as_ptr() as usize - text.as_ptr() as usize + token.len();
            }
            Err(_) => break,
        }
    }
    let rest = &text[end..];
    match rest.starts_with('"') {
        true => Some((end, "string")),
        false => rest.starts_with("(;").then_some((end, "comment")),
    }
}
