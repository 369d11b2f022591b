//! Decides which IP addresses are public, and which IPv4 addresses are embedded in an IPv6 address
//! (NAT64, 6to4, …). Pure functions, by IANA's registries of special-purpose addresses ([IPv4], [IPv6]) and of
//! [global unicast] ones.
//!
//! Whoever runs the DNS of an allowed name can make it point into the embedder's own network.
//! Therefore names must resolve to public addresses, unless the embedder permits private networks.
//!
//! [IPv4]: https://www.iana.org/assignments/iana-ipv4-special-registry/
//! [IPv6]: https://www.iana.org/assignments/iana-ipv6-special-registry/
//! [global unicast]: https://www.iana.org/assignments/ipv6-unicast-address-assignments/

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::cidr::Cidr;

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Cidr {
    Cidr::new(IpAddr::V4(Ipv4Addr::new(a, b, c, d)), prefix)
}

const fn v6(a: u16, b: u16, c: u16, prefix: u8) -> Cidr {
    Cidr::new(IpAddr::V6(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0)), prefix)
}

/// The IPv4 addresses that are not public; all others are.
const SPECIAL_IPV4: [Cidr; 18] = [
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
];

/// The only IPv6 block from which global unicast addresses are assigned (RFC 4291).
const GLOBAL_UNICAST: Cidr = v6(0x2000, 0, 0, 3);

/// The blocks within [`GLOBAL_UNICAST`] that are not public.
const SPECIAL_IPV6: [Cidr; 5] = [
    v6(0x2001, 0, 0, 23),         // protocol assignments, with Teredo, RFC 2928
    v6(0x2001, 0xdb8, 0, 32),     // documentation, RFC 3849
    v6(0x2002, 0, 0, 16),         // 6to4, RFC 3056: retired by RFC 7526
    v6(0x2620, 0x4f, 0x8000, 48), // AS112, RFC 7534
    v6(0x3fff, 0, 0, 20),         // documentation, RFC 9637
];

/// Whether an address is globally reachable, and so belongs to no private network.
pub(crate) fn is_public(address: IpAddr) -> bool {
    let listed = |list: &[Cidr]| list.iter().any(|block| block.contains(address));
    match address {
        IpAddr::V4(_) => !listed(&SPECIAL_IPV4),
        IpAddr::V6(ipv6) => {
            // An IPv4-mapped or NAT64 address is public if the IPv4 address in it is.
            let is_ipv4 = matches!(
                ipv6.segments(),
                [0, 0, 0, 0, 0, 0xffff, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..]
            );
            (is_ipv4 || GLOBAL_UNICAST.contains(address) && !listed(&SPECIAL_IPV6))
                && embedded(ipv6)
                    .into_iter()
                    .all(|inner| is_public(inner.into()))
        }
    }
}

/// All addresses that a connection to this one may reach: itself, the IPv4 addresses embedded in
/// it, and loopback if one of these is the unspecified address. For `64:ff9b::7f00:1` (NAT64) they
/// are itself and 127.0.0.1.
pub(crate) fn destinations(address: IpAddr) -> impl Iterator<Item = IpAddr> {
    let inner = match address {
        IpAddr::V4(_) => Vec::new(),
        IpAddr::V6(address) => embedded(address),
    };
    std::iter::once(address)
        .chain(inner.into_iter().map(IpAddr::V4))
        .flat_map(|address| {
            let is_unspecified = address.is_unspecified();
            let loopback = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
            let loopback = loopback.into_iter().filter(move |_| is_unspecified);
            std::iter::once(address).chain(loopback)
        })
}

/// The IPv4 addresses to which routers may translate an IPv6 address.
fn embedded(address: Ipv6Addr) -> Vec<Ipv4Addr> {
    let octets = address.octets();
    let at = |places: [usize; 4]| Ipv4Addr::from(places.map(|place| octets[place]));
    let last = at([12, 13, 14, 15]);
    match address.segments() {
        // `::` and `::1` look like IPv4-compatible addresses, and are not.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => vec![],
        // IPv4-compatible, RFC 4291, section 2.5.5.1; -mapped, 2.5.5.2; and -translated, RFC 2765.
        [0, 0, 0, 0, 0, 0 | 0xffff, ..] | [0, 0, 0, 0, 0xffff, 0, ..] => vec![last],
        // NAT64, RFC 6052.
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => vec![last],
        // NAT64 with a prefix of the network's own, RFC 8215: it may have 48, 56, 64 or 96 bits,
        // and the address lies behind it, but not in octet 8 (RFC 6052, section 2.2).
        [0x64, 0xff9b, 1, ..] => vec![
            at([6, 7, 9, 10]),
            at([7, 9, 10, 11]),
            at([9, 10, 11, 12]),
            last,
        ],
        // Teredo, RFC 4380: the server's, and the client's with its bits inverted.
        [0x2001, 0, ..] => vec![at([4, 5, 6, 7]), Ipv4Addr::from_bits(!last.to_bits())],
        // 6to4, RFC 3056.
        [0x2002, ..] => vec![at([2, 3, 4, 5])],
        // ISATAP, RFC 5214: the interface identifier of any other prefix.
        [_, _, _, _, 0 | 0x200, 0x5efe, ..] => vec![last],
        _ => vec![],
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
            "2002:808:808::1",
            "2620:4f:8000::1",
            "3fff::1",
            "4000::1",
            "1fff::1",
            "64:ff9a::8.8.8.8",
            "64:ff9b::1:8.8.8.8",
            "::8.8.8.8",
            "::ffff:0:8.8.8.8",
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
            "64:ff9b::1.1.1.1",
            "2001:db7:ffff::1",
            "2001:db9::",
            "2003::1",
            "3ffe:ffff::1",
            "3fff:1000::1",
            "2a00:1450::5efe:8.8.8.8",
            "::ffff:8.8.8.8",
        ] {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }

    /// Expected values come from Python's `ipaddress`, in a committed table.
    #[test]
    fn every_block_of_ianas_registries_is_judged_as_python_does_or_for_a_reason() {
        for row in include_str!("iana_blocks.txt").lines() {
            if row.starts_with('#') {
                continue;
            }
            let cells: Vec<_> = row.split_whitespace().collect();
            let [block, first, last, reason, ..] = cells[..] else {
                panic!("{row}")
            };
            let python = [first == "yes", last == "yes"];
            let (first, prefix) = block.split_once('/').unwrap();
            let block = Cidr::around(first.parse().unwrap(), prefix).unwrap();
            let ours = [block.address(), block.last()].map(is_public);
            assert_eq!(ours == python, reason == "-", "{row}: {ours:?}");
        }
    }

    #[test]
    fn a_connection_ends_at_what_its_address_embeds() {
        for (address, others) in [
            ("10.0.0.1", &[][..]),
            ("2a00:1450::1", &[]),
            ("::1", &[]),
            ("0.0.0.0", &["127.0.0.1", "::1"]),
            ("::", &["127.0.0.1", "::1"]),
            ("::ffff:10.0.0.1", &["10.0.0.1"]),
            ("::ffff:0.0.0.0", &["0.0.0.0", "127.0.0.1", "::1"]),
            ("::10.0.0.1", &["10.0.0.1"]),
            ("::ffff:0:10.0.0.1", &["10.0.0.1"]),
            ("64:ff9b::10.0.0.1", &["10.0.0.1"]),
            (
                "64:ff9b:1:0a00:0000:0100::",
                &[
                    "10.0.0.1",
                    "0.0.1.0",
                    "0.1.0.0",
                    "0.0.0.0",
                    "127.0.0.1",
                    "::1",
                ],
            ),
            (
                "64:ff9b:1:ff0a:0000:0001::",
                &[
                    "255.10.0.0",
                    "10.0.0.1",
                    "0.0.1.0",
                    "0.0.0.0",
                    "127.0.0.1",
                    "::1",
                ],
            ),
            (
                "64:ff9b:1:ffff:000a:0000:0100:0",
                &["255.255.10.0", "255.10.0.0", "10.0.0.1", "1.0.0.0"],
            ),
            (
                "64:ff9b:1:ffff:ff:ffff:10.0.0.1",
                &[
                    "255.255.255.255",
                    "255.255.255.255",
                    "255.255.255.10",
                    "10.0.0.1",
                ],
            ),
            ("2001:0:808:808::f5ff:fffe", &["8.8.8.8", "10.0.0.1"]),
            ("2002:a00:1::1", &["10.0.0.1"]),
            ("2a00:1450::5efe:10.0.0.1", &["10.0.0.1"]),
            ("fe80::200:5efe:10.0.0.1", &["10.0.0.1"]),
        ] {
            let parse = |text: &str| text.parse::<IpAddr>().unwrap();
            let expected: Vec<_> = std::iter::once(address)
                .chain(others.iter().copied())
                .map(parse)
                .collect();
            let found: Vec<_> = destinations(parse(address)).collect();
            assert_eq!(found, expected, "{address}");
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
