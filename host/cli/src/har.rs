//! `--har`: what was sent and received, as HAR 1.2 (<http://www.softwareishard.com/blog/har-12-spec/>).
//!
//! The file is whole after each write, whenever the process ends: what changes is its end, and each time
//! that is written with one system call.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant, SystemTime};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use wasi_experimental_http_wasmtime::http::header::{CONTENT_TYPE, HOST, LOCATION};
use wasi_experimental_http_wasmtime::http::{HeaderMap, HeaderName};
use wasi_experimental_http_wasmtime::url::Position;
use wasi_experimental_http_wasmtime::{
    BodyPart, Credential, Hook, HookAction, HookRequest, HookResponse, RequestEvent,
};

use crate::log::{MASK, milliseconds, rfc_3339, shown};
use crate::say::say;

/// How much of each body is written.
const MAX_BODY: usize = 1024 * 1024;

/// What is behind the entries.
const END: &str = "\n]}}\n";

/// Writes requests and responses to a file. Clones write to the same one.
#[derive(Clone)]
pub struct Har {
    log: Arc<Mutex<Log>>,
    credentials: Arc<[Credential]>,
}

struct Log {
    file: File,
    /// Where the entries that have ended end.
    ended: u64,
    /// How much of the file is behind that.
    tail: usize,
    is_first: bool,
    /// Requests that have not ended, by their numbers.
    open: HashMap<u64, Entry>,
    last_number: u64,
    /// The request that each thread has sent last. A hook is called with a request and its response on
    /// one thread.
    by_thread: HashMap<ThreadId, u64>,
    has_failed: bool,
}

/// A request, with what there is of its response.
struct Entry {
    value: Value,
    /// The URL as events have it.
    redacted: String,
    sent: Instant,
    answered: Option<Instant>,
}

impl Har {
    /// Creates the file, with no entries.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn create(path: &Path, credentials: &[Credential]) -> io::Result<Har> {
        let mut file = File::create(path)?;
        let creator =
            json!({ "name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION") });
        let start = format!("{{\"log\":{{\"version\":\"1.2\",\"creator\":{creator},\"entries\":[");
        file.write_all(format!("{start}{END}").as_bytes())?;
        // What is written later is not appended.
        file.seek(SeekFrom::Start(0))?;
        Ok(Har {
            log: Arc::new(Mutex::new(Log {
                file,
                ended: start.len() as u64,
                tail: END.len(),
                is_first: true,
                open: HashMap::new(),
                last_number: 0,
                by_thread: HashMap::new(),
                has_failed: false,
            })),
            credentials: credentials.into(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes why a request has no response, which hooks are not told.
    pub fn observe(&self, event: &RequestEvent) {
        let Some(error) = &event.error else { return };
        let mut log = self.lock();
        let unanswered = log
            .open
            .iter()
            .filter(|(_, entry)| entry.answered.is_none() && entry.redacted == event.final_url());
        if let Some(number) = unanswered.map(|(number, _)| *number).min() {
            log.end(number, |entry| {
                entry["comment"] = json!(error.message);
                entry["time"] = json!(milliseconds(event.total_time));
            });
        }
    }

    /// The fields that are sent, as far as they are known here: the client's own `User-Agent` and the
    /// length are not.
    fn sent(&self, request: &HookRequest<'_>) -> Vec<Value> {
        let has_host = request.headers.contains_key(HOST);
        let mut added: Vec<&HeaderName> = self
            .credentials
            .iter()
            .filter(|it| !has_host && it.is_for(request.method, request.url))
            .map(Credential::name)
            .collect();
        added.sort_by_key(|name| name.as_str());
        added.dedup();
        let mut sent = Vec::new();
        if !has_host {
            let host = &request.url[Position::BeforeHost..Position::AfterPort];
            sent.push(json!({ "name": "host", "value": host }));
        }
        let own = fields(request.headers);
        sent.extend(own.filter(|(name, _)| !added.contains(name)).map(|it| it.1));
        let masked = added.iter();
        sent.extend(masked.map(|name| json!({ "name": name.as_str(), "value": MASK })));
        sent
    }
}

impl Hook for Har {
    fn on_request(&self, request: &mut HookRequest<'_>) -> HookAction {
        let mut entry = json!({
            "startedDateTime": rfc_3339(SystemTime::now()),
            "time": 0,
            "request": {
                "method": request.method.as_str(),
                "url": request.url.as_str(),
                "httpVersion": "HTTP/1.1",
                "cookies": [],
                "headers": self.sent(request),
                "queryString": request.url.query_pairs()
                    .map(|(name, value)| json!({ "name": name, "value": value }))
                    .collect::<Value>(),
                "headersSize": -1,
                "bodySize": request.body.map_or(-1, |body| body.len() as i64),
            },
            "response": {
                "status": 0,
                "statusText": "",
                "httpVersion": "",
                "cookies": [],
                "headers": [],
                "content": { "size": 0, "mimeType": "" },
                "redirectURL": "",
                "headersSize": -1,
                "bodySize": -1,
                "comment": "there is no response",
            },
            "cache": {},
            "timings": timings(Duration::ZERO, Duration::ZERO),
        });
        if let Some(body) = request.body.filter(|body| !body.is_empty()) {
            entry["request"]["postData"] = post_data(request.headers, body);
        }
        let redacted = {
            let mut url = request.url.clone();
            url.set_query(None);
            url.into()
        };
        let mut log = self.lock();
        log.last_number += 1;
        let number = log.last_number;
        log.by_thread.insert(thread::current().id(), number);
        let entry = Entry {
            value: entry,
            redacted,
            sent: Instant::now(),
            answered: None,
        };
        log.open.insert(number, entry);
        log.write("");
        HookAction::Send
    }

    fn on_response(
        &self,
        _: &HookRequest<'_>,
        response: &mut HookResponse<'_>,
    ) -> Result<(), String> {
        let now = Instant::now();
        let location = response.headers.get(LOCATION);
        let location = location.map(|value| shown(&LOCATION, value));
        let head = json!({
            "status": response.status.as_u16(),
            "statusText": response.status.canonical_reason().unwrap_or_default(),
            "httpVersion": format!("{:?}", response.version),
            "cookies": [],
            "headers": fields(response.headers).map(|it| it.1).collect::<Value>(),
            "content": {
                "size": 0,
                "mimeType": content_type(response.headers),
                "comment": "the guest had not closed it",
            },
            "redirectURL": location.unwrap_or_default(),
            "headersSize": -1,
            "bodySize": -1,
        });
        let peer = response.peer;
        let mut log = self.lock();
        let Some(number) = log.by_thread.get(&thread::current().id()).copied() else {
            return Ok(());
        };
        let Some(entry) = log.open.get_mut(&number) else {
            return Ok(());
        };
        let wait = now.saturating_duration_since(entry.sent);
        entry.answered = Some(now);
        entry.value["response"] = head;
        entry.value["serverIPAddress"] = json!(peer.ip());
        entry.value["connection"] = json!(peer.port().to_string());
        entry.value["time"] = json!(milliseconds(wait));
        entry.value["timings"] = timings(wait, Duration::ZERO);
        log.write("");
        drop(log);
        let mut body = Body {
            har: self.clone(),
            number,
            kept: Vec::new(),
            len: 0,
            is_whole: false,
        };
        response.watch_body(move |part| match part {
            BodyPart::Bytes(bytes) => {
                let room = MAX_BODY - body.kept.len();
                body.kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
                body.len += bytes.len() as u64;
            }
            _ => body.is_whole = true,
        });
        Ok(())
    }
}

/// The body of a response, which has ended when this is dropped.
struct Body {
    har: Har,
    number: u64,
    kept: Vec<u8>,
    len: u64,
    is_whole: bool,
}

impl Drop for Body {
    fn drop(&mut self) {
        let mut log = self.har.lock();
        let entry = log.open.get(&self.number);
        let Some((sent, answered)) = entry.and_then(|it| Some((it.sent, it.answered?))) else {
            return;
        };
        let (wait, receive) = (answered.saturating_duration_since(sent), answered.elapsed());
        log.end(self.number, |entry| {
            entry["time"] = json!(milliseconds(wait + receive));
            entry["timings"] = timings(wait, receive);
            entry["response"]["bodySize"] = json!(self.len);
            let content = &mut entry["response"]["content"];
            content["size"] = json!(self.len);
            let cut = self.len > self.kept.len() as u64;
            content["comment"] = match (self.is_whole, cut) {
                (true, false) => json!(""),
                (true, true) => json!(format!("the text is the first {MAX_BODY} bytes")),
                (false, _) => json!("the guest did not get the whole body"),
            };
            match str::from_utf8(&self.kept) {
                Ok(text) => content["text"] = json!(text),
                Err(_) => {
                    content["text"] = json!(BASE64_STANDARD.encode(&self.kept));
                    content["encoding"] = json!("base64");
                }
            }
        });
    }
}

impl Log {
    /// Ends a request.
    fn end(&mut self, number: u64, change: impl FnOnce(&mut Value)) {
        if let Some(mut entry) = self.open.remove(&number) {
            self.by_thread.retain(|_, it| *it != number);
            change(&mut entry.value);
            let text = separated(self.is_first, &entry.value);
            self.is_first = false;
            self.write(&text);
        }
    }

    /// Writes entries that have ended, and anew those that have not.
    fn write(&mut self, ended: &str) {
        let mut text = ended.to_owned();
        let mut open: Vec<_> = self.open.iter().collect();
        open.sort_by_key(|(number, _)| **number);
        let mut is_first = self.is_first;
        for (_, entry) in open {
            text.push_str(&separated(is_first, &entry.value));
            is_first = false;
        }
        text.push_str(END);
        // Over what was there before.
        let tail = text.len() - ended.len();
        let padding = self.tail.saturating_sub(text.len());
        text.extend(std::iter::repeat_n(' ', padding));
        let written = self
            .file
            .seek(SeekFrom::Start(self.ended))
            .and_then(|_| self.file.write_all(text.as_bytes()));
        match written {
            Ok(()) => {
                self.ended += ended.len() as u64;
                self.tail = tail + padding;
            }
            Err(error) if !self.has_failed => {
                self.has_failed = true;
                say(format_args!("cannot write the --har file: {error}"));
            }
            Err(_) => {}
        }
    }
}

/// An entry, behind others or as the first.
fn separated(is_first: bool, entry: &Value) -> String {
    let comma = if is_first { "" } else { "," };
    format!("{comma}\n{entry}")
}

fn timings(wait: Duration, receive: Duration) -> Value {
    json!({
        "blocked": -1, "dns": -1, "connect": -1, "ssl": -1,
        // With the connection, if there was none.
        "send": 0, "wait": milliseconds(wait), "receive": milliseconds(receive),
    })
}

/// Fields with what is secret in them masked.
fn fields(headers: &HeaderMap) -> impl Iterator<Item = (&HeaderName, Value)> {
    headers.iter().map(|(name, value)| {
        let field = json!({ "name": name.as_str(), "value": shown(name, value) });
        (name, field)
    })
}

fn content_type(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE);
    value.map_or_else(String::new, |value| shown(&CONTENT_TYPE, value))
}

fn post_data(headers: &HeaderMap, body: &[u8]) -> Value {
    let mut data = json!({ "mimeType": content_type(headers), "text": "" });
    let start = &body[..body.len().min(MAX_BODY)];
    match str::from_utf8(start) {
        Ok(text) => {
            data["text"] = json!(text);
            if start.len() < body.len() {
                data["comment"] = json!(format!("the text is the first {MAX_BODY} bytes"));
            }
        }
        // HAR has no way to write it.
        Err(_) => data["comment"] = json!("the body is no text"),
    }
    data
}
