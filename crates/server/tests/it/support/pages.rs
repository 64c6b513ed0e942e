//! Pages as a browser asks for them.

use super::{Reply, Server, form, send};

/// The origin of our own pages.
pub const OURS: &str = "http://localhost:4242";

/// Opens a page.
pub async fn open(server: &Server, path: &str) -> Reply {
    send(server.bare("GET", path)).await
}

/// Sends a form from a page of this origin.
pub async fn post(server: &Server, path: &str, origin: &str, pairs: &[(&str, &str)]) -> Reply {
    send(server.bare("POST", path).header("origin", origin).body(form(pairs))).await
}

/// The page itself.
pub fn page(reply: &Reply) -> String {
    reply.body.as_str().unwrap_or_else(|| panic!("{}", reply.body)).to_owned()
}
