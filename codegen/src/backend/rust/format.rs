//! Turns Rust syntax into a file that is pleasant to read.
//!
//! `prettyplease` does the work. It knows neither comments nor blank lines between items, since
//! syntax trees have none: comments are passed as macro calls (see [`comment`]), and blank lines
//! are added by what the lines look like.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use crate::diagnostic::Error;
use crate::model::docs;

/// The name of the macro call that stands for a comment. No WITX name can become it, since the
/// conversion of case drops underscores in front.
const COMMENT: &str = "__comment!(";

/// The name of the macro call that stands for lines of text: for macro calls, the inside of
/// which is not formatted.
const VERBATIM: &str = "__verbatim!(";

/// A statement that becomes a comment of the given text, wrapped for a body that is indented
/// by `indent`.
pub fn comment(text: &str, indent: usize) -> TokenStream {
    let lines = docs::wrap(text, 97 - indent);
    quote!(#(__comment!(#lines);)*)
}

/// The lines of a documentation comment, with its slashes.
pub fn doc_comment(text: &str) -> Vec<String> {
    let lines = rustdoc(docs::lines(text).into_iter());
    let lines = lines.into_iter().map(|line| format!("/// {line}"));
    lines.map(|line| line.trim_end().to_owned()).collect()
}

/// Attributes that document an item with these lines.
pub fn docs<S: AsRef<str>>(lines: &[S]) -> TokenStream {
    let lines = doc_lines(lines);
    quote!(#(#[doc = #lines])*)
}

/// The same attributes, for an item that is parsed already.
pub fn doc_attributes<S: AsRef<str>>(lines: &[S]) -> Vec<syn::Attribute> {
    let doc = |line: String| syn::MetaNameValue {
        path: Ident::new("doc", Span::call_site()).into(),
        eq_token: Default::default(),
        value: syn::Expr::Lit(syn::ExprLit {
            attrs: Vec::new(),
            lit: syn::LitStr::new(&line, Span::call_site()).into(),
        }),
    };
    let attribute = |line: String| syn::Attribute {
        pound_token: Default::default(),
        style: syn::AttrStyle::Outer,
        bracket_token: Default::default(),
        meta: syn::Meta::NameValue(doc(line)),
    };
    doc_lines(lines).into_iter().map(attribute).collect()
}

/// The texts of attributes that document an item with these lines.
fn doc_lines<S: AsRef<str>>(lines: &[S]) -> Vec<String> {
    let lines = rustdoc(lines.iter().map(AsRef::as_ref)).into_iter();
    lines
        .map(|line| match line.as_str() {
            "" => line,
            _ => format!(" {line}"),
        })
        .collect()
}

/// Documentation that means to rustdoc what it means in WITX: code is no test, and brackets are
/// no links to items.
fn rustdoc<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut safe: Vec<String> = Vec::new();
    let (mut fenced, mut indented) = (false, false);
    for line in lines {
        let is_indented = line.starts_with("    ") || line.starts_with('\t');
        if indented && !is_indented && !line.is_empty() {
            safe.push("```".to_owned());
            indented = false;
        }
        if let Some(info) = line.trim_start().strip_prefix("```") {
            let indent = &line[..line.len() - line.trim_start().len()];
            let text = if fenced || !info.trim().is_empty() {
                ""
            } else {
                "text"
            };
            // Any language might be compiled, since it might be `rust`.
            let info = if !fenced && info.trim() == "rust" {
                "text"
            } else {
                info
            };
            safe.push(format!("{indent}```{text}{info}"));
            fenced = !fenced;
        } else if fenced || indented {
            safe.push(line.to_owned());
        } else if is_indented && safe.last().is_none_or(String::is_empty) {
            safe.push("```text".to_owned());
            safe.push(line.to_owned());
            indented = true;
        } else {
            safe.push(prose(line));
        }
    }
    if fenced || indented {
        safe.push("```".to_owned());
    }
    safe
}

/// A line outside of code with what rustdoc would warn of: brackets that are no link, angle
/// brackets that are no tag, and addresses that are not marked as such.
fn prose(line: &str) -> String {
    if !line.contains(['[', '<']) && !line.contains("://") {
        return line.to_owned();
    }
    let mut safe = String::new();
    let last = line.matches('`').count();
    for (index, part) in line.split('`').enumerate() {
        if index > 0 {
            safe.push('`');
        }
        // Odd parts are between backticks, unless the closing one is missing.
        if index % 2 == 1 && index < last {
            safe.push_str(part);
            continue;
        }
        let mut rest = part;
        while let Some(c) = rest.chars().next() {
            let address = ["http://", "https://"]
                .iter()
                .any(|scheme| rest.starts_with(scheme));
            let bare = !safe.ends_with(['(', '<', '"']);
            if address && bare {
                let end = rest.find(|c: char| c.is_whitespace() || "<>()`".contains(c));
                let (address, after) = rest.split_at(end.unwrap_or(rest.len()));
                let trimmed = address.trim_end_matches(['.', ',', ';', ':']);
                safe.push_str(&format!("<{trimmed}>{}", &address[trimmed.len()..]));
                rest = after;
                continue;
            }
            let escaped = match c {
                '[' => !links(rest),
                '<' => !rest.starts_with("<http"),
                _ => false,
            };
            if escaped {
                safe.push('\\');
            }
            safe.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    safe
}

/// Whether a text starts with a link and its target.
fn links(text: &str) -> bool {
    let after = text.find(']').map(|end| &text[end + 1..]);
    after.is_some_and(|after| after.starts_with("(http") || after.starts_with("(#"))
}

/// Parses code that was generated for `language`.
pub fn parse<T: syn::parse::Parse>(
    language: &'static str,
    tokens: TokenStream,
) -> Result<T, Error> {
    syn::parse2(tokens).map_err(|error| Error::Internal {
        language,
        message: error.to_string(),
    })
}

/// A file, which is formatted piece by piece: the syntax tree of all of it takes much memory, and
/// so much time.
pub struct File {
    text: String,
    /// What lines are indented by.
    indent: &'static str,
    /// The last line.
    previous: String,
}

impl File {
    /// A file that starts with the lines of `header` as comments, and with those of `head`.
    pub fn new(header: &[String], head: &[String]) -> File {
        let between = (!head.is_empty()).then(String::new);
        let mut text = String::new();
        for line in header.iter().chain(&between).chain(head) {
            text.push_str(format!("// {line}").trim_end());
            text.push('\n');
        }
        File {
            text,
            indent: "",
            previous: String::from(";"),
        }
    }

    /// Formats items, or attributes of the file, and puts them at its end.
    pub fn push(&mut self, items: &syn::File) {
        let pretty = prettyplease::unparse(items);
        let mut lines = pretty.lines();
        while let Some(line) = lines.next() {
            let code = line.trim_start();
            let indent = &line[..line.len() - code.len()];
            if let Some(rest) = code.strip_prefix(COMMENT) {
                self.line(&format!("{indent}// {}", argument(rest, &mut lines)));
            } else if let Some(rest) = code.strip_prefix(VERBATIM) {
                for line in argument(rest, &mut lines).lines() {
                    self.line(format!("{indent}{line}").trim_end());
                }
            } else if code.starts_with("assert!(") {
                self.line(&plain_generics(line));
            } else {
                self.line(line);
            }
        }
    }

    /// Starts a module in which all else is; `head` are items and attributes before it.
    pub fn open_module(&mut self, head: &[String], name: &str) {
        self.text.push('\n');
        for line in head {
            self.text.push_str(line);
            self.text.push('\n');
        }
        self.text.push_str(&format!("mod {name} {{\n"));
        self.previous.clear();
        self.indent = "    ";
    }

    /// The text.
    pub fn finish(mut self) -> String {
        if !self.indent.is_empty() {
            self.text.push_str("}\n");
        }
        self.text
    }

    fn line(&mut self, line: &str) {
        if needs_blank(&self.previous, line) {
            self.text.push('\n');
        }
        if !line.is_empty() {
            self.text.push_str(self.indent);
        }
        self.text.push_str(line);
        self.text.push('\n');
        line.clone_into(&mut self.previous);
    }
}

/// The argument of a macro call that stands for text, and whose argument starts with `rest`. A
/// long one is spread over lines.
fn argument<'a>(rest: &str, lines: &mut impl Iterator<Item = &'a str>) -> String {
    let mut literal = rest.trim().to_owned();
    while !literal.ends_with(");") {
        match lines.next() {
            Some(line) => literal.push_str(line.trim()),
            None => break,
        }
    }
    let literal = literal.strip_suffix(");").unwrap_or(&literal);
    match syn::parse_str::<syn::LitStr>(literal) {
        Ok(literal) => literal.value(),
        Err(_) => literal.to_owned(),
    }
}

/// The line without the blanks that tokens inside of a macro call are printed with.
fn plain_generics(line: &str) -> String {
    line.replace(":: < ", "::<").replace(" > ()", ">()")
}

/// Whether an item starts at `line` that should stand apart from the one before.
fn needs_blank(previous: &str, line: &str) -> bool {
    const ITEMS: [&str; 14] = [
        "///",
        "#[",
        "#![",
        "pub ",
        "wiggle::bitflags",
        "fn ",
        "impl ",
        "impl<",
        "mod ",
        "use ",
        "struct ",
        "const _",
        "unsafe fn ",
        "unsafe extern ",
    ];
    let before = previous.trim_start();
    // True of few lines.
    let ended = before.ends_with(['}', ';']) || before.starts_with("#![");
    if !ended {
        return false;
    }
    let now = line.trim_start();
    if !ITEMS.iter().any(|item| now.starts_with(item)) {
        return false;
    }
    // Items of one line without documentation stand together, and so do imports.
    let alike = before.split(' ').next() == now.split(' ').next();
    let import = now.starts_with("pub fn ") && before.ends_with(';');
    !alike && !import
}
