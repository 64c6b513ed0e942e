//! What all Onfile processes share: configuration, database, listener, logs, sealing, and the way a process ends.
//!
//! Nothing here knows a card, a payment or a merchant. A process reads its [`config`], starts its [`logs`], opens its
//! [`db`] and its [`keyring`], and hands a router to [`listen`].

pub mod ambient;
pub mod bodies;
pub mod config;
pub mod credentials;
pub mod db;
pub mod exit;
pub mod fingerprint;
pub mod headers;
mod key_files;
pub mod keyring;
pub mod listen;
pub mod logs;
pub mod lookalikes;
pub mod masked;
pub mod origin;
pub mod process;
pub mod seal;
pub mod secret;
pub mod shutdown;
pub mod subject_key;
mod tls;
