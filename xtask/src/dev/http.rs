//! The one question that `dev` asks of a process over HTTP: "GET this path, which status?"

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use crate::failure::{Failure, Outcome};

/// Limit for connecting, for sending and for each read.
const PATIENCE: Duration = Duration::from_secs(2);
/// A status line is shorter than this.
const STATUS_LINE_BYTES_MAX: u64 = 64;

/// The status that a process on this machine answers a GET with; `None` when it does not answer.
pub fn status(port: u16, path: &str) -> Option<u16> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.set_write_timeout(Some(PATIENCE)).ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = Vec::new();
    stream.take(STATUS_LINE_BYTES_MAX).read_to_end(&mut answer).ok()?;
    parse_status(&answer)
}

fn parse_status(answer: &[u8]) -> Option<u16> {
    let line = String::from_utf8_lossy(answer);
    let mut words = line.split_ascii_whitespace();
    words.next().filter(|version| version.starts_with("HTTP/1."))?;
    words.next()?.parse().ok()
}

/// Fails when something listens on one of our ports already: a clearer message than a process that will not start.
///
/// # Errors
/// Names the port and what to do.
pub fn require_free(ports: &[u16]) -> Outcome<()> {
    for port in ports {
        if TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_err() {
            return Err(Failure::new(format!(
                "port {port} is in use: end the program that has it, or choose other ports with --port-base"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_from_the_first_line_only() {
        for (answer, want) in [
            (&b"HTTP/1.1 204 No Content\r\n\r\n"[..], Some(204)),
            (b"HTTP/1.1 404 Not Found\r\ncontent-length: 3\r\n\r\n200", Some(404)),
            (b"SSH-2.0-OpenSSH 204\r\n", None),
            (b"HTTP/1.1", None),
            (b"", None),
        ] {
            assert_eq!(parse_status(answer), want, "{answer:?}");
        }
    }

    #[test]
    fn a_port_that_somebody_has_is_reported() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(require_free(&[port]).unwrap_err().to_string().contains(&port.to_string()));
    }
}
