//! Where the listener listens, how many it serves, and how it stops.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use onfile_service::listen::{Limits, ListenAddress, ListenConfig, ListenError, serve};
use onfile_service::shutdown::Shutdown;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::client::{GET, PATIENCE, SHORT, ask, loopback, read_answer, read_to_end, router, start};

#[tokio::test]
async fn plain_http_outside_loopback_does_not_start_and_the_error_names_the_setting() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:4242"] {
        let config = ListenConfig::plain(ListenAddress::Tcp(address.parse().unwrap()));
        let refused = serve(router(), &config, Shutdown::manual().1).await.unwrap_err();
        assert!(matches!(refused, ListenError::PlainOutsideLoopback { .. }), "{address}: {refused:?}");
        let said = refused.to_string();
        assert!(
            said.contains("listen.address") && said.contains("listen.tls") && said.contains(address),
            "{said}"
        );
    }
}

#[tokio::test]
async fn plain_http_on_loopback_is_served_at_the_port_that_was_found() {
    let server = start(Limits::default(), router(), &loopback()).await;
    assert_ne!(server.bound.tcp_address().unwrap().port(), 0);
    let answer = ask(&mut server.connect().await, GET).await;
    assert!(answer.contains("hello Tcp(127.0.0.1:"), "{answer}");
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let server = start(Limits::default(), router(), &loopback()).await;
    let config = ListenConfig::plain(server.bound.address().clone());
    let refused = serve(router(), &config, Shutdown::manual().1).await.unwrap_err().to_string();
    assert!(refused.contains(&server.bound.address().to_string()), "{refused}");
}

#[tokio::test]
async fn a_connection_beyond_the_cap_waits_until_a_place_is_free() {
    let limits = Limits { connections_max: 1, ..Limits::default() };
    let server = start(limits, router(), &loopback()).await;
    let mut first = server.connect().await;
    assert!(ask(&mut first, GET).await.contains("hello"));
    let mut second = server.connect().await;
    second.write_all(GET).await.unwrap();
    let mut byte = [0u8];
    assert!(timeout(SHORT, second.read(&mut byte)).await.is_err(), "answered although no place was free");
    drop(first);
    assert!(read_answer(&mut second).await.contains("hello"));
}

/// A router whose handler says when it has begun and ends when it is let go.
fn held() -> (Router, Arc<Notify>, Arc<Notify>) {
    let (begun, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (begins, released) = (begun.clone(), release.clone());
    let handler = move || async move {
        begins.notify_one();
        released.notified().await;
        "hello"
    };
    (Router::new().route("/", get(handler)), begun, release)
}

#[tokio::test]
async fn a_request_under_way_is_answered_after_the_order_to_stop_and_then_the_connection_ends() {
    let (router, begun, release) = held();
    // No other limit ends the connection while the test has patience.
    let limits = Limits { header_deadline: PATIENCE * 2, drain_limit: PATIENCE * 2, ..Limits::default() };
    let server = start(limits, router, &loopback()).await;
    let address = server.bound.tcp_address().unwrap();
    let mut stream = server.connect().await;
    stream.write_all(GET).await.unwrap();
    timeout(PATIENCE, begun.notified()).await.unwrap();
    server.trigger.stop();
    let finished = tokio::spawn(server.bound.finished());
    // Once the listener is closed, nobody new comes in.
    let closed = async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, closed).await.expect("the listener stays open");
    assert!(!finished.is_finished(), "it did not wait for the request under way");
    release.notify_one();
    assert!(read_to_end(&mut stream).await.contains("hello"));
    timeout(PATIENCE, finished).await.expect("it never finishes").unwrap();
}

#[tokio::test]
async fn a_request_that_outlasts_the_drain_limit_is_cut_off() {
    let (router, begun, _release) = held();
    let server = start(Limits { drain_limit: SHORT, ..Limits::default() }, router, &loopback()).await;
    let mut stream = server.connect().await;
    stream.write_all(GET).await.unwrap();
    timeout(PATIENCE, begun.notified()).await.unwrap();
    server.trigger.stop();
    timeout(PATIENCE, server.bound.finished()).await.expect("it never finishes");
    assert_eq!(read_to_end(&mut stream).await, "");
}
