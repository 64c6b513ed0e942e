//! What may change on an intent until it is paid.

use crate::model::payment_intent::PaymentIntent;

use super::super::requests::IntentDetails;

/// Writes the changes into the intent.
pub(super) fn apply(intent: &mut PaymentIntent, details: IntentDetails) {
    fn set<T>(field: &mut Option<T>, change: Option<Option<T>>) {
        if let Some(value) = change {
            *field = value;
        }
    }
    set(&mut intent.description, details.description);
    set(&mut intent.statement_descriptor, details.statement_descriptor);
    set(&mut intent.statement_descriptor_suffix, details.statement_descriptor_suffix);
    set(&mut intent.receipt_email, details.receipt_email);
    set(&mut intent.shipping, details.shipping);
    set(&mut intent.setup_future_usage, details.setup_future_usage);
    if let Some(change) = details.metadata {
        change.apply(&mut intent.metadata);
    }
}
