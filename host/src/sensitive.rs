//! Marks header fields that are likely to be secret as sensitive, which keeps them out of `Debug`
//! output.

use http::header::{CONTENT_LOCATION, LOCATION, PROXY_AUTHENTICATE, REFERER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::authentication;

/// Parts of names of fields that carry credentials: `auth` matches `Authorization`, `X-Auth` and
/// `Authentication-Info`; `key` matches `X-Api-Key`.
const HINTS: [&str; 13] = [
    "auth",
    "cookie",
    "credential",
    "csrf",
    "jwt",
    "key",
    "passphrase",
    "passwd",
    "password",
    "secret",
    "session",
    "signature",
    "token",
];

/// Marks the fields that may be secret.
pub(crate) fn mark(headers: &mut HeaderMap) {
    for (name, value) in headers {
        let is_sensitive = value.is_sensitive() || may_be_secret(name, value);
        value.set_sensitive(is_sensitive);
    }
}

/// Whether a field is likely to be secret: by its name, or because its value is a URL with a query
/// or user information.
fn may_be_secret(name: &HeaderName, value: &HeaderValue) -> bool {
    // A challenge is public, unless it is a step of a handshake such as NTLM's.
    if name == WWW_AUTHENTICATE || name == PROXY_AUTHENTICATE {
        return authentication::is_of_connection([value]);
    }
    if name == LOCATION || name == CONTENT_LOCATION || name == REFERER {
        return value.as_bytes().iter().any(|byte| b"?#@".contains(byte));
    }
    HINTS.iter().any(|hint| name.as_str().contains(hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_may_be_secret_are_known_by_their_names() {
        let cases = [
            ("authorization", "Bearer abc", true),
            ("proxy-authorization", "Basic abc", true),
            ("cookie", "a=b", true),
            ("set-cookie", "a=b; Secure", true),
            ("x-api-key", "abc", true),
            ("x-amz-security-token", "abc", true),
            ("x-amz-signature", "abc", true),
            ("x-client-secret", "abc", true),
            ("x-csrftoken", "abc", true),
            ("authentication-info", "nextnonce=abc", true),
            ("www-authenticate", "Basic realm=\"a\"", false),
            ("www-authenticate", "Basic realm=\"a\", Negotiate abc", true),
            ("proxy-authenticate", "NTLM abc", true),
            ("location", "https://example.com/a", false),
            ("location", "/a?code=abc", true),
            ("location", "/a#access_token=abc", true),
            ("location", "https://me:abc@example.com/", true),
            ("referer", "https://example.com/?abc", true),
            ("content-type", "text/plain", false),
            ("connection", "keep-alive", false),
            ("etag", "\"abc\"", false),
        ];
        for (name, value, expected) in cases {
            let given = may_be_secret(&name.parse().unwrap(), &value.parse().unwrap());
            assert_eq!(given, expected, "{name}: {value}");
        }
    }
}
