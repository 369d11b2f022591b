//! The table of results at the end of a command with several steps.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::machine::Missing;
use crate::step;

/// The steps so far, and how they ended.
#[derive(Default)]
pub struct Summary {
    steps: Vec<Step>,
}

struct Step {
    name: String,
    time: Duration,
    end: End,
}

/// How a step ended.
enum End {
    Passed,
    Failed,
    /// It did not run, for this reason.
    Missing(String),
}

impl Summary {
    /// Runs a step, shows its error, and gives whether the next one can run: the step passed, or did
    /// not run because something is [`Missing`].
    pub fn step(&mut self, name: impl Into<String>, work: impl FnOnce() -> Result<()>) -> bool {
        let start = Instant::now();
        let result = work();
        if let Err(error) = &result {
            eprintln!("error: {error:#}");
        }
        let end = match result {
            Ok(()) => End::Passed,
            Err(error) => match error.downcast::<Missing>() {
                Ok(missing) => End::Missing(missing.to_string()),
                Err(_) => End::Failed,
            },
        };
        let goes_on = !matches!(end, End::Failed);
        self.steps.push(Step {
            name: name.into(),
            time: start.elapsed(),
            end,
        });
        goes_on
    }

    /// Prints the table, and fails unless all steps passed. Those that did not run may be named in
    /// `allowed`.
    pub fn finish(&self, allowed: &[String]) -> Result<()> {
        let width = self
            .steps
            .iter()
            .map(|step| step.name.chars().count())
            .max()
            .unwrap_or(0);
        println!();
        for Step { name, time, end } in &self.steps {
            let result = match end {
                End::Passed => "ok",
                End::Failed => "FAILED",
                End::Missing(_) => "did not run",
            };
            println!("  {name:<width$}  {:>12}  {result}", step::seconds(*time));
        }
        let time = self.steps.iter().map(|step| step.time).sum();
        let result = match (self.failed(), self.missing(&[]).count()) {
            (true, _) => "FAILED",
            (false, 0) => "all passed",
            (false, _) => "all that ran passed",
        };
        println!(
            "  {:<width$}  {:>12}  {result}",
            "total",
            step::seconds(time)
        );
        for (name, what) in self.missing(&[]) {
            println!("\n  {name} did not run: {what}");
        }
        ensure!(!self.failed(), "a step failed; those after it did not run");
        let missing: Vec<_> = self.missing(allowed).map(|(name, _)| name).collect();
        ensure!(
            missing.is_empty(),
            "{} did not run, which counts as a failure; `--allow-missing {}` accepts it",
            missing.join(" and "),
            missing.join(",")
        );
        Ok(())
    }

    fn failed(&self) -> bool {
        self.steps.iter().any(|it| matches!(it.end, End::Failed))
    }

    /// The steps that did not run, and why, without those that are allowed to.
    fn missing<'a>(
        &'a self,
        allowed: &'a [String],
    ) -> impl Iterator<Item = (&'a str, &'a str)> + 'a {
        self.steps.iter().filter_map(|step| match &step.end {
            End::Missing(what) if !allowed.contains(&step.name) => Some((&*step.name, &**what)),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, bail};

    use super::*;

    fn missing() -> Result<()> {
        bail!(Missing("a compiler".to_owned()))
    }

    #[test]
    fn what_did_not_run_counts_as_failed_unless_it_is_allowed() {
        let mut summary = Summary::default();
        assert!(summary.step("passes", || Ok(())));
        summary.finish(&[]).unwrap();
        assert!(summary.step("compiles", missing));
        assert!(summary.step("links", || missing().context("for the guests")));
        let error = summary.finish(&["links".to_owned()]).unwrap_err();
        assert!(
            error.to_string().starts_with("compiles did not run"),
            "{error}"
        );
        let error = summary.finish(&[]).unwrap_err().to_string();
        assert!(
            error.contains("`--allow-missing compiles,links`"),
            "{error}"
        );
        let allowed = ["compiles".to_owned(), "links".to_owned()];
        summary.finish(&allowed).unwrap();
        assert!(!summary.step("fails", || bail!("no")));
        assert!(summary.finish(&allowed).is_err());
    }
}
