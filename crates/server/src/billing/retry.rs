//! When an invoice that could not be collected is tried again, and why not: what `core::retries` makes of its attempts.

use onfile_core::attempts::Initiator;
use onfile_core::clock::moment;
use onfile_core::decline::DeclineReason;
use onfile_core::invoice::InvoiceStatus;
use onfile_core::retries::bank::Returned;
use onfile_core::retries::network::NetworkLimit;
use onfile_core::retries::{Attempt, Card, Outcome, Plan, RetryPolicy};
use onfile_service::db::{DbError, Tx};

use crate::app::App;
use crate::model::invoice::{AttemptResult, Attempted, Invoice};
use crate::model::operation::Operation;
use crate::model::payment_intent::{AttemptError, PaymentIntent};
use crate::model::payment_method::PaymentMethod;
use crate::payments::Cause;
use crate::payments::network_limits::CardHistory;

/// The most attempts that are remembered: more than may be made, outages included, so none is forgotten that counts.
const REMEMBERED_MAX: usize = 64;

/// Writes an attempt down, in the customer's time.
pub fn note(invoice: &mut Invoice, operation: &Operation, result: AttemptResult, now: i64) {
    if result != AttemptResult::Outage {
        invoice.attempt_count += 1;
    }
    if invoice.attempts.len() >= REMEMBERED_MAX
        && let Some(oldest) = invoice.attempts.iter().position(|made| made.result == AttemptResult::Outage)
    {
        invoice.attempts.remove(oldest);
    }
    invoice.attempts.push(Attempted {
        at: now,
        by_merchant: operation.initiator == Initiator::Merchant,
        number: operation.fingerprint.clone().unwrap_or_default(),
        result,
    });
}

/// Why an attempt failed, as it is remembered.
pub fn declined(error: Option<&AttemptError>) -> AttemptResult {
    AttemptResult::Declined {
        code: error.and_then(|error| error.decline_code.clone()),
        network_code: error.and_then(|error| error.network_code.clone()),
        advice_code: error.and_then(|error| error.advice_code.clone()),
    }
}

/// What a plan goes by besides the invoice itself.
pub struct Rules {
    policy: RetryPolicy,
    card: CardHistory,
}

impl Rules {
    /// The installation's rules, and what networks count of the method that was tried, if it is known.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of(
        tx: &mut Tx,
        app: &App,
        cause: &Cause,
        method: Option<&PaymentMethod>,
    ) -> Result<Self, DbError> {
        let card = match method {
            Some(method) => CardHistory::of(tx, &cause.account, method).await?,
            None => CardHistory::default(),
        };
        Ok(Self { policy: app.config.processing.retry_policy(), card })
    }
}

/// Plans the next attempt after one that failed or never left, or says why there is none.
pub fn plan(rules: &Rules, invoice: &mut Invoice, intent: &PaymentIntent, operation: &Operation, now: i64) {
    let refused = intent.last_error.as_ref().is_some_and(|error| error.kind == "api_error");
    let last_declined = invoice.attempts.last().is_some_and(|made| made.result != AttemptResult::Outage);
    let plan = if refused && last_declined {
        Plan::Stop("The processor did not accept the request; the merchant has to look.".to_owned())
    } else if operation.doc.bank_account && last_declined {
        let code = intent.last_error.as_ref().and_then(|error| error.network_code.clone());
        after_return(rules, invoice, &code.unwrap_or_default(), now)
    } else {
        let number = operation.fingerprint.as_deref().unwrap_or_default();
        within_limits(rules, invoice, next(rules, invoice, number, now))
    };
    apply(invoice, plan);
}

/// After an attempt with the customer, which plans nothing by itself: what was planned without them stays; where their
/// attempt stood in its way, it is planned again for what the merchant charged last.
pub fn resume(rules: &Rules, invoice: &mut Invoice, now: i64) {
    let last = invoice.attempts.iter().rev().find(|made| made.by_merchant);
    if let (None, Some(number)) = (invoice.next_payment_attempt, last.map(|made| made.number.clone())) {
        let plan = next(rules, invoice, &number, now);
        apply(invoice, plan);
    }
}

/// Plans what follows a debit that came back after it had settled.
pub fn plan_after_return(rules: &Rules, invoice: &mut Invoice, code: &str, now: i64) {
    // What the bank took back was not paid after all.
    for made in invoice.attempts.iter_mut().filter(|made| made.result == AttemptResult::Paid) {
        made.result =
            AttemptResult::Declined { code: None, network_code: Some(code.to_owned()), advice_code: None };
    }
    let plan = after_return(rules, invoice, code, now);
    apply(invoice, plan);
}

fn next(rules: &Rules, invoice: &Invoice, number: &str, now: i64) -> Plan {
    let attempts: Vec<Attempt<'_>> = invoice.attempts.iter().map(remembered).collect();
    rules.policy.next(&attempts, Card { fingerprint: number, changed_at: None }, moment(now))
}

/// A planned attempt, as late as the card's network wants it.
fn within_limits(rules: &Rules, invoice: &Invoice, plan: Plan) -> Plan {
    let Plan::Retry { at: planned, .. } = plan else { return plan };
    match rules.card.limit(invoice.amount_due(), invoice.currency, planned) {
        NetworkLimit::Allowed => plan,
        NetworkLimit::WaitUntil { at, because } => Plan::Retry { at, because },
        NetworkLimit::Stop(why) => Plan::AskCustomer(why),
    }
}

/// A returned debit is presented again by the banks' rules, within the three attempts of every debt (M4).
fn after_return(rules: &Rules, invoice: &Invoice, code: &str, now: i64) -> Plan {
    let counted = invoice.attempts.iter().filter(|made| made.result != AttemptResult::Outage);
    let presented = u32::try_from(counted.clone().count()).unwrap_or(u32::MAX);
    let settled_at = counted.map(|made| made.at).next().unwrap_or(now);
    let returned =
        Returned { code, settled_at: moment(settled_at), represented: presented.saturating_sub(1) };
    rules.policy.after_return(returned, moment(now))
}

fn remembered(made: &Attempted) -> Attempt<'_> {
    let outcome = match &made.result {
        AttemptResult::Paid => Outcome::Paid,
        AttemptResult::Outage => Outcome::Outage,
        AttemptResult::Declined { code, network_code, advice_code } => Outcome::Declined(DeclineReason {
            code: code.as_deref(),
            network_code: network_code.as_deref(),
            advice_code: advice_code.as_deref(),
        }),
    };
    let initiator = if made.by_merchant { Initiator::Merchant } else { Initiator::Customer };
    Attempt { at: moment(made.at), initiator, card: &made.number, outcome }
}

fn apply(invoice: &mut Invoice, plan: Plan) {
    let (next, explanation) = match plan {
        Plan::Retry { at, because } => (Some(at.as_second()), because),
        Plan::Wait(why) | Plan::Stop(why) | Plan::AskCustomer(why) => (None, why),
    };
    // What was only sent to the customer, or written off, is not charged by itself because somebody tried to pay it.
    let collected = invoice.auto_advance
        && invoice.status == InvoiceStatus::Open
        && invoice.collection_method == "charge_automatically";
    invoice.next_payment_attempt = next.filter(|_| collected);
    invoice.explanation = Some(explanation);
}
