//! Reads WITX files: from paths or texts to a [`Document`] in which nothing is wrong.
//!
//! Lexing, parsing and validation are the crate `witx`'s. It is driven declaration by
//! declaration here, since its own `load` stops at the first fault, panics on some, and gives
//! no place for others.

mod validation;

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use wast::parser::ParseBuffer;
use witx::parser::{CommentSyntax, DeclSyntax};
use witx::{Definition, DocValidation};

use crate::builder;
use crate::check::{self, Declaration};
use crate::diagnostic::{Diagnostic, Error, Severity};
use crate::document::{Document, Locations};
use crate::location::{Location, Source};
use crate::syntax::{self, File, Item};

impl Document {
    /// Reads the files at `paths`, and those that they `use`, as one document.
    ///
    /// # Errors
    ///
    /// [`Error::Read`] for a path that cannot be read, [`Error::Invalid`] for faults in the
    /// files, all faults at once: reading goes on at the next form of the top level.
    pub fn load<P: AsRef<Path>>(paths: &[P]) -> Result<Document, Error> {
        Document::load_with(paths, |path| {
            let bytes = std::fs::read(path)?;
            String::from_utf8(bytes).map_err(|error| {
                let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
                let line = valid.iter().filter(|byte| **byte == b'\n').count() + 1;
                let place = format!("the file is not UTF-8 text: see line {line}");
                let place = format!("{place}, byte {} of the file", valid.len());
                io::Error::new(io::ErrorKind::InvalidData, place)
            })
        })
    }

    /// Reads one document from a text; `path` is the name under which its faults are shown.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for faults in the text; a `use` of another file is one.
    pub fn parse(path: &str, text: &str) -> Result<Document, Error> {
        let own = Path::new(path);
        Document::load_with(&[own], |wanted| {
            if wanted == own {
                Ok(text.to_owned())
            } else {
                Err(io::Error::other("this document was not read from a file"))
            }
        })
    }

    /// Like [`load`](Document::load), with `read` in place of the file system. It is given
    /// each path once, as it was named, and relative to the file that uses it.
    ///
    /// # Errors
    ///
    /// The same as [`load`](Document::load).
    pub fn load_with<P: AsRef<Path>>(
        paths: &[P],
        read: impl Fn(&Path) -> io::Result<String>,
    ) -> Result<Document, Error> {
        let texts = RefCell::new(HashMap::new());
        let read_once = |path: &Path| {
            if let Some(text) = texts.borrow().get(path) {
                return Ok(String::clone(text));
            }
            let text = read(path)?;
            texts.borrow_mut().insert(path.to_owned(), text.clone());
            Ok(text)
        };
        // Most of the time would go into finding places, which only faults need.
        match Loader::new(&read_once, false).load(paths) {
            Err(Error::Invalid(_)) => Loader::new(&read_once, true).load(paths),
            loaded => loaded,
        }
    }
}

/// The state of reading the files of one document.
struct Loader<'a> {
    read: &'a dyn Fn(&Path) -> io::Result<String>,
    /// Whether witx is to say where faults are. It counts the lines up to each name then, faulty
    /// or not.
    places: bool,
    seen: HashSet<PathBuf>,
    /// The files that were read, in that order.
    files: Vec<PathBuf>,
    validation: DocValidation,
    definitions: Vec<Definition>,
    locations: Locations,
    /// The names of all declarations.
    declared: HashSet<String>,
    /// Types whose declaration is at fault, so that a use of one is no fault of its own.
    failed: HashSet<String>,
    findings: Vec<Diagnostic>,
    /// Types that are buffers to be filled, in the other dialect.
    buffers: HashSet<String>,
}

impl Loader<'_> {
    fn new(read: &dyn Fn(&Path) -> io::Result<String>, places: bool) -> Loader<'_> {
        Loader {
            read,
            places,
            seen: HashSet::new(),
            files: Vec::new(),
            validation: DocValidation::new(),
            definitions: Vec::new(),
            locations: Locations::default(),
            declared: HashSet::new(),
            failed: HashSet::new(),
            findings: Vec::new(),
            buffers: HashSet::new(),
        }
    }

    fn load<P: AsRef<Path>>(mut self, paths: &[P]) -> Result<Document, Error> {
        for path in paths {
            let path = normalise(path.as_ref());
            if self.seen.insert(path.clone()) {
                let text = (self.read)(&path).map_err(|cause| Error::Read {
                    path: path.clone(),
                    cause,
                })?;
                self.file(path, text);
            }
        }
        let witx = self.validation.into_document(self.definitions);
        let mut document = Document {
            model: builder::build(&witx, &self.locations),
            witx,
            locations: self.locations,
            warnings: Vec::new(),
            files: self.files,
        };
        // What is valid so far may have faults that only show now.
        self.findings.extend(check::document(&document));
        self.findings.sort_by_key(Diagnostic::place);
        let is_error = |finding: &Diagnostic| finding.severity == Severity::Error;
        let (errors, warnings) = self.findings.into_iter().partition(is_error);
        Error::from_all(errors)?;
        document.warnings = warnings;
        Ok(document)
    }

    /// Reads one file and, where it says so, the files that it uses.
    fn file(&mut self, path: PathBuf, text: String) {
        self.files.push(path.clone());
        // A byte order mark says nothing in UTF-8.
        let text = match text.strip_prefix('\u{feff}') {
            Some(rest) => rest.to_owned(),
            None => text,
        };
        let text = syntax::plain_indentation(text);
        let translated = syntax::translate(&text, &mut self.buffers).map(Arc::new);
        let source = Arc::new(Source {
            path,
            text,
            translated,
        });
        if let Err(fault) = self.declarations(&source) {
            self.findings.push(fault);
        }
    }

    fn declarations(&mut self, source: &Arc<Source>) -> Result<(), Diagnostic> {
        syntax::check_depth(source)?;
        for (offset, word) in syntax::unknown_annotations(source.parsed()) {
            let at = Location::new(source, wast::Span::from_offset(offset));
            let fault = Diagnostic::new(at, format!("no annotation is named `{word}`"));
            self.findings.push(match syntax::nearest_annotation(word) {
                Some(nearest) => fault.hint(format!("the nearest that exists is `{nearest}`")),
                None => fault.hint("there are `@interface` and `@witx`"),
            });
        }
        if self.parse(source, source.parsed()).is_ok() {
            return Ok(());
        }
        // Each form by itself, at its place among blanks: one fault is not to hide others.
        for range in syntax::top_level(source.parsed()) {
            let form = &source.parsed()[range.clone()];
            let alone = " ".repeat(range.start) + form;
            let fault = match self.parse(source, &alone) {
                Ok(()) => continue,
                Err(fault) => fault,
            };
            let fault = match syntax::unclosed(form) {
                Some(at) => Diagnostic::new(
                    Location::new(source, wast::Span::from_offset(range.start + at)),
                    "this parenthesis is never closed",
                )
                .hint(fault.message),
                None => fault,
            };
            self.findings.push(fault);
            if let Some(name) = syntax::declared_name(form) {
                self.declared.insert(name.to_owned());
                self.failed.insert(name.to_owned());
            }
        }
        Ok(())
    }

    /// Parses a text of a file, and takes its declarations if there is no fault of syntax.
    fn parse(&mut self, source: &Arc<Source>, text: &str) -> Result<(), Diagnostic> {
        let syntax_error = |error: wast::Error| {
            Diagnostic::new(
                Location::new(source, error.span()),
                one_line(&error.message()),
            )
        };
        let buffer = ParseBuffer::new(text).map_err(syntax_error)?;
        let file = wast::parser::parse::<File>(&buffer).map_err(syntax_error)?;
        for item in file.items {
            match item {
                Item::Use { span, path } => self.used(Location::new(source, span), source, path),
                Item::Declaration {
                    span,
                    comments,
                    declaration,
                } => self.declaration(source, span, &comments, &declaration),
            }
        }
        Ok(())
    }

    /// Reads a file that another one uses. Its path is relative to that of the user.
    fn used(&mut self, at: Location, user: &Source, path: &str) {
        let directory = user.path.parent().unwrap_or(Path::new(""));
        let path = normalise(&directory.join(path));
        if !self.seen.insert(path.clone()) {
            return;
        }
        match (self.read)(&path) {
            Ok(text) => self.file(path, text),
            Err(error) => self.findings.push(
                Diagnostic::new(at, format!("cannot read `{}`: {error}", path.display()))
                    .hint("the path is relative to this file"),
            ),
        }
    }

    fn declaration(
        &mut self,
        source: &Arc<Source>,
        span: wast::Span,
        comments: &CommentSyntax<'_>,
        declaration: &DeclSyntax<'_>,
    ) {
        if let DeclSyntax::Const(constant) = declaration
            && self.failed.contains(constant.item.ty.name())
        {
            return;
        }
        let valid =
            self.check(source, declaration) && self.validate(source, span, comments, declaration);
        match declaration {
            DeclSyntax::Typename(ty) => {
                self.declared.insert(ty.ident.name().to_owned());
                if !valid {
                    self.failed.insert(ty.ident.name().to_owned());
                }
            }
            DeclSyntax::Module(module) => {
                self.declared.insert(module.name.name().to_owned());
            }
            DeclSyntax::Const(_) => {}
        }
        self.locations.insert_declaration(declaration, source);
    }

    /// Checks a declaration before witx sees it, and says whether it may.
    fn check(&mut self, source: &Arc<Source>, syntax: &DeclSyntax<'_>) -> bool {
        let found = check::declaration(&Declaration {
            source,
            syntax,
            above: &self.declared,
        });
        let valid = found.iter().all(|f| f.severity != Severity::Error);
        self.findings.extend(found);
        valid
    }

    /// Lets witx validate a declaration, and says whether it is valid.
    fn validate(
        &mut self,
        source: &Arc<Source>,
        span: wast::Span,
        comments: &CommentSyntax<'_>,
        declaration: &DeclSyntax<'_>,
    ) -> bool {
        let text = if self.places { source.parsed() } else { "" };
        // witx's validation has no known panic left, but it is not ours to vouch for.
        let validated = catch_unwind(AssertUnwindSafe(|| {
            self.validation.scope(text, &source.path).validate_decl(
                declaration,
                comments,
                &mut self.definitions,
            )
        }));
        match validated {
            Ok(Ok(())) => return true,
            Ok(Err(error)) => {
                let fault = validation::fault(source, &error, &self.failed);
                self.findings.extend(fault);
            }
            Err(_) => self.findings.push(Diagnostic::new(
                Location::new(source, span),
                "the crate witx panicked on this declaration",
            )),
        }
        false
    }
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Removes `.` and `a/..` from a path, so that a file used twice is read once.
fn normalise(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(normal.components().next_back(), Some(Component::Normal(_))) =>
            {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}
