//! Stripe's search query language: clauses of field, operator and value, joined by `AND` or by `OR`.
//!
//! `email~"rocketrides" AND -metadata["plan"]:"gold" created>1700000000`. Nothing here knows what is stored: a query is
//! parsed against a table of fields, and what cannot be meant is refused with the place where it stands.

pub mod cursor;
mod parse;

use std::fmt;

pub use parse::{CLAUSES_MAX, QUERY_CHARACTERS_MAX, QueryError, SUBSTRING_CHARACTERS_MIN, parse};

/// The one field with a key: `metadata["order"]`.
pub const METADATA: &str = "metadata";

/// What can be asked of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Whole values only: `:`.
    Token,
    /// Whole values and parts of them: `:` and `~`.
    Text,
    /// Integers, amounts and times in Unix seconds: `:`, `<`, `<=`, `>` and `>=`.
    Number,
    /// The merchant's own pairs, by key: `:`.
    Metadata,
}

/// A field that can be searched by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// As it is written in a query.
    pub name: &'static str,
    /// What can be asked of it.
    pub kind: FieldKind,
}

/// A query that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// How the clauses belong together. One clause alone is joined by [`Joined::And`].
    pub joined: Joined,
    /// At least one.
    pub clauses: Vec<Clause>,
}

/// How clauses belong together. Stripe has no query with both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joined {
    /// All of them hold.
    And,
    /// One of them holds.
    Or,
}

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// What is looked at.
    pub field: &'static str,
    /// Which of the merchant's pairs; for [`METADATA`] alone.
    pub key: Option<String>,
    /// Whether what holds is to be left out.
    pub negated: bool,
    /// What is asked of it.
    pub test: Test,
}

/// What is asked of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// It is this text; upper and lower case are the same.
    Is(String),
    /// It holds this text, of at least [`SUBSTRING_CHARACTERS_MIN`] characters; upper and lower case are the same.
    Contains(String),
    /// It stands to this number like so.
    Number(Order, i64),
    /// There is none.
    IsNull,
}

/// How a field stands to a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// `:`
    Equal,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

impl Order {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equal => ":",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
        }
    }

    /// Whether a value stands to a number like this.
    pub fn holds(self, value: i64, number: i64) -> bool {
        match self {
            Self::Equal => value == number,
            Self::Less => value < number,
            Self::AtMost => value <= number,
            Self::Greater => value > number,
            Self::AtLeast => value >= number,
        }
    }
}

/// The form in which texts are compared: small letters, each made by itself, so that a part of a text is folded to a part
/// of the folded text (`str::to_lowercase` writes a sigma differently at the end of a word).
pub fn folded(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

/// The query as it could have been written: parsed again, it is the same.
impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let between = match self.joined {
            Joined::And => " AND ",
            Joined::Or => " OR ",
        };
        for (i, clause) in self.clauses.iter().enumerate() {
            f.write_str(if i == 0 { "" } else { between })?;
            clause.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.negated { "-" } else { "" })?;
        f.write_str(self.field)?;
        if let Some(key) = &self.key {
            write!(f, "[{}]", Quoted(key))?;
        }
        match &self.test {
            Test::Is(text) => write!(f, ":{}", Quoted(text)),
            Test::Contains(text) => write!(f, "~{}", Quoted(text)),
            Test::Number(order, number) => write!(f, "{}{number}", order.as_str()),
            Test::IsNull => f.write_str(":null"),
        }
    }
}

struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.replace('\\', "\\\\").replace('"', "\\\""))
    }
}
