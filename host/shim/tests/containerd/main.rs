//! Containers of real modules under a real containerd, which has to be installed; only root can run them.

mod harness;
mod manifests;
mod network;
mod policy;

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use wasi_experimental_http_test_server::{HELLO, TestServer, body_hash, fill_pattern};

use harness::{Containerd, Outcome};

/// Larger than all pieces on the way, whose last ones differ: a guest has 60 KiB, a pipe 64, ctr 32.
const BODY_BYTES: usize = 1_300_007;

fn guest(name: &str) -> std::path::PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../target/guests")
        .join(name);
    assert!(
        path.exists(),
        "{} is missing: run `cargo xtask guests` first",
        path.display()
    );
    path
}

/// The option of `ctr run` that is an annotation of a pod.
fn hosts(hosts: &str) -> [String; 2] {
    [
        "--annotation".to_owned(),
        format!("wasmtime-http.dev/allowed-hosts={hosts}"),
    ]
}

#[test]
fn guests_of_both_languages_run_as_containers() {
    let containerd = Containerd::start("");
    let server = TestServer::http().start();
    let [annotation, hosts] = hosts(&server.origin());
    let options = ["--net-host", &annotation, &hosts];
    let mut body = vec![0; BODY_BYTES];
    fill_pattern(0, &mut body);
    let sum = format!("{:016x}", body_hash(&body));
    for language in ["rust", "as"] {
        for (name, path, expected) in [
            ("post", "/post".to_owned(), "Does this actually work?"),
            ("download", format!("/chunked/{BODY_BYTES}"), sum.as_str()),
            ("upload", "/post".to_owned(), "200"),
        ] {
            let file = format!("{language}-{name}");
            for artifact in [false, true] {
                // How an image is made changes nothing of what the guest does.
                if artifact && name != "post" {
                    continue;
                }
                if artifact && !takes_artifacts(&containerd) {
                    continue;
                }
                let kind: &[&str] = if artifact { &["--artifact"] } else { &[] };
                let module = guest(&format!("{file}.wasm"));
                let image = containerd.image(&format!("{file}-{artifact}"), &module, kind);
                let url = server.url(&path);
                let size = BODY_BYTES.to_string();
                let arguments = [url.as_str(), &size];
                let count = if name == "upload" { 2 } else { 1 };
                let outcome = containerd.run(&file, &options, &image, &arguments[..count]);
                assert_eq!(
                    outcome.code,
                    Some(0),
                    "{file}: {outcome:?}\n{}",
                    containerd.log()
                );
                assert!(outcome.stdout.contains(expected), "{file}: {outcome:?}");
            }
        }
        assert!(server.last_request().is_some());
    }
    // Built for 0.10, years before this.
    let image = containerd.image("old", &guest("old-reactor.wasm"), &["--invoke", "0.10/get"]);
    let variable = format!("HTTP_URL={}", server.origin());
    let options = [
        &options[..],
        &["--env", &variable, "--env", "HTTP_PATH=/get"],
    ]
    .concat();
    let outcome = containerd.run("old", &options, &image, &[]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(outcome.stdout.contains(HELLO), "{outcome:?}");
    containerd.leaves_nothing();
}

/// containerd takes layers that are no archives from 1.6.25 and 1.7.7 on.
fn takes_artifacts(containerd: &Containerd) -> bool {
    let version = containerd.ok(&["version"]);
    let server = version.split("Server:").nth(1).unwrap_or_default();
    let number = server
        .split("Version:")
        .nth(1)
        .unwrap_or_default()
        .trim_start();
    let mut parts = number
        .trim_start_matches('v')
        .split(|c: char| !c.is_ascii_digit());
    let mut part = || {
        parts
            .next()
            .and_then(|it| it.parse::<u32>().ok())
            .unwrap_or(0)
    };
    match (part(), part(), part()) {
        (1, 6, patch) => patch >= 25,
        (1, 7, patch) => patch >= 7,
        (major, ..) => major >= 2,
    }
}

#[test]
fn a_module_is_compiled_once_for_a_node() {
    let containerd = Containerd::start("");
    let image = containerd.getter("three");
    for _ in 0..2 {
        containerd.run("once", &[], &image, &[]).is(3, "");
    }
    let content = containerd.ok(&["content", "list"]);
    let compiled = content
        .lines()
        .filter(|line| line.contains("runwasi.io/precompiled/wasmtime-http"))
        .count();
    assert!(compiled > 0, "{content}");
    let log = containerd.log();
    let compilations = log.matches("precompiling layers").count();
    assert!(compilations <= 1, "{log}");
    containerd.leaves_nothing();
}

#[test]
fn an_image_brings_no_native_code() {
    let containerd = Containerd::start("");
    let image = containerd.getter("three");
    let engine = wasmtime::Engine::default();
    let native = engine.precompile_module(b"\0asm\x01\0\0\0").unwrap();
    let native = containerd.write("native", native);
    // In the place of the module that was compiled.
    let mount = format!("type=bind,src={native},dst=/get.wasm,options=rbind:ro");
    containerd.run("before", &[], &image, &[]).is(3, "");
    let outcome = containerd.run("native", &["--mount", &mount], &image, &[]);
    outcome.is(1, "").says(&["native code"]);
    containerd.leaves_nothing();
}

#[test]
fn the_exit_code_and_the_output_are_those_of_the_module() {
    let containerd = Containerd::start("");
    let three = containerd.getter("three");
    containerd.run("three", &[], &three, &[]).is(3, "");
    let trap = containerd.getter("trap");
    containerd
        .run("trap", &[], &trap, &[])
        .is(134, "")
        .says(&["unreachable"]);

    // Nothing is lost at the end, and the host says what it has to say beside it.
    let server = TestServer::http().start();
    let image = containerd.getter("_start");
    let [annotation, hosts] = hosts(&server.origin());
    let url = server.url(&format!("/bytes/{BODY_BYTES}"));
    let options = ["--net-host", &annotation, &hosts];
    let outcome = containerd.run("long", &options, &image, &[&url]);
    assert_eq!((outcome.code, outcome.stdout_bytes), (Some(0), BODY_BYTES));
    let outcome = containerd.run("denied", &["--net-host"], &image, &[&url]);
    let advice = format!("wasmtime-http.dev/allowed-hosts: {}", server.origin());
    outcome.is(7, "").says(&["denied request to", &advice]);
    containerd.leaves_nothing();
}

#[test]
fn output_that_is_read_late_is_not_lost() {
    /// More than the pipes on the way and the reader between them hold, and less than one pipe more.
    const BYTES: usize = 150_001;

    let containerd = Containerd::start("");
    let server = TestServer::http().start();
    let image = containerd.getter("_start");
    let [annotation, hosts] = hosts(&server.origin());
    let options = ["--net-host", &annotation, &hosts];
    let url = server.url(&format!("/bytes/{BYTES}"));
    let mut command = containerd.run_command("late", &options, &image, &[&url]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = child.spawn().unwrap();
    containerd.until("the request is sent", || server.requests() > 0);
    // Long enough for a module to write all of it and to end.
    thread::sleep(std::time::Duration::from_secs(1));
    let outcome = Outcome::of(child.wait_with_output().unwrap());
    assert_eq!((outcome.code, outcome.stdout_bytes), (Some(0), BYTES));
    containerd.leaves_nothing();
}

#[test]
fn signals_end_a_container() {
    let containerd = Containerd::start("");
    let server = TestServer::http().start();
    let image = containerd.getter("_start");
    let forever = containerd.getter("forever");
    let [annotation, hosts] = hosts(&server.origin());
    let url = server.url("/hang");
    for (id, image, signal, code) in [
        ("term", &image, "SIGTERM", 143),
        ("kill", &image, "SIGKILL", 137),
        ("loop", &forever, "SIGTERM", 143),
    ] {
        let options = ["--net-host", &annotation, &hosts];
        let requests = server.requests();
        let arguments = [url.as_str()];
        let arguments = if id == "loop" {
            &[][..]
        } else {
            &arguments[..]
        };
        let mut command = containerd.run_command(id, &options, image, arguments);
        let child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        containerd.until("the container runs", || {
            let tasks = String::from_utf8(containerd.ctr(&["tasks", "list"]).stdout).unwrap();
            let is_running = tasks
                .lines()
                .any(|line| line.starts_with(id) && line.contains("RUNNING"));
            is_running && (id == "loop" || server.requests() > requests)
        });
        if id == "loop" {
            // It has no way to say that it is past its start.
            thread::sleep(std::time::Duration::from_millis(1000));
        }
        containerd.ok(&["tasks", "kill", "--signal", signal, id]);
        let outcome = Outcome::of(child.wait_with_output().unwrap());
        assert_eq!(outcome.code, Some(code), "{id}: {outcome:?}");
        containerd.leaves_nothing();
    }
}

#[test]
fn a_task_that_is_deleted_or_whose_shim_is_killed_leaves_nothing() {
    let containerd = Containerd::start("");
    let server = TestServer::http().start();
    let image = containerd.getter("_start");
    let [annotation, hosts] = hosts(&server.origin());
    let url = server.url("/hang");
    for id in ["delete", "orphan"] {
        let requests = server.requests();
        let options = ["--detach", "--null-io", "--net-host", &annotation, &hosts];
        let outcome = containerd.run(id, &options, &image, &[&url]);
        outcome.is(0, "");
        server.wait_for_requests(requests + 1);
        if id == "delete" {
            // It kills and waits, and may then be told for a moment that the task is running.
            containerd.until("the task is deleted", || {
                let deleted = containerd.ctr(&["tasks", "delete", "--force", id]);
                let says = String::from_utf8_lossy(&deleted.stderr);
                deleted.status.success() || says.contains("not found")
            });
        } else {
            let shim = containerd.shim(id).expect("the task has a shim");
            let socket = containerd.socket(id);
            assert!(socket.exists());
            let killed = Command::new("kill").args(["-KILL", &shim]).status();
            assert!(killed.unwrap().success());
            containerd.until("the socket is gone", || !socket.exists());
        }
        containerd.leaves_nothing();
    }
}

#[test]
fn a_container_has_the_memory_of_its_cgroup() {
    let containerd = Containerd::start("");
    let image = containerd.getter("grow");
    let outcome = containerd.run("enough", &["--memory-limit", "268435456"], &image, &[]);
    outcome.is(0, "1\n");
    let outcome = containerd.run("little", &["--memory-limit", "50331648"], &image, &[]);
    outcome.is(137, "");
    containerd.leaves_nothing();
}

#[test]
fn fifty_containers_run_at_once() {
    let containerd = Containerd::start("");
    let server = TestServer::http().start();
    let image = containerd.getter("_start");
    let [annotation, hosts] = hosts(&server.origin());
    let url = server.url("/get");
    thread::scope(|scope| {
        for number in 0..50 {
            let options = ["--net-host", &annotation, &hosts];
            let (containerd, image, url) = (&containerd, &image, &url);
            scope.spawn(move || {
                let id = format!("many-{number}");
                containerd.run(&id, &options, image, &[url]).is(0, HELLO);
            });
        }
    });
    containerd.leaves_nothing();
}
