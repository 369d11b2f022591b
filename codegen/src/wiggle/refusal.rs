//! What wiggle would panic on, or make invalid Rust of: found before it is called.

use std::collections::HashSet;

use crate::diagnostic::{Diagnostic, Error};
use crate::document::Document;

/// Refuses what wiggle would panic on or make invalid Rust of.
pub(super) fn refuse(document: &Document) -> Result<(), Error> {
    let mut refusal = Refusal {
        document,
        faults: Vec::new(),
    };
    let witx = document.witx();
    let mut names = HashSet::new();
    for ty in witx.typenames() {
        let name = ty.name.as_str();
        refusal.name(
            &[name],
            "type",
            heck::AsUpperCamelCase(name).to_string(),
            &mut names,
        );
        refusal.type_def(&ty);
    }
    let mut modules = HashSet::new();
    modules.insert("types".to_owned());
    for module in witx.modules() {
        let name = module.name.as_str();
        refusal.name(
            &[name],
            "module",
            heck::AsSnakeCase(name).to_string(),
            &mut modules,
        );
        let mut functions = HashSet::new();
        for func in module.funcs() {
            let part = func.name.as_str();
            let method = heck::AsSnakeCase(part).to_string();
            refusal.name(&[name, part], "function", method, &mut functions);
            refusal.function(name, &func);
        }
    }
    Error::from_all(refusal.faults)
}

struct Refusal<'a> {
    document: &'a Document,
    faults: Vec<Diagnostic>,
}

impl Refusal<'_> {
    fn fault(&mut self, at: &[&str], message: impl std::fmt::Display, hint: &str) {
        let location = self.document.locations().get(at);
        let fault = Diagnostic::new(location, format!("wiggle cannot express {message}"));
        self.faults.push(fault.hint(hint));
    }

    /// Refuses names that are no identifiers, or equal to others after the conversion of case.
    fn name(&mut self, at: &[&str], kind: &str, identifier: String, taken: &mut HashSet<String>) {
        let name = at[at.len() - 1];
        let starts = identifier.chars().next();
        let valid = starts.is_some_and(|c| c.is_ascii_alphabetic())
            && identifier
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !valid && name != "2big" {
            self.fault(
                at,
                format!("the {kind} name `{name}`"),
                "start it with a letter, and use letters, digits and `_` only",
            );
        } else if ["Result", "TryFrom", "From", "Self", "mem"].contains(&identifier.as_str()) {
            self.fault(
                at,
                format!("the {kind} name `{name}`, which its own code uses"),
                "rename it",
            );
        } else if !taken.insert(identifier.clone()) {
            self.fault(
                at,
                format!("the {kind} name `{name}`: as `{identifier}`, it is taken"),
                "names must differ in more than case and underscores",
            );
        }
    }

    fn members<'n>(
        &mut self,
        ty: &str,
        kind: &str,
        names: impl Iterator<Item = (&'n str, String)>,
    ) {
        let mut taken = HashSet::new();
        for (name, identifier) in names {
            self.name(&[ty, name], kind, identifier, &mut taken);
        }
    }

    fn type_def(&mut self, ty: &witx::NamedType) {
        let name = ty.name.as_str();
        let pascal = |id: &witx::Id| heck::AsUpperCamelCase(id.as_str()).to_string();
        match &ty.tref {
            witx::TypeRef::Name(target) => {
                let hint = "name the pointer or list where it is used";
                match &**target.type_() {
                    witx::Type::List(_) => self.fault(&[name], "an alias of a list type", hint),
                    witx::Type::Pointer(_) | witx::Type::ConstPointer(_) => {
                        self.fault(&[name], "an alias of a pointer type", hint);
                    }
                    _ => {}
                }
            }
            witx::TypeRef::Value(value) => match &**value {
                witx::Type::Record(record) if record.is_tuple() => {
                    self.fault(&[name], "a named tuple", "use a record");
                }
                witx::Type::Record(record) if record.bitflags_repr().is_some() => {
                    let names = record.members.iter().map(|m| {
                        let shouty = heck::AsShoutySnakeCase(m.name.as_str());
                        (m.name.as_str(), shouty.to_string())
                    });
                    self.members(name, "flag", names);
                }
                witx::Type::Record(record) => {
                    let names = record.members.iter().map(|m| {
                        (
                            m.name.as_str(),
                            heck::AsSnakeCase(m.name.as_str()).to_string(),
                        )
                    });
                    self.members(name, "field", names);
                    for member in &record.members {
                        let at = [name, member.name.as_str()];
                        match &member.tref {
                            witx::TypeRef::Value(ty) if matches!(**ty, witx::Type::List(_)) => {
                                self.fault(&at, "a list in a record", "give the list type a name");
                            }
                            ty => self.reference(&at, ty),
                        }
                    }
                }
                witx::Type::Variant(variant) => {
                    let names = variant
                        .cases
                        .iter()
                        .map(|c| (c.name.as_str(), pascal(&c.name)));
                    if variant.cases.iter().all(|case| case.tref.is_none()) {
                        self.members(name, "case", names);
                    } else {
                        // A union names the types of its cases, perhaps more than once.
                        self.members(name, "case", names);
                        for case in &variant.cases {
                            if let Some(ty) = &case.tref {
                                self.reference(&[name, case.name.as_str()], ty);
                            }
                        }
                    }
                }
                witx::Type::Pointer(_) | witx::Type::ConstPointer(_) => {
                    self.fault(
                        &[name],
                        "a named pointer type",
                        "write the pointer where it is used",
                    );
                }
                witx::Type::List(element) => self.reference(&[name], element),
                witx::Type::Builtin(witx::BuiltinType::Char) => {
                    self.fault(&[name], "`char`", "use u32");
                }
                witx::Type::Builtin(_) | witx::Type::Handle(_) => {}
            },
        }
    }

    /// Refuses types that are written in place and have no expression in Rust.
    fn reference(&mut self, at: &[&str], ty: &witx::TypeRef) {
        let witx::TypeRef::Value(value) = ty else {
            return;
        };
        match &**value {
            witx::Type::Builtin(witx::BuiltinType::Char) => self.fault(at, "`char`", "use u32"),
            witx::Type::Builtin(_) | witx::Type::Handle(_) => {}
            witx::Type::List(element) => match &**element.type_() {
                witx::Type::Builtin(witx::BuiltinType::Char) => {}
                _ => self.reference(at, element),
            },
            witx::Type::Pointer(to) | witx::Type::ConstPointer(to) => self.reference(at, to),
            witx::Type::Variant(variant) if variant.is_bool() => {
                self.fault(
                    at,
                    "`bool` without a name",
                    "declare `(typename $name bool)`",
                );
            }
            witx::Type::Variant(_) => {
                self.fault(at, "a variant without a name", "declare it with `typename`");
            }
            witx::Type::Record(_) => {
                self.fault(
                    at,
                    "a tuple without a name",
                    "declare a record with `typename`",
                );
            }
        }
    }

    fn function(&mut self, module: &str, func: &witx::InterfaceFunc) {
        let function = func.name.as_str();
        let mut names = HashSet::new();
        for param in &func.params {
            let name = param.name.as_str();
            let at = [module, function, name];
            let identifier = heck::AsSnakeCase(name).to_string();
            self.name(&at, "parameter", identifier, &mut names);
            self.reference(&at, &param.tref);
        }
        if let Some(result) = func.results.first() {
            let at = [module, function, result.name.as_str()];
            let expected = match &**result.tref.type_() {
                witx::Type::Variant(variant) => variant.as_expected(),
                _ => None,
            };
            if expected.is_none() {
                self.fault(
                    &at,
                    "a result that is no `expected`",
                    "return it through one",
                );
            }
        }
    }
}
