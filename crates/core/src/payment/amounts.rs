//! What was reserved, taken and given back (M5).

use serde::{Deserialize, Serialize};

/// Authorised ≥ captured ≥ refunded ≥ 0, in minor units of the payment's currency. Stored as these three in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "[i64; 3]", into = "[i64; 3]")]
pub struct Amounts {
    authorised: i64,
    captured: i64,
    refunded: i64,
}

/// Why an amount was refused. Nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AmountsError {
    /// Zero or less.
    #[error("the amount must be greater than zero")]
    NotPositive,
    /// More than is reserved and not yet taken.
    #[error("the amount is greater than what can be captured ({available})")]
    CaptureTooLarge {
        /// What could be captured.
        available: i64,
    },
    /// More than was taken and not yet given back.
    #[error("the amount is greater than what can be refunded ({available})")]
    RefundTooLarge {
        /// What could be refunded.
        available: i64,
    },
    /// The three do not stand in their order.
    #[error("authorised, captured and refunded are out of order")]
    OutOfOrder,
}

impl Amounts {
    /// The three as stored.
    pub fn new(authorised: i64, captured: i64, refunded: i64) -> Result<Self, AmountsError> {
        let in_order = authorised >= captured && captured >= refunded && refunded >= 0;
        in_order.then_some(Self { authorised, captured, refunded }).ok_or(AmountsError::OutOfOrder)
    }

    /// A fresh authorisation of `amount`.
    pub fn authorised(amount: i64) -> Result<Self, AmountsError> {
        positive(amount)?;
        Self::new(amount, 0, 0)
    }

    /// After `amount` more was taken.
    pub fn capture(self, amount: i64) -> Result<Self, AmountsError> {
        positive(amount)?;
        let available = self.capturable();
        if amount > available {
            return Err(AmountsError::CaptureTooLarge { available });
        }
        // No overflow: captured + amount ≤ authorised.
        Ok(Self { captured: self.captured + amount, ..self })
    }

    /// After `amount` more was given back.
    pub fn refund(self, amount: i64) -> Result<Self, AmountsError> {
        positive(amount)?;
        let available = self.refundable();
        if amount > available {
            return Err(AmountsError::RefundTooLarge { available });
        }
        Ok(Self { refunded: self.refunded + amount, ..self })
    }

    /// What is reserved and not yet taken.
    pub fn capturable(self) -> i64 {
        self.authorised - self.captured
    }

    /// What was taken and not yet given back.
    pub fn refundable(self) -> i64 {
        self.captured - self.refunded
    }

    /// What was reserved.
    pub fn authorised_total(self) -> i64 {
        self.authorised
    }

    /// What was taken.
    pub fn captured_total(self) -> i64 {
        self.captured
    }

    /// What was given back.
    pub fn refunded_total(self) -> i64 {
        self.refunded
    }
}

impl TryFrom<[i64; 3]> for Amounts {
    type Error = AmountsError;

    fn try_from([authorised, captured, refunded]: [i64; 3]) -> Result<Self, AmountsError> {
        Self::new(authorised, captured, refunded)
    }
}

impl From<Amounts> for [i64; 3] {
    fn from(amounts: Amounts) -> Self {
        [amounts.authorised, amounts.captured, amounts.refunded]
    }
}

fn positive(amount: i64) -> Result<(), AmountsError> {
    if amount > 0 { Ok(()) } else { Err(AmountsError::NotPositive) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn more_than_was_reserved_cannot_be_taken_nor_more_given_back_than_was_taken() {
        let held = Amounts::authorised(2900).unwrap();
        assert_eq!(held.refund(1), Err(AmountsError::RefundTooLarge { available: 0 }));
        assert_eq!(held.capture(2901), Err(AmountsError::CaptureTooLarge { available: 2900 }));
        let taken = held.capture(2000).unwrap();
        assert_eq!((taken.capturable(), taken.refundable()), (900, 2000));
        let back = taken.refund(1500).unwrap();
        assert_eq!(back.refund(501), Err(AmountsError::RefundTooLarge { available: 500 }));
        assert_eq!(back.refund(500).map(Amounts::refundable), Ok(0));
        for amount in [0, -1, i64::MIN] {
            assert_eq!(Amounts::authorised(amount), Err(AmountsError::NotPositive));
            assert_eq!(taken.capture(amount), Err(AmountsError::NotPositive));
            assert_eq!(taken.refund(amount), Err(AmountsError::NotPositive));
        }
    }

    #[test]
    fn stored_amounts_out_of_order_are_refused() {
        for (authorised, captured, refunded, ok) in [
            (0, 0, 0, true),
            (5, 5, 5, true),
            (5, 4, 3, true),
            (4, 5, 3, false),
            (5, 3, 4, false),
            (5, 0, -1, false),
            (-1, -1, -1, false),
        ] {
            let got = Amounts::new(authorised, captured, refunded);
            assert_eq!(got.is_ok(), ok, "{authorised} {captured} {refunded}");
        }
    }

    proptest! {
        #[test]
        fn no_sequence_of_captures_and_refunds_breaks_the_order(
            authorised in 1_i64..=i64::MAX,
            steps in prop::collection::vec((any::<bool>(), prop_oneof![any::<i64>(), 1_i64..1000]), 0..40),
        ) {
            let mut amounts = Amounts::authorised(authorised).unwrap();
            for (is_capture, amount) in steps {
                let next = if is_capture { amounts.capture(amount) } else { amounts.refund(amount) };
                amounts = next.unwrap_or(amounts);
                let (a, c, r) = (amounts.authorised_total(), amounts.captured_total(), amounts.refunded_total());
                prop_assert!(a >= c && c >= r && r >= 0, "{a} {c} {r}");
                prop_assert_eq!(Amounts::new(a, c, r), Ok(amounts));
            }
        }
    }
}
