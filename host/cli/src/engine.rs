//! The options that `wasmtime run` has for the engine and for WASI, by the same names:
//! `-W fuel=N,max-memory-size=SIZE`, `-O opt-level=2`, `-C cache=n`, `-S inherit-env`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use wasmtime::error::Context;
use wasmtime::{Cache, Config, Engine, OptLevel, Result};

use crate::units::{bytes, duration};

/// Options of the engine and of WASI, with the names of `wasmtime run`.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of wasmtime")]
pub struct EngineOptions {
    /// What the guest may use: `KEY[=VALUE],...` (repeatable)
    ///
    /// `fuel=N` ends it after about N instructions, `timeout=DURATION` is --timeout,
    /// `max-memory-size=SIZE` is --max-memory, `max-wasm-stack=SIZE` is how deep it may call,
    /// `max-table-elements=N` how large a table may become, and `trap-on-grow-failure` lets it trap
    /// where it would get no more memory.
    #[arg(short = 'W', long = "wasm", value_name = "KEY[=VAL]", value_delimiter = ',', value_parser = Wasm::parse)]
    wasm: Vec<Wasm>,

    /// How it is compiled: `opt-level=0`, `1`, `2` or `s`
    #[arg(short = 'O', long = "optimize", value_name = "KEY=VAL", value_delimiter = ',', value_parser = Optimize::parse)]
    optimize: Vec<Optimize>,

    /// Where compiled modules are kept, and how many threads compile: `KEY[=VALUE],...` (repeatable)
    ///
    /// `cache=n` is --no-cache, `cache-config=FILE` a configuration of wasmtime's cache in place of the
    /// user's, `parallel-compilation=n` compiles with one thread.
    #[arg(short = 'C', long = "codegen", value_name = "KEY[=VAL]", value_delimiter = ',', value_parser = Codegen::parse)]
    codegen: Vec<Codegen>,

    /// What WASI gives the guest: `inherit-env`, all variables (repeatable)
    #[arg(short = 'S', long = "wasi", value_name = "KEY[=VAL]", value_delimiter = ',', value_parser = Wasi::parse)]
    wasi: Vec<Wasi>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wasm {
    Fuel(u64),
    Timeout(Duration),
    MaxMemorySize(u64),
    MaxStack(usize),
    MaxTableElements(usize),
    TrapOnGrowFailure(bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Optimize {
    Level(OptLevel),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Codegen {
    Cache(bool),
    CacheConfig(PathBuf),
    Parallel(bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wasi {
    InheritEnv(bool),
}

/// Splits key and value. As in wasmtime, `_` in a key means `-`.
fn split(text: &str) -> (String, Option<&str>) {
    let (key, value) = match text.split_once('=') {
        Some((key, value)) => (key, Some(value)),
        None => (text, None),
    };
    (key.replace('_', "-"), value)
}

fn flag(value: Option<&str>) -> Result<bool, String> {
    match value {
        None | Some("y" | "yes" | "true") => Ok(true),
        Some("n" | "no" | "false") => Ok(false),
        Some(other) => Err(format!("{other:?} is neither `y` nor `n`")),
    }
}

fn wanted(value: Option<&str>) -> Result<&str, String> {
    value.ok_or_else(|| "it needs a value, as in `KEY=VALUE`".to_owned())
}

fn number<T: std::str::FromStr>(value: Option<&str>) -> Result<T, String> {
    let value = wanted(value)?;
    let number = value.parse();
    number.map_err(|_| format!("{value:?} is not a number that it can be"))
}

fn size(value: Option<&str>) -> Result<usize, String> {
    let size = bytes(wanted(value)?)?;
    usize::try_from(size).map_err(|_| "it is too large".to_owned())
}

fn unknown<T>(key: &str, known: &str) -> Result<T, String> {
    Err(format!("{key:?} is none of {known}"))
}

impl Wasm {
    fn parse(text: &str) -> Result<Self, String> {
        let (key, value) = split(text);
        Ok(match key.as_str() {
            "fuel" => Wasm::Fuel(number(value)?),
            "timeout" => Wasm::Timeout(duration(wanted(value)?)?),
            "max-memory-size" => Wasm::MaxMemorySize(bytes(wanted(value)?)?),
            "max-wasm-stack" => match size(value)? {
                0 => return Err("a stack of 0 bytes holds no call".to_owned()),
                size => Wasm::MaxStack(size),
            },
            "max-table-elements" => Wasm::MaxTableElements(number(value)?),
            "trap-on-grow-failure" => Wasm::TrapOnGrowFailure(flag(value)?),
            _ => {
                return unknown(
                    &key,
                    "fuel, timeout, max-memory-size, max-wasm-stack, max-table-elements, \
                     trap-on-grow-failure",
                );
            }
        })
    }
}

impl Optimize {
    fn parse(text: &str) -> Result<Self, String> {
        let (key, value) = split(text);
        if key != "opt-level" {
            return unknown(&key, "opt-level");
        }
        match wanted(value)? {
            "0" => Ok(Optimize::Level(OptLevel::None)),
            "1" | "2" => Ok(Optimize::Level(OptLevel::Speed)),
            "s" => Ok(Optimize::Level(OptLevel::SpeedAndSize)),
            other => Err(format!("{other:?} is none of 0, 1, 2, s")),
        }
    }
}

impl Codegen {
    fn parse(text: &str) -> Result<Self, String> {
        let (key, value) = split(text);
        match key.as_str() {
            "cache" => Ok(Codegen::Cache(flag(value)?)),
            "cache-config" => Ok(Codegen::CacheConfig(wanted(value)?.into())),
            "parallel-compilation" => Ok(Codegen::Parallel(flag(value)?)),
            _ => unknown(&key, "cache, cache-config, parallel-compilation"),
        }
    }
}

impl Wasi {
    fn parse(text: &str) -> Result<Self, String> {
        let (key, value) = split(text);
        match key.as_str() {
            "inherit-env" => Ok(Wasi::InheritEnv(flag(value)?)),
            "http" | "inherit-network" | "tcp" | "udp" | "allow-ip-name-lookup" => Err(format!(
                "{key:?} is for components: name the hosts that a module may reach with --allowed-host"
            )),
            _ => unknown(&key, "inherit-env"),
        }
    }
}

impl EngineOptions {
    /// How many instructions the guest may run.
    pub fn fuel(&self) -> Option<u64> {
        self.last(|it| match it {
            Wasm::Fuel(fuel) => Some(fuel),
            _ => None,
        })
    }

    /// How long the guest may run.
    pub fn timeout(&self) -> Option<Duration> {
        self.last(|it| match it {
            Wasm::Timeout(timeout) => Some(timeout),
            _ => None,
        })
    }

    /// How large a memory may become, in bytes.
    pub fn max_memory(&self) -> Option<u64> {
        self.last(|it| match it {
            Wasm::MaxMemorySize(size) => Some(size),
            _ => None,
        })
    }

    /// How many elements a table may have.
    pub fn max_table_elements(&self) -> Option<usize> {
        self.last(|it| match it {
            Wasm::MaxTableElements(count) => Some(count),
            _ => None,
        })
    }

    /// Whether the guest traps where it would get no more memory.
    pub fn trap_on_grow_failure(&self) -> bool {
        let trap = self.last(|it| match it {
            Wasm::TrapOnGrowFailure(trap) => Some(trap),
            _ => None,
        });
        trap.unwrap_or(false)
    }

    /// Whether the guest gets all variables.
    pub fn inherits_environment(&self) -> bool {
        self.wasi
            .last()
            .is_some_and(|Wasi::InheritEnv(inherit)| *inherit)
    }

    /// The last occurrence of an option.
    fn last<T>(&self, find: impl Fn(Wasm) -> Option<T>) -> Option<T> {
        self.wasm.iter().rev().copied().find_map(find)
    }

    /// Creates the engine; with epoch interruption if `epochs`.
    ///
    /// # Errors
    ///
    /// If the cache's configuration is unusable, or wasmtime rejects the options.
    pub fn engine(&self, epochs: bool, use_cache: bool) -> Result<Engine> {
        let mut config = Config::new();
        config.epoch_interruption(epochs);
        config.consume_fuel(self.fuel().is_some());
        for it in &self.wasm {
            if let Wasm::MaxStack(size) = it {
                config.max_wasm_stack(*size);
            }
        }
        for Optimize::Level(level) in &self.optimize {
            config.cranelift_opt_level(*level);
        }
        let mut use_cache = use_cache;
        let mut file = None;
        for it in &self.codegen {
            match it {
                Codegen::Cache(cache) => use_cache = *cache,
                Codegen::CacheConfig(path) => file = Some(path),
                Codegen::Parallel(parallel) => {
                    config.parallel_compilation(*parallel);
                }
            }
        }
        if use_cache {
            let cache = Cache::from_file(file.map(PathBuf::as_path));
            match (cache, file) {
                (Ok(cache), _) => {
                    config.cache(Some(cache));
                }
                (Err(error), Some(file)) => {
                    let what = format!("cannot use the cache of `{}`", file.display());
                    return Err(error).context(what);
                }
                // The cache only saves time: go on without it.
                (Err(error), None) => {
                    tracing::warn!("no compiled modules are kept: {error:#}");
                }
            }
        }
        Engine::new(&config).context("cannot configure wasmtime")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_wasmtime() {
        assert_eq!(Wasm::parse("fuel=100"), Ok(Wasm::Fuel(100)));
        assert_eq!(
            Wasm::parse("max_memory_size=64KiB"),
            Ok(Wasm::MaxMemorySize(65536))
        );
        assert_eq!(
            Wasm::parse("trap-on-grow-failure"),
            Ok(Wasm::TrapOnGrowFailure(true))
        );
        assert_eq!(Codegen::parse("cache=n"), Ok(Codegen::Cache(false)));
        assert_eq!(Wasi::parse("inherit-env=y"), Ok(Wasi::InheritEnv(true)));
        for text in [
            "",
            "fuel",
            "fuel=",
            "fuel=-1",
            "fuel=many",
            "simd=y",
            "max-wasm-stack=0",
            "trap-on-grow-failure=maybe",
            "timeout=x",
        ] {
            assert!(Wasm::parse(text).is_err(), "{text}");
        }
        assert!(Optimize::parse("opt-level=3").is_err());
        assert!(Codegen::parse("cache-config").is_err());
        let error = Wasi::parse("http").unwrap_err();
        assert!(error.contains("--allowed-host"), "{error}");
    }
}
