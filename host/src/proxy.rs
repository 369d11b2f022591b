//! Proxy settings: which proxy a request uses, if any.
//!
//! Connecting through a proxy is in [`crate::connection`].

use std::env;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;
use url::{Host, Url};

use crate::cidr::Cidr;

/// The longest user name or password in bytes, which is that of SOCKS5 (RFC 1929, section 2).
const MAX_CREDENTIAL_LEN: usize = 255;

/// The port of a SOCKS proxy whose URL names none.
const SOCKS_PORT: u16 = 1080;

/// A proxy, by its URL: `http://proxy.example:3128`, `socks5://user:password@127.0.0.1:1080`.
///
/// | scheme | `https` requests | `http` requests | who looks names up |
/// |---|---|---|---|
/// | `http` | in a tunnel (`CONNECT`) | forwarded by the proxy, which can read them | the proxy |
/// | `socks5` | in a tunnel | in a tunnel | this host |
/// | `socks5h` | in a tunnel | in a tunnel | the proxy |
///
/// The default scheme is `http`. User information is sent to the proxy as Basic authentication or as
/// that of SOCKS5 (RFC 1929), and is in no `Debug` text, error or trace. The connection to the proxy is
/// plain TCP: anyone on the path can read the credentials, and requests that are not `https`.
///
/// [`HttpClientBuilder::proxy`](crate::HttpClientBuilder::proxy) describes which rules hold behind a
/// proxy.
///
/// ```
/// use wasi_experimental_http_wasmtime::{HttpClient, Proxy};
///
/// let proxy: Proxy = "http://proxy.example:3128".parse()?;
/// let client = HttpClient::builder().proxy(proxy).no_proxy("localhost, 10.0.0.0/8")?.build();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    protocol: Protocol,
    host: Host,
    port: u16,
    credentials: Option<Credentials>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http,
    /// Takes addresses: names are looked up here.
    Socks5,
    /// Takes names, and looks them up itself.
    Socks5h,
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Credentials {
    pub user: String,
    pub password: String,
}

impl Proxy {
    pub(crate) fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Its name or address; an IPv6 address is in brackets.
    pub(crate) fn host(&self) -> String {
        self.host.to_string()
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// The value of `Proxy-Authorization`.
    pub(crate) fn authorization(&self) -> Option<String> {
        let Credentials { user, password } = self.credentials.as_ref()?;
        let text = BASE64_STANDARD.encode(format!("{user}:{password}"));
        Some(format!("Basic {text}"))
    }

    /// Whether it looks names up itself.
    pub(crate) fn takes_names(&self) -> bool {
        self.protocol != Protocol::Socks5
    }

    /// Whether the proxy forwards requests to this URL, rather than opening a tunnel for them.
    pub(crate) fn forwards(&self, url: &Url) -> bool {
        self.protocol == Protocol::Http && url.scheme() == "http"
    }
}

impl FromStr for Proxy {
    type Err = ProxyError;

    fn from_str(text: &str) -> Result<Self, ProxyError> {
        let text = text.trim();
        let with_scheme = match text.contains("://") {
            true => text.to_owned(),
            false => format!("http://{text}"),
        };
        let url = Url::parse(&with_scheme).map_err(|_| ProxyError::Url)?;
        let protocol = match url.scheme() {
            "http" => Protocol::Http,
            "socks5" => Protocol::Socks5,
            "socks5h" => Protocol::Socks5h,
            scheme => return Err(ProxyError::Scheme(scheme.to_owned())),
        };
        let extra = !matches!(url.path(), "" | "/") || url.query().or(url.fragment()).is_some();
        // `url` does not parse the host of schemes other than `http`.
        let host = url.host_str().and_then(|host| Host::parse(host).ok());
        let (Some(host), false) = (host, extra) else {
            return Err(ProxyError::Url);
        };
        let default_port = url.port_or_known_default().unwrap_or(SOCKS_PORT);
        Ok(Proxy {
            protocol,
            host,
            port: url.port().unwrap_or(default_port),
            credentials: credentials(&url)?,
        })
    }
}

fn credentials(url: &Url) -> Result<Option<Credentials>, ProxyError> {
    if url.username().is_empty() && url.password().is_none() {
        return Ok(None);
    }
    let decoded = |text| {
        let text = percent_decode_str(text).decode_utf8();
        let text = text.map_err(|_| ProxyError::Credentials)?;
        match text.len() > MAX_CREDENTIAL_LEN || text.contains(char::is_control) {
            true => Err(ProxyError::Credentials),
            false => Ok(text.into_owned()),
        }
    };
    let user = decoded(url.username())?;
    // Basic authentication cannot express it (RFC 7617, section 2).
    if user.contains(':') {
        return Err(ProxyError::Credentials);
    }
    let password = decoded(url.password().unwrap_or_default())?;
    Ok(Some(Credentials { user, password }))
}

/// Scheme, host and port, without the credentials.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.protocol {
            Protocol::Http => "http",
            Protocol::Socks5 => "socks5",
            Protocol::Socks5h => "socks5h",
        };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

/// Without the credentials.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("url", &self.to_string())
            .field("has_credentials", &self.credentials.is_some())
            .finish()
    }
}

/// An invalid [`Proxy`], or an invalid list of hosts without one. Its text contains no credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// The text is not the URL of a proxy.
    #[error(
        "not the URL of a proxy: write it as http://host:port or socks5://user:password@host:port"
    )]
    Url,
    /// The scheme is not one of a proxy.
    #[error("{0:?} is not a scheme of proxies: those are http, socks5 and socks5h")]
    Scheme(String),
    /// The user name or the password cannot be sent.
    #[error(
        "the user name or the password is longer than {MAX_CREDENTIAL_LEN} bytes, is not UTF-8, or has \
         a control character or, in the name, a colon in it"
    )]
    Credentials,
    /// An entry of the list of hosts without a proxy is invalid.
    #[error(
        "{0:?} is not a host: write a name, .name, an address or a block, with :port if needed"
    )]
    NoProxy(String),
    /// The value of an environment variable is invalid.
    #[error("the environment variable {name:?}: {error}")]
    Variable {
        /// Its name.
        name: &'static str,
        /// What is wrong with it.
        error: Box<ProxyError>,
    },
}

/// The proxies of a client.
#[derive(Debug, Clone, Default)]
pub(crate) struct Proxies {
    http: Option<Arc<Proxy>>,
    https: Option<Arc<Proxy>>,
    without: Vec<Without>,
}

impl Proxies {
    /// Uses one proxy for both schemes.
    pub(crate) fn set(&mut self, proxy: Proxy) {
        let proxy = Arc::new(proxy);
        self.http = Some(proxy.clone());
        self.https = Some(proxy);
    }

    /// Adds hosts to which requests are sent directly.
    pub(crate) fn add_without(&mut self, hosts: &str) -> Result<(), ProxyError> {
        let entries = hosts.split([',', ' ', '\t']).filter(|it| !it.is_empty());
        let entries = entries.map(str::parse).collect::<Result<Vec<_>, _>>()?;
        self.without.extend(entries);
        Ok(())
    }

    /// The proxies that environment variables name.
    pub(crate) fn from_env() -> Result<Self, ProxyError> {
        Self::from_variables(|name| {
            let value = env::var_os(name).filter(|value| !value.is_empty())?;
            // A value that is not UTF-8 is not a URL, and is reported as such.
            Some(value.to_string_lossy().into_owned())
        })
    }

    fn from_variables(get: impl Fn(&str) -> Option<String>) -> Result<Self, ProxyError> {
        let of = |error, name| ProxyError::Variable {
            name,
            error: Box::new(error),
        };
        let first = |names: &[&'static str]| {
            let mut found = names.iter().filter_map(|name| Some((*name, get(name)?)));
            found.next()
        };
        let proxy = |names: &[&'static str]| -> Result<Option<Arc<Proxy>>, ProxyError> {
            let Some((name, text)) = first(names) else {
                return Ok(None);
            };
            let proxy = text.parse().map_err(|error| of(error, name))?;
            Ok(Some(Arc::new(proxy)))
        };
        // In a CGI program, HTTP_PROXY is the header `Proxy` of a client.
        let http: &[_] = match get("REQUEST_METHOD") {
            None => &["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"],
            Some(_) => &["http_proxy", "all_proxy", "ALL_PROXY"],
        };
        let mut proxies = Proxies {
            http: proxy(http)?,
            https: proxy(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])?,
            without: Vec::new(),
        };
        if let Some((name, hosts)) = first(&["no_proxy", "NO_PROXY"]) {
            proxies
                .add_without(&hosts)
                .map_err(|error| of(error, name))?;
        }
        Ok(proxies)
    }

    /// The proxy of requests to a URL.
    ///
    /// It depends only on the URL's scheme, host and port, which are the key of the connection pool: a
    /// pooled connection always goes through the right proxy.
    pub(crate) fn of(&self, url: &Url) -> Option<&Arc<Proxy>> {
        let proxy = match url.scheme() {
            "https" => self.https.as_ref(),
            _ => self.http.as_ref(),
        }?;
        let is_without = self.without.iter().any(|it| it.matches(url));
        (!is_without).then_some(proxy)
    }
}

/// Hosts to which requests are sent directly, as in the variable `NO_PROXY`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Without {
    hosts: Hosts,
    /// `None` for any.
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Hosts {
    All,
    /// A name, and its subdomains.
    Domain(String),
    Block(Cidr),
}

impl FromStr for Without {
    type Err = ProxyError;

    fn from_str(text: &str) -> Result<Self, ProxyError> {
        let wrong = || ProxyError::NoProxy(text.to_owned());
        if text == "*" {
            let hosts = Hosts::All;
            return Ok(Without { hosts, port: None });
        }
        let block = |text: &str| {
            let (address, bits) = text.split_once('/').unwrap_or((text, ""));
            let address: IpAddr = address.parse().ok()?;
            match bits {
                "" if text.contains('/') => None,
                "" => Some(Cidr::single(address.to_canonical())),
                bits => Cidr::around(address, bits),
            }
        };
        if let Some(block) = block(text) {
            let hosts = Hosts::Block(block);
            return Ok(Without { hosts, port: None });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().map_err(|_| wrong())?)),
            None => (text, None),
        };
        let name = host.strip_prefix('*').unwrap_or(host);
        let name = name.strip_prefix('.').unwrap_or(name);
        let hosts = match Host::parse(name) {
            Ok(Host::Domain(name)) if !name.contains('/') => Hosts::Domain(name),
            Ok(Host::Ipv4(address)) if name == host => Hosts::Block(Cidr::single(address.into())),
            Ok(Host::Ipv6(address)) if name == host => {
                Hosts::Block(Cidr::single(IpAddr::from(address).to_canonical()))
            }
            _ => return Err(wrong()),
        };
        Ok(Without { hosts, port })
    }
}

impl Without {
    fn matches(&self, url: &Url) -> bool {
        if self.port.is_some() && self.port != url.port_or_known_default() {
            return false;
        }
        match (&self.hosts, url.host()) {
            (Hosts::All, _) => true,
            (Hosts::Domain(domain), Some(Host::Domain(name))) => {
                let name = name.strip_suffix('.').unwrap_or(name);
                let above = name.strip_suffix(domain.as_str());
                above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
            }
            (Hosts::Block(block), Some(Host::Ipv4(address))) => block.contains(address.into()),
            (Hosts::Block(block), Some(Host::Ipv6(address))) => {
                block.contains(IpAddr::from(address).to_canonical())
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_its_url() {
        let cases = [
            ("http://proxy.test:3128", "http://proxy.test:3128", None),
            ("http://proxy.test", "http://proxy.test:80", None),
            ("proxy.test:3128", "http://proxy.test:3128", None),
            ("127.0.0.1:3128/", "http://127.0.0.1:3128", None),
            ("HTTP://Proxy.TEST:1", "http://proxy.test:1", None),
            ("http://[::1]:3128", "http://[::1]:3128", None),
            ("socks5://proxy.test", "socks5://proxy.test:1080", None),
            ("socks5h://[::1]:9", "socks5h://[::1]:9", None),
            (
                "http://me:p%40ss%3A@proxy.test:1",
                "http://proxy.test:1",
                Some(("me", "p@ss:")),
            ),
            (
                "socks5://me@a.test:1",
                "socks5://a.test:1",
                Some(("me", "")),
            ),
        ];
        for (text, shown, credentials) in cases {
            let proxy: Proxy = text.parse().expect(text);
            assert_eq!(proxy.to_string(), shown, "{text}");
            let has = proxy.credentials();
            let has = has.map(|it| (it.user.as_str(), it.password.as_str()));
            assert_eq!(has, credentials, "{text}");
        }
        let authorization = |text: &str| text.parse::<Proxy>().unwrap().authorization();
        // That of RFC 7617, section 2.
        assert_eq!(
            authorization("http://Aladdin:open%20sesame@a.test").as_deref(),
            Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")
        );
        assert_eq!(authorization("http://a.test"), None);
    }

    #[test]
    fn a_bad_proxy_says_why_and_does_not_show_its_credentials() {
        let long = format!("http://SECRET:{}@a.test", "a".repeat(256));
        let cases = [
            ("", "not the URL"),
            ("http://", "not the URL"),
            ("http://a.test/path", "not the URL"),
            ("http://a.test?query", "not the URL"),
            ("http://SECRET@a b", "not the URL"),
            ("socks5://", "not the URL"),
            ("socks5://a b:1", "not the URL"),
            ("http://a.test:99999", "not the URL"),
            ("https://SECRET@a.test", "\"https\" is not a scheme"),
            ("socks4://a.test", "\"socks4\" is not a scheme"),
            ("http://SECRET%3A@a.test", "colon"),
            ("http://SECRET%0A:b@a.test", "control"),
            ("http://SECRET%ff:b@a.test", "UTF-8"),
            (&long, "longer than 255"),
        ];
        for (text, expected) in cases {
            let error = text.parse::<Proxy>().expect_err(text);
            let shown = format!("{error} {error:?}");
            assert!(shown.contains(expected), "{text}: {shown}");
            assert!(!shown.contains("SECRET"), "{shown}");
        }
        let shown = format!("{:?}", "http://SECRET:SECRET@a.test".parse::<Proxy>());
        assert!(
            shown.contains("a.test") && !shown.contains("SECRET"),
            "{shown}"
        );
    }

    #[test]
    fn hosts_without_a_proxy() {
        let cases = [
            ("", "http://a.test/", false),
            ("*", "http://a.test/", true),
            ("a.test", "http://a.test/", true),
            ("A.test", "http://a.TEST:8080/", true),
            ("a.test", "http://b.a.test/", true),
            (".a.test", "http://b.a.test/", true),
            (".a.test", "http://a.test/", true),
            ("*.a.test", "http://b.a.test/", true),
            ("a.test", "http://ba.test/", false),
            ("a.test", "http://a.test.evil/", false),
            ("a.test", "http://a.test./", true),
            ("a.test:8080", "http://a.test/", false),
            ("a.test:8080", "http://a.test:8080/", true),
            ("a.test:443", "https://a.test/", true),
            ("x, b.test,a.test", "http://a.test/", true),
            ("127.0.0.1", "http://127.0.0.1/", true),
            ("127.0.0.1", "http://0x7f000001/", true),
            ("127.0.0.1:80", "http://127.0.0.1:81/", false),
            ("127.0.0.1", "http://[::ffff:127.0.0.1]/", true),
            ("10.0.0.0/8", "http://10.1.2.3/", true),
            ("10.0.0.0/8", "http://11.1.2.3/", false),
            ("::1", "http://[::1]/", true),
            ("[::1]:80", "http://[::1]/", true),
            ("fe80::/10", "http://[fe80::1]/", true),
            ("fe80::/10", "http://a.test/", false),
        ];
        for (hosts, url, expected) in cases {
            let mut proxies = Proxies::default();
            proxies.set("http://proxy.test:1".parse().unwrap());
            proxies.add_without(hosts).expect(hosts);
            let is_without = proxies.of(&url.parse().unwrap()).is_none();
            assert_eq!(is_without, expected, "{hosts}: {url}");
        }
        for hosts in [
            "10.0.0.0/99",
            "10.0.0.0/",
            "a.test:port",
            "a/b",
            "*1.2.3.4",
            "[::1",
        ] {
            let error = Proxies::default().add_without(hosts).expect_err(hosts);
            assert_eq!(error, ProxyError::NoProxy(hosts.to_owned()));
        }
    }

    #[test]
    fn variables_name_proxies() {
        type Variables<'a> = &'a [(&'a str, &'a str)];
        let cases: &[(Variables<'_>, Option<&str>, Option<&str>)] = &[
            (&[], None, None),
            (&[("http_proxy", "a:1")], Some("http://a:1"), None),
            (&[("HTTP_PROXY", "a:1")], Some("http://a:1"), None),
            (
                &[("HTTP_PROXY", "a:1"), ("REQUEST_METHOD", "GET")],
                None,
                None,
            ),
            (
                &[("http_proxy", "a:1"), ("HTTP_PROXY", "b:1")],
                Some("http://a:1"),
                None,
            ),
            (&[("HTTPS_PROXY", "a:1")], None, Some("http://a:1")),
            (
                &[("ALL_PROXY", "socks5://a:1")],
                Some("socks5://a:1"),
                Some("socks5://a:1"),
            ),
            (
                &[("all_proxy", "socks5://a:1"), ("https_proxy", "b:1")],
                Some("socks5://a:1"),
                Some("http://b:1"),
            ),
            (&[("all_proxy", "a:1"), ("NO_PROXY", "x.test")], None, None),
        ];
        let of = |variables: Variables<'_>| {
            let get = |name: &str| {
                let found = variables.iter().find(|(it, _)| *it == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            Proxies::from_variables(get)
        };
        for (variables, http, https) in cases {
            let proxies = of(variables).unwrap();
            for (url, expected) in [("http://x.test/", http), ("https://x.test/", https)] {
                let proxy = proxies.of(&url.parse().unwrap());
                let proxy = proxy.map(ToString::to_string);
                assert_eq!(proxy.as_deref(), *expected, "{variables:?} {url}");
            }
        }
        let error = of(&[("https_proxy", "https://SECRET@a")]).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("the environment variable \"https_proxy\": ")
        );
        assert!(!error.to_string().contains("SECRET"), "{error}");
        assert!(of(&[("no_proxy", "a/b")]).is_err());
    }
}
