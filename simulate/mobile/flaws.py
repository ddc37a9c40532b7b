"""The flaws of mobile records, each of which spoils one thing, and the ways to corrupt their text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from random import Random

from simulate.common_flaws import with_value, with_wrong_time, without
from simulate.formats import nested_too_deep, not_utf8, truncated
from simulate.stream import Corruption, Flaw, Record


def _set_time(record: Record, at: datetime) -> None:
    record["CREATED_AT"] = at.strftime("%Y-%m-%d %H:%M:%S")


FLAWS: Mapping[str, Sequence[Flaw]] = {
    "missing": (
        without("USER_ID"),
        with_value("USER_ID", "Null"),
        with_value("USER_ID", ""),
        without("CREATED_AT"),
        with_value("CREATED_AT", "Null"),
        with_value("INITIAL_EVENT", "Null"),
        with_value("ORDER_TYPE", None),
        with_value("STATUS", ""),
    ),
    "type": (
        with_value("CREATED_AT", "yesterday"),
        with_value("LATITUDE", "north"),
        with_value("LATITUDE", float("nan")),
        with_value("LONGITUDE", "103° W"),
    ),
    "rule": (
        with_value("LATITUDE", 90.5),
        with_value("LATITUDE", "-91"),
        with_value("LONGITUDE", 181),
        with_value("LONGITUDE", -180.25),
    ),
    "clock": with_wrong_time(_set_time),
}


def _interrupted(line: str, random: Random) -> bytes:
    # Without a separator, a line break is the only sign that the next record begins. After a colon at the end, a reader
    # would look for a value even behind the line break.
    return truncated(line, random).removesuffix(b":") + b"\n"


def _python_dict(line: str, random: Random) -> bytes:
    return line.replace('"', "'").encode()


def _trailing_comma(line: str, random: Random) -> bytes:
    return f"{line[:-1]},}}".encode()


CORRUPTIONS: tuple[Corruption, ...] = (_interrupted, _python_dict, _trailing_comma, not_utf8, nested_too_deep)
