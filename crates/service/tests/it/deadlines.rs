//! Slow and oversized clients.

use onfile_service::listen::Limits;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use crate::client::{
    BODY_BYTES_MAX, GET, PATIENCE, SHORT, ask, loopback, read_answer, read_to_end, router, start,
};

fn short_header() -> Limits {
    Limits { header_deadline: SHORT, ..Limits::default() }
}

#[tokio::test]
async fn a_client_that_is_slow_with_its_header_is_cut_off() {
    let server = start(short_header(), router(), &loopback()).await;
    for sent in [&b""[..], b"G", b"GET / HTTP/1.1\r\nhost: x\r\n"] {
        let mut stream = server.connect().await;
        stream.write_all(sent).await.unwrap();
        assert!(!read_to_end(&mut stream).await.contains("hello"), "{sent:?}");
    }
}

#[tokio::test]
async fn a_client_that_trickles_its_header_is_cut_off_too() {
    let server = start(short_header(), router(), &loopback()).await;
    let (mut read, mut write) = server.connect().await.into_split();
    let trickle = tokio::spawn(async move {
        let mut sent = write.write_all(b"GET / HTTP/1.1\r\n").await;
        while sent.is_ok() {
            tokio::time::sleep(SHORT / 10).await;
            sent = write.write_all(b"a: b\r\n").await;
        }
    });
    assert!(!read_to_end(&mut read).await.contains("hello"));
    trickle.abort();
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_its_last_answer() {
    let server = start(short_header(), router(), &loopback()).await;
    let mut stream = server.connect().await;
    for _ in 0..2 {
        assert!(ask(&mut stream, GET).await.contains("hello"));
    }
    assert_eq!(read_to_end(&mut stream).await, "");
}

#[tokio::test]
async fn a_client_that_asks_and_never_reads_is_cut_off() {
    let limits = Limits { write_deadline: SHORT, ..Limits::default() };
    let server = start(limits, router(), &loopback()).await;
    let mut stream = server.connect().await;
    let many = GET.repeat(1000);
    let cut_off = async { while stream.write_all(&many).await.is_ok() {} };
    timeout(PATIENCE, cut_off).await.expect("it keeps its place for ever");
}

#[tokio::test]
async fn a_client_that_reads_slowly_gets_its_whole_answer() {
    use tokio::io::AsyncReadExt;
    const LENGTH: usize = 20_000_000;
    let router = axum::Router::new().route("/", axum::routing::get(|| async { "x".repeat(LENGTH) }));
    let limits = Limits { write_deadline: SHORT, ..Limits::default() };
    let server = start(limits, router, &loopback()).await;
    let mut stream = server.connect().await;
    stream.write_all(GET).await.unwrap();
    let (mut piece, mut got) = (vec![0u8; LENGTH / 10], 0);
    while got < LENGTH {
        tokio::time::sleep(SHORT / 6).await;
        let read = timeout(PATIENCE, stream.read(&mut piece)).await.unwrap().unwrap();
        assert!(read > 0, "cut off after {got} bytes");
        got += read;
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_answered_413_in_the_callers_shape() {
    let server = start(Limits::default(), router(), &loopback()).await;
    for (length, status) in [(BODY_BYTES_MAX, "200"), (BODY_BYTES_MAX + 1, "413"), (500_000, "413")] {
        let mut stream = server.connect().await;
        let head = format!("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n");
        let answer = ask(&mut stream, &[head.as_bytes(), &vec![b'x'; length]].concat()).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{length}: {answer}");
        assert_eq!(answer.ends_with("in the caller's shape"), status == "413");
    }
}

#[tokio::test]
async fn a_body_over_the_limit_in_chunks_is_answered_413_and_an_enormous_one_before_it_is_sent() {
    let server = start(Limits::default(), router(), &loopback()).await;
    let mut stream = server.connect().await;
    let chunk = format!("{:x}\r\n{}\r\n", BODY_BYTES_MAX, "x".repeat(BODY_BYTES_MAX));
    let request =
        format!("POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n{chunk}{chunk}0\r\n\r\n");
    assert!(ask(&mut stream, request.as_bytes()).await.starts_with("HTTP/1.1 413"));
    let mut stream = server.connect().await;
    let head = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999\r\n\r\n";
    assert!(ask(&mut stream, head).await.starts_with("HTTP/1.1 413"));
}

#[tokio::test]
async fn a_body_that_does_not_come_is_answered_408() {
    let server = start(Limits::default(), router(), &loopback()).await;
    let mut stream = server.connect().await;
    let answer = ask(&mut stream, b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf").await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[tokio::test]
async fn an_overlong_header_is_refused() {
    let server = start(Limits::default(), router(), &loopback()).await;
    let long_line = format!("a: {}\r\n", "x".repeat(64 * 1024));
    let many_lines = "a: b\r\n".repeat(80);
    for lines in [long_line, many_lines] {
        let mut stream = server.connect().await;
        // The server may close before it has read everything.
        let _ = stream.write_all(format!("GET / HTTP/1.1\r\nhost: x\r\n{lines}\r\n").as_bytes()).await;
        assert!(!read_to_end(&mut stream).await.contains("hello"));
    }
}

#[tokio::test]
async fn nothing_is_smuggled_behind_a_request_whose_length_can_be_read_in_two_ways() {
    let server = start(Limits::default(), router(), &loopback()).await;
    let smuggled = "GET / HTTP/1.1\r\nhost: smuggled\r\n\r\n";
    for (lengths, status) in [
        // RFC 9112, 6.3: the chunks decide, the length is dropped, and the connection ends after the answer.
        ("content-length: 5\r\ntransfer-encoding: chunked\r\n", "200"),
        ("transfer-encoding: chunked\r\ncontent-length: 5\r\n", "200"),
        ("content-length: 5\r\ncontent-length: 6\r\n", "400"),
        ("transfer-encoding: chunked, identity\r\n", "400"),
        ("transfer-encoding : chunked\r\n", "400"),
        ("content-length: +5\r\n", "400"),
        ("a: b\r\n folded\r\ncontent-length: 5\r\n", "400"),
    ] {
        let mut stream = server.connect().await;
        let request = format!("POST / HTTP/1.1\r\nhost: x\r\n{lengths}\r\n0\r\n\r\n{smuggled}");
        stream.write_all(request.as_bytes()).await.unwrap();
        let answers = read_to_end(&mut stream).await;
        assert!(answers.starts_with(&format!("HTTP/1.1 {status}")), "{lengths:?}: {answers}");
        assert!(!answers.contains("hello"), "{lengths:?}: {answers}");
    }
    let mut stream = server.connect().await;
    stream.write_all(GET).await.unwrap();
    assert!(read_answer(&mut stream).await.contains("hello"), "the server still works");
}
