//! The Markdown backend: a reference for authors of bindings, down to wasm signatures.

use std::collections::HashSet;

use super::Job;
use super::source::WIDTH;
use crate::abi::conventions::{self, Extension};
use crate::abi::layout;
use crate::diagnostic::Error;
use crate::model::{
    Case, Field, Function, InputKind, Member, Model, Module, Outcome, Role, Type, TypeDef, TypeId, TypeKind,
    docs,
};

/// The language.
pub(super) struct Backend;

impl super::Backend for Backend {
    fn name(&self) -> &'static str {
        "markdown"
    }

    fn purpose(&self) -> &'static str {
        "readers: a reference, down to wasm signatures and layouts"
    }

    fn file_name(&self, stem: &str) -> String {
        format!("{stem}.md")
    }

    fn generate(&self, job: &Job<'_>) -> Result<String, Error> {
        let mut page = Markdown {
            model: job.model,
            text: String::new(),
        };
        page.file(&job.options.stem, &job.header);
        Ok(page.text)
    }
}

struct Markdown<'a> {
    model: &'a Model,
    text: String,
}

impl Markdown<'_> {
    fn file(&mut self, title: &str, header: &[String]) {
        for line in header {
            self.line(&format!("<!-- {} -->", line.replace("--", "- -")));
        }
        self.line("");
        self.line("<!-- prettier-ignore-start -->");
        self.line("");
        // The first paragraph at the head of the document is its title, if it is one line.
        let docs = docs::lines(&self.model.docs);
        let (own_title, rest) = match &docs[..] {
            [first, rest @ ..] if rest.first().is_none_or(|line| line.is_empty()) => {
                (Some(first.trim_end_matches('.')), rest)
            }
            all => (None, all),
        };
        let heading = match (own_title, self.model.modules.as_slice()) {
            (Some(title), _) => format!("# {title}"),
            (None, [module]) => format!("# `{}`", module.name),
            (None, _) => format!("# {title}"),
        };
        self.paragraph(&heading);
        self.docs(&rest.join("\n"));
        let single = self.model.modules.len() == 1;
        if single {
            self.docs(&self.model.modules[0].docs);
        }
        self.contents(single);
        for module in &self.model.modules {
            self.module(module, single);
        }
        if !self.model.types.is_empty() {
            self.paragraph("## Types");
            for id in self.model.type_ids() {
                self.type_def(id);
            }
        }
        if !self.model.constants.is_empty() {
            self.constants();
        }
        self.conventions();
        self.line("<!-- prettier-ignore-end -->");
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn paragraph(&mut self, text: &str) {
        self.line(text);
        self.line("");
    }

    fn docs(&mut self, text: &str) {
        let mut lines = docs::lines(text);
        // Otherwise the rest of the page would be inside the block.
        lines.extend(open_fence(&lines));
        if !lines.is_empty() {
            self.paragraph(&lines.join("\n"));
        }
    }

    fn contents(&mut self, single: bool) {
        for module in &self.model.modules {
            if !single {
                self.line(&format!("- [Module `{0}`](#module-{0})", module.name));
            }
            for function in &module.functions {
                let margin = if single { "" } else { "  " };
                let summary = docs::first_sentence(&function.docs);
                let dash = if summary.is_empty() { "" } else { ": " };
                let link = self.function_link(module, function);
                self.line(&format!("{margin}- {link}{dash}{summary}"));
            }
        }
        if !self.model.types.is_empty() {
            self.line("- [Types](#types)");
        }
        if !self.model.constants.is_empty() {
            self.line("- [Constants](#constants)");
        }
        if self.has_conventions() {
            self.line("- [Conventions](#conventions)");
        }
        self.line("");
    }

    fn function_link(&self, module: &Module, function: &Function) -> String {
        format!("[`{}`](#{})", function.name, anchor(module, function))
    }

    fn module(&mut self, module: &Module, single: bool) {
        if single {
            self.paragraph("## Functions");
            let text = format!(
                "Functions are imported from the module `{}`. Signatures are those of the import, \
                 in the text format of WebAssembly.",
                module.name
            );
            self.wrapped(&text);
        } else {
            self.paragraph(&format!(
                "## <a id=\"module-{0}\"></a>Module `{0}`",
                module.name
            ));
            self.docs(&module.docs);
        }
        for function in &module.functions {
            self.function(module, function);
        }
    }

    fn wrapped(&mut self, text: &str) {
        let text = docs::wrap(text, WIDTH).join("\n");
        self.paragraph(&text);
    }

    fn function(&mut self, module: &Module, function: &Function) {
        self.paragraph(&format!(
            "### <a id=\"{}\"></a>`{}`",
            anchor(module, function),
            function.name
        ));
        self.docs(&function.docs);
        self.line("```witx");
        self.witx(function);
        self.paragraph("```");
        self.paragraph("In WebAssembly:");
        self.line("```wat");
        self.wat(module, function);
        self.paragraph("```");
        if !function.lowered.wasm_params.is_empty() {
            self.params(function);
            self.slices(function);
        }
        self.result(function);
    }

    /// The signature as WITX has it.
    fn witx(&mut self, function: &Function) {
        self.line(&format!(
            "(@interface func (export {})",
            quoted(&function.name)
        ));
        for param in &function.params {
            let ty = self.model.witx(&param.ty);
            self.line(&format!("  (param ${} {ty})", param.name));
        }
        if let (Some(name), Some(ty)) = (&function.result_name, self.model.witx_result(function)) {
            self.line(&format!("  (result ${name} {ty})"));
        }
        if matches!(function.lowered.outcome, Outcome::NoReturn) {
            self.line("  (@witx noreturn)");
        }
        self.line(")");
    }

    /// The signature of the import, in the text format of WebAssembly.
    fn wat(&mut self, module: &Module, function: &Function) {
        let lowered = &function.lowered;
        let mut parts = Vec::new();
        let mut taken = HashSet::new();
        for param in &lowered.wasm_params {
            // Names that differ in WITX may be the same in letters that WAT allows.
            let mut name = identifier(&param.name);
            while !taken.insert(name.clone()) {
                name.push('_');
            }
            parts.push(format!("(param ${name} {})", param.ty.name()));
        }
        if let Some(result) = lowered.wasm_result {
            parts.push(format!("(result {})", result.name()));
        }
        let open = format!(
            "(import {} {} (func",
            quoted(&module.name),
            quoted(&function.name)
        );
        let line = std::iter::once(open.as_str())
            .chain(parts.iter().map(String::as_str))
            .collect::<Vec<_>>()
            .join(" ");
        if line.len() + 2 <= WIDTH {
            self.line(&format!("{line}))"));
            return;
        }
        self.line(&open);
        let mut row = String::new();
        for part in parts {
            if !row.is_empty() && row.len() + part.len() + 5 > WIDTH {
                self.line(&format!("  {row}"));
                row.clear();
            }
            if !row.is_empty() {
                row.push(' ');
            }
            row.push_str(&part);
        }
        self.line(&format!("  {row}))"));
    }

    fn params(&mut self, function: &Function) {
        self.line("| parameter | type | carries | meaning |");
        self.line("|---|---|---|---|");
        for param in &function.lowered.wasm_params {
            let said = |index: usize| cell(&function.params[index].docs);
            let of = |index: usize| {
                let param = &function.params[index];
                format!("`{}`: {}", param.name, self.type_link(&param.ty))
            };
            let (carries, meaning) = match param.role {
                Role::Value(index) | Role::BufferLength(index) => (of(index), said(index)),
                Role::Address(index) | Role::Elements(index) => {
                    (format!("the address of {}", of(index)), said(index))
                }
                Role::Length(index) => {
                    let unit = match self.model.resolve(&function.params[index].ty) {
                        Type::String => "in bytes",
                        Type::List(element) if layout(&self.model.types, element).size == 1 => "in bytes",
                        _ => "in elements",
                    };
                    let name = &function.params[index].name;
                    (format!("the length of `{name}` {unit}"), String::new())
                }
                Role::Out(index) => {
                    let out = &function.lowered.outs()[index];
                    let unit = if out.layout.size == 1 {
                        "byte"
                    } else {
                        "bytes"
                    };
                    let carries = format!("the address for a {}", self.type_link(&out.ty));
                    let text = format!("Written in case of success, {} {unit}.", out.layout.size);
                    (carries, text)
                }
            };
            let (name, ty) = (&param.name, param.ty.name());
            self.line(&format!("| `{name}` | `{ty}` | {carries} | {meaning} |"));
        }
        self.line("");
    }

    /// What bindings make of pointers with lengths.
    fn slices(&mut self, function: &Function) {
        for input in &function.lowered.inputs {
            if let InputKind::Buffer { mutable, .. } = input.kind {
                let name = &function.params[input.param].name;
                let len = &function.params[input.param + 1].name;
                let access = if mutable { "writes to" } else { "reads" };
                self.wrapped(&format!(
                    "`{name}` and `{len}` are one slice in bindings: the host {access} it during \
                     the call only."
                ));
            }
        }
    }

    fn result(&mut self, function: &Function) {
        let said = docs::one_line(&function.result_docs);
        let outcome = &function.lowered.outcome;
        if !said.is_empty() {
            let writes = matches!(outcome, Outcome::Expected { outs, .. } if !outs.is_empty());
            let head = if writes { "On success" } else { "Returns" };
            self.wrapped(&format!("**{head}:** {said}"));
        }
        let text = match outcome {
            Outcome::Nothing => "none.".to_owned(),
            Outcome::NoReturn => "none; the function does not return.".to_owned(),
            Outcome::Value(ty) => format!("{}.", self.type_link(ty)),
            Outcome::Expected { error, .. } => match error {
                Some(error) => format!(
                    "0 for success, else the code of the {}.",
                    self.type_link(error)
                ),
                None => "0 for success, else anything else.".to_owned(),
            },
        };
        self.wrapped(&format!("**Result:** {text}"));
    }

    // Types.

    /// The type as WITX writes it, with links to named ones.
    fn type_link(&self, ty: &Type) -> String {
        match ty {
            Type::Named(id) => {
                let name = &self.model.get(*id).name;
                format!("[`{name}`](#type-{})", identifier(name))
            }
            ty => format!("`{}`", self.model.witx(ty)),
        }
    }

    fn type_def(&mut self, id: TypeId) {
        let model = self.model;
        let def = model.get(id);
        self.paragraph(&format!(
            "### <a id=\"type-{}\"></a>`{}`",
            identifier(&def.name),
            def.name
        ));
        self.docs(&def.docs);
        let layout = size_and_align(def);
        match &def.kind {
            TypeKind::Alias(target) => {
                let target = self.type_link(target);
                self.wrapped(&format!("Another name of {target}: {layout}."));
            }
            TypeKind::Handle => {
                self.wrapped(&format!("A handle, passed as an `i32`: {layout}."));
            }
            TypeKind::Enum { repr, cases } => {
                let kind = if def.is_error { "An error" } else { "An enum" };
                self.wrapped(&format!(
                    "{kind}, represented by a `{}`: {layout}.",
                    repr.name()
                ));
                self.members("code", cases, |number| number.to_string());
            }
            TypeKind::Flags { repr, flags } => {
                self.wrapped(&format!(
                    "Flags, represented by a `{}`: {layout}.",
                    repr.name()
                ));
                self.members("bit", flags, |number| format!("{:#x}", 1_u64 << number));
            }
            TypeKind::Record { tuple, fields } => {
                let kind = if *tuple { "A tuple" } else { "A record" };
                self.wrapped(&format!("{kind}: {layout}."));
                self.fields(fields);
            }
            TypeKind::Variant {
                tag,
                payload_offset,
                cases,
            } => {
                let text = format!(
                    "A variant: {layout}. Its tag is a `{}` at offset 0, its payload lies at \
                     offset {payload_offset}.",
                    tag.name()
                );
                self.wrapped(&text);
                self.cases(cases);
            }
        }
    }

    fn members(&mut self, number: &str, members: &[Member], value: impl Fn(usize) -> String) {
        self.line(&format!("| {number} | name | meaning |"));
        self.line("|---:|---|---|");
        for (index, member) in members.iter().enumerate() {
            let line = format!(
                "| {} | `{}` | {} |",
                value(index),
                member.name,
                cell(&member.docs)
            );
            self.line(&line);
        }
        self.line("");
    }

    fn fields(&mut self, fields: &[Field]) {
        self.line("| offset | field | type | meaning |");
        self.line("|---:|---|---|---|");
        for field in fields {
            let line = format!(
                "| {} | `{}` | {} | {} |",
                field.offset,
                field.name,
                self.type_link(&field.ty),
                cell(&field.docs)
            );
            self.line(&line);
        }
        self.line("");
    }

    fn cases(&mut self, cases: &[Case]) {
        self.line("| tag | case | payload | meaning |");
        self.line("|---:|---|---|---|");
        for (tag, case) in cases.iter().enumerate() {
            let payload = case.payload.as_ref();
            let payload = payload.map_or("none".to_owned(), |ty| self.type_link(ty));
            self.line(&format!(
                "| {tag} | `{}` | {payload} | {} |",
                case.name,
                cell(&case.docs)
            ));
        }
        self.line("");
    }

    fn constants(&mut self) {
        self.paragraph("## Constants");
        self.line("| constant | type | value | meaning |");
        self.line("|---|---|---:|---|");
        for constant in &self.model.constants {
            let line = format!(
                "| `{}` | {} | {} | {} |",
                constant.name,
                self.type_link(&Type::Named(constant.ty)),
                constant.value,
                cell(&constant.docs)
            );
            self.line(&line);
        }
        self.line("");
    }
}

impl Markdown<'_> {
    fn has_conventions(&self) -> bool {
        let [values, rules] = [
            conventions::values(self.model).is_empty(),
            conventions::rules(self.model).is_empty(),
        ];
        !values || !rules
    }

    /// What holds for every document, for those who write a binding from this page.
    fn conventions(&mut self) {
        if !self.has_conventions() {
            return;
        }
        self.paragraph("## Conventions");
        let values = conventions::values(self.model);
        if !values.is_empty() {
            self.wrapped(
                "How values are passed, and what bindings of `witx-bindings` make of anything \
                 else in what they get. Whoever passes a value of fewer bits than an `i32` has \
                 extends it.",
            );
            self.line("| types | bytes in memory | passed as | sent | a guest | a host |");
            self.line("|---|---:|---|---|---|---|");
            for rule in values {
                let types: Vec<_> = rule.types.iter().map(|ty| format!("`{ty}`")).collect();
                let extended = match rule.extension {
                    Some(Extension::Zero) => ", with zeros above",
                    Some(Extension::Sign) => ", with the sign above",
                    None => "",
                };
                self.line(&format!(
                    "| {} | {} | `{}`{extended} | {} | {} | {} |",
                    types.join(", "),
                    rule.size,
                    rule.wasm,
                    rule.sent,
                    rule.guest.unwrap_or("any is one"),
                    rule.host.unwrap_or("any is one")
                ));
            }
            self.line("");
        }
        for rule in conventions::rules(self.model) {
            let mut topic = rule.topic.to_owned();
            topic[..1].make_ascii_uppercase();
            self.wrapped(&format!("**{topic}.** {}", rule.text));
        }
    }
}

fn size_and_align(def: &TypeDef) -> String {
    let unit = |count: u32| if count == 1 { "byte" } else { "bytes" };
    let (size, align) = (def.layout.size, def.layout.align);
    format!("{size} {}, aligned to {align} {}", unit(size), unit(align))
}

/// What closes a block of code that is open at the end of a text.
fn open_fence<'a>(lines: &[&'a str]) -> Option<&'a str> {
    let mut open: Option<&str> = None;
    for line in lines {
        let indent = line.len() - line.trim_start_matches(' ').len();
        let line = &line[indent..];
        let mark = if line.starts_with('~') { '~' } else { '`' };
        let rest = line.trim_start_matches(mark);
        let fence = &line[..line.len() - rest.len()];
        if indent > 3 || fence.len() < 3 {
            continue;
        }
        open = match open {
            Some(start) if fence.starts_with(start) && rest.is_empty() => None,
            // Not a fence, but code in a line.
            None if mark == '`' && rest.contains(mark) => None,
            None => Some(fence),
            start => start,
        };
    }
    open
}

/// A text in one line that does not end the cell of a table.
fn cell(text: &str) -> String {
    docs::one_line(text).replace('|', "\\|")
}

fn anchor(module: &Module, function: &Function) -> String {
    format!(
        "{}-{}",
        identifier(&module.name),
        identifier(&function.name)
    )
}

/// A name with nothing in it that ends an attribute, a link or a wasm identifier.
fn identifier(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.chars()
        .map(|c| if plain(c) { c } else { '_' })
        .collect()
}

/// A string in the text formats of WITX and WebAssembly.
fn quoted(text: &str) -> String {
    let mut literal = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => literal.extend(['\\', c]),
            c if c.is_control() => literal.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => literal.push(c),
        }
    }
    literal.push('"');
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_of_code_that_is_left_open_is_closed() {
        for (text, close) in [
            ("text", None),
            ("```\ncode\n```", None),
            ("```\ncode", Some("```")),
            ("  ~~~~ witx\n~~~\n```", Some("~~~~")),
            ("~~~~\n~~~~~", None),
            ("```code``` in a line", None),
            ("    ```", None),
            ("```\na\n```\n```rust", Some("```")),
        ] {
            let lines: Vec<&str> = text.lines().collect();
            assert_eq!(open_fence(&lines), close, "{text}");
        }
    }
}
