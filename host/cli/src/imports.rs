//! Checks the imports of a module, and explains what to do about missing ones.

use wasmtime::{Linker, Module, Result, Store, bail};

use crate::say::name;

/// Which tool probably made an import, by the prefix of its module's name.
const HINTS: [(&str, &str); 8] = [
    (
        "wasi:",
        "this is a part of a component: build the module for wasm32-wasip1",
    ),
    (
        "env::abort",
        "an AssemblyScript module needs @assemblyscript/wasi-shim: add its `extends` to \
         asconfig.json",
    ),
    (
        "env::memory",
        "the module wants a memory of its host: build it without --import-memory",
    ),
    (
        "env::",
        "a function was declared and nowhere defined: link the library that has it, or define it",
    ),
    (
        "wasi_unstable::",
        "the module was built for an old version of WASI: build it with a newer toolchain",
    ),
    (
        "__wbindgen",
        "the module was built for browsers by wasm-bindgen: build it for wasm32-wasip1",
    ),
    (
        "wbg::",
        "the module was built for browsers by wasm-bindgen: build it for wasm32-wasip1",
    ),
    (
        "gojs::",
        "the module was built for browsers by Go: build it with GOOS=wasip1",
    ),
];

/// The advice for all other imports.
const OTHERWISE: &str = "correct the name, define it in the module itself, or let another module offer it: \
                         --preload NAME=FILE";

/// The largest edit distance of a suggested name: two typing errors.
const MAX_SLIPS: usize = 2;

/// Fails if imports are missing, and lists all of them.
pub fn check<T: 'static>(
    linker: &Linker<T>,
    mut store: &mut Store<T>,
    module: &Module,
) -> Result<()> {
    let missing: Vec<_> = module
        .imports()
        .filter(|import| linker.get_by_import(&mut store, import).is_none())
        .map(|import| (import.module(), import.name()))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let offered: Vec<_> = linker
        .iter(&mut store)
        .map(|(from, what, _)| format!("{from}::{what}"))
        .collect();
    let mut text = String::from("the module imports what wasmtime-http does not offer:");
    let mut hints: Vec<&str> = Vec::new();
    for (from, what) in missing {
        let import = format!("{from}::{what}");
        text.push_str(&format!("\n    {}", name(&import)));
        let nearest = offered
            .iter()
            .map(|offer| (distance(&import, offer), offer))
            .min();
        if let Some((slips, offer)) = nearest
            && slips <= MAX_SLIPS
        {
            text.push_str(&format!(" (there is {offer})"));
        } else if let Some((_, hint)) = HINTS.iter().find(|(start, _)| import.starts_with(start))
            && !hints.contains(hint)
        {
            hints.push(hint);
        }
    }
    if hints.is_empty() {
        hints.push(OTHERWISE);
    }
    for hint in hints {
        text.push_str(&format!("\n{hint}"));
    }
    bail!("{text}")
}

/// The Levenshtein distance of two strings.
pub fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    // The lengths differ by too much.
    if one.chars().count().abs_diff(other.len()) > MAX_SLIPS {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, a) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, b) in other.iter().enumerate() {
            let changed = diagonal + usize::from(a != *b);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}
