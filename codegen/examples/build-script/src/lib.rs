//! A guest whose bindings are made while it is built: see `build.rs`.
#![deny(warnings, clippy::pedantic)]

mod kv {
    include!(concat!(env!("OUT_DIR"), "/kv.rs"));
}

use kv::{Errno, Store};

/// Reads the greeting from the store `texts`.
///
/// # Errors
///
/// The message of the error that the host gives.
pub fn greeting() -> Result<Vec<u8>, &'static str> {
    let store = kv::open("texts").map_err(Errno::message)?;
    read(store, "greeting").map_err(Errno::message)
}

fn read(store: Store, key: &str) -> Result<Vec<u8>, Errno> {
    let mut value = vec![0; 64];
    loop {
        match kv::get(store, key, &mut value) {
            Ok(size) => {
                value.truncate(size);
                return Ok(value);
            }
            Err(Errno::TOO_SMALL) => value.resize(value.len() * 2, 0),
            Err(error) => return Err(error),
        }
    }
}
