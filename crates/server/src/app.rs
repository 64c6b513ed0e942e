//! What every request and every worker of this process shares.

use std::sync::Arc;

use onfile_core::clock::Clock;
use onfile_core::ids::IdSource;
use onfile_core::random::Random;
use onfile_service::db::{Db, DbError};
use onfile_service::keyring::{KeyFilesError, refuse_shared_directory};
use onfile_service::shutdown::{Shutdown, ShutdownTrigger};

use crate::config::Config;
use crate::event_order::Activity;
use crate::keys::Keys;
use crate::notices::post::{MailSetupError, Mailer};
use crate::store::accounts::CustomerNumbers;
use crate::vault_client::{VaultClient, VaultSetupError};
use crate::webhooks::{Sender, SenderError, SystemNames, Webhooks};
use crate::wire::auth::KeyCache;

/// One process: its database, its keys, its way to the vault, its time.
pub struct App {
    /// Everything that is kept.
    pub db: Db,
    /// Makes ids and secrets.
    pub ids: IdSource,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The only way to card data and processors.
    pub vault: VaultClient,
    /// The way to customers' mailboxes; none where `[mail]` is missing.
    pub mailer: Option<Mailer>,
    /// What stored answers and events are encrypted with.
    pub keys: Arc<Keys>,
    /// Which accounts have written events a moment ago.
    pub activity: Activity,
    /// What merchants' endpoints are told with.
    pub webhooks: Webhooks,
    /// The configuration file.
    pub config: Config,
    /// The order to take up no more work.
    pub shutdown: Shutdown,
    stop: ShutdownTrigger,
    /// API keys that were looked up within the last second.
    pub(crate) key_cache: KeyCache,
    /// Customer numbers that this process has reserved.
    pub(crate) numbers: CustomerNumbers,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("db", &self.db).finish_non_exhaustive()
    }
}

/// Why a process cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database cannot be used.
    #[error("cannot use the database")]
    Database(#[from] DbError),
    /// The keys cannot be used.
    #[error("cannot use `keys.dir`")]
    Keys(#[from] KeyFilesError),
    /// The way to the mail server cannot be set up.
    #[error("cannot use `[mail]`")]
    Mail(#[from] MailSetupError),
    /// The way to the vault cannot be set up.
    #[error("cannot use `[vault]`")]
    Vault(#[from] VaultSetupError),
    /// Webhooks cannot be sent.
    #[error("cannot use `[webhooks]`")]
    Webhooks(#[from] SenderError),
}

impl App {
    /// Opens everything that the configuration names. Nothing is sent anywhere.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn open(
        config: Config,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Arc<Self>, StartError> {
        if let onfile_service::config::DatabaseUrl::Sqlite(path) = &config.database.url {
            refuse_shared_directory(&config.keys.dir, path)?;
        }
        let ids = IdSource::new(Arc::clone(&clock), Arc::clone(&random));
        let sender = Sender::new(&config.webhooks, Arc::new(SystemNames))?;
        let webhooks = Webhooks::new(sender, Arc::clone(&random));
        let keys = Keys::open(&config.keys.dir, random)?;
        let vault = VaultClient::new(&config.vault)?;
        let mailer = config.mail.as_ref().map(Mailer::new).transpose()?;
        let db = Db::open(&config.database_url(), crate::store::MIGRATIONS).await?;
        let (stop, shutdown) = Shutdown::manual();
        Ok(Arc::new(Self {
            db,
            ids,
            clock,
            vault,
            mailer,
            keys: Arc::new(keys),
            activity: Activity::default(),
            webhooks,
            config,
            shutdown,
            stop,
            key_cache: KeyCache::default(),
            numbers: CustomerNumbers::default(),
        }))
    }

    /// No more work is taken up; what is under way is finished.
    pub fn stop(&self) {
        self.stop.stop();
    }

    /// Now, in Unix milliseconds: what times in the database count.
    pub fn now_ms(&self) -> i64 {
        self.clock.now().as_millisecond()
    }

    /// Now, in Unix seconds: what times in objects count.
    pub fn now_seconds(&self) -> i64 {
        self.clock.now().as_second()
    }
}
