"""The proof, long: seed after seed, each with an installation of its own; run by `cargo xtask prove`.

Standard output is for the result; progress goes to standard error.
"""

import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import prove_report
from proof import Plan, prove
from stack import CHECKOUT, binaries, installation

DATABASES = {"sqlite": ["sqlite"], "postgres": ["postgres"], "both": ["sqlite", "postgres"]}
# Between two kills so much is peace with work, on a machine that is quick enough.
PEACE_SECONDS = 1.0
SETTLE_SECONDS_MAX = 300
PROGRESS_SECONDS = 10


def plan(seed: int, options) -> Plan:
    kills = max(20, round(options.undisturbed / PEACE_SECONDS))
    return Plan(
        seed=seed, orders=options.charges, debts=options.debts, kills=kills, kills_max=5 * kills,
        undisturbed_seconds=options.undisturbed, with_database=True, settle_seconds_max=SETTLE_SECONDS_MAX,
    )


def main() -> int:
    options = arguments()
    outcomes, failures = [], []
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        for database in DATABASES[options.database]:
            failures += one(seed, database, options, outcomes)
            # After each, so that an interruption leaves what was proved until then.
            options.report.write_text(prove_report.page(setting(options), outcomes, failures))
    print(summary(options, outcomes, failures))
    return 1 if failures else 0


def one(seed: int, database: str, options, outcomes: list) -> list[str]:
    """One seed on one database. Returns what is wrong, with the folder where it can be looked at."""
    progress = Progress(f"seed {seed} on {database}")
    where, outcome = None, None
    try:
        with installation(f"prove-{seed}", database) as stack:
            where = stack.data
            outcome = prove(stack, plan(seed, options), progress)
            outcomes.append((database, outcome))
            print(prove_report.in_words(outcome, database), file=sys.stderr, flush=True)
            assert outcome.problems == []
    except Exception as error:
        wrong = (outcome and outcome.problems) or [repr(error)]
        found = [f"seed {seed} on {database}: {problem}" for problem in wrong]
        found[-1] += f" (its installation was kept in {where})"
        print(*found, sep="\n", file=sys.stderr, flush=True)
        return found
    return []


class Progress:
    """Says now and then how far it is."""

    def __init__(self, what: str):
        self._what, self._began, self._said = what, time.monotonic(), 0.0

    def __call__(self, text: str, important: bool = False) -> None:
        now = time.monotonic()
        if important or now - self._said >= PROGRESS_SECONDS:
            self._said = now
            print(f"{self._what}, {now - self._began:.0f} s: {text}", file=sys.stderr, flush=True)


def setting(options) -> prove_report.Setting:
    command = f"cargo xtask prove --seeds {options.seeds} --first-seed {options.first_seed} --charges {options.charges} "
    command += f"--debts {options.debts} --undisturbed {options.undisturbed} --database {options.database}"
    command += " --profile debug" if binaries().name == "debug" else ""
    revision = ["git", "describe", "--always", "--dirty"]
    commit = subprocess.run(revision, cwd=CHECKOUT, capture_output=True, text=True, check=False).stdout.strip()
    return prove_report.Setting(
        date=time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()), commit=commit or "unknown", machine=machine(),
        profile=binaries().name, command=command,
    )


def machine() -> str:
    """Processor, cores and memory."""
    about = pathlib.Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    name = next((line.split(":", 1)[1].strip() for line in about if line.startswith("model name")), os.uname().machine)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{name}, {len(os.sched_getaffinity(0))} cores, {memory:.0f} GiB, {os.uname().sysname} {os.uname().release}"


def summary(options, outcomes, failures) -> str:
    if options.json:
        runs = [prove_report.as_data(outcome, database) for database, outcome in outcomes]
        return json.dumps({"ok": not failures, "runs": runs, "failures": failures, "report": str(options.report)})
    charges = sum(outcome.charges for _, outcome in outcomes)
    verdict = f"wrong: {len(failures)}" if failures else "nothing is wrong"
    return f"{len(outcomes)} runs, {charges} charges: {verdict}. The report is {options.report}"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, required=True)
    parser.add_argument("--first-seed", type=int, required=True)
    parser.add_argument("--charges", type=int, required=True)
    parser.add_argument("--debts", type=int, required=True)
    parser.add_argument("--undisturbed", type=int, required=True)
    parser.add_argument("--database", choices=DATABASES, required=True)
    parser.add_argument("--report", type=pathlib.Path, required=True)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def interrupted(number, frame):
    """The first signal ends what runs; further ones would end the ending."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGINT, interrupted)
    signal.signal(signal.SIGTERM, interrupted)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr, flush=True)
        os._exit(130)  # clients may still be waiting for answers that never come
