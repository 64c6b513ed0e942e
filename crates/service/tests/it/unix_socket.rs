//! The listener on a unix socket.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use onfile_service::listen::{Limits, ListenAddress, ListenConfig, ListenError, serve};
use onfile_service::shutdown::Shutdown;
use tokio::net::UnixStream;

use crate::client::{GET, ask, router, start};

fn at(path: &Path) -> ListenConfig {
    ListenConfig::plain(ListenAddress::Unix(path.to_owned()))
}

#[tokio::test]
async fn only_the_owner_may_connect() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.sock");
    let server = start(Limits::default(), router(), &at(&path)).await;
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(server.bound.tcp_address(), None);
    let answer = ask(&mut UnixStream::connect(&path).await.unwrap(), GET).await;
    assert!(answer.ends_with("hello Unix"), "{answer}");
}

#[tokio::test]
async fn a_socket_that_a_dead_process_left_is_replaced_and_a_living_one_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists(), "the file outlives its listener");
    let _server = start(Limits::default(), router(), &at(&path)).await;
    let refused = serve(router(), &at(&path), Shutdown::manual().1).await.unwrap_err();
    assert!(matches!(refused, ListenError::SocketInUse { .. }), "{refused:?}");
    assert!(ask(&mut UnixStream::connect(&path).await.unwrap(), GET).await.contains("hello"));
}

#[tokio::test]
async fn a_file_that_is_no_socket_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.sock");
    std::fs::write(&path, "precious").unwrap();
    let link = folder.path().join("link.sock");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    for path in [&path, &link] {
        let refused = serve(router(), &at(path), Shutdown::manual().1).await.unwrap_err();
        assert!(matches!(refused, ListenError::NotASocket { .. }), "{refused:?}");
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
}
