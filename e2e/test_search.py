"""Searches, as stripe-python asks for them: pages followed by themselves, counts, errors, and a label read out on the phone."""

import secrets
import time

import pytest
import stripe

# Objects are searchable a second or two after they were made; only a failure waits for as long as this.
SEARCHABLE_WITHIN = 20


def searched(ask, wanted):
    """The ids that a search finds, once they are the wanted ones."""
    deadline = time.monotonic() + SEARCHABLE_WITHIN
    while True:
        found = [each.id for each in ask().auto_paging_iter()]
        if sorted(found) == sorted(wanted) or time.monotonic() > deadline:
            return found
        time.sleep(0.1)


@pytest.fixture
def mark():
    """A word that nothing else in the installation has."""
    return f"mark{secrets.token_hex(8)}"


def test_customers_are_found_by_what_they_are_called_and_page_after_page(stripe_client, conforms, mark):
    made = [
        stripe_client.v1.customers.create({"name": f"Ada {mark} {i}", "metadata": {"order": f"{mark}-{i % 2}"}}).id
        for i in range(5)
    ]

    def ask(query, **more):
        return stripe_client.v1.customers.search({"query": query, **more})

    newest_first = made[::-1]
    assert searched(lambda: ask(f'name~"{mark.upper()}"', limit=2), made) == newest_first
    assert searched(lambda: ask(f'metadata["order"]:"{mark}-1"'), made[1::2]) == made[1::2][::-1]
    assert searched(lambda: ask(f'name:"Ada {mark} 0" OR name:"Ada {mark} 3"'), [made[0], made[3]]) == [made[3], made[0]]
    page = ask(f'name~"{mark}" AND -metadata["order"]:"{mark}-0"', limit=1, expand=["total_count"])
    assert (page.object, page.has_more, page.total_count) == ("search_result", True, 2)
    assert page.data[0].id == made[3]
    conforms(page.data[0].to_dict())


def test_a_payment_is_found_by_its_metadata_and_its_charge_by_its_card(stripe_client, mark):
    customer = stripe_client.v1.customers.create({"email": f"{mark}@example.com"})
    card = stripe_client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    intent = stripe_client.v1.payment_intents.create(
        {
            "amount": 4321,
            "currency": "usd",
            "customer": customer.id,
            "payment_method": card.id,
            "confirm": True,
            "metadata": {"order": mark},
        }
    )
    query = {"query": f"metadata['order']:'{mark}' AND amount>4000"}
    assert searched(lambda: stripe_client.v1.payment_intents.search(query), [intent.id]) == [intent.id]
    of_card = f'customer:"{customer.id}" payment_method_details.card.last4:"4242" status:"succeeded"'
    found = stripe_client.v1.charges.search({"query": of_card, "expand": ["data.customer"]})
    assert [each.id for each in found.data] == [intent.latest_charge]
    assert found.data[0].customer.email == f"{mark}@example.com"


def test_staff_find_a_customer_by_the_label_that_is_read_out_to_them(stripe_client, mark):
    customer = stripe_client.v1.customers.create({"name": mark})
    card = stripe_client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    label = card.onfile["label"]

    def ask():
        return stripe_client.v1.customers.search({"query": f'onfile.label:"{label}"'})

    assert searched(ask, [customer.id]) == [customer.id]
    stripe_client.v1.payment_methods.detach(card.id)
    assert ask().data == []


def test_a_query_that_cannot_be_meant_says_where(stripe_client):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        stripe_client.v1.customers.search({"query": 'name~"ada" AND colour:"red"'})
    assert (refused.value.http_status, refused.value.param) == (400, "query")
    assert "at character 16" in refused.value.user_message
    assert "email, metadata, name, phone" in refused.value.user_message
