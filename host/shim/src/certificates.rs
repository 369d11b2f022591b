//! Which certificate authorities a container trusts: those that it names itself, else those of its image,
//! else those of the node, else the ones that are built in. The node's file may add some to each.

use std::path::Path;
use std::{fs, io};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The variable with which a container names a file of its own, as OpenSSL has it.
pub const VARIABLE: &str = "SSL_CERT_FILE";

/// Where distributions have their store: Debian, Fedora, Alpine, openSUSE.
const STORES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
];

/// A store of certificates, in PEM.
#[derive(Debug, Clone)]
pub struct Store {
    /// Where they are from, for messages.
    pub origin: String,
    pub pem: Vec<u8>,
}

impl Store {
    /// That of a root file system that is mounted at `/` where this runs.
    pub fn of_this_root(whose: &str) -> Option<Store> {
        STORES.iter().find_map(|path| {
            let pem = fs::read(path).ok().filter(|pem| !pem.is_empty())?;
            Some(Store {
                origin: format!("{path} of the {whose}"),
                pem,
            })
        })
    }

    /// The one that holds in a container: it names a file, or its image has one, or the node.
    pub fn of_container(named: Option<&str>, node: Option<&Store>) -> io::Result<Store> {
        if let Some(path) = named.filter(|path| !path.is_empty()) {
            return Ok(Store {
                origin: format!("{VARIABLE}, {path}"),
                pem: fs::read(Path::new(path))?,
            });
        }
        let image = || Self::of_this_root("image");
        Ok(image()
            .or_else(|| node.cloned())
            .unwrap_or_else(Self::built_in))
    }

    /// Mozilla's, as they were when the shim was built.
    fn built_in() -> Store {
        let mut pem = String::new();
        for certificate in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
            pem.push_str("-----BEGIN CERTIFICATE-----\n");
            for line in STANDARD.encode(certificate).as_bytes().chunks(64) {
                pem.push_str(&String::from_utf8_lossy(line));
                pem.push('\n');
            }
            pem.push_str(END);
            pem.push('\n');
        }
        Store {
            origin: "those that are built in".to_owned(),
            pem: pem.into_bytes(),
        }
    }

    /// The certificates one by one: a store of a distribution may have one that is of no use, which is no
    /// reason to do without the others.
    pub fn certificates(&self) -> impl Iterator<Item = String> {
        let text = String::from_utf8_lossy(&self.pem).into_owned();
        let parts: Vec<String> = text.split_inclusive(END).map(str::to_owned).collect();
        parts.into_iter().filter(|part| part.ends_with(END))
    }
}

const END: &str = "-----END CERTIFICATE-----";

#[cfg(test)]
mod tests {
    use wasi_experimental_http_wasmtime::HttpClient;

    use super::*;

    #[test]
    fn built_in_roots_are_usable() {
        let certificates: Vec<String> = Store::built_in().certificates().collect();
        assert!(certificates.len() > 50, "{}", certificates.len());
        let mut client = HttpClient::builder();
        for certificate in certificates {
            client.try_add_root_certificates_pem(certificate).unwrap();
        }
    }

    #[test]
    fn a_container_s_own_store_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        fs::write(&path, "x").unwrap();
        let path = path.to_str().unwrap();
        let store = Store::of_container(Some(path), None).unwrap();
        assert_eq!(
            (store.origin, store.pem),
            (format!("SSL_CERT_FILE, {path}"), b"x".to_vec())
        );
        assert!(Store::of_container(Some("/nowhere/ca.pem"), None).is_err());
    }
}
