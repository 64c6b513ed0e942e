//! The cards of one customer, as pages show them.

use jiff::Timestamp;
use maud::{Markup, html};
use onfile_core::card::Expiry;
use onfile_core::ids::{AccountId, Id, PaymentMethodId};
use onfile_core::vault_contract::Details;
use onfile_service::db::Tx;

use super::problem::Problem;
use super::widgets;
use crate::model::customer::Customer;
use crate::model::payment_method::PaymentMethod;
use crate::store::pages::{self, Window};

/// How many cards a page shows: more than anybody has.
const CARDS_MAX: u32 = 50;

/// A card on file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardView {
    /// `pm_…`
    pub id: String,
    /// `Visa •••• 4242 (Exp: 12/2025)`
    pub line: String,
    /// `Visa •••• 4242`
    pub name: String,
    /// Charged when none is chosen.
    pub default: bool,
    /// Chosen when the page is opened.
    pub chosen: bool,
    /// Since when it cannot be used: `10/2024`.
    pub expired: Option<String>,
}

/// How a card stands in a list to choose from. The radio button stands in no form, and each card has a form of its own:
/// what a button says is what it does, also for a browser without style sheets, and Enter on a radio button pays nothing.
pub fn head(card: &CardView, choice: bool) -> Markup {
    let usable = card.expired.is_none();
    html! {
        @if choice {
            input.pick type="radio" name="card" id=(card.id) checked[card.chosen] disabled[!usable]
                aria-describedby=[(!usable).then(|| why_id(card))];
        }
        label.name id=(name_id(card)) for=[choice.then_some(&card.id)] {
            (widgets::card_glyph())
            span {
                (widgets::line(&card.line)) " "
                @if card.default { span.badge { "Default" } " " }
                @if !usable { span.badge.bad { "Expired" } }
            }
        }
    }
}

/// The id of a card's name, for what describes itself by it.
pub fn name_id(card: &CardView) -> String {
    format!("name-{}", card.id)
}

/// The id of the words why a card cannot be used.
pub fn why_id(card: &CardView) -> String {
    format!("why-{}", card.id)
}

/// A customer's cards: the default first, then the newest.
#[derive(Debug)]
pub struct Cards(Vec<PaymentMethod>);

impl Cards {
    /// Reads them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn load(tx: &mut Tx, account: &AccountId, customer: &Customer) -> Result<Self, Problem> {
        let window = Window::newest(CARDS_MAX);
        let page = pages::page::<PaymentMethod>(tx, account, &window, Some(customer.id.as_str())).await?;
        let mut cards = page.objects;
        cards.retain(|method| matches!(method.details, Details::Card(_)) && !method.detached);
        // Stable: the newest stay first among the others.
        cards.sort_by_key(|method| Some(&method.id) != customer.default_payment_method.as_ref());
        Ok(Self(cards))
    }

    /// One of them.
    ///
    /// # Errors
    /// [`Problem::NotFound`] when it is not this customer's.
    pub fn find(&self, id: &str) -> Result<&PaymentMethod, Problem> {
        self.0.iter().find(|method| method.id.as_str() == id).ok_or(Problem::NotFound)
    }

    /// The newest one besides this.
    pub fn newest_but(&self, id: &PaymentMethodId) -> Option<&PaymentMethod> {
        self.0.iter().filter(|method| method.id != *id).max_by(|a, b| a.id.cmp(&b.id))
    }

    /// As shown: what can be used first, and the first of it chosen.
    pub fn views(&self, customer: &Customer, now: Timestamp) -> Vec<CardView> {
        let mut views: Vec<CardView> = self.0.iter().map(|method| view(method, customer, now)).collect();
        views.sort_by_key(|card| card.expired.is_some());
        if let Some(first) = views.first_mut().filter(|card| card.expired.is_none()) {
            first.chosen = true;
        }
        views
    }
}

/// A card as shown.
pub fn view(method: &PaymentMethod, customer: &Customer, now: Timestamp) -> CardView {
    CardView {
        id: method.id.as_str().to_owned(),
        line: widgets::method_line(&method.details),
        name: widgets::method_name(&method.details),
        default: customer.default_payment_method.as_ref() == Some(&method.id),
        chosen: false,
        expired: expired_since(&method.details, now),
    }
}

/// The last month of a card that has expired. Where only a date is kept, the issuer decides.
pub fn expired_since(details: &Details, now: Timestamp) -> Option<String> {
    let Details::Card(card) = details else { return None };
    let expiry = Expiry::new(card.exp_month, card.exp_year).ok()?;
    expiry.is_expired(now).then(|| format!("{:02}/{}", expiry.month(), expiry.year()))
}
