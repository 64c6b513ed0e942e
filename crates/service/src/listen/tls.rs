//! The server's side of TLS: 1.2 and newer, and on request only clients with a certificate of ours.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;

use crate::config::TlsConfig;
use crate::secret::{SecretFileError, read_secret_file};

/// The most certificates that are read from one file.
const CERTIFICATES_MAX: usize = 64;

/// Why TLS could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file of certificates cannot be read or holds none.
    #[error("`listen.tls.{setting}`: cannot read certificates from {path}")]
    Certificates {
        /// The setting's name.
        setting: &'static str,
        /// Which file.
        path: PathBuf,
        /// What was wrong with it.
        source: pem::Error,
    },
    /// The key file cannot be read, or is open to others.
    #[error("`listen.tls.key_file` cannot be used")]
    KeyFile(#[from] SecretFileError),
    /// The key file holds no key.
    #[error("`listen.tls.key_file`: no PEM key in {path}")]
    Key {
        /// Which file.
        path: PathBuf,
    },
    /// Certificate and key do not belong together, or an authority is unusable.
    #[error("`[listen.tls]` cannot be used")]
    Refused(#[from] rustls::Error),
    /// The authorities for clients cannot be used.
    #[error("`listen.tls.client_authority_file` cannot be used")]
    ClientAuthority(#[from] rustls::server::VerifierBuilderError),
}

/// Builds the acceptor for a configuration.
pub(super) fn acceptor(config: &TlsConfig) -> Result<TlsAcceptor, TlsError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let chain = certificates("certificate_file", &config.certificate_file)?;
    let key = read_secret_file(&config.key_file)?;
    let key = PrivateKeyDer::from_pem_slice(key.expose_secret().as_bytes())
        .map_err(|_| TlsError::Key { path: config.key_file.clone() })?;
    let clients: Arc<dyn ClientCertVerifier> = match &config.client_authority_file {
        None => WebPkiClientVerifier::no_client_auth(),
        Some(path) => {
            let mut authorities = RootCertStore::empty();
            for certificate in certificates("client_authority_file", path)? {
                authorities.add(certificate)?;
            }
            WebPkiClientVerifier::builder_with_provider(Arc::new(authorities), provider.clone()).build()?
        }
    };
    let mut server = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .with_client_cert_verifier(clients)
        .with_single_cert(chain, key)?;
    server.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(server)))
}

fn certificates(setting: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let refused = |source| TlsError::Certificates { setting, path: path.to_owned(), source };
    let read: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(path).map_err(refused)?.take(CERTIFICATES_MAX).collect();
    let read = read.map_err(refused)?;
    if read.is_empty() {
        return Err(refused(pem::Error::NoItemsFound));
    }
    Ok(read)
}
