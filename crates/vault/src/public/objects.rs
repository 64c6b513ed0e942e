//! Stripe's objects as they stand right after a source was made, complete for API version 2026-10-28.

use onfile_account_data::Pan;
use onfile_account_data::test_cards::{TestBankAccount, TestCard};
use onfile_core::card::Brand;
use onfile_core::ids::{BankAccountId, CardId, Id};
use onfile_core::vault_contract::{Address, Billing};
use serde_json::{Value, json};

use crate::accounts::Account;
use crate::record::{Instrument, Number};
use crate::vault::Vault;

/// A `token`. Fingerprints are for the API alone: to a publishable key they would tell whether a card is known.
pub fn token(
    vault: &Vault,
    account: &Account,
    id: &str,
    instrument: &Instrument,
    cvc_typed: bool,
    client_ip: Option<String>,
) -> Value {
    let (kind, name, inner) = match &instrument.number {
        Number::Card { .. } => ("card", "card", token_card(vault, account, instrument, cvc_typed)),
        Number::Bank { .. } => {
            ("bank_account", "bank_account", token_bank_account(vault, account, instrument))
        }
    };
    let mut token = json!({
        "id": id,
        "object": "token",
        "client_ip": client_ip,
        "created": instrument.created,
        "livemode": account.livemode,
        "type": kind,
        "used": false,
    });
    if let Some(members) = token.as_object_mut() {
        members.insert(name.to_owned(), inner);
    }
    token
}

/// A `payment_method`.
pub fn payment_method(account: &Account, id: &str, instrument: &Instrument, cvc_typed: bool) -> Value {
    let (kind, details) = match &instrument.number {
        Number::Card { pan, expiry } => {
            ("card", method_card(account, pan, (expiry.month(), expiry.year()), cvc_typed))
        }
        Number::Bank { number, routing, holder, kind } => {
            let test = if account.livemode { None } else { TestBankAccount::with_number(routing, number) };
            let details = json!({
                "account_holder_type": holder.as_str(),
                "account_type": kind.as_str(),
                "bank_name": test.map(TestBankAccount::bank_name),
                "financial_connections_account": null,
                "fingerprint": null,
                "last4": number.last4(),
                "networks": {"preferred": "ach", "supported": ["ach"]},
                "routing_number": routing.as_str(),
                "status_details": {},
            });
            ("us_bank_account", details)
        }
    };
    let mut method = json!({
        "id": id,
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": billing_details(&instrument.billing),
        "created": instrument.created,
        "customer": null,
        "customer_account": null,
        "livemode": account.livemode,
        "metadata": {},
        "type": kind,
    });
    if let Some(members) = method.as_object_mut() {
        members.insert(kind.to_owned(), details);
    }
    method
}

fn method_card(account: &Account, pan: &Pan, (month, year): (u8, u16), cvc_typed: bool) -> Value {
    let brand = pan.brand().as_str();
    let (funding, country) = funding_and_country(account, pan);
    json!({
        "brand": brand,
        "checks": {
            "address_line1_check": null,
            "address_postal_code_check": null,
            "cvc_check": cvc_typed.then_some("unchecked"),
        },
        "country": country,
        "display_brand": brand,
        "exp_month": month,
        "exp_year": year,
        "funding": funding,
        "generated_from": null,
        "last4": pan.last4(),
        "networks": {"available": [brand], "preferred": null},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": true},
        "wallet": null,
    })
}

fn token_card(vault: &Vault, account: &Account, instrument: &Instrument, cvc_typed: bool) -> Value {
    let Number::Card { pan, expiry } = &instrument.number else { return Value::Null };
    let id: CardId = vault.ids.next();
    let (funding, country) = funding_and_country(account, pan);
    let Billing { name, address, .. } = &instrument.billing;
    json!({
        "id": id.as_str(),
        "object": "card",
        "address_city": address.city,
        "address_country": address.country,
        "address_line1": address.line1,
        "address_line1_check": unchecked(address.line1.is_some()),
        "address_line2": address.line2,
        "address_state": address.state,
        "address_zip": address.postal_code,
        "address_zip_check": unchecked(address.postal_code.is_some()),
        "brand": long_brand(pan.brand()),
        "country": country,
        "cvc_check": unchecked(cvc_typed),
        "dynamic_last4": null,
        "exp_month": expiry.month(),
        "exp_year": expiry.year(),
        "funding": funding,
        "last4": pan.last4(),
        "metadata": {},
        "name": name,
        "networks": {"preferred": null},
        "regulated_status": "unregulated",
        "tokenization_method": null,
    })
}

fn token_bank_account(vault: &Vault, account: &Account, instrument: &Instrument) -> Value {
    let Number::Bank { number, routing, holder, kind } = &instrument.number else { return Value::Null };
    let id: BankAccountId = vault.ids.next();
    let test = if account.livemode { None } else { TestBankAccount::with_number(routing, number) };
    json!({
        "id": id.as_str(),
        "object": "bank_account",
        "account_holder_name": instrument.billing.name,
        "account_holder_type": holder.as_str(),
        "account_type": kind.as_str(),
        "bank_name": test.map(TestBankAccount::bank_name),
        "country": "US",
        "currency": "usd",
        "fingerprint": null,
        "last4": number.last4(),
        "routing_number": routing.as_str(),
        "status": "new",
    })
}

/// Known of test cards only.
fn funding_and_country(account: &Account, pan: &Pan) -> (&'static str, Option<&'static str>) {
    match TestCard::with_number(pan).filter(|_| !account.livemode) {
        Some(card) => (card.funding.as_str(), Some(card.country)),
        None => ("unknown", None),
    }
}

fn billing_details(billing: &Billing) -> Value {
    let Billing { name, email, phone, address } = billing;
    let Address { line1, line2, city, state, postal_code, country } = address;
    json!({
        "address": {
            "city": city,
            "country": country,
            "line1": line1,
            "line2": line2,
            "postal_code": postal_code,
            "state": state,
        },
        "email": email,
        "name": name,
        "phone": phone,
        "tax_id": null,
    })
}

fn unchecked(given: bool) -> Option<&'static str> {
    given.then_some("unchecked")
}

/// Brands as Stripe's cards write them, unlike its payment methods.
fn long_brand(brand: Brand) -> &'static str {
    match brand {
        Brand::Mastercard => "MasterCard",
        Brand::Unknown => "Unknown",
        other => other.display_name(),
    }
}
