//! Reads and compiles the module, and explains what is wrong with files that are not modules.

use std::fs;
use std::io::{ErrorKind, Read};
use std::path::Path;

use wasmtime::error::Context;
use wasmtime::{Engine, Module, Precompiled, Result, bail};

use crate::progress::while_working;

/// How binary modules and components start (the WebAssembly core specification, section 5.5.16).
const MAGIC: &[u8] = b"\0asm";

/// Behind [`MAGIC`], the number that tells a component from a module (the component model's binary
/// format): a 16-bit version, then a 16-bit layer, which is 1 for components.
const COMPONENT_LAYER: &[u8] = &[1, 0];

/// The path that stands for stdin.
const STDIN: &str = "-";

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Magic bytes of compressed files.
const COMPRESSED: [(&[u8], &str); 5] = [
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\xfd7zXZ\0", "xz"),
    (b"BZh", "bzip2"),
    (b"PK\x03\x04", "zip"),
];

/// Compiles the module in a file, or loads a precompiled one if that is allowed.
pub fn load(engine: &Engine, path: &Path, allow_precompiled: bool) -> Result<Module> {
    let name = path.display();
    let read = match path.as_os_str() == STDIN {
        true => {
            let mut bytes = Vec::new();
            std::io::stdin().read_to_end(&mut bytes).map(|_| bytes)
        }
        false => fs::read(path),
    };
    let bytes = match read {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => bail!(
            "there is no module `{name}`{}. Check the path, or build the module first",
            relative_to(path)
        ),
        Err(error) => return Err(error).context(format!("cannot read the module `{name}`")),
    };
    compile(engine, &name.to_string(), bytes, allow_precompiled)
}

/// Compiles a module that people know by this name, or takes one that is compiled if it may.
pub fn compile(
    engine: &Engine,
    name: &str,
    mut bytes: Vec<u8>,
    allow_precompiled: bool,
) -> Result<Module> {
    if is_component(&bytes) {
        bail!(
            "`{name}` is a component, and wasmtime-http runs core modules. Build it for \
             wasm32-wasip1 rather than wasm32-wasip2, and without a step that makes a component"
        );
    }
    match Engine::detect_precompiled(&bytes) {
        Some(Precompiled::Module) if allow_precompiled => {
            return precompiled(engine, &bytes)
                .with_context(|| format!("cannot run the compiled module `{name}`"));
        }
        Some(_) => bail!(
            "`{name}` is compiled to native code already, which could do whatever wasmtime-http may. \
             Give the .wasm file, which is compiled once and kept; or if you have compiled it yourself, \
             add --allow-precompiled"
        ),
        None => {}
    }
    if let Some((_, format)) = COMPRESSED
        .iter()
        .find(|(start, _)| bytes.starts_with(start))
    {
        bail!("`{name}` is compressed ({format}): unpack it first");
    }
    // Editors on Windows put a byte order mark before text.
    if bytes.starts_with(BYTE_ORDER_MARK) {
        bytes.drain(..BYTE_ORDER_MARK.len());
    }
    let is_binary = bytes.starts_with(MAGIC);
    if !is_binary && !is_text(&bytes) {
        bail!(
            "`{name}` is not a WebAssembly module: a .wasm file starts with the bytes \"\\0asm\", \
             and a .wat file is text that starts with `(`. Give the path of the module that your \
             compiler wrote"
        );
    }
    let compiled = while_working(format_args!("compiling `{name}`"), || {
        Module::new(engine, &bytes)
    });
    compiled.with_context(|| match is_binary {
        true => format!("`{name}` is not a valid module"),
        false => format!("`{name}` is not a valid module in text"),
    })
}

#[allow(
    unsafe_code,
    reason = "wasmtime has no other way to take a compiled module"
)]
fn precompiled(engine: &Engine, bytes: &[u8]) -> Result<Module> {
    // SAFETY: the person who runs this program has said, by `--allow-precompiled`, that the file is what
    // wasmtime has compiled and nobody else has touched. What cannot be right, such as another version of
    // wasmtime, is found by it.
    unsafe { Module::deserialize(engine, bytes) }
}

/// The current directory, for messages about relative paths.
fn relative_to(path: &Path) -> String {
    match std::env::current_dir() {
        Ok(directory) if path.is_relative() => format!(" in `{}`", directory.display()),
        _ => String::new(),
    }
}

fn is_component(bytes: &[u8]) -> bool {
    match bytes.strip_prefix(MAGIC) {
        Some(rest) => rest.get(2..4) == Some(COMPONENT_LAYER),
        None => text_without_comments(bytes)
            .and_then(|text| {
                text.strip_prefix('(')?
                    .trim_start()
                    .strip_prefix("component")
            })
            .is_some(),
    }
}

/// Whether this looks like the text format.
fn is_text(bytes: &[u8]) -> bool {
    text_without_comments(bytes).is_some_and(|text| text.starts_with('('))
}

/// The text from its first token; `None` if it is not UTF-8.
fn text_without_comments(bytes: &[u8]) -> Option<&str> {
    let mut text = std::str::from_utf8(bytes).ok()?.trim_start();
    loop {
        if let Some(comment) = text.strip_prefix(";;") {
            text = comment
                .split_once('\n')
                .map_or("", |(_, rest)| rest)
                .trim_start();
        } else if let Some(comment) = text.strip_prefix("(;") {
            // Does not handle nested comments, which are rare here; the real parser does.
            text = comment
                .split_once(";)")
                .map_or("", |(_, rest)| rest)
                .trim_start();
        } else {
            return Some(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_and_components_are_told_apart() {
        let cases: [(&[u8], bool, bool); 10] = [
            (b"\0asm\x01\0\0\0", false, false),
            (b"\0asm\x0d\0\x01\0", true, false),
            (b"\0asm", false, false),
            (b"(module)", false, true),
            (b" ;; (component)\n(; (component) ;) (module)", false, true),
            (b"(component)", true, true),
            (b";; a\n( component)", true, true),
            (b"int main() {}", false, false),
            (b"", false, false),
            (b"\x7fELF\xff", false, false),
        ];
        for (bytes, component, text) in cases {
            let shown = String::from_utf8_lossy(bytes);
            assert_eq!(is_component(bytes), component, "{shown:?}");
            assert_eq!(is_text(bytes), text, "{shown:?}");
        }
    }
}
