"""Searches files for test card numbers, bank account numbers and security codes, in whatever form they are written.

usage: python canaries.py FOLDER-OR-FILE...      exit status 1 when one is found, or when there is nothing to search

Every file is looked at raw and through what could have been done to a text before it was written: separators,
percent-encoding, quoted-printable, JSON escapes, hexadecimal, base64 in all three alignments, UTF-16, gzip, and two of these one upon
the other. The search knows nothing of any file format: a number in a deleted row or in a page that was freed is found.
"""

import base64
import dataclasses
import functools
import hashlib
import multiprocessing
import os
import pathlib
import re
import sys
import urllib.parse
import zlib
from collections.abc import Iterator

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent
TEST_NUMBERS = CHECKOUT / "crates" / "account-data" / "src" / "test_cards"
# Security codes that tests type in. Three digits stand in every file, so they count beside their field's name only.
CVCS = ("737", "7373", "123", "1234", "100", "999")

# Prefix and length by brand: Visa, Mastercard, American Express, Discover.
CANARY_BRANDS = (("4", 16), ("53", 16), ("37", 15), ("6011", 16))
CANARIES = 100

# A number with fewer digits other than zero stands in files by chance.
NOT_ZERO_MIN = 5
VIEWS_DEPTH_MAX = 2
GZIP_BYTES_MAX = 256 * 1024 * 1024
CONTEXT_BYTES = 24


@functools.cache
def test_numbers() -> frozenset[bytes]:
    """Every number in the product's own tables of test cards and test bank accounts, and our canaries."""
    tables = "".join((TEST_NUMBERS / name).read_text() for name in ("cards.rs", "banks.rs"))
    found = {number.encode() for number in re.findall(r'"(\d{12,19})"', tables)}
    if len(found) < 20:
        raise RuntimeError(f"only {len(found)} test numbers in {TEST_NUMBERS}: has the table moved?")
    return frozenset(found | {number.encode() for number in canary_numbers()})


def is_plain(number: bytes) -> bool:
    """Whether a number is as good as a counter: `000000000009` stands within padded counters, in the names of
    PostgreSQL's log segments and in ids of zeros. Such a one counts only where no other digits are joined to it.
    """
    return len(number.replace(b"0", b"")) < NOT_ZERO_MIN


def canary_numbers() -> tuple[str, ...]:
    """Valid numbers of no test card, the same ones every time: tests type them in, and they may be found nowhere."""
    numbers = []
    for index in range(CANARIES):
        prefix, length = CANARY_BRANDS[index % len(CANARY_BRANDS)]
        random = str(int(hashlib.sha256(f"canary {index}".encode()).hexdigest(), 16))
        body = prefix + random[-(length - 1 - len(prefix)) :]
        numbers.append(next(body + str(check) for check in range(10) if _luhn(body + str(check))))
    return tuple(numbers)


def _luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    doubled = (int(digit) * (2 if index % 2 else 1) for index, digit in enumerate(reversed(digits)))
    return sum(value // 10 + value % 10 for value in doubled) % 10 == 0


# Digits with at most one separator (of up to three bytes) between neighbours.
_DIGITS = re.compile(rb"(?:[0-9](?:[ \-+._/]|\xc2\xa0|\xe2\x80[\x80-\xaf])?){12,}")
_NOT_DIGIT = re.compile(rb"[^0-9]+")
_CVC = re.compile(
    rb"(?i)(?:cvc2?|cvv2?|csc|security[ _-]?code|card[ _-]?code|verification[ _-]?(?:value|code))"
    rb"[^0-9a-z]{1,8}(" + b"|".join(code.encode() for code in sorted(CVCS, key=len, reverse=True)) + rb")(?![0-9])"
)
_BASE64 = re.compile(rb"[A-Za-z0-9+/_\-]{10,}")
_HEX = re.compile(rb"(?:[0-9A-Fa-f][ :]?){24,}")
_ESCAPES = re.compile(rb"\\u00([0-7][0-9A-Fa-f])|\\x([0-7][0-9A-Fa-f])")
_QUOTED_PRINTABLE = re.compile(rb"=(?:\r?\n|([0-9A-Fa-f]{2}))")
_UTF16 = re.compile(rb"(?:[\x20-\x7e]\x00){12,}|(?:\x00[\x20-\x7e]){12,}")
_URLSAFE = bytes.maketrans(b"-_", b"+/")


@dataclasses.dataclass(frozen=True)
class Finding:
    """One number, and where."""

    what: str
    where: str
    form: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what} ({self.form})"


def search_bytes(data: bytes, where: str, numbers: frozenset[bytes] | None = None) -> list[Finding]:
    """Everything that is found in these bytes, each once, in the plainest form that shows it."""
    numbers = test_numbers() if numbers is None else numbers
    found: dict[str, Finding] = {}
    any_number = _any_of(numbers)
    for form, view in _views(data, "raw", VIEWS_DEPTH_MAX):
        for run in _DIGITS.finditer(view):
            digits = _NOT_DIGIT.sub(b"", run.group())
            for number in numbers if any_number.search(digits) else ():
                if digits == number or (number in digits and not is_plain(number)):
                    what = f"number ending in {number[-4:].decode()}"
                    found.setdefault(what, Finding(what, where, form))
        for match in _CVC.finditer(view):
            context = view[max(0, match.start() - CONTEXT_BYTES) : match.start(1)]
            what = f"security code after {context!r}"
            found.setdefault(what, Finding(what, where, form))
    return list(found.values())


@functools.cache
def _any_of(numbers: frozenset[bytes]) -> re.Pattern:
    """Says quickly that there is none, which is nearly always so."""
    return re.compile(b"|".join(sorted(numbers)))


def _views(data: bytes, form: str, depth: int) -> Iterator[tuple[str, bytes]]:
    """The bytes themselves, then every way to read them, then every way to read those."""
    yield form, data
    if depth == 0:
        return
    for name, view in _decoded(data):
        yield from _views(view, name if form == "raw" else f"{form}, {name}", depth - 1)


def _decoded(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Each kind of decoding, of all the places where it is possible, joined by a byte that is part of nothing."""
    if data[:2] == b"\x1f\x8b":
        try:
            yield "gzip", zlib.decompressobj(wbits=31).decompress(data, GZIP_BYTES_MAX)
        except zlib.error:
            pass
    if b"%" in data:
        yield "percent", urllib.parse.unquote_to_bytes(data)
    if _QUOTED_PRINTABLE.search(data):
        yield "quoted-printable", _QUOTED_PRINTABLE.sub(lambda match: bytes.fromhex((match[1] or b"").decode()), data)
    if b"\\u00" in data or b"\\x" in data:
        yield "escapes", _ESCAPES.sub(lambda match: bytes([int(match[1] or match[2], 16)]), data)
    runs = [_unbase64(run.group()) for run in _BASE64.finditer(data)]
    if runs:
        yield "base64", b"\xff".join(runs)
    runs = [_unhex(run.group()) for run in _HEX.finditer(data)]
    if runs:
        yield "hex", b"\xff".join(runs)
    runs = [run.group().replace(b"\x00", b"") for run in _UTF16.finditer(data)]
    if runs:
        yield "utf-16", b"\xff".join(runs)


def _unbase64(run: bytes) -> bytes:
    """All four beginnings: what stands before the text in the same run shifts it by whole characters."""
    run = run.translate(_URLSAFE)
    parts = (run[start:] for start in range(4))
    return b"\xff".join(base64.b64decode(part[: len(part) // 4 * 4] + _tail(part)) for part in parts)


def _tail(part: bytes) -> bytes:
    """The last incomplete group, padded; a single character holds no byte."""
    rest = part[len(part) // 4 * 4 :]
    return rest + b"=" * (4 - len(rest)) if len(rest) >= 2 else b""


def _unhex(run: bytes) -> bytes:
    """Both beginnings: the text may stand behind an odd number of digits."""
    digits = re.sub(rb"[ :]", b"", run)
    parts = (digits[start:] for start in range(2))
    return b"\xff".join(bytes.fromhex(part[: len(part) // 2 * 2].decode()) for part in parts)


def search_files(folders: list[pathlib.Path], processes: int = 1) -> tuple[list[Finding], int]:
    """What is found in all files below the folders, and how many files that were; searched by so many processes."""
    distinct, count = {}, 0  # a database cluster holds the same bytes several times
    for path in (path for folder in folders for path in _files(folder)):
        try:
            distinct.setdefault(hashlib.sha256(path.read_bytes()).digest(), path)
        except FileNotFoundError:
            continue  # a running database removes files
        count += 1
    paths = list(distinct.values())
    if processes == 1:
        return [finding for path in paths for finding in _search_file(path)], count
    # The largest first, so that nobody begins with one when all others are done.
    paths.sort(key=_size, reverse=True)
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        found = [finding for some in pool.imap(_search_file, paths) for finding in some]
    return sorted(found, key=str), count


def _search_file(path: pathlib.Path) -> list[Finding]:
    try:
        return search_bytes(path.read_bytes(), str(path), test_numbers())
    except FileNotFoundError:
        return []


def _size(path: pathlib.Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def search_memory(pid: int) -> tuple[list[Finding], int]:
    """Numbers in a process's writable memory, in digits alone or in groups of four, and how many bytes that is.

    Needs the right to trace the process.
    """
    found, size = [], 0
    # Without borders between one thing and the next, a plain number is found by chance.
    numbers = [number for number in test_numbers() if not is_plain(number)]
    wanted = {form: number for number in numbers for form in (number, *_grouped(number))}
    pattern = re.compile(b"|".join(sorted(wanted)))
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            span, rights, *_ = line.split()
            start, end = (int(part, 16) for part in span.split("-"))
            if "rw" not in rights or "[v" in line:
                continue
            memory.seek(start)
            try:
                data = memory.read(end - start)
            except OSError:
                continue  # a guard page, or gone
            size += len(data)
            for match in pattern.finditer(data):
                number = wanted[match.group()]
                found.append(Finding(f"number ending in {number[-4:].decode()}", f"memory of process {pid}", "raw"))
    return found, size


def _grouped(number: bytes) -> list[bytes]:
    groups = [number[at : at + 4] for at in range(0, len(number), 4)]
    return [separator.join(groups) for separator in (b" ", b"-")]


def _files(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    """All regular files below a folder (or the one file), also when some vanish meanwhile."""
    if folder.is_file():
        yield folder
    for parent, _, names in os.walk(folder):
        for path in (pathlib.Path(parent, name) for name in sorted(names)):
            if path.is_file() and not path.is_symlink():
                yield path


def main(folders: list[str]) -> int:
    found, count = search_files([pathlib.Path(folder) for folder in folders], os.cpu_count() or 1)
    for finding in found:
        print(finding)
    print(f"{count} files searched for {len(test_numbers())} numbers and {len(CVCS)} security codes: {len(found)} found")
    return 1 if found or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
