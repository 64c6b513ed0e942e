//! Searches for tests: the index brought up to date by hand, pages followed to the last one, and a small world to look for.

use std::collections::HashMap;

use onfile_server::event_order::{self, Reach};
use onfile_server::search::follow;
use serde_json::Value;

use super::billing::at;
use super::{Reply, Server, send};

/// More pages than any test has.
const PAGES_MAX: usize = 100;

impl Server {
    /// Brings the index up to date with everything that was committed.
    pub async fn follow(&self) {
        event_order::round(&self.app, Reach::Recent).await.unwrap();
        while follow::round(&self.app).await.unwrap() {}
    }

    /// One page of a search.
    pub async fn search(&self, kind: &str, query: &str, more: &[(&str, &str)]) -> Reply {
        let mut pairs = vec![("query", query)];
        pairs.extend(more);
        self.get(&format!("/v1/{kind}/search"), &pairs).await
    }

    /// The ids of everything that a search finds, page after page.
    pub async fn found(&self, kind: &str, query: &str, limit: &str) -> Vec<String> {
        let (mut all, mut page) = (Vec::new(), None::<String>);
        for _ in 0..PAGES_MAX {
            let mut more = vec![("limit", limit)];
            more.extend(page.as_deref().map(|page| ("page", page)));
            let reply = self.search(kind, query, &more).await.ok();
            let data = reply.at("data").as_array().cloned().unwrap_or_default();
            assert!(data.len() <= limit.parse().unwrap(), "{query}: {}", reply.body);
            all.extend(data.iter().map(|object| object["id"].as_str().unwrap().to_owned()));
            if reply.at("has_more") == false {
                assert_eq!(reply.at("next_page"), Value::Null);
                return all;
            }
            page = Some(reply.text("next_page"));
        }
        panic!("{query} has no last page");
    }

    async fn pay(&self, pairs: &[(&str, &str)]) -> String {
        self.post("/v1/payment_intents", pairs).await;
        let list = self.get("/v1/payment_intents", &[("limit", "1")]).await.ok();
        list.id_of_first()
    }

    async fn delete(&self, path: &str) {
        send(self.with(&self.merchant.secret, "DELETE", path, &[])).await.ok();
    }
}

/// Ids by the names that tests give to objects.
pub struct World(HashMap<&'static str, String>);

impl World {
    /// A text with ids in the place of names in braces.
    pub fn filled(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (name, id)| text.replace(&format!("{{{name}}}"), id))
    }

    /// What ids are called, in alphabetical order.
    pub fn names(&self, ids: &[String]) -> Vec<&str> {
        let name = |id: &String| self.0.iter().find(|(_, known)| *known == id).map_or("?", |(name, _)| *name);
        let mut names: Vec<&str> = ids.iter().map(name).collect();
        names.sort_unstable();
        names
    }
}

/// Something of everything that can be searched for.
pub async fn world(server: &Server) -> World {
    let mut ids = HashMap::new();
    people(server, &mut ids).await;
    payments(server, &mut ids).await;
    agreements(server, &mut ids).await;
    catalog(server, &mut ids).await;
    World(ids)
}

async fn people(server: &Server, ids: &mut HashMap<&'static str, String>) {
    let ada = [
        ("name", "Ada Lovelace"),
        ("email", "ada@example.com"),
        ("phone", "+1 555 0100"),
        ("metadata[plan]", "Gold"),
    ];
    let ada = server.post("/v1/customers", &ada).await.ok();
    ids.insert("ada's number", ada.text("invoice_prefix"));
    let bob = [("name", "Bob"), ("email", "bob@Example.com"), ("metadata[plan]", "silver")];
    let bob = server.post("/v1/customers", &bob).await.ok().id();
    ids.insert("cy", server.post("/v1/customers", &[]).await.ok().id());
    server.give_card(&ada.id(), "pm_card_mastercard").await;
    ids.insert("ada's card", server.give_card(&ada.id(), "pm_card_visa").await);
    let card = server.give_card(&bob, "pm_card_chargeDeclined").await;
    let code = [("billing_details[address][postal_code]", "SW1A 1AA")];
    server.post(&format!("/v1/payment_methods/{card}"), &code).await.ok();
    ids.insert("bob's card", card);
    ids.insert("ada", ada.id());
    ids.insert("bob", bob);
    let (_, dispute) = crate::keys::debit_that_came_back(server).await;
    let disputed = server.get(&format!("/v1/disputes/{dispute}"), &[]).await.ok();
    let charge = disputed.text("charge");
    ids.insert("deb", server.get(&format!("/v1/charges/{charge}"), &[]).await.ok().text("customer"));
    ids.insert("debit", disputed.text("payment_intent"));
    ids.insert("debit's charge", charge);
}

async fn payments(server: &Server, ids: &mut HashMap<&'static str, String>) {
    let (ada, bob) = (ids["ada"].clone(), ids["bob"].clone());
    let (adas, bobs) = (ids["ada's card"].clone(), ids["bob's card"].clone());
    let of_ada = [("customer", ada.as_str()), ("payment_method", adas.as_str()), ("confirm", "true")];
    let of_bob = [("customer", bob.as_str()), ("payment_method", bobs.as_str()), ("confirm", "true")];
    let with = |of: &[(&'static str, &str)], more: &[(&'static str, &'static str)]| {
        let pairs = of.iter().chain(more).map(|(name, value)| (*name, (*value).to_owned()));
        pairs.collect::<Vec<_>>()
    };
    let made = [
        (
            "paid",
            "paid's charge",
            with(&of_ada, &[("amount", "2900"), ("currency", "usd"), ("metadata[order]", "A-1")]),
        ),
        (
            "held",
            "held's charge",
            with(
                &of_ada,
                &[
                    ("amount", "500"),
                    ("currency", "eur"),
                    ("metadata[order]", "A-2"),
                    ("capture_method", "manual"),
                ],
            ),
        ),
        ("declined", "declined's charge", with(&of_bob, &[("amount", "700"), ("currency", "usd")])),
        ("asked", "", with(&[], &[("amount", "1234"), ("currency", "jpy")])),
        ("canceled", "", with(&[], &[("amount", "300"), ("currency", "usd")])),
        ("refunded", "refunded's charge", with(&of_ada, &[("amount", "400"), ("currency", "usd")])),
    ];
    for (name, charge, pairs) in made {
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let id = server.pay(&pairs).await;
        if !charge.is_empty() {
            let list = server.get("/v1/charges", &[("payment_intent", &id)]).await.ok();
            ids.insert(charge, list.id_of_first());
        }
        ids.insert(name, id);
    }
    server.post(&format!("/v1/payment_intents/{}/cancel", ids["canceled"]), &[]).await.ok();
    server.post("/v1/refunds", &[("payment_intent", ids["refunded"].as_str())]).await.ok();
}

async fn agreements(server: &Server, ids: &mut HashMap<&'static str, String>) {
    let price = server.price("3100", "month").await;
    let clock = server.clock(at("2027-01-31T10:00:00Z")).await;
    let jen = server.customer_at(&clock, "pm_card_visa").await;
    for (name, plan) in [("kept", "Gold"), ("ended", "silver")] {
        let pairs =
            [("customer", jen.as_str()), ("items[0][price]", price.as_str()), ("metadata[plan]", plan)];
        ids.insert(name, server.post("/v1/subscriptions", &pairs).await.ok().id());
    }
    server.delete(&format!("/v1/subscriptions/{}", ids["ended"])).await;
    server.advance(&clock, at("2027-03-01T00:00:00Z")).await;
    let invoices = server.invoices_of(&ids["kept"]).await;
    for (name, invoice) in ["kept's first", "kept's second"].into_iter().zip(&invoices) {
        ids.insert(name, invoice["id"].as_str().unwrap().to_owned());
    }
    ids.insert("the second's number", invoices[1]["number"].as_str().unwrap().to_owned());
    let invoices = server.invoices_of(&ids["ended"]).await;
    ids.insert("ended's only", invoices[0]["id"].as_str().unwrap().to_owned());
    let draft = [("customer", ids["ada"].as_str()), ("currency", "eur"), ("metadata[order]", "A-3")];
    let draft = server.post("/v1/invoices", &draft).await.ok().id();
    ids.insert("draft", draft);
    ids.insert("monthly", price);
    ids.insert("jen", jen);
}

async fn catalog(server: &Server, ids: &mut HashMap<&'static str, String>) {
    let line = server.get(&format!("/v1/prices/{}", ids["monthly"]), &[]).await.ok().text("product");
    ids.insert("line", line);
    let gold = [
        ("id", "pi_gold"),
        ("name", "Gold"),
        ("description", "It shines"),
        ("shippable", "true"),
        ("url", "https://shop.example/gold"),
        ("metadata[metal]", "Au"),
    ];
    ids.insert("gold", server.post("/v1/products", &gold).await.ok().id());
    let tin = server.post("/v1/products", &[("name", "Tin"), ("active", "false")]).await.ok().id();
    let bar = [
        ("product", "pi_gold"),
        ("currency", "eur"),
        ("unit_amount", "5000"),
        ("lookup_key", "bar"),
        ("metadata[metal]", "Au"),
    ];
    ids.insert("bar", server.post("/v1/prices", &bar).await.ok().id());
    let old = [("product", tin.as_str()), ("currency", "usd"), ("unit_amount", "1"), ("active", "false")];
    ids.insert("old", server.post("/v1/prices", &old).await.ok().id());
    ids.insert("tin", tin);
}
