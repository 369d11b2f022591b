//! The table at the end of a command that has several steps.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::step;

/// The steps so far, and how they ended.
#[derive(Default)]
pub struct Summary {
    steps: Vec<Step>,
}

struct Step {
    name: String,
    time: Duration,
    passed: bool,
}

impl Summary {
    /// Runs a step, shows its error, and gives whether it passed.
    pub fn step(&mut self, name: impl Into<String>, work: impl FnOnce() -> Result<()>) -> bool {
        let start = Instant::now();
        let result = work();
        if let Err(error) = &result {
            eprintln!("error: {error:#}");
        }
        self.steps.push(Step {
            name: name.into(),
            time: start.elapsed(),
            passed: result.is_ok(),
        });
        result.is_ok()
    }

    /// Prints the table, and gives whether all steps passed.
    pub fn print(&self) -> bool {
        let width = self
            .steps
            .iter()
            .map(|step| step.name.chars().count())
            .max()
            .unwrap_or(0);
        println!();
        for Step { name, time, passed } in &self.steps {
            let result = if *passed { "ok" } else { "FAILED" };
            println!("  {name:<width$}  {:>12}  {result}", step::seconds(*time));
        }
        let passed = self.steps.iter().all(|step| step.passed);
        let time = self.steps.iter().map(|step| step.time).sum();
        let result = if passed { "all passed" } else { "FAILED" };
        println!(
            "  {:<width$}  {:>12}  {result}",
            "total",
            step::seconds(time)
        );
        passed
    }
}
