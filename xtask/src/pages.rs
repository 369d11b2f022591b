//! The programs on the pages of the guest packages, built as their readers build them: from the
//! blocks of code of a README alone.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::project::AS_PACKAGE;
use crate::wasm_toolchain::Kind;
use crate::{npm, project, step};

/// The package of the crate whose page has programs.
const RUST_PACKAGE: &str = "guest-rust";

/// Where the pages have the clone of the repository.
const CLONE: &str = "../wasi-experimental-http";

/// The programs of each page, in their order: a name, which a guest's begins with the language of,
/// and whether it is a program or a library.
pub const PROGRAMS: [(&str, Kind); 2] = [
    ("page-program", Kind::Command),
    ("page-plugin", Kind::Reactor),
];

/// A program of the crate's page, as a package.
pub struct RustPage {
    pub name: &'static str,
    pub package: PathBuf,
    pub kind: Kind,
}

impl RustPage {
    /// The file that cargo writes, from the directory of the profile.
    pub fn artefact(&self) -> String {
        match self.kind {
            Kind::Command => format!("{}.wasm", self.name),
            Kind::Reactor => format!("{}.wasm", self.name.replace('-', "_")),
        }
    }

    /// How cargo selects it in its package.
    pub fn selection(&self) -> &'static [&'static str] {
        match self.kind {
            Kind::Command => &["--bins"],
            Kind::Reactor => &["--lib"],
        }
    }
}

/// Makes packages of the programs of the crate's page, with the manifest that the page shows.
pub fn rust() -> Result<Vec<RustPage>> {
    let page = read(RUST_PACKAGE)?;
    let manifests = blocks(&page, "toml");
    let [dependencies, library, ..] = &manifests[..] else {
        bail!("{RUST_PACKAGE}/README.md shows no manifests");
    };
    let clone = project::root();
    ensure!(
        dependencies.contains(CLONE),
        "{RUST_PACKAGE}/README.md does not use a clone at {CLONE}"
    );
    let dependencies = dependencies.replace(CLONE, &clone.display().to_string());
    let mut pages = Vec::new();
    for ((name, kind), code) in PROGRAMS.into_iter().zip(blocks(&page, "rust,no_run")) {
        let package = directory(name)?;
        let (library, file) = match kind {
            Kind::Command => ("", "main.rs"),
            Kind::Reactor => (library.as_str(), "lib.rs"),
        };
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2024\"\n\n\
             {library}\n{dependencies}\n[workspace]\n\n[profile.guest]\ninherits = \"release\"\n"
        );
        write(&package.join("Cargo.toml"), &manifest)?;
        write(&package.join("src").join(file), &code)?;
        if !package.join("Cargo.lock").exists() {
            let mut cargo = project::cargo();
            cargo
                .current_dir(&package)
                .args(["generate-lockfile", "--quiet"]);
            step::run(&mut cargo)?;
        }
        pages.push(RustPage {
            name,
            package,
            kind,
        });
    }
    Ok(pages)
}

/// Compiles the programs of the npm package's page into what `output` names.
pub fn assembly_script(output: impl Fn(&str) -> PathBuf) -> Result<()> {
    let page = read(AS_PACKAGE)?;
    let package = project::root().join(AS_PACKAGE);
    npm::install(&package)?;
    let directory = directory("as-pages")?;
    let modules = directory.join("node_modules");
    let ours = modules.join("wasi-experimental-http");
    copy(&package.join("index.ts"), &ours.join("index.ts"))?;
    copy(&package.join("assembly"), &ours.join("assembly"))?;
    let shim = "@assemblyscript/wasi-shim";
    copy(
        &package.join("node_modules").join(shim),
        &modules.join(shim),
    )?;
    let programs = blocks(&page, "ts");
    let configurations = blocks(&page, "json");
    for (((name, _), code), asconfig) in PROGRAMS.iter().zip(programs).zip(configurations) {
        write(&directory.join("asconfig.json"), &asconfig)?;
        let source = format!("{name}.ts");
        write(&directory.join(&source), &code)?;
        let mut asc = project::command(package.join("node_modules/.bin/asc"));
        asc.current_dir(&directory)
            .args([&source, "--outFile"])
            .arg(output(name));
        step::run(&mut asc)
            .with_context(|| format!("the program {name} of {AS_PACKAGE}/README.md"))?;
    }
    Ok(())
}

/// The blocks of code in a language, in a text in Markdown.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(found) = line.strip_prefix("```") else {
            continue;
        };
        let code: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        if found == language {
            blocks.push(code.join("\n") + "\n");
        }
    }
    blocks
}

fn read(package: &str) -> Result<String> {
    let path = project::root().join(package).join("README.md");
    let page =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    for language in ["rust,no_run", "ts"] {
        let count = blocks(&page, language).len();
        ensure!(
            count == 0 || count >= PROGRAMS.len(),
            "{} has fewer programs than it had",
            path.display()
        );
    }
    Ok(page)
}

fn directory(name: &str) -> Result<PathBuf> {
    let directory = project::guests_build_dir().join("pages").join(name);
    fs::create_dir_all(directory.join("src"))
        .with_context(|| format!("cannot create {}", directory.display()))?;
    Ok(directory)
}

/// Writes a file, unless it has the content: what is built from it stays up to date.
fn write(path: &Path, content: &str) -> Result<()> {
    if fs::read_to_string(path).is_ok_and(|present| present == content) {
        return Ok(());
    }
    fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))
}

/// Copies a file or a directory.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let context = || format!("cannot copy {} to {}", from.display(), to.display());
    if from.is_dir() {
        fs::create_dir_all(to).with_context(context)?;
        for entry in fs::read_dir(from).with_context(context)? {
            let entry = entry.with_context(context)?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
    } else {
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent).with_context(context)?;
        }
        fs::copy(from, to).with_context(context)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_by_their_language() {
        let page = "a\n```ts\nb\n\nc\n```\n```json\nd\n```\n```ts\ne\n```\n";
        assert_eq!(blocks(page, "ts"), ["b\n\nc\n", "e\n"]);
        assert_eq!(blocks(page, "json"), ["d\n"]);
        assert!(blocks(page, "t").is_empty());
    }

    /// There they are compiled, and run.
    #[test]
    fn the_programs_of_the_readme_are_those_of_the_packages() {
        let page = |path: &str| fs::read_to_string(project::root().join(path)).unwrap();
        let first = |path: &str, language: &str| blocks(&page(path), language).swap_remove(0);
        let readme = page("README.md");
        assert_eq!(
            blocks(&readme, "rust,no_run"),
            [
                first("host/README.md", "rust,no_run"),
                first("guest-rust/README.md", "rust,no_run")
            ]
        );
        assert_eq!(blocks(&readme, "ts"), [first("guest-as/README.md", "ts")]);
    }

    #[test]
    fn links_of_the_pages_at_the_top_lead_somewhere() {
        for name in [
            "README.md",
            "CONTRIBUTING.md",
            "RELEASING.md",
            "CHANGELOG.md",
        ] {
            crate::package::check_links(&project::root().join(name)).unwrap();
        }
    }
}
