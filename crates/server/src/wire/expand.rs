//! `expand[]`: objects in the place of their ids, up to four levels deep.
//!
//! What can be expanded is known from the kind of object alone, so a wrong path is refused before anything is done.

use std::collections::HashMap;
use std::pin::Pin;

use onfile_core::ids::{Id, ProductId};
use onfile_service::db::{DbError, Tx};
use serde_json::Value;

use super::error::{ApiError, quoted};
use super::params::{Given, Params};
use crate::app::App;
use crate::render::Context;
use crate::render::full::Full;

/// The most levels in one path.
const DEPTH_MAX: usize = 4;
/// The most paths in one request.
const PATHS_MAX: usize = 20;
/// The longest path.
const PATH_MAX: usize = 200;
/// The most objects that one request may load: a full page at every level would be 100 million.
const LOADS_MAX: usize = 500;

/// A kind of object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `customer`
    Customer,
    /// `payment_method`
    PaymentMethod,
    /// `payment_intent`
    PaymentIntent,
    /// `setup_intent`
    SetupIntent,
    /// `charge`
    Charge,
    /// `refund`
    Refund,
    /// `mandate`
    Mandate,
    /// `dispute`
    Dispute,
    /// `event`
    Event,
    /// `product`
    Product,
    /// `price`
    Price,
    /// `subscription`
    Subscription,
    /// `invoice`
    Invoice,
    /// `invoiceitem`
    InvoiceItem,
    /// `test_helpers.test_clock`
    TestClock,
    /// `onfile.run`
    Run,
    /// Something that is always there whole, and that Stripe shows only where it is asked for.
    Inline,
    /// Something that Stripe can expand and that nothing here refers to yet: always null.
    Nothing,
}

/// Which field of which kind refers to which.
const REFERENCES: [(Kind, &str, Kind); 39] = [
    (Kind::Customer, "invoice_settings.default_payment_method", Kind::PaymentMethod),
    (Kind::Customer, "default_source", Kind::Nothing),
    (Kind::Customer, "test_clock", Kind::TestClock),
    (Kind::PaymentMethod, "customer", Kind::Customer),
    (Kind::PaymentIntent, "customer", Kind::Customer),
    (Kind::PaymentIntent, "payment_method", Kind::PaymentMethod),
    (Kind::PaymentIntent, "latest_charge", Kind::Charge),
    (Kind::PaymentIntent, "review", Kind::Nothing),
    (Kind::SetupIntent, "customer", Kind::Customer),
    (Kind::SetupIntent, "payment_method", Kind::PaymentMethod),
    (Kind::SetupIntent, "mandate", Kind::Mandate),
    (Kind::Mandate, "payment_method", Kind::PaymentMethod),
    (Kind::Dispute, "charge", Kind::Charge),
    (Kind::Dispute, "payment_intent", Kind::PaymentIntent),
    (Kind::Charge, "payment_method_details.us_bank_account.mandate", Kind::Mandate),
    (Kind::Charge, "customer", Kind::Customer),
    (Kind::Charge, "payment_intent", Kind::PaymentIntent),
    (Kind::Charge, "balance_transaction", Kind::Nothing),
    (Kind::Refund, "charge", Kind::Charge),
    (Kind::Refund, "payment_intent", Kind::PaymentIntent),
    (Kind::Refund, "balance_transaction", Kind::Nothing),
    (Kind::Product, "default_price", Kind::Price),
    (Kind::Product, "tax_code", Kind::Nothing),
    (Kind::Price, "product", Kind::Product),
    (Kind::Subscription, "customer", Kind::Customer),
    (Kind::Subscription, "default_payment_method", Kind::PaymentMethod),
    (Kind::Subscription, "latest_invoice", Kind::Invoice),
    (Kind::Subscription, "pending_setup_intent", Kind::Nothing),
    (Kind::Subscription, "schedule", Kind::Nothing),
    (Kind::Subscription, "test_clock", Kind::TestClock),
    (Kind::Invoice, "customer", Kind::Customer),
    (Kind::Invoice, "default_payment_method", Kind::PaymentMethod),
    (Kind::Invoice, "parent.subscription_details.subscription", Kind::Subscription),
    (Kind::Invoice, "confirmation_secret", Kind::Inline),
    (Kind::Invoice, "payments", Kind::Inline),
    (Kind::Invoice, "test_clock", Kind::TestClock),
    (Kind::InvoiceItem, "customer", Kind::Customer),
    (Kind::InvoiceItem, "invoice", Kind::Invoice),
    (Kind::InvoiceItem, "test_clock", Kind::TestClock),
];

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
fn step<S: AsRef<str>>(kind: Kind, path: &[S]) -> Option<(&'static str, Kind, &[S])> {
    REFERENCES.iter().filter(|(of, _, _)| *of == kind).find_map(|(_, field, target)| {
        let length = field.split('.').count();
        let (head, rest) = path.split_at_checked(length)?;
        head.iter().map(AsRef::as_ref).eq(field.split('.')).then_some((*field, *target, rest))
    })
}

fn is_known(kind: Kind, path: &[&str]) -> bool {
    path.is_empty() || step(kind, path).is_some_and(|(_, target, rest)| is_known(target, rest))
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
            let Some(slot) = object.pointer_mut(&format!("/{}", field.replace('.', "/"))) else {
                return Ok(());
            };
            if let Value::String(id) = slot
                && let Some(loaded) = self.load(target, &id.clone()).await?
            {
                *slot = loaded;
            }
            if slot.is_object() { self.expand(slot, target, rest).await } else { Ok(()) }
        })
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
        let loaded = match (kind, ProductId::parse(id)) {
            (Kind::Product, Some(id)) => self.full.product(&id).await?,
            (Kind::Nothing | Kind::Product, _) => None,
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
