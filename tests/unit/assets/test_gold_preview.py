"""Previews: which rows, in which order, and how short."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from assets.gold_preview import LONGEST, ROWS, preview, read_previews, records_table
from assets.gold_queries import Query

HASH, UUID, LONG = "0a" * 16, "01234567-89ab-cdef-0123-456789abcdef", "many words " * 20
TYPES = {
    "number": "bigint", "amount": "decimal(38,6)", "share": "double precision", "good": "boolean", "text": "varchar",
    "moment": "timestamptz", "day": "date", "things": "json",
}  # fmt: skip


def node(name: str, order: str | None = None, **types: str) -> dict[str, Any]:
    meta = {"preview": order} if order else {}
    columns = {column: {"data_type": kind} for column, kind in types.items()}
    return {"unique_id": name, "columns": columns, "config": {"meta": meta}}


@pytest.fixture
def query() -> Iterator[Query]:
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute("""CREATE TABLE wide AS SELECT i AS number, i * 1.5::DECIMAL(38, 6) AS amount, i / 3 AS share,
            i % 2 = 0 AS good, CASE i WHEN 0 THEN NULL ELSE 't' || i END AS text,
            TIMESTAMPTZ '2026-01-01 09:00:00.123+00' + to_days(i::INTEGER) AS moment,
            DATE '2026-01-01' + i::INTEGER AS day, '{}'::JSON AS things FROM range(20) AS t (i);
            CREATE TABLE narrow AS SELECT 'x' AS text""")
        yield lambda sql: con.execute(sql).fetchall()


def shown(query: Query, *previews: Any) -> list[list[dict[str, Any]]]:
    tables, errors = read_previews(query, previews)
    assert errors == {}
    return [[dict(record.data) for record in tables[each.model].records] for each in previews]


def test_a_preview_has_the_first_rows_in_its_order(query: Query) -> None:
    """Values keep their types; objects are left out."""
    wide = preview(node("wide", "number desc", **TYPES), "wide", "", None)
    narrow = preview(node("narrow", text="varchar"), "narrow", "", None)
    first, second = shown(query, wide, narrow)
    assert [row["number"] for row in first] == list(range(19, 19 - ROWS, -1))
    assert first[0] == {
        "number": 19, "amount": 28.5, "share": 6.3333, "good": False, "text": "t19", "moment": "2026-01-20 09:00:00",
        "day": "2026-01-20",
    }  # fmt: skip
    assert second == [{"text": "x"}]


def test_a_preview_of_an_event_date_has_its_rows_only(query: Query) -> None:
    (rows,) = shown(query, preview(node("wide", number="bigint", text="varchar"), "wide", "day", "2026-01-01"))
    assert rows == [{"number": 0, "text": None}]


def test_what_cannot_be_read_is_an_error_of_its_model(query: Query) -> None:
    """All other previews are shown."""
    bad, good = (preview(node(name, number="bigint"), name, "", None) for name in ("lost", "wide"))
    tables, errors = read_previews(query, [bad, good])
    assert set(tables) == {"wide"}
    assert set(errors) == {"lost"}
    assert read_previews(query, []) == ({}, {})


def test_long_texts_and_hashes_are_cut() -> None:
    """They are noise on a page, and hashes are of people."""
    moment = dt.datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=dt.UTC)
    (record,) = records_table([
        {"hash": HASH, "uuid": UUID, "long": LONG, "at": moment, "amount": Decimal("1.50"), "none": None, "good": True}
    ]).records  # fmt: skip
    assert record.data == {
        "hash": "0a0a0a0a…", "uuid": "01234567…", "long": f"{LONG[:LONGEST]}…", "at": "2026-01-02 03:04:05",
        "amount": 1.5, "none": None, "good": True,
    }  # fmt: skip
