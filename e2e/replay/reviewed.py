"""Differences that were looked at and are right, each with its reason.

An exception names the kind of object and the place within it, what was recorded and what is answered. Anything else at
the same place is still a fault, and `test_replay.py` fails when an exception no longer applies.
"""

import dataclasses

from replay.shape import Difference

OTHER_METHODS = "a kind of method that Onfile does not have, switched on in the recorded merchant's account"


@dataclasses.dataclass(frozen=True)
class Reviewed:
    """One exception."""

    kind: str
    about: str
    recorded: str
    ours: str
    reason: str

    def covers(self, difference: Difference) -> bool:
        told = difference.kind, difference.about, difference.recorded, difference.ours
        return told == (self.kind, self.about, self.recorded, self.ours)


def lacks(about: str, recorded: str, reason: str) -> Reviewed:
    return Reviewed("lacks", about, recorded, "nothing", reason)


REVIEWED = [
    *(
        lacks(f"payment_intent.payment_method_options.{kind}", "object", OTHER_METHODS)
        for kind in ("acss_debit", "afterpay_clearpay", "alipay", "cashapp", "klarna", "link", "wechat_pay")
    ),
    lacks("charge.outcome.risk_score", "number", "payments are not scored for fraud"),
    lacks(
        "payment_intent.payment_method_options.us_bank_account.financial_connections", "object",
        "instant verification needs a service that reads customers' bank accounts; micro-deposits do without",
    ),
    Reviewed(
        "other count in", "balance_transaction.fee_details", "1 items", "0 items",
        "Onfile holds no money and knows no processor's fees",
    ),
    lacks(
        "payment_intent.next_action.use_stripe_sdk", "object",
        "for the service's own script in the browser; `redirect_to_url` says the same to any browser",
    ),
]


def find(difference: Difference) -> Reviewed | None:
    """The exception that covers a difference."""
    return next((each for each in REVIEWED if each.covers(difference)), None)
