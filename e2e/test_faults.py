"""The proof, short: a thousand orders while server and vault are killed and the processor forgets to answer.

Not one charge is made twice, lost or invented, no debt is collected more often than is allowed, and everything that was
left open resolves by itself. The long form is `prove.py`.
"""

import os

import pytest

from conftest import database, own_installation
from proof import Plan, prove
from prove_report import in_words

SEED = int(os.environ.get("ONFILE_E2E_SEED") or 20261122)
PLAN = Plan(seed=SEED, orders=1_000, debts=30, kills=30, kills_max=50, strike_seconds_max=0.6)


@pytest.fixture(scope="module")
def own_stack():
    yield from own_installation("faults", searched=True)


def test_no_charge_is_doubled_lost_or_invented_while_processes_die(own_stack, capsys):
    outcome = prove(own_stack, PLAN)
    with capsys.disabled():
        # What was tried stands in every run's output: a proof is worth what it tried.
        print(f"\n{in_words(outcome, database())}")
    assert outcome.problems == [], "\n".join(outcome.problems)
    assert outcome.orders >= PLAN.orders
    assert sum(outcome.kills.values()) >= PLAN.kills
    assert outcome.presses_refused >= PLAN.debts
