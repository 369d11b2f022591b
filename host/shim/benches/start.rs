//! A module as a container of the shim beside a static program as a container of runc: how long they take
//! to start, to the answer to a request, and how much memory they have meanwhile.
//!
//! Both are images of one file, run by the same containerd with the same snapshotter, in turns. An image's
//! first start, which compiles the module, is not counted; what it takes is said.

#[allow(dead_code, reason = "the tests use the rest")]
#[path = "../tests/containerd/harness.rs"]
mod harness;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use harness::{Containerd, Image, RUNTIME};
use serde_json::json;
use sha2::{Digest, Sha256};
use wasi_experimental_http_test_server::TestServer;

/// A static program with a `wget`, of Debian's package busybox-static.
const BUSYBOX: &str = "/bin/busybox";

const RUNC: &str = "io.containerd.runc.v2";

const ROUNDS: usize = 21;

/// What is measured: a runtime, an image, and what a container of it is told.
struct Contestant<'a> {
    runtime: &'a str,
    image: &'a Image,
    /// What ends at once, and its exit code.
    nothing: Vec<String>,
    code_of_nothing: i32,
    /// What gets a URL, which follows.
    get: Vec<String>,
}

/// What a run has shown.
#[derive(Default)]
struct Figures {
    first: Duration,
    start: Vec<Duration>,
    /// To the request, and to the end.
    answer: Vec<[Duration; 2]>,
    /// Of the container, and with its shim.
    memory: Vec<[u64; 2]>,
}

fn main() {
    assert!(
        Path::new(BUSYBOX).exists(),
        "{BUSYBOX} is missing: apt-get install busybox-static runc"
    );
    let containerd = Containerd::start("");
    let server = TestServer::http().start();
    let busybox = busybox(&containerd);
    let guest =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/guests/rust-download.wasm");
    assert!(
        guest.exists(),
        "run `cargo xtask guests rust-download` first"
    );
    let module = containerd.image("download", &guest, &[]);
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let contestants = [
        Contestant {
            runtime: RUNC,
            image: &busybox,
            nothing: words(&["/bin/busybox", "true"]),
            code_of_nothing: 0,
            get: words(&["/bin/busybox", "wget", "-q", "-O", "-"]),
        },
        Contestant {
            runtime: RUNTIME,
            image: &module,
            // Without a URL it says so, and ends.
            nothing: words(&["/rust-download.wasm"]),
            code_of_nothing: 2,
            get: words(&["/rust-download.wasm"]),
        },
    ];
    let mut figures = [Figures::default(), Figures::default()];
    for round in 0..=ROUNDS {
        for (contestant, figures) in contestants.iter().zip(&mut figures) {
            let start = contestant.start(&containerd, &server);
            if round == 0 {
                figures.first = start;
                continue;
            }
            figures.start.push(start);
            figures.answer.push(contestant.answer(&containerd, &server));
        }
    }
    for (contestant, figures) in contestants.iter().zip(&mut figures) {
        for _ in 0..3 {
            figures.memory.push(contestant.memory(&containerd, &server));
        }
    }
    containerd.leaves_nothing();
    print(figures);
}

impl Contestant<'_> {
    /// A container of it; what it writes is of no interest.
    fn command(
        &self,
        containerd: &Containerd,
        server: &TestServer,
        id: &str,
        words: &[String],
    ) -> Command {
        let hosts = format!("wasmtime-http.dev/allowed-hosts={}", server.origin());
        let mut line = vec!["run", "--rm", "--runtime", self.runtime];
        line.extend(["--snapshotter", "native", "--net-host"]);
        line.extend(["--annotation", &hosts, &self.image.name, id]);
        line.extend(words.iter().map(String::as_str));
        let mut command = containerd.command(&line);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// From the start of a container to its end, for nothing.
    fn start(&self, containerd: &Containerd, server: &TestServer) -> Duration {
        let start = Instant::now();
        let mut command = self.command(containerd, server, "start", &self.nothing);
        let status = command.status().unwrap();
        let time = start.elapsed();
        assert_eq!(status.code(), Some(self.code_of_nothing), "{command:?}");
        time
    }

    /// From the start of a container to the end of one that has got an answer.
    fn answer(&self, containerd: &Containerd, server: &TestServer) -> [Duration; 2] {
        let words = [&self.get[..], &[server.url("/get")]].concat();
        let requests = server.requests();
        let start = Instant::now();
        let mut command = self.command(containerd, server, "answer", &words);
        let mut child = command.spawn().unwrap();
        server.wait_for_requests(requests + 1);
        let answered = start.elapsed();
        assert!(child.wait().unwrap().success(), "{command:?}");
        [answered, start.elapsed()]
    }

    /// Bytes that the process of a container has while it waits for an answer, and those that it and its
    /// shim have. Pages that processes share are divided among them.
    fn memory(&self, containerd: &Containerd, server: &TestServer) -> [u64; 2] {
        let words = [&self.get[..], &[server.url("/hang")]].concat();
        let requests = server.requests();
        let mut command = self.command(containerd, server, "memory", &words);
        let mut child = command.spawn().unwrap();
        server.wait_for_requests(requests + 1);
        let tasks = containerd.ok(&["tasks", "list"]);
        let task = tasks.lines().find(|line| line.starts_with("memory"));
        let process = task
            .and_then(|line| line.split_whitespace().nth(1))
            .unwrap();
        let process: u32 = process.parse().unwrap();
        let container = proportional(process);
        let of_shim = processes_of("memory").filter(|it| *it != process);
        let all = container + of_shim.map(proportional).sum::<u64>();
        containerd.ok(&["tasks", "kill", "--signal", "SIGKILL", "memory"]);
        child.wait().unwrap();
        [container, all]
    }
}

/// The processes of a container's shim.
fn processes_of(id: &str) -> impl Iterator<Item = u32> {
    let of_shim = ["-id", id].map(str::to_owned);
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes.filter_map(move |process| {
        let line = fs::read(process.path().join("cmdline")).ok()?;
        let line = String::from_utf8_lossy(&line).into_owned();
        let words: Vec<String> = line.split('\0').map(str::to_owned).collect();
        let is_of_shim =
            words[0].contains("containerd-shim") && words.windows(2).any(|words| words == of_shim);
        is_of_shim.then(|| process.file_name().to_str()?.parse().ok())?
    })
}

/// The proportional set size of a process, in bytes.
fn proportional(process: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.map_or(0, |number| number.parse::<u64>().unwrap() * 1024)
}

/// An image of busybox, as the container images of others are.
fn busybox(containerd: &Containerd) -> Image {
    let mut layer = tar::Builder::new(Vec::new());
    append(
        &mut layer,
        "bin/busybox",
        &fs::read(BUSYBOX).unwrap(),
        0o755,
    );
    let layer = layer.into_inner().unwrap();
    let mut archive = tar::Builder::new(Vec::new());
    let mut blob = |media_type: &str, bytes: &[u8]| {
        let digest = Sha256::digest(bytes);
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        append(
            &mut archive,
            &format!("blobs/sha256/{digest}"),
            bytes,
            0o644,
        );
        json!({
            "mediaType": format!("application/vnd.oci.image.{media_type}"),
            "digest": format!("sha256:{digest}"),
            "size": bytes.len(),
        })
    };
    let layer = blob("layer.v1.tar", &layer);
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let config = json!({
        "architecture": architecture,
        "os": "linux",
        "config": {},
        "rootfs": { "type": "layers", "diff_ids": [layer["digest"]] },
    });
    let config = blob("config.v1+json", config.to_string().as_bytes());
    let manifest = json!({ "schemaVersion": 2, "config": config, "layers": [layer] });
    let mut manifest = blob("manifest.v1+json", manifest.to_string().as_bytes());
    let name = "localhost/busybox:latest";
    manifest["annotations"] = json!({ "io.containerd.image.name": name });
    let index = json!({ "schemaVersion": 2, "manifests": [manifest] });
    let layout = r#"{"imageLayoutVersion": "1.0.0"}"#;
    append(
        &mut archive,
        "index.json",
        index.to_string().as_bytes(),
        0o644,
    );
    append(&mut archive, "oci-layout", layout.as_bytes(), 0o644);
    let file = containerd.write("busybox.tar", archive.into_inner().unwrap());
    containerd.ok(&["images", "import", "--snapshotter", "native", &file]);
    Image {
        name: name.to_owned(),
        entry: "/bin/busybox".to_owned(),
    }
}

fn append(archive: &mut tar::Builder<Vec<u8>>, path: &str, bytes: &[u8], mode: u32) {
    let mut header = tar::Header::new_gnu();
    header.set_mode(mode);
    header.set_size(bytes.len() as u64);
    archive.append_data(&mut header, path, bytes).unwrap();
}

/// What a row of the table is of.
type Times = fn(&Figures) -> Vec<Duration>;

fn print([runc, shim]: [Figures; 2]) {
    println!("| | runc, busybox | shim, Rust guest | ratio |");
    println!("| --- | ---: | ---: | ---: |");
    let times = |figures: &Figures, of: Times| median(of(figures)).as_secs_f64() * 1000.0;
    let rows: [(&str, Times); 4] = [
        ("first start of an image", |it| vec![it.first]),
        ("`ctr run` of what does nothing", |it| it.start.clone()),
        ("from `ctr run` to the request", |it| {
            it.answer.iter().map(|it| it[0]).collect()
        }),
        ("`ctr run` of what gets an answer", |it| {
            it.answer.iter().map(|it| it[1]).collect()
        }),
    ];
    for (name, of) in rows {
        let (base, ours) = (times(&runc, of), times(&shim, of));
        println!(
            "| {name} | {base:.0} ms | {ours:.0} ms | {:.2} |",
            ours / base
        );
    }
    for (index, name) in ["memory of the container", "with its shim"]
        .into_iter()
        .enumerate()
    {
        let mib = |figures: &Figures| {
            let values = figures.memory.iter().map(|it| it[index]).collect();
            median::<u64>(values) as f64 / 1024.0 / 1024.0
        };
        let (base, ours) = (mib(&runc), mib(&shim));
        println!(
            "| {name} | {base:.1} MiB | {ours:.1} MiB | {:.2} |",
            ours / base
        );
    }
}

fn median<T: Ord + Copy>(mut values: Vec<T>) -> T {
    values.sort_unstable();
    values[values.len() / 2]
}
