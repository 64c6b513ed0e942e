//! Bad input, rule by rule.

use crate::support::{send, servers};

/// A body as it is sent, the parameter that is named, the code; empty for none.
type Case<'a> = (&'a str, &'a str, &'a str);

const CUSTOMERS: &[Case<'_>] = &[
    ("nonsense=1", "nonsense", "parameter_unknown"),
    ("address[planet]=Mars", "address[planet]", "parameter_unknown"),
    ("nonsense[a][b]=1", "nonsense[a][b]", "parameter_unknown"),
    ("name[first]=x", "name", ""),
    ("name=a%00b", "name", ""),
    ("email=nobody", "email", "email_invalid"),
    ("address=here", "address", ""),
    ("address[country]=Germany", "address[country]", ""),
    ("shipping[name]=x", "shipping[address]", "parameter_missing"),
    ("shipping[address][line1]=x", "shipping[name]", "parameter_missing"),
    ("tax_exempt=maybe", "tax_exempt", ""),
    ("metadata=text", "metadata", ""),
    ("metadata[a][b]=text", "metadata[a]", ""),
    ("preferred_locales=de", "preferred_locales", ""),
    ("preferred_locales[x]=de", "preferred_locales", ""),
    ("preferred_locales[]=", "preferred_locales[0]", "parameter_invalid_empty"),
    ("expand[]=nonsense", "expand", ""),
    ("name=x&name[a]=y", "name[a]", ""),
    ("name]=x", "name]", "parameter_unknown"),
    ("payment_method=pm_1", "payment_method", ""),
    (
        "invoice_settings[default_payment_method]=pm_1",
        "invoice_settings[default_payment_method]",
        "resource_missing",
    ),
];

const INTENTS: &[Case<'_>] = &[
    ("currency=usd", "amount", "parameter_missing"),
    ("amount=100", "currency", "parameter_missing"),
    ("currency=usd&amount=", "amount", "parameter_invalid_empty"),
    ("currency=usd&amount=abc", "amount", "parameter_invalid_integer"),
    ("currency=usd&amount=10.5", "amount", "parameter_invalid_integer"),
    ("currency=usd&amount=1e3", "amount", "parameter_invalid_integer"),
    ("currency=usd&amount=%2B5", "amount", "parameter_invalid_integer"),
    ("currency=usd&amount=+5", "amount", "parameter_invalid_integer"),
    ("currency=usd&amount=99999999999999999999", "amount", "parameter_invalid_integer"),
    ("currency=usd&amount=0", "amount", "amount_too_small"),
    ("currency=usd&amount=-5", "amount", "amount_too_small"),
    ("currency=usd&amount=100000000", "amount", "amount_too_large"),
    ("currency=usd&amount[x]=1", "amount", ""),
    ("amount=100&currency=xxx", "currency", ""),
];

/// Beside a good amount and currency.
const MORE_OF_INTENTS: &[Case<'_>] = &[
    ("customer=pm_1", "customer", "resource_missing"),
    ("customer=cus_1", "customer", "resource_missing"),
    ("customer=", "customer", "parameter_invalid_empty"),
    ("payment_method=pm_1", "payment_method", "resource_missing"),
    ("confirm=yes", "confirm", ""),
    ("off_session=true", "off_session", "payment_intent_invalid_parameter"),
    ("confirm=true&return_url=done", "return_url", "url_invalid"),
    ("confirm=true&return_url=javascript:x", "return_url", "url_invalid"),
    ("confirm=true&return_url=https://a.example/%0d%0ax", "return_url", "url_invalid"),
    ("payment_method_types[]=bitcoin", "payment_method_types", ""),
    ("payment_method_types[]=card&automatic_payment_methods[enabled]=true", "automatic_payment_methods", ""),
    ("capture_method=later", "capture_method", ""),
    ("statement_descriptor=1234", "statement_descriptor", ""),
    ("statement_descriptor=SHOP+<1>", "statement_descriptor", ""),
    ("statement_descriptor=A+name+that+is+far+too+long", "statement_descriptor", ""),
    ("payment_method_data[type]=card", "payment_method_data[card][token]", "parameter_missing"),
    ("payment_method_data[type]=cash", "payment_method_data[type]", ""),
    ("payment_method_options[card][moto]=true", "payment_method_options[card][moto]", "parameter_unknown"),
    ("transfer_group=x", "transfer_group", "parameter_unknown"),
];

const REFUNDS: &[Case<'_>] = &[
    ("", "", "parameter_missing"),
    ("charge=ch_1", "charge", "resource_missing"),
    ("payment_intent=pi_1", "payment_intent", "resource_missing"),
    ("charge=ch_1&payment_intent=pi_1", "charge", "parameters_exclusive"),
    ("charge=ch_1&amount=0", "amount", "parameter_invalid_integer"),
    ("charge=ch_1&reason=because", "reason", ""),
];

const SETUPS: &[Case<'_>] = &[
    ("usage=daily", "usage", ""),
    ("return_url=https://a.example/", "return_url", "setup_intent_invalid_parameter"),
    ("customer=cus_1", "customer", "resource_missing"),
];

const METHODS: &[Case<'_>] = &[
    ("", "type", "parameter_missing"),
    ("type=cash", "type", ""),
    ("type=card", "card[token]", "parameter_missing"),
    ("type=card&card[token]=tok_1", "card[token]", "resource_missing"),
    ("type=card&card[token]=tok_1&card[wallet]=x", "card[wallet]", "parameter_unknown"),
];

async fn check(path: &str, beside: &str, cases: &[Case<'_>]) {
    for server in servers().await {
        for (body, param, code) in cases {
            let request =
                server.with(&server.merchant.secret, "POST", path, &[]).body(format!("{beside}{body}"));
            let refused = send(request).await;
            let place = format!("{path} {body}: {}", refused.body);
            assert_eq!(refused.status, 400, "{place}");
            assert_eq!(refused.at("error/type"), "invalid_request_error", "{place}");
            assert_eq!(refused.at("error/param").as_str().unwrap_or_default(), *param, "{place}");
            assert!(code.is_empty() || refused.at("error/code") == *code, "{place}");
        }
        let left = server.get(path, &[]).await.ok();
        assert_eq!(
            left.at("data").as_array().unwrap().len(),
            0,
            "a refused request left something at {path}"
        );
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_customer_is_named() {
    check("/v1/customers", "", CUSTOMERS).await;
    let name = format!("name={}", "n".repeat(257));
    let key = format!("metadata[{}]=v", "k".repeat(41));
    let value = format!("metadata[k]={}", "v".repeat(501));
    let many: Vec<String> = (0..51).map(|i| format!("metadata[k{i}]=v")).collect();
    let key_name = key.trim_end_matches("=v").to_owned();
    let cases = [
        (name.as_str(), "name", ""),
        (key.as_str(), key_name.as_str(), ""),
        (value.as_str(), "metadata[k]", ""),
        (&many.join("&"), "metadata", ""),
    ];
    check("/v1/customers", "", &cases).await;
}

#[tokio::test]
async fn what_is_wrong_with_a_payment_intent_is_named() {
    check("/v1/payment_intents", "", INTENTS).await;
    check("/v1/payment_intents", "amount=100&currency=usd&", MORE_OF_INTENTS).await;
}

#[tokio::test]
async fn what_is_wrong_with_refunds_setup_intents_and_methods_is_named() {
    check("/v1/refunds", "", REFUNDS).await;
    check("/v1/setup_intents", "", SETUPS).await;
    check("/v1/payment_methods", "", METHODS).await;
}
