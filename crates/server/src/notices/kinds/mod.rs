//! The kinds of notices, a file each: what it must know, whether it is still true, and its words.

pub mod card_expiring;
pub mod payment_failed;
pub mod payment_failed_final;
pub mod receipt;

use onfile_service::db::{DbError, Tx};
use serde::{Deserialize, Serialize};

use self::card_expiring::CardExpiring;
use self::payment_failed::{PaymentFailed, WhatNext};
use self::payment_failed_final::PaymentFailedFinal;
use self::receipt::Receipt;
use super::frame::Letter;
use super::truth;
use crate::model::account::Account;
use crate::model::notice::Notice;

/// What a notice says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Content {
    /// Money was taken.
    Receipt(Receipt),
    /// It was not, and something follows.
    PaymentFailed(PaymentFailed),
    /// It was not, and nothing follows by itself.
    PaymentFailedFinal(PaymentFailedFinal),
    /// A card ends before the next charge.
    CardExpiring(CardExpiring),
}

/// A mail, or the reason why there is none.
#[derive(Debug)]
pub enum Written {
    /// It is true: send this.
    Letter(Letter),
    /// It is not true any more.
    Untrue(&'static str),
}

/// What a writer knows besides the content.
#[derive(Debug, Clone, Copy)]
pub struct Desk<'a> {
    /// Whose customers are written to.
    pub account: &'a Account,
    /// Where customers reach us.
    pub public_url: &'a str,
}

impl Content {
    /// As it is stored and shown.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Receipt(_) => "receipt",
            Self::PaymentFailed(_) => "payment_failed",
            Self::PaymentFailedFinal(_) => "payment_failed_final",
            Self::CardExpiring(_) => "card_expiring",
        }
    }

    /// The next attempt that it promises; none where it is the last word, or where it speaks of none.
    fn next_attempt(&self) -> Option<i64> {
        match self {
            Self::PaymentFailed(PaymentFailed { next: WhatNext::Retry { at, .. }, .. }) => Some(*at),
            _ => None,
        }
    }

    /// Writes the mail from what is so now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn write(&self, tx: &mut Tx, desk: Desk<'_>, notice: &Notice) -> Result<Written, DbError> {
        let account = &desk.account.id;
        let letter = match self {
            Self::Receipt(content) => return content.write(tx, desk).await,
            Self::CardExpiring(content) => return content.write(tx, desk).await,
            Self::PaymentFailed(content) => content.letter(desk),
            Self::PaymentFailedFinal(content) => content.letter(desk),
        };
        let untrue = match truth::invoice_meanwhile(tx, account, &notice.about, self.next_attempt()).await? {
            Some(reason) => Some(reason),
            None => truth::paid_meanwhile(tx, account, notice.payment.as_ref()).await?,
        };
        Ok(untrue.map_or(Written::Letter(letter), Written::Untrue))
    }
}

#[cfg(test)]
mod tests;
