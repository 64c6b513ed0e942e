//! Style and script of the frame, under addresses that change with their content and may be kept for ever.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, SHA384, digest};
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Frame;

const STYLE: &str = include_str!("../../assets/frame.css");
const SCRIPT: &str = include_str!("../../assets/frame.js");
/// What the frame's script may weigh, uncompressed.
#[cfg(test)]
const SCRIPT_BYTES_MAX: usize = 6 * 1024;
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
/// Hexadecimal digits of the content's hash in an address.
const VERSION_DIGITS: usize = 16;

/// Both files.
#[derive(Debug)]
pub struct Assets {
    /// The style.
    pub style: Asset,
    /// The script.
    pub script: Asset,
}

/// A file.
#[derive(Debug)]
pub struct Asset {
    name: String,
    /// Subresource integrity: the browser refuses a file that was changed on the way.
    pub integrity: String,
    content: String,
    content_type: &'static str,
}

impl Assets {
    /// The files with their addresses.
    pub fn new() -> Self {
        Self {
            style: Asset::new("css", STYLE, "text/css; charset=utf-8"),
            script: Asset::new("js", SCRIPT, "text/javascript; charset=utf-8"),
        }
    }
}

impl Asset {
    fn new(extension: &str, source: &str, content_type: &'static str) -> Self {
        let content = without_comments(source);
        let hash = digest(&SHA256, content.as_bytes());
        let version: String = hash
            .as_ref()
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 15])
            .take(VERSION_DIGITS)
            .map(hex)
            .collect();
        let integrity = format!("sha384-{}", STANDARD.encode(digest(&SHA384, content.as_bytes())));
        Self { name: format!("frame-{version}.{extension}"), integrity, content, content_type }
    }

    /// Its address.
    pub fn path(&self) -> String {
        format!("/assets/{}", self.name)
    }
}

/// The file without indentation and without lines that are comments: what is written for people stays with people.
fn without_comments(source: &str) -> String {
    let lines = source.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
    lines.fold(String::with_capacity(source.len()), |text, line| text + line + "\n")
}

fn hex(value: u8) -> char {
    char::from_digit(value.into(), 16).unwrap_or('0')
}

/// `GET /assets/{name}`.
pub async fn serve(State(frame): State<Arc<Frame>>, Path(name): Path<String>) -> Response {
    let Some(asset) =
        [&frame.assets.style, &frame.assets.script].into_iter().find(|asset| asset.name == name)
    else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(asset.content_type)),
        (CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
        (RESOURCE_POLICY, HeaderValue::from_static("same-origin")),
    ];
    (headers, asset.content.clone()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_is_small_and_writes_no_markup() {
        let script = Assets::new().script.content;
        assert!(script.len() <= SCRIPT_BYTES_MAX, "{} bytes", script.len());
        for danger in [
            "innerHTML",
            "eval(",
            "document.write",
            "localStorage",
            "sessionStorage",
            "postMessage",
            "console.",
        ] {
            assert!(!script.contains(danger), "{danger}");
        }
    }
}
