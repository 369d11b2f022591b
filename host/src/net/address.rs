//! Which IP addresses are public: a pure decision, by the IANA registries of special-purpose
//! addresses ([IPv4], [IPv6]).
//!
//! A name that an embedder allows may be made to point into the embedder's own network, by
//! whoever runs its DNS. So what a name resolves to must be public, unless the embedder says
//! otherwise.
//!
//! [IPv4]: https://www.iana.org/assignments/iana-ipv4-special-registry/
//! [IPv6]: https://www.iana.org/assignments/iana-ipv6-special-registry/

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::cidr::Cidr;

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Cidr {
    Cidr::new(IpAddr::V4(Ipv4Addr::new(a, b, c, d)), prefix)
}

const fn v6(a: u16, b: u16, c: u16, prefix: u8) -> Cidr {
    Cidr::new(IpAddr::V6(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0)), prefix)
}

const NOT_PUBLIC: [Cidr; 26] = [
    v4(0, 0, 0, 0, 8),  // "this network", RFC 791; 0.0.0.0 connects to the host itself
    v4(10, 0, 0, 0, 8), // private, RFC 1918
    v4(100, 64, 0, 0, 10), // carrier-grade NAT, RFC 6598
    v4(127, 0, 0, 0, 8), // loopback, RFC 1122
    v4(169, 254, 0, 0, 16), // link-local, RFC 3927: cloud metadata services
    v4(172, 16, 0, 0, 12), // private, RFC 1918
    v4(192, 0, 0, 0, 24), // protocol assignments, RFC 6890
    v4(192, 0, 2, 0, 24), // documentation, RFC 5737
    v4(192, 31, 196, 0, 24), // AS112, RFC 7535
    v4(192, 52, 193, 0, 24), // AMT, RFC 7450
    v4(192, 88, 99, 0, 24), // 6to4 relays, RFC 7526
    v4(192, 168, 0, 0, 16), // private, RFC 1918
    v4(192, 175, 48, 0, 24), // AS112, RFC 7534
    v4(198, 18, 0, 0, 15), // benchmarking, RFC 2544
    v4(198, 51, 100, 0, 24), // documentation, RFC 5737
    v4(203, 0, 113, 0, 24), // documentation, RFC 5737
    v4(224, 0, 0, 0, 4), // multicast, RFC 5771
    v4(240, 0, 0, 0, 4), // reserved, RFC 1112, and broadcast
    v6(0x100, 0, 0, 64), // discard, RFC 6666
    v6(0x2001, 0, 0, 23), // protocol assignments, with Teredo, RFC 2928
    v6(0x2001, 0xdb8, 0, 32), // documentation, RFC 3849
    v6(0x3fff, 0, 0, 20), // documentation, RFC 9637
    v6(0x5f00, 0, 0, 16), // segment routing, RFC 9602
    v6(0xfc00, 0, 0, 7), // unique local, RFC 4193
    v6(0xfe00, 0, 0, 9), // link-local (fe80::/10, RFC 4291) and what is reserved before it
    v6(0xfe80, 0, 0, 9), // link-local and site-local (fec0::/10, RFC 3879)
];

/// Whether an address is reachable by everybody, and so is nobody's inside.
pub(crate) fn is_public(address: IpAddr) -> bool {
    let address = address.to_canonical();
    if address.is_multicast() || NOT_PUBLIC.iter().any(|cidr| cidr.contains(address)) {
        return false;
    }
    match address {
        IpAddr::V4(_) => true,
        // ::/96 holds the unspecified address, loopback, and the deprecated IPv4-compatible ones.
        IpAddr::V6(address) => {
            address.segments()[..6] != [0; 6]
                && embedded(address).is_none_or(|inner| is_public(IpAddr::V4(inner)))
        }
    }
}

/// The IPv4 address that packets to an IPv6 address end up at, by translation on the way.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let ipv4 = |high: u16, low: u16| Some(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
    match address.segments() {
        // NAT64, RFC 6052.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => ipv4(high, low),
        // NAT64 with a prefix of the network's own, RFC 8215: where in it the IPv4 address lies
        // is the network's secret, so none of it is public.
        [0x64, 0xff9b, 1, ..] => Some(Ipv4Addr::UNSPECIFIED),
        // 6to4, RFC 3056.
        [0x2002, high, low, ..] => ipv4(high, low),
        // IPv4-translated, RFC 2765.
        [0, 0, 0, 0, 0xffff, 0, high, low] => ipv4(high, low),
        // ISATAP, RFC 5214: the interface identifier of any prefix.
        [_, _, _, _, 0 | 0x200, 0x5efe, high, low] => ipv4(high, low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn inside_addresses_are_not_public_in_any_form() {
        let inside = [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
        ];
        for text in inside {
            let address: Ipv4Addr = text.parse().unwrap();
            assert!(!is_public(address.into()), "{text}");
            let [a, b, c, d] = address.octets();
            for form in [
                format!("::ffff:{text}"),
                format!("::{text}"),
                format!("64:ff9b::{text}"),
                format!("64:ff9b:1::{text}"),
                format!("64:ff9b:1:fffe::{text}"),
                format!("2002:{a:02x}{b:02x}:{c:02x}{d:02x}::1"),
                format!("::ffff:0:{text}"),
                format!("2a00:1450::5efe:{text}"),
                format!("2a00:1450::200:5efe:{text}"),
            ] {
                let address: Ipv6Addr = form.parse().expect(&form);
                assert!(!is_public(address.into()), "{form}");
            }
        }
    }

    #[test]
    fn special_ipv6_addresses_are_not_public() {
        for text in [
            "::",
            "::1",
            "100::1",
            "2001::1",
            "2001:2::1",
            "2001:10::1",
            "2001:db8::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00::1",
            "fdff:ffff::1",
            "fe00::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
            "ff0e::1",
        ] {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn the_neighbours_of_special_ranges_are_public() {
        for text in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::1",
            "2001:200::1",
            "2001:4860::8888",
            "64:ff9b::8.8.8.8",
            "2002:808:808::1",
            "::ffff:8.8.8.8",
        ] {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_mapped_address_is_what_it_maps(bits: u32) {
            let address = Ipv4Addr::from(bits);
            prop_assert_eq!(
                is_public(address.into()),
                is_public(address.to_ipv6_mapped().into())
            );
        }
    }
}
