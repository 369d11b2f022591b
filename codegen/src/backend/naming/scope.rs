//! A region of a program in which each name is taken once.

use std::collections::HashSet;
use std::rc::Rc;

use super::convention::{Case, Convention};

/// A region of a program in which names are unique.
#[derive(Debug, Clone)]
pub struct Scope {
    pub(super) convention: &'static Convention,
    /// The prefix of all names.
    pub(super) prefix: String,
    /// Names outside of it that are taken in it as well. All functions of a module share them.
    pub(super) outer: Rc<HashSet<String>>,
    pub(super) taken: HashSet<String>,
}

impl Scope {
    pub(super) fn new(convention: &'static Convention) -> Scope {
        Scope {
            convention,
            prefix: String::new(),
            outer: Rc::default(),
            taken: HashSet::new(),
        }
    }

    /// The members of a type, some of which the generator gives to it.
    pub(super) fn of_members(convention: &'static Convention) -> Scope {
        let mut scope = Scope::new(convention);
        scope
            .taken
            .extend(convention.methods.iter().map(|&method| method.to_owned()));
        scope
    }

    pub(super) fn declare(&mut self, name: &str, case: Case) -> String {
        self.declare_with(name, case, "")
    }

    /// Whether no name of this scope is this one.
    pub(super) fn is_free(&self, name: &str, case: Case) -> bool {
        let identifier = self.convention.identifier(&self.prefix, name, case);
        !self.outer.contains(&identifier) && !self.taken.contains(&identifier)
    }

    /// Takes a name. Gives whether it was free.
    fn take(&mut self, name: String) -> bool {
        !self.outer.contains(&name) && self.taken.insert(name)
    }

    /// Declares a name with another prefix than that of the scope.
    pub(super) fn declare_behind(&mut self, prefix: &str, name: &str, case: Case) -> String {
        let own = std::mem::replace(&mut self.prefix, prefix.to_owned());
        let name = self.declare(name, case);
        self.prefix = own;
        name
    }

    /// Declares a name with a suffix that no name of a document has.
    pub(super) fn declare_with(&mut self, name: &str, case: Case, suffix: &str) -> String {
        let identifier = self.convention.identifier(&self.prefix, name, case);
        // A number takes the place of the escape that keeps a name from being a keyword.
        let (base, separator) = match case {
            Case::Pascal | Case::Camel => (identifier.trim_end_matches('_'), ""),
            Case::Snake | Case::Shouty if identifier.ends_with('_') => (&*identifier, ""),
            Case::Snake | Case::Shouty => (&*identifier, "_"),
        };
        let mut unique = format!("{identifier}{suffix}");
        let mut number = 2;
        let folds = self.convention.folds;
        let key = |name: &str| match folds {
            true => name.replace('_', "").to_lowercase(),
            false => name.to_owned(),
        };
        while !self.take(key(&unique)) {
            // A number may make a keyword of a name: `u` and 2 are `u2`, an integer of Zig.
            let numbered = format!("{base}{separator}{number}");
            unique = format!("{}{suffix}", self.convention.escaped(numbered));
            number += 1;
        }
        unique
    }

    /// A local variable of generated code, named like `name` if that is free.
    pub fn local(&mut self, name: &str) -> String {
        self.declare(name, self.convention.locals)
    }
}
