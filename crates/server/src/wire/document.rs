//! Bodies that are a file instead of a form: what is imported.

use axum::http::{HeaderMap, HeaderValue, header};

use super::error::ApiError;

/// What a file is sent as.
pub const CONTENT_TYPE: &str = "text/csv";
/// The largest file: some ten thousand customers.
pub const BYTES_MAX: usize = 4 * 1024 * 1024;

/// Whether the body is a file.
pub fn is_one(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    let kind = kind.split(|b| *b == b';').next().unwrap_or_default();
    kind.trim_ascii().eq_ignore_ascii_case(CONTENT_TYPE.as_bytes())
}

/// The file's text.
///
/// # Errors
/// When it is not UTF-8; the message names the row in which it stops being.
pub fn text(body: &[u8]) -> Result<String, ApiError> {
    let read = String::from_utf8(body.to_vec());
    read.map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let row = 1 + body.iter().take(good).filter(|b| **b == b'\n').count();
        let message = format!("Row {row} is not valid UTF-8. Save the file as CSV in UTF-8.");
        ApiError::invalid("", "csv_invalid", message)
    })
}
