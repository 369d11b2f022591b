//! A writer of indented text, for the languages that have no syntax tree here.

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

    /// The characters of indentation at the present depth.
    pub fn width(&self) -> usize {
        self.depth * self.indent.len()
    }

    /// The text.
    pub fn finish(self) -> String {
        self.text
    }
}
