"""Previews: a few rows of gold's tables as tables in the UI.

Belongs here: reading the rows, and making them short enough for a page. Not here: row counts and numbers (`headline`).
"""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import dagster as dg

from assets.gold_queries import Query, ask

ROWS = 10
LONGEST, LONGEST_HASH = 40, 8
_HASH = re.compile(r"[0-9a-f-]{32,}")
_WHOLE, _FRACTIONS = {"bigint", "integer"}, ("decimal", "double precision")
_TEXTS = ("varchar", "date", "timestamp")
_SECONDS = len("2026-01-31 09:00:00")


@dataclass(frozen=True)
class Preview:
    """What to show of a table: its columns and their types, the order of its rows, and only one event date of it."""

    model: str
    relation: str
    types: Mapping[str, str]
    order: str
    event_date: str = ""  # SQL of a row's event date
    date: str | None = None


def preview(node: Mapping[str, Any], relation: str, event_date: str, date: str | None) -> Preview:
    """The preview of a model. Columns that hold objects are left out.

    The order is `meta.preview` of the model, else its first column.
    """
    of_seed = node["config"].get("column_types", {})
    declared = {
        name: str(column.get("data_type") or of_seed.get(name, "varchar")) for name, column in node["columns"].items()
    }
    types = {name: kind for name, kind in declared.items() if _is_plain(kind)}
    order = node["config"].get("meta", {}).get("preview") or next(iter(types))
    return Preview(node["unique_id"], relation, types, order, event_date, date)


def read_previews(query: Query, previews: Sequence[Preview]) -> tuple[dict[str, dg.TableMetadataValue], dict[str, str]]:
    """The previews by model, read in one query, and an error text for each model whose rows cannot be read."""
    widest_first = sorted(previews, key=lambda each: -len(each.types))  # so that no column begins with an untyped NULL
    width = len(widest_first[0].types) if widest_first else 0
    answers = ask(query, widest_first, lambda number, each: _sql(number, each, width))
    rows: dict[str, dict[int, Sequence[str | None]]] = defaultdict(dict)
    for each, (place, *cells) in answers.rows:
        rows[each.model][place] = cells
    tables = {each.model: _table(each, [rows[each.model][at] for at in sorted(rows[each.model])]) for each in previews}
    errors = {each.model: f"the preview cannot be read: {error}" for each, error in answers.errors}
    return {model: table for model, table in tables.items() if model not in errors}, errors


def records_table(records: Sequence[Mapping[str, Any]]) -> dg.TableMetadataValue:
    """Records of any query as a table."""
    names = list(records[0]) if records else []
    columns = [dg.TableColumn(name) for name in names]
    rows = [dg.TableRecord({name: _plain(record[name]) for name in names}) for record in records]
    return dg.MetadataValue.table(rows, dg.TableSchema(columns))


def _sql(number: int, preview: Preview, width: int) -> str:
    """The SELECT of a preview: its number, the place of the row, and `width` columns as text."""
    cells = [_cell(name, kind) for name, kind in preview.types.items()]
    columns = [*cells, *["NULL"] * (width - len(cells))]
    where = f" WHERE {preview.event_date} = CAST('{preview.date}' AS DATE)" if preview.date else ""
    return (
        f"SELECT {number}, ROW_NUMBER() OVER (ORDER BY {preview.order}), {', '.join(columns)} FROM "
        f"(SELECT * FROM {preview.relation}{where} ORDER BY {preview.order} LIMIT {ROWS}) AS shown"
    )


def _cell(name: str, kind: str) -> str:
    """A column as text. Redshift casts no boolean to text, and Snowflake refuses to cut a text by a cast."""
    if kind == "boolean":
        return f"CASE WHEN {name} THEN 'true' WHEN NOT {name} THEN 'false' END"
    return f"LEFT(CAST({name} AS VARCHAR(65535)), {LONGEST * 2})"


def _table(preview: Preview, rows: Sequence[Sequence[str | None]]) -> dg.TableMetadataValue:
    schema = dg.TableSchema([dg.TableColumn(name, _ui_type(kind)) for name, kind in preview.types.items()])
    records = [
        dg.TableRecord(
            {name: _value(kind, cell) for (name, kind), cell in zip(preview.types.items(), row, strict=False)}
        )
        for row in rows
    ]
    return dg.MetadataValue.table(records, schema)


def _is_plain(kind: str) -> bool:
    return kind == "boolean" or kind in _WHOLE or kind.startswith((*_TEXTS, *_FRACTIONS))


def _ui_type(kind: str) -> str:
    """The type as the UI names it."""
    if kind in _WHOLE:
        return "int"
    return "float" if kind.startswith(_FRACTIONS) else "bool" if kind == "boolean" else "string"


def _value(kind: str, cell: str | None) -> str | int | float | bool | None:
    """The value of a text, by its column's type."""
    if cell is None:
        return None
    match _ui_type(kind):
        case "int":
            return int(cell)
        case "float":
            return round(float(cell), 4)
        case "bool":
            return cell == "true"
    return cell[:_SECONDS] if kind.startswith("timestamp") else _short(cell)


def _plain(value: Any) -> str | int | float | bool | None:
    """A value as the UI can show it."""
    match value:
        case None | bool() | int() | float():
            return value
        case Decimal():
            return float(value)
        case dt.datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}"
    return _short(str(value))


def _short(text: str) -> str:
    """The beginning of a text that is long; of a hash or UUID, a few characters."""
    longest = LONGEST_HASH if _HASH.fullmatch(text) else LONGEST
    return text if len(text) <= longest else f"{text[:longest]}…"
