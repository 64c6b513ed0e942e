//! The internal listener on an address: a certificate of the right authority and the credential, both.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use onfile_core::vault_contract::path;
use onfile_service::listen::{Bound, serve};
use onfile_service::shutdown::{Shutdown, ShutdownTrigger};
use onfile_vault::config::Config;
use onfile_vault::internal;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use reqwest::{Certificate, Identity, StatusCode};

use crate::world::{CREDENTIAL, World, worlds};

type Authority = CertifiedIssuer<'static, KeyPair>;

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

/// The internal listener as `vault.toml` sets it up, `[internal]` being what is said here.
fn config(folder: &Path, internal: &str) -> Config {
    let credential = put(folder, "service", CREDENTIAL);
    let toml = format!(
        "[database]\nurl = \"sqlite:nowhere.db\"\n[keys]\ndir = \"nowhere\"\n[public]\naddress = \"127.0.0.1:0\"\n\
         url = \"http://127.0.0.1:4243\"\n[internal]\naddress = \"127.0.0.1:0\"\ncredential_file = \"{}\"\n{internal}",
        credential.display()
    );
    onfile_service::config::parse(Path::new("vault.toml"), &toml).unwrap()
}

async fn listening(world: &World, folder: &Path, authority: &Authority) -> (Bound, ShutdownTrigger, String) {
    let (certificate, key) = issued(authority);
    let config = config(
        folder,
        &format!(
            "tls_cert = \"{}\"\ntls_key = \"{}\"\nclient_ca = \"{}\"\n",
            put(folder, "vault.pem", &certificate).display(),
            put(folder, "vault.key", &key).display(),
            put(folder, "clients.pem", &authority.pem()).display(),
        ),
    );
    let router = internal::router(world.vault.clone(), config.service_credential().unwrap());
    let (stop, shutdown) = Shutdown::manual();
    let bound = serve(router, &config.internal_listener().unwrap(), shutdown).await.unwrap();
    let base = format!("https://localhost:{}", bound.tcp_address().unwrap().port());
    (bound, stop, base)
}

/// What a caller with this certificate and this credential is answered; nothing when the vault will not talk to it.
async fn asked(
    base: &str,
    authority: &Authority,
    identity: Option<(String, String)>,
    credential: &str,
) -> Option<StatusCode> {
    let trusted = Certificate::from_pem(authority.pem().as_bytes()).unwrap();
    let mut client = reqwest::Client::builder().no_proxy().tls_certs_only([trusted]);
    if let Some((certificate, key)) = identity {
        client = client.identity(Identity::from_pem(format!("{certificate}\n{key}").as_bytes()).unwrap());
    }
    let request = client.build().unwrap().get(format!("{base}{}", path::HEALTH)).bearer_auth(credential);
    request.send().await.ok().map(|answer| answer.status())
}

#[tokio::test]
async fn over_tls_the_vault_wants_a_certificate_of_its_authority_and_the_credential() {
    let world = worlds().await.swap_remove(0);
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (authority(), authority());
    let (_bound, _stop, base) = listening(&world, folder.path(), &ours).await;
    for (who, identity, credential, want) in [
        ("onfile", Some(issued(&ours)), CREDENTIAL, Some(StatusCode::NO_CONTENT)),
        ("nobody", None, CREDENTIAL, None),
        ("a stranger", Some(issued(&theirs)), CREDENTIAL, None),
        ("a neighbour", Some(issued(&ours)), "another", Some(StatusCode::UNAUTHORIZED)),
    ] {
        assert_eq!(asked(&base, &ours, identity, credential).await, want, "{who}");
    }
}

#[test]
fn an_address_without_mutual_tls_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    for half in ["", "tls_cert = \"a\"\ntls_key = \"b\"\n", "client_ca = \"c\"\n", "tls_cert = \"a\"\n"] {
        assert!(config(folder.path(), half).internal_listener().is_err(), "{half:?}");
    }
}
