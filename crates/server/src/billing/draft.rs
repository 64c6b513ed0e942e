//! Invoices as they are written, before they are final.

use onfile_core::currency::Currency;
use onfile_core::ids::CustomerId;
use onfile_core::invoice::InvoiceStatus;
use onfile_core::recurrence::Occurrence;

use crate::app::App;
use crate::model::customer::Customer;
use crate::model::invoice::{Invoice, Line, LineSource, Moments, OccurrenceOf, Period};
use crate::model::price::Price;
use crate::model::product::Product;
use crate::model::subscription::{Subscription, due};

use super::discounts::apply::apply;
use super::world::World;

/// Base-62 digits of the token in an invoice's link: 190 bits.
const LINK_TOKEN_DIGITS: usize = 32;

/// An invoice without lines.
pub fn empty(app: &App, customer: CustomerId, currency: Currency, now: i64) -> Invoice {
    Invoice {
        id: app.ids.next(),
        created: now,
        customer,
        subscription: None,
        billing_reason: "manual".to_owned(),
        collection_method: "charge_automatically".to_owned(),
        currency,
        status: InvoiceStatus::Draft,
        number: None,
        lines: Vec::new(),
        discounts: Vec::new(),
        default_tax_rates: Vec::new(),
        untaxed: None,
        amount_paid: 0,
        paid_elsewhere: false,
        payment: None,
        attempt_count: 0,
        attempts: Vec::new(),
        next_payment_attempt: None,
        explanation: None,
        due_date: None,
        auto_advance: false,
        default_payment_method: None,
        description: None,
        footer: None,
        statement_descriptor: None,
        metadata: crate::model::Metadata::new(),
        addressee: None,
        period: Period { start: now, end: now },
        moments: Moments::default(),
        run: None,
        test_clock: None,
        link_token: app.ids.secret(LINK_TOKEN_DIGITS),
    }
}

/// The invoice of an occurrence.
///
/// # Errors
/// Why it cannot be billed, in a sentence: the agreement is then parked until somebody changes it.
pub fn of_occurrence(
    app: &App,
    world: &World,
    subscription: &Subscription,
    occurrence: &Occurrence,
    now: i64,
) -> Result<Invoice, String> {
    let period = due::period(&subscription.schedule, occurrence);
    let mut invoice = empty(app, subscription.customer.clone(), subscription.currency, now);
    // Not when it is billed: what is billed late has the discounts of its time. Nor when it is charged: a day that is moved
    // past a weekend is not another period.
    let at = period.start;
    for item in &subscription.items {
        let (price, product) =
            world.price(&item.price).ok_or_else(|| format!("Its price {} is gone.", item.price))?;
        let amount = price
            .amount_for(item.quantity)
            .map_err(|error| format!("{} × {} cannot be billed: {error}.", item.quantity, item.price))?
            .minor;
        invoice.lines.push(Line {
            id: app.ids.next(),
            amount,
            description: Some(describe(item.quantity, price, product)),
            quantity: item.quantity,
            period,
            unit_amount_decimal: Some(price.unit_amount.to_string()),
            price: Some((price.id.clone(), product.id.clone())),
            source: LineSource::Subscription { id: subscription.id.clone(), item: item.id.clone() },
            discountable: true,
            tax_rates: item.tax_rates.clone(),
            taxes: Vec::new(),
            discounts: world.applying(&item.discounts, at, &invoice.id),
            discount_amounts: Vec::new(),
            metadata: item.metadata.clone(),
        });
    }
    invoice.default_tax_rates.clone_from(&subscription.default_tax_rates);
    invoice.untaxed = world.customer(&subscription.customer).and_then(Customer::untaxed);
    invoice.discounts = world.applying(&subscription.discounts, at, &invoice.id);
    if invoice.discounts.is_empty() {
        let customer = world.customer(&subscription.customer);
        let inherited = customer.and_then(|customer| customer.discount.as_ref());
        invoice.discounts = world.applying(inherited, at, &invoice.id);
    }
    check_sum(&invoice)?;
    apply(&mut invoice, &world.discounts);
    invoice.tax();
    check_total(&invoice)?;
    let reason = if occurrence.index == 0 { "subscription_create" } else { "subscription_cycle" };
    reason.clone_into(&mut invoice.billing_reason);
    invoice.subscription = Some(OccurrenceOf {
        id: subscription.id.clone(),
        occurrence: occurrence.index,
        metadata: subscription.metadata.clone(),
    });
    invoice.collection_method.clone_from(&subscription.collection_method);
    if let Some(days) = subscription.days_until_due {
        invoice.due_date = Some(now + i64::from(days) * super::SECONDS_PER_DAY);
    }
    invoice.auto_advance = true;
    invoice.default_payment_method.clone_from(&subscription.default_payment_method);
    invoice.description.clone_from(&subscription.description);
    // Stripe's invoices name the period that ended when they were made; the lines name the one that is paid.
    invoice.period = Period { start: subscription.current_period.start, end: period.start };
    invoice.test_clock.clone_from(&subscription.test_clock);
    Ok(invoice)
}

/// As Stripe words it: `2 × Gold (at $29.00 / month)`.
fn describe(quantity: u64, price: &Price, product: &Product) -> String {
    let each =
        price.unit_amount.line(1, price.currency).map_or_else(|_| String::new(), |one| one.to_string());
    let every = price.recurring.map_or_else(String::new, |recurring| match recurring.interval_count {
        1 => format!(" / {}", recurring.interval.as_str()),
        count => format!(" every {count} {}s", recurring.interval.as_str()),
    });
    format!("{quantity} × {} (at {each}{every})", product.name)
}

/// The lines must have a sum at all.
fn check_sum(invoice: &Invoice) -> Result<(), String> {
    let sum = invoice.lines.iter().try_fold(0_i64, |sum, line| sum.checked_add(line.amount));
    sum.map(drop).ok_or_else(|| "The sum of its lines is too large to be counted.".to_owned())
}

/// What is left after discounts and taxes must be possible to charge.
fn check_total(invoice: &Invoice) -> Result<(), String> {
    if invoice.total() <= onfile_core::money::AMOUNT_MAX {
        return Ok(());
    }
    Err(format!(
        "The total is more than {} minor units, the most that can be charged at once.",
        onfile_core::money::AMOUNT_MAX
    ))
}
