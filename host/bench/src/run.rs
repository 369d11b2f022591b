//! Starts servers and clients, pinned, in turns, and compares them.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;
use std::{env, fs};

use ureq::tls::TlsConfig;
use wasmtime::error::Context;
use wasmtime::{Result, ensure};

use crate::measure::median;
use crate::report::{self, Row};
use crate::{client, connections};

#[derive(clap::Args)]
pub struct RunArgs {
    /// The directory of the guests
    #[arg(long)]
    guests: PathBuf,
    /// The binary `wasmtime-http`
    #[arg(long)]
    wasmtime_http: Option<PathBuf>,
    /// What criterion estimates of the generator with the document of WASI preview 1
    #[arg(long)]
    preview1: Option<PathBuf>,
    /// Where the table and the plot are written
    #[arg(long)]
    out: PathBuf,
    /// Fewer and shorter rounds, for a first look
    #[arg(long)]
    pub quick: bool,
    /// Only what has this in its name
    #[arg(long)]
    only: Option<String>,
    /// What grows, in place of the figures
    #[arg(long)]
    curves: bool,
    #[command(flatten)]
    pub peers: PeersArgs,
}

/// What is needed of the peers.
#[derive(clap::Args)]
pub struct PeersArgs {
    /// The program of `host/bench/peers`: measures beside peers, in place of the figures
    #[arg(long = "peers", requires = "extism")]
    pub program: Option<PathBuf>,
    /// The C library of Extism
    #[arg(long)]
    pub extism: Option<PathBuf>,
}

impl PeersArgs {
    /// Whether peers are to be measured.
    pub fn are_given(&self) -> bool {
        self.program.is_some()
    }
}

pub const MIB: u64 = 1024 * 1024;

/// Which cores the server and the client run on.
#[derive(Clone, Copy)]
pub struct Cores {
    pub name: &'static str,
    server: &'static str,
    pub client: &'static str,
}

pub const ONE: Cores = Cores {
    name: "one core",
    server: "0",
    client: "0",
};

pub const TWO: Cores = Cores {
    name: "two cores",
    server: "0",
    client: "1",
};

pub fn run(arguments: &RunArgs) -> Result<()> {
    let bench = Bench {
        arguments,
        rounds: if arguments.quick { 3 } else { 9 },
        batches: if arguments.quick { 3 } else { 15 },
    };
    let mut rows = Vec::new();
    let mut beside_peers = String::new();
    let (name, plot, measured) = if arguments.peers.are_given() {
        let measured = bench.peers(&mut rows, &mut beside_peers);
        beside_peers.push('\n');
        ("peers.md", "peers.svg", measured)
    } else if arguments.curves {
        ("curves.md", "curves.svg", bench.curves(&mut rows))
    } else {
        ("table.md", "plot.svg", bench.all(&mut rows))
    };
    // What was measured before something failed is of use, too.
    let table = beside_peers + &report::table(&rows);
    println!("\n{table}");
    fs::create_dir_all(&arguments.out)?;
    fs::write(arguments.out.join(name), &table)?;
    fs::write(arguments.out.join(plot), report::plot(&rows))?;
    println!("The table and a plot are in {}.", arguments.out.display());
    measured
}

pub struct Bench<'a> {
    pub arguments: &'a RunArgs,
    /// How often native and guest are run, in turns.
    rounds: usize,
    /// How often each of these runs repeats its requests.
    batches: usize,
}

/// How many small requests a batch has, and how many for each thread at least.
const GETS: u64 = 2_000;
const GETS_OF_A_THREAD: u64 = 100;

/// Small requests, one after the other on each thread.
#[derive(Clone, Copy)]
struct Gets<'a> {
    work: &'a str,
    guest: &'a str,
    path: &'a str,
    threads: u64,
    tls: bool,
}

/// A server that ends with this value.
pub struct Server {
    child: Child,
    pub origin: String,
    ca_file: Option<PathBuf>,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    pub fn start(cores: Cores, tls: bool) -> Result<Server> {
        let mut command = pinned(cores.server, &env::current_exe()?);
        command
            .arg("server")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let ca_file =
            tls.then(|| env::temp_dir().join(format!("bench-ca-{}.pem", std::process::id())));
        if let Some(path) = &ca_file {
            command.arg("--ca-file").arg(path);
        }
        let mut child = command
            .spawn()
            .context("cannot start taskset; is it installed?")?;
        let mut port = String::new();
        BufReader::new(child.stdout.take().context("stdout is piped")?).read_line(&mut port)?;
        let scheme = if tls { "https" } else { "http" };
        Ok(Server {
            child,
            origin: format!("{scheme}://127.0.0.1:{}", port.trim()),
            ca_file,
        })
    }
}

impl Server {
    /// How many connections were made to it, with the one that this takes.
    fn connections(&self) -> Result<u64> {
        let tls = match &self.ca_file {
            None => TlsConfig::default(),
            Some(path) => client::tls(path)?,
        };
        let config = ureq::Agent::config_builder()
            .proxy(None)
            .tls_config(tls)
            .build();
        let agent = ureq::Agent::new_with_config(config);
        let mut response = agent.get(format!("{}/connections", self.origin)).call()?;
        Ok(response.body_mut().read_to_vec()?.len() as u64)
    }
}

pub fn pinned(cores: &str, program: &Path) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", cores]).arg(program);
    command
}

/// What a client measured: seconds, and the peak of its memory in KiB.
#[derive(Clone, Copy)]
pub struct Measured {
    pub seconds: f64,
    pub memory: f64,
}

impl Measured {
    /// What a client printed.
    pub fn parse(text: &str) -> Result<Measured> {
        let mut figures = text.split_whitespace().map(str::parse::<f64>);
        let mut next = || figures.next().context("a client prints two figures");
        Ok(Measured {
            seconds: next()??,
            memory: next()??,
        })
    }
}

impl Bench<'_> {
    fn all(&self, rows: &mut Vec<Row>) -> Result<()> {
        let rust = Gets {
            work: "get",
            guest: "rust-bench",
            path: "/get",
            threads: 1,
            tls: false,
        };
        let assembly_script = Gets {
            guest: "as-bench",
            ..rust
        };
        for cores in [ONE, TWO] {
            self.gets(rows, "GETs of 64 B, Rust", rust, cores, 1.05)?;
        }
        for cores in [ONE, TWO] {
            self.gets(
                rows,
                "GETs of 64 B, AssemblyScript",
                assembly_script,
                cores,
                1.5,
            )?;
        }
        for cores in [ONE, TWO] {
            self.rate(rows, "response body", "download", 256, cores, 1.0)?;
        }
        for cores in [ONE, TWO] {
            self.rate(rows, "request body", "upload", 64, cores, 1.0)?;
            self.rate(rows, "request body", "upload", 256, cores, 0.9)?;
        }
        self.memory(rows)?;
        self.idle_origins(rows)?;
        self.connections(rows)?;
        self.micro(rows)?;
        let fresh = Gets {
            work: "fresh",
            ..rust
        };
        for (cores, limit) in [(ONE, 1.4), (TWO, 1.3)] {
            self.gets(rows, "a fresh store for each GET", fresh, cores, limit)?;
        }
        for threads in [1, 2, 8, 64] {
            let many = Gets { threads, ..rust };
            let what = format!("GETs by guests on threads: {threads}");
            for cores in [ONE, TWO] {
                // A throughput of nine tenths, and more where it grows.
                let limit = if threads == 64 { 1.1 } else { 1.0 / 0.9 };
                self.gets(rows, &what, many, cores, limit)?;
            }
        }
        for threads in [8, 64] {
            let parallel = Gets {
                work: "parallel",
                threads,
                ..rust
            };
            let what = format!("GETs by one guest, at once: {threads}");
            for cores in [ONE, TWO] {
                self.gets(rows, &what, parallel, cores, 1.15)?;
            }
        }
        for cores in [ONE, TWO] {
            let what = "`request_start` and `response_wait`, against `req`";
            self.against_req(rows, what, "started", cores, 1.6)?;
            let what = "GETs in an asynchronous store, against a synchronous one";
            self.against_req(rows, what, "async", cores, 1.6)?;
            let what = "request body, written in pieces";
            self.rate(rows, what, "stream", 256, cores, 0.9)?;
        }
        let https = Gets { tls: true, ..rust };
        for cores in [ONE, TWO] {
            self.gets(rows, "HTTPS GETs", https, cores, 1.1)?;
        }
        self.start(rows)?;
        self.sizes(rows)?;
        self.codegen(rows)?;
        Ok(())
    }

    /// What a request costs where something grows.
    fn curves(&self, rows: &mut Vec<Row>) -> Result<()> {
        for (what, option, numbers, limit) in [
            ("idle origins", "--idle-origins", ["16", "64", "255"], 1.2),
            (
                "allowed hosts",
                "--allowed-hosts",
                ["100", "1000", "10000"],
                1.05,
            ),
            (
                "denied hosts",
                "--denied-hosts",
                ["100", "1000", "10000"],
                1.05,
            ),
        ] {
            for number in numbers {
                let what = format!("a GET with {number} {what}, against 1");
                self.guests(rows, &what, ONE, (limit, "with 1"), |many| {
                    vec!["get", option, if many { number } else { "1" }]
                })?;
            }
        }
        for (number, limit) in [(1, 1.1), (16, 1.12), (100, 1.12)] {
            let what = format!("a GET with {number} header fields both ways");
            let path = format!("/headers/{number}");
            let headers = Gets {
                work: "headers",
                guest: "rust-bench",
                path: &path,
                threads: 1,
                tls: false,
            };
            self.gets(rows, &what, headers, ONE, limit)?;
        }
        for threads in [1, 8, 64, 512] {
            let what = format!("GETs by guests on threads: {threads}");
            let gets = Gets {
                work: "get",
                guest: "rust-bench",
                path: "/get",
                threads,
                tls: false,
            };
            for cores in [ONE, TWO] {
                self.gets(rows, &what, gets, cores, 1.1)?;
            }
        }
        self.connections(rows)?;
        self.closed(rows)
    }

    pub fn skips(&self, what: &str) -> bool {
        let only = self.arguments.only.as_deref();
        only.is_some_and(|only| !what.contains(only))
    }

    /// Runs a client in a process of its own.
    fn client(
        &self,
        server: &Server,
        cores: Cores,
        guest: Option<&str>,
        path: &str,
        work: &[&str],
    ) -> Result<Measured> {
        let mut command = pinned(cores.client, &env::current_exe()?);
        command
            .arg("client")
            .args(work)
            .arg("--url")
            .arg(format!("{}{path}", server.origin));
        if let Some(guest) = guest {
            command.arg("--guest").arg(self.guest(guest));
        }
        if let Some(ca_file) = &server.ca_file {
            command.arg("--ca-file").arg(ca_file);
        }
        let output = command.stderr(Stdio::inherit()).output()?;
        ensure!(output.status.success(), "{command:?} failed");
        Measured::parse(&String::from_utf8(output.stdout)?)
    }

    pub fn guest(&self, name: &str) -> PathBuf {
        self.arguments.guests.join(name).with_extension("wasm")
    }

    /// Runs native and guest in turns; a pair for each round.
    fn pairs(
        &self,
        what: &str,
        cores: Cores,
        tls: bool,
        run: impl Fn(&Server, bool) -> Result<Measured>,
    ) -> Result<Vec<(Measured, Measured)>> {
        eprintln!("{what}, {}", cores.name);
        let server = Server::start(cores, tls)?;
        (0..self.rounds)
            .map(|_| Ok((run(&server, false)?, run(&server, true)?)))
            .collect()
    }

    fn gets(
        &self,
        rows: &mut Vec<Row>,
        what: &str,
        gets: Gets<'_>,
        cores: Cores,
        limit: f64,
    ) -> Result<()> {
        let Gets {
            work,
            guest,
            path,
            threads,
            tls,
        } = gets;
        if self.skips(what) {
            return Ok(());
        }
        let count = GETS.max(threads * GETS_OF_A_THREAD);
        let pairs = self.pairs(what, cores, tls, |server, ours| {
            let guest = ours.then_some(guest);
            let [count, threads_text] = [count, threads].map(|number| number.to_string());
            let batches = self.batches.to_string();
            let work = [
                work,
                "--count",
                &count,
                "--batches",
                &batches,
                "--threads",
                &threads_text,
            ];
            let before = server.connections()?;
            let measured = self.client(server, cores, guest, path, &work)?;
            // The question itself makes one.
            let connections = server.connections()? - before - 1;
            ensure!(
                (1..=threads).contains(&connections),
                "{what}: {threads} threads made {connections} connections"
            );
            Ok(measured)
        })?;
        let micros = |seconds: f64| format!("{:.1} µs", seconds / count as f64 * 1e6);
        let ratio = median(pairs.iter().map(|(base, ours)| ours.seconds / base.seconds));
        rows.push(Row {
            what: format!("{what}, {}", cores.name),
            base: micros(median(pairs.iter().map(|(base, _)| base.seconds))),
            ours: micros(median(pairs.iter().map(|(_, ours)| ours.seconds))),
            ratio: Some(ratio),
            bar: format!("≤ {limit:.2} × native"),
            holds: ratio <= limit,
        });
        Ok(())
    }

    fn rate(
        &self,
        rows: &mut Vec<Row>,
        what: &str,
        work: &str,
        mib: u64,
        cores: Cores,
        limit: f64,
    ) -> Result<()> {
        let what = &format!("{mib} MiB {what}");
        if self.skips(what) {
            return Ok(());
        }
        let count = mib * MIB;
        let path = if work == "download" {
            format!("/bytes/{count}")
        } else {
            "/".to_owned()
        };
        let pairs = self.pairs(what, cores, false, |server, ours| {
            let guest = ours.then_some("rust-bench");
            self.client(
                server,
                cores,
                guest,
                &path,
                &[work, "--count", &count.to_string()],
            )
        })?;
        let rate = |seconds: f64| format!("{:.2} GiB/s", mib as f64 / 1024.0 / seconds);
        let ratio = median(pairs.iter().map(|(base, ours)| base.seconds / ours.seconds));
        rows.push(Row {
            what: format!("{what}, {}", cores.name),
            base: rate(median(pairs.iter().map(|(base, _)| base.seconds))),
            ours: rate(median(pairs.iter().map(|(_, ours)| ours.seconds))),
            ratio: Some(ratio),
            bar: format!("≥ {limit:.2} × native's rate"),
            holds: ratio >= limit,
        });
        Ok(())
    }

    fn memory(&self, rows: &mut Vec<Row>) -> Result<()> {
        let what = "peak memory, 1 GiB body against 1 MiB";
        if self.skips(what) {
            return Ok(());
        }
        let server = Server::start(TWO, false)?;
        let peak = |bytes: u64| -> Result<f64> {
            let peaks = (0..self.rounds)
                .map(|_| {
                    let path = format!("/bytes/{bytes}");
                    let work = ["download", "--count", &bytes.to_string()];
                    let ours = self.client(&server, TWO, Some("rust-bench"), &path, &work)?;
                    Ok(ours.memory)
                })
                .collect::<Result<Vec<_>>>()?;
            Ok(median(peaks))
        };
        eprintln!("{what}");
        let (small, large) = (peak(MIB)?, peak(1024 * MIB)?);
        let mib = |kib: f64| format!("{:.1} MiB", kib / 1024.0);
        rows.push(Row {
            what: what.to_owned(),
            base: mib(small),
            ours: mib(large),
            ratio: None,
            bar: "within 2 MiB".to_owned(),
            holds: (large - small).abs() <= 2048.0,
        });
        Ok(())
    }

    /// What a request costs in another way than by `req`.
    fn against_req(
        &self,
        rows: &mut Vec<Row>,
        what: &str,
        work: &str,
        cores: Cores,
        limit: f64,
    ) -> Result<()> {
        self.guests(rows, what, cores, (limit, "`req`"), |other| {
            vec![if other { work } else { "get" }]
        })
    }

    /// Whether a request is slower the more connections to other origins are idle.
    fn idle_origins(&self, rows: &mut Vec<Row>) -> Result<()> {
        const LIMIT: f64 = 1.2;
        for cores in [ONE, TWO] {
            let what = "GETs with 255 idle origins, against none";
            self.guests(rows, what, cores, (LIMIT, "without"), |many| {
                vec!["get", "--idle-origins", if many { "255" } else { "0" }]
            })?;
        }
        Ok(())
    }

    /// Small requests by a guest in two ways: `work` gives what the client is asked to do, first the
    /// one that the other is measured by. The limit is a ratio, and of what.
    fn guests<'w>(
        &self,
        rows: &mut Vec<Row>,
        what: &str,
        cores: Cores,
        (limit, of): (f64, &str),
        work: impl Fn(bool) -> Vec<&'w str>,
    ) -> Result<()> {
        if self.skips(what) {
            return Ok(());
        }
        let [count, batches] = [GETS.to_string(), self.batches.to_string()];
        let pairs = self.pairs(what, cores, false, |server, other| {
            let mut work = work(other);
            work.extend(["--count", &count, "--batches", &batches]);
            self.client(server, cores, Some("rust-bench"), "/get", &work)
        })?;
        let micros = |seconds: f64| format!("{:.1} µs", seconds / GETS as f64 * 1e6);
        let ratio = median(pairs.iter().map(|(base, ours)| ours.seconds / base.seconds));
        rows.push(Row {
            what: format!("{what}, {}", cores.name),
            base: micros(median(pairs.iter().map(|(base, _)| base.seconds))),
            ours: micros(median(pairs.iter().map(|(_, ours)| ours.seconds))),
            ratio: Some(ratio),
            bar: format!("≤ {limit:.2} × {of}"),
            holds: ratio <= limit,
        });
        Ok(())
    }

    /// What a connection takes of memory.
    fn connections(&self, rows: &mut Vec<Row>) -> Result<()> {
        let cases = [
            ("open", "/bytes/1000000", false, 96.0),
            ("open", "/bytes/1000000", true, 160.0),
            ("idle", "/get", false, 16.0),
            ("idle", "/get", true, 16.0),
        ];
        for (state, path, tls, limit) in cases {
            let scheme = if tls { "https" } else { "http" };
            let what = match state {
                "open" => format!("memory of an open response, {scheme}"),
                _ => format!("memory of an idle connection, {scheme}"),
            };
            if self.skips(&what) {
                continue;
            }
            eprintln!("{what}");
            let server = Server::start(TWO, tls)?;
            let sizes = (0..self.rounds).map(|_| {
                let mut command = pinned(TWO.client, &env::current_exe()?);
                command
                    .args(["connections", state, "--count", "200", "--url"])
                    .arg(format!("{}{path}", server.origin));
                if let Some(ca_file) = &server.ca_file {
                    command.arg("--ca-file").arg(ca_file);
                }
                let output = command.stderr(Stdio::inherit()).output()?;
                ensure!(output.status.success(), "{command:?} failed");
                Ok(String::from_utf8(output.stdout)?.trim().parse()?)
            });
            let size = median(sizes.collect::<Result<Vec<f64>>>()?);
            rows.push(Row {
                what,
                base: String::new(),
                ours: format!("{size:.1} KiB"),
                ratio: None,
                bar: format!("≤ {limit} KiB"),
                holds: size <= limit,
            });
        }
        Ok(())
    }

    /// Whether idle connections go by themselves, with their sockets and what they took of memory.
    fn closed(&self, rows: &mut Vec<Row>) -> Result<()> {
        for tls in [false, true] {
            let scheme = if tls { "https" } else { "http" };
            let what = format!("time until 200 idle connections are closed, {scheme}");
            if self.skips(&what) {
                continue;
            }
            eprintln!("{what}");
            let server = Server::start(TWO, tls)?;
            let measured = (0..self.rounds.min(3)).map(|_| {
                let mut command = pinned(TWO.client, &env::current_exe()?);
                command
                    .args(["connections", "closed", "--count", "200", "--url"])
                    .arg(format!("{}/get", server.origin));
                if let Some(ca_file) = &server.ca_file {
                    command.arg("--ca-file").arg(ca_file);
                }
                let output = command.stderr(Stdio::inherit()).output()?;
                ensure!(output.status.success(), "{command:?} failed");
                Measured::parse(&String::from_utf8(output.stdout)?)
            });
            let measured = measured.collect::<Result<Vec<_>>>()?;
            let seconds = median(measured.iter().map(|it| it.seconds));
            let left = median(measured.iter().map(|it| it.memory));
            let idle = connections::IDLE_TIME.as_secs_f64();
            rows.push(Row {
                what,
                base: format!("{idle:.1} s"),
                ours: format!("{seconds:.1} s"),
                ratio: Some(seconds / idle),
                bar: "≤ 1.50 × their idle time".to_owned(),
                holds: seconds / idle <= 1.5,
            });
            rows.push(Row {
                what: format!("memory that is left of each, {scheme}"),
                base: String::new(),
                ours: format!("{left:.1} KiB"),
                ratio: None,
                bar: "≤ 1 KiB".to_owned(),
                holds: left <= 1.0,
            });
        }
        Ok(())
    }

    fn micro(&self, rows: &mut Vec<Row>) -> Result<()> {
        let what = "host call alone";
        if self.skips(what) {
            return Ok(());
        }
        eprintln!("{what}");
        let server = Server::start(TWO, false)?;
        let calls: u64 = if self.arguments.quick {
            20_000
        } else {
            100_000
        };
        let output = pinned(TWO.client, &env::current_exe()?)
            .args(["micro", "--url"])
            .arg(format!("{}/bytes/{}", server.origin, calls * 64))
            .args(["--calls", &calls.to_string()])
            .args(["--rounds", &(self.rounds * 3).to_string()])
            .stderr(Stdio::inherit())
            .output()?;
        ensure!(
            output.status.success(),
            "the measurement of host calls failed"
        );
        for line in String::from_utf8(output.stdout)?.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let [name, base, ours, ratio] = words[..] else {
                wasmtime::bail!("unexpected output {line:?}");
            };
            let (base, ours, ratio): (f64, f64, f64) =
                (base.parse()?, ours.parse()?, ratio.parse()?);
            rows.push(Row {
                what: format!("{what}, `{name}` of 64 B"),
                base: format!("{base:.0} ns"),
                ours: format!("{ours:.0} ns"),
                ratio: Some(ratio),
                bar: "≤ 1.30 × a hand-written `func_wrap`".to_owned(),
                holds: ratio <= 1.3,
            });
        }
        Ok(())
    }

    fn start(&self, rows: &mut Vec<Row>) -> Result<()> {
        let what = "`wasmtime-http`, second start of a module";
        if self.skips(what) {
            return Ok(());
        }
        eprintln!("{what}");
        let time = |command: &mut Command| -> Result<f64> {
            let start = Instant::now();
            let status = command
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()?;
            ensure!(status.success(), "{command:?} failed");
            Ok(start.elapsed().as_secs_f64() * 1e3)
        };
        let wasmtime_http = self.arguments.wasmtime_http.as_deref();
        let wasmtime_http = wasmtime_http.context("`wasmtime-http` is not given")?;
        let server = Server::start(TWO, false)?;
        let empty =
            || -> Result<f64> { time(pinned(TWO.client, &env::current_exe()?).arg("empty")) };
        let module = || -> Result<f64> {
            time(
                pinned(TWO.client, wasmtime_http)
                    .args(["--allowed-host", &server.origin, "--invoke", "fill"])
                    .arg(self.guest("rust-bench"))
                    .arg("1"),
            )
        };
        // Compiles it and keeps the result.
        module()?;
        let mut pairs = Vec::new();
        for _ in 0..self.rounds * 3 {
            pairs.push((empty()?, module()?));
        }
        let more = median(pairs.iter().map(|(base, ours)| ours - base));
        rows.push(Row {
            what: what.to_owned(),
            base: format!(
                "{:.1} ms for an empty process",
                median(pairs.iter().map(|pair| pair.0))
            ),
            ours: format!("{:.1} ms", median(pairs.iter().map(|pair| pair.1))),
            ratio: None,
            bar: "≤ 10 ms more".to_owned(),
            holds: more <= 10.0,
        });
        Ok(())
    }

    fn sizes(&self, rows: &mut Vec<Row>) -> Result<()> {
        for (what, guest, limit) in [
            ("size of the example guest in Rust", "rust-tour", 105.0),
            (
                "size of the same after `wasm-opt -Oz`",
                "rust-tour-small",
                105.0,
            ),
            (
                "size of the example guest in AssemblyScript",
                "as-tour",
                // Of which the texts of errors take 1.5.
                16.5,
            ),
        ] {
            if self.skips(what) {
                continue;
            }
            let size = fs::metadata(self.guest(guest))?.len() as f64 / 1000.0;
            rows.push(Row {
                what: what.to_owned(),
                base: String::new(),
                ours: format!("{size:.1} kB"),
                ratio: None,
                bar: format!("≤ {limit} kB"),
                holds: size <= limit,
            });
        }
        Ok(())
    }

    fn codegen(&self, rows: &mut Vec<Row>) -> Result<()> {
        let Some(estimates) = &self.arguments.preview1 else {
            return Ok(());
        };
        let text = fs::read_to_string(estimates)
            .with_context(|| format!("cannot read {}", estimates.display()))?;
        let estimates: serde_json::Value = serde_json::from_str(&text)?;
        let nanoseconds = estimates["median"]["point_estimate"].as_f64();
        let time = nanoseconds.context("criterion estimates a median")? / 1e6;
        rows.push(Row {
            what: "bindings of WASI preview 1 in all languages".to_owned(),
            base: String::new(),
            ours: format!("{time:.1} ms"),
            ratio: None,
            bar: "≤ 50 ms".to_owned(),
            holds: time <= 50.0,
        });
        Ok(())
    }
}
