//! Everything that `onfile` and `onfile-vault` say to each other.
//!
//! `onfile` asks, the vault answers; nothing goes the other way. No type here has a field that a card number, a
//! security code or a bank account number fits: what the vault tells of a method is its [`Descriptor`].
//! Requests are JSON `POST`s to the paths in [`path`], with the service credential as bearer token, over a unix
//! socket or mutual TLS. A refusal is status 4xx with a [`Refusal`]; any 5xx means that nothing was done.

use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, OperationId, PaymentMethodId};

/// Where each request goes.
pub mod path {
    /// [`super::PutAccount`] → 204.
    pub const ACCOUNTS: &str = "/internal/v1/accounts";
    /// [`super::Resolve`] → [`super::Descriptor`].
    pub const RESOLVE: &str = "/internal/v1/resolve";
    /// [`super::Redeem`] → [`super::Descriptor`].
    pub const REDEEM: &str = "/internal/v1/redeem";
    /// [`super::UpdateExpiry`] → [`super::Descriptor`].
    pub const UPDATE_EXPIRY: &str = "/internal/v1/methods/expiry";
    /// [`super::Destroy`] → 204.
    pub const DESTROY: &str = "/internal/v1/methods/destroy";
    /// [`super::ForwardOrder`] → [`super::ForwardAnswer`].
    pub const FORWARD: &str = "/internal/v1/forward";
    /// GET → 204 when the vault can work.
    pub const HEALTH: &str = "/internal/v1/health";
}

/// Tells the vault of an account. Idempotent: the newest call counts.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PutAccount {
    /// Whose.
    pub account: AccountId,
    /// The merchant's name, shown in the card frame.
    pub name: String,
    /// Whether real money moves. Test tokens resolve only where this is `false`.
    pub livemode: bool,
    /// Publishable keys that may tokenise for this account.
    pub publishable_keys: Vec<String>,
    /// Origins (`https://shop.example`) whose pages may embed the frame, call the vault with CORS and be returned to.
    pub origins: Vec<String>,
}

/// Asks what a source is, without using it up.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resolve {
    /// Whose.
    pub account: AccountId,
    /// A `tok_…`, a `pm_…`, or in test mode one of Stripe's named test tokens such as `pm_card_visa`.
    pub source: String,
}

/// Turns a source into a kept method. Idempotent for the same (source, method); a source that was redeemed as
/// another method is refused as [`RefusalCode::SourceUsed`]. A named test token can be redeemed any number of times.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redeem {
    /// Whose.
    pub account: AccountId,
    /// As in [`Resolve::source`].
    pub source: String,
    /// The id that the method shall have from now on; for a `pm_…` source, the same text.
    pub method: PaymentMethodId,
}

/// Sets a new expiry on a kept card.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateExpiry {
    /// Whose.
    pub account: AccountId,
    /// Which.
    pub method: PaymentMethodId,
    /// 1 to 12.
    pub exp_month: u8,
    /// Four digits.
    pub exp_year: u16,
}

/// Destroys a kept method: its record and its key. Idempotent.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Destroy {
    /// Whose.
    pub account: AccountId,
    /// Which.
    pub method: PaymentMethodId,
}

/// What may be known of a payment method outside the vault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Descriptor {
    /// Card or bank account.
    pub details: Details,
    /// Name, e-mail, phone and address as typed in the frame or sent along.
    pub billing: Billing,
    /// When the source was made, Unix seconds.
    pub created: i64,
}

/// The kind-specific part of a [`Descriptor`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Details {
    /// A card.
    Card(CardDetails),
    /// A US bank account.
    UsBankAccount(BankDetails),
}

/// A card without its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardDetails {
    /// Stripe's brand word: `visa`, `mastercard`, `amex`, `discover`, `diners`, `jcb`, `unionpay`, `maestro`, `unknown`.
    pub brand: String,
    /// First six digits, for staff.
    pub first6: String,
    /// Last four digits.
    pub last4: String,
    /// 1 to 12.
    pub exp_month: u8,
    /// Four digits.
    pub exp_year: u16,
    /// `credit`, `debit`, `prepaid` or `unknown`.
    pub funding: String,
    /// ISO 3166-1 alpha-2, when known.
    pub country: Option<String>,
    /// The same for the same number within one account, and useless elsewhere: keyed (PCI DSS 3.5.1.1) and opaque.
    pub fingerprint: String,
    /// Whether a security code was typed and is still held for the first authorisation.
    pub cvc_held: bool,
}

/// A US bank account without its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BankDetails {
    /// ABA routing number: it names the bank, not the account.
    pub routing_number: String,
    /// Last four digits.
    pub last4: String,
    /// `individual` or `company`.
    pub account_holder_type: String,
    /// `checking` or `savings`.
    pub account_type: String,
    /// The bank, when known.
    pub bank_name: Option<String>,
    /// As for cards.
    pub fingerprint: String,
}

/// Who pays, as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Billing {
    /// Full name.
    #[serde(default)]
    pub name: Option<String>,
    /// E-mail address.
    #[serde(default)]
    pub email: Option<String>,
    /// Telephone number.
    #[serde(default)]
    pub phone: Option<String>,
    /// Postal address.
    #[serde(default)]
    pub address: Address,
}

/// A postal address; every part may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// Street and number.
    #[serde(default)]
    pub line1: Option<String>,
    /// Apartment, suite, unit.
    #[serde(default)]
    pub line2: Option<String>,
    /// City.
    #[serde(default)]
    pub city: Option<String>,
    /// State or region.
    #[serde(default)]
    pub state: Option<String>,
    /// Postal code.
    #[serde(default)]
    pub postal_code: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[serde(default)]
    pub country: Option<String>,
}

/// One request for a processor, with everything but the card and the credentials, which the vault adds.
///
/// The vault commits *sent* (with a hash of this order) before it sends. The same key with the same order is answered
/// from the record; where no answer was recorded, it is sent again with the same key unless the first sending carried
/// a security code (then [`ForwardAnswer::NoAnswer`]). The same key with another order is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForwardOrder {
    /// Whose; selects the credentials.
    pub account: AccountId,
    /// Our operation: record key at the vault, idempotency key and reference at the processor.
    /// A look-up asks about an operation and has no effect: it is never recorded.
    pub key: OperationId,
    /// The processor's name in the vault's configuration, for example `sandbox`.
    pub processor: String,
    /// `GET` (look-up) or `POST`.
    pub method: HttpMethod,
    /// Path and query at the processor, for example `/v1/payments`. It must be in the vault's placement table.
    pub path: String,
    /// JSON body without any account data; `null` for `GET`.
    pub body: serde_json::Value,
    /// The kept method, or a source not yet redeemed, whose number belongs into this request; none for captures and the like.
    pub instrument: Option<String>,
    /// Whether a security code that the vault still holds may go along. Never for merchant-initiated requests.
    pub with_cvc: bool,
    /// The end of its sender's lease, Unix milliseconds: from then on the order does not leave, since others look after
    /// it and may have concluded that it never did. No part of what makes two orders the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send_before: Option<i64>,
}

/// The HTTP methods that processors are called with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum HttpMethod {
    /// A look-up.
    Get,
    /// An operation.
    Post,
}

/// What became of a [`ForwardOrder`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum ForwardAnswer {
    /// The processor answered.
    Answered {
        /// Its HTTP status.
        status: u16,
        /// Its body, scrubbed of account data; `null` when it was not JSON.
        body: serde_json::Value,
        /// Whether a security code went along.
        carried_cvc: bool,
    },
    /// Nothing left the vault, and nothing ever will under this order's first sending: safe to try again.
    NotSent {
        /// Why, for logs and staff.
        reason: String,
    },
    /// It was, or may have been, sent, and no answer is known. Only a look-up or a replay may move it (M1).
    NoAnswer {
        /// Whether a security code went, or may have gone, along: then it must never be sent again.
        carried_cvc: bool,
        /// Why, for logs and staff.
        reason: String,
    },
}

/// Why the vault refused a request. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// For the program.
    pub code: RefusalCode,
    /// For people; never contains account data.
    pub message: String,
}

/// The reasons for a [`Refusal`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalCode {
    /// The service credential is wrong (401).
    BadCredential,
    /// The request is malformed (400).
    BadRequest,
    /// No such account (404).
    NoSuchAccount,
    /// No such source or method in this account, or destroyed (404).
    NoSuchMethod,
    /// The source lived its 15 minutes (404).
    SourceExpired,
    /// The source was already redeemed as another method (409).
    SourceUsed,
    /// The operation key was used with another order (409).
    KeyReused,
    /// The same order is being sent at this moment (409).
    KeyInUse,
    /// The lease of its sender is over (409).
    TooLate,
    /// Processor, path or placement is not in the vault's table (403).
    NotAllowed,
}
