//! Test clocks: what happens in a year, seen in a minute. In test mode only.

use onfile_core::ids::{Id, TestClockId};

use super::{answer, failure, find, listed, missing};
use crate::billing::clocks;
use crate::model::test_clock::TestClock;
use crate::render::test_clock::test_clock;
use crate::store::{objects, pages};
use crate::wire::call::{Answer, Call};
use crate::wire::error::ApiError;
use crate::wire::expand::{Expand, Kind};
use crate::wire::list::window;

const NOUN: &str = "test_clock";
const NAME_MAX: usize = 300;

/// `POST /v1/test_helpers/test_clocks`
pub async fn create(mut call: Call) -> Result<Answer, ApiError> {
    test_mode(&call)?;
    let frozen_time = call.params.time("frozen_time")?.ok_or_else(|| ApiError::missing("frozen_time"))?;
    let name = call.params.text("name", NAME_MAX)?;
    let expand = Expand::of(&mut call.params, Kind::TestClock)?;
    call.finish()?;
    let created = call.app.now_seconds();
    let clock = TestClock { id: call.app.ids.next(), created, name, frozen_time, target: None };
    let mut tx = call.app.db.begin().await?;
    objects::insert(&mut tx, &call.merchant.account.id, &clock).await?;
    let versioned = objects::Versioned::new(clock);
    clocks::tell(&mut tx, &call.app, &call.cause(), "test_helpers.test_clock.created", &versioned).await?;
    let rendered = test_clock(&call.rendering(), &versioned.object);
    let body = super::expanded(&call, &mut tx, rendered, &expand).await?;
    call.commit(tx, versioned.object.id.as_str(), body).await
}

/// `GET /v1/test_helpers/test_clocks/{id}`
pub async fn retrieve(mut call: Call) -> Result<Answer, ApiError> {
    let id: TestClockId = call.id("id", NOUN, "id")?;
    let expand = Expand::of(&mut call.params, Kind::TestClock)?;
    call.finish()?;
    find::<TestClock>(&call, &id, NOUN, "id").await?;
    answer(&call, &id, &expand).await
}

/// `POST /v1/test_helpers/test_clocks/{id}/advance`: the clock moves in the background.
pub async fn advance(mut call: Call) -> Result<Answer, ApiError> {
    let id: TestClockId = call.id("id", NOUN, "id")?;
    let to = call.params.time("frozen_time")?.ok_or_else(|| ApiError::missing("frozen_time"))?;
    let expand = Expand::of(&mut call.params, Kind::TestClock)?;
    call.finish()?;
    find::<TestClock>(&call, &id, NOUN, "id").await?;
    match clocks::advance(&call.app, &call.cause(), &id, to).await {
        Ok(()) => answer(&call, &id, &expand).await,
        Err(error) => Err(failure::explain_billing(&call, error).await),
    }
}

/// `GET /v1/test_helpers/test_clocks`
pub async fn list(mut call: Call) -> Result<Answer, ApiError> {
    let window = window::<TestClockId>(&mut call.params, NOUN, false)?;
    let expand = Expand::of_list(&mut call.params, Kind::TestClock)?;
    call.finish()?;
    let mut tx = call.app.db.read().await?;
    let page = pages::page::<TestClock>(&mut tx, &call.merchant.account.id, &window, None).await?;
    let data = page.objects.iter().map(|clock| test_clock(&call.rendering(), clock)).collect();
    listed(&call, &mut tx, &page, data, &expand).await
}

fn test_mode(call: &Call) -> Result<(), ApiError> {
    if call.merchant.account.livemode {
        return Err(ApiError::invalid("", None, "Test clocks exist in test mode only."));
    }
    Ok(())
}

/// The clock that a new customer names must exist.
pub(super) async fn check(
    tx: &mut onfile_service::db::Tx,
    call: &Call,
    id: &TestClockId,
) -> Result<(), ApiError> {
    let found = objects::load::<TestClock>(tx, &call.merchant.account.id, id).await?;
    found.map(drop).ok_or_else(|| {
        let mut error = missing(id, NOUN, "test_clock");
        error.status = axum::http::StatusCode::BAD_REQUEST;
        error
    })
}
