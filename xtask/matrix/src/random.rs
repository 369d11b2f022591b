//! Random documents, as those of the test `random.rs` of the generator, for the real compilers.

#[path = "../../../codegen/tests/support/choices.rs"]
mod choices;

use std::path::{Path, PathBuf};

use anyhow::Result;
use wasi_experimental_http_codegen::Document;

use super::write;
use choices::Choices;

/// How many numbers a document is made of: enough that few repeat.
const NUMBERS: usize = 400;

/// Writes as many documents into a folder: always the same ones for a seed. Gives their names and
/// paths.
pub fn documents(folder: &Path, count: usize, seed: u64) -> Result<Vec<(String, PathBuf)>> {
    let mut random = SplitMix64(seed);
    let mut documents = Vec::new();
    while documents.len() < count {
        let numbers = (0..NUMBERS).map(|_| random.next()).collect();
        let text = Choices::new(numbers).document();
        // Names that come twice are errors.
        if Document::parse("random.witx", &text).is_err() {
            continue;
        }
        let name = format!("random_{seed}_{}", documents.len());
        let path = folder.join(format!("random/{name}.witx"));
        write(&path, &text)?;
        documents.push((name, path));
    }
    Ok(documents)
}

/// A generator of numbers that is the same everywhere.
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 32) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_documents() {
        let folder = tempfile::tempdir().unwrap();
        let texts = |seed| -> Vec<String> {
            let documents = documents(folder.path(), 3, seed).unwrap();
            let paths = documents.into_iter().map(|(_, path)| path);
            paths
                .map(|path| std::fs::read_to_string(path).unwrap())
                .collect()
        };
        assert_eq!(texts(1), texts(1));
        assert_ne!(texts(1), texts(2));
    }
}
