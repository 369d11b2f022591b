//! How faults of documents are shown, and that every fault ends in a located message.

mod support;

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io;
use std::path::Path;

use proptest::prelude::*;
use support::{generated, own_text, text};
use wasi_experimental_http_codegen::{Diagnostic, Document, Error, Language, Lints};

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
        "a function without a name",
        "(module $m (@interface func (export \"\")))",
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
        "words of other languages, and words that are nearly one",
        "(typename $a u33)\n(typename $b unit32)\n(typename $c size)\n(typename $d (vec u8))\n(typename $e (list int64))\n(typename $f (record (filed $x u8)))\n(typdef $g u8)\n(typename $h (enum (@witx tga u8) $a))\n(module $m (@interface func (export \"f\") (parm $a u8)))\n(typename $i zzzzzzzz)",
    ),
    (
        "results that the ABI does not have, of several functions",
        "(typename $e (enum $ok $bad))\n(typename $p (record (field $x u8)))\n(typename $v (variant (case $x u8)))\n(typename $l (list u8))\n(typename $b bool)\n(typename $t (tuple u8 u8))\n(typename $w (expected u8 (error $e)))\n(module $m\n  (@interface func (export \"a\") (result $r string))\n  (@interface func (export \"b\") (result $r $p))\n  (@interface func (export \"c\") (result $r $v))\n  (@interface func (export \"d\") (result $r $l))\n  (@interface func (export \"e\") (result $r bool))\n  (@interface func (export \"f\") (result $r $b))\n  (@interface func (export \"g\") (result $r (expected u8 (error $e))))\n  (@interface func (export \"h\") (result $r (expected (tuple $e u8) (error $e))))\n  (@interface func (export \"i\") (result $r (expected $t (error $e))))\n  (@interface func (export \"j\") (result $r (expected (error u8))))\n  (@interface func (export \"k\") (result $r $w))\n  (@interface func (export \"l\") (result $r $t))\n  (@interface func (export \"m\") (result $r (expected (error $p))))\n  (@interface func (export \"n\") (result $r u8) (@witx noreturn))\n  (@interface func (export \"o\") (result $r $e)))",
    ),
    (
        "all faults of one function and its neighbours",
        "(module $m\n  (@interface func (export \"f\") (param $a (record (field $x u8))) (param $a $nope) (result $r (list u8)))\n  (@interface func (export \"f\") (param $b $m) (param $c (list (enum $x)))))",
    ),
    (
        "an enum of 64 bits as a result",
        "(typename $e (enum (@witx tag u64) $ok $err))\n(module $m (@interface func (export \"f\") (result $r $e)))",
    ),
    ("a comment that does not end", "(typename $a u8)\n(; about"),
    ("a type that is missing", "(typename $a)"),
    ("an enum without cases", "(typename $a (enum))"),
    ("a number where a name should be", "(typename 12 u8)"),
    (
        "an unknown annotation in a text whose parentheses do not match",
        "(module $m\n  (@interfce func (export \"f\")))\n(typename $a (list u8)\n",
    ),
    (
        "a use of a module that is not there, and uses of its types",
        "(use * from $common)\n(typename $a $b)\n(module $m (@interface func (export \"f\") (param $a $size)))",
    ),
    (
        "a use of nothing",
        "(use from $common)\n(use $a fro $common)\n(use)\n(typename foo u8)",
    ),
    (
        "words of WITX in the wrong places",
        "(typename $a (record (field $x u8 u8)))\n(typename $b (list u8 u16))\n(typename $c (flags (@witx tag u8) $x))\n(module $m\n  (func (export \"f\"))\n  (@interface func (param $a u8))\n  (@interface func (export \"g\") (result u8))\n  (@interface func (export \"h\") (result $r (expected u8))))\n(module $n (typename $d u8) (func (export \"f\")))",
    ),
    (
        "forms of the dialect of other tools that are not whole",
        "(module $m\n  (resource $r $s)\n  (typename $a (inbuffer u8))\n  (typename $b (out-buffer))\n  (typename $c (handle $r $r)))",
    ),
    ("a word in front of a name", "(typename private $size u32)"),
    (
        "faults in several functions of a module",
        "(module $m\n  (@interface func (export \"f\") (parm $x u8))\n  ;;; Is well.\n  (@interface func (export \"g\") (param $x u8))\n  (@interface func (export \"h\") (param $größe u8))\n  (@interface func (export \"i\") (param $y $missing)))\n(typename $q u33)",
    ),
    (
        "numbers that no constant has, and a type that it does not have",
        "(typename $size u8)\n(@witx const $size $a -1)\n(@witx const $size $b 1.5)\n(@witx const $size $c 99999999999999999999)\n(@witx const $sizes $d 1)",
    ),
    (
        "a file that is used and not there",
        ";; nothing\n(use \"missing.witx\")",
    ),
    (
        "comments of other languages",
        "// about a\n(typename $a u8)\n# about b\n(typename $b u8)\n; about c\n(typename $c u8) ;)",
    ),
    (
        "another language",
        "interface kv { get: func(k: string) -> string }",
    ),
    ("text without parentheses", "hello world\n(typename $a u8)"),
    (
        "types of other languages",
        "(typename $a (option u8))\n(typename $b (result u8 u8))\n(typename $c (array u8))\n(typename $d int)\n(typename $e (pointer u8))\n(typename $f char8)\n(typename $g i128)\n(module $m (@interface func (export \"f\") (result $r void)))",
    ),
    (
        "members that are written otherwise",
        "(typename $a (enum (case $x)))\n(typename $b (flags (flag $x)))\n(typename $c (record $x u8))\n(typename $d (record))\n(typename $e (variant (case u8)))\n(typename $f (enum \"x\"))\n(typename $g (enum $x, $y))",
    ),
    (
        "uses and imports that are written otherwise",
        "(use $a)\n(use \"a.witx\" \"b.witx\")\n(module $m (import \"memory\"))\n(module $n (import \"env\" \"memory\" (memory)))\n(module $o (import \"f\" (func)))",
    ),
    (
        "tags that are none",
        "(typename $r (record (field $x u8)))\n(typename $a (variant (@witx tag s32) (case $x)))\n(typename $b (variant (@witx tag $r) (case $x)))\n(typename $c (flags (@witx tag u8) $x))\n(typename $d (flags (@witx repr u24) $x))",
    ),
    (
        "characters that are not seen",
        "(typename $a u8)\0\n(typename\u{a0}$b u8)\n(typename $c\u{200b} u8)\n(typename $d “u8”)",
    ),
    (
        "lines that end in other ways, and tabs",
        "(typename $a u8)\r\n\t\t(typename\t$b\t$missing)\r\n",
    ),
    (
        "parentheses that are nested too deep",
        "((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((",
    ),
    (
        "numbers that are none",
        "(typename $a u64)\n(@witx const $a $x 18446744073709551616)\n(@witx const $a $y 0xg)\n(@witx const $a $z \"1\")\n(@witx const $a $w)\n(@witx const $a 1)",
    ),
    (
        "names that are none",
        "(typename $ u8)\n(typename \"a\" u8)\n(typename u8)\n(module (@interface func (export \"f\")))\n(module \"m\")",
    ),
    (
        "a parenthesis that is not closed, in a function",
        "(module $m\n  (@interface func (export \"f\")\n    (param $a u8\n    (param $b u8))\n  (@interface func (export \"g\")))",
    ),
    (
        "a parenthesis that is not closed, at the end of a line",
        "(module $m\n  (@interface func (export \"f\")\n    (param $b (@witx pointer u8)\n  )\n  (@interface func (export \"g\")))",
    ),
    (
        "a declaration by another word, and uses of its type",
        "(typedef $size u32)\n(typename count u32)\n(typename $a (list $size))\n(typename $b (list $count))",
    ),
    (
        "a use by another word, and uses of its types",
        "(include \"types.witx\")\n(import \"more.witx\")\n(ues \"b.witx\")\n(typename $a (list $size))",
    ),
    (
        "a function outside of modules",
        "(@interface func (export \"f\"))",
    ),
    (
        "words of WITX as names of types",
        "(typename $a $string)\n(typename $b (list $u8))",
    ),
    (
        "annotations without `@witx`",
        "(typename $e (enum (tag u16) $ok))\n(typename $f (flags (repr u8) $x))\n(typename $v (variant (tag u8) (case $x)))\n(module $m (@interface func (export \"f\") (noreturn)))",
    ),
    (
        "older WITX that has no meaning in that of today, and faults in what has",
        "(typename $e (enum u16 $ok))\n(typename $f (flags f32 $x))\n(typename $u (union (field $ok u8) (empty $bad)))\n(typename $i (int u8 (const $a 300) (const $b)))\n(typename hidden $h (struct (field $x $none)))\n(module $m (@interface func (export \"f\") (result $a u8) (result $b usize)))",
    ),
    (
        "a union with cases, and a variant with fields",
        "(typename $u (union (case $x u8)))\n(typename $v (variant (field $x u8)))",
    ),
    (
        "types without their parentheses",
        "(typename $h handle)\n(typename $l (tuple list u8))\n(typename $r record)",
    ),
    (
        "signs that separate or end something in other languages",
        "(typename $r (record (field $x u8), (field $y u8)))\n(module $m\n  (@interface func (export \"f\")\n    (param $x u8);\n    (param $y u8))\n  (@interface func (export \"g\")\n    // about x\n    (param $x u8)))",
    ),
    (
        "a string that does not end in its line",
        "(module $m\n  (@interface func (export \"f)\n    (param $a u8)))",
    ),
    (
        "names with and without quotes",
        "(module $m\n  (@interface func (export f))\n  (@interface func (export $g))\n  (@interface func (export 'h')))\n(typename $f (flags \"read\"))",
    ),
    (
        "a constant without its type",
        "(typename $a u8)\n(@witx const $max 2)",
    ),
    (
        "names that differ in case",
        "(typename $size u8)\n(typename $b $Size)",
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
        let underline = "=".repeat(what.len());
        let document: Vec<String> = text.lines().map(|line| format!("    {line}")).collect();
        let document = document.join("\n");
        writeln!(shown, "{what}\n{underline}\n{document}\n\n{fault}\n\n").unwrap();
    }
    let count = shown.matches(" error: ").count();
    assert!(count > 160, "{count} faults are shown");
    // The page is a text.
    let shown = shown.replace('\0', "\\0").replace('\u{200b}', "\\u{200b}");
    insta::assert_snapshot!("faults", shown);
}

/// Documents that are odd: the name of the warning, and the text.
const ODD: &[(&str, &str)] = &[
    (
        "success_first",
        "(typename $e (enum $bad $worse))\n(module $m (@interface func (export \"f\") (result $r (expected (error $e)))))",
    ),
    ("no_functions", "(module $m)"),
    ("no_functions", "(typename $a u8)"),
    (
        "memory_import",
        "(module $m\n  (import \"heap\" (memory))\n  (@interface func (export \"f\")))",
    ),
    (
        "odd_names",
        "(typename $a (record (field $b: u8) (field $c u8)))\n(module $m (@interface func (export \"f\") (param $d= $a)))",
    ),
    (
        "odd_names",
        "(typename $a? u8)\n(module $m (@interface func (export \"f\")))",
    ),
    (
        "misplaced_comment",
        "(typename $a (enum\n  $b ;;; about b\n  $c\n  ;;; about nothing\n))\n(module $m (@interface func (export \"f\")))\n;;; the end",
    ),
    (
        "misplaced_comment",
        "(module $m\n  ;;; good\n  (@interface func ;;; about the name\n    (export \"f\")\n    (param $a u8) ;;; about a\n    (result $r u8)))",
    ),
];

fn warnings(text: &str) -> Vec<Diagnostic> {
    let document = Document::parse("some/file.witx", text).unwrap();
    document.warnings().to_vec()
}

#[test]
fn what_is_odd_is_a_warning_with_a_name() {
    let mut shown = String::new();
    for (name, text) in ODD {
        let warnings = warnings(text);
        assert!(!warnings.is_empty(), "{text}");
        for warning in warnings {
            assert_eq!(warning.rule, Some(*name), "{warning}");
            assert!(warning.location.is_some(), "{warning}");
            writeln!(shown, "{warning}\n").unwrap();
        }
    }
    insta::assert_snapshot!("warnings", shown);
    let tried: HashSet<&str> = ODD.iter().map(|(name, _)| *name).collect();
    assert!(Lints::all().all(|(name, about)| tried.contains(name) && !about.is_empty()));
    assert_eq!(warnings(&own_text()), []);
    for (name, document) in support::wasi_documents() {
        let shown: Vec<String> = document.warnings().iter().map(|w| w.to_string()).collect();
        assert_eq!(shown, [""; 0], "{name}");
    }
}

#[test]
fn warnings_are_denied_and_allowed_by_their_names() {
    let warnings = warnings("(module $m)\n;;; the end");
    let names = |lints: &Lints| -> Result<Vec<&str>, String> {
        let shown = lints.apply(&warnings).map_err(|error| error.to_string())?;
        Ok(shown.iter().filter_map(|warning| warning.rule).collect())
    };
    let mut lints = Lints::default();
    assert_eq!(
        names(&lints).unwrap(),
        ["no_functions", "misplaced_comment"]
    );
    lints.allow("no_functions").unwrap();
    assert_eq!(names(&lints).unwrap(), ["misplaced_comment"]);
    lints.deny("warnings").unwrap();
    let denied = names(&lints).unwrap_err();
    assert!(denied.contains("2:1: error: this comment documents nothing [misplaced_comment]"));
    assert!(!denied.contains("no_functions"), "{denied}");
    lints.allow("misplaced_comment").unwrap();
    assert_eq!(names(&lints).unwrap(), [""; 0]);
    let error = lints.deny("no_function").unwrap_err().to_string();
    assert_eq!(
        error,
        "no warning is named `no_function`; the nearest that exists is `no_functions`"
    );
}

#[test]
fn the_comment_at_the_head_of_a_file_is_about_the_document() {
    let text = ";;; A clock.\n;;;\n;;; It ticks \\\n\n;;; Nanoseconds.\n(typename $instant u64)\n(module $clock (@interface func (export \"now\") (result $r $instant)))";
    let document = Document::parse("clock.witx", text).unwrap();
    assert_eq!(document.model().docs, "A clock.\n\nIt ticks \\\n");
    assert_eq!(document.model().types[0].docs, "Nanoseconds.\n");
    for language in Language::ALL.iter().copied() {
        let text = generated(&document, "clock", language).unwrap();
        let found: Vec<usize> = text.match_indices("A clock").map(|(at, _)| at).collect();
        assert!(found.len() == 1 && found[0] < 300, "{language}: {found:?}");
        assert!(text.contains("It ticks"), "{language}");
    }
    let reference = generated(&document, "clock", Language::Markdown).unwrap();
    assert!(reference.contains("\n# A clock\n\nIt ticks"), "{reference}");

    // In the other dialect, whose types are put in front of the module.
    let text = ";;; A clock.\n\n;;; Functions.\n(module $clock\n  ;;; Nanoseconds.\n  (typename $instant u64)\n  (@interface func (export \"f\")))";
    let document = Document::parse("clock.witx", text).unwrap();
    let model = document.model();
    assert_eq!(model.docs, "A clock.\n");
    assert_eq!(model.types[0].docs, "Nanoseconds.\n");
    assert_eq!(model.modules[0].docs, "Functions.\n");

    // Directly above a declaration it is about that.
    let document = Document::parse("a.witx", ";;; A type.\n(typename $a u8)").unwrap();
    assert_eq!(document.model().docs, "");
    assert_eq!(document.model().types[0].docs, "A type.\n");
}

#[test]
fn a_long_line_is_cut_around_the_place() {
    let types = |from: u32| -> String {
        (from..from + 30)
            .map(|n| format!("(typename $a{n} u8) "))
            .collect()
    };
    let shown = fault(&format!(
        "{}(typename $b $missing) {}",
        types(100),
        types(200)
    ))
    .unwrap();
    let lines: Vec<&str> = shown.lines().collect();
    assert!(
        lines[0].starts_with("some/file.witx:1:614: error: "),
        "{shown}"
    );
    assert!(
        lines[2].len() < 140 && lines[2].contains("(typename $b $missing)"),
        "{shown}"
    );
    assert_eq!(lines[2].find("$missing"), lines[3].find('^'), "{shown}");
}

#[test]
fn bytes_that_are_not_utf_8_have_a_place() {
    let text = b"\xef\xbb\xbf(typename $a u8)\n;; caf\xe9\n(typename $b u8)";
    let read = |_: &Path| Ok(text.to_vec());
    let error = Document::load_with(&["some/file.witx"], read).unwrap_err();
    let error = error.to_string();
    assert!(error.starts_with("some/file.witx:2:7: error: "), "{error}");
    assert!(is_located(&error) && error.contains("UTF-8"), "{error}");
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
fn a_use_without_the_extension_is_told_of_the_file() {
    let read = |path: &Path| match path.to_str().unwrap().replace('\\', "/").as_str() {
        "a/main.witx" => Ok("(use \"types\")"),
        "a/types.witx" => Ok("(typename $a u8)"),
        _ => Err(io::Error::from(io::ErrorKind::NotFound)),
    };
    let error = Document::load_with(&["a/main.witx"], read).unwrap_err();
    let error = error.to_string().replace('\\', "/");
    assert!(
        error.contains("1:6: error: cannot read `a/types`"),
        "{error}"
    );
    assert!(error.contains("hint: there is `a/types.witx`"), "{error}");
}

/// The other dialect names a module, whose file is beside the one that uses it.
#[test]
fn the_files_of_modules_are_found_beside_the_file_that_uses_them() {
    let load = |main: &'static str| {
        let read = move |path: &Path| match path.to_str().unwrap().replace('\\', "/").as_str() {
            "a/main.witx" => Ok(main),
            "a/common.witx" => Ok(
                "(module $common\n  (typename $size u32)\n  (typename $out (out-buffer u8))\n  \
                 (@interface func (export \"g\") (param $a $out)))",
            ),
            _ => Err(io::Error::from(io::ErrorKind::NotFound)),
        };
        Document::load_with(&["a/main.witx"], read)
    };
    let uses = [
        "(use * from $common) (module $m",
        "(module $m (use * from $common)",
        "(module $m (use $out $size from $common)",
        "(use $out from $common) (use $size from $common) (module $m",
    ];
    for text in uses {
        let function = "(@interface func (export \"f\") (param $a $out) (param $b $size)))";
        let document = load(String::leak(format!("{text} {function}"))).unwrap();
        let model = document.model();
        let functions: Vec<String> = model
            .functions()
            .map(|f| format!("{} {}", f.name, f.lowered.wasm_params.len()))
            .collect();
        assert_eq!(functions, ["g 2", "f 3"], "{text}");
    }
    let error = |text| load(text).unwrap_err().to_string();
    let missing = error("(module $m\n  (use $size from $commmon))");
    assert!(
        missing.starts_with("a/main.witx:2:19: error: "),
        "{missing}"
    );
    assert!(missing.contains("`a/commmon.witx`"), "{missing}");
    let unknown = error("(use $sizee $size from $common)");
    assert!(unknown.starts_with("a/main.witx:1:6: error: "), "{unknown}");
    assert!(
        unknown.contains("nearest that exists is `$size`"),
        "{unknown}"
    );
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
    let shown = error.to_string();
    assert!(shown.contains("missing.witx"), "{shown}");
    // Said here, and not once more by whoever shows causes.
    assert_eq!(shown.matches("No such file").count(), 1, "{shown}");
    assert!(std::error::Error::source(&error).is_none());

    let binary = folder.path().join("binary.witx");
    std::fs::write(&binary, [0xff, 0xfe]).unwrap();
    let error = Document::load(&[&binary]).unwrap_err().to_string();
    assert!(
        error.contains("binary.witx:1:1: error: the file is not UTF-8"),
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

/// The page lists the warnings that exist.
#[test]
fn the_readme_has_every_warning() {
    let page = std::fs::read_to_string(support::root().join("codegen/README.md")).unwrap();
    let rows: Vec<String> = page
        .lines()
        .skip_while(|line| !line.starts_with("| warning | "))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(str::to_owned)
        .collect();
    let expected: Vec<String> = Lints::all()
        .map(|(name, about)| format!("| `{name}` | {about} |"))
        .collect();
    assert_eq!(rows, expected);
}
