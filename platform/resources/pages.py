"""The contracts' pages and shapes, written from the contracts: `python -m resources.pages` puts them into docs/.

Belongs here: a contract as Markdown for people, its shape as YAML to compare the next one with. Not here: what a shape
is, or which version a change asks for (`contracts`).
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
from contracts.versions import objection
from lake.schemas import iceberg_type

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "contracts"
HOUR = dt.datetime(2026, 1, 31, 9)
COLUMNS = ("column", "type", "source", "rules", "description")


def shape_text(stream: Stream) -> str:
    """A contract's shape as YAML."""
    text = yaml.safe_dump(shape(stream), sort_keys=False, width=120, allow_unicode=True)
    return f"# Written from the contract by `make contracts`; edit that.\n{text}"


def page(stream: Stream) -> str:
    """A contract as a page of Markdown."""
    shaped = shape(stream)
    parts = [
        f"<!-- Written from the contract by `make contracts`; edit that. -->\n\n# {stream.name}",
        f"{stream.description}.",
        _table(("", ""), _facts(stream, shaped)),
        "## Columns",
        _table(COLUMNS, _columns(stream, shaped)),
    ]
    if shaped["rules"]:
        parts += ["## Rules over several columns", "\n".join(f"- {name}" for name in shaped["rules"])]
    if fields := [*_personal(stream, shaped)]:
        parts += ["## Personal data", _table(("field", "what becomes of it"), fields)]
    if stream.ignored:
        parts += ["## Fields that no column wants", "\n".join(f"- `{path}`" for path in stream.ignored)]
    return "\n\n".join(parts) + "\n"


def _facts(stream: Stream, shaped: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    share, clock = stream.rejected_share, stream.clock
    yield "version", stream.version
    yield "owner", stream.owner
    yield "identity space", stream.identity_space
    yield "lands in", " or ".join(f"`{stream.folder}/{HOUR.strftime(way.folder)}/`" for way in stream.layouts)
    yield "decoding", "; else: ".join(_told(framing) for framing in stream.decoding)
    if stream.wrapper:
        yield "wrapper", _told(stream.wrapper)
    if stream.literals:
        yield "objects that may come as text", _codes(stream.literals)
    if stream.nulls:
        yield "texts that stand for null", _codes(repr(null) for null in stream.nulls)
    unique = "within an event date" if stream.scope == "event_date" else "in all of the history"
    yield "key", f"{_codes(stream.key) or 'the content of the record'}, unique {unique}"
    if stream.volatile:
        yield "not part of the content", _codes(stream.volatile)
    if stream.fingerprint:
        yield "stands for the content", f"`{stream.fingerprint}`"
    yield "believable times", f"from {clock.earliest:%Y-%m-%d} to {_hours(clock.ahead)} after the arrival hour"
    yield "rejected share", f"warns above {share.warn:.0%}, fails above {share.error:.0%}"
    yield "share of duplicates", f"warns above {share.duplicates_warn:.0%}"
    yield "freshness", f"the newest event lies at most {_hours(stream.freshness)} before the end of its arrival hour"


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
        for field in fields:
            path = f"{said['paths'][0]}[].{said['each'][field.name]}"
            yield f"`{name}[].{field.name}`", str(field.field_type), f"`{path}`", "", ""


def _source(stream: Stream, name: str) -> str:
    """Where a column's values come from."""
    origin = stream.source_of(name)
    if origin["compute"] is not None:
        names = origin["compute"].meta.root_names()
        return f"computed from {_codes(dict.fromkeys(names))}" if names else "constant"
    if origin["rounded"]:
        return "filled by the platform"
    found = ", else ".join(f"`{path}`" for path in origin["paths"])
    return (found + ", as JSON text" if origin["json"] else found) or "not filled by this stream"


def _rule(rule: tuple[str, str]) -> str:
    name, text = rule
    return f"`{text}`" if text.startswith(name) else name


def _personal(stream: Stream, shaped: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    becomes = {
        "hash": "a keyed hash, in `{}`",
        "hash_emails": "a keyed hash where it is an email address, in `{}`",
        "drop": "left out",
    }
    for name, said in shaped["columns"].items():
        if "personal" in said:
            for path in said["paths"]:
                yield f"`{path}`", becomes[said["personal"]].format(name)
    for path, personal in stream.dropped.items():
        yield f"`{path}`", becomes[personal]


def _told(value: Framing | KafkaRecord) -> str:
    """What a value object of the contract says of itself, and with what."""
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
    """Write pages and shapes of some streams, and of no others; what is wrong with versions instead, where it is."""
    before = {path.stem: yaml.safe_load(path.read_text()) for path in folder.glob("*.yml")}
    objections = [objection(before[stream.name], shape(stream)) for stream in streams if stream.name in before]
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
