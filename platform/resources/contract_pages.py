"""Write docs/contracts/ from the contracts: `python -m resources.contract_pages`.

Belongs here: a contract as a page of Markdown, and its shape as YAML, with which the next version is compared. Not
here: what a shape is, and which version a change needs (`contracts`).
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import yaml
from pyiceberg.types import ListType, StructType

from contracts import STREAMS
from contracts.shape import shape
from contracts.stream import Framing, KafkaRecord, Stream
from contracts.versions import version_error
from lake.schemas import iceberg_type

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "contracts"
EXAMPLE_HOUR = dt.datetime(2026, 1, 31, 9)
COLUMNS = ("column", "type", "source", "rules", "description")


def shape_text(stream: Stream) -> str:
    """A contract's shape as YAML."""
    text = yaml.safe_dump(shape(stream), sort_keys=False, width=120, allow_unicode=True)
    return f"# Written by `make contracts`: edit the contract instead.\n{text}"


def page(stream: Stream) -> str:
    """A contract as a page of Markdown."""
    shaped = shape(stream)
    parts = [
        f"<!-- Written by `make contracts`: edit the contract instead. -->\n\n# {stream.name}",
        f"{stream.description}.",
        _table(("", ""), _facts(stream, shaped)),
        "## Columns",
        _table(COLUMNS, _columns(stream, shaped)),
    ]
    if shaped["rules"]:
        parts += ["## Rules over several columns", "\n".join(f"- {name}" for name in shaped["rules"])]
    if personal := [*_personal(stream, shaped)]:
        parts += ["## Personal data", _table(("field", "what silver has of it"), personal)]
    if stream.ignored:
        parts += ["## Ignored fields", "\n".join(f"- `{path}`" for path in stream.ignored)]
    return "\n\n".join(parts) + "\n"


def _facts(stream: Stream, shaped: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    share, clock = stream.rejected_share, stream.clock
    yield "version", stream.version
    yield "owner", stream.owner
    yield "identity space", stream.identity_space
    yield (
        "lands in",
        " or ".join(f"`{stream.folder}/{EXAMPLE_HOUR.strftime(layout.folder)}/`" for layout in stream.layouts),
    )
    yield "decoding", "; else: ".join(_described(framing) for framing in stream.decoding)
    if stream.wrapper:
        yield "wrapper", _described(stream.wrapper)
    if stream.literals:
        yield "objects that may come as text", _codes(stream.literals)
    if stream.pairs:
        yield "arrays of pairs of key and value", _codes(stream.pairs)
    if stream.nulls:
        yield "texts that mean null", _codes(repr(null) for null in stream.nulls)
    unique = "within an event date" if stream.scope == "event_date" else "in all of history"
    always = any(not stream.schema.columns[name].nullable for name in stream.key)
    parts = [_codes(stream.key)] * bool(stream.key) + ["the content of the record"] * (not always)
    yield "key", f"{', else '.join(parts)}, unique {unique}"
    if stream.volatile:
        yield "not part of the content", _codes(stream.volatile)
    if stream.fingerprint:
        yield "identifies the content", f"`{stream.fingerprint}`"
    yield "accepted event times", f"from {clock.earliest:%Y-%m-%d} to {_hours(clock.ahead)} after the arrival hour"
    yield "share of rejected records", f"warns above {share.warn:.0%}, fails above {share.error:.0%}"
    yield "share of duplicates", f"warns above {share.duplicates_warn:.0%}"
    yield "share of late events", f"warns above {stream.late_share:.0%}"
    yield "freshness", f"the newest event is at most {_hours(stream.freshness)} old at the end of its arrival hour"


def _hours(span: dt.timedelta) -> str:
    return f"{span / dt.timedelta(hours=1):g} h"


def _columns(stream: Stream, shaped: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for name, said in shaped["columns"].items():
        required = ["required"] if said.get("required") else []
        rules = "; ".join([*required, *map(_rule, said.get("rules", {}).items())])
        kind = iceberg_type(stream.types[name])
        inner = kind.element_type if isinstance(kind, ListType) else None
        fields = inner.fields if isinstance(inner, StructType) else ()
        shown = "list" if fields else str(kind)
        yield f"`{name}`", shown, _source(stream, name), rules, said.get("description", "")
        parents, each = said.get("paths"), said.get("each", {})
        for field in fields:
            if path := each.get(field.name):
                whole = f"{parents[0]}[].{path}" if parents else path
                yield f"`{name}[].{field.name}`", str(field.field_type), f"`{whole}`", "", ""


def _source(stream: Stream, name: str) -> str:
    """Where a column's values come from, in words."""
    origin = stream.source_of(name)
    if origin["compute"] is not None:
        names = origin["compute"].meta.root_names()
        return f"computed from {_codes(dict.fromkeys(names))}" if names else "constant"
    if origin["rounded"]:
        return "filled by the platform"
    if not origin["paths"] and origin["each"]:
        return "fields of the record"
    found = ", else ".join(f"`{path}`" for path in origin["paths"])
    form = ", as JSON text" if origin["json"] and found else f", a {origin['time']}" if origin["time"] else ""
    return found + form or "not filled by this stream"


def _rule(rule: tuple[str, str]) -> str:
    name, text = rule
    return f"`{text}`" if text.startswith(name) else name


def _personal(stream: Stream, shaped: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    kept = {
        "hash": "a keyed hash, in `{}`",
        "hash_emails": "a keyed hash if it is an email address, in `{}`",
        "drop": "nothing",
    }
    for name, said in shaped["columns"].items():
        if "personal" in said:
            for path in said["paths"]:
                yield f"`{path}`", kept[said["personal"]].format(name)
    for path, personal in stream.dropped.items():
        yield f"`{path}`", kept[personal]


def _described(value: Framing | KafkaRecord) -> str:
    """The docstring of a value object of the contract, and its fields that are not the default."""
    said = " ".join((value.__doc__ or "").split()).rstrip(".")
    parts = ((field.name, getattr(value, field.name), field.default) for field in fields(value))
    given = [
        _codes(part) if isinstance(part, tuple) else f"{name} `{part}`" for name, part, usual in parts if part != usual
    ]
    return said + (f": {', '.join(given)}" if given else "")


def _codes(texts: Iterable[str]) -> str:
    return ", ".join(f"`{text}`" for text in texts)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines)


FILES = {".md": page, ".yml": shape_text}


def write(streams: Sequence[Stream], folder: Path) -> list[str]:
    """Make a folder hold the pages and shapes of these streams only.

    Writes nothing and returns the objections when a contract's version is too low for what changed.
    """
    before = {path.stem: yaml.safe_load(path.read_text()) for path in folder.glob("*.yml")}
    objections = [version_error(before[stream.name], shape(stream)) for stream in streams if stream.name in before]
    if found := [text for text in objections if text]:
        return found
    texts = {f"{stream.name}{end}": make(stream) for stream in streams for end, make in FILES.items()}
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    for name, text in texts.items():
        (folder / name).write_text(text)
    return []


if __name__ == "__main__":
    sys.exit("\n".join(write(STREAMS, FOLDER)) or 0)
