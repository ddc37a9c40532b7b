"""What can be wrong with one record of the mobile stream, one thing at a time, and what breaks its text.

A flaw spoils a record in place; every other rule still holds for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from random import Random

from simulate.common_flaws import absent, holds, unbelievable
from simulate.formats import cut, not_utf8, too_deep
from simulate.stream import Breakage, Flaw, Record


def _clock(record: Record, at: datetime) -> None:
    record["CREATED_AT"] = at.strftime("%Y-%m-%d %H:%M:%S")


FLAWS: Mapping[str, Sequence[Flaw]] = {
    "missing": (
        absent("USER_ID"),
        holds("USER_ID", "Null"),
        holds("USER_ID", ""),
        absent("CREATED_AT"),
        holds("CREATED_AT", "Null"),
        holds("INITIAL_EVENT", "Null"),
        holds("ORDER_TYPE", None),
        holds("STATUS", ""),
    ),
    "type": (
        holds("CREATED_AT", "yesterday"),
        holds("LATITUDE", "north"),
        holds("LATITUDE", float("nan")),
        holds("LONGITUDE", "103° W"),
    ),
    "rule": (
        holds("LATITUDE", 90.5),
        holds("LATITUDE", "-91"),
        holds("LONGITUDE", 181),
        holds("LONGITUDE", -180.25),
    ),
    "clock": unbelievable(_clock),
}


def _interrupted(line: str, random: Random) -> bytes:
    # Only a line break tells where the next record begins, unless a colon before it wants a value.
    return cut(line, random).removesuffix(b":") + b"\n"


def _literal(line: str, random: Random) -> bytes:
    return line.replace('"', "'").encode()


def _comma(line: str, random: Random) -> bytes:
    return f"{line[:-1]},}}".encode()


MALFORMED: tuple[Breakage, ...] = (_interrupted, _literal, _comma, not_utf8, too_deep)
