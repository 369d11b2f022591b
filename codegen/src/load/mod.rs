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
use std::rc::Rc;
use std::sync::Arc;

use wast::parser::ParseBuffer;
use witx::parser::{CommentSyntax, DeclSyntax, ModuleDeclSyntax, ModuleSyntax};
use witx::{Definition, DocValidation, NamedType};

use crate::builder;
use crate::check::{self, Declaration};
use crate::diagnostic::{Diagnostic, Error, Severity};
use crate::document::{Document, Locations};
use crate::location::{Location, Source, Translated, span_offset};
use crate::model::Model;
use crate::syntax::{self, File, Forms, Item, Tokens, Used};

impl Document {
    /// Reads the files at `paths`, and those that they `use`, as one document.
    ///
    /// # Errors
    ///
    /// [`Error::Read`] for a path that cannot be read, [`Error::Invalid`] for faults in the
    /// files, all faults at once: reading goes on at the next form of the top level.
    pub fn load<P: AsRef<Path>>(paths: &[P]) -> Result<Document, Error> {
        Document::load_with(paths, |path| std::fs::read(path))
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

    /// Like [`load`](Document::load), with `read` in place of the file system. It gives text or
    /// bytes, and is called once for each path: as it was named, or relative to the file that
    /// uses it.
    ///
    /// # Errors
    ///
    /// The same as [`load`](Document::load).
    pub fn load_with<P: AsRef<Path>, T: Into<Vec<u8>>>(
        paths: &[P],
        read: impl Fn(&Path) -> io::Result<T>,
    ) -> Result<Document, Error> {
        let texts: RefCell<HashMap<PathBuf, Vec<u8>>> = RefCell::default();
        let read_once = |path: &Path| {
            if let Some(bytes) = texts.borrow().get(path) {
                return Ok(Vec::clone(bytes));
            }
            let bytes: Vec<u8> = read(path)?.into();
            texts.borrow_mut().insert(path.to_owned(), bytes.clone());
            Ok(bytes)
        };
        // Finding places takes most of the time, and only faults need them. So the first attempt
        // goes without.
        match Loader::new(&read_once, false).load(paths) {
            Err(Error::Invalid(_)) => Loader::new(&read_once, true).load(paths),
            loaded => loaded,
        }
    }
}

/// The state of reading the files of one document.
struct Loader<'a> {
    read: &'a dyn Fn(&Path) -> io::Result<Vec<u8>>,
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
    /// The types that are valid.
    types: HashMap<String, Rc<NamedType>>,
    /// Where those are declared.
    places_of_types: HashMap<String, (Arc<Source>, wast::Span)>,
    /// Types whose declaration is at fault, so that a use of one is no fault of its own.
    failed: HashSet<String>,
    /// Whether a file is missing, so that a type which is not declared may be in that.
    is_incomplete: bool,
    findings: Vec<Diagnostic>,
    /// Types of the other dialect whose uses have to be translated.
    dialect: syntax::Declared,
    /// The enums whose first case is success.
    errors: syntax::Errors,
    /// The files in which those were looked for.
    searched: HashSet<PathBuf>,
}

impl Loader<'_> {
    fn new(read: &dyn Fn(&Path) -> io::Result<Vec<u8>>, places: bool) -> Loader<'_> {
        Loader {
            read,
            places,
            seen: HashSet::new(),
            files: Vec::new(),
            validation: DocValidation::new(),
            definitions: Vec::new(),
            locations: Locations::default(),
            declared: HashSet::new(),
            types: HashMap::new(),
            places_of_types: HashMap::new(),
            failed: HashSet::new(),
            is_incomplete: false,
            findings: Vec::new(),
            dialect: syntax::Declared::default(),
            errors: syntax::Errors::new(),
            searched: HashSet::new(),
        }
    }

    fn load<P: AsRef<Path>>(mut self, paths: &[P]) -> Result<Document, Error> {
        let mut docs = String::new();
        for path in paths {
            let path = normalise(path.as_ref());
            if self.seen.insert(path.clone()) {
                let bytes = (self.read)(&path).map_err(|cause| Error::Read {
                    path: path.clone(),
                    cause,
                })?;
                let source = self.file(path, bytes);
                if docs.is_empty() {
                    docs = syntax::head(source.parsed()).map_or(docs, |head| head.docs);
                }
            }
        }
        let witx = self.validation.into_document(self.definitions);
        let mut document = Document {
            model: Model {
                docs,
                ..builder::build(&witx, &self.locations)
            },
            witx,
            locations: self.locations,
            warnings: Vec::new(),
            files: self.files,
        };
        // Some faults only show in the whole document.
        self.findings.extend(check::document(&document));
        self.findings.sort_by_cached_key(Diagnostic::place);
        let is_error = |finding: &Diagnostic| finding.severity == Severity::Error;
        let (errors, warnings) = self.findings.into_iter().partition(is_error);
        Error::from_all(errors)?;
        document.warnings = warnings;
        Ok(document)
    }

    /// Reads one file and, where it says so, the files that it uses.
    fn file(&mut self, path: PathBuf, bytes: Vec<u8>) -> Arc<Source> {
        self.files.push(path.clone());
        let (text, is_utf8) = match String::from_utf8(bytes) {
            Ok(text) => (text, Ok(())),
            Err(error) => {
                let place = error.utf8_error().valid_up_to();
                (
                    String::from_utf8_lossy(error.as_bytes()).into_owned(),
                    Err(place),
                )
            }
        };
        // A byte order mark says nothing in UTF-8.
        let mark = '\u{feff}';
        let (text, skipped) = match text.strip_prefix(mark) {
            Some(rest) => (rest.to_owned(), mark.len_utf8()),
            None => (text, 0),
        };
        let text = syntax::plain_indentation(text);
        let forms = Forms::of(&text);
        let (translated, refused) = match is_utf8 {
            Ok(()) => self.translate(&path, &text, &forms),
            Err(_) => (None, None),
        };
        let forms = match &translated {
            Some(translated) => Forms::of(&translated.text),
            None => forms,
        };
        let source = Arc::new(Source {
            path,
            text,
            translated,
        });
        for offset in refused.unwrap_or_default() {
            let at = Location::new(&source, wast::Span::from_offset(offset));
            let message = "a buffer to be filled has no place for its length here";
            let hint = "make it a parameter or a field of a record, or write `(in-buffer T)`";
            self.findings.push(Diagnostic::new(at, message).hint(hint));
        }
        let read = match is_utf8 {
            Ok(()) => self.declarations(&source, &forms),
            Err(place) => {
                let place = wast::Span::from_offset(place - skipped);
                let message = "the file is not UTF-8 text from here on";
                Err(Diagnostic::new(Location::new(&source, place), message)
                    .hint("save the file with the encoding UTF-8"))
            }
        };
        self.findings.extend(read.err());
        source
    }

    /// Translates a text that is older or in the other dialect, or both. Also gives the offsets of
    /// what cannot be said here.
    fn translate(
        &mut self,
        path: &Path,
        text: &str,
        forms: &Forms,
    ) -> (Option<Arc<Translated>>, Option<Vec<usize>>) {
        self.find_types(path, text, forms);
        let Some(older) = syntax::translate_older(text, forms, &self.errors).map(Arc::new) else {
            let other = syntax::translate(text, forms, &self.dialect);
            let (other, refused) = other.unzip();
            return (other.map(Arc::new), refused);
        };
        match syntax::translate(&older.text, &Forms::of(&older.text), &self.dialect) {
            Some((mut other, refused)) => {
                other.before = Some(older);
                (Some(Arc::new(other)), Some(refused))
            }
            None => (Some(older), None),
        }
    }

    /// Finds the types whose uses have to be translated, in a file and in those that it uses, which
    /// are not read yet.
    fn find_types(&mut self, path: &Path, text: &str, forms: &Forms) {
        if !self.searched.insert(path.to_owned()) {
            return;
        }
        for used in syntax::used_files(text, forms) {
            let used = beside(path, &used);
            // A file that cannot be read is reported at its `use`.
            if let Ok(text) = (self.read)(&used).map(String::from_utf8)
                && let Ok(text) = text
            {
                self.find_types(&used, &text, &Forms::of(&text));
            }
        }
        syntax::find_errors(text, forms, &mut self.errors);
        match syntax::translate_older(text, forms, &self.errors) {
            Some(older) => {
                let forms = Forms::of(&older.text);
                syntax::declare(&older.text, &forms, &mut self.dialect);
            }
            None => syntax::declare(text, forms, &mut self.dialect),
        }
    }

    fn declarations(&mut self, source: &Arc<Source>, forms: &Forms) -> Result<(), Diagnostic> {
        let tokens = &Tokens::of(source.parsed());
        syntax::check_depth(source, tokens)?;
        self.findings
            .extend(check::file(&check::File { source, tokens }));
        for (offset, word) in syntax::unknown_annotations(source.parsed(), forms) {
            let at = Location::new(source, wast::Span::from_offset(offset));
            let fault = Diagnostic::new(at, format!("no annotation is named `{word}`"));
            self.findings.push(match syntax::nearest_annotation(word) {
                Some(nearest) => fault.hint(format!("the nearest that exists is `{nearest}`")),
                None => fault.hint("there are `@interface` and `@witx`"),
            });
        }
        let head = syntax::head(source.parsed()).map_or(0, |head| head.end);
        if self.parse(source, source.parsed(), head).is_ok() {
            return Ok(());
        }
        // Each form alone, behind blanks that keep its place, so that one fault does not hide
        // others.
        for range in syntax::top_level(source.parsed()) {
            let form = &source.parsed()[range.clone()];
            let mut alone = " ".repeat(range.start) + form;
            while let Err(fault) = self.parse(source, &alone, head) {
                let place = fault.location.as_ref().map(Location::parsed_offset);
                self.findings.push(fault);
                // In a module, the rest is parsed again without the faulty function.
                match place.and_then(|place| syntax::without_item(&alone, place)) {
                    Some(rest) => alone = rest,
                    None => {
                        if let Some(name) = syntax::declared_name(form) {
                            self.declared.insert(name.to_owned());
                            self.failed.insert(name.to_owned());
                        }
                        self.is_incomplete |= syntax::reads_a_file(form);
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// Parses a text of a file, and takes its declarations if there is no fault of syntax. Comments
    /// before `head` are about the document.
    fn parse(&mut self, source: &Arc<Source>, text: &str, head: usize) -> Result<(), Diagnostic> {
        let syntax_error = |error: wast::Error| syntax::fault(source, text, &error);
        let buffer = ParseBuffer::new(text).map_err(syntax_error)?;
        let file = wast::parser::parse::<File>(&buffer).map_err(syntax_error)?;
        let is_behind_head =
            |comment: &&str| comment.as_ptr() as usize - text.as_ptr() as usize >= head;
        for item in file.items {
            match item {
                Item::Use { span, used } => match used {
                    Used::File(path) => self.used(Location::new(source, span), source, path),
                    Used::Module { types, module } => self.used_module(source, &types, &module),
                },
                Item::Declaration {
                    span,
                    mut comments,
                    declaration,
                } => {
                    comments.comments.retain(is_behind_head);
                    self.declaration(source, span, &comments, *declaration);
                }
            }
        }
        Ok(())
    }

    /// Reads a file that another one uses. Its path is relative to that of the user.
    fn used(&mut self, at: Location, user: &Source, path: &str) {
        let path = beside(&user.path, path);
        if !self.seen.insert(path.clone()) {
            return;
        }
        match (self.read)(&path) {
            Ok(bytes) => {
                self.file(path, bytes);
            }
            Err(error) => {
                let message = format!("cannot read `{}`: {error}", path.display());
                let with_extension = path.with_extension("witx");
                let hint = match path.extension().is_none() && (self.read)(&with_extension).is_ok()
                {
                    true => format!("there is `{}`", with_extension.display()),
                    false => "the path is relative to this file".to_owned(),
                };
                self.findings.push(Diagnostic::new(at, message).hint(hint));
                self.is_incomplete = true;
            }
        }
    }

    /// Reads the file of a module that another file uses, in the other dialect: that of its name
    /// beside the user.
    fn used_module(&mut self, user: &Arc<Source>, types: &[wast::Id<'_>], module: &wast::Id<'_>) {
        let at = Location::new(user, module.span());
        let path = beside(&user.path, &format!("{}.witx", module.name()));
        if self.seen.insert(path.clone()) {
            match (self.read)(&path) {
                Ok(bytes) => {
                    self.file(path.clone(), bytes);
                }
                Err(error) => {
                    let message = format!("no module `${}` is found: {error}", module.name());
                    let hint = format!("it was looked for in `{}`", path.display());
                    self.findings.push(Diagnostic::new(at, message).hint(hint));
                    self.is_incomplete = true;
                    return;
                }
            }
        }
        for ty in types {
            if !self.declared.contains(ty.name()) {
                let message = format!("module `${}` has no type `${}`", module.name(), ty.name());
                let names = self.types.keys().map(String::as_str);
                let fault = Diagnostic::new(Location::new(user, ty.span()), message);
                let fault = match syntax::nearest(ty.name(), names) {
                    Some(nearest) => fault.hint(format!("the nearest that exists is `${nearest}`")),
                    None => fault.hint(format!("its file is `{}`", path.display())),
                };
                self.findings.push(fault);
                self.failed.insert(ty.name().to_owned());
                self.declared.insert(ty.name().to_owned());
            }
        }
    }

    fn declaration(
        &mut self,
        source: &Arc<Source>,
        span: wast::Span,
        comments: &CommentSyntax<'_>,
        mut declaration: DeclSyntax<'_>,
    ) {
        if let DeclSyntax::Const(constant) = &declaration
            && self.failed.contains(constant.item.ty.name())
        {
            return;
        }
        if let DeclSyntax::Typename(ty) = &declaration
            && self.is_shared(source, span, ty.ident.name())
        {
            return;
        }
        self.locations.insert_declaration(&declaration, source);
        let faults = self.check(source, &declaration);
        let valid = match &mut declaration {
            // What is not at fault may have faults that only show later.
            DeclSyntax::Module(module) => {
                self.remove_faulty_functions(module, &faults, source);
                self.validate(source, span, comments, &declaration)
            }
            _ => faults.is_empty() && self.validate(source, span, comments, &declaration),
        };
        match &declaration {
            DeclSyntax::Typename(ty) => {
                let name = ty.ident.name().to_owned();
                match self.definitions.last() {
                    Some(Definition::Typename(ty)) if valid => {
                        self.types.insert(name.clone(), ty.clone());
                        self.places_of_types
                            .insert(name.clone(), (source.clone(), span));
                    }
                    _ => {
                        self.failed.insert(name.clone());
                    }
                }
                self.declared.insert(name);
            }
            DeclSyntax::Module(module) => {
                self.declared.insert(module.name.name().to_owned());
            }
            DeclSyntax::Const(_) => {}
        }
    }

    /// Whether another file declares this type in the same words. It is one type then, as if both
    /// files used a third one: files share one namespace, so the names in it mean the same.
    fn is_shared(&self, source: &Source, span: wast::Span, name: &str) -> bool {
        let words = |source: &Source, span| {
            let text = source.parsed();
            syntax::words_at(text, span_offset(text, span))
        };
        self.places_of_types
            .get(name)
            .is_some_and(|(first, place)| {
                first.path != source.path
                    && words(first, *place).is_some_and(|it| Some(it) == words(source, span))
            })
    }

    /// Checks a declaration before witx sees it. Gives the places of the errors.
    fn check(&mut self, source: &Arc<Source>, syntax: &DeclSyntax<'_>) -> Vec<usize> {
        let found = check::declaration(&Declaration {
            source,
            syntax,
            above: &self.declared,
            types: &self.types,
            failed: &self.failed,
        });
        let errors = found.iter().filter(|f| f.severity == Severity::Error);
        let places = errors.filter_map(|error| error.location.as_ref());
        let places = places.map(Location::parsed_offset).collect();
        let hidden = |finding: &Diagnostic| {
            self.is_incomplete && finding.rule == Some(check::DECLARED_NAMES)
        };
        self.findings
            .extend(found.into_iter().filter(|finding| !hidden(finding)));
        places
    }

    /// Removes the functions that have a fault, or that use a type which has one.
    fn remove_faulty_functions(
        &self,
        module: &mut ModuleSyntax<'_>,
        faults: &[usize],
        source: &Source,
    ) {
        if faults.is_empty() && self.failed.is_empty() {
            return;
        }
        let place = |span| span_offset(source.parsed(), span);
        let starts = module.decls.iter().map(|decl| match &decl.item {
            ModuleDeclSyntax::Import(import) => place(import.name_loc),
            ModuleDeclSyntax::Func(func) => place(func.export_loc),
        });
        let starts: Vec<usize> = starts.collect();
        let mut index = 0;
        module.decls.retain(|decl| {
            let end = starts.get(index + 1).copied().unwrap_or(usize::MAX);
            let own = starts[index]..end;
            index += 1;
            let ModuleDeclSyntax::Func(func) = &decl.item else {
                return true;
            };
            let mut values = func.params.iter().chain(&func.results);
            !faults.iter().any(|fault| own.contains(fault))
                && !values.any(|value| syntax::mentions(&value.item.type_, &self.failed))
        });
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
        // No panic in witx's validation is known any more, but it is the code of another crate.
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

/// The path of a file that is named by another one.
fn beside(user: &Path, path: &str) -> PathBuf {
    let directory = user.parent().unwrap_or(Path::new(""));
    normalise(&directory.join(path))
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
    match normal.as_os_str().is_empty() {
        true => PathBuf::from("."),
        false => normal,
    }
}
