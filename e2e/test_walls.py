"""No card number gets into the server: it refuses those that are sent to it, and on every proper way none is sent."""

import contextlib
import itertools
import os
import re
from urllib.parse import quote, urlsplit

import pytest
import requests
import stripe

import canaries
from recorder import Recorder
from shop import EXPIRY, post_to_vault

NUMBER = canaries.canary_numbers()[0]
SPACED = " ".join(re.findall("....", NUMBER))
DASHED = "-".join(re.findall("....", NUMBER))


def form(path, **fields):
    return "POST", path, fields, {}


NAMED = {name: form(path, **{name: NUMBER, **others}) for path, name, others in [
    ("/v1/payment_methods", "card[number]", {"type": "card", "card[exp_month]": "12", "card[exp_year]": "2034"}),
    ("/v1/customers", "source[number]", {"source[object]": "card"}),
    ("/v1/payment_intents", "payment_method_data[card][number]", {"amount": "100", "currency": "usd"}),
    ("/v1/payment_methods", "us_bank_account[account_number]", {"type": "us_bank_account"}),
    ("/v1/customers", "metadata[card_number]", {}),
]}
ELSEWHERE = {
    "description": form("/v1/customers", description=f"card {NUMBER}, please"),
    "description, spaced": form("/v1/customers", description=SPACED),
    "description, dashed": form("/v1/payment_intents", amount="100", currency="usd", description=DASHED),
    "name": form("/v1/customers", name=NUMBER),
    "metadata value": form("/v1/customers", **{"metadata[order]": NUMBER}),
    "metadata key": form("/v1/customers", **{f"metadata[{NUMBER}]": "x"}),
    "idempotency key": ("POST", "/v1/customers", {"name": "Ada"}, {"Idempotency-Key": f"order-{NUMBER}"}),
    "query": ("GET", f"/v1/customers?email={NUMBER}", None, {}),
    "query, spaced": ("GET", f"/v1/customers?email={quote(SPACED)}", None, {}),
    "query of a post": ("POST", f"/v1/customers?description={NUMBER}", {"name": "Ada"}, {}),
    "path": ("GET", f"/v1/customers/{NUMBER}", None, {}),
    "path, percent-encoded": ("GET", "/v1/customers/" + "".join(f"%3{digit}" for digit in NUMBER), None, {}),
    "confirmation": form("/v1/payment_intents/pi_1/confirm", payment_method=NUMBER),
}


@pytest.mark.parametrize("place", [*NAMED, *ELSEWHERE])
def test_a_card_number_sent_to_the_api_is_refused_wherever_it_stands(stack, place):
    method, path, fields, headers = {**NAMED, **ELSEWHERE}[place]
    answer = requests.request(
        method, stack.api + path, data=fields, headers={"Authorization": f"Bearer {stack.secret_key}", **headers}, timeout=10
    )
    assert answer.status_code == 402, answer.text
    error = answer.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert "vault" in error["message"]
    assert canaries.search_bytes(answer.content, place) == []


@pytest.mark.parametrize("field", ["card[cvc]", "cvc", "payment_method_data[card][cvc]", "metadata[cvv]"])
def test_a_security_code_sent_to_the_api_is_refused_by_its_name(stack, field):
    answer = requests.post(
        f"{stack.api}/v1/payment_methods", data={"type": "card", field: "737"}, auth=(stack.secret_key, ""), timeout=10
    )
    assert (answer.status_code, answer.json()["error"]["type"]) == (402, "invalid_request_error")


# Wrong in other ways besides. What the answer is does not matter; that nothing of it is kept does, and is searched for
# when all tests are done.
WRONG_IN_OTHER_WAYS = {
    "no key": ("POST", "/v1/customers", {"data": {"name": NUMBER}, "auth": None}),
    "a wrong key": ("POST", "/v1/customers", {"data": {"name": NUMBER}, "auth": ("sk_test_" + "0" * 40, "")}),
    "the number for a key": ("POST", "/v1/customers", {"auth": (NUMBER, "")}),
    "json": ("POST", "/v1/customers", {"json": {"card": {"number": NUMBER, "cvc": "737"}}}),
    "json that breaks off": (
        "POST", "/v1/customers", {"data": f'{{"number": "{NUMBER}', "headers": {"Content-Type": "application/json"}}
    ),
    "multipart": ("POST", "/v1/customers", {"files": {"card": ("card.txt", NUMBER)}}),
    "a broken form": ("POST", "/v1/customers", {"data": f"name={NUMBER}&%zz=%"}),
    "an unknown path": ("GET", f"/{NUMBER}", {}),
    "a path of the vault's": ("POST", "/v1/tokens", {"data": {"card[number]": NUMBER, "card[cvc]": "737"}}),
    "an unknown api path": ("POST", f"/v1/cards/{NUMBER}", {"data": {"number": NUMBER}}),
    "an unknown method": ("DELETE", f"/v1/charges/{NUMBER}", {}),
    "headers": ("GET", "/v1/account", {"headers": {name: NUMBER for name in (
        "User-Agent", "Referer", "Origin", "Cookie", "Stripe-Account", "Stripe-Version", "X-Request-Id", "X-Forwarded-For",
    )}}),
    "the return page": ("GET", f"/3ds/{NUMBER}/{NUMBER}", {}),
    "a page's query": ("GET", f"/demo?card={NUMBER}", {}),
}


@pytest.mark.parametrize("case", WRONG_IN_OTHER_WAYS)
def test_a_number_in_a_request_that_is_wrong_anyway_is_not_repeated(stack, case):
    method, path, options = WRONG_IN_OTHER_WAYS[case]
    options = {"auth": (stack.secret_key, ""), **options}
    answer = requests.request(method, stack.api + path, timeout=10, allow_redirects=False, **options)
    assert answer.status_code < 500
    told = answer.content + repr(answer.headers).encode()
    assert canaries.search_bytes(told, case) == []


@contextlib.contextmanager
def recorded(stack):
    recorder = Recorder(urlsplit(stack.api).port)
    try:
        yield recorder, f"http://localhost:{recorder.port}"
    finally:
        recorder.close()


def journey(stack, api):
    """Everything that customers and merchants do with cards, all of it through this address of the API."""
    client = stripe.StripeClient(stack.secret_key, base_addresses={"api": api}, max_network_retries=0)
    customer = client.v1.customers.create({"name": "Ada Lovelace"}).id
    numbers = [*canaries.canary_numbers(), "4000000000000002", "4000000000000127", "4000000000003220"]
    for number, way in zip(numbers, itertools.cycle([typed_method, typed_token, typed_into_frame])):
        source = way(stack, api, number)
        payment = {"amount": 1500, "currency": "usd", "confirm": True, "payment_method": source}
        with contextlib.suppress(stripe.CardError):
            if source.startswith("tok_") and way is typed_token:
                payment["payment_method"] = client.v1.payment_methods.create({"type": "card", "card": {"token": source}}).id
            intent = client.v1.payment_intents.create({**payment, "customer": customer, "setup_future_usage": "off_session"})
            if intent.status == "requires_action":
                answer_challenge(stack, api, intent.next_action.redirect_to_url.url)
    with contextlib.suppress(stripe.StripeError):
        client.v1.payment_intents.create({**payment, "payment_method": "tok_unknown"})
    saved = client.v1.customers.payment_methods.list(customer, {"limit": 100}).data
    assert len(saved) >= len(canaries.canary_numbers())
    client.v1.payment_methods.detach(saved[0].id)
    requests.get(f"{api}/demo", timeout=10)


def typed_method(stack, _, number):
    fields = {"type": "card", "card[number]": number, "card[cvc]": code(number), **EXPIRY}
    return post_to_vault(stack.vault, stack.publishable_key, "/v1/payment_methods", fields)["id"]


def typed_token(stack, _, number):
    fields = {"card[number]": number, "card[cvc]": code(number), **EXPIRY}
    return post_to_vault(stack.vault, stack.publishable_key, "/v1/tokens", fields)["id"]


def typed_into_frame(stack, api, number):
    """The vault's own form, without script, after a mistake; then the browser goes on to the shop with a token."""
    fields = {"key": stack.publishable_key, "return_url": f"{stack.api}/demo", "number": number, "cvc": code(number),
              "name": "Ada Lovelace"}
    wrong = requests.post(f"{stack.vault}/frame", data={**fields, "expiry": "01/20"}, timeout=10)
    assert wrong.status_code == 422, wrong.text
    right = requests.post(f"{stack.vault}/frame", data={**fields, "expiry": "12/34"}, allow_redirects=False, timeout=10)
    assert right.status_code == 303, right.text
    requests.get(right.headers["location"].replace(stack.api, api), allow_redirects=False, timeout=10)
    return re.search(r"[?&]token=(\w+)", right.headers["location"])[1]


def code(number):
    return "7373" if number.startswith("3") else "737"


def answer_challenge(stack, api, url):
    back = requests.post(url, data={"answer": "approve"}, allow_redirects=False, timeout=10).headers["location"]
    requests.get(back.replace(stack.api, api), allow_redirects=False, timeout=10)


def test_on_every_proper_way_the_server_receives_stores_and_remembers_no_number(stack):
    # A fresh process: what it holds in memory afterwards comes from this journey alone.
    stack.kill("server")
    stack.wait_for("server")
    with recorded(stack) as (recorder, api):
        journey(stack, api)
        received = recorder.received()
    assert sum(map(len, received)) > 50_000
    for connection in received:
        assert canaries.search_bytes(connection, "received by the server") == []
    assert canaries.search_bytes(requests.get(f"{stack.sandbox}/ledger", timeout=30).content, "ledger") == []
    found, size = canaries.search_memory(stack.pid("server"))
    assert size > 1_000_000
    assert found == [], "\n".join(map(str, found))


def test_the_recorder_keeps_what_was_sent(stack):
    with recorded(stack) as (recorder, api):
        requests.get(f"{api}/health", headers={"X-Card": SPACED}, timeout=10)
        assert len(canaries.search_bytes(b"".join(recorder.received()), "recorder")) == 1


def test_a_number_in_a_processs_memory_is_found():
    held = b"".join([b"4000", b"0566", b"5566", b"5556"])
    found, _ = canaries.search_memory(os.getpid())
    assert f"number ending in {held[-4:].decode()}" in [finding.what for finding in found]
