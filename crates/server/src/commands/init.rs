//! `onfile init`

use std::path::Path;

use onfile_service::ambient::SystemRandom;
use onfile_service::config::DatabaseUrl;
use onfile_service::db::Db;
use onfile_service::keyring::{FileKeys, KeyFilesError, refuse_shared_directory};

use super::CommandError;
use crate::config::Config;

/// Makes what a first start needs and leaves alone what is there: a key is never overwritten.
pub(super) async fn run(path: &Path) -> Result<(), CommandError> {
    let config = Config::load(path)?;
    if let DatabaseUrl::Sqlite(database) = &config.database.url {
        refuse_shared_directory(&config.keys.dir, database)?;
    }
    match FileKeys::create_first(&config.keys.dir, &SystemRandom) {
        Ok(_) | Err(KeyFilesError::Exists { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    Db::open(&config.database_url(), crate::store::MIGRATIONS).await?;
    Ok(())
}
