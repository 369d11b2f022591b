//! A block of IP addresses (RFC 4632).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The prefix length of IPv4-mapped addresses, ::ffff:0:0/96 (RFC 4291, section 2.5.5.2).
const MAPPED_PREFIX: u8 = 96;

/// The addresses that share their first `prefix` bits with `address`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Cidr {
    address: IpAddr,
    prefix: u8,
}

impl Cidr {
    /// A block; `prefix` is at most the number of bits of the address.
    pub(crate) const fn new(address: IpAddr, prefix: u8) -> Self {
        Cidr { address, prefix }
    }

    /// The block of one address.
    pub(crate) fn single(address: IpAddr) -> Self {
        Cidr {
            address,
            prefix: bits(address),
        }
    }

    /// The block of this prefix length that an address is in; `None` if the address has fewer bits.
    ///
    /// A block of IPv4-mapped addresses is the block of the IPv4 addresses.
    pub(crate) fn truncated(address: IpAddr, prefix: u8) -> Option<Self> {
        if prefix > bits(address) {
            return None;
        }
        let block: IpAddr = match address {
            IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits() & mask32(prefix)).into(),
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & mask128(prefix)).into(),
        };
        match address.to_canonical() {
            IpAddr::V4(_) if address.is_ipv6() && prefix >= MAPPED_PREFIX => Some(Cidr {
                address: block.to_canonical(),
                prefix: prefix - MAPPED_PREFIX,
            }),
            _ => Some(Cidr {
                address: block,
                prefix,
            }),
        }
    }

    /// Like [`Cidr::truncated`], with the text after the `/`; `None` if it is not a valid prefix
    /// length.
    pub(crate) fn around(address: IpAddr, prefix: &str) -> Option<Self> {
        // `parse` would accept a sign.
        let digits = prefix.bytes().all(|byte| byte.is_ascii_digit());
        Self::truncated(address, digits.then(|| prefix.parse().ok())??)
    }

    pub(crate) fn address(self) -> IpAddr {
        self.address
    }

    /// The prefix length.
    pub(crate) fn prefix(self) -> u8 {
        self.prefix
    }

    pub(crate) fn is_single(self) -> bool {
        self.prefix == bits(self.address)
    }

    /// The last address of the block.
    #[cfg(test)]
    pub(crate) fn last(self) -> IpAddr {
        match self.address {
            IpAddr::V4(first) => Ipv4Addr::from_bits(first.to_bits() | !mask32(self.prefix)).into(),
            IpAddr::V6(first) => {
                Ipv6Addr::from_bits(first.to_bits() | !mask128(self.prefix)).into()
            }
        }
    }

    /// Whether an address is in the block. An address of the other family never is.
    pub(crate) fn contains(self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(block), IpAddr::V4(address)) => {
                (block.to_bits() ^ address.to_bits()) & mask32(self.prefix) == 0
            }
            (IpAddr::V6(block), IpAddr::V6(address)) => {
                (block.to_bits() ^ address.to_bits()) & mask128(self.prefix) == 0
            }
            _ => false,
        }
    }
}

const fn bits(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn mask32(prefix: u8) -> u32 {
    u32::MAX
        .checked_shl(32 - u32::from(prefix.min(32)))
        .unwrap_or(0)
}

fn mask128(prefix: u8) -> u128 {
    u128::MAX
        .checked_shl(128 - u32::from(prefix.min(128)))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(address: &str, prefix: &str) -> Option<Cidr> {
        Cidr::around(address.parse().unwrap(), prefix)
    }

    #[test]
    fn a_block_holds_what_shares_its_prefix() {
        let cases = [
            ("10.0.0.0", "8", "10.255.255.255", true),
            ("10.0.0.0", "8", "11.0.0.0", false),
            ("0.0.0.0", "0", "255.255.255.255", true),
            ("1.2.3.4", "32", "1.2.3.4", true),
            ("1.2.3.4", "32", "1.2.3.5", false),
            ("172.16.0.0", "12", "172.31.0.1", true),
            ("172.16.0.0", "12", "172.32.0.1", false),
            ("fd00::", "8", "fdff::1", true),
            ("fd00::", "8", "fe00::1", false),
            ("::", "0", "ffff::", true),
            ("::", "0", "1.2.3.4", false),
        ];
        for (address, prefix, other, expected) in cases {
            let block = parse(address, prefix).unwrap();
            assert_eq!(
                block.contains(other.parse().unwrap()),
                expected,
                "{address}/{prefix} {other}"
            );
        }
    }

    #[test]
    fn a_block_of_mapped_addresses_is_the_ipv4_block() {
        for (mapped, prefix, address, ipv4_prefix) in [
            ("::ffff:10.0.0.0", "104", "10.0.0.0", 8),
            ("::ffff:0:0", "96", "0.0.0.0", 0),
            ("::ffff:10.1.2.3", "128", "10.1.2.3", 32),
        ] {
            let block = parse(mapped, prefix).unwrap();
            assert_eq!(
                block,
                Cidr::new(address.parse().unwrap(), ipv4_prefix),
                "{mapped}/{prefix}"
            );
        }
        // A block that holds others besides is one of IPv6.
        let all = parse("::", "0").unwrap();
        assert!(all.contains("::ffff:1.2.3.4".parse().unwrap()));
        assert!(!all.contains("1.2.3.4".parse().unwrap()));
    }

    #[test]
    fn a_prefix_that_does_not_fit_is_refused() {
        for (address, prefix) in [
            ("10.0.0.0", "33"),
            ("10.0.0.0", "-1"),
            ("10.0.0.0", ""),
            ("10.0.0.0", "8 "),
            ("10.0.0.0", "+8"),
            ("fd00::", "129"),
        ] {
            assert_eq!(parse(address, prefix), None, "{address}/{prefix}");
        }
    }
}
