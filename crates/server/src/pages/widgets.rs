//! Parts that several pages share.

use maud::{Markup, html};
use onfile_core::card::{Brand, Expiry, display_line, masked};
use onfile_core::vault_contract::Details;

use super::sessions::Flash;

/// A method as people know it: `Visa •••• 4242 (Exp: 12/2025)`.
pub fn method_line(details: &Details) -> String {
    match details {
        Details::Card(card) => {
            let brand = Brand::parse(&card.brand).unwrap_or(Brand::Unknown);
            display_line(brand, &card.last4, Expiry::new(card.exp_month, card.exp_year).ok())
        }
        Details::UsBankAccount(_) => method_name(details),
    }
}

/// What kind of method it is, for people.
pub fn method_kind(details: &Details) -> &'static str {
    match details {
        Details::Card(_) => "Card",
        Details::UsBankAccount(_) => "Bank account",
    }
}

/// Such a line on a page: its bracket is never broken in two.
pub fn line(line: &str) -> Markup {
    let (card, bracket) = line.split_once(" (").map_or((line, None), |(card, rest)| (card, Some(rest)));
    html! { span.num { (card) @if let Some(rest) = bracket { " " span.keep { "(" (rest) } } } }
}

/// The same without the date, for buttons: `Visa •••• 4242`.
pub fn method_name(details: &Details) -> String {
    match details {
        Details::Card(card) => {
            display_line(Brand::parse(&card.brand).unwrap_or(Brand::Unknown), &card.last4, None)
        }
        Details::UsBankAccount(bank) => {
            let holder = bank.bank_name.as_deref().unwrap_or("Bank account");
            format!("{holder} {}", masked(&bank.last4))
        }
    }
}

/// A plain card beside its name. It says nothing that the text does not say, so it is hidden from screen readers.
pub fn card_glyph() -> Markup {
    html! {
        svg.glyph viewBox="0 0 32 22" aria-hidden="true" focusable="false" {
            rect x="1" y="1" width="30" height="20" rx="3.5" fill="none" stroke="currentColor" stroke-width="1.5" {}
            path d="M1 7h30" stroke="currentColor" stroke-width="4" {}
            path d="M5 16h7" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" {}
        }
    }
}

/// What just happened, said once, and read out by screen readers.
pub fn flash(flash: Option<&Flash>) -> Markup {
    html! {
        @match flash {
            Some(Flash { good: true, title, text }) => {
                div.flash role="status" { strong { (title) } @if !text.is_empty() { p { (text) } } }
            }
            Some(Flash { good: false, title, text }) => {
                div.flash.bad role="alert" { strong { (title) } @if !text.is_empty() { p { (text) } } }
            }
            None => {}
        }
    }
}

/// The hidden field that proves that a form came from our page in this session.
pub fn csrf_field(csrf: &str) -> Markup {
    html! { input type="hidden" name="csrf" value=(csrf); }
}
