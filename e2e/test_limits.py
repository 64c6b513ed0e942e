"""How often money may move: once per payment, three times without the customer, never back more than was paid; and
what callers are told while the vault or the processor is away.
"""

import concurrent.futures
import itertools
import threading
import time

import pytest
import requests
import stripe

from shop import Shop

RESOLVED_SECONDS_MAX = 60
KILLS_MAX = 6
_amounts = itertools.count(70_001)


@pytest.fixture
def amount():
    """An amount that no other payment of the session has: the ledger is searched by it."""
    return next(_amounts)


@pytest.fixture
def saved(stripe_client):
    """A customer with a card that pays and one that is refused."""
    customer = stripe_client.v1.customers.create({"name": "Ada Lovelace"}).id
    attach = lambda token: stripe_client.v1.payment_methods.attach(token, {"customer": customer}).id
    return customer, attach("pm_card_visa"), attach("pm_card_chargeCustomerFail")


@pytest.fixture
def slow(stack):
    """The processor takes its time, so that requests meet."""
    stack.faults(latency_ms=300)
    yield
    stack.faults()


def lines(stack, amount, *kinds):
    return [line for line in stack.ledger() if line["amount"] == amount and (not kinds or line["kind"] in kinds)]


def away(saved, amount, **changes):
    """A payment while the customer is away."""
    customer, good, _ = saved
    return {"customer": customer, "payment_method": good, "amount": amount, "currency": "usd", "off_session": True,
            "confirm": True, **changes}


def at_once(calls):
    """Runs all calls at the same moment; returns what each returned or raised."""
    start = threading.Barrier(len(calls))

    def run(call):
        start.wait()
        try:
            return call()
        except stripe.StripeError as error:
            return error

    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def resolved(client, intent):
    """Waits until an intent is no longer being processed."""
    deadline = time.monotonic() + RESOLVED_SECONDS_MAX
    while (now := client.v1.payment_intents.retrieve(intent)).status == "processing":
        assert time.monotonic() < deadline, f"still {now.status} after {RESOLVED_SECONDS_MAX} s"
        time.sleep(0.2)
    return now


@pytest.mark.parametrize("clients", [2, 8])
def test_of_concurrent_confirmations_one_reaches_the_processor(stack, stripe_client, saved, amount, slow, clients):
    intents = stripe_client.v1.payment_intents
    intent = intents.create({"amount": amount, "currency": "usd", "customer": saved[0], "payment_method": saved[1]})
    outcomes = at_once([lambda: intents.confirm(intent.id, {"off_session": True})] * clients)
    paid = [outcome for outcome in outcomes if not isinstance(outcome, Exception)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert [each.status for each in paid] == ["succeeded"], outcomes
    assert {(error.http_status, error.code) for error in refused} <= {
        (409, "lock_timeout"), (400, "payment_intent_unexpected_state")
    }
    assert len(lines(stack, amount, "authorisation")) == 1


def test_a_fourth_attempt_without_the_customer_is_not_sent(stack, stripe_client, saved, amount):
    customer, good, bad = saved
    intents = stripe_client.v1.payment_intents
    intent = intents.create({"amount": amount, "currency": "usd", "customer": customer, "payment_method": bad}).id
    errors = []
    for _ in range(5):
        with pytest.raises(stripe.StripeError) as caught:
            intents.confirm(intent, {"payment_method": bad, "off_session": True})
        errors.append(caught.value)
    assert [type(error) for error in errors] == [stripe.CardError] * 3 + [stripe.InvalidRequestError] * 2
    assert [error.code for error in errors[3:]] == ["attempts_exhausted"] * 2
    assert len(lines(stack, amount, "decline")) == 3
    # Another card does not help, since the debt is the same; the customer in person is not counted with these.
    with pytest.raises(stripe.InvalidRequestError):
        intents.confirm(intent, {"payment_method": good, "off_session": True})
    assert intents.confirm(intent, {"payment_method": good}).status == "succeeded"
    assert len(lines(stack, amount, "authorisation")) == 1


def test_attempts_at_the_same_time_count_like_any_others(stack, stripe_client, saved, amount):
    customer, _, bad = saved
    intents = stripe_client.v1.payment_intents
    intent = intents.create({"amount": amount, "currency": "usd", "customer": customer, "payment_method": bad}).id
    confirm = lambda: intents.confirm(intent, {"payment_method": bad, "off_session": True})
    for _ in range(4):
        at_once([confirm] * 6)
    assert len(lines(stack, amount, "decline")) == 3


def test_a_hundred_refunds_at_once_give_back_what_was_paid_and_no_more(stack, saved, amount):
    shop = Shop(stack, network_retries=12)
    total = amount * 10  # also no other payment's, and whole tenths
    intent = shop.client.v1.payment_intents.create(away(saved, total))
    refund = lambda: shop.client.v1.refunds.create({"payment_intent": intent.id, "amount": amount})
    outcomes = at_once([refund] * 100)
    made = [outcome for outcome in outcomes if not isinstance(outcome, Exception)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert len(made) == 10 and {each.status for each in made} == {"succeeded"}
    assert {(error.http_status, error.code) for error in refused} == {(400, "amount_too_large")}
    charge = shop.client.v1.charges.retrieve(intent.latest_charge)
    assert (charge.amount_refunded, charge.refunded) == (total, True)
    payment = lines(stack, total, "capture")[0]["payment"]
    assert [line["amount"] for line in stack.ledger() if line["kind"] == "refund" and line["payment"] == payment] == [amount] * 10


def test_two_hundred_requests_with_one_key_have_one_effect(stack, stripe_client, saved, amount):
    headers = {"Authorization": f"Bearer {stack.secret_key}", "Idempotency-Key": f"one-{amount}"}
    form = {**away(saved, amount), "off_session": "true", "confirm": "true"}
    send = lambda: requests.post(f"{stack.api}/v1/payment_intents", data=form, headers=headers, timeout=30)
    answers = at_once([send] * 200)
    bodies = {answer.text for answer in answers if answer.status_code == 200}
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len(bodies) == 1
    assert {answer.json()["error"]["code"] for answer in answers if answer.status_code == 409} <= {"idempotency_key_in_use"}
    again = send()
    assert (again.status_code, again.headers.get("idempotent-replayed"), {again.text}) == (200, "true", bodies)
    assert len(lines(stack, amount)) == 2  # one authorisation and its capture
    assert [each.amount for each in stripe_client.v1.payment_intents.list({"customer": saved[0]}).data] == [amount]


def test_a_key_belongs_to_one_request(stack, stripe_client, saved, amount):
    key = {"idempotency_key": f"other-{amount}"}
    payment = away(saved, amount)
    stripe_client.v1.payment_intents.create(payment, key)
    for change in ({"amount": amount + 1_000_000}, {"description": "the same, almost"}):
        with pytest.raises(stripe.IdempotencyError) as caught:
            stripe_client.v1.payment_intents.create({**payment, **change}, key)
        assert (caught.value.http_status, caught.value.error.type) == (400, "idempotency_error")
    with pytest.raises(stripe.IdempotencyError):
        stripe_client.v1.customers.create({"name": "Ada"}, key)
    assert len(lines(stack, amount)) == 2
    assert lines(stack, amount + 1_000_000) == []


@pytest.mark.parametrize("name", ["vault", "sandbox"])
@pytest.mark.parametrize("card", ["saved", "with its security code"])
def test_a_charge_whose_outcome_is_not_known_is_processing_and_resolves_by_itself(
    stack, stripe_client, saved, amount, name, card
):
    shop = Shop(stack, network_retries=0)
    payment = away(saved, amount)
    if card != "saved":
        # Attached already, so that only the payment itself meets a vault that does not answer.
        typed = stripe_client.v1.payment_methods.attach(shop.typed_card("4242424242424242"), {"customer": saved[0]}).id
        payment = {**away(saved, amount, payment_method=typed), "off_session": False}
    with stack.paused(name):
        intent = shop.client.v1.payment_intents.create(payment)
        assert intent.status == "processing"
        # A second attempt could pay twice: it waits for the first one's outcome.
        with pytest.raises(stripe.StripeError) as caught:
            shop.client.v1.payment_intents.confirm(intent.id, {"payment_method": saved[1], "off_session": True})
        assert caught.value.http_status in (400, 409)
        assert shop.client.v1.payment_intents.retrieve(intent.id).status == "processing"
    known = resolved(stripe_client, intent.id)
    captures = len(lines(stack, amount, "capture"))
    if card != "saved" and known.status == "requires_payment_method":
        # It never arrived, and with a security code it must not be sent again: it failed, for certain.
        assert (known.last_payment_error.type, captures) == ("api_error", 0)
    else:
        assert (known.status, known.amount_received, captures) == ("succeeded", amount, 1)


@pytest.mark.parametrize("name", ["vault", "sandbox"])
def test_what_cannot_be_sent_is_answered_503_and_leaves_no_trace_at_the_processor(stack, stripe_client, saved, name):
    headers = {"Authorization": f"Bearer {stack.secret_key}"}
    for _ in range(KILLS_MAX):
        amount = next(_amounts)
        form = {**away(saved, amount), "off_session": "true", "confirm": "true"}
        key = {"Idempotency-Key": f"down-{amount}"}
        stack.kill(name)
        answer = requests.post(f"{stack.api}/v1/payment_intents", data=form, headers={**headers, **key}, timeout=30)
        stack.wait_for(name)
        if answer.status_code == 503:
            break
        # It was back too soon, or died with the request in its hands.
        assert answer.status_code == 200, answer.text
        assert resolved(stripe_client, answer.json()["id"]).status == "succeeded"
    assert answer.status_code == 503
    assert answer.json()["error"]["type"] == "api_error"
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.headers["stripe-should-retry"] == "true"
    assert lines(stack, amount) == []
    # The SDK sends it again with the same key; that was not used up.
    shop = Shop(stack, network_retries=5)
    intent = shop.client.v1.payment_intents.create(away(saved, amount), {"idempotency_key": key["Idempotency-Key"]})
    assert intent.status == "succeeded"
    assert len(lines(stack, amount)) == 2
