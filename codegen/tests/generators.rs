//! What the generators write.

mod support;

use std::path::PathBuf;
use std::process::Command;

use support::{generated, own_text, parse, root, text, wasi_documents};
use wasi_experimental_http_codegen::{
    Document, Error, GENERATOR, Language, Options, generate, json_schema,
};

/// Compares a generated file with a snapshot, whatever the version of the generator.
fn snapshot(name: &str, contents: &str) {
    let contents = contents.replacen(GENERATOR, "witx-bindings VERSION", 1);
    insta::assert_snapshot!(name, contents);
}

/// The languages that can say all documents.
fn languages() -> impl Iterator<Item = Language> {
    let all = Language::ALL.iter().copied();
    all.filter(|language| *language != Language::Wit)
}

#[test]
fn constructs_in_each_language() {
    let document = parse("constructs", &text("constructs"));
    for language in languages() {
        let contents = generated(&document, "constructs", language).unwrap();
        snapshot(&format!("constructs_{language}"), &contents);
    }
}

/// Keywords, collisions, and documentation that would end a comment.
#[test]
fn traps_in_each_language() {
    let document = parse("traps", &text("traps"));
    for language in languages() {
        let contents = generated(&document, "traps", language).unwrap();
        snapshot(&format!("traps_{language}"), &contents);
    }
}

#[test]
fn what_wiggle_cannot_take_is_refused_one_by_one() {
    let mut message = String::new();
    for name in ["eighteen", "variant_tail"] {
        let document = parse(name, &text(name));
        let error = generated(&document, name, Language::Wiggle).unwrap_err();
        message.push_str(&format!("{error}\n\n"));
    }
    insta::assert_snapshot!("refused_by_wiggle", message);
}

/// All of it in one run, in the order of the languages, and no file of another one.
#[test]
fn what_several_languages_cannot_express_is_refused_together() {
    let params: String = (0..18).map(|n| format!(" (param $a{n} u8)")).collect();
    let text = format!(
        "(module $m (@interface func (export \"a b\")) (@interface func (export \"c d\"))\n\
         (@interface func (export \"many\"){params}))"
    );
    let languages = [Language::Go, Language::Rust, Language::Wiggle];
    let options = Options::of_files(&["m.witx"]);
    let error = generate(&parse("m", &text), &languages, &options).unwrap_err();
    let Error::Invalid(refused) = error else {
        panic!("{error}");
    };
    let lines = refused.iter().map(|fault| fault.to_string());
    let lines: Vec<String> = lines
        .map(|fault| fault.lines().next().unwrap().to_owned())
        .collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[0].contains("Go cannot import") && lines[0].contains("`a b`"));
    assert!(lines[1].contains("Go cannot import") && lines[1].contains("`c d`"));
    assert!(lines[2].contains("wiggle cannot express function `many`"));
}

#[test]
fn what_is_odd_comes_with_the_files() {
    let options = Options::of_files(&["m.witx"]);
    let generated = generate(&parse("m", "(module $m)"), &[Language::C], &options).unwrap();
    let rules: Vec<_> = generated.warnings.iter().map(|it| it.rule).collect();
    assert_eq!(rules, [Some("no_functions")]);
    assert_eq!(generated.files.len(), 1);
}

#[test]
fn the_documents_of_wasi_in_each_language() {
    for (name, document) in wasi_documents() {
        for language in languages() {
            let contents = generated(&document, name, language);
            assert!(
                contents.is_ok(),
                "{name} in {language}: {}",
                contents.unwrap_err()
            );
        }
    }
}

#[test]
fn the_head_says_what_made_the_file() {
    let document = parse("one", "(typename $a u8)");
    for language in Language::ALL.iter().copied() {
        let contents = generated(&document, "one", language).unwrap();
        // In some languages, the comment or the object starts with a line of its own.
        let first: String = contents.lines().take(2).collect();
        assert!(
            first.contains("Generated from one.witx. Do not edit."),
            "{language}: {first}"
        );
        assert!(contents.contains(GENERATOR), "{language}");
    }
}

/// The schema is generated too: its file is the one that is made now, and what is generated is
/// of that schema, says a validator of others.
#[test]
fn json_is_of_its_schema() {
    let committed = std::fs::read_to_string(root().join("codegen/json.schema.json")).unwrap();
    assert!(
        committed.replace("\r\n", "\n") == json_schema().unwrap(),
        "codegen/json.schema.json is not up to date: run `cargo xtask codegen`"
    );
    let schema = serde_json::from_str(&committed).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut documents = wasi_documents();
    for name in ["constructs", "traps", "results", "empty"] {
        documents.push((name, parse(name, &text(name))));
    }
    for (name, document) in documents {
        let json = generated(&document, name, Language::Json).unwrap();
        let json = serde_json::from_str(&json).unwrap();
        let faults: Vec<_> = validator
            .iter_errors(&json)
            .map(|e| e.to_string())
            .collect();
        assert!(faults.is_empty(), "{name}: {faults:?}");
    }
    let wrong = serde_json::json!({"comment": "", "version": 1, "types": [{}]});
    assert!(!validator.is_valid(&wrong));
}

#[test]
fn empty_documents_give_files_without_functions() {
    for text in [
        "",
        "(module $m)",
        "(module $m (import \"memory\" (memory)))",
    ] {
        let document = parse("empty", text);
        for language in Language::ALL.iter().copied() {
            assert!(
                generated(&document, "empty", language).is_ok(),
                "{language}: {text}"
            );
        }
    }
}

/// Hash maps have another order in each process, so the output is made in several.
#[test]
fn the_output_is_the_same_in_every_process() {
    let folder = tempfile::tempdir().unwrap();
    let mut outputs = Vec::new();
    for run in 0..4 {
        let path = folder.path().join(run.to_string());
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "writes_everything_where_it_is_told", "--quiet"])
            .env(OUTPUT, &path)
            .status()
            .unwrap();
        assert!(status.success());
        outputs.push(std::fs::read_to_string(path).unwrap());
    }
    assert!(
        outputs[0].len() > 10_000,
        "the other process wrote something"
    );
    assert!(outputs.iter().all(|output| *output == outputs[0]));
}

/// The variable that tells another process of this test where to write.
const OUTPUT: &str = "CODEGEN_TEST_OUTPUT";

/// A part of `the_output_is_the_same_in_every_process`.
#[test]
fn writes_everything_where_it_is_told() {
    let Some(path) = std::env::var_os(OUTPUT) else {
        return;
    };
    let mut all = String::new();
    for name in ["constructs", "own"] {
        let text = if name == "own" {
            own_text()
        } else {
            text(name)
        };
        let document = parse(name, &text);
        for language in languages() {
            all.push_str(&generated(&document, name, language).unwrap());
        }
    }
    std::fs::write(PathBuf::from(path), all).unwrap();
}

#[test]
fn languages_are_found_by_their_names() {
    for language in Language::ALL.iter().copied() {
        assert_eq!(language.name().parse(), Ok(language));
    }
    let error = "cobol".parse::<Language>().unwrap_err();
    assert_eq!(error.to_string(), "unknown language `cobol`");
}

/// Which case answers a fault of the guest is a setting.
#[test]
fn the_cases_for_faults_of_guests_can_be_chosen() {
    let document = parse("constructs", &text("constructs"));
    let mut options = Options::of_files(&["constructs.witx"]);
    let host = |options: &Options| {
        let files = generate(&document, &[Language::Wiggle], options)
            .unwrap()
            .files;
        files[0].contents.clone()
    };
    let default = host(&options);
    assert!(default.contains("Ok(u32::from(u16::from(Code::Fault)))"));
    assert!(!default.contains("u16::from(Code::Undocumented)"));

    options.faults.out_of_bounds = vec!["no_such_case".to_owned(), "undocumented".to_owned()];
    let chosen = host(&options);
    assert!(!chosen.contains("u16::from(Code::Fault)"));
    assert!(chosen.contains("Ok(u32::from(u16::from(Code::Undocumented)))"));
}

/// Both linkers of a host go by the same functions; without the option there is one.
#[test]
fn a_host_for_asynchronous_stores() {
    let document = parse(
        "shop",
        "(module $shop (@interface func (export \"f\") (param $wait u32)))",
    );
    let host = |feature: Option<&str>| {
        let mut options = Options::of_files(&["shop.witx"]);
        options.async_feature = feature.map(str::to_owned);
        let generated = generate(&document, &[Language::Wiggle], &options).unwrap();
        generated.files[0].contents.clone()
    };
    let with = host(Some("tasks"));
    syn::parse_file(&with).unwrap();
    for part in [
        "func_wrap_async",
        "pub trait Suspend",
        "fn f_function<",
        "#[cfg(feature = \"tasks\")]",
    ] {
        assert!(with.contains(part), "{part}\n{with}");
        assert!(!host(None).contains(part), "{part}");
    }
}

#[test]
fn a_document_in_wit() {
    let text = r#"
;;; What went wrong.
(typename $errno (enum (@witx tag u16) $success
  ;;; There is none.
  $not_found))
(typename $store (handle))
(typename $rights (flags (@witx repr u8) $read $write_2b))
(typename $entry (record (field $key string) (field $list (list u8)) (field $size (@witx usize))))
(typename $pair (tuple u8 char))
(typename $shape (variant (case $none) (case $entry $entry) (case $ratio f64)))
(@witx const $rights $all 3)
;;; A store.
(module $kv_store
  ;;; Looks for an entry.
  (@interface func (export "get")
    (param $store $store)
    ;;; What it is called.
    (param $key string) (param $exact bool)
    ;;; What was found.
    (result $error (expected $entry (error $errno))))
  (@interface func (export "entry") (param $data (@witx const_pointer u8))
    (param $data_len (@witx usize)) (result $error (expected (error $errno))))
  (@interface func (export "open") (result $error (expected (tuple $store $rights) (error))))
  (@interface func (export "draw") (param $shapes (list $shape)) (param $pair $pair)))
"#;
    let document = parse("kv", text);
    let wit = generated(&document, "kv", Language::Wit).unwrap();
    wit_parser::Resolve::default()
        .push_str("kv.wit", &wit)
        .unwrap();
    snapshot("wit", &wit);
    // Two modules share the types.
    let two =
        format!("{text}(module $other (@interface func (export \"store\") (param $s $store)))");
    let wit = generated(&parse("kv", &two), "kv", Language::Wit).unwrap();
    wit_parser::Resolve::default()
        .push_str("kv.wit", &wit)
        .unwrap();
    assert!(wit.contains("use types.{store as store-type};"), "{wit}");
    // Names that differ in WITX alone, and an alias that a parameter shows from inside.
    let text = r#"
(typename $a_b_0 (handle))
(typename $a_b_0_type (handle))
(typename $lists (list (list (tuple u8 u8))))
(module $one (@interface func (export "a-b0") (param $a $a_b_0) (param $b $a_b_0_type)))
(module $two (@interface func (export "all") (param $lists $lists)))
"#;
    let wit = generated(&parse("kv", text), "kv", Language::Wit).unwrap();
    let parsed = wit_parser::Resolve::default().push_str("kv.wit", &wit);
    assert!(parsed.is_ok(), "{wit}\n{parsed:?}");
}

/// What WIT has no words for is refused where it is, and all else is WIT.
#[test]
fn documents_are_wit_or_refused_at_their_place() {
    let folder = root().join("codegen/tests/documents");
    let (mut said, mut refused) = (0, 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "witx") {
            continue;
        }
        let document = Document::load(&[&path]).unwrap();
        match generated(&document, "some", Language::Wit) {
            Ok(wit) => {
                let parsed = wit_parser::Resolve::default().push_str("some.wit", &wit);
                assert!(parsed.is_ok(), "{}: {parsed:?}\n{wit}", path.display());
                said += 1;
            }
            Err(error) => {
                let error = error.to_string();
                assert!(
                    error.contains(".witx:") && error.contains("WIT "),
                    "{error}"
                );
                assert!(error.contains("hint: "), "{error}");
                refused += 1;
            }
        }
    }
    assert!(said > 20 && refused > 3, "{said} {refused}");
    let error = generated(&parse("own", &own_text()), "own", Language::Wit).unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("WIT cannot say that `header_get` fills a buffer"),
        "{error}"
    );
}

/// The guests' languages have a function that gives the message of an error.
const WITH_MESSAGES: [Language; 5] = [
    Language::Rust,
    Language::AssemblyScript,
    Language::C,
    Language::Zig,
    Language::Go,
];

#[test]
fn a_message_is_the_first_sentence_if_that_is_short() {
    let long = "A sentence that is much too long for a message ".repeat(3);
    let text = format!(
        "(typename $errno (enum (@witx tag u16)\n  $success\n  \
         ;;; It is too short. It may become longer.\n  $short_thing\n  \
         ;;; {long}.\n  $long_thing))\n\
         (module $m (@interface func (export \"f\") (result $e (expected (error $errno)))))"
    );
    let document = parse("messages", &text);
    for language in WITH_MESSAGES {
        let contents = generated(&document, "messages", language).unwrap();
        for message in ["\"It is too short\"", "\"long thing\""] {
            assert!(contents.contains(message), "{language}: {message}");
        }
        assert!(!contents.contains("\"A sentence"), "{language}");
    }
}

#[test]
fn messages_of_this_project_are_short_first_sentences() {
    let document = parse("own", &own_text());
    let code = generated(&document, "own", Language::AssemblyScript).unwrap();
    let (_, rest) = code.split_once("function httpErrorMessage(").unwrap();
    let (body, _) = rest.split_once("\n}\n").unwrap();
    let messages = body.lines().filter(|line| line.contains("case "));
    let messages: Vec<&str> = messages.filter_map(|line| line.split('"').nth(1)).collect();
    assert!(messages.len() > 20, "{body}");
    for message in messages {
        // A line of a terminal, with the name of a program in front.
        assert!(message.len() <= 90, "{message}");
        // Not the name in words, which stands where the sentence is too long.
        assert!(message.starts_with(char::is_uppercase), "{message}");
    }
}

#[test]
fn no_constant_hides_the_one_with_which_programs_leave_out_messages() {
    let text = "(typename $asc u32)\n(@witx const $asc $no_assert 1)\n\
                (typename $errno (enum (@witx tag u16) $ok $bad))\n\
                (module $m (@interface func (export \"f\") (param $x $asc)\n  \
                (result $e (expected (error $errno)))))";
    let code = generated(&parse("asc", text), "asc", Language::AssemblyScript).unwrap();
    assert!(code.contains("if (ASC_NO_ASSERT) return"), "{code}");
    assert!(!code.contains("const ASC_NO_ASSERT:"), "{code}");
}

#[test]
fn constants_are_documented_where_they_are() {
    let text = "(typename $number u8)\n;;; As many as there may be.\n(@witx const $number $max 255)\n\
                (typename $rights (flags (@witx repr u8)\n  ;;; Looking.\n  $read))\n\
                (module $m (@interface func (export \"f\") (param $x $number) (param $y $rights)))";
    let document = parse("documented", text);
    for language in WITH_MESSAGES {
        let code = generated(&document, "documented", language).unwrap();
        let lines: Vec<&str> = code.lines().collect();
        for (comment, name) in [("As many as there may be.", "max"), ("Looking.", "read")] {
            let at = lines.iter().position(|line| line.contains(comment));
            let at = at.unwrap_or_else(|| panic!("{language}: {comment}"));
            let next = lines[at + 1].to_lowercase();
            assert!(next.contains(name), "{language}: {next}");
        }
    }
}

/// In C the results of a function that can fail are parameters, and what it returns is the error.
#[test]
fn c_documents_what_is_written_and_what_is_returned() {
    let document = parse(
        "a",
        "(typename $e (enum $ok $bad))\n(typename $id u8)\n(module $m\n  \
         (@interface func (export \"f\") (param $a u8)\n    ;;; The new one.\n    \
         (result $r (expected $id (error $e))))\n  \
         (@interface func (export \"g\")\n    ;;; How many.\n    (result $n u32)))",
    );
    let c = generated(&document, "a", Language::C).unwrap();
    let f = " * @param[out] id The new one.\n * @return 0 for success, else the error.\n";
    assert!(c.contains(f), "{c}");
    assert!(c.contains(" * @return How many.\n"), "{c}");
    let cpp = generated(&document, "a", Language::Cpp).unwrap();
    assert!(cpp.contains(" * @return The new one.\n"), "{cpp}");
}
