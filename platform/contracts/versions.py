"""Versions: what a change of a contract's shape asks of its version, by semantic versioning (semver.org).

Belongs here: how much a difference weighs. Major: what was taken may be refused now, or what was read has gone or
means something else. Minor: there is more. Patch: it is worded otherwise. Not here: what a shape is (`shape`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import IntEnum
from typing import Any, NamedTuple

WORDS = {"owner", "description", "rejected_share", "freshness"}
DECISIONS = {"dropped", "ignored"}  # on fields that no column keeps
LISTS = {"decoding", "layouts", "literals", "paths"}  # more of them take more
_VERSION = re.compile(r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"Decimal\(precision=(\d+), scale=(\d+)\)")


class Weight(IntEnum):
    """How much a difference weighs; the higher the part of a version, the more."""

    PATCH = 1
    MINOR = 2
    MAJOR = 3


class Version(NamedTuple):
    """A semantic version without pre-release or build."""

    major: int
    minor: int
    patch: int

    @classmethod
    def of(cls, text: str) -> Version:
        """Raises `ValueError` for any other text than three numbers with dots between them."""
        found = _VERSION.fullmatch(text)
        if not found:
            raise ValueError(f"{text!r} is no semantic version: three numbers are wanted, as in 1.0.0")
        return cls(*map(int, found.groups()))

    def raised(self, weight: Weight) -> Version:
        """The next version that a difference of some weight may have."""
        following = {
            Weight.MAJOR: Version(self.major + 1, 0, 0),
            Weight.MINOR: Version(self.major, self.minor + 1, 0),
            Weight.PATCH: Version(self.major, self.minor, self.patch + 1),
        }
        return following[weight]

    def __str__(self) -> str:
        return ".".join(map(str, self))


class Difference(NamedTuple):
    """A place in a shape, as names from the outside in, and what was and is there; None is nothing."""

    place: tuple[str, ...]
    before: Any
    after: Any

    def __str__(self) -> str:
        kind = "added" if self.before is None else "removed" if self.after is None else "changed"
        return f"{'.'.join(self.place)} {kind}"


def objection(before: Mapping[str, Any], after: Mapping[str, Any]) -> str | None:
    """What is wrong with the version that a contract has now, given its shape before; None where it will do.

    Raises `ValueError` where it is no semantic version.
    """
    version, known = Version.of(after["version"]), Version.of(before["version"])
    found = [(weight(difference), difference) for difference in differences(before, after)]
    least = known.raised(max(found)[0]) if found else known
    if version >= least:
        return None
    told = "; ".join(f"{difference} ({heavy.name.lower()})" for heavy, difference in sorted(found, reverse=True)[:10])
    return f"contract {after['name']!r} has version {version}, and {least} is the least that it needs: {told}"


def differences(before: Any, after: Any, place: tuple[str, ...] = ()) -> Iterator[Difference]:
    """Where two shapes differ, versions aside; what only one of them has is one difference, as are a place's rules."""
    if not isinstance(before, Mapping) or not isinstance(after, Mapping) or _kind(place) == "rules":
        yield Difference(place, before, after)
        return
    for name in dict.fromkeys([*before, *after]):
        if before.get(name) != after.get(name) and (*place, name) != ("version",):
            yield from differences(before.get(name), after.get(name), (*place, name))


def weight(difference: Difference) -> Weight:
    """How much a difference weighs, or the least that it may weigh where only its author can tell."""
    place, before, after = difference
    kind = _kind(place)
    if kind in WORDS:
        return Weight.PATCH
    if kind == "rules":
        return _weight_of_rules(before or {}, after or {})
    if kind == "columns":
        return Weight.MAJOR if after is None or after.get("required") else Weight.MINOR
    grows = (
        kind in DECISIONS
        or (kind in LISTS and _is_within(before or [], after or []))
        or (kind in ("compute", "each", "type", "wrapper") and before is None)
        or (kind == "required" and after is None)
        or (kind == "type" and _widens(before, after))
    )
    return Weight.MINOR if grows else Weight.MAJOR


def _kind(place: tuple[str, ...]) -> str:
    """What a place is about: what the contract says of itself, of its `columns`, or of one of these."""
    if not place:
        return ""
    return place[2] if place[0] == "columns" and len(place) > 2 else place[0]


def _weight_of_rules(before: Mapping[str, str], after: Mapping[str, str]) -> Weight:
    """A new rule refuses what was taken; one that changed perhaps, one that went does not."""
    if sorted(before.values()) == sorted(after.values()):
        return Weight.PATCH
    new = [name for name, text in after.items() if name not in before and text not in before.values()]
    return Weight.MAJOR if new else Weight.MINOR


def _is_within(few: list[Any], many: list[Any]) -> bool:
    """Whether a list has the elements of another in their order, and perhaps more."""
    rest = iter(many)
    return all(item in rest for item in few)


def _widens(before: Any, after: Any) -> bool:
    """Whether a type is the same decimal with more digits."""
    few, many = (_DECIMAL.fullmatch(str(dtype)) for dtype in (before, after))
    return bool(few and many and few[2] == many[2] and int(few[1]) < int(many[1]))
