//! The one style sheet of the pages, at an address that changes with its content.

use std::sync::LazyLock;

use aws_lc_rs::digest;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;

const CSS: &str = include_str!("assets/onfile.css");
/// How many bytes of the digest stand in the address: enough that two releases never share one.
const NAME_BYTES: usize = 9;

/// Its address. Whoever has it may keep it for ever, because another content has another address.
pub static CSS_PATH: LazyLock<String> = LazyLock::new(|| {
    let digest = digest::digest(&digest::SHA256, CSS.as_bytes());
    let name: Vec<u8> = digest.as_ref().iter().take(NAME_BYTES).copied().collect();
    format!("/assets/onfile.{}.css", HEXLOWER.encode(&name))
});

/// Where the icon in the window's tab is. Without one, browsers ask for `/favicon.ico` on every visit.
pub const ICON_PATH: &str = "/assets/icon.svg";
const ICON: &str = include_str!("assets/icon.svg");

/// The icon.
pub async fn icon() -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("image/svg+xml")),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400")),
    ];
    (headers, ICON).into_response()
}

/// The style sheet.
pub async fn css() -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
    ];
    (headers, CSS).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a customer on a slow line waits for before anything is seen.
    const CSS_BYTES_MAX: usize = 12 * 1024;

    #[test]
    fn the_style_sheet_is_small_and_fetches_nothing() {
        assert!(CSS.len() <= CSS_BYTES_MAX, "{} bytes", CSS.len());
        assert!(!CSS.contains("url(") && !CSS.contains("@import"));
        assert!(CSS_PATH.starts_with("/assets/onfile.") && CSS_PATH.ends_with(".css"));
    }
}
