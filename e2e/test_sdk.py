"""The story of a stored card, told with stripe-python, unchanged but for its base URL."""

import pytest
import stripe


@pytest.fixture
def customer(stripe_client, conforms):
    return conforms(stripe_client.v1.customers.create({"name": "Ada Lovelace", "email": "ada@example.com"}))


def attach(client, conforms, customer, token):
    return conforms(client.v1.payment_methods.attach(token, {"customer": customer.id}))


def pay(client, customer, card, **changes):
    return client.v1.payment_intents.create(
        {
            "customer": customer.id,
            "payment_method": card.id,
            "amount": 2900,
            "currency": "usd",
            "off_session": True,
            "confirm": True,
            **changes,
        }
    )


def test_a_customer_is_found_again(stripe_client, conforms, customer):
    found = conforms(stripe_client.v1.customers.retrieve(customer.id))
    assert (found.name, found.email) == ("Ada Lovelace", "ada@example.com")
    assert customer.id in [each.id for each in stripe_client.v1.customers.list({"limit": 10}).data]


def test_an_attached_card_shows_its_last_digits_and_no_more(stripe_client, conforms, customer):
    card = attach(stripe_client, conforms, customer, "pm_card_visa")
    assert (card.customer, card.card.brand, card.card.last4) == (customer.id, "visa", "4242")
    listed = stripe_client.v1.customers.payment_methods.list(customer.id)
    assert [each.id for each in listed.data] == [card.id]


def test_a_stored_card_pays_while_the_customer_is_away(stripe_client, conforms, customer, stack):
    card = attach(stripe_client, conforms, customer, "pm_card_visa")
    intent = conforms(pay(stripe_client, customer, card))
    assert (intent.status, intent.amount_received, intent.currency) == ("succeeded", 2900, "usd")
    charge = conforms(stripe_client.v1.charges.retrieve(intent.latest_charge))
    assert (charge.paid, charge.captured, charge.amount_captured) == (True, True, 2900)
    captured = [line for line in stack.ledger() if line["kind"] == "capture" and line["amount"] == 2900]
    assert len(captured) >= 1


@pytest.mark.parametrize(
    ("token", "decline_code"),
    [
        ("pm_card_chargeDeclined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "insufficient_funds"),
    ],
)
def test_a_decline_is_a_card_error_with_the_networks_reason(stripe_client, customer, token, decline_code):
    with pytest.raises(stripe.CardError) as caught:
        stripe_client.v1.payment_intents.create(
            {"customer": customer.id, "payment_method": token, "amount": 2900, "currency": "usd", "confirm": True,
             "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"}}
        )
    assert caught.value.http_status == 402
    assert (caught.value.code, caught.value.error.decline_code) == ("card_declined", decline_code)
    assert caught.value.error.payment_intent.status == "requires_payment_method"


def test_a_card_that_wants_its_owner_cannot_be_charged_while_they_are_away(stripe_client, conforms, customer):
    card = attach(stripe_client, conforms, customer, "pm_card_authenticationRequired")
    with pytest.raises(stripe.CardError) as caught:
        pay(stripe_client, customer, card)
    assert caught.value.code == "authentication_required"


def test_a_part_is_captured_later_and_the_rest_let_go(stripe_client, conforms, customer):
    card = attach(stripe_client, conforms, customer, "pm_card_visa")
    held = conforms(pay(stripe_client, customer, card, capture_method="manual"))
    assert (held.status, held.amount_capturable, held.amount_received) == ("requires_capture", 2900, 0)
    taken = conforms(stripe_client.v1.payment_intents.capture(held.id, {"amount_to_capture": 1900}))
    assert (taken.status, taken.amount_capturable, taken.amount_received) == ("succeeded", 0, 1900)


def test_no_more_is_refunded_than_was_paid(stripe_client, conforms, customer):
    card = attach(stripe_client, conforms, customer, "pm_card_visa")
    intent = conforms(pay(stripe_client, customer, card))
    first = conforms(stripe_client.v1.refunds.create({"payment_intent": intent.id, "amount": 900}))
    assert (first.status, first.amount) == ("succeeded", 900)
    with pytest.raises(stripe.InvalidRequestError):
        stripe_client.v1.refunds.create({"payment_intent": intent.id, "amount": 2001})
    rest = conforms(stripe_client.v1.refunds.create({"payment_intent": intent.id}))
    assert rest.amount == 2000
    charge = conforms(stripe_client.v1.charges.retrieve(intent.latest_charge))
    assert (charge.refunded, charge.amount_refunded) == (True, 2900)


def test_the_same_key_charges_once(stripe_client, conforms, customer, stack):
    card = attach(stripe_client, conforms, customer, "pm_card_visa")
    params = {
        "customer": customer.id, "payment_method": card.id, "amount": 48_117, "currency": "usd",
        "off_session": True, "confirm": True,
    }
    key = {"idempotency_key": f"order-{customer.id}"}
    first = stripe_client.v1.payment_intents.create(params, key)
    again = stripe_client.v1.payment_intents.create(params, key)
    assert first.id == again.id
    assert len([line for line in stack.ledger() if line["kind"] == "capture" and line["amount"] == 48_117]) == 1
    with pytest.raises(stripe.IdempotencyError):
        stripe_client.v1.payment_intents.create({**params, "amount": 48_118}, key)


def test_a_wrong_key_is_refused(stack):
    stranger = stripe.StripeClient(
        "sk_test_" + "0" * 40, base_addresses={"api": stack.api}, max_network_retries=0
    )
    with pytest.raises(stripe.AuthenticationError):
        stranger.v1.customers.list()


def test_an_unknown_parameter_is_named(stripe_client):
    with pytest.raises(stripe.InvalidRequestError) as caught:
        stripe_client.v1.customers.create({"nmae": "Ada"})
    assert (caught.value.code, caught.value.param) == ("parameter_unknown", "nmae")
