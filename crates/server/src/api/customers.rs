//! Customers.

use onfile_core::ids::{CustomerId, Id, PaymentMethodId, TestClockId};
use onfile_service::db::Tx;

use super::{answer, discount_params, expanded, find, listed, missing};
use crate::billing::discounts::change;
use crate::billing::discounts::redeem::Wanted;
use crate::billing::time;
use crate::model::customer::{Customer, EMAIL_MAX, NAME_MAX, is_email};
use crate::model::event::Snapshot;
use crate::model::payment_method::PaymentMethod;
use crate::render;
use crate::render::full::Full;
use crate::store::events::{self, News};
use crate::store::objects::{self, Versioned};
use crate::store::{destructions, notices, pages, search};
use crate::wire::call::{Answer, Call};
use crate::wire::error::ApiError;
use crate::wire::expand::{Expand, Kind};
use crate::wire::list::window;
use crate::wire::params::{Given, MetadataPatch, Params};

/// Stripe's limits.
const PHONE_MAX: usize = 20;
const DESCRIPTION_MAX: usize = 5_000;
const LOCALE_MAX: usize = 35;
/// How many methods one deletion removes in its transaction.
const METHODS_MAX: u32 = 1_000;

/// What a request says of a customer.
struct Patch {
    name: Given<String>,
    email: Given<String>,
    phone: Given<String>,
    description: Given<String>,
    address: Given<onfile_core::vault_contract::Address>,
    shipping: Given<crate::model::Shipping>,
    metadata: MetadataPatch,
    preferred_locales: Given<Vec<String>>,
    tax_exempt: Given<&'static str>,
    default_payment_method: Given<PaymentMethodId>,
    footer: Given<String>,
    discount: Given<Wanted>,
}

fn patch(params: &mut Params) -> Result<Patch, ApiError> {
    let mut default_payment_method = Given::Absent;
    let mut footer = Given::Absent;
    if let Some(mut settings) = params.group("invoice_settings")? {
        default_payment_method = settings.id_or_unset("default_payment_method", "PaymentMethod")?;
        footer = settings.text_or_unset("footer", DESCRIPTION_MAX)?;
        settings.finish()?;
    }
    let email = params.text_or_unset("email", EMAIL_MAX)?;
    if let Given::Set(text) = &email {
        check_email(text)?;
    }
    Ok(Patch {
        name: params.text_or_unset("name", NAME_MAX)?,
        email,
        phone: params.text_or_unset("phone", PHONE_MAX)?,
        description: params.text_or_unset("description", DESCRIPTION_MAX)?,
        address: params.address("address")?,
        shipping: params.shipping()?,
        metadata: params.metadata()?,
        preferred_locales: params.texts("preferred_locales", LOCALE_MAX)?,
        tax_exempt: params.word_or_unset("tax_exempt", &["none", "exempt", "reverse"])?,
        default_payment_method,
        footer,
        discount: discount_params::one(params)?,
    })
}

fn check_email(text: &str) -> Result<(), ApiError> {
    if is_email(text) {
        return Ok(());
    }
    Err(ApiError::invalid(
        "email",
        "email_invalid",
        format!("Invalid email address: {}", crate::wire::error::quoted(text)),
    ))
}

impl Patch {
    fn apply(self, customer: &mut Customer) -> Result<(), ApiError> {
        self.name.apply(&mut customer.name);
        self.email.apply(&mut customer.email);
        self.phone.apply(&mut customer.phone);
        self.description.apply(&mut customer.description);
        self.address.apply(&mut customer.address);
        self.shipping.apply(&mut customer.shipping);
        self.metadata.apply(&mut customer.metadata)?;
        self.default_payment_method.apply(&mut customer.default_payment_method);
        self.footer.apply(&mut customer.invoice_footer);
        match self.preferred_locales {
            Given::Absent => {}
            given => customer.preferred_locales = given.value().unwrap_or_default(),
        }
        match self.tax_exempt {
            Given::Absent => {}
            given => given.value().unwrap_or("none").clone_into(&mut customer.tax_exempt),
        }
        Ok(())
    }
}

/// `POST /v1/customers`
pub async fn create(mut call: Call) -> Result<Answer, ApiError> {
    let patch = patch(&mut call.params)?;
    let source: Option<String> = call.params.text("payment_method", onfile_core::ids::ID_LEN_MAX)?;
    let test_clock: Option<TestClockId> = call.params.id("test_clock", "test_clock")?;
    let expand = Expand::of(&mut call.params, Kind::Customer)?;
    call.finish()?;
    if source.is_some() {
        let message = "Create the customer first, then attach the payment method: POST /v1/payment_methods/{id}/attach.";
        return Err(ApiError::invalid("payment_method", None, message));
    }
    if let Given::Set(method) = &patch.default_payment_method {
        // A customer that does not exist yet has no methods.
        return Err(not_attached(method));
    }
    let number = call.app.numbers.next(&call.app.db, &call.merchant.account.id).await?;
    let prefix = render::customer::prefix(number);
    let mut tx = call.app.db.begin().await?;
    if let Some(clock) = &test_clock {
        super::test_clocks::check(&mut tx, &call, clock).await?;
    }
    let now = time::now(&mut tx, &call.app, &call.merchant.account.id, test_clock.as_ref()).await?;
    let mut customer = Customer::new(call.app.ids.next(), now, prefix);
    customer.test_clock = test_clock;
    discount(&mut tx, &call, &mut customer, &patch.discount).await?;
    patch.apply(&mut customer)?;
    objects::insert(&mut tx, &call.merchant.account.id, &customer).await?;
    let customer = Versioned::new(customer);
    tell(&mut tx, &call, "customer.created", &customer).await?;
    finish(call, tx, &customer.object, &expand).await
}

/// `GET /v1/customers/{id}`
pub async fn retrieve(mut call: Call) -> Result<Answer, ApiError> {
    let id: CustomerId = call.id("id", "customer", "id")?;
    let expand = Expand::of(&mut call.params, Kind::Customer)?;
    call.finish()?;
    find::<Customer>(&call, &id, "customer", "id").await?;
    answer(&call, &id, &expand).await
}

/// `POST /v1/customers/{id}`
pub async fn update(mut call: Call) -> Result<Answer, ApiError> {
    let id: CustomerId = call.id("id", "customer", "id")?;
    let patch = patch(&mut call.params)?;
    let expand = Expand::of(&mut call.params, Kind::Customer)?;
    call.finish()?;
    let mut tx = call.app.db.begin().await?;
    let mut customer = lock(&mut tx, &call, &id).await?;
    if let Given::Set(method) = &patch.default_payment_method {
        let found = objects::load::<PaymentMethod>(&mut tx, &call.merchant.account.id, method).await?;
        if found.is_none_or(|found| found.object.customer.as_ref() != Some(&id)) {
            return Err(not_attached(method));
        }
    }
    discount(&mut tx, &call, &mut customer.object, &patch.discount).await?;
    patch.apply(&mut customer.object)?;
    objects::save(&mut tx, &call.merchant.account.id, &customer.object).await?;
    tell(&mut tx, &call, "customer.updated", &customer).await?;
    finish(call, tx, &customer.object, &expand).await
}

/// Gives a customer a discount on all that they buy, or takes it away.
async fn discount(
    tx: &mut Tx,
    call: &Call,
    customer: &mut Customer,
    given: &Given<Wanted>,
) -> Result<(), ApiError> {
    let wanted = match given {
        Given::Absent => return Ok(()),
        Given::Unset => None,
        Given::Set(wanted) => Some(wanted),
    };
    let clock = customer.test_clock.clone();
    let now = time::now(tx, &call.app, &call.merchant.account.id, clock.as_ref()).await?;
    change::of_customer(tx, &call.app, &call.cause(), customer, wanted, now).await?;
    Ok(())
}

fn not_attached(method: &PaymentMethodId) -> ApiError {
    let mut error = ApiError::no_such("PaymentMethod", method, "invoice_settings[default_payment_method]");
    error.message = format!(
        "The customer does not have a payment method with the ID {method}. The payment method must be attached to the \
         customer."
    );
    error
}

/// `GET /v1/customers`
pub async fn list(mut call: Call) -> Result<Answer, ApiError> {
    let window = window::<CustomerId>(&mut call.params, "customer", true)?;
    let email = call.params.text("email", EMAIL_MAX)?;
    let expand = Expand::of_list(&mut call.params, Kind::Customer)?;
    call.finish()?;
    let mut tx = call.app.db.read().await?;
    let page = pages::page::<Customer>(&mut tx, &call.merchant.account.id, &window, email.as_deref()).await?;
    let mut data = Vec::with_capacity(page.objects.len());
    for customer in &page.objects {
        data.push(Full::new(&mut tx, call.rendering()).customer(customer).await?);
    }
    listed(&call, &mut tx, &page, data, &expand).await
}

/// `DELETE /v1/customers/{id}`: erases the person and removes every method. What is removed counts as soon as it is
/// committed; the vault destroys the numbers right after, and is asked again until it has.
pub async fn delete(mut call: Call) -> Result<Answer, ApiError> {
    let id: CustomerId = call.id("id", "customer", "id")?;
    call.finish()?;
    let account = call.merchant.account.id.clone();
    let mut tx = call.app.db.begin().await?;
    let mut customer = lock(&mut tx, &call, &id).await?;
    super::subscriptions::end_all(&mut tx, &call, &customer.object).await?;
    let methods = pages::methods_of(&mut tx, &account, &id, METHODS_MAX).await?;
    for method in methods {
        super::payment_methods::remove(&mut tx, &call, &method.id).await?;
        destructions::request(&mut tx, &account, &method.id, call.app.now_ms()).await?;
    }
    customer.object = stub(customer.object);
    objects::save(&mut tx, &account, &customer.object).await?;
    tell(&mut tx, &call, "customer.deleted", &customer).await?;
    notices::suppress_for(&mut tx, &account, &id, call.app.now_ms()).await?;
    search::forget(&mut tx, &account, &id).await?;
    call.app.keys.destroy(&mut tx, &account, &id).await?;
    let body = render::customer::customer(&call.rendering(), &customer.object, None);
    tx.commit().await?;
    super::payment_methods::destroy_soon(&call);
    Ok(Answer::new(body))
}

/// What stays of a deleted customer: nothing personal, whatever a customer may one day have besides.
fn stub(customer: Customer) -> Customer {
    Customer {
        tax_exempt: customer.tax_exempt,
        deleted: true,
        ..Customer::new(customer.id, customer.created, customer.invoice_prefix)
    }
}

/// `GET /v1/customers/{id}/payment_methods`
pub async fn methods(call: Call) -> Result<Answer, ApiError> {
    let id: CustomerId = call.id("id", "customer", "id")?;
    require(&call, &id).await?;
    super::payment_methods::list_of(call, Some(id)).await
}

/// `GET /v1/customers/{id}/payment_methods/{method}`
pub async fn method(mut call: Call) -> Result<Answer, ApiError> {
    let id: CustomerId = call.id("id", "customer", "id")?;
    let method: PaymentMethodId = call.id("method", "PaymentMethod", "id")?;
    let expand = Expand::of(&mut call.params, Kind::PaymentMethod)?;
    call.finish()?;
    require(&call, &id).await?;
    let found = find::<PaymentMethod>(&call, &method, "PaymentMethod", "id").await?;
    if found.customer.as_ref() != Some(&id) {
        return Err(missing(&method, "PaymentMethod", "id"));
    }
    answer(&call, &method, &expand).await
}

async fn require(call: &Call, id: &CustomerId) -> Result<(), ApiError> {
    let customer = find::<Customer>(call, id, "customer", "id").await?;
    if customer.deleted { Err(missing(id, "customer", "id")) } else { Ok(()) }
}

pub(super) async fn lock(tx: &mut Tx, call: &Call, id: &CustomerId) -> Result<Versioned<Customer>, ApiError> {
    let locked = objects::lock::<Customer>(tx, &call.merchant.account.id, id).await?;
    locked.filter(|found| !found.object.deleted).ok_or_else(|| missing(id, "customer", "id"))
}

pub(super) async fn tell(
    tx: &mut Tx,
    call: &Call,
    kind: &str,
    customer: &Versioned<Customer>,
) -> Result<(), ApiError> {
    let snapshot = Snapshot::Customer(customer.object.clone());
    let before = customer.before.as_deref();
    let news = News { kind, version: customer.version, snapshot: &snapshot, before };
    Ok(events::append(tx, &call.app, &call.cause(), &news).await?)
}

async fn finish(call: Call, mut tx: Tx, customer: &Customer, expand: &Expand) -> Result<Answer, ApiError> {
    let rendered = Full::new(&mut tx, call.rendering()).customer(customer).await?;
    let body = expanded(&call, &mut tx, rendered, expand).await?;
    call.commit(tx, customer.id.as_str(), body).await
}
