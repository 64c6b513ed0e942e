"""The recordings: one exchange a line, as it went over the wire; a cassette is what one program did, in order."""

import dataclasses
import json
import os
import pathlib

from wire_schemas import schema_folder

BASIL = "2025-03-31"
"""From this day on the versions have the shapes that Onfile answers in; older ones are accepted and answered alike."""


@dataclasses.dataclass(frozen=True)
class Exchange:
    """One request and what it was answered."""

    cassette: str
    number: int
    """Its place in the cassette, from 0 on."""
    method: str
    path: str
    query: list[tuple[str, str]]
    form: list[tuple[str, str]]
    headers: dict[str, str]
    """Of the request, in lower case."""
    status: int
    answer: dict

    @property
    def version(self) -> str:
        return self.headers.get("stripe-version", "")

    @property
    def is_current(self) -> bool:
        """Whether it is of basil or later."""
        return self.version >= BASIL

    @property
    def pairs(self) -> list[tuple[str, str]]:
        return [*self.query, *self.form]

    @property
    def error(self) -> dict | None:
        error = self.answer.get("error")
        return error if isinstance(error, dict) else None

    def __str__(self) -> str:
        return f"{self.cassette} #{self.number}"


def recordings_file(standard: bool = False) -> pathlib.Path:
    """Those that ONFILE_RECORDINGS names, else the standard ones beside the schemas."""
    named = None if standard else os.environ.get("ONFILE_RECORDINGS")
    return pathlib.Path(named or schema_folder() / "real-interactions.jsonl")


def read(path: pathlib.Path) -> list[list[Exchange]]:
    """The cassettes of a file, in the order of their beginnings."""
    cassettes: dict[str, list[Exchange]] = {}
    for line in filter(None, path.read_text().splitlines()):
        told = json.loads(line)
        cassette = cassettes.setdefault(told["cassette"], [])
        cassette.append(_exchange(told["cassette"], len(cassette), told))
    return list(cassettes.values())


def _exchange(name: str, number: int, line: dict) -> Exchange:
    pairs = lambda key: [(name, value) for name, value in line.get(key) or []]
    headers = {key.lower(): value for key, value in line["req_headers"].items()}
    return Exchange(
        name, number, line["method"], line["path"], pairs("query"), pairs("form"), headers, line["status"], line["response"]
    )
