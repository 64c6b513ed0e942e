"""Compares the processor's ledger, which is what happened to money, with what the API says happened.

Both sides are read through public interfaces and joined by the authorised amount, so every order of a comparison must
have an amount of its own. Nothing here knows how the product works inside.
"""

import collections
import dataclasses

OPEN_INTENTS = {"processing"}
OPEN_REFUNDS = {"pending"}


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

    def money(self) -> tuple:
        return self.captured, sorted(self.refunds), self.released


def compare(ledger: list[dict], intents: list[dict], charges: list[dict], refunds: list[dict]) -> Report:
    """Holds the two sides against each other, order by order. Dicts are as the wire has them."""
    report = Report()
    done, declined = _at_processor(ledger, report)
    said, failed = _at_api(charges, refunds, report)
    for order in sorted(done.keys() | said.keys()):
        _compare_order(order, done.get(order, []), said.get(order, []), report)
    for order in sorted(declined.keys() | failed.keys()):
        if declined[order] != failed[order]:
            report.drift.append(f"order {order}: {declined[order]} declines in the ledger, {failed[order]} in the API")
    _compare_intents(intents, said, report)
    report.stuck += [f"{intent['id']} is {intent['status']}" for intent in intents if intent["status"] in OPEN_INTENTS]
    report.stuck += [f"{refund['id']} is {refund['status']}" for refund in refunds if refund["status"] in OPEN_REFUNDS]
    return report


def _at_processor(ledger, report) -> tuple[dict[int, list[Taken]], collections.Counter]:
    """Payments by order, and how often each order was declined."""
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
        if kind == "authorisation":
            payment.order = amount
        elif kind == "capture":
            payment.captures += 1
            payment.captured += amount
        elif kind == "refund":
            payment.refunds.append(amount)
        elif kind == "void":
            payment.released = True
    for (reference, kind), count in references.items():
        if count > 1:
            report.double.append(f"operation {reference}: {count} lines of kind {kind}")
    return _by_order(payments.values()), declined


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
            captured=charge["amount_captured"], released=released,
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
    took = [payment.id for payment in done if payment.captures]
    if len(took) > 1 or any(payment.captures > 1 for payment in done):
        report.double.append(f"order {order}: captured by {took}")
    if len([payment for payment in done if not payment.released]) > 1:
        report.double.append(f"order {order}: authorised by {[payment.id for payment in done]}")
    if len(done) > len(said):
        report.lost.append(f"order {order}: the processor has {done}, the API {said}")
    elif len(done) < len(said):
        report.phantom.append(f"order {order}: the API has {said}, the processor {done}")
    elif sorted(payment.money() for payment in done) != sorted(payment.money() for payment in said):
        report.drift.append(f"order {order}: the processor has {done}, the API {said}")


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
