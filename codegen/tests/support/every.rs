//! What the fuzz targets do with a text, which a test does too.

use wasi_experimental_http_codegen::{Document, Error, Language, Options, generate};

/// Generates each language. A fault has to have a place.
pub fn language(text: &str) {
    let located = |error: &Error| {
        let text = error.to_string();
        assert!(text.starts_with("fuzz.witx:"), "{text}");
    };
    let document = match Document::parse("fuzz.witx", text) {
        Ok(document) => document,
        Err(error) => return located(&error),
    };
    let options = Options::of_files(&["fuzz.witx"]);
    for &language in Language::ALL {
        if let Err(error) = generate(&document, &[language], &options) {
            located(&error);
        }
    }
}
