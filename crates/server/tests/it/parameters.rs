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
    ("currency=usd&amount=0", "amount", "parameter_invalid_integer"),
    ("currency=usd&amount=-5", "amount", "parameter_invalid_integer"),
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
    ("allowed_payment_method_types[]=bitcoin", "allowed_payment_method_types", ""),
    ("allowed_payment_method_types[]=card&payment_method_types[]=card", "allowed_payment_method_types", ""),
    ("payment_method_types[]=card&automatic_payment_methods[enabled]=true", "automatic_payment_methods", ""),
    ("capture_method=later", "capture_method", ""),
    ("statement_descriptor=1234", "statement_descriptor", ""),
    ("statement_descriptor=SHOP+<1>", "statement_descriptor", ""),
    ("statement_descriptor=A+name+that+is+far+too+long", "statement_descriptor", ""),
    ("payment_method_data[type]=card", "payment_method_data[card][token]", "parameter_missing"),
    ("payment_method_data[type]=cash", "payment_method_data[type]", ""),
    ("payment_method_options[card][moto]=true", "payment_method_options[card][moto]", "parameter_unknown"),
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

const PRODUCTS: &[Case<'_>] = &[
    ("", "name", "parameter_missing"),
    ("name=", "name", "parameter_invalid_empty"),
    ("name=x&nonsense=1", "nonsense", "parameter_unknown"),
    ("name=x&id=a+b", "id", ""),
    ("name=x&id=a/b", "id", ""),
    ("name=x&id=..", "id", ""),
    ("name=x&id=search", "id", ""),
    ("name=x&id=", "id", "parameter_invalid_empty"),
    ("name=x&active=maybe", "active", ""),
    ("name=x&active=", "active", "parameter_invalid_empty"),
    ("name=x&type=thing", "type", ""),
    ("name=x&default_price=price_1", "default_price", "parameter_unknown"),
    ("name=x&images=https://a.example/", "images", ""),
    ("name=x&images[]=javascript:alert(1)", "images", "url_invalid"),
    ("name=x&url=shop", "url", "url_invalid"),
    ("name=x&url=https://", "url", "url_invalid"),
    ("name=x&url=ftp://a.example/", "url", "url_invalid"),
    ("name=x&unit_label=thirteen+long", "unit_label", ""),
    ("name=x&statement_descriptor=1234", "statement_descriptor", ""),
    ("name=x&tax_code=food", "tax_code", "resource_missing"),
    ("name=x&tax_details[tax_code]=food", "tax_details[tax_code]", "resource_missing"),
    ("name=x&tax_details[performance_location]=x", "tax_details[performance_location]", "parameter_unknown"),
    ("name=x&tax_code=txcd_1&tax_details[tax_code]=txcd_1", "tax_details", "parameters_exclusive"),
    ("name=x&marketing_features[]=fast", "marketing_features[0]", ""),
    ("name=x&marketing_features[0][nme]=fast", "marketing_features[0][name]", "parameter_missing"),
    (
        "name=x&marketing_features[0][name]=a&marketing_features[0][b]=c",
        "marketing_features[0][b]",
        "parameter_unknown",
    ),
    ("name=x&package_dimensions[height]=1", "package_dimensions[length]", "parameter_missing"),
    ("name=x&package_dimensions[height]=1.001", "package_dimensions[height]", ""),
    ("name=x&package_dimensions[height]=1e2", "package_dimensions[height]", ""),
    ("name=x&package_dimensions[height]=-1", "package_dimensions[height]", ""),
    ("name=x&package_dimensions[height]=100000", "package_dimensions[height]", ""),
    ("name=x&default_price_data[unit_amount]=1", "default_price_data[currency]", "parameter_missing"),
    ("name=x&default_price_data[currency]=xxx", "default_price_data[currency]", ""),
    ("name=x&default_price_data[currency]=usd", "default_price_data[unit_amount]", "parameter_missing"),
    (
        "name=x&default_price_data[currency]=usd&default_price_data[unit_amount]=1&default_price_data[nickname]=x",
        "default_price_data[nickname]",
        "parameter_unknown",
    ),
    (
        "name=x&default_price_data[custom_unit_amount][enabled]=true",
        "default_price_data[custom_unit_amount]",
        "",
    ),
];

/// Beside `currency=usd&`.
const PRICES: &[Case<'_>] = &[
    ("unit_amount=1", "product", "parameter_missing"),
    ("unit_amount=1&product=prod_1", "product", "resource_missing"),
    ("unit_amount=1&product=a/b", "product", "resource_missing"),
    ("unit_amount=1&product[a]=b", "product", ""),
    ("unit_amount=1&product=prod_1&product_data[name]=x", "product_data", "parameters_exclusive"),
    ("unit_amount=1&product_data[id]=x", "product_data[name]", "parameter_missing"),
    (
        "unit_amount=1&product_data[name]=x&product_data[url]=https://a.example/",
        "product_data[url]",
        "parameter_unknown",
    ),
    ("unit_amount=1&product_data[name]=x&nonsense=1", "nonsense", "parameter_unknown"),
    ("product_data[name]=x", "unit_amount", "parameter_missing"),
    ("product_data[name]=x&unit_amount=-1", "unit_amount", "parameter_invalid_integer"),
    ("product_data[name]=x&unit_amount=1.5", "unit_amount", "parameter_invalid_integer"),
    ("product_data[name]=x&unit_amount=100000000", "unit_amount", "parameter_invalid_integer"),
    ("product_data[name]=x&currency=kwd&unit_amount=1005", "unit_amount", "parameter_invalid_integer"),
    (
        "product_data[name]=x&unit_amount=1&unit_amount_decimal=1",
        "unit_amount_decimal",
        "parameters_exclusive",
    ),
    ("product_data[name]=x&unit_amount_decimal=1e3", "unit_amount_decimal", ""),
    ("product_data[name]=x&unit_amount_decimal=-0.5", "unit_amount_decimal", ""),
    ("product_data[name]=x&unit_amount_decimal=0.0000000000001", "unit_amount_decimal", ""),
    ("product_data[name]=x&unit_amount_decimal=99999999.1", "unit_amount_decimal", ""),
    ("product_data[name]=x&unit_amount=1&currency=", "currency", "parameter_invalid_empty"),
    ("product_data[name]=x&unit_amount=1&currency=btc", "currency", ""),
    ("product_data[name]=x&unit_amount=1&billing_scheme=tiered", "billing_scheme", ""),
    ("product_data[name]=x&tiers[0][up_to]=inf", "tiers", ""),
    ("product_data[name]=x&unit_amount=1&tiers_mode=volume", "tiers_mode", ""),
    ("product_data[name]=x&unit_amount=1&currency_options[eur][unit_amount]=1", "currency_options", ""),
    ("product_data[name]=x&custom_unit_amount[enabled]=true", "custom_unit_amount", ""),
    ("product_data[name]=x&unit_amount=1&transform_quantity[divide_by]=2", "transform_quantity", ""),
    (
        "product_data[name]=x&unit_amount=1&recurring[interval_count]=2",
        "recurring[interval]",
        "parameter_missing",
    ),
    ("product_data[name]=x&unit_amount=1&recurring[interval]=quarter", "recurring[interval]", ""),
    (
        "product_data[name]=x&unit_amount=1&recurring[interval]=day&recurring[interval_count]=1096",
        "recurring[interval_count]",
        "parameter_invalid_integer",
    ),
    (
        "product_data[name]=x&unit_amount=1&recurring[interval]=week&recurring[interval_count]=157",
        "recurring[interval_count]",
        "parameter_invalid_integer",
    ),
    (
        "product_data[name]=x&unit_amount=1&recurring[interval]=month&recurring[interval_count]=37",
        "recurring[interval_count]",
        "parameter_invalid_integer",
    ),
    (
        "product_data[name]=x&unit_amount=1&recurring[interval]=year&recurring[interval_count]=4",
        "recurring[interval_count]",
        "parameter_invalid_integer",
    ),
    (
        "product_data[name]=x&unit_amount=1&recurring[interval]=year&recurring[interval_count]=0",
        "recurring[interval_count]",
        "parameter_invalid_integer",
    ),
    (
        "product_data[name]=x&unit_amount=1&recurring[interval]=month&recurring[usage_type]=metered",
        "recurring[usage_type]",
        "",
    ),
    (
        "product_data[name]=x&unit_amount=1&recurring[interval]=month&recurring[meter]=mtr_1",
        "recurring[meter]",
        "",
    ),
    (
        "product_data[name]=x&unit_amount=1&recurring[interval]=month&recurring[trial_period_days]=7",
        "recurring[trial_period_days]",
        "",
    ),
    (
        "product_data[name]=x&unit_amount=1&recurring[interval]=month&recurring[anchor]=1",
        "recurring[anchor]",
        "parameter_unknown",
    ),
    ("product_data[name]=x&unit_amount=1&tax_behavior=none", "tax_behavior", ""),
    ("product_data[name]=x&unit_amount=1&transfer_lookup_key=yes", "transfer_lookup_key", ""),
    ("product_data[name]=x&unit_amount=1&expand[]=currency", "expand", ""),
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

#[tokio::test]
async fn what_is_wrong_with_a_product_or_a_price_is_named() {
    check("/v1/products", "", PRODUCTS).await;
    check("/v1/prices", "currency=usd&", PRICES).await;
    let label = format!("lookup_key={}", "k".repeat(201));
    let images: Vec<String> = (0..9).map(|i| format!("images[{i}]=https://a.example/{i}")).collect();
    let features: Vec<String> = (0..16).map(|i| format!("marketing_features[{i}][name]=f")).collect();
    check(
        "/v1/products",
        "name=x&",
        &[(&images.join("&"), "images", ""), (&features.join("&"), "marketing_features", "")],
    )
    .await;
    let cases = [("", "currency", "parameter_missing"), (label.as_str(), "lookup_key", "")];
    check("/v1/prices", "product_data[name]=x&unit_amount=1&", &cases[..1]).await;
    check("/v1/prices", "product_data[name]=x&unit_amount=1&currency=usd&", &cases[1..]).await;
}
