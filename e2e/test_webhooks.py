"""Webhooks as a merchant's developer gets them, verified by stripe-python."""

import threading

import pytest
import stripe

from receiver import Receiver, verified


def pay(client):
    customer = client.v1.customers.create({"name": "Ada Lovelace"})
    card = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    return client.v1.payment_intents.create(
        {"customer": customer.id, "payment_method": card.id, "amount": 2900, "currency": "usd", "off_session": True,
         "confirm": True}
    )


def own(client, path, **params):
    """What the SDK has no method for."""
    answer = client.raw_request("get", path, **params)
    return client.deserialize(answer, api_mode="V1")


def deliveries(client, endpoint, **filters):
    return own(client, "/v1/onfile/webhook_deliveries", endpoint=endpoint.id, **filters).data


def test_a_payment_is_heard_of_in_order_and_exactly_as_the_api_shows_it(stripe_client, receiver, register):
    endpoint = register("*")
    paid = pay(stripe_client)
    arrived = receiver.wait_for(lambda received: any(b'"payment_intent.succeeded"' in body for _, body in received))
    events = [verified(request, endpoint.secret) for request in arrived]
    numbers = [event.onfile["sequence"] for event in events]
    assert numbers == sorted(numbers) and len(set(numbers)) == len(numbers)
    types = [event.type for event in events]
    assert types[:2] == ["customer.created", "payment_method.attached"]
    assert types.index("payment_intent.created") < types.index("payment_intent.succeeded")
    assert "charge.succeeded" in types
    succeeded = next(event for event in events if event.type == "payment_intent.succeeded")
    assert succeeded.data.object.to_dict() == paid.to_dict()
    for event in events:
        shown = stripe_client.v1.events.retrieve(event.id).to_dict()
        assert {**event.to_dict(), "pending_webhooks": 0} == {**shown, "pending_webhooks": 0}
    replayed = own(stripe_client, "/v1/onfile/events", after=numbers[0] - 1, limit=100).data
    assert [event.id for event in replayed][: len(events)] == [event.id for event in events]


def test_a_wrong_secret_verifies_nothing(stripe_client, receiver, register):
    register("customer.created")
    stripe_client.v1.customers.create()
    [request] = receiver.wait_for(lambda received: len(received) == 1)
    with pytest.raises(stripe.SignatureVerificationError):
        verified(request, "whsec_" + "0" * 32)


def test_what_failed_comes_again_signed_anew(stripe_client, receiver, register):
    endpoint = register("customer.created")
    receiver.will_answer(500, 503)
    customer = stripe_client.v1.customers.create({"name": "Grace Hopper"})
    arrived = receiver.wait_for(lambda received: len(received) == 3)
    events = [verified(request, endpoint.secret) for request in arrived]
    assert {event.id for event in events} == {events[0].id}
    assert {event.data.object.id for event in events} == {customer.id}
    receiver.wait_for(lambda _: deliveries(stripe_client, endpoint, state="succeeded"))
    [delivery] = deliveries(stripe_client, endpoint)
    assert [each["status"] for each in delivery.tries] == [500, 503, 200]


def test_a_receiver_that_hangs_or_redirects_holds_up_no_other(stripe_client, receiver, register):
    waiting = threading.Event()
    slow, canary = Receiver(), Receiver()

    def redirect(handler):
        handler.send_response(307)
        handler.send_header("location", canary.url)
        handler.send_header("content-length", "0")
        handler.end_headers()

    try:
        slow.will_answer(lambda handler: waiting.wait(20), redirect)
        failing, good = register("customer.created", url=slow.url), register("customer.created")
        customer = stripe_client.v1.customers.create()
        [request] = receiver.wait_for(lambda received: len(received) == 1)
        assert verified(request, good.secret).data.object.id == customer.id
        slow.wait_for(lambda received: len(received) == 3)
        slow.wait_for(lambda _: deliveries(stripe_client, failing, state="succeeded"))
        [delivery] = deliveries(stripe_client, failing)
        assert [each["status"] for each in delivery.tries] == [None, 307, 200]
        assert "within" in delivery.tries[0]["error"]
        assert canary.requests == []
    finally:
        waiting.set()
        slow.close()
        canary.close()


def test_a_secret_is_replaced_without_a_gap(stripe_client, receiver, register):
    endpoint = register("customer.created")
    rolled = stripe_client.v1.webhook_endpoints.update(endpoint.id, {"onfile": {"roll_secret": True}})
    stripe_client.v1.customers.create()
    [request] = receiver.wait_for(lambda received: len(received) == 1)
    assert verified(request, endpoint.secret).id == verified(request, rolled.secret).id
    assert "secret" not in stripe_client.v1.webhook_endpoints.retrieve(endpoint.id).to_dict()


def test_what_was_being_sent_when_the_server_died_is_sent_again(stripe_client, stack, receiver, register):
    endpoint = register("customer.created")
    receiver.will_answer(lambda handler: stack.kill("server"))
    customer = stripe_client.v1.customers.create()
    receiver.wait_for(lambda received: len(received) == 1)
    stack.wait_for("server")
    # The lease of the process that died has to run out first.
    first, second = receiver.wait_for(lambda received: len(received) == 2)
    assert first[1] == second[1]
    assert verified(second, endpoint.secret).data.object.id == customer.id


def test_a_bad_endpoint_is_refused_by_name(stripe_client):
    for params, param in [
        ({"url": "https://user:secret@shop.example/", "enabled_events": ["*"]}, "url"),
        ({"url": "http://169.254.169.254/latest/", "enabled_events": ["*"]}, "url"),
        ({"url": "http://localhost/", "enabled_events": ["charge.nonsense"]}, "enabled_events[0]"),
    ]:
        with pytest.raises(stripe.InvalidRequestError) as caught:
            stripe_client.v1.webhook_endpoints.create(params)
        assert caught.value.param == param
