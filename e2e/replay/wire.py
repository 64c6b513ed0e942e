"""Sends requests to one account as the recorded programs sent theirs."""

import dataclasses
import urllib.parse

import requests

from replay.names import Names
from replay.paths import KINDS
from replay.recordings import Exchange

SECONDS_MAX = 30
NOTHING = 0
"""The status of an answer that did not come."""
FORM = "application/x-www-form-urlencoded"
NOBODY = "sk_test_" + "0" * 32
AS_RECORDED = ("user-agent", "content-type", "stripe-version", "stripe-account", "idempotency-key")


@dataclasses.dataclass(frozen=True)
class Answer:
    status: int
    body: dict

    @property
    def error(self) -> dict | None:
        error = self.body.get("error")
        return error if isinstance(error, dict) else None

    def __str__(self) -> str:
        error = self.error or {}
        told = [error[key] for key in ("code", "param", "message") if error.get(key)]
        return " ".join([str(self.status), *map(str, told)])


class Client:
    """One account of an installation, over one connection."""

    def __init__(self, api: str, key: str):
        self._api, self._key = api, key
        self._session = requests.Session()
        self._session.headers.clear()

    def replay(self, exchange: Exchange, names: Names, query: list | None = None, form: list | None = None) -> Answer:
        """The recorded request with our ids, or with other parameters. Who had no right key then has none now."""
        headers = {name: exchange.headers[name] for name in AS_RECORDED if name in exchange.headers}
        headers["authorization"] = f"Bearer {NOBODY if exchange.status == 401 else self._key}"
        path = names.path(exchange.path, KINDS)
        if query is not None:
            headers.pop("idempotency-key", None)  # which belongs to what was sent first
        query = names.pairs(exchange.query if query is None else query)
        return self._send(exchange.method, path, query, names.pairs(exchange.form if form is None else form), headers)

    def post(self, path: str, fields: dict) -> Answer:
        """A request of our own, to make what a recording relies on."""
        return self._send("POST", path, [], list(flat(fields)), self._own)

    def get(self, path: str) -> Answer:
        return self._send("GET", path, [], [], self._own)

    @property
    def _own(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self._key}", "content-type": FORM}

    def _send(self, method: str, path: str, query: list, form: list, headers: dict) -> Answer:
        url = self._api + path + ("?" + encoded(query) if query else "")
        body = encoded(form) if form else None
        try:
            answer = self._session.request(method, url, data=body, headers=headers, timeout=SECONDS_MAX)
        except (requests.ConnectionError, requests.Timeout) as error:
            return Answer(NOTHING, {"error": {"message": str(error)}})
        try:
            told = answer.json()
        except requests.JSONDecodeError:
            told = {}
        return Answer(answer.status_code, told if isinstance(told, dict) else {})


def encoded(pairs: list[tuple[str, str]]) -> str:
    """As the SDK for Ruby encodes: brackets stay as they are."""
    return urllib.parse.urlencode(pairs, safe="[]")


def flat(value, name: str = ""):
    """Nested fields as the pairs of a form; None is left out."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from flat(each, f"{name}[{key}]" if name else key)
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from flat(each, f"{name}[{number}]")
    elif value is not None:
        yield name, str(value).lower() if isinstance(value, bool) else str(value)
