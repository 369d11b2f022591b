//! A block of IP addresses (RFC 4632).

use std::net::IpAddr;

/// The addresses that share their first `prefix` bits with `address`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

    /// Reads the part behind the `/`: `None` if it is not a number of bits of the address, or if
    /// the address has bits outside it, which is more often a slip than a wish.
    pub(crate) fn parse(address: IpAddr, prefix: &str) -> Option<Self> {
        let prefix: u8 = prefix.parse().ok()?;
        let block = Cidr { address, prefix };
        (prefix <= bits(address) && !block.has_host_bits()).then_some(block)
    }

    fn has_host_bits(self) -> bool {
        match self.address {
            IpAddr::V4(address) => address.to_bits() & !mask32(self.prefix) != 0,
            IpAddr::V6(address) => address.to_bits() & !mask128(self.prefix) != 0,
        }
    }

    pub(crate) fn address(self) -> IpAddr {
        self.address
    }

    /// How many bits the addresses share.
    pub(crate) fn prefix(self) -> u8 {
        self.prefix
    }

    pub(crate) fn is_single(self) -> bool {
        self.prefix == bits(self.address)
    }

    /// Whether an address is in the block. One of the other family never is.
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
            let block = Cidr::parse(address.parse().unwrap(), prefix).unwrap();
            assert_eq!(
                block.contains(other.parse().unwrap()),
                expected,
                "{address}/{prefix} {other}"
            );
        }
    }

    #[test]
    fn a_prefix_that_does_not_fit_is_refused() {
        for (address, prefix) in [
            ("10.0.0.0", "33"),
            ("10.0.0.0", "-1"),
            ("10.0.0.0", ""),
            ("10.0.0.0", "8 "),
            ("10.0.0.1", "8"),
            ("fd00::", "129"),
            ("fd00::1", "64"),
        ] {
            assert_eq!(
                Cidr::parse(address.parse().unwrap(), prefix),
                None,
                "{address}/{prefix}"
            );
        }
    }
}
