//! Tax rates.

use onfile_core::ids::{Id, TaxRateId};
use onfile_service::db::{Param, Tx};

use super::percent_params::percent;
use super::{answer, expanded, find, listed, missing};
use crate::model::event::Snapshot;
use crate::model::tax_rate::TaxRate;
use crate::render;
use crate::store::events::{self, News};
use crate::store::objects::Versioned;
use crate::store::{objects, pages};
use crate::wire::call::{Answer, Call};
use crate::wire::error::ApiError;
use crate::wire::expand::{Expand, Kind};
use crate::wire::list::window;
use crate::wire::params::{Given, MetadataPatch, Params, TEXT_MAX};

const NOUN: &str = "tax rate";
/// Stripe's limits.
const DISPLAY_NAME_MAX: usize = 50;
const JURISDICTION_MAX: usize = 50;
const STATE_MAX: usize = 3;
const TAX_TYPES: [&str; 28] = [
    "admissions_tax",
    "amusement_tax",
    "attendance_tax",
    "communications_tax",
    "digital_excise_tax",
    "entertainment_tax",
    "get_fund",
    "gross_receipts_tax",
    "gst",
    "hospitality_tax",
    "hst",
    "igst",
    "jct",
    "lease_tax",
    "luxury_tax",
    "mass_transit_parking_tax",
    "nhil",
    "parking_tax",
    "pst",
    "qst",
    "resort_tax",
    "retail_delivery_fee",
    "rst",
    "sales_tax",
    "service_tax",
    "tourism_tax",
    "utility_users_tax",
    "vat",
];

/// What can be said of a rate besides how much it is.
struct Patch {
    active: Option<bool>,
    display_name: Option<String>,
    country: Given<String>,
    state: Given<String>,
    jurisdiction: Given<String>,
    description: Given<String>,
    tax_type: Given<&'static str>,
    metadata: MetadataPatch,
}

fn patch(params: &mut Params) -> Result<Patch, ApiError> {
    Ok(Patch {
        active: params.boolean("active")?,
        display_name: params.text("display_name", DISPLAY_NAME_MAX)?,
        country: country(params)?,
        state: params.text_or_unset("state", STATE_MAX)?,
        jurisdiction: params.text_or_unset("jurisdiction", JURISDICTION_MAX)?,
        description: params.text_or_unset("description", TEXT_MAX)?,
        tax_type: params.word_or_unset("tax_type", &TAX_TYPES)?,
        metadata: params.metadata()?,
    })
}

fn country(params: &mut Params) -> Result<Given<String>, ApiError> {
    match params.text_or_unset("country", TEXT_MAX)? {
        Given::Set(code) if code.len() != 2 || !code.bytes().all(|b| b.is_ascii_alphabetic()) => {
            let message = "Country must be a two-letter code such as US (ISO 3166-1 alpha-2).";
            Err(ApiError::invalid("country", None, message))
        }
        Given::Set(code) => Ok(Given::Set(code.to_ascii_uppercase())),
        given => Ok(given),
    }
}

impl Patch {
    fn apply(self, it: &mut TaxRate) -> Result<(), ApiError> {
        it.active = self.active.unwrap_or(it.active);
        it.display_name = self.display_name.unwrap_or_else(|| std::mem::take(&mut it.display_name));
        self.country.apply(&mut it.country);
        self.state.apply(&mut it.state);
        self.jurisdiction.apply(&mut it.jurisdiction);
        self.description.apply(&mut it.description);
        match self.tax_type {
            Given::Absent => {}
            given => it.tax_type = given.value().map(str::to_owned),
        }
        self.metadata.apply(&mut it.metadata)
    }
}

/// `POST /v1/tax_rates`
pub async fn create(mut call: Call) -> Result<Answer, ApiError> {
    let patch = patch(&mut call.params)?;
    let percentage = percent(&mut call.params, "percentage")?;
    let inclusive = call.params.boolean("inclusive")?;
    let expand = Expand::of(&mut call.params, Kind::TaxRate)?;
    call.finish()?;
    let mut it = TaxRate {
        id: call.app.ids.next(),
        created: call.app.now_seconds(),
        active: true,
        display_name: patch.display_name.clone().ok_or_else(|| ApiError::missing("display_name"))?,
        percentage: percentage.ok_or_else(|| ApiError::missing("percentage"))?,
        inclusive: inclusive.ok_or_else(|| ApiError::missing("inclusive"))?,
        country: None,
        state: None,
        jurisdiction: None,
        description: None,
        tax_type: None,
        metadata: crate::model::Metadata::new(),
    };
    patch.apply(&mut it)?;
    let mut tx = call.app.db.begin().await?;
    objects::insert(&mut tx, &call.merchant.account.id, &it).await?;
    tell(&mut tx, &call, "tax_rate.created", &Versioned::new(it.clone())).await?;
    finish(call, tx, &it, &expand).await
}

/// `GET /v1/tax_rates/{id}`
pub async fn retrieve(mut call: Call) -> Result<Answer, ApiError> {
    let id: TaxRateId = call.id("id", NOUN, "id")?;
    let expand = Expand::of(&mut call.params, Kind::TaxRate)?;
    call.finish()?;
    find::<TaxRate>(&call, &id, NOUN, "id").await?;
    answer(&call, &id, &expand).await
}

/// `POST /v1/tax_rates/{id}`: how much it is stays as it is.
pub async fn update(mut call: Call) -> Result<Answer, ApiError> {
    let id: TaxRateId = call.id("id", NOUN, "id")?;
    let patch = patch(&mut call.params)?;
    let expand = Expand::of(&mut call.params, Kind::TaxRate)?;
    call.finish()?;
    let mut tx = call.app.db.begin().await?;
    let locked = objects::lock::<TaxRate>(&mut tx, &call.merchant.account.id, &id).await?;
    let mut it = locked.ok_or_else(|| missing(&id, NOUN, "id"))?;
    patch.apply(&mut it.object)?;
    objects::save(&mut tx, &call.merchant.account.id, &it.object).await?;
    tell(&mut tx, &call, "tax_rate.updated", &it).await?;
    finish(call, tx, &it.object, &expand).await
}

/// `GET /v1/tax_rates`
pub async fn list(mut call: Call) -> Result<Answer, ApiError> {
    let window = window::<TaxRateId>(&mut call.params, NOUN, true)?;
    let filter: [Param<'_>; 2] =
        [call.params.boolean("active")?.into(), call.params.boolean("inclusive")?.into()];
    let expand = Expand::of_list(&mut call.params, Kind::TaxRate)?;
    call.finish()?;
    let mut tx = call.app.db.read().await?;
    let account = &call.merchant.account.id;
    let rows = pages::filtered(&mut tx, account, pages::TAX_RATES, &window, &filter).await?;
    let page = pages::objects::<TaxRate>(rows)?;
    let data = page.objects.iter().map(|it| render::tax_rate::tax_rate(&call.rendering(), it)).collect();
    listed(&call, &mut tx, &page, data, &expand).await
}

async fn tell(tx: &mut Tx, call: &Call, kind: &str, it: &Versioned<TaxRate>) -> Result<(), ApiError> {
    let snapshot = Snapshot::TaxRate(it.object.clone());
    let before = it.before.as_deref();
    let news = News { kind, version: it.version, snapshot: &snapshot, before };
    Ok(events::append(tx, &call.app, &call.cause(), &news).await?)
}

async fn finish(call: Call, mut tx: Tx, it: &TaxRate, expand: &Expand) -> Result<Answer, ApiError> {
    let rendered = render::tax_rate::tax_rate(&call.rendering(), it);
    let body = expanded(&call, &mut tx, rendered, expand).await?;
    call.commit(tx, it.id.as_str(), body).await
}
