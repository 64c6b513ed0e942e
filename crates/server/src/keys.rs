//! What `onfile` encrypts in its own database: stored answers (they hold client secrets) and the personal fields in
//! events, each under its person's key (M7), so that erasing a person is destroying one key.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use onfile_core::ids::{AccountId, CustomerId, Id};
use onfile_core::random::Random;
use onfile_service::binds;
use onfile_service::db::{DbError, Row, Tx};
use onfile_service::keyring::{FileKeys, KeyFilesError};
use onfile_service::seal::{Aad, DataKey, Envelope, KeyWrapper, SealError};
use onfile_service::subject_key::SubjectKey;
use serde_json::{Value, json};

/// How many people's keys are kept in memory; beyond it the memory starts afresh.
const CACHE_MAX: usize = 100_000;

type Cache = HashMap<(AccountId, CustomerId), Arc<SubjectKey>>;

/// The keys of this process.
pub struct Keys {
    master: Arc<FileKeys>,
    random: Arc<dyn Random>,
    subjects: Mutex<Cache>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(..)")
    }
}

impl Keys {
    /// Reads the key-encryption keys of a folder.
    ///
    /// # Errors
    /// When there is none, or one is damaged or open to others.
    pub fn open(folder: &Path, random: Arc<dyn Random>) -> Result<Self, KeyFilesError> {
        let master = Arc::new(FileKeys::open(folder, Arc::clone(&random))?);
        Ok(Self { master, random, subjects: Mutex::default() })
    }

    /// Encrypts for the record that `aad` describes, under a key of the process.
    ///
    /// # Errors
    /// When the cryptography library refuses.
    pub fn seal(&self, aad: &Aad, plaintext: &[u8]) -> Result<Vec<u8>, DbError> {
        self.seal_under(self.master.as_ref(), aad, plaintext)
    }

    /// Decrypts what [`Self::seal`] made.
    ///
    /// # Errors
    /// [`DbError::Inconsistent`] when it was altered or moved.
    pub fn open_sealed(&self, aad: &Aad, sealed: &[u8]) -> Result<Vec<u8>, DbError> {
        open_under(self.master.as_ref(), aad, sealed)
    }

    /// Encrypts under a person's key.
    ///
    /// # Errors
    /// As [`Self::seal`].
    pub fn seal_under(&self, key: &dyn KeyWrapper, aad: &Aad, plaintext: &[u8]) -> Result<Vec<u8>, DbError> {
        let sealed = Envelope::seal(key, self.random.as_ref(), aad, plaintext).and_then(|e| e.to_bytes());
        sealed.map_err(failed)
    }

    /// The key for what is kept about a customer, made at first use; without a customer, the process's own.
    ///
    /// A key is cached before its row is committed: should the transaction be undone, the customer was never there,
    /// and no customer gets the same id again.
    ///
    /// # Errors
    /// When the database fails, or the stored key does not open.
    pub async fn subject(
        &self,
        tx: &mut Tx,
        account: &AccountId,
        customer: Option<&CustomerId>,
    ) -> Result<Arc<dyn KeyWrapper>, DbError> {
        let Some(customer) = customer else { return Ok(self.master.clone()) };
        if let Some(key) = self.existing(tx, account, customer).await? {
            return Ok(key);
        }
        self.insert(tx, account, customer).await?;
        let key = self.existing(tx, account, customer).await?;
        Ok(key.ok_or_else(|| DbError::Inconsistent(format!("no key for {customer}")))?)
    }

    /// A customer's key; none when it was destroyed.
    ///
    /// # Errors
    /// As [`Self::subject`].
    pub async fn existing(
        &self,
        tx: &mut Tx,
        account: &AccountId,
        customer: &CustomerId,
    ) -> Result<Option<Arc<SubjectKey>>, DbError> {
        let name = (account.clone(), customer.clone());
        if let Some(key) = self.cache().get(&name) {
            return Ok(Some(Arc::clone(key)));
        }
        let key = self.load(tx, account, customer).await?;
        if let Some(key) = &key {
            self.remember(account, customer, Arc::clone(key));
        }
        Ok(key)
    }

    fn remember(&self, account: &AccountId, customer: &CustomerId, key: Arc<SubjectKey>) {
        let mut cache = self.cache();
        if cache.len() >= CACHE_MAX {
            cache.clear();
        }
        cache.insert((account.clone(), customer.clone()), key);
    }

    /// Loads the keys of customers into memory, in one statement: for a transaction that works on a set.
    ///
    /// # Errors
    /// As [`Self::subject`].
    pub async fn load_ahead(
        &self,
        tx: &mut Tx,
        account: &AccountId,
        customers: &[&CustomerId],
    ) -> Result<(), DbError> {
        let missing: BTreeSet<&&CustomerId> = {
            let cache = self.cache();
            customers.iter().filter(|&&id| !cache.contains_key(&(account.clone(), id.clone()))).collect()
        };
        if missing.is_empty() {
            return Ok(());
        }
        let set = Value::Array(missing.iter().map(|id| json!({ "id": id })).collect()).to_string();
        let rows = tx
            .query(
                "SELECT customer_id, wrapped FROM customer_keys WHERE account_id = $1 \
                 AND customer_id IN (SELECT r.value->>'id' FROM json_each($2) AS r)",
                binds![account.as_str(), &set],
            )
            .await?;
        for row in &rows {
            let customer = CustomerId::from_trusted(row.text("customer_id")?);
            let key = self.opened(account, &customer, row)?;
            self.remember(account, &customer, key);
        }
        Ok(())
    }

    /// Destroys a person's key in this transaction: their events can never be read again. Other nodes forget it when
    /// they are restarted; they can read no more than they have read.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn destroy(
        &self,
        tx: &mut Tx,
        account: &AccountId,
        customer: &CustomerId,
    ) -> Result<(), DbError> {
        self.cache().remove(&(account.clone(), customer.clone()));
        tx.execute(
            "DELETE FROM customer_keys WHERE account_id = $1 AND customer_id = $2",
            binds![account.as_str(), customer.as_str()],
        )
        .await?;
        Ok(())
    }

    async fn insert(&self, tx: &mut Tx, account: &AccountId, customer: &CustomerId) -> Result<(), DbError> {
        let key = DataKey::generate(self.random.as_ref());
        let wrapped = self.seal(&key_aad(account, customer), key.expose_secret())?;
        tx.execute(
            "INSERT INTO customer_keys (account_id, customer_id, wrapped) VALUES ($1, $2, $3) \
             ON CONFLICT (account_id, customer_id) DO NOTHING",
            binds![account.as_str(), customer.as_str(), &wrapped],
        )
        .await?;
        Ok(())
    }

    async fn load(
        &self,
        tx: &mut Tx,
        account: &AccountId,
        customer: &CustomerId,
    ) -> Result<Option<Arc<SubjectKey>>, DbError> {
        let row = tx
            .query_opt(
                "SELECT wrapped FROM customer_keys WHERE account_id = $1 AND customer_id = $2",
                binds![account.as_str(), customer.as_str()],
            )
            .await?;
        row.map(|row| self.opened(account, customer, &row)).transpose()
    }

    /// The key that a row of `customer_keys` holds.
    fn opened(
        &self,
        account: &AccountId,
        customer: &CustomerId,
        row: &Row,
    ) -> Result<Arc<SubjectKey>, DbError> {
        let bytes = self.open_sealed(&key_aad(account, customer), &row.bytes("wrapped")?)?;
        let key = DataKey::from_bytes(&bytes).ok_or_else(|| failed(SealError::Open))?;
        let key = SubjectKey::new(&key, Arc::clone(&self.random)).map_err(failed)?;
        Ok(Arc::new(key))
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.subjects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Decrypts what [`Keys::seal_under`] made.
///
/// # Errors
/// [`DbError::Inconsistent`] when it was altered or moved.
pub fn open_under(key: &dyn KeyWrapper, aad: &Aad, sealed: &[u8]) -> Result<Vec<u8>, DbError> {
    let opened = Envelope::from_bytes(sealed).and_then(|envelope| envelope.open(key, aad));
    opened.map(|plaintext| plaintext.to_vec()).map_err(failed)
}

fn key_aad(account: &AccountId, customer: &CustomerId) -> Aad {
    Aad::new(&[
        ("account", account.as_str()),
        ("record", customer.as_str()),
        ("field", "customer_keys.wrapped"),
    ])
}

fn failed(error: SealError) -> DbError {
    DbError::Inconsistent(error.to_string())
}
