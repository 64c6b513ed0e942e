"""Fixtures: one running installation for the whole session, a client of it, a browser, and the wire's own schemas."""

import os

import pytest
import stripe
from playwright.sync_api import sync_playwright

from receiver import Receiver
from replay.recordings import recordings_file
from stack import installation
from wire_schemas import schema_folder, validator

BROWSER_FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]
PAGE_MILLISECONDS_MAX = 15_000


def database() -> str:
    return os.environ.get("ONFILE_E2E_DATABASE") or "sqlite"


def pytest_configure(config):
    config.addinivalue_line("markers", "last: runs after all other tests, on what they left")


def pytest_report_header():
    schemas = schema_folder()
    found = schemas if schemas.is_dir() else f"not found in {schemas}: objects are not validated"
    recorded = recordings_file()
    played = recorded if recorded.is_file() else f"not found in {recorded}: recorded traffic is not played"
    return [f"database: {database()}", f"wire schemas: {found}", f"recordings: {played}"]


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.get_closest_marker("last") is not None)


def own_installation(purpose: str, workers: int = 0, searched: bool = False):
    """An installation for one purpose, with so many processes for the work beside the server. One that is searched for
    card numbers afterwards stays where ONFILE_E2E_KEEP says."""
    keep = os.environ.get("ONFILE_E2E_KEEP") if searched else None
    with installation(purpose, database(), keep, workers) as stack:
        yield stack


@pytest.fixture(scope="session")
def stack():
    """The installation that most tests share."""
    yield from own_installation("all", searched=True)


@pytest.fixture(scope="session")
def stripe_client(stack):
    """The Stripe SDK, unchanged, with another base URL. Without retries, so that the first answer is the one tested."""
    return stripe.StripeClient(stack.secret_key, base_addresses={"api": stack.api}, max_network_retries=0)


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def register(stripe_client, conforms, receiver):
    """Registers the receiver for these types; the endpoint is deleted afterwards."""
    made = []

    def make(*types, url=None):
        endpoint = conforms(
            stripe_client.v1.webhook_endpoints.create({"url": url or receiver.url, "enabled_events": list(types)})
        )
        made.append(endpoint)
        return endpoint

    yield make
    for endpoint in made:
        stripe_client.v1.webhook_endpoints.delete(endpoint.id)


@pytest.fixture(scope="session")
def browser():
    """The distribution's Chromium."""
    path = os.environ.get("ONFILE_CHROMIUM") or "/usr/bin/chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=BROWSER_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    """A fresh page without cookies; a script error on it fails the test."""
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(PAGE_MILLISECONDS_MAX)
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


@pytest.fixture(scope="session")
def conforms():
    """A function that fails when an object is not what its schema says; returns it.

    What the SDK returned is checked as it came over the wire; a dict is checked as it is.
    """
    validate = validator()
    if validate is None:
        return lambda answer: answer

    def check(answer):
        response = getattr(answer, "last_response", None)
        problems = validate.errors(response.data if response else answer)
        assert problems == [], "\n".join(problems)
        return answer

    return check
