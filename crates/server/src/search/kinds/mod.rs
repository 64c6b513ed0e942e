//! What can be searched for: the fields that Stripe documents for each kind, and what of them the index holds.

mod charge;
mod customer;
mod invoice;
mod payment_intent;
mod price;
mod product;
mod subscription;

pub use customer::Holder;

use crate::wire::search::{Field, FieldKind};

const fn token(name: &'static str) -> Field {
    Field { name, kind: FieldKind::Token }
}

const fn text(name: &'static str) -> Field {
    Field { name, kind: FieldKind::Text }
}

const fn number(name: &'static str) -> Field {
    Field { name, kind: FieldKind::Number }
}

const METADATA: Field = Field { name: crate::wire::search::METADATA, kind: FieldKind::Metadata };

/// By how many seconds the moment at which something was made may differ from the time in its id.
const SLACK_S: i64 = 600;

/// What most have is in no class; the rest is what it is.
fn unless<'a>(most: &[&str], word: &'a str) -> Option<&'a str> {
    (!most.contains(&word)).then_some(word)
}
