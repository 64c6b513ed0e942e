//! TLS: which versions, which clients, which files.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;

use onfile_service::listen::{Limits, ListenConfig, ListenError, TlsConfig, serve};
use onfile_service::shutdown::Shutdown;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::client::{GET, PATIENCE, SHORT, Server, ask, loopback, read_to_end, router, start};

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

struct Files {
    _folder: tempfile::TempDir,
    authority: Authority,
    config: ListenConfig,
    key_file: PathBuf,
}

/// The files of a server on loopback; with `mutual`, only clients of the same authority are served.
fn files(mutual: bool) -> Files {
    let folder = tempfile::tempdir().unwrap();
    let authority = authority();
    let (certificate, key) = issued(&authority);
    let put = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    };
    let key_file = put("key.pem", &key);
    let tls = TlsConfig {
        certificate_file: put("certificate.pem", &certificate),
        key_file: key_file.clone(),
        client_authority_file: mutual.then(|| put("authority.pem", &authority.pem())),
    };
    let config = ListenConfig { tls: Some(tls), ..loopback() };
    Files { _folder: folder, authority, config, key_file }
}

fn client(
    authority: &Authority,
    versions: &[&'static SupportedProtocolVersion],
    identity: Option<(String, String)>,
) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots);
    match identity {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
            builder
                .with_client_auth_cert(chain, PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap())
                .unwrap()
        }
    }
}

/// What the server answers to `GET /` over TLS, and in which version; nothing when it will not talk.
async fn get(address: SocketAddr, config: ClientConfig) -> Option<(ProtocolVersion, String)> {
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.ok()?;
    // With TLS 1.3 a client hears of its refusal only after its own handshake has ended.
    stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.ok()?;
    let answer = read_to_end(&mut stream).await;
    (!answer.is_empty()).then(|| (stream.get_ref().1.protocol_version().unwrap(), answer))
}

async fn serving(files: &Files) -> (Server, SocketAddr) {
    let server = start(Limits::default(), router(), &files.config).await;
    let address = server.bound.tcp_address().unwrap();
    (server, address)
}

#[tokio::test]
async fn tls_1_2_and_1_3_are_spoken() {
    let files = files(false);
    let (_server, address) = serving(&files).await;
    for (offered, want) in [
        (&rustls::version::TLS12, ProtocolVersion::TLSv1_2),
        (&rustls::version::TLS13, ProtocolVersion::TLSv1_3),
    ] {
        let (version, answer) = get(address, client(&files.authority, &[offered], None)).await.unwrap();
        assert_eq!(version, want);
        assert!(answer.contains("hello"), "{answer}");
    }
}

/// The first message of a client that offers nothing newer than `version`.
fn client_hello(version: u16) -> Vec<u8> {
    fn with_length(content: Vec<u8>) -> Vec<u8> {
        [u16::try_from(content.len()).unwrap().to_be_bytes().to_vec(), content].concat()
    }
    fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
        [kind.to_be_bytes().to_vec(), with_length(content.to_vec())].concat()
    }
    let extensions = [
        extension(10, &[0, 2, 0, 23]), // supported_groups: secp256r1
        extension(11, &[1, 0]),        // ec_point_formats: uncompressed
        extension(13, &[0, 2, 4, 3]),  // signature_algorithms: ecdsa_secp256r1_sha256
        extension(23, &[]),            // extended_master_secret
    ]
    .concat();
    let hello = [
        version.to_be_bytes().to_vec(),
        vec![7; 32],                               // random
        vec![0],                                   // no session
        with_length(vec![0xc0, 0x2b, 0xc0, 0x09]), // ECDHE_ECDSA with AES_128_GCM_SHA256, with AES_128_CBC_SHA
        vec![1, 0],                                // no compression
        with_length(extensions),
    ]
    .concat();
    let message = [vec![1, 0], with_length(hello)].concat();
    [vec![22, 3, 1], with_length(message)].concat()
}

#[tokio::test]
async fn tls_1_1_and_older_are_refused() {
    const ALERT: u8 = 21;
    const HANDSHAKE: u8 = 22;
    const PROTOCOL_VERSION: u8 = 70;
    let files = files(false);
    let (server, _) = serving(&files).await;
    // The same message that offers 1.2 is answered, so it is the version that is refused.
    for (version, want) in [(0x0303u16, HANDSHAKE), (0x0302, ALERT), (0x0301, ALERT), (0x0300, ALERT)] {
        let mut stream = server.connect().await;
        stream.write_all(&client_hello(version)).await.unwrap();
        let mut record = [0u8; 7];
        timeout(PATIENCE, stream.read_exact(&mut record)).await.unwrap().unwrap();
        assert_eq!(record[0], want, "offered {version:#x}, answered {record:?}");
        assert!(want == HANDSHAKE || record[6] == PROTOCOL_VERSION, "{record:?}");
    }
}

#[tokio::test]
async fn with_mutual_tls_only_a_client_of_our_authority_is_served() {
    let files = files(true);
    let (_server, address) = serving(&files).await;
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        for (who, identity, served) in [
            ("nobody", None, false),
            ("a stranger", Some(issued(&authority())), false),
            ("one of us", Some(issued(&files.authority)), true),
        ] {
            let answer = get(address, client(&files.authority, &[version], identity)).await;
            assert_eq!(answer.is_some(), served, "{who}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn a_client_that_does_not_shake_hands_is_cut_off_and_plain_http_is_not_answered() {
    let files = files(false);
    let limits = Limits { handshake_deadline: SHORT, ..Limits::default() };
    let server = start(limits, router(), &files.config).await;
    assert_eq!(read_to_end(&mut server.connect().await).await, "");
    let mut stream = server.connect().await;
    stream.write_all(GET).await.unwrap();
    let mut bytes = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("never closed");
    assert!(!bytes.starts_with(b"HTTP"), "{bytes:?}");
}

#[tokio::test]
async fn tls_is_served_outside_loopback() {
    let mut files = files(false);
    files.config.address = onfile_service::listen::ListenAddress::Tcp("0.0.0.0:0".parse().unwrap());
    let server = start(Limits::default(), router(), &files.config).await;
    let address = SocketAddr::from(([127, 0, 0, 1], server.bound.tcp_address().unwrap().port()));
    assert!(get(address, client(&files.authority, &[&rustls::version::TLS13], None)).await.is_some());
}

#[tokio::test]
async fn a_key_that_others_may_read_or_that_fits_no_certificate_stops_the_start() {
    let files = files(false);
    let refused = async || match serve(router(), &files.config, Shutdown::manual().1).await.unwrap_err() {
        ListenError::Tls(error) => format!("{error:?}"),
        other => panic!("{other:?}"),
    };
    fs::set_permissions(&files.key_file, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(refused().await.contains("OpenToOthers"));
    fs::set_permissions(&files.key_file, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&files.key_file, issued(&files.authority).1).unwrap();
    assert!(refused().await.contains("InconsistentKeys"), "{}", refused().await);
    fs::write(&files.key_file, "not a key").unwrap();
    assert!(refused().await.contains("Key"));
    fs::write(&files.config.tls.as_ref().unwrap().certificate_file, "not a certificate").unwrap();
    assert!(refused().await.contains("certificate_file"));
}

/// Keeps `ask` honest: the helper must work over TLS for the other tests to mean anything.
#[tokio::test]
async fn a_connection_over_tls_is_kept_alive() {
    let files = files(false);
    let (server, _) = serving(&files).await;
    let config = client(&files.authority, &[&rustls::version::TLS13], None);
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream =
        TlsConnector::from(Arc::new(config)).connect(name, server.connect().await).await.unwrap();
    for _ in 0..3 {
        assert!(ask(&mut stream, GET).await.contains("hello"));
    }
}
