"""What stands for what: recorded ids and ours, learned from the same place in both answers, and recorded times."""

import re
import time

from replay.paths import PARAMETERS, is_id, last_name
from replay.recordings import Exchange

TIME = re.compile(r"^1[2-9]\d{8}$")
TIME_NAMES = re.compile(r"(_at|_end|_start|_anchor|_date|_time|created|date|gte?|lte?|timestamp)$")

MOVED = {
    "charges.data[0].id": "latest_charge",
    "latest_invoice.payment_intent.id": "latest_invoice.payments.data[0].payment.payment_intent",
    "latest_invoice.payment_intent.latest_charge": "latest_invoice.payments.data[0].payment.payment_intent.latest_charge",
}
"""Where an id of older versions stands in the pinned one."""


CATALOGUE = ("price", "product", "coupon", "promotion_code", "tax_rate")
"""Made long before, as a rule; that an answer shows one does not mean that the request made it."""


class Names:
    """For one cassette."""

    def __init__(self):
        self._ours: dict[str, str] = {}
        self._aliases: dict[tuple[str, str], str] = {}
        self._lost: dict[str, int] = {}
        self._recorded_now: int | None = None

    def knows(self, kind: str, name: str) -> bool:
        """Whether a thing is there, or would be if what made it had gone well."""
        lost = name in self._lost and kind not in CATALOGUE
        return name in self._ours or (kind, name) in self._aliases or lost

    def set(self, kind: str, name: str, ours: str) -> None:
        """One of our things stands for a recorded one, which may have a name of its merchant's choosing."""
        self._lost.pop(name, None)
        if is_id(name):
            self._ours[name] = ours
        else:
            self._aliases[kind, name] = ours

    def get(self, kind: str, name: str) -> str:
        return self._ours.get(name) or self._aliases.get((kind, name)) or name

    def learn(self, exchange: Exchange, ours) -> None:
        """Every id in both answers at the same place; what ours lacks is remembered as lost by this exchange."""
        self._recorded_now = _moment(exchange.answer) or self._recorded_now
        self._walk(exchange.answer, ours)
        for there, here in MOVED.items():
            recorded, found = _at(exchange.answer, there), _at(ours, here)
            found = found.get("id") if isinstance(found, dict) else found
            if is_id(recorded) and is_id(found):
                self._ours.setdefault(recorded, found)
        for name in _ids(exchange.answer):
            if name not in self._ours:
                self._lost.setdefault(name, exchange.number)

    def _walk(self, recorded, ours) -> None:
        if isinstance(recorded, dict) and isinstance(ours, dict):
            for key, value in recorded.items():
                if key in ours:
                    self._walk(value, ours[key])
        elif isinstance(recorded, list) and isinstance(ours, list):
            for one, other in zip(recorded, ours):
                self._walk(one, other)
        elif is_id(recorded) and is_id(ours) and recorded not in self._ours:
            self._ours[recorded] = ours

    def lost_by(self, exchange: Exchange) -> int | None:
        """The number of the earlier exchange whose answer should have told an id that this request names."""
        values = [*exchange.path.split("/"), *(value for _, value in exchange.pairs)]
        causes = [self._lost[value] for value in values if value in self._lost and value not in self._ours]
        return min(causes, default=None)

    def path(self, path: str, kinds: dict[str, str]) -> str:
        segments = path.split("/")
        return "/".join(self.get(kinds.get(before, ""), segment) for before, segment in zip(["", *segments], segments))

    def pairs(self, pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return [(name, self._value(name, value)) for name, value in pairs]

    def _value(self, name: str, value: str) -> str:
        last = last_name(name)
        if self._recorded_now and TIME.match(value) and TIME_NAMES.search(last):
            return str(int(value) - self._recorded_now + int(time.time()))
        return self.get(PARAMETERS.get(last, ""), value)


def _moment(answer) -> int | None:
    """When an answer was given, as near as its newest object tells."""
    if isinstance(answer, dict):
        created = answer.get("created")
        times = [_moment(value) for value in answer.values()] + [created if isinstance(created, int) else None]
    elif isinstance(answer, list):
        times = [_moment(value) for value in answer]
    else:
        return None
    return max((each for each in times if each), default=None)


def _ids(answer):
    if isinstance(answer, dict):
        for value in answer.values():
            yield from _ids(value)
    elif isinstance(answer, list):
        for value in answer:
            yield from _ids(value)
    elif is_id(answer):
        yield answer


def _at(value, path: str):
    for name in re.findall(r"[^.\[\]]+", path):
        try:
            value = value[int(name)] if name.isdigit() else value[name]
        except (KeyError, IndexError, TypeError):
            return None
    return value
