//! `cargo xtask codegen-matrix`: documents by languages, each cell compiled by the compiler of
//! its language.
//!
//! Here is which documents and columns there are, and how the result is shown;
//! [`compilers`] knows how each column is compiled, [`xtask::pypi`] where the compilers come from.
//! Combinations that cannot work are listed with their reasons in `impossible.txt` beside the
//! documents; the generator has to refuse each of them with a location. No other cell is left out.

mod behaviour;
mod check;
mod compiler_words;
mod compilers;
mod promises;
mod random;
mod tools;
mod words;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Parser;
use wasi_experimental_http_codegen::{Document, Language, Options, generate};

use xtask::cli::{self, Arguments, MatrixArgs, Task};
use xtask::{project, step};

use compilers::{COLUMNS, Column, Outcome};

/// Our own small documents, one construct or one trap each.
const DOCUMENTS: &str = "codegen/tests/documents";

/// The documents with which the tool of the other dialect is tested, and what their names start
/// with here: one is another form of our own interface.
const OTHER_DOCUMENTS: &str = "codegen/tests/other_dialect/witx-codegen";
const OTHER_PREFIX: &str = "other_";

/// The cells that cannot be: `document | language | part of the message | reason`, one a line.
const IMPOSSIBLE: &str = "impossible.txt";

/// How many random documents are compiled beside the others.
const RANDOM_DOCUMENTS: usize = 12;

/// The page that shows the matrix, between these lines.
const PAGE: &str = "codegen/README.md";
const START: &str = "<!-- matrix: written by `cargo xtask codegen-matrix --write` -->";
const END: &str = "<!-- end of the matrix -->";

/// A document of the matrix.
struct Subject {
    name: String,
    path: PathBuf,
    /// Made by chance, or somebody else's: may be refused by languages that cannot express
    /// everything, and is in no table.
    may_be_refused: bool,
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

fn main() -> ExitCode {
    cli::main(Arguments::parse(), |task| match task {
        Task::CodegenMatrix(arguments) => run(&arguments).map(|()| ExitCode::SUCCESS),
        _ => bail!("this program is `cargo xtask codegen-matrix`, and nothing else"),
    })
}

/// Whether these are the documents that the page shows.
fn is_usual(args: &MatrixArgs) -> bool {
    args.filter.is_none() && !args.words && args.random.is_none() && args.documents.is_empty()
}

/// Fills the matrix, prints it, and fails if a cell does or the page shows another one.
fn run(args: &MatrixArgs) -> Result<()> {
    for language in &args.lang {
        language.parse::<Language>()?;
    }
    let includes = |language: Language| args.includes(language.name());
    let folder = project::root().join("target/codegen-matrix");
    if args.behaviour {
        let tools = tools::Tools::default();
        return behaviour::run(&tools, &folder, includes);
    }
    let declared = declarations()?;
    let (mut subjects, faulty) = subjects(args, &folder)?;
    if let Some(filter) = &args.filter {
        subjects.retain(|subject| subject.name.contains(filter.as_str()));
        if subjects.is_empty() {
            bail!("no document has `{filter}` in its name");
        }
    }
    step::header(format_args!(
        "Generating {} documents in {} languages",
        subjects.len(),
        Language::ALL.len()
    ));
    for subject in &mut subjects {
        subject.generate(&folder)?;
    }
    if args.lowest_rust {
        return lowest_rust(&folder, &subjects);
    }
    let mut cells: Vec<Vec<Cell>> = vec![Vec::new(); subjects.len()];
    let tools = tools::Tools::default();
    if args.words || subjects.iter().any(|subject| subject.name == words::ALL) {
        let words = words::text()?;
        let words: Vec<&str> = words.lines().collect();
        compiler_words::check(&tools, &folder, &words, includes)?;
    }
    let columns = COLUMNS.iter();
    let columns: Vec<&Column> = columns.filter(|column| includes(column.language)).collect();
    for column in &columns {
        let start = std::time::Instant::now();
        step::header(format_args!("Compiling {}", column.name));
        let outcomes = compile(column, &tools, &folder, &subjects, &declared)?;
        step::note(step::seconds(start.elapsed()));
        for (row, cell) in cells.iter_mut().zip(outcomes) {
            row.push(cell);
        }
    }
    if is_usual(args) {
        behaviour::run(&tools, &folder, includes)?;
    }
    let table = table(&columns, &subjects, &cells, &declared);
    if !args.words && args.random.is_none() && args.documents.is_empty() {
        println!("{table}");
    }
    if !args.documents.is_empty() {
        print!("{}", summary(&columns, &subjects, &cells));
    }
    let mut failed = 0;
    for (subject, row) in subjects.iter().zip(&cells) {
        for (column, cell) in columns.iter().zip(row) {
            if let Cell::Fails(message) = cell {
                failed += 1;
                let path = project::relative(&subject.path).display();
                eprintln!("{} in {}:\n{message}\n", path, column.name);
            }
        }
    }
    if failed > 0 {
        bail!("{failed} of {} cells fail", subjects.len() * columns.len());
    }
    if faulty > 0 {
        bail!("{faulty} documents have faults, which are shown above");
    }
    match is_usual(args) && args.lang.is_empty() {
        true => show(&table, args.write),
        false => Ok(()),
    }
}

/// Compiles the bindings of all documents with the lowest Rust that is promised.
fn lowest_rust(folder: &Path, subjects: &[Subject]) -> Result<()> {
    let outputs = subjects
        .iter()
        .map(|subject| &subject.outputs[&Language::Rust]);
    let outputs: Vec<&Path> = outputs.flatten().map(PathBuf::as_path).collect();
    step::header(format_args!(
        "Compiling {} documents with the lowest Rust",
        outputs.len()
    ));
    if outputs.len() != subjects.len() {
        bail!("Rust cannot express every document");
    }
    for edition in ["2021", "2024"] {
        let rustc = xtask::portability::lowest_rustc()?;
        if let Some(message) = compilers::rust_for_host(rustc, folder, edition, &outputs)? {
            bail!("edition {edition}: {message}");
        }
    }
    Ok(())
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

/// The documents that are asked for, and how many of them have faults and so are not among these.
fn subjects(args: &MatrixArgs, folder: &Path) -> Result<(Vec<Subject>, usize)> {
    if !args.documents.is_empty() {
        return of_folders(&args.documents);
    }
    let mut found = Vec::new();
    if !args.words && args.random.is_none() {
        found.extend(written()?);
    }
    if args.random.is_none() {
        found.extend(words::documents(folder, args.words)?);
    }
    let mut subjects: Vec<Subject> = found.into_iter().map(Subject::new).collect();
    if !args.words {
        let count = args.random.unwrap_or(RANDOM_DOCUMENTS);
        let random = random::documents(folder, count, args.seed)?;
        subjects.extend(random.into_iter().map(|found| Subject {
            may_be_refused: true,
            ..Subject::new(found)
        }));
    }
    Ok((subjects, 0))
}

/// The documents in folders and below them, or at these paths. Those that have faults are shown and
/// counted.
fn of_folders(folders: &[PathBuf]) -> Result<(Vec<Subject>, usize)> {
    let (mut paths, mut open): (Vec<_>, Vec<_>) =
        folders.iter().cloned().partition(|path| path.is_file());
    while let Some(folder) = open.pop() {
        let entries = fs::read_dir(&folder);
        for entry in entries.with_context(|| format!("cannot read {}", folder.display()))? {
            let path = entry?.path();
            match path.extension() {
                _ if path.is_dir() => open.push(path),
                Some(extension) if extension == "witx" => paths.push(path),
                _ => {}
            }
        }
    }
    if paths.is_empty() {
        bail!("no file in these folders ends in `.witx`");
    }
    paths.sort();
    let mut faulty = 0;
    let mut subjects = Vec::new();
    for path in paths {
        if let Err(error) = Document::load(&[&path]) {
            eprintln!("{error}\n");
            faulty += 1;
            continue;
        }
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        // Several folders may have a document of the same name.
        let name = format!("document_{}_{stem}", subjects.len());
        subjects.push(Subject {
            may_be_refused: true,
            ..Subject::new((name, path.clone()))
        });
    }
    Ok((subjects, faulty))
}

/// The documents that somebody wrote: ours, those of WASI that come with crates, those of the other
/// dialect's tool, and the small ones.
fn written() -> Result<Vec<(String, PathBuf)>> {
    let mut found = vec![("wasi_experimental_http".to_owned(), {
        project::root().join("witx/wasi_experimental_http.witx")
    })];
    for (name, package, path) in tools::DOCUMENTS_OF_CRATES {
        found.push((name.to_owned(), tools::crate_folder(package)?.join(path)));
    }
    found.extend(documents_in(OTHER_DOCUMENTS, OTHER_PREFIX)?);
    found.extend(documents_in(DOCUMENTS, "")?);
    Ok(found)
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
    fn new((name, path): (String, PathBuf)) -> Self {
        Self {
            name,
            path,
            may_be_refused: false,
            outputs: BTreeMap::new(),
        }
    }

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
            (Err(error), None) if subject.may_be_refused && may_refuse(column.language, error) => {
                cells[index] = Some(Cell::Impossible);
            }
            (Err(error), _) => cells[index] = Some(Cell::Fails(error.clone())),
        }
    }
    let paths: Vec<&Path> = inputs.iter().map(|(_, path)| path.as_path()).collect();
    let messages = messages(&|paths| column.compile(tools, folder, paths), &paths)?;
    for ((index, _), message) in inputs.iter().zip(messages) {
        cells[*index] = Some(message.map_or(Cell::Compiles, Cell::Fails));
    }
    Ok(cells.into_iter().flatten().collect())
}

/// What a compiler says about each file: if it does not say which one it means, they are halved until
/// there is only one.
fn messages(
    compile: &dyn Fn(&[&Path]) -> Result<Outcome>,
    paths: &[&Path],
) -> Result<Vec<Option<String>>> {
    match compile(paths)? {
        Outcome::Each(messages) => Ok(messages),
        Outcome::Together(Some(_)) if paths.len() > 1 => {
            let (first, second) = paths.split_at(paths.len() / 2);
            let mut all = messages(compile, first)?;
            all.extend(messages(compile, second)?);
            Ok(all)
        }
        Outcome::Together(message) => Ok(vec![message; paths.len()]),
    }
}

/// Whether a language refuses what it cannot express, which a random document may have.
fn may_refuse(language: Language, error: &str) -> bool {
    language == Language::Wiggle && error.contains("wiggle cannot express")
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

/// The matrix in Markdown: how many cells compile, and the ones that do not.
fn table(
    columns: &[&Column],
    subjects: &[Subject],
    cells: &[Vec<Cell>],
    declared: &[Declaration],
) -> String {
    let rows = subjects.iter().zip(cells);
    let rows: Vec<_> = rows
        .filter(|(subject, _)| !subject.may_be_refused)
        .collect();
    let count = |is_counted: fn(&Cell) -> bool| {
        let cells = rows.iter().flat_map(|(_, row)| row.iter());
        cells.filter(|cell| is_counted(cell)).count()
    };
    let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
    let mut text = format!(
        "{} of {} cells compile, {} are impossible, {} fail: {} documents as {}.\n",
        count(|cell| *cell == Cell::Compiles),
        count(|_| true),
        count(|cell| *cell == Cell::Impossible),
        count(|cell| matches!(cell, Cell::Fails(_))),
        rows.len(),
        names.join("; "),
    );
    let mut exceptions = String::new();
    for (subject, row) in &rows {
        for (column, cell) in columns.iter().zip(*row) {
            let of_cell =
                |d: &&Declaration| d.document == subject.name && d.language == column.language;
            let why = match cell {
                Cell::Compiles => continue,
                Cell::Impossible => declared.iter().find(of_cell).map(|d| d.reason.as_str()),
                Cell::Fails(_) => Some("**fails**"),
            };
            let (document, column, why) = (&subject.name, column.name, why.unwrap_or_default());
            let _ = writeln!(exceptions, "| {document} | {column} | {why} |");
        }
    }
    if !exceptions.is_empty() {
        text.push_str("\n| document | as | why it does not compile |\n|---|---|---|\n");
        text.push_str(&exceptions);
    }
    text
}

/// How many cells of somebody's documents compile, and what was refused.
fn summary(columns: &[&Column], subjects: &[Subject], cells: &[Vec<Cell>]) -> String {
    let all = || cells.iter().flatten();
    let compile = all().filter(|cell| **cell == Cell::Compiles).count();
    let mut text = format!("{compile} of {} cells compile\n", all().count());
    for (subject, row) in subjects.iter().zip(cells) {
        for (column, cell) in columns.iter().zip(row) {
            if *cell == Cell::Impossible
                && let Err(error) = &subject.outputs[&column.language]
            {
                let _ = write!(text, "\n{} refuses:\n{error}\n", column.name);
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_files_are_read_and_faulty_documents_counted() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            write(&path, text).unwrap();
            path
        };
        let no_documents = of_folders(&[folder.path().to_owned()]);
        assert!(no_documents.is_err());
        let good = write("below/good.witx", "(typename $a u8)");
        write("bad.witx", "(typename $a u9)");
        write("no.txt", "(");
        let (subjects, faulty) = of_folders(&[folder.path().to_owned()]).unwrap();
        assert_eq!((subjects.len(), faulty), (1, 1));
        assert_eq!(subjects[0].name, "document_0_good");
        let (subjects, faulty) = of_folders(&[good]).unwrap();
        assert_eq!((subjects.len(), faulty), (1, 0));
    }

    #[test]
    fn a_summary_has_what_is_refused() {
        let document = "codegen/tests/documents/variant_tail.witx";
        let path = project::root().join(document);
        let mut subject = Subject::new(("variant_tail".to_owned(), path));
        let folder = tempfile::tempdir().unwrap();
        subject.generate(folder.path()).unwrap();
        let columns = COLUMNS
            .iter()
            .filter(|column| [Language::Wiggle, Language::Json].contains(&column.language));
        let columns: Vec<&Column> = columns.collect();
        let row = columns.iter().map(|column| match column.language {
            Language::Wiggle => Cell::Impossible,
            _ => Cell::Compiles,
        });
        let text = summary(&columns, &[subject], &[row.collect()]);
        assert!(text.starts_with("1 of 2 cells compile\n"), "{text}");
        assert!(text.contains("wiggle refuses:\n"), "{text}");
        assert!(text.contains("variant_tail.witx:"), "{text}");
    }

    #[test]
    fn files_that_do_not_compile_are_found_among_others() {
        let paths = ["a", "b", "c", "d", "e"].map(Path::new);
        let compile = |paths: &[&Path]| {
            let bad = paths
                .iter()
                .find(|path| ["b", "e"].contains(&path.to_str().unwrap_or("")));
            Ok(Outcome::Together(
                bad.map(|path| path.display().to_string()),
            ))
        };
        let messages = messages(&compile, &paths).unwrap();
        let messages: Vec<Option<&str>> = messages.iter().map(Option::as_deref).collect();
        assert_eq!(messages, [None, Some("b"), None, None, Some("e")]);
    }
}
