"""Mail, from a payment to the reader's inbox, and the catcher that it ends in."""

import email.message
import re
import smtplib
import subprocess
import time
import uuid

import pytest
import requests
from playwright.sync_api import expect

from stack import binaries
from test_billing import DAY, JANUARY, clock, give, invoices, ledger  # noqa: F401  (the clock is a fixture)

SECONDS_MAX = 40


def somebody() -> str:
    """An address that no other test writes to."""
    return f"{uuid.uuid4().hex[:12]}@example.com"


def messages(stack, to: str) -> list[dict]:
    answer = requests.get(f"{stack.mail}/messages", params={"to": to}, timeout=10)
    answer.raise_for_status()
    return answer.json()


def notices(stack, payment: str) -> list[dict]:
    answer = requests.get(f"{stack.api}/v1/onfile/notices?limit=100", auth=(stack.secret_key, ""), timeout=10)
    answer.raise_for_status()
    return [notice for notice in answer.json()["data"] if notice["payment_intent"] == payment]


def ended(stack, payment: str) -> dict:
    """The only notice of a payment, once it has come to an end."""
    deadline = time.monotonic() + SECONDS_MAX
    while True:
        (notice,) = notices(stack, payment)
        if notice["status"] not in ("queued", "sending"):
            return notice
        assert time.monotonic() < deadline, notice
        time.sleep(0.2)


def pay(client, to: str, **changes):
    return client.v1.payment_intents.create(
        {
            "amount": 123_456,
            "currency": "usd",
            "payment_method": "pm_card_mastercard",
            "confirm": True,
            "return_url": "https://shop.example/back",
            "receipt_email": to,
            "description": "Fibre <b>500</b> & more",
            **changes,
        }
    )


@pytest.fixture
def mail_fault(stack):
    """Sets what goes wrong with mail, until the test ends."""
    yield lambda word: stack.faults(mail=word)
    stack.faults()


def test_a_payment_with_an_address_brings_exactly_one_receipt_with_a_link_that_works(stack, stripe_client):
    to = somebody()
    intent = pay(stripe_client, to)
    charge = stripe_client.v1.charges.retrieve(intent.latest_charge)
    notice = ended(stack, intent.id)
    assert (notice["object"], notice["kind"], notice["status"], notice["recipient"]) == (
        "onfile.notice", "receipt", "sent", to,
    )
    (message,) = messages(stack, to)
    assert message["subject"] == "Your receipt from Demo Telecom: $1,234.56"
    assert message["headers"]["Message-ID"].startswith(f"<{notice['id']}@")
    assert message["to"] == [to]
    last4 = charge.payment_method_details.card.last4
    for part in (message["text"], message["html"]):
        assert "$1,234.56" in part and f"Mastercard •••• {last4}" in part and charge.receipt_url in part
    assert "Fibre <b>500</b> & more" in message["text"]
    assert "Fibre &lt;b&gt;500&lt;/b&gt; &amp; more" in message["html"]
    (link,) = re.findall(r"http://\S+/receipts/\S+", message["text"])
    page = requests.get(link, timeout=10)
    assert page.status_code == 200 and "$1,234.56" in page.text
    one = requests.get(f"{stack.mail}/messages/{message['id']}", timeout=10).json()
    assert one == message


def test_a_mail_server_that_refuses_for_now_is_asked_again(stack, stripe_client, mail_fault):
    mail_fault("refuse_451")
    to = somebody()
    intent = pay(stripe_client, to)
    deadline = time.monotonic() + SECONDS_MAX
    while notices(stack, intent.id)[0]["reason"] is None:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    (tried,) = notices(stack, intent.id)
    assert tried["reason"] == "put_off_451" and messages(stack, to) == []
    mail_fault("none")
    assert ended(stack, intent.id)["status"] == "sent"
    assert len(messages(stack, to)) == 1


def test_an_answer_that_is_lost_sends_it_again_recognisably(stack, stripe_client, mail_fault):
    mail_fault("keep_then_drop")
    to = somebody()
    intent = pay(stripe_client, to)
    deadline = time.monotonic() + SECONDS_MAX
    while not messages(stack, to):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    mail_fault("none")
    assert ended(stack, intent.id)["status"] == "sent"
    ids = [message["headers"]["Message-ID"] for message in messages(stack, to)]
    assert len(ids) >= 2 and len(set(ids)) == 1, "at least once, and by its id the same"


def test_an_address_that_is_refused_is_given_up_and_shown(stack, stripe_client, mail_fault):
    mail_fault("refuse_550")
    to = somebody()
    notice = ended(stack, pay(stripe_client, to).id)
    assert (notice["status"], notice["reason"], notice["attempts"]) == ("failed", "refused_550", 1)
    assert messages(stack, to) == []


def test_the_catcher_is_a_mail_server_to_pythons_client(stack):
    host, port = stack.smtp.split(":")
    to, other = somebody(), somebody()
    letter = email.message.EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "Jörg <joerg@shop.example>", to, "Grüße\u2026 " + "x" * 200
    letter.set_content("first\n.\n..dots\n.\nlast €\n")
    letter.add_alternative("<p>Grüße</p>", subtype="html")
    with smtplib.SMTP(host, int(port), timeout=10) as client:
        assert client.ehlo()[0] == 250
        assert client.has_extn("size") and client.has_extn("8bitmime")
        assert client.send_message(letter, "joerg@shop.example", [to, other]) == {}
        assert client.noop()[0] == 250
        assert client.rset()[0] == 250
        with pytest.raises(smtplib.SMTPSenderRefused) as refused:
            client.sendmail("a@b.example", to, b"x" * (int(client.esmtp_features["size"]) + 1))
        assert refused.value.smtp_code == 552
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.sendmail("a@b.example", ["nobody"], b"x")
        with pytest.raises(smtplib.SMTPDataError) as too_long:
            client.sendmail("a@b.example", to, b"Subject: x\r\n\r\n" + b"x" * 2_000)
        assert too_long.value.smtp_code == 500
    for reader in (to, other):
        (message,) = messages(stack, reader)
        assert message["subject"] == letter["Subject"]
        assert message["text"].replace("\r\n", "\n") == "first\n.\n..dots\n.\nlast €\n"
        assert message["html"].strip() == "<p>Grüße</p>"
        assert (message["from"], message["to"]) == ("joerg@shop.example", [to, other])
        assert message["headers"]["From"] == "Jörg <joerg@shop.example>"


def test_the_inbox_shows_a_mail_and_runs_nothing_of_it(stack, page):
    host, port = stack.smtp.split(":")
    to = somebody()
    letter = email.message.EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "a@b.example", to, "<i>Hello</i>"
    letter.set_content("Look: https://shop.example/x\n")
    letter.add_alternative(
        "<p id=seen>Hello</p><script>document.title='ran'</script><img src=x onerror=\"document.title='ran'\">",
        subtype="html",
    )
    with smtplib.SMTP(host, int(port), timeout=10) as client:
        client.send_message(letter)
    page.goto(stack.sandbox)
    page.get_by_role("link", name="Inbox").click()
    page.get_by_role("link", name="<i>Hello</i>").first.click()
    assert page.get_by_role("heading", level=1).inner_text() == "<i>Hello</i>"
    assert page.get_by_role("link", name="https://shop.example/x").is_visible()
    frame = page.frame_locator("iframe")
    assert frame.locator("#seen").inner_text() == "Hello"
    assert page.title() == "<i>Hello</i> – Sandbox Bank"
    inner = next(each for each in page.frames if each.url.endswith("/html"))
    assert inner.title() == ""


def test_staff_see_what_the_customer_was_told(stack, stripe_client, page):
    intent = pay(stripe_client, somebody())
    ended(stack, intent.id)
    page.goto(stack.operator("staff", "link", "--email", "admin@demo.example")["url"])
    page.get_by_role("button", name="Sign in as admin@demo.example").click()
    page.goto(f"{stack.api}/dashboard/payments/{intent.id}")
    mail = page.get_by_role("heading", name="Mail to the customer").locator("xpath=following-sibling::ul[1]")
    assert "Receipt" in mail.inner_text() and "Sent" in mail.inner_text()


def next_message(stack, to: str, count: int) -> dict:
    """The newest message to somebody, which is listed first, once so many came; more must not have come."""
    deadline = time.monotonic() + SECONDS_MAX
    while len(messages(stack, to)) < count:
        assert time.monotonic() < deadline, messages(stack, to)
        time.sleep(0.1)
    all_of_them = messages(stack, to)
    assert len(all_of_them) == count, [message["subject"] for message in all_of_them]
    return all_of_them[0]


@pytest.fixture
def mail_receipts(stack):
    """Has receipts mailed as `onfile account notices --receipts on` says, from its call until the test ends."""
    def switch(word):
        command = [binaries() / "onfile", "account", "notices", "--config", stack.data / "server" / "onfile.toml"]
        subprocess.run([*command, "--account", stack.account, "--receipts", word], check=True, timeout=60)
    yield lambda: switch("on")
    switch("off")


def owing(stack, client, clock, to: str, minor: int):  # noqa: F811
    """An agreement whose renewal was declined three times; its customer reads the mail after each."""
    price = client.v1.prices.create({
        "currency": "usd", "unit_amount": minor, "recurring": {"interval": "month"}, "product_data": {"name": "Line"},
    })
    who = client.v1.customers.create({"email": to, "name": "Ada", "test_clock": clock.id}).id
    give(client, who, "pm_card_visa")
    made = client.v1.subscriptions.create({"customer": who, "items": [{"price": price.id}]})
    give(client, who, "pm_card_visa_chargeDeclinedInsufficientFunds")
    return who, made.id


def test_an_invoice_that_fails_is_told_of_until_its_customer_pays_by_the_link(
    stack, stripe_client, page, clock, mail_receipts,  # noqa: F811
):
    to = somebody()
    who, subscription = owing(stack, stripe_client, clock, to, 4_711)
    for days, count, day in ((28, 1, "3 March 2027"), (4, 2, "7 March 2027")):
        clock(days)
        mail = next_message(stack, to, count)
        assert mail["subject"] == "Your payment of $47.11 to Demo Telecom did not go through"
        for part in (mail["text"], mail["html"]):
            assert f"We will try again on {day}" in part and "not enough money" in part
    clock(5)
    mail = next_message(stack, to, 3)
    assert mail["subject"] == "Please pay $47.11 to Demo Telecom"
    owed = invoices(stripe_client, subscription)[1]
    (link,) = re.findall(r"http://\S+/invoices/\S+", mail["text"])
    assert link == owed.hosted_invoice_url and f'href="{link}"' in mail["html"]
    assert (owed.status, owed.attempt_count) == ("open", 3)

    mail_receipts()
    page.goto(link)
    expect(page.get_by_role("heading", level=1)).to_have_text("Bill from Demo Telecom")
    expect(page.get_by_role("alert")).to_contain_text("not enough money")
    page.get_by_role("link", name="Pay with another card").click()
    form = page.frame_locator("iframe[title='Card details']")
    form.locator("#number").fill("4242 4242 4242 4242")
    form.locator("#expiry").fill("12/30")
    form.locator("#cvc").fill("737")
    form.locator("#name").fill("Ada Lovelace")
    form.get_by_role("button", name="Use this card").click()
    page.get_by_role("button", name="Pay $47.11").dblclick()
    expect(page.get_by_role("main")).to_contain_text("Paid")
    page.get_by_role("link", name="See the receipt").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Receipt from Demo Telecom")

    paid = stripe_client.v1.invoices.retrieve(owed.id)
    assert (paid.status, paid.amount_paid) == ("paid", 4_711)
    assert stripe_client.v1.subscriptions.retrieve(subscription).status == "active"
    assert (len(ledger(stack, "decline", 4_711)), len(ledger(stack, "capture", 4_711))) == (3, 2)
    assert next_message(stack, to, 4)["subject"] == "Your receipt from Demo Telecom: $47.11"
    assert len(stripe_client.v1.payment_methods.list({"customer": who}).data) == 2, "the new card is not kept"


def test_a_saved_card_that_asks_its_bank_pays_the_bill_without_script(stack, stripe_client, browser, clock):  # noqa: F811
    to = somebody()
    who, subscription = owing(stack, stripe_client, clock, to, 5_813)
    clock(28)
    next_message(stack, to, 1)
    give(stripe_client, who, "pm_card_authenticationRequired")
    link = invoices(stripe_client, subscription)[1].hosted_invoice_url
    context = browser.new_context(java_script_enabled=False, viewport={"width": 375, "height": 800})
    page = context.new_page()
    page.goto(link)
    pay_with = page.get_by_role("button", name=re.compile(r"^Pay \$58\.13 with "))
    expect(pay_with).to_have_count(1)
    pay_with.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{stack.sandbox}/challenge/**")
    page.get_by_role("button", name="Approve").click()
    page.wait_for_url(link)
    expect(page.get_by_role("main")).to_contain_text("Paid")
    context.close()
    assert stripe_client.v1.subscriptions.retrieve(subscription).status == "active"
    clock(10)
    assert len(ledger(stack, "capture", 5_813)) == 2, "the retry that was planned has nothing to collect"
