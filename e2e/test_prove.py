"""The proof's own arithmetic: how work is spread over deaths, how peace is measured, what the report says."""

import collections

import pytest

from killer import Kill, Operation, interrupted, overlap_seconds
from oracle import Report
from proof import Outcome, Plan
from prove_report import Setting, as_data, in_words, page
from shop import Attempt


@pytest.mark.parametrize("orders,debts,kills", [(1_000, 30, 30), (10_000, 500, 60), (100, 0, 30), (7, 5, 30)])
def test_every_order_and_every_debt_begins_once_and_orders_go_on_after_that(orders, debts, kills):
    plan = Plan(seed=1, orders=orders, debts=debts, kills=kills, kills_max=kills)
    waves = [plan.wave(number) for number in range(kills)]
    assert [order for wave, _ in waves for order in wave] == list(range(orders))
    assert [debt for _, wave in waves for debt in wave] == list(range(debts))
    more, none = plan.wave(kills)
    assert (more.start, len(none)) == (orders, 0)
    assert len(more) >= 1


@pytest.mark.parametrize(
    "spans,others,seconds",
    [
        ([], [(0, 9_000)], 0), ([(0, 1_000)], [(1_000, 2_000)], 0), ([(0, 4_000)], [(1_000, 2_000), (1_500, 3_000)], 2),
        ([(0, 1_000), (2_000, 3_000)], [(500, 2_500)], 1), ([(5_000, 6_000), (0, 1_000)], [(0, 6_000)], 2),
        ([(0, 2_000), (1_000, 3_000)], [(0, 1_000), (0, 5_000)], 3),
    ],
)
def test_peace_counts_while_there_is_work_and_only_once(spans, others, seconds):
    assert overlap_seconds(spans, others) == overlap_seconds(others, spans) == seconds


@pytest.mark.parametrize(
    "operation,stage",
    [
        (Operation("op", "key", 200, None, None, None, False), None),
        (Operation("op", "key", 50, None, None, None, False), "before send"),
        (Operation("op", "key", 50, 150, None, None, False), "before send"),
        (Operation("op", "key", 50, 60, 150, 160, False), "after send"),
        (Operation("op", "key", 50, 60, 70, 160, False), "after the answer"),
        (Operation("op", "key", 50, 60, 70, 90, False), "after the commit"),
        (Operation("op", "other", 50, 60, 70, 90, False), None),
        (Operation("op", "key", 50, 60, 150, None, True), "after send"),
        (Operation("op", "key", 50, 60, 70, None, True), None),
    ],
)
def test_a_death_interrupts_an_operation_at_its_stage(operation, stage):
    found = interrupted([Kill("server", 100)], [operation], [Attempt("key", 40, 110, None), Attempt("other", 40, 95, None)])
    assert found == collections.Counter({("server", stage): 1} if stage else {})


def outcome(**changes):
    plan = Plan(seed=7, orders=100, debts=4, kills=30, kills_max=50, undisturbed_seconds=60)
    fields = {
        "plan": plan, "report": Report(), "problems": [], "orders": 101, "charges": 112, "debts": 4,
        "debts_asked": {2: 1, 3: 3}, "presses_refused": 12, "requests": 300, "unanswered": 20, "held_back": 4, "looked_up": 15,
        "kills": {"vault": 16, "server": 14}, "caught": {"vault": {"after send": 3}}, "undisturbed_seconds": 61.2,
        "disturbed_seconds": 70.0, "seconds": 81.7,
    }
    return Outcome(**{**fields, **changes})


def test_the_report_has_a_line_for_each_seed_and_names_what_is_wrong():
    setting = Setting("2026-11-28", "abc", "a machine", "release", "cargo xtask prove")
    good = page(setting, [("sqlite", outcome())], [])
    assert "nothing is wrong" in good and "What is wrong" not in good
    assert "| sqlite | 7 | 101 | 112 | 14 | 16 | 20 | 15 | 61 | 0 | 0 | 0 | 0 | 0 | 82 |" in good
    bad = outcome(report=Report(lost=["order 5"]), problems=["lost: order 5"])
    told = page(setting, [("sqlite", outcome()), ("postgres", bad)], ["seed 7 on postgres: lost: order 5"])
    assert "wrong: 2" not in told and "wrong: 1" in told and "- seed 7 on postgres: lost: order 5" in told
    assert "| postgres | 7 | 101 | 112 | 14 | 16 | 20 | 15 | 61 | 0 | 1 | 0 | 0 | 0 | 82 |" in told
    assert page(setting, [], ["it did not start"]).count("it did not start") == 1
    assert "vault 16 times" in in_words(outcome(), "sqlite")
    assert (as_data(bad, "postgres")["lost"], as_data(bad, "postgres")["kills"]) == (1, {"vault": 16, "server": 14})
