//! The shop: one thing to buy, the cards on file, one click to pay.

use maud::{Markup, html};

use crate::pages::cards_on_file::{self, CardView};
use crate::pages::layout::{Shell, document};
use crate::pages::sessions::Flash;
use crate::pages::widgets;

/// Where it is.
pub const HOME: &str = "/demo";

/// The shop as one customer sees it.
#[derive(Debug)]
pub struct ShopView<'a> {
    /// Who sells.
    pub merchant: &'a str,
    /// Who is signed in.
    pub customer: &'a str,
    /// In the forms.
    pub csrf: &'a str,
    /// Names the next attempt to pay, so that a second press is the same attempt.
    pub attempt: &'a str,
    /// `$29.00`
    pub price: &'a str,
    /// On file, the default first.
    pub cards: &'a [CardView],
    /// What just happened.
    pub flash: Option<&'a Flash>,
}

/// The frame of the shop's pages, with somebody signed in.
pub fn shop_shell<'a>(title: &'a str, merchant: &'a str, customer: Option<&str>) -> Shell<'a> {
    let who = customer.map(|name| html! { "Signed in as " (name) });
    Shell { title, brand: merchant, home: Some(HOME), test_mode: true, who, ..Shell::default() }
}

/// The page.
pub fn shop(view: &ShopView<'_>) -> Markup {
    let usable = view.cards.iter().filter(|card| card.expired.is_none()).count();
    let body = html! {
        (widgets::flash(view.flash))
        h1 { "Your order" }
        section.sheet aria-labelledby="product" {
            div.offer {
                h2 #product { "Fibre 500, one month" }
                span.price.num { (view.price) }
            }
            p.muted { "500 Mbit/s down, 200 Mbit/s up. Renews only when you say so." }
        }
        section.sheet aria-labelledby="cards" {
            h2 #cards { @if usable > 1 { "Choose a card and pay" } @else { "Pay" } }
            @if view.cards.is_empty() {
                p { "No card on file yet. Add one, and from then on paying takes one click." }
            } @else {
                ul { @for card in view.cards { (card_row(view, card, usable > 1)) } }
            }
            div.row {
                a.btn.plain[usable > 0] .full[usable == 0] href="/demo/cards/new" { "Add a card" }
            }
        }
    };
    document(&shop_shell("Your order", view.merchant, Some(view.customer)), &body)
}

fn card_row(view: &ShopView<'_>, card: &CardView, choice: bool) -> Markup {
    let (row, why) = (cards_on_file::name_id(card), cards_on_file::why_id(card));
    let usable = card.expired.is_none();
    html! {
        li.card.off[!usable] {
            (cards_on_file::head(card, choice))
            div.acts {
                @if !card.default && usable {
                    form method="post" action={ "/demo/cards/" (card.id) "/default" } {
                        (widgets::csrf_field(view.csrf))
                        button.link type="submit" aria-describedby=(row) { "Make default" }
                    }
                }
                a href={ "/demo/cards/" (card.id) "/remove" } aria-describedby=(row) { "Remove" }
            }
            @if let Some(month) = &card.expired {
                p.why.small.muted id=(why) {
                    "This card expired in " (month) " and cannot be used. "
                    a href="/demo/cards/new" { "Update it" } " with the new card from your bank."
                }
            } @else {
                form.pay method="post" action="/demo/pay" {
                    (widgets::csrf_field(view.csrf))
                    input type="hidden" name="attempt" value=(view.attempt);
                    input type="hidden" name="card" value=(card.id);
                    button.btn.full type="submit" { "Pay " (view.price) " with " span.keep { (card.name) } }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(id: &str, default: bool, expired: Option<&str>) -> CardView {
        CardView {
            id: id.into(),
            line: "Visa •••• 4242 (Exp: 12/2030)".into(),
            name: "Visa •••• 4242".into(),
            default,
            chosen: default,
            expired: expired.map(str::to_owned),
        }
    }

    fn render(cards: &[CardView]) -> String {
        let view = ShopView {
            merchant: "Demo Telecom",
            customer: "Ada <Lovelace>",
            csrf: "csrf1",
            attempt: "attempt1",
            price: "$29.00",
            cards,
            flash: None,
        };
        shop(&view).into_string()
    }

    #[test]
    fn one_card_is_paid_with_by_one_click_and_without_a_choice() {
        let page = render(&[card("pm_1", true, None)]);
        assert!(page.contains("Visa •••• 4242 <span class=\"keep\">(Exp: 12/2030)</span>"));
        assert!(page.contains("Pay $29.00 with <span class=\"keep\">Visa •••• 4242</span></button>"));
        assert!(!page.contains("type=\"radio\""));
        assert!(page.contains("Ada &lt;Lovelace&gt;"));
        assert_eq!(page.matches("<h1").count(), 1);
    }

    #[test]
    fn several_cards_are_a_choice_in_which_each_button_names_its_own_card() {
        let page = render(&[card("pm_1", true, None), card("pm_2", false, None)]);
        assert_eq!(page.matches("type=\"radio\"").count(), 2);
        assert_eq!(page.matches(" checked").count(), 1);
        for id in ["pm_1", "pm_2"] {
            assert!(page.contains(&format!("name=\"card\" value=\"{id}\"")), "{id}");
        }
        assert!(page.contains("action=\"/demo/cards/pm_2/default\""));
        assert!(!page.contains("action=\"/demo/cards/pm_1/default\""));
    }

    #[test]
    fn an_expired_card_is_shown_but_cannot_be_paid_with() {
        let page = render(&[card("pm_1", true, Some("10/2024"))]);
        assert!(page.contains("expired in 10/2024"));
        assert!(!page.contains("action=\"/demo/pay\""));
        assert!(page.contains("href=\"/demo/cards/pm_1/remove\""));
    }
}
