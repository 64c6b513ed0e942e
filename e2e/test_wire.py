"""The protocol around the objects: errors, lists, expansion, events, and that accounts do not see each other."""

import contextlib
import secrets

import pytest
import requests
import stripe


@pytest.fixture
def paid(stripe_client):
    """A customer who paid with a stored card, and had a part refunded."""
    customer = stripe_client.v1.customers.create({"name": "Ada Lovelace", "email": "ada@example.com"})
    card = stripe_client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    intent = stripe_client.v1.payment_intents.create(
        {"customer": customer.id, "payment_method": card.id, "amount": 2900, "currency": "usd", "off_session": True, "confirm": True}
    )
    refund = stripe_client.v1.refunds.create({"payment_intent": intent.id, "amount": 900, "reason": "requested_by_customer"})
    setup = stripe_client.v1.setup_intents.create({"customer": customer.id})
    return {"customers": customer.id, "payment_methods": card.id, "payment_intents": intent.id,
            "charges": intent.latest_charge, "refunds": refund.id, "setup_intents": setup.id}


def altered(text):
    """The same but for its last character."""
    return text[:-1] + ("A" if text[-1] != "A" else "B")


def raw(stack, method, path, key=None, **options):
    headers = {"Authorization": f"Bearer {key or stack.secret_key}", **options.pop("headers", {})}
    return requests.request(method, stack.api + path, headers=headers, timeout=10, **options)


@pytest.mark.parametrize(
    ("method", "path", "form", "status", "code", "param"),
    [
        ("POST", "/v1/payment_intents", {"currency": "usd"}, 400, "parameter_missing", "amount"),
        ("POST", "/v1/payment_intents", {"amount": "ten", "currency": "usd"}, 400, "parameter_invalid_integer", "amount"),
        ("POST", "/v1/payment_intents", {"amount": "-5", "currency": "usd"}, 400, "parameter_invalid_integer", "amount"),
        ("POST", "/v1/payment_intents", {"amount": "100", "currency": "xxx"}, 400, None, "currency"),
        ("POST", "/v1/customers", {"email": "nobody"}, 400, "email_invalid", "email"),
        ("POST", "/v1/customers", {"adress[line1]": "x"}, 400, "parameter_unknown", None),
        ("POST", "/v1/refunds", {"payment_intent": "pi_none"}, 400, "resource_missing", None),
        ("GET", "/v1/customers?limit=101", None, 400, None, "limit"),
        ("GET", "/v1/customers/cus_none", None, 404, "resource_missing", "id"),
        ("GET", "/v1/payment_intents/pi_none", None, 404, "resource_missing", "intent"),
        ("GET", "/v1/customers?expand[]=data.nothing", None, 400, None, "expand"),
        ("GET", "/v1/nothing", None, 404, None, None),
        ("PUT", "/v1/customers", None, 404, None, None),
    ],
)
def test_a_mistake_is_named(stack, method, path, form, status, code, param):
    answer = raw(stack, method, path, data=form)
    error = answer.json()["error"]
    assert (answer.status_code, error["type"]) == (status, "invalid_request_error")
    assert code is None or error["code"] == code
    assert param is None or error["param"] == param
    assert error["message"]


def test_answers_say_what_was_asked(stack):
    answer = raw(
        stack, "POST", "/v1/customers", data={"name": "Ada"},
        headers={"Idempotency-Key": f"echo-{stack.account}", "Stripe-Version": stripe.api_version},
    )
    assert answer.headers["request-id"].startswith("req_")
    assert answer.headers["idempotency-key"] == f"echo-{stack.account}"
    assert answer.headers["stripe-version"] == stripe.api_version
    assert "stripe-notice" not in answer.headers
    assert answer.headers["content-type"].startswith("application/json")


def test_each_kind_of_error_is_its_own_class_in_the_sdk(stack, stripe_client):
    def client(key):
        return stripe.StripeClient(key, base_addresses={"api": stack.api}, max_network_retries=0)

    with pytest.raises(stripe.AuthenticationError):
        client(altered(stack.secret_key)).v1.customers.list()
    with pytest.raises(stripe.PermissionError):
        client(stack.publishable_key).v1.customers.list()
    with pytest.raises(stripe.InvalidRequestError):
        stripe_client.v1.customers.retrieve("cus_none")
    with pytest.raises(stripe.CardError):
        stripe_client.v1.payment_intents.create(
            {"amount": 100, "currency": "usd", "payment_method": "pm_card_chargeDeclined", "confirm": True}
        )


def test_no_key_is_asked_for_politely(stack):
    answer = requests.get(f"{stack.api}/v1/customers", timeout=10)
    assert (answer.status_code, answer.json()["error"]["type"]) == (401, "invalid_request_error")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_publishable_key_opens_one_intent_with_its_secret_and_nothing_else(stack, stripe_client, paid):
    intent = stripe_client.v1.payment_intents.create({"amount": 700, "currency": "usd"})
    path = f"/v1/payment_intents/{intent.id}"
    ask = lambda method, path, form: raw(stack, method, path, key=stack.publishable_key, data=form)
    assert raw(stack, "GET", f"{path}?client_secret={intent.client_secret}", key=stack.publishable_key).status_code == 200
    assert raw(stack, "GET", f"{path}?client_secret={altered(intent.client_secret)}", key=stack.publishable_key).status_code == 404
    assert raw(stack, "GET", path, key=stack.publishable_key).status_code == 400
    form = {"client_secret": intent.client_secret, "payment_method": "pm_card_visa"}
    wrong = ask("POST", f"{path}/confirm", {**form, "client_secret": intent.id + "_secret_x"})
    assert wrong.status_code == 404
    done = ask("POST", f"{path}/confirm", form)
    assert (done.status_code, done.json()["status"]) == (200, "succeeded")
    for method, path in [
        ("POST", path), ("POST", f"{path}/cancel"), ("POST", f"{path}/capture"), ("GET", "/v1/payment_intents"),
        ("POST", "/v1/payment_intents"), ("GET", "/v1/events"), ("POST", "/v1/refunds"), ("GET", f"/v1/charges/{paid['charges']}"),
    ]:
        assert ask(method, path, None).status_code == 403, (method, path)


def test_lists_go_through_every_page_in_both_directions(stripe_client, conforms):
    email = f"{secrets.token_hex(4)}@example.com"
    made = [stripe_client.v1.customers.create({"email": email, "name": str(number)}).id for number in range(25)]
    newest_first = made[::-1]
    customers = stripe_client.v1.customers
    first = conforms(customers.list({"email": email}))
    assert ([each.id for each in first.data], first.has_more, first.url) == (newest_first[:10], True, "/v1/customers")
    assert [each.id for each in customers.list({"email": email, "limit": 7}).auto_paging_iter()] == newest_first
    backwards = customers.list({"email": email, "limit": 7, "ending_before": made[0]})
    assert [each.id for each in backwards.auto_paging_iter()] == made[1:]
    last = customers.list({"email": email, "starting_after": made[5], "limit": 5})
    assert ([each.id for each in last.data], last.has_more) == (made[4::-1], False)


@pytest.mark.parametrize("kind", ["customers", "payment_methods", "payment_intents", "charges", "refunds", "setup_intents"])
def test_every_kind_of_object_is_retrieved_and_listed_whole(stripe_client, conforms, paid, kind):
    service = getattr(stripe_client.v1, kind)
    found = conforms(service.retrieve(paid[kind]))
    assert found.id == paid[kind]
    listed = conforms(service.list({"limit": 20}))
    assert [found.to_dict()] == [each.to_dict() for each in listed.data if each.id == found.id]


def test_ids_are_replaced_by_objects_on_request(stripe_client, conforms, paid):
    intent = stripe_client.v1.payment_intents.retrieve(
        paid["payment_intents"], {"expand": ["customer", "payment_method", "latest_charge.customer"]}
    )
    assert conforms(intent).latest_charge.customer.id == paid["customers"]
    assert (intent.customer.email, intent.payment_method.card.last4) == ("ada@example.com", "4242")
    refunds = stripe_client.v1.refunds.list({"payment_intent": intent.id, "expand": ["data.charge"]})
    assert conforms(refunds).data[0].charge.amount_refunded == 900


def test_events_tell_the_story_in_order_with_whole_objects(stripe_client, conforms, paid):
    ours = set(paid.values())
    story = []
    for event in stripe_client.v1.events.list({"limit": 100}).auto_paging_iter():
        about = event.data.object
        if about.id in ours or about.to_dict().get("customer") in ours:
            story.append(event)
        if about.id == paid["customers"] and event.type == "customer.created":
            break
    story.reverse()
    assert [event.id for event in story] == sorted(event.id for event in story)
    expected = [
        "customer.created", "payment_method.attached", "payment_intent.created", "charge.succeeded",
        "payment_intent.succeeded", "refund.created", "charge.refunded", "refund.updated", "setup_intent.created",
    ]
    assert [event.type for event in story if event.type in expected] == expected
    for event in story:
        conforms(event.data.object.to_dict())
        assert event.api_version == stripe.api_version
    statuses = [event.data.object.status for event in story if event.type.startswith("payment_intent.")]
    assert statuses[-1] == "succeeded" and statuses[0] != "succeeded"  # each as it was then, not as it is
    one = stripe_client.v1.events.retrieve(story[-1].id)
    # The account's order is given a moment after the event, so only that may differ.
    alike = lambda event: {**event.to_dict(), "onfile": event.onfile.object_version}
    assert alike(one) == alike(story[-1])
    of_type = stripe_client.v1.events.list({"type": "charge.refunded", "limit": 1}).data
    assert [event.type for event in of_type] == ["charge.refunded"]


def test_every_event_of_the_installation_holds_a_valid_object(stripe_client, conforms, paid):
    for number, event in enumerate(stripe_client.v1.events.list({"limit": 100}).auto_paging_iter()):
        about = event.data.object.to_dict()
        if about.keys() != {"id", "object", "deleted"}:  # what is left of an erased customer's
            conforms(about)
        if number == 500:
            break


@pytest.fixture(scope="module")
def stranger(stack):
    """The key of another merchant."""
    return stack.operator("account", "create", "--name", "Second")["secret_key"]


FOREIGN = [
    ("GET", "/v1/{kind}/{id}", "*"),
    ("POST", "/v1/{kind}/{id}", "customers payment_methods payment_intents refunds setup_intents"),
    ("DELETE", "/v1/{kind}/{id}", "customers"),
    ("GET", "/v1/{kind}/{id}/payment_methods", "customers"),
    ("POST", "/v1/{kind}/{id}/attach", "payment_methods"),
    ("POST", "/v1/{kind}/{id}/detach", "payment_methods"),
    ("POST", "/v1/{kind}/{id}/confirm", "payment_intents setup_intents"),
    ("POST", "/v1/{kind}/{id}/capture", "payment_intents"),
    ("POST", "/v1/{kind}/{id}/cancel", "payment_intents setup_intents"),
]


def test_another_merchants_objects_are_answered_like_missing_ones(stack, stripe_client, stranger, paid):
    own_customer = raw(stack, "POST", "/v1/customers", key=stranger, data={"name": "Eve"}).json()["id"]
    paid["events"] = stripe_client.v1.events.list({"limit": 1}).data[0].id
    asked = 0
    for method, path, kinds in FOREIGN:
        for kind in paid if kinds == "*" else kinds.split():
            there = paid[kind]
            missing = altered(there)
            form = {"customer": own_customer} if path.endswith("attach") else None
            answers = [raw(stack, method, path.format(kind=kind, id=id), key=stranger, data=form) for id in (there, missing)]
            assert [answer.status_code for answer in answers] == [404, 404], (method, path, kind, answers[0].text)
            bodies = [answer.text.replace(id, "ID") for answer, id in zip(answers, (there, missing))]
            assert bodies[0] == bodies[1]
            asked += 1
    assert asked == 21


def test_another_merchants_objects_cannot_be_used_or_listed(stack, stranger, paid):
    api = stripe.StripeClient(stranger, base_addresses={"api": stack.api}, max_network_retries=0).v1
    payment = {"amount": 100, "currency": "usd", "confirm": True}
    for use in (
        lambda: api.payment_intents.create({**payment, "customer": paid["customers"], "payment_method": "pm_card_visa"}),
        lambda: api.payment_intents.create({**payment, "payment_method": paid["payment_methods"]}),
        lambda: api.payment_methods.attach("pm_card_visa", {"customer": paid["customers"]}),
        lambda: api.refunds.create({"payment_intent": paid["payment_intents"]}),
        lambda: api.refunds.create({"charge": paid["charges"]}),
        lambda: api.setup_intents.create({"customer": paid["customers"]}),
        lambda: api.payment_methods.list({"customer": paid["customers"]}),
    ):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            use()
        assert caught.value.code == "resource_missing"
    for kind in ("customers", "payment_intents", "charges", "refunds", "setup_intents"):
        for cursor in ({}, {"starting_after": paid[kind]}, {"ending_before": paid[kind]}):
            with contextlib.suppress(stripe.InvalidRequestError):
                assert paid[kind] not in [each.id for each in getattr(api, kind).list({"limit": 100, **cursor}).data]
    for kind in ("payment_intents", "charges"):
        found = raw(stack, "GET", f"/v1/{kind}?customer={paid['customers']}", key=stranger)
        assert found.status_code == 400 or found.json()["data"] == []
