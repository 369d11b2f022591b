//! How faults of documents are shown, and that every fault ends in a located message.

mod support;

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use proptest::prelude::*;
use support::{generated, own_text, text};
use wasi_experimental_http_codegen::{Document, Error, Language};

/// Documents at fault: what each is about, and its text.
const FAULTS: &[(&str, &str)] = &[
    (
        "a type that is not declared",
        "(module $m\n  (@interface func (export \"f\")\n    (param $a $missing)\n  )\n)",
    ),
    (
        "a type that is used above its declaration",
        "(typename $a (list $b))\n(typename $b u8)",
    ),
    (
        "a type that contains itself",
        "(typename $a (record (field $next $a)))",
    ),
    (
        "a name that is taken",
        "(typename $a u8)\n\n(typename $a u16)",
    ),
    (
        "a parameter of a name that is taken",
        "(module $m (@interface func (export \"f\") (param $a u8) (param $a u8)))",
    ),
    (
        "a module where a type is expected",
        "(module $m)\n(typename $a $m)",
    ),
    ("a bad tag", "(typename $a (enum (@witx tag s8) $b))"),
    (
        "a tag that is no tag at all",
        "(typename $a (enum (@witx tags u8) $b))",
    ),
    (
        "a record without a name",
        "(module $m (@interface func (export \"f\") (param $a (record (field $b u8)))))",
    ),
    (
        "a result that the ABI does not have",
        "(module $m (@interface func (export \"f\") (result $a string)))",
    ),
    (
        "two results",
        "(module $m (@interface func (export \"f\") (result $a u8) (result $b u8)))",
    ),
    (
        "a result together with noreturn",
        "(module $m (@interface func (export \"f\") (result $a u8) (@witx noreturn)))",
    ),
    (
        "an error that fits in no i32",
        "(typename $a (record (field $b u8)))\n(module $m (@interface func (export \"f\") (result $r (expected (error $a)))))",
    ),
    (
        "a union with too few cases",
        "(typename $t (enum $a $b))\n(typename $u (union (@witx tag $t) u8))",
    ),
    (
        "a case that the tag does not have",
        "(typename $t (enum $a $b))\n(typename $u (variant (@witx tag $t) (case $a) (case $c)))",
    ),
    (
        "a tag with payloads",
        "(typename $t (variant (case $a u8)))\n(typename $u (union (@witx tag $t) u8))",
    ),
    (
        "types without members",
        "(typename $a (tuple))\n(typename $b (variant))\n(typename $c (union))",
    ),
    (
        "members of the same name",
        "(typename $a (variant (case $b u8)\n  (case $b)))\n(typename $c (enum $d $e $d))\n(typename $f (flags $g $g))\n(typename $h (record (field $i u8) (field $i u8)))",
    ),
    (
        "more flags than bits",
        "(typename $a (flags (@witx repr u8) $a $b $c $d $e $f $g $h $i))",
    ),
    (
        "constants",
        "(typename $a u8)\n(typename $f f32)\n(@witx const $a $big 256)\n(@witx const $b $x 1)\n(@witx const $f $y 1)",
    ),
    ("a parenthesis that is not closed", "(typename $a u8\n"),
    ("a parenthesis too many", "(typename $a u8))\n"),
    (
        "a word that is none",
        "(typename $a\n\t(recrod (field $b u8)))",
    ),
    (
        "a fault in each of several forms",
        "(typename $a (recrod u8))\n\n;;; Its docs.\n(typename $b (list $a))\n(typename $c (lisst u8))\n(typename $d $missing)\n",
    ),
    (
        "a parenthesis that is not closed, between others",
        "(typename $a u8)\n(typename $b (record (field $x u8))\n;; about c\n(typename $c $missing)\n",
    ),
    (
        "annotations that nobody knows",
        "(typename $e (enum (@wit tag u16) $ok $bad))\n(module $m\n  (@interfce func (export \"f\"))\n  (@something else))",
    ),
    (
        "a name that is nearly another",
        "(typename $instant u64)\n(typename $b $instnat)",
    ),
    ("a character that is none", "(typename $a u8)\n  ~, "),
    ("a string that does not end", "(use \"types.witx)"),
    (
        "the dialect of other tools",
        "(module $m\n  (@interface func (export \"f\")\n    (param $a (in-buffer u8))\n    (param $b (out-buffer $missing))\n  )\n  (typename $t (handle $nothing)))",
    ),
    (
        "columns after other letters than those of ASCII",
        "(module $m (@interface func (export \"größe\") (param $a $ö)))",
    ),
    (
        "all faults at once",
        "(typename $a $b)\n(typename $c $a)\n(typename $d (enum (@witx tag f32) $e))\n(typename $e $c)\n",
    ),
    (
        "all faults at once, of one declaration and of those that show when it is lowered",
        "(typename $e (enum (@witx tag u8) $ok))\n(@witx const $nope $a 1)\n(@witx const $e $b 700)\n(typename $r (record (field $x $zzz) (field $y $zzz)))\n(@witx const $r $c 1)\n(module $m\n  (@interface func (export \"f\") (param $x $one) (param $y (list $two)))\n  (@interface func (export \"g\") (param $x $three)))\n",
    ),
    (
        "a file that is used and not there",
        ";; nothing\n(use \"missing.witx\")",
    ),
];

/// What is wrong with a document, if anything is.
fn fault(text: &str) -> Option<String> {
    let document = Document::parse("some/file.witx", text);
    document.err().map(|error| error.to_string())
}

#[test]
fn faults_are_shown_with_their_place() {
    let mut shown = String::new();
    for (what, text) in FAULTS {
        let fault = fault(text).unwrap_or_else(|| panic!("no fault found in: {what}"));
        assert!(is_located(&fault), "{what}: {fault}");
        writeln!(shown, "{what}\n{}\n{fault}\n\n", "=".repeat(what.len())).unwrap();
    }
    insta::assert_snapshot!("faults", shown);
}

#[test]
fn what_is_odd_is_a_warning_with_a_name() {
    let text = "(typename $e (enum $bad $worse))\n(module $m (@interface func (export \"f\") (result $r (expected (error $e)))))";
    let shown = |text: &str| -> Vec<String> {
        let document = Document::parse("some/file.witx", text).unwrap();
        document.warnings().iter().map(|w| w.to_string()).collect()
    };
    let warnings = shown(text);
    assert_eq!(warnings.len(), 1);
    assert!(
        warnings[0].starts_with("some/file.witx:1:20: warning: "),
        "{}",
        warnings[0]
    );
    assert!(warnings[0].contains("[success_first]"), "{}", warnings[0]);
    assert!(shown("(module $m)")[0].contains("[no_functions]"));
    assert_eq!(shown(&own_text()), [""; 0]);
}

#[test]
fn a_byte_order_mark_is_skipped() {
    let text = "\u{feff}(typename $a u8)\n(typename $b $c)";
    assert!(fault(text).unwrap().starts_with("some/file.witx:2:14: "));
    assert_eq!(fault("\u{feff}(typename $a u8)"), None);
}

fn is_located(fault: &str) -> bool {
    let Some(rest) = fault.strip_prefix("some/file.witx:") else {
        return false;
    };
    let mut parts = rest.splitn(3, ':');
    let mut number = || parts.next().and_then(|part| part.parse::<usize>().ok());
    matches!((number(), number()), (Some(1..), Some(1..)))
        && parts
            .next()
            .is_some_and(|rest| rest.starts_with(" error: "))
        && fault.contains('^')
}

#[test]
fn more_cases_than_a_tag_has_values_are_a_fault() {
    let cases: Vec<String> = (0..257).map(|case| format!("$c{case}")).collect();
    let text = format!("(typename $a (enum (@witx tag u8) {}))", cases.join(" "));
    let fault = fault(&text).unwrap();
    assert!(is_located(&fault) && fault.contains("257 cases"), "{fault}");
}

/// What witx panics on, or overflows the stack with.
#[test]
fn panics_of_witx_are_avoided() {
    // A no-break space beside a blank, in the indentation of a comment.
    let text = ";;; first\n;;;\u{a0} second\n;;;  \u{2003}third\n(typename $a u8)";
    let document = Document::parse("a.witx", text).unwrap();
    assert_eq!(
        document.model().types[0].docs,
        "first\n  second\n    third\n"
    );

    let deep = format!(
        "(typename $a {}u8{})",
        "(list ".repeat(100_000),
        ")".repeat(100_000)
    );
    assert!(fault(&deep).unwrap().contains("nested more than 100 deep"));

    // Records of which each holds the one before twice: 2^64 bytes, and witx takes as long.
    let mut doubled = String::from("(typename $t0 u8)\n");
    for n in 1..=64 {
        writeln!(
            doubled,
            "(typename $t{n} (record (field $a $t{0}) (field $b $t{0})))",
            n - 1
        )
        .unwrap();
    }
    let fault = fault(&doubled).unwrap();
    assert!(is_located(&fault) && fault.contains("4 GiB"), "{fault}");
}

#[test]
fn files_are_found_beside_the_file_that_uses_them() {
    let read = |path: &Path| match path.to_str().unwrap().replace('\\', "/").as_str() {
        "a/main.witx" => Ok("(use \"sub/one.witx\")\n(typename $main $two)".to_owned()),
        "a/sub/one.witx" => Ok("(use \"../two.witx\")\n(typename $one u8)".to_owned()),
        "a/two.witx" => Ok("(use \"main.witx\")\n(typename $two u8)".to_owned()),
        _ => Err(io::Error::from(io::ErrorKind::NotFound)),
    };
    let document = Document::load_with(&["a/main.witx", "./a/two.witx"], read).unwrap();
    let model = document.model();
    let names: Vec<&str> = model.types.iter().map(|ty| ty.name.as_str()).collect();
    assert_eq!(names, ["two", "one", "main"]);
}

#[test]
fn a_fault_in_a_used_file_is_shown_there() {
    let read = |path: &Path| match path.to_str().unwrap() {
        "main.witx" => Ok("(use \"other.witx\")".to_owned()),
        _ => Ok("\n (typename $a $nothing)".to_owned()),
    };
    let error = Document::load_with(&["main.witx"], read)
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("other.witx:2:15: error: "), "{error}");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.witx");
    let error = Document::load(&[&missing]).unwrap_err();
    assert!(matches!(error, Error::Read { .. }));
    assert!(error.to_string().contains("missing.witx"), "{error}");

    let binary = folder.path().join("binary.witx");
    std::fs::write(&binary, [0xff, 0xfe]).unwrap();
    let error = Document::load(&[&binary]).unwrap_err().to_string();
    assert!(
        error.contains("binary.witx") && error.contains("not UTF-8") && error.contains("line 1"),
        "{error}"
    );
}

/// A change of a text: a place in it, and what goes there.
#[derive(Debug, Clone)]
enum Edit {
    Truncate(prop::sample::Index),
    Delete(prop::sample::Index, usize),
    Insert(prop::sample::Index, String),
    /// Takes a piece of the text to another place.
    Copy(prop::sample::Index, prop::sample::Index, usize),
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let index = any::<prop::sample::Index>;
    let words = prop::sample::select(vec![
        "(",
        ")",
        "$",
        "\"",
        ";;;",
        "(;",
        "@witx",
        "u8",
        "u64",
        "bool",
        "char",
        "string",
        "(tuple)",
        "(list",
        "(record (field $x u8))",
        "(enum $a)",
        "(flags)",
        "(variant)",
        "(error)",
        "\u{a0}",
        "ä",
        "\r\n",
        "\0",
        "{",
        "*/",
        "(expected (error $http_error))",
        "(@witx pointer u8)",
        "(tuple u8 u16)",
        "noreturn",
        "(@witx const $size $a 99999999999)",
        "99",
        "-",
    ]);
    let inserted = prop_oneof![4 => words.prop_map(str::to_owned), 1 => "\\PC{0,3}"];
    let edit = prop_oneof![
        1 => index().prop_map(Edit::Truncate),
        4 => (index(), 1..30_usize).prop_map(|(at, len)| Edit::Delete(at, len)),
        8 => (index(), inserted).prop_map(|(at, text)| Edit::Insert(at, text)),
        2 => (index(), index(), 1..60_usize).prop_map(|(from, to, len)| Edit::Copy(from, to, len)),
    ];
    prop::collection::vec(edit, 1..4)
}

fn apply(text: &str, edits: &[Edit]) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for edit in edits {
        let place = |index: &prop::sample::Index| index.index(chars.len() + 1);
        match edit {
            Edit::Truncate(at) => chars.truncate(place(at)),
            Edit::Delete(at, len) => {
                let start = place(at);
                chars.drain(start..(start + len).min(chars.len()));
            }
            Edit::Insert(at, text) => {
                let start = place(at);
                chars.splice(start..start, text.chars());
            }
            Edit::Copy(from, to, len) => {
                let (start, to) = (place(from), place(to));
                let piece = chars[start..(start + len).min(chars.len())].to_vec();
                chars.splice(to..to, piece);
            }
        }
    }
    chars.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: support::cases(256), failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever happens to a document, there is code, which parses, or a located fault.
    #[test]
    fn changed_documents_give_code_or_a_located_fault(
        which in 0..3_usize,
        edits in edits(),
    ) {
        let original = match which {
            0 => own_text(),
            1 => text("constructs"),
            _ => text("traps"),
        };
        let changed = apply(&original, &edits);
        match Document::parse("some/file.witx", &changed) {
            Err(error) => prop_assert!(is_located(&error.to_string()), "{error}"),
            Ok(document) => for language in Language::ALL.iter().copied() {
                // Rust code is parsed while it is formatted.
                if let Err(error) = generated(&document, "changed", language) {
                    prop_assert!(is_located(&error.to_string()), "{language}: {error}");
                }
            }
        }
    }
}
