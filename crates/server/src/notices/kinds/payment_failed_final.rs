//! "Please pay": nothing more is tried, and here is where one can pay.

use onfile_core::currency::Currency;
use onfile_core::money::Money;
use serde::{Deserialize, Serialize};

use super::Desk;
use super::payment_failed::facts;
use crate::notices::frame::{Button, Letter, Sheet};
use crate::pages::words;

/// What was not paid, and where it can be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentFailedFinal {
    /// Minor units.
    pub amount: i64,
    /// Of what.
    pub currency: Currency,
    /// For what, in the merchant's words.
    pub description: Option<String>,
    /// The method that was tried last: `Visa •••• 4242`.
    pub method: Option<String>,
    /// The issuer's last code, or the error's. It is not shown; it chooses the words.
    pub code: String,
    /// Where it can be paid.
    pub pay_url: String,
    /// What happens if it is not, in a sentence of the caller's: that a service ends, for example.
    pub otherwise: Option<String>,
}

impl PaymentFailedFinal {
    /// The mail.
    pub fn letter(&self, desk: Desk<'_>) -> Letter {
        let merchant = &desk.account.name;
        let amount = Money::new(self.amount, self.currency).to_string();
        let (happened, _) = words::for_customer_by_code(&self.code);
        let mut paragraphs = vec![
            format!("We tried to take this payment and could not. {happened}"),
            "We do not try it again by ourselves. Please pay with the button below, with any card."
                .to_owned(),
        ];
        paragraphs.extend(self.otherwise.clone());
        Sheet {
            merchant,
            test_mode: !desk.account.livemode,
            subject: format!("Please pay {amount} to {merchant}"),
            title: "Your payment is still open".to_owned(),
            sum: Some(amount),
            paragraphs,
            facts: facts(self.description.as_ref(), self.method.as_ref()),
            button: Some(Button { label: "Pay now", url: self.pay_url.clone() }),
        }
        .letter()
    }
}
