//! One payment, with everything that happened to it.

use maud::{Markup, html};

use super::status::Chip;
use super::views::{HOME, StaffView, chip, within};
use crate::pages::{widgets, words};

/// A payment.
#[derive(Debug)]
pub struct PaymentView<'a> {
    /// Who looks.
    pub staff: StaffView<'a>,
    /// `pi_…`
    pub id: &'a str,
    /// Its status.
    pub chip: Chip,
    /// Asked for, authorised, captured, refunded.
    pub amounts: [(&'static str, String); 4],
    /// Name, e-mail or id.
    pub customer: Option<String>,
    /// `Visa •••• 4242 (Exp: 12/2025)`
    pub method: Option<String>,
    /// The merchant's words.
    pub description: Option<&'a str>,
    /// Unix seconds.
    pub created: i64,
    /// The customer's receipt.
    pub receipt: Option<String>,
    /// The code with which the bank took the money back, what it means, and when we learned of it (Unix seconds).
    pub taken_back: Option<(String, &'static str, i64)>,
    /// Oldest first.
    pub steps: Vec<StepView>,
    /// Whether there are more steps than are shown.
    pub cut: bool,
    /// What the customer was told by mail, newest first.
    pub notices: Vec<NoticeView>,
}

/// One mail to the customer.
#[derive(Debug)]
pub struct NoticeView {
    /// What it says.
    pub title: &'static str,
    /// Where it stands: word and colour.
    pub state: (&'static str, &'static str),
    /// Why it was not sent, in a word for programs.
    pub reason: Option<String>,
    /// Unix seconds.
    pub created: i64,
}

/// One operation at the processor.
#[derive(Debug)]
pub struct StepView {
    /// What was asked for.
    pub title: &'static str,
    /// Where it stands: word, meaning, colour.
    pub state: (&'static str, &'static str, &'static str),
    /// `$29.00`
    pub amount: Option<String>,
    /// With what.
    pub method: Option<String>,
    /// `customer` or `merchant`.
    pub initiator: &'static str,
    /// `op_…`: the key at the processor.
    pub key: String,
    /// The processor's own codes, and what they mean.
    pub decline: Option<(String, &'static str)>,
    /// Unix seconds.
    pub created: i64,
    /// How often the outcome was looked up.
    pub checks: i64,
}

/// The page.
pub fn payment(view: &PaymentView<'_>) -> Markup {
    let [asked, taken @ ..] = &view.amounts;
    let body = html! {
        a.back href=(HOME) { "← All payments" }
        div.offer {
            h1.num { "Payment of " (asked.1) }
            (chip(view.chip))
        }
        p { code { (view.id) } }
        div.split {
            section.sheet aria-labelledby="attempts" {
                h2 #attempts { "What happened" }
                @if view.steps.is_empty() {
                    p.muted { "Nothing was sent to a processor yet." }
                } @else {
                    ol.steps { @for step in &view.steps { (step_item(step)) } }
                    @if let Some((code, meaning, at)) = &view.taken_back {
                        div.flash.bad {
                            strong { "The bank took the money back. The debt is open again." }
                            p { (meaning) " " code { (code) } ", " (words::moment(*at)) }
                        }
                    }
                    @if view.cut { p.muted { "Only the first ones are shown." } }
                }
                @if !view.notices.is_empty() {
                    h2 { "Mail to the customer" }
                    ul.steps { @for notice in &view.notices { (notice_item(notice)) } }
                }
            }
            section.sheet aria-labelledby="facts" {
                h2 #facts { "Details" }
                dl.facts {
                    @for (label, amount) in taken { dt { (label) } dd.num { (amount) } }
                    dt { "Customer" } dd { (view.customer.as_deref().unwrap_or("–")) }
                    dt { "Paid with" } dd { (widgets::line(view.method.as_deref().unwrap_or("–"))) }
                    dt { "Description" } dd { (view.description.unwrap_or("–")) }
                    dt { "Created" }
                    dd { time datetime=(words::machine_time(view.created)) { (words::moment(view.created)) } }
                    @if let Some(receipt) = &view.receipt {
                        dt { "Receipt" } dd { a href=(receipt) { "What the customer sees" } }
                    }
                }
            }
        }
    };
    within(&view.staff, "Payment", &body)
}

fn step_item(step: &StepView) -> Markup {
    let (word, meaning, colour) = step.state;
    let dot = dot(colour);
    html! {
        li class=[dot] {
            div.offer {
                strong { (step.title) @if let Some(amount) = &step.amount { ", " span.num { (amount) } } }
                span class={ "chip " (colour) } { (word) }
            }
            p { (meaning) }
            @if let Some((codes, plain)) = &step.decline { p { (plain) " " code { (codes) } } }
            p.small.muted {
                @if let Some(method) = &step.method { span.num { (method) } " · " }
                "started by the " (step.initiator) " · "
                time datetime=(words::machine_time(step.created)) { (words::short_moment(step.created)) " UTC" }
                @if step.checks > 0 { " · looked up " (step.checks) "×" }
            }
            p.small.muted { "Key at the processor: " code { (step.key) } }
        }
    }
}

/// The class that colours an item's dot.
fn dot(colour: &str) -> Option<&'static str> {
    match colour {
        "good" => Some("yes"),
        "bad" => Some("no"),
        _ => None,
    }
}

fn notice_item(notice: &NoticeView) -> Markup {
    let (word, colour) = notice.state;
    let dot = dot(colour);
    html! {
        li class=[dot] {
            div.offer { strong { (notice.title) } span class={ "chip " (colour) } { (word) } }
            p.small.muted {
                time datetime=(words::machine_time(notice.created)) { (words::short_moment(notice.created)) " UTC" }
                @if let Some(reason) = &notice.reason { " · " code { (reason) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use onfile_core::operation::OperationState;

    use super::*;
    use crate::model::notice::NoticeState;
    use crate::pages::dashboard::status::chip_of_words;

    #[test]
    fn a_declined_attempt_shows_the_raw_code_and_its_meaning() {
        let step = StepView {
            title: "Payment attempt",
            state: words::state(OperationState::Declined),
            amount: Some("$29.00".into()),
            method: None,
            initiator: "customer",
            key: "op_1".into(),
            decline: Some(("lost_card · 41".into(), words::for_staff("lost_card"))),
            created: 0,
            checks: 2,
        };
        let view = PaymentView {
            staff: StaffView { merchant: "M", test_mode: true, email: "a@b.example", csrf: "c" },
            id: "pi_1",
            chip: chip_of_words("Declined", "bad"),
            amounts: ["Amount", "Authorised", "Captured", "Refunded"]
                .map(|label| (label, "$29.00".to_owned())),
            customer: None,
            method: None,
            description: None,
            created: 0,
            receipt: None,
            taken_back: Some(("R10".into(), "Not authorised.", 0)),
            steps: vec![step],
            cut: false,
            notices: vec![NoticeView {
                title: words::notice("receipt"),
                state: words::notice_state(NoticeState::Failed),
                reason: Some("refused_550".into()),
                created: 0,
            }],
        };
        let page = payment(&view).into_string();
        for part in [
            "lost_card · 41",
            "Reported lost",
            "op_1",
            "looked up 2×",
            "started by the customer",
            "refused_550",
            "took the money back",
            "R10",
        ] {
            assert!(page.contains(part), "{part}");
        }
        assert_eq!(page.matches("<h1").count(), 1);
    }
}
