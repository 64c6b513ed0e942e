"""Payments and set-ups that the cardholder has to confirm with their bank."""

import concurrent.futures
import itertools
import re
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import stripe

SHOP = "https://shop.example/done?order=7"
ASKS = "pm_card_authenticationRequired"
_amounts = itertools.count(80_001)


@pytest.fixture
def waiting(stripe_client, conforms):
    """A payment whose customer is at their bank."""
    def begin(token=ASKS, **changes):
        intent = conforms(stripe_client.v1.payment_intents.create(
            {"amount": next(_amounts), "currency": "eur", "payment_method": token, "confirm": True, "return_url": SHOP, **changes}
        ))
        assert (intent.status, intent.next_action.type) == ("requires_action", "redirect_to_url")
        assert intent.amount_received == 0
        return intent

    return begin


def url_of(intent):
    return intent.next_action.redirect_to_url.url


def press(url, button):
    """Opens the bank's page and presses a button, as a browser without script does; returns where that leads."""
    page = requests.get(url, timeout=10)
    assert page.status_code == 200
    assert button in re.findall(r"<button[^>]*>(\w+)</button>", page.text)
    answer = requests.post(url, data={"answer": button.lower()}, allow_redirects=False, timeout=10)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def come_back(url):
    return requests.get(url, allow_redirects=False, timeout=10)


def lines(stack, amount):
    return [line["kind"] for line in stack.ledger() if line["amount"] == amount]


def test_the_customer_approves_and_goes_on_to_the_shop(stack, stripe_client, conforms, waiting):
    intent = waiting()
    back = press(url_of(intent), "Approve")
    assert back == f"{stack.api}/3ds/{stack.account}/{intent.id}"
    assert lines(stack, intent.amount) == []  # nothing is taken before they are back
    shop = urlsplit(come_back(back).headers["location"])
    assert (shop.netloc, shop.path) == ("shop.example", "/done")
    query = parse_qs(shop.query)
    assert (query["order"], query["payment_intent"], query["redirect_status"]) == (["7"], [intent.id], ["succeeded"])
    paid = conforms(stripe_client.v1.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]}))
    assert (paid.status, paid.amount_received, paid.next_action) == ("succeeded", intent.amount, None)
    assert paid.latest_charge.paid
    assert lines(stack, intent.amount) == ["authorisation", "capture"]


def test_the_customer_fails_and_may_pay_in_another_way(stack, stripe_client, conforms, waiting):
    intent = waiting()
    shop = come_back(press(url_of(intent), "Fail")).headers["location"]
    assert parse_qs(urlsplit(shop).query)["redirect_status"] == ["failed"]
    failed = conforms(stripe_client.v1.payment_intents.retrieve(intent.id))
    assert failed.status == "requires_payment_method"
    assert failed.last_payment_error.code == "payment_intent_authentication_failure"
    assert "authorisation" not in lines(stack, intent.amount)
    again = stripe_client.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    assert again.status == "succeeded"


def test_without_an_address_of_the_shop_our_own_page_says_how_it_went(stripe_client, waiting):
    intent = waiting(return_url=None)
    page = come_back(press(url_of(intent), "Approve"))
    assert (page.status_code, page.headers["content-type"].split(";")[0]) == (200, "text/html")
    assert "confirmed" in page.text
    assert stripe_client.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_a_decline_after_authentication_is_a_decline(stripe_client, waiting):
    intent = waiting("pm_card_authenticationRequiredChargeDeclinedInsufficientFunds")
    come_back(press(url_of(intent), "Approve"))
    declined = stripe_client.v1.payment_intents.retrieve(intent.id)
    assert declined.status == "requires_payment_method"
    assert declined.last_payment_error.decline_code == "insufficient_funds"


def test_who_comes_back_without_an_answer_changes_nothing(stack, stripe_client, waiting):
    intent = waiting()
    come_back(f"{stack.api}/3ds/{stack.account}/{intent.id}")
    now = stripe_client.v1.payment_intents.retrieve(intent.id)
    assert (now.status, url_of(now)) == ("requires_action", url_of(intent))
    come_back(press(url_of(intent), "Approve"))
    assert stripe_client.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_coming_back_often_pays_once(stack, stripe_client, waiting):
    intent = waiting()
    back = press(url_of(intent), "Approve")
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        statuses = {answer.status_code for answer in pool.map(come_back, [back] * 32)}
    assert statuses == {303}
    assert stripe_client.v1.payment_intents.retrieve(intent.id).status == "succeeded"
    assert lines(stack, intent.amount) == ["authorisation", "capture"]


def test_a_new_attempt_withdraws_the_one_that_waits(stack, stripe_client, waiting):
    intent = waiting()
    paid = stripe_client.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    assert paid.status == "succeeded"
    assert "Approve" not in re.findall(r"<button[^>]*>(\w+)</button>", requests.get(url_of(intent), timeout=10).text)
    assert requests.post(url_of(intent), data={"answer": "approve"}, timeout=10).status_code == 409
    assert lines(stack, intent.amount).count("capture") == 1


def test_a_canceled_payment_can_no_longer_be_approved(stack, stripe_client, conforms, waiting):
    intent = waiting()
    assert conforms(stripe_client.v1.payment_intents.cancel(intent.id)).status == "canceled"
    assert requests.post(url_of(intent), data={"answer": "approve"}, timeout=10).status_code == 409
    come_back(f"{stack.api}/3ds/{stack.account}/{intent.id}")
    assert stripe_client.v1.payment_intents.retrieve(intent.id).status == "canceled"
    assert "capture" not in lines(stack, intent.amount)


def test_who_will_not_wait_is_told_at_once(stripe_client):
    with pytest.raises(stripe.CardError) as caught:
        stripe_client.v1.payment_intents.create(
            {"amount": 100, "currency": "eur", "payment_method": ASKS, "confirm": True, "error_on_requires_action": True}
        )
    assert caught.value.code == "authentication_required"


@pytest.fixture
def customer(stripe_client):
    return stripe_client.v1.customers.create({"name": "Ada Lovelace"}).id


def set_up(client, conforms, customer, token, **changes):
    return conforms(client.v1.setup_intents.create(
        {"customer": customer, "payment_method": token, "confirm": True, "return_url": SHOP, **changes}
    ))


def test_a_card_is_set_up_without_a_charge(stack, stripe_client, conforms, customer):
    before = len(stack.ledger())
    intent = set_up(stripe_client, conforms, customer, "pm_card_visa")
    assert intent.status == "succeeded"
    card = conforms(stripe_client.v1.payment_methods.retrieve(intent.payment_method))
    assert card.customer == customer
    assert [line["kind"] for line in stack.ledger()[before:]] == ["verification"]


def test_a_card_that_was_set_up_with_its_owner_pays_while_they_are_away(stripe_client, conforms, customer):
    intent = set_up(stripe_client, conforms, customer, "pm_card_authenticationRequiredOnSetup")
    assert intent.status == "requires_action"
    shop = come_back(press(url_of(intent), "Approve")).headers["location"]
    query = parse_qs(urlsplit(shop).query)
    assert (query["setup_intent"], query["redirect_status"]) == ([intent.id], ["succeeded"])
    done = conforms(stripe_client.v1.setup_intents.retrieve(intent.id))
    assert done.status == "succeeded"
    paid = stripe_client.v1.payment_intents.create(
        {"amount": next(_amounts), "currency": "eur", "customer": customer, "payment_method": done.payment_method,
         "off_session": True, "confirm": True}
    )
    assert paid.status == "succeeded"


def test_a_card_that_fails_its_set_up_is_not_kept(stripe_client, conforms, customer):
    intent = set_up(stripe_client, conforms, customer, "pm_card_authenticationRequiredOnSetup")
    come_back(press(url_of(intent), "Fail"))
    failed = conforms(stripe_client.v1.setup_intents.retrieve(intent.id))
    assert failed.status == "requires_payment_method"
    assert failed.last_setup_error.code in ("setup_intent_authentication_failure", "payment_intent_authentication_failure")
    with pytest.raises(stripe.CardError) as caught:
        set_up(stripe_client, conforms, customer, "pm_card_chargeDeclined")
    assert caught.value.error.setup_intent.status == "requires_payment_method"
    assert stripe_client.v1.customers.payment_methods.list(customer).data == []


def test_a_set_up_can_be_made_changed_and_canceled(stripe_client, conforms, customer):
    intents = stripe_client.v1.setup_intents
    made = conforms(intents.create({"customer": customer}))
    assert made.status == "requires_payment_method"
    changed = conforms(intents.update(made.id, {"payment_method": "pm_card_visa", "metadata": {"a": "b"}}))
    assert (changed.status, changed.metadata["a"]) == ("requires_confirmation", "b")
    canceled = conforms(intents.cancel(made.id, {"cancellation_reason": "abandoned"}))
    assert (canceled.status, canceled.cancellation_reason) == ("canceled", "abandoned")
    with pytest.raises(stripe.InvalidRequestError) as caught:
        intents.confirm(made.id)
    assert caught.value.code == "setup_intent_unexpected_state"
    assert made.id in [each.id for each in conforms(intents.list({"customer": customer})).data]
