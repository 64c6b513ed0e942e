//! A unix socket that is its owner's alone.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{Mode, fchmod};
use tokio::net::{UnixListener, UnixSocket, UnixStream};

use super::{ListenAddress, ListenError};

/// Who may connect: the owner.
const SOCKET_MODE: u32 = 0o600;
/// How many connections may wait to be accepted.
const BACKLOG: u32 = 1024;

/// Listens at `path`, in place of a socket that a dead process left there.
pub(super) async fn bind(path: &Path, address: &ListenAddress) -> Result<UnixListener, ListenError> {
    let failed = |source| ListenError::Bind { address: address.clone(), source };
    clear(path).await.map_err(|error| match error {
        InTheWay::NotASocket => ListenError::NotASocket { path: path.to_owned() },
        InTheWay::InUse => ListenError::SocketInUse { path: path.to_owned() },
        InTheWay::Io(source) => failed(source),
    })?;
    let socket = UnixSocket::new_stream().map_err(failed)?;
    // On Linux the file takes the mode that the socket has when it is bound, so there is no moment at which others
    // could connect. Elsewhere this is refused, and the change of mode below closes the gap as soon as it can.
    let _ = fchmod(&socket, Mode::from_raw_mode(SOCKET_MODE));
    socket.bind(path).map_err(failed)?;
    fs::set_permissions(path, fs::Permissions::from_mode(SOCKET_MODE)).map_err(failed)?;
    socket.listen(BACKLOG).map_err(failed)
}

enum InTheWay {
    NotASocket,
    InUse,
    Io(io::Error),
}

/// Removes a socket file that nobody listens on; leaves everything else alone.
async fn clear(path: &Path) -> Result<(), InTheWay> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(InTheWay::Io(error)),
        Ok(found) if !found.file_type().is_socket() => return Err(InTheWay::NotASocket),
        Ok(_) => {}
    }
    match UnixStream::connect(path).await {
        Ok(_) => Err(InTheWay::InUse),
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(InTheWay::Io)
        }
        Err(error) => Err(InTheWay::Io(error)),
    }
}
