"""The proof: orders and debts while processes are killed, the processor forgets to answer and banks take their time.

One code path for the short form, which is a test, and for the long form (`prove.py`); they differ in their plan.
"""

import collections
import concurrent.futures
import dataclasses
import time

from debts import Debts
from killer import STAGES, Killer, interrupted, operations, overlap_seconds
from oracle import Report
from orders import Orders
from shop import now_ms

CLIENTS = 96
FAULTS = {"charge_then_drop": 0.05, "charge_then_500": 0.02, "drop_then_nothing": 0.02}
LATENCY = {"p50": 40, "p99": 400}
DAY = 86_400
# At the bank: a debit settles after four days; one that is taken back goes after fourteen.
SETTLED_SECONDS, TAKEN_BACK_SECONDS = 5 * DAY, 15 * DAY
JOB_SECONDS_MAX = 300
OPEN = "SELECT COUNT(*) FROM operations WHERE state IN ('sending', 'pending', 'unknown')"
LOOKED_UP = "SELECT COUNT(*) FROM operations WHERE checks > 0 AND state <> 'pending'"


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is tried."""

    seed: int
    orders: int
    debts: int
    kills: int
    """At least so many; the work is spread over them."""
    kills_max: int
    undisturbed_seconds: float = 0
    """For at least so long all processes are up while there is work, between the kills."""
    with_database: bool = False
    strike_seconds_max: float = 0.8
    settle_seconds_max: float = 90

    def wave(self, number: int) -> tuple[range, range]:
        """Which orders and debts begin before this kill, counted from zero; there may be more kills than planned."""
        part = lambda total: range(-(-total * number // self.kills), -(-total * (number + 1) // self.kills))
        return part(self.orders), part(self.debts) if number < self.kills else range(0)


@dataclasses.dataclass
class Outcome:
    """What was tried, and what came of it."""

    plan: Plan
    report: Report
    problems: list[str]
    """Everything that is wrong, in words; none when the proof holds."""
    orders: int
    charges: int
    debts: int
    debts_asked: dict[int, int]
    """How many debts there are by the number of requests that reached the processor."""
    presses_refused: int
    requests: int
    unanswered: int
    """Requests of the merchant that had no answer."""
    held_back: int
    """Orders that were not sent, since their card had been declined as often as its network allows."""
    looked_up: int
    """Operations whose outcome was not known at first."""
    kills: dict[str, int]
    caught: dict[str, dict[str, int]]
    """How many operations the deaths of each process interrupted, by stage."""
    undisturbed_seconds: float
    disturbed_seconds: float
    seconds: float


def prove(stack, plan: Plan, say=lambda text, important=False: None) -> Outcome:
    """Does all that the plan says with a fresh installation; tells `say` in a few words how far it is."""
    began = time.monotonic()
    orders, debts = Orders(stack, plan.seed), Debts(stack)
    killer = Killer(stack, plan.seed, plan.with_database)
    stack.faults(seed=plan.seed, latency_ms=LATENCY, **FAULTS)
    made, broken = _disturbed(stack, plan, orders, debts, killer, say)
    disturbed_seconds = time.monotonic() - began
    stack.faults()
    say("asking again for what had no answer", important=True)
    problems = [*broken, *_settled(stack, plan, orders, debts, say)]
    say("comparing ledger and API", important=True)
    ledger = stack.ledger()
    report, everything = orders.compared(ledger)
    attempts = [*orders.shop.http.attempts, *debts.shop.http.attempts]
    undisturbed_seconds = _undisturbed(killer, attempts)
    if undisturbed_seconds < plan.undisturbed_seconds:
        problems.append(f"only {undisturbed_seconds:.0f} s of undisturbed work")
    caught = interrupted(killer.kills, operations(stack), attempts)
    held_back, refused = orders.refused()
    problems += [
        *str(report).splitlines()[1:], *orders.broken_words(everything), *debts.problems(ledger),
        *(f"{key} was refused: {why}" for key, why in refused.items()),
        *(f"no process died {stage} of an operation" for stage in STAGES if stage not in {each for _, each in caught}),
    ]
    return Outcome(
        plan=plan, report=report, problems=problems, orders=made, charges=len(everything["charges"]),
        debts=plan.debts, debts_asked=dict(sorted(collections.Counter(debts.requests(ledger).values()).items())),
        presses_refused=sum(debts.refusals.values()), requests=len(attempts),
        unanswered=sum(attempt.status is None for attempt in attempts),
        held_back=held_back, looked_up=int(stack.rows("server", LOOKED_UP)[0][0]),
        kills=dict(collections.Counter(kill.victim for kill in killer.kills)), caught=_by_victim(caught),
        undisturbed_seconds=undisturbed_seconds, disturbed_seconds=disturbed_seconds,
        seconds=time.monotonic() - began,
    )


class Work:
    """The orders and debts that have begun, wave by wave."""

    def __init__(self, plan: Plan, orders: Orders, debts: Debts, pool):
        self.plan, self.orders, self.debts, self.pool = plan, orders, debts, pool
        self.waves = self.begun = 0
        self.jobs: list[concurrent.futures.Future] = []

    def begin_wave(self) -> None:
        orders, debts = self.plan.wave(self.waves)
        self.jobs += [self.pool.submit(self.orders.run, number) for number in orders]
        self.jobs += [self.pool.submit(self.debts.run, number) for number in debts]
        self.begun, self.waves = orders.stop, self.waves + 1

    def all_begun(self) -> bool:
        return self.waves >= self.plan.kills

    def unfinished(self) -> int:
        return sum(not job.done() for job in self.jobs)

    def broken(self) -> list[str]:
        errors = [job.exception() for job in self.jobs if job.done()]
        found = [f"an order or a debt broke off: {error!r}" for error in errors if error]
        if late := self.unfinished():
            found.append(f"{late} orders and debts were not over after {JOB_SECONDS_MAX} s")
        return found


def _disturbed(stack, plan: Plan, orders: Orders, debts: Debts, killer: Killer, say) -> tuple[int, list[str]]:
    """Waves of work, a death in each; further waves until a process has died at every stage of an operation and there
    was enough peace in between. Returns how many orders there were, and what broke.
    """
    pool = concurrent.futures.ThreadPoolExecutor(CLIENTS)
    work = Work(plan, orders, debts, pool)
    try:
        while not _enough(stack, work, killer):
            if work.unfinished() <= 2 * CLIENTS:
                work.begin_wave()
            killer.strike(plan.strike_seconds_max)
            stack.advance(DAY)
            done = len(work.jobs) - work.unfinished()
            say(f"{done} of {max(work.begun, plan.orders) + plan.debts} orders and debts, {len(killer.kills)} kills")
        while not work.all_begun():
            work.begin_wave()
        concurrent.futures.wait(work.jobs, JOB_SECONDS_MAX)
        killer.rest(now_ms())
        return work.begun, work.broken()
    finally:
        # Without waiting: after an interruption clients may be waiting for what never comes.
        pool.shutdown(wait=False, cancel_futures=True)


def _enough(stack, work: Work, killer: Killer) -> bool:
    plan, attempts = work.plan, work.orders.shop.http.attempts
    if len(killer.kills) >= plan.kills_max:
        return True
    if len(killer.kills) < plan.kills or not work.all_begun():
        return False
    if _undisturbed(killer, attempts) < plan.undisturbed_seconds:
        return False
    return {stage for _, stage in interrupted(killer.kills, operations(stack), attempts)} == set(STAGES)


def _undisturbed(killer: Killer, attempts) -> float:
    """For how long there was work while all processes were up and ready."""
    return overlap_seconds(killer.serving, [(attempt.began, attempt.ended) for attempt in attempts])


def _settled(stack, plan: Plan, orders: Orders, debts: Debts, say) -> list[str]:
    """Asks for what had no answer, lets the banks finish, and waits until nothing is open. Returns what is left."""
    for shop in (orders.shop, debts.shop):
        shop.ask_again(plan.settle_seconds_max)
    say("waiting until the banks have settled and no outcome is unknown", important=True)
    stack.advance(SETTLED_SECONDS)
    if not _until(plan.settle_seconds_max, lambda: stack.rows("server", OPEN) == [["0"]]):
        return [f"{stack.rows('server', OPEN)[0][0]} operations are open after {plan.settle_seconds_max} s"]
    say("waiting for the debits that are taken back", important=True)
    stack.advance(TAKEN_BACK_SECONDS - SETTLED_SECONDS)
    known = lambda: int(stack.rows("server", "SELECT COUNT(*) FROM disputes")[0][0])
    if not _until(plan.settle_seconds_max, lambda: known() == _taken_back(stack)):
        told = f"{_taken_back(stack)} debits were taken back, and {known()} of that are known"
        return [f"{told} after {plan.settle_seconds_max} s"]
    return []


def _taken_back(stack) -> int:
    """How many settled debits the banks have taken back so far: they take their time, also by the sandbox's clock."""
    ledger = stack.ledger()
    settled = {line["payment"] for line in ledger if line["kind"] == "settlement"}
    return sum(line["kind"] == "return" and line["payment"] in settled for line in ledger)


def _until(seconds_max: float, good) -> bool:
    deadline = time.monotonic() + seconds_max
    while not good():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.25)
    return True


def _by_victim(caught) -> dict[str, dict[str, int]]:
    found = collections.defaultdict(dict)
    for (victim, stage), count in sorted(caught.items()):
        found[victim][stage] = count
    return dict(found)
