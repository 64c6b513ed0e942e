//! Products: made, read, changed, listed, deleted.

use serde_json::{Value, json};

use crate::support::{Reply, Server, merchant, send, servers};

async fn delete(server: &Server, id: &str) -> Reply {
    send(server.with(&server.merchant.secret, "DELETE", &format!("/v1/products/{id}"), &[])).await
}

fn ids_of(reply: &Reply) -> Vec<String> {
    let data = reply.at("data");
    data.as_array().unwrap().iter().map(|object| object["id"].as_str().unwrap().to_owned()).collect()
}

/// Everything that can be said of a product.
const WHOLE: [(&str, &str); 16] = [
    ("name", "Gold"),
    ("description", "All of it"),
    ("images[]", "https://shop.example/1.png"),
    ("images[]", "https://shop.example/2.png"),
    ("marketing_features[0][name]", "Shines"),
    ("marketing_features[1][name]", "Lasts"),
    ("metadata[a]", "1"),
    ("package_dimensions[height]", "12"),
    ("package_dimensions[length]", "12.5"),
    ("package_dimensions[weight]", "0.05"),
    ("package_dimensions[width]", "99999.99"),
    ("shippable", "true"),
    ("statement_descriptor", "GOLD"),
    ("tax_details[tax_code]", "txcd_10000000"),
    ("unit_label", "bar"),
    ("url", "https://shop.example/gold"),
];

#[tokio::test]
async fn a_product_is_kept_and_read_back_whole() {
    for server in servers().await {
        let made = server.post("/v1/products", &WHOLE).await.ok();
        for (field, want) in [
            ("active", json!(true)),
            ("default_price", Value::Null),
            ("description", json!("All of it")),
            ("images", json!(["https://shop.example/1.png", "https://shop.example/2.png"])),
            ("marketing_features", json!([{"name": "Shines"}, {"name": "Lasts"}])),
            ("metadata", json!({"a": "1"})),
            ("package_dimensions", json!({"height": 12, "length": 12.5, "weight": 0.05, "width": 99999.99})),
            ("shippable", json!(true)),
            ("statement_descriptor", json!("GOLD")),
            ("tax_code", json!("txcd_10000000")),
            ("tax_details", json!({"performance_location": null, "tax_code": "txcd_10000000"})),
            ("type", json!("service")),
            ("unit_label", json!("bar")),
            ("updated", made.at("created")),
            ("url", json!("https://shop.example/gold")),
        ] {
            assert_eq!(made.at(field), want, "{field}");
        }
        assert_eq!(server.get(&format!("/v1/products/{}", made.id()), &[]).await.ok().body, made.body);
    }
}

#[tokio::test]
async fn a_product_is_changed_where_the_request_says_so() {
    for server in servers().await {
        let path = format!("/v1/products/{}", server.post("/v1/products", &WHOLE).await.ok().id());
        let untouched = server.post(&path, &[]).await.ok();
        for field in ["name", "active", "images", "metadata", "shippable", "url", "package_dimensions"] {
            assert_eq!(untouched.at(field), server.get(&path, &[]).await.ok().at(field), "{field}");
        }
        assert_eq!(untouched.at("name"), "Gold");
        for (name, value, field, want) in [
            ("name", "Silver", "name", json!("Silver")),
            ("active", "false", "active", json!(false)),
            ("shippable", "false", "shippable", json!(false)),
            ("description", "", "description", Value::Null),
            ("images", "", "images", json!([])),
            ("marketing_features", "", "marketing_features", json!([])),
            ("metadata[a]", "", "metadata", json!({})),
            ("package_dimensions", "", "package_dimensions", Value::Null),
            ("statement_descriptor", "", "statement_descriptor", Value::Null),
            ("tax_details", "", "tax_details", Value::Null),
            ("tax_code", "", "tax_code", Value::Null),
            ("unit_label", "", "unit_label", Value::Null),
            ("url", "", "url", Value::Null),
        ] {
            let changed = server.post(&path, &[(name, value)]).await.ok();
            assert_eq!(changed.at(field), want, "{name}");
            assert_eq!(server.get(&path, &[]).await.ok().body, changed.body, "{name}");
        }
        for bad in ["name", "active", "shippable", "type", "id"] {
            assert_eq!(server.post(&path, &[(bad, "")]).await.status, 400, "{bad}");
        }
    }
}

#[tokio::test]
async fn a_product_comes_with_its_default_price_and_tells_of_both() {
    for server in servers().await {
        let made = server
            .post(
                "/v1/products",
                &[
                    ("name", "Gold"),
                    ("default_price_data[currency]", "usd"),
                    ("default_price_data[unit_amount]", "2900"),
                    ("default_price_data[recurring][interval]", "month"),
                    ("default_price_data[metadata][a]", "b"),
                    ("expand[]", "default_price"),
                ],
            )
            .await
            .ok();
        assert_eq!(made.at("default_price/product"), made.at("id"));
        assert_eq!(
            (made.at("default_price/unit_amount"), made.at("default_price/metadata")),
            (json!(2900), json!({"a": "b"}))
        );
        let events = server.get("/v1/events", &[]).await.ok();
        let kinds: Vec<Value> =
            events.at("data").as_array().unwrap().iter().map(|event| event["type"].clone()).collect();
        assert_eq!(kinds, ["price.created", "product.created"]);
        assert_eq!(events.at("data/0/data/object"), made.at("default_price"));
        assert_eq!(events.at("data/1/data/object/default_price"), made.at("default_price/id"));
    }
}

#[tokio::test]
async fn a_default_price_is_an_active_one_of_the_products_own() {
    for server in servers().await {
        let own = server.post("/v1/products", &[("name", "Gold")]).await.ok();
        let path = format!("/v1/products/{}", own.id());
        let price = |product: String, active: &'static str| {
            let server = &server;
            async move {
                let pairs = [
                    ("product", product.as_str()),
                    ("currency", "usd"),
                    ("unit_amount", "1"),
                    ("active", active),
                ];
                server.post("/v1/prices", &pairs).await.ok().id()
            }
        };
        let (good, archived) = (price(own.id(), "true").await, price(own.id(), "false").await);
        let other = server.post("/v1/products", &[("name", "Silver")]).await.ok().id();
        let foreign = price(other, "true").await;
        for (bad, code) in [
            (archived.as_str(), Value::Null),
            (foreign.as_str(), Value::Null),
            ("price_1", json!("resource_missing")),
            ("gold", json!("resource_missing")),
        ] {
            let refused = server.post(&path, &[("default_price", bad)]).await;
            assert_eq!(
                (refused.status, refused.at("error/param"), refused.at("error/code")),
                (400, json!("default_price"), code),
                "{bad}"
            );
        }
        assert_eq!(
            server.post(&path, &[("default_price", &good)]).await.ok().at("default_price"),
            json!(good)
        );
        let refused = server.post(&format!("/v1/prices/{good}"), &[("active", "false")]).await;
        assert_eq!((refused.status, refused.at("error/param")), (400, json!("active")), "{}", refused.body);
        assert_eq!(server.post(&path, &[("default_price", "")]).await.ok().at("default_price"), Value::Null);
        server.post(&format!("/v1/prices/{good}"), &[("active", "false")]).await.ok();
    }
}

#[tokio::test]
async fn a_merchant_chooses_an_id_that_nobody_else_of_the_account_has() {
    for server in servers().await {
        let other = merchant(&server.app, "Other", false).await;
        for id in ["gold-1.2", "cus_1", "prod_mine"] {
            let pairs = [("name", "Gold"), ("id", id)];
            assert_eq!(server.post("/v1/products", &pairs).await.ok().id(), id);
            let refused = server.post("/v1/products", &pairs).await;
            let told = (refused.status, refused.at("error/code"), refused.at("error/param"));
            assert_eq!(told, (400, json!("resource_already_exists"), json!("id")), "{id}");
            let data = [
                ("product_data[name]", "Gold"),
                ("product_data[id]", id),
                ("currency", "usd"),
                ("unit_amount", "1"),
            ];
            let refused = server.post("/v1/prices", &data).await;
            assert_eq!((refused.status, refused.at("error/param")), (400, json!("product_data[id]")), "{id}");
            send(server.with(&other.secret, "POST", "/v1/products", &pairs)).await.ok();
            let price = [("product", id), ("currency", "usd"), ("unit_amount", "1"), ("expand[]", "product")];
            let price = server.post("/v1/prices", &price).await.ok();
            assert_eq!((price.at("product/object"), price.at("product/id")), (json!("product"), json!(id)));
        }
        assert_eq!(server.get("/v1/prices", &[]).await.ok().at("data").as_array().unwrap().len(), 3);
    }
}

#[tokio::test]
async fn the_same_request_twice_at_once_makes_one_product() {
    for server in servers().await {
        let pairs = [("name", "Gold"), ("id", "gold")];
        let one = || server.post_once("key-1", "/v1/products", &pairs);
        let replies = tokio::join!(one(), one(), one(), one());
        for reply in [replies.0, replies.1, replies.2, replies.3] {
            assert!(matches!(reply.status, 200 | 409), "{}", reply.body);
        }
        let again = one().await.ok();
        assert_eq!((again.id().as_str(), again.header("idempotent-replayed")), ("gold", Some("true")));
        let events = server.get("/v1/events", &[("type", "product.created")]).await.ok();
        assert_eq!(events.at("data").as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn only_a_product_without_prices_is_deleted_and_its_id_is_free_again() {
    for server in servers().await {
        let pairs = [("name", "Gold"), ("id", "gold")];
        server.post("/v1/products", &pairs).await.ok();
        let gone = delete(&server, "gold").await.ok();
        assert_eq!(gone.body, json!({"id": "gold", "object": "product", "deleted": true}));
        for reply in [
            server.get("/v1/products/gold", &[]).await,
            server.post("/v1/products/gold", &[("name", "x")]).await,
            delete(&server, "gold").await,
        ] {
            assert_eq!((reply.status, reply.at("error/code")), (404, json!("resource_missing")));
        }
        let event = server.get("/v1/events", &[("limit", "1")]).await.ok();
        assert_eq!(
            (event.at("data/0/type"), event.at("data/0/data/object/name")),
            (json!("product.deleted"), json!("Gold"))
        );
        server.post("/v1/products", &pairs).await.ok();
        let price = [("product", "gold"), ("currency", "usd"), ("unit_amount", "1"), ("active", "false")];
        server.post("/v1/prices", &price).await.ok();
        let refused = delete(&server, "gold").await;
        assert_eq!((refused.status, refused.at("error/type")), (400, json!("invalid_request_error")));
        server.get("/v1/products/gold", &[]).await.ok();
    }
}

#[tokio::test]
async fn products_are_listed_newest_first_whatever_their_ids() {
    for server in servers().await {
        let mut all = Vec::new();
        for id in [Some("b"), None, Some("a"), Some("zzz"), None] {
            let mut pairs = vec![("name", "Gold")];
            pairs.extend(id.map(|id| ("id", id)));
            all.push(server.post("/v1/products", &pairs).await.ok().id());
        }
        all.reverse();
        assert_eq!(ids_of(&server.get("/v1/products", &[]).await.ok()), all);
        for (pairs, want, more) in [
            (vec![("limit", "2")], &all[..2], true),
            (vec![("limit", "2"), ("starting_after", "zzz")], &all[2..4], true),
            (vec![("limit", "2"), ("starting_after", "a")], &all[3..], false),
            (vec![("limit", "2"), ("ending_before", "b")], &all[2..4], true),
            (vec![("ending_before", "zzz")], &all[..1], false),
        ] {
            let page = server.get("/v1/products", &pairs).await.ok();
            assert_eq!((ids_of(&page).as_slice(), page.at("has_more")), (want, json!(more)), "{pairs:?}");
        }
        let first = server.get("/v1/products/zzz", &[]).await.ok().at("created").as_i64().unwrap();
        let ranges =
            [("created[gte]", first - 60, 5), ("created[lt]", first - 60, 0), ("created[gt]", first + 60, 0)];
        for (name, at, want) in ranges {
            let page = server.get("/v1/products", &[(name, &at.to_string())]).await.ok();
            assert_eq!(ids_of(&page).len(), want, "{name}");
        }
    }
}

#[tokio::test]
async fn products_are_filtered() {
    for server in servers().await {
        let url = "https://shop.example/gold";
        server
            .post("/v1/products", &[("name", "x"), ("id", "gold"), ("url", url), ("shippable", "true")])
            .await
            .ok();
        server.post("/v1/products", &[("name", "x"), ("id", "silver"), ("active", "false")]).await.ok();
        server.post("/v1/products", &[("name", "x"), ("id", "tin")]).await.ok();
        for (pairs, want) in [
            (vec![("active", "true")], vec!["tin", "gold"]),
            (vec![("active", "false")], vec!["silver"]),
            (vec![("shippable", "true")], vec!["gold"]),
            (vec![("shippable", "false")], vec!["tin", "silver"]),
            (vec![("url", url)], vec!["gold"]),
            (vec![("url", url), ("active", "false")], vec![]),
            (
                vec![("ids[]", "gold"), ("ids[]", "none"), ("ids[]", "tin"), ("ids[]", "gold")],
                vec!["tin", "gold"],
            ),
            (vec![("ids[]", "gold"), ("ids[]", "silver"), ("active", "true")], vec!["gold"]),
            (vec![("ids[]", "gold"), ("ids[]", "tin"), ("limit", "1")], vec!["tin"]),
            (vec![("ids[]", "gold"), ("created[lt]", "1577836800")], vec![]),
        ] {
            let page = server.get("/v1/products", &pairs).await.ok();
            assert_eq!(ids_of(&page), want, "{pairs:?}");
        }
        for (pairs, param) in [
            (vec![("active", "yes")], json!("active")),
            (vec![("name", "x")], json!("name")),
            (vec![("starting_after", "none")], json!("starting_after")),
            (vec![("ids[]", "gold"), ("starting_after", "gold")], json!("ids")),
        ] {
            let refused = server.get("/v1/products", &pairs).await;
            assert_eq!((refused.status, refused.at("error/param")), (400, param), "{pairs:?}");
        }
    }
}
