//! The document as wiggle can take it: the same functions and layouts in other words.
//!
//! wiggle panics on, or makes invalid Rust of, much that WITX has. Most of that can be said in
//! another way: types that are written in place get names, tuples become records, `bool` an enum
//! and `char` its number, strings inside of values lists of their bytes; names of pointers and
//! strings are replaced by what they stand for; names that are no identifiers, or that mean
//! something in wiggle's code, are changed. What a function gives is left out for wiggle and put
//! into its trait afterwards, since wiggle knows `expected` with a named error only.
//!
//! Both documents are printed and parsed: witx lets only its own validation make a document or a
//! module (`Document::new` and `Module::new` are private), and that reads syntax trees, which
//! borrow the text they come from.

use std::collections::HashMap;
use std::fmt::Write as _;

use witx::Layout as _;

use super::names::CONVENTION;
use crate::backend::naming::Names;
use crate::diagnostic::{Diagnostic, Error};
use crate::document::Document;
use crate::model::{
    Builtin, Function, IntRepr, Member, Model, Outcome, Type, TypeDef, TypeId, TypeKind,
};

/// A document in wiggle's words.
pub(super) struct Rewritten {
    /// What wiggle is given.
    incomplete: Document,
    /// What our code is made from: with the results, the names of imports and the documentation
    /// that the original has.
    complete: Document,
}

impl Rewritten {
    pub(super) fn witx(&self) -> &witx::Document {
        self.incomplete.witx()
    }

    pub(super) fn model(&self) -> &Model {
        self.complete.model()
    }
}

/// Rewrites the document of a model.
///
/// # Errors
///
/// [`Error::Invalid`] for what cannot be said in wiggle's words.
pub(super) fn rewrite(original: &Model) -> Result<Rewritten, Error> {
    // The same names in both.
    let names = Names::new(original, &CONVENTION);
    let mut complete = parse(&Rewriter::new(original, names.clone()).text(true))?;
    let mut rewriter = Rewriter::new(original, names);
    let incomplete = parse(&rewriter.text(false))?;
    let mut faults = layout_faults(original, &rewriter.names, &incomplete);
    faults.extend(parameter_faults(original));
    Error::from_all(faults)?;
    rewriter.restore(&mut complete.model);
    Ok(Rewritten {
        incomplete,
        complete,
    })
}

fn parse(text: &str) -> Result<Document, Error> {
    Document::parse("rewritten.witx", text).map_err(internal)
}

fn internal(error: Error) -> Error {
    Error::Internal {
        language: "wiggle",
        message: error.to_string(),
    }
}

/// The largest number of parameters that wasmtime has a typed function for.
const MAX_PARAMS: usize = 17;

/// Functions with more parameters than wasmtime has typed functions for.
fn parameter_faults(original: &Model) -> Vec<Diagnostic> {
    let functions = original.functions().filter(|f| f.lowered.wasm_params.len() > MAX_PARAMS);
    let fault = |function: &Function| {
        let message = format!(
            "wiggle cannot express function `{}`: it has {} parameters in WebAssembly, and \
             wasmtime calls functions of at most {MAX_PARAMS}",
            function.name,
            function.lowered.wasm_params.len()
        );
        Diagnostic::new(function.location.clone(), message).hint("put some of them in a record")
    };
    functions.map(fault).collect()
}

/// Types of which wiggle, which asks witx, has another size than the ABI.
fn layout_faults(original: &Model, names: &Names, document: &Document) -> Vec<Diagnostic> {
    let sizes: HashMap<String, usize> = document
        .witx()
        .typenames()
        .map(|ty| (ty.name.as_str().to_owned(), ty.mem_size_align().size))
        .collect();
    let mut faults = Vec::new();
    for (index, def) in original.types.iter().enumerate() {
        let theirs = sizes.get(&names.get(TypeId(index)).name);
        if let Some(theirs) = theirs
            && *theirs != def.layout.size as usize
        {
            let message = format!(
                "wiggle cannot express `${}`: it takes it for {theirs} bytes large, and it is {}",
                def.name, def.layout.size
            );
            let hint = "make the largest payload the most aligned one, or put it behind a pointer";
            faults.push(Diagnostic::new(def.location.clone(), message).hint(hint));
        }
    }
    faults
}

struct Rewriter<'a> {
    model: &'a Model,
    names: Names,
    /// The names of lists that have none in the document, by their elements.
    lists: HashMap<String, String>,
    /// The name of `bool`.
    booleans: Vec<(IntRepr, String)>,
    /// Types that are declared before the one that is being written.
    declared: String,
}

impl<'a> Rewriter<'a> {
    fn new(model: &'a Model, names: Names) -> Rewriter<'a> {
        Rewriter {
            model,
            names,
            lists: HashMap::new(),
            booleans: Vec::new(),
            declared: String::new(),
        }
    }

    /// The document; with results and names for pointers if it is to be `complete`.
    fn text(&mut self, complete: bool) -> String {
        let mut text = String::new();
        for id in self.model.type_ids() {
            let definition = self.definition(id, complete);
            text.push_str(&std::mem::take(&mut self.declared));
            if let Some(definition) = definition {
                let name = &self.names.get(id).name;
                let _ = writeln!(text, "(typename ${name} {definition})");
            }
        }
        let model = self.model;
        for constant in &model.constants {
            let ty = &self.names.get(constant.ty).name;
            let (name, value) = (&constant.name, constant.value);
            let _ = writeln!(text, "(@witx const ${ty} ${name} {value})");
        }
        for (index, module) in model.modules.iter().enumerate() {
            let mut inside = String::new();
            for (number, function) in module.functions.iter().enumerate() {
                inside.push_str(&self.function(index, number, function, complete));
            }
            text.push_str(&std::mem::take(&mut self.declared));
            let name = &self.names.modules[index].name;
            let _ = writeln!(text, "(module ${name}\n{inside})");
        }
        text
    }

    fn definition(&mut self, id: TypeId, complete: bool) -> Option<String> {
        let model = self.model;
        let members = self.names.get(id).members.clone();
        Some(match &model.get(id).kind {
            TypeKind::Alias(target) => match model.resolve(target) {
                Type::Bool(repr) => boolean(*repr),
                Type::Builtin(builtin) => match target {
                    Type::Named(target) => format!("${}", self.names.get(*target).name),
                    _ => builtin_name(*builtin).to_owned(),
                },
                Type::List(element) => format!("(list {})", self.stored(element)),
                Type::String if complete => "string".to_owned(),
                ty @ Type::Pointer { .. } if complete => self.stored(ty),
                Type::String | Type::Pointer { .. } => return None,
                Type::Named(target) => {
                    let holds_pointer = model.holds_pointer(&Type::Named(*target));
                    // wiggle gives an alias of such a type a lifetime that it does not have.
                    if holds_pointer && !complete {
                        return None;
                    }
                    format!("${}", self.names.get(*target).name)
                }
            },
            TypeKind::Enum { repr, cases } => {
                let cases = cases.iter().zip(&members);
                let cases = cases.map(|(case, name)| format!("${}", case_name(case, name)));
                let cases: Vec<String> = cases.collect();
                format!("(enum (@witx tag {}) {})", repr.name(), cases.join(" "))
            }
            TypeKind::Flags { repr, flags } if flags.is_empty() => repr.name().to_owned(),
            TypeKind::Flags { repr, .. } => {
                let flags: Vec<String> = members.iter().map(|name| format!("${name}")).collect();
                format!("(flags (@witx repr {}) {})", repr.name(), flags.join(" "))
            }
            TypeKind::Record { fields, .. } => {
                let mut text = String::from("(record");
                for (field, name) in fields.iter().zip(&members) {
                    let _ = write!(text, " (field ${name} {})", self.stored(&field.ty));
                }
                text + ")"
            }
            TypeKind::Variant { tag, cases, .. } => {
                let mut text = format!("(variant (@witx tag {})", tag.name());
                for (case, name) in cases.iter().zip(&members) {
                    let _ = match &case.payload {
                        Some(payload) => write!(text, " (case ${name} {})", self.stored(payload)),
                        None => write!(text, " (case ${name})"),
                    };
                }
                text + ")"
            }
            TypeKind::Handle => "(handle)".to_owned(),
        })
    }

    fn function(
        &mut self,
        module: usize,
        number: usize,
        function: &Function,
        complete: bool,
    ) -> String {
        let names = &self.names.modules[module].functions[number];
        let name = names.name.clone();
        // A length belongs to its buffer in the names, but is a parameter here.
        let mut scope = names.scope.clone();
        let mut params: Vec<Option<String>> = vec![None; function.params.len()];
        for (input, name) in function.lowered.inputs.iter().zip(&names.inputs) {
            params[input.param] = Some(name.clone());
        }
        let mut text = format!("  (@interface func (export \"{name}\")\n");
        for (param, name) in function.params.iter().zip(params) {
            let name = name.unwrap_or_else(|| scope.local(&param.name));
            let _ = writeln!(text, "    (param ${name} {})", self.passed(&param.ty));
        }
        match &function.lowered.outcome {
            Outcome::NoReturn => text.push_str("    (@witx noreturn)\n"),
            Outcome::Nothing => {}
            _ if !complete => {}
            Outcome::Value(ty) => {
                let result = scope.local("result");
                let _ = writeln!(text, "    (result ${result} {})", self.returned(ty));
            }
            Outcome::Expected { outs, error } => {
                let result = scope.local("result");
                let outs: Vec<String> = outs.iter().map(|out| self.returned(&out.ty)).collect();
                let mut outs = outs.join(" ");
                if function.result_is_tuple {
                    outs = format!("(tuple {outs})");
                }
                let error = error.as_ref().map(|error| self.returned(error));
                let error = error.unwrap_or_default();
                let _ = writeln!(
                    text,
                    "    (result ${result} (expected {outs} (error {error})))"
                );
            }
        }
        text + "  )\n"
    }

    /// The type of a result, which keeps its name.
    fn returned(&mut self, ty: &Type) -> String {
        match ty {
            Type::Named(id) => format!("${}", self.names.get(*id).name),
            ty => self.passed(ty),
        }
    }

    /// The type of a parameter.
    fn passed(&mut self, ty: &Type) -> String {
        match self.model.resolve(ty) {
            Type::String => "string".to_owned(),
            Type::List(element) if !matches!(ty, Type::Named(_)) => {
                format!("(list {})", self.stored(element))
            }
            _ => self.stored(ty),
        }
    }

    /// The type of a value inside of others.
    fn stored(&mut self, ty: &Type) -> String {
        let model = self.model;
        let target = model.resolve(ty);
        match (ty, target) {
            (_, Type::String) => self.list(&Type::Builtin(Builtin::U8)),
            (_, Type::Pointer { mutable, pointee }) => {
                let kind = if *mutable { "pointer" } else { "const_pointer" };
                format!("(@witx {kind} {})", self.stored(pointee))
            }
            (Type::Named(id), Type::Named(target)) => {
                let id = if model.holds_pointer(ty) { target } else { id };
                format!("${}", self.names.get(*id).name)
            }
            (Type::Named(id), _) => format!("${}", self.names.get(*id).name),
            (_, Type::Builtin(builtin)) => builtin_name(*builtin).to_owned(),
            (_, Type::Bool(repr)) => self.boolean(*repr),
            (_, Type::List(element)) => self.list(element),
            (_, Type::Named(id)) => format!("${}", self.names.get(*id).name),
        }
    }

    fn boolean(&mut self, repr: IntRepr) -> String {
        if let Some((_, name)) = self.booleans.iter().find(|(known, _)| *known == repr) {
            return format!("${name}");
        }
        let name = self.names.another_type("boolean");
        let _ = writeln!(self.declared, "(typename ${name} {})", boolean(repr));
        self.booleans.push((repr, name.clone()));
        format!("${name}")
    }

    /// The name of a list of these elements.
    fn list(&mut self, element: &Type) -> String {
        let element = self.stored(element);
        if let Some(name) = self.lists.get(&element) {
            return format!("${name}");
        }
        let name = self.names.another_type(&format!("list_of {element}"));
        let _ = writeln!(self.declared, "(typename ${name} (list {element}))");
        self.lists.insert(element, name.clone());
        format!("${name}")
    }

    /// Puts back what the original has, and wiggle cannot take or does not see.
    fn restore(&self, model: &mut Model) {
        let originals = self.model.types.iter().enumerate();
        let originals: HashMap<&str, &TypeDef> = originals
            .map(|(index, def)| (self.names.get(TypeId(index)).name.as_str(), def))
            .collect();
        for def in &mut model.types {
            if let Some(original) = originals.get(def.name.as_str()) {
                restore_docs(def, original);
            }
        }
        for (constant, original) in model.constants.iter_mut().zip(&self.model.constants) {
            constant.docs.clone_from(&original.docs);
        }
        for (module, original) in model.modules.iter_mut().zip(&self.model.modules) {
            module.name.clone_from(&original.name);
            module.docs.clone_from(&original.docs);
            for (function, original) in module.functions.iter_mut().zip(&original.functions) {
                function.name.clone_from(&original.name);
                function.docs.clone_from(&original.docs);
                function.result_docs.clone_from(&original.result_docs);
                for (param, original) in function.params.iter_mut().zip(&original.params) {
                    param.docs.clone_from(&original.docs);
                }
            }
        }
    }
}

/// `bool` as an enum: with documentation, it is not taken for `bool` again.
fn boolean(repr: IntRepr) -> String {
    let tag = repr.name();
    format!("(enum (@witx tag {tag})\n  ;;; No.\n  $false\n  ;;; Yes.\n  $true)")
}

fn restore_docs(def: &mut TypeDef, original: &TypeDef) {
    def.docs.clone_from(&original.docs);
    let restore = |to: &mut Vec<Member>, from: &Vec<Member>| {
        for (to, from) in to.iter_mut().zip(from) {
            to.docs.clone_from(&from.docs);
        }
    };
    match (&mut def.kind, &original.kind) {
        (TypeKind::Enum { cases: to, .. }, TypeKind::Enum { cases: from, .. })
        | (TypeKind::Flags { flags: to, .. }, TypeKind::Flags { flags: from, .. }) => {
            restore(to, from);
        }
        (TypeKind::Record { fields: to, .. }, TypeKind::Record { fields: from, .. }) => {
            for (to, from) in to.iter_mut().zip(from) {
                to.docs.clone_from(&from.docs);
            }
        }
        (TypeKind::Variant { cases: to, .. }, TypeKind::Variant { cases: from, .. }) => {
            for (to, from) in to.iter_mut().zip(from) {
                to.docs.clone_from(&from.docs);
            }
        }
        _ => {}
    }
}

/// wiggle knows one name that starts with a digit: WASI's error `2big`.
fn case_name<'a>(case: &'a Member, name: &'a str) -> &'a str {
    match case.name.as_str() {
        "2big" => "2big",
        _ => name,
    }
}

fn builtin_name(builtin: Builtin) -> &'static str {
    match builtin {
        Builtin::Char => "u32",
        other => other.witx(),
    }
}
