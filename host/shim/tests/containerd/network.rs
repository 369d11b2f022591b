//! The network of a container: its namespace, its names, and whom it trusts.

use std::net::UdpSocket;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use wasi_experimental_http_test_server::{HELLO, TestCa, TestServer};

use crate::harness::Containerd;

/// The option of `ctr run` that puts a file in the place of one of the image.
pub fn mount(file: &str, place: &str) -> [String; 2] {
    [
        "--mount".to_owned(),
        format!("type=bind,src={file},dst={place},options=rbind:ro"),
    ]
}

/// A namespace of networks, with a server in it.
pub struct Namespace {
    name: String,
    server: Child,
}

impl Namespace {
    const PORT: u16 = 8080;

    pub fn start(directory: &std::path::Path, name: &str) -> Namespace {
        let name = format!("wasmtime-http-{name}-{}", std::process::id());
        let ip = |arguments: &[&str]| {
            let status = Command::new("ip").args(arguments).status().unwrap();
            assert!(status.success(), "ip {arguments:?}");
        };
        ip(&["netns", "add", &name]);
        ip(&["-n", &name, "link", "set", "lo", "up"]);
        let server = Command::new("ip")
            .args(["netns", "exec", &name, "python3", "-m", "http.server"])
            .args([
                &Self::PORT.to_string(),
                "--bind",
                "127.0.0.1",
                "--directory",
            ])
            .arg(directory)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Namespace { name, server }
    }

    /// It, as `--with-ns` of ctr takes it.
    pub fn option(&self) -> String {
        format!("network:/var/run/netns/{}", self.name)
    }

    /// Whether the server answers, as seen by another client.
    pub fn answers(&self) -> bool {
        let request = format!(
            "import urllib.request; urllib.request.urlopen('http://127.0.0.1:{}/')",
            Self::PORT
        );
        Command::new("ip")
            .args(["netns", "exec", &self.name, "python3", "-c", &request])
            .stderr(Stdio::null())
            .stdout(Stdio::null())
            .status()
            .unwrap()
            .success()
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
        let _ = Command::new("ip")
            .args(["netns", "delete", &self.name])
            .status();
    }
}

#[test]
fn requests_leave_from_the_container_s_own_network() {
    let containerd = Containerd::start("");
    let pages = containerd.path("pages");
    std::fs::create_dir(&pages).unwrap();
    std::fs::write(pages.join("hello"), HELLO).unwrap();
    let namespace = Namespace::start(&pages, "own");
    containerd.until("the server in the namespace answers", || {
        namespace.answers()
    });
    let image = containerd.getter("_start");
    let hosts = "wasmtime-http.dev/allowed-hosts=http://127.0.0.1:*";
    let url = format!("http://127.0.0.1:{}/hello", Namespace::PORT);
    let inside = namespace.option();
    let outcome = containerd.run(
        "inside",
        &["--with-ns", &inside, "--annotation", hosts],
        &image,
        &[&url],
    );
    outcome.is(0, HELLO);
    // The loopback of the host is another one.
    let server = TestServer::http().start();
    let outcome = containerd.run(
        "outside",
        &["--with-ns", &inside, "--annotation", hosts],
        &image,
        &[&server.url("/get")],
    );
    outcome.is(11, "").says(&["failed"]);
    assert_eq!(server.requests(), 0);
}

/// The network of the host. With `--net-host`, ctr mounts the host's files of names as well.
fn host_network() -> String {
    format!("network:/proc/{}/ns/net", std::process::id())
}

#[test]
fn names_are_those_of_the_container_s_files() {
    let containerd = Containerd::start("");
    let server = TestServer::http().start();
    let image = containerd.getter("_start");
    let network = host_network();
    let questions = serve_names();
    // A search domain, as the services of a cluster have it.
    let resolv = containerd.write(
        "resolv.conf",
        "nameserver 127.0.0.99\nsearch default.svc.test\noptions ndots:5\n",
    );
    let [mount_option, resolv_mount] = mount(&resolv, "/etc/resolv.conf");
    let file = containerd.write("hosts", "127.0.0.1 in-hosts.test\n");
    let [_, hosts_mount] = mount(&file, "/etc/hosts");
    let url = format!("http://in-hosts.test:{}/get", server.port());
    let hosts = format!(
        "wasmtime-http.dev/allowed-hosts=http://*.test:{}",
        server.port()
    );
    let private = "wasmtime-http.dev/allow-private=true";
    let base = [
        "--with-ns",
        &network,
        "--annotation",
        &hosts,
        &mount_option,
        &hosts_mount,
        &mount_option,
        &resolv_mount,
    ];
    let with_private = [&base[..], &["--annotation", private]].concat();
    containerd
        .run("hosts", &with_private, &image, &[&url])
        .is(0, HELLO);
    // The file comes first, before the search domains.
    assert_eq!(questions.load(Ordering::Relaxed), 0);
    // A private address has to be allowed, whoever says that a name leads there.
    let outcome = containerd.run("private", &base, &image, &[&url]);
    outcome.is(7, "").says(&["127.0.0.1", "allow-private"]);

    let hosts = format!(
        "wasmtime-http.dev/allowed-hosts=http://service:{}",
        server.port()
    );
    let options = [
        "--with-ns",
        &network,
        "--annotation",
        &hosts,
        "--annotation",
        private,
        &mount_option,
        &resolv_mount,
    ];
    let url = format!("http://service:{}/get", server.port());
    containerd
        .run("resolv", &options, &image, &[&url])
        .is(0, HELLO);
    assert_ne!(questions.load(Ordering::Relaxed), 0);
    containerd.leaves_nothing();
}

/// Starts a DNS server that knows one name, at 127.0.0.99, and counts the questions: its port is fixed,
/// since a name server in `resolv.conf` has none. systemd-resolved has 127.0.0.53 and 127.0.0.54.
fn serve_names() -> Arc<AtomicUsize> {
    let socket = UdpSocket::bind("127.0.0.99:53").expect("port 53 of 127.0.0.99 has to be free");
    let questions = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&questions);
    thread::spawn(move || {
        let mut buffer = [0; 512];
        while let Ok((length, client)) = socket.recv_from(&mut buffer) {
            counter.fetch_add(1, Ordering::Relaxed);
            let _ = socket.send_to(&answer(&buffer[..length]), client);
        }
    });
    questions
}

/// The answer to a question (RFC 1035, section 4): one address for one name, else that there is none.
fn answer(question: &[u8]) -> Vec<u8> {
    const NAME: &[u8] = b"\x07service\x07default\x03svc\x04test\0";
    let is_known = question[12..].starts_with(NAME);
    let end = 12 + question[12..].iter().position(|byte| *byte == 0).unwrap() + 5;
    let is_a = question[end - 4..end - 2] == [0, 1];
    let mut answer = question[..2].to_vec();
    let (code, answers) = if is_known {
        (0, u8::from(is_a))
    } else {
        (3, 0)
    };
    answer.extend([0x81, 0x80 | code, 0, 1, 0, answers, 0, 0, 0, 0]);
    answer.extend(&question[12..end]);
    if answers == 1 {
        // The name of the question, A, IN, for a minute, four bytes.
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
    }
    answer
}

#[test]
fn authorities_are_those_that_are_named_or_of_the_image_or_of_the_node() {
    let containerd = Containerd::start("");
    let ca = TestCa::new();
    let server = TestServer::https(&ca).start();
    let image = containerd.getter("_start");
    let file = containerd.write("ca.pem", ca.pem());
    let hosts = format!("wasmtime-http.dev/allowed-hosts={}", server.origin());
    let url = server.url("/get");
    let verbose = "wasmtime-http.dev/verbose=1";
    let base = [
        "--net-host",
        "--annotation",
        &hosts,
        "--annotation",
        verbose,
    ];
    let outcome = containerd.run("unknown", &base, &image, &[&url]);
    outcome.is(11, "").says(&["certificate"]);

    let [option, place] = mount(&file, "/ca.pem");
    let named = [
        &base[..],
        &[&option, &place, "--env", "SSL_CERT_FILE=/ca.pem"],
    ]
    .concat();
    let outcome = containerd.run("named", &named, &image, &[&url]);
    outcome.is(0, HELLO).says(&["SSL_CERT_FILE, /ca.pem"]);

    let [option, place] = mount(&file, "/etc/ssl/certs/ca-certificates.crt");
    let of_image = [&base[..], &[&option, &place]].concat();
    let outcome = containerd.run("image", &of_image, &image, &[&url]);
    outcome
        .is(0, HELLO)
        .says(&["ca-certificates.crt of the image"]);

    containerd.node(&format!("ca-file = [{file:?}]\n"));
    containerd.run("node", &base, &image, &[&url]).is(0, HELLO);

    let missing = [&base[..], &["--env", "SSL_CERT_FILE=/nowhere"]].concat();
    let outcome = containerd.run("missing", &missing, &image, &[&url]);
    outcome.is(1, "").says(&["SSL_CERT_FILE"]);
}
