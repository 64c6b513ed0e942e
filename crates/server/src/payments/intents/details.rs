//! What may change on an intent until it is paid.

use crate::model::payment_intent::PaymentIntent;

use super::super::Error;
use super::super::requests::IntentDetails;

/// Writes the changes into the intent.
///
/// # Errors
/// When there would be too much metadata.
pub(super) fn apply(intent: &mut PaymentIntent, details: IntentDetails) -> Result<(), Error> {
    if let Some(value) = details.description {
        intent.description = value;
    }
    if let Some(value) = details.statement_descriptor {
        intent.statement_descriptor = value;
    }
    if let Some(value) = details.statement_descriptor_suffix {
        intent.statement_descriptor_suffix = value;
    }
    if let Some(value) = details.transfer_group {
        intent.transfer_group = value;
    }
    if let Some(value) = details.receipt_email {
        intent.receipt_email = value;
    }
    if let Some(value) = details.shipping {
        intent.shipping = value;
    }
    if let Some(value) = details.setup_future_usage {
        intent.setup_future_usage = value;
    }
    if let Some(change) = details.metadata {
        change.apply(&mut intent.metadata)?;
    }
    Ok(())
}
