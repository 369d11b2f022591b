//! The declarations of a file in the order of the document, each behind a blank line: for the
//! languages that are written as text.

use super::naming::{ModuleNames, Names, TypeNames};
use super::source::Source;
use crate::model::docs;
use crate::model::{Constant, Model, Module, TypeDef};

/// How a language writes its declarations.
pub trait Declarations {
    /// The model whose items are declared.
    fn model(&self) -> &Model;

    /// The names of those items.
    fn names(&self) -> &Names;

    /// Writes a text as a documentation comment.
    fn write_comment(&self, out: &mut Source, text: &str);

    /// Writes a type whose documentation is written.
    fn write_type(&self, out: &mut Source, def: &TypeDef, names: &TypeNames);

    /// Writes a constant whose documentation is written.
    fn write_constant(&self, out: &mut Source, constant: &Constant, name: &str);

    /// Writes a module with its documentation and its functions.
    fn write_module(&self, out: &mut Source, module: &Module, names: &ModuleNames);

    /// Writes all types, and then all constants.
    fn types_and_constants(&self, out: &mut Source) {
        let (model, names) = (self.model(), self.names());
        for id in model.type_ids() {
            let def = model.get(id);
            out.blank();
            self.documentation(out, &def.docs, &def.name);
            self.write_type(out, def, names.get(id));
        }
        for (constant, name) in model.constants.iter().zip(&names.constants) {
            out.blank();
            self.documentation(out, &constant.docs, &constant.name);
            self.write_constant(out, constant, name);
        }
    }

    /// Writes all modules.
    fn modules(&self, out: &mut Source) {
        let modules = self.model().modules.iter();
        for (module, names) in modules.zip(&self.names().modules) {
            out.blank();
            self.write_module(out, module, names);
        }
    }

    /// Writes the documentation of something that is called `name` in WITX.
    fn documentation(&self, out: &mut Source, text: &str, name: &str) {
        let substitute = format!("`{name}` in WITX.");
        self.write_comment(out, docs::or(text, &substitute));
    }
}
