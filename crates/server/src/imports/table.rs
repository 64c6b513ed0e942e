//! Reads a file of customers, whole, before anything is done. Pure: text in; rows, or everything that is wrong, out.

use std::collections::HashMap;

use csv::{ReaderBuilder, StringRecord};

use super::entry::{COLUMNS, Cells, entry};
use crate::model::import::Entry;

/// The most rows of one file.
pub const ROWS_MAX: usize = 10_000;
/// The most faults that are told of one file.
pub const FAULTS_MAX: usize = 50;
/// The first row below the header, as a spreadsheet counts.
const FIRST_ROW: u32 = 2;

/// Something that is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The row as a spreadsheet counts: the header is row 1.
    pub row: u32,
    /// The column; none for a row or a file as a whole.
    pub column: Option<String>,
    /// What is wrong, as a sentence.
    pub message: String,
}

impl Fault {
    /// A fault of a cell.
    pub fn cell(row: u32, column: &str, message: impl Into<String>) -> Self {
        Self { row, column: Some(column.to_owned()), message: message.into() }
    }

    fn row(row: u32, message: impl Into<String>) -> Self {
        Self { row, column: None, message: message.into() }
    }
}

/// A file's rows, each with its number in the file.
pub type Rows = Vec<(u32, Entry)>;

/// Reads a file: comma-separated values (RFC 4180) in UTF-8, a header first. Reading ends with the file,
/// after too many rows, or with enough faults.
///
/// # Errors
/// What is wrong, in the order of the file, [`FAULTS_MAX`] of it at most.
pub fn read(text: &str) -> Result<Rows, Vec<Fault>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut records = reader.records();
    let header = match records.next() {
        Some(Ok(record)) => header(&record)?,
        Some(Err(error)) => return Err(vec![Fault::row(1, unreadable(&error))]),
        None => return Err(vec![Fault::row(1, "The file is empty: it begins with a row of column names.")]),
    };
    let mut reading = Reading { header, ..Reading::default() };
    for (row, record) in (FIRST_ROW..).zip(records) {
        if reading.looked_at >= ROWS_MAX {
            let message = format!("A file has at most {ROWS_MAX} customers. Divide it.");
            reading.faults.push(Fault::row(row, message));
        }
        if reading.faults.len() >= FAULTS_MAX || reading.looked_at >= ROWS_MAX {
            break;
        }
        reading.looked_at += 1;
        match record {
            Ok(record) => reading.add(row, &record),
            Err(error) => reading.faults.push(Fault::row(row, unreadable(&error))),
        }
    }
    reading.finish()
}

/// The place of each of [`COLUMNS`] in a record; none where it may be missing and is.
type Header = Vec<Option<usize>>;

fn header(record: &StringRecord) -> Result<Header, Vec<Fault>> {
    let mut faults = Vec::new();
    for (place, name) in record.iter().enumerate() {
        let shown: String = crate::wire::error::quoted(name);
        if !COLUMNS.iter().any(|column| column.name == name) {
            let known: Vec<&str> = COLUMNS.iter().map(|column| column.name).collect();
            let message = format!("There is no such column. The columns are {}.", known.join(", "));
            faults.push(Fault::cell(1, &shown, message));
        } else if record.iter().take(place).any(|earlier| earlier == name) {
            faults.push(Fault::cell(1, &shown, "This column is there twice."));
        }
        if faults.len() >= FAULTS_MAX {
            return Err(faults);
        }
    }
    let place = |name: &str| record.iter().position(|found| found == name);
    for column in COLUMNS.iter().filter(|column| column.required && place(column.name).is_none()) {
        faults.push(Fault::cell(1, column.name, "This column is missing."));
    }
    if faults.is_empty() {
        Ok(COLUMNS.iter().map(|column| place(column.name)).collect())
    } else {
        Err(faults)
    }
}

#[derive(Default)]
struct Reading {
    header: Header,
    looked_at: usize,
    rows: Rows,
    faults: Vec<Fault>,
    /// In which row each reference stood first.
    references: HashMap<String, u32>,
}

impl Reading {
    fn add(&mut self, row: u32, record: &StringRecord) {
        let width = self.header.iter().flatten().count();
        if record.len() != width {
            let message = format!("The row has {} cells, and the header has {width}.", record.len());
            self.faults.push(Fault::row(row, message));
            return;
        }
        let cells: Cells<'_> =
            self.header.iter().map(|place| place.and_then(|at| record.get(at)).unwrap_or_default()).collect();
        match entry(row, &cells) {
            Ok(entry) => {
                if let Some(first) = self.references.insert(entry.reference.clone(), row) {
                    let message = format!("The same reference stands in row {first}. Each is one customer.");
                    self.faults.push(Fault::cell(row, "reference", message));
                }
                self.rows.push((row, entry));
            }
            Err(faults) => self.faults.extend(faults),
        }
    }

    fn finish(mut self) -> Result<Rows, Vec<Fault>> {
        self.faults.truncate(FAULTS_MAX);
        if !self.faults.is_empty() {
            return Err(self.faults);
        }
        if self.rows.is_empty() {
            return Err(vec![Fault::row(FIRST_ROW, "The file has no customers, just a header.")]);
        }
        Ok(self.rows)
    }
}

fn unreadable(error: &csv::Error) -> String {
    format!("The row cannot be read: {error}.")
}

#[cfg(test)]
mod tests;
