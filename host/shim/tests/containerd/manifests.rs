//! The files of the page for Kubernetes: what they say of images, arguments and annotations runs.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;
use wasi_experimental_http_test_server::{TestCa, TestServer};

use crate::guest;
use crate::harness::{Containerd, Image, Outcome};
use crate::network::{Namespace, mount};

/// What a manifest says of its pods, of which each has one container.
struct Pod {
    annotations: Vec<(String, String)>,
    image: String,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
}

impl Pod {
    /// Of a manifest of the page, in which the pod's template is at this place.
    fn read(file: &str, template: &str) -> Pod {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests");
        let text = fs::read_to_string(folder.join(file)).unwrap();
        let manifest: Value = serde_yaml_ng::from_str(&text).expect(file);
        let template = manifest.pointer(template).expect(file);
        let container = &template["spec"]["containers"][0];
        let text = |value: &Value| value.as_str().expect(file).to_owned();
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let annotations = template["metadata"]["annotations"].as_object().expect(file);
        Pod {
            annotations: annotations
                .iter()
                .map(|(name, value)| (name.clone(), text(value)))
                .collect(),
            image: text(&container["image"]),
            arguments: list(&container["args"]).iter().map(text).collect(),
            variables: list(&container["env"])
                .iter()
                .map(|it| (text(&it["name"]), text(&it["value"])))
                .collect(),
        }
    }

    /// Runs it to its end, with these options besides.
    fn run(&self, containerd: &Containerd, image: &Image, options: &[&str], url: &str) -> Outcome {
        let mut line: Vec<String> = options.iter().map(|it| (*it).to_owned()).collect();
        for (name, value) in &self.annotations {
            line.extend(["--annotation".to_owned(), format!("{name}={value}")]);
        }
        for (name, value) in &self.variables {
            line.extend(["--env".to_owned(), format!("{name}={value}")]);
        }
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        containerd.run("pod", &line, image, &[url])
    }
}

/// A proxy that leads all connections to this port, and the first lines of what it was asked.
fn proxy(port: u16) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = asked.clone();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let log = log.clone();
            thread::spawn(move || lead(client, port, &log));
        }
    });
    (url, asked)
}

fn lead(mut client: TcpStream, port: u16, asked: &Mutex<Vec<String>>) -> io::Result<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        client.read_exact(&mut byte)?;
        head.extend(byte);
    }
    let head = String::from_utf8_lossy(&head);
    asked
        .lock()
        .unwrap()
        .extend(head.lines().next().map(str::to_owned));
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    let server = TcpStream::connect(("127.0.0.1", port))?;
    let (mut from, mut to) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
    io::copy(&mut &server, &mut client)?;
    client.shutdown(Shutdown::Write)
}

#[test]
fn the_pods_of_the_page_run_behind_the_node_s_proxy_with_its_certificate() {
    let containerd = Containerd::start("");
    let ca = TestCa::new();
    let certificate = ca.certificate_for(&["example.com"]).asking(&ca, true);
    let server = TestServer::http().certificate(certificate).start();
    let (proxy, asked) = proxy(server.port());
    let authority = containerd.write("ca.pem", ca.pem());
    let (certificate, key) = ca.client_certificate("node");
    let client = containerd.write("client.pem", format!("{certificate}{key}"));
    let node = format!("proxy = {proxy:?}\nca-file = [{authority:?}]\n");
    let network = format!("network:/proc/{}/ns/net", std::process::id());
    let options = ["--with-ns", network.as_str()];
    let module = guest("rust-download.wasm");
    for (file, template) in [
        ("pod.yaml", ""),
        ("job.yaml", "/spec/template"),
        ("cron-job.yaml", "/spec/jobTemplate/spec/template"),
    ] {
        let pod = Pod::read(file, template);
        let image = containerd.named_image(&pod.image, &module, &[]);
        let [url] = &pod.arguments[..] else {
            panic!("{file} has one argument");
        };
        // The server wants to see the certificate of the node.
        containerd.node(&node);
        let outcome = pod.run(&containerd, &image, &options, url);
        assert_ne!(outcome.code, Some(0), "{file}: {outcome:?}");
        containerd.node(&format!("{node}client-cert = [{client:?}]\n"));
        let outcome = pod.run(&containerd, &image, &options, url);
        assert_eq!(outcome.code, Some(0), "{file}: {outcome:?}");
        assert!(outcome.stdout.contains("status: "), "{file}: {outcome:?}");
        let lines = std::mem::take(&mut *asked.lock().unwrap());
        assert!(
            lines
                .iter()
                .all(|it| it == "CONNECT example.com:443 HTTP/1.1")
                && !lines.is_empty(),
            "{file}: {lines:?}"
        );
        // The annotation allows this host, and no other one.
        let outcome = pod.run(&containerd, &image, &options, "https://example.org/");
        outcome.says(&["denied request to https://example.org/"]);
        assert_eq!(*asked.lock().unwrap(), Vec::<String>::new(), "{file}");
    }
    containerd.leaves_nothing();
}

#[test]
fn the_deployment_of_the_page_reaches_a_service_of_the_cluster() {
    let containerd = Containerd::start("");
    let pages = containerd.path("pages");
    fs::create_dir(&pages).unwrap();
    fs::write(pages.join("jobs"), "none").unwrap();
    let namespace = Namespace::start(&pages, "service");
    containerd.until("the server in the namespace answers", || {
        namespace.answers()
    });
    let pod = Pod::read("deployment.yaml", "/spec/template");
    let image = containerd.named_image(&pod.image, &guest("rust-download.wasm"), &[]);
    let [(_, queue)] = &pod.variables[..] else {
        panic!("the deployment has one variable");
    };
    let hosts = containerd.write("hosts", "127.0.0.1 queue.default.svc.cluster.local\n");
    let [option, file] = mount(&hosts, "/etc/hosts");
    let inside = namespace.option();
    let options = ["--with-ns", &inside, &option, &file];
    let outcome = pod.run(&containerd, &image, &options, &format!("{queue}/jobs"));
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(outcome.stdout.contains("bytes: 4\n"), "{outcome:?}");
    containerd.leaves_nothing();
}
