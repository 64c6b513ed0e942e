//! Where an endpoint is: its URL, read once when it is registered and again before every try.

use std::net::IpAddr;

use reqwest::Url;
use url::Host;

use super::address::{Reach, Special, refusal};
use crate::config::WebhooksConfig;
use crate::model::account::Account;

/// What an account's endpoints may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// `https` on an allowed port of the public internet.
    Strict,
    /// For tests: `http` too, on any port, on this machine and in private networks as well.
    Development,
}

impl Trust {
    /// What this account's endpoints may be.
    pub fn of(account: &Account, config: &WebhooksConfig) -> Self {
        if !account.livemode && config.allow_private_in_test_mode { Self::Development } else { Self::Strict }
    }

    pub(super) fn reach(self) -> Reach {
        match self {
            Self::Strict => Reach::Public,
            Self::Development => Reach::Private,
        }
    }
}

/// Why a URL is not one that webhooks go to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// It is no URL.
    #[error("it is not a URL")]
    NotAUrl,
    /// Neither `https` nor, where it is allowed, `http`.
    #[error("it must begin with {0}")]
    Scheme(&'static str),
    /// A user's name or password stands in it.
    #[error("it must hold no user name and no password; put a token into its path or query")]
    Credentials,
    /// A part that is never sent.
    #[error("it must hold no fragment (#…)")]
    Fragment,
    /// A port that the configuration does not allow.
    #[error("port {0} is not allowed; allowed: {1}")]
    Port(u16, String),
    /// The address, or one that the name stands for, is not one of the public internet.
    #[error("{host} is, or stands for, {address}, {}", .special.as_str())]
    Address {
        /// What the URL says.
        host: String,
        /// What that is.
        address: IpAddr,
        /// Why not.
        special: Special,
    },
    /// Nobody knows the name.
    #[error("the name {0} cannot be resolved")]
    Unresolved(String),
}

/// Reads a URL and checks everything that can be known without a look-up: an address that stands in it too, in
/// whatever notation.
///
/// # Errors
/// [`TargetError`].
pub fn read(text: &str, trust: Trust, ports: &[u16]) -> Result<Url, TargetError> {
    let url = Url::parse(text).map_err(|_| TargetError::NotAUrl)?;
    match (url.scheme(), trust) {
        ("https", _) | ("http", Trust::Development) => {}
        (_, Trust::Strict) => return Err(TargetError::Scheme("https://")),
        (_, Trust::Development) => return Err(TargetError::Scheme("https:// or http://")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(TargetError::Credentials);
    }
    if url.fragment().is_some() {
        return Err(TargetError::Fragment);
    }
    let port = url.port_or_known_default().unwrap_or_default();
    if trust == Trust::Strict && !ports.contains(&port) {
        let allowed: Vec<String> = ports.iter().map(u16::to_string).collect();
        return Err(TargetError::Port(port, allowed.join(", ")));
    }
    let literal = match url.host() {
        None => return Err(TargetError::NotAUrl),
        Some(Host::Domain(_)) => return Ok(url),
        Some(Host::Ipv4(address)) => IpAddr::from(address),
        Some(Host::Ipv6(address)) => IpAddr::from(address),
    };
    let host = url.host_str().unwrap_or_default().to_owned();
    check(&host, literal, trust)?;
    Ok(url)
}

/// Checks one address that a host stands for.
///
/// # Errors
/// [`TargetError::Address`].
pub fn check(host: &str, address: IpAddr, trust: Trust) -> Result<(), TargetError> {
    match refusal(address, trust.reach()) {
        None => Ok(()),
        Some(special) => Err(TargetError::Address { host: host.to_owned(), address, special }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_live_accounts_endpoint_is_https_on_an_allowed_port_of_the_public_internet() {
        for good in [
            "https://shop.example/hooks",
            "https://shop.example:443/hooks?token=x",
            "https://93.184.216.34/",
            "https://[2606:2800:220:1::1]/",
            "https://xn--bcher-kva.example/",
        ] {
            assert!(read(good, Trust::Strict, &[443]).is_ok(), "{good}");
        }
        assert!(read("https://shop.example:8443/", Trust::Strict, &[443, 8443]).is_ok());
        for (bad, said) in [
            ("", "not a URL"),
            ("shop.example/hooks", "not a URL"),
            ("https://", "not a URL"),
            ("https:///", "not a URL"),
            ("https://[fe80::1%25eth0]/", "not a URL"),
            ("http://shop.example/", "must begin with https"),
            ("ftp://shop.example/", "must begin with https"),
            ("file:///etc/passwd", "must begin with https"),
            ("gopher://shop.example/", "must begin with https"),
            ("javascript:alert(1)", "must begin with https"),
            ("https://user@shop.example/", "no user name"),
            ("https://user:pass@shop.example/", "no user name"),
            ("https://shop.example/#x", "no fragment"),
            ("https://shop.example:22/", "port 22"),
            ("https://shop.example:8443/", "port 8443"),
            ("https://127.0.0.1/", "loopback"),
            ("https://127.1/", "loopback"),
            ("https://2130706433/", "loopback"),
            ("https://0x7f.0.0.1/", "loopback"),
            ("https://0177.0.0.1/", "loopback"),
            ("https://0x7f000001/", "loopback"),
            ("https://１２７.0.0.1/", "loopback"),
            ("https://127.0.0.1./", "loopback"),
            ("https://10.1.2.3/", "private"),
            ("https://172.16.0.1/", "private"),
            ("https://192.168.0.1/", "private"),
            ("https://100.64.0.1/", "private"),
            ("https://169.254.169.254/latest/meta-data/", "link-local"),
            ("https://0.0.0.0/", "reserved"),
            ("https://0/", "reserved"),
            ("https://224.0.0.1/", "multicast"),
            ("https://255.255.255.255/", "reserved"),
            ("https://203.0.113.5/", "reserved"),
            ("https://[::]/", "reserved"),
            ("https://[::1]/", "loopback"),
            ("https://[0:0:0:0:0:0:0:1]/", "loopback"),
            ("https://[::ffff:127.0.0.1]/", "loopback"),
            ("https://[::ffff:7f00:1]/", "loopback"),
            ("https://[::ffff:a9fe:a9fe]/", "link-local"),
            ("https://[::127.0.0.1]/", "reserved"),
            ("https://[fd00::1]/", "private"),
            ("https://[fe80::1]/", "link-local"),
            ("https://[ff02::1]/", "multicast"),
            ("https://[64:ff9b::7f00:1]/", "reserved"),
            ("https://[2002:7f00:1::]/", "reserved"),
            ("https://[2001:db8::1]/", "reserved"),
        ] {
            let refused = read(bad, Trust::Strict, &[443]).map(|url| url.to_string());
            let Err(error) = refused else { panic!("{bad} was taken: {refused:?}") };
            assert!(error.to_string().contains(said), "{bad}: {error}");
        }
    }

    #[test]
    fn a_developers_endpoint_may_be_at_home_but_not_where_clouds_keep_their_secrets() {
        for good in [
            "http://localhost:4000/hooks",
            "http://127.0.0.1:4000/",
            "http://[::1]:4000/",
            "http://192.168.0.5/",
            "https://shop.example:8443/",
        ] {
            assert!(read(good, Trust::Development, &[443]).is_ok(), "{good}");
        }
        for bad in [
            "http://169.254.169.254/",
            "http://[fe80::1]/",
            "http://0.0.0.0/",
            "http://a:b@localhost/",
            "ftp://x/",
        ] {
            assert!(read(bad, Trust::Development, &[443]).is_err(), "{bad}");
        }
    }
}
