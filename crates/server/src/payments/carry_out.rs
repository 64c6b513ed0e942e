//! The second half of every operation: send it, with no transaction open, and settle what comes back.

use std::sync::Arc;

use onfile_connectors::{Answer, Connector, Found, Verdict};
use onfile_core::ids::Id;
use onfile_core::operation::Outcome;
use onfile_core::vault_contract::{ForwardAnswer, ForwardOrder, RefusalCode};
use serde_json::{Value, json};

use crate::app::App;
use crate::model::operation::Operation;
use crate::vault_client::VaultError;

use super::Cause;
use super::begin::lease_until;
use super::settle::{Settled, settle};

/// What came back from sending or looking up.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) outcome: Outcome,
    /// The processor's answer, if there is one.
    pub(super) answer: Option<Answer>,
    /// For staff: the processor's own words, or why there are none.
    pub(super) words: Value,
    /// Whether it must not be sent again, since a security code went, or may have gone, along; or cannot be, since the
    /// vault will not. From then on it is looked up alone.
    pub(super) never_resend: bool,
    /// The last moment at which it may have left us, Unix milliseconds; none when this try surely sent nothing.
    pub(super) left_at: Option<i64>,
}

/// Sends a begun operation and settles it. It goes on when the caller stops waiting: once committed as *sending*, an
/// operation is not abandoned because a browser was closed.
///
/// None when it may have been sent and what came of it could not be stored: then it is as unknown as if no answer had
/// come, and the caller is told what was committed before. It is never an error, for the same request must not be
/// carried out again.
pub async fn carry_out(app: &Arc<App>, cause: &Cause, operation: Operation) -> Option<Settled> {
    let (app, cause, id) = (Arc::clone(app), cause.clone(), operation.id.clone());
    let work = tokio::spawn(async move {
        let report = send(&app, &operation, lease_until(&app, &operation)).await;
        settle(&app, &cause, &operation.id, &operation.debt, &report).await
    });
    match work.await {
        Ok(Ok(settled)) => Some(settled),
        Ok(Err(error)) => {
            tracing::error!(operation = %id, %error, "an outcome could not be stored; it will be looked up");
            None
        }
        Err(error) => {
            tracing::error!(operation = %id, %error, "an operation broke off; it will be looked up");
            None
        }
    }
}

/// Sends an operation through the vault, unless the lease of whoever sends it is over: then others look after it, and may
/// have concluded that it never left. We look at the clock before we send, and the vault does before it commits *sent*
/// and once more before the order leaves; so a process that sleeps anywhere in between sends nothing when it wakes.
pub(super) async fn send(app: &App, operation: &Operation, lease_until: i64) -> Report {
    if app.now_ms() >= lease_until {
        tracing::warn!(operation = %operation.id, "its lease was over before it was sent; it is not sent");
        return nothing(Outcome::NoAnswer, false, "its sender was held up".into());
    }
    let report = forward(app, operation, lease_until).await;
    let left_at = (report.outcome != Outcome::NotSent).then(|| app.now_ms());
    Report { left_at, ..report }
}

async fn forward(app: &App, operation: &Operation, lease_until: i64) -> Report {
    let order = &ForwardOrder { send_before: Some(lease_until), ..operation.doc.order.clone() };
    match app.vault.forward(order).await {
        Ok(ForwardAnswer::Answered { status, body, carried_cvc }) => {
            let Some(connector) = Connector::by_name(&order.processor) else {
                return unknown_processor(order);
            };
            let answer = connector.parse(status, &body);
            // The vault keeps an answer that nobody can read like any other, and sends nothing any more.
            let never_resend = carried_cvc || answer.verdict == Verdict::Unreadable;
            Report { never_resend, ..answered(answer, body) }
        }
        Ok(ForwardAnswer::NoAnswer { carried_cvc, reason }) => {
            nothing(Outcome::NoAnswer, carried_cvc, reason)
        }
        Ok(ForwardAnswer::NotSent { reason }) | Err(VaultError::NotDone(reason)) => {
            nothing(Outcome::NotSent, false, reason)
        }
        Err(VaultError::Refused(refusal)) if refusal.code == RefusalCode::KeyInUse => {
            nothing(Outcome::NoAnswer, order.with_cvc, refusal.message)
        }
        Err(VaultError::Refused(refusal)) if refusal.code == RefusalCode::TooLate => {
            tracing::warn!(operation = %operation.id, "its lease was over at the vault; it was not sent");
            nothing(Outcome::NoAnswer, false, refusal.message)
        }
        Err(VaultError::Refused(refusal)) => {
            tracing::error!(operation = %operation.id, code = ?refusal.code, refusal.message, "the vault refused an operation");
            // It will be refused again, most often because the number was destroyed meanwhile. This says nothing of
            // earlier sendings: whoever settles knows whether there may have been one.
            nothing(Outcome::NotSent, true, refusal.message)
        }
        Err(VaultError::Unknown(reason)) => nothing(Outcome::NoAnswer, order.with_cvc, reason),
    }
}

/// Asks the processor what became of an operation.
pub(super) async fn look_up(app: &App, operation: &Operation) -> Report {
    let order = &operation.doc.order;
    let Some(connector) = Connector::by_name(&order.processor) else { return unknown_processor(order) };
    let draft = connector.build_lookup(operation.id.as_str());
    let question = ForwardOrder {
        method: draft.method,
        path: draft.path,
        body: draft.body,
        instrument: None,
        with_cvc: false,
        ..order.clone()
    };
    match app.vault.forward(&question).await {
        Ok(ForwardAnswer::Answered { status, body, .. }) => match connector.parse_lookup(status, &body) {
            Found::Answer(answer) => answered(answer, body),
            Found::Absent => nothing(Outcome::Absent, false, "the processor does not know it".into()),
            Found::Unreadable => {
                nothing(Outcome::NoAnswer, false, format!("look-up answered with status {status}"))
            }
        },
        Ok(ForwardAnswer::NotSent { reason } | ForwardAnswer::NoAnswer { reason, .. }) => {
            nothing(Outcome::NoAnswer, false, reason)
        }
        Err(error) => nothing(Outcome::NoAnswer, false, error.to_string()),
    }
}

fn answered(answer: Answer, words: Value) -> Report {
    let outcome = match &answer.verdict {
        // It settled first. That it came back is found again, and then settled as what it is.
        Verdict::Approved | Verdict::Returned { .. } => Outcome::Approved,
        Verdict::Declined(_) | Verdict::Refused { .. } => Outcome::Declined,
        Verdict::Challenge { .. } => Outcome::Challenge,
        Verdict::Pending => Outcome::Pending,
        Verdict::Unreadable => Outcome::NoAnswer,
    };
    Report { outcome, answer: Some(answer), words, never_resend: false, left_at: None }
}

/// A report without an answer.
pub(super) fn nothing(outcome: Outcome, never_resend: bool, reason: String) -> Report {
    Report { outcome, answer: None, words: json!({ "reason": reason }), never_resend, left_at: None }
}

/// Only a stored operation of a newer program can name one. Nothing is concluded from that.
fn unknown_processor(order: &ForwardOrder) -> Report {
    nothing(Outcome::NoAnswer, order.with_cvc, format!("no connector for processor {}", order.processor))
}
