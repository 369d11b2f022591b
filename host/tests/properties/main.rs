//! The fuzz targets of `host/fuzz` that need a guest or a server, with random inputs in a bounded
//! number, and with every input that ever failed: `host/fuzz/regressions`. The others are in
//! `host/src/fuzzing`.

mod abi;
#[path = "../common/mod.rs"]
mod common;
mod exchange;
#[path = "../../src/fuzzing/inputs.rs"]
mod inputs;

use inputs::{config, kept};
use proptest::prelude::*;

const KEPT: &str = "fuzz/regressions";

#[test]
fn inputs_that_are_kept() {
    kept(KEPT, "abi", abi::run);
    kept(KEPT, "exchange", |input| {
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
