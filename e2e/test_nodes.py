"""Several processes share the work over PostgreSQL: a run, a worker that sleeps beyond its lease, one that is killed.

Every occurrence is charged exactly once, by the processor's own ledger, whoever did what.
"""

import collections
import concurrent.futures
import contextlib
import re
import signal
import time

import pytest
import stripe

from conftest import database, own_installation

pytestmark = pytest.mark.skipif(database() != "postgres", reason="an SQLite file belongs to one process")

WORKERS = ("worker-1", "worker-2")
CUSTOMERS = 16
CLIENTS = 16
# More than one set, and more than a worker has under way at a time: so some are committed and wait to be sent.
AGREEMENTS = 400
# Time enough to make everybody before anything is due.
DUE_IN_SECONDS = 25
# For the shared run: a few become due every second, and an answer takes longer than that.
SHARED = 240
SHARED_WITHIN_SECONDS = 12
ANSWER_MS = 1_500
FINISHES_WITHIN_SECONDS = 180
# Time enough for whoever wakes to do what it had begun.
AWAKE_SECONDS = 5
OPEN = "SELECT COUNT(*) FROM operations WHERE state IN ('sending', 'pending', 'unknown')"
BILLED = re.compile(r"billed a set.*agreements\W+(\d+)")
TOO_LATE = "its lease was over"


@pytest.fixture(scope="module")
def own_stack():
    for stack in own_installation("nodes", workers=len(WORKERS)):
        for worker in WORKERS:
            until(f"{worker} does not work", lambda: "working" in stack.log(worker))
        yield stack


@pytest.fixture(scope="module")
def shop(own_stack):
    return Shop(own_stack)


class Shop:
    """Customers whose agreements all become due around one moment, each with an amount of its own."""

    def __init__(self, stack):
        addresses = {"api": stack.api}
        self.api = stripe.StripeClient(stack.secret_key, base_addresses=addresses, max_network_retries=2)
        price = {"currency": "usd", "unit_amount": 1, "recurring": {"interval": "month"}}
        self._price = self.api.v1.prices.create({**price, "product_data": {"name": "Cents"}}).id
        self._customers = [self._customer(number) for number in range(CUSTOMERS)]
        self._next_amount = 20_000

    def _customer(self, number: int) -> tuple[str, str]:
        who = self.api.v1.customers.create({"name": f"Customer {number}"}).id
        return who, self.api.v1.payment_methods.attach("pm_card_visa", {"customer": who}).id

    def subscribe(self, count: int, within_seconds: int = 1) -> tuple[int, range]:
        """Makes agreements; answers with the moment at which the first is due, and their amounts."""
        amounts = range(self._next_amount, self._next_amount + count)
        self._next_amount += count
        due = int(time.time()) + DUE_IN_SECONDS

        def make(number: int) -> None:
            who, card = self._customers[number % CUSTOMERS]
            self.api.v1.subscriptions.create({
                "customer": who, "items": [{"price": self._price, "quantity": amounts[number]}],
                "default_payment_method": card, "proration_behavior": "none",
                "billing_cycle_anchor": due + number * within_seconds // count,
            })

        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(make, range(count)))
        return due, amounts

    def runs(self) -> list[dict]:
        return self.api.raw_request("get", "/v1/onfile/runs?limit=100").data["data"]


def until(what: str, good) -> None:
    deadline = time.monotonic() + FINISHES_WITHIN_SECONDS
    while not good():
        assert time.monotonic() < deadline, f"{what} after {FINISHES_WITHIN_SECONDS} s"
        time.sleep(0.05)


def count(stack, name: str, query: str) -> int:
    return int(stack.rows(name, query)[0][0] or 0)


def operations(stack) -> int:
    return count(stack, "server", "SELECT COUNT(*) FROM operations")


def settled(values, seconds: float = 0.5):
    """What a reading comes to once it stays the same for so long."""
    last, since = values(), time.monotonic()
    while time.monotonic() - since < seconds:
        time.sleep(0.05)
        now = values()
        if now != last:
            last, since = now, time.monotonic()
    return last


def all_are_paid(stack, shop, amounts) -> None:
    """Nothing is open, everybody was charged once, by the ledger, and every run has come to its end."""
    first, last = amounts[0], amounts[-1]
    until("operations are open", lambda: count(stack, "server", OPEN) == 0)
    until("not everything is charged", lambda: len(charged(stack, amounts)) >= len(amounts))
    assert charged(stack, amounts) == collections.Counter(range(first, last + 1))
    until("a run has not finished", lambda: all(run["status"] == "finished" for run in shop.runs()))


def charged(stack, amounts) -> collections.Counter:
    lines = (line for line in stack.ledger() if line["kind"] == "capture")
    return collections.Counter(line["amount"] for line in lines if line["amount"] in amounts)


def billed(stack, worker: str, offset: int = 0) -> int:
    """How many agreements a worker has billed, by its own log."""
    return sum(map(int, BILLED.findall(stack.log(worker)[offset:])))


@contextlib.contextmanager
def both_sleep(stack):
    """Nobody works, so that nothing is billed before all is made; wakes whoever sleeps in the end."""
    sleeping = {worker: stack.kill(worker, signal.SIGSTOP) for worker in WORKERS}

    def wake(worker: str) -> None:
        stack.kill(worker, signal.SIGCONT)
        sleeping.pop(worker, None)

    try:
        yield wake
    finally:
        for worker in list(sleeping):
            stack.kill(worker, signal.SIGCONT)


def test_two_workers_share_a_run_and_the_server_does_nothing_of_it(own_stack, shop):
    before = {worker: len(own_stack.log(worker)) for worker in WORKERS}
    with both_sleep(own_stack) as wake:
        due, amounts = shop.subscribe(SHARED, SHARED_WITHIN_SECONDS)
        own_stack.faults(latency_ms=ANSWER_MS)
        time.sleep(max(0.0, due - time.time()))
        for worker in WORKERS:
            wake(worker)
    until("not everything is billed", lambda: operations(own_stack) == SHARED)
    own_stack.faults()
    all_are_paid(own_stack, shop, amounts)
    shares = {worker: billed(own_stack, worker, before[worker]) for worker in WORKERS}
    assert sum(shares.values()) == SHARED, shares
    assert all(shares.values()), f"both took part: {shares}"
    assert billed(own_stack, "server") == 0


def test_a_worker_that_sleeps_beyond_its_lease_sends_nothing_when_it_wakes(own_stack, shop):
    sent = lambda: count(own_stack, "vault", "SELECT COALESCE(SUM(sendings), 0) FROM orders")
    begun, left = operations(own_stack), sent()
    with both_sleep(own_stack) as wake:
        due, amounts = shop.subscribe(AGREEMENTS)
        own_stack.faults(latency_ms=ANSWER_MS)
        time.sleep(max(0.0, due + 1 - time.time()))
        wake("worker-1")
        until("not everything is billed", lambda: operations(own_stack) - begun == AGREEMENTS)
        with own_stack.paused("worker-1"):
            own_stack.faults()
            # What it wrote to its sockets still arrives.
            unsent = AGREEMENTS - (settled(sent) - left)
            assert unsent > 0, "it sleeps in the middle of the run"
            wake("worker-2")
            all_are_paid(own_stack, shop, amounts)
            ledger, sendings = own_stack.ledger(), sent()
            slept = len(own_stack.log("worker-1"))
        # It wakes: its requests that were answered are settled, and what it had still to send is not its own any more.
        # (On a slow machine their leases may have been over before it slept; then it says nothing more of them.)
        late = lambda: own_stack.log("worker-1")[slept:].count(TOO_LATE)
        time.sleep(AWAKE_SECONDS)
        assert settled(late) <= unsent
        assert (own_stack.ledger(), sent()) == (ledger, sendings)
    all_are_paid(own_stack, shop, amounts)


def test_what_a_killed_worker_had_begun_another_ends_after_the_lease(own_stack, shop):
    begun = operations(own_stack)
    before = len(own_stack.log("worker-2"))
    with both_sleep(own_stack) as wake:
        due, amounts = shop.subscribe(AGREEMENTS)
        own_stack.faults(latency_ms=ANSWER_MS)
        time.sleep(max(0.0, due + 1 - time.time()))
        wake("worker-1")
        until("nothing is billed", lambda: operations(own_stack) > begun)
        killed = own_stack.kill("worker-1")
        until("it was not started again", lambda: own_stack.pid("worker-1") != killed)
        # The new one shall not help.
        with own_stack.paused("worker-1"):
            assert count(own_stack, "server", OPEN) > 0, "it died in the middle of the run"
            own_stack.faults()
            wake("worker-2")
            all_are_paid(own_stack, shop, amounts)
            looked_up = own_stack.log("worker-2")[before:].count("looked up an unknown outcome")
            assert looked_up > 0


def test_a_worker_that_is_told_to_stop_ends_in_good_order(own_stack):
    stopped = own_stack.kill("worker-2", signal.SIGTERM)
    until("it was not started again", lambda: own_stack.pid("worker-2") != stopped)
    assert "worker-2 died (exit status: 0)" in own_stack.errors()
