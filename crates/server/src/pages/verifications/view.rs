//! The verification of a bank account as its holder sees it.

use maud::{Markup, html};

use super::link::Stage;
use crate::pages::layout::{Shell, document};
use crate::pages::sessions::Flash;
use crate::pages::{widgets, words};

/// A verification.
#[derive(Debug)]
pub struct VerificationView<'a> {
    /// The frame of the page.
    pub shell: Shell<'a>,
    /// Its address, without the origin.
    pub path: &'a str,
    /// Names the next guess, so that a second press is the same guess.
    pub attempt: &'a str,
    /// The account: `STRIPE TEST BANK •••• 6789`.
    pub bank: Option<&'a str>,
    /// What was wrong with the last guess.
    pub flash: Option<Flash>,
    /// How far it is.
    pub stage: Stage,
    /// What goes on once it is verified.
    pub what: &'a str,
}

/// The page.
pub fn verification(view: &VerificationView<'_>) -> Markup {
    let body = html! {
        (widgets::flash(view.flash.as_ref()))
        div.sheet.center[!view.stage.is_waiting()] {
            @match view.stage {
                Stage::Waiting(arrives) => (form(view, arrives)),
                Stage::Checking => {
                    h1 { "We are waiting for the bank’s answer" }
                    p.muted { "You can close this page; what you entered is not lost." }
                    div.row { a.btn.plain.full href=(view.path) { "Check now" } }
                }
                Stage::Done => {
                    h1 { "Your bank account is confirmed" }
                    p.muted { (view.what) " You can close this page." }
                }
                Stage::Closed => {
                    h1 { "This account cannot be confirmed here any more" }
                    p.muted { "It took too many guesses, or it was canceled. Please ask " (view.shell.brand) " how to go on." }
                }
            }
        }
    };
    document(&view.shell, &body)
}

fn form(view: &VerificationView<'_>, arrives: i64) -> Markup {
    html! {
        h1 { "Confirm your bank account" }
        p {
            (view.shell.brand) " has sent two small amounts, each below one dollar, to "
            @match view.bank { Some(bank) => span.keep { (bank) }, None => "your bank account" }
            ". They arrive by " time datetime=(words::machine_time(arrives)) { (words::day(arrives)) }
            " and show that the account is yours."
        }
        form method="post" action=(view.path) {
            input type="hidden" name="attempt" value=(view.attempt);
            fieldset.fields aria-describedby="cents" {
                legend { "The two amounts, in any order" }
                (amount("first", "First amount"))
                (amount("second", "Second amount"))
            }
            p.small.muted #cents { "In cents: for $0.32, enter 32." }
            div.row { button.btn.full type="submit" { "Confirm" } }
        }
    }
}

fn amount(name: &str, label: &str) -> Markup {
    html! {
        div.field {
            label for=(name) { (label) }
            input #(name) name=(name) type="text" inputmode="numeric" pattern="[0-9]{1,2}" maxlength="2"
                autocomplete="off" required title="A number of cents from 1 to 99";
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(stage: Stage) -> String {
        let view = VerificationView {
            shell: Shell { brand: "Shop & Sons", ..Shell::default() },
            path: "/verify/a_pi_b_secret_c",
            attempt: "attempt1",
            bank: Some("TEST BANK •••• 6789"),
            flash: None,
            stage,
            what: "It can be used.",
        };
        verification(&view).into_string()
    }

    #[test]
    fn only_what_waits_asks_for_amounts_and_each_field_has_its_label() {
        let waiting = page(Stage::Waiting(1_795_341_783));
        for part in [
            "Shop &amp; Sons has sent",
            "TEST BANK •••• 6789",
            "for=\"first\"",
            "for=\"second\"",
            "22 November 2026",
        ] {
            assert!(waiting.contains(part), "{part} in {waiting}");
        }
        for stage in [Stage::Checking, Stage::Done, Stage::Closed] {
            assert!(!page(stage).contains("<form"), "{stage:?}");
        }
    }
}
