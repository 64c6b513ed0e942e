//! Billing what is due: a set of agreements becomes invoices, payments and operations, in the caller's transaction.

use onfile_core::ids::RunId;
use onfile_core::invoice::InvoiceStatus;
use onfile_core::recurrence::Occurrence;
use onfile_core::retries::network::NetworkLimit;
use onfile_core::subscription::SubscriptionStatus;
use onfile_service::db::Tx;

use crate::app::App;
use crate::model::customer::Customer;
use crate::model::discount::Discount;
use crate::model::event::Snapshot;
use crate::model::invoice::Invoice;
use crate::model::operation::Operation;
use crate::model::payment_intent::PaymentIntent;
use crate::model::payment_method::PaymentMethod;
use crate::model::subscription::due::{self, Due};
use crate::model::subscription::{self, PauseBehaviour, Subscription};
use crate::notices::failures::{self, Failure, LIMITED, NO_METHOD};
use crate::payments::{Cause, begin_all, intents};
use crate::store::events::{self, News};
use crate::store::objects::Versioned;
use crate::store::{runs, sets};

use super::world::World;
use super::{Error, cancel, collect, discounts, draft, finalise, tell};

/// Why a run leaves the invoice of a paused agreement.
const PAUSED: &str = "paused";

/// How a set is billed.
#[derive(Debug, Clone)]
pub struct How {
    /// Now for its customers, Unix seconds.
    pub now: i64,
    /// The batch that it belongs to.
    pub run: Option<RunId>,
    /// Whether the first attempt is left to the caller: a new agreement is in force once it is paid.
    pub hold: bool,
}

/// What came of billing a set. Nothing is sent yet.
#[derive(Debug, Default)]
pub struct Issued {
    /// To be sent once the transaction is committed.
    pub operations: Vec<Operation>,
    /// The invoices that were made.
    pub invoices: Vec<Invoice>,
    /// How many agreements had something due.
    pub agreements: usize,
}

/// An occurrence that is being billed.
struct Bill {
    invoice: Invoice,
    intent: Option<PaymentIntent>,
    operation: Option<Operation>,
    subscription: Versioned<Subscription>,
    /// Its card's network allows no attempt now.
    limited: bool,
    /// Its agreement's invoices are not collected at present.
    paused: Option<PauseBehaviour>,
    /// The discounts that are over with it.
    over: Vec<Discount>,
}

impl Bill {
    fn new(invoice: Invoice, subscription: Versioned<Subscription>, over: Vec<Discount>, due: i64) -> Self {
        let paused = subscription.object.paused(due);
        Self { invoice, intent: None, operation: None, subscription, limited: false, paused, over }
    }
}

/// Does what is due about locked agreements: bills one occurrence of each, or ends it. Of an agreement with more due,
/// the next call bills the next occurrence.
///
/// # Errors
/// When the database fails. An agreement that cannot be billed is parked with the reason, and holds up no other.
pub async fn issue(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    subscriptions: Vec<Versioned<Subscription>>,
    how: &How,
) -> Result<Issued, Error> {
    let world = World::of(tx, &cause.account.id, subscriptions.iter().map(|found| &found.object)).await?;
    let mut world = world.with_histories(tx, &cause.account).await?;
    discounts::apply::lock_spendable(tx, &cause.account.id, &mut world.discounts).await?;
    let mut spent = Vec::new();
    let mut bills = Vec::new();
    let mut changed = Vec::new();
    let mut agreements = 0;
    for mut subscription in subscriptions {
        let Some(what) = due::due(&subscription.object, how.now) else {
            changed.push(subscription.object);
            continue;
        };
        agreements += 1;
        match what {
            Due::Bill(occurrence) => match bill(app, &world, &mut subscription.object, &occurrence, how) {
                Ok(invoice) => {
                    let used = discounts::apply::spend(&mut world.discounts, &invoice);
                    let it = &mut subscription.object;
                    let mut over = discounts::apply::retire(&world.discounts, it, it.current_period.start);
                    for discount in discounts::apply::of_customer(&used) {
                        if over.iter().all(|other| other.id != discount.id) {
                            over.push(discount.clone());
                        }
                    }
                    spent.extend(used);
                    // Not as it is now: what is billed late is left as it would have been in time.
                    let due = occurrence.due.as_second();
                    bills.push(Bill::new(invoice, subscription, over, due));
                }
                Err(reason) => {
                    subscription.object.parked = Some(reason);
                    tell::subscription(tx, app, cause, "customer.subscription.updated", &subscription)
                        .await?;
                    changed.push(subscription.object);
                }
            },
            Due::End(at) => {
                cancel::end(tx, app, cause, &mut subscription, at).await?;
                changed.push(subscription.object);
            }
            Due::Expire => {
                cancel::expire(tx, app, cause, &mut subscription, how.now).await?;
                changed.push(subscription.object);
            }
        }
    }
    sets::save(tx, &cause.account.id, &changed).await?;
    sets::save(tx, &cause.account.id, &spent).await?;
    let mut issued = write(tx, app, cause, &world, bills, how).await?;
    issued.agreements = agreements;
    Ok(issued)
}

/// The invoice of an occurrence; the agreement goes on to its next one.
fn bill(
    app: &App,
    world: &World,
    agreement: &mut Subscription,
    occurrence: &Occurrence,
    how: &How,
) -> Result<Invoice, String> {
    if world.customer(&agreement.customer).is_none() {
        return Err(subscription::CUSTOMER_GONE.to_owned());
    }
    let mut invoice = draft::of_occurrence(app, world, agreement, occurrence, how.now)?;
    invoice.run.clone_from(&how.run);
    agreement.next_occurrence = occurrence.index + 1;
    agreement.current_period = due::period(&agreement.schedule, occurrence);
    agreement.latest_invoice = Some(invoice.id.clone());
    agreement.status = agreement.status.after_trial();
    Ok(invoice)
}

/// Makes the invoices final and writes everything: one statement for each kind of thing.
async fn write(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    world: &World,
    mut bills: Vec<Bill>,
    how: &How,
) -> Result<Issued, Error> {
    let account = &cause.account.id;
    let final_ones = bills.iter_mut().filter(|bill| bill.paused != Some(PauseBehaviour::KeepAsDraft));
    let customers = final_ones.filter_map(|bill| {
        let customer = world.customer(&bill.subscription.object.customer)?;
        Some((&mut bill.invoice, customer))
    });
    finalise::number(tx, cause, customers).await?;
    for bill in &mut bills {
        charge(app, cause, world, bill, how)?;
    }
    sets::insert(tx, account, bills.iter().map(|bill| &bill.invoice)).await?;
    sets::insert(tx, account, bills.iter().filter_map(|bill| bill.intent.as_ref())).await?;
    sets::save(tx, account, bills.iter().map(|bill| &bill.subscription.object)).await?;
    for bill in &bills {
        tell_of(tx, app, cause, bill).await?;
    }
    if let Some(run) = &how.run {
        let sent = |bill: &Bill| bill.operation.is_some() || bill.invoice.next_payment_attempt.is_some();
        let items = bills.iter().map(|bill| {
            if bill.paused.is_some() {
                runs::Item::not_charged(&bill.invoice, PAUSED)
            } else if bill.limited {
                runs::Item::not_charged(&bill.invoice, collect::NETWORK_LIMIT)
            } else {
                runs::Item::planned(&bill.invoice, sent(bill))
            }
        });
        runs::insert_items(tx, account, run, items).await?;
    }
    let mut issued = Issued::default();
    for bill in bills {
        issued.operations.extend(bill.operation);
        issued.invoices.push(bill.invoice);
    }
    begin_all(tx, app, cause, &issued.operations).await?;
    Ok(issued)
}

/// Makes one invoice final, and prepares its first attempt where it is charged automatically.
fn charge(app: &App, cause: &Cause, world: &World, bill: &mut Bill, how: &How) -> Result<(), Error> {
    let Bill { invoice, intent, operation, subscription, limited, paused, .. } = bill;
    let subscription = &mut subscription.object;
    let Some(customer) = world.customer(&subscription.customer) else { return Ok(()) };
    if let Some(behaviour) = *paused {
        *intent = leave(app, invoice, customer, behaviour, how.now)?;
        return Ok(());
    }
    let Some(mut payment) = finalise::finalise(app, invoice, customer, how.now)? else { return Ok(()) };
    if subscription.saves_method && how.hold {
        // The customer's new method is kept, so that later invoices can be charged to it.
        payment.setup_future_usage = Some("off_session".to_owned());
    }
    if invoice.collection_method == "charge_automatically" && how.hold {
        subscription.status = SubscriptionStatus::Incomplete;
        // Nobody is charged again for an agreement that never came into force.
        invoice.auto_advance = false;
    } else if invoice.collection_method == "charge_automatically" {
        let method = world.method(subscription);
        if method.is_some_and(PaymentMethod::is_bank_account) {
            // A debit needs a look at its mandate: the run does that one by one, once its invoices are written.
            invoice.next_payment_attempt = Some(how.now);
        } else if let Some(method) = method {
            let limit = world.limit(method, payment.amount, payment.currency, how.now);
            *limited = limit != NetworkLimit::Allowed;
            match limit {
                NetworkLimit::Allowed => {
                    *operation = Some(intents::prepare_first(app, cause, &mut payment, method));
                }
                NetworkLimit::WaitUntil { at, because } => {
                    invoice.next_payment_attempt = Some(at.as_second());
                    invoice.explanation = Some(because);
                }
                NetworkLimit::Stop(why) => {
                    invoice.explanation = Some(why);
                    subscription.status = subscription.status.after_failure();
                }
            }
        } else {
            invoice.explanation = Some("There is no payment method to charge.".to_owned());
            subscription.status = subscription.status.after_failure();
        }
    }
    *intent = Some(payment);
    Ok(())
}

/// What is done with the invoice of a paused agreement in place of collecting it. The payment is one that whoever wants to
/// can still make.
fn leave(
    app: &App,
    invoice: &mut Invoice,
    customer: &Customer,
    behaviour: PauseBehaviour,
    now: i64,
) -> Result<Option<PaymentIntent>, Error> {
    invoice.auto_advance = false;
    if behaviour == PauseBehaviour::KeepAsDraft {
        return Ok(None);
    }
    let payment = finalise::finalise(app, invoice, customer, now)?;
    match (behaviour, payment) {
        (PauseBehaviour::Void, Some(_)) => {
            invoice.status = invoice.status.void()?;
            invoice.moments.voided = Some(now);
            invoice.payment = None;
            Ok(None)
        }
        (_, Some(payment)) => {
            invoice.status = invoice.status.give_up()?;
            invoice.moments.uncollectible = Some(now);
            Ok(Some(payment))
        }
        (_, None) => Ok(None),
    }
}

async fn tell_of(tx: &mut Tx, app: &App, cause: &Cause, bill: &Bill) -> Result<(), Error> {
    let invoice = Versioned::new(bill.invoice.clone());
    tell::invoice(tx, app, cause, "invoice.created", &invoice).await?;
    if invoice.object.status != InvoiceStatus::Draft {
        tell::invoice(tx, app, cause, "invoice.finalized", &invoice).await?;
    }
    if let Some(intent) = &bill.intent {
        let snapshot = Snapshot::PaymentIntent(intent.clone());
        let news = News { kind: "payment_intent.created", version: 1, snapshot: &snapshot, before: None };
        events::append(tx, app, cause, &news).await?;
        if bill.invoice.explanation.is_some() && bill.invoice.next_payment_attempt.is_none() {
            tell::invoice(tx, app, cause, "invoice.payment_failed", &invoice).await?;
            let code = if bill.limited { LIMITED } else { NO_METHOD };
            let (invoice, code) = (&invoice.object, code.to_owned());
            let failure = Failure { invoice, occasion: "issued".to_owned(), code, method: None };
            failures::queue_failure(tx, app, cause, failure).await?;
        }
    }
    let ended = match invoice.object.status {
        InvoiceStatus::Paid => Some("invoice.paid"),
        InvoiceStatus::Void => Some("invoice.voided"),
        InvoiceStatus::Uncollectible => Some("invoice.marked_uncollectible"),
        InvoiceStatus::Draft | InvoiceStatus::Open => None,
    };
    if let Some(kind) = ended {
        tell::invoice(tx, app, cause, kind, &invoice).await?;
    }
    let kind = match bill.subscription.version {
        1 => "customer.subscription.created",
        _ => "customer.subscription.updated",
    };
    for discount in &bill.over {
        discounts::tell(tx, app, cause, discounts::DELETED, discount).await?;
    }
    Ok(tell::subscription(tx, app, cause, kind, &bill.subscription).await?)
}
