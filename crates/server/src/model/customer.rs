//! A customer of the merchant.

use onfile_core::ids::{CustomerId, DiscountId, PaymentMethodId, TestClockId};
use onfile_core::vault_contract::Address;
use serde::{Deserialize, Serialize};

use super::{Metadata, Object, Shipping};

/// The longest name, in characters: Stripe's limit.
pub const NAME_MAX: usize = 256;
/// The longest address for mail, in characters: Stripe's limit.
pub const EMAIL_MAX: usize = 512;

/// One `@` with something on both sides, and no white space: the rest only the mail server knows.
pub fn is_email(text: &str) -> bool {
    let parted = text
        .split_once('@')
        .is_some_and(|(user, host)| !user.is_empty() && !host.is_empty() && !host.contains('@'));
    parted && !text.contains(char::is_whitespace)
}

/// A customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// `cus_…`
    pub id: CustomerId,
    /// Unix seconds.
    pub created: i64,
    /// Name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// E-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Telephone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// The merchant's note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Postal address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// Where goods go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipping: Option<Shipping>,
    /// The merchant's pairs.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
    /// Languages, best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub preferred_locales: Vec<String>,
    /// `none`, `exempt` or `reverse`.
    pub tax_exempt: String,
    /// Prefix of this customer's invoice numbers.
    pub invoice_prefix: String,
    /// The method that is charged when none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_payment_method: Option<PaymentMethodId>,
    /// The discount on all that they buy; it may be over by now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discount: Option<DiscountId>,
    /// Footer of invoices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice_footer: Option<String>,
    /// Whose time they live in; none for real time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_clock: Option<TestClockId>,
    /// Deleted customers stay as a stub, so that their payments keep their reference.
    #[serde(default)]
    pub deleted: bool,
}

impl Object for Customer {
    type Id = CustomerId;
    fn id(&self) -> &CustomerId {
        &self.id
    }
}

impl Customer {
    /// Why they pay no tax, `exempt` or `reverse`; none where they do.
    pub fn untaxed(&self) -> Option<String> {
        (self.tax_exempt != "none").then(|| self.tax_exempt.clone())
    }

    /// A customer of whom nothing is known yet.
    pub fn new(id: CustomerId, created: i64, invoice_prefix: String) -> Self {
        Self {
            id,
            created,
            name: None,
            email: None,
            phone: None,
            description: None,
            address: None,
            shipping: None,
            metadata: Metadata::new(),
            preferred_locales: Vec::new(),
            tax_exempt: "none".to_owned(),
            invoice_prefix,
            default_payment_method: None,
            discount: None,
            invoice_footer: None,
            test_clock: None,
            deleted: false,
        }
    }
}
