"""The corruptions of enriched lines: Snowplow's bad rows, lines of another width, broken text.

What can be wrong inside a line of 131 fields is in `flaws`.
"""

from __future__ import annotations

import json
from random import Random

from simulate.formats import proxy_error
from simulate.stream import Corruption

BAD_ROWS = "iglu:com.snowplowanalytics.snowplow.badrows"
PROCESSOR = {"artifact": "snowplow-enrich-kinesis", "version": "5.1.0"}


def _bad_row(kind: str, failure: dict[str, object]) -> Corruption:
    """Snowplow's bad row for an event that it cannot process: JSON with the failure and the event."""

    def corruption(line: str, random: Random) -> bytes:
        data = {"processor": PROCESSOR, "failure": failure, "payload": {"enriched": line}}
        return json.dumps({"schema": f"{BAD_ROWS}/{kind}", "data": data}, ensure_ascii=False).encode()

    return corruption


def _fields_missing(line: str, random: Random) -> bytes:
    fields = line.split("\t")
    first = random.randrange(len(fields) - 1)
    del fields[first : first + random.choice((1, 2))]
    return "\t".join(fields).encode()


def _field_too_many(line: str, random: Random) -> bytes:
    return f"{line}\t".encode()


def _interrupted(line: str, random: Random) -> bytes:
    return line[: random.randrange(1, line.rindex("\t"))].encode()


def _not_utf8(line: str, random: Random) -> bytes:
    return b"caf\xe9" + line.encode()


def _broken_contexts(line: str, random: Random) -> bytes:
    return line.replace('"data":[', '"data":', 1).encode()


CORRUPTIONS: tuple[Corruption, ...] = (
    _bad_row("schema_violations/jsonschema/2-0-0", {"timestamp": "2026-01-01T00:00:00Z", "messages": ["no schema"]}),
    _bad_row("enrichment_failures/jsonschema/2-0-0", {"messages": [{"message": "currency not known"}]}),
    _bad_row("adapter_failures/jsonschema/1-0-0", {"vendor": "com.example", "version": "v1", "messages": []}),
    _bad_row("tracker_protocol_violations/jsonschema/1-0-0", {"vendor": "com.snowplowanalytics.snowplow"}),
    _bad_row("loader_parsing_error/jsonschema/2-0-0", {"type": "FieldNumberMismatch", "fieldCount": 130}),
    _fields_missing,
    _field_too_many,
    _interrupted,
    _not_utf8,
    _broken_contexts,
    proxy_error,
)
