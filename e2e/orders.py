"""A merchant's orders: paid by cards saved, typed in and refused, captured later, given back, and by bank accounts."""

import random

from oracle import Report, compare
from shop import Shop, all_of

CUSTOMERS = 16
FIRST_AMOUNT = 10_000
# Of a hundred orders; banks give their answer as the sandbox's clock moves.
KINDS = {
    "saved": 34, "token": 16, "typed": 14, "manual": 16, "declined": 6, "declined while away": 4,
    "debited": 6, "debited without money": 2, "debited and taken back": 2,
}
LISTS = ("payment_intents", "charges", "refunds", "disputes")


class Orders:
    """The orders of one proof. Each has an amount of its own, by which the ledger and the API are compared."""

    def __init__(self, stack, seed: int):
        self.seed = seed
        self.shop = Shop(stack, network_retries=3)
        self.api = self.shop.client.v1
        self.customers = []
        for number in range(CUSTOMERS):
            customer = self.api.customers.create({"name": f"Customer {number}"}).id
            methods = (
                self.api.payment_methods.attach(token, {"customer": customer}).id
                for token in (
                    "pm_card_visa", "pm_card_chargeCustomerFail",
                    "pm_usBankAccount_success", "pm_usBankAccount_insufficientFunds",
                )
            )
            self.customers.append((customer, *methods))

    def run(self, number: int) -> None:
        """One order from beginning to end, whatever happens meanwhile."""
        chance, kind = self._chance(number)
        payment = self._payment(number, kind, chance)
        told = payment and self.shop.ask(f"order-{number}", self.api.payment_intents.create, payment)
        if not told:
            return
        assert told.declined is None or kind.startswith("declined"), (number, kind, told.declined)
        intent = told.answer
        if kind == "manual" and intent.status == "requires_capture":
            part = chance.choice([None, intent.amount - 1 - number % 7])
            what = {"amount_to_capture": part} if part else {}
            self.shop.ask(f"capture-{number}", self.api.payment_intents.capture, intent.id, what)
        elif intent.status == "succeeded" and chance.random() < 0.25:
            part = chance.choice([None, intent.amount // 3])
            what = {"payment_intent": intent.id, **({"amount": part} if part else {})}
            self.shop.ask(f"refund-{number}", self.api.refunds.create, what)

    def _chance(self, number: int) -> tuple[random.Random, str]:
        """What an order is decided by, and its kind."""
        chance = random.Random(self.seed * 100_003 + number)
        kind, = chance.choices(list(KINDS), list(KINDS.values()))
        return chance, kind

    def refused(self) -> tuple[int, dict[str, str]]:
        """How many orders were held back, since their card had been declined as often as its network allows within a month
        (each customer has one card that is refused); and what else was refused, which is wrong.
        """
        held_back = {
            key for key, why in self.shop.refused.items()
            if why.startswith("network_limit") and self._chance(int(key.removeprefix("order-")))[1] == "declined while away"
        }
        return len(held_back), {key: why for key, why in self.shop.refused.items() if key not in held_back}

    def _payment(self, number: int, kind: str, chance: random.Random) -> dict | None:
        """What is asked for; None when what has to come before it had no answer."""
        customer, good, bad, bank, poor = chance.choice(self.customers)
        common = {"amount": FIRST_AMOUNT + number, "currency": "usd", "confirm": True, "metadata": {"order": number}}
        saved = {**common, "customer": customer, "off_session": True}
        debited = {**saved, "payment_method_types": ["us_bank_account"]}
        match kind:
            case "saved":
                return {**saved, "payment_method": good}
            case "manual":
                return {**saved, "payment_method": good, "capture_method": "manual"}
            case "declined while away":
                return {**saved, "payment_method": bad}
            case "declined":
                return {**common, "payment_method": "pm_card_chargeDeclined"}
            case "token":
                return {**common, "payment_method": "pm_card_visa"}
            case "debited":
                return {**debited, "payment_method": bank}
            case "debited without money":
                return {**debited, "payment_method": poor}
            case "debited and taken back":
                # Once it was taken back, nobody may debit the account again: each of these orders has its own.
                attach, account = self.api.payment_methods.attach, "pm_usBankAccount_dispute"
                told = self.shop.ask(f"attach-{number}", attach, account, {"customer": customer})
                return {**debited, "payment_method": told.answer.id} if told else None
        return {**common, "payment_method": self.shop.typed_card("4242424242424242")}

    def compared(self, ledger: list[dict]) -> tuple[Report, dict[str, list[dict]]]:
        """Ledger against API, through public interfaces alone; and all that the API says."""
        everything = {name: all_of(getattr(self.api, name)) for name in LISTS}
        return compare(ledger, *(everything[name] for name in LISTS)), everything

    def broken_words(self, everything: dict[str, list[dict]]) -> list[str]:
        """Where the merchant was told something that did not stay true."""
        intents = {intent["id"]: intent for intent in everything["payment_intents"]}
        refunds = {refund["id"]: refund for refund in everything["refunds"]}
        broken = []
        for key, told in self.shop.told.items():
            if key.startswith("attach-"):
                continue
            if told.answer is None:
                broken.append(f"{key}: declined ({told.declined}), and the answer does not say which payment")
                continue
            if key.startswith("refund-"):
                said, now = "succeeded", refunds[told.answer.id]["status"]
            else:
                intent = intents[told.answer.id]
                now = intent["status"], intent["amount_received"]
                if told.declined:
                    said = "requires_payment_method", 0
                elif told.answer.status == "succeeded":
                    said = "succeeded", told.answer.amount_received
                else:
                    continue
            if now != said:
                broken.append(f"{key}: said {said}, is {now}")
        paid = [intent["amount"] for intent in intents.values() if intent["amount_received"]]
        if len(paid) != len(set(paid)):
            broken.append("an order was paid by two intents")
        return broken
