//! The card frame, with and without script.

use crate::world::{ACCOUNT, Answer, LIVE, OTHER, VISA, World, key_of, read, worlds};

const RETURN: &str = "https%3A%2F%2Fshop.example%2Fback%3Fa%3D1";
const CARD: &str = "number=4242+4242+4242+4242&expiry=12%2F31&cvc=737&name=Ann+Example";

fn opened(account: &str, more: &str) -> String {
    format!("key={}&return_url={RETURN}{more}", key_of(account, account == LIVE))
}

async fn submit(world: &World, form: &str, by_script: bool) -> Answer {
    let mut request = world.http.post(format!("{}/frame", world.public)).body(form.to_owned());
    if by_script {
        request = request.header("accept", "application/json");
    }
    read(request.send().await.unwrap()).await
}

#[tokio::test]
async fn the_frame_is_one_document_that_only_the_shop_may_embed() {
    for world in worlds().await {
        let page =
            world.get(&format!("/frame?{}&state=xyz&consent=I+agree+%3Cb%3E", opened(ACCOUNT, ""))).await;
        assert_eq!(page.status, 200, "{page:?}");
        for part in [
            "Ünal’s &lt;Shop&gt;",
            "autocomplete=\"cc-number\"",
            "autocomplete=\"cc-exp\"",
            "autocomplete=\"cc-csc\"",
            "autocomplete=\"cc-name\"",
            "I agree &lt;b&gt;",
            "name=\"state\" value=\"xyz\"",
            "target=\"_top\"",
            "for=\"number\"",
            "aria-describedby=\"expiry-hint expiry-error\"",
            "role=\"alert\"",
            "4242…4242",
            "approves",
            "3-D Secure",
        ] {
            assert!(page.text.contains(part), "{part}");
        }
        assert!(!page.text.contains("checked"), "the box is not ticked");
        assert!(
            !page.text.contains("style=")
                && !page.text.contains("<script>")
                && !page.text.contains("onclick")
        );
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        for part in [
            "default-src 'none'",
            "frame-ancestors http://localhost:3000 https://shop.example",
            "form-action 'self' http://localhost:3000 https://shop.example",
            "connect-src 'self'",
            "script-src 'self'",
            "base-uri 'none'",
        ] {
            assert!(policy.split("; ").any(|p| p == part), "{part} in {policy}");
        }
        assert!(!policy.contains("unsafe"));
        for (name, value) in [
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
        ] {
            assert_eq!(page.headers[name], value);
        }
        assert!(
            page.headers.contains_key("permissions-policy") && !page.headers.contains_key("x-frame-options")
        );
        let live = world.get(&format!("/frame?{}", opened(LIVE, ""))).await;
        assert!(!live.text.contains("Test mode") && !live.text.contains("agreed"), "{}", live.text);
    }
}

#[tokio::test]
async fn style_and_script_may_be_kept_for_ever_and_nothing_else_is_served() {
    for world in worlds().await {
        let page = world.get(&format!("/frame?{}", opened(ACCOUNT, ""))).await;
        let mut bytes = page.text.len();
        for (part, kind) in [("css", "text/css"), ("js", "text/javascript")] {
            let at = page.text.find("/assets/frame-").unwrap();
            let path =
                page.text[at..].split('"').find(|p| p.ends_with(part) && p.starts_with("/assets/")).unwrap();
            let asset = world.get(path).await;
            assert!(asset.headers["content-type"].to_str().unwrap().starts_with(kind), "{path}");
            assert_eq!(asset.headers["cache-control"], "public, max-age=31536000, immutable");
            bytes += asset.text.len();
        }
        assert!(bytes <= 20_000, "all of the frame, before compression: {bytes} bytes");
        for path in ["/assets/frame.css", "/assets/../Cargo.toml", "/assets/frame-0.js"] {
            assert_eq!(world.get(path).await.status, 404, "{path}");
        }
    }
}

#[tokio::test]
async fn without_script_the_form_leads_back_to_the_shop_with_a_token() {
    for world in worlds().await {
        for (agreed, tail) in [("&agreed=1", "&state=x+y&consent=1"), ("", "&state=x+y")] {
            let form = format!("{}&state=x+y&consent=I+agree&{CARD}{agreed}", opened(ACCOUNT, ""));
            let answer = submit(&world, &form, false).await;
            assert_eq!(answer.status, 303, "{answer:?}");
            let location = answer.headers["location"].to_str().unwrap();
            let token = location
                .strip_prefix("https://shop.example/back?a=1&token=")
                .unwrap()
                .strip_suffix(tail)
                .unwrap();
            let descriptor = world.resolve(token).await.json();
            assert_eq!(
                (descriptor["details"]["last4"].as_str(), descriptor["billing"]["name"].as_str()),
                (Some("4242"), Some("Ann Example"))
            );
            assert_eq!(descriptor["details"]["cvc_held"], true);
        }
    }
}

#[tokio::test]
async fn a_mistake_is_shown_at_its_field_and_everything_but_number_and_code_stays() {
    for world in worlds().await {
        let form = format!(
            "{}&consent=I+agree&agreed=1&number=4242424242424241&expiry=12%2F31&cvc=737&name=Ann+%22A%22",
            opened(ACCOUNT, "")
        );
        let page = submit(&world, &form, false).await;
        assert_eq!(page.status, 422);
        for part in [
            "<title>Error: Card details</title>",
            "href=\"#number\"",
            "Check the card number; a digit seems to be wrong",
            "aria-invalid=\"true\"",
            "value=\"12/31\"",
            "value=\"Ann &quot;A&quot;\"",
            "checked",
        ] {
            assert!(page.text.contains(part), "{part} in {}", page.text);
        }
        assert!(!page.text.contains("4242424242424241") && !page.text.contains("737"));
        let headers = ["content-security-policy", "referrer-policy"];
        assert!(
            headers.iter().all(|name| page.headers.contains_key(*name))
                && page.headers["cache-control"] == "no-store"
        );
        let all = submit(&world, &opened(ACCOUNT, ""), false).await;
        for field in ["number", "expiry", "cvc", "name"] {
            assert!(all.text.contains(&format!("href=\"#{field}\"")), "{field}");
        }
        let by_script = submit(&world, &form, true).await;
        assert_eq!(by_script.status, 422);
        assert_eq!(by_script.json()["errors"].as_object().unwrap().keys().collect::<Vec<_>>(), ["number"]);
        let saved = submit(&world, &format!("{}&{CARD}", opened(ACCOUNT, "")), true).await;
        assert_eq!(saved.status, 200);
        assert!(
            saved.json()["redirect"]
                .as_str()
                .unwrap()
                .starts_with("https://shop.example/back?a=1&token=tok_")
        );
    }
}

#[tokio::test]
async fn a_frame_that_leads_to_an_unregistered_address_is_not_shown() {
    for world in worlds().await {
        let key = key_of(ACCOUNT, false);
        for url in [
            "https%3A%2F%2Fevil.example%2F",
            "http%3A%2F%2Fshop.example%2F",
            "javascript%3Aalert(1)",
            "https%3A%2F%2Fa%40shop.example%2F",
            "https%3A%2F%2Fshop.example%3A444%2F",
            "%2Fback",
            "",
            "data%3Atext%2Fhtml%2Cx",
            "blob%3Ahttps%3A%2F%2Fshop.example%2Fx",
        ] {
            let form = format!("key={key}&return_url={url}");
            for page in [
                world.get(&format!("/frame?{form}")).await,
                submit(&world, &format!("{form}&{CARD}"), false).await,
            ] {
                assert_eq!(page.status, 400, "{url}");
                assert!(!page.text.contains("<form"), "{url}");
                assert_eq!(page.headers["x-frame-options"], "DENY");
            }
        }
        let long = "x".repeat(501);
        for form in [
            format!("return_url={RETURN}"),
            format!("key=pk_test_x&return_url={RETURN}"),
            format!("key=sk_test_x&return_url={RETURN}"),
            opened(OTHER, ""),
            opened(ACCOUNT, &format!("&consent={long}")),
            opened(ACCOUNT, &format!("&state={long}")),
        ] {
            assert_eq!(world.get(&format!("/frame?{form}")).await.status, 400, "{form}");
        }
    }
}

#[tokio::test]
async fn test_cards_are_filled_in_without_script_in_test_mode_only() {
    for world in worlds().await {
        let page = submit(&world, &format!("{}&fill=0", opened(ACCOUNT, "")), false).await;
        assert_eq!(page.status, 200);
        for part in [
            format!("value=\"{VISA}\""),
            "value=\"123\"".into(),
            "value=\"12/30\"".into(),
            "value=\"Test Customer\"".into(),
        ] {
            assert!(page.text.contains(&part), "{part}");
        }
        let live = submit(&world, &format!("{}&fill=0", opened(LIVE, "")), false).await;
        assert_eq!(live.status, 422);
        assert!(!live.text.contains(VISA));
    }
}
