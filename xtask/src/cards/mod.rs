//! `cargo xtask cards`: searches files for test card numbers, bank account numbers and security codes, in whatever form
//! they are written.
//!
//! Every file is looked at as it is and through what could have been done to a text before it was written: separators,
//! percent-encoding, quoted-printable, escapes, hexadecimal, base64 in all alignments, UTF-16, gzip, and two of these one
//! upon the other. The search knows nothing of any file format: a number in a deleted row or in a page that was freed is
//! found.

mod blocks;
mod borders;
mod codes;
mod decode;
mod digits;
mod files;
mod found;
mod numbers;
mod runs;
mod search;
#[cfg(test)]
mod tests;
mod workers;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use tempfile::NamedTempFile;

use self::files::Files;
use self::search::Wanted;
use self::workers::Searched;
use crate::failure::{Context, Failure, Outcome};
use crate::process::Interrupt;
use crate::progress::Progress;

/// Stands for standard input among the places.
const STANDARD_INPUT: &str = "-";

/// Options of `cards`.
#[derive(Args)]
pub struct CardsArgs {
    /// Folders and files; `-` is standard input
    #[arg(required_unless_present = "list", value_name = "FOLDER-OR-FILE")]
    places: Vec<PathBuf>,
    /// Prints the result as one line of JSON, and nothing else on standard output
    #[arg(long)]
    json: bool,
    /// The bytes are a process's memory: without security codes, and without numbers of few digits other than zero, which
    /// are found by chance where nothing stands between one thing and the next
    #[arg(long)]
    memory: bool,
    /// Prints the numbers that are searched for, as one line of JSON, and searches nothing
    #[arg(long, conflicts_with = "places")]
    list: bool,
}

/// One thing that was found.
#[derive(PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Finding {
    /// The file.
    place: String,
    /// A number by its last four digits, or a security code by the text before it.
    what: String,
    /// What had been done to it.
    form: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.place, self.what, self.form)
    }
}

/// Searches, and prints what was found.
///
/// # Errors
/// When something is found, there is nothing to search, a place cannot be read, or we are interrupted.
pub fn run(args: &CardsArgs) -> Outcome<()> {
    let wanted = Wanted::read(!args.memory)?;
    if args.list {
        let numbers = &wanted.numbers;
        println!("{}", json!({ "published": numbers.published, "canaries": numbers.canaries }));
        return Ok(());
    }
    let interrupt = Interrupt::install()?;
    let mut places = args.places.clone();
    let mut kept = None;
    for place in places.iter_mut().filter(|place| **place == Path::new(STANDARD_INPUT)) {
        place.clone_from(&kept.insert(standard_input()?).path().to_path_buf());
    }
    let files = Files::below(&places)?;
    if !args.json {
        return search(&files, &wanted, &interrupt);
    }
    let searched = workers::search(&files, &wanted, &interrupt, |_| {})?;
    let found = searched.found.iter();
    let found =
        found.map(|finding| json!({ "place": finding.place, "what": finding.what, "form": finding.form }));
    println!(
        "{}",
        json!({ "files": files.count(), "bytes": searched.bytes, "found": found.collect::<Vec<_>>() })
    );
    if searched.found.is_empty() && files.count() > 0 { Ok(()) } else { Err(Failure::told()) }
}

/// Searches everything below these places, and prints what was found.
///
/// # Errors
/// As [`run`].
pub fn search_below(places: &[PathBuf], interrupt: &Interrupt) -> Outcome<()> {
    search(&Files::below(places)?, &Wanted::read(true)?, interrupt)
}

fn search(files: &Files, wanted: &Wanted, interrupt: &Interrupt) -> Outcome<()> {
    let mut progress = Progress::new();
    let searched = workers::search(files, wanted, interrupt, |now| {
        progress.tell(&format!("{} of {} files, {} MB", now.files, files.count(), megabytes(now.bytes)));
    })?;
    progress.done(&summary(files, wanted, &searched));
    for finding in &searched.found {
        println!("{finding}");
    }
    if files.count() == 0 {
        return Err(Failure::new("there was nothing to search"));
    }
    match searched.found.len() {
        0 => Ok(()),
        count => Err(Failure::new(format!("{count} found"))),
    }
}

fn summary(files: &Files, wanted: &Wanted, searched: &Searched) -> String {
    format!(
        "{} files ({} MB of different content) searched for {} numbers and {} security codes: {} found",
        files.count(),
        megabytes(searched.bytes),
        wanted.numbers.count(),
        codes::CODES.len(),
        searched.found.len(),
    )
}

fn megabytes(bytes: u64) -> u64 {
    bytes / 1_000_000
}

/// Everything that comes in, in a file: what is searched may be read twice.
fn standard_input() -> Outcome<NamedTempFile> {
    let keeping = || "keeping standard input in a file";
    let mut file = NamedTempFile::with_prefix("standard-input-").context(keeping())?;
    io::copy(&mut io::stdin().lock(), &mut file).context(keeping())?;
    Ok(file)
}

#[cfg(test)]
mod command {
    use std::fs;

    use super::*;

    #[test]
    fn it_fails_when_something_is_found_and_when_there_is_nothing_to_search() {
        let folder = tempfile::tempdir().unwrap();
        let search = || search_below(&[folder.path().to_path_buf()], &Interrupt::never());
        assert!(search().is_err_and(|failure| failure.to_string() == "there was nothing to search"));
        fs::write(folder.path().join("clean"), "4000-05****-****-5556").unwrap();
        assert!(search().is_ok());
        fs::write(folder.path().join("planted"), "4000056655665556").unwrap();
        assert!(search().is_err_and(|failure| failure.to_string() == "1 found"));
    }
}
