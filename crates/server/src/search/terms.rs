//! Terms: what the index knows of an object, and what it is asked for.
//!
//! A term is eight bytes of a keyed hash, under a key of the account's index. So the index holds nothing that can be read,
//! is of one size whatever the merchant writes into metadata, and one account's terms say nothing of another's. Two values
//! with the same term cost a look at an object that does not match, since every candidate is checked.

use std::collections::BTreeSet;

use aws_lc_rs::hmac;
use onfile_core::ids::{AccountId, Id};
use onfile_service::db::DbError;
use onfile_service::seal::Aad;
use onfile_service::secret::Secret;

use super::{Fact, Index, Searched};
use crate::app::App;
use crate::wire::search::{Clause, METADATA, Order, Test, folded};

/// How many characters in a row are a piece.
const PIECE_CHARACTERS: usize = 3;
/// How many pieces of a text that is searched for are asked for.
const PIECES_MAX: usize = 12;
/// How many base-62 digits the key of an account's index has: 256 bits.
const KEY_DIGITS: usize = 43;

/// Makes an account's terms.
#[derive(Debug)]
pub struct Terms(hmac::Key);

/// What of a field a term stands for.
#[derive(Debug, Clone, Copy)]
enum Of {
    Value,
    Class,
    Piece,
    /// That there is one.
    Any,
}

/// A new key, sealed.
///
/// # Errors
/// When it cannot be sealed.
pub fn new_key(app: &App, account: &AccountId) -> Result<Vec<u8>, DbError> {
    let key = Secret::new(app.ids.secret(KEY_DIGITS));
    app.keys.seal(&aad(account), key.expose_secret().as_bytes())
}

fn aad(account: &AccountId) -> Aad {
    Aad::new(&[
        ("account", account.as_str()),
        ("record", account.as_str()),
        ("field", "search_progress.sealed_key"),
    ])
}

impl Terms {
    /// Opens a key that [`new_key`] made.
    ///
    /// # Errors
    /// When it was altered or moved.
    pub fn open(app: &App, account: &AccountId, sealed: &[u8]) -> Result<Self, DbError> {
        let key = app.keys.open_sealed(&aad(account), sealed)?;
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &key)))
    }

    /// All terms of an object, sorted.
    pub fn of<T: Searched>(&self, object: &T) -> Vec<i64> {
        let mut terms = BTreeSet::new();
        for field in T::FIELDS {
            let index = T::index(field.name);
            for text in texts(object.fact(field.name)) {
                let text = folded(&text);
                match index {
                    Index::None | Index::Customer => {}
                    Index::Value => {
                        terms.insert(self.term::<T>(Of::Value, field.name, &text));
                    }
                    Index::Class(class) => {
                        terms.extend(class(&text).map(|class| self.term::<T>(Of::Class, field.name, class)));
                    }
                    Index::Pieces => {
                        terms.insert(self.term::<T>(Of::Value, field.name, &text));
                        terms.extend(pieces(&text).map(|piece| self.term::<T>(Of::Piece, "", &piece)));
                    }
                }
            }
        }
        for (key, value) in object.metadata() {
            terms.insert(self.pair::<T>(key, value));
            terms.insert(self.term::<T>(Of::Any, METADATA, key));
        }
        terms.into_iter().collect()
    }

    /// Terms that every object has for which the clause holds; none where the index cannot tell.
    pub fn wanted<T: Searched>(&self, clause: &Clause) -> Vec<i64> {
        if let Some(key) = &clause.key {
            return match (&clause.test, clause.negated) {
                (Test::Is(value), false) => vec![self.pair::<T>(key, value)],
                (Test::IsNull, true) => vec![self.term::<T>(Of::Any, METADATA, key)],
                _ => Vec::new(),
            };
        }
        if clause.negated {
            return Vec::new();
        }
        match (T::index(clause.field), &clause.test) {
            (Index::Value | Index::Pieces, Test::Is(value)) => {
                vec![self.term::<T>(Of::Value, clause.field, &folded(value))]
            }
            (Index::Value, Test::Number(Order::Equal, number)) => {
                vec![self.term::<T>(Of::Value, clause.field, &number.to_string())]
            }
            (Index::Class(class), Test::Is(value)) => {
                let class = class(&folded(value)).map(|class| self.term::<T>(Of::Class, clause.field, class));
                class.into_iter().collect()
            }
            (Index::Pieces, Test::Contains(part)) => {
                let part = folded(part);
                pieces(&part).take(PIECES_MAX).map(|piece| self.term::<T>(Of::Piece, "", &piece)).collect()
            }
            _ => Vec::new(),
        }
    }

    fn pair<T: Searched>(&self, key: &str, value: &str) -> i64 {
        self.hash(&[T::NOUN, METADATA, key, &folded(value)], Of::Value)
    }

    /// Pieces are the same whichever field they stand in: names and addresses have most of theirs in common.
    fn term<T: Searched>(&self, of: Of, field: &str, text: &str) -> i64 {
        self.hash(&[T::NOUN, field, text], of)
    }

    fn hash(&self, parts: &[&str], of: Of) -> i64 {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(match of {
            Of::Value => b"v",
            Of::Class => b"c",
            Of::Piece => b"p",
            Of::Any => b"a",
        });
        for part in parts {
            context.update(&part.len().to_be_bytes());
            context.update(part.as_bytes());
        }
        let tag = context.sign();
        tag.as_ref().first_chunk().map_or(0, |bytes| i64::from_be_bytes(*bytes))
    }
}

fn texts(fact: Fact<'_>) -> Vec<String> {
    match fact {
        Fact::Absent => Vec::new(),
        Fact::Text(text) => vec![text.into_owned()],
        Fact::Number(number) => vec![number.to_string()],
        Fact::Parts(parts) => parts,
    }
}

fn pieces(text: &str) -> impl Iterator<Item = String> {
    let characters: Vec<char> = text.chars().collect();
    let pieces: Vec<String> =
        characters.windows(PIECE_CHARACTERS).map(|piece| piece.iter().collect()).collect();
    pieces.into_iter()
}
