"""The page about compatibility says what is so."""

import re

import pytest
import requests
import stripe

import compatibility
from stack import CHECKOUT
from wire_schemas import schema_folder

AGAIN = "`cd e2e && python compatibility.py` writes it anew"


@pytest.fixture(scope="module")
def page():
    return compatibility.PAGE.read_text()


def listed(page: str, name: str) -> set[tuple[str, str]]:
    rows = re.findall(r"\| `([^`]+)` \| ([A-Z, ]+) \|", compatibility.place(name).search(page)[2])
    return {(method, path) for path, methods in rows for method in methods.split(", ")}


def test_the_page_lists_exactly_the_routes_that_exist(page):
    assert listed(page, "supported") | listed(page, "own") == compatibility.routes(), AGAIN


def test_every_route_of_the_servers_table_is_read():
    entries = re.findall(r"^    route!\(", compatibility.ROUTES.read_text(), re.MULTILINE)
    assert len(compatibility.routes()) == len(entries)


def test_the_page_lists_what_is_missing(page):
    if not (schema_folder() / "operations.json").is_file():
        pytest.skip(f"no operations.json in {schema_folder()}: ONFILE_STRIPE_SCHEMAS says where it is")
    assert compatibility.written(page, compatibility.tables()) == page, AGAIN


def test_a_rate_below_what_the_page_promises_is_told():
    said = compatibility.promised()
    rate = lambda of, less: {"passed": said[of].passed - less, "of": said[of].of}
    report = lambda less: {
        "basil_or_later": rate("basil_or_later", less), "older": rate("older", less),
        "all": {"refused_properly": said["not_offered"].passed - less, "not_offered": said["not_offered"].of},
    }
    assert compatibility.measured(report(0)) == said
    assert compatibility.broken_promises(report(0)) == compatibility.broken_promises(report(-1)) == []
    assert len(compatibility.broken_promises(report(1))) == 3


REFUSED = re.compile(r"^\| `(POST) ([^`]+)` \| `([^`=]+)=([^`]*)` \|", re.MULTILINE)


def test_what_the_page_calls_refused_is_refused_by_name(page, stack, stripe_client):
    customer = stripe_client.v1.customers.create({}).id
    price = stripe_client.v1.prices.create(
        {"currency": "usd", "unit_amount": 100, "recurring": {"interval": "month"}, "product_data": {"name": "Gold"}}
    ).id
    whole = {
        "/v1/prices": {"currency": "usd", "unit_amount": "100", "product_data[name]": "Gold", "recurring[interval]": "month"},
        "/v1/payment_intents": {"amount": "100", "currency": "usd"},
        "/v1/subscriptions": {"customer": customer, "items[0][price]": price},
        "/v1/payment_methods": {},
        "/v1/customers": {},
    }
    rows = REFUSED.findall(page)
    assert len(rows) >= 10
    for method, path, name, value in rows:
        form = {**whole[path], name: value}
        answer = requests.request(method, stack.api + path, data=form, auth=(stack.secret_key, ""), timeout=10)
        error = answer.json().get("error", {})
        named = str(error.get("param")).split("[")[0] == name.split("[")[0]
        assert (answer.status_code in (400, 402), named) == (True, True), (path, name, answer.text)


def test_the_page_names_the_versions_that_are_tested(page):
    node = re.search(r'"stripe": "(\d+)', (CHECKOUT / "e2e" / "node" / "package.json").read_text())[1]
    assert f"stripe-python {stripe.VERSION.split('.')[0]}" in page
    assert f"stripe-node {node}" in page
    assert stripe.api_version in page
