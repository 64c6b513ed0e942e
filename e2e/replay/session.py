"""Plays a whole file of recordings against an installation."""

import pathlib
import secrets

from replay.facts import Facts
from replay.player import Player, Result
from replay.recordings import read
from replay.wire import Client


def play_file(stack, path: pathlib.Path, only: str = "", going_on: bool = False) -> list[Result]:
    """Every cassette whose name holds `only`, each as a merchant of its own."""
    cassettes = read(path)
    facts = Facts(cassettes)
    results = []
    for cassette in cassettes:
        if only in cassette[0].cassette:
            # A name is taken once: the same again would be the same merchant, whose key is not told twice.
            account = stack.operator("account", "create", "--name", f"Replay {secrets.token_hex(8)}")
            results += Player(Client(stack.api, account["secret_key"]), facts, going_on).play(cassette)
    return results
