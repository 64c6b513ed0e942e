//! What may be asked of which processor, and where in it the card goes. The vault decides, never the caller: else a
//! broken-into `onfile` could have a number put into a description and read it back from the processor.

use onfile_core::card_shaped;
use onfile_core::vault_contract::{ForwardOrder, HttpMethod};
use serde_json::Value;

use crate::record::{Instrument, Number};

/// The longest part of a path that stands for an id.
const ID_CHARS_MAX: usize = 128;

/// The processors that the vault can speak to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Our stand-in.
    Sandbox,
}

impl Kind {
    /// The processor of this name in the configuration.
    pub fn named(name: &str) -> Option<Self> {
        (name == "sandbox").then_some(Self::Sandbox)
    }
}

/// Where the instrument goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// Nowhere: the request carries none.
    Nowhere,
    /// A card, as the member of this name at the top of the JSON body (the JSON pointer `/name`).
    Card(&'static str),
    /// A bank account, likewise.
    Bank(&'static str),
}

impl Placement {
    /// Whether an instrument of this kind may go there.
    pub fn takes(self, instrument: &Instrument) -> bool {
        matches!(
            (self, &instrument.number),
            (Self::Card(_), Number::Card { .. }) | (Self::Bank(_), Number::Bank { .. })
        )
    }

    /// The member of the body that the instrument becomes.
    fn member(self) -> Option<&'static str> {
        match self {
            Self::Nowhere => None,
            Self::Card(name) | Self::Bank(name) => Some(name),
        }
    }
}

struct Row {
    kind: Kind,
    method: HttpMethod,
    /// `{id}` stands for letters, digits and underscores.
    path: &'static str,
    /// The one query parameter, which must be there.
    query: Option<&'static str>,
    placement: Placement,
}

/// The whole table. What is not in it is not sent.
const TABLE: &[Row] = &[
    post(Kind::Sandbox, "/v1/payments", Placement::Card("card")),
    post(Kind::Sandbox, "/v1/verifications", Placement::Card("card")),
    post(Kind::Sandbox, "/v1/payments/{id}/complete", Placement::Nowhere),
    post(Kind::Sandbox, "/v1/payments/{id}/captures", Placement::Nowhere),
    post(Kind::Sandbox, "/v1/payments/{id}/void", Placement::Nowhere),
    post(Kind::Sandbox, "/v1/payments/{id}/refunds", Placement::Nowhere),
    post(Kind::Sandbox, "/v1/debits", Placement::Bank("bank_account")),
    post(Kind::Sandbox, "/v1/debits/{id}/refunds", Placement::Nowhere),
    post(Kind::Sandbox, "/v1/micro_deposits", Placement::Bank("bank_account")),
    post(Kind::Sandbox, "/v1/micro_deposits/{id}/verify", Placement::Nowhere),
    Row {
        kind: Kind::Sandbox,
        method: HttpMethod::Get,
        path: "/v1/operations",
        query: Some("reference"),
        placement: Placement::Nowhere,
    },
];

const fn post(kind: Kind, path: &'static str, placement: Placement) -> Row {
    Row { kind, method: HttpMethod::Post, path, query: None, placement }
}

/// Where the instrument of an order goes, if the order may be sent at all.
///
/// # Errors
/// Why not, for the caller's log.
pub fn check(kind: Kind, order: &ForwardOrder) -> Result<Placement, &'static str> {
    let (path, query) = order.path.split_once('?').map_or((order.path.as_str(), None), |(p, q)| (p, Some(q)));
    let row = TABLE
        .iter()
        .find(|row| row.kind == kind && row.method == order.method && path_matches(row.path, path))
        .ok_or("this method and path are not in the vault's table")?;
    if !query_matches(row.query, query) {
        return Err("the query is not the one in the vault's table");
    }
    match row.placement {
        Placement::Nowhere if order.instrument.is_some() || order.with_cvc => {
            return Err("this path takes no instrument");
        }
        Placement::Card(_) | Placement::Bank(_) if order.instrument.is_none() => {
            return Err("this path needs an instrument");
        }
        Placement::Bank(_) if order.with_cvc => return Err("a bank account has no security code"),
        _ => {}
    }
    match (order.method, &order.body) {
        (HttpMethod::Get, Value::Null) => {}
        (HttpMethod::Get, _) => return Err("a look-up has no body"),
        (HttpMethod::Post, Value::Object(members)) => {
            if let Some(name) = row.placement.member()
                && members.keys().any(|key| key.eq_ignore_ascii_case(name))
            {
                return Err("the body has something where the instrument goes");
            }
        }
        (HttpMethod::Post, _) => return Err("the body must be an object"),
    }
    if holds_card_shaped(&order.body) {
        Err("the body holds what looks like a card number")
    } else {
        Ok(row.placement)
    }
}

fn path_matches(pattern: &str, path: &str) -> bool {
    let mut parts = path.split('/');
    let all = pattern.split('/').all(|wanted| {
        parts.next().is_some_and(|part| if wanted == "{id}" { is_id(part) } else { part == wanted })
    });
    all && parts.next().is_none()
}

fn query_matches(wanted: Option<&str>, query: Option<&str>) -> bool {
    match (wanted, query) {
        (None, None) => true,
        (Some(name), Some(query)) => {
            query.split_once('=').is_some_and(|(n, value)| n == name && is_id(value))
        }
        _ => false,
    }
}

fn is_id(text: &str) -> bool {
    (1..=ID_CHARS_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Whether a card number stands anywhere in the body, names of members included.
fn holds_card_shaped(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) => false,
        Value::Number(number) => card_shaped::contains(number.to_string().as_bytes()),
        Value::String(text) => card_shaped::contains(text.as_bytes()),
        Value::Array(values) => values.iter().any(holds_card_shaped),
        Value::Object(members) => members
            .iter()
            .any(|(name, value)| card_shaped::contains(name.as_bytes()) || holds_card_shaped(value)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn order(method: &str, path: &str, body: Value, instrument: Option<&str>) -> ForwardOrder {
        serde_json::from_value(json!({
            "account": "acct_1", "key": "op_1", "processor": "sandbox", "method": method, "path": path,
            "body": body, "instrument": instrument, "with_cvc": false,
        }))
        .unwrap()
    }

    #[test]
    fn what_is_in_the_table_is_allowed() {
        for (method, path, body, instrument, want) in [
            ("POST", "/v1/payments", json!({"amount": 1}), Some("pm_1"), Placement::Card("card")),
            ("POST", "/v1/verifications", json!({}), Some("pm_1"), Placement::Card("card")),
            ("POST", "/v1/payments/pay_1aB/captures", json!({"amount": 1}), None, Placement::Nowhere),
            ("POST", "/v1/payments/pay_1/complete", json!({}), None, Placement::Nowhere),
            ("POST", "/v1/payments/pay_1/void", json!({}), None, Placement::Nowhere),
            ("POST", "/v1/payments/pay_1/refunds", json!({}), None, Placement::Nowhere),
            ("POST", "/v1/debits", json!({"amount": 1}), Some("pm_1"), Placement::Bank("bank_account")),
            ("POST", "/v1/debits/pay_1/refunds", json!({"amount": 1}), None, Placement::Nowhere),
            ("POST", "/v1/micro_deposits", json!({}), Some("pm_1"), Placement::Bank("bank_account")),
            ("POST", "/v1/micro_deposits/md_1/verify", json!({"amounts": [1, 2]}), None, Placement::Nowhere),
            ("GET", "/v1/operations?reference=op_1", Value::Null, None, Placement::Nowhere),
        ] {
            assert_eq!(
                check(Kind::Sandbox, &order(method, path, body, instrument)),
                Ok(want),
                "{method} {path}"
            );
        }
    }

    #[test]
    fn everything_else_is_refused() {
        let number = json!(["4242"; 4].concat());
        let integer = json!(number.as_str().unwrap().parse::<u64>().unwrap());
        let card = Some("pm_1");
        for (method, path, body, instrument) in [
            ("POST", "/faults", json!({}), None),
            ("GET", "/ledger", Value::Null, None),
            ("GET", "/v1/payments", Value::Null, None),
            ("POST", "/v1/operations?reference=op_1", json!({}), None),
            ("GET", "/v1/operations", Value::Null, None),
            ("GET", "/v1/operations?reference=", Value::Null, None),
            ("GET", "/v1/operations?reference=op_1&x=1", Value::Null, None),
            ("GET", "/v1/operations?reference=op_1%26", Value::Null, None),
            ("GET", "/v1/operations?other=op_1", Value::Null, None),
            ("GET", "/v1/operations?reference=op_1", json!({}), None),
            ("GET", "/v1/operations?reference=op_1", Value::Null, card),
            ("POST", "/v1/payments?x=1", json!({}), card),
            ("POST", "/v1/payments/", json!({}), card),
            ("POST", "//v1/payments", json!({}), card),
            ("POST", "v1/payments", json!({}), card),
            ("POST", "/v1/payments#", json!({}), card),
            ("POST", "@evil.example/v1/payments", json!({}), card),
            ("POST", "/v1/payments/../payments/void", json!({}), None),
            ("POST", "/v1/payments/%2e%2e/void", json!({}), None),
            ("POST", "/v1/payments//void", json!({}), None),
            ("POST", "/v1/payments/pay_1/void\r\nx: y", json!({}), None),
            ("POST", "/v1/payments", json!({}), None),
            ("POST", "/v1/payments/pay_1/void", json!({}), card),
            ("POST", "/v1/payments", json!([]), card),
            ("POST", "/v1/payments", Value::Null, card),
            ("POST", "/v1/payments", json!({"card": {}}), card),
            ("POST", "/v1/payments", json!({"card": null}), card),
            ("POST", "/v1/payments", json!({"Card": 1}), card),
            (
                "POST",
                "/v1/payments",
                json!({"description": format!("paid with {}", number.as_str().unwrap())}),
                card,
            ),
            ("POST", "/v1/payments", json!({"a": [{"b": number}]}), card),
            ("POST", "/v1/payments", json!({"a": integer}), card),
            ("POST", "/v1/payments", json!({"4242 4242 4242 4242": 1}), card),
            ("POST", "/v1/debits", json!({}), None),
            ("POST", "/v1/debits", json!({"bank_account": {}}), card),
            ("POST", "/v1/debits", json!({"Bank_Account": 1}), card),
            ("POST", "/v1/debits/pay_1/refunds", json!({}), card),
            ("POST", "/v1/micro_deposits", json!({}), None),
            ("POST", "/v1/micro_deposits/md_1/verify", json!({}), card),
            ("POST", "/clock", json!({"advance_seconds": 1}), None),
        ] {
            let order = order(method, path, body, instrument);
            assert!(check(Kind::Sandbox, &order).is_err(), "{order:?}");
        }
        let mut with_cvc = order("POST", "/v1/payments/pay_1/void", json!({}), None);
        with_cvc.with_cvc = true;
        assert!(check(Kind::Sandbox, &with_cvc).is_err());
        let mut bank_with_cvc = order("POST", "/v1/debits", json!({}), card);
        bank_with_cvc.with_cvc = true;
        assert!(check(Kind::Sandbox, &bank_with_cvc).is_err());
    }
}
