//! "Your receipt from Shop": what was paid, when, and with which card.

use onfile_core::ids::ChargeId;
use onfile_core::money::Money;
use onfile_service::db::{DbError, Tx};
use serde::{Deserialize, Serialize};

use super::{Desk, Written};
use crate::model::charge::Charge;
use crate::notices::frame::{Button, Letter, Sheet};
use crate::pages::{receipts, widgets, words};
use crate::store::objects;

/// The charge is all; the rest is read when the mail is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// `ch_…`
    pub charge: ChargeId,
}

impl Receipt {
    pub(super) async fn write(&self, tx: &mut Tx, desk: Desk<'_>) -> Result<Written, DbError> {
        let found = objects::load::<Charge>(tx, &desk.account.id, &self.charge).await?;
        Ok(match found.map(|found| found.object) {
            Some(charge) if charge.captured => Written::Letter(letter(desk, &charge)),
            _ => Written::Untrue("not_paid"),
        })
    }
}

fn letter(desk: Desk<'_>, charge: &Charge) -> Letter {
    let merchant = &desk.account.name;
    let money = |minor| Money::new(minor, charge.currency).to_string();
    let amount = money(charge.amount_captured);
    let mut facts = Vec::new();
    if let Some(description) = &charge.description {
        facts.push(("For", description.clone()));
    }
    facts.push(("Paid on", words::moment(charge.created)));
    facts.push(("Card", widgets::method_name(&charge.details)));
    facts.push(("Receipt number", charge.id.to_string()));
    if charge.amount_refunded > 0 {
        facts.push(("Refunded since", money(charge.amount_refunded)));
    }
    Sheet {
        merchant,
        test_mode: !desk.account.livemode,
        subject: format!("Your receipt from {merchant}: {amount}"),
        title: format!("Receipt from {merchant}"),
        sum: Some(amount),
        paragraphs: vec!["Thank you for your payment.".to_owned()],
        facts,
        button: Some(Button {
            label: "See the receipt",
            url: format!("{}{}", desk.public_url, receipts::path_of(&desk.account.id, charge)),
        }),
    }
    .letter()
}
