//! Random documents: every valid one has the ABI that witx gives to it, and gives code in each
//! language, which parses.

#[path = "support/choices.rs"]
mod choices;
mod support;
#[path = "support/witx_abi.rs"]
mod witx_abi;

use choices::Choices;
use proptest::prelude::*;
use support::generated;
use wasi_experimental_http_codegen::witx::document as witx_tree;
use wasi_experimental_http_codegen::{Document, Language};

/// Whether brackets and string literals of a language with C's are closed.
fn is_balanced(text: &str, line_comment: &str) -> bool {
    let mut open = Vec::new();
    let (mut rest, mut in_comment) = (text, false);
    while let Some(c) = rest.chars().next() {
        let mut skip = c.len_utf8();
        if in_comment {
            if rest.starts_with("*/") {
                (in_comment, skip) = (false, 2);
            }
        } else if rest.starts_with(line_comment) {
            skip = rest.find('\n').unwrap_or(rest.len());
        } else if rest.starts_with("/*") {
            (in_comment, skip) = (true, 2);
        } else {
            match c {
                '(' => open.push(')'),
                '[' => open.push(']'),
                '{' => open.push('}'),
                ')' | ']' | '}' if open.pop() != Some(c) => return false,
                '"' => loop {
                    match rest[skip..].chars().next() {
                        Some('\\') => skip += 2,
                        Some('"') => break skip += 1,
                        Some('\n') | None => return false,
                        Some(c) => skip += c.len_utf8(),
                    }
                },
                _ => {}
            }
        }
        rest = &rest[skip..];
    }
    open.is_empty() && !in_comment
}

proptest! {
    #![proptest_config(ProptestConfig { cases: support::cases(200), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_documents_give_code_that_parses(
        numbers in prop::collection::vec(any::<u32>(), 40..200),
    ) {
        let text = Choices::new(numbers).document();
        let document = match Document::parse("random.witx", &text) {
            Ok(document) => document,
            Err(error) => {
                // A name that was made twice, or a tuple of types without names as a result.
                let error = error.to_string();
                let known = error.contains("already") || error.contains("has no name");
                prop_assert!(known, "{text}\n{error}");
                return Ok(());
            }
        };
        for language in Language::ALL.iter().copied() {
            let code = match generated(&document, "random", language) {
                Ok(code) => code,
                Err(error) => {
                    let error = error.to_string();
                    let refused = match language {
                        Language::Wiggle => error.contains("wiggle cannot express"),
                        Language::Wit => error.contains("WIT "),
                        _ => false,
                    };
                    prop_assert!(refused && error.starts_with("random.witx:"), "{text}\n{error}");
                    continue;
                }
            };
            match language {
                Language::Rust | Language::Wiggle => {
                    prop_assert!(syn::parse_file(&code).is_ok(), "{language}: {text}");
                }
                Language::AssemblyScript | Language::C | Language::Cpp | Language::Zig | Language::Go => {
                    let comment = "//";
                    prop_assert!(is_balanced(&code, comment), "{language}: {text}\n{code}");
                }
                Language::Json => {
                    let parsed = serde_json::from_str::<serde_json::Value>(&code);
                    prop_assert!(parsed.is_ok(), "{text}\n{parsed:?}");
                }
                Language::Wit => {
                    let parsed = wit_parser::Resolve::default().push_str("random.wit", &code);
                    prop_assert!(parsed.is_ok(), "{text}\n{code}\n{parsed:?}");
                }
                Language::Markdown => prop_assert!(code.contains("# "), "{text}"),
                other => prop_assert!(false, "nothing is known of {other}"),
            }
        }
    }

    /// Layouts, signatures and lowering are those of witx.
    #[test]
    fn random_documents_have_the_abi_of_witx(
        numbers in prop::collection::vec(any::<u32>(), 40..200),
    ) {
        let text = Choices::new(numbers).document();
        if let Ok(document) = Document::parse("random.witx", &text) {
            let differences = witx_abi::differences(document.model(), witx_tree(&document));
            prop_assert!(differences.is_empty(), "{text}\n{differences:#?}");
        }
    }
}
