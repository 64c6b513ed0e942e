"""The demo as a person runs it: its own summary, checked against the ledger and the file that it imported."""

import csv
import json
import subprocess
import time

import pytest
import requests

from conftest import own_installation
from stack import CHECKOUT, binaries

CUSTOMERS = CHECKOUT / "examples" / "customers.csv"
DEMO_SECONDS_MAX = 600
IMPORT_SECONDS_MAX = 120


@pytest.fixture(scope="module")
def own_stack():
    """An installation of its own: the demo moves the bank's clock."""
    yield from own_installation("demo")


def demo(*arguments):
    command = [binaries() / "xtask", "demo", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=DEMO_SECONDS_MAX, cwd=CHECKOUT)


def taken_by_the_ledger(lines, account):
    """Money that the processor took and kept, by currency; a debit that comes back before it settled took none."""
    taken, settled = {}, set()
    for line in lines:
        if line["merchant"] != account:
            continue
        kind, amount = line["kind"], line["amount"]
        if kind == "settlement":
            settled.add(line["payment"])
        gone = kind == "return" and line["payment"] in settled
        sign = 1 if kind in ("capture", "settlement") else -1 if gone or kind == "refund" else 0
        taken[line["currency"]] = taken.get(line["currency"], 0) + sign * amount
    return taken


def test_the_demo_ends_with_the_totals_of_the_ledger_and_every_customer_in_them(own_stack):
    played = demo("--json", "--dir", own_stack.data)
    assert played.returncode == 0, played.stdout + played.stderr
    summary = json.loads(played.stdout.splitlines()[-1])
    rows = list(csv.DictReader(CUSTOMERS.read_text(encoding="utf-8").splitlines()))
    assert summary["agree"] is True
    assert (summary["rows"], summary["imported"], summary["parked"]) == (len(rows), len(rows), 0)
    # Everybody is billed on the run's day but for those whose Friday is the first of a month.
    later = [row for row in rows if "BYDAY=1FR" in row["recurrence"]]
    assert sum(total["count"] for total in summary["preview"].values()) == len(rows) - len(later)
    assert sum(total["planned"]["count"] for total in summary["totals"].values()) >= len(rows)
    ledger = own_stack.ledger()
    taken = {currency: total["taken"] for currency, total in summary["totals"].items()}
    assert taken == taken_by_the_ledger(ledger, own_stack.account)
    assert all(amount > 0 for amount in taken.values())
    for total in summary["totals"].values():
        assert total["planned"]["amount"] == total["paid"]["amount"] + total["given_up"]["amount"]
        assert total["paid"]["amount"] == total["taken"]
    # Nine customers without enough funds on their cards, three attempts each (M4); three with accounts likewise.
    assert summary["declined"]["insufficient_funds"] == 27
    returns = [line for line in ledger if line["kind"] == "return"]
    assert summary["debits"]["returned"] == len(returns) >= 3 * 3 + 3 + 2
    assert summary["retried"] > 0 and summary["run"]["charges_per_second"] > 0


def test_the_demo_says_what_it_would_do_and_where_nothing_runs(own_stack, tmp_path):
    before = own_stack.ledger()
    said = demo("--dry-run", "--dir", own_stack.data)
    assert said.returncode == 0 and own_stack.api in said.stdout and "200 customers" in said.stdout
    assert own_stack.ledger() == before
    nowhere = demo("--dir", tmp_path)
    assert nowhere.returncode == 1 and str(tmp_path) in nowhere.stderr


def test_an_import_goes_on_after_the_server_was_killed_and_doubles_nobody(own_stack):
    headers = {"Authorization": f"Bearer {own_stack.secret_key}"}
    url = f"{own_stack.api}/v1/onfile/imports"
    lines = CUSTOMERS.read_text(encoding="utf-8")
    started = requests.post(url, data=lines.encode(), headers=headers | {"Content-Type": "text/csv"}, timeout=60)
    started.raise_for_status()
    own_stack.kill("server")
    (left,), = own_stack.rows("server", "SELECT COUNT(*) FROM import_rows WHERE clock_id = '' AND state = 'pending'")
    assert int(left) > 0, "it was killed in the middle"
    own_stack.wait_for("server")
    deadline = time.monotonic() + IMPORT_SECONDS_MAX
    show = lambda: requests.get(f"{url}/{started.json()['id']}", headers=headers, timeout=30).json()
    while show()["status"] != "finished" and time.monotonic() < deadline:
        time.sleep(0.2)
    done = show()
    assert (done["status"], done["imported"], done["parked"]) == ("finished", 200, 0)
    again = requests.post(url, data=lines.encode(), headers=headers | {"Content-Type": "text/csv"}, timeout=60).json()
    assert (again["id"], again["reused"]) == (done["id"], True)
    query = "SELECT COUNT(*), COUNT(DISTINCT customer_id) FROM import_rows WHERE clock_id = '' AND state = 'imported'"
    assert own_stack.rows("server", query) == [["200", "200"]]
    query = "SELECT COUNT(*) FROM subscriptions WHERE clock_id = ''"
    assert own_stack.rows("server", query) == [["200"]]
