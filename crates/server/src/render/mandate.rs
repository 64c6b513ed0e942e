//! Mandates.

use onfile_core::ids::Id;
use serde_json::{Value, json};

use super::Context;
use crate::model::mandate::{Mandate, MandateStatus};

/// A mandate.
pub fn mandate(context: &Context<'_>, mandate: &Mandate) -> Value {
    json!({
        "id": mandate.id.as_str(),
        "object": "mandate",
        "customer_acceptance": acceptance(mandate),
        "livemode": context.account.livemode,
        "multi_use": {},
        "onfile": { "ended_by": mandate.ended_by },
        "payment_method": mandate.payment_method.as_str(),
        "payment_method_details": { "type": "us_bank_account", "us_bank_account": {} },
        "status": status(mandate.status),
        "type": "multi_use",
    })
}

fn acceptance(mandate: &Mandate) -> Value {
    let accepted_at = mandate.acceptance.accepted_at;
    match &mandate.acceptance.online {
        Some(online) => json!({
            "accepted_at": accepted_at,
            "online": { "ip_address": online.ip, "user_agent": online.user_agent },
            "type": "online",
        }),
        None => json!({ "accepted_at": accepted_at, "offline": {}, "type": "offline" }),
    }
}

fn status(status: MandateStatus) -> &'static str {
    match status {
        MandateStatus::Pending => "pending",
        MandateStatus::Active => "active",
        MandateStatus::Inactive => "inactive",
    }
}
