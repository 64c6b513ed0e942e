//! `GET /v1/account`, and whether we are up.

use onfile_core::ids::Id;
use serde_json::json;

use crate::wire::call::{Answer, Call};
use crate::wire::error::ApiError;

/// The account that the key belongs to: what Onfile knows of it.
pub async fn retrieve(mut call: Call) -> Result<Answer, ApiError> {
    call.finish()?;
    let account = &call.merchant.account;
    let body = json!({
        "id": account.id.as_str(),
        "object": "account",
        "business_profile": { "name": account.name },
        "charges_enabled": true,
        "details_submitted": true,
        "metadata": {},
        "settings": { "dashboard": { "display_name": account.name } },
        "type": "standard",
    });
    Ok(Answer::new(body))
}
