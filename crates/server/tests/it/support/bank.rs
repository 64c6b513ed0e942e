//! Bank accounts for tests.

use onfile_core::ids::{Id, PaymentMethodId};

use super::Server;
use super::vault::{TYPED_BANK, fresh_source};

/// An intent that is for bank accounts.
pub const BANK: (&str, &str) = ("payment_method_types[0]", "us_bank_account");
/// The customer's agreement to be debited.
pub const AGREED: [(&str, &str); 3] = [
    ("mandate_data[customer_acceptance][type]", "online"),
    ("mandate_data[customer_acceptance][online][ip_address]", "203.0.113.7"),
    ("mandate_data[customer_acceptance][online][user_agent]", "Browser 1"),
];

/// A bank account that somebody typed: not verified yet.
pub fn typed(server: &Server) -> String {
    let id: PaymentMethodId = server.app.ids.next();
    let digits = id.as_str().trim_start_matches("pm_");
    let source = format!("tok_{TYPED_BANK}{}", &digits[TYPED_BANK.len()..]);
    fresh_source(&server.vault, &source);
    source
}
