"""Makes what a request relies on and its cassette did not make: through the public API, with facts from the recordings.

A thing is made right before the first request that names it. A price has the amount and rhythm that a later answer
shows, a customer the name and address; a method is the typed test method that has the brand, digits or behaviour of the
recorded one; a payment or invoice has the recorded amount and is brought to the recorded state. What no recording shows
is not made when the recorded answer was an error: the program was meant to ask for what does not exist.
"""

from replay import stage_billing, stage_catalog, stage_payments
from replay.facts import Facts, id_of, present
from replay.names import Names
from replay.paths import references
from replay.recordings import Exchange
from replay.method_names import choose
from replay.wire import Answer, Client

OF_CUSTOMER = (
    "email", "name", "phone", "description", "address", "shipping", "metadata", "preferred_locales", "tax_exempt"
)


class NotMade(Exception):
    """Our API did not make what the recording relies on; says what it answered."""


class Stage:
    """For one cassette."""

    def __init__(self, client: Client, facts: Facts, names: Names):
        self.client, self.facts, self.names = client, facts, names
        self.defaults: dict[str, str] = {}
        """The recorded method that a recorded customer got last."""
        self._recipes = {
            "customer": self._customer, "payment_method": self._payment_method,
            **stage_catalog.RECIPES, **stage_payments.RECIPES, **stage_billing.RECIPES,
        }

    def prepare(self, exchange: Exchange) -> list[str]:
        """Makes all that a request names and that is not there; returns what could not be made."""
        problems = []
        named = references(exchange)
        methods = [name for kind, name in named if kind == "payment_method"]
        self.defaults |= {name: method for kind, name in named if kind == "customer" for method in methods}
        for kind, name in [*named, *_listed(exchange)]:
            try:
                self.need(kind, name, exchange)
            except NotMade as error:
                problems.append(f"{kind} {name} was not made: {error}")
            except (LookupError, TypeError, AttributeError, ValueError) as error:
                problems.append(f"{kind} {name} was not made: the recordings do not show enough of it ({error!r})")
        return problems

    def need(self, kind: str, name: str, exchange: Exchange, always: bool = False, known: dict | None = None) -> str:
        """Our name for a recorded thing, made now if it is not there: always, or if it was there for the program. What is
        known of it may come from another thing that holds it.
        """
        if name and not self.names.knows(kind, name) and kind in self._recipes:
            known = self.facts.of(kind, name, exchange) or known
            if known or always or exchange.error is None:
                ours = self._recipes[kind](self, name, known or {}, exchange)
                if ours:
                    self.names.set(kind, name, ours)
        return self.names.get(kind, name)

    def make(self, path: str, fields: dict) -> dict:
        """What our API made."""
        return self.checked(path, self.client.post(path, fields))

    def checked(self, path: str, answer: Answer) -> dict:
        """What an answer holds, unless it is an error."""
        if answer.status != 200:
            raise NotMade(f"POST {path}: {answer}")
        return answer.body

    def customer_of(self, thing: dict, exchange: Exchange) -> str | None:
        """Our customer of a thing, else of the request."""
        asked = [name for kind, name in references(exchange) if kind == "customer"]
        recorded = id_of(thing.get("customer")) or next(iter(asked), None)
        return self.need("customer", recorded, exchange) if recorded else None

    def give_card(self, customer: str, exchange: Exchange) -> None:
        """A default method for our customer who has none and is to pay; it does what the recording shows."""
        settings = self.client.get(f"/v1/customers/{customer}").body.get("invoice_settings") or {}
        if not settings.get("default_payment_method"):
            token = choose(None, self._payments(exchange))
            card = self.make(f"/v1/payment_methods/{token}/attach", {"customer": customer})["id"]
            self.make(f"/v1/customers/{customer}", {"invoice_settings": {"default_payment_method": card}})

    def _payments(self, exchange: Exchange) -> list[dict]:
        return [each for each in self.facts.about(exchange.cassette) if each["object"] in ("payment_intent", "setup_intent")]

    def _customer(self, _stage, name: str, facts: dict, exchange) -> str:
        """With the default method, where the recording shows one."""
        facts = facts or self._from_invoice(name, exchange)
        ours = self.make("/v1/customers", present(facts, *OF_CUSTOMER))["id"]
        self.names.set("customer", name, ours)
        method = id_of((facts.get("invoice_settings") or {}).get("default_payment_method"))
        if method:
            default = self.need("payment_method", method, exchange, always=True)
            self.make(f"/v1/customers/{ours}", {"invoice_settings": {"default_payment_method": default}})
        return ours

    def _from_invoice(self, name: str, exchange: Exchange) -> dict:
        """What an invoice says of a customer whom nothing else shows."""
        for thing in self.facts.about(exchange.cassette):
            if thing["object"] == "invoice" and id_of(thing.get("customer")) == name:
                return {field: thing.get(f"customer_{field}") for field in ("name", "email", "phone", "address", "shipping")}
        return {}

    def _payment_method(self, _stage, name: str, facts: dict, exchange) -> str:
        """A typed test method in the hands of whoever has or pays with the recorded one."""
        owners = [facts] + [thing for thing in self.facts.about(exchange.cassette) if name in methods_of(thing)]
        owner = next((thing for thing in owners if thing.get("customer") or thing.get("object") == "customer"), {})
        if owner.get("object") == "customer":
            customer = self.need("customer", owner["id"], exchange)
        else:
            customer = self.customer_of(owner, exchange) or self.make("/v1/customers", {})["id"]
        named = {id_of(owner.get("customer"))} | {other for kind, other in references(exchange) if kind == "customer"}
        paid = [
            each for each in self._payments(exchange)
            if name in methods_of(each) or (not methods_of(each) and id_of(each.get("customer")) in named)
        ]
        return self.make(f"/v1/payment_methods/{choose(facts, paid)}/attach", {"customer": customer})["id"]


def methods_of(thing: dict) -> set[str]:
    """The methods that a payment was tried with, or that a customer or an agreement has as its default."""
    failed = (thing.get("last_payment_error") or {}).get("payment_method")
    settings = thing.get("invoice_settings") or {}
    found = thing.get("payment_method"), failed, thing.get("default_payment_method"), settings.get("default_payment_method")
    return {id_of(each) for each in found if each}


def _listed(exchange: Exchange) -> list[tuple[str, str]]:
    """Kind and name of what a list showed, the oldest first."""
    data = exchange.answer.get("data")
    if exchange.method != "GET" or not isinstance(data, list):
        return []
    return [(each["object"], each["id"]) for each in reversed(data) if isinstance(each, dict) and {"object", "id"} <= each.keys()]
