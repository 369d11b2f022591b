//! The results: a table in Markdown, and a plot in SVG.

use std::fmt::Write;

/// A figure beside what it is compared with.
pub struct Row {
    pub what: String,
    /// What it is compared with, and what was measured, with their units.
    pub base: String,
    pub ours: String,
    /// Ours, as a part or a multiple of the base.
    pub ratio: Option<f64>,
    pub bar: String,
    pub holds: bool,
}

pub fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| what | base | ours | ratio | bar | |\n| --- | ---: | ---: | ---: | --- | --- |\n",
    );
    for row in rows {
        let Row {
            what,
            base,
            ours,
            bar,
            ..
        } = row;
        let ratio = row
            .ratio
            .map_or(String::new(), |ratio| format!("{ratio:.2}"));
        let holds = if row.holds { "holds" } else { "**missed**" };
        let _ = writeln!(
            text,
            "| {what} | {base} | {ours} | {ratio} | {bar} | {holds} |"
        );
    }
    text
}

const ROW_HEIGHT: usize = 26;
const LABEL_WIDTH: usize = 430;
/// The width of a ratio of 1.
const UNIT_WIDTH: f64 = 220.0;

/// A bar for each ratio, with a line at 1: native.
pub fn plot(rows: &[Row]) -> String {
    let rows: Vec<(&Row, f64)> = rows
        .iter()
        .filter_map(|row| Some((row, row.ratio?)))
        .collect();
    let width = LABEL_WIDTH + (UNIT_WIDTH * 2.2) as usize;
    let height = ROW_HEIGHT * (rows.len() + 1);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    for (index, (row, ratio)) in rows.iter().enumerate() {
        let top = index * ROW_HEIGHT + 6;
        let text = top + 14;
        let bar = ratio.min(2.0) * UNIT_WIDTH;
        let fill = if row.holds { "#4c9f70" } else { "#c8553d" };
        let what = row.what.replace('&', "&amp;").replace('<', "&lt;");
        let after = LABEL_WIDTH as f64 + bar + 6.0;
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{text}\" text-anchor=\"end\">{what}</text>\n\
             <rect x=\"{LABEL_WIDTH}\" y=\"{top}\" width=\"{bar:.1}\" height=\"18\" fill=\"{fill}\"/>\n\
             <text x=\"{after:.1}\" y=\"{text}\">{ratio:.2}</text>",
            LABEL_WIDTH - 8,
        );
    }
    let one = LABEL_WIDTH as f64 + UNIT_WIDTH;
    let _ = writeln!(
        svg,
        "<line x1=\"{one}\" x2=\"{one}\" y1=\"0\" y2=\"{}\" stroke=\"black\" stroke-dasharray=\"4\"/>\n\
         <text x=\"{one}\" y=\"{}\" text-anchor=\"middle\">native = 1</text>\n</svg>",
        height - ROW_HEIGHT + 6,
        height - 6,
    );
    svg
}
