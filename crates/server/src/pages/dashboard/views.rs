//! What the merchant's staff see.

use maud::{Markup, html};

use super::status::{Chip, FILTERS, Filter};
use crate::pages::layout::{Shell, document};
use crate::pages::{widgets, words};

/// Where the list of payments is.
pub const HOME: &str = "/dashboard";

/// Who is signed in, on every page of the dashboard.
#[derive(Debug)]
pub struct StaffView<'a> {
    /// The merchant.
    pub merchant: &'a str,
    /// Whether no real money moves.
    pub test_mode: bool,
    /// The member of staff.
    pub email: &'a str,
    /// In the forms.
    pub csrf: &'a str,
}

/// One row of the list.
#[derive(Debug)]
pub struct PaymentRow {
    /// `pi_…`
    pub id: String,
    /// Its status.
    pub chip: Chip,
    /// `$29.00`
    pub amount: String,
    /// Name, e-mail or id.
    pub customer: Option<String>,
    /// `Visa •••• 4242 (Exp: 12/2025)`
    pub method: Option<String>,
    /// Unix seconds.
    pub created: i64,
    /// How often an issuer was asked.
    pub attempts: usize,
}

/// A page of the list.
#[derive(Debug)]
pub struct PaymentsView<'a> {
    /// Who looks.
    pub staff: StaffView<'a>,
    /// What is shown.
    pub filter: Filter,
    /// Newest first.
    pub rows: &'a [PaymentRow],
    /// The way to what is older.
    pub older: Option<String>,
    /// Whether this is not the newest page.
    pub deeper: bool,
}

fn staff_page(staff: &StaffView<'_>, title: &str, body: &Markup) -> Markup {
    let who = html! {
        span { (staff.email) }
        form method="post" action="/dashboard/sign-out" {
            (widgets::csrf_field(staff.csrf))
            button.link type="submit" { "Sign out" }
        }
    };
    let shell = Shell {
        title,
        brand: staff.merchant,
        home: Some(HOME),
        test_mode: staff.test_mode,
        wide: true,
        who: Some(who),
        refresh: None,
    };
    document(&shell, body)
}

/// The page a sign-in link opens. It only asks: programs that open links in mail must not use the link up.
pub fn sign_in(code: &str, email: &str) -> Markup {
    let body = html! {
        div.sheet.center {
            h1 { "Sign in to the dashboard" }
            p.muted { "This link works once. The session ends after 15 minutes without use." }
            form.row method="post" action="/dashboard/sign-in" {
                input type="hidden" name="code" value=(code);
                button.btn.full type="submit" { "Sign in as " (email) }
            }
        }
    };
    document(&Shell { title: "Sign in", brand: "Onfile", ..Shell::default() }, &body)
}

/// After signing out.
pub fn signed_out() -> Markup {
    let body = html! {
        div.sheet.center {
            h1 { "You have signed out" }
            p.muted { "To come back, open a new sign-in link." }
        }
    };
    document(&Shell { title: "Signed out", brand: "Onfile", ..Shell::default() }, &body)
}

/// The list of payments.
pub fn payments(view: &PaymentsView<'_>) -> Markup {
    let body = html! {
        h1 { "Payments" }
        nav.tabs aria-label="Filter by status" {
            @for filter in FILTERS {
                a href=(filter.href()) aria-current=[(filter == view.filter).then_some("page")] { (filter.label()) }
            }
        }
        @if view.rows.is_empty() { (empty(view)) } @else { (table(view.rows)) }
        div.row.no-print {
            @if view.deeper { a.btn.plain href=(view.filter.href()) { "Newest" } }
            @if let Some(older) = &view.older { a.btn.plain href=(older) rel="next" { "Older payments" } }
        }
    };
    staff_page(&view.staff, "Payments", &body)
}

fn empty(view: &PaymentsView<'_>) -> Markup {
    html! {
        div.sheet.empty {
            @if view.older.is_some() {
                h2 { "Nothing here among the newest payments" }
                p { "There are older ones to look through." }
            } @else if view.filter == Filter::All && !view.deeper {
                h2 { "No payments yet" }
                p { "They appear here as soon as a customer pays, or your server creates a payment intent." }
                @if view.staff.test_mode { p { a href="/demo" { "Make one in the demo shop" } } }
            } @else {
                h2 { "No payments with this status" }
                p { a href=(Filter::All.href()) { "Show all payments" } }
            }
        }
    }
}

/// Wider than a telephone: it scrolls sideways in a box of its own, which the keyboard reaches.
fn table(rows: &[PaymentRow]) -> Markup {
    html! {
        div.sheet.list role="region" aria-label="Payments" tabindex="0" {
            table {
                thead {
                    tr {
                        th.amount scope="col" { "Amount" }
                        th scope="col" { "Status" }
                        th scope="col" { "Customer" }
                        th scope="col" { "Card" }
                        th scope="col" { "Attempts" }
                        th scope="col" { "Created (UTC)" }
                    }
                }
                tbody {
                    @for row in rows {
                        tr {
                            td.amount.num { a href={ (HOME) "/payments/" (row.id) } { (row.amount) } }
                            td { (chip(row.chip)) }
                            td { (row.customer.as_deref().unwrap_or("–")) }
                            td.num { (row.method.as_deref().unwrap_or("–")) }
                            td.num { (row.attempts) }
                            td.num {
                                time datetime=(words::machine_time(row.created)) { (words::short_moment(row.created)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A status as a coloured word.
pub fn chip(chip: Chip) -> Markup {
    html! { span class={ "chip " (chip.colour) } { (chip.label) } }
}

/// A page of the dashboard, for the page of one payment.
pub fn within(staff: &StaffView<'_>, title: &str, body: &Markup) -> Markup {
    staff_page(staff, title, body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::dashboard::status::chip_of_words;

    fn staff() -> StaffView<'static> {
        StaffView { merchant: "Demo Merchant", test_mode: true, email: "admin@demo.example", csrf: "c" }
    }

    #[test]
    fn a_payment_is_one_row_with_a_link() {
        let row = PaymentRow {
            id: "pi_1".into(),
            chip: chip_of_words("Succeeded", "good"),
            amount: "$29.00".into(),
            customer: Some("<Ada>".into()),
            method: Some("Visa •••• 4242 (Exp: 12/2030)".into()),
            created: 1_795_341_783,
            attempts: 2,
        };
        let view = PaymentsView {
            staff: staff(),
            filter: Filter::All,
            rows: &[row],
            older: Some("/dashboard?before=pi_1".into()),
            deeper: false,
        };
        let page = payments(&view).into_string();
        for part in
            ["href=\"/dashboard/payments/pi_1\"", "&lt;Ada&gt;", "Succeeded", "Older payments", "Sign out"]
        {
            assert!(page.contains(part), "{part}");
        }
        assert_eq!(page.matches("aria-current").count(), 1);
    }

    #[test]
    fn an_empty_list_says_why_it_is_empty() {
        for (filter, deeper, text) in [
            (Filter::All, false, "No payments yet"),
            (Filter::Failed, false, "No payments with this status"),
            (Filter::All, true, "No payments with this status"),
        ] {
            let view = PaymentsView { staff: staff(), filter, rows: &[], older: None, deeper };
            assert!(payments(&view).into_string().contains(text), "{filter:?} {deeper}");
        }
    }

    #[test]
    fn opening_a_sign_in_link_shows_a_button_and_does_nothing() {
        let page = sign_in("acct1_secret", "admin@demo.example").into_string();
        assert!(page.contains("method=\"post\" action=\"/dashboard/sign-in\""));
        assert!(page.contains("Sign in as admin@demo.example"));
    }
}
