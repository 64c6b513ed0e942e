//! What a run did, as comma-separated values (RFC 4180) for a spreadsheet.

use onfile_core::clock::moment;
use onfile_core::currency::Currency;
use onfile_core::money::Money;

use crate::store::runs::Item;

const COLUMNS: [&str; 7] =
    ["invoice", "customer", "currency", "amount", "status", "reason", "next_payment_attempt"];

/// Why a table could not be written.
#[derive(Debug, thiserror::Error)]
pub enum CsvError {
    /// The writer.
    #[error("a table could not be written: {0}")]
    Write(#[from] csv::Error),
    /// The database names a currency that there is not.
    #[error("{0} is no currency")]
    Currency(String),
}

/// Some rows, under a header where they are the first. Amounts are in major units, moments in UTC (RFC 3339).
///
/// # Errors
/// When the database holds what it should not.
pub fn part(items: &[Item], header: bool) -> Result<Vec<u8>, CsvError> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    if header {
        writer.write_record(COLUMNS)?;
    }
    for item in items {
        let currency =
            Currency::parse(&item.currency).map_err(|_| CsvError::Currency(item.currency.clone()))?;
        let next = item.next_attempt.map(|at| moment(at).to_string()).unwrap_or_default();
        writer.write_record([
            item.invoice.as_str(),
            &item.customer,
            &item.currency,
            &Money::new(item.amount, currency).to_major(),
            &item.state,
            &text(&item.reason),
            &next,
        ])?;
    }
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()).into())
}

/// A processor's word, which a spreadsheet must not take for a formula (OWASP: CSV injection).
fn text(word: &str) -> String {
    if word.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{word}") } else { word.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_written_as_spreadsheets_read_them_and_run_nothing() {
        let item = |amount, currency: &str, reason: &str, next_attempt| Item {
            invoice: "in_1".into(),
            customer: "cus_1".into(),
            currency: currency.into(),
            amount,
            state: "declined".into(),
            reason: reason.into(),
            next_attempt,
        };
        let items = [
            item(2_900, "usd", "insufficient_funds", Some(1_803_549_600)),
            item(2_900, "jpy", "", None),
            item(-5, "kwd", "=HYPERLINK(\"http://x\"),\n", None),
        ];
        let whole = String::from_utf8(part(&items, true).unwrap()).unwrap();
        assert_eq!(
            whole,
            "invoice,customer,currency,amount,status,reason,next_payment_attempt\r\n\
             in_1,cus_1,usd,29.00,declined,insufficient_funds,2027-02-25T10:00:00Z\r\n\
             in_1,cus_1,jpy,2900,declined,,\r\n\
             in_1,cus_1,kwd,-0.005,declined,\"'=HYPERLINK(\"\"http://x\"\"),\n\",\r\n"
        );
        assert!(!String::from_utf8(part(&items, false).unwrap()).unwrap().contains("invoice,"));
        assert!(part(&[item(1, "xxx", "", None)], false).is_err());
    }
}
