//! The same work by others: ureq with its defaults, Extism, wasmtime-wasi-http, and a bare socket.

use std::env;
use std::fmt::Write;
use std::process::{Command, Stdio};
use std::time::Instant;

use wasmtime::error::Context;
use wasmtime::{Result, ensure};

use crate::measure::median;
use crate::report::Row;
use crate::run::{Bench, Cores, MIB, Measured, ONE, Server, TWO, pinned};

/// Who does the work. A column of the table, in this order.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    Native,
    Ours,
    Extism,
    WasiHttp,
    WasiHttpPool,
    Socket,
}

use Who::{Extism, Native, Ours, Socket, WasiHttp, WasiHttpPool};

const EVERYBODY: [Who; 6] = [Native, Ours, Extism, WasiHttp, WasiHttpPool, Socket];

const HOSTS: [Who; 3] = [Extism, WasiHttp, WasiHttpPool];

impl Who {
    fn name(self) -> &'static str {
        match self {
            Native => "native",
            Ours => "ours",
            Extism => "Extism",
            WasiHttp => "wasi-http",
            WasiHttpPool => "wasi-http + pool",
            Socket => "bare socket",
        }
    }
}

/// What everybody does.
struct Work {
    what: &'static str,
    /// The argument of the clients.
    name: &'static str,
    path: String,
    count: u64,
    threads: u64,
    /// At least so often, in a full run, each time with another server.
    rounds: usize,
    who: &'static [Who],
    figure: Figure,
    /// How many requests share the time.
    per: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Figure {
    Time,
    /// From the start of a process to its end.
    Process,
    Memory,
}

/// One round: what each measured, in the order of the columns.
type Round = Vec<(Who, f64)>;

/// The median of how many times more one needs than another, in the same round.
fn ratio(rounds: &[Round], one: Who, other: Who) -> Option<f64> {
    let find = |round: &Round, who| Some(round.iter().find(|(name, _)| *name == who)?.1);
    let ratios: Option<Vec<f64>> = rounds
        .iter()
        .map(|round| Some(find(round, one)? / find(round, other)?))
        .collect();
    ratios.filter(|ratios| !ratios.is_empty()).map(median)
}

fn middle(rounds: &[Round], who: Who) -> Option<f64> {
    let figures = rounds.iter().flatten().filter(|(name, _)| *name == who);
    let figures: Vec<f64> = figures.map(|(_, figure)| *figure).collect();
    (!figures.is_empty()).then(|| median(figures))
}

/// How often requests are repeated: the first batches warm up, and a connection for each request
/// takes a port, of which a server has no more than 28,000 in a minute.
const BATCHES: u64 = 9;

const HEAD: &str = "| work | native | ours | Extism | wasi-http | wasi-http + pool | bare socket | |\n\
                    | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n";

impl Bench<'_> {
    /// Measures everybody, adds the rows of what has a bar, and gives the table.
    pub fn peers(&self, rows: &mut Vec<Row>, table: &mut String) -> Result<()> {
        const GETS: u64 = 1_000;
        const TOGETHER: u64 = 16;
        const GETS_TOGETHER: u64 = 800;
        table.push_str(HEAD);
        let get = || Work {
            what: "GET of 64 B",
            name: "get",
            path: "/get".to_owned(),
            count: GETS,
            threads: 1,
            rounds: 9,
            who: &[Native, Ours, Extism, WasiHttp, WasiHttpPool],
            figure: Figure::Time,
            per: GETS,
        };
        for cores in [ONE, TWO] {
            let get = get();
            if let Some(rounds) = self.beside(table, cores, &get)? {
                bar(rows, &rounds, &get, cores, &[Native], 1.05);
            }
        }
        for cores in [ONE, TWO] {
            let together = Work {
                what: "GETs of 16 guests at once",
                count: GETS_TOGETHER,
                threads: TOGETHER,
                per: GETS_TOGETHER,
                ..get()
            };
            self.beside(table, cores, &together)?;
        }
        for cores in [ONE, TWO] {
            let download = Work {
                what: "256 MiB response",
                name: "download",
                path: format!("/bytes/{}", 256 * MIB),
                count: 256 * MIB,
                rounds: 15,
                who: &EVERYBODY,
                per: 1,
                ..get()
            };
            if let Some(rounds) = self.beside(table, cores, &download)? {
                let quickest = [Native, WasiHttp, WasiHttpPool];
                bar(rows, &rounds, &download, cores, &quickest, 1.0);
                bar(rows, &rounds, &download, cores, &[Socket], 1.5);
            }
        }
        for cores in [ONE, TWO] {
            let upload = Work {
                what: "64 MiB request",
                name: "upload",
                path: "/".to_owned(),
                count: 64 * MIB,
                per: 1,
                ..get()
            };
            if let Some(rounds) = self.beside(table, cores, &upload)? {
                bar(rows, &rounds, &upload, cores, &[Native], 1.0);
            }
        }
        for (cores, limit) in [(ONE, 1.4), (TWO, 1.3)] {
            let fresh = Work {
                what: "a fresh store for each GET",
                name: "fresh",
                ..get()
            };
            if let Some(rounds) = self.beside(table, cores, &fresh)? {
                bar(rows, &rounds, &fresh, cores, &[Native], limit);
            }
        }
        let stores = Work {
            what: "memory of a store after a GET",
            name: "stores",
            count: 1,
            who: &[Ours, Extism, WasiHttp, WasiHttpPool],
            figure: Figure::Memory,
            per: 1,
            ..get()
        };
        self.beside(table, TWO, &stores)?;
        let first = Work {
            what: "a process with one GET, compiled before",
            name: "first",
            count: 1,
            rounds: 15,
            figure: Figure::Process,
            per: 1,
            ..get()
        };
        self.beside(table, TWO, &first)?;
        Ok(())
    }

    /// Has everybody do the same in turns, each round with another server, and adds a row.
    fn beside(&self, table: &mut String, cores: Cores, work: &Work) -> Result<Option<Vec<Round>>> {
        let what = format!("{}, {}", work.what, cores.name);
        if self.skips(&what) {
            return Ok(None);
        }
        eprintln!("{what}");
        let rounds = if self.arguments.quick { 3 } else { work.rounds };
        if work.figure == Figure::Process {
            let server = Server::start(cores, false)?;
            for who in work.who {
                self.by(*who, &server, cores, work)?;
            }
        }
        let rounds = (0..rounds).map(|number| {
            let server = Server::start(cores, false)?;
            let mut round = Round::new();
            for turn in 0..work.who.len() {
                // Nobody is always the first.
                let who = work.who[(turn + number) % work.who.len()];
                round.push((who, self.by(who, &server, cores, work)?));
            }
            Ok(round)
        });
        let rounds = rounds.collect::<Result<Vec<Round>>>()?;
        let _ = write!(table, "| {what} ");
        for who in EVERYBODY {
            let _ = match (middle(&rounds, who), ratio(&rounds, who, Native)) {
                (None, _) => write!(table, "| "),
                (Some(figure), Some(ratio)) if who != Native => {
                    write!(table, "| {}, {ratio:.2} ", work.text(figure))
                }
                (Some(figure), _) => write!(table, "| {} ", work.text(figure)),
            };
        }
        let ahead = HOSTS
            .into_iter()
            .filter(|peer| ratio(&rounds, Ours, *peer).is_some_and(|ratio| ratio > 1.0));
        let ahead: Vec<&str> = ahead.map(Who::name).collect();
        let _ = match ahead.is_empty() {
            true => writeln!(table, "| ahead |"),
            false => writeln!(table, "| **behind {}** |", ahead.join(" and ")),
        };
        Ok(Some(rounds))
    }

    /// What one of them needs.
    fn by(&self, who: Who, server: &Server, cores: Cores, work: &Work) -> Result<f64> {
        let peers = &self.arguments.peers;
        let program = peers
            .program
            .as_deref()
            .context("no program of the peers")?;
        let mut command = match who {
            Native | Ours | Socket => pinned(cores.client, &env::current_exe()?),
            Extism | WasiHttp | WasiHttpPool => pinned(cores.client, program),
        };
        command.arg("client");
        match who {
            Native => command.arg(work.name).arg("--defaults"),
            Ours => command
                .arg(work.name)
                .arg("--guest")
                .arg(self.guest("rust-bench")),
            Socket => command.arg("socket"),
            Extism => command.args(["extism", work.name]),
            WasiHttp => command.args(["wasi-http", work.name]),
            WasiHttpPool => command.args(["wasi-http-pool", work.name]),
        };
        if HOSTS.contains(&who) {
            let guest = match who {
                Extism => "extism-bench",
                _ => "wasi-http-bench-component",
            };
            let library = peers.extism.as_deref().context("no library of Extism")?;
            command
                .arg("--guest")
                .arg(self.guest(guest))
                .arg("--library")
                .arg(library);
        }
        let [count, threads, batches] =
            [work.count, work.threads, BATCHES].map(|number| number.to_string());
        command
            .arg("--url")
            .arg(format!("{}{}", server.origin, work.path))
            .args(["--count", &count, "--threads", &threads])
            .args(["--batches", &batches])
            .stderr(Stdio::inherit());
        let start = Instant::now();
        let output = run(&mut command)?;
        let process = start.elapsed().as_secs_f64();
        let measured = Measured::parse(&output)?;
        Ok(match work.figure {
            Figure::Time => measured.seconds,
            Figure::Process => process,
            Figure::Memory => measured.memory,
        })
    }
}

fn run(command: &mut Command) -> Result<String> {
    let output = command.output()?;
    ensure!(output.status.success(), "{command:?} failed");
    Ok(String::from_utf8(output.stdout)?)
}

impl Work {
    /// A figure with its unit.
    fn text(&self, figure: f64) -> String {
        match self.figure {
            Figure::Memory => format!("{figure:.1} KiB"),
            _ if self.per > 1 => format!("{:.1} µs", figure / self.per as f64 * 1e6),
            _ => format!("{:.1} ms", figure * 1e3),
        }
    }
}

/// Ours against the quickest of some others, as a row.
fn bar(
    rows: &mut Vec<Row>,
    rounds: &[Round],
    work: &Work,
    cores: Cores,
    others: &[Who],
    limit: f64,
) {
    let ratios = others
        .iter()
        .filter_map(|other| Some((*other, ratio(rounds, Ours, *other)?)));
    let Some((quickest, ratio)) = ratios.max_by(|(_, one), (_, other)| one.total_cmp(other)) else {
        return;
    };
    let of = match others {
        [other] => other.name().to_owned(),
        _ => format!("the quickest, {}", quickest.name()),
    };
    let text = |who| middle(rounds, who).map_or(String::new(), |figure| work.text(figure));
    rows.push(Row {
        what: format!("{}, {}", work.what, cores.name),
        base: text(quickest),
        ours: text(Ours),
        ratio: Some(ratio),
        bar: format!("≤ {limit:.2} × {of}"),
        holds: ratio <= limit,
    });
}
