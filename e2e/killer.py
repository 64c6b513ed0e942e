"""Kills processes at seeded moments, and tells afterwards what each death interrupted."""

import collections
import dataclasses
import json
import random
import signal
import time

from shop import Attempt, now_ms

# The judge is never killed: what it wrote down is what happened. A database only where that is asked for.
SPARED = ("sandbox", "postgres")
DATABASE = "postgres"
# The supervisor gives up on a process that dies ten times within ten seconds; this keeps well below.
PAUSE_SECONDS = (1.2, 2.4)
STAGES = ("before send", "after send", "after the answer", "after the commit")


@dataclasses.dataclass(frozen=True)
class Kill:
    """A process was killed at this moment (Unix milliseconds)."""

    victim: str
    at: int


class Killer:
    """Chooses victims and moments; the same seed makes the same choices among the same victims."""

    def __init__(self, stack, seed: int, with_database: bool = False):
        self._stack = stack
        self._random = random.Random(seed)
        self.victims = [name for name in stack.processes() if name not in SPARED]
        if with_database and DATABASE in stack.processes():
            self.victims.append(DATABASE)
        self.kills: list[Kill] = []
        self.serving: list[tuple[int, int]] = []
        """From when to when all of them were up and ready, as far as that is over (Unix milliseconds)."""
        self._ready_since = now_ms()

    def strike(self, seconds_max: float) -> None:
        """Kills one process within this time from now, then leaves the installation in peace for a moment."""
        time.sleep(self._random.uniform(0, seconds_max))
        victim = self._random.choice(self.victims)
        # A database as by a power failure, or as by an operator in a hurry, who does not wait for its clients.
        how = self._random.choice((signal.SIGKILL, signal.SIGQUIT)) if victim == DATABASE else signal.SIGKILL
        at = now_ms()
        self.rest(at)
        pid = self._stack.kill(victim, how)
        self.kills.append(Kill(victim, at))
        peace = time.monotonic() + self._random.uniform(*PAUSE_SECONDS)
        self._stack.wait_for_another(victim, pid)
        for name in self.victims:
            self._stack.wait_for(name)
        self._ready_since = now_ms()
        time.sleep(max(0, peace - time.monotonic()))

    def rest(self, at: int) -> None:
        """Notes that all was up and ready until this moment."""
        self.serving.append((self._ready_since, at))
        self._ready_since = at


def overlap_seconds(spans: list[tuple[int, int]], others: list[tuple[int, int]]) -> float:
    """For how long one of the spans and one of the others last at the same time. Spans are in milliseconds."""
    total, left, right = 0, merged(spans), merged(others)
    i = j = 0
    while i < len(left) and j < len(right):
        total += max(0, min(left[i][1], right[j][1]) - max(left[i][0], right[j][0]))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return total / 1000


def merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same time in spans that do not meet, in order."""
    found: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((begin, end))
    return found


@dataclasses.dataclass(frozen=True)
class Operation:
    """One operation at the processor with the moments that its row and the vault's row have; None: not reached."""

    id: str
    key: str
    created: int
    sent: int | None
    answered: int | None
    settled: int | None
    at_bank: bool
    """A bank debit, which rests with the bank for days once it is answered."""


def operations(stack) -> list[Operation]:
    """Every operation of the installation, from the two databases: what the processes themselves wrote down."""
    moment = lambda text: int(text) if text else None
    orders = {row[0]: row[1:] for row in stack.rows("vault", "SELECT operation_id, sent_at, answered_at FROM orders")}
    found = []
    for id, created, settled, document in stack.rows("server", "SELECT id, created, settled, doc FROM operations"):
        sent, answered = orders.get(id, ("", ""))
        document = json.loads(document)
        key, at_bank = document.get("idempotency_key") or "", document.get("bank_account", False)
        found.append(Operation(id, key, int(created), moment(sent), moment(answered), moment(settled), at_bank))
    return found


def interrupted(kills: list[Kill], operations: list[Operation], attempts: list[Attempt]) -> collections.Counter:
    """How many operations each death caught, by victim and stage."""
    by_key = collections.defaultdict(list)
    for attempt in attempts:
        if attempt.status is None:
            by_key[attempt.key].append(attempt)
    caught = collections.Counter()
    for kill in kills:
        for operation in operations:
            stage = _stage(kill, operation, by_key[operation.key])
            if stage:
                caught[(kill.victim, stage)] += 1
    return caught


def _stage(kill: Kill, operation: Operation, broken: list[Attempt]) -> str | None:
    if operation.created > kill.at:
        return None
    if operation.settled is not None and operation.settled <= kill.at:
        # Its outcome was committed, and the caller was still waiting for it when the connection broke.
        waited = any(attempt.began <= operation.created and attempt.ended >= kill.at for attempt in broken)
        return "after the commit" if kill.victim == "server" and waited else None
    if operation.sent is None or operation.sent > kill.at:
        return "before send"
    if operation.answered is None or operation.answered > kill.at:
        return "after send"
    # When the server had written down that a debit waits for its bank is not kept.
    return None if operation.at_bank else "after the answer"
