//! Payment intents.

use onfile_core::ach::ReturnCode;
use onfile_core::ids::Id;
use onfile_core::payment::PaymentStatus;
use serde_json::{Value, json};

use super::{Context, parts};
use crate::model::payment_intent::PaymentIntent;

/// A payment intent; `tried` is the rendered method of its last error.
pub fn payment_intent(context: &Context<'_>, intent: &PaymentIntent, tried: Option<Value>) -> Value {
    let capturable =
        if intent.status == PaymentStatus::RequiresCapture { intent.amounts.capturable() } else { 0 };
    json!({
        "id": intent.id.as_str(),
        "object": "payment_intent",
        "allowed_payment_method_types": intent.allowed_types.then_some(&intent.payment_method_types),
        "amount": intent.amount,
        "amount_capturable": capturable,
        "amount_details": { "tip": {} },
        "amount_received": intent.amounts.captured_total(),
        "application": null,
        "application_fee_amount": null,
        "automatic_payment_methods": parts::automatic(intent.automatic_payment_methods),
        "canceled_at": intent.canceled_at,
        "cancellation_reason": intent.cancellation_reason,
        "capture_method": intent.capture_method,
        "client_secret": intent.client_secret,
        "confirmation_method": intent.confirmation_method,
        "created": intent.created,
        "currency": intent.currency.as_str(),
        "customer": intent.customer.as_ref().map(Id::as_str),
        "customer_account": null,
        "description": intent.description,
        "excluded_payment_method_types": null,
        "last_payment_error": parts::last_error(intent.last_error.as_ref(), tried),
        "latest_charge": intent.latest_charge.as_ref().map(Id::as_str),
        "livemode": context.account.livemode,
        "managed_payments": null,
        "metadata": parts::metadata(&intent.metadata),
        "next_action": parts::next_action(
            intent.challenge.as_ref(),
            intent.return_url.as_deref(),
            intent.micro_deposits.as_ref(),
            &parts::verification_url(context, &intent.client_secret),
        ),
        "on_behalf_of": null,
        "onfile": onfile(intent),
        "payment_details": { "customer_reference": null, "order_reference": intent.invoice.as_ref().map(Id::as_str) },
        "payment_method": intent.payment_method.as_ref().map(Id::as_str),
        "payment_method_configuration_details": null,
        "payment_method_options": options(&intent.payment_method_types),
        "payment_method_types": intent.payment_method_types,
        "payment_record": null,
        "processing": null,
        "receipt_email": intent.receipt_email,
        "review": null,
        "setup_future_usage": intent.setup_future_usage,
        "shipping": parts::shipping(intent.shipping.as_ref()),
        "source": null,
        "statement_descriptor": intent.statement_descriptor,
        "statement_descriptor_suffix": intent.statement_descriptor_suffix,
        "status": intent.status.as_str(),
        "transfer_data": null,
        "transfer_group": intent.transfer_group,
    })
}

/// What Stripe has no field for: whether the debt is paid, also where a bank took the money back.
fn onfile(intent: &PaymentIntent) -> Value {
    let paid = intent.status == PaymentStatus::Succeeded && intent.taken_back.is_none();
    let taken_back = intent.taken_back.as_ref().map(|back| {
        let class = ReturnCode::of(&back.return_code).class.as_str();
        json!({
            "at": back.at,
            "charge": back.charge.as_str(),
            "return_class": class,
            "return_code": back.return_code,
        })
    });
    json!({
        "debt": if paid { "paid" } else { "open" },
        "invoice": intent.invoice.as_ref().map(Id::as_str),
        "run": intent.run.as_ref().map(Id::as_str),
        "taken_back": taken_back,
    })
}

fn options(types: &[String]) -> Value {
    let mut options = json!({});
    if types.iter().any(|kind| kind == "us_bank_account") {
        let mut bank = parts::bank_options();
        bank["transaction_purpose"] = "unspecified".into();
        options["us_bank_account"] = bank;
    }
    if types.iter().any(|kind| kind == "card") {
        options["card"] = json!({
            "installments": null,
            "mandate_options": null,
            "network": null,
            "request_three_d_secure": "automatic",
        });
    }
    options
}

/// What a browser with the client secret may read: not the merchant's notes, not whose other cards these are, and of
/// a decline no more than a customer needs (finer words help whoever tries out stolen cards).
pub fn for_browser(mut object: Value) -> Value {
    if let Some(fields) = object.as_object_mut() {
        for (name, hidden) in [
            ("metadata", json!({})),
            ("customer", Value::Null),
            ("latest_charge", Value::Null),
            ("onfile", json!({})),
        ] {
            if fields.contains_key(name) {
                fields.insert(name.to_owned(), hidden);
            }
        }
        for name in ["last_payment_error", "last_setup_error"] {
            if let Some(error) = fields.get_mut(name).and_then(Value::as_object_mut) {
                error.retain(|key, _| matches!(key.as_str(), "code" | "message" | "type"));
            }
        }
    }
    object
}
