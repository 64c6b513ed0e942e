//! Reading parameters strictly: each one is taken by name and kind, and what is left over is an error.
//!
//! Absent and empty differ: an empty value unsets what can be unset ([`Given::Unset`]) and is an error elsewhere.

use onfile_core::ids::Id;

use super::error::{ApiError, quoted};
use super::form::{Node, Pair, tree};
pub use super::values::{MetadataPatch, Range};

/// The longest text of a field that has no limit of its own.
pub const TEXT_MAX: usize = 5_000;
/// The most elements of a list.
const LIST_MAX: usize = 100;

/// A parameter that can be left out, emptied or given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Given<T> {
    /// Not sent: the field stays as it is.
    #[default]
    Absent,
    /// Sent empty: the field becomes null.
    Unset,
    /// Sent.
    Set(T),
}

impl<T> Given<T> {
    /// Applies it to a field.
    pub fn apply(self, field: &mut Option<T>) {
        match self {
            Self::Absent => {}
            Self::Unset => *field = None,
            Self::Set(value) => *field = Some(value),
        }
    }

    /// The value; none when absent or unset.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Absent | Self::Unset => None,
        }
    }

    /// Whether it was sent at all.
    pub fn is_given(&self) -> bool {
        !matches!(self, Self::Absent)
    }
}

/// Parameters not yet taken. Ends with [`Self::finish`].
#[derive(Debug, Clone, Default)]
#[must_use = "parameters that nobody finishes may hold unknown ones"]
pub struct Params {
    /// Empty, or `a[b]`.
    path: String,
    entries: Vec<(String, Node)>,
}

type Outcome<T> = Result<T, ApiError>;

impl Params {
    /// The parameters of a request.
    ///
    /// # Errors
    /// See [`tree`].
    pub fn new(pairs: Vec<Pair>) -> Outcome<Self> {
        Ok(Self { path: String::new(), entries: tree(pairs)? })
    }

    /// The full name of a parameter: `a[b][c]`.
    pub fn name(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}[{name}]", self.path) }
    }

    /// Whether it was sent and not yet taken.
    pub fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|(key, _)| key == name)
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The names that are left, for readers of maps.
    pub fn keys(&self) -> Vec<String> {
        self.entries.iter().map(|(key, _)| key.clone()).collect()
    }

    fn take(&mut self, name: &str) -> Option<Node> {
        let at = self.entries.iter().position(|(key, _)| key == name)?;
        Some(self.entries.remove(at).1)
    }

    /// Takes a text as it was sent, empty or not.
    fn raw(&mut self, name: &str) -> Outcome<Option<String>> {
        match self.take(name) {
            None => Ok(None),
            Some(Node::Text(text)) => Ok(Some(text)),
            Some(Node::Branch(_)) => {
                let message =
                    format!("Invalid string: {} must be a text, not an object or a list.", self.name(name));
                Err(ApiError::invalid(self.name(name), None, message))
            }
        }
    }

    /// A text that can be unset, of at most `max` characters.
    pub fn text_or_unset(&mut self, name: &str, max: usize) -> Outcome<Given<String>> {
        match self.raw(name)? {
            None => Ok(Given::Absent),
            Some(text) if text.is_empty() => Ok(Given::Unset),
            Some(text) if text.chars().count() > max => {
                let message = format!("Invalid string: {}; must be at most {max} characters", quoted(&text));
                Err(ApiError::invalid(self.name(name), None, message))
            }
            Some(text) if text.contains('\0') => {
                Err(ApiError::invalid(self.name(name), None, "Invalid string: it holds a NUL character."))
            }
            Some(text) => Ok(Given::Set(text)),
        }
    }

    /// A text that cannot be unset.
    pub fn text(&mut self, name: &str, max: usize) -> Outcome<Option<String>> {
        match self.text_or_unset(name, max)? {
            Given::Absent => Ok(None),
            Given::Unset => Err(empty(self.name(name))),
            Given::Set(text) => Ok(Some(text)),
        }
    }

    /// A text that must be there.
    pub fn required_text(&mut self, name: &str, max: usize) -> Outcome<String> {
        self.text(name, max)?.ok_or_else(|| ApiError::missing(self.name(name)))
    }

    /// A whole number.
    pub fn integer(&mut self, name: &str) -> Outcome<Option<i64>> {
        let Some(text) = self.text(name, TEXT_MAX)? else { return Ok(None) };
        // As the processor's own API: digits alone, with a sign at most; `1e3`, `10.0` and ` 7` are not integers.
        let digits = text.strip_prefix('-').unwrap_or(&text);
        let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        let parsed = plain.then(|| text.parse().ok()).flatten();
        parsed.map(Some).ok_or_else(|| {
            let message = format!("Invalid integer: {}", quoted(&text));
            ApiError::invalid(self.name(name), "parameter_invalid_integer", message)
        })
    }

    /// A whole number that must be there.
    pub fn required_integer(&mut self, name: &str) -> Outcome<i64> {
        self.integer(name)?.ok_or_else(|| ApiError::missing(self.name(name)))
    }

    /// A whole number within bounds.
    pub fn integer_within(&mut self, name: &str, least: i64, most: i64) -> Outcome<Option<i64>> {
        match self.integer(name)? {
            Some(value) if !(least..=most).contains(&value) => {
                let message = format!("Invalid integer: {value}; {name} must be between {least} and {most}.");
                Err(ApiError::invalid(self.name(name), "parameter_invalid_integer", message))
            }
            value => Ok(value),
        }
    }

    /// A moment in Unix seconds.
    pub fn time(&mut self, name: &str) -> Outcome<Option<i64>> {
        self.integer_within(name, 0, TIME_MAX)
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, name: &str) -> Outcome<Option<bool>> {
        match self.text(name, TEXT_MAX)?.as_deref() {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(other) => {
                let message = format!("Invalid boolean: {}; must be true or false.", quoted(other));
                Err(ApiError::invalid(self.name(name), None, message))
            }
        }
    }

    /// One of these words.
    pub fn word(&mut self, name: &str, words: &[&'static str]) -> Outcome<Option<&'static str>> {
        match self.word_or_unset(name, words)? {
            Given::Unset => Err(empty(self.name(name))),
            given => Ok(given.value()),
        }
    }

    /// One of these words, or nothing.
    pub fn word_or_unset(&mut self, name: &str, words: &[&'static str]) -> Outcome<Given<&'static str>> {
        let text = match self.text_or_unset(name, TEXT_MAX)? {
            Given::Absent => return Ok(Given::Absent),
            Given::Unset => return Ok(Given::Unset),
            Given::Set(text) => text,
        };
        words.iter().find(|word| **word == text).map(|word| Given::Set(*word)).ok_or_else(|| {
            let message = format!("Invalid {}: must be one of {}", self.name(name), words.join(", "));
            ApiError::invalid(self.name(name), None, message)
        })
    }

    /// An id of this kind; whether it exists is not asked. An impossible one is answered like a missing one.
    pub fn id<T: Id>(&mut self, name: &str, noun: &str) -> Outcome<Option<T>> {
        match self.id_or_unset(name, noun)? {
            Given::Unset => Err(empty(self.name(name))),
            given => Ok(given.value()),
        }
    }

    /// An id of this kind, or nothing.
    pub fn id_or_unset<T: Id>(&mut self, name: &str, noun: &str) -> Outcome<Given<T>> {
        match self.text_or_unset(name, TEXT_MAX)? {
            Given::Absent => Ok(Given::Absent),
            Given::Unset => Ok(Given::Unset),
            Given::Set(text) => match T::parse(&text) {
                Some(id) => Ok(Given::Set(id)),
                None => Err(ApiError::no_such(noun, text, self.name(name))),
            },
        }
    }

    /// An object: its parameters, which the caller must finish too. Absent and unset are both none.
    pub fn group(&mut self, name: &str) -> Outcome<Option<Self>> {
        Ok(self.group_or_unset(name)?.value())
    }

    /// An object, or nothing.
    pub fn group_or_unset(&mut self, name: &str) -> Outcome<Given<Self>> {
        match self.take(name) {
            None => Ok(Given::Absent),
            Some(Node::Text(text)) if text.is_empty() => Ok(Given::Unset),
            Some(Node::Branch(entries)) => Ok(Given::Set(Self { path: self.name(name), entries })),
            Some(Node::Text(_)) => {
                let message = format!("Invalid object: {} must be sent as {0}[…]=….", self.name(name));
                Err(ApiError::invalid(self.name(name), None, message))
            }
        }
    }

    /// A list of texts, in the order of their indices.
    pub fn texts(&mut self, name: &str, max: usize) -> Outcome<Given<Vec<String>>> {
        self.list(name, LIST_MAX, |list, key| list.required_text(key, max))
    }

    /// A list of at most `most` objects, in the order of their indices; `read` takes each one's parameters.
    pub fn groups<T>(
        &mut self,
        name: &str,
        most: usize,
        read: impl Fn(&mut Self) -> Outcome<T>,
    ) -> Outcome<Given<Vec<T>>> {
        self.list(name, most, |list, key| {
            let mut group = list.group(key)?.ok_or_else(|| empty(list.name(key)))?;
            let value = read(&mut group)?;
            group.finish()?;
            Ok(value)
        })
    }

    fn list<T>(
        &mut self,
        name: &str,
        most: usize,
        read: impl Fn(&mut Self, &str) -> Outcome<T>,
    ) -> Outcome<Given<Vec<T>>> {
        let mut list = match self.group_or_unset(name).map_err(|_| self.not_a_list(name))? {
            Given::Absent => return Ok(Given::Absent),
            Given::Unset => return Ok(Given::Unset),
            Given::Set(list) => list,
        };
        let mut indexed = Vec::new();
        for key in list.entries.iter().map(|(key, _)| key) {
            let index: u32 = key.parse().map_err(|_| self.not_a_list(name))?;
            indexed.push((index, key.clone()));
        }
        if indexed.len() > most {
            let message = format!("{} may have at most {most} elements.", self.name(name));
            return Err(ApiError::invalid(self.name(name), None, message));
        }
        indexed.sort_unstable();
        let values = indexed.iter().map(|(_, key)| read(&mut list, key)).collect::<Outcome<Vec<T>>>()?;
        Ok(Given::Set(values))
    }

    fn not_a_list(&self, name: &str) -> ApiError {
        let message = format!("Invalid array: {} must be sent as {0}[0]=….", self.name(name));
        ApiError::invalid(self.name(name), None, message)
    }

    /// Nothing may be left.
    ///
    /// # Errors
    /// `parameter_unknown` with the full name of the first parameter that nobody took.
    pub fn finish(self) -> Outcome<()> {
        match self.entries.first() {
            None => Ok(()),
            Some((key, node)) => Err(ApiError::unknown_parameter(first_leaf(self.name(key), node))),
        }
    }

    /// What was sent under a name, left where it is.
    pub(super) fn peek(&self, name: &str) -> Option<&Node> {
        self.entries.iter().find(|(key, _)| key == name).map(|(_, node)| node)
    }

    /// All remaining parameters with their names, for readers of free pairs.
    pub(super) fn drain(&mut self) -> Vec<(String, Node)> {
        std::mem::take(&mut self.entries)
    }
}

/// The last second of the year 9999.
const TIME_MAX: i64 = 253_402_300_799;

fn first_leaf(name: String, node: &Node) -> String {
    match node {
        Node::Branch(children) => match children.first() {
            Some((key, child)) => first_leaf(format!("{name}[{key}]"), child),
            None => name,
        },
        Node::Text(_) => name,
    }
}

/// The error for an empty value where nothing can be unset.
pub(super) fn empty(param: String) -> ApiError {
    let message = format!(
        "You passed an empty string for '{param}'. We assume empty values are an attempt to unset a parameter; \
         however '{param}' cannot be unset. You should remove '{param}' from your request or supply a non-empty value."
    );
    ApiError::invalid(param, "parameter_invalid_empty", message)
}
