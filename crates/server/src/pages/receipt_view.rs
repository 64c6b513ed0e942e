//! A receipt, to be read, printed and kept.

use maud::{Markup, html};

use super::layout::{Shell, document};
use super::{widgets, words};

/// What a receipt says.
#[derive(Debug)]
pub struct ReceiptView<'a> {
    /// Who was paid.
    pub merchant: &'a str,
    /// Where the brand leads, on the demo shop's own receipts.
    pub home: Option<&'a str>,
    /// Whether no real money moved.
    pub test_mode: bool,
    /// `$29.00`
    pub amount: String,
    /// Unix seconds.
    pub created: i64,
    /// `Card` or `Bank account`.
    pub method_label: &'static str,
    /// `Visa •••• 4242 (Exp: 12/2025)`
    pub method: String,
    /// For what.
    pub description: Option<&'a str>,
    /// `ch_…`
    pub number: &'a str,
    /// What became of it.
    pub state: ReceiptState,
    /// What was given back, oldest first.
    pub refunds: Vec<RefundLine>,
    /// Paid less given back, where something was given back.
    pub kept: Option<String>,
}

/// What became of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiptState {
    /// The money was taken.
    Paid,
    /// The money is reserved and not taken yet.
    Reserved,
    /// What was reserved was released.
    Released,
    /// Some of it was given back.
    PartlyRefunded,
    /// All of it was given back.
    Refunded,
    /// A bank debit that was submitted and has not arrived yet.
    Pending,
    /// The customer's bank took the money back.
    TakenBack,
    /// It did not happen.
    Failed,
}

/// Money given back.
#[derive(Debug)]
pub struct RefundLine {
    /// Unix seconds.
    pub created: i64,
    /// `$5.00`
    pub amount: String,
    /// Whether it is still on its way.
    pub pending: bool,
}

impl ReceiptState {
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Paid => ("Paid", "good"),
            Self::Reserved => ("Reserved, not yet charged", "warn"),
            Self::Released => ("Released, not charged", "calm"),
            Self::PartlyRefunded => ("Partly refunded", "calm"),
            Self::Refunded => ("Refunded", "calm"),
            Self::Pending => ("On its way, not yet paid", "warn"),
            Self::TakenBack => ("Returned by the bank, not paid", "bad"),
            Self::Failed => ("Not paid", "bad"),
        }
    }
}

/// The page.
pub fn receipt(view: &ReceiptView<'_>) -> Markup {
    let (word, colour) = view.state.words();
    let paid =
        matches!(view.state, ReceiptState::Paid | ReceiptState::PartlyRefunded | ReceiptState::Refunded);
    let body = html! {
        div.sheet {
            div.center {
                @if view.state == ReceiptState::Paid { (tick()) }
                h1 { "Receipt from " (view.merchant) }
                p.sum.num { (view.amount) }
                p { span class={ "chip " (colour) } { (word) } }
            }
            dl.facts {
                @if let Some(description) = view.description { dt { "For" } dd { (description) } }
                dt { @if paid { "Paid on" } @else { "Date" } }
                dd { time datetime=(words::machine_time(view.created)) { (words::moment(view.created)) } }
                dt { (view.method_label) } dd { (widgets::line(&view.method)) }
                dt { "Receipt number" } dd { code { (view.number) } }
                @if !view.refunds.is_empty() {
                    dt.total { @if paid { "Paid" } @else { "Amount" } } dd.total.num { (view.amount) }
                    @for refund in &view.refunds {
                        dt { "Refund, " (words::day(refund.created)) @if refund.pending { " (on its way)" } }
                        dd.num { "−" (refund.amount) }
                    }
                    @if let Some(kept) = &view.kept { dt.total { "You paid" } dd.total.num { (kept) } }
                }
            }
            @if !view.refunds.is_empty() {
                p.small.muted { "Refunds take up to ten days to appear on the statement." }
            }
        }
        @if let Some(home) = view.home { p.no-print { a href=(home) { "← Back to " (view.merchant) } } }
    };
    let shell = Shell {
        title: "Receipt",
        brand: view.merchant,
        home: view.home,
        test_mode: view.test_mode,
        ..Shell::default()
    };
    document(&shell, &body)
}

fn tick() -> Markup {
    html! {
        svg.tick viewBox="0 0 48 48" aria-hidden="true" focusable="false" {
            circle cx="24" cy="24" r="22" fill="none" stroke="currentColor" stroke-width="2.5" {}
            path d="M15 24.5l6.5 6.5L33.5 18" fill="none" stroke="currentColor" stroke-width="3"
                stroke-linecap="round" stroke-linejoin="round" {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(state: ReceiptState, refunds: Vec<RefundLine>) -> ReceiptView<'static> {
        ReceiptView {
            merchant: "Demo Merchant",
            home: None,
            test_mode: true,
            amount: "$29.00".into(),
            created: 1_795_341_783,
            method_label: "Card",
            method: "Visa •••• 4242 (Exp: 12/2030)".into(),
            description: Some("Fibre 500"),
            number: "ch_1",
            kept: (!refunds.is_empty()).then(|| "$24.00".into()),
            state,
            refunds,
        }
    }

    #[test]
    fn a_receipt_says_who_what_when_and_with_which_card() {
        let page = receipt(&view(ReceiptState::Paid, Vec::new())).into_string();
        for part in
            ["Demo Merchant", "$29.00", "22 November 2026, 10:03 UTC", "Visa •••• 4242", "ch_1", "noindex"]
        {
            assert!(page.contains(part), "{part}");
        }
        assert!(!page.contains("Refund,"));
    }

    #[test]
    fn a_debit_that_is_on_its_way_or_came_back_is_not_called_paid() {
        for (state, words) in [
            (ReceiptState::Pending, "On its way, not yet paid"),
            (ReceiptState::TakenBack, "Returned by the bank, not paid"),
        ] {
            let page = receipt(&view(state, Vec::new())).into_string();
            assert!(page.contains(words) && !page.contains("Paid on"), "{page}");
        }
    }

    #[test]
    fn refunds_are_listed_and_taken_off() {
        let refund = RefundLine { created: 1_795_341_783, amount: "$5.00".into(), pending: true };
        let page = receipt(&view(ReceiptState::PartlyRefunded, vec![refund])).into_string();
        for part in ["Partly refunded", "−$5.00", "(on its way)", "$24.00"] {
            assert!(page.contains(part), "{part}");
        }
    }
}
