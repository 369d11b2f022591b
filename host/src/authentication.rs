//! Detects NTLM and Negotiate, which authenticate a connection rather than a request: such a
//! connection must not be used by another store. Pure functions over header fields.

use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, HeaderName, HeaderValue};

/// Schemes that authenticate a connection, and so every later request on it (RFC 4559, section 6;
/// MS-NTHT).
const CONNECTION_SCHEMES: [&str; 2] = ["negotiate", "ntlm"];

/// Fields by which servers and proxies say that a connection is authenticated (RFC 4559, section 6).
static CONNECTION_FIELDS: [(HeaderName, &str); 2] = [
    (
        HeaderName::from_static("proxy-support"),
        "session-based-authentication",
    ),
    (HeaderName::from_static("persistent-auth"), "true"),
];

/// Whether one of these values of a header field has a scheme that authenticates a connection.
pub(crate) fn is_of_connection<'a>(values: impl IntoIterator<Item = &'a HeaderValue>) -> bool {
    let values = values.into_iter();
    let mut parts = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    parts.any(|part| {
        // The scheme is in front of what it needs (RFC 9110, section 11.4).
        let word = part.trim_ascii().split(u8::is_ascii_whitespace).next();
        let word = word.unwrap_or_default();
        let schemes = CONNECTION_SCHEMES.iter();
        let mut schemes = schemes.map(|scheme| scheme.as_bytes());
        schemes.any(|scheme| word.eq_ignore_ascii_case(scheme))
    })
}

/// Whether a response says that its connection is authenticated, or offers it.
pub(crate) fn is_offered_for_connection(headers: &HeaderMap) -> bool {
    is_of_connection(headers.get_all(WWW_AUTHENTICATE))
        || CONNECTION_FIELDS.iter().any(|(name, expected)| {
            let values = headers.get_all(name).iter();
            values
                .map(HeaderValue::as_bytes)
                .any(|value| value.trim_ascii().eq_ignore_ascii_case(expected.as_bytes()))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_that_authenticate_a_connection_are_known() {
        let cases = [
            ("Negotiate abc", true),
            ("NTLM", true),
            ("Basic realm=\"a\", NEGOTIATE", true),
            ("Basic bnRsbQ==", false),
            ("Bearer negotiated", false),
            ("Bearer NTLM", false),
        ];
        for (value, expected) in cases {
            let given = is_of_connection([&value.parse().unwrap()]);
            assert_eq!(given, expected, "{value}");
        }
    }
}
