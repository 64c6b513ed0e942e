"""Compares the shapes of two answers: fields, types, states, what was expanded, and what is empty."""

import dataclasses

from replay.schema import UNKNOWN, Place, json_type


@dataclasses.dataclass(frozen=True, order=True)
class Difference:
    """One way in which our answer is not the recorded one. Equal ones are of the same kind at the same place."""

    kind: str
    where: str
    """The place in the answer, list indices left out, or what was compared."""
    recorded: str = ""
    ours: str = ""
    about: str = ""
    """The kind of the innermost object around the place, and the place within that: `charge.outcome.risk_score`."""

    def __str__(self) -> str:
        told = f": {self.recorded} was recorded, {self.ours} answered" if self.recorded or self.ours else ""
        return f"{self.kind} {self.where}{told}"


@dataclasses.dataclass(frozen=True)
class Spot:
    """A place in an answer, and what the schemas know of it."""

    path: str = ""
    about: str = ""
    place: Place = UNKNOWN

    def of(self, value) -> "Spot":
        """The same spot, begun anew where an object stands that the schemas describe."""
        place = Place.of(value)
        return Spot(self.path, value["object"], place) if place else self

    def field(self, name: str) -> "Spot":
        join = lambda before: f"{before}.{name}" if before else name
        return Spot(join(self.path), join(self.about), self.place.field(name) or UNKNOWN)

    def item(self) -> "Spot":
        return Spot(f"{self.path}[]", f"{self.about}[]", self.place.items())

    def difference(self, kind: str, recorded: str, ours: str) -> Difference:
        return Difference(kind, self.path, recorded, ours, self.about)


@dataclasses.dataclass
class Compared:
    faults: list[Difference] = dataclasses.field(default_factory=list)
    of_version: list[Difference] = dataclasses.field(default_factory=list)
    """What the pinned version does not have any more."""
    told: list[Difference] = dataclasses.field(default_factory=list)
    """Null on one side only, where the versions are not the same: told, but no fault."""


class Comparison:
    """Of one pair of answers."""

    def __init__(self, expanded: set[str], same_version: bool):
        self._expanded, self._same_version = expanded, same_version
        self.result = Compared()

    def compare(self, recorded, ours, at: Spot = Spot()) -> None:
        at = at.of(recorded)
        types = json_type(recorded), json_type(ours)
        if "null" in types:
            self._null(types, at, recorded)
        elif types[0] != types[1]:
            kept = at.place.allows(recorded) or not at.place.allows(ours)
            (self.result.faults if kept else self.result.of_version).append(at.difference("other type of", *types))
        elif types[0] == "object":
            self._object(recorded, ours, at)
        elif types[0] == "array":
            self._array(recorded, ours, at)
        elif at.path.split(".")[-1] == "status" and recorded != ours:
            self.result.faults.append(at.difference("other state at", str(recorded), str(ours)))

    def _null(self, types: tuple[str, str], at: Spot, recorded) -> None:
        if types[0] == types[1]:
            return
        not_expanded = at.path in self._expanded and isinstance(recorded, dict)
        list_of = self.result.faults if self._same_version or not_expanded else self.result.told
        list_of.append(at.difference("null differs at", *types))

    def _object(self, recorded: dict, ours: dict, at: Spot) -> None:
        if isinstance(recorded.get("object"), str) and recorded["object"] != ours.get("object"):
            self.result.faults.append(at.difference("other object at", recorded["object"], str(ours.get("object"))))
            return
        if at.place.is_map:
            return
        for name, value in recorded.items():
            inner = at.field(name)
            if name in ours:
                self.compare(value, ours[name], inner)
            elif at.place.field(name) or at.place.is_open:
                self.result.faults.append(inner.difference("lacks", json_type(value), "nothing"))
            else:
                self.result.of_version.append(inner.difference("lacks", json_type(value), "nothing"))

    def _array(self, recorded: list, ours: list, at: Spot) -> None:
        if bool(recorded) != bool(ours) and (recorded or at.path.split(".")[-1] == "data"):
            self.result.faults.append(at.difference("other count in", f"{len(recorded)} items", f"{len(ours)} items"))
        for one, other in zip(recorded, ours):
            self.compare(one, other, at.item())
