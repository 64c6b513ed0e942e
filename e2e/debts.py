"""Debts of customers who are away and whose card is refused, pressed for again and again, beyond what is allowed.

Whether a fourth request reached the processor is read from the processor's own ledger.
"""

import collections
import time

from shop import Shop, Told

ATTEMPTS_MAX = 3
FIRST_AMOUNT = 10_000_000
REFUSED = "attempts_exhausted"
# After the first refusal somebody presses again.
PRESSES_BEYOND = 2
# Of a payment, and of an invoice, whose attempt has no outcome yet.
UNDECIDED = ("processing", "open")
SECONDS_MAX = 90
PAUSE_SECONDS = 0.4


class Debts:
    """Every other debt is an invoice, the rest are payments. Each has an amount of its own."""

    def __init__(self, stack):
        self.shop = Shop(stack, network_retries=3)
        self.api = self.shop.client.v1
        self.refusals: collections.Counter[int] = collections.Counter()

    def run(self, number: int) -> None:
        """Makes one debt, and presses for it until that was refused more than once."""
        deadline = time.monotonic() + SECONDS_MAX
        customer, bad = self._debtor(number, deadline)
        make, press = (self._invoice, self._pay) if number % 2 else (self._intent, self._confirm)
        debt = make(number, customer, bad, deadline)
        presses, refusal = 0, ""
        while self.refusals[number] <= PRESSES_BEYOND:
            if time.monotonic() > deadline:
                told = refusal or "no answer"
                raise TimeoutError(f"debt {number}: {presses} presses, {SECONDS_MAX} s, at last {told}")
            key = f"debt-{number}-press-{presses}"
            told = press(key, debt, bad)
            assert told is None or told.declined or told.answer.status in UNDECIDED, (key, told.answer.status)
            presses += 1
            refusal = self.shop.refused.pop(key, "")
            if refusal.startswith(REFUSED):
                self.refusals[number] += 1
            elif told is None or not told.declined:
                time.sleep(PAUSE_SECONDS)  # no answer, or an attempt that is not over

    def _debtor(self, number: int, deadline: float) -> tuple[str, str]:
        """A customer of the debt's own: networks count a card's declines over all debts, and would stop the presses."""
        insist = lambda what, *asked: self._insist(f"debt-{number}-{what}", deadline, *asked).answer.id
        customer = insist("debtor", self.api.customers.create, {"name": f"Debtor {number}"})
        attach = self.api.payment_methods.attach
        bad = insist("card", attach, "pm_card_chargeCustomerFail", {"customer": customer})
        default = {"invoice_settings": {"default_payment_method": bad}}
        insist("default", self.api.customers.update, customer, default)
        return customer, bad

    def _intent(self, number: int, customer: str, bad: str, deadline: float) -> str:
        what = {"amount": FIRST_AMOUNT + number, "currency": "usd", "customer": customer, "payment_method": bad}
        return self._insist(f"debt-{number}", deadline, self.api.payment_intents.create, what).answer.id

    def _confirm(self, key: str, debt: str, bad: str) -> Told | None:
        return self.shop.ask(key, self.api.payment_intents.confirm, debt, {"payment_method": bad, "off_session": True})

    def _invoice(self, number: int, customer: str, bad: str, deadline: float) -> str:
        invoices, add = self.api.invoices, self.api.invoice_items.create
        invoice = self._insist(f"debt-{number}", deadline, invoices.create, {"customer": customer}).answer.id
        item = {"customer": customer, "amount": FIRST_AMOUNT + number, "currency": "usd", "invoice": invoice}
        self._insist(f"debt-{number}-item", deadline, add, item)
        self._insist(f"debt-{number}-final", deadline, invoices.finalize_invoice, invoice)
        return invoice

    def _pay(self, key: str, debt: str, bad: str) -> Told | None:
        return self.shop.ask(key, self.api.invoices.pay, debt)

    def _insist(self, key: str, deadline: float, function, *arguments) -> Told:
        """Asks under the same key until there is an answer."""
        while (told := self.shop.ask(key, function, *arguments)) is None:
            if time.monotonic() > deadline or key in self.shop.refused:
                raise TimeoutError(f"{key}: {self.shop.refused.get(key, 'no answer')}")
            time.sleep(PAUSE_SECONDS)
        return told

    def requests(self, ledger: list[dict]) -> collections.Counter[int]:
        """How often each debt reached the processor, by its amount."""
        return collections.Counter(line["amount"] for line in ledger if line["amount"] >= FIRST_AMOUNT)

    def problems(self, ledger: list[dict]) -> list[str]:
        """Debts for which the processor was asked too often, or that were paid."""
        often = [(amount, count) for amount, count in self.requests(ledger).items() if count > ATTEMPTS_MAX]
        moved = [line for line in ledger if line["amount"] >= FIRST_AMOUNT and line["kind"] != "decline"]
        return [
            *(f"the debt of {amount}: {count} requests reached the processor" for amount, count in often),
            *(f"the debt of {line['amount']}: {line['kind']}, though its card is refused" for line in moved),
        ]
