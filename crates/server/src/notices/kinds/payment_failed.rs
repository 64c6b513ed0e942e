//! "Your payment did not go through": sent at the first failure, with what happens next, not after the last try.

use onfile_core::currency::Currency;
use onfile_core::money::Money;
use serde::{Deserialize, Serialize};

use super::Desk;
use crate::notices::frame::{Button, Letter, Sheet};
use crate::pages::words;

/// What failed, and what follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentFailed {
    /// Minor units.
    pub amount: i64,
    /// Of what.
    pub currency: Currency,
    /// For what, in the merchant's words.
    pub description: Option<String>,
    /// `Visa •••• 4242`
    pub method: Option<String>,
    /// The issuer's code, or the error's. It is not shown; it chooses the words.
    pub code: String,
    /// What follows.
    pub next: WhatNext,
}

/// What happens after a payment failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhatNext {
    /// We try again by ourselves.
    Retry {
        /// When, Unix seconds.
        at: i64,
        /// When for the last time, where there are several.
        last: Option<i64>,
        /// Where one can pay now, or with another card.
        url: Option<String>,
    },
    /// The customer is to do something; we wait.
    Act {
        /// Where.
        url: String,
    },
}

impl PaymentFailed {
    /// The mail.
    pub fn letter(&self, desk: Desk<'_>) -> Letter {
        let merchant = &desk.account.name;
        let amount = Money::new(self.amount, self.currency).to_string();
        let (happened, advice) = words::for_customer_by_code(&self.code);
        let (next, url) = match &self.next {
            WhatNext::Retry { at, last, url } => {
                let day = words::day(*at);
                let last = last.filter(|last| words::day(*last) != day);
                let until = last.map(|last| format!(", and for the last time on {}", words::day(last)));
                let until = until.unwrap_or_default();
                let next =
                    format!("We will try again on {day}{until}. You need not do anything if it works then.");
                (next, url.clone())
            }
            WhatNext::Act { url } => {
                ("We do not try this payment again by ourselves.".to_owned(), Some(url.clone()))
            }
        };
        Sheet {
            merchant,
            test_mode: !desk.account.livemode,
            subject: format!("Your payment of {amount} to {merchant} did not go through"),
            title: "Your payment did not go through".to_owned(),
            sum: Some(amount),
            paragraphs: vec![format!("{happened} {advice}"), next],
            facts: facts(self.description.as_ref(), self.method.as_ref()),
            button: url.map(|url| Button { label: "Pay now", url }),
        }
        .letter()
    }
}

/// What was to be paid, with what.
pub(super) fn facts(description: Option<&String>, method: Option<&String>) -> Vec<(&'static str, String)> {
    let facts = [("For", description), ("Payment method", method)];
    facts.into_iter().filter_map(|(label, text)| Some((label, text?.clone()))).collect()
}
