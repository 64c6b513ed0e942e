"""What Onfile does not offer, and how it has to say so."""

import re

from replay.paths import operation
from replay.recordings import Exchange
from replay.shape import Difference
from replay.wire import Answer

OLDER = {
    "/v1/plans": "prices have taken their place",
    "/v1/sources": "payment methods have taken their place",
    "/v1/customers/{}/sources": "payment methods have taken their place",
    "/v1/customers/{}/cash_balance": "a customer's money is not held",
    "/v1/customers/{}/tax_ids": "taxes are static rates",
    "/v1/ephemeral_keys": "for the service's own apps",
    "/v1/confirmation_tokens": "for the service's own form fields",
}
"""Operations that the SDK knows and Onfile will not have, by the beginning of their path."""

CONNECT = ("application_fee_amount", "application_fee_percent", "application_fee", "transfer_data", "on_behalf_of")
"""Parameters by which a platform shares money with other merchants."""

METHOD_TYPES = ("card", "us_bank_account")


def not_offered(exchange: Exchange) -> str | None:
    """Why the recorded request is outside of what Onfile offers; None when it is within."""
    name, known = operation(exchange)
    path = name.split(" ")[1]
    if not known:
        return f"{path}: not one of the families"
    for beginning, reason in OLDER.items():
        if path.startswith(beginning):
            return f"{beginning}: {reason}"
    for parameter, value in exchange.pairs:
        first = parameter.split("[")[0]
        if first in CONNECT and value:
            return f"parameter {first}: money is not shared between merchants"
        if name == "POST /v1/payment_methods" and parameter == "type" and value not in METHOD_TYPES:
            return f"method type {value}: cards and US bank accounts only"
        if re.match(r"payment_method_types\[\d*\]$", parameter) and value not in METHOD_TYPES:
            return f"method type {value}: cards and US bank accounts only"
    return None


def judge_refusal(reason: str, answer: Answer) -> list[Difference]:
    """How the answer differs from a proper refusal: one that names what is not offered, and does nothing."""
    error = answer.error or {}
    if reason.startswith("/"):
        proper = answer.status == 404 and str(error.get("message")).startswith("Unrecognized request URL")
        wanted = "404, unrecognised address"
    elif reason.startswith("parameter"):
        named = reason.split(" ")[1].rstrip(":")
        proper = answer.status == 400 and error.get("code") == "parameter_unknown" and str(error.get("param")).startswith(named)
        wanted = f"400 parameter_unknown {named}"
    elif reason.startswith("method type"):
        named = answer.status == 400 and str(error.get("param")).startswith(("type", "payment_method_types"))
        proper = named or (answer.status == 402 and error.get("code") == "raw_account_data_refused")
        wanted = "400 that names the type, or 402 because of an account's number"
    else:
        proper = (answer.status in (400, 404) and error.get("code") == "resource_missing") or answer.body.get("data") == []
        wanted = "resource_missing, or nothing in a list"
    proper = proper and (not error or error.get("type") == "invalid_request_error")
    return [] if proper else [Difference("not refused properly", reason.split(":")[0], wanted, str(answer)[:100])]
