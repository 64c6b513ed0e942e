//! Identifiers: one type per table, a prefix that a person recognises, and an order that follows creation.
//!
//! An id is `prefix_` and 31 base-62 digits: 7 of milliseconds since 2020 (until the year 2131), 2 of a counter that
//! keeps the order within a millisecond of one process, and 22 random ones (131 bits), which make it unguessable.
//! The alphabet stands in ASCII order, so `ORDER BY id` is the order of creation and a page of a list needs no other
//! index than the primary key.

use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::random::Random;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 2020-01-01T00:00:00Z in Unix milliseconds: where the time in an id starts to count.
const EPOCH_MS: i64 = 1_577_836_800_000;
const TIME_DIGITS: usize = 7;
const COUNTER_DIGITS: usize = 2;
const COUNTER_LIMIT: u64 = 62 * 62;
const RANDOM_DIGITS: usize = 22;
/// How many base-62 digits follow the prefix.
pub const ID_DIGITS: usize = TIME_DIGITS + COUNTER_DIGITS + RANDOM_DIGITS;
/// The longest id that is accepted from outside, prefix included (Stripe's documented limit for object ids).
pub const ID_LEN_MAX: usize = 255;

/// A kind of id: a newtype with its prefix.
pub trait Id: Sized {
    /// What stands before the underscore, for example `cus`.
    const PREFIX: &'static str;

    /// Wraps a text that was made by [`IdSource`], or read from our own database.
    fn from_trusted(text: String) -> Self;

    /// The id as text.
    fn as_str(&self) -> &str;

    /// Takes an id from outside: right prefix, only letters, digits and underscores behind it, not over-long. A
    /// [`ProductId`] may be without prefix, and have hyphens and dots. Nothing is said of whether it exists.
    fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(Self::PREFIX)?.strip_prefix('_')?;
        let shaped = !rest.is_empty()
            && text.len() <= ID_LEN_MAX
            && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        shaped.then(|| Self::from_trusted(text.to_owned()))
    }
}

/// The id of another kind with the same digits: of what exists once for each object of the first kind, and needs no row
/// of its own.
pub fn counterpart<A: Id, B: Id>(id: &A) -> B {
    let digits = id.as_str().strip_prefix(A::PREFIX).and_then(|rest| rest.strip_prefix('_'));
    B::from_trusted(format!("{}_{}", B::PREFIX, digits.unwrap_or_else(|| id.as_str())))
}

/// Takes an id that a merchant chose: letters, digits, `_`, `-` and `.`, not over-long, and not a path of dots.
fn is_chosen(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    let named = text.bytes().any(|b| b.is_ascii_alphanumeric());
    named && text.len() <= ID_LEN_MAX && text.bytes().all(plain)
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal $(taken by $taken:path)?;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl Id for $name {
            const PREFIX: &'static str = $prefix;
            fn from_trusted(text: String) -> Self {
                Self(text)
            }
            fn as_str(&self) -> &str {
                &self.0
            }
            $(fn parse(text: &str) -> Option<Self> {
                $taken(text).then(|| Self::from_trusted(text.to_owned()))
            })?
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

ids! {
    /// A merchant's account in one mode (test or live): the key that every table starts with.
    AccountId = "acct";
    /// A customer of a merchant.
    CustomerId = "cus";
    /// A saved or presented way to pay: a card or a bank account.
    PaymentMethodId = "pm";
    /// A single-use token from the vault.
    TokenId = "tok";
    /// The inner card of a token.
    CardId = "card";
    /// The inner bank account of a token.
    BankAccountId = "ba";
    /// A payment on its way.
    PaymentIntentId = "pi";
    /// An attempt to save a payment method.
    SetupIntentId = "seti";
    /// One try of a setup intent.
    SetupAttemptId = "setatt";
    /// The customer's agreement that a method may be charged.
    MandateId = "mandate";
    /// The record of a payment attempt as merchants see it.
    ChargeId = "ch";
    /// Money given back.
    RefundId = "re";
    /// Money that came or went: the counterpart of a charge, a refund or a dispute.
    BalanceTransactionId = "txn";
    /// What a merchant sells. A merchant may choose the id, so that it can look like any other; see [`Id::parse`].
    ProductId = "prod" taken by is_chosen;
    /// What a product costs, and how often.
    PriceId = "price";
    /// A discount that can be had. A merchant may choose the id; see [`Id::parse`].
    CouponId = "coupon" taken by is_chosen;
    /// What customers type in to have a coupon's discount.
    PromotionCodeId = "promo";
    /// A coupon that somebody has redeemed.
    DiscountId = "di";
    /// A share of an amount that is a tax.
    TaxRateId = "txr";
    /// Money that the customer's bank took back.
    DisputeId = "dp";
    /// Something that happened.
    EventId = "evt";
    /// One operation at a processor; its text is also the processor's key and our reference there.
    OperationId = "op";
    /// A stored agreement to keep a payment method.
    ConsentId = "cons";
    /// A member of the merchant's staff.
    StaffId = "staff";
    /// A recurring agreement.
    SubscriptionId = "sub";
    /// A price and a quantity within a recurring agreement.
    SubscriptionItemId = "si";
    /// What is owed, as a document.
    InvoiceId = "in";
    /// One line of an invoice.
    LineItemId = "il";
    /// An amount that waits for, or stands on, an invoice of its customer.
    InvoiceItemId = "ii";
    /// An invoice and the payment that is to settle it: the counterpart of the invoice.
    InvoicePaymentId = "inpay";
    /// The time of some customers, moved by hand.
    TestClockId = "clock";
    /// A batch of charges that were due together.
    RunId = "run";
    /// A file of customers with their agreements, brought in from outside.
    ImportId = "imp";
    /// Something that a customer is told by mail.
    NoticeId = "ntc";
    /// Where a merchant wants to hear of events.
    WebhookEndpointId = "we";
    /// One event on its way to one endpoint.
    WebhookDeliveryId = "wdel";
    /// One API request, for logs and for the `request-id` header.
    RequestId = "req";
}

/// Makes ids. One per process, shared by all who need ids.
#[derive(Clone)]
pub struct IdSource(Arc<Inner>);

struct Inner {
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    last: Mutex<(u64, u64)>,
}

impl fmt::Debug for IdSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdSource")
    }
}

impl IdSource {
    /// A source of ids over this clock and this randomness.
    pub fn new(clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self(Arc::new(Inner { clock, random, last: Mutex::new((0, 0)) }))
    }

    /// A new id of the wanted kind, greater than every id this source made before.
    pub fn next<T: Id>(&self) -> T {
        let (ms, counter) = self.tick();
        let mut text = String::with_capacity(T::PREFIX.len() + 1 + ID_DIGITS);
        text.push_str(T::PREFIX);
        text.push('_');
        push_base62(&mut text, ms, TIME_DIGITS);
        push_base62(&mut text, counter, COUNTER_DIGITS);
        self.push_random(&mut text, RANDOM_DIGITS);
        T::from_trusted(text)
    }

    /// `digits` random base-62 digits, 5.95 bits each, for secrets.
    pub fn secret(&self, digits: usize) -> String {
        let mut text = String::with_capacity(digits);
        self.push_random(&mut text, digits);
        text
    }

    /// The next (millisecond, counter), which never repeats and never goes back, also when the clock does.
    fn tick(&self) -> (u64, u64) {
        let now = u64::try_from(self.0.clock.now().as_millisecond() - EPOCH_MS).unwrap_or(0);
        let mut last = self.0.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *last = if now > last.0 {
            (now, 0)
        } else if last.1 + 1 < COUNTER_LIMIT {
            (last.0, last.1 + 1)
        } else {
            (last.0 + 1, 0)
        };
        *last
    }

    /// Pushes random digits without bias: bytes of 248 and more are thrown away (248 = 4 × 62).
    fn push_random(&self, text: &mut String, digits: usize) {
        let mut pool = [0u8; 32];
        let mut missing = digits;
        while missing > 0 {
            self.0.random.fill(&mut pool);
            for &byte in pool.iter().filter(|&&b| b < 248).take(missing) {
                text.push(digit(u64::from(byte) % 62));
                missing -= 1;
            }
        }
    }
}

/// The least text that an id made at or after this Unix second can have: ids begin with their time, so a range of time
/// is a range of ids. Seconds before 2020 give the least of all, those after 2131 the greatest.
pub fn id_bound<T: Id>(unix_seconds: i64) -> String {
    id_bound_ms::<T>(unix_seconds.saturating_mul(1000))
}

/// As [`id_bound`], for Unix milliseconds.
pub fn id_bound_ms<T: Id>(unix_ms: i64) -> String {
    const LAST_MS: i64 = 62_i64.pow(7) - 1;
    let ms = unix_ms.saturating_sub(EPOCH_MS).clamp(0, LAST_MS);
    let mut text = format!("{}_", T::PREFIX);
    push_base62(&mut text, u64::try_from(ms).unwrap_or(0), TIME_DIGITS);
    text
}

/// The Unix second in which an id was made; 2020 for a text that [`IdSource`] did not make.
pub fn created_at<T: Id>(id: &T) -> i64 {
    let digits = id.as_str().bytes().skip(T::PREFIX.len() + 1).take(TIME_DIGITS);
    let ms = digits.fold(0_i64, |ms, byte| {
        let value = ALPHABET.iter().position(|&digit| digit == byte).and_then(|at| i64::try_from(at).ok());
        ms * 62 + value.unwrap_or(0)
    });
    (EPOCH_MS + ms).div_euclid(1000)
}

fn digit(value: u64) -> char {
    let index = usize::try_from(value % 62).unwrap_or(0);
    char::from(ALPHABET.get(index).copied().unwrap_or(b'0'))
}

fn push_base62(text: &mut String, mut value: u64, width: usize) {
    let mut digits = ['0'; 11];
    for slot in digits.iter_mut().rev() {
        *slot = digit(value);
        value /= 62;
    }
    text.extend(digits.iter().skip(digits.len() - width));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use crate::random::SeededRandom;

    fn source() -> (Arc<ManualClock>, IdSource) {
        let clock = Arc::new(ManualClock::starting_at("2026-11-22T10:00:00Z".parse().unwrap()));
        (clock.clone(), IdSource::new(clock, Arc::new(SeededRandom::new(7))))
    }

    #[test]
    fn ids_sort_by_creation_even_within_one_millisecond_and_when_the_clock_goes_back() {
        let (clock, ids) = source();
        let mut made: Vec<CustomerId> = (0..10_000).map(|_| ids.next()).collect();
        clock.advance(jiff::SignedDuration::from_secs(-60));
        made.push(ids.next());
        clock.advance(jiff::SignedDuration::from_secs(120));
        made.push(ids.next());
        assert!(made.is_sorted_by(|a, b| a < b));
        assert!(made.iter().all(|id| id.as_str().len() == "cus_".len() + ID_DIGITS));
    }

    #[test]
    fn a_second_bounds_exactly_the_ids_that_were_made_before_it() {
        let (clock, ids) = source();
        let second = clock.now().as_second();
        for (ahead_ms, want_seconds) in [(0, 0), (999, 0), (1, 1), (999, 1), (1, 2)] {
            clock.advance(jiff::SignedDuration::from_millis(ahead_ms));
            let id: CustomerId = ids.next();
            let made = second + want_seconds;
            assert_eq!(created_at(&id), made, "{id}");
            assert!(id_bound::<CustomerId>(made).as_str() < id.as_str(), "{id} is of second {made}");
            assert!(id.as_str() < id_bound::<CustomerId>(made + 1).as_str(), "{id} is of second {made}");
        }
        assert_eq!(id_bound::<CustomerId>(i64::MIN), "cus_0000000");
        assert_eq!(id_bound::<CustomerId>(i64::MAX), "cus_zzzzzzz");
    }

    #[test]
    fn an_id_from_outside_is_taken_only_with_its_own_prefix_and_a_plain_tail() {
        let (_, ids) = source();
        let made: ChargeId = ids.next();
        assert_eq!(ChargeId::parse(made.as_str()), Some(made));
        for bad in ["", "ch", "ch_", "cus_1", "ch_a b", "ch_é", "ch_'--", "xch_1", "pm_1"] {
            assert_eq!(ChargeId::parse(bad), None, "{bad:?}");
        }
        assert_eq!(ChargeId::parse(&format!("ch_{}", "a".repeat(ID_LEN_MAX))), None);
    }

    #[test]
    fn an_id_that_a_merchant_chose_needs_no_prefix_but_is_plain_too() {
        let (_, ids) = source();
        let made: ProductId = ids.next();
        assert_eq!(ProductId::parse(made.as_str()), Some(made));
        for good in ["gold", "gold-2026", "v1.2_eu", "7", "cus_1", &"a".repeat(ID_LEN_MAX)] {
            assert_eq!(ProductId::parse(good).as_ref().map(Id::as_str), Some(good));
        }
        for bad in ["", ".", "..", "_", "a b", "a/b", "ü", "a'b", "a~", &"a".repeat(ID_LEN_MAX + 1)] {
            assert_eq!(ProductId::parse(bad), None, "{bad:?}");
        }
    }
}
