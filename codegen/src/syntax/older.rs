//! WITX as it was before version 0.9 of the crate `witx`, and what WASIX adds to it: translated to
//! that of 0.9 before anything else is done with a text, with a map back to the places of the
//! original.
//!
//! | older | here |
//! |---|---|
//! | `(struct ...)`, `(array T)` | `(record ...)`, `(list T)` |
//! | `usize`, `char8` | `(@witx usize)`, `(@witx char8)` |
//! | `(enum u8 ...)`, `(flags u8 ...)` | `(enum (@witx tag u8) ...)`, `(flags (@witx repr u8) ...)` |
//! | `(flags (@witx bitflags u8) ...)` | `(flags (@witx repr u8) ...)` |
//! | `(typename $t (int u8 (const $c 1)))` | `(typename $t u8)`, and `(@witx const $t $c 1)` behind it |
//! | `(union $tag (field $a T) (empty $b))` | `(variant (@witx tag $tag) (case $a T) (case $b))` |
//! | `(result $e $errno) (result $a T) (result $b U)` | `(result $e (expected (tuple T U) (error $errno)))` |
//! | `(result $e $errno)`, if that is an enum whose first case is success (`ok` and `none` are only beside something older) | `(result $e (expected (error $errno)))` |
//! | `(typename hidden $t T)`, of WASIX | `(typename $t T)`, or the integer of an enum or of flags, whose names are only placeholders |
//!
//! Signatures and layouts are the same: functions returned their first result and wrote the others
//! through pointers that were behind the parameters.

use std::collections::HashMap;

use super::faults::is_builtin;
use super::forms::{Forms, Node};
use crate::location::Translated;

/// Names of the first case of an error, which is none.
pub(crate) const SUCCESS: [&str; 6] = ["success", "ok", "none", "no_error", "esuccess", "noerror"];

/// Enums whose first case is success, and whether a function that has one as its only result gives an
/// error for sure: if it is declared as an older one, without `@witx`, or that case has a name that no
/// value has.
pub(crate) type Errors = HashMap<String, bool>;

/// Adds the enums that a text declares whose first case is success.
pub(crate) fn find_errors(text: &str, forms: &Forms, errors: &mut Errors) {
    fn find(text: &str, nodes: &[Node], errors: &mut Errors) {
        for node in nodes {
            match (node.head(text), node.items()) {
                ("module", items) => find(text, items, errors),
                ("typename", [_, name, ty]) if ty.head(text) == "enum" => {
                    let mut words = ty.items().iter().map(|item| item.word(text));
                    let first = words.find_map(|word| word.strip_prefix('$'));
                    // Of one of 64 bits it is not clear what is returned.
                    let tag = ty.items().get(1);
                    let repr = tag.map(|tag| tag.items().last().unwrap_or(tag).word(text));
                    let first = first.unwrap_or_default().to_lowercase();
                    if SUCCESS.contains(&&*first) && repr != Some("u64") {
                        let is_older = tag.is_some_and(|tag| is_builtin(tag.word(text)));
                        let is_sure = is_older || !["ok", "none"].contains(&&*first);
                        errors.insert(name.word(text).to_owned(), is_sure);
                    }
                }
                _ => {}
            }
        }
    }
    find(text, forms.nodes(), errors);
}

/// Translates a text that has something of older WITX in it. `errors` are the enums that are
/// declared whose first case is success.
///
/// A text that is not well-formed is left to the parser.
pub(crate) fn translate(text: &str, forms: &Forms, errors: &Errors) -> Option<Translated> {
    let nodes = forms.nodes.as_ref()?;
    let mut writer = Writer {
        source: text,
        errors,
        is_old: false,
        out: Translated::default(),
    };
    let end = writer.nodes(nodes, 0);
    writer.copy(end, text.len());
    writer.is_old.then_some(writer.out)
}

struct Writer<'a> {
    source: &'a str,
    errors: &'a Errors,
    /// Whether anything was translated.
    is_old: bool,
    out: Translated,
}

impl Writer<'_> {
    fn copy(&mut self, start: usize, end: usize) {
        self.out.copy(self.source, start, end);
    }

    /// Writes text in the place of what is at `at`.
    fn replace(&mut self, at: usize, text: &str) {
        self.is_old = true;
        self.out.insert(at, text);
    }

    fn word<'s>(&'s self, node: &Node) -> &'s str {
        node.word(self.source)
    }

    fn head<'s>(&'s self, node: &Node) -> &'s str {
        node.head(self.source)
    }

    /// Writes nodes and what is between them, from `start` on. Gives where they end.
    fn nodes(&mut self, nodes: &[Node], mut start: usize) -> usize {
        for node in nodes {
            self.copy(start, node.start);
            self.node(node);
            start = node.end;
        }
        start
    }

    /// Writes a type, or what is no list.
    fn ty(&mut self, node: &Node) {
        match self.word(node) {
            "usize" => self.replace(node.start, "(@witx usize)"),
            "char8" => self.replace(node.start, "(@witx char8)"),
            _ => self.node(node),
        }
    }

    fn node(&mut self, node: &Node) {
        match (self.head(node), node.items()) {
            ("typename", [_, name, ty]) => self.typename(node, name, name, ty),
            ("typename", [_, hidden, name, ty]) if self.word(hidden) == "hidden" => {
                self.is_old = true;
                self.typename(node, hidden, name, ty);
            }
            ("@interface", items) => self.function(node, items),
            ("struct", [head, rest @ ..]) => self.with_head(node, head, "record", rest),
            ("array", [head, rest @ ..]) => self.with_head(node, head, "list", rest),
            ("enum", [head, tag, rest @ ..]) if self.is_integer(tag) => {
                let head_and_tag = format!("enum (@witx tag {})", self.word(tag));
                self.renamed(node, head.start, tag.end, &head_and_tag, rest);
            }
            ("flags", [head, repr, rest @ ..]) if self.is_integer(repr) => {
                let head_and_repr = format!("flags (@witx repr {})", self.word(repr));
                self.renamed(node, head.start, repr.end, &head_and_repr, rest);
            }
            ("@witx", [_, bitflags, _]) if self.word(bitflags) == "bitflags" => {
                self.copy(node.start, bitflags.start);
                self.replace(bitflags.start, "repr");
                self.copy(bitflags.end, node.end);
            }
            ("union", [head, tag, fields @ ..]) if self.are_named(tag, fields) => {
                let head_and_tag = format!("variant (@witx tag {})", self.word(tag));
                self.renamed(node, head.start, tag.end, &head_and_tag, fields);
            }
            _ => self.list(node),
        }
    }

    /// Writes a list.
    fn list(&mut self, node: &Node) {
        let Some(items) = &node.children else {
            self.copy(node.start, node.end);
            return;
        };
        self.copy(node.start, node.start + 1);
        // The first word of a list is no type, and that of `@witx` is what this is written as.
        let first = if self.head(node) == "@witx" { 2 } else { 1 };
        let mut start = node.start + 1;
        for (index, item) in items.iter().enumerate() {
            self.copy(start, item.start);
            match index < first {
                true => self.node(item),
                false => self.ty(item),
            }
            start = item.end;
        }
        self.copy(start, node.end);
    }

    fn with_head(&mut self, node: &Node, head: &Node, new: &str, rest: &[Node]) {
        self.renamed(node, head.start, head.end, new, rest);
    }

    /// Writes a list with other words in front, which ended at `end`. Fields of a union are cases.
    fn renamed(&mut self, node: &Node, at: usize, end: usize, new: &str, rest: &[Node]) {
        self.copy(node.start, at);
        self.replace(at, new);
        let is_variant = new.starts_with("variant");
        let mut start = end;
        for item in rest {
            self.copy(start, item.start);
            match item.items() {
                [head, names @ ..] if is_variant => {
                    self.with_head(item, head, "case", names);
                }
                _ => self.ty(item),
            }
            start = item.end;
        }
        self.copy(start, node.end);
    }

    fn is_integer(&self, node: &Node) -> bool {
        let word = self.word(node);
        is_builtin(word) && word.starts_with(['u', 's']) && word != "string"
    }

    /// Whether a union has a tag and names, as older ones do.
    fn are_named(&self, tag: &Node, fields: &[Node]) -> bool {
        let is_named = |field: &Node| {
            matches!(
                (self.head(field), field.items().len()),
                ("field", 3) | ("empty", 2)
            )
        };
        self.word(tag).starts_with('$') && fields.iter().all(is_named)
    }

    /// Writes a declaration of a type whose name is between `first` and its type.
    fn typename(&mut self, node: &Node, first: &Node, name: &Node, ty: &Node) {
        let is_hidden = !std::ptr::eq(first, name);
        self.copy(node.start, first.start);
        self.copy(name.start, ty.start);
        match (self.head(ty), ty.items()) {
            ("int", [_, repr, constants @ ..]) if self.is_integer(repr) => {
                self.is_old = true;
                self.copy(repr.start, repr.end);
                self.copy(ty.end, node.end);
                let mut start = repr.end;
                for constant in constants {
                    self.copy(start, constant.start);
                    match constant.items() {
                        [_, constant, value] => {
                            let head = format!("(@witx const {} ", self.word(name));
                            self.replace(constant.start, &head);
                            self.copy(constant.start, value.end);
                            self.replace(value.end, ")");
                        }
                        _ => self.copy(constant.start, constant.end),
                    }
                    start = constant.end;
                }
            }
            ("enum" | "flags", [_, repr, ..]) if is_hidden && self.repr(repr).is_some() => {
                let repr = self.repr(repr).unwrap_or_default().to_owned();
                self.replace(ty.start, &repr);
                self.copy(ty.end, node.end);
            }
            _ => {
                self.ty(ty);
                self.copy(ty.end, node.end);
            }
        }
    }

    /// The integer of an enum or of flags.
    fn repr<'s>(&'s self, node: &Node) -> Option<&'s str> {
        match node.items() {
            [head, _, repr] if self.word(head) == "@witx" => Some(self.word(repr)),
            _ if self.is_integer(node) => Some(self.word(node)),
            _ => None,
        }
    }

    /// Writes a function. Several results are one, of which the first is the error.
    fn function(&mut self, node: &Node, items: &[Node]) {
        let is_result = |item: &&Node| self.head(item) == "result" && item.items().len() == 3;
        let results: Vec<&Node> = items.iter().filter(is_result).collect();
        let [error, values @ ..] = &results[..] else {
            return self.list(node);
        };
        let ty = self.word(&error.items()[2]);
        let is_error = match values {
            [] => self.errors.contains_key(ty),
            _ => ty.starts_with('$'),
        };
        if !is_error {
            return self.list(node);
        }
        // An enum of today that is the only result may be a value like any other.
        self.is_old |= !values.is_empty() || self.errors.get(ty) == Some(&true);
        self.copy(node.start, node.start + 1);
        let mut start = node.start + 1;
        for item in items {
            // The documentation of all results stays in front of the one.
            self.copy(start, item.start);
            let is_result = results.iter().any(|result| std::ptr::eq(*result, item));
            if !is_result {
                self.node(item);
            }
            start = item.end;
            if !results.last().is_some_and(|last| std::ptr::eq(*last, item)) {
                continue;
            }
            let ty = &error.items()[2];
            self.copy(error.start, ty.start);
            let (head, close) = match values.len() {
                0 | 1 => ("(expected", " (error "),
                _ => ("(expected (tuple", ") (error "),
            };
            self.out.insert(ty.start, head);
            for value in values {
                let ty = &value.items()[2];
                self.out.insert(ty.start, " ");
                self.ty(ty);
            }
            self.out.insert(ty.start, close);
            self.copy(ty.start, ty.end);
            self.out.insert(ty.end, "))");
            self.copy(error.items()[2].end, error.end);
        }
        self.copy(start, node.end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translate_alone(text: &str) -> Option<Translated> {
        let mut errors = Errors::new();
        let forms = Forms::of(text);
        find_errors(text, &forms, &mut errors);
        translate(text, &forms, &errors)
    }

    fn translated(text: &str) -> Option<String> {
        translate_alone(text).map(|translated| translated.text)
    }

    #[test]
    fn what_is_of_today_stays() {
        let text = "(typename $a (enum (@witx tag u8) $usize $hidden $array))\n\
                    (typename $b (record (field $usize (@witx usize)) (field $c (@witx char8))))\n\
                    (typename $c (union $b u8)) (typename $d (list u8))\n\
                    (module $m (@interface func (export \"usize\") (result $error $a)))";
        assert_eq!(translated(text), None);
        assert_eq!(translated("(typename $a (struct"), None);
    }

    #[test]
    fn older_types_are_those_of_today() {
        let types = [
            (
                "(struct (field $a usize))",
                "(record (field $a (@witx usize)))",
            ),
            ("(array (array usize))", "(list (list (@witx usize)))"),
            (
                "(enum u16 $a ;;; A.\n $b)",
                "(enum (@witx tag u16) $a ;;; A.\n $b)",
            ),
            ("(flags u64 $a)", "(flags (@witx repr u64) $a)"),
            (
                "(flags (@witx bitflags u8) $a)",
                "(flags (@witx repr u8) $a)",
            ),
            ("usize", "(@witx usize)"),
            ("(@witx pointer char8)", "(@witx pointer (@witx char8))"),
            (
                "(union $k (field $a (array u8)) (empty $b))",
                "(variant (@witx tag $k) (case $a (list u8)) (case $b))",
            ),
        ];
        for (older, today) in types {
            let text = |ty: &str| format!(";;; T.\n(typename $t {ty}) (typename $u u8)");
            assert_eq!(translated(&text(older)).unwrap(), text(today));
        }
    }

    #[test]
    fn numbers_with_names_have_constants() {
        let text = "(typename $t (int u8\n  ;;; One.\n  (const $one 1)\n  (const $two 2)))";
        assert_eq!(
            translated(text).unwrap(),
            "(typename $t u8)\n  ;;; One.\n  (@witx const $t $one 1)\n  (@witx const $t $two 2)"
        );
    }

    #[test]
    fn hidden_types_are_their_layouts() {
        let text = "(typename hidden $a (enum (@witx tag u32) $hidden))\
                    (typename hidden $b (flags u16 $hidden))(typename hidden $c (list $a))";
        assert_eq!(
            translated(text).unwrap(),
            "(typename $a u32)(typename $b u16)(typename $c (list $a))"
        );
    }

    #[test]
    fn several_results_are_one() {
        let text = |results: &str| {
            format!("(module $m (@interface func (export \"f\") (param $x u8)\n {results}))")
        };
        assert_eq!(
            translated(&text(";;; E.\n (result $e $errno)\n (result $n usize)")).unwrap(),
            text(";;; E.\n \n (result $e (expected (@witx usize) (error $errno)))")
        );
        assert_eq!(
            translated(&text(
                "(result $e $errno) (result $a $t) (result $b (array u8))"
            ))
            .unwrap(),
            text("  (result $e (expected (tuple $t (list u8)) (error $errno)))")
        );
        let errno = "(typename $e (enum u8 $SUCCESS $bad))";
        let alone = translated(&(errno.to_owned() + &text("(result $r $e)"))).unwrap();
        assert!(
            alone.ends_with(&text("(result $r (expected (error $e)))")),
            "{alone}"
        );
        let today = errno.replace("u8", "(@witx tag u8)") + &text("(result $r $e)");
        assert!(
            translated(&today)
                .unwrap()
                .ends_with(&text("(result $r (expected (error $e)))"))
        );
        // A value like any other.
        let today = today.replace("$SUCCESS", "$none");
        assert_eq!(translated(&today), None);
        let beside_older = translated(&(today + "(typename $s (struct (field $a u8)))")).unwrap();
        assert!(beside_older.contains("(result $r (expected (error $e)))"));
        let wide = errno.replace("u8", "u64") + &text("(result $r $e)");
        assert!(
            translated(&wide)
                .unwrap()
                .ends_with(&text("(result $r $e)"))
        );
        // Not known to be an error.
        assert_eq!(translated(&text("(result $r $e)")), None);
        assert_eq!(translated(&text("(result $a u8) (result $b u8)")), None);
    }

    #[test]
    fn places_lead_back_to_the_original() {
        let text = "(typename $a (struct (field $x $nothing)))";
        let translated = translate_alone(text).unwrap();
        let offset = translated.text.find("$nothing").unwrap();
        assert_eq!(translated.original(offset), text.find("$nothing").unwrap());
    }
}
