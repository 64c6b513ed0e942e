//! Mandates: agreements to debit a bank account.

use onfile_core::ids::MandateId;

use super::{answer, find};
use crate::model::mandate::Mandate;
use crate::wire::call::{Answer, Call};
use crate::wire::error::ApiError;
use crate::wire::expand::{Expand, Kind};

/// `GET /v1/mandates/{id}`
pub async fn retrieve(mut call: Call) -> Result<Answer, ApiError> {
    let id: MandateId = call.id("id", "mandate", "id")?;
    let expand = Expand::of(&mut call.params, Kind::Mandate)?;
    call.finish()?;
    find::<Mandate>(&call, &id, "mandate", "id").await?;
    answer(&call, &id, &expand).await
}
