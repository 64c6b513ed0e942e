//! Resolving, redeeming, changing, destroying, and the end of what nobody redeemed.

use onfile_vault::housekeeping;
use serde_json::{Value, json};

use crate::world::{ACCOUNT, AMEX, LIVE, OTHER, SHOP, VISA, key_of, worlds};

#[tokio::test]
async fn a_descriptor_says_what_may_be_known_and_reading_uses_nothing_up() {
    for world in worlds().await {
        let token = world.token(AMEX).await;
        let want = json!({
            "type": "card", "brand": "amex", "first6": "378282", "last4": "0005", "exp_month": 12, "exp_year": 2031,
            "funding": "credit", "country": "US", "cvc_held": true,
        });
        for _ in 0..3 {
            let descriptor = world.resolve(&token).await.json();
            let mut details = descriptor["details"].clone();
            let fingerprint = details.as_object_mut().unwrap().shift_remove("fingerprint").unwrap();
            assert_eq!((fingerprint.as_str().unwrap().len(), details), (16, want.clone()));
            assert_eq!(descriptor["billing"]["name"], "Ann Example");
            assert_eq!(descriptor["created"], 1_795_341_600);
        }
    }
}

#[tokio::test]
async fn a_fingerprint_is_the_same_for_the_same_number_in_one_account_only() {
    for world in worlds().await {
        let print = |descriptor: Value| descriptor["details"]["fingerprint"].clone();
        let first = print(world.resolve(&world.token(VISA).await).await.json());
        assert_eq!(print(world.resolve(&world.token(VISA).await).await.json()), first);
        assert_eq!(print(world.resolve("pm_card_visa").await.json()), first);
        assert_ne!(print(world.resolve(&world.token(AMEX).await).await.json()), first);
        let elsewhere =
            world.ask("resolve", json!({"account": OTHER, "source": "pm_card_visa"})).await.json();
        assert_ne!(print(elsewhere), first);
    }
}

#[tokio::test]
async fn a_source_is_redeemed_once_and_for_the_same_method_any_number_of_times() {
    for world in worlds().await {
        let (token, method, other) = (world.token(VISA).await, world.method_id(), world.method_id());
        let first = world.redeem(&token, &method).await;
        assert_eq!(world.redeem(&token, &method).await.text, first.text);
        let refused = world.redeem(&token, &other).await;
        assert_eq!((refused.status, refused.code().as_str()), (409, "source_used"));
        let second = world.token(VISA).await;
        assert_eq!(world.redeem(&second, &method).await.code(), "source_used", "the method's id is taken");
        world.pass_minutes(60);
        assert_eq!(world.redeem(&token, &method).await.status, 200, "what is kept does not die");
        assert_eq!(world.resolve(&method).await.status, 200);
        let form = "type=card&card[number]=4242424242424242&card[exp_month]=12&card[exp_year]=2031";
        let pm =
            world.post("/v1/payment_methods", ACCOUNT, form).await.json()["id"].as_str().unwrap().to_owned();
        assert_eq!(world.redeem(&pm, &other).await.code(), "bad_request");
        assert_eq!(world.redeem(&pm, &pm).await.status, 200);
        assert_eq!(world.redeem(&pm, &pm).await.status, 200);
    }
}

#[tokio::test]
async fn a_source_that_nobody_redeemed_dies_after_fifteen_minutes() {
    for world in worlds().await {
        let (token, kept) = (world.token(VISA).await, world.kept(VISA).await);
        world.clock.advance(jiff::SignedDuration::from_millis(15 * 60 * 1000 - 1));
        assert_eq!(world.resolve(&token).await.status, 200);
        world.clock.advance(jiff::SignedDuration::from_millis(1));
        for answer in [world.resolve(&token).await, world.redeem(&token, &world.method_id()).await] {
            assert_eq!((answer.status, answer.code().as_str()), (404, "source_expired"));
        }
        world.pass_minutes(1);
        assert_eq!(world.redeem(&token, &world.method_id()).await.code(), "source_expired");
        assert_eq!(housekeeping::round(&world.vault).await.unwrap(), 1);
        assert_eq!(world.resolve(&token).await.code(), "no_such_method");
        assert_eq!(world.resolve(&kept).await.status, 200);
    }
}

#[tokio::test]
async fn housekeeping_works_through_more_than_one_batch() {
    for world in worlds().await {
        let mut tx = world.db.begin().await.unwrap();
        for i in 0..1201_i64 {
            let id = format!("tok_{i}");
            let sql = "INSERT INTO instruments (account_id, source_id, record, kek_version, fingerprint, expires_at, \
                created_at) VALUES ('acct_1', $1, $2, 1, 'x', $3, 0)";
            tx.execute(sql, onfile_service::binds![&id, b"x".as_slice(), i]).await.unwrap();
        }
        tx.commit().await.unwrap();
        assert_eq!(housekeeping::round(&world.vault).await.unwrap(), 1201);
        assert_eq!(housekeeping::round(&world.vault).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn a_named_test_card_can_be_kept_any_number_of_times_in_test_mode() {
    for world in worlds().await {
        for source in ["pm_card_visa", "tok_visa", "pm_usBankAccount_success"] {
            let (one, two) = (world.method_id(), world.method_id());
            let first = world.redeem(source, &one).await;
            assert_eq!(first.status, 200, "{source}");
            assert_eq!(world.redeem(source, &one).await.text, first.text, "idempotent");
            assert_eq!(world.redeem(source, &two).await.status, 200);
            assert_eq!(world.redeem("pm_card_mastercard", &one).await.code(), "source_used");
            for path in ["resolve", "redeem"] {
                let mut ask = json!({"account": LIVE, "source": source});
                if path == "redeem" {
                    ask["method"] = json!(world.method_id());
                }
                assert_eq!(
                    world.ask(path, ask).await.code(),
                    "no_such_method",
                    "{path} {source} in live mode"
                );
            }
        }
        let visa = world.resolve("pm_card_visa").await.json()["details"].clone();
        assert_eq!((visa["exp_year"].as_i64(), visa["cvc_held"].as_bool()), (Some(2030), Some(false)));
    }
}

#[tokio::test]
async fn a_new_expiry_is_sealed_and_goes_out_with_the_next_charge() {
    for world in worlds().await {
        let method = world.kept(VISA).await;
        let change = |month: i64, year: i64| {
            world.ask(
                "methods/expiry",
                json!({"account": ACCOUNT, "method": method, "exp_month": month, "exp_year": year}),
            )
        };
        let changed = change(3, 2033).await.json();
        assert_eq!(
            (changed["details"]["exp_month"].as_i64(), changed["details"]["exp_year"].as_i64()),
            (Some(3), Some(2033))
        );
        assert_eq!(world.resolve(&method).await.json(), changed);
        world.forward(&world.payment(&method, false)).await;
        let card = &world.processor.seen()[0].body["card"];
        assert_eq!(
            (card["exp_month"].as_i64(), card["exp_year"].as_i64(), card["number"].as_str()),
            (Some(3), Some(2033), Some(VISA))
        );
        for (month, year) in [(0, 2033), (13, 2033), (1, 1999)] {
            assert_eq!(change(month, year).await.code(), "bad_request", "{month}/{year}");
        }
        let token = world.token(VISA).await;
        let unkept = world
            .ask(
                "methods/expiry",
                json!({"account": ACCOUNT, "method": token, "exp_month": 1, "exp_year": 2033}),
            )
            .await;
        assert_eq!(unkept.code(), "no_such_method");
        let bank = world.method_id();
        world.redeem("pm_usBankAccount_success", &bank).await;
        let bank = world
            .ask(
                "methods/expiry",
                json!({"account": ACCOUNT, "method": bank, "exp_month": 1, "exp_year": 2033}),
            )
            .await;
        assert_eq!(bank.code(), "bad_request");
    }
}

#[tokio::test]
async fn a_destroyed_method_is_gone_with_its_source_and_its_code() {
    for world in worlds().await {
        let (token, method) = (world.token(VISA).await, world.method_id());
        world.redeem(&token, &method).await;
        for _ in 0..2 {
            let destroyed = world.ask("methods/destroy", json!({"account": ACCOUNT, "method": method})).await;
            assert_eq!(destroyed.status, 204);
        }
        for answer in [
            world.resolve(&method).await,
            world.resolve(&token).await,
            world.redeem(&token, &method).await,
            world.forward(&world.payment(&method, true)).await,
        ] {
            assert_eq!((answer.status, answer.code().as_str()), (404, "no_such_method"));
        }
        assert!(!world.vault.cvcs.holds(&token, world.vault.now_ms()));
        assert_eq!(world.processor.count(), 0);
    }
}

#[tokio::test]
async fn the_server_must_show_its_credential_and_say_what_the_contract_says() {
    for world in worlds().await {
        for header in
            ["", "Bearer x", "Bearer service-credential-for-test", "bearer service-credential-for-tests"]
        {
            for path in ["resolve", "forward", "nowhere"] {
                let request = world.http.post(format!("{}/internal/v1/{path}", world.internal));
                let answer = request.header("authorization", header).body("{}").send().await.unwrap();
                assert_eq!(answer.status(), 401, "{header:?}");
            }
        }
        for (path, body) in [
            ("resolve", json!({})),
            ("resolve", json!({"account": ACCOUNT, "source": "tok_1", "more": 1})),
            ("nowhere", json!({})),
            ("forward", json!({"account": ACCOUNT})),
        ] {
            assert_eq!(world.ask(path, body.clone()).await.code(), "bad_request", "{path} {body}");
        }
        let unknown = world.ask("resolve", json!({"account": "acct_x", "source": "tok_1"})).await;
        assert_eq!((unknown.status, unknown.code().as_str()), (404, "no_such_account"));
        let bearer = format!("Bearer {}", crate::world::CREDENTIAL);
        let health =
            world.http.get(format!("{}/internal/v1/health", world.internal)).header("authorization", bearer);
        assert_eq!(health.send().await.unwrap().status(), 204);
    }
}

#[tokio::test]
async fn an_account_that_would_open_a_hole_is_refused() {
    for world in worlds().await {
        let good = json!({"account": ACCOUNT, "name": "Shop", "livemode": false, "publishable_keys": [key_of(ACCOUNT, false)], "origins": [SHOP]});
        for (member, value) in [
            ("origins", json!(["*"])),
            ("origins", json!(["https://*.example"])),
            ("origins", json!(["http://shop.example"])),
            ("origins", json!(["https://shop.example/path"])),
            ("origins", json!(["https://a.example; script-src *"])),
            ("publishable_keys", json!([key_of(OTHER, false)])),
            ("publishable_keys", json!([key_of(ACCOUNT, true)])),
            ("publishable_keys", json!(["pk_test_1"])),
            ("livemode", json!(true)),
            ("name", json!(" ")),
            ("account", json!("cus_1")),
        ] {
            let mut put = good.clone();
            put[member] = value.clone();
            assert_eq!(world.ask("accounts", put).await.code(), "bad_request", "{member} = {value}");
        }
        assert_eq!(world.ask("accounts", good).await.status, 204);
    }
}
