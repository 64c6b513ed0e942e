//! From what a caller names (a saved method, a fresh token, a test token) to a payment method of ours.

use onfile_core::ids::{CustomerId, ID_DIGITS, Id, PaymentMethodId, TokenId};
use onfile_core::vault_contract::{Details, Redeem};
use onfile_service::binds;
use onfile_service::db::{DbError, Tx};

use crate::app::App;
use crate::model::event::Snapshot;
use crate::model::payment_method::{Consent, ConsentGiven, ConsentSource, PaymentMethod};
use crate::store::events::{self, News};
use crate::store::objects::{self, Versioned};

use super::{Cause, Error};

/// A payment method to be used in a change.
#[derive(Debug, Clone)]
pub struct Instrument {
    /// The method.
    pub method: PaymentMethod,
    /// Whether it is new to us: redeemed at the vault, not yet in our database.
    pub fresh: bool,
}

/// Finds the method that `source` names; one that we do not know is redeemed at the vault.
///
/// # Errors
/// When it does not exist, has expired or was used; when the vault cannot be reached.
pub async fn adopt(app: &App, cause: &Cause, source: &str, param: &'static str) -> Result<Instrument, Error> {
    adopt_as(app, cause, source, app.ids.next(), param).await
}

/// The same, with the id that a named test source becomes: whoever asks again with it after a crash leaves no second
/// copy at the vault (M8).
///
/// # Errors
/// As [`adopt`].
pub async fn adopt_as(
    app: &App,
    cause: &Cause,
    source: &str,
    fresh_id: PaymentMethodId,
    param: &'static str,
) -> Result<Instrument, Error> {
    if let Some(id) = PaymentMethodId::parse(source) {
        let mut tx = app.db.read().await?;
        if let Some(known) = objects::load::<PaymentMethod>(&mut tx, &cause.account.id, &id).await? {
            return Ok(Instrument { method: known.object, fresh: false });
        }
    }
    let id = own_id(source).unwrap_or(fresh_id);
    if TokenId::parse(source).is_some()
        && let Some(known) =
            objects::load::<PaymentMethod>(&mut app.db.read().await?, &cause.account.id, &id).await?
    {
        let again = known.object.unsent && known.object.customer.is_none() && !known.object.detached;
        let instrument = Instrument { method: known.object, fresh: false };
        return if again { Ok(instrument) } else { Err(Error::token_used(param)) };
    }
    let redeem = Redeem { account: cause.account.id.clone(), source: source.to_owned(), method: id.clone() };
    let described = app.vault.redeem(&redeem).await.map_err(|e| Error::from_vault(e, source, param))?;
    let mut method = PaymentMethod::new(id, described);
    // Stripe's named test accounts count as verified; what somebody typed has to be.
    method.verified = method.is_bank_account() && own_id(source).is_none();
    Ok(Instrument { method, fresh: true })
}

/// A `pm_…` from the vault keeps its id, and a token its digits: when the vault's answer, or our transaction, was lost,
/// the same request redeems the same token as the same method. Named test sources (`pm_card_visa`) become a new method
/// each time.
fn own_id(source: &str) -> Option<PaymentMethodId> {
    let digits = source.strip_prefix("pm_").or_else(|| source.strip_prefix("tok_"))?;
    let plain = digits.len() == ID_DIGITS && digits.bytes().all(|b| b.is_ascii_alphanumeric());
    plain.then(|| PaymentMethodId::from_trusted(format!("pm_{digits}")))
}

/// Inserts a fresh method. Two requests that redeemed the same source meet here: the second finds it there. So do two
/// that use an unsent one again.
pub(super) async fn keep(tx: &mut Tx, cause: &Cause, instrument: &Instrument) -> Result<(), Error> {
    let account = &cause.account.id;
    if instrument.method.unsent {
        let locked = objects::lock::<PaymentMethod>(tx, account, &instrument.method.id).await?;
        let mut method = locked.filter(|found| found.object.unsent).ok_or(Error::Busy)?.object;
        method.unsent = false;
        objects::save(tx, account, &method).await?;
    }
    if !instrument.fresh {
        return Ok(());
    }
    match objects::insert(tx, account, &instrument.method).await {
        Err(DbError::Duplicate(_)) => Err(Error::Busy),
        other => Ok(other?),
    }
}

/// Whether this method may be charged for this customer.
pub(super) fn check_usable(
    method: &PaymentMethod,
    customer: Option<&CustomerId>,
    types: &[String],
) -> Result<(), Error> {
    let invalid = |code, message: &str| {
        Err(Error::Invalid { code, param: "payment_method", message: message.to_owned() })
    };
    if method.detached {
        return invalid(
            "payment_method_unexpected_state",
            "This payment method was removed, or used once without being saved, and cannot be used again.",
        );
    }
    if method.customer.is_some() && method.customer.as_ref() != customer {
        return invalid(
            "payment_method_unexpected_state",
            "This payment method belongs to a customer: name that customer in `customer`.",
        );
    }
    match &method.details {
        Details::Card(_) if types.iter().any(|t| t == "card") => Ok(()),
        Details::Card(_) => {
            invalid("payment_method_invalid_parameter", "This payment does not accept cards.")
        }
        Details::UsBankAccount(_) if types.iter().any(|t| t == "us_bank_account") => Ok(()),
        Details::UsBankAccount(_) => invalid(
            "payment_method_invalid_parameter",
            "This does not accept bank accounts: name us_bank_account in payment_method_types.",
        ),
    }
}

/// Gives a method to a customer, with the consent to keep it (M9).
pub(super) async fn attach(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    method: &PaymentMethodId,
    customer: &CustomerId,
    consent: Option<&ConsentGiven>,
) -> Result<Option<Versioned<PaymentMethod>>, Error> {
    let Some(mut locked) = objects::lock::<PaymentMethod>(tx, &cause.account.id, method).await? else {
        return Ok(None);
    };
    if locked.object.customer.is_some() || locked.object.detached {
        return Ok(None);
    }
    let consent = record_consent(tx, app, cause, method, Some(customer), consent).await?;
    locked.object.customer = Some(customer.clone());
    locked.object.consent = Some(consent.id);
    objects::save(tx, &cause.account.id, &locked.object).await?;
    Ok(Some(locked))
}

/// Gives an instrument to a customer on the merchant's word that they agreed: with the record of it (M9) and, for a
/// bank account, the mandate under which it is debited.
///
/// # Errors
/// When it belongs to somebody already, was removed, or is a bank account that nobody verified.
pub async fn entrust(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    instrument: Instrument,
    customer: &CustomerId,
) -> Result<PaymentMethodId, Error> {
    let id = instrument.method.id.clone();
    let mut method = if instrument.fresh {
        keep(tx, cause, &instrument).await?;
        Versioned::new(instrument.method)
    } else {
        let locked = objects::lock::<PaymentMethod>(tx, &cause.account.id, &id).await?;
        locked.ok_or_else(|| DbError::Inconsistent(format!("method {id} is gone")))?
    };
    check_entrustable(&method.object)?;
    method.object.customer = Some(customer.clone());
    method.object.unsent = false;
    let consent = record_consent(tx, app, cause, &id, Some(customer), None).await?;
    method.object.consent = Some(consent.id);
    objects::save(tx, &cause.account.id, &method.object).await?;
    if method.object.is_bank_account() {
        method.object.mandate = Some(super::debits::mandate_for(tx, app, cause, &method.object, None).await?);
    }
    let snapshot = Snapshot::PaymentMethod(method.object);
    let news =
        News { kind: "payment_method.attached", version: method.version, snapshot: &snapshot, before: None };
    events::append(tx, app, cause, &news).await?;
    Ok(id)
}

fn check_entrustable(method: &PaymentMethod) -> Result<(), Error> {
    let invalid =
        |code, message: &str| Err(Error::Invalid { code, param: "method", message: message.to_owned() });
    if method.detached || method.customer.is_some() {
        let message = "This payment method was removed, or belongs to a customer already.";
        return invalid("payment_method_unexpected_state", message);
    }
    if method.is_bank_account() && !method.verified {
        let message =
            "This bank account is not verified. Save it with a SetupIntent, which verifies it first.";
        return invalid("bank_account_unverified", message);
    }
    Ok(())
}

/// Writes the proof that a method may be kept: the customer's own tick, or the word of the merchant's server.
///
/// # Errors
/// When the database fails.
pub async fn record_consent(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    method: &PaymentMethodId,
    customer: Option<&CustomerId>,
    given: Option<&ConsentGiven>,
) -> Result<Consent, DbError> {
    let source = match given {
        Some(given) => ConsentSource::Customer(given.clone()),
        None => ConsentSource::MerchantAttested { request: cause.request_id.clone().unwrap_or_default() },
    };
    let now_ms = app.now_ms();
    let consent = Consent {
        id: app.ids.next(),
        payment_method: method.clone(),
        customer: customer.cloned(),
        source,
        created: now_ms / 1000,
    };
    let doc = serde_json::to_string(&consent).map_err(|e| DbError::Inconsistent(e.to_string()))?;
    tx.execute(
        "INSERT INTO consents (account_id, id, payment_method_id, customer_id, doc, created) \
         VALUES ($1, $2, $3, $4, $5, $6)",
        binds![
            cause.account.id.as_str(),
            consent.id.as_str(),
            method.as_str(),
            customer.map(Id::as_str),
            &doc,
            now_ms,
        ],
    )
    .await?;
    Ok(consent)
}
