//! How the difference between two texts is shown.

use std::fmt::Write as _;

use similar::TextDiff;

/// How many lines of a difference are shown for a file.
const MAX_LINES: usize = 20;

/// The start of a unified diff.
pub fn start(old: &str, new: &str) -> String {
    let diff = TextDiff::from_lines(old, new);
    let unified = diff.unified_diff().context_radius(1).to_string();
    let lines: Vec<&str> = unified.lines().collect();
    let mut text = String::new();
    for line in lines.iter().take(MAX_LINES) {
        let _ = writeln!(text, "    {line}");
    }
    if lines.len() > MAX_LINES {
        let _ = writeln!(text, "    ... and {} more lines", lines.len() - MAX_LINES);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_difference_is_cut() {
        let new: String = (0..100).map(|n| format!("{n}\n")).collect();
        let diff = start("", &new);
        assert_eq!(diff.lines().count(), MAX_LINES + 1);
        assert!(diff.ends_with("more lines\n"), "{diff}");
    }
}
