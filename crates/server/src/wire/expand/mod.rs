//! `expand[]`: objects in the place of their ids, up to four levels deep.
//!
//! What can be expanded is known from the kind of object alone, so a wrong path is refused before anything is done.

mod references;

use std::collections::HashMap;
use std::pin::Pin;

use onfile_core::ids::{CouponId, Id, ProductId};
use onfile_service::db::{DbError, Tx};
use serde_json::{Value, json};

pub use self::references::Kind;
use self::references::{REFERENCES, Target};
use super::error::{ApiError, quoted};
use super::params::{Given, Params};
use crate::app::App;
use crate::render::full::Full;
use crate::render::{Context, derived};

/// The most levels in one path.
const DEPTH_MAX: usize = 4;
/// The most paths in one request.
const PATHS_MAX: usize = 20;
/// The longest path.
const PATH_MAX: usize = 200;
/// The most objects that one request may load: a full page at every level would be 100 million.
const LOADS_MAX: usize = 500;

/// What a request wants expanded; checked.
#[derive(Debug, Clone, Default)]
pub struct Expand {
    paths: Vec<Vec<String>>,
    kind: Option<Kind>,
    total_count: bool,
}

/// What a request answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    One,
    List,
    Search,
}

/// The one thing that a search shows only where it is asked for.
const TOTAL_COUNT: &str = "total_count";

impl Expand {
    /// Takes `expand[]` of a request that answers with one object of this kind.
    ///
    /// # Errors
    /// Names the path that cannot be expanded.
    pub fn of(params: &mut Params, kind: Kind) -> Result<Self, ApiError> {
        Self::take(params, kind, Shape::One)
    }

    /// Takes `expand[]` of a request that answers with a list: every path begins with `data`.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub fn of_list(params: &mut Params, kind: Kind) -> Result<Self, ApiError> {
        Self::take(params, kind, Shape::List)
    }

    /// Takes `expand[]` of a search: every path begins with `data`, or is `total_count`.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub fn of_search(params: &mut Params, kind: Kind) -> Result<Self, ApiError> {
        Self::take(params, kind, Shape::Search)
    }

    /// Whether it is asked how many objects there are.
    pub fn wants_total_count(&self) -> bool {
        self.total_count
    }

    fn take(params: &mut Params, kind: Kind, shape: Shape) -> Result<Self, ApiError> {
        let Given::Set(texts) = params.texts("expand", PATH_MAX)? else { return Ok(Self::default()) };
        if texts.len() > PATHS_MAX {
            let message = format!("You can expand up to {PATHS_MAX} properties at a time.");
            return Err(ApiError::invalid("expand", None, message));
        }
        let mut paths = Vec::with_capacity(texts.len());
        let mut total_count = false;
        for text in texts {
            if shape == Shape::Search && text == TOTAL_COUNT {
                total_count = true;
                continue;
            }
            let segments: Vec<&str> = text.split('.').collect();
            if segments.len() > DEPTH_MAX {
                let message =
                    format!("You cannot expand more than {DEPTH_MAX} levels of a property. Property: {text}");
                return Err(ApiError::invalid("expand", "property_expansion_max_depth", message));
            }
            let inner = match shape {
                Shape::One => Some(segments.as_slice()),
                Shape::List | Shape::Search => segments.strip_prefix(&["data"]),
            };
            match inner {
                Some(inner) if !inner.is_empty() && is_known(kind, inner) => {
                    paths.push(inner.iter().map(|&segment| segment.to_owned()).collect());
                }
                _ => {
                    let message = format!("This property cannot be expanded ({}).", quoted(&text));
                    return Err(ApiError::invalid("expand", None, message));
                }
            }
        }
        Ok(Self { paths, kind: Some(kind), total_count })
    }

    /// Puts objects in the place of their ids, in each of `objects`.
    ///
    /// # Errors
    /// When the database fails, or too many objects would be loaded.
    pub async fn apply(
        &self,
        tx: &mut Tx,
        context: Context<'_>,
        objects: &mut [Value],
    ) -> Result<(), ApiError> {
        let Some(kind) = self.kind.filter(|_| !self.paths.is_empty()) else { return Ok(()) };
        let mut loader = Loader { full: Full::new(tx, context), known: HashMap::new() };
        for object in objects {
            for path in &self.paths {
                loader.expand(object, kind, path).await?;
            }
        }
        Ok(())
    }
}

/// The reference that a path begins with, and the rest of the path.
fn step<S: AsRef<str>>(kind: Kind, path: &[S]) -> Option<(&'static str, Target, &[S])> {
    REFERENCES.iter().filter(|(of, _, _)| *of == kind).find_map(|(_, field, target)| {
        let length = field.split('.').count();
        let (head, rest) = path.split_at_checked(length)?;
        head.iter().map(AsRef::as_ref).eq(field.split('.')).then_some((*field, *target, rest))
    })
}

fn is_known(kind: Kind, path: &[&str]) -> bool {
    path.is_empty() || step(kind, path).is_some_and(|(_, target, rest)| is_known(target.kind(), rest))
}

/// What stands under a path, in each element of the lists on the way.
fn slots_at<'v>(value: &'v mut Value, path: &[&str], slots: &mut Vec<&'v mut Value>) {
    match value {
        Value::Array(elements) => elements.iter_mut().for_each(|element| slots_at(element, path, slots)),
        value => match path.split_first() {
            None => slots.push(value),
            Some((head, rest)) => {
                if let Some(inner) = value.get_mut(*head) {
                    slots_at(inner, rest, slots);
                }
            }
        },
    }
}

struct Loader<'a> {
    full: Full<'a>,
    known: HashMap<(Kind, String), Option<Value>>,
}

type Expanding<'a> = Pin<Box<dyn Future<Output = Result<(), ApiError>> + Send + 'a>>;

impl Loader<'_> {
    fn expand<'a>(&'a mut self, object: &'a mut Value, kind: Kind, path: &'a [String]) -> Expanding<'a> {
        Box::pin(async move {
            let Some((field, target, rest)) = step(kind, path) else { return Ok(()) };
            if let Target::Added(kind) = target {
                self.add(object, field, kind).await?;
            }
            let mut slots = Vec::new();
            let segments: Vec<&str> = field.split('.').collect();
            slots_at(object, &segments, &mut slots);
            for slot in slots {
                self.replace(slot, target.kind(), rest).await?;
            }
            Ok(())
        })
    }

    /// Puts the object in the place of its id, and goes on within it.
    async fn replace(&mut self, slot: &mut Value, kind: Kind, rest: &[String]) -> Result<(), ApiError> {
        if let Value::String(id) = slot
            && let Some(loaded) = self.load(kind, &id.clone()).await?
        {
            *slot = loaded;
        }
        if slot.is_object() { self.expand(slot, kind, rest).await } else { Ok(()) }
    }

    /// Adds a field that is shown only where it is asked for.
    async fn add(&mut self, object: &mut Value, field: &str, kind: Kind) -> Result<(), ApiError> {
        let Some(fields) = object.as_object_mut().filter(|fields| !fields.contains_key(field)) else {
            return Ok(());
        };
        let id = fields.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        if let Some(value) = self.load(kind, &id).await? {
            fields.insert(field.to_owned(), value);
        }
        Ok(())
    }

    async fn load(&mut self, kind: Kind, id: &str) -> Result<Option<Value>, ApiError> {
        let key = (kind, id.to_owned());
        if let Some(known) = self.known.get(&key) {
            return Ok(known.clone());
        }
        if self.known.len() >= LOADS_MAX {
            let message =
                format!("This request would expand more than {LOADS_MAX} objects. Ask for fewer at a time.");
            return Err(ApiError::invalid("expand", None, message));
        }
        let loaded = match kind {
            // The ids of these two may look like any other.
            Kind::Product => match ProductId::parse(id) {
                Some(id) => self.full.product(&id).await?,
                None => None,
            },
            Kind::Coupon => match CouponId::parse(id) {
                Some(id) => self.full.coupon(&id).await?,
                None => None,
            },
            Kind::Nothing => None,
            Kind::Refunds => self.full.refunds_of(id).await?,
            Kind::Subscriptions => self.full.subscriptions_of(id).await?,
            Kind::ConfirmationSecret => self.full.confirmation_secret(id).await?,
            Kind::Sources => Some(derived::nothing_of(id, "sources")),
            Kind::TaxIds => Some(derived::nothing_of(id, "tax_ids")),
            Kind::Tax => Some(derived::tax()),
            Kind::CreditBalance => Some(json!({})),
            _ => self.full.by_id(id).await?,
        };
        self.known.insert(key, loaded.clone());
        Ok(loaded)
    }
}

/// Whatever an id names, as it is now: the answer for a request whose process died.
///
/// # Errors
/// When the database fails.
pub async fn load(tx: &mut Tx, _: &App, context: &Context<'_>, id: &str) -> Result<Option<Value>, DbError> {
    Full::new(tx, *context).by_id(id).await
}

#[cfg(test)]
mod tests {
    use super::super::form::pairs;
    use super::*;

    #[test]
    fn paths_are_checked_before_anything_is_done() {
        for (path, kind, shape, good) in [
            ("customer", Kind::PaymentIntent, Shape::One, true),
            ("latest_charge.payment_intent.customer", Kind::PaymentIntent, Shape::One, true),
            ("invoice_settings.default_payment_method", Kind::Customer, Shape::One, true),
            (
                "payment_method.customer.invoice_settings.default_payment_method",
                Kind::PaymentIntent,
                Shape::One,
                true,
            ),
            ("data.customer", Kind::Charge, Shape::List, true),
            ("data.payment_intent.latest_charge", Kind::Charge, Shape::List, true),
            ("data", Kind::Charge, Shape::List, false),
            ("customer", Kind::Charge, Shape::List, false),
            ("data.customer", Kind::Charge, Shape::One, false),
            ("total_count", Kind::Charge, Shape::Search, true),
            ("data.customer", Kind::Charge, Shape::Search, true),
            ("customer", Kind::Charge, Shape::Search, false),
            ("total_count", Kind::Charge, Shape::List, false),
            ("amount", Kind::PaymentIntent, Shape::One, false),
            ("customer.nonsense", Kind::PaymentIntent, Shape::One, false),
            ("items.data.price.product", Kind::Subscription, Shape::One, true),
            ("items", Kind::Subscription, Shape::One, true),
            ("items.data.nonsense", Kind::Subscription, Shape::One, false),
            ("refunds.data.balance_transaction", Kind::Charge, Shape::One, true),
            ("data.latest_charge.refunds", Kind::PaymentIntent, Shape::List, true),
            ("lines.data.pricing.price_details.price", Kind::Invoice, Shape::One, false),
            ("", Kind::PaymentIntent, Shape::One, false),
            (
                "payment_intent.latest_charge.payment_intent.latest_charge.customer",
                Kind::Charge,
                Shape::One,
                false,
            ),
        ] {
            let mut params = Params::new(pairs(format!("expand[]={path}").as_bytes()).unwrap()).unwrap();
            assert_eq!(Expand::take(&mut params, kind, shape).is_ok(), good, "{path}");
        }
    }
}
