//! What card networks still allow of a card: its declines are counted over all debts of a merchant, whoever asked, and
//! judged by [`onfile_core::retries::network`]. Merchant-initiated attempts beyond the limits are not made.

use std::collections::HashMap;

use jiff::Timestamp;
use onfile_core::card::Brand;
use onfile_core::clock::moment;
use onfile_core::currency::Currency;
use onfile_core::ids::{Id, PaymentMethodId};
use onfile_core::retries::network::{MONTH, NetworkLimit, PastDecline, network_limit};
use onfile_core::vault_contract::Details;
use onfile_service::db::{DbError, Tx};

use crate::app::App;
use crate::billing;
use crate::model::account::Account;
use crate::model::operation::Operation;
use crate::model::payment_intent::PaymentIntent;
use crate::model::payment_method::PaymentMethod;
use crate::store::card_declines::{self, CardDecline};

use super::{Cause, Error};

/// A card's declines, as its network counts them. A bank account has none.
#[derive(Debug, Clone, Default)]
pub struct CardHistory {
    brand: Option<Brand>,
    declines: Vec<CardDecline>,
}

impl CardHistory {
    /// Loads what is known of a method.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of(tx: &mut Tx, account: &Account, method: &PaymentMethod) -> Result<Self, DbError> {
        let mut found = Self::of_all(tx, account, [method].into_iter()).await?;
        Ok(found.remove(&method.id).unwrap_or_default())
    }

    /// Loads what is known of these methods, in one statement; those without a decline are left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of_all<'a>(
        tx: &mut Tx,
        account: &Account,
        methods: impl Iterator<Item = &'a PaymentMethod>,
    ) -> Result<HashMap<PaymentMethodId, Self>, DbError> {
        let numbers: Vec<(&PaymentMethod, Brand, String)> =
            methods.filter_map(|method| Some((method, brand(method)?, number(account, method)))).collect();
        let wanted: Vec<&str> = numbers.iter().map(|(_, _, number)| number.as_str()).collect();
        let found = card_declines::of(tx, &account.id, &wanted).await?;
        let history = |(method, brand, number): (&PaymentMethod, Brand, String)| {
            let declines = found.get(&number)?.clone();
            Some((method.id.clone(), Self { brand: Some(brand), declines }))
        };
        Ok(numbers.into_iter().filter_map(history).collect())
    }

    /// Whether one more attempt at this amount stays within the network's limits at this moment of the customer's time.
    pub fn limit(&self, amount: i64, currency: Currency, at: Timestamp) -> NetworkLimit {
        let Some(brand) = self.brand else { return NetworkLimit::Allowed };
        let past = |decline: &CardDecline| PastDecline {
            at: moment(decline.at),
            never: decline.never,
            same_amount: decline.amount == amount && decline.currency == currency.as_str(),
        };
        let counted: Vec<PastDecline> =
            self.declines.iter().map(past).filter(|decline| at.duration_since(decline.at) < MONTH).collect();
        network_limit(brand, &counted, at)
    }
}

/// Counts a decline. `now` is the customer's, Unix seconds.
///
/// # Errors
/// When the database fails.
pub async fn note(
    tx: &mut Tx,
    cause: &Cause,
    method: &PaymentMethod,
    intent: &PaymentIntent,
    operation: &Operation,
    now: i64,
) -> Result<(), DbError> {
    let (Some(brand), Some(error)) = (brand(method), intent.last_error.as_ref()) else { return Ok(()) };
    let decline = CardDecline {
        at: now,
        currency: intent.currency.as_str().to_owned(),
        amount: operation.doc.amount,
        never: error.reason().is_never(brand),
    };
    let number = number(&cause.account, method);
    let counted_from = now.saturating_sub(MONTH.as_secs());
    card_declines::note(tx, &cause.account.id, &number, &operation.id, &decline, counted_from).await
}

/// Refuses a merchant-initiated attempt that the card's network does not allow now.
///
/// # Errors
/// [`Error::NetworkLimit`] when it must not be made.
pub(super) async fn check(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    intent: &PaymentIntent,
    method: &PaymentMethod,
) -> Result<(), Error> {
    let history = CardHistory::of(tx, &cause.account, method).await?;
    if history.declines.is_empty() {
        return Ok(());
    }
    let now = billing::time::of_payment(tx, app, &cause.account.id, intent).await?;
    match history.limit(intent.amount, intent.currency, moment(now)) {
        NetworkLimit::Allowed => Ok(()),
        NetworkLimit::WaitUntil { at, because } => {
            Err(Error::NetworkLimit { until: Some(at.as_second()), because })
        }
        NetworkLimit::Stop(because) => Err(Error::NetworkLimit { until: None, because }),
    }
}

/// By what a card's declines are counted together: by its number. The numbers of test cards are everybody's, so in test
/// mode each customer's is a card of its own.
fn number(account: &Account, method: &PaymentMethod) -> String {
    let fingerprint = method.fingerprint();
    if account.livemode {
        return fingerprint.to_owned();
    }
    let holder = method.customer.as_ref().map_or_else(|| method.id.as_str(), |customer| customer.as_str());
    format!("{fingerprint}/{holder}")
}

fn brand(method: &PaymentMethod) -> Option<Brand> {
    match &method.details {
        Details::Card(card) => Some(Brand::parse(&card.brand).unwrap_or(Brand::Unknown)),
        Details::UsBankAccount(_) => None,
    }
}
