//! Redeeming coupons and codes: by whom, for what, and how often.

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::coupons::{coupon, delete};
use crate::discounts::subscribe;
use crate::support::{Reply, Server, send, servers};

#[tokio::test]
async fn what_cannot_be_redeemed_is_refused_and_leaves_nothing() {
    for server in servers().await {
        let price = server.price("2000", "month").await;
        // In this customer's time the coupon has long ended.
        let clock = server.clock(server.app.now_seconds() + 400 * 86_400).await;
        let customer = server.customer_at(&clock, "pm_card_visa").await;
        let last = (server.app.now_seconds() + 86_400).to_string();
        let ended = coupon(&server, &[("percent_off", "25"), ("redeem_by", &last)]).await;
        let euros =
            [("amount_off", "500"), ("currency", "eur"), ("currency_options[gbp][amount_off]", "400")];
        let euros = coupon(&server, &euros).await;
        let good = coupon(&server, &[("percent_off", "5")]).await;
        for (bad, code) in [(&ended, json!("coupon_expired")), (&euros, Value::Null)] {
            let more = [("discounts[0][coupon]", good.as_str()), ("discounts[1][coupon]", bad.as_str())];
            let refused = subscribe(&server, &customer, &[&price], &more).await;
            let told = (refused.status, refused.at("error/param"), refused.at("error/code"));
            assert_eq!(told, (400, json!("discounts[1][coupon]"), code), "{}", refused.body);
        }
        assert_eq!(server.get("/v1/subscriptions", &[]).await.ok().at("data"), json!([]));
        for id in [ended, euros, good] {
            let coupon = server.get(&format!("/v1/coupons/{id}"), &[]).await.ok();
            assert_eq!((coupon.at("times_redeemed"), coupon.at("valid")), (json!(0), json!(true)));
        }
        assert_eq!(server.rows("SELECT COUNT(*) AS n FROM discounts").await, 0);
    }
}

#[tokio::test]
async fn a_code_is_redeemed_by_whom_and_for_what_it_is_meant() {
    for server in servers().await {
        let price = server.price("2000", "month").await;
        let customers = server.customers(2, "pm_card_visa").await;
        let coupon = coupon(&server, &[("percent_off", "50"), ("duration", "forever")]).await;
        let code = |more: &[(&'static str, &str)]| {
            let mut pairs = vec![("coupon".to_owned(), coupon.clone())];
            pairs.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
            let server = &server;
            async move {
                let pairs: Vec<(&str, &str)> = pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
                server.post("/v1/promotion_codes", &pairs).await.ok().id()
            }
        };
        let usd = ("restrictions[minimum_amount_currency]", "usd");
        let theirs = code(&[("customer", &customers[1])]).await;
        let big = code(&[("restrictions[minimum_amount]", "2001"), usd]).await;
        let fits = code(&[("restrictions[minimum_amount]", "2000"), usd]).await;
        let euros =
            code(&[("restrictions[minimum_amount]", "1"), ("restrictions[minimum_amount_currency]", "eur")])
                .await;
        let new = code(&[("restrictions[first_time_transaction]", "true")]).await;
        let resting = code(&[("active", "false")]).await;
        let mut subscribed = Vec::new();
        for (code, want) in [
            (&theirs, 400),
            (&big, 400),
            (&euros, 400),
            (&resting, 400),
            (&new, 200),
            (&new, 400),
            (&fits, 200),
        ] {
            let more = [("discounts[0][promotion_code]", code.as_str()), ("expand[]", "discounts")];
            let reply = subscribe(&server, &customers[0], &[&price], &more).await;
            assert_eq!(reply.status, want, "{}", reply.body);
            if want == 200 {
                assert_eq!(reply.at("discounts/0/promotion_code"), json!(code));
                subscribed.push(reply.id());
            } else {
                assert_eq!(reply.at("error/param"), "discounts[0][promotion_code]");
            }
        }
        subscribe(&server, &customers[1], &[&price], &[("promotion_code", &theirs)]).await.ok();
        let put_on =
            server.post(&format!("/v1/customers/{}", customers[0]), &[("promotion_code", &fits)]).await;
        assert_eq!((put_on.status, put_on.at("error/param")), (400, json!("promotion_code")));
        for (id, want) in [(&theirs, 1), (&big, 0), (&new, 1), (&fits, 1)] {
            let code = server.get(&format!("/v1/promotion_codes/{id}"), &[]).await.ok();
            assert_eq!(code.at("times_redeemed"), want);
        }
        let coupon = server.get(&format!("/v1/coupons/{coupon}"), &[]).await.ok();
        assert_eq!(coupon.at("times_redeemed"), 3);
    }
}

/// The same change of each of these customers, all at the same time.
async fn all_at_once(server: &Server, customers: &[String], change: (&str, &str)) -> Vec<Reply> {
    let mut asked = JoinSet::new();
    for customer in customers {
        let path = format!("/v1/customers/{customer}");
        asked.spawn(send(server.with(&server.merchant.secret, "POST", &path, &[change])));
    }
    asked.join_all().await
}

#[tokio::test]
async fn of_two_who_want_the_last_one_exactly_one_gets_it() {
    for server in servers().await {
        let customers = server.customers(6, "pm_card_visa").await;
        let terms = [("percent_off", "50"), ("duration", "forever"), ("max_redemptions", "3")];
        let last = coupon(&server, &terms).await;
        let pairs = [("coupon", last.as_str()), ("max_redemptions", "2")];
        let code = server.post("/v1/promotion_codes", &pairs).await.ok().id();
        let replies = all_at_once(&server, &customers, ("promotion_code", &code)).await;
        let good = replies.iter().filter(|reply| reply.status == 200).count();
        assert_eq!(good, 2, "{replies:?}");
        for refused in replies.iter().filter(|reply| reply.status != 200) {
            assert_eq!((refused.status, refused.at("error/code")), (400, json!("coupon_expired")));
        }
        let replies = all_at_once(&server, &customers, ("coupon", &last)).await;
        assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1, "{replies:?}");
        let spent = server.get(&format!("/v1/coupons/{last}"), &[]).await.ok();
        assert_eq!((spent.at("times_redeemed"), spent.at("valid")), (json!(3), json!(false)));
        let code = server.get(&format!("/v1/promotion_codes/{code}"), &[]).await.ok();
        assert_eq!((code.at("times_redeemed"), code.at("active")), (json!(2), json!(false)));
        let exhausted = server.get("/v1/promotion_codes", &[("active", "false")]).await.ok();
        assert_eq!(exhausted.at("data/0/id"), code.at("id"));
    }
}

#[tokio::test]
async fn codes_go_with_their_coupon_and_dead_ones_make_room() {
    for server in servers().await {
        let price = server.price("2000", "month").await;
        let customer = server.customers(1, "pm_card_visa").await.remove(0);
        let summer = [("id", "SUMMER"), ("percent_off", "10")];
        coupon(&server, &summer).await;
        let code = [("coupon", "SUMMER"), ("code", "HOT")];
        let old = server.post("/v1/promotion_codes", &code).await.ok();
        assert_eq!(old.at("active"), true);
        let again = server.post("/v1/promotion_codes", &code).await;
        assert_eq!((again.status, again.at("error/param")), (400, json!("code")), "it is good still");
        delete(&server, "/v1/coupons/SUMMER").await.ok();
        coupon(&server, &[("id", "SUMMER"), ("percent_off", "100")]).await;
        let path = format!("/v1/promotion_codes/{}", old.id());
        assert_eq!(server.get(&path, &[]).await.ok().at("active"), false, "another coupon is not its own");
        let ask = [("discounts[0][promotion_code]", old.id())];
        let ask: Vec<_> = ask.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let refused = subscribe(&server, &customer, &[&price], &ask).await;
        assert_eq!(
            (refused.status, refused.at("error/code")),
            (400, json!("coupon_expired")),
            "{}",
            refused.body
        );
        let new = server.post("/v1/promotion_codes", &code).await.ok();
        let found = server.get("/v1/promotion_codes", &[("code", "hot"), ("active", "true")]).await.ok();
        assert_eq!((found.id_of_first(), found.body["data"].as_array().unwrap().len()), (new.id(), 1));
        let ask = [("discounts[0][promotion_code]", new.id())];
        let ask: Vec<_> = ask.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(subscribe(&server, &customer, &[&price], &ask).await.ok().at("status"), "active");
    }
}
