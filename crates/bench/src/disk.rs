//! How fast the disk makes a small write durable at this moment, which durable rates hang on; and how much is stored.

use std::fs::File;
use std::io::{Error, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const ROUNDS: usize = 100;

/// The median time of an `fdatasync` after a 4 KiB write, in the folder of `near`.
pub fn fdatasync_median(near: &Path) -> std::io::Result<Duration> {
    let path = near.with_extension("fsync-probe");
    let mut file = File::create(&path)?;
    let mut times = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        file.write_all(&[0; 4096])?;
        let start = Instant::now();
        file.sync_data()?;
        times.push(start.elapsed());
    }
    drop(file);
    std::fs::remove_file(path)?;
    times.sort_unstable();
    Ok(times.get(ROUNDS / 2).copied().unwrap_or_default())
}

/// The bytes of all files in each folder, by name.
pub fn sizes(folders: &[(String, PathBuf)]) -> std::io::Result<Vec<(String, u64)>> {
    let named =
        |folder: &Path, error: Error| Error::new(error.kind(), format!("{}: {error}", folder.display()));
    let sized = |folder: &PathBuf| size(folder).map_err(|error| named(folder, error));
    folders.iter().map(|(name, folder)| Ok((name.clone(), sized(folder)?))).collect()
}

fn size(folder: &Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        match entry.metadata() {
            Ok(found) if found.is_dir() => bytes += size(&entry.path())?,
            Ok(found) => bytes += found.len(),
            // A database's temporary file, gone since the folder was read.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_as_large_as_everything_in_it() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("base")).unwrap();
        std::fs::write(folder.path().join("a"), [0; 10]).unwrap();
        std::fs::write(folder.path().join("base/b"), [0; 5]).unwrap();
        let named = [("server".to_owned(), folder.path().to_owned())];
        assert_eq!(sizes(&named).unwrap(), [("server".to_owned(), 15)]);
        assert!(sizes(&[("none".to_owned(), folder.path().join("none"))]).is_err());
    }
}
