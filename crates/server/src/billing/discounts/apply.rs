//! What discounts take off an invoice: first those of its lines, each off its own, then those of the whole, one after the
//! other, each off what is left.

use onfile_core::discount::{Duration, Target, take};
use onfile_core::ids::{AccountId, DiscountId};
use onfile_service::db::{DbError, Tx};

use crate::model::discount::{Discount, Holder};
use crate::model::invoice::Invoice;
use crate::model::subscription::Subscription;
use crate::store::sets;

use super::{Discounts, load};

/// Works out what the discounts that an invoice names take off its lines, and the taxes on what is left. Discounts that are
/// not known take nothing.
pub fn apply(invoice: &mut Invoice, known: &Discounts) {
    for line in &mut invoice.lines {
        line.discount_amounts.clear();
    }
    let mut targets: Vec<Target> =
        invoice.lines.iter().map(|line| Target { left: line.amount, applies: false }).collect();
    let of_lines: Vec<(usize, DiscountId)> = invoice
        .lines
        .iter()
        .enumerate()
        .flat_map(|(at, line)| line.discounts.iter().map(move |id| (at, id.clone())))
        .collect();
    for (at, id) in of_lines {
        if let Some(discount) = known.get(&id) {
            take_off(invoice, &mut targets, discount, Some(at));
        }
    }
    for id in invoice.discounts.clone() {
        if let Some(discount) = known.get(&id) {
            take_off(invoice, &mut targets, discount, None);
        }
    }
    invoice.tax();
}

/// Takes a discount off one line, or off all that it is for.
fn take_off(invoice: &mut Invoice, targets: &mut [Target], discount: &Discount, only: Option<usize>) {
    let Some(off) = discount.terms.off_in(invoice.currency) else { return };
    for (at, (target, line)) in targets.iter_mut().zip(&invoice.lines).enumerate() {
        let product = line.price.as_ref().map(|(_, product)| product);
        let meant = only.is_none_or(|only| only == at);
        target.applies = meant && line.discountable && discount.terms.is_for(product);
    }
    let shares = take(targets, off, invoice.currency.step());
    for ((line, target), share) in invoice.lines.iter_mut().zip(targets).zip(shares) {
        if target.applies {
            line.discount_amounts.push((discount.id.clone(), share));
        }
    }
}

/// Works an invoice's discounts out anew, as they are stored.
///
/// # Errors
/// When the database fails.
pub async fn refresh(tx: &mut Tx, account: &AccountId, invoice: &mut Invoice) -> Result<(), DbError> {
    let known = load(tx, account, &invoice.named_discounts()).await?;
    apply(invoice, &known);
    Ok(())
}

/// Locks those that apply once and have not: whoever bills next sees what became of them.
///
/// # Errors
/// When the database fails.
pub async fn lock_spendable(tx: &mut Tx, account: &AccountId, known: &mut Discounts) -> Result<(), DbError> {
    let spendable = known.values().filter(|it| it.terms.duration == Duration::Once && it.spent.is_none());
    let mut ids: Vec<DiscountId> = spendable.map(|it| it.id.clone()).collect();
    ids.sort_unstable();
    let refs: Vec<&DiscountId> = ids.iter().collect();
    for locked in sets::lock::<Discount>(tx, account, &refs).await? {
        known.insert(locked.object.id.clone(), locked.object);
    }
    Ok(())
}

/// Notes what an invoice has used up of the discounts that apply once: those that took something off it. Answers them.
pub fn spend(known: &mut Discounts, invoice: &Invoice) -> Vec<Discount> {
    let mut spent = Vec::new();
    for (id, amount) in invoice.discount_totals() {
        if let Some(discount) = known.get_mut(&id)
            && discount.terms.duration == Duration::Once
            && discount.spent.is_none()
            && amount > 0
        {
            discount.spent = Some(invoice.id.clone());
            spent.push(discount.clone());
        }
    }
    spent
}

/// Takes those that are over at this Unix second off an agreement, and answers them.
pub fn retire(known: &Discounts, agreement: &mut Subscription, at: i64) -> Vec<Discount> {
    let mut over = Vec::new();
    let lists = std::iter::once(&mut agreement.discounts)
        .chain(agreement.items.iter_mut().map(|item| &mut item.discounts));
    for list in lists {
        list.retain(|id| match known.get(id) {
            Some(discount) if discount.is_over(at) => {
                over.push(discount.clone());
                false
            }
            _ => true,
        });
    }
    over
}

/// Of those that were spent, the ones that were on all that a customer buys.
pub fn of_customer(spent: &[Discount]) -> impl Iterator<Item = &Discount> {
    spent.iter().filter(|discount| discount.on == Holder::Customer)
}
