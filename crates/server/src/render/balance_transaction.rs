//! What came and went, as Stripe's balance transactions: one for each captured charge, refund and dispute, made of it when
//! it is asked for. Onfile holds no money and knows no processor's fees, so every fee is 0. What came counts as available
//! after two days, as processors in the United States commonly pay out.

use onfile_core::currency::Currency;
use onfile_core::ids::{BalanceTransactionId, Id, counterpart};
use onfile_core::vault_contract::Details;
use serde_json::{Value, json};

use super::Context;
use crate::model::charge::Charge;
use crate::model::dispute::Dispute;
use crate::model::refund::{Refund, RefundStatus};

/// How long processors commonly keep what came before they pay it out.
const PAYOUT_SECONDS: i64 = 2 * 86_400;

/// The transaction of a charge, once it was captured.
pub fn id_of_charge(charge: &Charge) -> Option<BalanceTransactionId> {
    (charge.paid && charge.captured).then(|| counterpart(&charge.id))
}

/// The transaction of a refund, unless it failed.
pub fn id_of_refund(refund: &Refund) -> Option<BalanceTransactionId> {
    (refund.status != RefundStatus::Failed).then(|| counterpart(&refund.id))
}

/// What a charge brought.
pub fn of_charge(context: &Context<'_>, charge: &Charge) -> Option<Value> {
    let kind = match charge.details {
        Details::Card(_) => "charge",
        Details::UsBankAccount(_) => "payment",
    };
    Some(transaction(
        context,
        &Movement {
            id: id_of_charge(charge)?,
            source: charge.id.as_str(),
            kind,
            category: "charge",
            amount: charge.amount_captured,
            currency: charge.currency,
            created: charge.created,
            description: charge.description.as_deref(),
        },
    ))
}

/// What a refund took.
pub fn of_refund(context: &Context<'_>, refund: &Refund) -> Option<Value> {
    Some(transaction(
        context,
        &Movement {
            id: id_of_refund(refund)?,
            source: refund.id.as_str(),
            kind: if refund.to_bank { "payment_refund" } else { "refund" },
            category: "refund",
            amount: refund.amount.saturating_neg(),
            currency: refund.currency,
            created: refund.created,
            description: Some("REFUND FOR CHARGE"),
        },
    ))
}

/// What a dispute took.
pub fn of_dispute(context: &Context<'_>, dispute: &Dispute) -> Value {
    transaction(
        context,
        &Movement {
            id: counterpart(&dispute.id),
            source: dispute.id.as_str(),
            kind: "adjustment",
            category: "dispute",
            amount: dispute.amount.saturating_neg(),
            currency: dispute.currency,
            created: dispute.created,
            description: None,
        },
    )
}

struct Movement<'a> {
    id: BalanceTransactionId,
    source: &'a str,
    kind: &'static str,
    category: &'static str,
    amount: i64,
    currency: Currency,
    created: i64,
    description: Option<&'a str>,
}

fn transaction(context: &Context<'_>, it: &Movement<'_>) -> Value {
    let available_on = it.created + PAYOUT_SECONDS;
    let available = available_on <= context.now.as_second();
    json!({
        "id": it.id.as_str(),
        "object": "balance_transaction",
        "amount": it.amount,
        "available_on": available_on,
        "balance_type": "payments",
        "created": it.created,
        "currency": it.currency.as_str(),
        "description": it.description,
        "exchange_rate": null,
        "fee": 0,
        "fee_details": [],
        "net": it.amount,
        "reporting_category": it.category,
        "source": it.source,
        "status": if available { "available" } else { "pending" },
        "type": it.kind,
    })
}
