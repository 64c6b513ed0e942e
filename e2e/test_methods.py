"""Payment methods from the vault's public door to a customer and away again, and what test cards are good for."""

import itertools
import time

import pytest
import requests
import stripe

from shop import EXPIRY, post_to_vault

_amounts = itertools.count(85_001)

DECLINES = {  # test token: error code, decline code
    "pm_card_chargeDeclined": ("card_declined", "generic_decline"),
    "pm_card_visa_chargeDeclined": ("card_declined", "generic_decline"),
    "pm_card_chargeDeclinedInsufficientFunds": ("card_declined", "insufficient_funds"),
    "pm_card_chargeDeclinedLostCard": ("card_declined", "lost_card"),
    "pm_card_chargeDeclinedStolenCard": ("card_declined", "stolen_card"),
    "pm_card_chargeDeclinedExpiredCard": ("expired_card", "expired_card"),
    "pm_card_chargeDeclinedIncorrectCvc": ("incorrect_cvc", "incorrect_cvc"),
    "pm_card_chargeDeclinedProcessingError": ("processing_error", "processing_error"),
    "pm_card_chargeDeclinedVelocityLimitExceeded": ("card_declined", "card_velocity_exceeded"),
    "pm_card_chargeDeclinedFraudulent": ("card_declined", "fraudulent"),
}
BRANDS = {
    "pm_card_visa": ("visa", "4242"), "pm_card_visa_debit": ("visa", "5556"), "pm_card_mastercard": ("mastercard", "4444"),
    "pm_card_amex": ("amex", "0005"), "pm_card_discover": ("discover", "1117"), "pm_card_diners": ("diners", "0004"),
    "pm_card_jcb": ("jcb", "0505"), "pm_card_unionpay": ("unionpay", "0005"),
}
BANK_ACCOUNT = {
    "type": "us_bank_account", "us_bank_account[routing_number]": "110000000",
    "us_bank_account[account_number]": "000123456789", "us_bank_account[account_holder_type]": "individual",
    "billing_details[name]": "Ada Lovelace",
}


@pytest.fixture
def customer(stripe_client):
    return stripe_client.v1.customers.create({"name": "Ada Lovelace"}).id


@pytest.fixture
def typed(stack):
    """Sends what somebody typed to the vault, as a browser does."""
    return lambda path, form: post_to_vault(stack.vault, stack.publishable_key, path, form)


def card_form(number="4242424242424242", **changes):
    return {"card[number]": number, "card[cvc]": "737", **EXPIRY, **changes}


def pay(client, method, **changes):
    return client.v1.payment_intents.create(
        {"amount": next(_amounts), "currency": "usd", "payment_method": method, "confirm": True, **changes}
    )


@pytest.mark.parametrize("token", BRANDS)
def test_a_test_card_of_each_brand_pays(stripe_client, conforms, token):
    charge = conforms(stripe_client.v1.charges.retrieve(pay(stripe_client, token).latest_charge))
    card = charge.payment_method_details.card
    assert (charge.paid, card.brand, card.last4) == (True, *BRANDS[token])


@pytest.mark.parametrize("token", DECLINES)
def test_a_test_card_is_declined_as_its_name_says(stripe_client, conforms, token):
    code, decline_code = DECLINES[token]
    with pytest.raises(stripe.CardError) as caught:
        pay(stripe_client, token)
    error = caught.value.error
    assert (caught.value.http_status, error.code, error.decline_code) == (402, code, decline_code)
    intent = conforms(caught.value.json_body["error"]["payment_intent"])
    assert intent["status"] == "requires_payment_method"
    charge = conforms(stripe_client.v1.charges.retrieve(error.charge))
    assert (charge.status, charge.failure_code, charge.outcome.reason) == ("failed", code, decline_code)


def test_a_typed_card_is_attached_and_pays(stripe_client, conforms, customer, typed):
    made = conforms(typed("/v1/payment_methods", {"type": "card", **card_form()}))
    seen = conforms(stripe_client.v1.payment_methods.retrieve(made["id"]))
    assert (seen.customer, seen.card.last4) == (None, "4242")
    kept = conforms(stripe_client.v1.payment_methods.attach(made["id"], {"customer": customer}))
    assert (kept.id, kept.customer) == (made["id"], customer)
    paid = pay(stripe_client, kept.id, customer=customer)
    charge = stripe_client.v1.charges.retrieve(paid.latest_charge)
    assert charge.payment_method_details.card.checks.cvc_check == "pass"
    # The code was good for one authorisation (M9).
    again = pay(stripe_client, kept.id, customer=customer)
    checks = stripe_client.v1.charges.retrieve(again.latest_charge).payment_method_details.card.checks
    assert checks.cvc_check != "pass"


def test_a_token_becomes_one_method(stripe_client, conforms, customer, typed):
    token = conforms(typed("/v1/tokens", card_form()))
    made = conforms(stripe_client.v1.payment_methods.create({"type": "card", "card": {"token": token["id"]}}))
    assert (made.type, made.card.last4) == ("card", "4242")
    with pytest.raises(stripe.InvalidRequestError) as caught:
        stripe_client.v1.payment_methods.create({"type": "card", "card": {"token": token["id"]}})
    assert caught.value.code == "token_already_used"
    stripe_client.v1.payment_methods.attach(made.id, {"customer": customer})
    assert pay(stripe_client, made.id, customer=customer, off_session=True).status == "succeeded"


def test_a_card_that_is_not_kept_pays_once(stripe_client, typed):
    made = typed("/v1/payment_methods", {"type": "card", **card_form()})["id"]
    assert pay(stripe_client, made).status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError) as caught:
        pay(stripe_client, made)
    assert caught.value.code == "payment_method_unexpected_state"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"card[number]": "4242424242424241"}, "incorrect_number"),
        ({"card[number]": "4242"}, "invalid_number"),
        ({"card[exp_month]": "13"}, "invalid_expiry_month"),
        ({"card[exp_year]": "2020"}, "expired_card"),
        ({"card[cvc]": "12"}, "invalid_cvc"),
    ],
)
def test_the_vault_names_what_was_mistyped(stack, change, code):
    answer = requests.post(
        f"{stack.vault}/v1/tokens", data=card_form(**change), auth=(stack.publishable_key, ""), timeout=10
    )
    error = answer.json()["error"]
    assert answer.status_code == 402
    assert error["type"] == "card_error"
    assert error["code"] in (code, "invalid_expiry_year") if code == "expired_card" else error["code"] == code


def test_the_vault_takes_no_secret_key(stack):
    answer = requests.post(f"{stack.vault}/v1/tokens", data=card_form(), auth=(stack.secret_key, ""), timeout=10)
    assert answer.status_code == 401


def test_a_card_is_attached_once_and_gone_for_good_when_detached(stripe_client, conforms, customer):
    methods = stripe_client.v1.payment_methods
    card = methods.attach("pm_card_visa", {"customer": customer})
    stripe_client.v1.customers.update(customer, {"invoice_settings": {"default_payment_method": card.id}})
    other = stripe_client.v1.customers.create({"name": "Bob"}).id
    with pytest.raises(stripe.InvalidRequestError):
        methods.attach(card.id, {"customer": other})
    gone = conforms(methods.detach(card.id))
    assert gone.customer is None
    assert stripe_client.v1.customers.payment_methods.list(customer).data == []
    assert stripe_client.v1.customers.retrieve(customer).invoice_settings.default_payment_method is None
    for use in (
        lambda: methods.attach(card.id, {"customer": customer}),
        lambda: pay(stripe_client, card.id, customer=customer),
        lambda: methods.detach(card.id),
    ):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            use()
        assert caught.value.code == "payment_method_unexpected_state"


def test_what_is_detached_is_destroyed_in_the_vault(stack, stripe_client, customer, typed):
    made = typed("/v1/payment_methods", {"type": "card", **card_form()})["id"]
    kept = lambda: stack.rows("vault", f"SELECT COUNT(*) FROM instruments WHERE method_id = '{made}'")
    stripe_client.v1.payment_methods.attach(made, {"customer": customer})
    assert kept() == [["1"]]
    stripe_client.v1.payment_methods.detach(made)
    deadline = time.monotonic() + 20
    while kept() != [["0"]]:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_expiry_owner_and_metadata_can_be_changed(stripe_client, conforms, customer):
    methods = stripe_client.v1.payment_methods
    card = methods.attach("pm_card_visa", {"customer": customer})
    changed = conforms(methods.update(card.id, {
        "card": {"exp_month": 2, "exp_year": 2036}, "billing_details": {"name": "Ada King", "address": {"postal_code": "12345"}},
        "metadata": {"shelf": "blue"},
    }))
    assert (changed.card.exp_month, changed.card.exp_year, changed.card.last4) == (2, 2036, "4242")
    assert (changed.billing_details.name, changed.metadata["shelf"]) == ("Ada King", "blue")
    charge = stripe_client.v1.charges.retrieve(pay(stripe_client, card.id, customer=customer).latest_charge)
    assert charge.payment_method_details.card.exp_year == 2036
    for wrong in ({"exp_month": 13}, {"exp_year": 2020}):
        with pytest.raises((stripe.InvalidRequestError, stripe.CardError)):
            methods.update(card.id, {"card": wrong})


def test_a_bank_account_is_typed_kept_and_listed(stripe_client, conforms, customer, typed):
    made = conforms(typed("/v1/payment_methods", BANK_ACCOUNT))
    with pytest.raises(stripe.InvalidRequestError, match="not verified"):
        stripe_client.v1.payment_methods.attach(made["id"], {"customer": customer})
    setup = stripe_client.v1.setup_intents.create({
        "customer": customer, "payment_method_types": ["us_bank_account"], "payment_method": made["id"],
        "confirm": True, "mandate_data": {"customer_acceptance": {
            "type": "online", "online": {"ip_address": "203.0.113.7", "user_agent": "Browser 1"}}},
    })
    assert (setup.status, setup.next_action.type) == ("requires_action", "verify_with_microdeposits")
    with pytest.raises(stripe.InvalidRequestError):
        stripe_client.v1.setup_intents.verify_microdeposits(setup.id, {"amounts": [1, 2]})
    verified = stripe_client.v1.setup_intents.verify_microdeposits(setup.id, {"amounts": [32, 45]})
    assert conforms(verified).status == "succeeded"
    kept = conforms(stripe_client.v1.payment_methods.retrieve(verified.payment_method))
    account = kept.us_bank_account
    assert (account.last4, account.routing_number, account.account_type) == ("6789", "110000000", "checking")
    assert kept.billing_details.name == "Ada Lovelace"
    card = stripe_client.v1.payment_methods.attach("pm_card_visa", {"customer": customer})
    ids = lambda **filter: [each.id for each in stripe_client.v1.customers.payment_methods.list(customer, filter).data]
    assert ids(type="us_bank_account") == [kept.id]
    assert ids(type="card") == [card.id]
    assert sorted(ids()) == sorted([kept.id, card.id])


def test_a_deleted_customer_takes_their_cards_along(stripe_client, conforms, customer):
    card = stripe_client.v1.payment_methods.attach("pm_card_visa", {"customer": customer})
    assert stripe_client.v1.customers.delete(customer).deleted
    assert conforms(stripe_client.v1.customers.retrieve(customer)).deleted
    with pytest.raises(stripe.InvalidRequestError):
        pay(stripe_client, card.id, customer=customer)
    with pytest.raises(stripe.InvalidRequestError):
        pay(stripe_client, card.id)
