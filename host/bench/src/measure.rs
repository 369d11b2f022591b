//! How work is timed and memory is counted, for the clients here and for those of the peers.

use std::sync::Barrier;
use std::time::{Duration, Instant};
use std::{fs, thread};

use wasmtime::error::Context;
use wasmtime::{Enabled, PoolingAllocationConfig, Result};

/// The pieces in which bodies are read.
pub const PIECE: usize = 64 * 1024;

/// The size of the small body.
pub const SMALL: usize = 64;

/// How many stores are made to find out what one takes.
pub const STORES: u64 = 200;

/// Requests that are repeated in batches, whose median counts.
#[derive(clap::Args)]
pub struct Batches {
    /// How many requests, or bytes of a body
    #[arg(long)]
    pub count: u64,
    /// How often the requests are repeated; the median counts
    #[arg(long, default_value_t = 1)]
    pub batches: usize,
}

impl Batches {
    /// Runs what `prepare` makes on so many threads, each with its part of the count, in batches,
    /// and gives the median of the time from when all are ready, with a connection each, to the end
    /// of the last.
    pub fn on_threads<W: FnMut(u64) -> Result<()>>(
        &self,
        threads: u64,
        prepare: impl Fn() -> Result<W> + Sync,
    ) -> Result<Duration> {
        let part = self.count / threads;
        let together = Barrier::new(usize::try_from(threads)? + 1);
        thread::scope(|scope| {
            let threads: Vec<_> = (0..threads)
                .map(|_| {
                    scope.spawn(|| {
                        // A thread that failed still comes to every barrier.
                        let mut work = prepare().and_then(|mut work| {
                            work(1)?;
                            Ok(work)
                        });
                        let mut failure = Ok(());
                        for _ in 0..self.batches {
                            together.wait();
                            if let (Ok(work), Ok(())) = (&mut work, &failure) {
                                failure = work(part);
                            }
                            together.wait();
                        }
                        work.and(failure)
                    })
                })
                .collect();
            let seconds = (0..self.batches).map(|_| {
                together.wait();
                let start = Instant::now();
                together.wait();
                start.elapsed().as_secs_f64()
            });
            let time = Duration::from_secs_f64(median(seconds));
            threads.into_iter().try_for_each(|thread| {
                thread.join().expect("a thread of the benchmark panicked")
            })?;
            Ok(time)
        })
    }
}

/// How long something took.
pub fn timed(work: impl FnOnce() -> Result<()>) -> Result<Duration> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed())
}

pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        len if len % 2 == 1 => values[len / 2],
        len => f64::midpoint(values[len / 2 - 1], values[len / 2]),
    }
}

/// What Linux counts as the most memory that this process has had, in KiB.
pub fn peak_memory() -> Result<f64> {
    status("VmHWM:")
}

/// What this process has of memory, in KiB.
pub fn memory() -> Result<f64> {
    status("VmRSS:")
}

fn status(field: &str) -> Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let line = line.with_context(|| format!("no {field} in /proc/self/status"))?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

/// How much memory, in KiB, one of [`STORES`] takes that `make` makes, and that are all kept.
pub fn memory_of_each<S>(mut make: impl FnMut() -> Result<S>) -> Result<f64> {
    // What is made once is there before it is measured.
    let mut stores = vec![make()?];
    let before = memory()?;
    for _ in 0..STORES {
        stores.push(make()?);
    }
    Ok((memory()? - before) / STORES as f64)
}

/// What an embedder sets that makes an instance for each request: the memory of an instance stays
/// with its slot, and what was written to is found out and put back, which spares the next instance
/// page faults.
pub fn pool() -> PoolingAllocationConfig {
    const KEPT_MEMORY_BYTES: usize = 4 * 1024 * 1024;
    const KEPT_TABLE_BYTES: usize = 64 * 1024;
    let mut pool = PoolingAllocationConfig::default();
    pool.linear_memory_keep_resident(KEPT_MEMORY_BYTES)
        .table_keep_resident(KEPT_TABLE_BYTES)
        .pagemap_scan(Enabled::Auto);
    pool
}
