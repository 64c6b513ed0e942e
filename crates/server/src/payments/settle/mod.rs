//! What came back is committed: the operation, the payment, the charge or refund, and the events, in one transaction.

mod decline;
mod method;
pub(super) mod micro_deposits;
mod payment;
mod refund;
pub(super) mod set;
mod setup;

use onfile_core::ids::{Id, OperationId, PaymentIntentId, SetupIntentId};
use onfile_core::operation::OperationState;
use onfile_service::db::{DbError, Tx};

use crate::app::App;
use crate::model::charge::Charge;
use crate::model::event::Snapshot;
use crate::model::operation::{Kind, Operation};
use crate::model::payment_intent::PaymentIntent;
use crate::model::refund::Refund;
use crate::model::setup_intent::SetupIntent;
use crate::store::events::{self, News};
use crate::store::objects::{self, Versioned};
use crate::store::operations;

use super::carry_out::Report;
use super::{Cause, Error};

/// What an operation was for, after it was settled.
#[derive(Debug)]
pub enum Settled {
    /// A payment.
    Payment(Box<Versioned<PaymentIntent>>, OperationState),
    /// An attempt to save a method.
    Setup(Box<Versioned<SetupIntent>>, OperationState),
    /// Money given back.
    Refund(Box<Versioned<Refund>>, OperationState),
}

impl Settled {
    /// Where the operation stands now.
    pub(super) fn state(&self) -> OperationState {
        match self {
            Self::Payment(_, state) | Self::Setup(_, state) | Self::Refund(_, state) => *state,
        }
    }
}

/// The delays before the first look-ups of an unknown outcome, in milliseconds: 30 s, 5 min, 1 h. Then daily, for as
/// long as it takes: an outcome that nobody knows is no failure.
const CHECK_DELAYS_MS: [i64; 3] = [30_000, 300_000, 3_600_000];
/// The delay before every further look-up.
const DAILY_MS: i64 = 86_400_000;

/// Settles an operation. Doing it twice is harmless: whoever comes second finds it settled and changes nothing.
///
/// # Errors
/// When the database fails: then the operation stays as it was and is looked up later.
pub(super) async fn settle(
    app: &App,
    cause: &Cause,
    id: &OperationId,
    debt: &str,
    report: &Report,
) -> Result<Settled, Error> {
    let mut tx = app.db.begin().await?;
    let (settled, changed) = settle_in(&mut tx, app, cause, id, debt, report).await?;
    if changed {
        tx.commit().await?;
    }
    Ok(settled)
}

/// Settles an operation in the caller's transaction; tells whether there is anything to commit.
async fn settle_in(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    id: &OperationId,
    debt: &str,
    report: &Report,
) -> Result<(Settled, bool), Error> {
    // The debt is locked before its operation, everywhere, so that two who settle never wait for each other.
    let mut settling = Settling { app, cause, report, debt: Debt::lock(tx, cause, debt).await? };
    let account = &cause.account.id;
    let mut operation = operations::lock(tx, account, id)
        .await?
        .ok_or_else(|| DbError::Inconsistent(format!("operation {id} is gone")))?;
    let before = operation.state;
    if before == OperationState::RequiresAction {
        // The operation that goes on after the challenge speaks from now on: a look-up of this one that comes late
        // would tell what that one did, and it would count twice.
        return Ok((settling.as_it_is(tx, &operation).await?, false));
    }
    match operation.state.settle(settling.report.outcome) {
        Ok(state) => operation.state = state,
        Err(impossible) => {
            tracing::error!(operation = %id, %impossible, "an answer contradicts what is known; a person must look");
            return Ok((settling.as_it_is(tx, &operation).await?, false));
        }
    }
    if operation.state == before && before != OperationState::Unknown {
        return Ok((settling.as_it_is(tx, &operation).await?, false));
    }
    settling.remember(&mut operation);
    let settled = if operation.state == before {
        settling.as_it_is(tx, &operation).await?
    } else {
        settling.apply(tx, &mut operation).await?
    };
    let check_at = next_check(app, &mut operation);
    operations::save(tx, account, &operation, app.now_ms(), check_at).await?;
    Ok((settled, true))
}

/// What an operation belongs to, locked.
enum Debt {
    Payment(Box<Versioned<PaymentIntent>>),
    Setup(Box<Versioned<SetupIntent>>),
}

impl Debt {
    async fn lock(tx: &mut Tx, cause: &Cause, debt: &str) -> Result<Self, Error> {
        let account = &cause.account.id;
        let gone = || DbError::Inconsistent(format!("{debt} is gone"));
        if let Some(id) = SetupIntentId::parse(debt) {
            return Ok(Self::Setup(Box::new(objects::lock(tx, account, &id).await?.ok_or_else(gone)?)));
        }
        let id = PaymentIntentId::parse(debt).ok_or_else(gone)?;
        Ok(Self::Payment(Box::new(objects::lock(tx, account, &id).await?.ok_or_else(gone)?)))
    }
}

struct Settling<'a> {
    app: &'a App,
    cause: &'a Cause,
    report: &'a Report,
    debt: Debt,
}

impl Settling<'_> {
    /// Keeps the processor's words with the operation, and whether it may ever be sent again.
    fn remember(&self, operation: &mut Operation) {
        operation.doc.result = Some(self.report.words.clone());
        operation.doc.never_resend |= self.report.never_resend;
        operation.doc.left_at = self.report.left_at.or(operation.doc.left_at);
    }

    async fn apply(&mut self, tx: &mut Tx, operation: &mut Operation) -> Result<Settled, Error> {
        match (&mut self.debt, operation.kind) {
            (debt, Kind::MicroDeposits) => {
                micro_deposits::sent(tx, self.app, self.cause, self.report, debt, operation).await
            }
            (debt, Kind::VerifyMicroDeposits) => {
                micro_deposits::guessed(tx, self.app, self.cause, self.report, debt, operation).await
            }
            (Debt::Payment(intent), Kind::Refund) => {
                refund::settle(tx, self.app, self.cause, self.report, intent, operation).await
            }
            (Debt::Payment(intent), Kind::Authorise | Kind::Complete) => {
                payment::settle_attempt(tx, self.app, self.cause, self.report, intent, operation).await
            }
            (Debt::Payment(intent), Kind::Capture | Kind::Void) => {
                payment::settle_follow_up(tx, self.app, self.cause, intent, operation).await
            }
            (Debt::Setup(intent), _) => {
                setup::settle(tx, self.app, self.cause, self.report, intent, operation).await
            }
            (Debt::Payment(intent), Kind::Verify | Kind::CompleteVerify) => {
                Err(DbError::Inconsistent(format!("a verification of payment {}", intent.object.id)).into())
            }
        }
    }

    /// The present state, when there is nothing to change; the transaction is dropped.
    async fn as_it_is(&mut self, tx: &mut Tx, operation: &Operation) -> Result<Settled, Error> {
        if let Some(refund) = &operation.doc.refund {
            let refund = objects::load::<Refund>(tx, &self.cause.account.id, refund).await?;
            let refund = refund.ok_or_else(|| DbError::Inconsistent("a refund is gone".into()))?;
            return Ok(Settled::Refund(Box::new(refund), operation.state));
        }
        Ok(match &self.debt {
            Debt::Payment(intent) => Settled::Payment(intent.clone(), operation.state),
            Debt::Setup(intent) => Settled::Setup(intent.clone(), operation.state),
        })
    }
}

/// Whether the processor did nothing and will do nothing.
fn came_to_nothing(state: OperationState) -> bool {
    matches!(state, OperationState::Declined | OperationState::NotSent | OperationState::Absent)
}

/// Whether a challenge waits as before, because the request to go on after it surely never arrived.
fn still_waits(operation: &Operation) -> bool {
    matches!(operation.kind, Kind::Complete | Kind::CompleteVerify)
        && matches!(operation.state, OperationState::NotSent | OperationState::Absent)
}

/// When an outcome that is still not known is looked up next.
fn next_check(app: &App, operation: &mut Operation) -> i64 {
    if operation.state == OperationState::Pending {
        // Banks speak once a day: `debits::poll` looks it up in its own, slow rhythm.
        return app.now_ms() + app.config.processing.pending_check_ms;
    }
    if operation.state != OperationState::Unknown {
        return app.now_ms();
    }
    let delay = check_delay_ms(operation.checks);
    operation.checks += 1;
    app.now_ms() + delay.min(app.config.processing.check_delay_max_ms)
}

/// How long is waited before the next look-up, after so many.
fn check_delay_ms(checks: i64) -> i64 {
    let step = usize::try_from(checks).unwrap_or(usize::MAX);
    CHECK_DELAYS_MS.get(step).copied().unwrap_or(DAILY_MS)
}

/// Appends an event about an object that was changed in this transaction.
async fn tell(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    kind: &str,
    version: i64,
    snapshot: Snapshot,
) -> Result<(), DbError> {
    events::append(tx, app, cause, &News { kind, version, snapshot: &snapshot, before: None }).await
}

/// Tells that a charge is not as it was.
///
/// # Errors
/// When the database fails.
pub(super) async fn tell_updated(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    charge: Versioned<Charge>,
) -> Result<(), DbError> {
    let (version, before) = (charge.version, charge.before.as_deref());
    let snapshot = Snapshot::Charge(charge.object);
    let news = News { kind: "charge.updated", version, snapshot: &snapshot, before };
    events::append(tx, app, cause, &news).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_outcome_is_looked_up_soon_then_seldom_then_daily_for_ever() {
        let delays: Vec<i64> = (0..5).map(|checks| check_delay_ms(checks) / 1_000).collect();
        assert_eq!(delays, [30, 300, 3_600, 86_400, 86_400]);
        assert_eq!(check_delay_ms(i64::MAX), DAILY_MS);
    }
}
