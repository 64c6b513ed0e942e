"""Agreements by the official SDK: paid at once, month by month as the clock moves, retried, ended; and invoices."""

import calendar
import json
import time

import pytest
import stripe

from receiver import verified

WITHIN_SECONDS = 60
JANUARY = calendar.timegm((2027, 1, 31, 10, 0, 0))
DAY = 86_400


@pytest.fixture
def clock(stripe_client):
    made = stripe_client.v1.test_helpers.test_clocks.create({"frozen_time": JANUARY, "name": "A year in a minute"})

    def advance(days: int):
        return go(stripe_client.v1.test_helpers.test_clocks.retrieve(made.id).frozen_time + days * DAY)

    def go(to: int):
        stripe_client.v1.test_helpers.test_clocks.advance(made.id, {"frozen_time": to})
        deadline = time.monotonic() + WITHIN_SECONDS
        while time.monotonic() < deadline:
            now = stripe_client.v1.test_helpers.test_clocks.retrieve(made.id)
            if now.status == "ready":
                return now
            time.sleep(0.05)
        raise AssertionError("the clock did not arrive")
    advance.id, advance.to = made.id, go
    return advance


@pytest.fixture
def price(stripe_client):
    return stripe_client.v1.prices.create({
        "currency": "usd", "unit_amount": 2_917, "recurring": {"interval": "month"}, "product_data": {"name": "Line"},
    }).id


def whole(answer) -> dict:
    """The object as it came: the SDK makes numbers of decimals, which the wire writes as texts."""
    return json.loads(answer.last_response.body)


def customer(client, clock, token):
    made = client.v1.customers.create({"email": "ada@example.com", "name": "Ada", "test_clock": clock.id})
    give(client, made.id, token)
    return made.id


def give(client, who, token):
    card = client.v1.payment_methods.attach(token, {"customer": who})
    client.v1.customers.update(who, {"invoice_settings": {"default_payment_method": card.id}})


def invoices(client, subscription):
    return client.v1.invoices.list({"subscription": subscription, "limit": 100}).data[::-1]


def ledger(stack, kind, amount):
    """What the processor did for an amount that no other test uses, by its own ledger."""
    return [line for line in stack.ledger() if line["kind"] == kind and line["amount"] == amount]


def test_an_agreement_is_paid_month_by_month(stack, stripe_client, conforms, clock, price):
    who = customer(stripe_client, clock, "pm_card_visa")
    made = stripe_client.v1.subscriptions.create(
        {"customer": who, "items": [{"price": price, "quantity": 3}], "expand": ["latest_invoice.payments"]})
    assert conforms(whole(made))["status"] == "active"
    assert conforms(whole(made)["latest_invoice"])["status"] == "paid"
    clock(60)
    told = invoices(stripe_client, made.id)
    for invoice in told:
        conforms(whole(stripe_client.v1.invoices.retrieve(invoice.id)))
    assert [(invoice.status, invoice.amount_paid) for invoice in told] == [("paid", 8_751)] * 3
    assert len(ledger(stack, "capture", 8_751)) == 3
    run = stripe_client.raw_request("get", f"/v1/onfile/runs/{told[2].to_dict()['onfile']['run']}").data
    assert (run["status"], run["report"]["usd"]["paid"]) == ("finished", {"count": 1, "amount": 8_751})
    ended = stripe_client.v1.subscriptions.cancel(made.id)
    assert conforms(whole(ended))["status"] == "canceled"
    clock(60)
    assert len(invoices(stripe_client, made.id)) == len(ledger(stack, "capture", 8_751)) == 3


def test_a_declined_renewal_is_tried_three_times_and_then_paid_by_the_customer(stack, stripe_client, clock, price):
    who = customer(stripe_client, clock, "pm_card_visa")
    made = stripe_client.v1.subscriptions.create({"customer": who, "items": [{"price": price, "quantity": 5}]})
    give(stripe_client, who, "pm_card_visa_chargeDeclinedInsufficientFunds")
    clock(28 + 25)
    owed = invoices(stripe_client, made.id)[1]
    assert (owed.status, owed.attempt_count, owed.next_payment_attempt) == ("open", 3, None)
    assert stripe_client.v1.subscriptions.retrieve(made.id).status == "past_due"
    assert len(stripe_client.v1.charges.list({"payment_intent": owed.payments.data[0].payment.payment_intent}).data) == 3
    with pytest.raises(stripe.InvalidRequestError) as refused:
        stripe_client.v1.invoices.pay(owed.id)
    assert refused.value.code == "attempts_exhausted"
    assert (len(ledger(stack, "decline", 14_585)), len(ledger(stack, "capture", 14_585))) == (3, 1)
    give(stripe_client, who, "pm_card_visa")
    assert stripe_client.v1.invoices.pay(owed.id, {"off_session": False}).status == "paid"
    assert stripe_client.v1.subscriptions.retrieve(made.id).status == "active"
    assert len(ledger(stack, "capture", 14_585)) == 2


def test_an_invoice_that_the_merchant_writes_is_final_paid_and_another_one_void(stripe_client, conforms, clock):
    who = customer(stripe_client, clock, "pm_card_visa")
    for amount in (1_000, 250):
        conforms(whole(stripe_client.v1.invoice_items.create({"customer": who, "amount": amount, "currency": "usd"})))
    draft = stripe_client.v1.invoices.create({"customer": who, "pending_invoice_items_behavior": "include"})
    assert (conforms(whole(draft))["status"], draft.total) == ("draft", 1_250)
    final = stripe_client.v1.invoices.finalize_invoice(draft.id)
    assert (final.status, final.amount_due) == ("open", 1_250) and final.number.endswith("-0001")
    paid = stripe_client.v1.invoices.pay(draft.id)
    assert (conforms(whole(paid))["status"], paid.amount_remaining) == ("paid", 0)
    other = stripe_client.v1.invoices.create({"customer": who})
    stripe_client.v1.invoice_items.create({"customer": who, "amount": 500, "currency": "usd", "invoice": other.id})
    stripe_client.v1.invoices.finalize_invoice(other.id)
    assert conforms(whole(stripe_client.v1.invoices.void_invoice(other.id)))["status"] == "void"
    with pytest.raises(stripe.InvalidRequestError):
        stripe_client.v1.invoices.pay(other.id)


def test_a_year_goes_by_and_every_month_is_heard_of_once(stripe_client, conforms, clock, price, receiver, register):
    endpoint = register("customer.subscription.deleted", "invoice.paid")
    who = customer(stripe_client, clock, "pm_card_visa")
    made = conforms(stripe_client.v1.subscriptions.create({"customer": who, "items": [{"price": price}]}))
    for month in range(1, 13):
        clock.to(calendar.timegm((2027 + month // 12, month % 12 + 1, 28, 12, 0, 0)))
    billed = invoices(stripe_client, made.id)
    assert [invoice.status for invoice in billed] == ["paid"] * len(billed) and len(billed) == 12
    ended = conforms(stripe_client.v1.subscriptions.cancel(made.id))
    assert ended.status == "canceled"
    arrived = receiver.wait_for(lambda received: any(b'"customer.subscription.deleted"' in body for _, body in received))
    events = [verified(request, endpoint.secret) for request in arrived]
    paid = [event.data.object.id for event in events if event.type == "invoice.paid"]
    assert paid == [invoice.id for invoice in billed], "each once, in order"
    assert events[-1].data.object.id == made.id
