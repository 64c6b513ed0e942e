//! The taxes of a line, each rounded once (M6).

use crate::percent::{Percent, ratio};

/// A tax on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How much.
    pub percentage: Percent<4>,
    /// Whether it is in the amount already.
    pub inclusive: bool,
}

/// What taxes make of an amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taxed {
    /// The amount without any tax.
    pub net: i64,
    /// The tax of each rate, in their order.
    pub taxes: Vec<i64>,
}

/// The taxes of an amount, minor units; those of a credit are negative. `step` is that of the currency.
///
/// Taxes that are in the amount share it with what is left, so the two sum to it exactly; the others come on top, and are
/// of what is left. No tax is of another tax.
pub fn taxes(amount: i64, rates: &[Rate], step: i64) -> Taxed {
    let inclusive = rates.iter().filter(|rate| rate.inclusive);
    let within = inclusive.fold(Percent::<4>::WHOLE, |sum, rate| sum.saturating_add(rate.percentage.parts()));
    let gross = amount.saturating_abs();
    let mut net = gross;
    let mut shares = Vec::with_capacity(rates.len());
    for rate in rates {
        let share =
            if rate.inclusive { ratio(gross, rate.percentage.parts(), within, step).min(net) } else { 0 };
        net -= share;
        shares.push(share);
    }
    for (share, rate) in shares.iter_mut().zip(rates).filter(|(_, rate)| !rate.inclusive) {
        *share = rate.percentage.of(net, step);
    }
    let sign = amount.signum();
    Taxed { net: sign * net, taxes: shares.into_iter().map(|share| sign * share).collect() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rate(percentage: &str, inclusive: bool) -> Rate {
        Rate { percentage: Percent::parse(percentage).unwrap(), inclusive }
    }

    #[test]
    fn each_tax_is_rounded_once_half_up() {
        for (amount, rates, step, net, want) in [
            (1000, vec![rate("19", false)], 1, 1000, vec![190]),
            (1190, vec![rate("19", true)], 1, 1000, vec![190]),
            (1000, vec![rate("19", true)], 1, 840, vec![160]),
            (1000, vec![rate("8.875", false)], 1, 1000, vec![89]),
            (-1000, vec![rate("8.875", false)], 1, -1000, vec![-89]),
            (-1190, vec![rate("19", true)], 1, -1000, vec![-190]),
            (1000, vec![rate("5", false), rate("9.975", false)], 1, 1000, vec![50, 100]),
            (1150, vec![rate("5", true), rate("10", true)], 1, 1000, vec![50, 100]),
            // What comes on top is of what is left without the tax that is in it.
            (1100, vec![rate("10", true), rate("10", false)], 1, 1000, vec![100, 100]),
            (1240, vec![rate("10", false)], 10, 1240, vec![120]),
            (0, vec![rate("10", false), rate("10", true)], 1, 0, vec![0, 0]),
            (1000, vec![rate("0", false)], 1, 1000, vec![0]),
            (1, vec![rate("100", true), rate("100", true), rate("100", true)], 1, 1, vec![0, 0, 0]),
            (2, vec![rate("100", true), rate("100", true), rate("100", true)], 1, 0, vec![1, 1, 0]),
            (1000, vec![], 1, 1000, vec![]),
        ] {
            assert_eq!(taxes(amount, &rates, step), Taxed { net, taxes: want }, "{rates:?} of {amount}");
        }
    }

    proptest! {
        #[test]
        fn what_is_in_an_amount_sums_to_it_and_a_credit_takes_back_exactly_what_was_charged(
            amount in 0_i64..=99_999_999,
            rates in prop::collection::vec((0_u32..=1_000_000, any::<bool>()), 0..6),
        ) {
            let rates: Vec<Rate> = rates
                .into_iter()
                .map(|(parts, inclusive)| rate(&format!("{}.{:04}", parts / 10_000, parts % 10_000), inclusive))
                .collect();
            let taxed = taxes(amount, &rates, 1);
            let within: i64 = taxed.taxes.iter().zip(&rates).filter(|(_, r)| r.inclusive).map(|(tax, _)| tax).sum();
            prop_assert_eq!(taxed.net + within, amount);
            prop_assert!(taxed.net >= 0 && taxed.taxes.iter().all(|tax| *tax >= 0));
            for (tax, rate) in taxed.taxes.iter().zip(&rates).filter(|(_, rate)| !rate.inclusive) {
                prop_assert_eq!(*tax, rate.percentage.of(taxed.net, 1));
            }
            let back = taxes(-amount, &rates, 1);
            prop_assert_eq!(back.net, -taxed.net);
            prop_assert!(back.taxes.iter().zip(&taxed.taxes).all(|(back, tax)| *back == -tax));
        }
    }
}
