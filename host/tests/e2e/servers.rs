//! The servers that guests talk to, over HTTP and over HTTPS.

use wasi_experimental_http_test_server::{ReceivedRequest, TestCa, TestServer, is_pattern};
use wasi_experimental_http_wasmtime::{HttpClient, HttpCtx, HttpCtxBuilder};

use crate::common::trusting;

/// Bodies of requests that are longer are shown by their length.
const SHOWN: usize = 100;

/// Two servers of one scheme, and the client that reaches them.
pub struct Servers {
    pub scheme: &'static str,
    pub one: TestServer,
    pub other: TestServer,
    client: HttpClient,
}

impl Servers {
    /// Over HTTP, and over HTTPS with an authority that the client is configured with.
    pub fn each() -> [Servers; 2] {
        let ca = TestCa::new();
        let client = trusting(&ca);
        [
            Servers {
                scheme: "http",
                one: TestServer::http().start(),
                other: TestServer::http().start(),
                client: client.clone(),
            },
            Servers {
                scheme: "https",
                one: TestServer::https(&ca).start(),
                other: TestServer::https(&ca).start(),
                client,
            },
        ]
    }

    /// A context with the client, and with no host allowed.
    pub fn ctx_builder(&self) -> HttpCtxBuilder {
        HttpCtx::builder().client(self.client.clone()).clone()
    }

    /// A context that allows the first server.
    pub fn ctx(&self) -> HttpCtx {
        let mut builder = self.ctx_builder();
        builder
            .try_allowed_host(&self.one.origin())
            .unwrap()
            .build()
    }

    /// Forgets what the servers have received.
    pub fn clear(&self) {
        self.one.clear();
        self.other.clear();
    }

    /// What the servers have received, in lines: for each request its method and target, its
    /// headers but those that the host adds to all, and its body. Those of the other server come
    /// last, and are marked.
    pub fn received(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for request in self.one.received() {
            lines.extend(shown(&request));
        }
        for request in self.other.received() {
            lines.extend(
                shown(&request)
                    .into_iter()
                    .map(|line| format!("other: {line}")),
            );
        }
        for server in [&self.one, &self.other] {
            let refused = server.bad_requests();
            lines.extend(
                refused
                    .into_iter()
                    .map(|reason| format!("refused: {reason}")),
            );
        }
        lines
    }
}

fn shown(request: &ReceivedRequest) -> Vec<String> {
    let mut lines = vec![format!("{} {}", request.method, request.target)];
    for (name, value) in &request.headers {
        // As they are written, they differ from guest to guest.
        let name = name.to_ascii_lowercase();
        if !["accept", "host", "user-agent"].contains(&name.as_str()) {
            lines.push(format!("{name}: {}", String::from_utf8_lossy(value)));
        }
    }
    if request.body.len() > SHOWN && is_pattern(0, &request.body) {
        lines.push(format!("({} bytes)", request.body_len));
    } else if !request.body.is_empty() {
        lines.push(String::from_utf8_lossy(&request.body).into_owned());
    }
    lines
}
