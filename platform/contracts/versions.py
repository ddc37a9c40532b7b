"""Which version a contract needs after a change of its shape, by semantic versioning (semver.org).

Belongs here: the weight of a difference. Major: records that were accepted may be rejected now, or a column has gone or
changed its meaning. Minor: something was added. Patch: only words changed. Not here: what a shape is (`shape`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import IntEnum
from typing import Any, NamedTuple

# No record is read in another way.
WORDS = {"owner", "description", "rejected_share", "freshness", "late_share", "topic"}
DECISIONS = {"dropped", "ignored"}  # about fields that no column keeps
LISTS = {"decoding", "layouts", "literals", "pairs", "paths"}  # a longer list accepts more records
_VERSION = re.compile(r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"Decimal\(precision=(\d+), scale=(\d+)\)")


class Weight(IntEnum):
    """The part of the version that a difference must raise."""

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
        """Parse a version. Raises `ValueError` unless the text is three numbers with dots between them."""
        found = _VERSION.fullmatch(text)
        if not found:
            raise ValueError(f"{text!r} is no semantic version: expected three numbers, as in 1.0.0")
        return cls(*map(int, found.groups()))

    def raised(self, weight: Weight) -> Version:
        """The lowest version allowed after a difference of this weight."""
        following = {
            Weight.MAJOR: Version(self.major + 1, 0, 0),
            Weight.MINOR: Version(self.major, self.minor + 1, 0),
            Weight.PATCH: Version(self.major, self.minor, self.patch + 1),
        }
        return following[weight]

    def __str__(self) -> str:
        return ".".join(map(str, self))


class Difference(NamedTuple):
    """A changed place in a shape: its path from the outside in, and its values before and after (None: absent)."""

    place: tuple[str, ...]
    before: Any
    after: Any

    def __str__(self) -> str:
        kind = "added" if self.before is None else "removed" if self.after is None else "changed"
        return f"{'.'.join(self.place)} {kind}"


def version_error(before: Mapping[str, Any], after: Mapping[str, Any]) -> str | None:
    """Why a contract's version is too low for the changes in its shape; None if it is high enough.

    Raises `ValueError` for a version that is not semantic.
    """
    version, known = Version.of(after["version"]), Version.of(before["version"])
    found = [(weight(difference), difference) for difference in differences(before, after)]
    least = known.raised(max(found)[0]) if found else known
    if version >= least:
        return None
    told = "; ".join(f"{difference} ({heavy.name.lower()})" for heavy, difference in sorted(found, reverse=True)[:10])
    return f"contract {after['name']!r} has version {version} but needs at least {least}: {told}"


def differences(before: Any, after: Any, place: tuple[str, ...] = ()) -> Iterator[Difference]:
    """Where two shapes differ, apart from their versions. A part that only one has is one difference, and so are all
    rules of a place. What is empty is as good as absent."""
    if not isinstance(before, Mapping) or not isinstance(after, Mapping) or _kind(place) == "rules":
        yield Difference(place, before, after)
        return
    for name in dict.fromkeys([*before, *after]):
        if (before.get(name) or None) != (after.get(name) or None) and (*place, name) != ("version",):
            yield from differences(before.get(name), after.get(name), (*place, name))


def weight(difference: Difference) -> Weight:
    """The weight of a difference. If only the author can tell, the lowest weight that is possible."""
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
    """The field of the contract, or of one of its columns, that a place belongs to."""
    if not place:
        return ""
    return place[2] if place[0] == "columns" and len(place) > 2 else place[0]


def _weight_of_rules(before: Mapping[str, str], after: Mapping[str, str]) -> Weight:
    """A new rule rejects what was accepted; a changed one may, a removed one does not."""
    if sorted(before.values()) == sorted(after.values()):
        return Weight.PATCH
    new = [name for name, text in after.items() if name not in before and text not in before.values()]
    return Weight.MAJOR if new else Weight.MINOR


def _is_within(few: list[Any], many: list[Any]) -> bool:
    """Whether `many` has all elements of `few` in the same order."""
    rest = iter(many)
    return all(item in rest for item in few)


def _widens(before: Any, after: Any) -> bool:
    """Whether a type is a decimal of the same scale with more digits."""
    few, many = (_DECIMAL.fullmatch(str(dtype)) for dtype in (before, after))
    return bool(few and many and few[2] == many[2] and int(few[1]) < int(many[1]))
