//! Refunds.

use onfile_core::ids::Id;
use serde_json::{Value, json};

use super::{Context, balance_transaction, parts};
use crate::model::refund::{Refund, RefundStatus};

/// A refund.
pub fn refund(_: &Context<'_>, refund: &Refund) -> Value {
    let mut object = json!({
        "id": refund.id.as_str(),
        "object": "refund",
        "amount": refund.amount,
        "balance_transaction": balance_transaction::id_of_refund(refund).map(|id| id.to_string()),
        "charge": refund.charge.as_str(),
        "created": refund.created,
        "currency": refund.currency.as_str(),
        "customer": null,
        "customer_account": null,
        "destination_details": destination(refund),
        "metadata": parts::metadata(&refund.metadata),
        "payment_intent": refund.payment_intent.as_str(),
        "payment_method": null,
        "reason": refund.reason,
        "receipt_number": null,
        "source_transfer_reversal": null,
        "status": status(refund.status),
        "transfer_reversal": null,
    });
    if let (Some(reason), Some(fields)) = (&refund.failure_reason, object.as_object_mut()) {
        fields.insert("failure_reason".into(), reason.as_str().into());
    }
    object
}

fn destination(refund: &Refund) -> Value {
    if refund.to_bank {
        let transfer = json!({ "reference": null, "reference_status": null });
        return json!({ "type": "us_bank_transfer", "us_bank_transfer": transfer });
    }
    json!({
        "card": {
            "reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund",
        },
        "type": "card",
    })
}

/// The word on the wire.
pub fn status(status: RefundStatus) -> &'static str {
    match status {
        RefundStatus::Pending => "pending",
        RefundStatus::Succeeded => "succeeded",
        RefundStatus::Failed => "failed",
    }
}
