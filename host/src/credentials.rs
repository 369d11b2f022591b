//! Header fields that the host adds to requests to certain hosts, and the guest never sees.
//!
//! Fields are added while a request is written, for each hop anew, and are kept nowhere: events,
//! errors and redirects are made from the guest's own request. [`crate::send`] asks for the fields
//! of each hop.

use std::env::{self, VarError};
use std::error::Error as StdError;
use std::fmt;
use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;

use http::header::HOST;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use url::Url;

use crate::allowed_hosts::{AllowedHost, AllowedHostError, AllowedHosts};
use crate::headers;
use crate::limits::{MAX_CREDENTIAL_BYTES, MAX_CREDENTIALS_BYTES};

/// An error of the embedder's function.
type BoxError = Box<dyn StdError + Send + Sync>;

/// A header field that the host adds to requests to certain hosts, and the guest never sees: a token,
/// a key, a password.
///
/// [`HttpCtxBuilder::credential`](crate::HttpCtxBuilder::credential) gives it to a store. From then on,
///
/// - it is added to each request to its hosts, at every hop, and to no other: not to what a redirect
///   leads to elsewhere. What is sent is also held to the [`AllowedHosts`] of the store, of which it
///   makes no exception.
/// - It replaces the fields of the same name that the guest wrote. Of several credentials with one
///   name the last that is for the host is sent.
/// - It is in no response, error, event or trace. The host does not search what servers send for it:
///   a server that sends its requests back shows it to the guest.
/// - It is not sent with `TRACE`, which asks for just that (RFC 9110, section 9.3.8), nor where the
///   guest [chose](crate::HttpCtxBuilder::allow_host_header) another `Host`, whose it is not.
/// - A connection over which `Negotiate` or `NTLM` was sent is used by its store only.
///
/// Over `http` anybody on the way reads it.
///
/// ```
/// use wasi_experimental_http_wasmtime::{Credential, HttpCtx};
///
/// let host = "https://postman-echo.com";
/// let http = HttpCtx::builder()
///     .try_allowed_host(host)?
///     .credential(Credential::new(host, "x-api-key", "secret")?)
///     .credential(Credential::from_function(host, "authorization", |_| {
///         Ok("Bearer made-for-this-request".to_owned())
///     })?)
///     .build();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Credential {
    hosts: AllowedHosts,
    name: HeaderName,
    value: Value,
}

type Function = dyn Fn(&Url) -> Result<String, BoxError> + Send + Sync;

#[derive(Clone)]
enum Value {
    Text(HeaderValue),
    Function(Arc<Function>),
}

impl Credential {
    /// One whose value is always the same.
    ///
    /// `host` is an entry as [`AllowedHosts`] describes, which names hosts and allows them.
    ///
    /// # Errors
    ///
    /// If the host, the name or the value cannot be one, or the name is of a field that is the host's
    /// own, such as `Host` or `Content-Length`. No error has the value in it.
    pub fn new(host: &str, name: &str, value: &str) -> Result<Self, CredentialError> {
        Self::of(host, name, Value::Text(header_value(value)?))
    }

    /// One whose value a function makes for each request that is sent, with the URL of that: for
    /// tokens that expire.
    ///
    /// It is called on the thread of the request: the guest's if the guest waits for it. If it fails,
    /// nothing is sent; the guest gets `runtime_error` and learns no more, the embedder's observers get
    /// the error.
    ///
    /// # Errors
    ///
    /// As for [`Credential::new`].
    pub fn from_function(
        host: &str,
        name: &str,
        value: impl Fn(&Url) -> Result<String, BoxError> + Send + Sync + 'static,
    ) -> Result<Self, CredentialError> {
        Self::of(host, name, Value::Function(Arc::new(value)))
    }

    /// One whose value is a text with `${NAME}` in it for a variable of the process's environment,
    /// `${file:PATH}` for what a file has in it, without the end of its last line, and `$$` for a `$`.
    ///
    /// Variables are read now. Files are read for each request, so a token in one may be replaced.
    ///
    /// # Errors
    ///
    /// As for [`Credential::new`]; if the text is not of this form; or if a variable or a file is not
    /// there.
    pub fn from_template(host: &str, name: &str, template: &str) -> Result<Self, CredentialError> {
        let parts = parse_template(template)?;
        let parts: Vec<Part> = parts
            .into_iter()
            .map(|part| match part {
                Part::Variable(name) => variable(name).map(Part::Text),
                part => Ok(part),
            })
            .collect::<Result<_, _>>()?;
        let value = fill_in(&parts)?;
        if parts.iter().all(|part| matches!(part, Part::Text(_))) {
            return Self::new(host, name, &value);
        }
        header_value(&value)?;
        Self::from_function(host, name, move |_| Ok(fill_in(&parts)?))
    }

    fn of(host: &str, name: &str, value: Value) -> Result<Self, CredentialError> {
        let entry: AllowedHost = host.parse()?;
        if entry.denies() || entry.is_every_host() {
            return Err(CredentialError::Hosts(host.to_owned()));
        }
        let bad_name = || CredentialError::Name(name.to_owned());
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad_name())?;
        if headers::is_of_the_host(&name) {
            return Err(CredentialError::OwnName(name.as_str().to_owned()));
        }
        Ok(Credential {
            hosts: AllowedHosts::from_iter([entry]),
            name,
            value,
        })
    }

    /// The name of the header field.
    #[must_use]
    pub fn name(&self) -> &HeaderName {
        &self.name
    }

    /// Whether it is added to requests of this method to this URL, unless the guest chose another `Host`.
    #[must_use]
    pub fn is_for(&self, method: &Method, url: &Url) -> bool {
        *method != Method::TRACE && self.hosts.allows_request(method, url)
    }

    fn value(&self, url: &Url) -> Result<HeaderValue, BoxError> {
        let text = match &self.value {
            Value::Text(value) => return Ok(value.clone()),
            Value::Function(function) => catch_unwind(AssertUnwindSafe(|| function(url)))
                .unwrap_or_else(|_| Err("its function panicked".into()))?,
        };
        Ok(header_value(&text)?)
    }
}

/// Omits the value.
impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("hosts", &self.hosts.to_string())
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Why a [`Credential`] is invalid. The text of the error does not contain the value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// The host is not an entry of [`AllowedHosts`].
    #[error(transparent)]
    Host(#[from] AllowedHostError),
    /// The entry denies, or names no host.
    #[error("{0:?} does not name the hosts that a credential is for")]
    Hosts(String),
    /// No header field has such a name.
    #[error("{0:?} is not the name of a header field")]
    Name(String),
    /// The field is one that the host sets, for the message or the connection.
    #[error("the header field {0:?} is set by the host")]
    OwnName(String),
    /// The value has a character that no header field may have, or is empty.
    #[error("the value is empty, or has a line end or another control character in it")]
    Value,
    /// The value is too long.
    #[error("the value is longer than {max} bytes")]
    TooLong {
        /// How many bytes it may have.
        max: u64,
    },
    /// The text with variables in it is not of the form that
    /// [`Credential::from_template`] describes.
    #[error("{0}")]
    Template(String),
    /// A variable is not there, or is not UTF-8.
    #[error("the environment variable {name:?}: {error}")]
    Variable {
        /// Its name.
        name: String,
        /// What is wrong with it.
        error: String,
    },
    /// A file cannot be read.
    #[error("cannot read {path:?}: {error}")]
    File {
        /// Its path.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
}

fn header_value(text: &str) -> Result<HeaderValue, CredentialError> {
    let max = MAX_CREDENTIAL_BYTES;
    if text.len() as u64 > max {
        return Err(CredentialError::TooLong { max });
    }
    let text = text.trim_matches([' ', '\t']);
    let mut value = HeaderValue::from_str(text).map_err(|_| CredentialError::Value)?;
    if value.is_empty() {
        return Err(CredentialError::Value);
    }
    value.set_sensitive(true);
    Ok(value)
}

/// A part of a text with variables in it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Variable(String),
    File(PathBuf),
}

/// The parts of a text with `${NAME}`, `${file:PATH}` and `$$` in it.
fn parse_template(text: &str) -> Result<Vec<Part>, CredentialError> {
    const FILE: &str = "file:";
    let wrong = |what: &str| Err(CredentialError::Template(what.to_owned()));
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('$') {
        parts.push(Part::Text(before.to_owned()));
        if let Some(behind) = behind.strip_prefix('$') {
            parts.push(Part::Text("$".to_owned()));
            rest = behind;
            continue;
        }
        let Some((name, behind)) = behind.strip_prefix('{').and_then(|it| it.split_once('}'))
        else {
            return wrong(
                "write `${NAME}` for a variable, `${file:PATH}` for a file, `$$` for a `$`",
            );
        };
        parts.push(match name.strip_prefix(FILE) {
            Some("") => return wrong("`${file:}` names no file"),
            Some(path) => Part::File(path.into()),
            None if name.is_empty() || name.contains(['=', '\0']) => {
                return wrong("`${}` has no name of a variable in it");
            }
            None => Part::Variable(name.to_owned()),
        });
        rest = behind;
    }
    parts.push(Part::Text(rest.to_owned()));
    Ok(parts)
}

fn variable(name: String) -> Result<String, CredentialError> {
    env::var(&name).map_err(|error| CredentialError::Variable {
        name,
        error: match error {
            VarError::NotPresent => "it is not set",
            // The error itself would show the value.
            VarError::NotUnicode(_) => "it is not UTF-8",
        }
        .to_owned(),
    })
}

fn fill_in(parts: &[Part]) -> Result<String, CredentialError> {
    let mut value = String::new();
    for part in parts {
        match part {
            Part::Text(text) => value.push_str(text),
            Part::Variable(name) => value.push_str(&variable(name.clone())?),
            Part::File(path) => {
                let text = fs::read_to_string(path).map_err(|error| CredentialError::File {
                    path: path.clone(),
                    error,
                })?;
                let text = text.strip_suffix('\n').unwrap_or(&text);
                value.push_str(text.strip_suffix('\r').unwrap_or(text));
            }
        }
    }
    Ok(value)
}

/// A credential that a request needs could not be read or computed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("no value for the credential {name:?}: {source}")]
pub(crate) struct NoCredential {
    name: HeaderName,
    #[source]
    pub source: Arc<dyn StdError + Send + Sync>,
}

/// The fields to add to a request with this URL.
pub(crate) fn fields(
    credentials: &[Credential],
    method: &Method,
    url: &Url,
    given: &HeaderMap,
) -> Result<HeaderMap, NoCredential> {
    let mut fields = HeaderMap::new();
    if given.contains_key(HOST) {
        return Ok(fields);
    }
    let mut len = 0;
    for credential in credentials {
        if !credential.is_for(method, url) {
            continue;
        }
        let name = &credential.name;
        let failed = |source: BoxError| NoCredential {
            name: name.clone(),
            source: source.into(),
        };
        let value = credential.value(url).map_err(failed)?;
        len += name.as_str().len() + value.len() + ": \r\n".len();
        if len > MAX_CREDENTIALS_BYTES {
            return Err(failed("all of them together are too long".into()));
        }
        fields.insert(name, value);
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "https://example.com";

    #[test]
    fn a_template_has_variables_files_and_dollars_in_it() {
        let text = |text: &str| Part::Text(text.to_owned());
        let variable = |name: &str| Part::Variable(name.to_owned());
        let cases = [
            ("Bearer x", vec![text("Bearer x")]),
            (
                "Bearer ${TOKEN}",
                vec![text("Bearer "), variable("TOKEN"), text("")],
            ),
            (
                "${A}${file:/run/b}",
                vec![
                    text(""),
                    variable("A"),
                    text(""),
                    Part::File("/run/b".into()),
                    text(""),
                ],
            ),
            (
                "a$$b$${C}",
                vec![text("a"), text("$"), text("b"), text("$"), text("{C}")],
            ),
        ];
        for (template, expected) in cases {
            assert_eq!(parse_template(template).unwrap(), expected, "{template}");
        }
        for template in [
            "$", "a$b", "${", "${A", "${}", "${file:}", "${A=b}", "$ {A}",
        ] {
            assert!(parse_template(template).is_err(), "{template}");
        }
    }

    #[test]
    fn a_bad_credential_says_why_and_does_not_show_the_value() {
        let long = "a".repeat(MAX_CREDENTIAL_BYTES as usize + 1);
        let cases = [
            ("example.com", "a", "SECRET", "no scheme"),
            ("deny:https://example.com", "a", "SECRET", "does not name"),
            ("https://*", "a", "SECRET", "does not name"),
            ("insecure:allow-all", "a", "SECRET", "does not name"),
            (HOST, "", "SECRET", "not the name"),
            (HOST, "a b", "SECRET", "not the name"),
            (HOST, "Host", "SECRET", "set by the host"),
            (HOST, "Content-Length", "SECRET", "set by the host"),
            (HOST, "transfer-encoding", "SECRET", "set by the host"),
            (HOST, "Proxy-Authorization", "SECRET", "set by the host"),
            (HOST, "a", "SECRET\r\nb: c", "line end"),
            (HOST, "a", " ", "empty"),
            (HOST, "a", &long, "longer than"),
        ];
        for (host, name, value, expected) in cases {
            let error = Credential::new(host, name, value).expect_err(name);
            let text = format!("{error} {error:?}");
            assert!(text.contains(expected), "{host} {name}: {text}");
            assert!(!text.contains("SECRET"), "{text}");
        }
        let shown = format!("{:?}", Credential::new(HOST, "a", "SECRET").unwrap());
        assert!(shown.contains(HOST) && !shown.contains("SECRET"), "{shown}");
        let error = Credential::from_template(HOST, "a", "${WASI_HTTP_NO_SUCH_VARIABLE}");
        let text = error.unwrap_err().to_string();
        assert!(text.contains("WASI_HTTP_NO_SUCH_VARIABLE"), "{text}");
    }

    #[test]
    fn fields_are_for_their_hosts() {
        let credentials = [
            Credential::new(HOST, "authorization", "one").unwrap(),
            Credential::new("https://*.example.com", "authorization", "two").unwrap(),
            Credential::new("https://a.example.com", "authorization", "three").unwrap(),
            Credential::new("https://a.example.com", "x-key", "four").unwrap(),
        ];
        let cases = [
            ("https://example.com/", "authorization:one"),
            ("https://b.example.com/", "authorization:two"),
            ("https://a.example.com/", "authorization:three x-key:four"),
            ("http://example.com/", ""),
            ("https://example.com:8443/", ""),
            ("https://example.com.evil.test/", ""),
        ];
        for (url, expected) in cases {
            let url: Url = url.parse().unwrap();
            let given = |method, headers: &HeaderMap| {
                let fields = fields(&credentials, &method, &url, headers).unwrap();
                let fields = fields
                    .iter()
                    .map(|(name, value)| format!("{name}:{}", value.to_str().unwrap()));
                fields.collect::<Vec<_>>().join(" ")
            };
            assert_eq!(given(Method::GET, &HeaderMap::new()), expected, "{url}");
            assert_eq!(given(Method::TRACE, &HeaderMap::new()), "", "{url}");
            let chosen = HeaderMap::from_iter([(http::header::HOST, "other".parse().unwrap())]);
            assert_eq!(given(Method::GET, &chosen), "", "{url}");
        }
    }
}
