//! The pages.

use maud::{DOCTYPE, Markup, html};

use super::assets::Assets;
use super::fields::{OFFERED, Refused, TEST_CVC, TEST_NAME, Typed, texts};
use super::session::{Session, Wrong};
use crate::test_tokens;

/// The form.
pub fn form(
    session: &Session,
    assets: &Assets,
    typed: &Typed,
    refused: &Refused,
    test_expiry: &str,
) -> Markup {
    let merchant = &session.account.name;
    let title = if refused.list().next().is_some() { "Error: Card details" } else { "Card details" };
    let content = html! {
        header {
            h1 { "Card details" }
            p.merchant { "for " (merchant) }
        }
        (summary(refused))
        form #card method="post" action="/frame" target="_top" novalidate {
            input type="hidden" name="key" value=(session.key);
            input type="hidden" name="return_url" value=(session.return_url);
            @if let Some(state) = &session.state {
                input type="hidden" name="state" value=(state);
            }
            @if let Some(consent) = &session.consent {
                input type="hidden" name="consent" value=(consent);
            }
            (number(typed, refused.number))
            div.pair {
                (expiry(typed, refused.expiry))
                (cvc(typed, refused.cvc))
            }
            (name(typed, refused.name))
            @if let Some(consent) = &session.consent {
                label.consent for="agreed" {
                    input #agreed type="checkbox" name="agreed" value="1" checked[typed.agreed];
                    span { (consent) }
                }
            }
            @if session.consent.is_some() {
                button #save type="submit" data-busy="Saving…" { "Save card" }
            } @else {
                // Nobody was asked whether it may be kept.
                button #save type="submit" data-busy="One moment…" { "Use this card" }
            }
            p.promise {
                "Your card number is encrypted"
                @if session.consent.is_some() { " and kept in a vault. " } @else { " and goes to a vault. " }
                (merchant) "’s website never sees it."
            }
            @if !session.account.livemode {
                (test_cards(test_expiry))
            }
        }
    };
    document(title, assets, content)
}

/// A page with one sentence.
pub fn plain(wrong: &Wrong, assets: &Assets) -> Markup {
    let content = html! {
        h1 { "This form cannot be shown" }
        p { (wrong) }
        p.promise { "Go back to the shop and try again. If this happens again, please tell the shop." }
    };
    document("This form cannot be shown", assets, content)
}

fn document(title: &str, assets: &Assets, content: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (title) }
                link rel="stylesheet" href=(assets.style.path()) integrity=(assets.style.integrity);
                script defer src=(assets.script.path()) integrity=(assets.script.integrity) {}
            }
            body { main { (content) } }
        }
    }
}

/// Announced when it is filled: it is there from the start, since a live region that comes late is not heard.
fn summary(refused: &Refused) -> Markup {
    let any = refused.list().next().is_some();
    html! {
        div #summary role="alert" tabindex="-1" autofocus[any] {
            @if any {
                h2 { "Please check" }
                @for (field, text) in refused.list() {
                    p { a href={ "#" (field) } { (text) } }
                }
                p { "Enter the card number and the security code again: they are not kept." }
            }
        }
    }
}

fn error(id: &str, text: Option<&str>) -> Markup {
    // In one line: an element that holds a line break is not `:empty`.
    html! { p .error id={ (id) "-error" } { (text.unwrap_or_default()) } }
}

fn number(typed: &Typed, wrong: Option<&str>) -> Markup {
    html! {
        div.field {
            div.label { label for="number" { "Card number" } }
            (error("number", wrong))
            div.with-brand {
                input #number type="text" name="number" inputmode="numeric" autocomplete="cc-number" maxlength="30"
                    spellcheck="false" autocorrect="off" required aria-describedby="brand number-error"
                    aria-invalid=[wrong.map(|_| "true")]
                    value=[typed.number.as_deref()]
                    data-empty=(texts::NUMBER_EMPTY) data-short=(texts::NUMBER_SHORT) data-bad=(texts::NUMBER_BAD)
                    data-other=(texts::NUMBER_OTHER);
                span #brand aria-live="polite" {}
            }
        }
    }
}

fn expiry(typed: &Typed, wrong: Option<&str>) -> Markup {
    html! {
        div.field {
            div.label {
                label for="expiry" { "Expiry date" }
                span.hint #expiry-hint { "Month / year, MM/YY" }
            }
            (error("expiry", wrong))
            input #expiry type="text" name="expiry" inputmode="numeric" autocomplete="cc-exp" maxlength="9"
                spellcheck="false" required aria-describedby="expiry-hint expiry-error"
                aria-invalid=[wrong.map(|_| "true")] value=(typed.expiry)
                data-empty=(texts::EXPIRY_EMPTY) data-bad=(texts::EXPIRY_BAD) data-past=(texts::EXPIRY_PAST);
        }
    }
}

fn cvc(typed: &Typed, wrong: Option<&str>) -> Markup {
    html! {
        div.field {
            div.label {
                label for="cvc" { "Security code" }
                span.hint #cvc-hint data-front="4 digits, on the front" { "3 digits, on the back" }
            }
            (error("cvc", wrong))
            input #cvc type="text" name="cvc" inputmode="numeric" autocomplete="cc-csc" maxlength="6"
                spellcheck="false" required aria-describedby="cvc-hint cvc-error"
                aria-invalid=[wrong.map(|_| "true")] value=(typed.cvc)
                data-empty=(texts::CVC_EMPTY) data-bad=(texts::CVC_BAD) data-front=(texts::CVC_BAD_FRONT);
        }
    }
}

fn name(typed: &Typed, wrong: Option<&str>) -> Markup {
    html! {
        div.field {
            div.label { label for="name" { "Name on card" } }
            (error("name", wrong))
            input #name type="text" name="name" autocomplete="cc-name" maxlength="200" autocapitalize="words"
                spellcheck="false" required aria-describedby="name-error"
                aria-invalid=[wrong.map(|_| "true")] value=(typed.name)
                data-empty=(texts::NAME_EMPTY) data-bad=(texts::NAME_BAD);
        }
    }
}

/// Buttons that fill a test card in. Without script they ask the server for the filled form.
fn test_cards(expiry: &str) -> Markup {
    let cards = OFFERED
        .iter()
        .enumerate()
        .filter_map(|(i, (name, does))| Some((i, test_tokens::published_number(name)?, does)));
    html! {
        div.test role="group" aria-label="Test cards" data-expiry=(expiry) data-cvc=(TEST_CVC) data-name=(TEST_NAME) {
            span { "Test mode" }
            @for (i, number, does) in cards {
                button type="submit" name="fill" value=(i) formtarget="_self" formnovalidate
                    data-number=(number) {
                    b { (number.get(..4).unwrap_or_default()) "…" (number.get(12..).unwrap_or_default()) } " " (does)
                }
            }
        }
    }
}
