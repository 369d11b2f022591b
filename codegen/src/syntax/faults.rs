//! Faults of syntax in words: what witx's parser expected, and what is there.

use std::sync::Arc;

use wast::lexer::Lexer;

use super::forms::{nearest, parent_of, token_text, unclosed};
use crate::diagnostic::Diagnostic;
use crate::location::{Location, Source, span_offset};

/// Words of other languages, and the WITX for them.
const ELSEWHERE: [(&str, &str); 37] = [
    ("array", "list"),
    ("boolean", "bool"),
    ("byte", "u8"),
    ("char8", "(@witx char8)"),
    ("const_pointer", "(@witx const_pointer T)"),
    ("double", "f64"),
    ("float", "f32"),
    ("float32", "f32"),
    ("float64", "f64"),
    ("function", "func"),
    ("i128", "s64"),
    ("i16", "s16"),
    ("i32", "s32"),
    ("i64", "s64"),
    ("i8", "s8"),
    ("import", "use"),
    ("include", "use"),
    ("int", "s32"),
    ("int16", "s16"),
    ("int32", "s32"),
    ("int64", "s64"),
    ("int8", "s8"),
    ("pointer", "(@witx pointer T)"),
    ("require", "use"),
    ("size", "(@witx usize)"),
    ("str", "string"),
    ("struct", "record"),
    ("type", "typename"),
    ("u128", "u64"),
    ("uint", "u32"),
    ("uint16", "u16"),
    ("uint32", "u32"),
    ("uint64", "u64"),
    ("uint8", "u8"),
    ("usize", "(@witx usize)"),
    ("vec", "list"),
    ("vector", "list"),
];

/// Types of other languages that WITX has no word for, and what to write.
const WITHOUT_A_WORD: [(&str, &str); 4] = [
    ("option", OPTION),
    ("optional", OPTION),
    ("result", "write `(expected TYPE (error $errno))`"),
    ("void", "leave the result out"),
];

const OPTION: &str = "declare `(variant (case $none) (case $some TYPE))` with a name";

/// What starts a comment in other languages.
const COMMENTS: [&str; 5] = ["//", "#", ";", "--", "/*"];

/// What witx calls a number or a character.
const BUILTINS: [&str; 11] = [
    "char", "f32", "f64", "s16", "s32", "s64", "s8", "u16", "u32", "u64", "u8",
];

/// Lists that are types in the other dialect only, which are translated if they are well-formed.
const OTHER_DIALECT: [&str; 2] = ["in-buffer", "out-buffer"];

/// Every other word of WITX. One of these in a wrong place is not an unknown word.
const KEYWORDS: [&str; 29] = [
    "@interface",
    "@witx",
    "bool",
    "case",
    "char8",
    "const",
    "const_pointer",
    "enum",
    "error",
    "expected",
    "export",
    "field",
    "flags",
    "func",
    "handle",
    "import",
    "list",
    "memory",
    "module",
    "noreturn",
    "param",
    "pointer",
    "record",
    "repr",
    "result",
    "string",
    "tag",
    "tuple",
    "typename",
];

/// What a function looks like.
const FUNCTION: &str = "a function is `(@interface func (export \"name\") ...)`";

/// What a list that starts with a word looks like.
const SHAPES: [(&str, &str); 21] = [
    ("@interface", FUNCTION),
    ("case", "a case is `(case $name)`, or `(case $name TYPE)`"),
    (
        "const",
        "a constant is `(@witx const $type $name NUMBER)`, outside of modules",
    ),
    ("enum", "an enum is `(enum $name $name ...)`"),
    ("expected", "write `(expected TYPE (error $errno))`"),
    ("export", FUNCTION),
    ("field", "a field is `(field $name TYPE)`"),
    ("flags", "flags are `(flags $name $name ...)`"),
    (
        "handle",
        "write `(handle)`, or `(handle $resource)` where `$resource` is declared",
    ),
    ("import", "write `(import \"memory\" (memory))`"),
    ("in-buffer", "write `(in-buffer TYPE)`"),
    ("list", "write `(list TYPE)`"),
    ("out-buffer", "write `(out-buffer TYPE)`"),
    ("param", "a parameter is `(param $name TYPE)`"),
    ("record", "a record is `(record (field $name TYPE) ...)`"),
    ("resource", "write `(resource $name)`"),
    ("result", "a result is `(result $name TYPE)`"),
    ("tuple", "write `(tuple TYPE TYPE ...)`"),
    (
        "union",
        "a union is `(union TYPE TYPE ...)`; with names it is `(variant (case $name TYPE) ...)`",
    ),
    (
        "use",
        "write `(use \"FILE.witx\")`, or `(use $type from $module)` in the other dialect",
    ),
    (
        "variant",
        "a variant is `(variant (case $name TYPE) (case $name) ...)`",
    ),
];

/// Describes a syntax error in `text`, which is the source or one form of it behind blanks that keep
/// its place.
pub(crate) fn fault(source: &Arc<Source>, text: &str, error: &wast::Error) -> Diagnostic {
    let offset = text.floor_char_boundary(span_offset(text, error.span()));
    let at = |offset| Location::new(source, wast::Span::from_offset(offset));
    let message = error.message();
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    if ["unexpected end-of-file", "unterminated block comment"].contains(&message.as_str())
        && let Some((offset, what)) = unclosed_text(text)
    {
        let end = if what == "string" { "\"" } else { ";)" };
        return Diagnostic::new(at(offset), format!("this {what} never ends"))
            .hint(format!("end it with `{end}`"));
    }
    let is_line_end = text[offset..].starts_with(['\n', '\r']);
    if message.starts_with("invalid character in string")
        && is_line_end
        && let Some((offset, _)) = unclosed_text(text)
    {
        return Diagnostic::new(at(offset), "this string does not end in its line")
            .hint("end it with `\"`");
    }
    if let Some(offset) = unclosed(source.parsed(), text) {
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
    let is_outside = wanted == ["("] && is_outside(text, offset);
    if is_outside && text[offset..].starts_with(";)") {
        return here("this closes no comment".to_owned()).hint("remove it");
    }
    if (wanted == ["("] || message == "expected an identifier")
        && let Some((what, hint)) = sign(&text[offset..])
    {
        return here(what).hint(hint);
    }
    if is_outside {
        return here(format!("`{word}` is outside of all parentheses"))
            .hint("a document is made of `(typename ...)`, `(module ...)` and `(use ...)`");
    }
    let is_word = word.starts_with(|c: char| c.is_ascii_alphabetic() || "@_".contains(c));
    let parent = parent_of(text, offset);
    let open = text[..offset].rfind('(').unwrap_or(0);
    let parent = match text[open..].starts_with("(@witx const ") {
        true => Some("const"),
        false => parent,
    };
    let shape = SHAPES.iter().find(|(head, _)| Some(*head) == parent);
    if let Some(annotation) = without_witx(text, offset) {
        return here(format!("`{annotation}` is an annotation"))
            .hint(format!("write `(@witx {annotation})`"));
    }
    if message == "expected a string" && parent == Some("export") && word != "(" {
        let name = word.trim_matches(['$', '\'', '`']);
        return here("expected a name in quotes".to_owned()).hint(format!("write `\"{name}\"`"));
    }
    let found = |word| shape.map_or_else(|| found(word), |(_, shape)| (*shape).to_owned());
    if message == "expected an identifier" {
        let fault = here("expected a name, which starts with `$`".to_owned());
        let quoted = text[offset..].strip_prefix('"');
        let quoted = quoted.and_then(|rest| rest.split_once('"'));
        let quoted = quoted.filter(|(name, _)| name.starts_with(|c: char| c.is_ascii_alphabetic()));
        let old_tag = match parent {
            Some("enum") => Some("tag"),
            Some("flags") => Some("repr"),
            _ => None,
        };
        return match word {
            _ if let Some((name, _)) = quoted => fault.hint(format!("write `${name}`")),
            // As older versions of WITX have it.
            word if BUILTINS.contains(&word)
                && let Some(tag) = old_tag =>
            {
                fault.hint(format!("write `(@witx {tag} {word})`"))
            }
            // A type in the place of the name.
            word if is_known(word) => fault.hint(found(word)),
            word if text[offset + word.len()..].trim_start().starts_with('$') => {
                fault.hint(format!("remove `{word}`"))
            }
            word if is_word => fault.hint(format!("write `${word}`")),
            word => fault.hint(found(word)),
        };
    }
    if message == "expected a u64" || message.starts_with("invalid u64") {
        return here("expected a whole number from 0 to 18446744073709551615".to_owned())
            .hint(format!("there is `{word}`"));
    }
    if OTHER_DIALECT.contains(&word) || word == "resource" {
        let shape = SHAPES.iter().find(|(head, _)| *head == word);
        let hint = shape.map_or_else(String::new, |(_, shape)| (*shape).to_owned());
        return here(format!("`{word}` cannot be written like this")).hint(hint);
    }
    if !is_word || wanted.is_empty() {
        let is_type = message.contains("builtin type");
        return match wanted.is_empty() || !message.starts_with("unexpected token") {
            true => here(message).hint(found(word)),
            false if is_type => here("expected a type".to_owned()).hint(found(word)),
            false => here(format!("expected {}", listed(&wanted))).hint(found(word)),
        };
    }
    let is_type = message.contains("builtin type") || wanted.contains(&"record");
    let other_type = WITHOUT_A_WORD.iter().find(|(other, _)| *other == word);
    if let Some((_, hint)) = other_type.filter(|_| is_type) {
        return here(format!("WITX has no type `{word}`")).hint(*hint);
    }
    let fits = |witx: &str| wanted.contains(&witx) || (is_type && witx.starts_with("(@witx"));
    if is_known(word) {
        let fault = here(format!("`{word}` cannot be here"));
        let renamed = ELSEWHERE.iter().find(|(other, _)| *other == word);
        if let Some((_, witx)) = renamed.filter(|(_, witx)| fits(witx)) {
            return fault.hint(format!("write `{witx}`"));
        }
        // A type that is a list, and is written as a word.
        let is_bare = is_type && !text[..offset].trim_end().ends_with('(');
        let own_shape = SHAPES.iter().find(|(head, _)| is_bare && *head == word);
        return match (parent, word) {
            (Some("module"), "func") => fault.hint(FUNCTION),
            (_, "@interface") if wanted.contains(&"module") => {
                fault.hint("a function is in a `(module $name ...)`")
            }
            _ if let Some((_, shape)) = own_shape => fault.hint(*shape),
            _ if shape.is_some() => fault.hint(found(word)),
            _ => fault.hint(format!("expected {}", listed(&wanted))),
        };
    }
    let known = wanted.iter().copied();
    let other = OTHER_DIALECT.iter().copied().filter(|_| is_type);
    let known = known.chain(other);
    let elsewhere = ELSEWHERE.iter().filter(|(_, witx)| fits(witx));
    let elsewhere = elsewhere.map(|(word, _)| *word);
    let hint = match nearest(word, known.chain(elsewhere)) {
        Some(nearest) => {
            let renamed = ELSEWHERE.iter().find(|(word, _)| *word == nearest);
            let nearest = match renamed {
                Some((_, witx)) if !wanted.contains(&nearest) => witx,
                _ => nearest,
            };
            format!("the nearest that exists is `{nearest}`")
        }
        None if message.contains("builtin type") => {
            format!("a type of the document is written with `$` in front: `${word}`")
        }
        None => match shape {
            Some((_, shape)) => (*shape).to_owned(),
            None => format!("expected {}", listed(&wanted)),
        },
    };
    here(format!("unknown word `{word}`")).hint(hint)
}

/// Whether a place is in no list.
fn is_outside(text: &str, offset: usize) -> bool {
    let depth = text[..offset].bytes().fold(0, |depth, byte| match byte {
        b'(' => depth + 1,
        b')' => depth - 1,
        _ => depth,
    });
    depth == 0
}

/// What is wrong with a sign that other languages have, and what to do about it.
fn sign(text: &str) -> Option<(String, &'static str)> {
    let word = word(text);
    let line = text.lines().next().unwrap_or_default();
    let separates = word == "," || (word == ";" && line.trim_end() == word);
    if separates {
        return Some((format!("`{word}` is not part of WITX"), "remove it"));
    }
    let sign = COMMENTS.iter().find(|sign| word.starts_with(**sign))?;
    let message = format!("`{sign}` starts no comment");
    Some((message, "a comment starts with `;;`"))
}

/// The words of an annotation that lacks `@witx`, if there is one at a place or around its word.
fn without_witx(text: &str, offset: usize) -> Option<String> {
    let before = text[..offset].trim_end();
    let list = match text[offset..].strip_prefix('(') {
        Some(list) => list,
        None if before.ends_with('(') => &text[offset..],
        None => return None,
    };
    let (list, _) = list.split_once(')')?;
    let words: Vec<&str> = list.split_whitespace().collect();
    match words[..] {
        ["noreturn"] | ["tag" | "repr", _] => Some(words.join(" ")),
        _ => None,
    }
}

/// Whether a word is the name of a type.
pub(crate) fn is_builtin(word: &str) -> bool {
    BUILTINS.contains(&word) || ["bool", "string"].contains(&word)
}

/// Whether a word means something somewhere in WITX.
fn is_known(word: &str) -> bool {
    KEYWORDS.contains(&word) || BUILTINS.contains(&word)
}

/// The words that the parser would have taken.
fn wanted(message: &str) -> Vec<&str> {
    let mut words: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    if message.contains("builtin type") {
        words.extend(BUILTINS);
    }
    // Which is not witx's to read.
    if words.contains(&"typename") {
        words.push("use");
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
