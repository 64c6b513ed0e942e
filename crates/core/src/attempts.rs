//! How often an issuer may be asked about one debt (M4).

/// Merchant-initiated requests per debt that reached, or may have reached, an issuer: over all cards, nodes, crashes
/// and presses by staff. Our own rule, stricter than every network's (Visa allows 20 in 30 days, ACH one and two
/// more).
pub const MERCHANT_ATTEMPTS_MAX: u32 = 3;
/// Requests per debt with the customer present. A person mistypes, tries another card, a bank app fails: ten leave
/// room for that, and stop a script that tries cards against one open invoice.
pub const CUSTOMER_ATTEMPTS_MAX: u32 = 10;

/// Who starts a charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Initiator {
    /// The customer is there and pays.
    Customer,
    /// A schedule, a retry, or staff.
    Merchant,
}

impl Initiator {
    /// The word in the database and towards processors.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Merchant => "merchant",
        }
    }

    /// The initiator with this word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Customer, Self::Merchant].into_iter().find(|who| who.as_str() == word)
    }

    /// How many requests this initiator may send per debt.
    pub fn attempts_max(self) -> u32 {
        match self {
            Self::Customer => CUSTOMER_ATTEMPTS_MAX,
            Self::Merchant => MERCHANT_ATTEMPTS_MAX,
        }
    }
}

/// The debt has had all the attempts it gets; nothing was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the limit of {limit} {} attempts for this payment is reached", .initiator.as_str())]
pub struct AttemptsExhausted {
    /// Whose attempts.
    pub initiator: Initiator,
    /// How many there may be.
    pub limit: u32,
}

/// Whether one more request may be sent, given how many earlier ones by the same initiator reached, or may have
/// reached, an issuer ([`crate::operation::OperationState::may_have_reached_issuer`]). The two kinds are counted apart.
pub fn check_attempt(initiator: Initiator, earlier: u32) -> Result<(), AttemptsExhausted> {
    let limit = initiator.attempts_max();
    if earlier < limit { Ok(()) } else { Err(AttemptsExhausted { initiator, limit }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fourth_merchant_initiated_request_is_refused() {
        let allowed: Vec<bool> = (0..5).map(|n| check_attempt(Initiator::Merchant, n).is_ok()).collect();
        assert_eq!(allowed, [true, true, true, false, false]);
        assert!(check_attempt(Initiator::Merchant, u32::MAX).is_err());
    }

    #[test]
    fn a_present_customer_has_a_limit_of_their_own() {
        assert_eq!(check_attempt(Initiator::Customer, MERCHANT_ATTEMPTS_MAX), Ok(()));
        assert_eq!(check_attempt(Initiator::Customer, CUSTOMER_ATTEMPTS_MAX - 1), Ok(()));
        let refused = check_attempt(Initiator::Customer, CUSTOMER_ATTEMPTS_MAX).unwrap_err();
        assert_eq!(refused.to_string(), "the limit of 10 customer attempts for this payment is reached");
    }
}
