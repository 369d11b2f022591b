//! Places in the texts of WITX files, and how they are shown.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How many characters of a line are shown.
const LONGEST_LINE: usize = 120;

/// The text of a WITX file, and the name under which it is shown.
#[derive(Debug)]
pub struct Source {
    /// The file, as it was named by the user or by a `use`.
    pub path: PathBuf,
    /// What is in it.
    pub text: String,
    /// What is parsed in its place, if it is older or in the other dialect.
    pub(crate) translated: Option<Arc<Translated>>,
}

impl Source {
    /// What is parsed.
    pub(crate) fn parsed(&self) -> &str {
        match &self.translated {
            Some(translated) => &translated.text,
            None => &self.text,
        }
    }
}

/// A place in a source.
#[derive(Clone)]
pub struct Location {
    source: Arc<Source>,
    /// In what is parsed. A document has thousands of places and shows few, if any, so lines are
    /// counted when they are asked for.
    span: wast::Span,
}

impl PartialEq for Location {
    fn eq(&self, other: &Location) -> bool {
        self.place() == other.place()
    }
}

impl Eq for Location {}

impl Location {
    /// The place of a span. One behind the end of the text is moved to the end.
    pub(crate) fn new(source: &Arc<Source>, span: wast::Span) -> Location {
        Location {
            source: source.clone(),
            span,
        }
    }

    /// The place of byte `byte` of line `line` of what is parsed, both counted from 0.
    pub(crate) fn of_line(source: &Arc<Source>, line: usize, byte: usize) -> Location {
        let offset = offset(source.parsed(), line, byte);
        Location::new(source, wast::Span::from_offset(offset))
    }

    /// What locations are compared by: the file, and the place in it in bytes.
    pub(crate) fn place(&self) -> (&Path, usize) {
        (self.path(), self.before().len())
    }

    /// The place in what is parsed, in bytes.
    pub(crate) fn parsed_offset(&self) -> usize {
        span_offset(self.source.parsed(), self.span)
    }

    /// The text before the place.
    fn before(&self) -> &str {
        let offset = self.parsed_offset();
        let offset = match &self.source.translated {
            Some(translated) => translated.original(offset),
            None => offset,
        };
        let text = &self.source.text;
        &text[..text.floor_char_boundary(offset)]
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.source.path
    }

    /// The line, counted from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.before().matches('\n').count() + 1
    }

    /// The column in characters, counted from 1.
    #[must_use]
    pub fn column(&self) -> usize {
        let line = self.before().rsplit('\n').next().unwrap_or_default();
        line.chars().count() + 1
    }

    /// The source line and, below it, a caret under the column. Tabs are repeated in the
    /// caret's indentation, so that it is right for any tab width. Of a long line, what is around
    /// the place is shown.
    pub(crate) fn fmt_snippet(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.source.text.split('\n').nth(self.line() - 1);
        let text: Vec<char> = text.unwrap_or_default().trim_end().chars().collect();
        let column = self.column() - 1;
        let start = match text.len() > LONGEST_LINE {
            true => column.saturating_sub(LONGEST_LINE / 2),
            false => 0,
        };
        let end = text.len().min(start + LONGEST_LINE);
        let start = start.min(end);
        let dots = |is_cut: bool| if is_cut { "..." } else { "" };
        let (before, after) = (dots(start > 0), dots(end < text.len()));
        let number = self.line().to_string();
        let margin = " ".repeat(number.len());
        let indent: String = text[start..]
            .iter()
            .copied()
            .chain(std::iter::repeat(' '))
            .take(column - start)
            .map(|c| if c == '\t' { '\t' } else { ' ' })
            .collect();
        let shown: String = text[start..end].iter().collect();
        let indent = " ".repeat(before.len()) + &indent;
        write!(
            f,
            "\n{margin} |\n{number} | {before}{shown}{after}\n{margin} | {indent}^"
        )
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path().display();
        write!(f, "{path}:{}:{}", self.line(), self.column())
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The place of a span in a text, in bytes.
pub(crate) fn span_offset(text: &str, span: wast::Span) -> usize {
    let (line, byte) = span.linecol_in(text);
    offset(text, line, byte)
}

/// The place of byte `byte` of line `line` of a text, both counted from 0.
fn offset(text: &str, line: usize, byte: usize) -> usize {
    let before = text.split_inclusive('\n').take(line);
    before.map(str::len).sum::<usize>() + byte
}

/// A text that is parsed in the place of another one, and where its pieces were there.
#[derive(Debug, Default)]
pub(crate) struct Translated {
    /// The text.
    pub(crate) text: String,
    /// Where its pieces come from, in order.
    pieces: Vec<Piece>,
    /// What the original is a translation of, if it is one.
    pub(crate) before: Option<Arc<Translated>>,
}

/// A piece of a translated text.
#[derive(Debug)]
struct Piece {
    /// Where it starts in the translation.
    start: usize,
    /// Where that is in the original.
    original: usize,
    /// Its length if it is a copy; 0 if it was inserted, and then all of it maps to `original`.
    len: usize,
}

impl Translated {
    /// Adds a part of the original.
    pub(crate) fn copy(&mut self, original: &str, start: usize, end: usize) {
        if start < end {
            self.pieces.push(Piece {
                start: self.text.len(),
                original: start,
                len: end - start,
            });
            self.text.push_str(&original[start..end]);
        }
    }

    /// Adds text that is not in the original; faults in it are shown at `at` there.
    pub(crate) fn insert(&mut self, at: usize, text: &str) {
        self.pieces.push(Piece {
            start: self.text.len(),
            original: at,
            len: 0,
        });
        self.text.push_str(text);
    }

    /// The place in the original of one in the translation, both in bytes.
    pub(crate) fn original(&self, offset: usize) -> usize {
        let after = self.pieces.partition_point(|piece| piece.start <= offset);
        let offset = match after.checked_sub(1).map(|index| &self.pieces[index]) {
            Some(piece) => piece.original + (offset - piece.start).min(piece.len),
            None => 0,
        };
        match &self.before {
            Some(before) => before.original(offset),
            None => offset,
        }
    }
}
