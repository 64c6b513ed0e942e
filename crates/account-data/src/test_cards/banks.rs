//! The table of test bank accounts (docs.stripe.com/payments/ach-direct-debit, test account numbers).

use super::{BankBehaviour, TestBankAccount};

pub(super) const ROUTING_NUMBER: &str = "110000000";
pub(super) const BANK_NAME: &str = "TEST BANK";

/// Return codes: R01 insufficient funds, R02 account closed, R03 no account, R10 not authorised.
pub(super) const BANK_ACCOUNTS: &[TestBankAccount] = &[
    account("000123456789", "success", BankBehaviour::Settles),
    account("000111111113", "accountClosed", BankBehaviour::Returned("R02")),
    account("000111111116", "noAccount", BankBehaviour::Returned("R03")),
    account("000222222227", "insufficientFunds", BankBehaviour::Returned("R01")),
    account("000333333335", "debitNotAuthorized", BankBehaviour::Returned("R10")),
    account("000444444440", "invalidCurrency", BankBehaviour::Refused("payment_method_currency_mismatch")),
    account("000555555559", "dispute", BankBehaviour::SettlesThenDisputed),
    account("000666666661", "failMicrodeposits", BankBehaviour::NoMicroDeposits),
    account("000000000009", "processing", BankBehaviour::StaysPending),
];

const fn account(number: &'static str, name: &'static str, behaviour: BankBehaviour) -> TestBankAccount {
    TestBankAccount { number, name, behaviour }
}
