"""Compares the processor's ledger, which is what happened to money, with what the API says happened.

Both sides are read through public interfaces and joined by the authorised amount, so every order of a comparison must
have an amount of its own. Nothing here knows how the product works inside.
"""

import collections
import dataclasses

OPEN_INTENTS = {"processing"}
OPEN_REFUNDS = {"pending"}
OPEN_CHARGES = {"pending"}


@dataclasses.dataclass
class Report:
    """What does not fit, in words; all empty when the two sides agree."""

    double: list[str] = dataclasses.field(default_factory=list)
    """Money was taken more than once for one order."""
    lost: list[str] = dataclasses.field(default_factory=list)
    """The processor did something, and the API does not know it."""
    phantom: list[str] = dataclasses.field(default_factory=list)
    """The API says that something happened, and the processor never did it."""
    drift: list[str] = dataclasses.field(default_factory=list)
    """Both know of it, and not the same."""
    stuck: list[str] = dataclasses.field(default_factory=list)
    """The API still does not know."""

    def counts(self) -> dict[str, int]:
        return {field.name: len(getattr(self, field.name)) for field in dataclasses.fields(self)}

    def __str__(self) -> str:
        lines = [f"{name}: {text}" for name, texts in dataclasses.asdict(self).items() for text in texts]
        return "\n".join([str(self.counts()), *lines])


@dataclasses.dataclass
class Taken:
    """One payment: at the processor, or one charge of the API. Minor units."""

    order: int = 0
    id: str = ""
    captures: int = 0
    captured: int = 0
    refunds: list[int] = dataclasses.field(default_factory=list)
    released: bool = False
    debited: bool = False
    """From a bank account: no money before it has settled."""
    taken_back: bool = False
    """A debit that settled, and whose money the bank took back: its debt is open again."""

    def money(self) -> tuple:
        return self.captured, sorted(self.refunds), self.released, self.debited, self.taken_back

    def over(self) -> bool:
        """Whether another payment of the same order is right."""
        return self.released or self.taken_back


def compare(
    ledger: list[dict], intents: list[dict], charges: list[dict], refunds: list[dict], disputes: list[dict]
) -> Report:
    """Holds the two sides against each other, order by order. Dicts are as the wire has them."""
    report = Report()
    done, declined = _at_processor(ledger, report)
    said, failed = _at_api(charges, refunds, report)
    _compare_disputes(charges, disputes, report)
    for order in sorted(done.keys() | said.keys()):
        _compare_order(order, done.get(order, []), said.get(order, []), report)
    for order in sorted(declined.keys() | failed.keys()):
        if declined[order] != failed[order]:
            report.drift.append(f"order {order}: {declined[order]} declines in the ledger, {failed[order]} in the API")
    _compare_intents(intents, said, report)
    report.stuck += [f"{intent['id']} is {intent['status']}" for intent in intents if intent["status"] in OPEN_INTENTS]
    for items, open_states in ((refunds, OPEN_REFUNDS), (charges, OPEN_CHARGES)):
        report.stuck += [f"{item['id']} is {item['status']}" for item in items if item["status"] in open_states]
    return report


def _at_processor(ledger, report) -> tuple[dict[int, list[Taken]], collections.Counter]:
    """Payments by order, and how often each order was declined: at once, or by a debit that came back unpaid."""
    payments: dict[str, Taken] = {}
    declined = collections.Counter()
    references = collections.Counter()
    for line in ledger:
        kind, amount = line["kind"], line["amount"]
        references[(line["reference"], kind)] += 1
        if kind == "decline":
            declined[amount] += 1
            continue
        if kind == "verification":
            continue
        payment = payments.setdefault(line["payment"], Taken(id=line["payment"]))
        if kind in ("authorisation", "debit"):
            payment.order, payment.debited = amount, kind == "debit"
        elif kind in ("capture", "settlement"):
            payment.captures += 1
            payment.captured += amount
        elif kind == "refund":
            payment.refunds.append(amount)
        elif kind == "void":
            payment.released = True
        elif kind == "return" and payment.captures:
            payment.taken_back = True
        elif kind == "return":
            declined[amount] += 1
            del payments[payment.id]
    for (reference, kind), count in references.items():
        if count > 1:
            report.double.append(f"operation {reference}: {count} lines of kind {kind}")
    _find_overlapping_debits(ledger, report)
    return _by_order(payments.values()), declined


def _find_overlapping_debits(ledger, report) -> None:
    """Of two debits of an order at the same time one is too many, also when both come back in the end."""
    running: dict[int, set[str]] = collections.defaultdict(set)
    for line in ledger:
        if line["kind"] == "debit":
            running[line["amount"]].add(line["payment"])
            if len(running[line["amount"]]) > 1:
                report.double.append(f"order {line['amount']}: debited by {sorted(running[line['amount']])} at once")
        elif line["kind"] == "return":
            running[line["amount"]].discard(line["payment"])


def _at_api(charges, refunds, report) -> tuple[dict[int, list[Taken]], collections.Counter]:
    """Successful charges by order, and how often a processor's "no" was recorded for each order."""
    taken: dict[str, Taken] = {}
    failed = collections.Counter()
    for charge in charges:
        if charge["status"] == "failed":
            # What never arrived has no line in the ledger.
            failed[charge["amount"]] += charge["outcome"]["network_status"] != "not_sent_to_network"
            continue
        released = charge["refunded"] and not charge["captured"]
        taken[charge["id"]] = Taken(
            order=charge["amount"], id=charge["id"], captures=int(charge["captured"]),
            captured=charge["amount_captured"], released=released, taken_back=charge["disputed"],
            debited=charge["payment_method_details"]["type"] == "us_bank_account",
        )
    for refund in refunds:
        if refund["status"] != "succeeded":
            continue
        if refund["charge"] in taken:
            taken[refund["charge"]].refunds.append(refund["amount"])
        else:
            report.phantom.append(f"{refund['id']}: a refund of no charge")
    for charge in charges:
        own = taken.get(charge["id"])
        pending = any(r["charge"] == charge["id"] and r["status"] in OPEN_REFUNDS for r in refunds)
        if own and own.captures and not pending and charge["amount_refunded"] != sum(own.refunds):
            report.drift.append(f"{own.id}: says {charge['amount_refunded']} refunded, its refunds say {own.refunds}")
    return _by_order(taken.values()), failed


def _by_order(payments) -> dict[int, list[Taken]]:
    orders = collections.defaultdict(list)
    for payment in payments:
        orders[payment.order].append(payment)
    return orders


def _compare_order(order: int, done: list[Taken], said: list[Taken], report: Report) -> None:
    took = [payment.id for payment in done if payment.captures and not payment.taken_back]
    if len(took) > 1 or any(payment.captures > 1 for payment in done):
        report.double.append(f"order {order}: captured by {took}")
    if len([payment for payment in done if not payment.over()]) > 1:
        report.double.append(f"order {order}: authorised by {[payment.id for payment in done]}")
    if len(done) > len(said):
        report.lost.append(f"order {order}: the processor has {done}, the API {said}")
    elif len(done) < len(said):
        report.phantom.append(f"order {order}: the API has {said}, the processor {done}")
    elif sorted(payment.money() for payment in done) != sorted(payment.money() for payment in said):
        report.drift.append(f"order {order}: the processor has {done}, the API {said}")


def _compare_disputes(charges, disputes, report) -> None:
    """Each debit that was taken back is one lost dispute of its whole amount, and nothing else is one."""
    lost = collections.defaultdict(list)
    for dispute in disputes:
        lost[dispute["charge"]].append((dispute["status"], dispute["amount"]))
    for charge in charges:
        found, wanted = lost.pop(charge["id"], []), [("lost", charge["amount"])] if charge["disputed"] else []
        if found != wanted:
            report.drift.append(f"{charge['id']}: its disputes are {found}, not {wanted}")
    report.phantom += [f"{charge}: a dispute of no charge" for charge in lost]


def _compare_intents(intents, said, report) -> None:
    """What an intent says of itself must be what its charge says."""
    charges = {payment.id: payment for payments in said.values() for payment in payments}
    for intent in intents:
        latest = charges.get(intent["latest_charge"])
        received = latest.captured if latest else 0
        if intent["status"] == "succeeded" and not received:
            report.phantom.append(f"{intent['id']} succeeded without a charge")
        elif intent["amount_received"] != received:
            report.drift.append(f"{intent['id']} received {intent['amount_received']}, its charge {received}")
