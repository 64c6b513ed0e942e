//! The hash by which a replayed order is told from another one.

use aws_lc_rs::digest::{Context, SHA256};
use onfile_core::ids::Id;
use onfile_core::vault_contract::{ForwardOrder, HttpMethod};
use serde_json::Value;

/// SHA-256 of everything in an order but the time until which it may leave. Members of objects count in the order of
/// their names, so that a caller that writes the same order anew need not remember in which order it wrote them.
pub fn of(order: &ForwardOrder) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    let method = match order.method {
        HttpMethod::Get => "GET",
        HttpMethod::Post => "POST",
    };
    let instrument = order.instrument.as_deref().unwrap_or_default();
    let with_cvc = if order.with_cvc { "cvc" } else { "" };
    for text in [
        order.account.as_str(),
        order.key.as_str(),
        &order.processor,
        method,
        &order.path,
        instrument,
        with_cvc,
    ] {
        add(&mut context, b's', text.as_bytes());
    }
    add_value(&mut context, &order.body);
    let digest = context.finish();
    digest.as_ref().first_chunk().copied().unwrap_or_default()
}

fn add(context: &mut Context, tag: u8, bytes: &[u8]) {
    context.update(&[tag]);
    context.update(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
    context.update(bytes);
}

/// The depth of a value is bounded by the parser that made it.
fn add_value(context: &mut Context, value: &Value) {
    match value {
        Value::Null => add(context, b'n', b""),
        Value::Bool(value) => add(context, b'b', if *value { b"1" } else { b"0" }),
        Value::Number(value) => add(context, b'd', value.to_string().as_bytes()),
        Value::String(value) => add(context, b's', value.as_bytes()),
        Value::Array(values) => {
            add(context, b'a', &values.len().to_be_bytes());
            for value in values {
                add_value(context, value);
            }
        }
        Value::Object(members) => {
            add(context, b'o', &members.len().to_be_bytes());
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_unstable_by_key(|(name, _)| *name);
            for (name, value) in sorted {
                add(context, b'k', name.as_bytes());
                add_value(context, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn order(body: Value) -> ForwardOrder {
        serde_json::from_value(json!({
            "account": "acct_1", "key": "op_1", "processor": "sandbox", "method": "POST", "path": "/v1/payments",
            "body": body, "instrument": "pm_1", "with_cvc": true,
        }))
        .unwrap()
    }

    #[test]
    fn the_order_of_members_does_not_count_and_everything_else_does() {
        let first = of(&order(json!({"a": 1, "b": [true, null, {"x": "y"}]})));
        assert_eq!(of(&order(json!({"b": [true, null, {"x": "y"}], "a": 1}))), first);
        let mut later = order(json!({"a": 1, "b": [true, null, {"x": "y"}]}));
        later.send_before = Some(1);
        assert_eq!(of(&later), first, "another lease does not make another order");
        for other in [
            json!({"a": 2, "b": [true, null, {"x": "y"}]}),
            json!({"a": "1", "b": [true, null, {"x": "y"}]}),
            json!({"a": 1, "b": [null, true, {"x": "y"}]}),
            json!({"a": 1, "b": [true, null], "x": "y"}),
            json!({"a": 1, "b": [true, {"x": "y"}]}),
            json!({}),
            json!(null),
        ] {
            assert_ne!(of(&order(other.clone())), first, "{other}");
        }
        let alterations: [fn(&mut ForwardOrder); 6] = [
            |o| o.key = Id::from_trusted("op_2".into()),
            |o| o.account = Id::from_trusted("acct_2".into()),
            |o| o.path = "/v1/verifications".into(),
            |o| o.instrument = None,
            |o| o.with_cvc = false,
            |o| o.processor = "other".into(),
        ];
        for alter in alterations {
            let mut changed = order(json!({"a": 1, "b": [true, null, {"x": "y"}]}));
            alter(&mut changed);
            assert_ne!(of(&changed), first, "{changed:?}");
        }
    }
}
