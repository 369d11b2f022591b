//! Decides which paths are below another one. A path that servers may interpret differently is
//! below none.
//!
//! URLs are parsed by the WHATWG URL standard, which resolves dot segments, also those written as
//! `%2e`, and turns backslashes into slashes. What remains are encodings that some servers decode
//! once more (`%252e`), and parts that some ignore (`..;x`): a path with one of these is below
//! nothing.

use std::borrow::Cow;
use std::fmt;

use percent_encoding::percent_decode;
use url::Url;

/// How often a segment is decoded, to find another one in it. A segment with deeper nesting is
/// below nothing: without a bound, a long URL could keep the host decoding.
const MAX_DECODINGS: usize = 8;

/// A path, and all that is below it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct PathPrefix {
    /// Normalized by [`compared`].
    segments: Vec<String>,
    /// Whether the path itself is excluded: `/v1/` contains `/v1/a` and not `/v1`, but `/v1`
    /// contains both.
    below_only: bool,
}

/// Why a text is not a valid [`PathPrefix`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum PathError {
    #[error("a * in a path stands for nothing else; end the path with / for all that is below it")]
    Wildcard,
    #[error("the path has an empty segment, // in it")]
    Empty,
    #[error(
        "the path has dots, a backslash, or an encoding in it that servers read in different ways"
    )]
    Ambiguous,
}

impl PathPrefix {
    /// Parses a path, which begins with a slash.
    pub(super) fn parse(path: &str) -> Result<Self, PathError> {
        if path.contains('*') {
            return Err(PathError::Wildcard);
        }
        let (path, below_only) = match path.strip_suffix('/') {
            Some(path) => (path, true),
            None => (path, false),
        };
        if path.split('/').skip(1).any(str::is_empty) {
            return Err(PathError::Empty);
        }
        // Check before parsing, which would resolve dot segments.
        if path.split('/').any(|segment| compared(segment).is_none()) {
            return Err(PathError::Ambiguous);
        }
        let url = Url::parse(&format!("http://host{path}")).map_err(|_| PathError::Ambiguous)?;
        let segments = segments(url.path()).ok_or(PathError::Ambiguous)?;
        Ok(PathPrefix {
            segments,
            below_only,
        })
    }

    /// Whether the first segment is a number.
    pub(super) fn begins_with_number(&self) -> bool {
        let first = self.segments.first().map(String::as_str);
        first.is_some_and(|first| first.split(':').next().is_some_and(is_number))
    }

    /// Whether the path of a URL is this one, or below it.
    pub(super) fn contains(&self, path: &str) -> bool {
        let Some(given) = segments(path) else {
            return false;
        };
        given.starts_with(&self.segments) && (given.len() > self.segments.len() || !self.below_only)
    }
}

impl fmt::Display for PathPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for segment in &self.segments {
            write!(f, "/{segment}")?;
        }
        f.write_str(if self.below_only { "/" } else { "" })
    }
}

pub(super) fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The normalized segments of a URL's path; `None` if servers may interpret one of them
/// differently.
fn segments(path: &str) -> Option<Vec<String>> {
    let segments = path.strip_prefix('/')?.split('/');
    segments.map(compared).collect()
}

/// Normalizes a segment: characters that need no percent-encoding are decoded (RFC 3986, section
/// 6.2.2). `None` if some server may read it as another path:
///
/// - if it has a slash, a backslash or a control character in it, however often it is encoded,
/// - if it consists of dots, and of spaces, with parameters behind a `;` or without,
/// - if it is not UTF-8, in which `%c0%af` would be a slash to some,
/// - if it has a `%` that encodes nothing,
/// - if it is encoded more than [`MAX_DECODINGS`] times.
fn compared(segment: &str) -> Option<String> {
    let mut bytes = Cow::Borrowed(segment.as_bytes());
    let mut decodings = 0;
    loop {
        let text = str::from_utf8(&bytes).ok()?;
        let name = text.split(';').next().unwrap_or_default();
        let is_dots = name.contains('.') && name.chars().all(|c| matches!(c, '.' | ' '));
        if is_dots || text.contains(|c: char| matches!(c, '/' | '\\') || c.is_control()) {
            return None;
        }
        let decoded: Vec<u8> = percent_decode(&bytes).collect();
        if decoded == *bytes {
            break;
        }
        decodings += 1;
        if decodings > MAX_DECODINGS {
            return None;
        }
        bytes = decoded.into();
    }
    let mut compared = String::with_capacity(segment.len());
    let mut rest = segment;
    while let Some((before, behind)) = rest.split_once('%') {
        compared.push_str(before);
        let digits = behind.get(..2)?;
        let byte = u8::from_str_radix(digits, 16).ok()?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            compared.push(byte.into());
        } else {
            compared.push_str(&format!("%{byte:02X}"));
        }
        rest = &behind[2..];
    }
    compared.push_str(rest);
    Some(compared)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(prefix: &str, path: &str) -> bool {
        let url = Url::parse(&format!("http://host{path}")).unwrap();
        PathPrefix::parse(prefix).unwrap().contains(url.path())
    }

    #[test]
    fn a_prefix_is_of_whole_segments() {
        let cases = [
            ("/v1", "/v1", true),
            ("/v1", "/v1/", true),
            ("/v1", "/v1/a", true),
            ("/v1", "/v1?a=b#c", true),
            ("/v1", "/v10", false),
            ("/v1", "/v1a/b", false),
            ("/v1", "/", false),
            ("/v1", "/a/v1", false),
            ("/v1/", "/v1", false),
            ("/v1/", "/v1/", true),
            ("/v1/", "/v1/a/b/", true),
            ("/v1/a", "/v1/a/b", true),
            ("/v1/a", "/v1/b/a", false),
            ("/a b/", "/a%20b/c", true),
            ("/bücher/", "/b%c3%bccher/c", true),
            ("/a;b/", "/a;b/c", true),
            ("/a%2Cb/", "/a%2cb/c", true),
        ];
        for (prefix, path, expected) in cases {
            assert_eq!(contains(prefix, path), expected, "{prefix} and {path}");
        }
    }

    /// What a guest may write so that one reader sees a path below `/v1/`, and another one not.
    #[test]
    fn tricks_lead_out_of_no_prefix() {
        let cases = [
            // Dot segments, which are resolved before anything is compared or sent.
            ("/v1/../admin", false),
            ("/v1/./a", true),
            ("/admin/../v1/a", true),
            ("/v1/a/../b", true),
            ("/v1/a/../../admin", false),
            ("/v1/%2e%2e/admin", false),
            ("/v1/%2E%2E/admin", false),
            ("/v1/.%2e/admin", false),
            ("/v1/%2e%2e%2fadmin", false),
            ("/v1/..%2fadmin", false),
            ("/v1/..%2Fadmin", false),
            // Backslashes, which are slashes, and encoded ones, which are to some.
            ("/v1\\a", true),
            ("/v1\\..\\admin", false),
            ("\\v1\\a", true),
            ("/v1/..%5cadmin", false),
            ("/v1/%5c..%5c..%5cadmin", false),
            ("/v1%5ca", false),
            // Encoded slashes.
            ("/v1%2fa", false),
            ("/v1/a%2fb", false),
            ("/%2fv1/a", false),
            // Encoded twice, and more often.
            ("/v1/%252e%252e/admin", false),
            ("/v1/%252e%252e%252fadmin", false),
            ("/v1/%25252e%25252e/admin", false),
            ("/v1/a%252fb", false),
            ("/v1/..%255cadmin", false),
            ("/%2576%2531/a", false),
            ("/v1/100%25", true),
            ("/v1/100%2525", true),
            // What needs no encoding is the same with it, and nothing else is.
            ("/%76%31/a", true),
            ("/%56%31/a", false),
            ("/v%31/%7Euser", true),
            // Case counts.
            ("/V1/a", false),
            ("/v1/A", true),
            // Empty segments count as well.
            ("//v1/a", false),
            ("/v1//a", true),
            ("/v1//../a", true),
            ("/v1//../../admin", false),
            ("///v1/a", false),
            // Parameters, which some servers leave out before they look for dots.
            ("/v1/..;/admin", false),
            ("/v1/..;a=b/admin", false),
            ("/v1/.;/a", false),
            ("/v1/%2e%2e;/admin", false),
            ("/v1/..%3b/admin", false),
            ("/v1;a/b", false),
            ("/v1/a;b=c", true),
            // Dots and spaces at the end, which some file systems leave out.
            ("/v1/..%20/admin", false),
            ("/v1/.../admin", false),
            ("/v1/..%20./admin", false),
            ("/v1/a..b", true),
            ("/v1/..a", true),
            ("/v1/.well-known", true),
            // Too long an encoding of a slash or a dot, and what is not UTF-8.
            ("/v1/..%c0%afadmin", false),
            ("/v1/%c0%ae%c0%ae/admin", false),
            ("/v1/%e9", false),
            ("/v1/%c3%a9", true),
            // What encodes nothing, and control characters.
            ("/v1/%u002e%u002e/admin", false),
            ("/v1/%", false),
            ("/v1/%zz", false),
            ("/v1/%+2", false),
            ("/v1/a%00", false),
            ("/v1/a%0d%0ab", false),
            ("/v1/a%250a", false),
            ("/v1\t/a", true),
        ];
        for (path, expected) in cases {
            assert_eq!(contains("/v1/", path), expected, "{path}");
        }
    }

    /// The longest URL of one segment that is encoded as often as it has room for.
    #[test]
    fn a_segment_that_is_encoded_without_end_is_below_nothing() {
        let encoded = |times: usize| format!("/v1/%{}41", "25".repeat(times));
        assert!(contains("/v1/", &encoded(MAX_DECODINGS - 1)));
        assert!(!contains("/v1/", &encoded(MAX_DECODINGS)));
        assert!(!contains(
            "/v1/",
            &encoded(crate::limits::MAX_URL_LEN as usize / 2)
        ));
    }

    #[test]
    fn a_prefix_that_could_be_read_in_two_ways_is_refused() {
        let cases = [
            ("/v1/*", PathError::Wildcard),
            ("/v1//a", PathError::Empty),
            ("//", PathError::Empty),
            ("/v1/../v2/", PathError::Ambiguous),
            ("/.", PathError::Ambiguous),
            ("/%2e%2e/", PathError::Ambiguous),
            ("/v1%2fa", PathError::Ambiguous),
            ("/v1\\a", PathError::Ambiguous),
            ("/v1%", PathError::Ambiguous),
        ];
        for (path, expected) in cases {
            assert_eq!(PathPrefix::parse(path), Err(expected), "{path}");
        }
        for (path, shown) in [("/v%31/", "/v1/"), ("/a b", "/a%20b"), ("/%2c", "/%2C")] {
            assert_eq!(PathPrefix::parse(path).unwrap().to_string(), shown);
        }
    }
}
