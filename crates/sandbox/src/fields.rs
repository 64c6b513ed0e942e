//! Strict reading of a JSON object: every field is taken by name, and what is left over is an error.
//!
//! Errors name the field, never its value: a value in the wrong place could be a card number. (The messages of serde's
//! derived readers quote values, which is why they are not used for what comes from outside.)

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::wire::ErrorBody;

/// The longest field name that is told back.
const NAME_LEN_MAX: usize = 40;

/// What is wrong with a request's shape.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    /// Not a JSON object.
    #[error("The body is not a JSON object.")]
    NotAnObject,
    /// Nobody knows this field.
    #[error("There is no field `{0}` here.")]
    Unknown(String),
    /// It must be there.
    #[error("The field `{0}` is missing.")]
    Missing(String),
    /// It must be something else.
    #[error("The field `{0}` must be {1}.")]
    Invalid(String, &'static str),
    /// A header must be there, or be something else.
    #[error("The header `{0}` must be 1 to 255 letters, digits, `_` or `-`.")]
    Header(&'static str),
}

impl IntoResponse for ShapeError {
    fn into_response(self) -> Response {
        let code = match self {
            Self::NotAnObject => "body_invalid",
            Self::Unknown(_) => "parameter_unknown",
            Self::Missing(_) => "parameter_missing",
            Self::Invalid(..) => "parameter_invalid",
            Self::Header(_) => "header_invalid",
        };
        ErrorBody::new(StatusCode::BAD_REQUEST, code, self.to_string()).into_response()
    }
}

/// The fields of one object that nobody has taken yet.
pub struct Fields {
    path: &'static str,
    left: Map<String, Value>,
}

impl Fields {
    /// The fields of a request body.
    pub fn parse(body: &[u8]) -> Result<Self, ShapeError> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(left)) => Ok(Self { path: "", left }),
            _ => Err(ShapeError::NotAnObject),
        }
    }

    /// The fields of the object in field `name`.
    pub fn object(&mut self, name: &'static str) -> Result<Fields, ShapeError> {
        match self.required(name)? {
            Value::Object(left) => Ok(Self { path: name, left }),
            _ => Err(self.invalid(name, "an object")),
        }
    }

    /// The value of a field; `null` counts as missing.
    pub fn optional(&mut self, name: &str) -> Option<Value> {
        self.left.swap_remove(name).filter(|value| !value.is_null())
    }

    fn required(&mut self, name: &str) -> Result<Value, ShapeError> {
        self.optional(name).ok_or_else(|| ShapeError::Missing(self.full(name)))
    }

    /// A text that may be missing.
    pub fn optional_text(
        &mut self,
        name: &str,
        rule: &'static str,
        holds: impl Fn(&str) -> bool,
    ) -> Result<Option<Zeroizing<String>>, ShapeError> {
        match self.optional(name) {
            None => Ok(None),
            Some(Value::String(text)) if holds(&text) => Ok(Some(Zeroizing::new(text))),
            Some(_) => Err(self.invalid(name, rule)),
        }
    }

    /// A text.
    pub fn text(
        &mut self,
        name: &str,
        rule: &'static str,
        holds: impl Fn(&str) -> bool,
    ) -> Result<Zeroizing<String>, ShapeError> {
        let text = self.optional_text(name, rule, holds)?;
        text.ok_or_else(|| ShapeError::Missing(self.full(name)))
    }

    /// A whole number from `min` to `max`, which `rule` tells.
    pub fn integer(&mut self, name: &str, rule: &'static str, min: u64, max: u64) -> Result<u64, ShapeError> {
        let value = self.required(name)?;
        value.as_u64().filter(|n| (min..=max).contains(n)).ok_or_else(|| self.invalid(name, rule))
    }

    /// A truth value, `false` when it is missing and need not be there.
    pub fn flag(&mut self, name: &str, needed: bool) -> Result<bool, ShapeError> {
        match if needed { Some(self.required(name)?) } else { self.optional(name) } {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(_) => Err(self.invalid(name, "true or false")),
        }
    }

    /// A number from 0 to `max`, 0 when it is missing.
    pub fn number(&mut self, name: &str, rule: &'static str, max: f64) -> Result<f64, ShapeError> {
        match self.optional(name) {
            None => Ok(0.0),
            Some(value) => {
                value.as_f64().filter(|n| (0.0..=max).contains(n)).ok_or_else(|| self.invalid(name, rule))
            }
        }
    }

    /// That the field's value breaks the rule.
    pub fn invalid(&self, name: &str, rule: &'static str) -> ShapeError {
        ShapeError::Invalid(self.full(name), rule)
    }

    /// Every field was taken, or here is one that was not.
    pub fn finish(self) -> Result<(), ShapeError> {
        let Some(name) = self.left.keys().next() else { return Ok(()) };
        let plain = name.len() <= NAME_LEN_MAX && name.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_');
        let shown = if plain { name } else { "(its name is not shown)" };
        Err(ShapeError::Unknown(self.full(shown)))
    }

    fn full(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}

/// Whether `text` can be a key, a reference or an account: 1 to 255 letters, digits, underscores or dashes.
pub fn is_token(text: &str) -> bool {
    (1..=255).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

/// [`is_token`] in words.
pub const TOKEN_RULE: &str = "1 to 255 letters, digits, `_` or `-`";
