use std::fs;
use std::sync::Arc;

use super::*;
use crate::entry::{Event, Fact, FactKind, NewPayment, Stamp};
use crate::ids::{PaymentId, RefundId};
use crate::last4::Last4;
use crate::ledger::Ledger;
use crate::money::Currency;
use crate::rules::{CvcCheck, Initiator};
use crate::secrets::Secrets;
use crate::wire::Status;
use onfile_core::ids::Id;

fn payment(seq: u64, number: u64) -> Entry {
    let id = PaymentId::from_trusted(format!("pay_{number}"));
    let currency = Currency::parse("eur").unwrap();
    let mark = Secrets::for_tests().mark("test", &[]);
    let fact = |kind| Fact {
        kind,
        payment: id.clone(),
        amount: 500,
        currency,
        initiator: Initiator::Customer,
        last4: Last4::of("4242").unwrap(),
        decline_code: None,
        return_code: None,
    };
    let stamp =
        Stamp { key: format!("op_{number}").into(), reference: format!("op_{number}").into(), body: mark };
    Entry {
        seq,
        time: "2026-11-22T10:00:00Z".parse().unwrap(),
        merchant: "acct_1".into(),
        operation: Some(stamp),
        event: Event::Payment(Box::new(NewPayment {
            id: id.clone(),
            verification: false,
            amount: 500,
            currency,
            capture: true,
            initiator: Initiator::Customer,
            last4: Last4::of("4242").unwrap(),
            card: mark,
            status: Status::Captured,
            decline: None,
            cvc_check: CvcCheck::Pass,
            network_transaction_id: "abc".into(),
            challenge: None,
        })),
        facts: vec![fact(FactKind::Authorisation), fact(FactKind::Capture)],
    }
}

fn check() -> Mark {
    Secrets::for_tests().key_check()
}

/// Opens the ledger in `dir` and writes payments with these numbers.
async fn write(dir: &Path, numbers: std::ops::Range<u64>) {
    let (file, mut state, durable) = open(dir, check()).unwrap();
    let (ledger, writer) = Ledger::start(file, durable).unwrap();
    for number in numbers {
        let entry = payment(state.next_seq(), number);
        state.apply(&entry).unwrap();
        ledger.place().await.unwrap().write(entry).durable().await.unwrap();
    }
    assert_eq!(ledger.durable().lines, state.lines());
    drop(ledger);
    writer.finish();
}

fn lines_after_reopening(dir: &Path) -> Result<(u64, u64), OpenError> {
    open(dir, check()).map(|(_, state, _)| (state.lines(), state.next_seq()))
}

#[tokio::test]
async fn what_was_durable_is_there_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), 0..3).await;
    write(dir.path(), 3..5).await;
    let (_file, state, durable) = open(dir.path(), check()).unwrap();
    assert_eq!((state.lines(), state.next_seq(), durable.lines), (5, 11, 5));
    let operation: Arc<_> = state.by_key("acct_1", "op_4").unwrap().clone();
    assert_eq!(operation.line, 5);
    let payment = state.payment("acct_1", &PaymentId::from_trusted("pay_4".into())).unwrap();
    assert_eq!((payment.captured, payment.status), (500, Status::Captured));
    assert!(state.payment("acct_2", &payment.first.id).is_none(), "nobody else's is found");
}

#[tokio::test]
async fn a_torn_last_line_is_cut_off_wherever_it_tore() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), 0..3).await;
    let path = dir.path().join(FILE_NAME);
    let whole = fs::read(&path).unwrap();
    let last_start = whole[..whole.len() - 1].iter().rposition(|&b| b == b'\n').unwrap() + 1;
    for cut in [last_start + 1, last_start + 40, whole.len() - 2, whole.len() - 1] {
        fs::write(&path, &whole[..cut]).unwrap();
        assert_eq!(lines_after_reopening(dir.path()).unwrap(), (2, 5), "cut at {cut}");
        assert_eq!(fs::read(&path).unwrap(), &whole[..last_start], "cut at {cut}");
    }
    write(dir.path(), 7..8).await;
    assert_eq!(lines_after_reopening(dir.path()).unwrap(), (3, 7));
}

#[tokio::test]
async fn a_torn_header_begins_a_new_ledger() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), 0..0).await;
    let path = dir.path().join(FILE_NAME);
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..10]).unwrap();
    assert_eq!(lines_after_reopening(dir.path()).unwrap(), (0, 1));
    assert_eq!(fs::read(&path).unwrap(), whole);
}

#[tokio::test]
async fn damage_anywhere_else_refuses_to_start_and_leaves_the_file_alone() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), 0..3).await;
    let path = dir.path().join(FILE_NAME);
    let whole = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let torn = lines[1].split_at(lines[1].len() / 2).0;
    for (damaged, line) in [
        ([lines[0], torn, lines[2], lines[3], ""].join("\n"), 2),
        ([torn, lines[1], lines[2], lines[3], ""].join("\n"), 1),
        ([lines[0], lines[1], lines[3], ""].join("\n"), 3),
    ] {
        fs::write(&path, &damaged).unwrap();
        match lines_after_reopening(dir.path()) {
            Err(OpenError::Damaged { line: at, .. } | OpenError::Inconsistent { line: at, .. }) => {
                assert_eq!(at, line, "{damaged}");
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), damaged);
    }
}

#[tokio::test]
async fn another_key_a_newer_version_and_a_second_process_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), 0..1).await;
    let other = Secrets::for_tests().mark("another key", &[]);
    assert!(matches!(open(dir.path(), other), Err(OpenError::WrongKey)));
    let held = open(dir.path(), check()).unwrap();
    assert!(matches!(open(dir.path(), check()), Err(OpenError::InUse)));
    drop(held);
    let path = dir.path().join(FILE_NAME);
    let newer =
        fs::read_to_string(&path).unwrap().replacen("\"ledger_version\":1", "\"ledger_version\":2", 1);
    fs::write(&path, newer).unwrap();
    assert!(matches!(open(dir.path(), check()), Err(OpenError::Newer(2))));
}

#[test]
fn a_line_about_an_unknown_payment_changes_nothing() {
    let mut state = State::empty();
    let mut entry = payment(1, 1);
    entry.facts.clear();
    let payment = PaymentId::from_trusted("pay_9".into());
    entry.event = Event::Refunded { payment, id: RefundId::from_trusted("ref_1".into()), amount: 1 };
    assert!(matches!(state.apply(&entry), Err(Inconsistent::NoPayment(_))));
    assert_eq!((state.lines(), state.next_seq()), (0, 1));
    assert!(state.by_key("acct_1", "op_1").is_none());
}
