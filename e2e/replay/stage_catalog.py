"""How products, prices, coupons, promotion codes and tax rates are made as the recordings show them."""

from replay.facts import id_of, present

OF_PRICE = ("currency", "nickname", "metadata", "tax_behavior", "tiers_mode", "billing_scheme")


def product(stage, name: str, facts: dict, _exchange) -> str:
    fields = {"name": facts.get("name") or "Product", **present(facts, "description", "metadata", "unit_label")}
    return stage.make("/v1/products", fields)["id"]


def price(stage, name: str, facts: dict, exchange) -> str:
    """With its amount and rhythm. A price that only a checkout shows has the amount of the checkout."""
    facts = facts or _of_checkout(exchange)
    recurring = facts.get("recurring") or (facts if facts.get("interval") else None)
    named = id_of(facts.get("product"))
    product = stage.need("product", named, exchange, always=True) if named else stage.make("/v1/products", {"name": "Product"})["id"]
    fields = present(facts, *OF_PRICE)
    fields.pop("billing_scheme", None) if fields.get("billing_scheme") == "per_unit" else None
    fields.pop("tax_behavior", None) if fields.get("tax_behavior") == "unspecified" else None
    amount = facts.get("unit_amount", facts.get("amount"))
    if amount is None and facts.get("unit_amount_decimal"):
        fields["unit_amount_decimal"] = facts["unit_amount_decimal"]
    fields |= {"product": product, "unit_amount": amount}
    if recurring:
        fields["recurring"] = present(recurring, "interval", "interval_count", "trial_period_days")
        fields["recurring"] |= {} if recurring.get("usage_type") == "licensed" else present(recurring, "usage_type", "meter")
    return stage.make("/v1/prices", fields)["id"]


def _of_checkout(exchange) -> dict:
    """One kind of thing was sold: the total by the quantity."""
    answer, quantity = exchange.answer, 1
    for name, value in exchange.form:
        if name == "line_items[0][quantity]":
            quantity = int(value)
    if answer.get("object") != "checkout.session" or not answer.get("amount_total"):
        return {}
    rhythm = {"recurring": {"interval": "month", "usage_type": "licensed"}} if answer.get("mode") == "subscription" else {}
    return {"currency": answer["currency"], "unit_amount": answer["amount_total"] // quantity, **rhythm}


def coupon(stage, name: str, facts: dict, _exchange) -> str | None:
    """Under its own id, as merchants choose them."""
    fields = present(facts, "amount_off", "percent_off", "currency", "duration", "duration_in_months", "name", "metadata")
    return stage.make("/v1/coupons", {"id": name, **fields})["id"] if fields else None


def promotion_code(stage, name: str, facts: dict, exchange) -> str | None:
    held = id_of((facts.get("promotion") or facts).get("coupon"))
    if not held:
        return None
    promotion = {"type": "coupon", "coupon": stage.need("coupon", held, exchange)}
    return stage.make("/v1/promotion_codes", {"promotion": promotion, **present(facts, "code", "metadata")})["id"]


def tax_rate(stage, name: str, facts: dict, _exchange) -> str | None:
    fields = present(facts, "display_name", "description", "jurisdiction", "country", "metadata")
    fields |= {"percentage": facts.get("percentage"), "inclusive": facts.get("inclusive")}
    return stage.make("/v1/tax_rates", fields)["id"] if facts else None


RECIPES = {
    "product": product, "price": price, "coupon": coupon, "promotion_code": promotion_code, "tax_rate": tax_rate,
}
