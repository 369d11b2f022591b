//! The log of `-v`: a line for each request when it has ended, and with `-vv` its header fields.
//!
//! Masks the values that the host has marked as sensitive.

use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::ValueEnum;
use serde::Serialize;
use wasi_experimental_http_wasmtime::http::header::{CONTENT_LOCATION, LOCATION, REFERER};
use wasi_experimental_http_wasmtime::http::{HeaderMap, HeaderName, HeaderValue};
use wasi_experimental_http_wasmtime::{ErrorKind, FailedCall, RequestError, RequestEvent};

use crate::say;

/// Shown in place of a sensitive value.
pub const MASK: &str = "***";

/// The format of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// As web servers write their access logs
    Text,
    /// An object of JSON on a line of its own
    Json,
}

/// An observer that logs finished requests.
pub fn requests(format: Format) -> impl Fn(&RequestEvent) + Send + Sync + 'static {
    move |event| {
        write(&match format {
            Format::Text => text(event),
            Format::Json => json(&Line::of(event)),
        });
    }
}

/// An observer that logs calls that were not well-formed requests.
pub fn malformed(format: Format) -> impl Fn(&FailedCall) + Send + Sync + 'static {
    move |call| {
        if (call.function, call.error.kind) != ("req", ErrorKind::Misuse) {
            return;
        }
        let time = rfc_3339(SystemTime::now());
        write(&match format {
            Format::Text => {
                let label = label(call.label.as_deref());
                format!("{time}{label} {} {}", call.function, error(&call.error))
            }
            Format::Json => json(&FailedLine {
                time,
                label: call.label.as_deref(),
                function: call.function,
                error: Failure::of(&call.error),
            }),
        });
    }
}

/// Writes with one call, so that no other output gets in between. A failure cannot be reported
/// anywhere.
fn write(lines: &str) {
    let lines = format!("{lines}\n");
    let _ = std::io::stderr().lock().write_all(lines.as_bytes());
}

/// A line of the access log, and one for each header field that is known.
fn text(event: &RequestEvent) -> String {
    let mut text = rfc_3339(event.started);
    text += &label(event.label.as_deref());
    // Writing to a string cannot fail, here and below.
    let _ = write!(
        text,
        " {} {} {} received={} sent={} time={:.1}ms",
        say::name(&event.method),
        say::name(&event.url),
        Status(event.status),
        event.bytes_received,
        event.bytes_sent,
        milliseconds(event.total_time),
    );
    let redirects = event.hops.len().saturating_sub(1);
    if redirects > 0 {
        let last = say::name(event.final_url());
        let _ = write!(text, " redirects={redirects} last={last}");
    }
    if let Some(failure) = &event.error {
        text.push(' ');
        text += &error(failure);
    }
    for hop in &event.hops {
        let fields = [('>', &hop.request_headers), ('<', &hop.response_headers)];
        if redirects > 0 && hop.request_headers.is_some() {
            let _ = write!(text, "\n  * {} {}", say::name(&hop.url), Status(hop.status));
        }
        for (direction, headers) in fields {
            for (name, value) in headers.iter().flatten() {
                let value = say::name(&shown(name, value));
                let _ = write!(text, "\n  {direction} {name}: {value}");
            }
        }
    }
    text
}

/// A status, or `-`.
struct Status(Option<u16>);

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(status) => status.fmt(f),
            None => f.write_str("-"),
        }
    }
}

fn label(label: Option<&str>) -> String {
    label.map_or_else(String::new, |label| format!(" {}", say::name(label)))
}

fn error(error: &RequestError) -> String {
    format!("error=\"{}\"", say::name(&error.message).replace('"', "'"))
}

pub fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// A value for the log: masked if sensitive; a URL loses its query and user information.
pub fn shown(name: &HeaderName, value: &HeaderValue) -> String {
    let mut text = String::with_capacity(value.len());
    for chunk in value.as_bytes().utf8_chunks() {
        text += chunk.valid();
        let _ = write!(text, "{}", chunk.invalid().escape_ascii());
    }
    if !value.is_sensitive() {
        return text;
    }
    let is_url = [LOCATION, CONTENT_LOCATION, REFERER].contains(name);
    match text.find(['?', '#']) {
        Some(at) if is_url && !text.contains('@') => format!("{}{MASK}", &text[..=at]),
        _ => MASK.to_owned(),
    }
}

/// A request as JSON.
#[derive(Serialize)]
struct Line<'a> {
    time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    method: &'a str,
    url: &'a str,
    status: Option<u16>,
    received: u64,
    sent: u64,
    duration_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Failure<'a>>,
    hops: Vec<Hop<'a>>,
}

/// A malformed call as JSON.
#[derive(Serialize)]
struct FailedLine<'a> {
    time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    function: &'a str,
    error: Failure<'a>,
}

#[derive(Serialize)]
struct Failure<'a> {
    kind: String,
    code: u32,
    message: &'a str,
}

#[derive(Serialize)]
struct Hop<'a> {
    url: &'a str,
    peer: Option<String>,
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_headers: Option<Vec<Field>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_headers: Option<Vec<Field>>,
}

#[derive(Serialize)]
struct Field {
    name: String,
    value: String,
}

impl<'a> Line<'a> {
    fn of(event: &'a RequestEvent) -> Self {
        let hops = event.hops.iter().map(|hop| Hop {
            url: &hop.url,
            peer: hop.peer.map(|peer| peer.to_string()),
            status: hop.status,
            request_headers: fields(hop.request_headers.as_ref()),
            response_headers: fields(hop.response_headers.as_ref()),
        });
        Line {
            time: rfc_3339(event.started),
            label: event.label.as_deref(),
            method: &event.method,
            url: &event.url,
            status: event.status,
            received: event.bytes_received,
            sent: event.bytes_sent,
            duration_ms: (milliseconds(event.total_time) * 1000.0).round() / 1000.0,
            error: event.error.as_ref().map(Failure::of),
            hops: hops.collect(),
        }
    }
}

impl<'a> Failure<'a> {
    fn of(error: &'a RequestError) -> Self {
        Failure {
            kind: error.kind.to_string(),
            code: error.code,
            message: &error.message,
        }
    }
}

fn fields(headers: Option<&HeaderMap>) -> Option<Vec<Field>> {
    let field = |(name, value): (&HeaderName, &HeaderValue)| Field {
        name: name.to_string(),
        value: shown(name, value),
    };
    Some(headers?.iter().map(field).collect())
}

fn json(line: &impl Serialize) -> String {
    // Strings and numbers can always be serialised.
    let text = serde_json::to_string(line).unwrap_or_default();
    say::json(&text)
}

/// A time in UTC, to the millisecond.
pub fn rfc_3339(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (seconds, millis) = (since.as_secs(), since.subsec_millis());
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

/// The date this many days after 1970-01-01, as year, month, day.
///
/// Counts in years from March to February, so that the leap day is the last, and in cycles of 400
/// years, which have 146,097 days.
fn date(days: u64) -> (u64, u64, u64) {
    // From 0000-03-01.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    // From March on, five months have 153 days: 31, 30, 31, 30, 31.
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = match month {
        0..10 => (year, month + 3),
        _ => (year + 1, month - 9),
    };
    (era * 400 + year, month, day)
}

#[cfg(test)]
mod tests {
    use wasi_experimental_http_wasmtime::Hop;

    use super::*;

    /// What `date` of coreutils says.
    #[cfg(target_os = "linux")]
    #[test]
    fn times_are_what_another_program_makes_of_them() {
        let mut seconds: Vec<u64> = vec![0, 951_782_399, 951_868_800, 4_107_542_399, 4_107_542_400];
        // Some of each year up to 2200.
        seconds.extend((0..2760).map(|step| step * 2_629_747));
        let input: String = seconds.iter().map(|it| format!("@{it}\n")).collect();
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("times");
        std::fs::write(&file, input).unwrap();
        let output = std::process::Command::new("date")
            .args(["-u", "+%Y-%m-%dT%H:%M:%S.000Z", "-f"])
            .arg(file)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(said.lines().count(), seconds.len());
        for (seconds, said) in seconds.into_iter().zip(said.lines()) {
            let time = UNIX_EPOCH + Duration::from_secs(seconds);
            assert_eq!(rfc_3339(time), said);
        }
    }

    #[test]
    fn a_line_has_all_that_is_known() {
        let mut event = RequestEvent::new("GET", "http://a.test/");
        event.started = UNIX_EPOCH + Duration::from_millis(1_500);
        assert_eq!(
            text(&event),
            "1970-01-01T00:00:01.500Z GET http://a.test/ - received=0 sent=0 time=0.0ms"
        );
        event.label = Some("plug\x1bin".into());
        event.status = Some(200);
        event.bytes_received = 7;
        event.total_time = Duration::from_micros(12_340);
        event.hops = vec![Hop::new("http://a.test/"), Hop::new("http://b.test/c")];
        event.error = Some(RequestError::new(
            ErrorKind::Unreachable,
            11,
            "a \"b\"\n\x1b[2J",
        ));
        assert_eq!(
            text(&event),
            "1970-01-01T00:00:01.500Z plug\\u{1b}in GET http://a.test/ 200 received=7 sent=0 \
             time=12.3ms redirects=1 last=http://b.test/c error=\"a 'b'\\n\\u{1b}[2J\""
        );
    }

    #[test]
    fn what_is_marked_is_masked() {
        let cases = [
            ("x-plain", "a\tb", false, "a\tb"),
            ("x-plain", "\u{e9}", false, "\u{e9}"),
            ("authorization", "Bearer abc", true, MASK),
            ("x-token", "a?b", true, MASK),
            ("location", "/a?b#c", true, "/a?***"),
            ("location", "/a#b?c", true, "/a#***"),
            ("location", "http://me:you@a.test/?b", true, MASK),
            ("location", "/a", false, "/a"),
        ];
        for (name, value, is_sensitive, expected) in cases {
            let mut value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            value.set_sensitive(is_sensitive);
            assert_eq!(shown(&name.parse().unwrap(), &value), expected);
        }
        let latin_1 = HeaderValue::from_bytes(b"caf\xe9 \\").unwrap();
        assert_eq!(shown(&REFERER, &latin_1), "caf\\xe9 \\");
    }
}
