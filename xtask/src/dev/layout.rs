//! The folders of one installation, and the addresses of its processes.
//!
//! Keys and the databases that they open are never in one folder.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::failure::{Context, Failure, Outcome};

/// Everything that `--fresh` removes; nothing else under the folder is ours.
const OWNED: [&str; 8] = ["keys", "vault", "server", "sandbox", "run", "logs", "pg", "dev.json"];
/// What is created at every start.
const FOLDERS: [&str; 10] = [
    "run",
    "logs",
    "keys",
    "keys/vault",
    "keys/server",
    "keys/sandbox",
    "keys/link",
    "vault",
    "server",
    "sandbox",
];
/// A folder with anything else in it and without this is not one that we made.
const MARK: &str = "run";

/// The data folder of one installation.
#[derive(Clone)]
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    /// Names the folder; creates nothing.
    ///
    /// # Errors
    /// When a relative path cannot be made absolute.
    pub fn at(folder: &Path) -> Outcome<Self> {
        let root = std::path::absolute(folder).context(format!("finding {}", folder.display()))?;
        Ok(Self { root })
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A file or folder in it.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Removes what an earlier start created here, and only that.
    ///
    /// # Errors
    /// When the folder was not made by us, or something cannot be removed.
    pub fn clear(&self) -> Outcome<()> {
        if !self.root.exists() || is_empty(&self.root)? {
            return Ok(());
        }
        if !self.path(MARK).is_dir() {
            let folder = self.root.display();
            return Err(Failure::new(format!(
                "{folder} was not made by `cargo xtask dev`: nothing is removed"
            )));
        }
        for name in OWNED {
            let path = self.path(name);
            let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            match removed {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error).context(format!("removing {}", path.display()));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Creates the folders, each readable by its owner only. The root may be passed through by others, because
    /// `PostgreSQL` has to reach its own folder as another user.
    ///
    /// # Errors
    /// When a folder cannot be created.
    pub fn create(&self) -> Outcome<()> {
        create_dir(&self.root, 0o711)?;
        for name in FOLDERS {
            create_dir(&self.path(name), 0o700)?;
        }
        Ok(())
    }
}

fn is_empty(folder: &Path) -> Outcome<bool> {
    let mut entries = fs::read_dir(folder).context(format!("reading {}", folder.display()))?;
    Ok(entries.next().is_none())
}

/// Creates a folder with its parents, and sets its permissions if it is new.
///
/// # Errors
/// When it cannot be created.
pub fn create_dir(folder: &Path, mode: u32) -> Outcome<()> {
    if !folder.is_dir() {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(mode)
            .create(folder)
            .context(format!("creating {}", folder.display()))?;
    }
    Ok(())
}

/// Replaces a file in one step; only its owner may read it.
///
/// # Errors
/// When it cannot be written.
pub fn write_private(path: &Path, content: &str) -> Outcome<()> {
    let doing = || format!("writing {}", path.display());
    let temporary = path.with_extension("new");
    let mut options = fs::OpenOptions::new();
    let mut file =
        options.write(true).create(true).truncate(true).mode(0o600).open(&temporary).context(doing())?;
    file.set_permissions(fs::Permissions::from_mode(0o600)).context(doing())?;
    file.write_all(content.as_bytes()).context(doing())?;
    drop(file);
    fs::rename(&temporary, path).context(doing())
}

/// The secret in a file, created there at the first call: 32 random bytes in hexadecimal.
///
/// # Errors
/// When the file can neither be read nor be written.
pub fn secret(path: &Path) -> Outcome<String> {
    if !path.exists() {
        let mut bytes = [0_u8; 32];
        let mut source = fs::File::open("/dev/urandom").context("opening /dev/urandom")?;
        std::io::Read::read_exact(&mut source, &mut bytes).context("reading /dev/urandom")?;
        let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        write_private(path, &digits.concat())?;
    }
    let text = fs::read_to_string(path).context(format!("reading {}", path.display()))?;
    Ok(text.trim().to_owned())
}

/// The addresses of the processes, counted from one port.
#[derive(Clone, Copy)]
pub struct Ports {
    base: u16,
}

/// `PostgreSQL` is the base's ninth neighbour.
const POSTGRES_OFFSET: u16 = 9;

impl Ports {
    /// Checks that all ports exist.
    ///
    /// # Errors
    /// When the base leaves no room below 65,536 or is privileged.
    pub fn from_base(base: u16) -> Outcome<Self> {
        if base < 1024 || base.checked_add(POSTGRES_OFFSET).is_none() {
            return Err(Failure::new(format!("--port-base {base}: choose one from 1024 to 65526")));
        }
        Ok(Self { base })
    }

    /// API and pages.
    pub fn server(self) -> u16 {
        self.base
    }

    /// The vault's public listener.
    pub fn vault(self) -> u16 {
        self.base + 1
    }

    /// The stand-in processor.
    pub fn sandbox(self) -> u16 {
        self.base + 2
    }

    /// The mail catcher's SMTP.
    pub fn mail(self) -> u16 {
        self.base + 3
    }

    /// `PostgreSQL`, when it is asked for.
    pub fn postgres(self) -> u16 {
        self.base + POSTGRES_OFFSET
    }

    /// Pages are on `localhost` and the vault on `127.0.0.1`: different sites to a browser, as in production.
    pub fn server_url(self) -> String {
        format!("http://localhost:{}", self.server())
    }

    /// The card frame's origin.
    pub fn vault_url(self) -> String {
        format!("http://127.0.0.1:{}", self.vault())
    }

    /// The processor's API and its 3-D Secure pages.
    pub fn sandbox_url(self) -> String {
        format!("http://127.0.0.1:{}", self.sandbox())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fresh_removes_our_own_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::at(folder.path()).unwrap();
        layout.create().unwrap();
        fs::write(folder.path().join("notes.txt"), "mine").unwrap();
        fs::write(layout.path("vault/vault.db"), "old").unwrap();
        layout.clear().unwrap();
        assert!(!layout.path("vault").exists());
        assert!(folder.path().join("notes.txt").exists());
    }

    #[test]
    fn fresh_refuses_a_folder_that_it_did_not_make() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("keys")).unwrap();
        assert!(Layout::at(folder.path()).unwrap().clear().is_err());
        assert!(folder.path().join("keys").exists());
    }

    #[test]
    fn keys_are_closed_to_others_and_secrets_are_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::at(&folder.path().join("data")).unwrap();
        layout.create().unwrap();
        let mode = |path: &str| fs::metadata(layout.path(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode("keys/vault"), 0o700);
        let path = layout.path("keys/link/service.credential");
        let first = secret(&path).unwrap();
        assert_eq!(first.len(), 64);
        assert_eq!(secret(&path).unwrap(), first);
        assert_eq!(mode("keys/link/service.credential"), 0o600);
    }

    #[test]
    fn a_port_base_leaves_room_for_all() {
        for (base, fits) in [(80, false), (1024, true), (4242, true), (65526, true), (65527, false)] {
            assert_eq!(Ports::from_base(base).is_ok(), fits, "{base}");
        }
    }
}
