"""The proof for what is charged on schedule: server and vault are killed while a run goes on, and it finishes.

Every occurrence is charged exactly once, by the processor's own ledger, to the cent.
"""

import collections
import concurrent.futures
import os
import time

import pytest
import stripe

from conftest import database, own_installation
from killer import Killer, interrupted, operations

SEED = int(os.environ.get("ONFILE_E2E_SEED") or 20261128)
CUSTOMERS = 400
CLIENTS = 32
KILLS = 10
STRIKE_SECONDS_MAX = 0.5
# Time enough to make everybody before anything is due; then they become due over this long, so that every death
# catches agreements that wait, are invoiced, are under way and are being settled.
DUE_IN_SECONDS = 40
DUE_WITHIN_SECONDS = 20
FINISHES_WITHIN_SECONDS = 120
LATENCY = {"p50": 700, "p99": 2_500}
FAULTS = {"charge_then_drop": 0.05, "charge_then_500": 0.02, "drop_then_nothing": 0.02}
FIRST_AMOUNT = 20_000
OPEN = "SELECT COUNT(*) FROM operations WHERE state IN ('sending', 'pending', 'unknown')"


@pytest.fixture(scope="module")
def own_stack():
    yield from own_installation("runs")


@pytest.fixture(scope="module")
def client(own_stack):
    return stripe.StripeClient(own_stack.secret_key, base_addresses={"api": own_stack.api}, max_network_retries=5)


def subscribed(client, price: str, due: int, number: int) -> str:
    """A customer with an amount of their own: the price is a cent, and they take so many."""
    who = client.v1.customers.create({"name": f"Customer {number}"}).id
    card = client.v1.payment_methods.attach("pm_card_visa", {"customer": who}).id
    return client.v1.subscriptions.create({
        "customer": who, "items": [{"price": price, "quantity": FIRST_AMOUNT + number}],
        "default_payment_method": card, "billing_cycle_anchor": due, "proration_behavior": "none",
    }).id


def until(what: str, good) -> None:
    deadline = time.monotonic() + FINISHES_WITHIN_SECONDS
    while not good():
        assert time.monotonic() < deadline, f"{what} after {FINISHES_WITHIN_SECONDS} s"
        time.sleep(0.25)


def test_a_run_that_is_killed_again_and_again_charges_everybody_once(own_stack, client, capsys):
    price = client.v1.prices.create({
        "currency": "usd", "unit_amount": 1, "recurring": {"interval": "month"}, "product_data": {"name": "Cents"},
    }).id
    due = int(time.time()) + DUE_IN_SECONDS
    when = lambda number: due + number * DUE_WITHIN_SECONDS // CUSTOMERS
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        made = list(pool.map(lambda number: subscribed(client, price, when(number), number), range(CUSTOMERS)))
    assert time.time() < due, "nobody was due before all were made"
    own_stack.faults(seed=SEED, latency_ms=LATENCY, **FAULTS)
    time.sleep(max(0.0, due - time.time()))

    killer = Killer(own_stack, SEED)
    for _ in range(KILLS):
        killer.strike(STRIKE_SECONDS_MAX)
    own_stack.faults()
    for victim in ("server", "vault"):
        own_stack.wait_for(victim)

    paid = "SELECT COUNT(*) FROM invoices WHERE status = 'paid'"
    until("not everything is paid", lambda: own_stack.rows("server", paid) == [[str(CUSTOMERS)]])
    until("operations are open", lambda: own_stack.rows("server", OPEN) == [["0"]])
    caught = interrupted(killer.kills, operations(own_stack), [])
    with capsys.disabled():
        victims = collections.Counter(kill.victim for kill in killer.kills)
        print(f"\nseed {SEED} on {database()}: killed {dict(victims)} in a run of {CUSTOMERS}")
        for (victim, stage), count in sorted(caught.items()):
            print(f"  {victim} died {stage} of {count} operations")

    # The deaths came in the middle of the work, or nothing was proved.
    assert {("server", "after send"), ("vault", "after send")} <= caught.keys()
    amounts = collections.Counter(line["amount"] for line in captures(own_stack))
    assert amounts == collections.Counter(range(FIRST_AMOUNT, FIRST_AMOUNT + CUSTOMERS))
    for subscription in made[:: CUSTOMERS // 20]:
        invoice, = client.v1.invoices.list({"subscription": subscription}).data
        assert (invoice.status, invoice.amount_paid) == ("paid", invoice.total)
    _check_reports(client)


def captures(stack) -> list[dict]:
    return [line for line in stack.ledger() if line["kind"] == "capture"]


def _check_reports(client) -> None:
    """The runs' reports say what the ledger says, and every run comes to its end."""
    runs = lambda: client.raw_request("get", "/v1/onfile/runs?limit=100").data["data"]
    until("a run has not finished", lambda: all(run["status"] == "finished" for run in runs()))
    totals = collections.Counter()
    for run in runs():
        paid = run["report"].get("usd", {}).get("paid", {"count": 0, "amount": 0})
        totals.update(paid)
    assert totals == {"count": CUSTOMERS, "amount": sum(range(FIRST_AMOUNT, FIRST_AMOUNT + CUSTOMERS))}
