//! What a customer owes, as a document: of one occurrence of an agreement, or written by the merchant.

use onfile_core::currency::Currency;
use onfile_core::ids::{
    CustomerId, DiscountId, Id, InvoiceId, InvoiceItemId, LineItemId, PaymentIntentId, PaymentMethodId,
    PriceId, ProductId, RunId, SubscriptionId, SubscriptionItemId, TaxRateId, TestClockId,
};
use onfile_core::invoice::InvoiceStatus;
use onfile_core::tax::{Rate, taxes};
use onfile_core::vault_contract::Address;
use serde::{Deserialize, Serialize};

use super::customer::Customer;
use super::tax_rate::TaxRate;
use super::{Metadata, Object, Shipping};

/// An invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoice {
    /// `in_…`
    pub id: InvoiceId,
    /// Unix seconds, in the customer's time.
    pub created: i64,
    /// Who owes it.
    pub customer: CustomerId,
    /// Which occurrence of which agreement it is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription: Option<OccurrenceOf>,
    /// `subscription_create`, `subscription_cycle`, `manual`.
    pub billing_reason: String,
    /// `charge_automatically` or `send_invoice`.
    pub collection_method: String,
    /// In what.
    pub currency: Currency,
    /// Where it stands.
    pub status: InvoiceStatus,
    /// Given when it is finalised; without gaps for each customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// What it is made of. Its total is their sum without their discounts (M6).
    pub lines: Vec<Line>,
    /// The discounts on all of it, in the order in which they are taken off.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub discounts: Vec<DiscountId>,
    /// The taxes on lines that have none of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub default_tax_rates: Vec<TaxRate>,
    /// Why its customer pays no tax, `exempt` or `reverse`; none where they do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub untaxed: Option<String>,
    /// Minor units that were paid.
    pub amount_paid: i64,
    /// Settled by somebody other than us (`paid_out_of_band`).
    #[serde(default)]
    pub paid_elsewhere: bool,
    /// The payment that is to settle it: the debt's only one, so that M2 and M4 count over all attempts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment: Option<Payment>,
    /// How often it was tried to collect it automatically.
    pub attempt_count: u32,
    /// What became of the attempts to pay it, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempted>,
    /// When it is tried again, Unix seconds in the customer's time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_payment_attempt: Option<i64>,
    /// What happens next, or why nothing does, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanation: Option<String>,
    /// When it is to be paid by, where it is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_date: Option<i64>,
    /// Whether Onfile collects it by itself.
    pub auto_advance: bool,
    /// What to charge, where it is not the agreement's or the customer's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_payment_method: Option<PaymentMethodId>,
    /// The merchant's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Below the lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub footer: Option<String>,
    /// On the bank statement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement_descriptor: Option<String>,
    /// The merchant's pairs.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
    /// The customer as they were when it was finalised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub addressee: Option<Addressee>,
    /// What it is for, Unix seconds.
    pub period: Period,
    /// When it went from one state to the next.
    #[serde(default)]
    pub moments: Moments,
    /// The batch that it was first charged in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// Whose time it lives in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_clock: Option<TestClockId>,
    /// Lets whoever holds the link see and pay it.
    pub link_token: String,
}

/// One attempt to pay an invoice, in the customer's time: what a plan of further ones goes by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempted {
    /// Unix seconds.
    pub at: i64,
    /// Whether nobody was there.
    pub by_merchant: bool,
    /// The fingerprint of the number that was charged.
    pub number: String,
    /// What became of it.
    pub result: AttemptResult,
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptResult {
    /// The money came.
    Paid,
    /// It surely never reached an issuer.
    Outage,
    /// The issuer, the bank or the processor said no, in these codes.
    Declined {
        /// Stripe's word.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<String>,
        /// The issuer's own code, or the bank's return code.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        network_code: Option<String>,
        /// What the network, or the processor, advises.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        advice_code: Option<String>,
    },
}

/// An occurrence of an agreement (M3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OccurrenceOf {
    /// The agreement.
    pub id: SubscriptionId,
    /// Which one, counted from zero.
    pub occurrence: u32,
    /// The agreement's metadata when it was made.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
}

/// An invoice's payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// What carries it out.
    pub intent: PaymentIntentId,
    /// Unix seconds.
    pub created: i64,
}

/// From when until when, Unix seconds; the end is not part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// The first second.
    pub start: i64,
    /// The first second after it.
    pub end: i64,
}

/// When an invoice went from one state to the next, Unix seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moments {
    /// Made final.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finalised: Option<i64>,
    /// Settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid: Option<i64>,
    /// Taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voided: Option<i64>,
    /// Given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncollectible: Option<i64>,
}

/// A customer as an invoice names them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addressee {
    /// Name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// E-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Telephone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Postal address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// Where goods go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipping: Option<Shipping>,
    /// `none`, `exempt` or `reverse`.
    #[serde(default)]
    pub tax_exempt: String,
}

impl Addressee {
    /// A customer as they are.
    pub fn of(customer: &Customer) -> Self {
        Self {
            name: customer.name.clone(),
            email: customer.email.clone(),
            phone: customer.phone.clone(),
            address: customer.address.clone(),
            shipping: customer.shipping.clone(),
            tax_exempt: customer.tax_exempt.clone(),
        }
    }
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// `il_…`
    pub id: LineItemId,
    /// Minor units; rounded once (M6).
    pub amount: i64,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// How many.
    pub quantity: u64,
    /// For when.
    pub period: Period,
    /// What each costs, as a decimal number of minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_amount_decimal: Option<String>,
    /// At which price, of which product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<(PriceId, ProductId)>,
    /// Where it comes from.
    pub source: LineSource,
    /// Whether discounts may take something off it.
    #[serde(default = "yes")]
    pub discountable: bool,
    /// Its own discounts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub discounts: Vec<DiscountId>,
    /// Its own taxes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tax_rates: Vec<TaxRate>,
    /// What each tax on it comes to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taxes: Vec<LineTax>,
    /// What each discount takes off it, its own first: minor units, at most its amount together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub discount_amounts: Vec<(DiscountId, i64)>,
    /// The merchant's pairs.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
}

/// What a tax on a line comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineTax {
    /// At which rate.
    pub rate: TaxRateId,
    /// Whether it is in the line's amount already.
    pub inclusive: bool,
    /// Minor units; negative for a credit.
    pub amount: i64,
    /// Of what: the line without discounts and taxes.
    pub taxable: i64,
}

/// Where a line comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineSource {
    /// Part of an agreement.
    Subscription {
        /// The agreement.
        id: SubscriptionId,
        /// Its part.
        item: SubscriptionItemId,
    },
    /// An amount that the merchant added.
    Item(InvoiceItemId),
}

fn rates_of(rates: &[TaxRate]) -> Vec<Rate> {
    rates.iter().map(|rate| Rate { percentage: rate.percentage, inclusive: rate.inclusive }).collect()
}

/// What is not said of a document from before there were discounts.
pub(super) fn yes() -> bool {
    true
}

impl Line {
    /// Works its taxes out: those of its own, else these.
    pub fn tax(&mut self, defaults: &[TaxRate], untaxed: bool, step: i64) {
        let rates = if self.tax_rates.is_empty() { defaults } else { &self.tax_rates };
        let amount = self.amount.saturating_sub(self.discounted(|_| true));
        let taxed = taxes(amount, &rates_of(rates), step);
        let tax = |(rate, tax): (&TaxRate, i64)| LineTax {
            rate: rate.id.clone(),
            inclusive: rate.inclusive,
            amount: if untaxed { 0 } else { tax },
            taxable: if untaxed { amount } else { taxed.net },
        };
        self.taxes = rates.iter().zip(taxed.taxes).map(tax).collect();
    }

    /// What its taxes come to: of those that are in its amount, or of those on top.
    fn taxed(&self, inclusive: bool) -> i64 {
        let taxes = self.taxes.iter().filter(|tax| tax.inclusive == inclusive);
        taxes.fold(0_i64, |sum, tax| sum.saturating_add(tax.amount))
    }

    /// What discounts take off it, as far as they are let through.
    fn discounted(&self, counts: impl Fn(&DiscountId) -> bool) -> i64 {
        let amounts = self.discount_amounts.iter().filter(|(id, _)| counts(id));
        amounts.fold(0_i64, |sum, (_, amount)| sum.saturating_add(*amount))
    }
}

impl Invoice {
    /// The sum of the lines without their discounts and with their taxes, minor units.
    pub fn total(&self) -> i64 {
        self.discounted_sum().saturating_add(self.sum(|line| line.taxed(false)))
    }

    /// The sum of the lines without their discounts and without any tax.
    pub fn total_excluding_tax(&self) -> i64 {
        self.discounted_sum().saturating_sub(self.sum(|line| line.taxed(true)))
    }

    /// The sum of the lines without their discounts, before taxes on top.
    pub fn discounted_sum(&self) -> i64 {
        self.sum(|line| line.amount.saturating_sub(line.discounted(|_| true)))
    }

    /// [`Self::subtotal`] without the taxes that are in it.
    pub fn subtotal_excluding_tax(&self) -> i64 {
        if self.untaxed.is_some() {
            return self.subtotal();
        }
        self.sum(|line| {
            let own = line.amount.saturating_sub(line.discounted(|id| line.discounts.contains(id)));
            let rates = if line.tax_rates.is_empty() { &self.default_tax_rates } else { &line.tax_rates };
            taxes(own, &rates_of(rates), self.currency.step()).net
        })
    }

    /// What each tax comes to on all lines together, in the order in which lines name them.
    pub fn tax_totals(&self) -> Vec<LineTax> {
        let mut totals: Vec<LineTax> = Vec::new();
        for tax in self.lines.iter().flat_map(|line| &line.taxes) {
            match totals.iter_mut().find(|known| known.rate == tax.rate) {
                Some(known) => {
                    known.amount = known.amount.saturating_add(tax.amount);
                    known.taxable = known.taxable.saturating_add(tax.taxable);
                }
                None => totals.push(tax.clone()),
            }
        }
        totals
    }

    /// Works the taxes of all lines out.
    pub fn tax(&mut self) {
        let (untaxed, step) = (self.untaxed.is_some(), self.currency.step());
        for line in &mut self.lines {
            line.tax(&self.default_tax_rates, untaxed, step);
        }
    }

    /// The sum of the lines without their own discounts, before those of the whole invoice.
    pub fn subtotal(&self) -> i64 {
        self.sum(|line| line.amount.saturating_sub(line.discounted(|id| line.discounts.contains(id))))
    }

    /// What all discounts take off.
    pub fn discounted(&self) -> i64 {
        self.sum(|line| line.discounted(|_| true))
    }

    fn sum(&self, of: impl Fn(&Line) -> i64) -> i64 {
        self.lines.iter().fold(0_i64, |sum, line| sum.saturating_add(of(line)))
    }

    /// What each discount takes off all lines together: those of lines first, then in the order of [`Self::discounts`].
    pub fn discount_totals(&self) -> Vec<(DiscountId, i64)> {
        let mut totals: Vec<(DiscountId, i64)> = Vec::new();
        let of_lines = |own: bool| {
            self.lines.iter().flat_map(move |line| {
                line.discount_amounts.iter().filter(move |(id, _)| line.discounts.contains(id) == own)
            })
        };
        for (id, amount) in of_lines(true).chain(of_lines(false)) {
            match totals.iter_mut().find(|(known, _)| known == id) {
                Some((_, total)) => *total = total.saturating_add(*amount),
                None => totals.push((id.clone(), *amount)),
            }
        }
        totals
    }

    /// Every discount that it or a line names.
    pub fn named_discounts(&self) -> Vec<&DiscountId> {
        self.discounts.iter().chain(self.lines.iter().flat_map(|line| &line.discounts)).collect()
    }

    /// What is to be paid: a negative total is owed by nobody.
    pub fn amount_due(&self) -> i64 {
        self.total().max(0)
    }

    /// What is still to be paid.
    pub fn amount_remaining(&self) -> i64 {
        if self.paid_elsewhere { 0 } else { (self.amount_due() - self.amount_paid).max(0) }
    }

    /// The id of its payment.
    pub fn intent(&self) -> Option<&PaymentIntentId> {
        self.payment.as_ref().map(|payment| &payment.intent)
    }

    /// What it is for, in a line: the merchant's words, else those of its first line.
    pub fn purpose(&self) -> Option<&str> {
        let line = || self.lines.first().and_then(|line| line.description.as_deref());
        self.description.as_deref().or_else(line)
    }

    /// What the index of clocks calls its time: empty for real time.
    pub fn clock_key(&self) -> &str {
        self.test_clock.as_ref().map_or("", Id::as_str)
    }
}

impl Object for Invoice {
    type Id = InvoiceId;
    fn id(&self) -> &InvoiceId {
        &self.id
    }
}
