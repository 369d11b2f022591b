//! `cargo xtask package`: packs the published crates, and builds and tests each archive on its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use cargo_metadata::{DependencyKind, Package};

use crate::summary::Summary;
use crate::{project, step};

/// Where the packages are built that were unpacked.
const TARGET: &str = "target/package-tests";

/// The arguments of `cargo xtask package`.
#[derive(clap::Args)]
pub struct PackageArgs {
    /// Pack and build only; do not run the tests of what was packed
    #[arg(long)]
    no_test: bool,

    /// Also with changes that are not committed
    #[arg(long)]
    allow_dirty: bool,
}

/// Runs the steps up to the first that fails.
pub fn run(arguments: &PackageArgs) -> Result<()> {
    let packages = published()?;
    let unpacked = tempfile::tempdir().context("cannot make a directory")?;
    let mut summary = Summary::default();
    let _ = summary.step("manifests", || packages.iter().try_for_each(check_manifest))
        && summary.step("packing and building", || {
            pack(&packages, arguments.allow_dirty)
        })
        && summary.step("unpacking", || {
            packages
                .iter()
                .try_for_each(|it| unpack(it, unpacked.path()))
        })
        && (arguments.no_test
            || packages.iter().all(|package| {
                summary.step(format!("tests of {}", package.name), || {
                    test(package, &packages, unpacked.path())
                })
            }));
    summary.finish(&[])
}

/// The packages of the workspace that are published.
pub fn published() -> Result<Vec<Package>> {
    let packages = project::metadata()?.workspace_packages().into_iter();
    // An empty list of registries is `publish = false`.
    let packages = packages.filter(|it| it.publish.is_none());
    Ok(packages.cloned().collect())
}

/// Checks what registries and docs.rs show of a package.
fn check_manifest(package: &Package) -> Result<()> {
    let name = &package.name;
    let has = |what: &str, is_there: bool| {
        ensure!(is_there, "the manifest of {name} has no {what}");
        Ok(())
    };
    has("description", package.description.is_some())?;
    has("documentation", package.documentation.is_some())?;
    has("license", package.license.is_some())?;
    has("readme", package.readme.is_some())?;
    has("rust-version", package.rust_version.is_some())?;
    has("keywords", (1..=5).contains(&package.keywords.len()))?;
    has("categories", (1..=5).contains(&package.categories.len()))?;
    has("settings for docs.rs", !package.metadata["docs"].is_null())?;
    let license = fs::read(folder(package).join("LICENSE"));
    let license = license.with_context(|| format!("{name} has no LICENSE"))?;
    ensure!(
        license == fs::read(project::root().join("LICENSE"))?,
        "the LICENSE of {name} is not that of the project"
    );
    Ok(())
}

fn folder(package: &Package) -> &Path {
    let manifest = package.manifest_path.as_std_path();
    manifest.parent().unwrap_or(manifest)
}

/// Packs all packages, which need each other, and builds each from its archive.
fn pack(packages: &[Package], allow_dirty: bool) -> Result<()> {
    step::header("Packing and building");
    let mut cargo = project::cargo();
    cargo
        .args(["package", "--locked", "--target-dir"])
        .arg(project::root().join("target"));
    for package in packages {
        cargo.args(["--package", package.name.as_str()]);
    }
    if allow_dirty {
        cargo.arg("--allow-dirty");
    }
    step::run(&mut cargo)
}

/// `name-version`, as the archive and the folder in it are called.
fn stem(package: &Package) -> String {
    format!("{}-{}", package.name, package.version)
}

/// Unpacks an archive, and checks what is in it.
fn unpack(package: &Package, into: &Path) -> Result<()> {
    let archive = format!("target/package/{}.crate", stem(package));
    let mut tar: Command = project::command("tar");
    step::run(
        tar.current_dir(project::root())
            .args(["-xzf", &archive, "-C"])
            .arg(into),
    )?;
    let folder = into.join(stem(package));
    for file in ["LICENSE", "README.md"] {
        ensure!(folder.join(file).is_file(), "{archive} has no {file}");
    }
    for page in fs::read_dir(&folder)? {
        let page = page?.path();
        if page.extension().is_some_and(|it| it == "md") {
            check_links(&page)?;
        }
    }
    Ok(())
}

/// Checks that what a page leads to is there.
pub fn check_links(page: &Path) -> Result<()> {
    let text = fs::read_to_string(page)?;
    let folder = page.parent().unwrap_or(page);
    for link in links(&text) {
        ensure!(
            !link.contains("://github.com/deislabs/"),
            "{} leads to the archived repository: {link}",
            page.display()
        );
        let file = link.split('#').next().unwrap_or_default();
        if link.contains("://") || file.is_empty() {
            continue;
        }
        ensure!(
            folder.join(file).exists(),
            "{} leads to {link}, which is not packed",
            page.display()
        );
    }
    Ok(())
}

/// Where the links of a page in Markdown lead.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let starts = text.match_indices("](");
    starts.filter_map(|(at, start)| text[at + start.len()..].split_once(')').map(|it| it.0))
}

/// Runs the tests that are in a package, with nothing of the project around it but the other
/// packages.
fn test(package: &Package, packages: &[Package], unpacked: &Path) -> Result<()> {
    step::header(format_args!("The tests of {} alone", package.name));
    let folder = unpacked.join(stem(package));
    let mut cargo = project::cargo();
    cargo.current_dir(&folder);
    cargo
        .args(["test", "--target-dir"])
        .arg(project::root().join(TARGET));
    for other in packages {
        // Dependencies of tests that are not published are not in what is packed.
        let is_used = package
            .dependencies
            .iter()
            .any(|it| it.kind == DependencyKind::Normal && it.name == *other.name);
        if !is_used {
            continue;
        }
        let path: PathBuf = unpacked.join(stem(other));
        let path = path.to_str().context("a path that is not UTF-8")?;
        cargo.arg("--config").arg(format!(
            "patch.crates-io.{}.path={}",
            other.name,
            serde_json::to_string(path)?
        ));
    }
    // What is there by default, and what can be turned on.
    if !package.features.is_empty() {
        cargo.arg("--all-features");
    }
    match step::run(&mut cargo) {
        Ok(()) => Ok(()),
        Err(error) => bail!("{error:#}, in what is packed of {}", package.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_of_a_page_are_found() {
        let page = "[a](b.md) and\n[c](https://d/e#f)[g](#h) (i) [j]";
        assert!(links(page).eq(["b.md", "https://d/e#f", "#h"]));
    }

    #[test]
    fn a_page_leads_nowhere_that_is_not_packed() {
        let folder = tempfile::tempdir().unwrap();
        let page = folder.path().join("README.md");
        let check = |text: &str| {
            fs::write(&page, text).unwrap();
            check_links(&page).map_err(|error| error.to_string())
        };
        check("[a](README.md#b) [c](#d) [e](https://example.com/none)").unwrap();
        let error = check("[a](../LICENSE.none)").unwrap_err();
        assert!(error.contains("LICENSE.none"), "{error}");
        let old = "[a](https://github.com/deislabs/wasi-experimental-http/blob/main/b)";
        assert!(check(old).unwrap_err().contains("archived"));
    }

    /// Without building anything: the manifests are part of the tests.
    #[test]
    fn every_published_package_has_what_registries_show() {
        let packages = published().unwrap();
        assert!(packages.len() >= 5, "{}", packages.len());
        for package in &packages {
            check_manifest(package).unwrap();
        }
    }

    /// Also without building anything: the pages, among empty files of the names that are packed.
    #[test]
    fn pages_of_packages_lead_to_what_is_packed() {
        for package in &published().unwrap() {
            let mut cargo = project::cargo();
            cargo.args(["package", "--list", "--allow-dirty", "--offline"]);
            let output = cargo.args(["--package", &package.name]).output().unwrap();
            assert!(output.status.success(), "{output:?}");
            let packed = tempfile::tempdir().unwrap();
            let names = String::from_utf8(output.stdout).unwrap();
            for name in names.lines() {
                let file = packed.path().join(name);
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(file, "").unwrap();
            }
            for name in names.lines().filter(|name| name.ends_with(".md")) {
                let page = packed.path().join(name);
                fs::copy(folder(package).join(name), &page).unwrap();
                check_links(&page).unwrap();
            }
        }
    }

    /// Of the crates by the workspace, so that these are the places where it can be forgotten.
    #[test]
    fn all_packages_and_pages_have_one_version() {
        let read = |path: &str| fs::read_to_string(project::root().join(path)).unwrap();
        let packages = published().unwrap();
        let version = &packages[0].version;
        for package in &packages {
            assert_eq!(package.version, *version, "{}", package.name);
            for dependency in &package.dependencies {
                if packages.iter().any(|it| *it.name == dependency.name) {
                    let what = format!("{} of {}", dependency.name, package.name);
                    assert!(dependency.req.matches(version), "{what}");
                }
            }
        }
        let npm: serde_json::Value = serde_json::from_str(&read("guest-as/package.json")).unwrap();
        assert_eq!(npm["version"], version.to_string());
        let tarball = format!("wasi-experimental-http-{version}.tgz");
        for page in ["README.md", "guest-as/README.md"] {
            assert!(
                read(page).contains(&tarball),
                "{page} does not name {tarball}"
            );
        }
        assert!(read("CHANGELOG.md").contains(&format!("\n## {version}")));
    }

    #[test]
    fn the_page_of_the_host_says_which_wasmtime_it_is_for() {
        let page = fs::read_to_string(project::root().join("host/README.md")).unwrap();
        let version = &project::package(project::HOST_PACKAGE).unwrap().version;
        let wasmtime = &project::package("wasmtime").unwrap().version;
        let rust = project::rust_version().unwrap();
        let rust = rust.strip_suffix(".0").unwrap_or(&rust);
        let crates = format!("{}.{}", version.major, version.minor);
        let row = format!("| {crates} | {} | {rust} |\n", wasmtime.major);
        assert!(page.contains(&row), "{row}");
        assert!(page.contains(&format!("wasmtime = \"{}\"", wasmtime.major)));
        assert!(page.contains(&format!("wasi-experimental-http-wasmtime = \"{crates}\"")));
    }

    /// Each of them is in the right order for the others to be there.
    #[test]
    fn the_page_about_releases_publishes_every_package() {
        let page = fs::read_to_string(project::root().join("RELEASING.md")).unwrap();
        let order: Vec<&str> = page
            .lines()
            .filter_map(|line| line.strip_prefix("$ cargo publish --locked --package "))
            .collect();
        let packages = published().unwrap();
        assert_eq!(order.len(), packages.len());
        for package in &packages {
            let place = |name: &str| order.iter().position(|it| *it == name);
            let own = place(&package.name);
            assert!(own.is_some(), "{}", package.name);
            for dependency in &package.dependencies {
                let before = place(&dependency.name);
                if dependency.kind == DependencyKind::Normal && before.is_some() {
                    assert!(before < own, "{} before {}", dependency.name, package.name);
                }
            }
        }
    }
}
