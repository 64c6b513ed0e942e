"""Test card numbers, bank account numbers and security codes, and the search for them, which is `cargo xtask cards`'s.

That program looks at bytes as they are and through everything that could have been done to them, in files. Here it is
handed what tests have recorded, and what is in the memory of a process.
"""

import dataclasses
import functools
import json
import pathlib
import subprocess
from collections.abc import Iterator

from stack import xtask

SEARCH_SECONDS_MAX = 300


@dataclasses.dataclass(frozen=True)
class Finding:
    """One number, and where."""

    what: str
    where: str
    form: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what} ({self.form})"


@functools.cache
def _numbers() -> dict[str, tuple[str, ...]]:
    listed = subprocess.run([xtask(), "cards", "--list"], check=True, capture_output=True, timeout=SEARCH_SECONDS_MAX)
    return {kind: tuple(numbers) for kind, numbers in json.loads(listed.stdout).items()}


def test_numbers() -> frozenset[bytes]:
    """Every number that is searched for: those in the product's own tables, and our canaries."""
    return frozenset(number.encode() for numbers in _numbers().values() for number in numbers)


def canary_numbers() -> tuple[str, ...]:
    """Valid numbers of no test card, the same ones every time: tests type them in, and they may be found nowhere."""
    return _numbers()["canaries"]


def search_files(places: list[pathlib.Path]) -> tuple[list[Finding], int]:
    """What is found in all files below the folders, and how many files that were."""
    answer = _search(places)
    return [Finding(found["what"], found["place"], found["form"]) for found in answer["found"]], answer["files"]


def search_bytes(data: bytes, where: str) -> list[Finding]:
    """Everything that is found in these bytes, each once, in the plainest form that shows it."""
    return [Finding(found["what"], where, found["form"]) for found in _search(["-"], [data])["found"]]


def search_memory(pid: int) -> tuple[list[Finding], int]:
    """Numbers in a process's writable memory, and how many bytes that is. Needs the right to trace the process."""
    size = 0

    def regions() -> Iterator[bytes]:
        nonlocal size
        for region in _writable_memory(pid):
            size += len(region)
            yield region

    answer = _search(["--memory", "-"], regions())
    where = f"memory of process {pid}"
    return [Finding(found["what"], where, found["form"]) for found in answer["found"]], size


def _search(options: list, data=()) -> dict:
    """What the program answers: status 1 says that something was found, or that there was nothing to search."""
    command = [xtask(), "cards", "--json", *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as search:
        for part in data:
            search.stdin.write(part)
        answer, _ = search.communicate(timeout=SEARCH_SECONDS_MAX)
    if search.returncode not in (0, 1) or not answer:
        raise RuntimeError(f"{command} ended with status {search.returncode}")
    return json.loads(answer)


def _writable_memory(pid: int) -> Iterator[bytes]:
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            span, rights, *_ = line.split()
            start, end = (int(part, 16) for part in span.split("-"))
            if "rw" not in rights or "[v" in line:
                continue
            memory.seek(start)
            try:
                yield memory.read(end - start)
            except OSError:
                continue  # a guard page, or gone
