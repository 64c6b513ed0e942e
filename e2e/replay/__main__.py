"""`python -m replay`: plays recordings against an installation of its own, and prints what came of it."""

import argparse
import json
import pathlib
import sys

from replay.recordings import recordings_file
from replay.report import report, text
from replay.session import play_file
from stack import installation


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m replay", description=__doc__)
    arguments.add_argument("recordings", nargs="?", type=pathlib.Path, default=recordings_file(), help="a file of exchanges, one JSON object a line")
    arguments.add_argument("--json", action="store_true", help="print the whole report as JSON")
    arguments.add_argument("--only", default="", help="play only cassettes whose name holds this")
    arguments.add_argument("--go-on", action="store_true", help="send what is refused again without what it is refused for, to find all faults at once")
    arguments.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    chosen = arguments.parse_args()
    with installation("replay", chosen.database) as stack:
        told = report(play_file(stack, chosen.recordings, chosen.only, chosen.go_on))
    print(json.dumps(told, indent=1) if chosen.json else text(told))
    return 0


if __name__ == "__main__":
    sys.exit(main())
