//! Secrets that name their account: sign-in codes and the sessions' cookies.

use aws_lc_rs::digest;
use onfile_core::ids::{AccountId, Id, IdSource};

/// Random base-62 digits: 190 bits.
const SECRET_DIGITS: usize = 32;

/// A secret that names its account. It is written `ACCOUNT_SECRET`, the account
/// without its prefix.
#[derive(Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Whose data it opens.
    pub account: AccountId,
    secret: String,
}

impl std::fmt::Debug for Ticket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ticket({}, ..)", self.account)
    }
}

impl Ticket {
    /// A new one.
    pub fn new(account: &AccountId, ids: &IdSource) -> Self {
        Self { account: account.clone(), secret: ids.secret(SECRET_DIGITS) }
    }

    /// Takes one from outside. Nothing is said of whether it opens anything.
    pub fn parse(text: &str) -> Option<Self> {
        let (account, secret) = split(text)?;
        (secret.len() == SECRET_DIGITS).then(|| Self { account, secret: secret.to_owned() })
    }

    /// What the browser, or the link, holds.
    pub fn reveal(&self) -> String {
        let tail = self.account.as_str().split_once('_').map_or("", |(_, tail)| tail);
        format!("{tail}_{}", self.secret)
    }

    /// What the database holds.
    pub fn digest(&self) -> Vec<u8> {
        digest::digest(&digest::SHA256, self.secret.as_bytes()).as_ref().to_vec()
    }
}

/// `ACCOUNT_REST`, as in tickets and in the addresses of receipts.
pub fn split(text: &str) -> Option<(AccountId, &str)> {
    let (tail, rest) = text.split_once('_')?;
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric());
    let account = AccountId::parse(&format!("{}_{tail}", AccountId::PREFIX))?;
    (plain(tail) && plain(rest)).then_some((account, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_read_back_and_nothing_else_is_taken_for_one() {
        let ids = onfile_testing::ids();
        let ticket = Ticket::new(&ids.next(), &ids);
        let text = ticket.reveal();
        assert_eq!(Ticket::parse(&text), Some(ticket.clone()));
        assert!(!format!("{ticket:?}").contains(&ticket.secret));
        let longer = format!("{text}a");
        for bad in [
            "",
            "_",
            "a_b",
            &text[1..text.len() - 1],
            &longer,
            &text.replace('_', ""),
            &text.replace('_', "_/"),
        ] {
            assert_eq!(Ticket::parse(bad), None, "{bad}");
        }
    }
}
