"""What a recording relies on is made anew for another merchant, as the recording shows it.

The recordings are of this very installation: one object of each kind and state is made, its retrieval recorded, and
then played alone, for a merchant who has nothing. Its version is the pinned one, so that nulls count too.
"""

import time

import pytest
import requests

from replay.facts import Facts
from replay.player import Player
from replay.recordings import Exchange
from replay.wire import Client, flat
from wire_schemas import PINNED, schema_folder


@pytest.fixture(scope="module")
def made(stack):
    """A function that sends a form with the installation's own key, and one that records a retrieval."""
    if not schema_folder().is_dir():
        pytest.skip(f"no schemas in {schema_folder()}: ONFILE_STRIPE_SCHEMAS says where they are")

    def post(path, status=200, **fields):
        answer = requests.post(stack.api + path, data=dict(flat(fields)), auth=(stack.secret_key, ""), timeout=30)
        assert answer.status_code == status, answer.text
        return answer.json()

    return post


@pytest.fixture(scope="module")
def things(made):
    """The address of an object by what it is."""
    customer = made("/v1/customers", name="Ada Lovelace", email="ada@example.com", address={"line1": "1 Fake Street", "country": "US"})["id"]
    card = made("/v1/payment_methods/pm_card_mastercard/attach", customer=customer)["id"]
    made(f"/v1/customers/{customer}", invoice_settings={"default_payment_method": card})
    pay = lambda **more: made("/v1/payment_intents", amount=2900, currency="usd", customer=customer, **more)
    paid = pay(payment_method=card, confirm=True, description="Order 7")
    refund = made("/v1/refunds", charge=paid["latest_charge"], amount=900, reason="requested_by_customer")
    wary = made("/v1/payment_methods/pm_card_authenticationRequired/attach", customer=customer)["id"]
    declined = made("/v1/payment_methods/pm_card_chargeCustomerFail/attach", customer=customer)["id"]
    failed = made(
        "/v1/payment_intents", 402, amount=1500, currency="usd", customer=customer, payment_method=declined, confirm=True
    )["error"]["payment_intent"]
    price = made("/v1/prices", currency="usd", unit_amount=1900, recurring={"interval": "month"}, product_data={"name": "Gold"})
    subscribe = lambda **more: made("/v1/subscriptions", customer=customer, items=[{"price": price["id"], "quantity": 2}], **more)
    active = subscribe()

    def invoice(*steps):
        made("/v1/invoiceitems", customer=customer, amount=1000, currency="usd", description="Set-up")
        new = made("/v1/invoices", customer=customer, pending_invoice_items_behavior="include")["id"]
        for step in steps:
            made(f"/v1/invoices/{new}/{step}")
        return f"/v1/invoices/{new}"

    found = {
        "a customer with a default card": f"/v1/customers/{customer}",
        "a card": f"/v1/payment_methods/{card}",
        "the cards of a customer": f"/v1/customers/{customer}/payment_methods",
        "a paid intent": f"/v1/payment_intents/{paid['id']}",
        "an intent that waits for its capture": f"/v1/payment_intents/{pay(payment_method=card, confirm=True, capture_method='manual')['id']}",
        "an intent that waits for the customer": f"/v1/payment_intents/{pay(payment_method=wary, confirm=True)['id']}",
        "an intent before its first attempt": f"/v1/payment_intents/{pay()['id']}",
        "an intent that was declined": f"/v1/payment_intents/{failed['id']}",
        "a charge that was refunded in part": f"/v1/charges/{paid['latest_charge']}",
        "a refund": f"/v1/refunds/{refund['id']}",
        "a setup intent": f"/v1/setup_intents/{made('/v1/setup_intents', customer=customer, usage='off_session')['id']}",
        "a product": f"/v1/products/{price['product']}",
        "a price": f"/v1/prices/{price['id']}",
        "a subscription": f"/v1/subscriptions/{active['id']}",
        "a subscription on trial": f"/v1/subscriptions/{subscribe(trial_end=int(time.time()) + 86_400 * 10)['id']}",
        "an agreement's invoice": f"/v1/invoices/{active['latest_invoice']}",
        "an invoice that is a draft": invoice(),
        "an open invoice": invoice("finalize"),
        "a paid invoice": invoice("pay"),
        "a void invoice": invoice("finalize", "void"),
        "an invoice that was given up": invoice("finalize", "mark_uncollectible"),
    }
    item = made("/v1/invoiceitems", customer=customer, amount=700, currency="usd", description="Left for later")
    return {**found, "an item for a later invoice": f"/v1/invoiceitems/{item['id']}"}


def test_what_is_recorded_is_made_for_another_merchant(things, stack):
    stranger = stack.operator("account", "create", "--name", f"Staged {time.time_ns()}")["secret_key"]
    headers = {"stripe-version": PINNED}
    failures = []
    for what, path in things.items():
        answer = requests.get(stack.api + path, auth=(stack.secret_key, ""), timeout=30)
        assert answer.status_code == 200, (what, answer.text)
        recorded = Exchange(what, 0, "GET", path, [], [], headers, 200, answer.json())
        result = Player(Client(stack.api, stranger), Facts([[recorded]])).play([recorded])[0]
        failures += [f"{what}: {fault}" for fault in [*result.problems, *result.faults]]
    assert failures == [], "\n".join(failures)
