//! Bad input, rule by rule.

use crate::support::servers;

/// Path, pairs, the parameter that is named, the code.
type Case<'a> = (&'a str, Vec<(&'a str, &'a str)>, Option<&'a str>, Option<&'a str>);

#[tokio::test]
async fn each_wrong_parameter_is_named_with_its_code() {
    let long_name = "n".repeat(257);
    let long_key = format!("metadata[{}]", "k".repeat(41));
    let long_value = "v".repeat(501);
    let many: Vec<String> = (0..51).map(|i| format!("metadata[k{i}]")).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|name| (name.as_str(), "v")).collect();
    let intent = |extra: &[(&'static str, &'static str)]| {
        let mut pairs = vec![("amount", "100"), ("currency", "usd")];
        pairs.retain(|(name, _)| !extra.iter().any(|(n, _)| n == name));
        pairs.extend_from_slice(extra);
        pairs
    };
    let customers = "/v1/customers";
    let intents = "/v1/payment_intents";
    let cases: Vec<Case<'_>> = vec![
        (customers, vec![("nonsense", "1")], Some("nonsense"), Some("parameter_unknown")),
        (customers, vec![("address[planet]", "Mars")], Some("address[planet]"), Some("parameter_unknown")),
        (customers, vec![("nonsense[a][b]", "1")], Some("nonsense[a][b]"), Some("parameter_unknown")),
        (customers, vec![("name", &long_name)], Some("name"), None),
        (customers, vec![("name[first]", "x")], Some("name"), None),
        (customers, vec![("name", "a\0b")], Some("name"), None),
        (customers, vec![("email", "nobody")], Some("email"), Some("email_invalid")),
        (customers, vec![("address", "here")], Some("address"), None),
        (customers, vec![("address[country]", "Germany")], Some("address[country]"), None),
        (customers, vec![("shipping[name]", "x")], Some("shipping[address]"), Some("parameter_missing")),
        (customers, vec![("shipping[address][line1]", "x")], Some("shipping[name]"), Some("parameter_missing")),
        (customers, vec![("tax_exempt", "maybe")], Some("tax_exempt"), None),
        (customers, vec![("metadata", "text")], Some("metadata"), None),
        (customers, vec![("metadata[a][b]", "text")], Some("metadata[a]"), None),
        (customers, vec![(&long_key, "v")], Some(&long_key), None),
        (customers, vec![("metadata[k]", &long_value)], Some("metadata[k]"), None),
        (customers, many, Some("metadata"), None),
        (customers, vec![("preferred_locales", "de")], Some("preferred_locales"), None),
        (customers, vec![("preferred_locales[x]", "de")], Some("preferred_locales"), None),
        (customers, vec![("expand[]", "nonsense")], Some("expand"), None),
        (intents, vec![("currency", "usd")], Some("amount"), Some("parameter_missing")),
        (intents, vec![("amount", "100")], Some("currency"), Some("parameter_missing")),
        (intents, intent(&[("amount", "")]), Some("amount"), Some("parameter_invalid_empty")),
        (intents, intent(&[("amount", "abc")]), Some("amount"), Some("parameter_invalid_integer")),
        (intents, intent(&[("amount", "10.5")]), Some("amount"), Some("parameter_invalid_integer")),
        (intents, intent(&[("amount", "1e3")]), Some("amount"), Some("parameter_invalid_integer")),
        (intents, intent(&[("amount", "+5")]), Some("amount"), Some("parameter_invalid_integer")),
        (intents, intent(&[("amount", " 5")]), Some("amount"), Some("parameter_invalid_integer")),
        (intents, intent(&[("amount", "99999999999999999999")]), Some("amount"), Some("parameter_invalid_integer")),
        (intents, intent(&[("amount", "0")]), Some("amount"), Some("amount_too_small")),
        (intents, intent(&[("amount", "-5")]), Some("amount"), Some("amount_too_small")),
        (intents, intent(&[("amount", "100000000")]), Some("amount"), Some("amount_too_large")),
        (intents, intent(&[("amount[x]", "1")]), Some("amount"), None),
        (intents, intent(&[("currency", "xxx")]), Some("currency"), None),
        (intents, intent(&[("customer", "pm_1")]), Some("customer"), Some("resource_missing")),
        (intents, intent(&[("customer", "cus_1")]), Some("customer"), Some("resource_missing")),
        (intents, intent(&[("customer", "")]), Some("customer"), Some("parameter_invalid_empty")),
        (intents, intent(&[("payment_method", "pm_1")]), Some("payment_method"), Some("resource_missing")),
        (intents, intent(&[("confirm", "yes")]), Some("confirm"), None),
        (intents, intent(&[("off_session", "true")]), Some("off_session"), None),
        (intents, intent(&[("confirm", "true"), ("return_url", "done")]), Some("return_url"), Some("url_invalid")),
        (intents, intent(&[("confirm", "true"), ("return_url", "javascript:x")]), Some("return_url"), Some("url_invalid")),
        (intents, intent(&[("payment_method_types[]", "bitcoin")]), Some("payment_method_types"), None),
        (intents, intent(&[("capture_method", "later")]), Some("capture_method"), None),
        (intents, intent(&[("statement_descriptor", "1234")]), Some("statement_descriptor"), None),
        (intents, intent(&[("statement_descriptor", "SHOP <1>")]), Some("statement_descriptor"), None),
        (intents, intent(&[("payment_method_data[type]", "card")]), Some("payment_method_data[card][token]"), Some("parameter_missing")),
        ("/v1/refunds", vec![], None, Some("parameter_missing")),
        ("/v1/refunds", vec![("charge", "ch_1")], Some("charge"), Some("resource_missing")),
        ("/v1/refunds", vec![("charge", "ch_1"), ("payment_intent", "pi_1")], Some("charge"), Some("parameters_exclusive")),
        ("/v1/refunds", vec![("charge", "ch_1"), ("amount", "0")], Some("amount"), Some("parameter_invalid_integer")),
        ("/v1/setup_intents", vec![("usage", "daily")], Some("usage"), None),
        ("/v1/setup_intents", vec![("return_url", "https://a.example/")], Some("return_url"), None),
        ("/v1/payment_methods", vec![], Some("type"), Some("parameter_missing")),
        ("/v1/payment_methods", vec![("type", "card")], Some("card[token]"), Some("parameter_missing")),
    ];
    for server in servers().await {
        for (path, pairs, param, code) in &cases {
            let refused = server.post(path, pairs).await;
            let place = format!("{path} {:?}: {}", &pairs[..pairs.len().min(3)], refused.body);
            assert_eq!(refused.status, 400, "{place}");
            assert_eq!(refused.at("error/type"), "invalid_request_error", "{place}");
            assert_eq!(refused.at("error/param").as_str().map(str::len).is_some(), param.is_some(), "{place}");
            if let Some(param) = param.filter(|param| param.len() < 50) {
                assert_eq!(refused.at("error/param"), param, "{place}");
            }
            if let Some(code) = code {
                assert_eq!(refused.at("error/code"), *code, "{place}");
            }
        }
        let left = server.get("/v1/customers", &[]).await.ok();
        assert_eq!(left.at("data").as_array().unwrap().len(), 0, "a refused request left something");
    }
}
