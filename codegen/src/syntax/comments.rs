//! Documentation comments, and what they are about.

use wast::lexer::Token;
use witx::parser::CommentSyntax;

use super::Tokens;
use super::forms::token_text;

/// What the comments at the head of a file say about the document, and where they end.
pub(crate) struct Head {
    pub(crate) docs: String,
    pub(crate) end: usize,
}

/// The comments at the head of a file, up to the first blank line. Those that stand directly above
/// a declaration are about that, but a `use` has no documentation.
pub(crate) fn head(text: &str) -> Option<Head> {
    let mut comments = Vec::new();
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        match trimmed.strip_prefix(";;") {
            Some(comment) => comments.push(comment),
            None if trimmed.is_empty() && comments.is_empty() => {}
            None if trimmed.is_empty() || trimmed.starts_with("(use ") => break,
            None => return None,
        }
        end += line.len();
    }
    let docs = CommentSyntax { comments }.docs();
    (!docs.is_empty()).then_some(Head { docs, end })
}

/// A documentation comment: one line, or lines that follow each other.
pub(crate) struct DocComment {
    pub(crate) offset: usize,
    pub(crate) attachment: Attachment,
}

/// What a documentation comment is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attachment {
    /// The item below it.
    Item,
    /// The item below it, although it follows other code in its line.
    Behind,
    /// Nothing: what follows has no documentation.
    Nothing,
}

/// The documentation comments behind the head of a text. A text with a lexical error has none.
pub(crate) fn doc_comments(text: &str, tokens: &Tokens<'_>) -> Vec<DocComment> {
    let Some(tokens) = tokens.all() else {
        return Vec::new();
    };
    let offset = |token: &str| token.as_ptr() as usize - text.as_ptr() as usize;
    let head = head(text).map_or(0, |head| head.end);
    let mut comments: Vec<DocComment> = Vec::new();
    // Comments whose following item is not known yet.
    let mut pending = 0;
    let mut open: Vec<Option<&str>> = Vec::new();
    let mut index = 0;
    while let Some(token) = tokens.get(index) {
        index += 1;
        let place = offset(token_text(token));
        match token {
            Token::Whitespace(_) => {}
            Token::LineComment(_) | Token::BlockComment(_) => {
                let src = token_text(token);
                let is_docs = src.starts_with(";;;") || src.starts_with("(;;");
                let line = text[..place].rsplit('\n').next().unwrap_or_default();
                let is_behind = !line.trim().is_empty();
                let continues = pending > 0 && !is_behind;
                if is_docs && place >= head && !continues {
                    let attachment = match is_behind {
                        true => Attachment::Behind,
                        false => Attachment::Item,
                    };
                    comments.push(DocComment {
                        offset: place,
                        attachment,
                    });
                    pending += 1;
                }
            }
            token => {
                let parent = open.last().copied();
                let next = tokens[index..].iter().find(|token| is_code(token));
                let documented = match token {
                    Token::LParen(_) => has_docs(parent, next.map_or("", token_text)),
                    Token::RParen(_) => false,
                    word => has_docs(parent, token_text(word)),
                };
                if !documented {
                    let last = comments.len() - pending;
                    for comment in &mut comments[last..] {
                        comment.attachment = Attachment::Nothing;
                    }
                }
                pending = 0;
                match token {
                    Token::LParen(_) => open.push(None),
                    Token::RParen(_) => {
                        open.pop();
                    }
                    word => {
                        if let Some(head @ None) = open.last_mut() {
                            *head = Some(token_text(word));
                        }
                    }
                }
            }
        }
    }
    let last = comments.len() - pending;
    for comment in &mut comments[last..] {
        comment.attachment = Attachment::Nothing;
    }
    comments
}

fn is_code(token: &Token<'_>) -> bool {
    !matches!(
        token,
        Token::Whitespace(_) | Token::LineComment(_) | Token::BlockComment(_)
    )
}

/// Whether something that starts with this word is documented in a form of this head, `None` being
/// the top level.
fn has_docs(parent: Option<Option<&str>>, word: &str) -> bool {
    match parent {
        None => ["typename", "module", "resource", "@witx"].contains(&word),
        Some(Some("module")) => true,
        Some(Some("enum" | "flags")) => word.starts_with('$'),
        Some(Some("record")) => word == "field",
        Some(Some("variant")) => word == "case",
        Some(Some("union")) => word != "@witx",
        Some(Some("@interface")) => ["param", "result"].contains(&word),
        Some(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_of_a_file_ends_with_a_blank_line() {
        let docs = |text| head(text).map(|head| (head.docs, &text[head.end..]));
        let with_head = "\n;;; A clock.\n;; plain\n;;; Two lines.\n\n;;; A type.\n(typename $a u8)";
        let (text, rest) = docs(with_head).unwrap();
        assert_eq!(text, "A clock.\nTwo lines.\n");
        assert!(rest.trim_start().starts_with(";;; A type."));
        assert!(docs(";;; About the use.\n(use \"a.witx\")").is_some());
        assert!(docs(";;; A type.\n(typename $a u8)\n").is_none());
        assert!(docs(";; no documentation\n\n(typename $a u8)\n").is_none());
    }

    #[test]
    fn comments_are_about_what_follows() {
        let attachments = |text| -> Vec<Attachment> {
            let comments = doc_comments(text, &Tokens::of(text));
            comments.iter().map(|c| c.attachment).collect()
        };
        use Attachment::*;
        let good = ";;; T\n(typename $t\n (record\n ;;; F\n ;;; more\n (field $a u8)))";
        assert_eq!(attachments(good), [Item, Item]);
        let behind = "(typename $t (enum\n  $a ;;; about a\n  $b))";
        assert_eq!(attachments(behind), [Behind]);
        let last = "(typename $t (enum\n  $a\n  $b ;;; about b\n))\n;;; the end\n;;; of it";
        assert_eq!(attachments(last), [Nothing, Nothing]);
        assert_eq!(attachments("(typename ;;; x\n $t u8)"), [Nothing]);
    }
}
