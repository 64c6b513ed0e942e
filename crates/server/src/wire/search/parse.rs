//! Reads a query. Every error names the character at which it stands.

use super::{Clause, Field, FieldKind, Joined, METADATA, Order, Query, Test};
use crate::wire::error::quoted;

/// The longest query.
pub const QUERY_CHARACTERS_MAX: usize = 5_000;
/// The most clauses, as Stripe has it.
pub const CLAUSES_MAX: usize = 10;
/// The shortest text that can be searched for within others, as Stripe has it.
pub const SUBSTRING_CHARACTERS_MIN: usize = 3;

/// Why a query cannot be understood, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Invalid search query at character {at}: {why}")]
pub struct QueryError {
    /// Which character, counted from 1.
    pub at: usize,
    /// What is wrong and what would be right.
    pub why: String,
}

/// Reads a query about something with these fields.
///
/// # Errors
/// [`QueryError`].
pub fn parse(text: &str, fields: &'static [Field]) -> Result<Query, QueryError> {
    let mut reader = Reader { chars: text.chars().collect(), at: 0, fields };
    if reader.chars.len() > QUERY_CHARACTERS_MAX {
        reader.at = QUERY_CHARACTERS_MAX;
        return Err(reader.wrong(format!("a query has at most {QUERY_CHARACTERS_MAX} characters.")));
    }
    reader.query()
}

struct Reader {
    chars: Vec<char>,
    at: usize,
    fields: &'static [Field],
}

/// A value as it was written.
enum Written {
    Quoted(String),
    Bare(String),
}

impl Reader {
    fn query(&mut self) -> Result<Query, QueryError> {
        let mut clauses = Vec::new();
        let mut joined = None;
        self.skip_spaces();
        loop {
            if clauses.len() == CLAUSES_MAX {
                return Err(self.wrong(format!("a query has at most {CLAUSES_MAX} clauses.")));
            }
            clauses.push(self.clause()?);
            let before = self.at;
            self.skip_spaces();
            if self.peek().is_none() {
                break;
            }
            if before == self.at {
                return Err(self.wrong("clauses are separated by a space, AND or OR.".to_owned()));
            }
            let join_at = self.at;
            let join = self.join();
            if joined.is_some_and(|other| other != join) {
                self.at = join_at;
                let why = "AND and OR cannot be combined in one query, and clauses with nothing but a space between \
                           them are joined by AND. Make two queries of it.";
                return Err(self.wrong(why.to_owned()));
            }
            joined = Some(join);
        }
        Ok(Query { joined: joined.unwrap_or(Joined::And), clauses })
    }

    /// Takes `AND` or `OR` if one stands here.
    fn join(&mut self) -> Joined {
        let start = self.at;
        let word = self.take_while(|c| c.is_ascii_alphabetic());
        let join = match word.to_ascii_uppercase().as_str() {
            "AND" => Some(Joined::And),
            "OR" => Some(Joined::Or),
            _ => None,
        };
        if let Some(join) = join.filter(|_| self.peek().is_none_or(char::is_whitespace)) {
            self.skip_spaces();
            return join;
        }
        self.at = start;
        Joined::And
    }

    fn clause(&mut self) -> Result<Clause, QueryError> {
        let negated = self.take('-');
        if matches!(self.peek(), Some('(' | ')')) {
            return Err(self.wrong("parentheses are not part of the language.".to_owned()));
        }
        let field = self.field()?;
        let key = match field.kind {
            FieldKind::Metadata => Some(self.key()?),
            FieldKind::Token | FieldKind::Text | FieldKind::Number => None,
        };
        self.skip_spaces();
        let test = self.test(field)?;
        Ok(Clause { field: field.name, key, negated, test })
    }

    fn field(&mut self) -> Result<&'static Field, QueryError> {
        let start = self.at;
        let name = self.take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
        if name.is_empty() {
            let why = match self.peek() {
                None => "a clause is missing, for example".to_owned(),
                Some(_) => "a clause begins with a field, for example".to_owned(),
            };
            return Err(self.wrong(format!("{why} {}.", self.example())));
        }
        let fields = self.fields;
        fields.iter().find(|field| field.name == name).ok_or_else(|| {
            self.at = start;
            let known: Vec<&str> = fields.iter().map(|field| field.name).collect();
            self.wrong(format!("there is no field `{}`; the fields are {}.", quoted(&name), known.join(", ")))
        })
    }

    fn example(&self) -> &'static str {
        let tagged = self.fields.iter().any(|field| field.kind == FieldKind::Metadata);
        if tagged { "metadata[\"order\"]:\"6735\"" } else { "field:\"value\"" }
    }

    /// `["key"]`
    fn key(&mut self) -> Result<String, QueryError> {
        let why = || format!("the key stands in brackets and quotation marks: {METADATA}[\"key\"].");
        if !self.take('[') {
            return Err(self.wrong(why()));
        }
        let Some(key) = self.quoted()? else { return Err(self.wrong(why())) };
        if !self.take(']') {
            return Err(self.wrong("the bracket is not closed.".to_owned()));
        }
        Ok(key)
    }

    fn test(&mut self, field: &Field) -> Result<Test, QueryError> {
        let operator_at = self.at;
        let operator = self.operator(field)?;
        let value_at = self.next_value();
        let written = self.value()?;
        let is_null = matches!(&written, Written::Bare(word) if word.eq_ignore_ascii_case("null"));
        let failed = |at: usize, why: String| Err(QueryError { at: at + 1, why });
        match (operator, field.kind) {
            (Operator::Order(Order::Equal), _) if is_null => Ok(Test::IsNull),
            (_, _) if is_null => failed(operator_at, "null goes with `:` alone.".to_owned()),
            (Operator::Order(order), FieldKind::Number) => match integer(&written) {
                Some(number) => Ok(Test::Number(order, number)),
                None => failed(value_at, format!("{} is compared with an integer.", field.name)),
            },
            (Operator::Contains, FieldKind::Text) => match text_of(field, written, value_at)? {
                text if text.chars().count() < SUBSTRING_CHARACTERS_MIN => {
                    let least = SUBSTRING_CHARACTERS_MIN;
                    failed(value_at, format!("`~` needs at least {least} characters to search for."))
                }
                text => Ok(Test::Contains(text)),
            },
            (Operator::Order(Order::Equal), _) => Ok(Test::Is(text_of(field, written, value_at)?)),
            (Operator::Contains, _) => {
                let texts = self.names(FieldKind::Text);
                failed(operator_at, format!("{} is searched for whole values, with `:`{texts}.", field.name))
            }
            (Operator::Order(_), _) => {
                let numbers = self.names(FieldKind::Number);
                failed(operator_at, format!("{} is not a number{numbers}.", field.name))
            }
        }
    }

    /// The fields of a kind, in words for an error.
    fn names(&self, kind: FieldKind) -> String {
        let names: Vec<&str> = self.fields.iter().filter(|f| f.kind == kind).map(|f| f.name).collect();
        let operators = if kind == FieldKind::Text { "`~`" } else { "`<` and `>`" };
        if names.is_empty() { String::new() } else { format!("; {operators} go with {}", names.join(", ")) }
    }

    fn operator(&mut self, field: &Field) -> Result<Operator, QueryError> {
        let found = match self.peek() {
            Some(':') => Operator::Order(Order::Equal),
            Some('~') => Operator::Contains,
            Some('<') => Operator::Order(Order::Less),
            Some('>') => Operator::Order(Order::Greater),
            _ => {
                let why = format!("an operator is missing after {}: one of : ~ < <= > >=.", field.name);
                return Err(self.wrong(why));
            }
        };
        self.at += 1;
        Ok(match found {
            Operator::Order(Order::Less) if self.take('=') => Operator::Order(Order::AtMost),
            Operator::Order(Order::Greater) if self.take('=') => Operator::Order(Order::AtLeast),
            plain => plain,
        })
    }

    fn next_value(&mut self) -> usize {
        self.skip_spaces();
        self.at
    }

    fn value(&mut self) -> Result<Written, QueryError> {
        if let Some(text) = self.quoted()? {
            return Ok(Written::Quoted(text));
        }
        let word = self.take_while(|c| !c.is_whitespace());
        if word.is_empty() {
            return Err(self.wrong("a value is missing.".to_owned()));
        }
        Ok(Written::Bare(word))
    }

    /// A text in quotation marks, single or double, if one stands here. A backslash takes away the meaning of a
    /// quotation mark or a backslash; before anything else it is itself.
    fn quoted(&mut self) -> Result<Option<String>, QueryError> {
        let start = self.at;
        let Some(mark) = self.peek().filter(|c| matches!(c, '"' | '\'')) else { return Ok(None) };
        self.at += 1;
        let mut text = String::new();
        while let Some(c) = self.peek() {
            self.at += 1;
            match c {
                c if c == mark => return Ok(Some(text)),
                '\\' => match self.peek().filter(|c| matches!(c, '"' | '\'' | '\\')) {
                    Some(escaped) => {
                        self.at += 1;
                        text.push(escaped);
                    }
                    None => text.push('\\'),
                },
                c => text.push(c),
            }
        }
        self.at = start;
        Err(self.wrong("the quotation mark is not closed.".to_owned()))
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let taken: String = self.chars.iter().skip(self.at).take_while(|c| wanted(**c)).collect();
        self.at += taken.chars().count();
        taken
    }

    fn skip_spaces(&mut self) {
        self.take_while(char::is_whitespace);
    }

    fn wrong(&self, why: String) -> QueryError {
        QueryError { at: self.at + 1, why }
    }
}

#[derive(Debug, Clone, Copy)]
enum Operator {
    Order(Order),
    Contains,
}

/// The value of a field that is no number: digits may be without quotation marks, as Stripe has it.
fn text_of(field: &Field, written: Written, at: usize) -> Result<String, QueryError> {
    match written {
        Written::Quoted(text) => Ok(text),
        Written::Bare(word) if integer_of(&word).is_some() => Ok(word),
        Written::Bare(word) => {
            let bare = quoted(word.trim_matches(['"', '\'']));
            let why = format!("the value of {} stands in quotation marks: \"{bare}\".", field.name);
            Err(QueryError { at: at + 1, why })
        }
    }
}

fn integer(written: &Written) -> Option<i64> {
    match written {
        Written::Quoted(text) | Written::Bare(text) => integer_of(text),
    }
}

/// Digits alone, with a sign at most.
fn integer_of(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests;
