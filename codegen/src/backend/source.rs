//! A writer of indented text, for the languages that have no syntax tree here.

use crate::model::docs;

/// The longest line, in characters, unless a single word is longer.
pub const WIDTH: usize = 98;

/// Text that is written line by line at a depth of indentation.
#[derive(Debug)]
pub struct Source {
    text: String,
    indent: &'static str,
    depth: usize,
}

impl Source {
    /// Starts a text that is indented by `indent` for each depth.
    pub fn new(indent: &'static str) -> Source {
        Source {
            text: String::new(),
            indent,
            depth: 0,
        }
    }

    /// Writes a line at the present depth. An empty one is left without indentation.
    pub fn line(&mut self, line: impl AsRef<str>) {
        let line = line.as_ref();
        if !line.is_empty() {
            for _ in 0..self.depth {
                self.text.push_str(self.indent);
            }
            self.text.push_str(line);
        }
        self.text.push('\n');
    }

    /// Writes the first lines of a file as comments: what it says about itself, and about the
    /// document.
    pub fn head(&mut self, slashes: &str, header: &[String], head: &[String]) {
        for line in header {
            self.line(format!("{slashes} {line}"));
        }
        if !head.is_empty() {
            self.line(slashes);
        }
        for line in head {
            self.line(format!("{slashes} {line}").trim_end());
        }
    }

    /// Writes an empty line, unless the text or a block starts here, or there is one already.
    pub fn blank(&mut self) {
        let starts = self.text.is_empty() || self.text.ends_with("{\n");
        if !starts && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// Writes `open`, the lines that `body` writes, one depth further in, and `close`.
    pub fn block(&mut self, open: impl AsRef<str>, close: &str, body: impl FnOnce(&mut Source)) {
        self.line(open);
        self.depth += 1;
        body(self);
        self.depth -= 1;
        self.line(close);
    }

    /// Writes the lines of a text, one depth further in.
    pub fn indented(&mut self, text: &str) {
        self.depth += 1;
        for line in text.lines() {
            self.line(line);
        }
        self.depth -= 1;
    }

    /// Writes a list of arguments in one line, or if it is too long one to a line.
    pub fn list(&mut self, open: &str, items: &[String], close: &str) {
        let line = format!("{open}{}{close}", items.join(", "));
        if line.len() + self.width() <= WIDTH {
            self.line(line);
        } else {
            self.block(open, close, |out| {
                for item in items {
                    out.line(format!("{item},"));
                }
            });
        }
    }

    /// Writes lines of documentation as a comment that starts with `/**`. The caller escapes what
    /// would end the comment.
    pub fn doc_block<'l>(&mut self, lines: impl Iterator<Item = &'l str>) {
        let lines: Vec<String> = lines
            .flat_map(|line| self.wrapped(line, " * ".len()))
            .collect();
        match &lines[..] {
            [] => {}
            [line] if line.chars().count() + "/**  */".len() + self.width() <= WIDTH => {
                self.line(format!("/** {line} */"));
            }
            lines => {
                self.line("/**");
                for line in lines {
                    self.line(format!(" * {line}").trim_end());
                }
                self.line(" */");
            }
        }
    }

    /// Breaks a line of documentation, behind a margin at the present depth, where it is too long.
    pub fn wrapped(&self, line: &str, margin: usize) -> Vec<String> {
        let width = WIDTH - margin - self.width();
        match line.chars().count() <= width {
            true => vec![line.to_owned()],
            false => docs::wrap(line, width),
        }
    }

    /// The characters of indentation at the present depth.
    pub fn width(&self) -> usize {
        self.depth * self.indent.len()
    }

    /// The text.
    pub fn finish(self) -> String {
        self.text
    }
}
