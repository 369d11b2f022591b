//! Messages on stderr. They must survive a closed stderr, and must not let text from a guest
//! control the terminal.

use std::fmt::{Display, Write as _};
use std::io::Write as _;

/// Prints a line on stderr. Errors are ignored, because there is nowhere to report them and the
/// guest should go on.
pub fn say(text: impl Display) {
    let line = format!("wasmtime-http: {}\n", printable(&text.to_string()));
    let _ = std::io::stderr().lock().write_all(line.as_bytes());
}

/// Escapes characters that control a terminal or reorder text: names in a module are chosen by its
/// author. Keeps line breaks and tabs.
pub fn printable(text: &str) -> String {
    escaped(text, |c| !matches!(c, '\n' | '\t'))
}

/// Like [`printable`], for a name: escapes line breaks and tabs too.
pub fn name(name: &str) -> String {
    escaped(name, |_| true)
}

/// Like [`printable`], for JSON, which stays valid: such characters occur in strings only.
pub fn json(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_obeyed(c) {
            // Writing to a string cannot fail. None of them is beyond U+FFFF.
            let _ = write!(shown, "\\u{:04x}", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Whether a terminal acts on this character instead of showing it.
fn is_obeyed(c: char) -> bool {
    let reorders = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{61c}' | '\u{feff}');
    c.is_control() || reorders
}

fn escaped(text: &str, may_escape: impl Fn(char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_obeyed(c) && may_escape(c) {
            // Writing to a string cannot fail.
            let _ = write!(shown, "{}", c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        let cases = [
            ("a b\u{e9}", "a b\u{e9}", "a b\u{e9}"),
            ("\x1b[2J", "\\u{1b}[2J", "\\u{1b}[2J"),
            ("a\r\u{9b}\x7f", "a\\r\\u{9b}\\u{7f}", "a\\r\\u{9b}\\u{7f}"),
            ("a\n\tb", "a\n\tb", "a\\n\\tb"),
            ("\u{202e}b", "\\u{202e}b", "\\u{202e}b"),
        ];
        for (text, shown, as_name) in cases {
            assert_eq!(printable(text), shown);
            assert_eq!(name(text), as_name);
        }
    }
}
