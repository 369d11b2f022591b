//! Loads the saved inputs of the fuzz targets, and configures proptest, which makes up others.

use std::fs;
use std::path::Path;

use proptest::prelude::ProptestConfig;

/// Runs a target with the inputs that are kept of it, below a folder of the package.
pub fn kept(folder: &str, target: &str, run: impl Fn(&[u8])) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = fs::read_dir(directory.join(target)).expect("inputs that are kept");
    let mut count = 0;
    for file in files {
        let path = file.expect("a file").path();
        eprintln!("{}", path.display());
        run(&fs::read(path).expect("a file"));
        count += 1;
    }
    assert!(count > 0);
}

/// So many inputs, unless `PROPTEST_CASES` says otherwise.
pub fn config(cases: u32) -> ProptestConfig {
    let wanted = std::env::var("PROPTEST_CASES").ok();
    ProptestConfig {
        cases: wanted
            .and_then(|wanted| wanted.parse().ok())
            .unwrap_or(cases),
        // What failed is kept by hand, where the fuzz targets find it too.
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}
