//! The other dialect of WITX, which the tool `witx-codegen` reads: translated to the one of the
//! crate `witx` 0.9 before it is parsed, with a map back to the places of the original.
//!
//! | the other dialect | here |
//! |---|---|
//! | types, constants and `use` inside of a module | in front of it |
//! | `(resource $x)` | `(typename $x (handle))` |
//! | `(handle $x)` | `$x` |
//! | `(resource $x)` and `(typename $x (handle $x))` | `(typename $x (handle))` |
//! | `(in-buffer T)` | `(list T)` |
//! | `(out-buffer T)` | `(@witx pointer T)`, and behind the parameter or the field one more, `_len` of type `(@witx usize)` |
//! | `bool` | [`TRUTH`], which takes 1 byte |
//! | a record of `bool`s | `(flags (@witx repr u8) ...)`, or as wide as there are fields |
//! | an enum, a variant or a union without a tag | `(@witx tag u8)`, or as wide as there are cases |
//!
//! So the ABI is that of the tool, which a test compares with figures that it gave.

use std::collections::HashSet;

use super::comments::head;
use super::forms::{Forms, Node};
use crate::location::Translated;

/// A `bool` of 1 byte, in words of witx. Nobody writes names with a second `$`, so the builder of
/// the model knows it again.
const TRUTH: &str = "(variant (@witx tag u8) (case $$false) (case $$true))";

/// The names of the cases of [`TRUTH`].
pub(crate) const TRUTH_CASES: [&str; 2] = ["$false", "$true"];

/// Types of the other dialect whose uses have to be translated.
#[derive(Default)]
pub(crate) struct Declared {
    /// Buffers to be filled.
    buffers: HashSet<String>,
    /// Truth values.
    truths: HashSet<String>,
    /// Handles of resources that have the same name.
    handles: HashSet<String>,
}

/// Adds the types that a text declares.
pub(crate) fn declare(text: &str, forms: &Forms, declared: &mut Declared) {
    find_types(text, forms.nodes(), declared);
}

/// Translates a text that is in the other dialect. Also gives the offsets, in the translation, of
/// buffers to be filled that are neither parameters nor fields, for which witx has no words.
///
/// A text that is not well-formed is left to the parser.
pub(crate) fn translate(
    text: &str,
    forms: &Forms,
    declared: &Declared,
) -> Option<(Translated, Vec<usize>)> {
    let nodes = forms.nodes.as_ref()?;
    if !is_other(text, nodes) {
        return None;
    }
    let mut writer = Writer {
        source: text,
        declared,
        refused: Vec::new(),
        out: Translated::default(),
    };
    // The head of the file is about all of it, and stays in front.
    let head = head(text).map_or(0, |head| head.end);
    writer.copy(0, head);
    let end = writer.nodes(nodes, head);
    writer.copy(end, text.len());
    Some((writer.out, writer.refused))
}

/// Whether a text is in the other dialect.
fn is_other(source: &str, nodes: &[Node]) -> bool {
    nodes.iter().any(|node| {
        let items = node.items();
        let is_declaration = |node: &Node| is_declaration(source, node);
        match (node.head(source), items) {
            ("in-buffer" | "out-buffer" | "resource", _) | ("handle", [_, _]) => true,
            ("module", items) if items.iter().any(is_declaration) => true,
            // This dialect uses files, and no modules.
            ("use", items) if items.iter().any(|item| item.word(source) == "from") => true,
            _ => is_other(source, items),
        }
    })
}

/// Whether a form in a module is what witx has at the top level only.
fn is_declaration(source: &str, node: &Node) -> bool {
    let head = node.head(source);
    matches!(head, "typename" | "resource" | "use" | "@witx")
}

/// Finds the types that are buffers to be filled or truth values, or other names of such types.
fn find_types(source: &str, nodes: &[Node], declared: &mut Declared) {
    for node in nodes {
        match (node.head(source), node.items()) {
            ("module", items) => find_types(source, items, declared),
            ("typename", [_, name, ty]) => {
                let name = || name.word(source).to_owned();
                if let ("handle", [_, resource]) = (ty.head(source), ty.items())
                    && resource.word(source) == name()
                {
                    declared.handles.insert(name());
                } else if declared.is_buffer(source, ty) {
                    declared.buffers.insert(name());
                } else if declared.is_truth(source, ty) {
                    declared.truths.insert(name());
                }
            }
            _ => {}
        }
    }
}

impl Declared {
    fn is_buffer(&self, source: &str, ty: &Node) -> bool {
        ty.head(source) == "out-buffer" || self.buffers.contains(ty.word(source))
    }

    fn is_truth(&self, source: &str, ty: &Node) -> bool {
        let word = ty.word(source);
        word == "bool" || self.truths.contains(word)
    }
}

/// Whether the item at an index of a list can be a type. Other items are names, which may equal the
/// name of a type.
fn is_type(head: &str, index: usize) -> bool {
    match head {
        "enum" | "flags" => false,
        "module" | "typename" | "param" | "result" | "field" | "case" | "@witx" => index > 1,
        _ => index > 0,
    }
}

/// The integer that represents so many cases, as the tool chooses it.
fn repr_of_cases(cases: usize) -> &'static str {
    match cases {
        0..255 => "u8",
        255..65535 => "u16",
        _ => "u32",
    }
}

/// The integer that represents so many flags.
fn repr_of_flags(flags: usize) -> Option<&'static str> {
    match flags {
        0..=8 => Some("u8"),
        9..=16 => Some("u16"),
        17..=32 => Some("u32"),
        33..=64 => Some("u64"),
        _ => None,
    }
}

struct Writer<'a> {
    source: &'a str,
    declared: &'a Declared,
    /// Offsets of what cannot be translated.
    refused: Vec<usize>,
    out: Translated,
}

impl Writer<'_> {
    fn copy(&mut self, start: usize, end: usize) {
        self.out.copy(self.source, start, end);
    }

    fn insert(&mut self, at: usize, text: &str) {
        self.out.insert(at, text);
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

    /// Writes a module, and in front of it and its documentation the declarations in it.
    fn module(&mut self, module: &Node, start: usize) {
        let items = module.items();
        let is_declaration = |node: &Node| is_declaration(self.source, node);
        let moved: Vec<bool> = items.iter().map(is_declaration).collect();
        let starts = || {
            let ends = items.iter().map(|item| item.end);
            std::iter::once(module.start + 1).chain(ends)
        };
        for ((item, start), is_moved) in items.iter().zip(starts()).zip(&moved) {
            if *is_moved {
                self.copy(start, item.start);
                self.node(item);
            }
        }
        if moved.contains(&true) {
            self.insert(start, "\n");
        }
        self.copy(start, module.start + 1);
        for ((item, start), is_moved) in items.iter().zip(starts()).zip(&moved) {
            if !is_moved {
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
            // Resources and types had names of their own once.
            ("resource", [_, name]) if self.declared.handles.contains(name.word(source)) => {}
            ("typename", [_, name, ty])
                if self.declared.handles.contains(name.word(source))
                    && ty.head(source) == "handle" =>
            {
                self.copy(node.start, ty.start);
                self.insert(ty.start, "(handle)");
                self.copy(ty.end, node.end);
            }
            ("resource", [_, name]) => {
                self.insert(node.start, "(typename ");
                self.copy(name.start, name.end);
                self.insert(name.end, " (handle))");
            }
            ("handle", [_, name]) => self.copy(name.start, name.end),
            // Its names are not uses of types.
            ("use", _) => self.copy(node.start, node.end),
            ("in-buffer", [head, element]) => self.buffer(node, "(list", head, element),
            ("out-buffer", [head, element]) => self.buffer(node, "(@witx pointer", head, element),
            ("typename", [_, _, ty]) => self.list(node, Some(ty)),
            (kind @ ("param" | "field"), [_, name, ty]) => {
                self.list(node, Some(ty));
                if self.declared.is_buffer(source, ty) {
                    let len = format!(" ({kind} {}_len (@witx usize))", name.word(source));
                    self.insert(name.start, &len);
                }
            }
            ("enum" | "variant" | "union", [head, rest @ ..]) if !self.has_number(rest) => {
                let tag = format!(" (@witx tag {})", repr_of_cases(rest.len()));
                self.with_number(node, head, &tag);
            }
            ("flags", [head, rest @ ..]) if !self.has_number(rest) => {
                match repr_of_flags(rest.len()) {
                    Some(repr) => self.with_number(node, head, &format!(" (@witx repr {repr})")),
                    None => self.list(node, None),
                }
            }
            ("record", [head, fields @ ..]) => match self.flags(fields) {
                Some(repr) => {
                    self.insert(node.start, &format!("(flags (@witx repr {repr})"));
                    let mut end = head.end;
                    for field in fields {
                        self.copy(end, field.start);
                        if let [_, name, _] = field.items() {
                            self.copy(name.start, name.end);
                        }
                        end = field.end;
                    }
                    self.copy(end, node.end);
                }
                None => self.list(node, None),
            },
            _ if node.word(source) == "bool" => self.insert(node.start, TRUTH),
            _ => self.list(node, None),
        }
    }

    /// Whether the integer is written that represents cases or flags.
    fn has_number(&self, rest: &[Node]) -> bool {
        rest.first()
            .is_some_and(|first| first.head(self.source) == "@witx")
    }

    /// Writes a list with something behind its first word.
    fn with_number(&mut self, node: &Node, head: &Node, number: &str) {
        self.copy(node.start, head.end);
        self.insert(head.end, number);
        let mut start = head.end;
        for (index, item) in node.items().iter().enumerate().skip(1) {
            self.copy(start, item.start);
            if is_type(head.word(self.source), index) {
                self.refuse_buffer(item);
            }
            self.node(item);
            start = item.end;
        }
        self.copy(start, node.end);
    }

    /// The integer for a record that is a set of bits, if it is one.
    fn flags(&self, fields: &[Node]) -> Option<&'static str> {
        let is_truth = |field: &Node| match (field.head(self.source), field.items()) {
            ("field", [_, _, ty]) => self.declared.is_truth(self.source, ty),
            _ => false,
        };
        match fields.iter().all(is_truth) {
            true => repr_of_flags(fields.len()),
            false => None,
        }
    }

    fn buffer(&mut self, node: &Node, head: &str, old: &Node, element: &Node) {
        self.insert(node.start, head);
        self.copy(old.end, element.start);
        self.refuse_buffer(element);
        self.node(element);
        self.copy(element.end, node.end);
    }

    /// Writes a list. A buffer to be filled in it, other than `allowed`, has no place for its
    /// length.
    fn list(&mut self, node: &Node, allowed: Option<&Node>) {
        if node.items().is_empty() {
            self.copy(node.start, node.end);
            return;
        }
        self.copy(node.start, node.start + 1);
        let mut start = node.start + 1;
        for (index, item) in node.items().iter().enumerate() {
            self.copy(start, item.start);
            let is_allowed = allowed.is_some_and(|allowed| std::ptr::eq(allowed, item));
            if !is_allowed && is_type(node.head(self.source), index) {
                self.refuse_buffer(item);
            }
            self.node(item);
            start = item.end;
        }
        self.copy(start, node.end);
    }

    /// Notes a type that is written next, if that is a buffer to be filled.
    fn refuse_buffer(&mut self, ty: &Node) {
        if self.declared.is_buffer(self.source, ty) {
            self.refused.push(self.out.text.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translate_alone(text: &str) -> Option<Translated> {
        let mut declared = Declared::default();
        let forms = Forms::of(text);
        declare(text, &forms, &mut declared);
        translate(text, &forms, &declared).map(|(translated, _)| translated)
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
        let text = "(resource $r)(typename $r (handle $r))(typename $s (handle $r))";
        assert_eq!(
            translated(text).unwrap(),
            "(typename $r (handle))(typename $s $r)"
        );
        let text = "(param $x (in-buffer u8)) (param $y (out-buffer u16))";
        assert_eq!(
            translated(text).unwrap(),
            "(param $x (list u8)) (param $y (@witx pointer u16)) (param $y_len (@witx usize))"
        );
    }

    #[test]
    fn numbers_and_truth_values_are_those_of_the_dialect() {
        let types = [
            ("(enum $a $b)", "(enum (@witx tag u8) $a $b)"),
            ("(enum (@witx tag u32) $a)", "(enum (@witx tag u32) $a)"),
            ("(union u8 u64)", "(union (@witx tag u8) u8 u64)"),
            ("(flags $a $b)", "(flags (@witx repr u8) $a $b)"),
            (
                "(record (field $a bool) (field $b $t))",
                "(flags (@witx repr u8) $a $b)",
            ),
            (
                "(record (field $a bool) (field $b u8))",
                &format!("(record (field $a {TRUTH}) (field $b u8))"),
            ),
            (
                "(record (field $a (out-buffer u8)))",
                "(record (field $a (@witx pointer u8)) (field $a_len (@witx usize)))",
            ),
        ];
        for (theirs, ours) in types {
            let text = format!("(module $m (typename $t bool) (typename $x {theirs}))");
            let translated = translated(&text).unwrap();
            assert!(
                translated.contains(&format!("(typename $x {ours})")),
                "{translated}"
            );
        }
        // In the dialect of witx, they are what witx says.
        let text = "(typename $t bool)(typename $x (record (field $a bool)))(module $m)";
        assert_eq!(translated(text), None);
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
