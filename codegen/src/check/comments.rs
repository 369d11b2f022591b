//! Rules of comments.

use std::sync::Arc;

use super::Findings;
use crate::location::{Location, Source};
use crate::syntax::{Attachment, doc_comments};

/// A documentation comment stands above what it is about.
pub(super) fn misplaced(source: &Arc<Source>, findings: &mut Findings) {
    for comment in doc_comments(source.parsed()) {
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
        let at = Location::new(source, wast::Span::from_offset(comment.offset));
        findings.add(at, message, hint);
    }
}
