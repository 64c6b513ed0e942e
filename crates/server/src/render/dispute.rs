//! Disputes: debits that came back after they had settled, as Stripe shows them.

use onfile_core::ach::ReturnCode;
use onfile_core::ids::Id;
use serde_json::{Map, Value, json};

use super::{Context, balance_transaction};
use crate::model::dispute::Dispute;

/// What could be said against a dispute. Against a returned debit nothing can.
const EVIDENCE: [&str; 27] = [
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "customer_signature",
    "duplicate_charge_documentation",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "receipt",
    "refund_policy",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "service_documentation",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_documentation",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
];

/// A dispute.
pub fn dispute(context: &Context<'_>, dispute: &Dispute) -> Value {
    let found = ReturnCode::of(&dispute.return_code);
    let mut evidence: Map<String, Value> =
        EVIDENCE.iter().map(|name| ((*name).to_owned(), Value::Null)).collect();
    evidence.insert("enhanced_evidence".to_owned(), json!({}));
    json!({
        "id": dispute.id.as_str(),
        "object": "dispute",
        "amount": dispute.amount,
        "balance_transactions": [balance_transaction::of_dispute(context, dispute)],
        "charge": dispute.charge.as_str(),
        "created": dispute.created,
        "currency": dispute.currency.as_str(),
        "enhanced_eligibility_types": [],
        "evidence": evidence,
        "evidence_details": {
            "due_by": null,
            "enhanced_eligibility": {},
            "has_evidence": false,
            "past_due": false,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "intended_submission_method": null,
        "is_charge_refundable": false,
        "livemode": context.account.livemode,
        "metadata": {},
        "network_reason_code": dispute.return_code,
        "onfile": { "return_class": found.class.as_str(), "return_code": dispute.return_code },
        "payment_intent": dispute.payment_intent.as_str(),
        "reason": found.dispute_reason(),
        "status": "lost",
    })
}
