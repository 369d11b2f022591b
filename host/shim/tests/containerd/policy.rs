//! The three levels of policy, each narrowing the one above.

use wasi_experimental_http_test_server::{HELLO, TestServer};

use crate::harness::Containerd;

#[test]
fn each_level_narrows_and_none_widens() {
    let containerd = Containerd::start("");
    let server = TestServer::http().start();
    let image = containerd.getter("_start");
    let url = server.url("/get");
    let node = |entry: &str| format!("allowed-host = [\"{entry}\"]\n");
    let annotation = |entry: &str| format!("wasmtime-http.dev/allowed-hosts={entry}");
    let variable = |entry: &str| format!("WASMTIME_HTTP_ALLOWED_HOSTS={entry}");
    let (this, other) = (server.origin(), "http://127.0.0.1:1".to_owned());
    let all = "insecure:allow-all".to_owned();
    // What each level says, and whether the request is sent; else what denies it.
    let cases: [([&str; 3], Result<(), &str>); 11] = [
        (["", "", ""], Err("not in the allowed hosts")),
        ([&this, "", ""], Ok(())),
        (["", &this, ""], Ok(())),
        (["", "", &this], Ok(())),
        ([&this, &all, &all], Ok(())),
        ([&all, &this, &this], Ok(())),
        ([&this, &other, ""], Err("not in the allowed hosts")),
        ([&all, &all, &other], Err("not in the allowed hosts")),
        ([&other, &this, ""], Err("shim.toml")),
        ([&all, &other, &this], Err("the annotations of the pod")),
        (["deny:127.0.0.1", &this, ""], Err("denies it")),
    ];
    for (number, ([of_node, of_pod, of_container], expected)) in cases.into_iter().enumerate() {
        containerd.node(&if of_node.is_empty() {
            String::new()
        } else {
            node(of_node)
        });
        let (annotation, variable) = (annotation(of_pod), variable(of_container));
        let mut options = vec!["--net-host"];
        if !of_pod.is_empty() {
            options.extend(["--annotation", &annotation]);
        }
        if !of_container.is_empty() {
            options.extend(["--env", &variable]);
        }
        let requests = server.requests();
        let outcome = containerd.run(&format!("policy-{number}"), &options, &image, &[&url]);
        match expected {
            Ok(()) => {
                outcome.is(0, HELLO);
            }
            Err(text) => {
                outcome.is(7, "").says(&[text]);
                assert_eq!(server.requests(), requests);
            }
        }
    }
}

#[test]
fn limits_are_the_smallest_of_all_levels() {
    let containerd = Containerd::start("max-response-body = \"1KiB\"\n");
    let server = TestServer::http().start();
    let image = containerd.getter("_start");
    let hosts = format!("wasmtime-http.dev/allowed-hosts={}", server.origin());
    let url = server.url("/bytes/2000");
    for limit in ["none", "10KiB", "1B"] {
        let limit = format!("wasmtime-http.dev/max-response-body={limit}");
        let options = ["--net-host", "--annotation", &hosts, "--annotation", &limit];
        let outcome = containerd.run("limit", &options, &image, &[&url]);
        assert_ne!(outcome.code, Some(0), "{limit}: {outcome:?}");
    }
    containerd.node("");
    let options = ["--net-host", "--annotation", &hosts];
    let outcome = containerd.run("limit", &options, &image, &[&url]);
    assert_eq!((outcome.code, outcome.stdout_bytes), (Some(0), 2000));
}

#[test]
fn a_malformed_rule_stops_the_container_and_says_so() {
    let containerd = Containerd::start("");
    let image = containerd.getter("three");
    let annotation = [
        "--annotation",
        "wasmtime-http.dev/allowed-hosts=example.com",
    ];
    let variable = ["--env", "WASMTIME_HTTP_MAX_MEMORY=lots"];
    let unknown = ["--annotation", "wasmtime-http.dev/allow-everything=true"];
    for (options, expected) in [
        (annotation, "annotation wasmtime-http.dev/allowed-hosts: "),
        (variable, "variable WASMTIME_HTTP_MAX_MEMORY: "),
        (
            unknown,
            "annotation wasmtime-http.dev/allow-everything: there is no such option",
        ),
    ] {
        // It is what containerd gives to whoever asked for the container.
        let outcome = containerd.run("malformed", &options, &image, &[]);
        assert_eq!(outcome.code, Some(1), "{outcome:?}");
        outcome.says(&[expected, "start failed"]);
    }
    containerd.node("max-memory = \"lots\"\n");
    let outcome = containerd.run("malformed", &[], &image, &[]);
    outcome.says(&["shim.toml:1:14"]);
    containerd.node("");
    containerd.run("well-formed", &[], &image, &[]).is(3, "");
    containerd.leaves_nothing();
}
