//! `GET /dashboard/payments/{id}`: one payment and everything that was sent for it.

use axum::extract::Path;
use axum::response::{Html, IntoResponse, Response};
use onfile_core::ach::ReturnCode;
use onfile_core::currency::Currency;
use onfile_core::ids::{AccountId, Id, PaymentIntentId, created_at};
use onfile_core::money::Money;
use onfile_core::operation::OperationState;
use onfile_service::db::{DbError, Tx};
use serde_json::Value;

use super::payment_view::{self, NoticeView, PaymentView, StepView};
use super::payments::{Names, tried};
use super::staff::Staff;
use super::status::chip_of;
use crate::model::operation::Operation;
use crate::model::payment_intent::PaymentIntent;
use crate::pages::problem::Problem;
use crate::pages::receipts::receipt_path;
use crate::pages::visit::Visit;
use crate::pages::words;
use crate::store::notices::from_row;
use crate::store::pages::{self, Window};
use crate::store::{objects, operations};

/// Notices on one page, the newest.
const NOTICES_MAX: u32 = 20;
/// Operations on one page.
const STEPS_MAX: usize = 100;
/// What is fetched: one more, to know whether there are more.
const STEPS_FETCHED: u32 = 101;

/// The page.
pub async fn show(Path(id): Path<String>, visit: Visit) -> Result<Response, Problem> {
    let staff = Staff::of(&visit).await?;
    let account = &staff.account.id;
    let id = PaymentIntentId::parse(&id).ok_or(Problem::NotFound)?;
    let mut tx = visit.app.db.read().await?;
    let intent =
        objects::load::<PaymentIntent>(&mut tx, account, &id).await?.ok_or(Problem::NotFound)?.object;
    let mut operations = operations::of_debt(&mut tx, account, id.as_str(), STEPS_FETCHED).await?;
    let cut = operations.len() > STEPS_MAX;
    operations.truncate(STEPS_MAX);
    let mut names = Names::default();
    let mut steps = Vec::with_capacity(operations.len());
    for operation in &operations {
        let method = names.method(&mut tx, account, operation.doc.payment_method.as_ref()).await?;
        steps.push(step(operation, method, intent.currency));
    }
    let notices = notices(&mut tx, account, &id).await?;
    let receipt = receipt_path(&mut tx, account, &intent).await?;
    let customer = names.customer(&mut tx, account, intent.customer.as_ref()).await?;
    let method = names.method(&mut tx, account, tried(&intent)).await?;
    let money = |minor| Money::new(minor, intent.currency).to_string();
    let view = PaymentView {
        staff: staff.view(),
        id: id.as_str(),
        chip: chip_of(&intent),
        amounts: [
            ("Amount", money(intent.amount)),
            ("Authorised", money(intent.amounts.authorised_total())),
            ("Captured", money(intent.amounts.captured_total())),
            ("Refunded", money(intent.amounts.refunded_total())),
        ],
        customer,
        method,
        description: intent.description.as_deref(),
        created: intent.created,
        receipt: receipt.filter(|_| intent.amounts.authorised_total() > 0),
        taken_back: intent.taken_back.as_ref().map(|back| {
            let meaning = ReturnCode::of(&back.return_code).meaning;
            (back.return_code.clone(), meaning, back.at)
        }),
        steps,
        cut,
        notices,
    };
    Ok(Html(payment_view::payment(&view).into_string()).into_response())
}

async fn notices(tx: &mut Tx, account: &AccountId, id: &PaymentIntentId) -> Result<Vec<NoticeView>, DbError> {
    let page =
        pages::rows(tx, account, pages::NOTICES_OF_PAYMENT, &Window::newest(NOTICES_MAX), &[id.as_str()])
            .await?;
    page.objects
        .iter()
        .map(|row| {
            let notice = from_row(row)?.notice;
            Ok(NoticeView {
                title: words::notice(&notice.kind),
                state: words::notice_state(notice.state),
                reason: notice.reason,
                created: created_at(&notice.id),
            })
        })
        .collect()
}

fn step(operation: &Operation, method: Option<String>, currency: Currency) -> StepView {
    let doc = &operation.doc;
    let amount = (doc.amount > 0).then(|| Money::new(doc.amount, currency).to_string());
    StepView {
        title: words::operation(operation.kind),
        state: words::state(operation.state),
        amount,
        method,
        initiator: operation.initiator.as_str(),
        key: operation.id.as_str().to_owned(),
        decline: decline(operation),
        created: operation.created / 1000,
        checks: operation.checks,
    }
}

/// The codes as the processor gave them: `insufficient_funds · 51 · try_again_later`.
fn decline(operation: &Operation) -> Option<(String, &'static str)> {
    if operation.state != OperationState::Declined {
        return None;
    }
    let words = operation.doc.result.as_ref()?;
    let part = |of: &str, name: &str| words.get(of).and_then(|it| it.get(name)).and_then(Value::as_str);
    if let Some(code) = words.get("return_code").and_then(Value::as_str) {
        return Some((code.to_owned(), ReturnCode::of(code).meaning));
    }
    let code = part("decline", "code").or_else(|| part("error", "code"))?;
    let rest = [part("decline", "network_code"), part("decline", "advice_code")];
    let codes: Vec<&str> = std::iter::once(code).chain(rest.into_iter().flatten()).collect();
    Some((codes.join(" · "), words::for_staff(code)))
}
