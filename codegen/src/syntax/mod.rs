//! The syntax of a file: from its text to declarations, as witx's own parser has them.
//!
//! The file's top level is parsed here, since witx's parser gives no places for it, and since it
//! panics on some texts or overflows the stack.

mod comments;
mod dialect;
mod faults;
mod forms;
mod older;

use std::collections::HashSet;
use std::sync::Arc;

use wast::lexer::{Lexer, Token};
use wast::parser::{Parse, Parser};
use witx::parser::{CommentSyntax, DeclSyntax, TypedefSyntax};

use crate::diagnostic::Diagnostic;
use crate::location::{Location, Source};

pub(crate) use comments::{Attachment, doc_comments, head};
pub(crate) use dialect::{Declared, TRUTH_CASES, declare, translate};
pub(crate) use faults::{fault, is_builtin};
pub(crate) use forms::{
    Forms, declared_name, nearest, nearest_annotation, reads_a_file, top_level,
    unknown_annotations, used_files, value_location, without_item, words_at,
};
pub(crate) use older::{Errors, SUCCESS, find_errors, translate as translate_older};

/// The deepest nesting of parentheses that is read. The parser is recursive, so without a
/// limit a hostile file could overflow the stack; files that exist stay below 10.
const MAX_DEPTH: usize = 100;

/// The top level of a file, as witx's own parser reads it but with the place of each item.
pub(crate) struct File<'a> {
    pub(crate) items: Vec<Item<'a>>,
}

pub(crate) enum Item<'a> {
    Use {
        span: wast::Span,
        used: Used<'a>,
    },
    Declaration {
        span: wast::Span,
        comments: CommentSyntax<'a>,
        declaration: Box<DeclSyntax<'a>>,
    },
}

/// What a `use` names.
pub(crate) enum Used<'a> {
    /// A file.
    File(&'a str),
    /// Types of a module, all if there are none, and the module.
    Module {
        types: Vec<wast::Id<'a>>,
        module: wast::Id<'a>,
    },
}

mod keyword {
    wast::custom_keyword!(from);
    wast::custom_keyword!(r#use = "use");
}

impl<'a> Parse<'a> for Used<'a> {
    fn parse(parser: Parser<'a>) -> wast::parser::Result<Self> {
        if parser.peek::<&str>() {
            return Ok(Used::File(parser.parse()?));
        }
        let mut types = Vec::new();
        let star = |cursor: wast::parser::Cursor<'a>| match cursor.reserved() {
            Some(("*", rest)) => Ok((true, rest)),
            _ => Ok((false, cursor)),
        };
        if !parser.step(star)? {
            if !parser.peek::<wast::Id<'a>>() {
                return Err(parser.error("expected a file in quotes, a type, or `*`"));
            }
            while parser.peek::<wast::Id<'a>>() {
                types.push(parser.parse()?);
            }
        }
        parser.parse::<keyword::from>()?;
        let module = parser.parse()?;
        Ok(Used::Module { types, module })
    }
}

impl<'a> Parse<'a> for File<'a> {
    fn parse(parser: Parser<'a>) -> wast::parser::Result<Self> {
        let _witx = parser.register_annotation("witx");
        let _interface = parser.register_annotation("interface");
        let mut items = Vec::new();
        while !parser.is_empty() {
            let comments: CommentSyntax<'a> = parser.parse()?;
            let item = parser.parens(|parser| {
                if parser.peek::<keyword::r#use>() {
                    parser.parse::<keyword::r#use>()?;
                    let span = parser.cur_span();
                    let used = parser.parse()?;
                    return Ok(Item::Use { span, used });
                }
                let span = parser.cur_span();
                let mut declaration: DeclSyntax<'a> = parser.parse()?;
                // witx reads a constant's comment inside its parentheses, where nobody writes it.
                if let DeclSyntax::Const(constant) = &mut declaration
                    && constant.comments.comments.is_empty()
                {
                    constant.comments = comments.clone();
                }
                Ok(Item::Declaration {
                    span,
                    comments: comments.clone(),
                    declaration: Box::new(declaration),
                })
            })?;
            items.push(item);
        }
        Ok(File { items })
    }
}

/// The types that a type is made of, one level down.
pub(crate) fn parts<'t, 'a>(ty: &'t TypedefSyntax<'a>) -> Vec<&'t TypedefSyntax<'a>> {
    match ty {
        TypedefSyntax::Tuple(tuple) => tuple.types.iter().collect(),
        TypedefSyntax::Union(union) => {
            let fields = union.fields.iter().map(|field| &field.item);
            union.tag.as_deref().into_iter().chain(fields).collect()
        }
        TypedefSyntax::Variant(variant) => {
            let cases = &variant.cases;
            let payloads = cases.iter().filter_map(|case| case.item.ty.as_ref());
            variant.tag.as_deref().into_iter().chain(payloads).collect()
        }
        TypedefSyntax::Record(record) => {
            let fields = record.fields.iter();
            fields.map(|field| &field.item.type_).collect()
        }
        TypedefSyntax::Expected(expected) => {
            let types = expected.ok.iter().chain(&expected.err);
            types.map(|ty| &**ty).collect()
        }
        TypedefSyntax::List(ty) | TypedefSyntax::Pointer(ty) | TypedefSyntax::ConstPointer(ty) => {
            vec![ty]
        }
        _ => Vec::new(),
    }
}

/// Whether one of these names is in a type.
pub(crate) fn mentions(ty: &TypedefSyntax<'_>, names: &HashSet<String>) -> bool {
    match ty {
        TypedefSyntax::Ident(id) => names.contains(id.name()),
        ty => parts(ty).into_iter().any(|part| mentions(part, names)),
    }
}

/// The tokens of a text up to the first lexical error, which is the parser's to report.
pub(crate) struct Tokens<'t> {
    tokens: Vec<Token<'t>>,
    has_error: bool,
}

impl<'t> Tokens<'t> {
    pub(crate) fn of(text: &'t str) -> Tokens<'t> {
        let mut has_error = false;
        let lexer = Lexer::new(text).map_while(|token| {
            has_error = token.is_err();
            token.ok()
        });
        Tokens {
            tokens: lexer.collect(),
            has_error,
        }
    }

    /// The tokens of the whole text, if it has no lexical error.
    fn all(&self) -> Option<&[Token<'t>]> {
        (!self.has_error).then_some(&self.tokens)
    }
}

/// Refuses parentheses nested deeper than the recursive parser should follow.
pub(crate) fn check_depth(source: &Arc<Source>, tokens: &Tokens<'_>) -> Result<(), Diagnostic> {
    let mut depth = 0_usize;
    for token in &tokens.tokens {
        match token {
            Token::LParen(token) => {
                depth += 1;
                if depth > MAX_DEPTH {
                    let offset = token.as_ptr() as usize - source.parsed().as_ptr() as usize;
                    return Err(Diagnostic::new(
                        Location::new(source, wast::Span::from_offset(offset)),
                        format!("parentheses are nested more than {MAX_DEPTH} deep"),
                    ));
                }
            }
            Token::RParen(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// Replaces white space other than blanks and tabs in the indentation of doc comments, a
/// no-break space for example, by as many blanks as it has bytes. witx cuts indentation by
/// bytes, and panics inside of a character.
pub(crate) fn plain_indentation(text: String) -> String {
    let odd = |c: char| c.is_whitespace() && !c.is_ascii();
    if text.is_ascii() || !text.contains(odd) {
        return text;
    }
    let mut plain = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        match line.split_once(";;;") {
            Some((before, comment)) => {
                let body = comment.trim_start_matches(|c: char| odd(c) || c == ' ' || c == '\t');
                let indent = comment.len() - body.len();
                plain.push_str(before);
                plain.push_str(";;;");
                plain.push_str(&" ".repeat(indent));
                plain.push_str(body);
            }
            None => plain.push_str(line),
        }
    }
    plain
}
