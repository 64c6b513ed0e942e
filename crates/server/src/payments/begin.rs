//! The first half of every operation (M1): it is committed as *sending* before anything is sent.

use onfile_connectors::{Connector, Request};
use onfile_core::attempts::{Initiator, check_attempt};
use onfile_core::ids::{ChargeId, Id, OperationId, PaymentMethodId, RefundId};
use onfile_core::operation::OperationState;
use onfile_core::vault_contract::ForwardOrder;
use onfile_service::db::{DbError, Tx};

use crate::app::App;
use crate::model::operation::{Kind, Operation, OperationDoc};
use crate::model::payment_method::PaymentMethod;
use crate::store::operations;

use super::{Cause, Error};

/// Where payments go. Routing rules between processors will choose here.
pub(super) const PROCESSOR: Connector = Connector::Sandbox;

/// An operation to begin.
pub(super) struct Plan<'a> {
    pub(super) kind: Kind,
    /// The payment intent or setup intent (M2 counts by it).
    pub(super) debt: &'a str,
    pub(super) initiator: Initiator,
    pub(super) request: Request<'a>,
    pub(super) amount: i64,
    /// The method whose number belongs into the request.
    pub(super) instrument: Option<&'a PaymentMethod>,
    pub(super) payment_method: Option<&'a PaymentMethodId>,
    pub(super) charge: Option<&'a ChargeId>,
    pub(super) refund: Option<&'a RefundId>,
}

/// Writes the operation into the caller's transaction. After its commit, [`super::carry_out`] sends it.
///
/// # Errors
/// [`Error::Busy`] when another operation of the debt is open (M2), [`Error::AttemptsExhausted`] when its attempts are
/// used up (M4).
pub(super) async fn begin(tx: &mut Tx, app: &App, cause: &Cause, plan: Plan<'_>) -> Result<Operation, Error> {
    let account = &cause.account.id;
    if plan.kind.is_attempt() {
        check_attempt(plan.initiator, operations::attempts(tx, account, plan.debt, plan.initiator).await?)?;
    }
    let operation = prepare(app, cause, plan);
    match operations::insert(tx, account, &operation, lease_until(app, &operation)).await {
        Err(DbError::Duplicate(_)) => Err(Error::Busy),
        Err(error) => Err(error.into()),
        Ok(()) => Ok(operation),
    }
}

/// Writes operations that `prepare` made for debts that nobody else knows yet, in the transaction that makes the debts.
///
/// # Errors
/// When the database fails.
pub async fn begin_all(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    operations: &[Operation],
) -> Result<(), DbError> {
    let lease_until = app.now_ms() + app.config.processing.lease_ms;
    operations::insert_all(tx, &cause.account.id, operations, lease_until).await
}

/// Until when a begun operation belongs to its sender, Unix milliseconds.
pub(super) fn lease_until(app: &App, operation: &Operation) -> i64 {
    operation.created + app.config.processing.lease_ms
}

/// The operation of a plan, not yet written: nothing may be sent of it before it is committed.
pub(super) fn prepare(app: &App, cause: &Cause, plan: Plan<'_>) -> Operation {
    let account = &cause.account.id;
    let id: OperationId = app.ids.next();
    let draft = PROCESSOR.build(&plan.request, id.as_str());
    let is_card = plan.instrument.is_some_and(|method| !method.is_bank_account());
    Operation {
        id: id.clone(),
        debt: plan.debt.to_owned(),
        kind: plan.kind,
        state: OperationState::Sending,
        initiator: plan.initiator,
        fingerprint: plan.instrument.map(|method| method.fingerprint().to_owned()),
        created: app.now_ms(),
        checks: 0,
        doc: OperationDoc {
            order: ForwardOrder {
                account: account.clone(),
                key: id,
                processor: PROCESSOR.name().to_owned(),
                method: draft.method,
                path: draft.path,
                body: draft.body,
                instrument: plan.instrument.map(|method| method.id.as_str().to_owned()),
                // A merchant-initiated request never carries a security code: none may be kept for it (PCI DSS 3.3.1).
                with_cvc: is_card && plan.initiator == Initiator::Customer,
                send_before: None,
            },
            amount: plan.amount,
            payment_method: plan.payment_method.cloned(),
            charge: plan.charge.cloned(),
            refund: plan.refund.cloned(),
            bank_account: plan.instrument.is_some() && !is_card,
            never_resend: matches!(plan.kind, Kind::Complete | Kind::CompleteVerify),
            left_at: None,
            result: None,
            request_id: cause.request_id.clone(),
            idempotency_key: cause.idempotency_key().map(str::to_owned),
        },
    }
}
