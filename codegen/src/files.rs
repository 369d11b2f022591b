//! Generated files on disk: they are compared with what is there, and written all or none.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::diagnostic::Error;
use crate::{Document, Language, Options, generate};

/// A file as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Where it belongs.
    pub path: PathBuf,
    /// What should be in it, with `\n` at the end of each line.
    pub contents: String,
}

/// How the existing file differs from the expected one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// It does not exist.
    Missing,
    /// Only the version of the generator that made it differs.
    Version {
        /// That version.
        old: String,
    },
    /// Its text differs.
    Text {
        /// The existing text, with `\n` at the end of each line.
        old: String,
    },
}

impl Output {
    /// How the existing file differs, if it does. Line endings do not count: Git may check files
    /// out with `\r\n`.
    ///
    /// # Errors
    ///
    /// [`Error::Write`] if there is a file that cannot be read.
    pub fn difference(&self) -> Result<Option<Difference>, Error> {
        let old = match fs::read(&self.path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).replace("\r\n", "\n"),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Ok(Some(Difference::Missing));
            }
            Err(cause) => return Err(self.error(cause)),
        };
        if old == self.contents {
            return Ok(None);
        }
        if let (Some(now), Some(then)) = (version(&self.contents), version(&old))
            && old.replacen(then, now, 1) == self.contents
        {
            let old = then.to_owned();
            return Ok(Some(Difference::Version { old }));
        }
        Ok(Some(Difference::Text { old }))
    }

    fn error(&self, cause: io::Error) -> Error {
        Error::Write {
            path: self.path.clone(),
            cause,
        }
    }
}

/// The name and the version of the generator in the head of a file.
fn version(text: &str) -> Option<&str> {
    const NAME: &str = "witx-bindings ";
    let start = text.find(NAME)?;
    let rest = &text[start + NAME.len()..];
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+');
    let end = rest.find(|c: char| !part(c)).unwrap_or(rest.len());
    Some(&text[start..start + NAME.len() + end])
}

/// Generates files from a document and writes those that differ from what is in `folder`, which
/// is made if it is not there. Gives the paths of all, in the order of `languages`.
///
/// # Errors
///
/// Those of [`generate`] and of [`write()`].
pub fn generate_into(
    folder: &Path,
    document: &Document,
    languages: &[Language],
    options: &Options,
) -> Result<Vec<PathBuf>, Error> {
    let generated = generate(document, languages, options)?;
    let outputs = generated.files.into_iter().map(|file| Output {
        path: folder.join(file.name),
        contents: file.contents,
    });
    let outputs: Vec<Output> = outputs.collect();
    write(&outputs)?;
    Ok(outputs.into_iter().map(|output| output.path).collect())
}

/// Writes the files that differ from what is there, all of them or none, and gives them. The
/// folders that they are in are made.
///
/// # Errors
///
/// [`Error::Write`] for the first file that cannot be written; all are as they were then.
pub fn write(outputs: &[Output]) -> Result<Vec<&Output>, Error> {
    let mut changed = Vec::new();
    for output in outputs {
        if output.difference()?.is_some() {
            changed.push(output);
        }
    }
    // Most of what can fail fails here, when nothing has been replaced.
    let mut staged = Vec::new();
    for output in &changed {
        staged.push(Staged::new(output).map_err(|cause| output.error(cause))?);
    }
    let mut replaced = Vec::new();
    for (output, file) in changed.iter().zip(staged) {
        match file.replace() {
            Ok(undo) => replaced.push(undo),
            Err(cause) => {
                replaced.iter().rev().for_each(Undo::run);
                return Err(output.error(cause));
            }
        }
    }
    Ok(changed)
}

/// A temporary file beside the one that it is to replace. Dropping it removes it.
struct Staged {
    temporary: PathBuf,
    target: PathBuf,
}

impl Staged {
    fn new(output: &Output) -> io::Result<Staged> {
        // A symbolic link is followed, so that it stays one.
        let target = fs::canonicalize(&output.path).unwrap_or_else(|_| output.path.clone());
        if target.is_dir() {
            return Err(io::Error::new(ErrorKind::IsADirectory, "it is a folder"));
        }
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder)?;
        }
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let temporary = target.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
        let staged = Staged { temporary, target };
        fs::write(&staged.temporary, &output.contents)?;
        if let Ok(metadata) = fs::metadata(&staged.target) {
            if metadata.permissions().readonly() {
                return Err(io::Error::new(
                    ErrorKind::PermissionDenied,
                    "it is read-only",
                ));
            }
            fs::set_permissions(&staged.temporary, metadata.permissions())?;
        }
        Ok(staged)
    }

    fn replace(self) -> io::Result<Undo> {
        let undo = Undo {
            target: self.target.clone(),
            old: fs::read(&self.target).ok(),
        };
        fs::rename(&self.temporary, &self.target)?;
        Ok(undo)
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        // After a rename there is nothing to remove.
        let _ = fs::remove_file(&self.temporary);
    }
}

/// What a file was before it was replaced.
struct Undo {
    target: PathBuf,
    old: Option<Vec<u8>>,
}

impl Undo {
    fn run(&self) {
        // The error that led here is the one to report.
        let _ = match &self.old {
            Some(old) => fs::write(&self.target, old),
            None => fs::remove_file(&self.target),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(folder: &Path, name: &str, contents: &str) -> Output {
        Output {
            path: folder.join(name),
            contents: contents.to_owned(),
        }
    }

    #[test]
    fn only_what_differs_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let files = ["a/one.txt", "a/two.txt"].map(|name| output(folder.path(), name, "x\n"));
        assert_eq!(write(&files).unwrap().len(), 2);
        assert!(write(&files).unwrap().is_empty());
        fs::write(&files[1].path, "x\r\n").unwrap();
        assert!(write(&files).unwrap().is_empty());
        fs::write(&files[1].path, "y\n").unwrap();
        assert_eq!(write(&files).unwrap(), [&files[1]]);
        let left: Vec<_> = fs::read_dir(folder.path().join("a")).unwrap().collect();
        assert_eq!(left.len(), 2, "no temporary file is left");
    }

    #[test]
    fn all_are_written_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let old = output(folder.path(), "old.txt", "old\n");
        write(std::slice::from_ref(&old)).unwrap();
        fs::create_dir(folder.path().join("folder.txt")).unwrap();
        let files = [
            output(folder.path(), "old.txt", "new\n"),
            output(folder.path(), "new.txt", "new\n"),
            output(folder.path(), "old.txt/file.txt", "new\n"),
        ];
        for last in ["old.txt/file.txt", "folder.txt"] {
            let mut files = files.clone();
            files[2].path = folder.path().join(last);
            let error = write(&files).unwrap_err().to_string();
            assert!(error.contains(last), "{error}");
            assert_eq!(fs::read_to_string(&old.path).unwrap(), "old\n");
            let names = fs::read_dir(folder.path()).unwrap();
            let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            assert_eq!(names, ["folder.txt", "old.txt"]);
        }
    }

    #[test]
    fn what_was_replaced_is_put_back() {
        let folder = tempfile::tempdir().unwrap();
        let files = ["old.txt", "new.txt"].map(|name| output(folder.path(), name, "new\n"));
        fs::write(&files[0].path, "old\n").unwrap();
        for file in &files {
            Staged::new(file).unwrap().replace().unwrap().run();
        }
        assert_eq!(fs::read_to_string(&files[0].path).unwrap(), "old\n");
        assert!(!files[1].path.exists());
    }

    #[test]
    fn another_version_is_told_from_another_text() {
        let folder = tempfile::tempdir().unwrap();
        let new = output(
            folder.path(),
            "a.rs",
            "// Generator: witx-bindings 1.2.0\nx\n",
        );
        assert_eq!(new.difference().unwrap(), Some(Difference::Missing));
        let old = "// Generator: witx-bindings 1.1.0-rc.1\nx\n";
        fs::write(&new.path, old).unwrap();
        let version = Difference::Version {
            old: "witx-bindings 1.1.0-rc.1".to_owned(),
        };
        assert_eq!(new.difference().unwrap(), Some(version));
        let old = old.replace("\nx", "\ny");
        fs::write(&new.path, &old).unwrap();
        assert_eq!(new.difference().unwrap(), Some(Difference::Text { old }));
    }
}
