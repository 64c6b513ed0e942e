//! A bill as its customer sees it.

use maud::{Markup, html};

use crate::pages::cards_on_file::{self, CardView};
use crate::pages::layout::{Shell, document};
use crate::pages::sessions::Flash;
use crate::pages::{widgets, words};

/// A bill.
#[derive(Debug)]
pub struct InvoiceView<'a> {
    /// The frame of the page.
    pub shell: Shell<'a>,
    /// Its address, without the origin.
    pub path: &'a str,
    /// Names the next attempt to pay, so that a second press is the same attempt.
    pub attempt: &'a str,
    /// What is to be paid, or was: `$29.00`.
    pub amount: String,
    /// `ABCD1234-0001`
    pub number: &'a str,
    /// Who owes it.
    pub addressee: Option<&'a str>,
    /// When it was made final, Unix seconds.
    pub created: i64,
    /// When it is to be paid by, Unix seconds.
    pub due: Option<i64>,
    /// When it is tried again without the customer, Unix seconds.
    pub next_try: Option<i64>,
    /// The merchant's words.
    pub description: Option<&'a str>,
    /// The merchant's words below the lines.
    pub footer: Option<&'a str>,
    /// What it is made of.
    pub lines: Vec<LineView<'a>>,
    /// Their sum.
    pub total: String,
    /// What went wrong last.
    pub flash: Option<Flash>,
    /// Where it stands.
    pub state: State,
}

/// One line of a bill.
#[derive(Debug)]
pub struct LineView<'a> {
    /// What for.
    pub text: &'a str,
    /// `$29.00`
    pub amount: String,
}

/// Where a bill stands.
#[derive(Debug)]
pub enum State {
    /// It can be paid.
    Owed {
        /// With these.
        cards: Vec<CardView>,
        /// The merchant does not expect the money any more.
        given_up: bool,
        /// Where the customer's bank waits for them to confirm.
        bank: Option<String>,
    },
    /// It is settled.
    Paid {
        /// Where the receipt is; none when it was settled by other means.
        receipt: Option<String>,
    },
    /// It was taken back.
    Void,
}

/// The page.
pub fn invoice(view: &InvoiceView<'_>) -> Markup {
    let body = html! {
        (widgets::flash(view.flash.as_ref()))
        div.sheet {
            div.center {
                h1 { "Bill from " (view.shell.brand) }
                p.sum.num { (view.amount) }
                (state(&view.state))
            }
            (facts(view))
        }
        @if let State::Owed { cards, bank, .. } = &view.state { (ways(view, cards, bank.as_deref())) }
    };
    document(&view.shell, &body)
}

fn state(state: &State) -> Markup {
    html! {
        @match state {
            State::Owed { given_up: false, .. } => p { span.chip.warn { "To be paid" } },
            State::Owed { given_up: true, .. } => {
                p { span.chip.calm { "Closed without payment" } }
                p.small.muted { "This bill was closed as unpaid. You can still pay it here." }
            }
            State::Paid { receipt } => {
                p { span.chip.good { "Paid" } }
                @match receipt {
                    Some(receipt) => p { a href=(receipt) { "See the receipt" } },
                    None => p.small.muted { "It was settled by other means." },
                }
            }
            State::Void => {
                p { span.chip.calm { "Withdrawn" } }
                p.small.muted { "This bill was taken back. There is nothing to pay." }
            }
        }
    }
}

fn facts(view: &InvoiceView<'_>) -> Markup {
    let day = |seconds| html! { time datetime=(words::machine_time(seconds)) { (words::day(seconds)) } };
    html! {
        dl.facts {
            @if let Some(who) = view.addressee { dt { "For" } dd { (who) } }
            @if let Some(description) = view.description { dt { "About" } dd { (description) } }
            dt { "Bill number" } dd { (view.number) }
            dt { "Date" } dd { (day(view.created)) }
            @if let Some(due) = view.due { dt { "Due by" } dd { (day(due)) } }
            @if let Some(next) = view.next_try { dt { "Next automatic payment" } dd { (day(next)) } }
        }
        dl.facts.bill {
            @for line in &view.lines { dt { (line.text) } dd.num { (line.amount) } }
            dt.total { "Total" } dd.total.num { (view.total) }
        }
        @if let Some(footer) = view.footer { p.small.muted { (footer) } }
    }
}

fn ways(view: &InvoiceView<'_>, cards: &[CardView], bank: Option<&str>) -> Markup {
    let usable = cards.iter().filter(|card| card.expired.is_none()).count();
    html! {
        section.sheet aria-labelledby="pay" {
            h2 #pay { @if usable > 1 { "Choose a card and pay" } @else { "Pay" } }
            @if let Some(bank) = bank {
                p { "Your bank is waiting for you to confirm the last payment. " a href=(bank) { "Continue to your bank" } "." }
            }
            @if !cards.is_empty() { ul { @for card in cards { (card_row(view, card, usable > 1)) } } }
            div.row {
                a.btn.plain[usable > 0] .full[usable == 0] href={ (view.path) "/card" } {
                    @if cards.is_empty() { "Pay with a card" } @else { "Pay with another card" }
                }
            }
        }
    }
}

fn card_row(view: &InvoiceView<'_>, card: &CardView, choice: bool) -> Markup {
    let why = cards_on_file::why_id(card);
    let usable = card.expired.is_none();
    html! {
        li.card.off[!usable] {
            (cards_on_file::head(card, choice))
            @if let Some(month) = &card.expired {
                p.why.small.muted id=(why) { "This card expired in " (month) " and cannot be used." }
            } @else {
                form.pay method="post" action={ (view.path) "/pay" } {
                    input type="hidden" name="attempt" value=(view.attempt);
                    input type="hidden" name="card" value=(card.id);
                    button.btn.full type="submit" { "Pay " (view.amount) " with " span.keep { (card.name) } }
                }
            }
        }
    }
}

/// The page with the vault's form in it. The number is typed into the vault's own document; this page never sees it.
pub fn card_form(shell: Shell<'_>, path: &str, amount: &str, frame_url: &str) -> Markup {
    let body = html! {
        a.back href=(path) { "← Back to your bill" }
        h1 { "Pay " (amount) " with a card" }
        div.sheet {
            p.muted {
                "The form below comes from the card vault itself; this site cannot see what you type into it. "
                "Nothing is charged before you confirm on the next page."
            }
            iframe.frame src=(frame_url) title="Card details" allow="payment" {}
            p.small {
                "Form missing or blocked? "
                a href=(frame_url) { "Open the secure form on its own page" } "."
            }
        }
    };
    document(&shell, &body)
}

/// Asks before the card that was just typed in is charged.
pub fn confirm(shell: Shell<'_>, path: &str, amount: &str, token: &str) -> Markup {
    let body = html! {
        a.back href=(path) { "← Back to your bill" }
        h1 { "Pay " (amount) " to " (shell.brand) }
        div.sheet {
            p { "The card that you just entered is charged once. It is used for this payment only and not kept." }
            form.row method="post" action={ (path) "/pay" } {
                input type="hidden" name="token" value=(token);
                button.btn.full type="submit" { "Pay " (amount) }
            }
        }
    };
    document(&shell, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(id: &str, expired: Option<&str>) -> CardView {
        CardView {
            id: id.into(),
            line: "Visa •••• 4242 (Exp: 12/2030)".into(),
            name: "Visa •••• 4242".into(),
            default: false,
            chosen: expired.is_none(),
            expired: expired.map(str::to_owned),
        }
    }

    fn page(state: State) -> String {
        let view = InvoiceView {
            shell: Shell { brand: "Shop & Sons", ..Shell::default() },
            path: "/invoices/a_b",
            attempt: "attempt1",
            amount: "$29.00".into(),
            number: "AB-0001",
            addressee: Some("Jenny <Rosen>"),
            created: 1_795_341_783,
            due: Some(1_795_341_783),
            next_try: None,
            description: None,
            footer: None,
            lines: vec![LineView { text: "1 × Fibre", amount: "$29.00".into() }],
            total: "$29.00".into(),
            flash: None,
            state,
        };
        invoice(&view).into_string()
    }

    fn owed(cards: Vec<CardView>) -> String {
        page(State::Owed { cards, given_up: false, bank: None })
    }

    #[test]
    fn a_bill_says_who_what_and_until_when_and_can_be_paid_with_each_card_that_is_good() {
        let page = owed(vec![card("pm_1", None), card("pm_2", Some("10/2024"))]);
        for part in [
            "Bill from Shop &amp; Sons",
            "Jenny &lt;Rosen&gt;",
            "1 × Fibre",
            "AB-0001",
            "22 November 2026",
            "Visa •••• 4242 <span class=\"keep\">(Exp: 12/2030)</span>",
            "This card expired in 10/2024 and cannot be used.",
            "Pay with another card",
        ] {
            assert!(page.contains(part), "{part} in {page}");
        }
        assert_eq!(page.matches("<form").count(), 1, "{page}");
        assert_eq!(page.matches("<h1").count(), 1);
    }

    #[test]
    fn what_nobody_owes_offers_no_way_to_pay() {
        let paid = page(State::Paid { receipt: Some("/receipts/a_b".into()) });
        assert!(paid.contains("href=\"/receipts/a_b\"") && paid.contains("Paid"));
        for page in [paid, page(State::Paid { receipt: None }), page(State::Void)] {
            assert!(!page.contains("<form") && !page.contains("/card\""), "{page}");
        }
        assert!(page(State::Owed { cards: vec![], given_up: true, bank: None }).contains("closed as unpaid"));
    }
}
