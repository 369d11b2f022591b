//! Parses the guest's URLs once, by the WHATWG rules, into the value that is both checked and sent.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderValue, Uri};
use percent_encoding::percent_decode_str;
use url::{ParseError, Position, Url};

/// A URL that the guest may not send a request to, whatever the embedder allows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UrlError {
    #[error("the URL is longer than {max} bytes")]
    TooLong { max: usize },
    #[error("the URL cannot be parsed: {0}")]
    Unparsable(#[from] ParseError),
    #[error("the URL's scheme is {0:?}, neither http nor https")]
    Scheme(String),
    #[error("the URL cannot be sent: {0}")]
    Unsendable(String),
}

/// Parses a URL for a request, of which at most `max_len` bytes are sent. User information in it (RFC 9110, section 4.2.4) is taken out, and
/// given as the value of an `Authorization` header.
pub(crate) fn parse(text: &str, max_len: usize) -> Result<(Url, Option<HeaderValue>), UrlError> {
    let url = Url::parse(text)?;
    let credentials = basic_credentials(&url);
    Ok((check(url, max_len)?, credentials))
}

/// Parses the `Location` of a redirect, relative to the URL that answered with it
/// (RFC 9110, section 10.2.2). User information in it is dropped.
pub(crate) fn join(base: &Url, location: &str, max_len: usize) -> Result<Url, UrlError> {
    if location.len() > max_len {
        return Err(UrlError::TooLong { max: max_len });
    }
    check(base.join(location)?, max_len)
}

fn check(mut url: Url, max_len: usize) -> Result<Url, UrlError> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(UrlError::Scheme(url.scheme().to_owned()));
    }
    // Cannot fail: `http` and `https` URLs always have a host.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    // Percent-encoding, and resolving a relative URL, can make it longer than its text.
    if url.as_str().len() > max_len {
        return Err(UrlError::TooLong { max: max_len });
    }
    Ok(url)
}

/// The user information of a URL, if it has any, as RFC 7617 sends it.
fn basic_credentials(url: &Url) -> Option<HeaderValue> {
    let password = url.password().unwrap_or_default();
    if url.username().is_empty() && password.is_empty() {
        return None;
    }
    let mut credentials: Vec<u8> = percent_decode_str(url.username()).collect();
    credentials.push(b':');
    credentials.extend(percent_decode_str(password));
    let mut value =
        HeaderValue::try_from(format!("Basic {}", BASE64_STANDARD.encode(credentials))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// A URL, and the values derived from it that each request needs.
#[derive(Debug)]
pub(crate) struct Target {
    /// The guest's text, if it is a guest's own.
    text: Box<str>,
    url: Url,
    uri: Uri,
    origin: Arc<str>,
    host: HeaderValue,
    credentials: Option<HeaderValue>,
}

impl Target {
    pub(crate) fn new(url: Url) -> Result<Self, UrlError> {
        let host = HeaderValue::from_str(&url[Position::BeforeHost..Position::AfterPort]);
        Ok(Target {
            text: Box::default(),
            uri: to_uri(&url)?,
            origin: origin(&url).into(),
            host: host.map_err(|error| UrlError::Unsendable(error.to_string()))?,
            url,
            credentials: None,
        })
    }

    fn parse(text: &str, max_len: usize) -> Result<Self, UrlError> {
        let (url, credentials) = parse(text, max_len)?;
        Ok(Target {
            text: text.into(),
            credentials,
            ..Target::new(url)?
        })
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    pub(crate) fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Scheme, host and port.
    pub(crate) fn origin(&self) -> &Arc<str> {
        &self.origin
    }

    /// The value of a `Host` header: host, and port unless it is the scheme's own.
    pub(crate) fn host(&self) -> &HeaderValue {
        &self.host
    }

    /// The value of an `Authorization` header, from the guest's URL.
    pub(crate) fn credentials(&self) -> Option<&HeaderValue> {
        self.credentials.as_ref()
    }
}

/// The target of a store's last request, and one that it shares with other stores. Guests often ask
/// for one URL again and again, and stores that live for one request ask for the same.
#[derive(Debug, Default)]
pub(crate) struct LastTarget {
    own: Option<Arc<Target>>,
    shared: SharedTarget,
}

/// The last target without a secret of all stores that were made by one builder.
#[derive(Debug, Clone, Default)]
pub(crate) struct SharedTarget(Arc<Mutex<Option<Arc<Target>>>>);

impl LastTarget {
    pub(crate) fn new(shared: SharedTarget) -> Self {
        LastTarget { own: None, shared }
    }

    /// Parses a guest's URL, or takes the cached target.
    pub(crate) fn parse(&mut self, text: &str, max_len: usize) -> Result<Arc<Target>, UrlError> {
        if let Some(own) = &self.own
            && *own.text == *text
        {
            return Ok(own.clone());
        }
        let target = match self.shared.get(text, max_len) {
            Some(target) => target,
            None => {
                let target = Arc::new(Target::parse(text, max_len)?);
                self.shared.set(&target);
                target
            }
        };
        self.own = Some(target.clone());
        Ok(target)
    }
}

impl SharedTarget {
    fn lock(&self) -> MutexGuard<'_, Option<Arc<Target>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, text: &str, max_len: usize) -> Option<Arc<Target>> {
        let target = self.lock().clone()?;
        // Stores of one builder may have different limits.
        (*target.text == *text && target.url.as_str().len() <= max_len).then_some(target)
    }

    /// What may be a secret is not kept for longer than its store.
    fn set(&self, target: &Arc<Target>) {
        if target.credentials.is_none() && target.url.query().is_none() {
            *self.lock() = Some(target.clone());
        }
    }
}

/// The URL in the type that the client takes, with the same scheme, host and port, and without
/// the fragment (RFC 9110, section 7.1).
pub(crate) fn to_uri(url: &Url) -> Result<Uri, UrlError> {
    let unsendable = |reason: &dyn ToString| UrlError::Unsendable(reason.to_string());
    let uri =
        Uri::try_from(&url[..url::Position::AfterQuery]).map_err(|error| unsendable(&error))?;
    // The policy checked `url`; make sure that the URI has the same host and port.
    if uri.host() == url.host_str()
        && uri.scheme_str() == Some(url.scheme())
        && uri.port_u16() == url.port()
    {
        Ok(uri)
    } else {
        Err(unsendable(&"it is read as another host"))
    }
}

/// The URL for logs and messages: without query, which may carry secrets, fragment and user
/// information.
pub(crate) fn redacted(url: &Url) -> String {
    let mut text = origin(url);
    text.push_str(url.path());
    text
}

/// `scheme://host` or `scheme://host:port`, as an entry of [`crate::AllowedHosts`] is written.
pub(crate) fn origin(url: &Url) -> String {
    [
        url.scheme(),
        "://",
        &url[Position::BeforeHost..Position::AfterPort],
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MAX: usize = 100;

    #[test]
    fn refuses_what_cannot_be_requested() {
        let cases = [
            ("", "cannot be parsed"),
            ("/get", "cannot be parsed"),
            ("http://", "cannot be parsed"),
            ("http://exa mple.com/", "cannot be parsed"),
            ("http://f:999999/", "cannot be parsed"),
            ("http://[::1/", "cannot be parsed"),
            ("file:///etc/passwd", "neither http nor https"),
            ("ftp://example.com/", "neither http nor https"),
            ("data:,a", "neither http nor https"),
        ];
        for (text, expected) in cases {
            let error = parse(text, MAX).expect_err(text).to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
        let long = format!("http://example.com/{}", "a".repeat(MAX));
        assert_eq!(parse(&long, MAX), Err(UrlError::TooLong { max: MAX }));
    }

    #[test]
    fn sends_what_was_checked_without_the_fragment() {
        let cases = [
            ("http://example.com", "http://example.com/"),
            (
                "HTTP://EXAMPLE.com:80/a b?c d#e",
                "http://example.com/a%20b?c%20d",
            ),
            (
                "https://bücher.example:8443/ü?ü",
                "https://xn--bcher-kva.example:8443/%C3%BC?%C3%BC",
            ),
            ("http://0x7f.1/", "http://127.0.0.1/"),
            ("http://[0::1]:8080/", "http://[::1]:8080/"),
            (
                "http://example.com/?`{|}^\\\"",
                "http://example.com/?`{|}^\\%22",
            ),
            ("http://example.com/../a/./b", "http://example.com/a/b"),
        ];
        for (text, expected) in cases {
            let uri = to_uri(&parse(text, MAX).expect(text).0).expect(text);
            assert_eq!(uri.to_string(), expected, "{text}");
        }
    }

    proptest! {
        /// Any path and query that can be parsed can be sent, and none changes the host.
        #[test]
        fn any_path_and_query_can_be_sent(rest in "\\PC{0,40}") {
            let url = parse(&format!("http://example.com:81/{rest}"), 1000).unwrap().0;
            let uri = to_uri(&url).unwrap();
            prop_assert_eq!(uri.authority().unwrap().as_str(), "example.com:81");
            prop_assert_eq!(uri.path(), url.path());
        }
    }

    #[test]
    fn a_location_is_relative_to_the_url_that_sent_it() {
        let base = parse("http://example.com/a/b?c", MAX).unwrap().0;
        let cases = [
            ("d", "http://example.com/a/d"),
            ("/d?e", "http://example.com/d?e"),
            ("//other.example/", "http://other.example/"),
            ("https://example.com/", "https://example.com/"),
            ("", "http://example.com/a/b?c"),
            ("//me:secret@other.example/", "http://other.example/"),
        ];
        for (location, expected) in cases {
            assert_eq!(join(&base, location, MAX).unwrap().as_str(), expected);
        }
        assert!(matches!(
            join(&base, "javascript:a", MAX),
            Err(UrlError::Scheme(_))
        ));
    }

    #[test]
    fn user_information_becomes_basic_credentials() {
        let cases = [
            ("http://example.com/", None),
            ("http://@example.com/", None),
            ("http://me@example.com/", Some("Basic bWU6")),
            ("http://me:secret@example.com/", Some("Basic bWU6c2VjcmV0")),
            ("http://:secret@example.com/", Some("Basic OnNlY3JldA==")),
            ("http://m%65:%3a%40@example.com/", Some("Basic bWU6OkA=")),
        ];
        for (text, expected) in cases {
            let (url, credentials) = parse(text, MAX).unwrap();
            assert_eq!(url.as_str(), "http://example.com/");
            let given = credentials.as_ref().map(|value| value.to_str().unwrap());
            assert_eq!(given, expected, "{text}");
            assert!(!format!("{credentials:?}").contains("Basic"));
        }
    }

    #[test]
    fn a_redacted_url_has_no_secrets() {
        let url: Url = "https://me:secret@example.com:8443/a?key=b#c"
            .parse()
            .unwrap();
        assert_eq!(redacted(&url), "https://example.com:8443/a");
        assert_eq!(origin(&url), "https://example.com:8443");
    }

    #[test]
    fn the_last_target_is_that_of_its_text_only() {
        let mut last = LastTarget::default();
        for text in [
            "http://a.example/",
            "http://a.example/",
            "http://b.example/?c#d",
        ] {
            let target = last.parse(text, MAX).unwrap();
            assert_eq!(target.url().as_str(), text);
            assert_eq!(target.uri().host(), target.url().host_str());
        }
        let (same, again) = (last.parse("http://c/", MAX), last.parse("http://c/", MAX));
        assert!(Arc::ptr_eq(&same.unwrap(), &again.unwrap()));
        assert!(last.parse("ftp://c/", MAX).is_err());
        assert_eq!(last.parse("http://c/", MAX).unwrap().uri(), "http://c/");
    }

    #[test]
    fn stores_share_a_target_without_a_secret_within_their_limits() {
        let shared = SharedTarget::default();
        let parse = |text: &str, max| LastTarget::new(shared.clone()).parse(text, max);
        let of = |text: &str| parse(text, MAX).unwrap();
        assert!(Arc::ptr_eq(&of("http://a/"), &of("http://a/")));
        for secret in ["http://a/?key", "http://me:secret@a/"] {
            assert!(!Arc::ptr_eq(&of(secret), &of(secret)), "{secret}");
        }
        assert!(Arc::ptr_eq(&of("http://b/c"), &of("http://b/c")));
        let too_long = parse("http://b/c", 5).map(|_| ());
        assert_eq!(too_long, Err(UrlError::TooLong { max: 5 }));
    }
}
