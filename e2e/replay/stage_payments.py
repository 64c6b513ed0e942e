"""How payments are made as the recordings show them, up to the state that they had."""

from replay.facts import id_of, present

BEFORE_ANY_ATTEMPT = ("requires_confirmation", "requires_payment_method")


def payment_intent(stage, name: str, facts: dict, exchange) -> str | None:
    """Confirmed, unless the recorded one was not tried yet, or is by this very request."""
    if not facts:
        return None
    intent = _pay(stage, facts, exchange, _was_tried(facts, exchange))
    if facts.get("status") == "canceled" and exchange.method == "GET":
        intent = stage.make(f"/v1/payment_intents/{intent['id']}/cancel", {})
    return intent["id"]


def _was_tried(facts: dict, exchange) -> bool:
    tried = facts.get("status") not in (*BEFORE_ANY_ATTEMPT, "canceled") or bool(facts.get("last_payment_error"))
    return tried and not exchange.path.endswith("/confirm")


def charge(stage, name: str, facts: dict, exchange) -> str | None:
    """By an intent of its amount; what was refunded is refunded, unless by this very request."""
    if not facts:
        return None
    intent = _pay(stage, facts, exchange, True, capture_method=None if facts.get("captured", True) else "manual")
    if isinstance(facts.get("payment_intent"), str):
        stage.names.set("payment_intent", facts["payment_intent"], intent["id"])
    if facts.get("amount_refunded") and exchange.method == "GET":
        stage.make("/v1/refunds", {"charge": intent["latest_charge"], "amount": facts["amount_refunded"]})
    return intent["latest_charge"]


def _pay(stage, facts: dict, exchange, confirmed: bool, **fields) -> dict:
    fields |= present(facts, "amount", "currency", "description", "metadata", "setup_future_usage", "shipping")
    fields |= present(facts, "capture_method") if facts["object"] == "payment_intent" else {}
    fields["customer"] = stage.customer_of(facts, exchange)
    failed = (facts.get("last_payment_error") or {}).get("payment_method")
    method = id_of(facts.get("payment_method") or failed) or stage.defaults.get(id_of(facts.get("customer")))
    if method:
        fields["payment_method"] = stage.need("payment_method", method, exchange)
    elif confirmed:
        fields["payment_method"] = "pm_card_visa"
    answer = stage.client.post("/v1/payment_intents", {**fields, "confirm": confirmed, "return_url": _return_url(facts)})
    declined = (answer.error or {}).get("payment_intent")
    return declined or stage.checked("/v1/payment_intents", answer)


def _return_url(facts: dict) -> str | None:
    return ((facts.get("next_action") or {}).get("redirect_to_url") or {}).get("return_url")


def setup_intent(stage, name: str, facts: dict, exchange) -> str | None:
    if not facts:
        return None
    fields = {**present(facts, "usage", "description", "metadata"), "customer": stage.customer_of(facts, exchange)}
    if isinstance(facts.get("payment_method"), str):
        fields["payment_method"] = stage.need("payment_method", facts["payment_method"], exchange)
    tried = _was_tried(facts, exchange) and facts.get("status") != "processing"
    return stage.make("/v1/setup_intents", {**fields, "confirm": tried, "return_url": _return_url(facts)})["id"]


def refund(stage, name: str, facts: dict, exchange) -> str | None:
    """Of its charge, or, where nothing shows that, of one of its amount."""
    paid = id_of(facts.get("charge"))
    if not paid:
        return None
    alone = {"object": "charge", "amount": facts["amount"], "currency": facts["currency"]}
    fields = {"charge": stage.need("charge", paid, exchange, known=alone), **present(facts, "amount", "reason", "metadata")}
    return stage.make("/v1/refunds", fields)["id"]


RECIPES = {"payment_intent": payment_intent, "charge": charge, "setup_intent": setup_intent, "refund": refund}
