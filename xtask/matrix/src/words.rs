//! Documents that give a word to one thing of each kind: words that mean something to a compiler,
//! to its library or in generated code, as names of types, functions, parameters, fields, cases,
//! flags, constants and modules.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::write;
use xtask::project;

/// Where the words are.
const WORDS: &str = "codegen/tests/words.txt";

/// The document with all words in one module.
pub const ALL: &str = "words";

/// How many parameters a function of the documents has: all words in each would be too many.
const PARAMS: usize = 3;

/// The words, one a line.
pub fn text() -> Result<String> {
    fs::read_to_string(project::root().join(WORDS)).with_context(|| format!("cannot read {WORDS}"))
}

/// Writes the documents into a folder: two with all words, in one module and in many, or one for
/// each word. Gives their names and paths.
pub fn documents(folder: &Path, each: bool) -> Result<Vec<(String, PathBuf)>> {
    let words = text()?;
    let words: Vec<&str> = words.lines().collect();
    let documents = match each {
        false => vec![
            (ALL.to_owned(), document(&words, 0, false)),
            ("words_in_modules".to_owned(), document(&words, 0, true)),
        ],
        true => words
            .iter()
            .enumerate()
            .map(|(index, word)| {
                let text = document(&[word], index, index % 2 == 1);
                (format!("word_{index}_{word}"), text)
            })
            .collect(),
    };
    documents
        .into_iter()
        .map(|(name, text)| {
            let path = folder.join(format!("words/{name}.witx"));
            write(&path, &text)?;
            Ok((name, path))
        })
        .collect()
}

/// A document that gives each of these words to everything. The first of the types is of the kind
/// of this number, the next one of the next kind. There is one module, or a module for each word as
/// well.
fn document(words: &[&str], kind: usize, in_modules: bool) -> String {
    let mut text = String::from(";;; Words as names of everything.\n\n");
    let all = |prefix: &str, suffix: &str| -> String {
        let all = words.iter().map(|word| format!("{prefix}${word}{suffix}"));
        all.collect::<Vec<_>>().join(" ")
    };
    let cases = all("", "");
    let _ = writeln!(text, "(typename $zz_errno (enum (@witx tag u16) {cases}))");
    let _ = writeln!(
        text,
        "(typename $zz_fields (record {}))",
        all("(field ", " u8)")
    );
    let bits: Vec<&str> = cases.split(' ').collect();
    for (number, flags) in bits.chunks(64).enumerate() {
        let flags = flags.join(" ");
        let _ = writeln!(
            text,
            "(typename $zz_bits{number} (flags (@witx repr u64) {flags}))"
        );
    }
    let variant = |ty: &str| all("(case ", &format!("{ty})"));
    for (name, payload) in [
        ("zz_payloads", " u8"),
        ("zz_pairs", " $zz_fields"),
        ("zz_bare", ""),
    ] {
        let cases = variant(payload);
        let _ = writeln!(
            text,
            "(typename ${name} (variant (@witx tag u16) (case $zz u8) {cases}))"
        );
    }
    for (index, word) in words.iter().enumerate() {
        let ty = match (index + kind) % 7 {
            0 => "(record (field $x u8))",
            1 => "(enum (@witx tag u8) $x $y)",
            2 => "(flags (@witx repr u8) $x)",
            3 => "(handle)",
            4 => "(variant (@witx tag u8) (case $x u8) (case $y))",
            5 => "(list u8)",
            _ => "u16",
        };
        let _ = writeln!(text, "(typename ${word} {ty})");
    }
    for (index, word) in words.iter().enumerate() {
        // The types whose constants are numbers.
        if [1, 3, 6].contains(&((index + kind) % 7)) {
            let _ = writeln!(text, "(@witx const ${word} ${word} 0)");
        }
    }
    let mut functions = String::new();
    for (index, word) in words.iter().enumerate() {
        let _ = write!(functions, "  (@interface func (export \"{word}\")\n   ");
        let count = PARAMS.min(words.len());
        for param in (0..count).map(|offset| words[(index + offset) % words.len()]) {
            let _ = write!(functions, " (param ${param} ${word})");
        }
        let next = words[(index + 1) % words.len()];
        let _ = writeln!(
            functions,
            "\n    (result $zz_result (expected (tuple ${word} ${next}) (error $zz_errno))))"
        );
    }
    functions.push_str(
        "  (@interface func (export \"zz\") (param $zz_fields $zz_fields)\n    \
         (result $zz_result (expected (tuple $zz_payloads $zz_bare) (error $zz_errno))))\n",
    );
    let _ = writeln!(text, "(module $zz_module\n{functions})");
    let modules = if in_modules { words } else { &[] };
    for (index, word) in modules.iter().enumerate() {
        // A name is that of a type or of a module.
        let word = format!("{word}.");
        let function = words[index];
        let _ = writeln!(
            text,
            "(module ${word} (@interface func (export \"{function}\") (param ${function} u8)\n  \
             (result ${function}_ (expected ${function} (error $zz_errno)))))"
        );
    }
    text
}
