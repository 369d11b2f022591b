//! `cargo xtask codegen-matrix`: documents by languages, each cell compiled by the compiler of
//! its language.
//!
//! Here is which documents and columns there are, and how the result is shown;
//! [`compilers`] knows how each column is compiled, [`tools`] where the compilers come from.
//! A cell that cannot be is declared with its reason in `impossible.txt` beside the documents,
//! and has to be refused with a place; no cell is left out without that.

mod behaviour;
mod check;
mod compilers;
pub mod tools;
mod words;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use wasi_experimental_http_codegen::{Document, Language, Options, generate};

use crate::{project, step};
use compilers::{COLUMNS, Column};

/// Our own small documents, one construct or one trap each.
const DOCUMENTS: &str = "codegen/tests/documents";

/// The documents with which the tool of the other dialect is tested, and what their names start
/// with here: one is another form of our own interface.
const OTHER_DOCUMENTS: &str = "codegen/tests/other_dialect/witx-codegen";
const OTHER_PREFIX: &str = "other_";

/// The cells that cannot be: `document | language | part of the message | reason`, one a line.
const IMPOSSIBLE: &str = "impossible.txt";

/// The page that shows the matrix, between these lines.
const PAGE: &str = "codegen/README.md";
const START: &str = "<!-- matrix: written by `cargo xtask codegen-matrix --write` -->";
const END: &str = "<!-- end of the matrix -->";

/// The arguments of `cargo xtask codegen-matrix`.
#[derive(clap::Args, Default)]
pub struct MatrixArgs {
    /// Write the matrix into codegen/README.md; without it, the one that is there is compared
    #[arg(long)]
    pub write: bool,

    /// Only these languages, with commas between them; nothing is compared then
    #[arg(long, value_name = "LANG", value_delimiter = ',')]
    pub lang: Vec<Language>,

    /// A document for each word that means something somewhere, instead of all documents; nothing is
    /// compared then
    #[arg(long, conflicts_with_all = ["write", "filter"])]
    pub words: bool,

    /// Only the guests that call hosts, and no matrix
    #[arg(long, conflicts_with_all = ["write", "words", "filter"])]
    pub behaviour: bool,

    /// Only the documents with this in their names; nothing is compared then
    #[arg(value_name = "DOCUMENT")]
    pub filter: Option<String>,
}

impl MatrixArgs {
    /// Whether a language is asked for.
    fn includes(&self, language: Language) -> bool {
        self.lang.is_empty() || self.lang.contains(&language)
    }
}

/// A document of the matrix.
struct Subject {
    name: String,
    path: PathBuf,
    /// What was generated, or the message why not.
    outputs: BTreeMap<Language, Result<PathBuf, String>>,
}

/// What became of a cell.
#[derive(Clone, PartialEq)]
enum Cell {
    Compiles,
    Impossible,
    Fails(String),
}

/// A declared impossibility.
struct Declaration {
    document: String,
    language: Language,
    message: String,
    reason: String,
}

/// Fills the matrix, prints it, and fails if a cell does or the page shows another one.
pub fn run(args: &MatrixArgs) -> Result<()> {
    let folder = project::root().join("target/codegen-matrix");
    if args.behaviour {
        let tools = tools::Tools::default();
        return behaviour::run(&tools, &folder, |language| args.includes(language));
    }
    let declared = declarations()?;
    let mut subjects = match args.words {
        true => Vec::new(),
        false => subjects()?,
    };
    let words = words::documents(&folder, args.words)?;
    subjects.extend(words.into_iter().map(|(name, path)| Subject {
        name,
        path,
        outputs: BTreeMap::new(),
    }));
    if let Some(filter) = &args.filter {
        subjects.retain(|subject| subject.name.contains(filter.as_str()));
    }
    if subjects.is_empty() {
        bail!("no document has that in its name");
    }
    step::header(format_args!(
        "Generating {} documents in {} languages",
        subjects.len(),
        Language::ALL.len()
    ));
    for subject in &mut subjects {
        subject.generate(&folder)?;
    }
    let mut cells: Vec<Vec<Cell>> = vec![Vec::new(); subjects.len()];
    let tools = tools::Tools::default();
    let columns = COLUMNS.iter();
    let columns: Vec<&Column> = columns
        .filter(|column| args.includes(column.language))
        .collect();
    for column in &columns {
        let start = std::time::Instant::now();
        step::header(format_args!("Compiling {}", column.name));
        let outcomes = compile(column, &tools, &folder, &subjects, &declared)?;
        step::note(step::seconds(start.elapsed()));
        for (row, cell) in cells.iter_mut().zip(outcomes) {
            row.push(cell);
        }
    }
    if args.filter.is_none() && !args.words {
        behaviour::run(&tools, &folder, |language| args.includes(language))?;
    }
    let table = table(&columns, &subjects, &cells, &declared);
    if !args.words {
        println!("{table}");
    }
    let mut failed = 0;
    for (subject, row) in subjects.iter().zip(&cells) {
        for (column, cell) in columns.iter().zip(row) {
            if let Cell::Fails(message) = cell {
                failed += 1;
                eprintln!("{} in {}:\n{message}\n", subject.name, column.name);
            }
        }
    }
    if failed > 0 {
        bail!("{failed} of {} cells fail", subjects.len() * columns.len());
    }
    match args.filter.is_some() || args.words || !args.lang.is_empty() {
        true => Ok(()),
        false => show(&table, args.write),
    }
}

/// Puts the matrix into the page, or compares it with the one that is there.
fn show(table: &str, write: bool) -> Result<()> {
    let path = project::root().join(PAGE);
    let page = fs::read_to_string(&path).with_context(|| format!("cannot read {PAGE}"))?;
    let page = page.replace("\r\n", "\n");
    let (before, rest) = page
        .split_once(START)
        .with_context(|| format!("{PAGE} has no line `{START}`"))?;
    let (_, after) = rest
        .split_once(END)
        .with_context(|| format!("{PAGE} has no line `{END}`"))?;
    let new = format!("{before}{START}\n\n{table}\n{END}{after}");
    if new == page {
        return Ok(());
    }
    if !write {
        bail!(
            "{PAGE} shows another matrix; run `cargo xtask codegen-matrix --write` and commit \
             the result"
        );
    }
    fs::write(&path, new).with_context(|| format!("cannot write {PAGE}"))?;
    eprintln!("wrote {PAGE}");
    Ok(())
}

/// All documents: ours, those of WASI that come with crates, and the small ones.
fn subjects() -> Result<Vec<Subject>> {
    let mut found = vec![("wasi_experimental_http".to_owned(), {
        project::root().join("witx/wasi_experimental_http.witx")
    })];
    for (name, package, path) in tools::DOCUMENTS_OF_CRATES {
        found.push((name.to_owned(), tools::crate_folder(package)?.join(path)));
    }
    found.extend(documents_in(OTHER_DOCUMENTS, OTHER_PREFIX)?);
    found.extend(documents_in(DOCUMENTS, "")?);
    let subjects = found.into_iter().map(|(name, path)| Subject {
        name,
        path,
        outputs: BTreeMap::new(),
    });
    Ok(subjects.collect())
}

/// The documents of a folder in the order of their names, and what they are called here.
fn documents_in(folder: &str, prefix: &str) -> Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    let entries = fs::read_dir(project::root().join(folder));
    for entry in entries.with_context(|| format!("cannot read {folder}"))? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "witx")
        {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            found.push((format!("{prefix}{stem}"), path));
        }
    }
    found.sort();
    Ok(found)
}

impl Subject {
    /// Generates each language into a folder of its own.
    fn generate(&mut self, folder: &Path) -> Result<()> {
        let document = Document::load(&[&self.path])?;
        let options = Options::of_files(&[format!("{}.witx", self.name)]);
        for &language in Language::ALL {
            let output = match generate(&document, &[language], &options) {
                Ok(mut generated) => {
                    let file = generated.files.remove(0);
                    let path = folder.join(language.name()).join(file.name);
                    write(&path, &file.contents)?;
                    Ok(path)
                }
                Err(error) => Err(error.to_string()),
            };
            self.outputs.insert(language, output);
        }
        Ok(())
    }
}

/// Writes a file and the folders that it is in.
fn write(path: &Path, contents: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, contents).with_context(|| format!("cannot write {}", path.display()))
}

/// Fills a column: all documents at once, and if that fails one by one.
fn compile(
    column: &Column,
    tools: &tools::Tools,
    folder: &Path,
    subjects: &[Subject],
    declared: &[Declaration],
) -> Result<Vec<Cell>> {
    let mut cells: Vec<Option<Cell>> = vec![None; subjects.len()];
    let mut inputs = Vec::new();
    for (index, subject) in subjects.iter().enumerate() {
        let declaration = declared
            .iter()
            .find(|d| d.document == subject.name && d.language == column.language);
        match (&subject.outputs[&column.language], declaration) {
            (Ok(path), None) => inputs.push((index, path.clone())),
            (Ok(_), Some(_)) => {
                let message = format!("{IMPOSSIBLE} says that this is impossible, but it is not");
                cells[index] = Some(Cell::Fails(message));
            }
            (Err(error), Some(declaration)) if error.contains(&declaration.message) => {
                cells[index] = Some(Cell::Impossible);
            }
            (Err(error), _) => cells[index] = Some(Cell::Fails(error.clone())),
        }
    }
    let paths: Vec<&Path> = inputs.iter().map(|(_, path)| path.as_path()).collect();
    let together = column.compile(tools, folder, &paths)?;
    for ((index, path), message) in inputs.iter().zip(together.by_input(paths.len())) {
        let alone = match message {
            Some(_) if !together.is_by_input() => column
                .compile(tools, folder, &[path])?
                .by_input(1)
                .remove(0),
            message => message,
        };
        cells[*index] = Some(alone.map_or(Cell::Compiles, Cell::Fails));
    }
    Ok(cells.into_iter().flatten().collect())
}

fn declarations() -> Result<Vec<Declaration>> {
    let path = project::root().join(DOCUMENTS).join(IMPOSSIBLE);
    let text = fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", project::relative(&path).display()))?;
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let parts: Vec<&str> = line.split('|').map(str::trim).collect();
            let [document, language, message, reason] = parts[..] else {
                bail!("{IMPOSSIBLE}: `{line}` has not four parts");
            };
            Ok(Declaration {
                document: document.to_owned(),
                language: language.parse()?,
                message: message.to_owned(),
                reason: reason.to_owned(),
            })
        })
        .collect()
}

/// The matrix in Markdown.
fn table(
    columns: &[&Column],
    subjects: &[Subject],
    cells: &[Vec<Cell>],
    declared: &[Declaration],
) -> String {
    let mut text = String::from("| document |");
    for column in columns {
        let _ = write!(text, " {} |", column.name);
    }
    text.push_str("\n|---|");
    text.push_str(&"---|".repeat(columns.len()));
    let mut notes: Vec<&Declaration> = Vec::new();
    for (subject, row) in subjects.iter().zip(cells) {
        let _ = write!(text, "\n| {} |", subject.name);
        for (column, cell) in columns.iter().zip(row) {
            let shown = match cell {
                Cell::Compiles => "yes".to_owned(),
                Cell::Fails(_) => "**FAILS**".to_owned(),
                Cell::Impossible => {
                    let of_cell = |d: &&Declaration| {
                        d.document == subject.name && d.language == column.language
                    };
                    notes.extend(declared.iter().find(of_cell));
                    format!("no ({})", notes.len())
                }
            };
            let _ = write!(text, " {shown} |");
        }
    }
    text.push('\n');
    let all = cells.iter().flatten();
    let compiled = all.clone().filter(|cell| **cell == Cell::Compiles).count();
    let _ = write!(
        text,
        "\n{compiled} of {} cells compile, {} are impossible, {} fail.\n",
        all.clone().count(),
        notes.len(),
        all.filter(|cell| matches!(cell, Cell::Fails(_))).count(),
    );
    for (index, note) in notes.iter().enumerate() {
        let _ = write!(text, "\n{}. {}: {}", index + 1, note.document, note.reason);
    }
    if !notes.is_empty() {
        text.push('\n');
    }
    text
}
