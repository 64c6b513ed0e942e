//! Notices: what customers were told by mail, and what became of it.

use onfile_core::ids::{CustomerId, Id, NoticeId};
use onfile_service::db::{DbError, Row, Tx};
use serde_json::Value;

use crate::notices::recipient;
use crate::render;
use crate::store::notices::from_row;
use crate::store::pages::{self, Window};
use crate::wire::call::{Answer, Call, missing_in_path};
use crate::wire::error::ApiError;
use crate::wire::list::{envelope, window};

/// `GET /v1/onfile/notices/{id}`
pub async fn retrieve(mut call: Call) -> Result<Answer, ApiError> {
    let id: NoticeId = call.id("id", "notice", "id")?;
    call.finish()?;
    let mut tx = call.app.db.read().await?;
    let only = Window::only(&id);
    let page = pages::rows(&mut tx, &call.merchant.account.id, pages::NOTICES, &only, &[]).await?;
    let row = page.objects.iter().find(|row| row.text("id").is_ok_and(|found| found == id.as_str()));
    let row = row.ok_or_else(|| missing_in_path("notice", &id, "id"))?;
    Ok(Answer::new(render(&call, &mut tx, row).await?))
}

/// `GET /v1/onfile/notices`
pub async fn list(mut call: Call) -> Result<Answer, ApiError> {
    let window = window::<NoticeId>(&mut call.params, "notice", true)?;
    let customer: Option<CustomerId> = call.params.id("customer", "customer")?;
    call.finish()?;
    let account = &call.merchant.account.id;
    let mut tx = call.app.db.read().await?;
    let page = match &customer {
        Some(customer) => {
            pages::rows(&mut tx, account, pages::NOTICES_OF_CUSTOMER, &window, &[customer.as_str()]).await?
        }
        None => pages::rows(&mut tx, account, pages::NOTICES, &window, &[]).await?,
    };
    let mut data = Vec::with_capacity(page.objects.len());
    for row in &page.objects {
        data.push(render(&call, &mut tx, row).await?);
    }
    Ok(Answer::new(envelope(&call, &page, data)?))
}

async fn render(call: &Call, tx: &mut Tx, row: &Row) -> Result<Value, DbError> {
    let kept = from_row(row)?;
    let recipient = recipient(tx, &call.app, &call.merchant.account.id, &kept).await?;
    Ok(render::notice::notice(&call.rendering(), &kept.notice, recipient.as_deref()))
}
