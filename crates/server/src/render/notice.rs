//! `onfile.notice`: an object of our own.

use onfile_core::ids::{Id, created_at};
use serde_json::{Value, json};

use super::Context;
use crate::model::notice::{Notice, NoticeState};

/// A notice; `recipient` is none once its customer was erased.
pub fn notice(context: &Context<'_>, notice: &Notice, recipient: Option<&str>) -> Value {
    let waits = notice.state == NoticeState::Queued;
    let settled = |state| (notice.state == state).then_some(notice.settled).flatten();
    json!({
        "id": notice.id.as_str(),
        "object": "onfile.notice",
        "about": notice.about,
        "attempts": notice.attempts,
        "created": created_at(&notice.id),
        "customer": notice.customer.as_ref().map(Id::as_str),
        "kind": notice.kind,
        "livemode": context.account.livemode,
        "next_attempt": waits.then_some(notice.due / 1000),
        "payment_intent": notice.payment.as_ref().map(Id::as_str),
        "reason": notice.reason,
        "recipient": recipient,
        "sent": settled(NoticeState::Sent).map(|ms| ms / 1000),
        "status": notice.state.as_str(),
    })
}
