//! Identifiers of the sandbox's own objects. They are shared between maps, hence the counted text.

use std::fmt;
use std::sync::Arc;

use onfile_core::ids::Id;
use serde::{Deserialize, Serialize};

macro_rules! shared_ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl Id for $name {
            const PREFIX: &'static str = $prefix;
            fn from_trusted(text: String) -> Self {
                Self(text.into())
            }
            fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

shared_ids! {
    /// A payment or a verification.
    PaymentId = "pay";
    /// A capture.
    CaptureId = "cap";
    /// A refund.
    RefundId = "ref";
    /// A void.
    VoidId = "void";
    /// A caught message.
    MessageId = "msg";
    /// Micro-deposits.
    MicroDepositsId = "md";
}
