//! Published test cards and bank accounts, what each does, and Stripe's names for them.
//!
//! The vault resolves the names (`pm_card_visa`, `tok_visa`) in test mode, the stand-in processor acts the parts.
//! The numbers are in this crate alone, so that no test number is in a binary outside the wall.
//!
//! Sources: docs.stripe.com/testing (numbers, names and parts), Authorize.Net's testing guide (numbers).

mod banks;
mod cards;

use onfile_core::bank::RoutingNumber;
use onfile_core::card::Brand;
use onfile_core::decline::Advice;
use zeroize::Zeroizing;

use crate::{BankAccountNumber, Pan};

/// What the names of test cards begin with: a payment method, and a token.
const CARD_NAME_PREFIXES: [&str; 2] = ["pm_card_", "tok_"];
/// What the names of test bank accounts begin with.
const BANK_NAME_PREFIX: &str = "pm_usBankAccount";

/// A published test card.
#[derive(Debug)]
pub struct TestCard {
    number: &'static str,
    names: &'static [&'static str],
    /// How the card is funded.
    pub funding: Funding,
    /// Where it was issued, ISO 3166-1 alpha-2.
    pub country: &'static str,
    /// What its issuer does.
    pub behaviour: Behaviour,
}

/// How a card is funded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Funding {
    /// On credit.
    Credit,
    /// From an account.
    Debit,
    /// Loaded before.
    Prepaid,
}

impl Funding {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Credit => "credit",
            Self::Debit => "debit",
            Self::Prepaid => "prepaid",
        }
    }
}

/// A refusal, as the stand-in processor words it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TestDecline {
    /// In Stripe's decline-code vocabulary.
    pub code: &'static str,
    /// ISO 8583 field 39.
    pub network_code: &'static str,
    /// What the issuer advises, if anything.
    pub advice: Option<Advice>,
}

/// What the issuer of a test card does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// Says yes to everything.
    Approves,
    /// Says no to everything, verifications too.
    Declines(TestDecline),
    /// Lets itself be verified and saved, and says no to every payment.
    AttachesThenDeclines(TestDecline),
    /// Wants 3-D Secure, then says yes.
    ChallengeRequired(Challenge),
    /// Wants 3-D Secure for everything, and when that went well says no.
    ChallengeThenDeclines(TestDecline),
    /// Says yes; where a security code goes along, answers that it is wrong.
    CvcFails,
}

/// When an issuer wants 3-D Secure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Challenge {
    /// For every payment and verification, also without the customer, where it can only be declined.
    Always,
    /// When the customer is there, and without them as long as the card was not authenticated before at this merchant.
    UnlessSetUp,
    /// Only when the customer is there; it counts as authenticated before.
    OnSessionOnly,
}

impl TestCard {
    /// The card behind a name: `pm_card_visa`, `tok_visa`.
    pub fn named(name: &str) -> Option<&'static Self> {
        let word = CARD_NAME_PREFIXES.into_iter().find_map(|prefix| name.strip_prefix(prefix))?;
        cards::CARDS.iter().find(|card| card.names.contains(&word))
    }

    /// The test card with this number, if it is one.
    pub fn with_number(pan: &Pan) -> Option<&'static Self> {
        cards::CARDS.iter().find(|card| card.number == pan.expose_to_processor())
    }

    /// Every test card, in the order of the tables.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        cards::CARDS.iter()
    }

    /// The card's number. None is never returned: a test reads every row.
    pub fn pan(&self) -> Option<Pan> {
        Pan::parse(Zeroizing::new(self.number.to_owned())).ok()
    }

    /// The card's brand.
    pub fn brand(&self) -> Brand {
        Brand::of(self.number.as_bytes()).unwrap_or(Brand::Unknown)
    }

    /// Whether Stripe has given the card a name; Authorize.Net's have none.
    pub fn is_named(&self) -> bool {
        !self.names.is_empty()
    }
}

/// A published test bank account.
#[derive(Debug)]
pub struct TestBankAccount {
    number: &'static str,
    name: &'static str,
    /// What becomes of a debit.
    pub behaviour: BankBehaviour,
}

/// What becomes of a debit from a test bank account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BankBehaviour {
    /// Settles and is never returned.
    Settles,
    /// Stays pending for ever.
    StaysPending,
    /// Settles, and is then disputed by the account's holder.
    SettlesThenDisputed,
    /// Comes back with this Nacha return code before it settles.
    Returned(&'static str),
    /// Is refused at once, in Stripe's vocabulary of error codes.
    Refused(&'static str),
    /// Settles; micro-deposits cannot be sent there.
    NoMicroDeposits,
}

/// What a micro-deposit's test values bring about (docs.stripe.com/payments/ach-direct-debit, test micro-deposits).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MicroDepositGuess {
    /// The account is verified.
    Right,
    /// As if there had been too many wrong guesses before.
    TooMany,
    /// As if it came too late.
    TooLate,
    /// Not what was sent.
    Wrong,
}

/// Two amounts in cents, the code on the statement, and what they bring about.
const MICRO_DEPOSITS: [([u64; 2], &str, MicroDepositGuess); 3] = [
    ([32, 45], "SM11AA", MicroDepositGuess::Right),
    ([10, 11], "SM33CC", MicroDepositGuess::TooMany),
    ([40, 41], "SM44DD", MicroDepositGuess::TooLate),
];

impl MicroDepositGuess {
    /// What two amounts bring about, in either order.
    pub fn of_amounts([one, other]: [u64; 2]) -> Self {
        let row = MICRO_DEPOSITS.iter().find(|(amounts, _, _)| *amounts == [one.min(other), one.max(other)]);
        row.map_or(Self::Wrong, |(_, _, becomes)| *becomes)
    }

    /// What a code brings about, in capital or small letters.
    pub fn of_code(code: &str) -> Self {
        let row = MICRO_DEPOSITS.iter().find(|(_, known, _)| known.eq_ignore_ascii_case(code));
        row.map_or(Self::Wrong, |(_, _, becomes)| *becomes)
    }
}

impl TestBankAccount {
    /// The account behind a name: `pm_usBankAccount_success`, or `pm_usBankAccount`, which is the same.
    pub fn named(name: &str) -> Option<&'static Self> {
        let word = match name.strip_prefix(BANK_NAME_PREFIX)? {
            "" => "success",
            rest => rest.strip_prefix('_')?,
        };
        banks::BANK_ACCOUNTS.iter().find(|account| account.name == word)
    }

    /// The test account with these numbers, if it is one.
    pub fn with_number(routing: &RoutingNumber, account: &BankAccountNumber) -> Option<&'static Self> {
        let of_the_test_bank = routing.as_str() == banks::ROUTING_NUMBER;
        let number = account.expose_to_processor();
        banks::BANK_ACCOUNTS.iter().find(|row| of_the_test_bank && row.number == number)
    }

    /// Every test account, in the order of the table.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        banks::BANK_ACCOUNTS.iter()
    }

    /// The account's number. None is never returned: a test reads every row.
    pub fn number(&self) -> Option<BankAccountNumber> {
        BankAccountNumber::parse(Zeroizing::new(self.number.to_owned())).ok()
    }

    /// The routing number of the test bank. None is never returned.
    pub fn routing_number(&self) -> Option<RoutingNumber> {
        RoutingNumber::parse(banks::ROUTING_NUMBER).ok()
    }

    /// What the test bank is called.
    pub fn bank_name(&self) -> &'static str {
        banks::BANK_NAME
    }
}

#[cfg(test)]
mod tests;
