//! Which files there are to search.

use std::collections::HashSet;
use std::io;
use std::path::PathBuf;

use walkdir::WalkDir;

use crate::failure::{Context, Outcome};

/// All regular files below some folders.
pub struct Files {
    /// The largest first, so that nobody begins with one when all others are done.
    pub paths: Vec<(u64, PathBuf)>,
    /// Lengths that several of them have: their contents may be the same.
    pub lengths: HashSet<u64>,
}

impl Files {
    /// Finds them; what vanishes meanwhile, as a running database removes files, is none.
    ///
    /// # Errors
    /// When a place that was named does not exist, or a folder cannot be read.
    pub fn below(places: &[PathBuf]) -> Outcome<Self> {
        let (mut paths, mut lengths, mut once) = (Vec::new(), HashSet::new(), HashSet::new());
        for place in places {
            let place = place.canonicalize().context(place.display())?;
            for entry in WalkDir::new(&place) {
                let Some(entry) = unless_vanished(entry.map_err(io::Error::from)).context(place.display())?
                else {
                    continue;
                };
                if !entry.file_type().is_file() {
                    continue;
                }
                let path = entry.into_path();
                let Some(about) = unless_vanished(path.metadata()).context(path.display())? else { continue };
                if !once.insert(about.len()) {
                    lengths.insert(about.len());
                }
                paths.push((about.len(), path));
            }
        }
        paths.sort_unstable_by(|one, other| other.cmp(one));
        Ok(Self { paths, lengths })
    }

    /// How many.
    pub fn count(&self) -> usize {
        self.paths.len()
    }
}

/// Nothing, where a file is not there any more.
///
/// # Errors
/// All others.
pub fn unless_vanished<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        other => other.map(Some),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn regular_files_are_found_at_every_depth_and_the_largest_come_first() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        fs::create_dir_all(place("a/b")).unwrap();
        for (name, length) in [("a/b/one", 1), ("three", 3), ("a/another", 1), ("empty", 0)] {
            fs::write(place(name), vec![0; length]).unwrap();
        }
        symlink("/proc/self/maps", place("link")).unwrap();
        let files = Files::below(&[folder.path().to_path_buf()]).unwrap();
        let lengths: Vec<u64> = files.paths.iter().map(|(length, _)| *length).collect();
        assert_eq!((lengths, files.lengths), (vec![3, 1, 1, 0], HashSet::from([1])));
        assert_eq!(Files::below(&[place("three"), place("empty")]).unwrap().count(), 2);
    }

    #[test]
    fn a_place_that_does_not_exist_is_an_error() {
        assert!(Files::below(&[PathBuf::from("/nowhere/at-all")]).is_err());
    }
}
