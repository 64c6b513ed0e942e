"""Makes what a request relies on and its cassette did not make: through the public API, with facts from the recordings.

A thing is made right before the first request that names it. A price has the amount and rhythm that a later answer
shows, a customer the name and address; a method is the typed test method that has the brand, digits or behaviour of the
recorded one; a payment or invoice has the recorded amount and is brought to the recorded state. What no recording shows
is not made when the recorded answer was an error: the program was meant to ask for what does not exist.
"""

from replay import stage_billing, stage_catalog, stage_payments
from replay.facts import Facts, present
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
        return problems

    def need(self, kind: str, name: str, exchange: Exchange, always: bool = False) -> str:
        """Our name for a recorded thing, made now if it is not there: always, or if it was there for the program."""
        if name and not self.names.knows(kind, name) and kind in self._recipes:
            known = self.facts.of(kind, name, exchange)
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
        named = thing.get("customer")
        named = named.get("id") if isinstance(named, dict) else named
        asked = [name for kind, name in references(exchange) if kind == "customer"]
        recorded = named or next(iter(asked), None)
        return self.need("customer", recorded, exchange) if recorded else None

    def _customer(self, _stage, name: str, facts: dict, exchange) -> str:
        """With the default method, where the recording shows one."""
        ours = self.make("/v1/customers", present(facts, *OF_CUSTOMER))["id"]
        self.names.set("customer", name, ours)
        method = (facts.get("invoice_settings") or {}).get("default_payment_method")
        method = method.get("id") if isinstance(method, dict) else method
        if method:
            default = self.need("payment_method", method, exchange, always=True)
            self.make(f"/v1/customers/{ours}", {"invoice_settings": {"default_payment_method": default}})
        return ours

    def _payment_method(self, _stage, name: str, facts: dict, exchange: Exchange) -> str:
        customer = self.customer_of(facts, exchange)
        named = {facts.get("customer")} | {other for kind, other in references(exchange) if kind == "customer"}
        paid = [
            thing for thing in self.facts.about(exchange.cassette)
            if thing["object"] in ("payment_intent", "setup_intent")
            and (thing.get("payment_method") == name or (not thing.get("payment_method") and thing.get("customer") in named))
        ]
        customer = customer or self.make("/v1/customers", {})["id"]
        return self.make(f"/v1/payment_methods/{choose(facts, paid)}/attach", {"customer": customer})["id"]


def _listed(exchange: Exchange) -> list[tuple[str, str]]:
    """Kind and name of what a list showed, the oldest first."""
    data = exchange.answer.get("data")
    if exchange.method != "GET" or not isinstance(data, list):
        return []
    return [(each["object"], each["id"]) for each in reversed(data) if isinstance(each, dict) and {"object", "id"} <= each.keys()]
