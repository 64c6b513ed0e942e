//! A mail server of the test's own: it says what it is told to say, and keeps what it was given. (The real catcher is
//! another process; the end-to-end tests have it.)

use std::sync::{Arc, Mutex, MutexGuard};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What it says at the end of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    Ok,
    Later,
    Never,
    /// It keeps the message and closes without an answer.
    Nothing,
}

#[derive(Debug)]
pub struct State {
    pub says: Says,
    /// The messages that came, whatever was said.
    pub came: Vec<String>,
}

/// A running mail server.
#[derive(Debug, Clone)]
pub struct Post(Arc<Mutex<State>>);

impl Post {
    /// Starts it; answers also with the settings of a server that sends through it.
    pub async fn start() -> (Self, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let post = Self(Arc::new(Mutex::new(State { says: Says::Ok, came: Vec::new() })));
        let theirs = post.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let post = theirs.clone();
                tokio::spawn(async move { post.converse(stream).await });
            }
        });
        (
            post,
            format!(
                "[mail]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nfrom = \"pay@shop.example\"\n",
                address.port()
            ),
        )
    }

    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    async fn converse(&self, stream: TcpStream) -> std::io::Result<()> {
        let (reader, mut out) = stream.into_split();
        let mut lines = BufReader::new(reader).lines();
        out.write_all(b"220 test\r\n").await?;
        while let Some(line) = lines.next_line().await? {
            let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
            match verb.as_str() {
                "DATA" => {
                    out.write_all(b"354 go on\r\n").await?;
                    let mut message = String::new();
                    while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                        message.push_str(&line);
                        message.push('\n');
                    }
                    let says = {
                        let mut state = self.lock();
                        state.came.push(message);
                        state.says
                    };
                    match says {
                        Says::Ok => out.write_all(b"250 kept\r\n").await?,
                        Says::Later => out.write_all(b"451 later\r\n").await?,
                        Says::Never => out.write_all(b"550 never\r\n").await?,
                        Says::Nothing => return Ok(()),
                    }
                }
                "QUIT" => return out.write_all(b"221 bye\r\n").await,
                _ => out.write_all(b"250 fine\r\n").await?,
            }
        }
        Ok(())
    }
}
