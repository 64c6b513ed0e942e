"""Kills processes at seeded moments, and tells afterwards what each death interrupted."""

import collections
import dataclasses
import json
import random
import time

from shop import Attempt, now_ms

VICTIMS = ("server", "vault")
# The supervisor gives up on a process that dies ten times within ten seconds; this keeps well below.
PAUSE_SECONDS = (1.2, 2.4)
STAGES = ("before send", "after send", "after the answer", "after the commit")


@dataclasses.dataclass(frozen=True)
class Kill:
    """A process was killed at this moment (Unix milliseconds)."""

    victim: str
    at: int


class Killer:
    """Chooses victims and moments; the same seed makes the same choices."""

    def __init__(self, stack, seed: int):
        self._stack = stack
        self._random = random.Random(seed)
        self.kills: list[Kill] = []

    def strike(self, seconds_max: float) -> None:
        """Kills one process within this time from now, then leaves the installation in peace for a moment."""
        time.sleep(self._random.uniform(0, seconds_max))
        victim = self._random.choice(VICTIMS)
        self._stack.wait_for(victim)
        at = now_ms()
        self._stack.kill(victim)
        self.kills.append(Kill(victim, at))
        time.sleep(self._random.uniform(*PAUSE_SECONDS))


@dataclasses.dataclass(frozen=True)
class Operation:
    """One operation at the processor with the moments that its row and the vault's row have; None: not reached."""

    id: str
    key: str
    created: int
    sent: int | None
    answered: int | None
    settled: int | None


def operations(stack) -> list[Operation]:
    """Every operation of the installation, from the two databases: what the processes themselves wrote down."""
    moment = lambda text: int(text) if text else None
    orders = {row[0]: row[1:] for row in stack.rows("vault", "SELECT operation_id, sent_at, answered_at FROM orders")}
    found = []
    for id, created, settled, document in stack.rows("server", "SELECT id, created, settled, doc FROM operations"):
        sent, answered = orders.get(id, ("", ""))
        key = json.loads(document).get("idempotency_key") or ""
        found.append(Operation(id, key, int(created), moment(sent), moment(answered), moment(settled)))
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
    return "after the answer"
