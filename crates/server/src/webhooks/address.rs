//! Which internet addresses webhooks may go to: none that lead into our own network.
//!
//! Sources: the IANA registries of special-purpose addresses for IPv4 and IPv6 (RFC 6890 and its updates).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Who may be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The public internet alone.
    Public,
    /// Besides it, this machine and private networks, where developers have their receivers. Never link-local addresses:
    /// the secrets of cloud machines are there, and no receiver is.
    Private,
}

/// What an address is, when it is not a public one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Special {
    /// This machine.
    Loopback,
    /// A private network: RFC 1918, unique local addresses, shared address space.
    Private,
    /// Link-local.
    LinkLocal,
    /// More than one receiver.
    Multicast,
    /// Unspecified, reserved, for documentation, for benchmarks, or an IPv6 form that hides another address.
    Reserved,
}

impl Special {
    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Loopback => "a loopback address",
            Self::Private => "a private address",
            Self::LinkLocal => "a link-local address",
            Self::Multicast => "a multicast address",
            Self::Reserved => "a reserved address",
        }
    }
}

/// Why an address must not be reached; none when it may.
pub fn refusal(address: IpAddr, reach: Reach) -> Option<Special> {
    let special = special(address)?;
    let allowed = reach == Reach::Private && matches!(special, Special::Loopback | Special::Private);
    (!allowed).then_some(special)
}

fn special(address: IpAddr) -> Option<Special> {
    match address {
        IpAddr::V4(v4) => special_v4(v4),
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => special_v4(v4),
            None => special_v6(v6),
        },
    }
}

fn special_v4(address: Ipv4Addr) -> Option<Special> {
    match address.octets() {
        [127, ..] => Some(Special::Loopback),
        [10, ..] | [192, 168, ..] | [172, 16..=31, ..] | [100, 64..=127, ..] => Some(Special::Private),
        [169, 254, ..] => Some(Special::LinkLocal),
        [224..=239, ..] => Some(Special::Multicast),
        [0 | 240..=255, ..]
        | [192, 0, 0 | 2, _]
        | [192, 88, 99, _]
        | [192, 31, 196, _]
        | [192, 52, 193, _]
        | [192, 175, 48, _]
        | [198, 18..=19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _] => Some(Special::Reserved),
        _ => None,
    }
}

fn special_v6(address: Ipv6Addr) -> Option<Special> {
    if address == Ipv6Addr::LOCALHOST {
        return Some(Special::Loopback);
    }
    match address.segments() {
        [0xfc00..=0xfdff, ..] => Some(Special::Private),
        [0xfe80..=0xfebf, ..] => Some(Special::LinkLocal),
        [0xff00..=0xffff, ..] => Some(Special::Multicast),
        // Of the global unicast space, what is not for hosts: protocol assignments (with Teredo and ORCHID), 6to4, and
        // what stands in books.
        [0x2001, 0..=0x01ff | 0x0db8, ..] | [0x2002, ..] | [0x3fff, 0..=0x0fff, ..] => {
            Some(Special::Reserved)
        }
        [0x2000..=0x3fff, ..] => None,
        // Everything else, with NAT64 and the old forms that hold an IPv4 address.
        _ => Some(Special::Reserved),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CASES: &[(&str, Option<Special>)] = &[
        ("93.184.216.34", None),
        ("8.8.8.8", None),
        ("172.15.255.255", None),
        ("172.32.0.1", None),
        ("100.63.255.255", None),
        ("100.128.0.1", None),
        ("192.0.1.1", None),
        ("198.17.255.255", None),
        ("198.20.0.1", None),
        ("223.255.255.255", None),
        ("127.0.0.1", Some(Special::Loopback)),
        ("127.255.255.254", Some(Special::Loopback)),
        ("10.0.0.1", Some(Special::Private)),
        ("172.16.0.1", Some(Special::Private)),
        ("172.31.255.255", Some(Special::Private)),
        ("192.168.1.1", Some(Special::Private)),
        ("100.64.0.1", Some(Special::Private)),
        ("100.127.255.255", Some(Special::Private)),
        ("169.254.169.254", Some(Special::LinkLocal)),
        ("224.0.0.1", Some(Special::Multicast)),
        ("239.255.255.255", Some(Special::Multicast)),
        ("0.0.0.0", Some(Special::Reserved)),
        ("0.1.2.3", Some(Special::Reserved)),
        ("192.0.0.1", Some(Special::Reserved)),
        ("192.0.2.1", Some(Special::Reserved)),
        ("192.88.99.1", Some(Special::Reserved)),
        ("198.18.0.1", Some(Special::Reserved)),
        ("198.19.255.255", Some(Special::Reserved)),
        ("198.51.100.7", Some(Special::Reserved)),
        ("203.0.113.7", Some(Special::Reserved)),
        ("240.0.0.1", Some(Special::Reserved)),
        ("255.255.255.255", Some(Special::Reserved)),
        ("2606:2800:220:1:248:1893:25c8:1946", None),
        ("2001:200::1", None),
        ("2001:4860:4860::8888", None),
        ("::ffff:93.184.216.34", None),
        ("::1", Some(Special::Loopback)),
        ("::ffff:127.0.0.1", Some(Special::Loopback)),
        ("::ffff:10.0.0.1", Some(Special::Private)),
        ("::ffff:169.254.169.254", Some(Special::LinkLocal)),
        ("fc00::1", Some(Special::Private)),
        ("fdff:ffff::1", Some(Special::Private)),
        ("fe80::1", Some(Special::LinkLocal)),
        ("febf::1", Some(Special::LinkLocal)),
        ("fec0::1", Some(Special::Reserved)),
        ("ff02::1", Some(Special::Multicast)),
        ("::", Some(Special::Reserved)),
        ("::127.0.0.1", Some(Special::Reserved)),
        ("64:ff9b::7f00:1", Some(Special::Reserved)),
        ("64:ff9b:1::1", Some(Special::Reserved)),
        ("100::1", Some(Special::Reserved)),
        ("2001::1", Some(Special::Reserved)),
        ("2001:1ff::1", Some(Special::Reserved)),
        ("2001:db8::1", Some(Special::Reserved)),
        ("2002:7f00:1::1", Some(Special::Reserved)),
        ("3fff:fff::1", Some(Special::Reserved)),
        ("5f00::1", Some(Special::Reserved)),
        ("4000::1", Some(Special::Reserved)),
    ];

    #[test]
    fn only_addresses_of_the_public_internet_are_public() {
        for (text, want) in CASES {
            let address: IpAddr = text.parse().unwrap();
            assert_eq!(refusal(address, Reach::Public), *want, "{text}");
        }
    }

    #[test]
    fn a_developer_reaches_their_own_machine_and_network_and_nothing_else_that_is_special() {
        for (text, special) in CASES {
            let address: IpAddr = text.parse().unwrap();
            let want = special.filter(|it| !matches!(it, Special::Loopback | Special::Private));
            assert_eq!(refusal(address, Reach::Private), want, "{text}");
        }
    }
}
