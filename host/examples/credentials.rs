//! Tokens that plugins use and never see: one that is always the same, and one that expires.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use wasi_experimental_http_wasmtime::{Credential, CredentialError, HttpCtx, HttpCtxBuilder};
use wasmtime::{Engine, Linker, Module, Store};

fn main() -> wasmtime::Result<()> {
    // A service of the embedder's would give them.
    let tokens = Tokens::new(|| Ok(("made just now".to_owned(), Duration::from_secs(60))));
    let http = settings("https://api.example.com", "key of this program", tokens)?;
    println!("{}", run("plugin.wasm", &http)?);
    Ok(())
}

/// Plugins may read below `/v1/` of one host, where they are known by a key and a token.
pub fn settings(host: &str, key: &str, tokens: Tokens) -> wasmtime::Result<HttpCtxBuilder> {
    let mut http = HttpCtx::builder();
    http.try_allowed_host(&format!("GET,HEAD {host}/v1/"))?
        .credential(Credential::new(host, "x-api-key", key)?)
        .credential(tokens.credential(host)?);
    Ok(http)
}

type Error = Box<dyn std::error::Error + Send + Sync>;
type Fetch = dyn Fn() -> Result<(String, Duration), Error> + Send + Sync;

/// A token, and where the next one is from when it has expired.
pub struct Tokens {
    fetch: Box<Fetch>,
    current: Mutex<Option<(String, Instant)>>,
}

impl Tokens {
    /// `fetch` gives a token and how long it is good for.
    pub fn new(
        fetch: impl Fn() -> Result<(String, Duration), Error> + Send + Sync + 'static,
    ) -> Self {
        Tokens {
            fetch: Box::new(fetch),
            current: Mutex::default(),
        }
    }

    fn get(&self) -> Result<String, Error> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((token, end)) = &*current
            && Instant::now() < *end
        {
            return Ok(token.clone());
        }
        let (token, life) = (self.fetch)()?;
        *current = Some((token.clone(), Instant::now() + life));
        Ok(token)
    }

    /// A header field with the token for requests to one host.
    fn credential(self, host: &str) -> Result<Credential, CredentialError> {
        Credential::from_function(host, "authorization", move |_| {
            Ok(format!("Bearer {}", self.get()?))
        })
    }
}

/// Calls `run` of a plugin.
pub fn run(file: &str, http: &HttpCtxBuilder) -> wasmtime::Result<i32> {
    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    wasi_experimental_http_wasmtime::add_to_linker(&mut linker, |http: &mut HttpCtx| http)?;
    let mut store = Store::new(&engine, http.build());
    let plugin = linker.instantiate(&mut store, &Module::from_file(&engine, file)?)?;
    let run = plugin.get_typed_func::<(), i32>(&mut store, "run")?;
    run.call(&mut store, ())
}
