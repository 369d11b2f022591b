//! The INI backend, an example in tests: a section for each module, a line for each function.

use super::Job;
use super::source::Source;
use crate::diagnostic::Error;

/// The language.
pub(super) struct Backend;

impl super::Backend for Backend {
    fn name(&self) -> &'static str {
        "ini"
    }

    fn purpose(&self) -> &'static str {
        "an example: how many values each function takes"
    }

    fn file_name(&self, stem: &str) -> String {
        format!("{stem}.ini")
    }

    fn generate(&self, job: &Job<'_>) -> Result<String, Error> {
        let mut out = Source::new("");
        job.header
            .iter()
            .for_each(|line| out.line(format!("; {line}")));
        for module in &job.model.modules {
            out.blank();
            out.line(format!("[{}]", module.name));
            for function in &module.functions {
                let params = function.lowered.wasm_params.len();
                out.line(format!("{} = {params}", function.name));
            }
        }
        Ok(out.finish())
    }
}
