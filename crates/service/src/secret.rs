//! Secrets from files: a type that does not show its content, and the only way in.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// The largest file that is taken for a secret; the largest true one is a certificate's private key.
pub const SECRET_FILE_BYTES_MAX: u64 = 64 * 1024;

/// A text that must not be shown: wiped on drop, absent from `Debug`, without `Display`, `Clone` or `Serialize`.
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a text into custody.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The content. The name is long so that a reader stops at each use.
    pub fn expose_secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Why a secret could not be read. No variant carries any of the content.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileError {
    /// The file cannot be opened or read.
    #[error("cannot read the secret file {path}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Others than its owner may read, write or run it.
    #[error(
        "the secret file {path} is open to others (mode {mode:03o}); make it private with: chmod 600 {path}"
    )]
    OpenToOthers {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is a directory, a device or a pipe.
    #[error("the secret file {path} is not a regular file")]
    NotAFile {
        /// Which file.
        path: PathBuf,
    },
    /// Nothing is in it, or only a line end.
    #[error("the secret file {path} is empty")]
    Empty {
        /// Which file.
        path: PathBuf,
    },
    /// It is longer than [`SECRET_FILE_BYTES_MAX`].
    #[error("the secret file {path} is longer than {SECRET_FILE_BYTES_MAX} bytes")]
    TooLong {
        /// Which file.
        path: PathBuf,
    },
    /// It is not UTF-8.
    #[error("the secret file {path} is not text")]
    NotText {
        /// Which file.
        path: PathBuf,
    },
}

/// Reads a secret from a file that belongs to its owner alone, without the one line end that editors add.
///
/// # Errors
/// See [`SecretFileError`].
pub fn read_secret_file(path: &Path) -> Result<Secret, SecretFileError> {
    let unreadable = |source| SecretFileError::Unreadable { path: path.to_owned(), source };
    let file = File::open(path).map_err(unreadable)?;
    // The open file is asked, not the path: what is checked is what is read.
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(SecretFileError::NotAFile { path: path.to_owned() });
    }
    refuse_open_to_others(path, &metadata)?;
    // Reserved at once, since a buffer that grows leaves copies behind that nobody wipes.
    let capacity = usize::try_from(metadata.len().min(SECRET_FILE_BYTES_MAX)).unwrap_or(0) + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(capacity));
    file.take(SECRET_FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > SECRET_FILE_BYTES_MAX {
        return Err(SecretFileError::TooLong { path: path.to_owned() });
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| SecretFileError::NotText { path: path.to_owned() })?;
    let text = text.strip_suffix("\r\n").or_else(|| text.strip_suffix('\n')).unwrap_or(text);
    if text.is_empty() {
        return Err(SecretFileError::Empty { path: path.to_owned() });
    }
    Ok(Secret::new(text.to_owned()))
}

fn refuse_open_to_others(path: &Path, metadata: &std::fs::Metadata) -> Result<(), SecretFileError> {
    let mode = metadata.permissions().mode() & 0o777;
    let of_others = mode & 0o077;
    if of_others != 0 {
        return Err(SecretFileError::OpenToOthers { path: path.to_owned(), mode });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(content: &[u8], mode: u32) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        (folder, path)
    }

    #[test]
    fn exactly_one_line_end_is_left_out() {
        for (content, want) in
            [("s3cret", "s3cret"), ("s3cret\n", "s3cret"), ("a\r\n", "a"), ("a\n\n", "a\n"), ("a\r", "a\r")]
        {
            let (_folder, path) = file(content.as_bytes(), 0o600);
            assert_eq!(read_secret_file(&path).unwrap().expose_secret(), want, "{content:?}");
        }
    }

    #[test]
    fn a_file_that_others_may_touch_is_refused_and_a_private_one_is_taken() {
        for mode in [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644, 0o666] {
            let (_folder, path) = file(b"s3cret", mode);
            let refused = read_secret_file(&path).unwrap_err();
            assert!(
                matches!(refused, SecretFileError::OpenToOthers { mode: m, .. } if m == mode),
                "{mode:o}"
            );
        }
        for mode in [0o600, 0o400] {
            let (_folder, path) = file(b"s3cret", mode);
            assert!(read_secret_file(&path).is_ok(), "{mode:o}");
        }
    }

    #[test]
    fn empty_overlong_and_binary_files_and_directories_are_refused() {
        let overlong = vec![b'a'; usize::try_from(SECRET_FILE_BYTES_MAX).unwrap() + 1];
        for (content, want) in
            [(&b""[..], "empty"), (b"\n", "empty"), (&overlong, "longer than"), (b"\xff", "not text")]
        {
            let (_folder, path) = file(content, 0o600);
            let said = read_secret_file(&path).unwrap_err().to_string();
            assert!(said.contains(want), "{said}");
        }
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(read_secret_file(folder.path()), Err(SecretFileError::NotAFile { .. })));
    }

    #[test]
    fn debug_output_shows_nothing_of_the_secret() {
        assert_eq!(format!("{:?}", Secret::new("hunter2".to_owned())), "Secret(..)");
    }
}
