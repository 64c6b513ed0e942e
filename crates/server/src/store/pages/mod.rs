//! Pages of lists, over the primary key or one index, newest first.

mod billing;
mod listings;

use onfile_core::ids::{AccountId, CustomerId, Id};
use onfile_service::binds;
use onfile_service::db::{DbError, Param, Row, Tx};

pub use self::billing::{INVOICES_WITH_PAYMENT, INVOICES_WITH_PAYMENT_IN, invoices, subscriptions};
pub use self::listings::*;
use super::objects::from_row;
use crate::model::Object;
use crate::model::payment_method::PaymentMethod;

/// Which part of a list is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Ids must be greater.
    pub low: String,
    /// Ids must be smaller.
    pub high: String,
    /// Whether the page is the oldest end of the window (`ending_before`), not the newest.
    pub backwards: bool,
    /// The most objects.
    pub limit: u32,
    /// The object that the caller named as the edge, if one was named: it must exist.
    pub cursor: Option<Cursor>,
}

impl Window {
    /// Greater than every id.
    pub const NO_UPPER: &'static str = "~";

    /// The newest objects of a list.
    pub fn newest(limit: u32) -> Self {
        Self { low: String::new(), high: Self::NO_UPPER.to_owned(), backwards: false, limit, cursor: None }
    }

    /// The smallest window that holds this id. Others that begin like it may stand in it too, one is fetched.
    pub fn only(id: &impl Id) -> Self {
        let mut low = id.as_str().to_owned();
        // The greatest text below an id that can be an id: one character shorter.
        low.pop();
        Self { low, high: format!("{}!", id.as_str()), ..Self::newest(1) }
    }

    /// The part beyond a place in the list, in the direction of reading.
    #[must_use]
    pub fn beyond(mut self, place: &str) -> Self {
        if self.backwards {
            self.low = self.low.max(place.to_owned());
        } else {
            self.high = self.high.min(place.to_owned());
        }
        self
    }

    /// The same part of a list of other objects, whose ids have the digits of these (`ids::counterpart`).
    #[must_use]
    pub fn counterpart<A: Id, B: Id>(&self) -> Self {
        let other = |id: &str| match id.strip_prefix(A::PREFIX) {
            Some(digits) => format!("{}{digits}", B::PREFIX),
            None => id.to_owned(),
        };
        let cursor = self.cursor.as_ref().map(|cursor| Cursor { id: other(&cursor.id), ..cursor.clone() });
        Self { low: other(&self.low), high: other(&self.high), cursor, ..self.clone() }
    }

    /// Whether an id lies in it.
    pub fn holds(&self, id: &str) -> bool {
        self.low.as_str() < id && id < self.high.as_str()
    }

    /// The oldest objects of a list.
    pub fn oldest(limit: u32) -> Self {
        Self { backwards: true, ..Self::newest(limit) }
    }
}

/// An object at which a page begins or ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// Its id.
    pub id: String,
    /// The parameter that names it.
    pub param: &'static str,
    /// What it is, in words.
    pub noun: String,
}

/// A page, newest first.
#[derive(Debug)]
pub struct Page<T> {
    /// The objects.
    pub objects: Vec<T>,
    /// Whether there are more in the direction of reading.
    pub has_more: bool,
    /// The window's cursor, when there is no such object.
    pub unknown: Option<Cursor>,
}

impl<T> Page<T> {
    /// The part of a short list, newest first, that a window asks for, where the list's order is not that of its ids.
    pub fn within(mut objects: Vec<T>, id: impl Fn(&T) -> &str, window: &Window) -> Self {
        let mut unknown = None;
        if let Some(cursor) = &window.cursor {
            match objects.iter().position(|object| id(object) == cursor.id) {
                Some(at) if window.backwards => objects.truncate(at),
                Some(at) => drop(objects.drain(..=at)),
                None => unknown = Some(cursor.clone()),
            }
        }
        let limit = usize::try_from(window.limit).unwrap_or(1);
        let has_more = objects.len() > limit;
        if window.backwards {
            objects.drain(..objects.len().saturating_sub(limit));
        }
        objects.truncate(limit);
        Self { objects, has_more, unknown }
    }
}

/// Reads the rows of a page.
///
/// # Errors
/// When the database fails.
pub async fn rows(
    tx: &mut Tx,
    account: &AccountId,
    listing: Listing,
    window: &Window,
    filter: &[&str],
) -> Result<Page<Row>, DbError> {
    let filter: Vec<Param<'_>> = filter.iter().map(|value| Param::from(*value)).collect();
    filtered(tx, account, listing, window, &filter).await
}

/// The same, where the filter is not of texts alone.
///
/// # Errors
/// When the database fails.
pub async fn filtered(
    tx: &mut Tx,
    account: &AccountId,
    listing: Listing,
    window: &Window,
    filter: &[Param<'_>],
) -> Result<Page<Row>, DbError> {
    let sql = if window.backwards { listing.1 } else { listing.0 };
    let limit = usize::try_from(window.limit).unwrap_or(1);
    let mut params: Vec<Param<'_>> =
        binds![account.as_str(), window.low.as_str(), window.high.as_str(), window.limit + 1].to_vec();
    params.extend(filter);
    let mut objects = tx.query(sql, &params).await?;
    let has_more = objects.len() > limit;
    objects.truncate(limit);
    if window.backwards {
        objects.reverse();
    }
    let unknown = match &window.cursor {
        Some(cursor) => {
            let found = tx.query_opt(listing.2, binds![account.as_str(), cursor.id.as_str()]).await?;
            found.is_none().then(|| cursor.clone())
        }
        None => None,
    };
    Ok(Page { objects, has_more, unknown })
}

/// Reads a page of objects; `of` restricts it to one customer's (for refunds, one charge's; for customers, one e-mail
/// address's).
///
/// # Errors
/// When the database fails.
pub async fn page<T: Listed>(
    tx: &mut Tx,
    account: &AccountId,
    window: &Window,
    of: Option<&str>,
) -> Result<Page<T>, DbError> {
    let listing = if of.is_some() { T::OF } else { T::ALL };
    let filter: Vec<&str> = of.into_iter().collect();
    objects(rows(tx, account, listing, window, &filter).await?)
}

/// The objects of a page of rows.
///
/// # Errors
/// When a document cannot be read.
pub fn objects<T: Object>(page: Page<Row>) -> Result<Page<T>, DbError> {
    let objects = page.objects.iter().map(|row| from_row(row).map(|v| v.object)).collect::<Result<_, _>>()?;
    Ok(Page { objects, has_more: page.has_more, unknown: page.unknown })
}

/// The methods of a customer, for erasing them.
///
/// # Errors
/// When the database fails.
pub async fn methods_of(
    tx: &mut Tx,
    account: &AccountId,
    customer: &CustomerId,
    limit: u32,
) -> Result<Vec<PaymentMethod>, DbError> {
    Ok(page(tx, account, &Window::oldest(limit), Some(customer.as_str())).await?.objects)
}
