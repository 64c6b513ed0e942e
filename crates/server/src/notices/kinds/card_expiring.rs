//! "Your card ends before the next payment": only to whoever owes a payment that the card will not live to see, and
//! without the date that the card bears.

use onfile_core::card::Expiry;
use onfile_core::clock::moment;
use onfile_core::currency::Currency;
use onfile_core::ids::{AccountId, PaymentMethodId, SubscriptionId};
use onfile_core::money::Money;
use onfile_core::vault_contract::Details;
use onfile_service::db::{DbError, Tx};
use serde::{Deserialize, Serialize};

use super::{Desk, Written};
use crate::billing::world::World;
use crate::model::payment_method::PaymentMethod;
use crate::model::subscription::{Subscription, due};
use crate::notices::frame::{Button, Letter, Sheet};
use crate::pages::{widgets, words};
use crate::store::objects;

/// Which card, and which payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardExpiring {
    /// `pm_…`
    pub method: PaymentMethodId,
    /// The agreement whose payment it is. Where it is known, the mail is sent only while it would charge this card then.
    #[serde(default)]
    pub subscription: Option<SubscriptionId>,
    /// When the payment falls due, Unix seconds.
    pub charge_due: i64,
    /// Minor units, where they are known already.
    pub amount: Option<i64>,
    /// Of what.
    pub currency: Currency,
    /// For what, in the merchant's words.
    pub description: Option<String>,
    /// Where another card can be given.
    pub update_url: Option<String>,
}

impl CardExpiring {
    pub(super) async fn write(&self, tx: &mut Tx, desk: Desk<'_>) -> Result<Written, DbError> {
        let found = objects::load::<PaymentMethod>(tx, &desk.account.id, &self.method).await?;
        let Some(method) = found.map(|found| found.object).filter(|method| method.customer.is_some()) else {
            return Ok(Written::Untrue("card_removed"));
        };
        if !self.ends_before_the_charge(&method.details) {
            return Ok(Written::Untrue("card_updated"));
        }
        if let Some(reason) = self.charged_otherwise(tx, &desk.account.id).await? {
            return Ok(Written::Untrue(reason));
        }
        Ok(Written::Letter(self.letter(desk, &widgets::method_name(&method.details))))
    }

    /// Why the agreement does not charge this card at that time any more; none when it does.
    async fn charged_otherwise(
        &self,
        tx: &mut Tx,
        account: &AccountId,
    ) -> Result<Option<&'static str>, DbError> {
        let Some(id) = &self.subscription else { return Ok(None) };
        let Some(found) = objects::load::<Subscription>(tx, account, id).await? else {
            return Ok(Some("agreement_gone"));
        };
        let subscription = found.object;
        let charge = due::next_charge(&subscription);
        if charge.is_none_or(|charge| charge.due.as_second() != self.charge_due) {
            return Ok(Some("charge_over"));
        }
        let world = World::of(tx, account, std::iter::once(&subscription)).await?;
        let replaced = world.method(&subscription).is_none_or(|method| method.id != self.method);
        Ok(replaced.then_some("card_replaced"))
    }

    /// Whether the card's last day is over when the payment falls due. A card is good through that day.
    pub fn ends_before_the_charge(&self, details: &Details) -> bool {
        let Details::Card(card) = details else { return false };
        Expiry::new(card.exp_month, card.exp_year)
            .is_ok_and(|expiry| expiry.is_expired(moment(self.charge_due)))
    }

    /// The mail; `card` as people know it, without its date.
    pub fn letter(&self, desk: Desk<'_>, card: &str) -> Letter {
        let merchant = &desk.account.name;
        let due = words::day(self.charge_due);
        let mut facts = Vec::new();
        if let Some(description) = &self.description {
            facts.push(("For", description.clone()));
        }
        facts.push(("Next payment", due.clone()));
        if let Some(amount) = self.amount {
            facts.push(("Amount", Money::new(amount, self.currency).to_string()));
        }
        facts.push(("Card", card.to_owned()));
        Sheet {
            merchant,
            test_mode: !desk.account.livemode,
            subject: format!("Your card ends before your next payment to {merchant}"),
            title: "Your card ends soon".to_owned(),
            sum: None,
            paragraphs: vec![
                format!("The card {card} will have ended by your next payment to {merchant}, on {due}."),
                format!(
                    "Please give {merchant} another card, or this card’s new date, before then. Nothing is charged by doing so."
                ),
            ],
            facts,
            button: self.update_url.clone().map(|url| Button { label: "Update the card", url }),
        }
        .letter()
    }
}
