//! Allowed hosts in files: a list of texts, as they are written elsewhere.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use super::{AllowedHost, AllowedHosts};

impl Serialize for AllowedHost {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AllowedHost {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Entry)
    }
}

impl Serialize for AllowedHosts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for AllowedHosts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(List)
    }
}

struct Entry;

impl Visitor<'_> for Entry {
    type Value = AllowedHost;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an allowed host, such as \"https://example.com\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<AllowedHost, E> {
        text.parse().map_err(E::custom)
    }
}

struct List;

impl<'de> Visitor<'de> for List {
    type Value = AllowedHosts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of allowed hosts")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<AllowedHosts, A::Error> {
        let mut hosts = AllowedHosts::none();
        while let Some(entry) = entries.next_element::<AllowedHost>()? {
            hosts.extend([entry]);
        }
        Ok(hosts)
    }
}
