//! Turns WITX files into one file of a language, on standard output:
//!
//! ```sh
//! cargo run -p wasi-experimental-http-codegen --example generate -- rust my_interface.witx
//! ```

use std::error::Error;
use std::path::Path;

use wasi_experimental_http_codegen::{Document, GuestFaults, Language, Options, generate};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let language: Language = arguments.next().ok_or("which language?")?.parse()?;
    let paths: Vec<String> = arguments.collect();
    let first = paths.first().ok_or("which WITX files?")?;

    let document = match Document::load(&paths) {
        Ok(document) => document,
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
    };
    let stem = Path::new(first).file_stem().unwrap_or_default();
    let options = Options {
        stem: stem.to_string_lossy().into_owned(),
        source: paths.join(", "),
        command: format!("generate {language}"),
        faults: GuestFaults::default(),
    };
    match generate(&document, &[language], &options) {
        Ok(generated) => generated
            .files
            .iter()
            .for_each(|file| print!("{}", file.contents)),
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
    }
    Ok(())
}
