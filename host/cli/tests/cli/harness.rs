//! Runs the binary on guests that a test writes.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// What every guest can import and use.
const PRELUDE: &str = include_str!("prelude.wat");

/// A directory for a test's files, in which the binary runs.
pub struct Directory(TempDir);

impl Directory {
    pub fn new() -> Directory {
        Directory(tempfile::tempdir().unwrap())
    }

    /// One with a guest that prints what a URL gives, and exits with the error.
    pub fn getter(url: &str) -> Directory {
        let directory = Directory::new();
        directory.guest(&format!(
            r#"(data (i32.const 1024) "{url}")
               (func (export "_start")
                 (call $proc_exit (call $get (i32.const 1024) (i32.const {len}))))"#,
            len = url.len(),
        ));
        directory
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, contents).unwrap();
        path
    }

    /// Writes `guest.wat`: the prelude, and what a test adds to it.
    pub fn guest(&self, fields: &str) -> &Directory {
        self.write("guest.wat", format!("(module\n{PRELUDE}\n{fields}\n)"));
        self
    }

    /// Runs the binary with these arguments.
    pub fn run(&self, arguments: &[&str]) -> Outcome {
        self.run_with(arguments, &[], b"")
    }

    /// Runs the binary with variables besides those of the tests, and with something on stdin.
    pub fn run_with(
        &self,
        arguments: &[&str],
        environment: &[(&str, &str)],
        stdin: &[u8],
    ) -> Outcome {
        let mut child = self
            .command()
            .args(arguments)
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A guest that ends without reading leaves nobody to write to.
        let _ = child.stdin.take().unwrap().write_all(stdin);
        Outcome::of(child.wait_with_output().unwrap())
    }

    /// The binary in this directory, untouched by the settings of the person who runs the tests.
    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wasmtime-http"));
        command
            .current_dir(self.path())
            .env_remove("RUST_LOG")
            .env("XDG_CONFIG_HOME", self.path())
            .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"));
        command
    }
}

/// How the binary ended, and what it wrote.
#[derive(Debug)]
pub struct Outcome {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    pub fn of(output: Output) -> Outcome {
        Outcome {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Success with this on stdout and nothing on stderr.
    #[track_caller]
    pub fn prints(self, stdout: &str) {
        assert_eq!(
            (self.code, &*self.stdout, &*self.stderr),
            (Some(0), stdout, "")
        );
    }

    /// An end with this code and all of these texts on stderr.
    #[track_caller]
    pub fn fails(self, code: i32, texts: &[&str]) -> Outcome {
        assert_eq!(self.code, Some(code), "{self:?}");
        for text in texts {
            assert!(
                self.stderr.contains(text),
                "no {text:?} in:\n{}",
                self.stderr
            );
        }
        self
    }
}
