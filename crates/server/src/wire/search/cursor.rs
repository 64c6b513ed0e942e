//! `page`: where a search goes on. Opaque to callers, and good for the query that it came from alone.

use aws_lc_rs::digest::{Context, SHA256};
use data_encoding::BASE64URL_NOPAD;

use super::Query;
use crate::wire::error::ApiError;

/// How many bytes of the check stand before the place.
const CHECK_BYTES: usize = 12;
/// The longest cursor that is looked at; ours are shorter.
pub const CURSOR_CHARACTERS_MAX: usize = 500;

/// The cursor after which a page with what lies below `place` begins. It is no secret: the check keeps callers from
/// using it with another query by mistake, and whoever made one of their own would see only their own data.
pub fn write(path: &str, query: &Query, place: &str) -> String {
    let mut bytes = check(path, query, place);
    bytes.extend_from_slice(place.as_bytes());
    BASE64URL_NOPAD.encode(&bytes)
}

/// The place that a cursor names.
///
/// # Errors
/// 400 when it is not one of ours, or is another query's.
pub fn read(path: &str, query: &Query, text: &str) -> Result<String, ApiError> {
    let refused = || {
        let message = "Invalid page: it is no `next_page` of this query. Send the same `query` again with the \
                       `next_page` of its last answer, or leave `page` out to begin anew.";
        ApiError::invalid("page", None, message)
    };
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| refused())?;
    let (given, place) = bytes.split_at_checked(CHECK_BYTES).ok_or_else(refused)?;
    let place = std::str::from_utf8(place).map_err(|_| refused())?;
    if check(path, query, place) == given { Ok(place.to_owned()) } else { Err(refused()) }
}

fn check(path: &str, query: &Query, place: &str) -> Vec<u8> {
    let mut context = Context::new(&SHA256);
    for part in [path, &query.to_string(), place] {
        context.update(&part.len().to_be_bytes());
        context.update(part.as_bytes());
    }
    context.finish().as_ref().iter().copied().take(CHECK_BYTES).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Field, FieldKind, parse};
    use super::*;

    #[test]
    fn a_cursor_goes_on_where_it_was_written_and_with_its_own_query_alone() {
        const FIELDS: &[Field] = &[Field { name: "name", kind: FieldKind::Text }];
        let query = |text: &str| parse(text, FIELDS).unwrap();
        let (ada, amy) = (query("name:'ada'"), query("name:'amy'"));
        let cursor = write("/v1/customers/search", &ada, "cus_1");
        let read_ada = |path: &str, text: &str| read(path, &ada, text).map_err(|error| error.param.clone());
        assert_eq!(read_ada("/v1/customers/search", &cursor), Ok("cus_1".to_owned()));
        let refused = Err(Some("page".to_owned()));
        assert_eq!(read_ada("/v1/products/search", &cursor), refused);
        assert!(read("/v1/customers/search", &amy, &cursor).is_err());
        let other = write("/v1/customers/search", &ada, "cus_2");
        let mixed = format!("{}{}", &cursor[..16], &other[16..]);
        for garbage in ["", "x", "AAAA", "cus_1", &mixed, &cursor[1..], "\u{1F600}"] {
            assert_eq!(read_ada("/v1/customers/search", garbage), refused, "{garbage}");
        }
    }
}
