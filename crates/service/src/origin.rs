//! What browsers call an origin: scheme, host and port, written in the one way in which they write it.

use url::Url;

/// Whether the text is an origin that pages may have: `https://shop.example`, or plain HTTP on this machine, where
/// development happens.
pub fn is_origin(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    let secure = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    // A host may hold more than a policy for browsers may: `*` would let everybody in.
    let plain = url
        .host_str()
        .is_some_and(|host| host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._[]:".contains(&b)));
    secure && plain && url.origin().ascii_serialization() == text
}

/// Whether the URL leads to this machine.
pub fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || host.ends_with(".localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_browsers_call_an_origin_is_one() {
        for (text, want) in [
            ("https://shop.example", true),
            ("https://shop.example:8443", true),
            ("http://localhost:3000", true),
            ("http://shop.localhost:3000", true),
            ("http://127.0.0.1:4242", true),
            ("http://[::1]:4242", true),
            ("http://shop.example", false),
            ("http://localhost.evil.example", false),
            ("https://shop.example/", false),
            ("https://shop.example:443", false),
            ("https://SHOP.example", false),
            ("https://*.shop.example", false),
            ("https://shop.example; script-src *", false),
            ("file://x", false),
            ("https://a@shop.example", false),
            ("null", false),
            ("", false),
        ] {
            assert_eq!(is_origin(text), want, "{text}");
        }
    }
}
