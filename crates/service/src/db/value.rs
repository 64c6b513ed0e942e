//! Parameters going in, cells coming out.

use std::sync::Arc;

use super::DbError;

/// A parameter of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Param<'a> {
    /// `NULL` of any type.
    Null,
    /// An integer, a time in Unix milliseconds, or a boolean as 0 or 1.
    Int(i64),
    /// Text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
}

impl From<i64> for Param<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}
impl From<u32> for Param<'_> {
    fn from(value: u32) -> Self {
        Self::Int(value.into())
    }
}
impl From<bool> for Param<'_> {
    fn from(value: bool) -> Self {
        Self::Int(value.into())
    }
}
impl<'a> From<&'a str> for Param<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}
impl<'a> From<&'a String> for Param<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(value)
    }
}
impl<'a> From<&'a [u8]> for Param<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Bytes(value)
    }
}
impl<'a> From<&'a Vec<u8>> for Param<'a> {
    fn from(value: &'a Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}
impl<'a, T: Into<Param<'a>>> From<Option<T>> for Param<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// The parameters of a statement: `binds![account.as_str(), amount, note.as_deref()]`.
#[macro_export]
macro_rules! binds {
    ($($value:expr),* $(,)?) => { &[$($crate::db::Param::from($value)),*] };
}

/// One column of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// `NULL`.
    Null,
    /// An integer.
    Int(i64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// One row of an answer. Columns are read by name; a missing or wrongly typed one is [`DbError::Inconsistent`].
#[derive(Debug, Clone)]
pub struct Row {
    pub(super) columns: Arc<[String]>,
    pub(super) cells: Vec<Cell>,
}

impl Row {
    fn cell(&self, column: &str) -> Result<&Cell, DbError> {
        let index = self.columns.iter().position(|name| name == column);
        index
            .and_then(|i| self.cells.get(i))
            .ok_or_else(|| DbError::Inconsistent(format!("no column {column}")))
    }

    fn wrong<T>(column: &str, wanted: &str) -> Result<T, DbError> {
        Err(DbError::Inconsistent(format!("column {column} is not {wanted}")))
    }

    /// An integer column.
    pub fn int(&self, column: &str) -> Result<i64, DbError> {
        match self.cell(column)? {
            Cell::Int(value) => Ok(*value),
            _ => Self::wrong(column, "an integer"),
        }
    }

    /// An integer column that may be null.
    pub fn opt_int(&self, column: &str) -> Result<Option<i64>, DbError> {
        match self.cell(column)? {
            Cell::Null => Ok(None),
            Cell::Int(value) => Ok(Some(*value)),
            _ => Self::wrong(column, "an integer or null"),
        }
    }

    /// A boolean column, kept as 0 or 1.
    pub fn bool(&self, column: &str) -> Result<bool, DbError> {
        match self.cell(column)? {
            Cell::Int(0) => Ok(false),
            Cell::Int(1) => Ok(true),
            _ => Self::wrong(column, "a boolean"),
        }
    }

    /// A text column.
    pub fn text(&self, column: &str) -> Result<String, DbError> {
        match self.cell(column)? {
            Cell::Text(value) => Ok(value.clone()),
            _ => Self::wrong(column, "text"),
        }
    }

    /// A text column that may be null.
    pub fn opt_text(&self, column: &str) -> Result<Option<String>, DbError> {
        match self.cell(column)? {
            Cell::Null => Ok(None),
            Cell::Text(value) => Ok(Some(value.clone())),
            _ => Self::wrong(column, "text or null"),
        }
    }

    /// A column of bytes.
    pub fn bytes(&self, column: &str) -> Result<Vec<u8>, DbError> {
        match self.cell(column)? {
            Cell::Bytes(value) => Ok(value.clone()),
            _ => Self::wrong(column, "bytes"),
        }
    }

    /// A column of bytes that may be null.
    pub fn opt_bytes(&self, column: &str) -> Result<Option<Vec<u8>>, DbError> {
        match self.cell(column)? {
            Cell::Null => Ok(None),
            Cell::Bytes(value) => Ok(Some(value.clone())),
            _ => Self::wrong(column, "bytes or null"),
        }
    }
}
