//! An embedder that uses every public item of the host, with nothing else than it: also wasmtime and
//! the crates whose types are in the interface are those that it exports.

use std::collections::HashSet;
use std::error::Error;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wasi_experimental_http_wasmtime::http::{HeaderMap, HeaderValue, Method, Response};
use wasi_experimental_http_wasmtime::rustls::ClientConfig;
use wasi_experimental_http_wasmtime::rustls::crypto::CryptoProvider;
use wasi_experimental_http_wasmtime::url::Url;
use wasi_experimental_http_wasmtime::wasmtime::{Engine, Linker, Store};
use wasi_experimental_http_wasmtime::{
    ALLOW_ALL, AllowedHost, AllowedHostError, AllowedHostErrorKind, AllowedHosts,
    AllowedHostsIntoIter, AllowedHostsIter, BodyPart, CancelHandle, CancelTimer, Cancelled,
    CertificateError, CertificateErrorKind, ClientCertificate, Credential, CredentialError, Denied,
    DeniedReason, ErrorKind, FailedCall, Hook, HookAction, HookRequest, HookResponse, Hop,
    HttpClient, HttpClientBuilder, HttpCtx, HttpCtxBuilder, Proxy, ProxyError, RequestError,
    RequestEvent, TlsVersion, add_to_linker, add_to_linker_async, limits,
};

/// What a store of the embedder has.
pub struct State {
    http: HttpCtx,
}

/// The two linkers, and stores for them.
pub fn linkers(engine: &Engine, http: &HttpCtxBuilder) -> Result<Store<State>, Box<dyn Error>> {
    let mut linker = Linker::<State>::new(engine);
    add_to_linker(&mut linker, |state| &mut state.http)?;
    let mut asynchronous = Linker::<State>::new(engine);
    add_to_linker_async(&mut asynchronous, |state| &mut state.http)?;
    let denies_all = [
        HttpCtx::default(),
        HttpCtx::new(None, Some(1))?,
        HttpCtxBuilder::default().build(),
        HttpCtxBuilder::new().build(),
    ];
    assert!(denies_all.iter().all(|http| http.open_responses() == 0));
    Ok(Store::new(engine, State { http: http.build() }))
}

/// A policy, from texts and from a file.
pub fn policy(json: &str) -> Result<AllowedHosts, Box<dyn Error>> {
    let mut hosts: AllowedHosts = serde_json::from_str(json)?;
    hosts.insert("https://example.com".parse::<AllowedHost>()?);
    hosts.try_insert("deny:10.0.0.0/8")?;
    hosts.extend(AllowedHosts::parse(["https://*"])?);
    let all: AllowedHostsIntoIter = AllowedHosts::all().into_iter();
    assert_eq!(
        all.map(|host| host.to_string()).collect::<Vec<_>>(),
        [ALLOW_ALL]
    );
    let entries: AllowedHostsIter<'_> = hosts.iter();
    let (deny, allow): (Vec<&AllowedHost>, Vec<&AllowedHost>) =
        entries.partition(|entry| entry.denies());
    let public = allow.iter().any(|entry| entry.is_every_public_host());
    let url: Url = "https://example.com/".parse()?;
    assert!(public && hosts.allows(&url) && hosts.contains(deny[0]));
    assert!(hosts.allows_request(&Method::GET, &url) && !deny[0].is_scoped());
    assert!(hosts.len() == allow.len() + deny.len() && !hosts.is_empty());
    assert_eq!(AllowedHosts::none(), AllowedHosts::default());
    let written: AllowedHosts = hosts.to_string().parse()?;
    assert_eq!(
        serde_json::to_string(&written)?,
        serde_json::to_string(&hosts)?
    );
    Ok(hosts.into_iter().collect())
}

/// What to tell a person about an entry.
pub fn advice(error: &AllowedHostError) -> String {
    use AllowedHostErrorKind as Kind;
    let what = match error.kind() {
        Kind::Empty | Kind::Comment => "leave it out",
        Kind::List => "one entry at a time",
        Kind::Space | Kind::NoScheme | Kind::OtherScheme | Kind::ExtraPart => "scheme://host:port",
        Kind::InvalidPort => "a port is a number",
        Kind::InvalidBlock => "a block is address/bits",
        Kind::InvalidWildcard => "a wildcard is *.name",
        Kind::InvalidHost | Kind::NeverMatches => "no such host",
        Kind::InvalidMethod => "a method is a token",
        Kind::InvalidPath => "a path is a prefix",
        _ => "see the documentation",
    };
    let source = error.source().map(ToString::to_string);
    format!(
        "{}: {what} {:?} {source:?}",
        error.entry(),
        error.suggestions()
    )
}

/// A client with all settings.
pub fn client(pem: &[u8]) -> Result<HttpClient, CertificateError> {
    let mut client = HttpClientBuilder::new();
    client
        .system_root_certificates(false)
        .max_requests_in_flight(limits::DEFAULT_MAX_REQUESTS_IN_FLIGHT)
        .max_open_responses(limits::DEFAULT_MAX_OPEN_RESPONSES)
        .max_idle_connections(limits::DEFAULT_MAX_IDLE_CONNECTIONS)
        .max_idle_connections_per_host(limits::DEFAULT_MAX_IDLE_CONNECTIONS_PER_HOST)
        .idle_timeout(limits::DEFAULT_IDLE_TIMEOUT)
        .resolver(|_| Ok(vec![IpAddr::from([127, 0, 0, 1])]));
    match client.try_add_root_certificates_pem(pem) {
        Ok(client) => Ok(client.build()),
        Err(error) => match error.kind() {
            CertificateErrorKind::NoCertificate => Ok(HttpClient::shared()),
            CertificateErrorKind::InvalidPem | CertificateErrorKind::NotAnAuthority => Err(error),
            _ => Ok([
                HttpClient::new(),
                HttpClient::default(),
                HttpClient::builder().build(),
            ][0]
            .clone()),
        },
    }
}

/// A client behind a proxy, and what is wrong with one that cannot be.
pub fn behind(proxy: &str) -> Result<HttpClient, String> {
    let mut client = HttpClient::builder();
    let proxied = client
        .webpki_root_certificates(true)
        .proxy_from_env()
        .and_then(|client| {
            let proxy: Proxy = proxy.parse()?;
            client.proxy(proxy).no_proxy("localhost")
        });
    match proxied {
        Ok(client) => Ok(client.build()),
        Err(ProxyError::Variable { name, error }) => Err(format!("{name}: {error}")),
        Err(ProxyError::Scheme(text) | ProxyError::NoProxy(text)) => Err(text),
        Err(error @ (ProxyError::Url | ProxyError::Credentials)) => Err(error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

/// A client with a cryptography of its own.
pub fn encrypting(provider: Arc<CryptoProvider>) -> HttpClient {
    HttpClient::builder().crypto_provider(provider).build()
}

/// A client that shows who it is.
pub fn identity(config: Option<ClientConfig>, pem: &[u8]) -> Result<HttpClient, Box<dyn Error>> {
    let mut client = HttpClientBuilder::new();
    client
        .min_tls_version(TlsVersion::Tls12)
        .max_tls_version(TlsVersion::Tls13);
    if let Some(config) = config {
        client.tls_config(config);
    }
    match ClientCertificate::from_pem(pem, pem) {
        Ok(certificate) => {
            let certificate = certificate.for_host("https://a.example".parse()?);
            client.client_certificate(certificate.try_for_host("https://b.example")?);
        }
        Err(error) => match error.kind() {
            CertificateErrorKind::NoKey | CertificateErrorKind::UnusableKey => {
                return Err(error.into());
            }
            _ => {}
        },
    }
    Ok(client.build())
}

/// Tokens of all kinds, and what is wrong with those that cannot be had.
pub fn credentials() -> Vec<Result<Credential, String>> {
    let host = "https://api.example";
    let all = [
        Credential::new(host, "authorization", "Bearer secret"),
        Credential::from_template(host, "x-key", "${file:/none}"),
        Credential::from_function(host, "x-key", |url| Ok(format!("for {url}"))),
    ];
    let explain = |error| match error {
        CredentialError::Host(error) => advice(&error),
        CredentialError::Hosts(entry) => format!("{entry} is not for one host"),
        CredentialError::Name(name) | CredentialError::OwnName(name) => name,
        CredentialError::Value => "control characters".to_owned(),
        CredentialError::TooLong { max } => format!("{max} of {}", limits::MAX_CREDENTIAL_BYTES),
        CredentialError::Template(error) => error,
        CredentialError::Variable { name, error } => format!("{name}: {error}"),
        CredentialError::File { path, error } => format!("{}: {error}", path.display()),
        other => other.to_string(),
    };
    let url = "https://api.example/".parse().expect("a URL");
    for credential in all.iter().flatten() {
        let is_sent = credential.is_for(&Method::GET, &url);
        println!("{}: {is_sent}", credential.name());
    }
    all.map(|credential| credential.map_err(explain)).into()
}

/// A hook that does all that hooks can.
struct Gate;

impl Hook for Gate {
    fn on_request(&self, request: &mut HookRequest<'_>) -> HookAction {
        request
            .headers
            .insert("x-hop", HeaderValue::from(request.redirects));
        let is_empty = request.body.is_none_or(<[u8]>::is_empty);
        match (request.method, request.url.path()) {
            (&Method::TRACE, _) => HookAction::Refuse("no traces".to_owned()),
            (_, "/stub") if is_empty => HookAction::Answer(Response::new(b"stub".to_vec())),
            _ => HookAction::Send,
        }
    }

    fn on_response(
        &self,
        request: &HookRequest<'_>,
        response: &mut HookResponse<'_>,
    ) -> Result<(), String> {
        response.headers.remove("set-cookie");
        if response.status.is_server_error() {
            return Err(format!(
                "{} {:?} {}",
                request.url, response.version, response.peer
            ));
        }
        let mut bytes = 0;
        response.watch_body(move |part| match part {
            BodyPart::Bytes(piece) => bytes += piece.len(),
            BodyPart::End => println!("{bytes} bytes"),
            _ => {}
        });
        Ok(())
    }
}

/// What observers were told.
#[derive(Default)]
pub struct Log {
    requests: Vec<RequestEvent>,
    kinds: HashSet<ErrorKind>,
    denied: HashSet<Denied>,
    calls: Vec<FailedCall>,
}

/// Settings of a store with all of them.
pub fn settings(
    client: &HttpClient,
    hosts: AllowedHosts,
    log: &Arc<Mutex<Log>>,
) -> Result<HttpCtxBuilder, AllowedHostError> {
    let [requests, denied, calls] = [(); 3].map(|()| log.clone());
    let mut http = HttpCtx::builder();
    http.client(client.clone())
        .allowed_hosts(hosts)
        .allowed_host("http://127.0.0.1:8080".parse()?)
        .allow_host_header("http://127.0.0.1:8080".parse()?)
        .allow_private_networks(false)
        .max_total_requests(Some(1_000))
        .max_total_bytes(Some(1 << 30))
        .max_requests_per_second(Some(100))
        .hook(Gate)
        .show_peer(true)
        .record_headers(true)
        .trap_when_cancelled(true)
        .label("embedder")
        .max_concurrent_requests(limits::DEFAULT_MAX_CONCURRENT_REQUESTS)
        .max_redirects(limits::DEFAULT_MAX_REDIRECTS)
        .max_url_len(limits::DEFAULT_MAX_URL_LEN.max(limits::MAX_URL_LEN))
        .max_method_len(limits::DEFAULT_MAX_METHOD_LEN.max(limits::MAX_METHOD_LEN))
        .max_request_headers(limits::DEFAULT_MAX_REQUEST_HEADERS.max(limits::MAX_REQUEST_HEADERS))
        .max_request_header_bytes(
            limits::DEFAULT_MAX_REQUEST_HEADER_BYTES.max(limits::MAX_REQUEST_HEADER_BYTES),
        )
        .max_response_headers(limits::MAX_RESPONSE_HEADERS)
        .max_response_header_bytes(limits::MAX_RESPONSE_HEADER_BYTES)
        .max_request_body_bytes(None)
        .max_response_body_bytes(Some(limits::DEFAULT_WHOLE_BODY_BYTES))
        .whole_bodies(limits::DEFAULT_WHOLE_BODY_BYTES)
        .connect_timeout(Some(limits::DEFAULT_CONNECT_TIMEOUT))
        .response_timeout(Some(limits::DEFAULT_RESPONSE_TIMEOUT))
        .read_timeout(Some(limits::DEFAULT_READ_TIMEOUT))
        .timeout(Some(limits::DEFAULT_TIMEOUT))
        .observer(move |event| requests.lock().unwrap().request(event))
        .on_denied(move |it| {
            denied.lock().unwrap().denied.insert(it.clone());
        })
        .on_failed_call(move |call| calls.lock().unwrap().calls.push(call.clone()));
    http.try_allowed_host("https://*.example.com")?
        .try_allow_host_header("https://*.example.com")?;
    let responses = limits::MAX_FINISHED_RESPONSES;
    assert!(responses > limits::DEFAULT_MAX_CONCURRENT_REQUESTS);
    Ok(http)
}

impl Log {
    fn request(&mut self, event: &RequestEvent) {
        self.kinds
            .extend(event.error.as_ref().map(|error| error.kind));
        self.requests.push(event.clone());
    }

    /// A line for each of what there is.
    pub fn lines(&self) -> Vec<String> {
        let requests = self.requests.iter().map(line);
        let denied = self.denied.iter().map(
            |Denied {
                 label,
                 url,
                 origin,
                 reason,
                 ..
             }| {
                let advice = match reason {
                    DeniedReason::NotAllowed => format!("allow {origin}"),
                    DeniedReason::DeniedBy(rule) => format!("remove {rule}"),
                    DeniedReason::NotPublic(address) => format!("{address} is private"),
                    DeniedReason::MethodOrPath(entry) => format!("allow {entry}"),
                    DeniedReason::Refused(reason) => reason.clone(),
                    _ => reason.to_string(),
                };
                format!("{label:?} {url} {advice}")
            },
        );
        let calls = self.calls.iter().map(
            |FailedCall {
                 label,
                 function,
                 error,
                 ..
             }| { format!("{label:?} {function} {}: {}", error.code, error.message) },
        );
        let kinds = self
            .kinds
            .iter()
            .map(|kind| format!("{kind}: {}", is_transient(*kind)));
        requests.chain(denied).chain(calls).chain(kinds).collect()
    }
}

fn line(event: &RequestEvent) -> String {
    let RequestEvent {
        label,
        started,
        method,
        url,
        hops,
        peer,
        status,
        resolve_time,
        connect_time,
        headers_time,
        total_time,
        bytes_sent,
        bytes_received,
        error,
        ..
    } = event;
    let times = [
        *resolve_time,
        *connect_time,
        headers_time.unwrap_or_default(),
        *total_time,
    ];
    let hops: Vec<String> = hops.iter().map(hop).collect();
    let last = event.final_url();
    format!(
        "{label:?} {started:?} {method} {url} {last} {hops:?} {peer:?} {status:?} {times:?} \
         {bytes_sent} {bytes_received} {error:?}"
    )
}

fn hop(hop: &Hop) -> String {
    let Hop {
        url,
        peer,
        status,
        request_headers,
        response_headers,
        ..
    } = hop;
    let types = [request_headers, response_headers].map(|headers: &Option<HeaderMap>| {
        let value: Option<&HeaderValue> = headers.as_ref()?.get("content-type");
        value.cloned()
    });
    format!("{url} {peer:?} {status:?} {types:?}")
}

/// Whether the same request may succeed another time.
pub fn is_transient(kind: ErrorKind) -> bool {
    match kind {
        ErrorKind::NotAllowed
        | ErrorKind::DeniedByRule
        | ErrorKind::NotPublic
        | ErrorKind::TlsCertificate
        | ErrorKind::InvalidResponse
        | ErrorKind::ResponseTooLarge
        | ErrorKind::TooManyRedirects
        | ErrorKind::Redirect
        | ErrorKind::BodyTooLarge
        | ErrorKind::Cancelled
        | ErrorKind::Misuse => false,
        ErrorKind::NameNotFound
        | ErrorKind::NameLookupFailed
        | ErrorKind::ConnectionRefused
        | ErrorKind::Unreachable
        | ErrorKind::ConnectionClosed
        | ErrorKind::Tls
        | ErrorKind::TimeoutConnect
        | ErrorKind::TimeoutResponse
        | ErrorKind::TimeoutRead
        | ErrorKind::TimeoutTotal
        | ErrorKind::TooManyOpen
        | ErrorKind::TooManyInFlight
        | ErrorKind::IncompleteBody => true,
        _ => false,
    }
}

/// What callbacks are given can be made, for tests of them.
pub fn made_up() -> Result<Log, Box<dyn Error>> {
    let error = RequestError::new(ErrorKind::Tls, 11, "a test");
    assert!(error.source().is_none());
    let mut event = RequestEvent::new("GET", "https://example.com/");
    event.hops.push(Hop::new("https://example.com/"));
    event.error = Some(error.clone());
    let denied = Denied::new(&"https://example.com/".parse()?, DeniedReason::NotAllowed);
    let mut log = Log::default();
    log.request(&event);
    log.denied.insert(denied);
    log.calls.push(FailedCall::new("req", error));
    Ok(log)
}

/// Cancels in time, and takes a store back into use.
pub fn cancelling(store: &mut Store<State>) -> Result<bool, Box<dyn Error>> {
    let cancel: CancelHandle = store.data().http.cancel_handle();
    let timer: CancelTimer = cancel.cancel_after(Duration::from_secs(1))?;
    drop(timer);
    cancel.cancel();
    let was = cancel.is_cancelled();
    store.data_mut().http.resume();
    store
        .data_mut()
        .http
        .set_allowed_hosts(AllowedHosts::none());
    Ok(was)
}

/// Whether a call of a guest ended because its store was cancelled.
pub fn was_cancelled(error: &wasi_experimental_http_wasmtime::wasmtime::Error) -> bool {
    error.is::<Cancelled>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_it_runs() {
        let hosts = policy("[\"http://127.0.0.1:8080\"]").unwrap();
        let error = AllowedHosts::parse(["example.com"]).unwrap_err();
        assert!(advice(&error).contains("https://example.com"));
        let client = client(b"").unwrap();
        assert!(identity(None, b"").is_ok());
        assert!(behind("http://127.0.0.1:1").is_ok() && behind("https://a").is_err());
        let log = Arc::default();
        let mut http = settings(&client, hosts, &log).unwrap();
        for credential in credentials().into_iter().flatten() {
            http.credential(credential);
        }
        let mut store = linkers(&Engine::default(), &http).unwrap();
        assert!(cancelling(&mut store).unwrap());
        assert!(log.lock().unwrap().lines().is_empty());
        assert_eq!(made_up().unwrap().lines().len(), 4);
        assert!(!was_cancelled(
            &wasi_experimental_http_wasmtime::wasmtime::format_err!("another")
        ));
    }
}
