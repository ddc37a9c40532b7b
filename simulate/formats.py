"""Records as JSON text, and the corruptions that any JSON text can have.

What several streams share belongs here. What breaks one stream's own rules is in its `flaws`.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from simulate.stream import Corruption, Record

DEPTH = 80  # levels of nesting; a reader must accept 64


def dump_json(record: object, **options: Any) -> bytes:
    """Compact JSON. NaN is written as `NaN`, as broken producers do."""
    return json.dumps(record, **{"ensure_ascii": False, "separators": (",", ":"), **options}).encode()


def truncated(line: str, random: Random) -> bytes:
    """The record's beginning, cut somewhere."""
    return line[: random.randrange(1, len(line))].encode()


def proxy_error(line: str, random: Random) -> bytes:
    """A proxy's error page in place of the record."""
    return f"<html>502 Bad Gateway, request {random.getrandbits(64):016x}</html>".encode()


def not_utf8(line: str, random: Random) -> bytes:
    """The record with one value in Latin-1."""
    return b'{"note":"caf\xe9",' + line[1:].encode()


def nested_too_deep(line: str, random: Random) -> bytes:
    """Valid JSON, nested deeper than a reader has to accept."""
    return line[:-1].encode() + b',"nested":' + b'{"n":' * DEPTH + b"1" + b"}" * (DEPTH + 1)


def _reversed(value: Any) -> Any:
    """The same JSON value, with the members of every object in reverse order."""
    if isinstance(value, dict):
        return {name: _reversed(value[name]) for name in reversed(value)}
    return [_reversed(item) for item in value] if isinstance(value, list) else value


REWRITINGS: tuple[Callable[[Any], bytes], ...] = (
    lambda record: dump_json(_reversed(record)),
    lambda record: dump_json(record, separators=None),
    lambda record: dump_json(record, ensure_ascii=True),
)
"""Other serializers' texts of the same record."""


@dataclass(frozen=True)
class Json:
    """A record is one JSON object. Satisfies `stream.Format`; paths are dotted (`customer.email`)."""

    corruptions: Sequence[Corruption] = (truncated, proxy_error, not_utf8, nested_too_deep)

    def parse(self, line: str) -> Record:
        """See `Format`."""
        record: Record = json.loads(line)
        return record

    def dump(self, record: Record) -> bytes:
        """See `Format`."""
        return dump_json(record)

    def redelivered(self, line: str, random: Random) -> bytes:
        """Half of the time the same bytes, else the text that another serializer would write."""
        return line.encode() if random.getrandbits(1) else random.choice(REWRITINGS)(self.parse(line))

    def plant(self, record: Record, path: str, value: str) -> bool:
        """See `Format`. An object on the path may also be the text of a Python dict, as some producers send it."""
        name, _, rest = path.partition(".")
        current = record.get(name)
        if rest and isinstance(current, str) and current.startswith("{"):
            literal = ast.literal_eval(current)
            planted = self.plant(literal, rest, value)
            record[name] = repr(literal)
            return planted
        if rest:
            return isinstance(current, dict) and self.plant(current, rest, value)
        if current:
            record[name] = value
        return bool(current)
