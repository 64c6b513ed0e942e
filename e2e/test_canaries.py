"""The search for card numbers finds what is planted, and finds nothing in what the installation wrote."""

import base64
import gzip
import json
import re
import urllib.parse

import pytest
import requests

import canaries
from stack import CHECKOUT

NUMBER = "4000056655665556"
CARD_GROUPS = ["4000", "0566", "5566", "5556"]

FORMS = {
    "raw": NUMBER,
    "spaced": " ".join(CARD_GROUPS),
    "dashed": "-".join(CARD_GROUPS),
    "no-break spaces": "\u00a0".join(CARD_GROUPS),
    "plus signs": "+".join(CARD_GROUPS),
    "percent spaces": urllib.parse.quote(" ".join(CARD_GROUPS)),
    "percent digits": "".join(f"%{ord(digit):02X}" for digit in NUMBER),
    "quoted-printable over two lines": f"{NUMBER[:7]}=\r\n{NUMBER[7:]}",
    "quoted-printable digits": "".join(f"={ord(digit):02X}" for digit in NUMBER),
    "percent twice": urllib.parse.quote(urllib.parse.quote(" ".join(CARD_GROUPS))),
    "json escapes": "".join(f"\\u{ord(digit):04x}" for digit in NUMBER),
    "hex": NUMBER.encode().hex(),
    "hex of dashed": "-".join(CARD_GROUPS).encode().hex().upper(),
    "hex at an odd place": "a" + NUMBER.encode().hex(),
    "hex dump": NUMBER.encode().hex(" "),
    **{f"base64, {shift} before": base64.b64encode(b"x" * shift + NUMBER.encode() + b"y").decode() for shift in range(3)},
    **{
        f"base64 of spaced, {shift} before": base64.urlsafe_b64encode(
            b"\xfb" * shift + " ".join(CARD_GROUPS).encode()
        ).decode()
        for shift in range(3)
    },
    "base64 within a word": "prefix" + base64.b64encode(NUMBER.encode()).decode().rstrip("="),
    "base64 of json": base64.b64encode(json.dumps({"card": {"number": NUMBER}}).encode()).decode(),
    "within longer digits": f"0012{NUMBER}34",
}


@pytest.mark.parametrize("form", FORMS)
def test_a_planted_number_is_found(form):
    text = f'{{"a": "b", "note": "{FORMS[form]}", "c": 1}}'
    assert canaries.search_bytes(text.encode(), "here")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("form", ["raw", "spaced", "dashed"])
def test_a_planted_number_is_found_in_utf_16(form, encoding):
    data = b"\x01\x02" + f"note {FORMS[form]} end".encode(encoding) + b"\x03"
    assert canaries.search_bytes(data, "here")


def test_a_planted_number_is_found_in_compressed_logs_and_among_binary():
    assert canaries.search_bytes(gzip.compress(f"x {NUMBER} y".encode()), "here")
    assert canaries.search_bytes(bytes(range(256)) * 40 + NUMBER.encode() + bytes(range(256)), "here")


@pytest.mark.parametrize(
    "text",
    ["cvc=737", '"cvc":"737"', "card[cvc]=737&x=1", "card%5Bcvc%5D=737", '{\\"cvc\\": \\"7373\\"}', "CVV2: 123", "security_code 1234"],
)
def test_a_planted_security_code_is_found_beside_its_name(text):
    assert canaries.search_bytes(text.encode(), "here")
    assert canaries.search_bytes(base64.b64encode(text.encode()), "here")


@pytest.mark.parametrize(
    "text",
    [
        "cvc_check: pass", "cvc=***", "took 737 ms", "pm_123 amount=1234", "1732240000000 1732240000001", "last4=5556",
        "4000-05****-****-5556", "0" * 64, "cvc: 73",
    ],
)
def test_what_is_no_card_data_is_not_found(text):
    assert canaries.search_bytes(text.encode(), "here") == []


PLAIN = "000000000009"


@pytest.mark.parametrize(
    "text", [f'"account_number":"{PLAIN}"', f"us_bank_account[account_number]={PLAIN}&x=1", f"to {PLAIN[:4]} {PLAIN[4:8]} {PLAIN[8:]}."]
)
def test_an_account_number_of_zeros_is_found_where_it_stands_by_itself(text):
    assert canaries.search_bytes(text.encode(), "here")
    assert canaries.search_bytes(base64.b64encode(text.encode()), "here")


@pytest.mark.parametrize(
    "text", ["00000001000000000000000000000009", "segment 000000010000000000000009", "00000000-0000-0000-0000-000000000009", "1000000000009"]
)
def test_an_account_number_of_zeros_is_no_part_of_a_counter(text):
    assert canaries.search_bytes(text.encode(), "here") == []


def test_every_number_of_the_products_tables_is_searched_for():
    folder = CHECKOUT / "crates" / "account-data" / "src" / "test_cards"
    tables = "".join((folder / name).read_text() for name in ("cards.rs", "banks.rs"))
    published = {number.encode() for number in re.findall(r'"(\d{12,19})"', tables)}
    assert NUMBER.encode() in published
    assert published < canaries.test_numbers()
    for number in canaries.test_numbers():
        assert canaries.search_bytes(b"x" + number + b"y", "here"), number


@pytest.mark.last
def test_no_card_data_is_in_anything_that_the_installation_wrote(stack):
    found, count = canaries.search_files([stack.data])
    assert count > 5
    assert found == [], "\n".join(map(str, found))


@pytest.mark.last
def test_no_card_data_is_in_any_mail(stack):
    """As a reader sees it, decoded; the files that it is kept in are searched above."""
    mail = requests.get(f"{stack.mail}/messages", timeout=30)
    mail.raise_for_status()
    for message in mail.json():
        assert canaries.search_bytes(json.dumps(message, ensure_ascii=False).encode(), message["id"]) == []
