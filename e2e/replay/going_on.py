"""Sends a refused request again without what it was refused for.

For whoever looks for faults: what comes after a refusal is judged too, instead of failing for want of an id. The
exchange stays failed.
"""

import re

from replay.names import Names
from replay.recordings import Exchange
from replay.wire import Answer, Client

TIMES_MAX = 20


def go_on(exchange: Exchange, names: Names, client: Client, answer: Answer) -> tuple[Answer, list[str]]:
    """The answer in the end, and what was left out for it."""
    query, form, left_out = list(exchange.query), list(exchange.form), []
    for _ in range(TIMES_MAX):
        error = answer.error
        if error is None or (exchange.error or {}).get("code", "none") == error.get("code"):
            break
        before = query + form
        query, form = (_without(pairs, error) for pairs in (query, form))
        if query + form == before:
            break
        left_out.extend(sorted({"=".join(pair) for pair in before} - {"=".join(pair) for pair in query + form}))
        answer = client.replay(exchange, names, query, form)
    return answer, left_out


def _without(pairs: list[tuple[str, str]], error: dict) -> list[tuple[str, str]]:
    param, message = str(error.get("param")), str(error.get("message"))
    if param.startswith("expand"):
        named = [pair for pair in pairs if pair[0].startswith("expand") and re.search(rf"\b{re.escape(pair[1])}\b", message)]
        return [pair for pair in pairs if pair not in named] if named else [
            pair for pair in pairs if not pair[0].startswith("expand")
        ]
    if error.get("code") == "parameter_missing" and param.startswith("items"):
        # Older programs say `plan` where newer ones say `price`.
        moved = [(name.replace("[plan]", "[price]") if name != "plan" else "items[0][price]", value) for name, value in pairs]
        return [pair for pair in moved if pair[0] != "trial_from_plan"]
    return [pair for pair in pairs if pair[0] != param and not pair[0].startswith(f"{param}[")]
