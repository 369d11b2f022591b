//! The fuzz targets of this module, with random inputs in a bounded number, and with every input that
//! ever failed: the folder `regressions`.

use proptest::prelude::*;

use crate::fuzzing;
use crate::fuzzing::inputs::{config, kept};

const KEPT: &str = "src/fuzzing/regressions";

fn text(run: impl Fn(&str)) -> impl Fn(&[u8]) {
    move |input| {
        if let Ok(input) = str::from_utf8(input) {
            run(input);
        }
    }
}

fn redirect(input: &[u8]) {
    if let Some((status, location)) = input.split_first_chunk() {
        fuzzing::redirect(u16::from_le_bytes(*status), location);
    }
}

#[test]
fn inputs_that_are_kept() {
    kept(KEPT, "header_text", text(fuzzing::header_text));
    kept(KEPT, "allowed_host", text(fuzzing::allowed_host));
    kept(KEPT, "url", text(fuzzing::url));
    kept(KEPT, "redirect", redirect);
}

proptest! {
    #![proptest_config(config(2000))]

    #[test]
    fn header_text(text in "([-a-zA-Z]{1,12}:[ -~\t\u{e4}\r\0]{0,10}\n?|[ -~\n\r\0:\u{e4}]{0,10}){0,8}") {
        fuzzing::header_text(&text);
    }

    #[test]
    fn framing_headers(
        text in "((?i)(host|content-length|transfer-encoding|connection|te|trailer|upgrade|expect):[a-z0-9. ,:]{0,8}\n){0,6}"
    ) {
        fuzzing::header_text(&text);
    }

    #[test]
    fn allowed_host(
        entry in "(deny:|insecure:)?(https?|HTTP|ftp)?(://)?[-a-zA-Z0-9.*:/@\\[\\]?#% \u{fc}\u{ff0e}]{0,20}(:[0-9*]{0,6})?(/[0-9]{0,3})?"
    ) {
        fuzzing::allowed_host(&entry);
    }

    #[test]
    fn url(text in "(https?|HTTP|file|javascript)?:?[/\\\\]{0,3}[-a-zA-Z0-9.:@\\[\\]%\u{fc}\u{3002}\t]{0,16}[ -~\u{e4}]{0,20}") {
        fuzzing::url(&text);
    }

    #[test]
    fn location(
        status in prop_oneof![Just(301u16), Just(302), Just(303), Just(307), Just(308), 0..1000u16],
        location in prop_oneof![
            "(https?:)?[/\\\\]{0,3}[-a-z0-9.:@\\[\\]%\u{fc}]{0,16}[ -~]{0,20}".prop_map(String::into_bytes),
            proptest::collection::vec(any::<u8>(), 0..40),
        ],
    ) {
        fuzzing::redirect(status, &location);
    }
}
