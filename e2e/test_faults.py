"""The proof: a thousand orders while server and vault are killed and the processor forgets to answer.

Not one charge is made twice, lost or invented, and everything that was left open resolves by itself.
"""

import concurrent.futures
import os
import random
import time

import pytest

from conftest import database, own_installation
from killer import STAGES, Killer, interrupted, operations
from oracle import compare
from shop import Shop, all_of

SEED = int(os.environ.get("ONFILE_E2E_SEED") or 20261122)
ORDERS = 1_000
KILLS = 30
KILLS_MAX = 50
CLIENTS = 96
CUSTOMERS = 16
# A wave of orders begins, and within this time a process dies.
WAVE = ORDERS // KILLS + 1
STRIKE_SECONDS_MAX = 0.8
SETTLE_SECONDS_MAX = 90
FAULTS = {"charge_then_drop": 0.05, "charge_then_500": 0.02, "drop_then_nothing": 0.02}
LATENCY = {"p50": 40, "p99": 400}
FIRST_AMOUNT = 10_000
OPEN = "SELECT COUNT(*) FROM operations WHERE state IN ('sending', 'pending', 'unknown')"


@pytest.fixture(scope="module")
def own_stack():
    yield from own_installation("faults")


class Orders:
    """The orders of the run. Each has an amount of its own, by which the ledger and the API are compared."""

    def __init__(self, stack):
        self.shop = Shop(stack, network_retries=3)
        self.api = self.shop.client.v1
        self.customers = []
        for number in range(CUSTOMERS):
            customer = self.api.customers.create({"name": f"Customer {number}"}).id
            good, bad = (
                self.api.payment_methods.attach(token, {"customer": customer}).id
                for token in ("pm_card_visa", "pm_card_chargeCustomerFail")
            )
            self.customers.append((customer, good, bad))

    def run(self, number: int) -> None:
        """One order from beginning to end, whatever happens meanwhile."""
        chance = random.Random(SEED * 100_003 + number)
        kind = chance.choices(
            ["saved", "token", "typed", "manual", "declined", "declined while away"], [36, 18, 16, 18, 6, 6]
        )[0]
        told = self.shop.ask(f"order-{number}", self.api.payment_intents.create, self._payment(number, kind, chance))
        if told is None:
            return
        assert told.declined is None or kind.startswith("declined"), (number, kind, told)
        intent = told.answer
        if kind == "manual" and intent.status == "requires_capture":
            part = chance.choice([None, intent.amount - 1 - number % 7])
            what = {"amount_to_capture": part} if part else {}
            self.shop.ask(f"capture-{number}", self.api.payment_intents.capture, intent.id, what)
        elif intent.status == "succeeded" and chance.random() < 0.25:
            part = chance.choice([None, intent.amount // 3])
            what = {"payment_intent": intent.id, **({"amount": part} if part else {})}
            self.shop.ask(f"refund-{number}", self.api.refunds.create, what)

    def _payment(self, number: int, kind: str, chance: random.Random) -> dict:
        customer, good, bad = chance.choice(self.customers)
        common = {"amount": FIRST_AMOUNT + number, "currency": "usd", "confirm": True, "metadata": {"order": number}}
        saved = {**common, "customer": customer, "off_session": True}
        match kind:
            case "saved":
                return {**saved, "payment_method": good}
            case "manual":
                return {**saved, "payment_method": good, "capture_method": "manual"}
            case "declined while away":
                return {**saved, "payment_method": bad}
            case "declined":
                return {**common, "payment_method": "pm_card_chargeDeclined"}
            case "token":
                return {**common, "payment_method": "pm_card_visa"}
        return {**common, "payment_method": self.shop.typed_card("4242424242424242")}

    def reports(self, ledger: list[dict]):
        """Ledger against API, through public interfaces alone."""
        everything = {name: all_of(getattr(self.api, name)) for name in ("payment_intents", "charges", "refunds")}
        report = compare(ledger, everything["payment_intents"], everything["charges"], everything["refunds"])
        return report, everything


def test_no_charge_is_doubled_lost_or_invented_while_processes_die(own_stack, capsys):
    orders = Orders(own_stack)
    killer = Killer(own_stack, SEED)
    began = time.monotonic()
    own_stack.faults(seed=SEED, latency_ms=LATENCY, **FAULTS)
    caught = _run_with_kills(own_stack, orders, killer)
    ran = time.monotonic() - began

    own_stack.faults()
    orders.shop.ask_again(SETTLE_SECONDS_MAX)
    _wait_until_nothing_is_open(own_stack)
    report, everything = orders.reports(own_stack.ledger())
    with capsys.disabled():
        _print(caught, killer, orders, report, ran, time.monotonic() - began)

    assert sum(report.counts().values()) == 0, str(report)
    assert orders.shop.refused == {}
    assert {stage for _, stage in caught} == set(STAGES), caught
    assert len(killer.kills) >= KILLS
    _check_what_was_told(orders, everything)


def _run_with_kills(stack, orders, killer):
    """Waves of orders, a death in each; further waves until a process has died at every stage of an operation."""
    running = []
    next_order = 0
    caught = {}
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        while len(killer.kills) < KILLS or (
            {stage for _, stage in caught} != set(STAGES) and len(killer.kills) < KILLS_MAX
        ):
            running += [pool.submit(orders.run, number) for number in range(next_order, next_order + WAVE)]
            next_order += WAVE
            killer.strike(STRIKE_SECONDS_MAX)
            if len(killer.kills) >= KILLS:
                caught = interrupted(killer.kills, operations(stack), orders.shop.http.attempts)
        for future in running:
            future.result(timeout=120)
    assert next_order >= ORDERS
    return interrupted(killer.kills, operations(stack), orders.shop.http.attempts)


def _wait_until_nothing_is_open(stack) -> None:
    deadline = time.monotonic() + SETTLE_SECONDS_MAX
    while (left := stack.rows("server", OPEN)) != [["0"]]:
        assert time.monotonic() < deadline, f"{left} operations are open after {SETTLE_SECONDS_MAX} s"
        time.sleep(0.25)


def _check_what_was_told(orders, everything) -> None:
    """No merchant was told something that did not stay true."""
    intents = {intent["id"]: intent for intent in everything["payment_intents"]}
    refunds = {refund["id"]: refund for refund in everything["refunds"]}
    for key, told in orders.shop.told.items():
        if key.startswith("refund-"):
            assert refunds[told.answer.id]["status"] == "succeeded", key
        elif told.declined:
            assert intents[told.answer.id]["status"] == "requires_payment_method", key
        elif told.answer.status == "succeeded":
            now = intents[told.answer.id]
            assert (now["status"], now["amount_received"]) == ("succeeded", told.answer.amount_received), key
    paid = [intent["amount"] for intent in intents.values() if intent["amount_received"]]
    assert len(paid) == len(set(paid)), "an order was paid by two intents"


def _print(caught, killer, orders, report, ran, total) -> None:
    """What was tried stands in every run's output: a proof is worth what it tried."""
    attempts = orders.shop.http.attempts
    victims = {victim: len([kill for kill in killer.kills if kill.victim == victim]) for victim in ("server", "vault")}
    print(f"\nseed {SEED} on {database()}: {len(orders.shop.told)} answers, {len(attempts)} requests,", end=" ")
    print(f"{len([a for a in attempts if a.status is None])} without an answer, killed {victims}")
    for (victim, stage), count in sorted(caught.items()):
        print(f"  {victim} died {stage} of {count} operations")
    print(f"  {report.counts()} after {ran:.0f} s of faults, {total:.0f} s in all")
