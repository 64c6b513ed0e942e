"""Where the wire's own schemas and recordings are, and the functions that read them."""

import importlib.util
import json
import os
import pathlib

from stack import CHECKOUT

PINNED = "2026-10-28.endive"
"""The version of the API that Onfile answers in, and whose schemas these are."""


def schema_folder() -> pathlib.Path:
    return pathlib.Path(os.environ.get("ONFILE_STRIPE_SCHEMAS") or CHECKOUT.parent / "shared" / "stripe")


def validator():
    """The module `validate`, whose `errors` tells what is wrong with an object; None where the schemas are not."""
    path = schema_folder() / "validate.py"
    if not path.is_file():
        return None
    spec = importlib.util.spec_from_file_location("validate", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def operations() -> list[tuple[str, str]]:
    """Method and path of every operation that the official SDK can send in the families of payments and billing."""
    return [(each["method"], each["path"]) for each in json.loads((schema_folder() / "operations.json").read_text())]
