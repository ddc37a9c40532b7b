"""Records as JSON text, and what can break any JSON text.

The ways to write a record that several streams share belong here; what breaks a stream's own rules does not.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from simulate.stream import Breakage, Record

DEPTH = 80  # beyond the 64 levels that a reader must accept


def dump(record: object, **options: Any) -> bytes:
    """Compact JSON; NaN is written as such, because broken producers do."""
    return json.dumps(record, **{"ensure_ascii": False, "separators": (",", ":"), **options}).encode()


def cut(line: str, random: Random) -> bytes:
    """The record up to somewhere within it."""
    return line[: random.randrange(1, len(line))].encode()


def garbage(line: str, random: Random) -> bytes:
    """What a proxy says instead."""
    return f"<html>502 Bad Gateway, request {random.getrandbits(64):016x}</html>".encode()


def not_utf8(line: str, random: Random) -> bytes:
    """A text in Latin-1 within the record."""
    return b'{"note":"caf\xe9",' + line[1:].encode()


def too_deep(line: str, random: Random) -> bytes:
    """Valid JSON, nested deeper than anybody means."""
    return line[:-1].encode() + b',"nested":' + b'{"n":' * DEPTH + b"1" + b"}" * (DEPTH + 1)


def _reversed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _reversed(value[name]) for name in reversed(value)}
    return [_reversed(item) for item in value] if isinstance(value, list) else value


REWRITINGS: tuple[Callable[[Any], bytes], ...] = (
    lambda record: dump(_reversed(record)),
    lambda record: dump(record, separators=None),
    lambda record: dump(record, ensure_ascii=True),
)


@dataclass(frozen=True)
class Json:
    """One JSON object a record. Satisfies `stream.Format`; paths are dotted (`customer.email`)."""

    malformed: Sequence[Breakage] = (cut, garbage, not_utf8, too_deep)

    def parse(self, line: str) -> Record:
        """The object."""
        record: Record = json.loads(line)
        return record

    def dump(self, record: Record) -> bytes:
        """Compact JSON."""
        return dump(record)

    def redelivered(self, line: str, random: Random) -> bytes:
        """Half of the time byte by byte, else as another serializer would have written it."""
        return line.encode() if random.getrandbits(1) else random.choice(REWRITINGS)(self.parse(line))

    def plant(self, record: Record, path: str, value: str) -> bool:
        """Also within an object that was sent as the text of a Python literal."""
        name, _, rest = path.partition(".")
        there = record.get(name)
        if rest and isinstance(there, str) and there.startswith("{"):
            literal = ast.literal_eval(there)
            found = self.plant(literal, rest, value)
            record[name] = repr(literal)
            return found
        if rest:
            return isinstance(there, dict) and self.plant(there, rest, value)
        if there:
            record[name] = value
        return bool(there)
