//! What both listeners share: sealing and opening, the waiting security codes, accounts, processors.

use std::sync::Arc;

use onfile_account_data::Cvc;
use onfile_core::clock::Clock;
use onfile_core::ids::{IdSource, PaymentMethodId, TokenId};
use onfile_core::random::Random;
use onfile_service::db::{Db, DbError};
use onfile_service::fingerprint::Fingerprints;
use onfile_service::seal::{Aad, Envelope, KeyWrapper, SealError};

use crate::accounts::Accounts;
use crate::cvcs::Cvcs;
use crate::forward::in_flight::InFlight;
use crate::forward::processors::Processors;
use crate::record::{Instrument, Number, UnknownRecord};
use crate::store::instruments::{self, InstrumentRow, NewInstrument};

/// How long a source waits to be redeemed, in milliseconds.
pub const SOURCE_LIFE_MS: i64 = 15 * 60 * 1000;

/// Everything that a request needs.
pub struct Vault {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness for keys and nonces.
    pub random: Arc<dyn Random>,
    /// Makes ids.
    pub ids: IdSource,
    /// Wraps the data keys.
    pub keys: Arc<dyn KeyWrapper>,
    /// Makes fingerprints.
    pub fingerprints: Fingerprints,
    /// This vault's name in the authenticated data of its records.
    pub name: String,
    /// The accounts.
    pub accounts: Accounts,
    /// The waiting security codes.
    pub cvcs: Cvcs,
    /// The processors.
    pub processors: Processors,
    /// The orders that are being sent at this moment.
    pub in_flight: InFlight,
}

/// What went wrong on our side. Nothing was changed, unless the variant says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// A record does not open, or cannot be sealed.
    #[error("record of {account}/{source_id}: {error}")]
    Seal {
        /// Whose.
        account: String,
        /// Which.
        source_id: String,
        /// Why.
        error: SealError,
    },
    /// A record opened and is not understood.
    #[error(transparent)]
    Record(#[from] UnknownRecord),
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A sealed record, ready to be stored.
#[derive(Debug)]
pub struct Sealed {
    /// The envelope's stored form.
    pub record: Vec<u8>,
    /// The key-encryption key that it depends on.
    pub kek_version: u32,
}

impl Vault {
    /// Now, Unix milliseconds.
    pub fn now_ms(&self) -> i64 {
        self.clock.now().as_millisecond()
    }

    /// A new id for a single-use token.
    pub fn next_token(&self) -> TokenId {
        self.ids.next()
    }

    /// A new id for a payment method.
    pub fn next_method(&self) -> PaymentMethodId {
        self.ids.next()
    }

    /// Seals an instrument to its account and source.
    ///
    /// # Errors
    /// [`VaultError::Seal`].
    pub fn seal(
        &self,
        account: &str,
        source_id: &str,
        instrument: &Instrument,
    ) -> Result<Sealed, VaultError> {
        let aad = self.aad(account, source_id);
        let failed = |error| seal_error(account, source_id, error);
        let envelope = Envelope::seal(self.keys.as_ref(), self.random.as_ref(), &aad, &instrument.to_bytes());
        let envelope = envelope.map_err(failed)?;
        Ok(Sealed { record: envelope.to_bytes().map_err(failed)?, kek_version: envelope.key_version().0 })
    }

    /// Opens the record of a row. One that was altered, or belongs to another row, does not open (M10).
    ///
    /// # Errors
    /// [`VaultError::Seal`], [`VaultError::Record`].
    pub fn open(&self, account: &str, row: &InstrumentRow) -> Result<Instrument, VaultError> {
        let aad = self.aad(account, &row.source_id);
        let opened =
            Envelope::from_bytes(&row.record).and_then(|envelope| envelope.open(self.keys.as_ref(), &aad));
        let plaintext = opened.map_err(|error| seal_error(account, &row.source_id, error))?;
        Ok(Instrument::from_bytes(&plaintext)?)
    }

    /// The fingerprint of an instrument's number in this account.
    pub fn fingerprint(&self, account: &str, instrument: &Instrument) -> String {
        match &instrument.number {
            Number::Card { pan, .. } => self.fingerprints.of(account, "card", pan.expose_to_keyed_hash()),
            Number::Bank { number, routing, .. } => {
                // The same account number at another bank is another account.
                let kind = format!("us_bank_account {}", routing.as_str());
                self.fingerprints.of(account, &kind, number.expose_to_keyed_hash())
            }
        }
    }

    /// Stores an instrument as a source that dies unless it is redeemed, and holds its security code.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn keep_source(
        &self,
        account: &str,
        source_id: &str,
        instrument: &Instrument,
        cvc: Option<Cvc>,
    ) -> Result<(), VaultError> {
        let sealed = self.seal(account, source_id, instrument)?;
        let fingerprint = self.fingerprint(account, instrument);
        let now_ms = self.now_ms();
        let new = NewInstrument {
            account,
            source_id,
            method_id: None,
            record: &sealed.record,
            kek_version: sealed.kek_version,
            fingerprint: &fingerprint,
            expires_at: Some(now_ms.saturating_add(SOURCE_LIFE_MS)),
        };
        let mut tx = self.db.begin().await?;
        instruments::insert(&mut tx, &new, now_ms).await?;
        tx.commit().await?;
        if let Some(cvc) = cvc {
            self.cvcs.hold(source_id, cvc, now_ms);
        }
        Ok(())
    }

    /// Version, vault, account, record and field (the version is the first byte that [`Aad`] writes).
    fn aad(&self, account: &str, source_id: &str) -> Aad {
        Aad::new(&[
            ("vault", &self.name),
            ("account", account),
            ("record", source_id),
            ("field", "instrument"),
        ])
    }
}

fn seal_error(account: &str, source_id: &str, error: SealError) -> VaultError {
    VaultError::Seal { account: account.to_owned(), source_id: source_id.to_owned(), error }
}
