//! The WIT backend, for authors who move to components: what a document says, in WIT, as far as
//! that can be said.
//!
//! Addresses cannot, and so neither can buffers that the callee fills. A handle becomes a resource,
//! which parameters borrow. Constants are comments, since WIT has none.

mod names;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::Job;
use super::naming::{FunctionNames, ModuleNames, Names};
use super::source::Source;
use crate::diagnostic::{Diagnostic, Error};
use crate::location::Location;
use crate::model::{
    Builtin, Function, InputKind, Model, Module, Outcome, Type, TypeDef, TypeId, TypeKind, docs,
};
pub(super) use names::CONVENTION;
use names::kebab;

/// The language.
pub(super) struct Backend;

impl super::Backend for Backend {
    fn name(&self) -> &'static str {
        "wit"
    }

    fn purpose(&self) -> &'static str {
        "authors of components: the document in WIT, as far as it can be said"
    }

    fn file_name(&self, stem: &str) -> String {
        format!("{stem}.wit")
    }

    fn generate(&self, job: &Job<'_>) -> Result<String, Error> {
        let wit = Wit {
            model: job.model,
            names: Names::new(job.model, &CONVENTION),
        };
        Error::from_all(wit.faults())?;
        Ok(wit.file(job))
    }
}

struct Wit<'a> {
    model: &'a Model,
    names: Names,
}

impl Wit<'_> {
    /// What cannot be said.
    fn faults(&self) -> Vec<Diagnostic> {
        let mut faults = Vec::new();
        for def in &self.model.types {
            let empty = match &def.kind {
                TypeKind::Enum { cases, .. } => cases.is_empty(),
                TypeKind::Variant { cases, .. } => cases.is_empty(),
                TypeKind::Record { fields, .. } => fields.is_empty(),
                TypeKind::Flags { flags, .. } => flags.is_empty(),
                TypeKind::Alias(_) | TypeKind::Handle => false,
            };
            if empty {
                let message = format!("WIT has no types without members, as `{}` is", def.name);
                let hint = "give it a member, or leave it out";
                faults.push(Diagnostic::new(def.location.clone(), message).hint(hint));
            }
            if def.stored().any(has_address) {
                faults.push(address(&def.location, &def.name));
            }
        }
        for function in self.model.functions() {
            faults.extend(self.faults_of(function));
        }
        faults
    }

    fn faults_of(&self, function: &Function) -> Option<Diagnostic> {
        let lowered = &function.lowered;
        for input in &lowered.inputs {
            match &input.kind {
                InputKind::Buffer { mutable: true, .. } => {
                    let message = format!("WIT cannot say that `{}` fills a buffer", function.name);
                    let hint = format!("have a list in its result, in place of `{}`", input.name);
                    return Some(Diagnostic::new(function.location.clone(), message).hint(hint));
                }
                InputKind::Value(ty) | InputKind::List(ty) if has_address(ty) => {
                    return Some(address(&function.location, &function.name));
                }
                _ => {}
            }
        }
        let mut results = lowered.outs().iter().map(|out| &out.ty);
        let value = match &lowered.outcome {
            Outcome::Value(ty) => Some(ty),
            Outcome::Expected { error, .. } => error.as_ref(),
            _ => None,
        };
        let addresses = results.any(has_address) || value.is_some_and(has_address);
        addresses.then(|| address(&function.location, &function.name))
    }

    fn file(&self, job: &Job<'_>) -> String {
        let mut out = Source::new("  ");
        out.head("//", &job.header, &job.head());
        out.blank();
        let modules = self.model.modules.iter().zip(&self.names.modules);
        let package = self.names.modules.first().map_or("types", |m| &m.name);
        out.line(format!("package witx:{};", kebab(package)));
        if let ([module], [names]) = (&self.model.modules[..], &self.names.modules[..]) {
            self.interface(&mut out, module, names, true);
        } else {
            out.blank();
            out.block("interface types {", "}", |out| self.types(out));
            modules.for_each(|(module, names)| self.interface(&mut out, module, names, false));
        }
        out.finish()
    }

    /// A module: with the types if it is the only one, and else with those that it uses.
    fn interface(&self, out: &mut Source, module: &Module, names: &ModuleNames, types: bool) {
        out.blank();
        comment(out, &module.docs);
        let local = match types {
            true => self.type_names(),
            false => self.local_names(names),
        };
        out.block(format!("interface {} {{", kebab(&names.name)), "}", |out| {
            if types {
                self.types(out);
            } else {
                self.uses(out, module, names, &local);
            }
            for (function, names_of) in module.functions.iter().zip(&names.functions) {
                out.blank();
                self.function(out, function, names_of, |id| local[&id].clone());
            }
        });
    }

    /// The types that the functions of a module name, from the interface that has them.
    fn uses(
        &self,
        out: &mut Source,
        module: &Module,
        names: &ModuleNames,
        local: &BTreeMap<TypeId, String>,
    ) {
        let used = RefCell::new(BTreeSet::new());
        for (function, names_of) in module.functions.iter().zip(&names.functions) {
            // Whatever its text names, and nothing else.
            self.function(&mut Source::new(""), function, names_of, |id| {
                used.borrow_mut().insert(id);
                String::new()
            });
        }
        let used = used.into_inner();
        if used.is_empty() {
            return;
        }
        let used = used.into_iter().map(|id| {
            let (name, local) = (self.type_name(id), &local[&id]);
            match name == *local {
                true => name,
                false => format!("{name} as {local}"),
            }
        });
        out.list("use types.{", &used.collect::<Vec<_>>(), "};");
    }

    fn type_name(&self, id: TypeId) -> String {
        kebab(&self.names.get(id).name)
    }

    fn type_names(&self) -> BTreeMap<TypeId, String> {
        let ids = self.model.type_ids();
        ids.map(|id| (id, self.type_name(id))).collect()
    }

    /// The names of types beside the functions of a module: a type that is called like one of
    /// these gets another name there.
    fn local_names(&self, module: &ModuleNames) -> BTreeMap<TypeId, String> {
        let functions = module.functions.iter().map(|function| kebab(&function.name));
        let functions: BTreeSet<String> = functions.collect();
        let mut names = self.type_names();
        let mut taken: BTreeSet<String> = names.values().cloned().collect();
        taken.extend(functions.iter().cloned());
        for name in names.values_mut().filter(|name| functions.contains(*name)) {
            while !taken.insert(name.clone()) {
                name.push_str("-type");
            }
        }
        names
    }

    fn types(&self, out: &mut Source) {
        for id in self.model.type_ids() {
            let def = self.model.get(id);
            out.blank();
            comment(out, &def.docs);
            self.type_def(out, def, id);
        }
        for (constant, name) in self.model.constants.iter().zip(&self.names.constants) {
            out.blank();
            comment(out, &constant.docs);
            out.line(format!("// The constant {}: {}", kebab(name), constant.value));
        }
    }

    fn type_def(&self, out: &mut Source, def: &TypeDef, id: TypeId) {
        let names = self.names.get(id);
        let name = self.type_name(id);
        let ty = |ty: &Type| self.ty(ty, &|id| self.type_name(id));
        // For each member its documentation, its name, and what follows that.
        let (keyword, members): (&str, Vec<(&str, String)>) = match &def.kind {
            TypeKind::Alias(target) => {
                return out.line(format!("type {name} = {};", ty(target)));
            }
            TypeKind::Handle => return out.line(format!("resource {name};")),
            TypeKind::Record {
                tuple: true,
                fields,
            } => {
                let types: Vec<String> = fields.iter().map(|field| ty(&field.ty)).collect();
                return out.line(format!("type {name} = tuple<{}>;", types.join(", ")));
            }
            TypeKind::Enum { cases, .. } => (
                "enum",
                cases.iter().map(|case| (&*case.docs, String::new())).collect(),
            ),
            TypeKind::Flags { flags, .. } => (
                "flags",
                flags.iter().map(|flag| (&*flag.docs, String::new())).collect(),
            ),
            TypeKind::Record { fields, .. } => (
                "record",
                fields
                    .iter()
                    .map(|field| (&*field.docs, format!(": {}", ty(&field.ty))))
                    .collect(),
            ),
            TypeKind::Variant { cases, .. } => (
                "variant",
                cases
                    .iter()
                    .map(|case| {
                        let payload = case.payload.as_ref();
                        let payload = payload.map(|payload| format!("({})", ty(payload)));
                        (&*case.docs, payload.unwrap_or_default())
                    })
                    .collect(),
            ),
        };
        out.block(format!("{keyword} {name} {{"), "}", |out| {
            for ((docs, rest), member) in members.iter().zip(&names.members) {
                comment(out, docs);
                out.line(format!("{}{rest},", kebab(member)));
            }
        });
    }

    fn function(
        &self,
        out: &mut Source,
        function: &Function,
        names: &FunctionNames,
        name: impl Fn(TypeId) -> String,
    ) {
        let lowered = &function.lowered;
        let inputs = lowered.inputs.iter().zip(&names.inputs);
        let params = inputs.map(|(input, param)| {
            let ty = match &input.kind {
                InputKind::Value(ty) | InputKind::Reference(ty) => self.passed(ty, &name),
                InputKind::String => "string".to_owned(),
                InputKind::List(element) | InputKind::Buffer { element, .. } => {
                    format!("list<{}>", self.ty(element, &name))
                }
            };
            format!("{}: {ty}", kebab(param))
        });
        let params: Vec<String> = params.collect();
        let result = match &lowered.outcome {
            Outcome::Nothing | Outcome::NoReturn => String::new(),
            Outcome::Value(ty) => format!(" -> {}", self.ty(ty, &name)),
            Outcome::Expected { outs, error } => {
                let types: Vec<String> = outs.iter().map(|out| self.ty(&out.ty, &name)).collect();
                let ok = match &types[..] {
                    [] => None,
                    [one] => Some(one.clone()),
                    many => Some(format!("tuple<{}>", many.join(", "))),
                };
                let error = error.as_ref().map(|error| self.ty(error, &name));
                match (ok, error) {
                    (None, None) => " -> result".to_owned(),
                    (Some(ok), None) => format!(" -> result<{ok}>"),
                    (ok, Some(error)) => {
                        format!(" -> result<{}, {error}>", ok.as_deref().unwrap_or("_"))
                    }
                }
            }
        };
        let said = docs::of_function(function);
        let mut text = said.text;
        for (input, about) in said.inputs {
            text.push_str(&format!("\n\n`{}`: {about}", kebab(&names.inputs[input])));
        }
        if !said.result.is_empty() {
            text.push_str(&format!("\n\nReturns: {}", said.result));
        }
        if matches!(lowered.outcome, Outcome::NoReturn) {
            text.push_str("\n\nDoes not return.");
        }
        comment(out, &text);
        let open = format!("{}: func(", kebab(&names.name));
        out.list(&open, &params, &format!("){result};"));
    }

    /// The type of a parameter: a handle is lent.
    fn passed(&self, ty: &Type, name: &dyn Fn(TypeId) -> String) -> String {
        let is_handle = matches!(self.model.resolve(ty), Type::Named(id)
            if matches!(self.model.get(*id).kind, TypeKind::Handle));
        match is_handle {
            true => format!("borrow<{}>", self.ty(ty, name)),
            false => self.ty(ty, name),
        }
    }

    fn ty(&self, ty: &Type, name: &dyn Fn(TypeId) -> String) -> String {
        match ty {
            Type::Bool(_) => "bool".to_owned(),
            Type::String => "string".to_owned(),
            Type::List(element) => format!("list<{}>", self.ty(element, name)),
            Type::Named(id) => name(*id),
            // Refused before.
            Type::Pointer { .. } => "u32".to_owned(),
            Type::Builtin(builtin) => match builtin {
                Builtin::Char8 => "u8",
                Builtin::Usize => "u32",
                other => other.witx(),
            }
            .to_owned(),
        }
    }
}

fn address(location: &Option<Location>, name: &str) -> Diagnostic {
    let message = format!("WIT has no addresses, of which `{name}` has one");
    Diagnostic::new(location.clone(), message).hint("pass the value itself, or a list")
}

fn has_address(ty: &Type) -> bool {
    match ty {
        Type::Pointer { .. } => true,
        Type::List(element) => has_address(element),
        Type::Builtin(_) | Type::Bool(_) | Type::String | Type::Named(_) => false,
    }
}

/// Writes a text as a documentation comment.
fn comment(out: &mut Source, text: &str) {
    let text = text.replace(|c: char| c.is_control() && c != '\n', " ");
    for line in docs::lines(&text) {
        for line in out.wrapped(line, "/// ".len()) {
            out.line(format!("/// {line}").trim_end());
        }
    }
}
