//! Reads WITX files: from paths or texts to a validated [`Document`] that remembers where each
//! of its names was written.
//!
//! Lexing, parsing and validation are the crate `witx`'s. It is driven declaration by
//! declaration here, since its own `load` stops at the first fault, panics on some, and gives
//! no place for others.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use wast::lexer::{Lexer, Token};
use wast::parser::{Parse, ParseBuffer, Parser};
use witx::parser::{CommentSyntax, DeclSyntax, ModuleDeclSyntax, TypedefSyntax};
use witx::{Definition, DocValidation, ValidationError};

use crate::diagnostic::{Diagnostic, Error, Location, Source};
use crate::dialect;
use crate::model::{Builtin, Model};

/// The deepest nesting of parentheses that is read. The parser is recursive, so without a
/// limit a hostile file could overflow the stack; files that exist stay below 10.
const MAX_DEPTH: usize = 100;

/// A validated WITX document: the files that were named and all that they `use`.
#[derive(Debug)]
pub struct Document {
    witx: witx::Document,
    locations: Locations,
}

impl Document {
    /// Reads the files at `paths`, and those that they `use`, as one document.
    ///
    /// # Errors
    ///
    /// [`Error::Read`] for a path that cannot be read, [`Error::Invalid`] for faults in the
    /// files, all faults at once except that a syntax error ends the run.
    pub fn load<P: AsRef<Path>>(paths: &[P]) -> Result<Document, Error> {
        Document::load_with(paths, |path| {
            let bytes = std::fs::read(path)?;
            String::from_utf8(bytes).map_err(|_| {
                io::Error::new(io::ErrorKind::InvalidData, "the file is not UTF-8 text")
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

    /// The document as the crate `witx` represents it.
    pub fn witx(&self) -> &witx::Document {
        &self.witx
    }

    /// Where names were written.
    pub(crate) fn locations(&self) -> &Locations {
        &self.locations
    }
}

/// Where the names of a document were written.
#[derive(Debug, Default)]
pub(crate) struct Locations(HashMap<Vec<String>, Location>);

impl Locations {
    /// The place of a type, constant or module (one part), of a type's member or a module's
    /// function (two parts), or of a function's parameter or result (three parts).
    pub(crate) fn get(&self, name: &[&str]) -> Option<Location> {
        // A nameless part of something is where the thing itself is.
        (1..=name.len()).rev().find_map(|parts| {
            let key: Vec<String> = name[..parts].iter().map(|&part| part.to_owned()).collect();
            self.0.get(&key).cloned()
        })
    }

    fn insert(&mut self, name: &[&str], location: Location) {
        let key = name.iter().map(|&part| part.to_owned()).collect();
        self.0.entry(key).or_insert(location);
    }

    fn insert_declaration(&mut self, declaration: &DeclSyntax<'_>, source: &Arc<Source>) {
        let at = |span| Location::new(source, span);
        match declaration {
            DeclSyntax::Typename(ty) => {
                let name = ty.ident.name();
                self.insert(&[name], at(ty.ident.span()));
                let mut member = |id: &wast::Id<'_>| self.insert(&[name, id.name()], at(id.span()));
                match &ty.def {
                    TypedefSyntax::Enum(e) => e.members.iter().for_each(|m| member(&m.item)),
                    TypedefSyntax::Flags(f) => f.flags.iter().for_each(|m| member(&m.item)),
                    TypedefSyntax::Record(r) => r.fields.iter().for_each(|m| member(&m.item.name)),
                    TypedefSyntax::Variant(v) => v.cases.iter().for_each(|m| member(&m.item.name)),
                    _ => {}
                }
            }
            DeclSyntax::Module(module) => {
                let name = module.name.name();
                self.insert(&[name], at(module.name.span()));
                for declaration in &module.decls {
                    match &declaration.item {
                        ModuleDeclSyntax::Import(import) => {
                            self.insert(&[name, import.name], at(import.name_loc));
                        }
                        ModuleDeclSyntax::Func(func) => {
                            self.insert(&[name, func.export], at(func.export_loc));
                            for value in func.params.iter().chain(&func.results) {
                                let id = &value.item.name;
                                self.insert(&[name, func.export, id.name()], at(id.span()));
                            }
                        }
                    }
                }
            }
            DeclSyntax::Const(constant) => {
                let id = &constant.item.name;
                let name = format!("const {}", id.name());
                self.insert(&[constant.item.ty.name(), &name], at(id.span()));
            }
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
    validation: DocValidation,
    definitions: Vec<Definition>,
    locations: Locations,
    /// The names of valid declarations.
    declared: HashSet<String>,
    /// Types whose declaration is at fault, so that a use of one is no fault of its own.
    failed: HashSet<String>,
    faults: Vec<Diagnostic>,
    /// Types that are buffers to be filled, in the other dialect.
    buffers: HashSet<String>,
}

impl Loader<'_> {
    fn new(read: &dyn Fn(&Path) -> io::Result<String>, places: bool) -> Loader<'_> {
        Loader {
            read,
            places,
            seen: HashSet::new(),
            validation: DocValidation::new(),
            definitions: Vec::new(),
            locations: Locations::default(),
            declared: HashSet::new(),
            failed: HashSet::new(),
            faults: Vec::new(),
            buffers: HashSet::new(),
        }
    }

    fn load<P: AsRef<Path>>(mut self, paths: &[P]) -> Result<Document, Error> {
        for path in paths {
            let path = normalise(path.as_ref());
            if self.seen.insert(path.clone()) {
                let text = (self.read)(&path).map_err(|source| Error::Read {
                    path: path.clone(),
                    source,
                })?;
                self.file(path, text);
            }
        }
        let document = Document {
            witx: self.validation.into_document(self.definitions),
            locations: self.locations,
        };
        if !self.faults.is_empty() {
            // What is valid so far may have faults that only show when it is lowered.
            if let Err(Error::Invalid(more)) = Model::new(&document) {
                self.faults.extend(more.iter().cloned());
            }
            self.faults.sort_by_key(Diagnostic::place);
        }
        Error::from_all(self.faults)?;
        Ok(document)
    }

    /// Reads one file and, where it says so, the files that it uses.
    fn file(&mut self, path: PathBuf, text: String) {
        let text = plain_indentation(text);
        let translated = dialect::translate(&text, &mut self.buffers).map(Arc::new);
        let source = Arc::new(Source {
            path,
            text,
            translated,
        });
        if let Err(fault) = self.declarations(&source) {
            self.faults.push(fault);
        }
    }

    fn declarations(&mut self, source: &Arc<Source>) -> Result<(), Diagnostic> {
        let syntax_error = |error: wast::Error| {
            Diagnostic::new(
                Location::new(source, error.span()),
                one_line(&error.message()),
            )
        };
        check_depth(source)?;
        let buffer = ParseBuffer::new(source.parsed()).map_err(syntax_error)?;
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
            Err(error) => self.faults.push(
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
            DeclSyntax::Typename(ty) if valid => self.declared.insert(ty.ident.name().to_owned()),
            DeclSyntax::Typename(ty) => self.failed.insert(ty.ident.name().to_owned()),
            DeclSyntax::Module(module) => self.declared.insert(module.name.name().to_owned()),
            DeclSyntax::Const(_) => false,
        };
        self.locations.insert_declaration(declaration, source);
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
            Ok(Err(error)) => self.fault(source, &error),
            Err(_) => self.faults.push(Diagnostic::new(
                Location::new(source, span),
                "the crate witx panicked on this declaration",
            )),
        }
        false
    }

    /// Looks for what witx accepts and then panics on, and for unknown names, of which witx finds
    /// the first of a declaration only; says whether there is nothing of it.
    fn check(&mut self, source: &Arc<Source>, declaration: &DeclSyntax<'_>) -> bool {
        let before = self.faults.len();
        match declaration {
            DeclSyntax::Typename(ty) => {
                self.check_members(source, &ty.def, ty.ident.span());
                self.check_duplicates(source, &ty.def);
                self.check_names(source, &ty.def, Some(ty.ident.name()));
            }
            DeclSyntax::Module(module) => {
                for declaration in &module.decls {
                    if let ModuleDeclSyntax::Func(func) = &declaration.item {
                        for value in func.params.iter().chain(&func.results) {
                            let span = value.item.name.span();
                            self.check_members(source, &value.item.type_, span);
                            self.check_names(source, &value.item.type_, None);
                        }
                    }
                }
            }
            DeclSyntax::Const(_) => {}
        }
        self.faults.len() == before
    }

    /// Looks for types without members that need some.
    fn check_members(&mut self, source: &Arc<Source>, ty: &TypedefSyntax<'_>, span: wast::Span) {
        if let Some(kind) = empty_type(ty) {
            let message = format!("a {kind} needs at least one member");
            self.faults
                .push(Diagnostic::new(Location::new(source, span), message).hint("give it one"));
        }
    }

    /// Looks for names that are not declared, apart from that of the declaration itself.
    fn check_names(&mut self, source: &Arc<Source>, ty: &TypedefSyntax<'_>, own: Option<&str>) {
        if let TypedefSyntax::Ident(id) = ty {
            let name = id.name();
            let known = self.declared.contains(name) || self.failed.contains(name);
            if !known && own != Some(name) {
                self.faults
                    .push(unknown_name(name, Location::new(source, id.span())));
            }
        }
        for part in parts(ty) {
            self.check_names(source, part, own);
        }
    }

    /// Looks for members of a type that have the same name.
    fn check_duplicates(&mut self, source: &Arc<Source>, ty: &TypedefSyntax<'_>) {
        let names: Vec<(&str, wast::Span)> = match ty {
            TypedefSyntax::Enum(e) => e.members.iter().map(|m| name_of(&m.item)).collect(),
            TypedefSyntax::Flags(f) => f.flags.iter().map(|m| name_of(&m.item)).collect(),
            TypedefSyntax::Record(r) => r.fields.iter().map(|m| name_of(&m.item.name)).collect(),
            TypedefSyntax::Variant(v) => v.cases.iter().map(|m| name_of(&m.item.name)).collect(),
            _ => return,
        };
        let mut first = HashMap::new();
        for (name, span) in names {
            let at = Location::new(source, span);
            match first.get(name) {
                None => {
                    first.insert(name, at);
                }
                Some(first) => {
                    let hint = format!("it was first used in line {}", Location::line(first));
                    let message = format!("the type has a member `${name}` already");
                    self.faults.push(Diagnostic::new(at, message).hint(hint));
                }
            }
        }
    }

    fn fault(&mut self, source: &Arc<Source>, error: &ValidationError) {
        let at = |location: &witx::Location| {
            Location::of_line(source, location.line - 1, location.column - 1)
        };
        use ValidationError::*;
        let fault = match error {
            // The cause was reported at the declaration of that name.
            UnknownName { name, .. } | Recursive { name, .. } if self.failed.contains(name) => {
                return;
            }
            UnknownName { name, location } => unknown_name(name, at(location)),
            NameAlreadyExists {
                name,
                at_location,
                previous_location,
            } => {
                let fault = Diagnostic::new(
                    at(at_location),
                    format!("the name `{name}` is already taken"),
                );
                let previous = if previous_location.path == source.path {
                    format!("line {}", previous_location.line)
                } else {
                    let path = previous_location.path.display();
                    format!("{path}:{}", previous_location.line)
                };
                fault.hint(format!("it was first used in {previous}"))
            }
            WrongKindName {
                name,
                location,
                expected,
                got,
            } => Diagnostic::new(
                at(location),
                format!("`{name}` is a {got}, where a {expected} is expected"),
            )
            .hint("only types can be used here"),
            Recursive { name, location } => {
                Diagnostic::new(at(location), format!("type `${name}` contains itself"))
                    .hint("WITX has no recursive types; use a handle")
            }
            InvalidRepr { repr, location } => Diagnostic::new(
                at(location),
                format!(
                    "{} cannot represent an enum or flags",
                    Builtin::from(*repr).witx()
                ),
            )
            .hint("use u8, u16, u32 or u64"),
            Abi { reason, location } => Diagnostic::new(
                at(location),
                format!("the ABI has no such result: {reason}"),
            )
            .hint(
                "a function has at most one result: a scalar, a handle, a pointer, flags or an \
                     `expected` of named types",
            ),
            AnonymousRecord { location } => Diagnostic::new(
                at(location),
                "records, enums, flags, unions and handles need a name",
            )
            .hint("declare it with `typename` and use the name"),
            UnionSizeMismatch {
                expected,
                found,
                location,
            } => Diagnostic::new(
                at(location),
                format!("the tag has {expected} cases, but {found} are given"),
            )
            .hint("a variant has one case for each case of its tag"),
            InvalidUnionTag { reason, location } => {
                Diagnostic::new(at(location), format!("invalid tag: {reason}"))
                    .hint("a tag is an enum, or an integer")
            }
            InvalidUnionField { name, location, .. } => Diagnostic::new(
                at(location),
                format!("the tag has no case `${name}`, or it is given twice"),
            )
            .hint("a variant has one case for each case of its tag"),
        };
        self.faults.push(fault);
    }
}

/// The top level of a file, as witx's own parser reads it but with the place of each item.
struct File<'a> {
    items: Vec<Item<'a>>,
}

enum Item<'a> {
    Use {
        span: wast::Span,
        path: &'a str,
    },
    Declaration {
        span: wast::Span,
        comments: CommentSyntax<'a>,
        declaration: Box<DeclSyntax<'a>>,
    },
}

mod keyword {
    wast::custom_keyword!(r#use = "use");
}

impl<'a> Parse<'a> for File<'a> {
    fn parse(parser: Parser<'a>) -> wast::parser::Result<Self> {
        let _witx = parser.register_annotation("witx");
        let _interface = parser.register_annotation("interface");
        let mut items = Vec::new();
        while !parser.is_empty() {
            let comments: CommentSyntax<'a> = parser.parse()?;
            let item = parser.parens(|parser| {
                if parser.peek::<keyword::r#use>() {
                    parser.parse::<keyword::r#use>()?;
                    let span = parser.cur_span();
                    let path = parser.parse()?;
                    return Ok(Item::Use { span, path });
                }
                let span = parser.cur_span();
                let mut declaration: DeclSyntax<'a> = parser.parse()?;
                // witx reads a constant's comment inside its parentheses, where nobody writes it.
                if let DeclSyntax::Const(constant) = &mut declaration
                    && constant.comments.comments.is_empty()
                {
                    constant.comments = comments.clone();
                }
                Ok(Item::Declaration {
                    span,
                    comments: comments.clone(),
                    declaration: Box::new(declaration),
                })
            })?;
            items.push(item);
        }
        Ok(File { items })
    }
}

fn name_of<'a>(id: &wast::Id<'a>) -> (&'a str, wast::Span) {
    (id.name(), id.span())
}

/// A use of a name that no type has.
fn unknown_name(name: &str, at: Location) -> Diagnostic {
    Diagnostic::new(at, format!("no type named `${name}` is declared"))
        .hint("a type must be declared above its first use")
}

/// The types that a type is made of, one level down.
fn parts<'t, 'a>(ty: &'t TypedefSyntax<'a>) -> Vec<&'t TypedefSyntax<'a>> {
    match ty {
        TypedefSyntax::Tuple(tuple) => tuple.types.iter().collect(),
        TypedefSyntax::Union(union) => {
            let fields = union.fields.iter().map(|field| &field.item);
            union.tag.as_deref().into_iter().chain(fields).collect()
        }
        TypedefSyntax::Variant(variant) => {
            let cases = &variant.cases;
            let payloads = cases.iter().filter_map(|case| case.item.ty.as_ref());
            variant.tag.as_deref().into_iter().chain(payloads).collect()
        }
        TypedefSyntax::Record(record) => {
            let fields = record.fields.iter();
            fields.map(|field| &field.item.type_).collect()
        }
        TypedefSyntax::Expected(expected) => {
            let types = expected.ok.iter().chain(&expected.err);
            types.map(|ty| &**ty).collect()
        }
        TypedefSyntax::List(ty) | TypedefSyntax::Pointer(ty) | TypedefSyntax::ConstPointer(ty) => {
            vec![ty]
        }
        _ => Vec::new(),
    }
}

/// The kind of a type without members that needs some, or of such a type inside `ty`.
fn empty_type(ty: &TypedefSyntax<'_>) -> Option<&'static str> {
    match ty {
        TypedefSyntax::Tuple(tuple) if tuple.types.is_empty() => Some("tuple"),
        TypedefSyntax::Union(union) if union.fields.is_empty() => Some("union"),
        TypedefSyntax::Variant(variant) if variant.cases.is_empty() => Some("variant"),
        ty => parts(ty).into_iter().find_map(empty_type),
    }
}

/// Refuses parentheses nested deeper than the recursive parser should follow.
fn check_depth(source: &Arc<Source>) -> Result<(), Diagnostic> {
    let mut depth = 0_usize;
    // A lexical error ends the loop: it is the parser's to report.
    for token in Lexer::new(source.parsed()).map_while(Result::ok) {
        match token {
            Token::LParen(token) => {
                depth += 1;
                if depth > MAX_DEPTH {
                    let offset = token.as_ptr() as usize - source.parsed().as_ptr() as usize;
                    return Err(Diagnostic::new(
                        Location::new(source, wast::Span::from_offset(offset)),
                        format!("parentheses are nested more than {MAX_DEPTH} deep"),
                    ));
                }
            }
            Token::RParen(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
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

/// Replaces white space other than blanks and tabs in the indentation of doc comments, a
/// no-break space for example, by as many blanks as it has bytes. witx cuts indentation by
/// bytes, and panics inside of a character.
fn plain_indentation(text: String) -> String {
    let odd = |c: char| c.is_whitespace() && !c.is_ascii();
    if !text.contains(odd) {
        return text;
    }
    let mut plain = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        match line.split_once(";;;") {
            Some((before, comment)) => {
                let body = comment.trim_start_matches(|c: char| odd(c) || c == ' ' || c == '\t');
                let indent = comment.len() - body.len();
                plain.push_str(before);
                plain.push_str(";;;");
                plain.push_str(&" ".repeat(indent));
                plain.push_str(body);
            }
            None => plain.push_str(line),
        }
    }
    plain
}
