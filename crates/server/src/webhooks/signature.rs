//! The `Stripe-Signature` header: `t=<unix>,v1=<hex HMAC-SHA256(secret, "t.body")>`, one `v1` for each valid secret.

use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use onfile_service::secret::Secret;

/// Signs a body for this moment. A secret is used as it stands, `whsec_` included.
pub fn header(secrets: &[Secret], unix_seconds: i64, body: &str) -> String {
    let mut header = format!("t={unix_seconds}");
    for secret in secrets {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
        let mut context = hmac::Context::with_key(&key);
        context.update(unix_seconds.to_string().as_bytes());
        context.update(b".");
        context.update(body.as_bytes());
        let tag = context.sign();
        header.push_str(",v1=");
        HEXLOWER.encode_append(tag.as_ref(), &mut header);
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with `openssl dgst -sha256 -hmac whsec_one` and `whsec_two` over `1700000000.{"id":"evt_1"}`.
    #[test]
    fn every_secret_signs_time_and_body() {
        let secrets = [Secret::new("whsec_one".into()), Secret::new("whsec_two".into())];
        let body = r#"{"id":"evt_1"}"#;
        assert_eq!(header(&secrets, 1_700_000_000, body), format!("t=1700000000,v1={ONE},v1={TWO}"));
        assert_eq!(header(&[], 1_700_000_000, body), "t=1700000000");
    }

    const ONE: &str = "401fbbceeb3818dc562ff77127ba1c62e47e24c9c6cde4d7a6eba85e32dbd058";
    const TWO: &str = "4fb9aa7e8a9678e685ef5c7eafa19ac1eb7c0564196cbe246ca08c2fd799eaf3";
}
