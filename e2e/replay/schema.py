"""What the schemas of the pinned version know of a place in an object."""

import functools
import json

from wire_schemas import schema_folder

ANYTHING = ("null", "boolean", "number", "string", "array", "object")


def json_type(value) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
    return "object"


@functools.cache
def _definitions() -> dict:
    return json.loads((schema_folder() / "schemas-2026-10-28.json").read_text())["$defs"]


class Place:
    """All that the schemas allow at one place; without alternatives nothing is known about it."""

    def __init__(self, fragments: list[dict]):
        self._all = [each for fragment in fragments for each in _alternatives(fragment)]

    @classmethod
    def of(cls, value) -> "Place | None":
        """Where an object stands that says what it is, if the schemas describe that."""
        if not isinstance(value, dict) or not isinstance(value.get("object"), str):
            return None
        name = f"deleted_{value['object']}" if value.get("deleted") is True else value["object"]
        return cls([_definitions()[name]]) if name in _definitions() else None

    @property
    def is_open(self) -> bool:
        """Whether the schemas say nothing about what is inside."""
        return not self._objects

    @property
    def is_map(self) -> bool:
        """Whether its keys are data, as those of metadata."""
        return any(each.get("additionalProperties") and not each.get("properties") for each in self._all)

    @property
    def _objects(self) -> list[dict]:
        return [each for each in self._all if each.get("properties") and not each.get("x-stub")]

    def field(self, name: str) -> "Place | None":
        """The place of a field; None when no alternative has one of that name."""
        found = [each["properties"][name] for each in self._objects if name in each["properties"]]
        return Place(found) if found else None

    def items(self) -> "Place":
        return Place([each["items"] for each in self._all if isinstance(each.get("items"), dict)])

    def allows(self, value) -> bool:
        """Whether a value of this JSON type can stand here."""
        kinds = {kind for each in self._all for kind in _types(each)}
        return not kinds or json_type(value) in kinds


UNKNOWN = Place([])


def _alternatives(fragment: dict) -> list[dict]:
    if "$ref" in fragment:
        return _alternatives(_definitions()[fragment["$ref"].rsplit("/", 1)[-1]])
    for union in ("anyOf", "oneOf"):
        if union in fragment:
            return [each for part in fragment[union] for each in _alternatives(part)]
    if "allOf" in fragment:
        parts = [each for part in fragment["allOf"] for each in _alternatives(part)]
        merged = {"type": "object", "properties": {}}
        for part in parts:
            merged["properties"] |= part.get("properties", {})
        return [merged]
    return [fragment]


def _types(fragment: dict) -> list[str]:
    if "enum" in fragment:
        return [json_type(value) for value in fragment["enum"]]
    kind = fragment.get("type")
    return ["number" if each == "integer" else each for each in ([kind] if isinstance(kind, str) else kind or ANYTHING)]
