"""How subscriptions and invoices are made as the recordings show them, up to the state that they had before the request."""

import time

from replay.facts import id_of, present

STEPS = {
    "open": ["finalize"], "paid": ["pay"], "void": ["finalize", "void"],
    "uncollectible": ["finalize", "mark_uncollectible"],
}
"""What brings an invoice from its draft to a state."""


def subscription(stage, name: str, facts: dict, exchange) -> str | None:
    if not facts:
        return None
    items = []
    for item in (facts.get("items") or {}).get("data", []):
        sold = item.get("price") or item.get("plan") or {}
        items.append({"price": stage.need("price", sold.get("id"), exchange, known=sold), **present(item, "quantity")})
    customer = stage.customer_of(facts, exchange)
    fields = {"customer": customer, "items": items, **present(facts, "description", "metadata")}
    if facts.get("status") == "trialing" and facts.get("trial_end"):
        fields["trial_end"] = int(time.time()) + facts["trial_end"] - facts["created"]
    if facts.get("collection_method") == "send_invoice":
        fields |= {"collection_method": "send_invoice", "days_until_due": facts.get("days_until_due")}
    elif "trial_end" not in fields:
        stage.give_card(customer, exchange)
    made = stage.make("/v1/subscriptions", fields)
    for there, here in zip((facts.get("items") or {}).get("data", []), made["items"]["data"]):
        stage.names.set("subscription_item", there["id"], here["id"])
    return made["id"]


def subscription_item(stage, name: str, facts: dict, exchange) -> str | None:
    stage.need("subscription", facts.get("subscription"), exchange)
    return stage.names.get("subscription_item", name)


def invoice(stage, name: str, facts: dict, exchange) -> str | None:
    """An agreement's invoice comes with the agreement; any other is made of items, one a line."""
    if not facts:
        return None
    parent = ((facts.get("parent") or {}).get("subscription_details") or {}).get("subscription") or facts.get("subscription")
    if parent:
        ours = stage.need("subscription", id_of(parent), exchange, known=_agreement(facts))
        return stage.client.get(f"/v1/subscriptions/{ours}").body.get("latest_invoice")
    customer = stage.customer_of(facts, exchange)
    for line in (facts.get("lines") or {}).get("data", []):
        stage.make("/v1/invoiceitems", {"customer": customer, **present(line, "amount", "currency", "description")})
    fields = {"customer": customer, "pending_invoice_items_behavior": "include", **present(facts, "description", "metadata")}
    if facts.get("collection_method") == "send_invoice":
        fields |= {"collection_method": "send_invoice", "days_until_due": 30}
    made = stage.make("/v1/invoices", fields)["id"]
    if exchange.method == "GET":
        if facts.get("status") == "paid":
            stage.give_card(customer, exchange)
        for step in STEPS.get(facts.get("status"), ()):
            stage.make(f"/v1/invoices/{made}/{step}", {})
    return made


def _agreement(invoice: dict) -> dict:
    """The agreement as its invoice shows it: what each line sells, and how often."""
    items = []
    for line in (invoice.get("lines") or {}).get("data", []):
        sold, days = (line.get("pricing") or {}).get("price_details") or {}, _days(line)
        interval = "year" if days > 31 else "month" if days > 7 else "week" if days > 1 else "day"
        price = {
            "id": sold.get("price"), "product": sold.get("product"), "currency": line["currency"],
            "unit_amount": line["amount"] // (line.get("quantity") or 1), "recurring": {"interval": interval, "usage_type": "licensed"},
        }
        items.append({"id": f"of {line['id']}", "price": price, "quantity": line.get("quantity")})
    return {"customer": invoice.get("customer"), "items": {"data": items}}


def _days(line: dict) -> int:
    period = line.get("period") or {}
    return (period.get("end", 0) - period.get("start", 0)) // 86_400


def invoice_item(stage, name: str, facts: dict, exchange) -> str | None:
    if not facts:
        return None
    fields = present(facts, "amount", "currency", "description", "metadata")
    return stage.make("/v1/invoiceitems", {"customer": stage.customer_of(facts, exchange), **fields})["id"]


RECIPES = {
    "subscription": subscription, "subscription_item": subscription_item, "invoice": invoice, "invoiceitem": invoice_item,
}
