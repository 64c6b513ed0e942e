//! TLS towards PostgreSQL.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls_platform_verifier::BuilderVerifierExt;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::db::DbError;

/// The connector for `sslmode=prefer` and `require` in the database's URL: TLS 1.2 and newer, the server's identity
/// verified against the machine's trust store.
///
/// # Errors
/// When the cryptography library does not offer TLS 1.2 and newer.
pub(crate) fn postgres_connector() -> Result<MakeRustlsConnect, DbError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| DbError::Refused(e.to_string()))?
        .with_platform_verifier()
        .map_err(|e| DbError::Refused(e.to_string()))?
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}
