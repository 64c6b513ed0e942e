//! Calls across origins: from registered ones, to the letter.

use reqwest::Method;

use crate::world::{ACCOUNT, Answer, OTHER, SHOP, World, key_of, read, worlds};

const GOOD: &str = "card[number]=4242424242424242&card[exp_month]=12&card[exp_year]=2031";
const ELSEWHERE: [&str; 8] = [
    "https://evil.example",
    "http://shop.example",
    "https://shop.example:444",
    "https://shop.example.evil.example",
    "https://SHOP.example",
    "https://shop.example/",
    "null",
    "https://sub.shop.example",
];

async fn call(world: &World, method: Method, account: &str, origin: Option<&str>) -> Answer {
    let key = key_of(account, false);
    let mut request = world.http.request(method.clone(), format!("{}/v1/tokens", world.public));
    if method == Method::POST {
        request = request.header("authorization", format!("Bearer {key}")).body(GOOD);
    } else {
        request = request.header("access-control-request-method", "POST");
    }
    if let Some(origin) = origin {
        request = request.header("origin", origin);
    }
    read(request.send().await.unwrap()).await
}

#[tokio::test]
async fn a_registered_origin_may_call_and_read_the_answer() {
    for world in worlds().await {
        for origin in [SHOP, "http://localhost:3000"] {
            let preflight = call(&world, Method::OPTIONS, ACCOUNT, Some(origin)).await;
            assert_eq!((preflight.status, preflight.text.as_str()), (204, ""));
            assert_eq!(preflight.headers["access-control-allow-origin"], origin);
            assert_eq!(preflight.headers["access-control-allow-methods"], "POST");
            assert!(
                preflight.headers["access-control-allow-headers"].to_str().unwrap().contains("authorization")
            );
            assert!(!preflight.headers.contains_key("access-control-allow-credentials"));
            let answer = call(&world, Method::POST, ACCOUNT, Some(origin)).await;
            assert_eq!(
                (answer.status, &answer.headers["access-control-allow-origin"]),
                (200, &origin.parse().unwrap())
            );
            assert_eq!(answer.headers["vary"], "origin");
            assert_eq!(answer.headers["access-control-expose-headers"], "request-id");
        }
        // An app sends no origin.
        let app = call(&world, Method::POST, ACCOUNT, None).await;
        assert_eq!(app.status, 200);
        assert!(!app.headers.contains_key("access-control-allow-origin"));
        // A page may read what was wrong.
        let key = key_of(ACCOUNT, false);
        let wrong = world.http.post(format!("{}/v1/tokens", world.public)).header("origin", SHOP);
        let wrong = wrong
            .header("authorization", format!("Bearer {key}"))
            .body("card[number]=1")
            .send()
            .await
            .unwrap();
        assert_eq!(
            (wrong.status().as_u16(), &wrong.headers()["access-control-allow-origin"]),
            (402, &SHOP.parse().unwrap())
        );
    }
}

#[tokio::test]
async fn no_other_origin_may_and_nothing_is_stored_for_it() {
    for world in worlds().await {
        for origin in ELSEWHERE {
            for method in [Method::OPTIONS, Method::POST] {
                let answer = call(&world, method.clone(), ACCOUNT, Some(origin)).await;
                assert!(!answer.headers.contains_key("access-control-allow-origin"), "{method} {origin}");
                assert_eq!(answer.status, if method == Method::POST { 403 } else { 204 }, "{origin}");
            }
        }
        // Registered for another account is not registered for this one.
        assert_eq!(call(&world, Method::POST, OTHER, Some(SHOP)).await.status, 403);
        let mut tx = world.db.read().await.unwrap();
        assert_eq!(
            tx.query_one("SELECT count(*) AS n FROM instruments", &[]).await.unwrap().int("n").unwrap(),
            0
        );
    }
}
