//! Payment methods: attached, changed, listed, removed. Their numbers are the vault's.

use std::sync::Arc;

use onfile_core::card::Expiry;
use onfile_core::ids::{CustomerId, ID_LEN_MAX, Id, PaymentMethodId};
use onfile_core::vault_contract::{Address, Billing, Details, RefusalCode, Resolve, UpdateExpiry};
use onfile_service::db::{DbError, Tx};

use super::{answer, expanded, find, listed, missing};
use crate::model::customer::Customer;
use crate::model::event::Snapshot;
use crate::model::payment_method::PaymentMethod;
use crate::payments;
use crate::payments::instruments::{self, Instrument};
use crate::render::full::Full;
use crate::store::events::{self, News};
use crate::store::objects::{self, Versioned};
use crate::store::pages::Page;
use crate::store::{destructions, pages, search};
use crate::vault_client::VaultError;
use crate::wire::call::{Answer, Call, missing_in_path};
use crate::wire::error::ApiError;
use crate::wire::expand::{Expand, Kind};
use crate::wire::list::window;
use crate::wire::params::{Given, Params};

const BILLING_TEXT_MAX: usize = 500;
/// The kinds of method that Onfile has.
const TYPES: [&str; 2] = ["card", "us_bank_account"];

/// What a request says of who pays.
struct BillingPatch {
    name: Given<String>,
    email: Given<String>,
    phone: Given<String>,
    address: Given<Address>,
}

fn billing(params: &mut Params) -> Result<BillingPatch, ApiError> {
    let mut group = params.group("billing_details")?.unwrap_or_default();
    let patch = BillingPatch {
        name: group.text_or_unset("name", BILLING_TEXT_MAX)?,
        email: group.text_or_unset("email", BILLING_TEXT_MAX)?,
        phone: group.text_or_unset("phone", BILLING_TEXT_MAX)?,
        address: group.address("address")?,
    };
    group.finish()?;
    Ok(patch)
}

impl BillingPatch {
    fn apply(self, billing: &mut Billing) {
        self.name.apply(&mut billing.name);
        self.email.apply(&mut billing.email);
        self.phone.apply(&mut billing.phone);
        match self.address {
            Given::Absent => {}
            given => billing.address = given.value().unwrap_or_default(),
        }
    }
}

/// `POST /v1/payment_methods` from a server: a token from the vault becomes a method. Numbers were refused before.
pub async fn create(mut call: Call) -> Result<Answer, ApiError> {
    let kind = call.params.word("type", &TYPES)?.ok_or_else(|| ApiError::missing("type"))?;
    let mut group = call.params.group(kind)?.ok_or_else(|| ApiError::missing(format!("{kind}[token]")))?;
    let token = group.required_text("token", ID_LEN_MAX)?;
    group.finish()?;
    let billing = billing(&mut call.params)?;
    let metadata = call.params.metadata()?.into_new()?;
    let redisplay = call.params.word("allow_redisplay", &REDISPLAY)?;
    let expand = Expand::of(&mut call.params, Kind::PaymentMethod)?;
    call.finish()?;
    let param = if kind == "card" { "card[token]" } else { "us_bank_account[token]" };
    let Instrument { mut method, fresh } = adopt(&call, &token, param).await?;
    if !fresh {
        return answer(&call, &method.id, &expand).await;
    }
    billing.apply(&mut method.billing);
    method.metadata = metadata;
    if let Some(redisplay) = redisplay {
        redisplay.clone_into(&mut method.allow_redisplay);
    }
    let mut tx = call.app.db.begin().await?;
    insert(&mut tx, &call, &method).await?;
    finish(call, tx, &method, &expand).await
}

const REDISPLAY: [&str; 3] = ["always", "limited", "unspecified"];

async fn adopt(call: &Call, source: &str, param: &'static str) -> Result<Instrument, ApiError> {
    Ok(instruments::adopt(&call.app, &call.cause(), source, param).await?)
}

/// Two requests that redeemed the same source meet here.
async fn insert(tx: &mut Tx, call: &Call, method: &PaymentMethod) -> Result<(), ApiError> {
    match objects::insert(tx, &call.merchant.account.id, method).await {
        Err(DbError::Duplicate(_)) => Err(payments::Error::Busy.into()),
        other => Ok(other?),
    }
}

/// `GET /v1/payment_methods/{id}`; one that only the vault knows is shown without using it up.
pub async fn retrieve(mut call: Call) -> Result<Answer, ApiError> {
    let id: PaymentMethodId = call.id("id", "PaymentMethod", "id")?;
    let expand = Expand::of(&mut call.params, Kind::PaymentMethod)?;
    call.finish()?;
    match find::<PaymentMethod>(&call, &id, "PaymentMethod", "id").await {
        Ok(_) => answer(&call, &id, &expand).await,
        Err(error) if error.status != axum::http::StatusCode::NOT_FOUND => Err(error),
        Err(_) => unredeemed(&call, &id).await,
    }
}

async fn unredeemed(call: &Call, id: &PaymentMethodId) -> Result<Answer, ApiError> {
    let resolve = Resolve { account: call.merchant.account.id.clone(), source: id.as_str().to_owned() };
    let described = call.app.vault.resolve(&resolve).await.map_err(|error| match error {
        VaultError::Refused(refusal)
            if matches!(refusal.code, RefusalCode::NoSuchMethod | RefusalCode::SourceExpired) =>
        {
            missing_in_path("PaymentMethod", id, "id")
        }
        other => other.into(),
    })?;
    let method = PaymentMethod::new(id.clone(), described);
    Ok(Answer::new(crate::render::payment_method::payment_method(&call.rendering(), &method, None)))
}

/// `POST /v1/payment_methods/{id}`
pub async fn update(mut call: Call) -> Result<Answer, ApiError> {
    let id: PaymentMethodId = call.id("id", "PaymentMethod", "id")?;
    let billing = billing(&mut call.params)?;
    let metadata = call.params.metadata()?;
    let redisplay = call.params.word("allow_redisplay", &REDISPLAY)?;
    let expiry = expiry(&mut call.params)?;
    let expand = Expand::of(&mut call.params, Kind::PaymentMethod)?;
    call.finish()?;
    let known = find::<PaymentMethod>(&call, &id, "PaymentMethod", "id").await?;
    check_kept(&known)?;
    let told = expiry.month.is_some() || expiry.year.is_some();
    let described = if told { Some(tell_expiry(&call, &known, &expiry).await?) } else { None };
    let mut tx = call.app.db.begin().await?;
    let mut method = lock(&mut tx, &call, &id).await?;
    check_kept(&method.object)?;
    if let Some(details) = described {
        method.object.details = details;
    }
    billing.apply(&mut method.object.billing);
    metadata.apply(&mut method.object.metadata)?;
    if let Some(redisplay) = redisplay {
        redisplay.clone_into(&mut method.object.allow_redisplay);
    }
    objects::save(&mut tx, &call.merchant.account.id, &method.object).await?;
    tell(&mut tx, &call, "payment_method.updated", &method).await?;
    finish(call, tx, &method.object, &expand).await
}

/// The months and years that `card[…]` may change, as far as they were sent.
fn expiry(params: &mut Params) -> Result<ExpiryPatch, ApiError> {
    let mut card = params.group("card")?.unwrap_or_default();
    let patch = ExpiryPatch {
        month: card.integer_within("exp_month", 1, 12)?,
        year: card.integer_within("exp_year", 2000, 2099)?,
    };
    card.finish()?;
    Ok(patch)
}

struct ExpiryPatch {
    month: Option<i64>,
    year: Option<i64>,
}

/// Changes the expiry at the vault, which sends it with the number.
async fn tell_expiry(call: &Call, method: &PaymentMethod, patch: &ExpiryPatch) -> Result<Details, ApiError> {
    let Details::Card(card) = &method.details else {
        return Err(ApiError::invalid(
            "card",
            None,
            "Only cards expire: this payment method is a bank account.",
        ));
    };
    let exp_month = patch.month.and_then(|m| u8::try_from(m).ok()).unwrap_or(card.exp_month);
    let exp_year = patch.year.and_then(|y| u16::try_from(y).ok()).unwrap_or(card.exp_year);
    let checked = Expiry::new(exp_month, exp_year).and_then(|e| e.checked_for_new_card(call.app.clock.now()));
    if let Err(error) = checked {
        let (param, code) = match error {
            onfile_core::card::ExpiryError::Month => ("card[exp_month]", "invalid_expiry_month"),
            _ => ("card[exp_year]", "invalid_expiry_year"),
        };
        let mut refused = ApiError::card(code, format!("Your card's expiration date is not valid: {error}."));
        refused.param = Some(param.to_owned());
        refused.status = axum::http::StatusCode::BAD_REQUEST;
        return Err(refused);
    }
    let update = UpdateExpiry {
        account: call.merchant.account.id.clone(),
        method: method.id.clone(),
        exp_month,
        exp_year,
    };
    Ok(call.app.vault.update_expiry(&update).await?.details)
}

/// `POST /v1/payment_methods/{id}/attach`
pub async fn attach(mut call: Call) -> Result<Answer, ApiError> {
    let source = call.segment("id").to_owned();
    let customer: Option<CustomerId> = call.params.id("customer", "customer")?;
    let customer = customer.ok_or_else(|| ApiError::missing("customer"))?;
    let expand = Expand::of(&mut call.params, Kind::PaymentMethod)?;
    call.finish()?;
    require_customer(&mut call.app.db.read().await?, &call, &customer).await?;
    let instrument = adopt(&call, &source, "payment_method").await.map_err(|mut error| {
        if error.code.as_deref() == Some("resource_missing") {
            error.status = axum::http::StatusCode::NOT_FOUND;
        }
        error
    })?;
    if instrument.method.customer.as_ref() == Some(&customer) && !instrument.method.detached {
        return answer(&call, &instrument.method.id, &expand).await;
    }
    check_attachable(&instrument.method)?;
    let mut tx = call.app.db.begin().await?;
    require_customer(&mut tx, &call, &customer).await?;
    let method = give(&mut tx, &call, instrument, &customer).await?;
    tell(&mut tx, &call, "payment_method.attached", &method).await?;
    finish(call, tx, &method.object, &expand).await
}

/// Inserts or locks the method and makes it the customer's, with the merchant's word that the customer agreed (M9).
async fn give(
    tx: &mut Tx,
    call: &Call,
    instrument: Instrument,
    customer: &CustomerId,
) -> Result<Versioned<PaymentMethod>, ApiError> {
    let account = &call.merchant.account.id;
    let id = instrument.method.id.clone();
    let consent =
        instruments::record_consent(tx, &call.app, &call.cause(), &id, Some(customer), None).await?;
    if instrument.fresh {
        let mut object = instrument.method;
        object.customer = Some(customer.clone());
        object.consent = Some(consent.id);
        insert(tx, call, &object).await?;
        return Ok(Versioned::new(object));
    }
    let mut method = lock(tx, call, &id).await?;
    check_attachable(&method.object)?;
    method.object.customer = Some(customer.clone());
    method.object.consent = Some(consent.id);
    objects::save(tx, account, &method.object).await?;
    Ok(method)
}

fn check_attachable(method: &PaymentMethod) -> Result<(), ApiError> {
    check_kept(method)?;
    if method.is_bank_account() && !method.verified {
        let message =
            "This bank account is not verified. Save it with a SetupIntent, which verifies it first.";
        return Err(ApiError::invalid("", "bank_account_unverified", message));
    }
    if method.customer.is_none() {
        return Ok(());
    }
    Err(ApiError::invalid(
        "",
        "payment_method_unexpected_state",
        "The payment method you provided has already been attached to a customer.",
    ))
}

fn check_kept(method: &PaymentMethod) -> Result<(), ApiError> {
    if !method.detached {
        return Ok(());
    }
    Err(ApiError::invalid(
        "",
        "payment_method_unexpected_state",
        "This PaymentMethod was previously used without being attached to a Customer or was detached from a Customer, \
         and may not be used again.",
    ))
}

/// `POST /v1/payment_methods/{id}/detach`: for good; the vault destroys the number.
pub async fn detach(mut call: Call) -> Result<Answer, ApiError> {
    let id: PaymentMethodId = call.id("id", "PaymentMethod", "id")?;
    let expand = Expand::of(&mut call.params, Kind::PaymentMethod)?;
    call.finish()?;
    let account = call.merchant.account.id.clone();
    let mut tx = call.app.db.begin().await?;
    let known = objects::load::<PaymentMethod>(&mut tx, &account, &id).await?;
    let customer = match known {
        None => return Err(missing(&id, "PaymentMethod", "id")),
        Some(known) => known.object.customer,
    };
    let Some(customer) = customer else {
        return Err(ApiError::invalid(
            "",
            "payment_method_unexpected_state",
            "The payment method you provided is not attached to a customer so detachment is impossible.",
        ));
    };
    forget_default(&mut tx, &call, &customer, &id).await?;
    let method = remove(&mut tx, &call, &id).await?;
    destructions::request(&mut tx, &account, &id, call.app.now_ms()).await?;
    let app = Arc::clone(&call.app);
    let done = finish(call, tx, &method.object, &expand).await?;
    spawn_destruction(app);
    Ok(done)
}

/// A removed method is nobody's default.
async fn forget_default(
    tx: &mut Tx,
    call: &Call,
    customer: &CustomerId,
    method: &PaymentMethodId,
) -> Result<(), ApiError> {
    let account = &call.merchant.account.id;
    let known = objects::load::<Customer>(tx, account, customer).await?;
    if known.is_none_or(|known| known.object.default_payment_method.as_ref() != Some(method)) {
        return Ok(());
    }
    if let Some(mut locked) = objects::lock::<Customer>(tx, account, customer).await? {
        locked.object.default_payment_method = None;
        objects::save(tx, account, &locked.object).await?;
        let snapshot = Snapshot::Customer(locked.object);
        let before = locked.before.as_deref();
        let news = News { kind: "customer.updated", version: locked.version, snapshot: &snapshot, before };
        events::append(tx, &call.app, &call.cause(), &news).await?;
    }
    Ok(())
}

/// Takes a method away from its customer; who paid goes with it, since the event outlives the customer's key.
pub(super) async fn remove(
    tx: &mut Tx,
    call: &Call,
    id: &PaymentMethodId,
) -> Result<Versioned<PaymentMethod>, ApiError> {
    let mut method = lock(tx, call, id).await?;
    if let Some(customer) = method.object.customer.take() {
        search::mark(tx, &call.app, &call.merchant.account.id, &customer).await?;
    }
    method.object.detached = true;
    method.object.billing = Billing::default();
    objects::save(tx, &call.merchant.account.id, &method.object).await?;
    tell(tx, call, "payment_method.detached", &method).await?;
    Ok(method)
}

/// Has the vault destroy what was just removed, without making the caller wait. What fails is tried again by the
/// worker.
pub(super) fn destroy_soon(call: &Call) {
    spawn_destruction(Arc::clone(&call.app));
}

fn spawn_destruction(app: Arc<crate::app::App>) {
    tokio::spawn(async move {
        if let Err(error) = payments::destroy::once(&app).await {
            tracing::warn!("removed numbers could not be destroyed yet: {error}");
        }
    });
}

/// `GET /v1/payment_methods`
pub async fn list(mut call: Call) -> Result<Answer, ApiError> {
    let customer: Option<CustomerId> = call.params.id("customer", "customer")?;
    if let Some(customer) = &customer {
        require_customer(&mut call.app.db.read().await?, &call, customer).await?;
    }
    list_of(call, customer).await
}

/// The methods of one customer, or of all.
pub(super) async fn list_of(mut call: Call, customer: Option<CustomerId>) -> Result<Answer, ApiError> {
    let window = window::<PaymentMethodId>(&mut call.params, "PaymentMethod", false)?;
    let kind = call.params.word("type", &TYPES)?;
    let redisplay = call.params.word("allow_redisplay", &REDISPLAY)?;
    let expand = Expand::of_list(&mut call.params, Kind::PaymentMethod)?;
    call.finish()?;
    let kind = kind.map_or_else(String::new, |kind| format!("%\"details\":{{\"type\":\"{kind}\"%"));
    let redisplay = redisplay.map_or_else(String::new, |word| format!("%\"allow_redisplay\":\"{word}\"%"));
    let any = |pattern: String| if pattern.is_empty() { "%".to_owned() } else { pattern };
    let (kind, redisplay) = (any(kind), any(redisplay));
    let account = &call.merchant.account.id;
    let mut tx = call.app.db.read().await?;
    let rows = match &customer {
        Some(customer) => {
            let filter = [kind.as_str(), &redisplay, customer.as_str()];
            pages::rows(&mut tx, account, pages::METHODS_OF_CUSTOMER, &window, &filter).await?
        }
        None => pages::rows(&mut tx, account, pages::METHODS, &window, &[&kind, &redisplay]).await?,
    };
    let page: Page<PaymentMethod> = pages::objects(rows)?;
    let mut data = Vec::with_capacity(page.objects.len());
    let mut full = Full::new(&mut tx, call.rendering());
    for method in &page.objects {
        data.push(full.method(method).await?);
    }
    listed(&call, &mut tx, &page, data, &expand).await
}

async fn require_customer(tx: &mut Tx, call: &Call, id: &CustomerId) -> Result<(), ApiError> {
    match objects::load::<Customer>(tx, &call.merchant.account.id, id).await? {
        Some(found) if !found.object.deleted => Ok(()),
        _ => Err(ApiError::no_such("customer", id, "customer")),
    }
}

async fn lock(tx: &mut Tx, call: &Call, id: &PaymentMethodId) -> Result<Versioned<PaymentMethod>, ApiError> {
    let locked = objects::lock::<PaymentMethod>(tx, &call.merchant.account.id, id).await?;
    locked.ok_or_else(|| missing(id, "PaymentMethod", "id"))
}

async fn tell(
    tx: &mut Tx,
    call: &Call,
    kind: &str,
    method: &Versioned<PaymentMethod>,
) -> Result<(), ApiError> {
    let snapshot = Snapshot::PaymentMethod(method.object.clone());
    let before = method.before.as_deref();
    let news = News { kind, version: method.version, snapshot: &snapshot, before };
    Ok(events::append(tx, &call.app, &call.cause(), &news).await?)
}

async fn finish(call: Call, mut tx: Tx, method: &PaymentMethod, expand: &Expand) -> Result<Answer, ApiError> {
    let rendered = Full::new(&mut tx, call.rendering()).method(method).await?;
    let body = expanded(&call, &mut tx, rendered, expand).await?;
    call.commit(tx, method.id.as_str(), body).await
}
