//! Checks what is generated from every document with external tools: clippy, rustfmt, compilers.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::{generated, own_text, parse, wasi_documents};
use wasi_experimental_http_codegen::{Document, Language, Options, build_script, files, generate};

/// All documents: ours, those of WASI, and the small ones.
fn documents() -> Vec<(String, Document)> {
    let mut documents = vec![("own".to_owned(), parse("own", &own_text()))];
    let wasi = wasi_documents().into_iter();
    documents.extend(wasi.map(|(name, document)| (name.to_owned(), document)));
    for path in paths() {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let document = Document::load(&[&path]).unwrap_or_else(|error| panic!("{error}"));
        documents.push((name, document));
    }
    documents
}

fn paths() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/documents");
    let entries = fs::read_dir(folder).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "witx")
    });
    paths.sort();
    paths
}

/// A program of the toolchain that this test is compiled with.
fn tool(name: &str) -> Command {
    let rustc = Path::new(env!("CARGO")).with_file_name("rustc");
    let output = Command::new(rustc).args(["--print", "sysroot"]).output();
    let sysroot = String::from_utf8(output.unwrap().stdout).unwrap();
    let mut command = Command::new(Path::new(sysroot.trim()).join("bin").join(name));
    command.env("LD_LIBRARY_PATH", Path::new(sysroot.trim()).join("lib"));
    command
}

fn passes(command: &mut Command, what: &str) {
    let output = command.output();
    let output = output.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = String::from_utf8_lossy(&output.stderr);
    let shown: String = text.chars().take(4000).collect();
    assert!(output.status.success(), "{what}: {shown}");
}

/// The program of a source in Rust, in a folder.
fn compiled(folder: &Path, source: &str) -> PathBuf {
    let (main, out) = (folder.join("main.rs"), folder.join("main"));
    fs::write(&main, source).unwrap();
    let mut rustc = tool("rustc");
    rustc.arg(&main).args(["--edition", "2021", "-o"]).arg(&out);
    passes(&mut rustc, "the program");
    out
}

/// The modules of the generator use each other in one direction: none is used by what it uses.
#[test]
fn modules_have_no_circle() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let name = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
    let entries = fs::read_dir(&src)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    // The root has the name of the crate.
    let modules: Vec<PathBuf> = entries.filter(|path| name(path) != "lib").collect();
    let names: Vec<String> = modules.iter().map(|path| name(path)).collect();
    let used: Vec<Vec<usize>> = modules
        .iter()
        .map(|path| {
            let mut code = String::new();
            read_code(path, &mut code);
            let uses = |other: &String| code.contains(&format!("crate::{other}"));
            let others = names.iter().enumerate();
            let others = others.filter(|(_, other)| **other != name(path) && uses(other));
            others.map(|(index, _)| index).collect()
        })
        .collect();
    let find = |name: &str| names.iter().position(|other| other == name).unwrap();
    assert!(used[find("load")].contains(&find("builder")));
    // Each step takes the modules that use none of those that are left.
    let mut left: Vec<usize> = (0..names.len()).collect();
    while !left.is_empty() {
        let is_used = |index: &usize| used[*index].iter().any(|other| left.contains(other));
        let rest: Vec<usize> = left.iter().copied().filter(is_used).collect();
        let circle: Vec<&String> = rest.iter().map(|index| &names[*index]).collect();
        assert!(rest.len() < left.len(), "a circle among {circle:?}");
        left = rest;
    }
}

/// Adds the code of a module, without comments and without its tests.
fn read_code(path: &Path, code: &mut String) {
    if path.is_dir() {
        let entries = fs::read_dir(path).unwrap();
        entries.for_each(|entry| read_code(&entry.unwrap().path(), code));
        return;
    }
    let text = fs::read_to_string(path).unwrap();
    let lines = text
        .lines()
        .take_while(|line| *line != "mod tests {")
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.for_each(|line| code.push_str(line));
}

#[test]
fn signatures_in_the_reference_are_wat() {
    let mut signatures = 0;
    for (name, document) in documents() {
        let page = generated(&document, &name, Language::Markdown).unwrap();
        for block in page.split("```wat\n").skip(1) {
            let signature = block.split("```").next().unwrap();
            let module = wat::parse_str(format!("(module {signature})"));
            assert!(module.is_ok(), "{name}: {signature}{}", module.unwrap_err());
            signatures += 1;
        }
        let functions = document.model().functions().count();
        assert_eq!(page.matches("```wat\n").count(), functions, "{name}");
    }
    assert!(signatures > 200, "{signatures}");
}

/// A program that includes the bindings of all documents and uses nothing of them: no lint of
/// the compiler or of clippy, pedantic ones included, has anything to say.
#[test]
fn included_rust_code_gives_no_warnings() {
    let folder = tempfile::tempdir().unwrap();
    let main = including_program(folder.path(), "", str::to_owned);
    for edition in ["2021", "2024"] {
        let mut clippy = clippy(&main, edition);
        clippy.args(["-D", "warnings"]);
        clippy.args(["-D", "clippy::all", "-D", "clippy::pedantic"]);
        passes(&mut clippy, edition);
    }
}

/// The lints of clippy that have something to say where generated code does not allow all of them
/// (later versions have others), and why it is left so.
const CLIPPY: &[(&str, &str)] = &[
    (
        "cast_possible_truncation",
        "only the lower bits of a narrow value are to be read",
    ),
    ("doc_markdown", "texts are the document's"),
    ("just_underscores_and_digits", "names are the document's"),
    ("many_single_char_names", "names are the document's"),
    (
        "match_same_arms",
        "texts are the document's, and may be equal",
    ),
    (
        "missing_errors_doc",
        "the type of the error lists what fails",
    ),
    ("must_use_candidate", "only a failure has to be looked at"),
    (
        "pub_underscore_fields",
        "names are the document's, and start with no digit in Rust",
    ),
    ("self_named_constructors", "names are the document's"),
    ("similar_names", "names are the document's"),
    ("struct_field_names", "names are the document's"),
    ("too_many_lines", "an enum of the document has many cases"),
    (
        "trivially_copy_pass_by_ref",
        "a record is passed by its address",
    ),
    (
        "type_complexity",
        "a tuple of the document has many members",
    ),
    (
        "unreadable_literal",
        "a number is found by searching for it as the document has it",
    ),
    (
        "used_underscore_binding",
        "names are the document's, and start with no digit in Rust",
    ),
    (
        "used_underscore_items",
        "names are the document's, and start with no digit in Rust",
    ),
    (
        "wildcard_imports",
        "the module of the imports is a part of the one around it",
    ),
];

/// Without what silences clippy, it says only what is listed, all of which it says.
#[test]
fn clippy_says_nothing_about_rust_code_that_can_be_mended() {
    let folder = tempfile::tempdir().unwrap();
    let silencer = "#[allow(clippy::all, ";
    let without_silencer = |code: &str| -> String {
        let lines = code.lines();
        let lines = lines.filter(|line| !line.trim_start().starts_with(silencer));
        lines.map(|line| format!("{line}\n")).collect()
    };
    let mut names = BTreeSet::new();
    // In a program, and in a library that shows what is generated.
    for (visibility, kind) in [("", "bin"), ("pub ", "lib")] {
        let main = including_program(folder.path(), visibility, without_silencer);
        let mut clippy = clippy(&main, "2024");
        clippy.args(["--crate-type", kind, "--error-format", "json"]);
        clippy.args(["-W", "clippy::all", "-W", "clippy::pedantic"]);
        let output = clippy.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{said}");
        for line in said.lines() {
            let message: serde_json::Value = serde_json::from_str(line).unwrap();
            let lint = message["code"]["code"].as_str().unwrap_or_default();
            // The `main` of a library is no function of ours.
            if let Some(lint) = lint.strip_prefix("clippy::") {
                names.insert(lint.to_owned());
            }
        }
    }
    let listed = CLIPPY.iter().map(|(name, _)| (*name).to_owned());
    assert_eq!(names, listed.collect());
}

/// Writes a program that includes the bindings of all documents, after a change. Gives its file.
fn including_program(folder: &Path, visibility: &str, change: impl Fn(&str) -> String) -> PathBuf {
    let mut program = String::new();
    for (index, (name, document)) in documents().into_iter().enumerate() {
        let path = folder.join(format!("{name}.rs"));
        let code = generated(&document, &name, Language::Rust).unwrap();
        fs::write(&path, change(&code)).unwrap();
        // In a module of the name of the document's own, as most users will have it.
        let module = match document.model().modules.first() {
            Some(module) => module
                .name
                .replace(|c: char| !c.is_ascii_alphanumeric(), "_"),
            None => "types".to_owned(),
        };
        program.push_str(&format!(
            "{visibility}mod d{index} {{ {visibility}mod r#{module} {{ include!({path:?}); }} }}\n"
        ));
    }
    program.push_str("fn main() {}\n");
    let main = folder.join("main.rs");
    fs::write(&main, program).unwrap();
    main
}

/// Clippy for a program.
fn clippy(main: &Path, edition: &str) -> Command {
    let mut clippy = tool("clippy-driver");
    clippy
        .arg(main)
        .args(["--edition", edition, "--emit", "metadata", "-o"])
        .arg(main.with_file_name("out"));
    clippy
}

/// What is set, by the names of the document, and what has none.
#[test]
fn flags_in_rust_show_their_names() {
    let text = "(typename $rights (flags (@witx repr u16) $read $write $execute))
        (typename $nothing (flags (@witx repr u8)))";
    let document = support::parse("flags", text);
    let folder = tempfile::tempdir().unwrap();
    let bindings = generated(&document, "flags", Language::Rust).unwrap();
    let program = format!(
        r#"{bindings}
        fn main() {{
            assert_eq!(format!("{{:?}}", Rights::READ | Rights::EXECUTE), "Rights(read | execute)");
            assert_eq!(format!("{{:?}}", Rights::from_bits(0x12)), "Rights(write | 0x10)");
            assert_eq!(format!("{{:?}}", Rights::from_bits(8)), "Rights(0x8)");
            assert_eq!(format!("{{:?}}", Rights::empty()), "Rights()");
            assert_eq!(format!("{{:?}}", Nothing::from_bits(1)), "Nothing(0x1)");
            let set: Vec<Rights> = Rights::from_bits(0x15).iter().collect();
            assert_eq!(set, [Rights::READ, Rights::EXECUTE]);
        }}"#
    );
    let out = compiled(folder.path(), &program);
    passes(&mut Command::new(&out), "what it shows");
}

/// Numbers become values with `TryFrom` if the document has names for them.
#[test]
fn numbers_that_have_a_name_are_converted_in_rust() {
    let cases: Vec<String> = (0..256).map(|case| format!("$c{case}")).collect();
    let text = format!(
        "(typename $kind (enum (@witx tag u16) $plain $loud))
        (typename $rights (flags (@witx repr u64) $read $write))
        (typename $full (enum (@witx tag u8) {}))",
        cases.join(" ")
    );
    let folder = tempfile::tempdir().unwrap();
    let bindings = generated(&parse("numbers", &text), "numbers", Language::Rust).unwrap();
    let program = format!(
        r#"{bindings}
        fn main() {{
            assert_eq!(Kind::try_from(1), Ok(Kind::LOUD));
            assert_eq!(Kind::try_from(2), Err(2));
            assert_eq!(u16::from(Kind::LOUD), 1);
            assert_eq!(Rights::try_from(3), Ok(Rights::READ | Rights::WRITE));
            assert_eq!(Rights::try_from(1 << 63), Err(1 << 63));
            assert_eq!(u64::from(Rights::WRITE), 2);
            assert_eq!(Full::try_from(255), Ok(Full::C255));
        }}"#
    );
    let out = compiled(folder.path(), &program);
    passes(&mut Command::new(&out), "what it converts");
}

#[test]
fn rust_code_passes_rustfmt() {
    let folder = tempfile::tempdir().unwrap();
    for (name, document) in documents() {
        for language in [Language::Rust, Language::Wiggle] {
            let Ok(code) = generated(&document, &name, language) else {
                continue;
            };
            let path = folder.path().join("code.rs");
            fs::write(&path, code).unwrap();
            let mut rustfmt = tool("rustfmt");
            rustfmt.args(["--check", "--edition", "2024"]).arg(&path);
            passes(&mut rustfmt, &format!("{name} in {language}"));
        }
    }
}

/// What cannot be tried with TinyGo here: the types that it maps to one of WebAssembly
/// (`isValidWasmType` in its `compiler/symbol.go`) are more than Go's, and imports keep to those of
/// both. `wasm-unknown` of its targets has no `wasm` among its tags.
#[test]
fn go_code_keeps_to_what_tinygo_takes() {
    let types = [
        "int32",
        "uint32",
        "int64",
        "uint64",
        "float32",
        "float64",
        "unsafe.Pointer",
    ];
    let (mut imports, mut addresses) = (0, 0);
    for (name, document) in documents() {
        let Ok(code) = generated(&document, &name, Language::Go) else {
            continue;
        };
        assert!(
            code.contains("\n\n//go:build wasm || tinygo.wasm\n\n"),
            "{name}"
        );
        // It takes an address that is computed from nil for none of the program's values.
        assert!(!code.contains("unsafe.Pointer(nil)"), "{name}");
        addresses += code.matches(") Get() *T {").count();
        let mut lines = code.lines();
        while let Some(line) = lines.next() {
            if !line.starts_with("//go:wasmimport ") {
                continue;
            }
            // Others it ignores, and says nothing.
            assert_eq!(line.split_whitespace().count(), 3, "{name}: {line}");
            let declaration = lines.next().unwrap();
            let (_, rest) = declaration.split_once('(').unwrap();
            let (params, result) = rest.split_once(')').unwrap();
            let params = params.split(", ").filter(|param| !param.is_empty());
            let params = params.map(|param| param.split_once(' ').unwrap().1);
            let result = Some(result.trim()).filter(|result| !result.is_empty());
            for ty in params.chain(result) {
                assert!(types.contains(&ty), "{name}: {declaration}");
            }
            imports += 1;
        }
    }
    assert!(imports > 200, "{imports}");
    assert!(addresses > 2, "{addresses}");
}

/// One that two documents use is one, whatever else is in them.
#[test]
fn documents_of_one_run_share_types() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    file("types.witx", "(typename $thing (handle))");
    let function = |module: &str| {
        format!(
            "(use \"types.witx\")\n(module ${module} (@interface func (export \"{module}_thing\") \
             (param $x $thing) (result $y $thing)))"
        )
    };
    let paths = [
        file("a.witx", &function("a")),
        file("b.witx", &function("b")),
    ];
    let document = Document::load(&paths).unwrap();
    let read: Vec<_> = document
        .files()
        .map(|path| path.file_name().unwrap())
        .collect();
    assert_eq!(read, ["a.witx", "types.witx", "b.witx"]);
    let out = folder.path().join("out");
    let options = Options::of_files(&paths);
    let written = files::generate_into(&out, &document, &[Language::Rust], &options).unwrap();
    assert_eq!(written, [out.join("a.rs")]);
    let program = format!(
        "mod both {{ include!({:?}); }}\n\
         pub fn through(x: both::Thing) -> both::Thing {{ both::b::b_thing(both::a::a_thing(x)) }}\n",
        written[0]
    );
    let mut rustc = tool("rustc");
    let main = file("lib.rs", &program);
    rustc
        .arg(main)
        .args(["--crate-type", "lib", "--edition", "2024", "-D", "warnings"]);
    passes(
        rustc
            .args(["--emit", "metadata", "-o"])
            .arg(folder.path().join("lib")),
        "both",
    );
}

/// Documents that repeat a type in the same words share it; other words are a fault that says so.
#[test]
fn documents_of_one_run_may_repeat_types() {
    let read = |path: &Path| {
        let errno = |case: &str, module: &str| {
            Ok(format!(
                "(typename $errno (enum $success ${case}))\n(module ${module} (@interface func \
                 (export \"f\") (result $r (expected (error $errno)))))"
            ))
        };
        match path.to_str().unwrap() {
            "a.witx" => errno("bad", "a"),
            "b.witx" => errno("bad ;; in other words\n  ", "b"),
            "c.witx" => errno("worse", "c"),
            _ => Err(std::io::Error::from(std::io::ErrorKind::NotFound)),
        }
    };
    let read = |path: &Path| read(path).map(String::into_bytes);
    let shared = Document::load_with(&["a.witx", "b.witx"], read).unwrap();
    assert_eq!(shared.model().types.len(), 1);
    assert_eq!(shared.model().modules.len(), 2);
    let error = Document::load_with(&["a.witx", "c.witx"], read).unwrap_err();
    let error = error.to_string();
    assert!(
        error.starts_with("c.witx:1:11: error: the name `errno` is already taken"),
        "{error}"
    );
    assert!(error.contains("first used in a.witx:1;"), "{error}");
}

/// `path_open(...).fd`, although a parameter is named `fd` as well.
#[test]
fn results_keep_their_names_beside_parameters() {
    let text = "(typename $fd (handle))\n(typename $port u16)\n(typename $errno (enum $ok $bad))\n\
                (module $m (@interface func (export \"path_open\") (param $fd $fd) (param $port u16)\n\
                (result $e (expected (tuple $fd $port) (error $errno)))))";
    let document = parse("m", text);
    let code = |language| generated(&document, "m", language).unwrap();
    let zig = code(Language::Zig);
    assert!(
        zig.contains("    fd: Fd,") && zig.contains("    port: Port,"),
        "{zig}"
    );
    assert!(zig.contains(".fd = fd_out, .port = port_out"), "{zig}");
    let assembly_script = code(Language::AssemblyScript);
    assert!(
        assembly_script.contains("public fd: Fd,"),
        "{assembly_script}"
    );
    let c = code(Language::C);
    assert!(
        c.contains("m_fd_t fd, uint16_t port, m_fd_t *fd_out, m_port_t *port_out"),
        "{c}"
    );
    for language in Language::ALL.iter().copied() {
        let code = code(language);
        for name in ["fd2", "fd_2", "port2", "port_2"] {
            assert!(!code.contains(name), "{language} has {name}: {code}");
        }
    }
}

#[test]
fn names_in_c_start_with_the_module_or_the_chosen_prefix() {
    let text = "(typename $size (@witx usize))\n(typename $e (enum $ok $bad))\n\
                (@witx const $size $max 7)\n\
                (module $kv (@interface func (export \"len\") (result $r (expected $size (error $e)))))";
    let header = |text: &str, prefix: Option<&str>| {
        let mut options = Options::of_files(&["some_file.witx"]);
        options.c_prefix = prefix.map(str::to_owned);
        let document = parse("some_file", text);
        let generated = generate(&document, &[Language::C], &options);
        generated.map(|mut generated| generated.files.remove(0).contents)
    };
    let code = header(text, None).unwrap();
    for name in [
        "kv_size_t;",
        "KV_E_BAD ",
        "KV_SIZE_MAX ",
        "kv_e_t kv_len(kv_size_t *size);",
    ] {
        assert!(code.contains(name), "{name}: {code}");
    }
    assert!(
        !code
            .to_lowercase()
            .replace("some_file.witx", "")
            .contains("some_file"),
        "{code}"
    );
    let code = header(text, Some("__wasi_")).unwrap();
    for name in [
        "__WASI_E_BAD ",
        "__wasi_e_t __wasi_len(__wasi_size_t *size);",
    ] {
        assert!(code.contains(name), "{name}: {code}");
    }
    let two = format!("{text}(module $other (@interface func (export \"len\")))");
    let code = header(&two, None).unwrap();
    assert!(code.contains("void other_len(void);"), "{code}");
    let code = header(&two, Some("x_")).unwrap();
    assert!(
        code.contains(" x_kv_len(") && code.contains("void x_other_len(void);"),
        "{code}"
    );
    let code = header("(typename $size (@witx usize))", None).unwrap();
    assert!(code.contains("typedef size_t witx_size_t;"), "{code}");
    let error = header(text, Some("a-")).unwrap_err().to_string();
    assert!(error.contains("cannot start with `a-`"), "{error}");
}

/// A part of `a_build_script_tells_cargo_what_it_read`, in a process that has an `OUT_DIR`.
#[test]
fn generates_as_a_build_script() {
    if let Some(witx) = std::env::var_os("CODEGEN_TEST_WITX") {
        build_script::generate(&[witx], &[Language::Rust]);
    }
}

#[test]
fn a_build_script_tells_cargo_what_it_read() {
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        let test = ["--exact", "generates_as_a_build_script", "--nocapture"];
        let output = Command::new(std::env::current_exe().unwrap())
            .args(test)
            .env("CODEGEN_TEST_WITX", path)
            .env("OUT_DIR", folder.path())
            .output()
            .unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
        )
    };
    fs::write(folder.path().join("used.witx"), "(typename $a u8)").unwrap();
    let (status, said) = run("odd.witx", "(use \"used.witx\")\n(module $m)");
    assert_eq!(status, Some(0), "{said}");
    for file in ["odd.witx", "used.witx"] {
        let line = format!(
            "cargo::rerun-if-changed={}\n",
            folder.path().join(file).display()
        );
        assert!(said.contains(&line), "{said}");
    }
    assert!(said.contains("cargo::warning="), "{said}");
    assert!(folder.path().join("odd.rs").exists());

    let (status, said) = run("bad.witx", "(typename $a $b)");
    assert_eq!(status, Some(1), "{said}");
    assert!(
        said.contains("cargo::rerun-if-changed=") && said.contains("cargo::error="),
        "{said}"
    );
    assert!(said.contains("bad.witx:1:14: error: "), "{said}");
    assert!(!folder.path().join("bad.rs").exists());
}

/// A program for another machine can be linked, and a call says why it cannot be.
#[test]
fn stand_ins_in_rust_say_what_they_stand_for() {
    let text = "(typename $errno (enum $ok $bad))
        (module $kv (@interface func (export \"get\") (param $key string)
          (result $r (expected (error $errno))))
          (@interface func (export \"size\") (result $r u8)))";
    let folder = tempfile::tempdir().unwrap();
    let bindings = generated(&parse("kv", text), "kv", Language::Rust).unwrap();
    let program = format!(
        "{bindings}\nfn main() {{\n    match std::env::args().nth(1).as_deref() {{\n        \
         None => {{}}\n        Some(\"get\") => drop(get(\"x\")),\n        \
         Some(_) => drop(size()),\n    }}\n}}\n"
    );
    let out = compiled(folder.path(), &program);
    passes(&mut Command::new(&out), "the program without a call");
    for name in ["get", "size"] {
        let output = Command::new(&out).arg(name).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success());
        assert!(
            said.contains(&format!("`{name}` of `kv` is only available on wasm32")),
            "{said}"
        );
    }
}

/// Whether a call failed is not passed over by accident.
#[test]
fn a_result_that_is_not_looked_at_is_a_warning_in_rust() {
    let text = "(typename $errno (enum $ok $bad)) (typename $size u32)
        (module $kv (@interface func (export \"put\") (result $r (expected (error $errno))))
          (@interface func (export \"get\") (result $r (expected $size (error $errno)))))";
    let bindings = generated(&parse("kv", text), "kv", Language::Rust).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let main = folder.path().join("main.rs");
    let compile = |statement: &str| {
        fs::write(&main, format!("{bindings}\nfn main() {{ {statement} }}\n")).unwrap();
        let mut rustc = tool("rustc");
        rustc
            .arg(&main)
            .args(["--edition", "2024", "-D", "warnings"]);
        rustc.args(["--emit", "metadata", "-o"]);
        let output = rustc.arg(folder.path().join("out")).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.success(), said)
    };
    for call in ["put()", "get()"] {
        let (passes, said) = compile(&format!("if {call}.is_err() {{ return; }}"));
        assert!(passes, "{said}");
        let (passes, said) = compile(&format!("{call};"));
        assert!(
            !passes && said.contains("unused `Result` that must be used"),
            "{said}"
        );
        assert_eq!(said.matches("error: ").count(), 2, "{said}");
    }
}
