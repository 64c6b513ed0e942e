//! What is sealed: a card or a bank account with the payer's details, as one record.
//!
//! Written and read by hand inside the wall: the walled types have no `Serialize`, on purpose. A record is a version
//! byte and fields, each a tag byte, a length (2 bytes, big-endian) and the bytes. Missing fields are left out.

use onfile_account_data::{BankAccountNumber, Pan};
use onfile_core::bank::RoutingNumber;
use onfile_core::card::Expiry;
use onfile_core::vault_contract::{Address, Billing};
use zeroize::Zeroizing;

const VERSION: u8 = 1;

/// A card or a bank account, opened.
#[derive(Debug)]
pub struct Instrument {
    /// The number and what belongs to it.
    pub number: Number,
    /// Who pays.
    pub billing: Billing,
    /// When it was typed, Unix seconds.
    pub created: i64,
}

/// The number and what belongs to it.
#[derive(Debug)]
pub enum Number {
    /// A card.
    Card {
        /// Its number.
        pan: Pan,
        /// Its last month.
        expiry: Expiry,
    },
    /// A US bank account.
    Bank {
        /// Its number.
        number: BankAccountNumber,
        /// Its bank.
        routing: RoutingNumber,
        /// Whose it is.
        holder: Holder,
        /// What it is.
        kind: AccountKind,
    },
}

/// Whose bank account it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// A person's.
    Individual,
    /// A company's.
    Company,
}

/// What kind of bank account it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountKind {
    /// For daily use.
    Checking,
    /// For savings.
    Savings,
}

impl Holder {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Individual => "individual",
            Self::Company => "company",
        }
    }

    /// The holder with this word on the wire.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Individual, Self::Company].into_iter().find(|holder| holder.as_str() == word)
    }
}

impl AccountKind {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Checking => "checking",
            Self::Savings => "savings",
        }
    }

    /// The kind with this word on the wire.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Checking, Self::Savings].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// The record is not one of ours, though it opened: it was written by a newer program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a record has a form that this program does not know")]
pub struct UnknownRecord;

/// Field tags. Never reused, never renumbered.
mod tag {
    pub const PAN: u8 = 1;
    pub const EXPIRY: u8 = 2;
    pub const BANK_NUMBER: u8 = 3;
    pub const ROUTING: u8 = 4;
    pub const HOLDER: u8 = 5;
    pub const ACCOUNT_KIND: u8 = 6;
    pub const CREATED: u8 = 7;
    pub const NAME: u8 = 16;
    pub const EMAIL: u8 = 17;
    pub const PHONE: u8 = 18;
    pub const LINE1: u8 = 19;
    pub const LINE2: u8 = 20;
    pub const CITY: u8 = 21;
    pub const STATE: u8 = 22;
    pub const POSTAL_CODE: u8 = 23;
    pub const COUNTRY: u8 = 24;
}

impl Instrument {
    /// The plaintext to be sealed; wiped on drop.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let billing = billing_fields(&self.billing);
        let texts: usize = billing.iter().map(|(_, text)| 3 + text.map_or(0, str::len)).sum();
        // Room for all from the start: a buffer that grows would leave the number behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(96 + texts));
        bytes.push(VERSION);
        match &self.number {
            Number::Card { pan, expiry } => {
                push(&mut bytes, tag::PAN, pan.expose_to_encryption());
                let [high, low] = expiry.year().to_be_bytes();
                push(&mut bytes, tag::EXPIRY, &[expiry.month(), high, low]);
            }
            Number::Bank { number, routing, holder, kind } => {
                push(&mut bytes, tag::BANK_NUMBER, number.expose_to_encryption());
                push(&mut bytes, tag::ROUTING, routing.as_str().as_bytes());
                push(&mut bytes, tag::HOLDER, holder.as_str().as_bytes());
                push(&mut bytes, tag::ACCOUNT_KIND, kind.as_str().as_bytes());
            }
        }
        push(&mut bytes, tag::CREATED, &self.created.to_be_bytes());
        for (tag, text) in billing {
            if let Some(text) = text {
                push(&mut bytes, tag, text.as_bytes());
            }
        }
        bytes
    }

    /// Reads a plaintext back.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, UnknownRecord> {
        let fields = Fields::parse(bytes).ok_or(UnknownRecord)?;
        let number = fields.number().ok_or(UnknownRecord)?;
        let created =
            fields.get(tag::CREATED).and_then(|bytes| bytes.try_into().ok()).map(i64::from_be_bytes);
        let address = Address {
            line1: fields.text(tag::LINE1),
            line2: fields.text(tag::LINE2),
            city: fields.text(tag::CITY),
            state: fields.text(tag::STATE),
            postal_code: fields.text(tag::POSTAL_CODE),
            country: fields.text(tag::COUNTRY),
        };
        let (name, email, phone) = (fields.text(tag::NAME), fields.text(tag::EMAIL), fields.text(tag::PHONE));
        Ok(Self {
            number,
            billing: Billing { name, email, phone, address },
            created: created.ok_or(UnknownRecord)?,
        })
    }
}

fn billing_fields(billing: &Billing) -> [(u8, Option<&str>); 9] {
    let address = &billing.address;
    [
        (tag::NAME, billing.name.as_deref()),
        (tag::EMAIL, billing.email.as_deref()),
        (tag::PHONE, billing.phone.as_deref()),
        (tag::LINE1, address.line1.as_deref()),
        (tag::LINE2, address.line2.as_deref()),
        (tag::CITY, address.city.as_deref()),
        (tag::STATE, address.state.as_deref()),
        (tag::POSTAL_CODE, address.postal_code.as_deref()),
        (tag::COUNTRY, address.country.as_deref()),
    ]
}

/// A field longer than 65,535 bytes cannot come out of a body of 64 KiB; it would be cut, never mis-read.
fn push(bytes: &mut Vec<u8>, tag: u8, value: &[u8]) {
    let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
    bytes.push(tag);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(value.get(..length.into()).unwrap_or(value));
}

/// The fields of a record, borrowed.
struct Fields<'a>(Vec<(u8, &'a [u8])>);

impl<'a> Fields<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(&[VERSION])?;
        let mut fields = Vec::with_capacity(16);
        while let Some((&tag, after_tag)) = rest.split_first() {
            let (length, after_length) = after_tag.split_first_chunk::<2>()?;
            let (value, after) = after_length.split_at_checked(u16::from_be_bytes(*length).into())?;
            fields.push((tag, value));
            rest = after;
        }
        Some(Self(fields))
    }

    fn get(&self, tag: u8) -> Option<&'a [u8]> {
        self.0.iter().find(|(found, _)| *found == tag).map(|(_, value)| *value)
    }

    fn text(&self, tag: u8) -> Option<String> {
        self.str(tag).map(str::to_owned)
    }

    fn str(&self, tag: u8) -> Option<&'a str> {
        std::str::from_utf8(self.get(tag)?).ok()
    }

    fn number(&self) -> Option<Number> {
        if let Some(digits) = self.str(tag::PAN) {
            let pan = Pan::parse(Zeroizing::new(digits.to_owned())).ok()?;
            let &[month, high, low] = self.get(tag::EXPIRY)? else { return None };
            let expiry = Expiry::new(month, u16::from_be_bytes([high, low])).ok()?;
            return Some(Number::Card { pan, expiry });
        }
        let number = Zeroizing::new(self.text(tag::BANK_NUMBER)?);
        Some(Number::Bank {
            number: BankAccountNumber::parse(number).ok()?,
            routing: RoutingNumber::parse(self.str(tag::ROUTING)?).ok()?,
            holder: Holder::parse(self.str(tag::HOLDER)?)?,
            kind: AccountKind::parse(self.str(tag::ACCOUNT_KIND)?)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn billing() -> Billing {
        let text = |t: &str| Some(t.to_owned());
        Billing {
            name: text("Jürgen Ħ"),
            email: text("j@example.org"),
            phone: None,
            address: Address { line1: text("1 Main"), country: text("US"), ..Address::default() },
        }
    }

    fn card() -> Instrument {
        let pan = Pan::parse(Zeroizing::new("378282246310005".to_owned())).unwrap();
        let number = Number::Card { pan, expiry: Expiry::new(12, 2031).unwrap() };
        Instrument { number, billing: billing(), created: 1_764_000_000 }
    }

    #[test]
    fn a_card_comes_back_as_it_was() {
        let back = Instrument::from_bytes(&card().to_bytes()).unwrap();
        let Number::Card { pan, expiry } = &back.number else { panic!("not a card") };
        assert_eq!((pan.expose_to_processor(), expiry.month(), expiry.year()), ("378282246310005", 12, 2031));
        assert_eq!((back.billing, back.created), (billing(), 1_764_000_000));
    }

    #[test]
    fn a_bank_account_comes_back_as_it_was() {
        let number = Number::Bank {
            number: BankAccountNumber::parse(Zeroizing::new("000123456789".to_owned())).unwrap(),
            routing: RoutingNumber::parse("110000000").unwrap(),
            holder: Holder::Company,
            kind: AccountKind::Savings,
        };
        let bytes = Instrument { number, billing: Billing::default(), created: -1 }.to_bytes();
        let back = Instrument::from_bytes(&bytes).unwrap();
        let Number::Bank { number, routing, holder, kind } = &back.number else {
            panic!("not a bank account")
        };
        assert_eq!((number.expose_to_processor(), routing.as_str()), ("000123456789", "110000000"));
        assert_eq!((*holder, *kind, back.created), (Holder::Company, AccountKind::Savings, -1));
    }

    #[test]
    fn a_record_that_is_cut_or_of_another_version_is_refused() {
        let bytes = card().to_bytes();
        let without_billing = 1 + 3 + 15 + 3 + 3 + 3 + 8;
        for length in 0..without_billing {
            assert!(Instrument::from_bytes(&bytes[..length]).is_err(), "{length} bytes");
        }
        let mut newer = bytes.to_vec();
        newer[0] = 2;
        assert!(Instrument::from_bytes(&newer).is_err());
    }

    #[test]
    fn the_plaintext_is_written_without_growing_its_buffer() {
        let long = "x".repeat(500);
        let mut instrument = card();
        instrument.billing.name = Some(long);
        let bytes = instrument.to_bytes();
        assert!(bytes.len() <= 96 + 9 * 3 + 500 + 40, "{}", bytes.len());
        assert!(bytes.capacity() >= bytes.len());
    }
}
