//! The only way out: orders to processors, each committed as *sent* before it leaves (M1).
//!
//! The caller says what to ask of which processor; the vault decides whether, where the card goes, and with which
//! credentials. An order leaves once. It leaves again, under the same key, only when no answer is known and no
//! security code went along; whatever is not certain is answered [`ForwardAnswer::NoAnswer`]. It never leaves after the
//! lease of its sender ([`ForwardOrder::send_before`]): a sender that slept, or a request that lay about, is refused here.

mod hash;
pub mod in_flight;
pub mod placement;
pub mod processors;
mod request;
mod scrub;

use onfile_core::ids::Id;
use onfile_core::vault_contract::{ForwardAnswer, ForwardOrder, HttpMethod, RefusalCode};
use onfile_service::db::DbError;
use serde_json::Value;

use crate::accounts::Account;
use crate::cvcs::Held;
use crate::internal::{NotDone, no_such_method, source_expired, source_used};
use crate::record::Instrument;
use crate::store::instruments::{self, InstrumentRow};
use crate::store::orders::{self, OrderRow};
use crate::test_tokens;
use crate::vault::Vault;
use placement::Placement;
use processors::{Processor, Sent};

/// Sends an order, or answers it from the record.
///
/// # Errors
/// [`NotDone`]: nothing was sent under this order by this call, and nothing was recorded.
pub async fn forward(
    vault: &Vault,
    account: &Account,
    order: &ForwardOrder,
) -> Result<ForwardAnswer, NotDone> {
    let processor = vault.processors.get(&order.processor).ok_or_else(|| not_allowed("no such processor"))?;
    let placement = placement::check(processor.kind, order).map_err(not_allowed)?;
    if order.method == HttpMethod::Get {
        return Ok(look_up(processor, order).await);
    }
    let (account_id, operation) = (account.id.as_str(), order.key.as_str());
    let in_flight = vault.in_flight.enter(account_id, operation);
    let _in_flight = in_flight
        .ok_or_else(|| NotDone::refused(RefusalCode::KeyInUse, "this order is being sent at this moment"))?;
    let work = Work { vault, account, order, processor, placement, hash: hash::of(order) };
    let mut tx = vault.db.read().await?;
    let recorded = orders::find(&mut tx, account_id, operation).await?;
    let row = match &order.instrument {
        Some(id) if recorded.as_ref().is_none_or(|row| row.answer.is_none()) => {
            instruments::find(&mut tx, account_id, id).await?
        }
        _ => None,
    };
    drop(tx);
    match recorded {
        Some(recorded) => work.again(recorded, row).await,
        None => work.first(row).await,
    }
}

/// The answer when it is not known what happened: an answer that forbids to send again.
pub fn unknown() -> ForwardAnswer {
    ForwardAnswer::NoAnswer { carried_cvc: true, reason: "the vault did not complete the order".into() }
}

fn not_allowed(why: &str) -> NotDone {
    NotDone::refused(RefusalCode::NotAllowed, why)
}

/// What is said of an order whose sender's lease is over.
const TOO_LATE: &str = "the time within which this order may leave is over";

fn too_late() -> NotDone {
    NotDone::refused(RefusalCode::TooLate, TOO_LATE)
}

/// A look-up has no effect: it is not recorded and may be repeated at will.
async fn look_up(processor: &Processor, order: &ForwardOrder) -> ForwardAnswer {
    match processor.get(order).await {
        Sent::Answered { status, body } => ForwardAnswer::Answered { status, body, carried_cvc: false },
        Sent::NotSent(reason) => ForwardAnswer::NotSent { reason: reason.into() },
        Sent::NoAnswer(reason) => ForwardAnswer::NoAnswer { carried_cvc: false, reason: reason.into() },
    }
}

/// An order under way.
struct Work<'a> {
    vault: &'a Vault,
    account: &'a Account,
    order: &'a ForwardOrder,
    processor: &'a Processor,
    placement: Placement,
    hash: [u8; 32],
}

/// What goes into the request, and the row it came from; a test card has none.
struct Opened {
    instrument: Instrument,
    source_id: Option<String>,
    redeemed: bool,
}

impl Work<'_> {
    fn key(&self) -> (&str, &str) {
        (self.account.id.as_str(), self.order.key.as_str())
    }

    /// The first sending of an order.
    async fn first(&self, row: Option<InstrumentRow>) -> Result<ForwardAnswer, NotDone> {
        let opened = self.open(row)?;
        let source = opened.as_ref().and_then(|opened| opened.source_id.as_deref());
        // Whoever sends an authorisation uses the code up, whether it goes along or not: it must not outlive it.
        let held = source.and_then(|source| self.vault.cvcs.take(source, self.vault.now_ms()));
        let carried_cvc = self.order.with_cvc && held.is_some();
        if let Err(error) = self.record_sent(opened.as_ref(), carried_cvc).await {
            self.put_back(source, held);
            return Err(error);
        }
        if self.is_too_late() {
            // The commit took so long.
            if self.record_unsent(source).await {
                self.put_back(source, held);
            }
            return Err(too_late());
        }
        let cvc = held.as_ref().filter(|_| carried_cvc).map(Held::cvc);
        let card = opened.as_ref().map(|opened| (&opened.instrument, cvc));
        match self.processor.post(self.order, &self.placement, card).await {
            Sent::Answered { status, body } => Ok(self.record_answer(status, body, carried_cvc).await),
            Sent::NoAnswer(reason) => Ok(ForwardAnswer::NoAnswer { carried_cvc, reason: reason.into() }),
            Sent::NotSent(reason) => {
                if self.record_unsent(source).await {
                    self.put_back(source, held);
                    Ok(ForwardAnswer::NotSent { reason: reason.into() })
                } else {
                    Ok(ForwardAnswer::NoAnswer {
                        carried_cvc,
                        reason: "sent meanwhile by another node".into(),
                    })
                }
            }
        }
    }

    /// An order that is recorded already.
    async fn again(&self, recorded: OrderRow, row: Option<InstrumentRow>) -> Result<ForwardAnswer, NotDone> {
        if recorded.request_hash != self.hash {
            return Err(NotDone::refused(RefusalCode::KeyReused, "this key was used with another order"));
        }
        let carried_cvc = recorded.carried_cvc;
        if let Some((status, text)) = recorded.answer {
            return Ok(stored(status, &text, carried_cvc));
        }
        let no_answer = |reason: &str| Ok(ForwardAnswer::NoAnswer { carried_cvc, reason: reason.into() });
        if carried_cvc {
            return no_answer("a security code went along, so it must not be sent again");
        }
        // From here on a refusal would say that nothing was sent, which is not known.
        let Ok(opened) = self.open(row) else {
            return Ok(ForwardAnswer::NoAnswer {
                // Said as of a security code: it never leaves again, so the caller is to look it up alone.
                carried_cvc: true,
                reason: "it cannot be sent again: the card is no longer here".into(),
            });
        };
        if self.is_too_late() {
            return no_answer(TOO_LATE);
        }
        if !self.count_sending().await? {
            return no_answer("it was answered or undone at this moment; ask again");
        }
        let card = opened.as_ref().map(|opened| (&opened.instrument, None));
        match self.processor.post(self.order, &self.placement, card).await {
            Sent::Answered { status, body } => Ok(self.record_answer(status, body, false).await),
            // This sending did not leave; an earlier one may have.
            Sent::NoAnswer(reason) | Sent::NotSent(reason) => no_answer(reason),
        }
    }

    /// Opens the instrument that the order names.
    fn open(&self, row: Option<InstrumentRow>) -> Result<Option<Opened>, NotDone> {
        let Some(id) = &self.order.instrument else { return Ok(None) };
        let opened = match row {
            Some(row) => {
                let redeemed = row.method_id.is_some();
                if redeemed && row.method_id.as_deref() != Some(id.as_str()) {
                    return Err(source_used());
                }
                if row.is_expired(self.vault.now_ms()) {
                    return Err(source_expired());
                }
                if row
                    .used_by
                    .as_deref()
                    .is_some_and(|used_by| !redeemed && used_by != self.order.key.as_str())
                {
                    return Err(source_used());
                }
                let instrument = self.vault.open(self.account.id.as_str(), &row)?;
                Opened { instrument, source_id: Some(row.source_id), redeemed }
            }
            None if !self.account.livemode => {
                let instrument =
                    test_tokens::instrument(id, self.vault.clock.now()).ok_or_else(no_such_method)?;
                Opened { instrument, source_id: None, redeemed: false }
            }
            None => return Err(no_such_method()),
        };
        if !self.placement.takes(&opened.instrument) {
            return Err(not_allowed("this path takes no instrument of this kind"));
        }
        Ok(Some(opened))
    }

    /// Commits that the order is about to leave, and that its source, if it is not kept, is used up by it.
    async fn record_sent(&self, opened: Option<&Opened>, carried_cvc: bool) -> Result<(), NotDone> {
        let (account, operation) = self.key();
        if self.is_too_late() {
            return Err(too_late());
        }
        let now_ms = self.vault.now_ms();
        let mut tx = self.vault.db.begin().await?;
        let unkept = opened.filter(|opened| !opened.redeemed).and_then(|opened| opened.source_id.as_deref());
        if let Some(source) = unkept
            && !instruments::use_source(&mut tx, account, source, operation, now_ms).await?
        {
            return Err(source_used());
        }
        match orders::insert_sent(&mut tx, self.key(), &self.hash, carried_cvc, now_ms).await {
            Err(DbError::Duplicate(_)) => {
                Err(NotDone::refused(RefusalCode::KeyInUse, "another node sends this order at this moment"))
            }
            other => {
                other?;
                Ok(tx.commit().await?)
            }
        }
    }

    /// Removes the record of an order that did not leave. False when another node has sent it meanwhile.
    async fn record_unsent(&self, source: Option<&str>) -> bool {
        let (account, operation) = self.key();
        let undo = async {
            let mut tx = self.vault.db.begin().await?;
            let undone = orders::delete_unsent(&mut tx, account, operation).await?;
            if let Some(source) = source.filter(|_| undone) {
                instruments::unuse_source(&mut tx, account, source, operation).await?;
            }
            tx.commit().await?;
            Ok::<_, DbError>(undone)
        };
        // If this fails the order stays recorded as sent, which is only ever too careful: a replay resends or asks.
        undo.await.unwrap_or_else(|error| {
            tracing::warn!(%error, operation, "an unsent order stays recorded as sent");
            false
        })
    }

    /// Whether the sender's lease is over, by the vault's clock.
    fn is_too_late(&self) -> bool {
        self.order.send_before.is_some_and(|end| self.vault.now_ms() >= end)
    }

    async fn count_sending(&self) -> Result<bool, NotDone> {
        let (account, operation) = self.key();
        let mut tx = self.vault.db.begin().await?;
        let counted = orders::count_sending(&mut tx, account, operation).await?;
        tx.commit().await?;
        Ok(counted)
    }

    /// Stores the answer, then gives it. What could not be stored is not given: a replay must say the same.
    async fn record_answer(&self, status: u16, body: Value, carried_cvc: bool) -> ForwardAnswer {
        let (account, operation) = self.key();
        let text = body.to_string();
        let store = async {
            let mut tx = self.vault.db.begin().await?;
            let first =
                orders::record_answer(&mut tx, self.key(), status, &text, self.vault.now_ms()).await?;
            let known = if first { None } else { orders::find(&mut tx, account, operation).await? };
            tx.commit().await?;
            Ok::<_, DbError>((first, known))
        };
        match store.await {
            Ok((true, _)) => ForwardAnswer::Answered { status, body, carried_cvc },
            Ok((false, Some(OrderRow { answer: Some((status, text)), .. }))) => {
                stored(status, &text, carried_cvc)
            }
            Ok((false, _)) => {
                tracing::error!(operation, "the record of a sent order is gone");
                ForwardAnswer::NoAnswer { carried_cvc, reason: "the record of the order is gone".into() }
            }
            Err(error) => {
                tracing::error!(%error, operation, "an answer could not be recorded");
                ForwardAnswer::NoAnswer { carried_cvc, reason: "the answer could not be recorded".into() }
            }
        }
    }

    fn put_back(&self, source: Option<&str>, held: Option<Held>) {
        if let (Some(source), Some(held)) = (source, held) {
            self.vault.cvcs.put_back(source, held);
        }
    }
}

fn stored(status: u16, text: &str, carried_cvc: bool) -> ForwardAnswer {
    let body = serde_json::from_str(text).unwrap_or(Value::Null);
    ForwardAnswer::Answered { status, body, carried_cvc }
}
