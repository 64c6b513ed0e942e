"""Which typed test method behaves like a recorded method."""

BRANDS = {
    "visa": "pm_card_visa", "mastercard": "pm_card_mastercard", "amex": "pm_card_amex", "discover": "pm_card_discover",
    "diners": "pm_card_diners", "jcb": "pm_card_jcb", "unionpay": "pm_card_unionpay",
}
LAST_DIGITS = {
    "0002": "pm_card_chargeDeclined", "9995": "pm_card_chargeDeclinedInsufficientFunds",
    "0341": "pm_card_chargeCustomerFail", "3155": "pm_card_authenticationRequiredOnSetup",
    "3184": "pm_card_authenticationRequired", "3220": "pm_card_authenticationRequired",
    "0077": "pm_card_bypassPending",
}
DECLINES = {
    "generic_decline": "pm_card_chargeCustomerFail", "insufficient_funds": "pm_card_chargeDeclinedInsufficientFunds",
}
WANTS_ITS_OWNER = "pm_card_authenticationRequired"
DEFAULT = "pm_card_visa"


def choose(method: dict | None, payments: list[dict]) -> str:
    """By the last digits and the brand where the recording shows the card, else by what became of what it paid."""
    for payment in payments:
        if payment.get("status") == "requires_action":
            return WANTS_ITS_OWNER
        declined = payment.get("last_payment_error") or {}
        if declined.get("code") == "authentication_required":
            return WANTS_ITS_OWNER
        if declined.get("decline_code"):
            return DECLINES.get(declined["decline_code"], DECLINES["generic_decline"])
    card = (method or {}).get("card") or {}
    return LAST_DIGITS.get(card.get("last4")) or BRANDS.get(card.get("brand"), DEFAULT)
