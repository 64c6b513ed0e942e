"""Bank debits by the official SDK: submitted is not paid, and paid may still be taken back. The sandbox's clock moves."""

import time

DAY = 86_400
# Submitted, settled after four days; one that is taken back goes after fourteen.
SETTLED, TAKEN_BACK = 5 * DAY, 15 * DAY
WITHIN_SECONDS = 30


def debit(client, token: str, amount: int):
    customer = client.v1.customers.create({"name": "Ada Lovelace"}).id
    account = client.v1.payment_methods.attach(token, {"customer": customer}).id
    return client.v1.payment_intents.create({
        "amount": amount, "currency": "usd", "customer": customer, "payment_method": account,
        "payment_method_types": ["us_bank_account"], "off_session": True, "confirm": True,
    })


def until(read, good):
    """What is read once it is good; the workers look every half second."""
    deadline = time.monotonic() + WITHIN_SECONDS
    while not good(read()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return read()


def test_a_debit_is_paid_when_the_bank_has_settled_it_and_may_be_taken_back(stack, stripe_client, conforms):
    paid = debit(stripe_client, "pm_usBankAccount_success", 2_900)
    poor = debit(stripe_client, "pm_usBankAccount_insufficientFunds", 3_100)
    back = debit(stripe_client, "pm_usBankAccount_dispute", 3_300)
    assert [conforms(intent).status for intent in (paid, poor, back)] == ["processing"] * 3
    read = lambda intent: conforms(stripe_client.v1.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]}))
    stack.advance(SETTLED)
    assert until(lambda: read(paid), lambda intent: intent.status != "processing").status == "succeeded"
    assert until(lambda: read(back), lambda intent: intent.status != "processing").status == "succeeded"
    failed = until(lambda: read(poor), lambda intent: intent.status != "processing")
    assert (failed.status, failed.latest_charge.failure_code) == ("requires_payment_method", "insufficient_funds")
    stack.advance(TAKEN_BACK - SETTLED)
    disputed = until(lambda: read(back), lambda intent: intent.latest_charge.disputed)
    assert disputed.latest_charge.disputed
    dispute, = stripe_client.v1.disputes.list({"payment_intent": back.id}).data
    conforms(dispute.to_dict())
    assert (dispute.status, dispute.amount) == ("lost", 3_300)
