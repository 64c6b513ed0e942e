//! A page for people: the newest facts and the fault plan in force.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};

use super::App;
use super::page::page;
use crate::entry::{FactKind, LedgerLine};
use crate::faults::{Latency, MailFault, Plan};
use crate::rules::Initiator;

/// `GET /`
pub async fn show(State(app): State<App>) -> Response {
    let durable = app.engine.ledger.durable().lines;
    let lines: Vec<LedgerLine> = app.engine.state().recent(durable).cloned().collect();
    let main = html! {
        h1 { "Stand-in card processor" }
        p { a href="/inbox" { "Inbox" } ": mail that was caught here" }
        (faults(&app.engine.faults.plan()))
        h2 id="facts" { "Newest ledger lines" }
        @if lines.is_empty() {
            p { "Nothing happened yet. Payments, captures, refunds, voids and declines will be listed here." }
        } @else {
            (table(&lines))
        }
        p { "The whole ledger, as JSON lines: " a href="/ledger" { "/ledger" } }
    };
    page(StatusCode::OK, "Ledger", true, main)
}

fn faults(plan: &Plan) -> Markup {
    let latency = match plan.latency_ms {
        Latency::Fixed(ms) => format!("{ms} ms"),
        Latency::LogNormal { p50, p99 } => format!("p50 {p50} ms, p99 {p99} ms"),
    };
    html! {
        h2 { "Fault plan in force" }
        @if *plan == Plan::default() {
            p { "None: every request is worked on and answered." }
        } @else {
            dl {
                dt { "Worked on, then dropped" } dd { (share(plan.charge_then_drop)) }
                dt { "Worked on, then status 500" } dd { (share(plan.charge_then_500)) }
                dt { "Dropped before anything" } dd { (share(plan.drop_then_nothing)) }
                dt { "Idempotency keys" } dd { @if plan.no_idempotency { "ignored" } @else { "honoured" } }
                dt { "Delay of answers" } dd { (latency) }
                dt { "Mail" } dd { (mail(plan.mail)) }
                dt { "Seed" } dd { (plan.seed) }
            }
        }
    }
}

fn mail(fault: MailFault) -> &'static str {
    match fault {
        MailFault::None => "kept",
        MailFault::Refuse451 => "refused for now (451)",
        MailFault::Refuse550 => "refused for ever (550)",
        MailFault::Drop => "dropped, not kept",
        MailFault::KeepThenDrop => "kept, then dropped without an answer",
    }
}

#[expect(clippy::float_arithmetic, reason = "a share for people, not money")]
fn share(of_one: f64) -> String {
    format!("{:.1} %", of_one * 100.0)
}

fn table(lines: &[LedgerLine]) -> Markup {
    html! {
        div class="scroll" role="region" aria-labelledby="facts" tabindex="0" {
            table {
                thead {
                    tr {
                        @for title in ["No.", "Time", "Kind", "Amount", "Account", "By", "Merchant", "Reference", "Payment"] {
                            th scope="col" { (title) }
                        }
                    }
                }
                tbody { @for line in lines { (row(line)) } }
            }
        }
    }
}

fn row(line: &LedgerLine) -> Markup {
    let (kind, class) = match line.kind {
        FactKind::Authorisation => ("authorisation", "in"),
        FactKind::Capture => ("capture", "in"),
        FactKind::Refund => ("refund", "out"),
        FactKind::Void => ("void", "out"),
        FactKind::Verification => ("verification", "in"),
        FactKind::Decline => ("decline", "bad"),
        FactKind::Debit => ("bank debit submitted", "in"),
        FactKind::Settlement => ("settlement", "in"),
        FactKind::Return => ("return", "bad"),
    };
    html! {
        tr {
            td class="number" { (line.seq) }
            td { time datetime=(line.time) { (line.time.strftime("%Y-%m-%d %H:%M:%S")) } }
            td {
                span class={ "kind " (class) } { (kind) }
                @if let Some(code) = &line.decline_code { " " code { (code) } }
                @if let Some(code) = &line.return_code { " " code { (code) } }
            }
            td class="number" { (line.currency.show(line.amount)) }
            td { "•••• " (line.last4) }
            td { @match line.initiator { Initiator::Customer => "customer", Initiator::Merchant => "merchant" } }
            td { code { (line.merchant) } }
            td { code { (line.reference) } }
            td { code { (line.payment) } }
        }
    }
}
