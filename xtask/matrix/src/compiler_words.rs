//! The words that mean something to the compilers themselves, as the compilers list them: each has
//! to be in `words.txt`, and so in the documents that give every word to everything.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use wasi_experimental_http_codegen::Language;

use super::tools::{self, GO_VERSIONS, Tools, ZIG_VERSIONS};
use super::write;
use xtask::{project, step};

/// Words, sorted.
type Words = BTreeSet<String>;

/// Finds the words of a language. Writes files into the folder if it has to.
type Finder = fn(&Tools, &Path) -> Result<Words>;

/// The languages with what finds their words, and a word that has to be among them. C++ has those of
/// C, and wiggle those of Rust.
const LANGUAGES: [(Language, Finder, &str); 6] = [
    (Language::Rust, rust, "yield"),
    (Language::AssemblyScript, assembly_script, "instanceof"),
    (Language::C, c, "_Bool"),
    (Language::Cpp, cpp, "co_await"),
    (Language::Zig, zig, "errdefer"),
    (Language::Go, go, "iota"),
];

/// Checks that `words.txt` has each word of each compiler.
///
/// # Errors
///
/// If it lacks one, or a compiler does not list its words as it used to.
pub fn check(
    tools: &Tools,
    folder: &Path,
    words: &[&str],
    includes: impl Fn(Language) -> bool,
) -> Result<()> {
    step::header("Comparing the words with those that the compilers list");
    let known: BTreeSet<&str> = words.iter().copied().collect();
    let mut missing = Vec::new();
    for (language, find, example) in LANGUAGES {
        if !includes(language) {
            continue;
        }
        let found = find(tools, &folder.join("compiler-words"))
            .with_context(|| format!("cannot find the words of {language}"))?;
        ensure!(
            found.contains(example),
            "`{example}` is not among the words of {language}: they are listed in another way now"
        );
        step::note(format_args!("{language}: {} words", found.len()));
        let unknown = found.iter().filter(|word| !known.contains(word.as_str()));
        missing.extend(unknown.map(|word| format!("{word} ({language})")));
    }
    ensure!(
        missing.is_empty(),
        "codegen/tests/words.txt lacks words of compilers: {}",
        missing.join(", ")
    );
    Ok(())
}

/// The keywords as the crate `syn` refuses them. The compiler does not list its own.
fn rust(_: &Tools, _: &Path) -> Result<Words> {
    let text = read(&tools::crate_folder("syn")?.join("src/ident.rs"))?;
    let list = between(&text, "match ident.to_string().as_str() {", "=> false")?;
    Ok(quoted(list))
}

/// The keywords, as the compiler's tokenizer knows those among the strings in its source, and the
/// names that the standard library declares for every program.
fn assembly_script(tools: &Tools, folder: &Path) -> Result<Words> {
    const LIST: &str = r#"import { pathToFileURL } from "node:url";
import { readFileSync } from "node:fs";
const compiler = process.argv[2];
const { Token, tokenFromKeyword, isIllegalVariableIdentifier } =
  await import(pathToFileURL(`${compiler}/dist/assemblyscript.js`));
const map = JSON.parse(readFileSync(`${compiler}/dist/assemblyscript.js.map`, "utf8"));
const tokenizer = map.sourcesContent[map.sources.findIndex((it) => it.endsWith("/tokenizer.ts"))];
for (const [, word] of tokenizer.matchAll(/"([a-zA-Z_]+)"/g)) {
  if (tokenFromKeyword(word) != Token.Invalid || isIllegalVariableIdentifier(word)) console.log(word);
}
const library = readFileSync(`${compiler}/std/assembly/index.d.ts`, "utf8");
const declared = /^declare (?:abstract )?(?:function|const|let|var|class|interface|namespace|type|enum) (\w+)/gm;
for (const [, word] of library.matchAll(declared)) console.log(word);
"#;
    tools.npm()?;
    let script = folder.join("words.mjs");
    write(&script, LIST)?;
    let compiler = project::root()
        .join(project::AS_PACKAGE)
        .join("node_modules/assemblyscript");
    let mut node = project::command("node");
    let output = step::output(node.arg(script).arg(compiler))?;
    Ok(own(output.lines()))
}

fn c(_: &Tools, folder: &Path) -> Result<Words> {
    const PLACES: [&str; 5] = ["1:1", "3:3", "5:5", "8:5", "10:16"];
    let file = folder.join("words.c");
    write(&file, C)?;
    completions(&file, "c", &["c11", "c2x", "gnu17"], &PLACES)
}

fn cpp(_: &Tools, folder: &Path) -> Result<Words> {
    const PLACES: [&str; 8] = ["1:1", "3:3", "5:5", "8:5", "10:16", "14:3", "17:1", "19:11"];
    let file = folder.join("words.cpp");
    write(&file, &format!("{C}{CPP}"))?;
    let standards = ["c++11", "c++17", "c++23", "gnu++20"];
    completions(&file, "c++", &standards, &PLACES)
}

/// A file with places where different words may stand.
const C: &str = "
int main(void) {
  
  for (;;) {
    
  }
  switch (1) {
    
  }
  int result = 
  ;
}
";

/// What follows it in C++.
const CPP: &str = "class Self {
  
};
namespace std {

}
template <
";

/// What clang offers to an editor at these places: keywords, macros, and what is declared. Names that
/// start with two underscores are the compiler's own, by the thousand.
fn completions(file: &Path, language: &str, standards: &[&str], places: &[&str]) -> Result<Words> {
    let mut words = Words::new();
    for standard in standards {
        for place in places {
            let mut clang = tools::zig(tools::NEWEST_ZIG)?;
            clang
                .args(["clang", "-cc1", "-fsyntax-only", "-fcxx-exceptions"])
                .args(["-x", language, &format!("-std={standard}")])
                .args(["-code-completion-macros", "-code-completion-patterns"])
                .arg(format!("-code-completion-at={}:{place}", file.display()))
                .arg(file);
            // It ends with an error if the file does not compile, which it need not.
            let output = clang.output().context("cannot run clang")?;
            for line in String::from_utf8_lossy(&output.stdout).lines() {
                let Some(completion) = line.strip_prefix("COMPLETION: ") else {
                    continue;
                };
                match completion.strip_prefix("Pattern : ") {
                    Some(pattern) => words.extend(own(words_of_pattern(pattern))),
                    None => words.extend(own(completion.split(' ').take(1))),
                }
            }
        }
    }
    Ok(words)
}

/// The words of a pattern that are not for the user to replace, as those are in `<#statements#>`, nor
/// types of results, as those are in `[#int#]`.
fn words_of_pattern(pattern: &str) -> impl Iterator<Item = &str> {
    let parts = pattern.split(['<', '[']).enumerate();
    let parts = parts.map(|(index, part)| match index {
        0 => part,
        _ if part.starts_with('#') => part.split_once(['>', ']']).map_or("", |(_, rest)| rest),
        _ => part,
    });
    parts.flat_map(|part| part.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')))
}

/// The tables of the standard library, which the compiler uses itself.
fn zig(_: &Tools, _: &Path) -> Result<Words> {
    let mut words = Words::new();
    for version in ZIG_VERSIONS {
        let library = tools::zig_library(version)?;
        for (file, table) in [
            ("std/zig/tokenizer.zig", "pub const keywords ="),
            ("std/zig/primitives.zig", "pub const names ="),
        ] {
            let text = read(&library.join(file))?;
            words.extend(quoted(between(&text, table, "});")?));
        }
    }
    Ok(words)
}

/// The keywords, and what is declared in every package, as Go's own packages list them.
fn go(_: &Tools, folder: &Path) -> Result<Words> {
    const LIST: &str = r#"package main

import (
	"fmt"
	"go/token"
	"go/types"
)

func main() {
	for word := token.Token(0); word < 256; word++ {
		if word.IsKeyword() {
			fmt.Println(word)
		}
	}
	for _, name := range types.Universe.Names() {
		fmt.Println(name)
	}
}
"#;
    let module = folder.join("go-words");
    write(&module.join("go.mod"), "module words\n\ngo 1.24\n")?;
    write(&module.join("main.go"), LIST)?;
    let mut words = Words::new();
    for version in GO_VERSIONS {
        let mut go: Command = tools::go(version)?;
        // For this machine.
        go.env("GOOS", "").env("GOARCH", "").current_dir(&module);
        words.extend(own(step::output(go.args(["run", "."]))?.lines()));
    }
    Ok(words)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// What is between two texts.
fn between<'a>(text: &'a str, start: &str, end: &str) -> Result<&'a str> {
    let found = text
        .split_once(start)
        .and_then(|(_, rest)| rest.split_once(end));
    let (found, _) = found.with_context(|| format!("there is no `{start}` with `{end}`"))?;
    Ok(found)
}

/// The strings in a source.
fn quoted(text: &str) -> Words {
    own(text.split('"').skip(1).step_by(2))
}

/// Those that a program may declare.
fn own<'a>(words: impl Iterator<Item = &'a str>) -> Words {
    let words = words.filter(|word| !word.is_empty() && (*word == "_" || !word.starts_with("__")));
    words.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_clang_have_words() {
        let words = |pattern| {
            own(words_of_pattern(pattern))
                .into_iter()
                .collect::<Vec<_>>()
        };
        let pattern = "do {<#statements#>\n} while (<#expression#>);";
        assert_eq!(words(pattern), ["do", "while"]);
        let pattern = "[#size_t#]sizeof(<#expression-or-type#>)";
        assert_eq!(words(pattern), ["sizeof"]);
        let pattern = "static_cast<<#type#>>(<#expression#>)";
        assert_eq!(words(pattern), ["static_cast"]);
    }
}
