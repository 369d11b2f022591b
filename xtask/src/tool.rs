//! Commands of `cargo xtask` that are programs of their own: they need crates that take minutes to
//! build, so each is built when it is called, with progress shown.
//!
//! Such a program parses the same command line ([`crate::cli::Arguments`]), so that `--help` works
//! without building it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitStatus;

use anyhow::{Context, Result, bail};

use crate::{machine, project, step};

/// A command that is a program of its own.
#[derive(Clone, Copy, Debug)]
pub enum Tool {
    /// `cargo xtask api`
    Api,
    /// `cargo xtask codegen`
    Codegen,
    /// `cargo xtask codegen-matrix`
    CodegenMatrix,
    /// `cargo xtask dist`
    Dist,
}

impl Tool {
    /// The command, as the user types it.
    fn command(self) -> &'static str {
        match self {
            Tool::Api => "api",
            Tool::Codegen => "codegen",
            Tool::CodegenMatrix => "codegen-matrix",
            Tool::Dist => "dist",
        }
    }

    /// The package with the program, which has the same name.
    fn package(self) -> &'static str {
        match self {
            Tool::Api => "xtask-api",
            Tool::Codegen => "xtask-codegen",
            Tool::CodegenMatrix => "xtask-matrix",
            Tool::Dist => "xtask-dist",
        }
    }

    /// Builds the program if needed, and runs it with the arguments of this process.
    ///
    /// # Errors
    ///
    /// If it cannot be built or started. What fails in it, it tells the user itself.
    pub fn take_over(self) -> Result<ExitStatus> {
        self.status(std::env::args_os().skip(1))
    }

    /// Builds the program if needed, and runs its command with these arguments.
    ///
    /// # Errors
    ///
    /// If it cannot be built or started, or fails.
    pub fn run(self, arguments: &[&str]) -> Result<()> {
        let command = [self.command()].into_iter();
        let command = command.chain(machine::may_install().then_some(machine::OPTION));
        let words = command.chain(arguments.iter().copied()).map(OsString::from);
        if !self.status(words)?.success() {
            bail!("`cargo xtask {}` failed, as said above", self.command());
        }
        Ok(())
    }

    fn status(self, arguments: impl Iterator<Item = OsString>) -> Result<ExitStatus> {
        let [program] = build([self.package()])?;
        let status = project::command(program).args(arguments).status();
        status.with_context(|| format!("cannot run `{}`", self.package()))
    }
}

/// Builds programs of the workspace, unoptimised, unless they are up to date. Gives where they are.
///
/// # Errors
///
/// If one cannot be built.
pub fn build<const N: usize>(names: [&str; N]) -> Result<[PathBuf; N]> {
    let programs = names.map(|name| {
        let program = project::debug_dir().join(name);
        program.with_extension(std::env::consts::EXE_EXTENSION)
    });
    if !programs.iter().all(|program| program.exists()) {
        step::header(format_args!("Building {}", names.join(" and ")));
    }
    let mut cargo = project::cargo();
    // With the features of the whole workspace, so that nothing is built once for each command.
    cargo.args(["build", "--locked", "--workspace"]);
    for name in names {
        cargo.args(["--bin", name]);
    }
    step::run(&mut cargo)?;
    Ok(programs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project;

    /// Their names are written here, and nobody would notice before they are called.
    #[test]
    fn every_program_is_a_package_of_the_workspace() {
        for tool in [Tool::Api, Tool::Codegen, Tool::CodegenMatrix, Tool::Dist] {
            let package = project::package(tool.package()).unwrap();
            assert!(package.targets.iter().any(|target| target.is_bin()));
        }
    }

    /// People wait for this before anything is said: 154 crates took seven minutes.
    #[test]
    fn what_every_command_waits_for_stays_small() {
        let metadata = project::metadata().unwrap();
        let own = &project::package("xtask").unwrap().dependencies;
        let large = [
            "codegen",
            "bindings",
            "test-server",
            "jsonschema",
            "wasmtime",
        ];
        for dependency in own {
            let is_large = large.iter().any(|large| dependency.name.contains(large));
            assert!(!is_large, "xtask depends on {}", dependency.name);
        }
        let nodes = &metadata.resolve.as_ref().unwrap().nodes;
        let mut queue = vec![&project::package("xtask").unwrap().id];
        let mut found = std::collections::BTreeSet::new();
        while let Some(id) = queue.pop() {
            if found.insert(id) {
                let node = nodes.iter().find(|node| node.id == *id).unwrap();
                queue.extend(node.deps.iter().map(|it| &it.pkg));
            }
        }
        assert!(found.len() <= 80, "{} crates", found.len());
    }
}
