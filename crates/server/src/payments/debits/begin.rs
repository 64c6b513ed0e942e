//! One attempt to collect money from a bank account.

use onfile_connectors::Request;
use onfile_core::attempts::Initiator;
use onfile_core::currency::Currency;
use onfile_core::ids::Id;
use onfile_core::payment::{Amounts, CaptureMethod, PaymentStatus};
use onfile_service::db::Tx;

use crate::app::App;
use crate::model::operation::{Kind, Operation};
use crate::model::payment_intent::PaymentIntent;
use crate::model::payment_method::PaymentMethod;

use super::super::begin::{Plan, begin};
use super::super::requests::Confirm;
use super::super::{Cause, Error};
use super::mandate_for;

/// Begins a debit, or the verification that must come before it, in the caller's transaction; the caller stores the
/// intent.
///
/// # Errors
/// Says what keeps the account from being debited.
pub(in super::super) async fn begin_attempt(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    intent: &mut PaymentIntent,
    method: &PaymentMethod,
    ask: &Confirm,
) -> Result<Operation, Error> {
    check(intent, method, ask)?;
    mandate_for(tx, app, cause, method, ask.mandate.as_ref()).await?;
    let initiator = if ask.off_session { Initiator::Merchant } else { Initiator::Customer };
    let (kind, request, amount) = if method.verified {
        let (amount, currency) = (intent.amount, intent.currency.as_str());
        (Kind::Authorise, Request::Debit { amount, currency, initiator: initiator.as_str() }, amount)
    } else {
        (Kind::MicroDeposits, Request::MicroDeposits, 0)
    };
    let plan = Plan {
        kind,
        debt: intent.id.as_str(),
        initiator,
        request,
        amount,
        instrument: Some(method),
        payment_method: Some(&method.id),
        charge: None,
        refund: None,
    };
    let operation = begin(tx, app, cause, plan).await?;
    intent.status = PaymentStatus::Processing;
    intent.off_session = ask.off_session;
    intent.payment_method = Some(method.id.clone());
    intent.micro_deposits = None;
    intent.run.clone_from(&ask.run);
    if intent.taken_back.take().is_some() {
        // What the bank took back is not ours; the charge that brought it keeps its own record.
        intent.amounts = Amounts::default();
    }
    Ok(operation)
}

fn check(intent: &PaymentIntent, method: &PaymentMethod, ask: &Confirm) -> Result<(), Error> {
    let invalid =
        |code, param, message: &str| Err(Error::Invalid { code, param, message: message.to_owned() });
    if intent.currency != Currency::USD {
        let message = "A US bank account can be debited in usd only.";
        return invalid("payment_method_currency_mismatch", "currency", message);
    }
    if CaptureMethod::parse(&intent.capture_method) == Some(CaptureMethod::Manual) {
        let message = "A bank debit cannot be captured later: leave capture_method out.";
        return invalid("payment_intent_invalid_parameter", "capture_method", message);
    }
    if !method.verified && ask.off_session {
        let message = "This bank account is not verified. Save it with a SetupIntent first.";
        return invalid("bank_account_unverified", "payment_method", message);
    }
    Ok(())
}
