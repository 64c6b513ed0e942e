//! Searches: every field of every kind, what clauses mean together, pages, and what is refused. Each query is asked twice:
//! before there is an index, when objects are looked at one by one, and with it.

use serde_json::json;

use crate::support::search::world;
use crate::support::{merchant, send, servers};

/// A query, with names in braces for ids, and what is found.
type Case = (&'static str, &'static [&'static str]);

const CUSTOMERS: &[Case] = &[
    ("email:\"ada@example.com\"", &["ada"]),
    ("email:'ADA@Example.COM'", &["ada"]),
    ("email:'ada'", &[]),
    ("email~'EXAMPLE.C'", &["ada", "bob", "deb", "jen"]),
    ("email~'ada@'", &["ada"]),
    ("email~'lovelace'", &[]),
    ("name~'lovel'", &["ada"]),
    ("name:'ada lovelace'", &["ada"]),
    ("name:null", &["cy", "deb", "jen"]),
    ("-name:null", &["ada", "bob"]),
    ("phone~'555'", &["ada"]),
    ("phone:'+1 555 0100'", &["ada"]),
    ("metadata['plan']:'gold'", &["ada"]),
    ("metadata['plan']:null", &["cy", "deb", "jen"]),
    ("-metadata['plan']:null", &["ada", "bob"]),
    ("-metadata['plan']:'gold'", &["bob", "cy", "deb", "jen"]),
    ("metadata['Plan']:'gold'", &[]),
    ("created>0", &["ada", "bob", "cy", "deb", "jen"]),
    ("created<1000", &[]),
    // The time of the clock's customer has nothing to do with that of their id.
    ("created:1801389600", &["jen"]),
    ("-created:1801389600", &["ada", "bob", "cy", "deb"]),
    ("created>=1801389600 created<=1801389600", &["jen"]),
    ("email:'ada@example.com' OR name:'Bob'", &["ada", "bob"]),
    ("email~'example' name~'bob'", &["bob"]),
    ("email~'example' AND -name:'Bob'", &["ada", "deb", "jen"]),
    ("email~'example' OR created<1000", &["ada", "bob", "deb", "jen"]),
    ("onfile.label:'{ada's number}-424242-4242'", &["ada"]),
    ("onfile.label:'{ada's number}-555555-4444'", &["ada"]),
    ("onfile.label:'{ada's number}-424242-0002'", &[]),
    ("onfile.card.first6:'424242' AND onfile.card.last4:'0002'", &["bob"]),
    ("onfile.card.first6:555555 AND onfile.card.last4:4444", &["ada"]),
    // She has a card with these first digits, and another one with these last.
    ("onfile.card.first6:'424242' AND onfile.card.last4:'4444'", &[]),
    ("onfile.card.first6:'555555' OR onfile.card.last4:'0002'", &["ada", "bob"]),
    ("-onfile.card.last4:null", &["ada", "bob", "jen"]),
    ("-onfile.card.last4:'4242'", &["bob", "cy", "deb"]),
];

const INTENTS: &[Case] = &[
    ("amount:500", &["held"]),
    ("amount:1234 currency:'jpy'", &["asked"]),
    ("amount>2900 amount<3100", &[]),
    ("amount>=300 amount<=700 -status:'succeeded'", &["canceled", "declined", "held"]),
    ("currency:'EUR'", &["held"]),
    ("currency:'eur' OR currency:'jpy'", &["asked", "held"]),
    ("status:'requires_capture'", &["held"]),
    ("status:'canceled'", &["canceled"]),
    ("status:'succeeded' customer:'{ada}'", &["paid", "refunded"]),
    ("customer:'{ada}'", &["held", "paid", "refunded"]),
    ("customer:'{ada}' amount<1000", &["held", "refunded"]),
    ("customer:'{ada}' metadata['order']:'A-2'", &["held"]),
    ("customer:'{bob}' OR metadata['order']:'A-2'", &["declined", "held"]),
    ("customer:null amount:1234", &["asked"]),
    ("customer:'cus_none'", &[]),
    ("metadata['order']:'a-1'", &["paid"]),
    ("-metadata['order']:null", &["held", "paid"]),
    ("created>1500000000 created<9000000000 amount:500", &["held"]),
    ("created>9000000000", &[]),
    ("created>5 created<4", &[]),
];

const CHARGES: &[Case] = &[
    ("amount:500", &["held's charge"]),
    ("billing_details.address.postal_code:'sw1a 1aa'", &["declined's charge"]),
    ("currency:'eur'", &["held's charge"]),
    ("created>1500000000 customer:'{bob}'", &["declined's charge"]),
    ("customer:'{ada}' -refunded:'true'", &["held's charge", "paid's charge"]),
    ("disputed:'true'", &["debit's charge"]),
    ("disputed:'false' customer:'{deb}'", &[]),
    ("refunded:'true'", &["refunded's charge"]),
    ("status:'failed'", &["declined's charge"]),
    ("status:'succeeded' amount:2900", &["paid's charge"]),
    ("payment_method_details.card.last4:'0002'", &["declined's charge"]),
    ("payment_method_details.card.last4:0002", &["declined's charge"]),
    ("payment_method_details.card.brand:'visa' amount:2900", &["paid's charge"]),
    ("payment_method_details.card.brand:'jcb'", &[]),
    ("payment_method_details.card.exp_month:12 amount:500", &["held's charge"]),
    ("payment_method_details.card.exp_year:'2034' amount:500", &["held's charge"]),
    ("payment_method_details.card.exp_year:'2033'", &[]),
    ("payment_method_details.card.fingerprint:'Fp0123456789abcd' amount:700", &["declined's charge"]),
    ("payment_method_details.us_bank_account.last4:'6789'", &["debit's charge"]),
    ("payment_method_details.us_bank_account.fingerprint:'FpBank0123456789'", &["debit's charge"]),
    ("metadata['order']:'A-1'", &["paid's charge"]),
];

const INVOICES: &[Case] = &[
    ("created:1801389600", &["ended's only", "kept's first"]),
    ("currency:'eur'", &["draft"]),
    ("currency:'usd' subscription:'{kept}'", &["kept's first", "kept's second"]),
    ("customer:'{jen}'", &["ended's only", "kept's first", "kept's second"]),
    ("customer:'{ada}'", &["draft"]),
    ("last_finalization_error_code:null customer:'{ada}'", &["draft"]),
    ("-last_finalization_error_type:null", &[]),
    ("receipt_number:null customer:'{ada}'", &["draft"]),
    ("metadata['order']:'A-3'", &["draft"]),
    ("number:'{the second's number}'", &["kept's second"]),
    ("number~'{the second's number}'", &["kept's second"]),
    ("number:null", &["draft"]),
    ("status:'draft'", &["draft"]),
    ("status:'paid' subscription:'{ended}'", &["ended's only"]),
    ("subscription:'{ended}'", &["ended's only"]),
    ("subscription:null", &["draft"]),
    ("total:3100", &["ended's only", "kept's first", "kept's second"]),
    ("total<3100", &["draft"]),
    ("total>3100", &[]),
];

const SUBSCRIPTIONS: &[Case] = &[
    ("created:1801389600", &["ended", "kept"]),
    ("created<1801389600", &[]),
    ("canceled_at:null", &["kept"]),
    ("canceled_at>0", &["ended"]),
    ("metadata['plan']:'silver'", &["ended"]),
    ("status:'active'", &["kept"]),
    ("status:'canceled'", &["ended"]),
];

const PRICES: &[Case] = &[
    ("active:'false'", &["old"]),
    ("active:'true' currency:'eur'", &["bar"]),
    ("currency:'usd'", &["monthly", "old"]),
    ("lookup_key:'bar'", &["bar"]),
    ("lookup_key~'BAR'", &["bar"]),
    ("metadata['metal']:'Au'", &["bar"]),
    ("product:'pi_gold'", &["bar"]),
    ("type:'recurring'", &["monthly"]),
    ("type:'one_time' OR lookup_key:null", &["bar", "monthly", "old"]),
];

const PRODUCTS: &[Case] = &[
    ("active:'false'", &["tin"]),
    ("description~'SHINE'", &["gold"]),
    ("description:null", &["line", "tin"]),
    ("metadata['metal']:'Au'", &["gold"]),
    ("name:'gold'", &["gold"]),
    ("name~'old'", &["gold"]),
    ("shippable:'true'", &["gold"]),
    ("shippable:null", &["line", "tin"]),
    ("url:'https://shop.example/gold'", &["gold"]),
    ("-url:null", &["gold"]),
];

const KINDS: &[(&str, &[Case])] = &[
    ("customers", CUSTOMERS),
    ("payment_intents", INTENTS),
    ("charges", CHARGES),
    ("invoices", INVOICES),
    ("subscriptions", SUBSCRIPTIONS),
    ("prices", PRICES),
    ("products", PRODUCTS),
];

#[tokio::test]
async fn every_field_finds_what_holds_it_with_and_without_the_index() {
    for server in servers().await {
        let world = world(&server).await;
        let other = merchant(&server.app, "Other", false).await;
        for phase in ["one by one", "by the index"] {
            for (kind, cases) in KINDS {
                for (query, want) in *cases {
                    let query = world.filled(query);
                    let found = server.found(kind, &query, "100").await;
                    assert_eq!(world.names(&found), *want, "{kind}: {query}, {phase}");
                    for limit in ["1", "2"] {
                        assert_eq!(
                            server.found(kind, &query, limit).await,
                            found,
                            "{query} by {limit}, {phase}"
                        );
                    }
                    let path = format!("/v1/{kind}/search");
                    let pairs = [("query", query.as_str())];
                    let others = send(server.with(&other.secret, "GET", &path, &pairs)).await.ok();
                    assert_eq!(others.at("data"), json!([]), "another account finds {query}, {phase}");
                }
            }
            server.follow().await;
        }
    }
}

#[tokio::test]
async fn an_answer_has_stripes_shape_and_expands() {
    for server in servers().await {
        let (customer, method) = server.customer_with_card("pm_card_visa").await;
        for _ in 0..3 {
            let pay = [
                ("amount", "100"),
                ("currency", "usd"),
                ("customer", customer.as_str()),
                ("payment_method", method.as_str()),
                ("confirm", "true"),
            ];
            server.post("/v1/payment_intents", &pay).await.ok();
        }
        server.follow().await;
        let expand = [("expand[0]", "total_count"), ("expand[1]", "data.customer"), ("limit", "2")];
        let page = server.search("payment_intents", "amount:100", &expand).await.ok();
        let mut fields: Vec<&String> = page.body.as_object().unwrap().keys().collect();
        fields.sort_unstable();
        assert_eq!(fields, ["data", "has_more", "next_page", "object", "total_count", "url"]);
        assert_eq!(page.at("object"), "search_result");
        assert_eq!(page.at("url"), "/v1/payment_intents/search");
        assert_eq!((page.at("has_more"), page.at("total_count")), (json!(true), json!(3)));
        assert_eq!(page.at("data/0/customer/email"), "jenny@example.com");
        let listed = server.get("/v1/payment_intents", &[("limit", "1")]).await.ok();
        let plain = server.search("payment_intents", "amount:100", &[]).await.ok();
        assert_eq!(plain.at("data/0"), listed.at("data/0"));
        assert_eq!((plain.at("total_count"), plain.at("next_page")), (json!(null), json!(null)));
        assert!(plain.body.get("total_count").is_none());
        let none = server.search("payment_intents", "amount:101", &[("expand[]", "total_count")]).await.ok();
        assert_eq!((none.at("data"), none.at("total_count")), (json!([]), json!(0)));
    }
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_by_name() {
    for server in servers().await {
        for name in ["a", "b"] {
            server.post("/v1/customers", &[("name", name)]).await.ok();
        }
        let page = server.search("customers", "created>0", &[("limit", "1")]).await.ok().text("next_page");
        for (kind, pairs, param, word) in [
            ("customers", vec![], "query", "Missing"),
            ("customers", vec![("query", "")], "query", "empty"),
            (
                "customers",
                vec![("query", "colour:'red'")],
                "query",
                "at character 1: there is no field `colour`",
            ),
            ("customers", vec![("query", "colour:'red'")], "query", "email, metadata, name, phone"),
            ("customers", vec![("query", "name~'ab'")], "query", "at character 6: "),
            ("charges", vec![("query", "amount:'x'")], "query", "integer"),
            ("prices", vec![("query", "email:'x'")], "query", "lookup_key"),
            ("customers", vec![("query", "created>0"), ("limit", "0")], "limit", "between 1 and 100"),
            ("customers", vec![("query", "created>0"), ("limit", "101")], "limit", "between 1 and 100"),
            ("customers", vec![("query", "created>0"), ("page", "garbage")], "page", "no `next_page`"),
            ("customers", vec![("query", "created>1"), ("page", &page)], "page", "no `next_page`"),
            ("products", vec![("query", "metadata['a']:'b'"), ("page", &page)], "page", "no `next_page`"),
            ("customers", vec![("query", "created>0"), ("expand[]", "has_more")], "expand", "has_more"),
            (
                "customers",
                vec![("query", "created>0"), ("starting_after", "cus_1")],
                "starting_after",
                "unknown",
            ),
        ] {
            let reply = server.get(&format!("/v1/{kind}/search"), &pairs).await;
            assert_eq!(
                (reply.status, reply.at("error/type")),
                (400, json!("invalid_request_error")),
                "{pairs:?}"
            );
            assert_eq!(reply.text("error/param"), param, "{pairs:?}");
            assert!(reply.text("error/message").contains(word), "{pairs:?}: {}", reply.body);
        }
        let number = ["4242"; 4].concat();
        let query = format!("metadata['card']:'{number}'");
        assert_eq!(
            server.search("customers", &query, &[]).await.status,
            402,
            "a card number is searched for"
        );
        let made = server.post("/v1/customers/search", &[]).await;
        assert_eq!((made.status, made.at("error/type")), (404, json!("invalid_request_error")));
    }
}
