//! Which addresses are public, by IANA's registries of special-purpose addresses (RFC 6890 and what followed it).
//!
//! Promises: an address that carries another one (IPv4-mapped, NAT64, 6to4) is what the one that it carries is; in
//! IPv6 whatever is not of the space for global unicast is not public, known to us or not.
//!
//! What surprises: blocks that the registries call reachable but that no server of images is in are not public here
//! (192.0.0.9, `2001:20::/28`). Two addresses of metadata services look like anybody's.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address is to a client that may be inside some network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// Anybody can reach it.
    Public,
    /// It means something else in each network, or is no host's at all.
    Private,
    /// A cloud's metadata service answers there, or may: it gives secrets to whoever asks.
    Metadata,
}

/// Blocks of IPv4 that are not public: the address and the length of its prefix.
const PRIVATE_V4: [([u8; 4], u32); 15] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    // Relays of 6to4, which nobody runs any more (RFC 7526).
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
];

/// Blocks inside `2000::/3` that are not public: the first two groups, and the length of the prefix. The first one has
/// Teredo (`2001::/32`), benchmarks, ORCHID and others.
const PRIVATE_V6: [([u16; 2], u32); 3] = [([0x2001, 0], 23), ([0x2001, 0xdb8], 32), ([0x3fff, 0], 20)];

/// Where metadata services are: all of link-local, since Amazon has several there; Alibaba; Oracle's old one; and
/// Azure's, which is a public address by its number.
const METADATA_V4: [([u8; 4], u32); 4] =
    [([169, 254, 0, 0], 16), ([100, 100, 100, 200], 32), ([192, 0, 0, 192], 32), ([168, 63, 129, 16], 32)];

/// Amazon's (metadata and credentials of pods), Google's, Oracle's, Scaleway's, Akamai's and Alibaba's.
const METADATA_V6: [Ipv6Addr; 7] = [
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe),
    Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42),
    Ipv6Addr::new(0xfd00, 0xa9fe, 0xa9fe, 0, 0, 0, 0, 1),
    Ipv6Addr::new(0xfd00, 0x100, 0, 0, 0, 0, 0x100, 0x200),
];

/// What an address is.
pub(super) fn class(address: IpAddr) -> Class {
    match address {
        IpAddr::V4(address) => class_v4(address),
        IpAddr::V6(address) => class_v6(address),
    }
}

fn class_v4(address: Ipv4Addr) -> Class {
    let is_in = |(block, length): &([u8; 4], u32)| {
        let differing = u32::from(address) ^ u32::from(Ipv4Addr::from(*block));
        differing.leading_zeros() >= *length
    };
    if METADATA_V4.iter().any(is_in) {
        Class::Metadata
    } else if PRIVATE_V4.iter().any(is_in) {
        Class::Private
    } else {
        Class::Public
    }
}

fn class_v6(address: Ipv6Addr) -> Class {
    if METADATA_V6.contains(&address) {
        return Class::Metadata;
    }
    let groups = address.segments();
    let [.., high, low] = groups;
    match groups {
        // Mapped (RFC 4291 §2.5.5.2) and NAT64's well-known prefix (RFC 6052 §2.1).
        [0, 0, 0, 0, 0, 0xffff, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => class_v4(carried(high, low)),
        // 6to4 (RFC 3056 §2).
        [0x2002, high, low, ..] => class_v4(carried(high, low)),
        // Compatible (§2.5.5.1, given up) and translated (RFC 2765 §2.1).
        [0, 0, 0, 0, 0 | 0xffff, 0, ..] => class_v4(carried(high, low)).max(Class::Private),
        [0x64, 0xff9b, 1, ..] => class_local_nat64(address),
        // Link-local; the metadata services of IPv4's are reached there too.
        [0xfe80..=0xfebf, ..] => Class::Metadata,
        [0x2000..=0x3fff, ..] if !PRIVATE_V6.iter().any(|(block, length)| is_in_v6(groups, *block, *length)) => {
            Class::Public
        }
        _ => Class::Private,
    }
}

/// NAT64 of one's own network (RFC 8215): only that knows how long its prefix is, so the address is the worst of what
/// RFC 6052 §2.2 reads in it.
fn class_local_nat64(address: Ipv6Addr) -> Class {
    let bytes = address.octets();
    // A prefix of 48, 56, 64 or 96 bits. The ninth byte is left out.
    let places = [[6, 7, 9, 10], [7, 9, 10, 11], [9, 10, 11, 12], [12, 13, 14, 15]];
    let read = places.map(|places| class_v4(Ipv4Addr::from(places.map(|place| bytes[place]))));
    read.into_iter().fold(Class::Private, Class::max)
}

fn is_in_v6(groups: [u16; 8], block: [u16; 2], length: u32) -> bool {
    let first = |[high, low]: [u16; 2]| u32::from(high) << 16 | u32::from(low);
    (first([groups[0], groups[1]]) ^ first(block)).leading_zeros() >= length
}

fn carried(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(high) << 16 | u32::from(low))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn expect(expected: Class, addresses: &[&str]) {
        for address in addresses {
            assert_eq!(class(address.parse().expect(address)), expected, "{address}");
        }
    }

    #[test]
    fn each_block_of_ipv4_ends_where_the_registry_says() {
        for (before, first, last, after) in [
            ("", "0.0.0.0", "0.255.255.255", "1.0.0.0"),
            ("9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"),
            ("100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0"),
            ("126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"),
            ("172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"),
            ("191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0"),
            ("192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0"),
            ("192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0"),
            ("192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0"),
            ("198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0"),
            ("198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0"),
            ("203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0"),
            ("223.255.255.255", "224.0.0.0", "255.255.255.255", ""),
        ] {
            expect(Class::Private, &[first, last]);
            expect(Class::Public, &[before, after].map(|outside| if outside.is_empty() { "1.1.1.1" } else { outside }));
        }
        expect(Class::Private, &["239.255.255.255", "240.0.0.0", "255.255.255.254"]);
        expect(Class::Public, &["8.8.8.8", "192.31.196.1", "192.52.193.1", "192.175.48.1"]);
    }

    #[test]
    fn each_block_of_ipv6_ends_where_the_registry_says() {
        expect(Class::Private, &["::", "::1", "::2", "100::", "100::1", "100:0:0:1::", "1fff:ffff::"]);
        expect(Class::Public, &["2000::", "2000:ffff::1"]);
        expect(Class::Private, &["2001::", "2001:0:1::", "2001:2::", "2001:20::", "2001:30::", "2001:1ff:ffff::"]);
        expect(Class::Public, &["2001:200::", "2001:4860:4860::8888", "2001:db7:ffff::"]);
        expect(Class::Private, &["2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"]);
        expect(Class::Public, &["2001:db9::", "2606:4700:4700::1111", "3ffe:ffff::"]);
        expect(Class::Private, &["3fff::", "3fff:fff:ffff::"]);
        expect(Class::Public, &["3fff:1000::", "3fff:ffff:ffff::"]);
        expect(Class::Private, &["4000::", "5f00::", "5f00:ffff::", "5f01::", "fbff::", "fc00::", "fdff:ffff::"]);
        expect(Class::Private, &["fe00::", "fe7f:ffff::", "fec0::", "feff::", "ff00::", "ff02::1", "ffff::"]);
    }

    #[test]
    fn an_address_is_what_the_one_that_it_carries_is() {
        for carrier in ["::ffff:", "64:ff9b::"] {
            let of = |inner: &str| format!("{carrier}{inner}");
            expect(Class::Public, &[&of("1.1.1.1"), &of("11.0.0.0")]);
            expect(Class::Private, &[&of("127.0.0.1"), &of("10.0.0.1"), &of("0.0.0.0"), &of("192.168.1.1")]);
            expect(Class::Metadata, &[&of("169.254.169.254"), &of("168.63.129.16")]);
        }
        expect(Class::Public, &["2002:101:101::1", "2002:b00::"]);
        expect(Class::Private, &["2002:7f00:1::1", "2002:a00:1::", "2002:c0a8:101::1", "2002::"]);
        expect(Class::Metadata, &["2002:a9fe:a9fe::1"]);
        for carrier in ["::", "::ffff:0:", "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:"] {
            expect(Class::Private, &[&format!("{carrier}1.1.1.1"), &format!("{carrier}127.0.0.1")]);
            expect(Class::Metadata, &[&format!("{carrier}169.254.169.254")]);
        }
        // The carried one behind 48, 56, 64 and 96 bits; between its halves may be a byte of zeros or of anything.
        for metadata in [
            "64:ff9b:1:a9fe:a9:fe00::",
            "64:ff9b:1:a9fe:ffa9:fe12:3456:789a",
            "64:ff9b:1:a9:fe:a9fe::",
            "64:ff9b:1:12a9:fe:a9fe::",
            "64:ff9b:1::a9:fea9:fe00:0",
            "64:ff9b:1::a9:fea9:feff:ffff",
            "64:ff9b:1:6464:64:c800::",
        ] {
            expect(Class::Metadata, &[metadata]);
        }
        expect(Class::Private, &["64:ff9b:1::", "64:ff9b:1:101:1:100::", "64:ff9b:1:a00:0:100::"]);
        expect(Class::Private, &["64:ff9a::1.1.1.1", "64:ff9b:0:1::1.1.1.1", "64:ff9b:2::1.1.1.1", "::fffe:1.1.1.1"]);
    }

    #[test]
    fn metadata_services_are_known_wherever_they_are() {
        expect(Class::Metadata, &["169.254.0.0", "169.254.169.254", "169.254.170.2", "169.254.255.255"]);
        expect(Class::Public, &["169.253.255.255", "169.255.0.0", "168.63.129.15", "168.63.129.17"]);
        expect(Class::Metadata, &["100.100.100.200", "192.0.0.192", "168.63.129.16"]);
        expect(Class::Private, &["100.100.100.199", "100.100.100.201", "192.0.0.191", "192.0.0.193"]);
        expect(Class::Metadata, &["fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254"]);
        expect(Class::Metadata, &["fd00:c1::a9fe:a9fe", "fd00:42::42", "fd00:a9fe:a9fe::1", "fd00:100::100:200"]);
        expect(Class::Private, &["fd00:ec2::253", "fd00:ec2::255", "fd20:ce::253", "fd00:c1::a9fe:a9ff"]);
        expect(Class::Metadata, &["fe80::", "fe80::a9fe:a9fe", "febf:ffff::"]);
    }
}
