//! Rules of comments.

use super::{File, Findings};
use crate::location::Location;
use crate::syntax::{Attachment, doc_comments};

/// A documentation comment stands above what it is about.
pub(super) fn misplaced(file: &File<'_>, findings: &mut Findings) {
    for comment in doc_comments(file.source.parsed(), file.tokens) {
        let (message, hint) = match comment.attachment {
            Attachment::Item => continue,
            Attachment::Behind => (
                "this comment documents what follows, not what stands before it",
                "put it above what it is about, or write it with `;;`",
            ),
            Attachment::Nothing => (
                "this comment documents nothing",
                "put it above a type, a module, a function, or a part of one, or write it with \
                 `;;`",
            ),
        };
        let at = Location::new(file.source, wast::Span::from_offset(comment.offset));
        findings.add(at, message, hint);
    }
}
