//! What may be known of an instrument outside the vault.

use onfile_account_data::test_cards::{TestBankAccount, TestCard};
use onfile_core::vault_contract::{BankDetails, CardDetails, Descriptor, Details};

use crate::record::{Instrument, Number};

/// The descriptor of an instrument. Funding, country and the bank's name are known of test numbers only; an account in
/// live mode learns nothing from their table.
pub fn describe(instrument: Instrument, fingerprint: String, cvc_held: bool, livemode: bool) -> Descriptor {
    let details = match &instrument.number {
        Number::Card { pan, expiry } => {
            let test = if livemode { None } else { TestCard::with_number(pan) };
            Details::Card(CardDetails {
                brand: pan.brand().as_str().to_owned(),
                first6: pan.first6().to_owned(),
                last4: pan.last4().to_owned(),
                exp_month: expiry.month(),
                exp_year: expiry.year(),
                funding: test.map_or("unknown", |card| card.funding.as_str()).to_owned(),
                country: test.map(|card| card.country.to_owned()),
                fingerprint,
                cvc_held,
            })
        }
        Number::Bank { number, routing, holder, kind } => {
            let test = if livemode { None } else { TestBankAccount::with_number(routing, number) };
            Details::UsBankAccount(BankDetails {
                routing_number: routing.as_str().to_owned(),
                last4: number.last4().to_owned(),
                account_holder_type: holder.as_str().to_owned(),
                account_type: kind.as_str().to_owned(),
                bank_name: test.map(|account| account.bank_name().to_owned()),
                fingerprint,
            })
        }
    };
    Descriptor { details, billing: instrument.billing, created: instrument.created }
}
