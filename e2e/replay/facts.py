"""What the recordings tell about a thing: every object in every answer, found again by its kind and id."""

from replay.recordings import Exchange

SAME = {"plan": "price"}
"""A plan is the older rendering of a price."""


class Facts:
    """Of all cassettes. A cassette's own facts come first, from the asking exchange on."""

    def __init__(self, cassettes: list[list[Exchange]]):
        self._by_cassette: dict[str, list[tuple[int, dict]]] = {}
        self._anywhere: dict[tuple[str, str], dict] = {}
        for exchange in (each for cassette in cassettes for each in cassette):
            for thing in things(exchange.answer):
                self._by_cassette.setdefault(exchange.cassette, []).append((exchange.number, thing))
                kind = SAME.get(thing["object"], thing["object"])
                known = self._anywhere.get((kind, thing["id"]))
                if known is None or (known["object"], thing["object"]) == ("plan", "price"):
                    self._anywhere[kind, thing["id"]] = thing

    def of(self, kind: str, name: str, exchange: Exchange) -> dict | None:
        """The thing as the program saw it next; None when no recording shows it."""
        own = [
            (number >= exchange.number, thing["object"] == kind, thing)
            for number, thing in self._by_cassette.get(exchange.cassette, [])
            if thing["id"] == name and SAME.get(thing["object"], thing["object"]) == kind
        ]
        best = max(own, key=lambda each: each[:2], default=None)
        return best[2] if best else self._anywhere.get((kind, name))

    def about(self, cassette: str) -> list[dict]:
        """Every object that a cassette shows, in order."""
        return [thing for _, thing in self._by_cassette.get(cassette, [])]


def things(answer):
    """Every object with an id within an answer, the outer ones first."""
    if isinstance(answer, dict):
        if isinstance(answer.get("id"), str) and isinstance(answer.get("object"), str):
            yield answer
        for value in answer.values():
            yield from things(value)
    elif isinstance(answer, list):
        for value in answer:
            yield from things(value)


def present(thing: dict, *names: str) -> dict:
    """These fields of a thing, where they say something."""
    return {name: thing[name] for name in names if thing.get(name) not in (None, "", {}, [])}


def id_of(value) -> str | None:
    """The id of a thing that may be expanded."""
    return value.get("id") if isinstance(value, dict) else value
