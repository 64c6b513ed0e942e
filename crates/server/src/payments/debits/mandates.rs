//! Agreements to debit: made before the first debit, ended when the account's holder takes them back.

use onfile_core::ach::{ReturnClass, ReturnCode};
use onfile_core::ids::MandateId;
use onfile_service::db::{DbError, Tx};

use crate::app::App;
use crate::model::event::Snapshot;
use crate::model::mandate::{Acceptance, Mandate, MandateStatus};
use crate::model::payment_method::PaymentMethod;
use crate::store::events::{self, News};
use crate::store::objects::{self, Versioned};

use super::super::{Cause, Error};

/// The mandate under which this account is debited: a new one where the customer agreed now, or where the merchant
/// attested it by attaching the account; else the one that holds.
///
/// # Errors
/// When the account must not be debited, or nobody agreed.
pub(in super::super) async fn mandate_for(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    method: &PaymentMethod,
    accepted: Option<&Acceptance>,
) -> Result<MandateId, Error> {
    let account = &cause.account.id;
    let gone = || DbError::Inconsistent(format!("method {} is gone", method.id));
    let mut method = objects::lock::<PaymentMethod>(tx, account, &method.id).await?.ok_or_else(gone)?.object;
    if let Some(code) = &method.blocked {
        // Who stopped one payment may agree anew; everybody else has said no to all, or has no such account.
        if ReturnCode::of(code).class != ReturnClass::NewConsent || accepted.is_none() {
            return Err(blocked(code));
        }
        method.blocked = None;
    }
    let acceptance = match (accepted, &method.mandate) {
        (Some(accepted), _) => accepted.clone(),
        (None, Some(mandate)) => return Ok(mandate.clone()),
        (None, None) if method.customer.is_some() => Acceptance { accepted_at: None, online: None },
        (None, None) => return Err(nobody_agreed()),
    };
    let status = if method.verified { MandateStatus::Active } else { MandateStatus::Pending };
    let mandate = Mandate {
        id: app.ids.next(),
        created: app.now_seconds(),
        payment_method: method.id.clone(),
        customer: method.customer.clone(),
        status,
        acceptance,
        ended_by: None,
    };
    objects::insert(tx, account, &mandate).await?;
    method.mandate = Some(mandate.id.clone());
    objects::save(tx, account, &method).await?;
    Ok(mandate.id)
}

/// The account was verified: its mandate holds from now on.
///
/// # Errors
/// When the database fails.
pub(in super::super) async fn activate(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    method: &PaymentMethod,
) -> Result<(), Error> {
    let Some(id) = &method.mandate else { return Ok(()) };
    change(tx, app, cause, id, |mandate| mandate.status = MandateStatus::Active).await
}

/// A debit came back: what its code says of the account and the mandate is written down. The caller saves the method.
///
/// # Errors
/// When the database fails.
pub(in super::super) async fn block(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    method: &mut Versioned<PaymentMethod>,
    code: &str,
) -> Result<(), Error> {
    let found = ReturnCode::of(code);
    if found.blocks().is_none() {
        return Ok(());
    }
    method.object.blocked = Some(code.to_owned());
    if matches!(found.class, ReturnClass::Revoked | ReturnClass::NewConsent)
        && let Some(id) = method.object.mandate.take()
    {
        let end = |mandate: &mut Mandate| {
            mandate.status = MandateStatus::Inactive;
            mandate.ended_by = Some(code.to_owned());
        };
        change(tx, app, cause, &id, end).await?;
    }
    Ok(())
}

async fn change(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    id: &MandateId,
    how: impl FnOnce(&mut Mandate),
) -> Result<(), Error> {
    let account = &cause.account.id;
    let Some(mut mandate) = objects::lock::<Mandate>(tx, account, id).await? else { return Ok(()) };
    let before = mandate.object.clone();
    how(&mut mandate.object);
    if mandate.object == before {
        return Ok(());
    }
    objects::save(tx, account, &mandate.object).await?;
    let snapshot = Snapshot::Mandate(mandate.object);
    let before = mandate.before.as_deref();
    let news = News { kind: "mandate.updated", version: mandate.version, snapshot: &snapshot, before };
    Ok(events::append(tx, app, cause, &news).await?)
}

fn blocked(code: &str) -> Error {
    let meaning = ReturnCode::of(code).meaning;
    Error::Invalid {
        code: "payment_method_bank_account_blocked",
        param: "payment_method",
        message: format!(
            "This bank account can no longer be debited: an earlier debit was returned ({code}). {meaning} Ask the \
             customer for another way to pay."
        ),
    }
}

fn nobody_agreed() -> Error {
    Error::Invalid {
        code: "parameter_missing",
        param: "mandate_data",
        message: "Missing required param: mandate_data. Show the customer what they agree to, and say here when and \
                  how they did."
            .into(),
    }
}
