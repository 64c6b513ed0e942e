//! The balance, and what came and went. Onfile holds no money: what it collects is at the merchant's processor, so the
//! balance itself is 0, and its transactions are made of charges, refunds and disputes (`render/balance_transaction`).

use onfile_core::currency::Currency;
use onfile_core::ids::{BalanceTransactionId, ChargeId, DisputeId, Id, RefundId};
use onfile_service::db::Tx;
use serde_json::{Value, json};

use super::intent_params::currency;
use super::{answer, listed, missing};
use crate::model::charge::Charge;
use crate::model::dispute::Dispute;
use crate::model::refund::Refund;
use crate::render::balance_transaction::{of_charge, of_dispute, of_refund};
use crate::render::full::Full;
use crate::store::pages::{self, Listing, Page, Window};
use crate::wire::call::{Answer, Call};
use crate::wire::error::ApiError;
use crate::wire::expand::{Expand, Kind};
use crate::wire::list::window;

const NOUN: &str = "balance transaction";
/// Lets every document through.
const ANY: &str = "%";
/// What the document of a refund to a bank account has.
const TO_BANK: &str = "%\"to_bank\":true%";
const TYPES: [&str; 5] = ["charge", "payment", "refund", "payment_refund", "adjustment"];

/// Which transactions are wanted: patterns for their documents.
struct Filter {
    kind: Option<&'static str>,
    currency: Option<Currency>,
}

impl Filter {
    /// A pattern that every document in the currency matches. Metadata may match it too, so what was found is looked at.
    fn pattern(&self) -> String {
        self.currency.map_or_else(|| ANY.to_owned(), |it| format!("%\"currency\":\"{}\"%", it.as_str()))
    }

    fn wants(&self, currency: Currency) -> bool {
        self.currency.is_none_or(|wanted| wanted == currency)
    }
}

/// `GET /v1/balance`
pub async fn retrieve(mut call: Call) -> Result<Answer, ApiError> {
    call.finish()?;
    let nothing =
        json!([{ "amount": 0, "currency": "usd", "source_types": { "bank_account": 0, "card": 0 } }]);
    Ok(Answer::new(json!({
        "object": "balance",
        "available": nothing,
        "livemode": call.merchant.account.livemode,
        "pending": nothing,
    })))
}

/// `GET /v1/balance_transactions/{id}`
pub async fn transaction(mut call: Call) -> Result<Answer, ApiError> {
    let id: BalanceTransactionId = call.id("id", NOUN, "id")?;
    let expand = Expand::of(&mut call.params, Kind::BalanceTransaction)?;
    call.finish()?;
    let mut tx = call.app.db.read().await?;
    if Full::new(&mut tx, call.rendering()).by_id(id.as_str()).await?.is_none() {
        return Err(missing(&id, NOUN, "id"));
    }
    drop(tx);
    answer(&call, &id, &expand).await
}

/// `GET /v1/balance_transactions`
pub async fn transactions(mut call: Call) -> Result<Answer, ApiError> {
    let window = window::<BalanceTransactionId>(&mut call.params, NOUN, true)?;
    let source = call.params.text("source", onfile_core::ids::ID_LEN_MAX)?;
    let currency = currency(&mut call.params)?;
    let filter = Filter { kind: call.params.word("type", &TYPES)?, currency };
    let expand = Expand::of_list(&mut call.params, Kind::BalanceTransaction)?;
    call.finish()?;
    let mut tx = call.app.db.read().await?;
    let page = match source {
        Some(source) => of_source(&mut tx, &call, &source).await?,
        None => merged(&mut tx, &call, &window, &filter).await?,
    };
    let data = page.objects.iter().map(|(_, rendered)| rendered.clone()).collect();
    listed(&call, &mut tx, &page, data, &expand).await
}

/// Digits of the id, by which transactions are in order, and the transaction.
type Placed = (String, Value);

/// The one that a charge, a refund or a dispute brought.
async fn of_source(tx: &mut Tx, call: &Call, source: &str) -> Result<Page<Placed>, ApiError> {
    let id = [ChargeId::PREFIX, RefundId::PREFIX, DisputeId::PREFIX]
        .into_iter()
        .find_map(|prefix| source.strip_prefix(prefix))
        .map(|digits| format!("{}{digits}", BalanceTransactionId::PREFIX));
    let id = id.ok_or_else(|| ApiError::no_such("source", source, "source"))?;
    let found = Full::new(tx, call.rendering()).by_id(&id).await?;
    let objects = found.into_iter().map(|found| (id.clone(), found)).collect();
    Ok(Page { objects, has_more: false, unknown: None })
}

/// Those of all kinds in one order.
async fn merged(
    tx: &mut Tx,
    call: &Call,
    window: &Window,
    filter: &Filter,
) -> Result<Page<Placed>, ApiError> {
    if let Some(cursor) = &window.cursor
        && Full::new(tx, call.rendering()).by_id(&cursor.id).await?.is_none()
    {
        return Err(ApiError::no_such(&cursor.noun, &cursor.id, cursor.param));
    }
    let mut has_more = false;
    let mut objects: Vec<Placed> = Vec::new();
    for (kinds, part) in [
        (["charge", "payment"], Part::Charges),
        (["refund", "payment_refund"], Part::Refunds),
        (["adjustment", "adjustment"], Part::Disputes),
    ] {
        if filter.kind.is_some_and(|kind| !kinds.contains(&kind)) {
            continue;
        }
        let page = part.read(tx, call, window, filter).await?;
        has_more |= page.has_more;
        objects.extend(page.objects);
    }
    objects.sort_by(|(a, _), (b, _)| b.cmp(a));
    let limit = usize::try_from(window.limit).unwrap_or(1);
    has_more |= objects.len() > limit;
    if window.backwards {
        objects.drain(..objects.len().saturating_sub(limit));
    }
    objects.truncate(limit);
    Ok(Page { objects, has_more, unknown: None })
}

/// What transactions are made of.
#[derive(Clone, Copy)]
enum Part {
    Charges,
    Refunds,
    Disputes,
}

impl Part {
    async fn read(
        self,
        tx: &mut Tx,
        call: &Call,
        window: &Window,
        filter: &Filter,
    ) -> Result<Page<Placed>, ApiError> {
        let currency = filter.pattern();
        let currency = currency.as_str();
        Ok(match self {
            Self::Charges => {
                let kind = match filter.kind {
                    Some("charge") => "%\"details\":{\"type\":\"card\"%",
                    Some("payment") => "%\"details\":{\"type\":\"us_bank_account\"%",
                    _ => ANY,
                };
                let window = window.counterpart::<BalanceTransactionId, ChargeId>();
                let patterns = [kind, currency];
                let page = rows::<Charge>(tx, call, pages::CHARGES_CAPTURED, &window, &patterns).await?;
                placed(&page, |it| of_charge(&call.rendering(), it).filter(|_| filter.wants(it.currency)))
            }
            Self::Refunds => {
                let (wanted, unwanted) = match filter.kind {
                    Some("payment_refund") => (TO_BANK, ""),
                    Some(_) => (ANY, TO_BANK),
                    None => (ANY, ""),
                };
                let window = window.counterpart::<BalanceTransactionId, RefundId>();
                let patterns = [wanted, currency, unwanted];
                {
                    let page = rows::<Refund>(tx, call, pages::REFUNDS_LIKE, &window, &patterns).await?;
                    placed(&page, |it| of_refund(&call.rendering(), it).filter(|_| filter.wants(it.currency)))
                }
            }
            Self::Disputes => {
                let window = window.counterpart::<BalanceTransactionId, DisputeId>();
                let page = rows::<Dispute>(tx, call, pages::DISPUTES_LIKE, &window, &[ANY, currency]).await?;
                placed(&page, |it| {
                    Some(of_dispute(&call.rendering(), it)).filter(|_| filter.wants(it.currency))
                })
            }
        })
    }
}

async fn rows<T: crate::model::Object>(
    tx: &mut Tx,
    call: &Call,
    listing: Listing,
    window: &Window,
    patterns: &[&str],
) -> Result<Page<T>, ApiError> {
    let window = Window { cursor: None, ..window.clone() };
    let rows = pages::rows(tx, &call.merchant.account.id, listing, &window, patterns).await?;
    Ok(pages::objects(rows)?)
}

fn placed<T: crate::model::Object>(page: &Page<T>, render: impl Fn(&T) -> Option<Value>) -> Page<Placed> {
    let place = |it: &T| it.id().as_str().split_once('_').map_or("", |(_, digits)| digits).to_owned();
    let objects = page.objects.iter().filter_map(|it| Some((place(it), render(it)?))).collect();
    Page { objects, has_more: page.has_more, unknown: None }
}
