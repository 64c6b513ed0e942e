//! A recurring agreement: who pays what, when, from when until when.

pub mod due;

use onfile_core::currency::Currency;
use onfile_core::ids::{
    CustomerId, DiscountId, Id, InvoiceId, PaymentMethodId, PriceId, SubscriptionId, SubscriptionItemId,
    TestClockId, counterpart,
};
use onfile_core::recurrence::Recurrence;
use onfile_core::subscription::SubscriptionStatus;
use serde::{Deserialize, Serialize};

use super::invoice::Period;
use super::tax_rate::TaxRate;
use super::{Metadata, Object};

/// A subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// `sub_…`
    pub id: SubscriptionId,
    /// Unix seconds, as all times here in the customer's time.
    pub created: i64,
    /// Who pays.
    pub customer: CustomerId,
    /// Where it stands.
    pub status: SubscriptionStatus,
    /// In what.
    pub currency: Currency,
    /// What is paid.
    pub items: Vec<Item>,
    /// The discounts on all of it, in the order in which they are taken off; its customer's when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub discounts: Vec<DiscountId>,
    /// The taxes on items that have none of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub default_tax_rates: Vec<TaxRate>,
    /// When. Occurrence `k` is a function of its anchor and `k` alone (M3).
    pub schedule: Recurrence,
    /// Whether the schedule was given as `onfile[recurrence]`, not taken from the prices.
    #[serde(default)]
    pub own_schedule: bool,
    /// The occurrence that is billed next; it never restarts.
    pub next_occurrence: u32,
    /// What is paid for at present.
    pub current_period: Period,
    /// From when on periods count.
    pub billing_cycle_anchor: i64,
    /// When it began.
    pub start_date: i64,
    /// Its free time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial: Option<Period>,
    /// `charge_automatically` or `send_invoice`.
    pub collection_method: String,
    /// How long a sent invoice may stay unpaid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days_until_due: Option<u32>,
    /// What to charge, where it is not the customer's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_payment_method: Option<PaymentMethodId>,
    /// The merchant's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The merchant's pairs.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
    /// When it is to end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_at: Option<i64>,
    /// Whether it ends with the period that is paid.
    #[serde(default)]
    pub cancel_at_period_end: bool,
    /// When its end was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canceled_at: Option<i64>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<i64>,
    /// Why.
    #[serde(default)]
    pub cancellation: Cancellation,
    /// Its newest invoice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_invoice: Option<InvoiceId>,
    /// Why it cannot be billed, in a sentence; it is passed over until it is changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parked: Option<String>,
    /// Whose time it lives in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_clock: Option<TestClockId>,
    /// Whether the method that pays an invoice of it becomes its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub saves_method: bool,
    /// What is done with its invoices in place of collecting them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause: Option<PauseCollection>,
}

/// Invoices are made, and not collected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PauseCollection {
    /// What becomes of them.
    pub behaviour: PauseBehaviour,
    /// From when on they are collected again, Unix seconds; until somebody says so, when none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumes_at: Option<i64>,
}

/// What becomes of the invoices of a paused agreement; Stripe's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PauseBehaviour {
    /// They stay drafts, for the merchant to finish.
    KeepAsDraft,
    /// They are given up at once.
    MarkUncollectible,
    /// They are taken back at once: the time is a present.
    Void,
}

impl PauseBehaviour {
    const ALL: [(Self, &'static str); 3] = [
        (Self::KeepAsDraft, "keep_as_draft"),
        (Self::MarkUncollectible, "mark_uncollectible"),
        (Self::Void, "void"),
    ];

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(behaviour, _)| *behaviour == self).map_or("", |(_, word)| word)
    }

    /// Reads [`Self::as_str`].
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, w)| *w == word).map(|(behaviour, _)| *behaviour)
    }

    /// Every word.
    pub fn words() -> [&'static str; 3] {
        Self::ALL.map(|(_, word)| word)
    }
}

/// The id of a part of an agreement. It begins with the agreement's digits, so that the agreement is found by it without an
/// index; `tail` is random.
pub fn item_id(of: &SubscriptionId, tail: &str) -> SubscriptionItemId {
    let whole: SubscriptionItemId = counterpart(of);
    SubscriptionItemId::from_trusted(format!("{whole}_{tail}"))
}

/// The agreement that an item's id belongs to.
pub fn agreement_of(item: &SubscriptionItemId) -> Option<SubscriptionId> {
    let (whole, _) = item.as_str().rsplit_once('_')?;
    SubscriptionItemId::parse(whole).map(|id| counterpart(&id))
}

/// One thing that is paid for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// `si_…`
    pub id: SubscriptionItemId,
    /// Unix seconds.
    pub created: i64,
    /// At which price.
    pub price: PriceId,
    /// How many.
    pub quantity: u64,
    /// The taxes on it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tax_rates: Vec<TaxRate>,
    /// The discounts on it alone, taken off first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub discounts: Vec<DiscountId>,
    /// The merchant's pairs.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
}

/// Why an agreement ended, or is to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancellation {
    /// `cancellation_requested`, `payment_failed`, `payment_disputed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The customer's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// One of Stripe's words: `too_expensive`, `unused`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feedback: Option<String>,
}

/// Why an agreement of a deleted customer cannot be billed.
pub const CUSTOMER_GONE: &str = "Its customer was deleted.";

impl Subscription {
    /// What is done with its invoices at this Unix second, where they are not collected.
    pub fn paused(&self, now: i64) -> Option<PauseBehaviour> {
        let pause = self.pause.filter(|pause| pause.resumes_at.is_none_or(|at| now < at))?;
        Some(pause.behaviour)
    }

    /// What the index of clocks calls its time: empty for real time.
    pub fn clock_key(&self) -> &str {
        self.test_clock.as_ref().map_or("", Id::as_str)
    }
}

impl Subscription {
    /// Every discount that it or a part of it names.
    pub fn named_discounts(&self) -> Vec<&DiscountId> {
        self.discounts.iter().chain(self.items.iter().flat_map(|item| &item.discounts)).collect()
    }
}

impl Object for Subscription {
    type Id = SubscriptionId;
    fn id(&self) -> &SubscriptionId {
        &self.id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_items_id_leads_to_its_agreement() {
        let of = SubscriptionId::from_trusted("sub_0Ab1".to_owned());
        let item = item_id(&of, "xyz");
        assert_eq!(item.as_str(), "si_0Ab1_xyz");
        assert_eq!(agreement_of(&item), Some(of));
        for alone in ["si_0Ab1", "si__xyz", "si_"] {
            assert_eq!(agreement_of(&SubscriptionItemId::from_trusted(alone.to_owned())), None, "{alone}");
        }
    }
}
