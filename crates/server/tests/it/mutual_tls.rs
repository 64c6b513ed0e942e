//! The way to the vault over a network: both sides show certificates, and a vault that is not ours hears nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use onfile_core::ids::{AccountId, PaymentMethodId};
use onfile_core::vault_contract::{Destroy, path};
use onfile_server::config::{VaultConfig, VaultLink};
use onfile_server::vault_client::{VaultClient, VaultError};
use onfile_service::listen::{Bound, ListenAddress, ListenConfig, TlsConfig, serve};
use onfile_service::shutdown::{Shutdown, ShutdownTrigger};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;

type Authority = CertifiedIssuer<'static, KeyPair>;

const CREDENTIAL: &str = "service-credential";

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate for `localhost` and its key, both as PEM.
fn issued(authority: &Authority) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    (params.signed_by(&key, authority).unwrap().pem(), key.serialize_pem())
}

fn put(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path
}

/// A vault's listener that counts what reaches it.
struct Listening {
    address: String,
    requests: Arc<AtomicUsize>,
    _folder: TempDir,
    _bound: Bound,
    _stop: ShutdownTrigger,
}

impl Listening {
    /// Shows a certificate of `own`, and asks for one of `clients`.
    async fn start(own: &Authority, clients: &Authority) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = issued(own);
        let tls = TlsConfig {
            certificate_file: put(folder.path(), "vault.pem", &certificate),
            key_file: put(folder.path(), "vault.key", &key),
            client_authority_file: Some(put(folder.path(), "clients.pem", &clients.pem())),
        };
        let config =
            ListenConfig { address: ListenAddress::Tcp("127.0.0.1:0".parse().unwrap()), tls: Some(tls) };
        let requests = Arc::new(AtomicUsize::new(0));
        let (count, count_too) = (Arc::clone(&requests), Arc::clone(&requests));
        let healthy = move |headers: HeaderMap| async move {
            count.fetch_add(1, Ordering::SeqCst);
            let ours =
                headers.get("authorization").is_some_and(|shown| *shown == format!("Bearer {CREDENTIAL}"));
            if ours { StatusCode::NO_CONTENT } else { StatusCode::UNAUTHORIZED }
        };
        let destroyed = move || async move {
            count_too.fetch_add(1, Ordering::SeqCst);
            StatusCode::NO_CONTENT
        };
        let router = Router::new().route(path::HEALTH, get(healthy)).route(path::DESTROY, post(destroyed));
        let (stop, shutdown) = Shutdown::manual();
        let bound = serve(router, &config, shutdown).await.unwrap();
        let address = format!("https://localhost:{}", bound.tcp_address().unwrap().port());
        Self { address, requests, _folder: folder, _bound: bound, _stop: stop }
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

/// A client that trusts vaults of `trusted` and shows a certificate of `own`.
fn client(listening: &Listening, trusted: &Authority, own: &Authority) -> VaultClient {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = issued(own);
    let link = VaultLink::Tls {
        address: listening.address.clone(),
        authority_file: put(folder.path(), "authority.pem", &trusted.pem()),
        certificate_file: put(folder.path(), "onfile.pem", &certificate),
        key_file: put(folder.path(), "onfile.key", &key),
    };
    let credential_file = put(folder.path(), "credential", CREDENTIAL);
    let url = "https://cards.shop.example".to_owned();
    VaultClient::new(&VaultConfig { link, credential_file, url, timeout_ms: 5_000 }).unwrap()
}

fn destroy() -> Destroy {
    let ids = onfile_testing::ids();
    Destroy { account: ids.next::<AccountId>(), method: ids.next::<PaymentMethodId>() }
}

#[tokio::test]
async fn the_vault_is_asked_over_mutual_tls() {
    let ours = authority();
    let vault = Listening::start(&ours, &ours).await;
    let client = client(&vault, &ours, &ours);
    client.health().await.unwrap();
    client.destroy(&destroy()).await.unwrap();
    assert_eq!(vault.requests(), 2);
}

#[tokio::test]
async fn a_vault_of_another_authority_is_sent_nothing() {
    let (ours, theirs) = (authority(), authority());
    // It would take anybody: what keeps the request from it is our own look at its certificate.
    let impostor = Listening::start(&theirs, &ours).await;
    let refused = client(&impostor, &ours, &ours).destroy(&destroy()).await;
    assert!(matches!(refused, Err(VaultError::NotDone(_))), "{refused:?}");
    assert_eq!(impostor.requests(), 0);
}

#[tokio::test]
async fn a_vault_that_does_not_know_our_certificate_does_nothing() {
    let (ours, theirs) = (authority(), authority());
    let vault = Listening::start(&ours, &ours).await;
    // With TLS 1.3 the client hears of it only after it has sent, so it may say no more than that it does not know.
    let refused = client(&vault, &ours, &theirs).destroy(&destroy()).await;
    assert!(matches!(refused, Err(VaultError::NotDone(_) | VaultError::Unknown(_))), "{refused:?}");
    assert_eq!(vault.requests(), 0);
}

#[tokio::test]
async fn a_server_certificate_for_another_name_is_refused() {
    let ours = authority();
    let mut vault = Listening::start(&ours, &ours).await;
    vault.address = vault.address.replace("localhost", "127.0.0.1");
    let refused = client(&vault, &ours, &ours).destroy(&destroy()).await;
    assert!(matches!(refused, Err(VaultError::NotDone(_))), "{refused:?}");
    assert_eq!(vault.requests(), 0);
}
