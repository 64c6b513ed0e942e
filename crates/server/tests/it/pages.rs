//! Who sees which page: the shop that is for tests alone, sign-in links, and forms from elsewhere.

use onfile_core::ids::{Id, StaffId};
use onfile_server::model::account::Account;
use onfile_server::pages::Ticket;
use onfile_server::store::accounts::{self, AccountDoc, StoredAccount};
use onfile_server::store::staff;

use crate::support::pages::OURS;
use crate::support::{Reply, Server, form, merchant, send, servers};

async fn post(
    server: &Server,
    path: &str,
    origin: Option<&str>,
    cookie: &str,
    pairs: &[(&str, &str)],
) -> Reply {
    let mut request = server.bare("POST", path).header("cookie", cookie).body(form(pairs));
    if let Some(origin) = origin {
        request = request.header("origin", origin);
    }
    send(request).await
}

/// A new sign-in code for a new member of staff.
async fn code(server: &Server, lifetime_ms: i64) -> String {
    let (app, account) = (&server.app, &server.merchant.account.id);
    let (member, ticket) = (app.ids.next::<StaffId>(), Ticket::new(account, &app.ids));
    let email = format!("{member}@shop.example");
    let mut tx = app.db.begin().await.unwrap();
    staff::insert(&mut tx, account, &member, &email, "admin", app.now_ms()).await.unwrap();
    let until = app.now_ms() + lifetime_ms;
    staff::insert_link(&mut tx, account, &ticket.digest(), member.as_str(), until).await.unwrap();
    tx.commit().await.unwrap();
    ticket.reveal()
}

/// The session's cookie, as a browser sends it back.
fn cookie(reply: &Reply) -> String {
    let set = reply.header("set-cookie").unwrap();
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax") && set.contains("Path=/"), "{set}");
    set.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn the_demo_shop_is_there_for_a_test_account_with_the_demo_flag_and_for_no_other() {
    for server in servers().await {
        let open = async |livemode: bool| {
            let account =
                Account { id: server.app.ids.next(), name: "Demo".to_owned(), livemode, demo: true };
            let mut tx = server.app.db.begin().await.unwrap();
            let stored = StoredAccount { account, doc: AccountDoc::default() };
            accounts::insert(&mut tx, &stored, server.app.now_ms()).await.unwrap();
            tx.commit().await.unwrap();
        };
        assert_eq!(send(server.bare("GET", "/demo")).await.status, 404);
        open(true).await;
        assert_eq!(send(server.bare("GET", "/demo")).await.status, 404);
        open(false).await;
        assert_eq!(send(server.bare("GET", "/demo")).await.status, 200);
    }
}

#[tokio::test]
async fn a_sign_in_link_works_once_from_our_own_page_and_gives_a_secret_of_its_own() {
    for server in servers().await {
        let code = code(&server, 60_000).await;
        let enter = async |origin: Option<&str>, cookie: &str| {
            post(&server, "/dashboard/sign-in", origin, cookie, &[("code", &code)]).await
        };
        let asked = send(server.bare("GET", &format!("/dashboard/sign-in?code={code}"))).await;
        assert_eq!((asked.status, asked.header("set-cookie")), (200, None));
        assert_eq!(asked.header("cache-control"), Some("no-store"));
        assert_eq!(asked.header("x-frame-options"), Some("DENY"));
        for origin in [None, Some("null"), Some("https://evil.example"), Some("http://localhost:4243")] {
            assert_eq!(enter(origin, "").await.status, 403, "{origin:?}");
        }
        let fixed = format!("onfile_staff={code}");
        let entered = enter(Some(OURS), &fixed).await;
        assert_eq!(entered.status, 303);
        let session = cookie(&entered);
        assert!(!session.contains(&code), "the browser chose its session");
        assert_eq!(enter(Some(OURS), "").await.status, 410);
        assert_eq!(send(server.bare("GET", &format!("/dashboard/sign-in?code={code}"))).await.status, 410);
        let signed_in = |cookie: &str| send(server.bare("GET", "/dashboard").header("cookie", cookie));
        assert_eq!(signed_in(&session).await.status, 200);
        assert_eq!(signed_in(&fixed).await.status, 401);
        let as_customer = session.replace("onfile_staff", "onfile_customer");
        assert_eq!(signed_in(&as_customer).await.status, 401);
        let forged = post(&server, "/dashboard/sign-out", Some(OURS), &session, &[]).await;
        assert_eq!((forged.status, signed_in(&session).await.status), (403, 200));
    }
}

#[tokio::test]
async fn a_sign_in_link_that_is_too_old_or_of_another_account_does_not_work() {
    for server in servers().await {
        let other = merchant(&server.app, "Other", false).await;
        let old = code(&server, 0).await;
        let own = code(&server, 60_000).await;
        let (_, secret) = own.split_once('_').unwrap();
        let tail = other.account.id.as_str().strip_prefix("acct_").unwrap();
        let crossed = format!("{tail}_{secret}");
        for code in [old.as_str(), &crossed, "", "x", "a_b"] {
            let reply = post(&server, "/dashboard/sign-in", Some(OURS), "", &[("code", code)]).await;
            assert_eq!((reply.status, reply.header("set-cookie")), (410, None), "{code}");
        }
    }
}

#[tokio::test]
async fn a_payment_is_not_finished_or_shown_under_another_account() {
    for server in servers().await {
        let other = merchant(&server.app, "Other", false).await;
        let intent =
            server.post("/v1/payment_intents", &[("amount", "100"), ("currency", "usd")]).await.ok().id();
        let under =
            async |account: &str| send(server.bare("GET", &format!("/3ds/{account}/{intent}"))).await.status;
        assert_eq!(under(server.merchant.account.id.as_str()).await, 200);
        assert_eq!(under(other.account.id.as_str()).await, 404);
        assert_eq!(under("acct_none").await, 404);
    }
}

#[tokio::test]
async fn nobody_is_returned_to_a_program() {
    for server in servers().await {
        let key = &server.merchant.publishable;
        for (url, status) in [
            ("javascript://shop.example/%0aalert(1)", 400),
            ("JavaScript://x", 400),
            ("data://text/html,x", 400),
            ("blob://shop.example/x", 400),
            ("shop-app://done", 200),
            ("https://shop.example/done", 200),
        ] {
            let intent =
                server.post("/v1/payment_intents", &[("amount", "100"), ("currency", "usd")]).await.ok();
            let secret = intent.text("client_secret");
            let pairs =
                [("client_secret", secret.as_str()), ("payment_method", "pm_card_visa"), ("return_url", url)];
            let path = format!("/v1/payment_intents/{}/confirm", intent.id());
            let reply = send(server.with(key, "POST", &path, &pairs)).await;
            assert_eq!(reply.status, status, "{url}: {}", reply.body);
        }
    }
}
