//! When a delivery that failed is tried again, and when a failing endpoint is sent further events.

use onfile_core::random::Random;

/// The longest wait between two tries: half a day.
pub const DELAY_MAX_MS: i64 = 12 * 60 * 60 * 1000;
/// How long a delivery is tried: three days, as with Stripe.
pub const GIVE_UP_AFTER_MS: i64 = 3 * 24 * 60 * 60 * 1000;
/// The longest rest of a failing endpoint: an hour.
const REST_MAX_MS: i64 = 60 * 60 * 1000;
/// By how much a wait grows with every try.
const GROWTH: i64 = 3;
/// After so many tries the wait has grown to its limit, whatever the first one was.
const GROWN_AFTER: i64 = 24;
/// After how many tries in a row that failed an endpoint rests.
pub const FAILURES_UNTIL_REST: i64 = 3;

/// How long to wait after the try that was the `tries`th, in milliseconds: three times as long with every try, by up to
/// a fifth more, so that what failed at the same time does not return at the same time.
pub fn delay_ms(tries: i64, first_delay_ms: i64, random: &dyn Random) -> i64 {
    spread(grown(first_delay_ms, tries - 1, DELAY_MAX_MS), random)
}

/// How long an endpoint rests after so many failures in a row, in milliseconds; none when there are too few for it.
pub fn rest_ms(failures: i64, first_delay_ms: i64, random: &dyn Random) -> Option<i64> {
    let beyond = failures - FAILURES_UNTIL_REST;
    (beyond >= 0).then(|| spread(grown(first_delay_ms, beyond, REST_MAX_MS), random))
}

fn grown(first_ms: i64, steps: i64, most_ms: i64) -> i64 {
    let mut delay = first_ms;
    for _ in 0..steps.clamp(0, GROWN_AFTER) {
        delay = delay.saturating_mul(GROWTH).min(most_ms);
    }
    delay.min(most_ms)
}

fn spread(delay_ms: i64, random: &dyn Random) -> i64 {
    let mut byte = [0u8; 1];
    random.fill(&mut byte);
    let [byte] = byte;
    delay_ms + (delay_ms / 5) * i64::from(byte) / 255
}

#[cfg(test)]
mod tests {
    use super::*;
    use onfile_core::random::SeededRandom;

    const TEN_S: i64 = 10_000;

    #[test]
    fn waits_grow_to_half_a_day_and_are_spread_by_a_fifth_at_most() {
        let random = SeededRandom::new(1);
        for (tries, least) in [
            (0, TEN_S),
            (1, TEN_S),
            (2, 3 * TEN_S),
            (3, 9 * TEN_S),
            (7, 729 * TEN_S),
            (9, DELAY_MAX_MS),
            (1_000_000, DELAY_MAX_MS),
            (i64::MAX, DELAY_MAX_MS),
        ] {
            let delay = delay_ms(tries, TEN_S, &random);
            assert!((least..=least + least / 5).contains(&delay), "{tries}: {delay}");
        }
        let delays: Vec<i64> = (0..20).map(|_| delay_ms(1, TEN_S, &random)).collect();
        assert!(delays.iter().any(|delay| *delay != delays[0]), "nothing is spread");
    }

    #[test]
    fn three_days_are_some_fifteen_tries() {
        let random = SeededRandom::new(1);
        let (mut tries, mut waited) = (1, 0);
        while waited <= GIVE_UP_AFTER_MS {
            waited += delay_ms(tries, TEN_S, &random);
            tries += 1;
        }
        assert!((10..=18).contains(&tries), "{tries}");
    }

    #[test]
    fn an_endpoint_rests_after_the_third_failure_in_a_row() {
        let random = SeededRandom::new(1);
        for (failures, least) in
            [(0, None), (2, None), (3, Some(TEN_S)), (4, Some(3 * TEN_S)), (50, Some(REST_MAX_MS))]
        {
            let rest = rest_ms(failures, TEN_S, &random);
            assert_eq!(rest.is_some(), least.is_some(), "{failures}");
            if let (Some(rest), Some(least)) = (rest, least) {
                assert!((least..=least + least / 5).contains(&rest), "{failures}: {rest}");
            }
        }
    }
}
