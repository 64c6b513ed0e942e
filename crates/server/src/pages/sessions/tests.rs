use onfile_service::db::Db;
use onfile_testing::Scratch;

use super::*;
use crate::store::MIGRATIONS;

const NOW: i64 = 1_795_341_783_000;

struct Place {
    db: Db,
    ids: IdSource,
    account: AccountId,
    _scratch: Scratch,
}

impl Place {
    /// One for each database engine.
    async fn all() -> Vec<Self> {
        let mut places = Vec::new();
        for scratch in onfile_testing::databases().await {
            let (db, ids) = (scratch.open(MIGRATIONS).await, onfile_testing::ids());
            places.push(Self { db, account: ids.next(), ids, _scratch: scratch });
        }
        places
    }

    async fn open(&self, role: Role, subject: &str) -> (Ticket, Session) {
        let ticket = Ticket::new(&self.account, &self.ids);
        let mut tx = self.db.begin().await.unwrap();
        let session = open(&mut tx, &self.ids, &ticket, role, subject, NOW).await.unwrap();
        tx.commit().await.unwrap();
        (ticket, session)
    }

    async fn finds(&self, ticket: &Ticket, role: Role, at: i64) -> bool {
        find(&mut self.db.read().await.unwrap(), ticket, role, at).await.unwrap().is_some()
    }

    async fn touch(&self, session: &Session, at: i64) {
        let mut tx = self.db.begin().await.unwrap();
        touch(&mut tx, session, at).await.unwrap();
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn a_session_of_staff_ends_after_a_quarter_of_an_hour_without_use() {
    for place in Place::all().await {
        let (ticket, session) = place.open(Role::Staff, "staff_1").await;
        assert!(place.finds(&ticket, Role::Staff, NOW + 15 * MINUTE_MS - 1).await);
        assert!(!place.finds(&ticket, Role::Staff, NOW + 15 * MINUTE_MS).await);
        place.touch(&session, NOW + 14 * MINUTE_MS).await;
        assert!(place.finds(&ticket, Role::Staff, NOW + 15 * MINUTE_MS).await);
    }
}

#[tokio::test]
async fn a_session_of_staff_ends_after_twelve_hours_however_much_it_is_used() {
    for place in Place::all().await {
        let (ticket, session) = place.open(Role::Staff, "staff_1").await;
        place.touch(&session, NOW + 12 * HOUR_MS - 1).await;
        assert!(place.finds(&ticket, Role::Staff, NOW + 12 * HOUR_MS - 1).await);
        assert!(!place.finds(&ticket, Role::Staff, NOW + 12 * HOUR_MS).await);
    }
}

#[tokio::test]
async fn a_customer_is_no_member_of_staff_and_a_closed_session_is_gone() {
    for place in Place::all().await {
        let (customer, _) = place.open(Role::Customer, "cus_1").await;
        assert!(place.finds(&customer, Role::Customer, NOW).await);
        assert!(!place.finds(&customer, Role::Staff, NOW).await);

        let (ticket, session) = place.open(Role::Staff, "staff_1").await;
        assert!(!place.finds(&ticket, Role::Customer, NOW).await);
        let mut tx = place.db.begin().await.unwrap();
        close(&mut tx, &session).await.unwrap();
        tx.commit().await.unwrap();
        assert!(!place.finds(&ticket, Role::Staff, NOW).await);
    }
}

#[tokio::test]
async fn the_database_holds_no_secret_that_opens_a_session() {
    for place in Place::all().await {
        let (ticket, _) = place.open(Role::Staff, "staff_1").await;
        let row = place
            .db
            .read()
            .await
            .unwrap()
            .query_one("SELECT digest, csrf, doc FROM sessions", &[])
            .await
            .unwrap();
        let secret = ticket.reveal();
        let secret = secret.split_once('_').unwrap().1.as_bytes();
        assert_eq!(row.bytes("digest").unwrap(), ticket.digest());
        assert_ne!(row.bytes("digest").unwrap(), secret);
        assert!(!row.text("csrf").unwrap().as_bytes().windows(secret.len()).any(|part| part == secret));
    }
}
