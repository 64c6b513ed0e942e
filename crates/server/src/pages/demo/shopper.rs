//! Who shops: a customer of the demo merchant, signed in by the shop.
//!
//! A real merchant signs its customers in itself and makes the customer at Onfile when it first needs one. The demo
//! shop has no customers of its own, so its first page makes one and signs it in.

use axum::http::HeaderValue;
use onfile_core::ids::{AccountId, CustomerId, Id, PaymentMethodId};
use onfile_service::binds;
use onfile_service::db::Tx;

use crate::model::customer::Customer;
use crate::model::event::Snapshot;
use crate::pages::cards_on_file::Cards;
use crate::pages::problem::Problem;
use crate::pages::request;
use crate::pages::sessions::{self, Role, Session};
use crate::pages::ticket::Ticket;
use crate::pages::visit::Visit;
use crate::render;
use crate::store::accounts::{self, StoredAccount};
use crate::store::events::{self, News};
use crate::store::objects;

/// A signed-in customer.
#[derive(Debug)]
pub struct Shopper {
    /// The demo merchant.
    pub account: StoredAccount,
    /// The session.
    pub session: Session,
    /// The customer.
    pub customer: Customer,
}

impl Shopper {
    /// The customer who is signed in.
    ///
    /// # Errors
    /// [`Problem::NoCustomer`] when nobody is.
    pub async fn of(visit: &Visit) -> Result<Self, Problem> {
        let session = visit.session(Role::Customer).await?.ok_or(Problem::NoCustomer)?;
        let mut tx = visit.app.db.read().await?;
        let account = accounts::load(&mut tx, &session.account).await?.filter(is_demo);
        let account = account.ok_or(Problem::NoCustomer)?;
        let id = CustomerId::parse(&session.subject).ok_or(Problem::NoCustomer)?;
        let customer = objects::load::<Customer>(&mut tx, &session.account, &id).await?;
        let customer = customer.map(|found| found.object).filter(|customer| !customer.deleted);
        Ok(Self { account, session, customer: customer.ok_or(Problem::NoCustomer)? })
    }

    /// The same for a form, which must have been made in this session.
    ///
    /// # Errors
    /// [`Problem::Forged`] when it was not.
    pub async fn of_form(visit: &Visit) -> Result<Self, Problem> {
        let shopper = Self::of(visit).await?;
        request::check_csrf(&shopper.session, &visit.fields)?;
        Ok(shopper)
    }

    /// Makes a customer and signs them in; the cookie is to be set.
    ///
    /// # Errors
    /// [`Problem::NotFound`] where there is no demo merchant.
    pub async fn arrive(visit: &Visit) -> Result<(Self, HeaderValue), Problem> {
        let app = &visit.app;
        let account = demo_account(&mut app.db.read().await?).await?.ok_or(Problem::NotFound)?;
        let customer = new_customer(visit, &account.account.id).await?;
        let cause = visit.cause(&account.account);
        let ticket = Ticket::new(&account.account.id, &app.ids);
        let mut tx = app.db.begin().await?;
        objects::insert(&mut tx, &account.account.id, &customer).await?;
        let snapshot = Snapshot::Customer(customer.clone());
        let news = News { kind: "customer.created", version: 1, snapshot: &snapshot, before: None };
        events::append(&mut tx, app, &cause, &news).await?;
        let (id, now_ms) = (customer.id.as_str(), app.now_ms());
        let session = sessions::open(&mut tx, &app.ids, &ticket, Role::Customer, id, now_ms).await?;
        tx.commit().await?;
        let cookie = request::set_cookie(app, Role::Customer, Some(&ticket))?;
        Ok((Self { account, session, customer }, cookie))
    }

    /// Whose data.
    pub fn account_id(&self) -> &AccountId {
        &self.account.account.id
    }

    /// What attempts of this customer's are called; their id is part of it, so that nobody meets another's.
    pub fn verb(&self, verb: &str) -> String {
        format!("demo/{verb}/{}", self.customer.id)
    }

    /// Who sells.
    pub fn merchant(&self) -> &str {
        &self.account.account.name
    }

    /// The customer's cards.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn cards(&self, visit: &Visit) -> Result<Cards, Problem> {
        let mut tx = visit.app.db.read().await?;
        Cards::load(&mut tx, self.account_id(), &self.customer).await
    }

    /// The publishable key that the vault's form is opened with.
    ///
    /// # Errors
    /// [`Problem::Unavailable`] when the account has none.
    pub fn publishable_key(&self) -> Result<&str, Problem> {
        self.account.doc.publishable_keys.first().map(String::as_str).ok_or(Problem::Unavailable)
    }

    /// Whether this is the card that is charged when none is named.
    pub fn is_default(&self, card: &PaymentMethodId) -> bool {
        self.customer.default_payment_method.as_ref() == Some(card)
    }
}

async fn new_customer(visit: &Visit, account: &AccountId) -> Result<Customer, Problem> {
    let app = &visit.app;
    let number = app.numbers.next(&app.db, account).await?;
    let prefix = render::customer::prefix(number);
    Ok(Customer {
        name: Some("Ada Lovelace".to_owned()),
        description: Some("Customer of the demo shop".to_owned()),
        ..Customer::new(app.ids.next(), app.now_seconds(), prefix)
    })
}

fn is_demo(stored: &StoredAccount) -> bool {
    stored.account.demo && !stored.account.livemode
}

async fn demo_account(tx: &mut Tx) -> Result<Option<StoredAccount>, Problem> {
    let sql = "SELECT account_id FROM accounts WHERE demo = 1 AND livemode = 0 ORDER BY account_id LIMIT 1";
    let Some(row) = tx.query_opt(sql, binds![]).await? else { return Ok(None) };
    Ok(accounts::load(tx, &AccountId::from_trusted(row.text("account_id")?)).await?)
}
