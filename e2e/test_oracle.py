"""The comparison of ledger and API finds each kind of mistake when it is planted, and nothing where there is none."""

import copy

import pytest

from oracle import compare


DECLINED = {"network_status": "declined_by_network"}
NOT_SENT = {"network_status": "not_sent_to_network"}


def line(kind, payment, amount, reference):
    return {"kind": kind, "payment": payment, "amount": amount, "reference": reference}


def charge(number, amount, **changes):
    return {
        "id": f"ch_{number}", "amount": amount, "status": "succeeded", "captured": True, "amount_captured": amount,
        "amount_refunded": 0, "refunded": False, "outcome": {"network_status": "approved_by_network"},
        "disputed": False, "payment_method_details": {"type": "card"}, **changes,
    }


def debit(number, amount, **changes):
    return charge(number, amount, payment_method_details={"type": "us_bank_account"}, **changes)


def intent(number, received, status="succeeded", charge=True):
    return {"id": f"pi_{number}", "status": status, "amount_received": received, "latest_charge": f"ch_{number}" if charge else None}


def books():
    """One order each: paid, captured in part, refunded in part, declined, authorised only, released, verified only,
    never tried; of bank debits: settled, returned unpaid and presented again, taken back, taken back and paid by card.
    """
    return {
        "ledger": [
            line("authorisation", "pay_1", 100, "op_1"), line("capture", "pay_1", 100, "op_1"),
            line("authorisation", "pay_2", 200, "op_2"), line("capture", "pay_2", 150, "op_3"),
            line("authorisation", "pay_3", 300, "op_4"), line("capture", "pay_3", 300, "op_4"),
            line("refund", "pay_3", 120, "op_5"), line("refund", "pay_3", 30, "op_6"),
            line("decline", "pay_4", 400, "op_7"),
            line("authorisation", "pay_5", 500, "op_8"),
            line("authorisation", "pay_6", 600, "op_9"), line("void", "pay_6", 600, "op_10"),
            line("verification", "pay_7", 0, "op_11"),
            line("debit", "deb_10", 1000, "op_12"), line("debit", "deb_11", 1100, "op_13"),
            line("debit", "deb_12", 1200, "op_14"), line("debit", "deb_13", 1300, "op_15"),
            line("return", "deb_11", 1100, "op_13"), line("debit", "deb_111", 1100, "op_16"),
            line("settlement", "deb_10", 1000, "op_12"), line("settlement", "deb_12", 1200, "op_14"),
            line("settlement", "deb_13", 1300, "op_15"), line("settlement", "deb_111", 1100, "op_16"),
            line("return", "deb_12", 1200, "op_14"), line("return", "deb_13", 1300, "op_15"),
            line("authorisation", "pay_131", 1300, "op_17"), line("capture", "pay_131", 1300, "op_17"),
        ],
        "intents": [
            intent(1, 100), intent(2, 150), intent(3, 300), intent(4, 0, "requires_payment_method"),
            intent(5, 0, "requires_capture"), intent(6, 0, "canceled"), intent(8, 0, "requires_confirmation", charge=False),
            intent(10, 1000), intent(111, 1100), intent(12, 1200), intent(131, 1300),
        ],
        "charges": [
            charge(1, 100), charge(2, 200, amount_captured=150), charge(3, 300, amount_refunded=150),
            charge(4, 400, status="failed", captured=False, amount_captured=0, outcome=DECLINED),
            charge(5, 500, captured=False, amount_captured=0),
            charge(6, 600, captured=False, amount_captured=0, refunded=True, amount_refunded=600),
            debit(10, 1000), debit(11, 1100, status="failed", captured=False, amount_captured=0, outcome=DECLINED),
            debit(111, 1100), debit(12, 1200, disputed=True), debit(13, 1300, disputed=True), charge(131, 1300),
        ],
        "refunds": [
            {"id": "re_1", "charge": "ch_3", "amount": 120, "status": "succeeded"},
            {"id": "re_2", "charge": "ch_3", "amount": 30, "status": "succeeded"},
            {"id": "re_3", "charge": "ch_3", "amount": 30, "status": "failed"},
        ],
        "disputes": [
            {"id": "du_1", "charge": "ch_12", "amount": 1200, "status": "lost"},
            {"id": "du_2", "charge": "ch_13", "amount": 1300, "status": "lost"},
        ],
    }


def test_books_that_agree_are_clean():
    report = compare(**books())
    assert sum(report.counts().values()) == 0, str(report)


def remove(part, **fields):
    def change(books):
        kept = [item for item in books[part] if any(item[name] != value for name, value in fields.items())]
        assert len(kept) < len(books[part])
        books[part] = kept

    return change


def set_field(part, number, **fields):
    return lambda books: books[part][number].update(fields)


def set_charge(id, **fields):
    return lambda books: next(charge for charge in books["charges"] if charge["id"] == id).update(fields)


def all_of(*changes):
    return lambda books: [change(books) for change in changes]


def add(part, *items):
    return lambda books: books[part].extend(copy.deepcopy(items))


MISTAKES = {
    "charged again under another key": (
        "double", add("ledger", line("authorisation", "pay_9", 100, "op_90"), line("capture", "pay_9", 100, "op_90"))
    ),
    "charged again, and the API knows both": (
        "double",
        lambda books: (
            add("ledger", line("authorisation", "pay_9", 100, "op_90"), line("capture", "pay_9", 100, "op_90"))(books),
            add("charges", charge(9, 100))(books), add("intents", intent(9, 100))(books),
        ),
    ),
    "authorised again": ("double", add("ledger", line("authorisation", "pay_9", 500, "op_90"))),
    "captured twice": ("double", add("ledger", line("capture", "pay_2", 50, "op_90"))),
    "one operation worked on twice": ("double", add("ledger", line("refund", "pay_3", 120, "op_5"))),
    "a charge that the API lost": ("lost", remove("charges", id="ch_1")),
    "a charge that the API takes for failed": (
        "lost", set_field("charges", 0, status="failed", captured=False, amount_captured=0, outcome=NOT_SENT)
    ),
    "an authorisation that the API lost": ("lost", remove("charges", id="ch_5")),
    "a charge that never happened": ("phantom", remove("ledger", payment="pay_1")),
    "an authorisation that never happened": ("phantom", remove("ledger", payment="pay_5")),
    "an intent that succeeded without a charge": ("phantom", add("intents", intent(9, 100, charge=False))),
    "a refund of a charge that is not there": (
        "phantom", add("refunds", {"id": "re_9", "charge": "ch_9", "amount": 1, "status": "succeeded"})
    ),
    "captured one cent less": ("drift", set_field("ledger", 3, amount=149)),
    "a refund that never happened": ("drift", remove("ledger", reference="op_6")),
    "a refund that the API lost": ("drift", remove("refunds", id="re_2")),
    "a refund that the charge does not count": ("drift", set_field("charges", 2, amount_refunded=120)),
    "a capture that the API lost": ("drift", add("ledger", line("capture", "pay_5", 500, "op_90"))),
    "a release that never happened": ("drift", remove("ledger", reference="op_10")),
    "a decline that the API lost": ("drift", remove("charges", id="ch_4")),
    "a decline that never happened": ("drift", remove("ledger", reference="op_7")),
    "an intent that says another amount": ("drift", set_field("intents", 1, amount_received=200)),
    "a payment nobody knows about": ("stuck", set_field("intents", 6, status="processing")),
    "a refund nobody knows about": ("stuck", set_field("refunds", 2, status="pending")),
    "debited again while the first debit runs": (
        "double", add("ledger", line("debit", "deb_9", 1000, "op_90"), line("settlement", "deb_9", 1000, "op_90"))
    ),
    "debited twice at once, and both came back": (
        "double",
        all_of(
            add("ledger", line("debit", "deb_8", 1400, "op_90"), line("debit", "deb_9", 1400, "op_91")),
            add("ledger", line("return", "deb_8", 1400, "op_90"), line("return", "deb_9", 1400, "op_91")),
        ),
    ),
    "a debit and a card for one order": (
        "double", add("ledger", line("authorisation", "pay_9", 1000, "op_90"), line("capture", "pay_9", 1000, "op_90"))
    ),
    "one debit settled twice": ("double", add("ledger", line("settlement", "deb_10", 1000, "op_12"))),
    "a debit that the API lost": ("lost", remove("charges", id="ch_10")),
    "a debit that settled and that the API takes for failed": (
        "lost", set_charge("ch_10", status="failed", captured=False, amount_captured=0, outcome=DECLINED)
    ),
    "a debit that never happened": ("phantom", remove("ledger", payment="deb_10")),
    "a debit that came back unpaid and that the API takes for settled": (
        "phantom", set_charge("ch_11", status="succeeded", captured=True, amount_captured=1100)
    ),
    "a debit that has not settled and that the API takes for paid": ("drift", remove("ledger", kind="settlement", payment="deb_10")),
    "a return that the API lost": ("drift", remove("charges", id="ch_11")),
    "a debit taken back that the API takes for paid": (
        "drift", all_of(set_charge("ch_12", disputed=False), remove("disputes", id="du_1"))
    ),
    "a debit taken back that never was": (
        "drift",
        all_of(set_charge("ch_10", disputed=True), add("disputes", {"id": "du_9", "charge": "ch_10", "amount": 1000, "status": "lost"})),
    ),
    "a dispute that is missing": ("drift", remove("disputes", id="du_1")),
    "a dispute that is there twice": (
        "drift", add("disputes", {"id": "du_9", "charge": "ch_12", "amount": 1200, "status": "lost"})
    ),
    "a dispute of another amount": ("drift", set_field("disputes", 0, amount=1100)),
    "a dispute that is not lost": ("drift", set_field("disputes", 0, status="needs_response")),
    "a dispute of no charge": ("phantom", add("disputes", {"id": "du_9", "charge": "ch_9", "amount": 1, "status": "lost"})),
    "a card's payment that the API takes for a debit": (
        "drift", set_charge("ch_1", payment_method_details={"type": "us_bank_account"})
    ),
    "a debit that is still pending": ("stuck", set_charge("ch_10", status="pending", captured=False, amount_captured=0)),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_planted_mistake_is_reported_as_what_it_is(mistake):
    kind, plant = MISTAKES[mistake]
    planted = books()
    plant(planted)
    report = compare(**planted)
    assert report.counts()[kind] >= 1, str(report)
