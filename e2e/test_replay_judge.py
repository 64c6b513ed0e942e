"""The judge of recorded traffic sees the faults that it is there for, and the ids are followed."""

import copy
import time

import pytest

from replay.facts import Facts
from replay.judge import judge
from replay.names import Names
from replay.paths import is_id, operation, references
from replay.recordings import Exchange, read, recordings_file
from replay.reviewed import REVIEWED, find
from replay.scope import judge_refusal, not_offered
from replay.shape import Difference
from replay.wire import Answer, encoded, flat
from wire_schemas import PINNED, schema_folder

CUSTOMER = {
    "id": "cus_TOnPTfYVb5cWQv", "object": "customer", "address": None, "balance": 0, "created": 1762799293, "currency": None,
    "default_source": None, "delinquent": False, "description": None, "email": "stripe@example.org", "invoice_prefix": "X",
    "invoice_settings": {
        "custom_fields": None, "default_payment_method": "pm_1SRzp3KXBGcbgpbZ", "footer": None, "rendering_options": None
    },
    "livemode": False, "metadata": {"kept": "yes"}, "name": "Ada", "phone": None, "preferred_locales": ["en"],
    "shipping": None, "tax_exempt": "none", "test_clock": None, "gone_since": "acacia",
    "tax": {"automatic_tax": "unrecognized_location", "ip_address": None, "location": None, "provider": "stripe"},
}
INTENT = {"object": "payment_intent", "id": "pi_3SRzp4KXBGcbgpbZ", "status": "succeeded", "amount": 100}
INVOICE_PAYMENTS = {"object": "list", "data": [], "has_more": False, "url": "/v1/invoice_payments"}


@pytest.fixture(autouse=True)
def schemas():
    if not schema_folder().is_dir():
        pytest.skip(f"no schemas in {schema_folder()}: ONFILE_STRIPE_SCHEMAS says where they are")


def exchange(answer, status=200, version="2025-10-29.clover", method="POST", path="/v1/customers", query=(), form=()):
    return Exchange("story", 0, method, path, list(query), list(form), {"stripe-version": version}, status, answer)


def judged(recorded, ours, status=200, **options):
    return judge(exchange(recorded, **options), Answer(status, ours))


def without(*names):
    def change(answer):
        for name in names[:-1]:
            answer = answer[name]
        del answer[names[-1]]

    return change


def put(value, *names):
    def change(answer):
        for name in names[:-1]:
            answer = answer[name]
        answer[names[-1]] = value

    return change


FAULTS = {
    "a field that is missing": (without("email"), ("lacks", "email")),
    "a field within that is missing": (without("invoice_settings", "footer"), ("lacks", "invoice_settings.footer")),
    "a number for a text": (put(7, "name"), ("other type of", "name")),
    "an id for an object": (put("txr_1SRzp3KXBGcbgpbZ", "tax"), ("other type of", "tax")),
    "null for what was expanded": (put(None, "tax"), ("null differs at", "tax")),
    "a list that is empty": (put([], "preferred_locales"), ("other count in", "preferred_locales")),
    "another object": (put("product", "object"), ("other object at", "")),
    "a field that must not be null": (put(None, "livemode"), ("against the schema", "customer.livemode: None is not of type 'boolean'")),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(fault):
    plant, (kind, where) = FAULTS[fault]
    ours = copy.deepcopy(CUSTOMER)
    plant(ours)
    found = judged(CUSTOMER, ours, form=[("expand[0]", "tax")]).faults
    assert (kind, where) in [(each.kind, each.where) for each in found], found


def test_the_same_answer_with_other_values_is_alike():
    ours = copy.deepcopy(CUSTOMER)
    ours |= {"id": "cus_0123456789ab", "email": "other@example.org", "metadata": {}, "balance": -5}
    del ours["gone_since"]
    compared = judged(CUSTOMER, ours)
    assert compared.faults == []
    assert [each.where for each in compared.of_version] == ["gone_since"]


def test_nulls_are_faults_only_where_the_versions_are_the_same():
    ours = {**copy.deepcopy(CUSTOMER), "name": None}
    assert judged(CUSTOMER, ours).faults == []
    assert [each.where for each in judged(CUSTOMER, ours).told] == ["name"]
    assert [each.where for each in judged(CUSTOMER, ours, version=PINNED).faults] == ["name"]


def test_another_state_is_a_fault():
    found = judged(INTENT, {**INTENT, "status": "processing"}).faults
    assert ("other state at", "succeeded", "processing") in [(each.kind, each.recorded, each.ours) for each in found]


def test_a_list_has_to_be_empty_when_it_was():
    options = {"method": "GET", "path": "/v1/invoice_payments"}
    assert judged(INVOICE_PAYMENTS, INVOICE_PAYMENTS, **options).faults == []
    found = judged(INVOICE_PAYMENTS, {**INVOICE_PAYMENTS, "data": [INTENT]}, **options).faults
    assert found[0] == Difference("other count in", "data", "0 items", "1 items", "data")


ERROR = {"type": "card_error", "code": "card_declined", "decline_code": "generic_decline", "message": "No."}


@pytest.mark.parametrize(
    ("ours", "status", "where"),
    [
        ({**ERROR, "message": "Other words."}, 402, []),
        ({**ERROR, "type": "invalid_request_error"}, 402, ["type"]),
        ({**ERROR, "code": None}, 402, ["code"]),
        ({**ERROR, "param": "amount"}, 402, ["param"]),
        ({**ERROR, "decline_code": "lost_card"}, 402, ["decline_code"]),
        (ERROR, 400, [""]),
        ({**ERROR, "payment_intent": {**INTENT, "status": "canceled"}}, 402, []),
    ],
)
def test_an_error_is_compared_by_what_programs_read(ours, status, where):
    found = judge(exchange({"error": ERROR}, 402), Answer(status, {"error": ours}))
    assert [each.where for each in found.faults] == where


def test_the_object_of_an_error_is_compared_where_there_was_one():
    recorded = {**ERROR, "payment_intent": INTENT}
    found = judge(exchange({"error": recorded}, 402), Answer(402, {"error": {**ERROR, "payment_intent": {**INTENT, "status": "canceled"}}}))
    assert [(each.kind, each.where) for each in found.faults] == [("other state at", "error.payment_intent.status")]


def test_an_exception_covers_one_difference_and_nothing_beside_it():
    for reviewed in REVIEWED:
        exact = Difference(reviewed.kind, "anywhere", reviewed.recorded, reviewed.ours, reviewed.about)
        assert find(exact) == reviewed and reviewed.reason
        for other in (
            {"kind": "other type of"}, {"recorded": "boolean"}, {"ours": "string"}, {"about": f"{reviewed.about}.more"},
        ):
            assert find(Difference(**{**exact.__dict__, **other})) is None, (reviewed, other)


def test_every_recorded_answer_is_like_itself_and_a_missing_field_is_seen():
    if not recordings_file().is_file():
        pytest.skip(f"no recordings in {recordings_file()}")
    seen = set()
    for each in (each for cassette in read(recordings_file()) for each in cassette if each.error is None):
        name = operation(each)[0]
        if name in seen or not_offered(each):
            continue
        seen.add(name)
        valid = lambda compared: [fault for fault in compared.faults if fault.kind != "against the schema"]
        assert valid(judge(each, Answer(each.status, each.answer))) == [], each
        for field in each.answer:
            rest = {key: value for key, value in each.answer.items() if key != field}
            compared = judge(each, Answer(each.status, rest))
            assert valid(compared) or field in [gone.where for gone in compared.of_version], (name, field)
    assert len(seen) > 10


def test_ids_are_followed_from_answer_to_request():
    names = Names()
    names.learn(exchange(CUSTOMER), {"id": "cus_ours0000000001", "invoice_settings": {}})
    assert names.path("/v1/customers/cus_TOnPTfYVb5cWQv", {}) == "/v1/customers/cus_ours0000000001"
    assert names.pairs([("customer", "cus_TOnPTfYVb5cWQv"), ("name", "cus")]) == [
        ("customer", "cus_ours0000000001"), ("name", "cus")
    ]
    follows = exchange({}, form=[("payment_method", "pm_1SRzp3KXBGcbgpbZ")])
    assert names.lost_by(follows) == 0 and names.knows("payment_method", "pm_1SRzp3KXBGcbgpbZ")
    names.set("price", "small-monthly", "price_ours")
    assert names.pairs([("items[0][price]", "small-monthly"), ("description", "small-monthly")]) == [
        ("items[0][price]", "price_ours"), ("description", "small-monthly")
    ]


def test_times_keep_their_distance_from_the_recordings_own():
    names = Names()
    assert names.pairs([("trial_end", "1762800293")]) == [("trial_end", "1762800293")]
    names.learn(exchange(CUSTOMER), CUSTOMER)
    moved = dict(names.pairs([("trial_end", "1762800293"), ("amount", "1762800293"), ("trial_end[gte]", "now")]))
    assert abs(int(moved["trial_end"]) - time.time() - 1000) < 60
    assert (moved["amount"], moved["trial_end[gte]"]) == ("1762800293", "now")


def test_what_a_request_relies_on_is_read_from_it():
    asked = exchange(
        {}, path="/v1/subscriptions/sub_1SRzp3KXBGcbgpbZ",
        form=[("items[0][id]", "si_TOnQinO102U9En"), ("items[0][price]", "small"), ("default_payment_method", "pm_card_visa"),
              ("discounts[0][coupon]", "TEN"), ("metadata[order]", "7"), ("pause_collection", "")],
    )
    assert references(asked) == [
        ("subscription", "sub_1SRzp3KXBGcbgpbZ"), ("subscription_item", "si_TOnQinO102U9En"), ("price", "small"), ("coupon", "TEN")
    ]


@pytest.mark.parametrize(
    ("value", "so"),
    [
        ("cus_TOnPTfYVb5cWQv", True), ("cs_test_a1pqnykLpwIqifhu", True), ("pi_3SRzp4KX_secret_cpnTDmED1", True),
        ("pm_card_visa", False), ("charge_automatically", False), ("requires_action", False), ("small-monthly", False), (7, False),
    ],
)
def test_an_id_is_known_by_its_looks(value, so):
    assert is_id(value) is so


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "/v1/customers/search", "GET /v1/customers/search"), ("GET", "/v1/customers/mine", "GET /v1/customers/{}"),
        ("GET", "/v1/plans/small-monthly", "GET /v1/plans/{}"), ("POST", "/v1/things/acct_1IStbKQOsIOBQfn0", "POST /v1/things/{}"),
    ],
)
def test_an_operation_is_named_without_its_ids(method, path, name):
    assert operation(exchange({}, method=method, path=path))[0] == name


REFUSALS = [
    ("/v1/transfers", [], Answer(404, {"error": {"type": "invalid_request_error", "message": "Unrecognized request URL (POST: /x)."}}), True),
    ("/v1/transfers", [], Answer(404, {"error": {"type": "invalid_request_error", "code": "resource_missing", "message": "No such x"}}), False),
    ("/v1/transfers", [], Answer(200, {"object": "transfer"}), False),
    ("/v1/payment_intents", [("transfer_data[destination]", "acct_1")],
     Answer(400, {"error": {"type": "invalid_request_error", "code": "parameter_unknown", "param": "transfer_data"}}), True),
    ("/v1/payment_intents", [("transfer_data[destination]", "acct_1")],
     Answer(400, {"error": {"type": "invalid_request_error", "code": "parameter_unknown", "param": "expand"}}), False),
    ("/v1/payment_methods", [("type", "alipay")], Answer(400, {"error": {"type": "invalid_request_error", "param": "type"}}), True),
    ("/v1/payment_methods", [("type", "alipay")], Answer(500, {"error": {"type": "api_error"}}), False),
]


@pytest.mark.parametrize(("path", "form", "answer", "proper"), REFUSALS)
def test_what_is_not_offered_has_to_be_refused_by_name(path, form, answer, proper):
    reason = not_offered(exchange({}, path=path, form=form))
    assert reason
    assert (judge_refusal(reason, answer) == []) is proper


def test_what_is_offered_is_not_excused():
    for path, form in (("/v1/payment_methods", [("type", "card")]), ("/v1/checkout/sessions", []), ("/v1/coupons", [])):
        assert not_offered(exchange({}, path=path, form=form)) is None


def test_the_facts_of_a_thing_are_those_that_the_program_saw_next():
    price = lambda amount: {"id": "small", "object": "price", "unit_amount": amount}
    first = Exchange("one", 0, "GET", "/", [], [], {}, 200, price(1))
    second = Exchange("one", 1, "GET", "/", [], [], {}, 200, {"data": [{"id": "x", "object": "item", "price": price(2)}]})
    elsewhere = Exchange("two", 0, "GET", "/", [], [], {}, 400, {})
    facts = Facts([[first, second], [elsewhere]])
    assert facts.of("price", "small", second)["unit_amount"] == 2
    assert facts.of("price", "small", elsewhere)["unit_amount"] == 1
    assert facts.of("price", "other", first) is None


def test_forms_are_written_as_the_sdk_writes_them():
    assert encoded([("a[b][0]", "x y"), ("c", "")]) == "a[b][0]=x+y&c="
    assert list(flat({"a": {"b": [1, True]}, "c": None})) == [("a[b][0]", "1"), ("a[b][1]", "true")]
