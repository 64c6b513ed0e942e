//! The address of a bill: `/invoices/ACCOUNT_INVOICETOKEN`. It names account and invoice, as every look-up needs them,
//! and ends with the invoice's secret, which is compared in a time that does not tell where a guess is wrong.

use onfile_core::ids::{AccountId, ID_DIGITS, Id, InvoiceId};
use onfile_core::invoice::InvoiceStatus;
use onfile_service::db::Tx;

use crate::model::invoice::Invoice;
use crate::pages::layout::Shell;
use crate::pages::problem::Problem;
use crate::pages::{demo, request, ticket};
use crate::store::accounts::{self, StoredAccount};
use crate::store::objects;

/// Where the bill of an invoice is.
pub fn path_of(account: &AccountId, invoice: &Invoice) -> String {
    let tail = |id: &str| id.split_once('_').map_or(String::new(), |(_, tail)| tail.to_owned());
    format!("/invoices/{}_{}{}", tail(account.as_str()), tail(invoice.id.as_str()), invoice.link_token)
}

/// An invoice whose address somebody has.
#[derive(Debug)]
pub struct Opened {
    /// Whom it is owed to.
    pub account: StoredAccount,
    /// The invoice. It is no draft: that is nobody's business yet.
    pub invoice: Invoice,
    /// Its address, without the origin.
    pub path: String,
}

impl Opened {
    /// Finds it by the last part of its address.
    ///
    /// # Errors
    /// [`Problem::NotFound`] when there is none, and when the secret is another one.
    pub async fn find(tx: &mut Tx, link: &str) -> Result<Self, Problem> {
        let (account, rest) = ticket::split(link).ok_or(Problem::NotFound)?;
        let (id, token) = rest.split_at_checked(ID_DIGITS).ok_or(Problem::NotFound)?;
        let id = InvoiceId::parse(&format!("{}_{id}", InvoiceId::PREFIX)).ok_or(Problem::NotFound)?;
        let found = objects::load::<Invoice>(tx, &account, &id).await?.map(|found| found.object);
        let invoice = found
            .filter(|invoice| request::same(token, &invoice.link_token))
            .filter(|invoice| invoice.status != InvoiceStatus::Draft)
            .ok_or(Problem::NotFound)?;
        let path = path_of(&account, &invoice);
        let account = accounts::load(tx, &account).await?.ok_or(Problem::NotFound)?;
        Ok(Self { account, invoice, path })
    }

    /// Whose data.
    pub fn account_id(&self) -> &AccountId {
        &self.account.account.id
    }

    /// What attempts to pay it here are called.
    pub fn verb(&self) -> String {
        format!("invoice/pay/{}", self.invoice.id)
    }

    /// The frame of its pages.
    pub fn shell<'a>(&'a self, title: &'a str) -> Shell<'a> {
        let account = &self.account.account;
        Shell {
            title,
            brand: &account.name,
            home: (account.demo && !account.livemode).then_some(demo::HOME),
            test_mode: !account.livemode,
            ..Shell::default()
        }
    }
}
