"""Recorded traffic of third-party programs gets the answers that it got then, as often as the page says, and more."""

import pytest

import compatibility
from conftest import database, own_installation
from replay.recordings import recordings_file
from replay.report import report, text
from replay.reviewed import REVIEWED
from replay.session import play_file


@pytest.fixture(scope="module")
def installed():
    yield from own_installation("replay")


@pytest.fixture(scope="module")
def recordings():
    path = recordings_file()
    if not path.is_file():
        pytest.skip(f"no recordings in {path}: ONFILE_RECORDINGS or ONFILE_STRIPE_SCHEMAS says where they are")
    return path


def test_recorded_requests_are_answered_as_they_were(installed, recordings):
    told = report(play_file(installed, recordings))
    broken = compatibility.broken_promises(told)
    if broken:
        pytest.fail("\n".join([*broken, "", text(told)]), pytrace=False)


def test_every_reviewed_exception_still_applies(installed, recordings):
    """What is refused is sent again without what it is refused for, so that no exception hides behind a refusal."""
    if database() != "sqlite":
        pytest.skip("shapes are the same on every database")
    if recordings != recordings_file(standard=True):
        pytest.skip("exceptions are reviewed for the recordings that lie beside the schemas")
    played = play_file(installed, recordings, going_on=True)
    applied = {exception for each in played for exception in each.excepted}
    assert [each.about for each in REVIEWED if each not in applied] == []
