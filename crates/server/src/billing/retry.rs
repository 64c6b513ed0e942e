//! When an invoice that could not be collected is tried again, and why not.

use onfile_core::ach::ReturnCode;
use onfile_core::attempts::{Initiator, MERCHANT_ATTEMPTS_MAX};
use onfile_core::decline::{DeclineClass, DeclineReason};
use onfile_service::db::{DbError, Tx};

use crate::model::invoice::Invoice;
use crate::model::payment_intent::PaymentIntent;
use crate::payments::Cause;
use crate::store::operations;

use super::SECONDS_PER_DAY;

/// Days between the first attempt and the second, and between the second and the third.
const DAYS: [i64; 2] = [3, 4];
/// When a request that never left us is tried again: that cost no attempt.
const NOT_SENT_SECONDS: i64 = 300;

/// Plans the next attempt after one that failed, or says why there is none.
///
/// # Errors
/// When the database fails.
pub async fn plan(
    tx: &mut Tx,
    cause: &Cause,
    invoice: &mut Invoice,
    intent: &PaymentIntent,
    now: i64,
) -> Result<(), DbError> {
    invoice.attempt_count += 1;
    let debt = onfile_core::ids::Id::as_str(&intent.id);
    let made = operations::attempts(tx, &cause.account.id, debt, Initiator::Merchant).await?;
    let class = intent.last_error.as_ref().map(|error| {
        DeclineReason {
            code: error.decline_code.as_deref(),
            network_code: error.network_code.as_deref(),
            advice_code: error.advice_code.as_deref(),
        }
        .class()
    });
    let (next, explanation) = decide(class, made, now);
    invoice.next_payment_attempt = next.filter(|_| invoice.auto_advance);
    invoice.explanation = Some(explanation.to_owned());
    Ok(())
}

fn decide(class: Option<DeclineClass>, made: u32, now: i64) -> (Option<i64>, &'static str) {
    if made >= MERCHANT_ATTEMPTS_MAX {
        return (None, "Three attempts were made, the most that there are. The customer has to pay by hand.");
    }
    let wait = usize::try_from(made.max(1) - 1).ok().and_then(|step| DAYS.get(step));
    let wait = wait.copied().unwrap_or(SECONDS_PER_DAY);
    match class {
        None => (Some(now + NOT_SENT_SECONDS), "The request did not arrive; it is sent again soon."),
        Some(class) if class.retries_max() >= made => {
            (Some(now + wait * SECONDS_PER_DAY), "The bank may agree later; it is tried again.")
        }
        Some(DeclineClass::Fix) => {
            (None, "It is tried again once the card's data changed, or its holder confirmed the payment.")
        }
        Some(DeclineClass::Operational) => {
            (None, "The processor refused the request; the merchant has to look.")
        }
        Some(_) => (None, "The bank will not agree with this card. The customer has to give another one."),
    }
}

/// Nothing left us: it is tried again soon, and no attempt was used up.
pub fn not_sent(invoice: &mut Invoice, now: i64) {
    invoice.next_payment_attempt = Some(now + NOT_SENT_SECONDS).filter(|_| invoice.auto_advance);
    invoice.explanation =
        Some("The payment service could not be reached; it is tried again soon.".to_owned());
}

/// Plans what follows a debit that came back after it had settled: it is presented again where the rules allow it
/// (Nacha: R01 and R09, twice at most), within the three attempts that every debt has.
///
/// # Errors
/// When the database fails.
pub async fn plan_again(
    tx: &mut Tx,
    cause: &Cause,
    invoice: &mut Invoice,
    intent: &PaymentIntent,
    code: &str,
    now: i64,
) -> Result<(), DbError> {
    let (account, debt) = (&cause.account.id, onfile_core::ids::Id::as_str(&intent.id));
    let made = operations::attempts(tx, account, debt, Initiator::Merchant).await?;
    let presented = operations::presentments(tx, account, debt).await?;
    let settled = invoice.moments.finalised.unwrap_or(now);
    let returned = ReturnCode::of(code);
    let again =
        made < MERCHANT_ATTEMPTS_MAX && returned.may_represent(presented, (now - settled) / SECONDS_PER_DAY);
    invoice.next_payment_attempt =
        Some(now + DAYS[0] * SECONDS_PER_DAY).filter(|_| again && invoice.auto_advance);
    invoice.explanation = Some(format!("The bank took the money back ({code}). {}", returned.meaning));
    Ok(())
}
