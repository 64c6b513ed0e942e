"""Which operation a path is of, which things a request refers to, and what of it Onfile's protocol has."""

import functools
import re

from replay.recordings import Exchange
from wire_schemas import operations

PLACEHOLDER = re.compile(r"\{[^}]*\}")
ID = re.compile(r"^[a-z]+(_test|_live)?_(?=[A-Za-z0-9]*[0-9A-Z])[A-Za-z0-9]{8,}$")
SECRET = re.compile(r"^[a-z]+_[A-Za-z0-9]+_secret_[A-Za-z0-9]+$")

KINDS = {
    "customers": "customer", "payment_methods": "payment_method", "payment_intents": "payment_intent",
    "setup_intents": "setup_intent", "charges": "charge", "refunds": "refund", "invoices": "invoice",
    "invoiceitems": "invoiceitem", "subscriptions": "subscription", "subscription_items": "subscription_item",
    "prices": "price", "plans": "price", "products": "product", "coupons": "coupon", "promotion_codes": "promotion_code",
    "tax_rates": "tax_rate",
}
"""What a segment of a path holds, by the segment before it."""

PARAMETERS = {
    **{kind: kind for kind in KINDS.values()},
    "plan": "price", "default_payment_method": "payment_method", "latest_invoice": "invoice",
}
"""What a parameter names, by its last name."""


def is_id(value) -> bool:
    """Whether a value looks like an id that the service gave, or like the secret of an object."""
    return isinstance(value, str) and bool(ID.match(value) or SECRET.match(value))


@functools.cache
def _templates() -> list[tuple[str, re.Pattern, str]]:
    """The more exact ones first, so that `search` is not taken for an id."""
    known = sorted(operations(), key=lambda each: (len(PLACEHOLDER.findall(each[1])), each[1]))
    return [(method, re.compile(PLACEHOLDER.sub("([^/]+)", path) + "$"), PLACEHOLDER.sub("{}", path)) for method, path in known]


def operation(exchange: Exchange) -> tuple[str, bool]:
    """Method and path with `{}` for ids, and whether the SDK of the pinned version can send it."""
    for method, pattern, template in _templates():
        if method == exchange.method and pattern.match(exchange.path):
            return f"{method} {template}", True
    segments = exchange.path.split("/")
    shown = "/".join(["{}" if before in KINDS or is_id(segment) else segment for before, segment in zip(["", *segments], segments)])
    return f"{exchange.method} {shown}", False


def last_name(parameter: str) -> str:
    """`price` of `items[0][price]`, `expand` of `expand[]`."""
    return [name for name in re.split(r"[\[\]]+", parameter) if name and not name.isdigit()][-1]


def references(exchange: Exchange) -> list[tuple[str, str]]:
    """Kind and name of everything that a request relies on; test methods by name (`pm_card_visa`) are not among them."""
    segments = exchange.path.split("/")
    found = [(KINDS[before], name) for before, name in zip(segments, segments[1:]) if before in KINDS]
    for name, value in exchange.pairs:
        kind = PARAMETERS.get(last_name(name))
        if name.startswith("items[") and name.endswith("[id]"):
            kind = "subscription_item"
        if kind and value:
            found.append((kind, value))
    return [(kind, name) for kind, name in found if not re.match(r"(pm|tok)_[a-z]+(_|$)", name) or is_id(name)]
