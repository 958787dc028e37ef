//! Which addresses may be connected to: globally reachable unicast, after IANA's registries of special-purpose
//! addresses ([IPv4](https://www.iana.org/assignments/iana-ipv4-special-registry),
//! [IPv6](https://www.iana.org/assignments/iana-ipv6-special-registry)), as of November 2026.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IPv4 blocks that are not public: first address, and bits of the prefix.
const SPECIAL_V4: &[([u8; 4], u32)] = &[
    ([0, 0, 0, 0], 8),        // This network.
    ([10, 0, 0, 0], 8),       // Private.
    ([100, 64, 0, 0], 10),    // Shared by carriers; Alibaba's metadata.
    ([127, 0, 0, 0], 8),      // Loopback.
    ([168, 63, 129, 16], 32), // Azure's wire server, reachable from each of its machines.
    ([169, 254, 0, 0], 16),   // Link-local; metadata of most clouds.
    ([172, 16, 0, 0], 12),    // Private.
    ([192, 0, 0, 0], 24),     // IETF protocols; Oracle's metadata.
    ([192, 0, 2, 0], 24),     // Documentation.
    ([192, 88, 99, 0], 24),   // Relays of 6to4, deprecated.
    ([192, 168, 0, 0], 16),   // Private.
    ([198, 18, 0, 0], 15),    // Benchmarking.
    ([198, 51, 100, 0], 24),  // Documentation.
    ([203, 0, 113, 0], 24),   // Documentation.
    ([224, 0, 0, 0], 4),      // Multicast.
    ([240, 0, 0, 0], 4),      // Reserved; broadcast.
];

/// IPv6 blocks within 2000::/3 that are not public.
const SPECIAL_V6: &[([u16; 3], u32)] = &[
    ([0x2001, 0, 0], 23),     // IETF protocols: Teredo, benchmarking, ORCHID, drone identities.
    ([0x2001, 0xdb8, 0], 32), // Documentation.
    ([0x2002, 0, 0], 16),     // 6to4: leads to any IPv4 address, and is deprecated.
    ([0x3fff, 0, 0], 20),     // Documentation.
];

/// Whether an address may be connected to: globally reachable unicast, and nothing that leads back into the host's
/// own network. An IPv4-mapped address, and one that NAT64's well-known prefix translates, is judged by the IPv4
/// address in it. A NAT64 prefix of the network's own looks like any other address.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => embedded_v4(address).map_or_else(|| is_public_v6(address), is_public_v4),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let is_in = |(first, bits): &([u8; 4], u32)| (u32::from(address) ^ u32::from_be_bytes(*first)) >> (32 - bits) == 0;
    !SPECIAL_V4.iter().any(is_in)
}

/// The IPv4 address in ::ffff:0:0/96 or 64:ff9b::/96.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [s0, s1, s2, s3, s4, s5, high, low] = address.segments();
    let is_known = matches!([s0, s1, s2, s3, s4, s5], [0, 0, 0, 0, 0, 0xffff] | [0x64, 0xff9b, 0, 0, 0, 0]);
    is_known.then(|| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)))
}

/// Global unicast is 2000::/3; everything else is for other purposes.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let is_in = |(first, bits): &([u16; 3], u32)| {
        let [a, b, c] = *first;
        (u128::from(address) ^ u128::from(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))) >> (128 - bits) == 0
    };
    is_in(&([0x2000, 0, 0], 3)) && !SPECIAL_V6.iter().any(is_in)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// First and last address of each block of the registries that is not globally reachable, and the places where
    /// clouds keep secrets.
    const NOT_PUBLIC: &str = "
        0.0.0.0 0.255.255.255 10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255 127.0.0.0 127.255.255.255
        169.254.0.0 169.254.255.255 172.16.0.0 172.31.255.255 192.0.0.0 192.0.0.255 192.0.2.0 192.0.2.255
        192.88.99.0 192.88.99.255 192.168.0.0 192.168.255.255 198.18.0.0 198.19.255.255 198.51.100.0 198.51.100.255
        203.0.113.0 203.0.113.255 224.0.0.0 239.255.255.255 240.0.0.0 255.255.255.255
        168.63.129.16 169.254.169.254 169.254.170.2 100.100.100.200 192.0.0.192
        ::1 :: ::127.0.0.1 ::8.8.8.8 ::ffff:0:7f00:1 ::ffff:127.0.0.1 ::ffff:10.1.2.3 ::ffff:169.254.169.254
        ::ffff:168.63.129.16 64:ff9b::a9fe:a9fe 64:ff9b::7f00:1 64:ff9b::a83f:8110 64:ff9b:1:: 64:ff9b:1:ffff:ffff:ffff:ffff:ffff
        64:ff9b:0:1::808:808 100:: 100::ffff:ffff:ffff:ffff 100:0:0:1:: 2001:: 2001::1 2001:2::1 2001:10::1 2001:20::1
        2001:30::1 2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff 2001:db8:: 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff
        2002:7f00:1:: 2002:808:808:: 2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff 3fff:: 3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff
        5f00:: 5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff fc00:: fc00::1 fd00:ec2::254 fd20:ce::254 fdff::1 fe80::1
        febf::1 fec0::1 feff::1 ff02::1 4000::1 1fff::1 e000::1";

    /// Neighbours of the blocks, and a few known servers.
    const PUBLIC: &str = "
        1.0.0.0 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 168.63.129.15
        168.63.129.17 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 191.255.255.255 192.0.1.0 192.0.3.0
        192.88.98.255 192.88.100.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 198.51.99.255 198.51.101.0
        203.0.112.255 203.0.114.0 223.255.255.255 93.184.216.34 8.8.8.8 ::ffff:8.8.8.8 64:ff9b::808:808
        2000::1 2001:200:: 2001:db7:ffff:: 2001:db9:: 2001:4860:4860::8888 2003::1 2606:2800:220:1::1
        3ffe:ffff:: 3fff:1000:: 2620:fe::fe";

    #[test]
    fn judges_addresses_at_the_borders_of_every_block() {
        for text in NOT_PUBLIC.split_whitespace() {
            assert!(!is_public(text.parse().expect(text)), "{text}");
        }
        for text in PUBLIC.split_whitespace() {
            assert!(is_public(text.parse().expect(text)), "{text}");
        }
    }
}
