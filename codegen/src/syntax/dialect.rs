//! The other dialect of WITX, which the tool `witx-codegen` reads: translated to the one of the
//! crate `witx` 0.9 before it is parsed, with a map back to the places of the original.
//!
//! | the other dialect | here |
//! |---|---|
//! | types, constants and `use` inside of a module | in front of it |
//! | `(resource $x)` | `(typename $x (handle))` |
//! | `(handle $x)` | `$x` |
//! | `(in-buffer T)` | `(list T)` |
//! | `(out-buffer T)` | `(@witx pointer T)`, and a parameter `_len` of type `(@witx usize)` behind |
//!
//! A buffer is an address and a number of elements in both. The rest gets the ABI of witx 0.9, which
//! is another one in memory for `bool`, for tags that are not written, for records of `bool`s and
//! for buffers inside of records.

use std::collections::HashSet;

use super::comments::head;
use super::forms::{Node, parse};
use crate::location::{Piece, Translated};

/// Adds the names of the types that a text declares and that are buffers to be filled.
pub(crate) fn declared_buffers(text: &str, buffers: &mut HashSet<String>) {
    find_buffers(text, &parse(text).unwrap_or_default(), buffers);
}

/// Translates a text, if there is anything of the other dialect in it. `buffers` are the names
/// of types that are buffers to be filled.
///
/// A text that is not well-formed is left to the parser.
pub(crate) fn translate(text: &str, buffers: &HashSet<String>) -> Option<Translated> {
    let nodes = parse(text)?;
    let mut writer = Writer {
        source: text,
        buffers,
        changed: false,
        out: Translated {
            text: String::new(),
            pieces: Vec::new(),
        },
    };
    // The head of the file is about all of it, and stays in front.
    let head = head(text).map_or(0, |head| head.end);
    writer.copy(0, head);
    let end = writer.nodes(&nodes, head);
    writer.copy(end, text.len());
    writer.changed.then_some(writer.out)
}

/// Finds the types that are buffers to be filled, or other names of such types.
fn find_buffers(source: &str, nodes: &[Node], buffers: &mut HashSet<String>) {
    for node in nodes {
        match (node.head(source), node.items()) {
            ("module", items) => find_buffers(source, items, buffers),
            ("typename", [_, name, ty]) if is_buffer(source, ty, buffers) => {
                buffers.insert(name.word(source).to_owned());
            }
            _ => {}
        }
    }
}

fn is_buffer(source: &str, ty: &Node, buffers: &HashSet<String>) -> bool {
    ty.head(source) == "out-buffer" || buffers.contains(ty.word(source))
}

struct Writer<'a> {
    source: &'a str,
    buffers: &'a HashSet<String>,
    changed: bool,
    out: Translated,
}

impl Writer<'_> {
    fn copy(&mut self, start: usize, end: usize) {
        if start < end {
            self.out.pieces.push(Piece {
                start: self.out.text.len(),
                original: start,
                len: end - start,
            });
            self.out.text.push_str(&self.source[start..end]);
        }
    }

    /// Writes what is not in the original, on behalf of what is at `at` there.
    fn insert(&mut self, at: usize, text: &str) {
        self.changed = true;
        self.out.pieces.push(Piece {
            start: self.out.text.len(),
            original: at,
            len: 0,
        });
        self.out.text.push_str(text);
    }

    /// Writes nodes and what is between them, from `start` on. Gives where they end.
    fn nodes(&mut self, nodes: &[Node], mut start: usize) -> usize {
        for node in nodes {
            if node.head(self.source) == "module" {
                self.module(node, start);
            } else {
                self.copy(start, node.start);
                self.node(node);
            }
            start = node.end;
        }
        start
    }

    /// Writes a module, and in front of it and its documentation what is no function.
    fn module(&mut self, module: &Node, start: usize) {
        let items = module.items();
        let is_function =
            |node: &Node| matches!(node.head(self.source), "" | "@interface" | "import");
        let functions: Vec<bool> = items.iter().map(is_function).collect();
        let starts = || {
            let ends = items.iter().map(|item| item.end);
            std::iter::once(module.start + 1).chain(ends)
        };
        for ((item, start), is_function) in items.iter().zip(starts()).zip(&functions) {
            if !is_function {
                self.changed = true;
                self.copy(start, item.start);
                self.node(item);
            }
        }
        if functions.contains(&false) {
            self.insert(start, "\n");
        }
        self.copy(start, module.start + 1);
        for ((item, start), is_function) in items.iter().zip(starts()).zip(&functions) {
            if *is_function {
                self.copy(start, item.start);
                self.node(item);
            }
        }
        let end = items.last().map_or(module.start + 1, |item| item.end);
        self.copy(end, module.end);
    }

    fn node(&mut self, node: &Node) {
        let source = self.source;
        match (node.head(source), node.items()) {
            ("resource", [_, name]) => {
                self.insert(node.start, "(typename ");
                self.copy(name.start, name.end);
                self.insert(name.end, " (handle))");
            }
            ("handle", [_, name]) => {
                self.changed = true;
                self.copy(name.start, name.end);
            }
            ("in-buffer", [head, element]) => self.buffer(node, "(list", head, element),
            ("out-buffer", [head, element]) => self.buffer(node, "(@witx pointer", head, element),
            ("param", [_, name, ty]) => {
                self.list(node);
                if is_buffer(source, ty, self.buffers) {
                    let len = format!(" (param {}_len (@witx usize))", name.word(source));
                    self.insert(name.start, &len);
                }
            }
            _ => self.list(node),
        }
    }

    fn buffer(&mut self, node: &Node, head: &str, old: &Node, element: &Node) {
        self.insert(node.start, head);
        self.copy(old.end, element.start);
        self.node(element);
        self.copy(element.end, node.end);
    }

    fn list(&mut self, node: &Node) {
        if node.items().is_empty() {
            self.copy(node.start, node.end);
            return;
        }
        self.copy(node.start, node.start + 1);
        let end = self.nodes(node.items(), node.start + 1);
        self.copy(end, node.end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translate_alone(text: &str) -> Option<Translated> {
        let mut buffers = HashSet::new();
        declared_buffers(text, &mut buffers);
        translate(text, &buffers)
    }

    fn translated(text: &str) -> Option<String> {
        translate_alone(text).map(|translated| translated.text)
    }

    #[test]
    fn what_is_in_the_dialect_already_stays() {
        let text =
            ";; (in-buffer u8)\n(typename $a (handle)) (module $m (import \"memory\" (memory)))";
        assert_eq!(translated(text), None);
        assert_eq!(translated("(typename $a u8"), None);
    }

    #[test]
    fn buffers_and_resources_are_translated() {
        let text = "(resource $r)(typename $h (handle $r))(typename $b (out-buffer u8))";
        assert_eq!(
            translated(text).unwrap(),
            "(typename $r (handle))(typename $h $r)(typename $b (@witx pointer u8))"
        );
        let text = "(param $x (in-buffer u8)) (param $y (out-buffer u16))";
        assert_eq!(
            translated(text).unwrap(),
            "(param $x (list u8)) (param $y (@witx pointer u16)) (param $y_len (@witx usize))"
        );
    }

    #[test]
    fn types_in_modules_are_put_in_front_with_their_documentation() {
        let text = ";;; Module.\n(module $m\n  ;;; Type.\n  (typename $a u8)\n  ;;; F.\n  (@interface func (export \"f\")))";
        assert_eq!(
            translated(text)
                .unwrap()
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" "),
            ";;; Type. (typename $a u8) ;;; Module. (module $m ;;; F. (@interface func (export \"f\")))"
        );
    }

    #[test]
    fn places_lead_back_to_the_original() {
        let text = "(module $m (typename $a (in-buffer $nothing)))";
        let translated = translate_alone(text).unwrap();
        let offset = translated.text.find("$nothing").unwrap();
        assert_eq!(translated.original(offset), text.find("$nothing").unwrap());
    }
}
