"""What is sold and for how much, told with stripe-python."""

from decimal import Decimal

import pytest
import stripe


def test_a_product_is_sold_at_a_price_until_another_takes_over(stripe_client, conforms):
    product = conforms(
        stripe_client.v1.products.create(
            {
                "name": "Gold",
                "description": "All of it",
                "images": ["https://shop.example/gold.png"],
                "marketing_features": [{"name": "Shines"}],
                "package_dimensions": {"height": 1.0, "length": 2.5, "weight": 0.25, "width": 3.0},
                "default_price_data": {"currency": "usd", "unit_amount": 2900, "recurring": {"interval": "month"}},
                "expand": ["default_price"],
            }
        )
    )
    first = conforms(stripe_client.v1.prices.retrieve(product.default_price.id))
    assert (first.product, first.unit_amount, first.recurring.interval_count) == (product.id, 2900, 1)

    key = f"gold-monthly-{product.id}"
    conforms(stripe_client.v1.prices.update(first.id, {"lookup_key": key, "nickname": "at first"}))
    dearer = conforms(
        stripe_client.v1.prices.create(
            {
                "product": product.id,
                "currency": "usd",
                "unit_amount": 3900,
                "recurring": {"interval": "month", "interval_count": 3},
                "lookup_key": key,
                "transfer_lookup_key": True,
            }
        )
    )
    found = conforms(stripe_client.v1.prices.list({"lookup_keys": [key], "expand": ["data.product"]}))
    assert [(each.id, each.product.name) for each in found.data] == [(dearer.id, "Gold")]

    with pytest.raises(stripe.InvalidRequestError) as caught:
        stripe_client.v1.prices.update(first.id, {"active": False})
    assert caught.value.param == "active"
    conforms(stripe_client.v1.products.update(product.id, {"default_price": dearer.id}))
    archived = conforms(stripe_client.v1.prices.update(first.id, {"active": False}))
    assert (archived.active, archived.lookup_key) == (False, None)
    active = stripe_client.v1.prices.list({"product": product.id, "active": True, "type": "recurring"})
    assert [each.id for each in active.data] == [dearer.id]

    with pytest.raises(stripe.InvalidRequestError):
        stripe_client.v1.products.delete(product.id)
    retired = conforms(stripe_client.v1.products.update(product.id, {"active": False, "url": ""}))
    assert (retired.active, retired.default_price) == (False, dearer.id)


def test_a_part_of_a_cent_comes_back_as_it_was_sent(stripe_client, conforms):
    price = conforms(
        stripe_client.v1.prices.create(
            {
                "currency": "usd",
                "unit_amount_decimal": Decimal("0.123456789012"),
                "product_data": {"name": "Messages", "unit_label": "message"},
            }
        )
    )
    assert (price.unit_amount, Decimal(price.unit_amount_decimal)) == (None, Decimal("0.123456789012"))
    again = conforms(stripe_client.v1.prices.retrieve(price.id, {"expand": ["product"]}))
    assert (again.type, again.product.unit_label) == ("one_time", "message")


def test_an_id_of_the_merchants_own_is_taken_once(stripe_client, conforms):
    unused = conforms(stripe_client.v1.products.create({"name": "Tin", "id": "tin-2026"}))
    assert stripe_client.v1.products.retrieve("tin-2026").name == unused.name
    with pytest.raises(stripe.InvalidRequestError) as caught:
        stripe_client.v1.products.create({"name": "Tin", "id": "tin-2026"})
    assert caught.value.code == "resource_already_exists"
    assert conforms(stripe_client.v1.products.delete("tin-2026")).deleted
    with pytest.raises(stripe.InvalidRequestError) as caught:
        stripe_client.v1.products.retrieve("tin-2026")
    assert caught.value.http_status == 404
    kinds = [each.type for each in stripe_client.v1.events.list({"type": "product.*", "limit": 2}).data]
    assert kinds == ["product.deleted", "product.created"]


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"recurring": {"interval": "month", "usage_type": "metered"}}, "recurring[usage_type]"),
        ({"recurring": {"interval": "month", "interval_count": 37}}, "recurring[interval_count]"),
        ({"billing_scheme": "tiered"}, "billing_scheme"),
        ({"unit_amount_decimal": "0.1234567890123"}, "unit_amount_decimal"),
    ],
)
def test_what_cannot_be_priced_is_refused_by_name(stripe_client, params, param):
    amount = {} if "unit_amount_decimal" in params else {"unit_amount": 100}
    with pytest.raises(stripe.InvalidRequestError) as caught:
        stripe_client.v1.prices.create({"currency": "usd", "product_data": {"name": "Gold"}, **amount, **params})
    assert caught.value.param == param
