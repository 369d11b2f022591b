//! The fuzz targets of `host/fuzz` that need a guest or a server, with random inputs in a bounded
//! number, and with every input that ever failed: `host/fuzz/regressions`. The others are in
//! `host/src/fuzzing`.

mod abi;
#[path = "../common/mod.rs"]
mod common;
mod exchange;

use std::fs;
use std::path::Path;

use proptest::prelude::*;

/// Runs a target with the inputs that are kept of it.
fn kept(target: &str, run: impl Fn(&[u8])) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/regressions");
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
fn config(cases: u32) -> ProptestConfig {
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

#[test]
fn inputs_that_are_kept() {
    kept("abi", abi::run);
    kept("exchange", |input| {
        exchange::run(input);
    });
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn calls_of_a_guest(input in proptest::collection::vec(any::<u8>(), 0..600)) {
        abi::run(&input);
    }
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn answers_to_several_requests(input in proptest::collection::vec(any::<u8>(), 0..80)) {
        exchange::run(&input);
    }
}

/// The property above says nothing if no connection is used again.
#[test]
fn whole_answers_come_over_one_connection() {
    for tls in [0, 1] {
        // Four requests, each answered with one record that has a length.
        let mut input = vec![tls];
        for _ in 0..4 {
            input.extend([0, 0, 0, 255]);
        }
        assert_eq!(exchange::run(&input), (4, 1));
    }
}
