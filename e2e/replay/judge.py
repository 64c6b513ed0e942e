"""Judges one answer: status, error, the pinned version's schema, and the shape of the recorded answer."""

import functools
import re

from replay.paths import is_id
from replay.recordings import Exchange
from replay.shape import Compared, Comparison, Difference, Spot
from replay.wire import Answer
from wire_schemas import PINNED, validator

OF_ERROR = ("type", "code", "param", "decline_code")
OBJECTS_OF_ERROR = ("payment_intent", "setup_intent", "payment_method")


def judge(exchange: Exchange, answer: Answer) -> Compared:
    """What is not as it was recorded. An answer of another status is not looked into further, beyond its error."""
    compared = Compared()
    if answer.status != exchange.status:
        told = "an object" if answer.error is None else told_of(answer.error)
        then = "an object" if exchange.error is None else told_of(exchange.error)
        compared.faults.append(Difference("other status", "", f"{exchange.status} {then}", f"{answer.status} {told}"))
        return compared
    comparison = Comparison(expanded(exchange), exchange.version == PINNED)
    if exchange.error is not None:
        _judge_error(exchange.error, answer.error or {}, comparison)
        return comparison.result
    comparison.compare(exchange.answer, answer.body)
    comparison.result.faults.extend(_invalid(answer.body))
    return comparison.result


def told_of(error: dict) -> str:
    """An error in a few words, with the property that could not be expanded."""
    said = [error.get("code") or error.get("type"), error.get("param")]
    if error.get("param") == "expand":
        said += re.findall(r"\(.*\)", str(error.get("message")))
    return " ".join(str(each) for each in said if each)


def _judge_error(recorded: dict, ours: dict, comparison: Comparison) -> None:
    for name in OF_ERROR:
        if recorded.get(name) != ours.get(name):
            values = f"{recorded.get(name)}", f"{ours.get(name)}"
            comparison.result.faults.append(Difference("other error", name, *values))
    for name in OBJECTS_OF_ERROR:
        if name in recorded:
            comparison.compare(recorded[name], ours.get(name), Spot(f"error.{name}"))


def expanded(exchange: Exchange) -> set[str]:
    """The places that the request wanted as objects."""
    asked = [value for name, value in exchange.pairs if name.startswith("expand")]
    return {re.sub(r"(^|\.)data(?=\.|$)", rf"\1data[]", path) for path in asked}


@functools.cache
def _errors():
    module = validator()
    return module.errors if module else None


def _invalid(body: dict) -> list[Difference]:
    """What the pinned version's schema finds; kinds without a schema are not judged."""
    find = _errors()
    is_list = body.get("object") in ("list", "search_result")
    if find is None or "object" not in body or (is_list and not isinstance(body.get("data"), list)):
        return []
    found = [each for each in find(body) if not each.startswith("no schema for")]
    told = lambda text: re.sub(r"'([^']*)'", lambda quoted: "'…'" if is_id(quoted[1]) else quoted[0], text)
    return [Difference("against the schema", told(each)) for each in found]
