//! Setup intents.

use onfile_core::ids::Id;
use serde_json::{Value, json};

use super::{Context, parts};
use crate::model::setup_intent::{SetupIntent, SetupStatus};

/// A setup intent; `tried` is the rendered method of its last error.
pub fn setup_intent(context: &Context<'_>, intent: &SetupIntent, tried: Option<Value>) -> Value {
    json!({
        "id": intent.id.as_str(),
        "object": "setup_intent",
        "allowed_payment_method_types": intent.allowed_types.then_some(&intent.payment_method_types),
        "application": null,
        "automatic_payment_methods": parts::automatic(intent.automatic_payment_methods),
        "cancellation_reason": intent.cancellation_reason,
        "client_secret": intent.client_secret,
        "created": intent.created,
        "customer": intent.customer.as_ref().map(Id::as_str),
        "customer_account": null,
        "description": intent.description,
        "excluded_payment_method_types": null,
        "flow_directions": null,
        "last_setup_error": parts::last_error(intent.last_error.as_ref(), tried),
        "latest_attempt": intent.latest_attempt.as_ref().map(Id::as_str),
        "livemode": context.account.livemode,
        "managed_payments": null,
        "mandate": intent.mandate.as_ref().map(Id::as_str),
        "metadata": parts::metadata(&intent.metadata),
        "next_action": parts::next_action(
            intent.challenge.as_ref(),
            intent.return_url.as_deref(),
            intent.micro_deposits.as_ref(),
            &parts::verification_url(context, &intent.client_secret),
        ),
        "on_behalf_of": null,
        "payment_method": intent.payment_method.as_ref().map(Id::as_str),
        "payment_method_configuration_details": null,
        "payment_method_options": options(&intent.payment_method_types),
        "payment_method_types": intent.payment_method_types,
        "single_use_mandate": null,
        "status": status(intent.status),
        "usage": intent.usage,
    })
}

/// The word on the wire.
pub fn status(status: SetupStatus) -> &'static str {
    match status {
        SetupStatus::RequiresPaymentMethod => "requires_payment_method",
        SetupStatus::RequiresConfirmation => "requires_confirmation",
        SetupStatus::RequiresAction => "requires_action",
        SetupStatus::Processing => "processing",
        SetupStatus::Succeeded => "succeeded",
        SetupStatus::Canceled => "canceled",
    }
}

fn options(types: &[String]) -> Value {
    let mut options = json!({});
    if types.iter().any(|kind| kind == "us_bank_account") {
        options["us_bank_account"] = parts::bank_options();
    }
    if types.iter().any(|kind| kind == "card") {
        options["card"] =
            json!({ "mandate_options": null, "network": null, "request_three_d_secure": "automatic" });
    }
    options
}
