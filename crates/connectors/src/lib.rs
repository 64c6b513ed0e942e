//! Processors, without the network and without the card: each connector builds the requests and reads the answers.
//!
//! A connector never sees account data. Where the number goes in a request is decided by the vault's own placement
//! table, reviewed apart from this code, so that a broken-into `onfile` cannot have it put into a description.

pub mod sandbox;

use onfile_core::vault_contract::HttpMethod;

/// What a processor is asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request<'a> {
    /// Authorise, and capture at once if `capture`.
    Authorise {
        /// Minor units.
        amount: i64,
        /// Lower-case ISO 4217.
        currency: &'a str,
        /// Whether to take the money at once.
        capture: bool,
        /// `customer` or `merchant`.
        initiator: &'a str,
        /// Where a 3-D Secure challenge returns to; none where nobody is there to answer one.
        return_url: Option<&'a str>,
    },
    /// Check a card for zero.
    Verify {
        /// Lower-case ISO 4217.
        currency: &'a str,
        /// As above.
        initiator: &'a str,
        /// As above.
        return_url: Option<&'a str>,
    },
    /// Finish after 3-D Secure.
    Complete {
        /// The processor's id.
        payment: &'a str,
    },
    /// Capture an authorisation, once; the rest is released.
    Capture {
        /// The processor's id.
        payment: &'a str,
        /// Minor units.
        amount: i64,
    },
    /// Release an authorisation, or withdraw a challenge.
    Void {
        /// The processor's id.
        payment: &'a str,
    },
    /// Debit a bank account. The result comes days later.
    Debit {
        /// Minor units.
        amount: i64,
        /// Lower-case ISO 4217.
        currency: &'a str,
        /// `customer` or `merchant`.
        initiator: &'a str,
    },
    /// Give back what a debit brought.
    RefundDebit {
        /// The processor's id.
        debit: &'a str,
        /// Minor units.
        amount: i64,
    },
    /// Send two small amounts to a bank account.
    MicroDeposits,
    /// Say what they were.
    VerifyMicroDeposits {
        /// The processor's id of the deposits.
        deposits: &'a str,
        /// What its holder saw.
        seen: &'a SeenDeposits,
    },
    /// Give back.
    Refund {
        /// The processor's id.
        payment: &'a str,
        /// Minor units.
        amount: i64,
    },
}

/// What the holder of a bank account saw of micro-deposits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SeenDeposits {
    /// Two amounts, minor units.
    Amounts([i64; 2]),
    /// The code on the statement.
    Code(String),
}

/// A request ready for the vault, but for the card and the credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// `POST`, or `GET` for look-ups.
    pub method: HttpMethod,
    /// Path and query.
    pub path: String,
    /// JSON body; null for `GET`.
    pub body: serde_json::Value,
}

/// A processor's answer in our terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Yes, no, or not yet.
    pub verdict: Verdict,
    /// The processor's id of the payment, for what follows.
    pub processor_payment: Option<String>,
    /// The card network's id of the transaction.
    pub network_id: Option<String>,
    /// What the issuer said of the security code: `pass`, `fail`, `unavailable`, `unchecked`.
    pub cvc_check: Option<String>,
    /// When micro-deposits arrive, Unix seconds.
    pub arrives: Option<i64>,
}

/// The gist of an [`Answer`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Done.
    Approved,
    /// The issuer said no; nothing moved.
    Declined(Decline),
    /// The customer has to answer a 3-D Secure challenge there.
    Challenge {
        /// The issuer's page.
        url: String,
    },
    /// Accepted; the result comes later (bank debits).
    Pending,
    /// A bank debit settled, and came back afterwards.
    Returned {
        /// Nacha's code, such as `R01`.
        code: String,
    },
    /// The processor refused the request itself; nothing moved.
    Refused {
        /// Its code.
        code: String,
        /// Its words.
        message: String,
    },
    /// The answer cannot be read: what happened is not known.
    Unreadable,
}

/// Why an issuer said no, in the processor's words.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub struct Decline {
    /// In Stripe's decline-code vocabulary.
    pub code: String,
    /// ISO 8583 field 39.
    #[serde(default)]
    pub network_code: Option<String>,
    /// The processor's advice.
    #[serde(default)]
    pub advice_code: Option<String>,
}

/// What a look-up found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The operation reached the processor; this is what became of it.
    Answer(Answer),
    /// The processor knows nothing of it at this moment.
    Absent,
    /// The look-up itself did not work; nothing is known.
    Unreadable,
}

/// The processors that Onfile can speak to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connector {
    /// The stand-in that comes with Onfile.
    Sandbox,
}

impl Connector {
    /// The connector of this name.
    pub fn by_name(name: &str) -> Option<Self> {
        match name {
            "sandbox" => Some(Self::Sandbox),
            _ => None,
        }
    }

    /// The name, as in the vault's configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
        }
    }

    /// Builds a request; `reference` is our operation, by which it can be looked up later.
    pub fn build(self, request: &Request<'_>, reference: &str) -> Draft {
        match self {
            Self::Sandbox => sandbox::build(request, reference),
        }
    }

    /// Builds the look-up of an operation.
    pub fn build_lookup(self, reference: &str) -> Draft {
        match self {
            Self::Sandbox => sandbox::build_lookup(reference),
        }
    }

    /// Reads the answer to a request.
    pub fn parse(self, status: u16, body: &serde_json::Value) -> Answer {
        match self {
            Self::Sandbox => sandbox::parse(status, body),
        }
    }

    /// Reads the answer to a look-up.
    pub fn parse_lookup(self, status: u16, body: &serde_json::Value) -> Found {
        match self {
            Self::Sandbox => sandbox::parse_lookup(status, body),
        }
    }
}
