//! `SECURITY.md` names tests that exist.

use std::fs;
use std::path::Path;

/// The sources below a directory, with their tests.
fn sources(directory: &Path, text: &mut String) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            sources(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn every_test_that_is_named_exists() {
    let host = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut code = String::new();
    for directory in ["src", "tests", "cli/tests", "shim/src", "shim/tests"] {
        sources(&host.join(directory), &mut code);
    }
    let page = fs::read_to_string(host.join("SECURITY.md")).unwrap();
    let is_test = |span: &&str| {
        span.split("::").count() == 2
            && span.bytes().all(|byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_:".contains(&byte)
            })
    };
    let named: Vec<&str> = page.split('`').skip(1).step_by(2).filter(is_test).collect();
    assert!(named.len() > 70, "{}", named.len());
    for test in named {
        let (_, name) = test.split_once("::").unwrap();
        if test != "file::test" {
            assert!(code.contains(&format!("fn {name}(")), "{test}");
        }
    }
}
