"""The pages in a real browser: a card is saved, one click pays with it, staff see what happened."""

import json
import re
import subprocess
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import expect

from shop import post_to_vault
from stack import binaries

STAFF = "admin@demo.example"
PAYS = "4242 4242 4242 4242"
PAYS_TOO = "5555 5555 5555 4444"
REFUSED_AT_ONCE = "4000 0000 0000 0002"
REFUSED_LATER = "4000 0000 0000 0341"  # can be saved, then every payment is declined
ASKS_ON_SAVING = "4000 0025 0000 3155"
ASKS_ALWAYS = "4000 0027 6000 3184"
MILLISECONDS_MAX = 15_000


class Shopper:
    """A customer with a browser of their own."""

    def __init__(self, browser, stack, **context):
        self.stack = stack
        self.context = browser.new_context(**context)
        self.page = self.context.new_page()
        self.page.set_default_timeout(MILLISECONDS_MAX)
        self.problems = []
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", self._note)

    def _note(self, message):
        # What a content security policy refuses stands in the console alone.
        if message.type == "error" and "Content Security Policy" in message.text:
            self.problems.append(message.text)

    def open(self, path="/demo"):
        return self.page.goto(self.stack.api + path)

    def fill_card(self, form, number, agree=True):
        form.locator("#number").fill(number)
        form.locator("#expiry").fill("12/30")
        form.locator("#cvc").fill("737")
        form.locator("#name").fill("Ada Lovelace")
        if agree:
            form.locator("#agreed").check()

    def send_card(self, number, agree=True):
        """From the shop through the vault's form; ends wherever that leads."""
        self.open()
        self.page.get_by_role("link", name="Add a card").click()
        form = self.page.frame_locator("iframe[title='Card details']")
        self.fill_card(form, number, agree)
        form.get_by_role("button", name="Save card").click()

    def save_card(self, number=PAYS):
        self.send_card(number)
        expect(self.page.get_by_role("status")).to_contain_text("is saved")

    def answer(self, button):
        """On the issuer's page."""
        self.page.wait_for_url(f"{self.stack.sandbox}/challenge/**")
        self.page.get_by_role("button", name=button).click()

    def pay_button(self):
        return self.page.get_by_role("button", name=re.compile(r"^Pay \$29\.00 with "))


@pytest.fixture
def shopper(browser, stack):
    shopper = Shopper(browser, stack)
    yield shopper
    shopper.context.close()
    assert shopper.problems == []


@pytest.fixture
def captured(stack):
    """A function that counts the captures in the ledger since the test began."""
    count = lambda: sum(line["kind"] == "capture" for line in stack.ledger())  # noqa: E731
    before = count()
    return lambda: count() - before


def test_a_card_is_saved_and_then_pays_with_one_click(shopper, captured):
    shopper.save_card()
    page = shopper.page
    expect(page.get_by_text("Visa •••• 4242 (Exp: 12/2030)", exact=True)).to_be_visible()
    expect(page.get_by_text("Default", exact=True)).to_be_visible()
    assert captured() == 0, "checking a card takes no money"

    page.get_by_role("button", name="Pay $29.00 with Visa •••• 4242", exact=True).click()
    page.wait_for_url("**/receipts/*")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Receipt from")
    main = page.get_by_role("main")
    for text in ["$29.00", "Paid", "Fibre 500, one month", "Visa •••• 4242 (Exp: 12/2030)", "ch_"]:
        expect(main).to_contain_text(text)
    assert captured() == 1
    page.reload()
    assert captured() == 1


def test_a_receipt_shows_what_was_given_back(shopper, stripe_client):
    shopper.save_card()
    shopper.pay_button().click()
    shopper.page.wait_for_url("**/receipts/*")
    charge = re.search(r"ch_\w+", shopper.page.get_by_role("main").inner_text()).group()
    stripe_client.v1.refunds.create({"charge": charge, "amount": 500})
    shopper.page.reload()
    for text in ["Partly refunded", "−$5.00", "$24.00"]:
        expect(shopper.page.get_by_role("main")).to_contain_text(text)


def test_a_receipt_needs_its_whole_address(shopper, stack):
    shopper.save_card()
    shopper.pay_button().click()
    shopper.page.wait_for_url("**/receipts/*")
    address = shopper.page.url
    answer = requests.get(address, timeout=10)
    assert (answer.status_code, answer.headers["referrer-policy"]) == (200, "no-referrer")
    other = address[:-1] + ("a" if address[-1] != "a" else "b")
    for wrong in [other, address[:-1], f"{stack.api}/receipts/{address.rpartition('_')[2]}"]:
        assert requests.get(wrong, timeout=10).status_code == 404


def test_a_card_that_its_bank_refuses_is_not_kept(shopper):
    shopper.send_card(REFUSED_AT_ONCE)
    alert = shopper.page.get_by_role("alert")
    expect(alert).to_contain_text("This card was not saved")
    expect(alert).to_contain_text("Nothing was kept")
    expect(shopper.page.get_by_text("No card on file yet")).to_be_visible()


def test_a_declined_payment_says_so_in_plain_words_and_takes_nothing(shopper, captured):
    shopper.save_card(REFUSED_LATER)
    shopper.pay_button().click()
    alert = shopper.page.get_by_role("alert")
    expect(alert).to_contain_text("The payment did not go through")
    expect(alert).to_contain_text("Nothing was charged")
    assert captured() == 0
    shopper.page.reload()
    expect(shopper.page.get_by_role("alert")).to_have_count(0)


def test_a_bank_may_ask_before_a_card_is_saved(shopper):
    shopper.send_card(ASKS_ON_SAVING)
    shopper.answer("Approve")
    expect(shopper.page.get_by_role("status")).to_contain_text("Visa •••• 3155 is saved")


def test_a_card_whose_holder_does_not_approve_is_not_kept(shopper):
    shopper.send_card(ASKS_ON_SAVING)
    shopper.answer("Fail")
    expect(shopper.page.get_by_role("alert")).to_contain_text("This card was not saved")
    expect(shopper.page.get_by_text("No card on file yet")).to_be_visible()


def test_a_bank_may_ask_before_a_payment_and_its_answer_counts(shopper, captured):
    shopper.send_card(ASKS_ALWAYS)
    shopper.answer("Approve")
    expect(shopper.page.get_by_role("status")).to_contain_text("is saved")

    shopper.pay_button().click()
    shopper.answer("Fail")
    expect(shopper.page.get_by_role("alert")).to_contain_text("not confirmed with your bank")
    assert captured() == 0

    shopper.pay_button().click()
    shopper.answer("Approve")
    shopper.page.wait_for_url("**/receipts/*")
    assert captured() == 1


def test_a_double_click_pays_once(shopper, captured):
    shopper.save_card()
    shopper.pay_button().dblclick()
    shopper.page.wait_for_url("**/receipts/*")
    assert captured() == 1


def test_the_same_form_sent_again_and_again_pays_once(shopper, stack, captured):
    shopper.save_card()
    form = {
        name: shopper.page.locator(f"form.pay input[name={name}]").get_attribute("value")
        for name in ["csrf", "attempt", "card"]
    }
    for _ in range(5):
        answer = shopper.context.request.post(
            f"{stack.api}/demo/pay", form=form, headers={"origin": stack.api}, max_redirects=0
        )
        assert answer.status == 303
    shopper.page.goto(stack.api + answer.headers["location"])
    shopper.page.wait_for_url("**/receipts/*")
    assert captured() == 1


def test_a_return_from_the_card_form_saves_once_however_often_it_is_opened(shopper, stack):
    returns = []
    shopper.page.on("request", lambda r: returns.append(r.url) if "/demo/cards/return" in r.url else None)
    shopper.save_card()
    assert len(returns) == 1
    shopper.page.goto(returns[0])
    expect(shopper.pay_button()).to_have_count(1)

    other_session = returns[0].replace("state=", "state=x")
    assert shopper.context.request.get(other_session).status == 403


def test_a_forgotten_tick_is_asked_for_and_the_card_is_not_lost(shopper):
    shopper.send_card(PAYS, agree=False)
    expect(shopper.page.get_by_role("heading", level=1)).to_contain_text("consent")
    shopper.page.get_by_role("button", name="I agree, save this card").click()
    expect(shopper.page.get_by_role("status")).to_contain_text("Visa •••• 4242 is saved")


def test_among_several_cards_the_chosen_one_pays(shopper):
    shopper.save_card()
    shopper.save_card(PAYS_TOO)
    expect(shopper.pay_button()).to_have_count(1)
    shopper.page.get_by_label("Mastercard •••• 4444").check()
    shopper.page.get_by_role("button", name="Pay $29.00 with Mastercard •••• 4444").click()
    shopper.page.wait_for_url("**/receipts/*")
    expect(shopper.page.get_by_role("main")).to_contain_text("Mastercard •••• 4444 (Exp: 12/2030)")


def test_a_card_can_become_the_default_and_be_removed(shopper):
    shopper.save_card()
    shopper.save_card(PAYS_TOO)
    page = shopper.page
    page.get_by_role("button", name="Make default").click()
    expect(page.get_by_role("status")).to_contain_text("Mastercard •••• 4444 is now your default card")
    default = page.get_by_role("listitem").filter(has=page.get_by_text("Default", exact=True))
    expect(default).to_contain_text("4444")

    page.get_by_role("listitem").filter(has_text="4444").get_by_role("link", name="Remove").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Remove this card?")
    page.get_by_role("button", name="Remove Mastercard •••• 4444").click()
    expect(page.get_by_role("status")).to_contain_text("Mastercard •••• 4444 is removed")
    expect(page.get_by_role("listitem")).to_have_count(1)
    expect(page.get_by_role("listitem")).to_contain_text("Default")


def test_everything_can_be_done_with_the_keyboard(shopper, captured):
    page = shopper.page
    shopper.open()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    tab_to(page, page.get_by_role("link", name="Add a card"))
    page.keyboard.press("Enter")
    form = page.frame_locator("iframe[title='Card details']")
    expect(form.locator("#number")).to_be_visible()
    tab_to(page, form.locator("#number"))
    for text in [PAYS, "1230", "737", "Ada Lovelace"]:
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    expect(form.locator("#agreed")).to_be_focused()
    page.keyboard.press("Space")
    tab_to(page, form.get_by_role("button", name="Save card"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("is saved")
    tab_to(page, shopper.pay_button())
    page.keyboard.press("Enter")
    page.wait_for_url("**/receipts/*")
    assert captured() == 1


def tab_to(page, wanted):
    """Presses Tab until the focus is there, at most as often as a page has stops."""
    for _ in range(25):
        page.keyboard.press("Tab")
        if wanted.evaluate("e => e === e.ownerDocument.activeElement && e.ownerDocument.hasFocus()"):
            return
    raise AssertionError("the keyboard does not get there")


def test_everything_works_without_script(browser, stack, captured):
    shopper = Shopper(browser, stack, java_script_enabled=False)
    page = shopper.page
    shopper.open()
    page.get_by_role("link", name="Add a card").click()
    # By key: a click right after scrolling may still meet the frame, which is another process's page.
    page.get_by_role("link", name="Open the secure form on its own page").press("Enter")
    page.wait_for_url(f"{stack.vault}/frame?**")
    shopper.fill_card(page, "4000 0027 6000 3184")
    page.get_by_role("button", name="Save card").click()
    shopper.answer("Approve")
    expect(page.get_by_role("status")).to_contain_text("is saved")
    shopper.pay_button().click()
    shopper.answer("Approve")
    page.wait_for_url("**/receipts/*")
    expect(page.get_by_role("main")).to_contain_text("Paid")
    assert captured() == 1
    shopper.context.close()
    assert shopper.problems == []


def test_what_belongs_to_somebody_else_is_not_there(browser, stack, shopper):
    shopper.save_card()
    card = shopper.page.locator("form.pay input[name=card]").get_attribute("value")
    shopper.pay_button().click()
    shopper.page.wait_for_url("**/receipts/*")
    stranger = Shopper(browser, stack)
    stranger.save_card(PAYS_TOO)
    intent = newest_intent(stack)
    assert shopper.open(f"/demo/payments/{intent}").status == 200
    for path in [f"/demo/cards/{card}/remove", f"/demo/payments/{intent}"]:
        assert stranger.context.request.get(stack.api + path).status == 404, path
    stranger.open()
    form = {
        name: stranger.page.locator(f"form.pay input[name={name}]").get_attribute("value")
        for name in ["csrf", "attempt"]
    }
    post = {"headers": {"origin": stack.api}, "max_redirects": 0}
    answer = stranger.context.request.post(f"{stack.api}/demo/pay", form={**form, "card": card}, **post)
    assert answer.status == 404
    stranger.context.close()


def newest_intent(stack):
    answer = requests.get(f"{stack.api}/v1/payment_intents?limit=1", auth=(stack.secret_key, ""), timeout=10)
    return answer.json()["data"][0]["id"]


def test_a_form_that_was_not_made_on_our_page_is_refused(shopper, stack, captured):
    shopper.save_card()
    form = {
        name: shopper.page.locator(f"form.pay input[name={name}]").get_attribute("value")
        for name in ["csrf", "attempt", "card"]
    }
    card = form["card"]
    for path in ["/demo/pay", f"/demo/cards/{card}/default", f"/demo/cards/{card}/remove", "/demo/cards/consent"]:
        for changes, origin in [
            ({"csrf": "x" * 32}, stack.api),
            ({"csrf": ""}, stack.api),
            ({}, "https://evil.example"),
            ({}, "null"),
            ({}, None),
        ]:
            headers = {"origin": origin} if origin else {}
            answer = shopper.context.request.post(
                stack.api + path, form={**form, **changes}, headers=headers, max_redirects=0
            )
            assert answer.status == 403, (path, changes, origin)
    assert captured() == 0
    shopper.open()
    expect(shopper.pay_button()).to_have_count(1)


def test_pages_fit_a_narrow_window(browser, stack):
    shopper = Shopper(browser, stack, viewport={"width": 320, "height": 640})
    page = shopper.page

    def fits():
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, page.url

    shopper.open()
    fits()
    shopper.save_card()
    shopper.save_card(PAYS_TOO)
    fits()
    page.get_by_role("link", name="Add a card").click()
    fits()
    number = page.frame_locator("iframe[title='Card details']").locator("#number")
    assert number.evaluate("e => e.ownerDocument.documentElement.scrollWidth <= e.ownerDocument.defaultView.innerWidth")
    page.go_back()
    page.get_by_role("link", name="Remove").first.click()
    fits()
    page.go_back()
    shopper.pay_button().click()
    page.wait_for_url("**/receipts/*")
    fits()
    sign_in(page, stack)
    fits()
    page.get_by_role("cell").get_by_role("link").first.click()
    fits()
    shopper.context.close()


def staff_link(stack):
    """A new link: each works once."""
    config = stack.data / "server" / "onfile.toml"
    command = [binaries() / "onfile", "staff", "link", "--config", config, "--email", STAFF, "--json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["url"]


def sign_in(page, stack):
    page.goto(staff_link(stack))
    page.get_by_role("button", name=f"Sign in as {STAFF}").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Payments")


def test_staff_see_a_payment_and_every_attempt_at_it(shopper, stack):
    shopper.save_card(REFUSED_LATER)
    shopper.pay_button().click()
    expect(shopper.page.get_by_role("alert")).to_be_visible()
    intent = newest_intent(stack)
    page = shopper.page
    sign_in(page, stack)
    row = page.get_by_role("row").nth(1)
    for text in ["Declined", "$29.00", "Ada Lovelace", "Visa •••• 0341 (Exp: 12/2030)"]:
        expect(row).to_contain_text(text)
    row.get_by_role("link").click()
    assert page.url.endswith(f"/dashboard/payments/{intent}")
    main = page.get_by_role("main")
    for text in ["Payment attempt", "Declined", "generic_decline", "started by the customer", "op_"]:
        expect(main).to_contain_text(text)


def test_staff_filter_by_status_in_the_address(shopper, stack):
    shopper.save_card()
    shopper.pay_button().click()
    shopper.page.wait_for_url("**/receipts/*")
    page = shopper.page
    sign_in(page, stack)
    page.get_by_role("link", name="Succeeded", exact=True).click()
    assert urlsplit(page.url).query == "status=succeeded"
    expect(page.locator("tbody .chip").first).to_be_visible()
    assert set(page.locator("tbody .chip").all_inner_texts()) == {"Succeeded"}


def test_a_sign_in_link_works_once_and_not_by_being_looked_at(shopper, stack):
    link, page = staff_link(stack), shopper.page
    for _ in range(3):
        assert requests.get(link, timeout=10).status_code == 200
    page.goto(link)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Payments")
    cookie = next(c for c in shopper.context.cookies() if c["name"] == "onfile_staff")
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")

    assert requests.get(link, timeout=10).status_code == 410
    code = urlsplit(link).query.removeprefix("code=")
    again = requests.post(
        f"{stack.api}/dashboard/sign-in", {"code": code}, headers={"origin": stack.api}, timeout=10
    )
    assert again.status_code == 410

    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You have signed out")
    old = {"onfile_staff": cookie["value"]}
    assert requests.get(f"{stack.api}/dashboard", cookies=old, timeout=10).status_code == 401


def test_the_dashboard_is_closed_to_everybody_else(shopper, stack):
    shopper.save_card()
    shopper.pay_button().click()
    shopper.page.wait_for_url("**/receipts/*")
    intent = newest_intent(stack)
    customer = next(c["value"] for c in shopper.context.cookies() if c["name"] == "onfile_customer")
    for cookies in [{}, {"onfile_staff": customer}, {"onfile_staff": "x_y"}]:
        for path in ["/dashboard", f"/dashboard/payments/{intent}", "/dashboard/payments/pi_1"]:
            answer = requests.get(stack.api + path, cookies=cookies, timeout=10)
            assert (answer.status_code, "$29.00" in answer.text) == (401, False), (path, cookies)


def test_every_page_has_a_strict_policy_and_no_script(stack):
    for path in ["/demo", "/dashboard", "/dashboard/sign-in", "/receipts/a_b", "/nowhere"]:
        answer = requests.get(stack.api + path, headers={"accept": "text/html"}, timeout=10)
        policy = answer.headers["content-security-policy"]
        for part in ["default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"]:
            assert part in policy, (path, part)
        assert "unsafe" not in policy and "*" not in policy, path
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "<script" not in answer.text and " style=" not in answer.text, path


def test_a_bank_account_is_confirmed_on_its_page(shopper, stack, stripe_client):
    typed = {
        "type": "us_bank_account", "us_bank_account[routing_number]": "110000000",
        "us_bank_account[account_number]": "000123456789", "us_bank_account[account_holder_type]": "individual",
        "billing_details[name]": "Ada Lovelace",
    }
    account = post_to_vault(stack.vault, stack.publishable_key, "/v1/payment_methods", typed)["id"]
    setup = stripe_client.v1.setup_intents.create({
        "allowed_payment_method_types": ["us_bank_account"], "payment_method": account, "confirm": True,
        "mandate_data": {"customer_acceptance": {
            "type": "online", "online": {"ip_address": "203.0.113.7", "user_agent": "Browser 1"}}},
    })
    page = shopper.page
    page.goto(setup.next_action.verify_with_microdeposits.hosted_verification_url)
    expect(page.get_by_role("main")).to_contain_text("•••• 6789")

    def tell(first, second):
        page.get_by_label("First amount").fill(first)
        page.get_by_label("Second amount").fill(second)
        page.get_by_role("button", name="Confirm").click()

    tell("1", "2")
    expect(page.get_by_role("alert")).to_contain_text("not the amounts that were sent")
    tell("45", "32")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your bank account is confirmed")
    assert stripe_client.v1.setup_intents.retrieve(setup.id).status == "succeeded"


def test_the_style_sheet_may_be_kept_for_ever(stack):
    page = requests.get(f"{stack.api}/demo", timeout=10).text
    path = re.search(r'href="(/assets/onfile\.[0-9a-f]+\.css)"', page).group(1)
    answer = requests.get(stack.api + path, timeout=10)
    assert "immutable" in answer.headers["cache-control"]
    assert len(answer.content) <= 12 * 1024


def test_pages_have_no_known_accessibility_faults(shopper, stack):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = shopper.page
    faults = {}

    def look():
        found = axe.run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
        if found.violations_count:
            faults[page.url] = found.generate_report()

    for scheme in ["light", "dark"]:
        page.emulate_media(color_scheme=scheme)
        shopper.open()
        look()
    shopper.send_card(REFUSED_AT_ONCE)
    expect(page.get_by_role("alert")).to_be_visible()
    look()
    shopper.save_card()
    shopper.save_card(PAYS_TOO)
    look()
    page.get_by_role("link", name="Add a card").click()
    look()
    page.go_back()
    page.get_by_role("link", name="Remove").first.click()
    look()
    page.go_back()
    shopper.pay_button().click()
    page.wait_for_url("**/receipts/*")
    look()
    page.goto(staff_link(stack))
    look()
    page.get_by_role("button", name="Sign in").click()
    look()
    page.get_by_role("cell").get_by_role("link").first.click()
    look()
    assert faults == {}, "\n".join(faults.values())
