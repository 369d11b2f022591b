//! `--config` and `--print-config`: options in a file.

use wasi_experimental_http_test_server::{HELLO, TestServer};

use crate::harness::Directory;

const DESTINATION_NOT_ALLOWED: i32 = 7;
const INVALID_URL: i32 = 10;

#[test]
fn a_file_has_what_the_command_line_could_have() {
    let server = TestServer::http().start();
    let origin = server.origin();
    let directory = Directory::getter(&server.url("/get"));
    let text = format!(
        r#"
        # What this plugin may do.
        allowed-host = ["https://example.com", "GET {origin}/get"]
        max-url-length = 1000
        timeout = "1m"
        max-memory = "64MiB"
        allow-private = false
        no-cache = true

        [env]
        NAME = "a=b"

        [header."{origin}"]
        x-two = "${{TOKEN}}"
        "#
    );
    directory.write("config.toml", text);
    directory
        .run_with(
            &["--config", "config.toml", "guest.wat"],
            &[("TOKEN", "t")],
            b"",
        )
        .prints(HELLO);
    let request = server.last_request().unwrap();
    assert_eq!(request.header_text("x-two").as_deref(), Some("t"));
    // The limits hold.
    directory.write(
        "strict.toml",
        format!("allowed-host = \"{origin}\"\nmax-url-length = 10\nverbose = 1\n"),
    );
    let outcome = directory.run(&["--config", "strict.toml", "guest.wat"]);
    assert_eq!(outcome.code, Some(INVALID_URL));
    assert!(outcome.stderr.contains("req"), "{}", outcome.stderr);
}

#[test]
fn the_command_line_counts_rather_than_the_file_and_lists_add_up() {
    let server = TestServer::http().start();
    let origin = server.origin();
    let directory = Directory::getter(&server.url("/get"));
    directory.write(
        "config.toml",
        "max-url-length = 10\nallowed-host = \"deny:10.0.0.0/8\"\n",
    );
    let config = ["--config=config.toml"];
    let run = |options: &[&str]| directory.run(&[&config, options, &["guest.wat"]].concat());
    run(&["-a", &origin]).fails(INVALID_URL, &[]);
    run(&["-a", &origin, "--max-url-length=100"]).prints(HELLO);
    run(&["--max-url-length=100"]).fails(DESTINATION_NOT_ALLOWED, &["not in the allowed hosts"]);
    directory.write("deny.toml", "allowed-host = \"deny:127.0.0.1\"\n");
    directory
        .run(&["--config=deny.toml", "-a", &origin, "guest.wat"])
        .fails(DESTINATION_NOT_ALLOWED, &["deny:127.0.0.1 denies it"]);
}

#[test]
fn what_is_wrong_with_a_file_is_said_with_its_line() {
    let directory = Directory::getter("http://127.0.0.1:1/");
    let cases = [
        ("timeout = ", ":1:11: ", ""),
        (
            "\n\nalowed-host = \"x\"",
            ":3:1: ",
            "there is \"allowed-host\"",
        ),
        ("nonsense = 1", ":1:1: ", "--help"),
        ("config = \"other.toml\"", ":1:1: ", "no option"),
        (
            "timeout = \"30s\"\nmax-redirects = \"many\"",
            ":2:17: ",
            "--max-redirects",
        ),
        (
            "timeout = [\"30s\"]",
            ":1:11: ",
            "expected a text or a number",
        ),
        (
            "allowed-host = [\n  \"https://a.example\",\n  \"b.example\"\n]",
            ":3:3: ",
            "no scheme",
        ),
        ("allowed-host = 1\n", ":1:16: ", "no scheme"),
        (
            "allow-private = \"yes\"",
            ":1:17: ",
            "expected true or false",
        ),
        ("verbose = \"very\"", ":1:11: ", "a small number"),
        ("[env]\nA = 1", ":2:5: ", "expected a text"),
        (
            "[header]\nhost = \"a\"",
            ":2:8: ",
            "a table of header fields",
        ),
        (
            "[header.\"http://127.0.0.1:1\"]\na = \"SECRET${NO_SUCH_VARIABLE}\"",
            ":2:5: ",
            "NO_SUCH_VARIABLE",
        ),
        ("timeout = 1\ntimeout = 2", ":2:1: ", "duplicate"),
        ("[limits]\ntimeout = 1", ":1:2: ", "no option"),
    ];
    for (text, place, why) in cases {
        directory.write("bad.toml", text);
        let place = format!("bad.toml{place}");
        let outcome = directory
            .run(&["--config", "bad.toml", "guest.wat"])
            .fails(2, &[&place, why]);
        assert!(!outcome.stderr.contains("SECRET"), "{}", outcome.stderr);
    }
    directory
        .run(&["--config", "missing.toml", "guest.wat"])
        .fails(2, &["missing.toml", "cannot read"]);
}

#[test]
fn what_is_printed_is_read_again() {
    let directory = Directory::new();
    let options = [
        "-a",
        "https://example.com",
        "-a=GET https://b.example/\"v1\"/",
        "--header",
        "https://example.com=x-key: $$\\'\"",
        "--timeout=30s",
        "--allow-private",
        "--max-redirects=3",
        "--whole-bodies",
        "-vv",
        "--print-config",
    ];
    let printed = directory.run(&options);
    assert_eq!((printed.code, &*printed.stderr), (Some(0), ""));
    for line in [
        "timeout = \"30s\"",
        "allow-private = true",
        "verbose = 2",
        "# read-timeout = \"60s\"",
        "# no-cache = false",
    ] {
        let is_there = printed.stdout.lines().any(|it| it == line);
        assert!(is_there, "no {line} in {}", printed.stdout);
    }
    directory.write("config.toml", &printed.stdout);
    let again = directory.run(&["--config=config.toml", "--print-config"]);
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    assert_eq!(again.stdout, printed.stdout);
    // With all comments taken away it is the defaults, where there are any.
    let bare = directory.run(&["--print-config"]);
    // That of the log wants one.
    let defaults = bare.stdout.replace("# ", "");
    let defaults = defaults.replace("verbose = 0", "verbose = 1");
    let with_value = |line: &&str| !line.ends_with("=");
    let defaults: Vec<&str> = defaults.lines().filter(with_value).collect();
    directory.write("defaults.toml", defaults.join("\n"));
    let outcome = directory.run(&["--config=defaults.toml", "--print-config"]);
    assert_eq!((outcome.code, &*outcome.stderr), (Some(0), ""));
    let help = directory.run(&["--help"]).stdout;
    for line in bare.stdout.lines() {
        let option = line.trim_start_matches("# ").split(' ').next().unwrap();
        assert!(help.contains(&format!("--{option}")), "{option}");
    }
    assert!(bare.stdout.lines().count() > 30, "{}", bare.stdout);
}
