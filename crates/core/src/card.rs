//! What can be said of a card without its number: brand, expiry, and the texts that people read.

mod brand;
mod expiry;
mod label;

pub use brand::{Brand, LENGTH_MAX, LENGTH_MIN, LuhnRule, luhn};
pub use expiry::{Expiry, ExpiryError, YEARS_AHEAD_MAX};
pub use label::{CUSTOMER_NUMBER_DIGITS_MAX, CardLabel, display_line, masked};
