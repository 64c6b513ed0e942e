//! The search in files: each content once, by as many threads as there are processors.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::Finding;
use super::blocks::Blocks;
use super::files::{Files, unless_vanished};
use super::found::{Form, Found};
use super::search::{Reading, Search, Wanted};
use crate::failure::{Context, Failure, Outcome};
use crate::process::Interrupt;

/// How often progress is shown.
const EVERY: Duration = Duration::from_millis(100);

/// How far a search is, for whoever watches.
#[derive(Clone, Copy)]
pub struct Progress {
    /// Files that are done.
    pub files: usize,
    /// Bytes that were searched.
    pub bytes: u64,
}

/// What a search came to.
pub struct Searched {
    /// What was found, sorted.
    pub found: Vec<Finding>,
    /// How many bytes were searched: each content once.
    pub bytes: u64,
}

/// What the threads share.
struct Shared<'a> {
    files: &'a Files,
    wanted: &'a Wanted,
    interrupt: &'a Interrupt,
    next: AtomicUsize,
    bytes: AtomicU64,
    contents: Mutex<HashSet<[u8; 32]>>,
}

/// Searches all files; `watch` is told how far that is.
///
/// # Errors
/// When a file cannot be read, or we are interrupted.
pub fn search(
    files: &Files,
    wanted: &Wanted,
    interrupt: &Interrupt,
    mut watch: impl FnMut(Progress),
) -> Outcome<Searched> {
    let (next, bytes, contents) = (AtomicUsize::new(0), AtomicU64::new(0), Mutex::default());
    let shared = Shared { files, wanted, interrupt, next, bytes, contents };
    let (tell, told) = mpsc::channel();
    let (mut found, mut files) = (Vec::new(), 0);
    thread::scope(|scope| {
        // Gone with the first failure, which ends the others.
        let told = told;
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            let (shared, tell) = (&shared, tell.clone());
            scope.spawn(move || shared.work(|result| tell.send(result).is_ok()));
        }
        drop(tell);
        loop {
            match told.recv_timeout(EVERY) {
                Ok(result) => {
                    found.extend(result?);
                    files += 1;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return interrupt.check(),
            }
            watch(Progress { files, bytes: shared.bytes.load(Ordering::Relaxed) });
        }
    })?;
    found.sort();
    Ok(Searched { found, bytes: shared.bytes.into_inner() })
}

impl Shared<'_> {
    /// Searches the next file, and the next, for as long as somebody listens.
    fn work(&self, listened: impl Fn(Outcome<Vec<Finding>>) -> bool) {
        let mut search = Search::new(self.wanted);
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let Some((length, path)) = self.files.paths.get(index) else { return };
            let result = self.file(&mut search, *length, path);
            if !listened(result) {
                return;
            }
        }
    }

    fn file(&self, search: &mut Search, length: u64, path: &Path) -> Outcome<Vec<Finding>> {
        let what = || format!("reading {}", path.display());
        let Some(mut file) = unless_vanished(File::open(path)).context(what())? else {
            return Ok(Vec::new());
        };
        if self.files.lengths.contains(&length) && !self.is_new(&mut file).context(what())? {
            return Ok(Vec::new());
        }
        let mut found = Found::default();
        let mut blocks = Blocks::new(file);
        while let Some(block) = blocks.next().context(what())? {
            self.interrupt.check()?;
            let offset = block.offset;
            let from = move |place: usize| -> io::Result<Reading> {
                let mut file = File::open(path)?;
                file.seek(SeekFrom::Start(offset.saturating_add(u64::try_from(place).unwrap_or_default())))?;
                Ok(Box::new(file))
            };
            search.block(&block, Form::RAW, &from, &mut found).context(what())?;
            self.bytes.fetch_add(u64::try_from(block.own).unwrap_or_default(), Ordering::Relaxed);
        }
        let place = path.display().to_string();
        Ok(found
            .all()
            .map(|(what, form)| Finding { place: place.clone(), what, form: form.to_string() })
            .collect())
    }

    /// Whether no file with the same content came before: a database cluster holds the same bytes several times.
    fn is_new(&self, file: &mut File) -> Outcome<bool> {
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let count = file.read(&mut buffer).context("content")?;
            if count == 0 {
                break;
            }
            hash.update(&buffer[..count]);
        }
        file.rewind().context("rewinding")?;
        let mut contents = self.contents.lock().map_err(|_| Failure::new("another thread broke off"))?;
        Ok(contents.insert(hash.finalize().into()))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::*;
    use crate::cards::tests::shuffled_letters;

    fn search(places: &[PathBuf]) -> Searched {
        let wanted = Wanted::read(true).unwrap();
        super::search(&Files::below(places).unwrap(), &wanted, &Interrupt::never(), |_| {}).unwrap()
    }

    #[test]
    fn every_file_is_searched_and_each_content_once() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        fs::create_dir_all(place("a/b")).unwrap();
        fs::write(place("a/b/planted"), "card 4000 0566 5566 5556").unwrap();
        fs::write(place("a/copied"), "card 4000 0566 5566 5556").unwrap();
        fs::write(place("as-long"), "card 4000 0566 5566 5557").unwrap();
        let places = [folder.path().to_path_buf()];
        let searched = search(&places);
        assert_eq!(searched.bytes, 48);
        let [found] = &searched.found[..] else { panic!("{:?}", searched.found) };
        assert_eq!((&*found.what, &*found.form), ("number ending in 5556", "raw"));
        assert!(found.place.contains("/a/"), "{found}");
        assert_eq!(search(&[place("as-long")]).found, []);
        assert_eq!(search(&[place("a/copied"), place("as-long")]).found.len(), 1);
    }

    #[test]
    fn compressed_data_is_read_on_from_its_place_in_the_file() {
        // In the first block, and in a later one.
        for before in [50_000, 300_000] {
            let start = vec![b','; before];
            let mut encoder = flate2::write::GzEncoder::new(start, flate2::Compression::default());
            let text = [&shuffled_letters()[..], b"4000056655665556"].concat();
            io::Write::write_all(&mut encoder, &text).unwrap();
            let file = tempfile::NamedTempFile::new().unwrap();
            fs::write(file.path(), encoder.finish().unwrap()).unwrap();
            let forms: Vec<String> =
                search(&[file.path().to_path_buf()]).found.into_iter().map(|found| found.form).collect();
            assert_eq!(forms, ["gzip"], "{before}");
        }
    }
}
