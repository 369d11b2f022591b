//! S-expressions: a text as words and lists, with no knowledge of WITX.

use std::ops::Range;
use std::sync::Arc;

use wast::lexer::{Lexer, Token};

use crate::location::{Location, Source, span_offset};

/// A word, or a list in parentheses.
pub(super) struct Node {
    pub(super) start: usize,
    pub(super) end: usize,
    /// What is between the parentheses.
    pub(super) children: Option<Vec<Node>>,
}

impl Node {
    pub(super) fn word<'a>(&self, source: &'a str) -> &'a str {
        match self.children {
            None => &source[self.start..self.end],
            Some(_) => "",
        }
    }

    pub(super) fn items(&self) -> &[Node] {
        self.children.as_deref().unwrap_or_default()
    }

    /// The first word of a list.
    pub(super) fn head<'a>(&self, source: &'a str) -> &'a str {
        self.items().first().map_or("", |first| first.word(source))
    }
}

/// A text as words and lists, so that what is asked about them is asked of one pass over it.
pub(crate) struct Forms {
    /// `None` if the text is not well-formed.
    pub(super) nodes: Option<Vec<Node>>,
}

impl Forms {
    pub(crate) fn of(text: &str) -> Forms {
        Forms { nodes: parse(text) }
    }

    /// The forms; none of a text that is not well-formed.
    pub(super) fn nodes(&self) -> &[Node] {
        self.nodes.as_deref().unwrap_or_default()
    }
}

/// Splits a text into words and lists, without comments.
pub(super) fn parse(text: &str) -> Option<Vec<Node>> {
    let bytes = text.as_bytes();
    let mut open: Vec<(usize, Vec<Node>)> = vec![(0, Vec::new())];
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let start = at;
        match rest[0] {
            _ if rest.starts_with(b";;") => {
                at += rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
            }
            _ if rest.starts_with(b"(;") => {
                let mut depth = 0;
                loop {
                    match bytes.get(at..at + 2)? {
                        b"(;" => (depth, at) = (depth + 1, at + 2),
                        b";)" => (depth, at) = (depth - 1, at + 2),
                        _ => at += 1,
                    }
                    if depth == 0 {
                        break;
                    }
                }
            }
            b'(' => {
                // The parser reports deeper nesting.
                if open.len() > 200 {
                    return None;
                }
                open.push((at, Vec::new()));
                at += 1;
            }
            b')' => {
                let (start, children) = open.pop()?;
                at += 1;
                open.last_mut()?.1.push(Node {
                    start,
                    end: at,
                    children: Some(children),
                });
            }
            byte if byte.is_ascii_whitespace() => at += 1,
            byte => {
                at += 1;
                if byte == b'"' {
                    while *bytes.get(at)? != b'"' {
                        at += if bytes[at] == b'\\' { 2 } else { 1 };
                    }
                    at += 1;
                } else {
                    let ends = |b: &u8| b.is_ascii_whitespace() || b"();\"".contains(b);
                    while bytes.get(at).is_some_and(|b| !ends(b)) {
                        at += 1;
                    }
                }
                open.last_mut()?.1.push(Node {
                    start,
                    end: at,
                    children: None,
                });
            }
        }
    }
    let (_, nodes) = open.pop()?;
    open.is_empty().then_some(nodes)
}

/// The words of annotations that mean something in WITX.
const ANNOTATIONS: [&str; 2] = ["@interface", "@witx"];

/// Annotations of the text format of WebAssembly that say nothing about an interface.
const IGNORED_ANNOTATIONS: [&str; 2] = ["@custom", "@name"];

/// Unknown annotations and their offsets. The lexer would skip them with everything inside.
pub(crate) fn unknown_annotations<'t>(text: &'t str, forms: &Forms) -> Vec<(usize, &'t str)> {
    fn find<'t>(text: &'t str, nodes: &[Node], found: &mut Vec<(usize, &'t str)>) {
        for node in nodes {
            let head = node.head(text);
            let known = ANNOTATIONS.contains(&head) || IGNORED_ANNOTATIONS.contains(&head);
            if head.starts_with('@') && !known {
                found.push((node.items()[0].start, head));
            }
            find(text, node.items(), found);
        }
    }
    let mut found = Vec::new();
    match &forms.nodes {
        Some(nodes) => find(text, nodes, &mut found),
        // Those in well-formed forms.
        None => {
            for form in top_level(text) {
                let alone = &text[form.clone()];
                let mut inner = Vec::new();
                find(alone, &parse(alone).unwrap_or_default(), &mut inner);
                found.extend(inner.into_iter().map(|(at, word)| (form.start + at, word)));
            }
        }
    }
    found
}

/// The first word of the innermost list around a place.
pub(super) fn parent_of(text: &str, offset: usize) -> Option<&str> {
    let nodes = parse(text)?;
    let mut parent = None;
    let mut items = &nodes[..];
    while let Some(list) = items.iter().find(|node| is_inside(node, offset)) {
        let head = list.head(text);
        // The word itself may be the first of its list.
        if list
            .items()
            .first()
            .is_none_or(|first| first.start != offset)
        {
            parent = Some(head).filter(|head| !head.is_empty());
        }
        items = list.items();
    }
    parent
}

/// Whether a place is between the parentheses of a list.
fn is_inside(node: &Node, offset: usize) -> bool {
    node.children.is_some() && node.start < offset && offset < node.end
}

/// A text in which the item of a module (a function, for example) around an offset is overwritten
/// with blanks, so that all other offsets stay valid. `None` if there is no such item.
pub(crate) fn without_item(text: &str, offset: usize) -> Option<String> {
    let nodes = parse(text)?;
    let module = nodes.iter().find(|node| is_inside(node, offset))?;
    if module.head(text) != "module" {
        return None;
    }
    let mut items = module.items().iter();
    let item = items.find(|item| is_inside(item, offset))?;
    let blanks = text[item.start..item.end].bytes();
    let blanks = blanks.map(|byte| if byte == b'\n' { '\n' } else { ' ' });
    let (before, after) = (&text[..item.start], &text[item.end..]);
    Some(before.chars().chain(blanks).chain(after.chars()).collect())
}

/// The files that a text uses, by their paths or, in the other dialect, by their modules.
pub(crate) fn used_files(text: &str, forms: &Forms) -> Vec<String> {
    fn find(text: &str, nodes: &[Node], found: &mut Vec<String>) {
        for node in nodes {
            match (node.head(text), node.items()) {
                ("module", items) => find(text, items, found),
                ("use", [_, path]) => found.push(path.word(text).trim_matches('"').to_owned()),
                ("use", [_, .., module]) => {
                    let name = module.word(text).trim_start_matches('$');
                    found.push(format!("{name}.witx"));
                }
                _ => {}
            }
        }
    }
    let mut found = Vec::new();
    find(text, forms.nodes(), &mut found);
    found
}

/// The place of what follows a name: of the type of a parameter, for example. That of the name if
/// nothing follows.
pub(crate) fn value_location(source: &Arc<Source>, name: wast::Span) -> Location {
    fn after(nodes: &[Node], offset: usize) -> Option<usize> {
        let index = nodes.iter().position(|node| node.end > offset)?;
        match nodes[index].start == offset {
            true => nodes.get(index + 1).map(|node| node.start),
            false => after(nodes[index].items(), offset),
        }
    }
    let text = source.parsed();
    match parse(text).and_then(|nodes| after(&nodes, span_offset(text, name))) {
        Some(offset) => Location::new(source, wast::Span::from_offset(offset)),
        None => Location::new(source, name),
    }
}

/// The annotation that was probably meant.
pub(crate) fn nearest_annotation(word: &str) -> Option<&'static str> {
    nearest(word, ANNOTATIONS)
}

/// The word that is nearest to one that does not exist, if one is near: with no more than a
/// third of its letters changed, and not all of them.
pub(crate) fn nearest<'w>(word: &str, words: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let words = words
        .into_iter()
        .map(|other| (distance(word, other), other));
    let (distance, nearest) = words.min()?;
    let letters = word.trim_start_matches('$').chars().count();
    (distance <= letters.div_ceil(3) && distance < letters).then_some(nearest)
}

/// How many letters are to be changed, added, removed, or swapped with the next, to make one word
/// of another.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for (i, c) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, d) in b.iter().enumerate() {
            let changed = rows[i][j] + usize::from(c != d);
            let mut least = changed.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *c == b[j - 1] && a[i - 1] == *d {
                least = least.min(rows[i - 1][j - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

/// Where the forms of the top level are, each with what is between it and the form before. In a
/// text whose parentheses do not match, a form starts at each one in the first column.
pub(crate) fn top_level(text: &str) -> Vec<Range<usize>> {
    let mut ends: Vec<usize> = match parse(text) {
        Some(nodes) => {
            // Words without parentheses are one form: they are one fault, however many.
            let is_word = |index: usize| nodes.get(index).is_some_and(|n| n.children.is_none());
            let last = (0..nodes.len()).filter(|index| !(is_word(*index) && is_word(index + 1)));
            last.map(|index| nodes[index].end).collect()
        }
        None => {
            let starts = text.match_indices("\n(").map(|(at, _)| at + 1);
            starts.map(|start| comments_before(text, start)).collect()
        }
    };
    ends.retain(|end| *end > 0);
    if ends.last() != Some(&text.len()) {
        ends.push(text.len());
    }
    let starts: Vec<usize> = std::iter::once(0).chain(ends.iter().copied()).collect();
    starts
        .into_iter()
        .zip(ends)
        .map(|(start, end)| start..end)
        .collect()
}

/// Where the comments start that stand in lines directly above a place.
fn comments_before(text: &str, mut place: usize) -> usize {
    for line in text[..place].split_inclusive('\n').rev() {
        if !line.trim_start().starts_with(";;") {
            break;
        }
        place -= line.len();
    }
    place
}

/// The words of the form of the top level at a place, without comments and how they are laid out.
pub(crate) fn words_at(text: &str, offset: usize) -> Option<String> {
    fn write(text: &str, node: &Node, words: &mut String) {
        match &node.children {
            None => words.push_str(node.word(text)),
            Some(children) => {
                words.push('(');
                children.iter().for_each(|child| write(text, child, words));
                words.push(')');
            }
        }
        words.push(' ');
    }
    let nodes = parse(text)?;
    let node = nodes
        .iter()
        .find(|node| (node.start..node.end).contains(&offset))?;
    let mut words = String::new();
    write(text, node, &mut words);
    Some(words)
}

/// The name that a form of the top level declares, as far as that can be told of a faulty one.
pub(crate) fn declared_name(form: &str) -> Option<&str> {
    let mut words = form
        .lines()
        .filter(|line| !line.trim_start().starts_with(";;"))
        .flat_map(|line| line.split(|c: char| c.is_whitespace() || "()".contains(c)))
        .filter(|word| !word.is_empty());
    let head = words.next()?;
    let name = words.next()?;
    match head {
        "use" | "@witx" => None,
        "typename" | "module" | "resource" => Some(name.strip_prefix('$').unwrap_or(name)),
        // A word that may have been meant as one of those.
        _ => name.strip_prefix('$'),
    }
}

/// Whether a faulty form of the top level seems to read another file, in the words of WITX or in
/// those of other languages.
pub(crate) fn reads_a_file(form: &str) -> bool {
    let lines = form.lines().map(str::trim_start);
    let mut lines = lines.filter(|line| !line.is_empty() && !line.starts_with(";;"));
    let first = lines.next().unwrap_or_default();
    let words = first.trim_start_matches('(').trim_start();
    let head = words.split([' ', '\t', '"', ')']).next();
    head.is_some_and(|head| ["use", "import", "include", "require"].contains(&head))
}

/// A token as it is written.
pub(super) fn token_text<'t>(token: &Token<'t>) -> &'t str {
    match token {
        Token::LineComment(text)
        | Token::BlockComment(text)
        | Token::Whitespace(text)
        | Token::LParen(text)
        | Token::RParen(text)
        | Token::Id(text)
        | Token::Keyword(text)
        | Token::Reserved(text) => text,
        Token::String(string) => string.src(),
        Token::Integer(integer) => integer.src(),
        Token::Float(float) => float.src(),
    }
}

/// Where a parenthesis opens that a form does not close: the one that its indentation gives away,
/// since something as far to the left follows while it is open, or else the last one. `form` is all
/// of `text`, or a part of it behind blanks.
pub(crate) fn unclosed(text: &str, form: &str) -> Option<usize> {
    let line_start = |offset: usize| text[..offset].rfind('\n').map_or(0, |at| at + 1);
    let indentation = |offset: usize| {
        let line = &text[line_start(offset)..];
        line.len() - line.trim_start_matches([' ', '\t']).len()
    };
    let is_first = |offset: usize| offset - line_start(offset) == indentation(offset);
    let mut open: Vec<usize> = Vec::new();
    let mut suspect = None;
    for token in Lexer::new(form) {
        // A lexical error is reported instead.
        let token = token.ok()?;
        let offset = token_text(&token).as_ptr() as usize - form.as_ptr() as usize;
        match token {
            Token::LParen(_) => {
                let last = open.last().copied().filter(|_| is_first(offset));
                suspect = suspect.or(last.filter(|last| indentation(*last) >= indentation(offset)));
                open.push(offset);
            }
            Token::RParen(_) => {
                // One too many is the parser's to report.
                let last = open.pop()?;
                if is_first(offset) && indentation(last) > indentation(offset) {
                    suspect = suspect.or(Some(last));
                }
            }
            _ => {}
        }
    }
    open.pop().map(|last| suspect.unwrap_or(last))
}
