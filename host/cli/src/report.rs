//! Tells the user about requests that failed or were denied: once per origin, however often the
//! guest tries.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use wasi_experimental_http_wasmtime::url::Url;
use wasi_experimental_http_wasmtime::{
    AllowedHosts, Denied, DeniedReason, ErrorKind, RequestEvent,
};

use crate::say::say;

/// How many origins are reported: more than anybody reads, and few enough that a guest that invents
/// names fills neither memory nor log.
const MAX_TOLD: usize = 50;

/// How a person allows what was denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// By options of the command line.
    Options,
    /// By annotations of a pod.
    Annotations,
}

impl Advice {
    fn allow(self, entry: &str) -> String {
        match self {
            Advice::Options => format!("--allowed-host {entry}"),
            Advice::Annotations => format!("wasmtime-http.dev/allowed-hosts: {entry}"),
        }
    }

    fn allow_private(self) -> &'static str {
        match self {
            Advice::Options => "--allow-private",
            Advice::Annotations => "wasmtime-http.dev/allow-private: \"true\"",
        }
    }
}

/// An observer that says what would allow a denied request.
pub fn denials(hosts: AllowedHosts, advice: Advice) -> impl Fn(&Denied) + Send + Sync + 'static {
    let told = Told::new("more requests are denied");
    move |denied| told.once(&denied.origin, || explain(denied, &hosts, advice))
}

/// An observer that says why a request failed.
pub fn failures() -> impl Fn(&RequestEvent) + Send + Sync + 'static {
    let told = Told::new("more requests fail");
    move |event| {
        let Some(error) = &event.error else { return };
        use ErrorKind as Kind;
        // Denials are reported by [`denials`], and the user knows of a cancellation.
        if let Kind::NotAllowed | Kind::DeniedByRule | Kind::NotPublic | Kind::Cancelled =
            error.kind
        {
            return;
        }
        let origin = match event.url.parse::<Url>() {
            Ok(url) => url.origin().ascii_serialization(),
            Err(_) => event.url.clone(),
        };
        told.once(&origin, || {
            format!("{} {} failed: {error}", event.method, event.url)
        });
    }
}

/// The origins that were reported.
struct Told {
    origins: Mutex<HashSet<String>>,
    /// Printed once, when there are too many.
    more: &'static str,
}

impl Told {
    fn new(more: &'static str) -> Self {
        Told {
            origins: Mutex::default(),
            more,
        }
    }

    /// Prints a message about an origin, the first time.
    fn once(&self, origin: &str, text: impl FnOnce() -> String) {
        let mut origins = self.origins.lock().unwrap_or_else(PoisonError::into_inner);
        if origins.len() > MAX_TOLD || !origins.insert(origin.to_owned()) {
            return;
        }
        if origins.len() > MAX_TOLD {
            say(format_args!(
                "{}, to other hosts than those above; they are not told of",
                self.more
            ));
        } else {
            say(text());
        }
    }
}

/// The message about a denied request, with what allows it.
fn explain(denied: &Denied, hosts: &AllowedHosts, advice: Advice) -> String {
    let Denied { url, origin, .. } = denied;
    let reason = match &denied.reason {
        DeniedReason::NotPublic(address) => {
            // An entry for every public host stays limited to public hosts, whatever other options
            // say.
            let named = hosts.iter().filter(|entry| !entry.is_every_public_host());
            let named: AllowedHosts = named.cloned().collect();
            let is_named = origin.parse().is_ok_and(|url| named.allows(&url));
            let entry = match is_named {
                true => String::new(),
                false => format!(" {}", advice.allow(origin)),
            };
            let private = advice.allow_private();
            format!(
                "it leads to {address}, which is not a public address; to allow it add: \
                 {private}{entry}"
            )
        }
        DeniedReason::MethodOrPath(entry) => format!(
            "the allowed hosts have other methods or paths of it; to allow it add: {}",
            advice.allow(&format!("'{entry}'"))
        ),
        DeniedReason::DeniedBy(entry) => {
            format!("{} denies it", advice.allow(&format!("deny:{entry}")))
        }
        DeniedReason::Refused(reason) => reason.clone(),
        _ => format!(
            "not in the allowed hosts; to allow it add: {}",
            advice.allow(origin)
        ),
    };
    format!("denied request to {url}: {reason}")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use wasi_experimental_http_wasmtime::{HttpClient, HttpCtx};
    use wasmtime::{Engine, Linker, Module, Store};

    use super::*;

    /// A guest that sends a request to `http://inside.test/?secret`.
    const GUEST: &str = r#"(module
        (import "wasi_experimental_http" "req"
          (func $req (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 16) "http://inside.test/?secretGET")
        (func (export "send") (result i32)
          (call $req (i32.const 16) (i32.const 26) (i32.const 42) (i32.const 3) (i32.const 0)
            (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 4))))"#;

    #[test]
    fn a_name_that_leads_inside_is_explained() {
        let explained = Arc::new(Mutex::new(Vec::new()));
        let log = explained.clone();
        let hosts = AllowedHosts::parse(["http://inside.test"]).unwrap();
        let client = HttpClient::builder()
            .resolver(|_| Ok(vec!["10.1.2.3".parse().unwrap()]))
            .build();
        let http = HttpCtx::builder()
            .client(client)
            .allowed_hosts(hosts.clone())
            .on_denied(move |denied| {
                log.lock()
                    .unwrap()
                    .push(explain(denied, &hosts, Advice::Options))
            })
            .build();
        let engine = Engine::default();
        let mut linker = Linker::new(&engine);
        wasi_experimental_http_wasmtime::add_to_linker(&mut linker, |http: &mut HttpCtx| http)
            .unwrap();
        let mut store = Store::new(&engine, http);
        let module = Module::new(&engine, GUEST).unwrap();
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let send = instance
            .get_typed_func::<(), i32>(&mut store, "send")
            .unwrap();
        assert_eq!(send.call(&mut store, ()).unwrap(), 7);
        assert_eq!(
            *explained.lock().unwrap(),
            [
                "denied request to http://inside.test/: it leads to 10.1.2.3, which is not a \
              public address; to allow it add: --allow-private"
            ]
        );
    }
}
