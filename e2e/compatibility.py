"""What `docs/compatibility.md` says of operations and recorded traffic, and whether it is so.

`python compatibility.py` writes the tables of operations anew, from the server's table of routes;
`python compatibility.py REPORT`, where REPORT is what `python -m replay --json` printed, the rates as well. A rate is a
promise that `test_replay.py` holds: it only rises.
"""

import dataclasses
import json
import pathlib
import re
import sys

from stack import CHECKOUT
from wire_schemas import operations

PAGE = CHECKOUT / "docs" / "compatibility.md"
ROUTES = CHECKOUT / "crates" / "server" / "src" / "routes.rs"
ROUTE = re.compile(r'route!\(\s*"(GET|POST|DELETE)",\s*"([^"]+)"')
PLACEHOLDER = re.compile(r"\{[^}]*\}")
OWN = "/v1/onfile/"
AT_THE_VAULT = {("POST", "/v1/tokens")}
METHODS = ("GET", "POST", "DELETE")
RATES = {
    "basil_or_later": "of basil (2025-03-31) or later", "older": "of older versions",
    "not_offered": "of what Onfile does not offer",
}
"""The rows of the table of rates, by what the report calls them."""


@dataclasses.dataclass(frozen=True)
class Rate:
    passed: int
    of: int

    def __str__(self) -> str:
        percent = 100 * self.passed / self.of if self.of else 100
        return f"| {self.passed} | {self.of} | {percent:.1f} % |"

    def is_below(self, other: "Rate") -> bool:
        return self.passed * other.of < other.passed * self.of


def routes() -> set[tuple[str, str]]:
    """Method and path, `{}` for ids, of every route that the server has."""
    return _plain(ROUTE.findall(ROUTES.read_text()))


def _plain(found) -> set[tuple[str, str]]:
    return {(method, PLACEHOLDER.sub("{}", path)) for method, path in found}


def tables() -> dict[str, str]:
    """The generated parts of the page, by the name of their place."""
    known, ours = _plain(operations()), routes()
    own = {each for each in ours if each[1].startswith(OWN)}
    return {
        "supported": _table(ours - own),
        "own": _table(own),
        "missing": _table(known - ours - AT_THE_VAULT),
        "counts": f"{len(known & (ours | AT_THE_VAULT))} of the {len(known)} operations that stripe-node 23 can send for these objects",
    }


def _table(found: set[tuple[str, str]]) -> str:
    by_path: dict[str, list[str]] = {}
    for method, path in sorted(found, key=lambda each: (each[1], METHODS.index(each[0]))):
        by_path.setdefault(path, []).append(method)
    return "\n".join(["| address | methods |", "|---|---|", *(f"| `{path}` | {', '.join(by)} |" for path, by in by_path.items())])


def place(name: str) -> re.Pattern:
    return re.compile(rf"(<!-- {name} -->\n?)(.*?)(\n?<!-- /{name} -->)", re.DOTALL)


def written(page: str, parts: dict[str, str]) -> str:
    """The page with these parts in their places."""
    for name, part in parts.items():
        if not place(name).search(page):
            raise SystemExit(f"{PAGE} has no place named {name}")
        page = place(name).sub(lambda found: found[1] + part + found[3], page)
    return page


def promised() -> dict[str, Rate]:
    """What the page says of recorded traffic."""
    page = PAGE.read_text()
    found = {name: re.search(rf"\| {re.escape(row)} \| (\d+) \| (\d+) \|", page) for name, row in RATES.items()}
    return {name: Rate(int(numbers[1]), int(numbers[2])) for name, numbers in found.items()}


def measured(report: dict) -> dict[str, Rate]:
    rates = {name: Rate(report[name]["passed"], report[name]["of"]) for name in ("basil_or_later", "older")}
    return {**rates, "not_offered": Rate(report["all"]["refused_properly"], report["all"]["not_offered"])}


def broken_promises(report: dict) -> list[str]:
    """Every rate that is below what the page says, in words."""
    found = measured(report)
    return [
        f"{RATES[name]}: {found[name].passed} of {found[name].of}, and {PAGE.name} says {said.passed} of {said.of}"
        for name, said in promised().items()
        if found[name].is_below(said)
    ]


def rates(report: dict) -> str:
    rows = [f"| {RATES[name]} {rate}" for name, rate in measured(report).items()]
    return "\n".join(["| recorded requests | answered as they should be | of | |", "|---|--:|--:|--:|", *rows])


def main(arguments: list[str]) -> None:
    parts = tables()
    if arguments:
        report = json.loads(pathlib.Path(arguments[0]).read_text())
        if broken_promises(report):
            raise SystemExit("\n".join(broken_promises(report)))
        parts["rates"] = rates(report)
    PAGE.write_text(written(PAGE.read_text(), parts))


if __name__ == "__main__":
    main(sys.argv[1:])
