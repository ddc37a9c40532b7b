"""Read a platform's folder with pyiceberg and DuckDB alone, as any other tool would.

The platform's own code is not used here: it would only agree with itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog

LAYERS = ("ledger", "bronze", "silver", "rejected")
IDENTITY = "_source_file, _source_version, _line"
RELEASED = ("marts", "analytics", "mobile", "my_schema")
GOLD = {"gold.duckdb": RELEASED, "warehouse.duckdb": ("intermediate",)}


def catalog(data: Path) -> SqlCatalog:
    """The lake's catalog."""
    return SqlCatalog("lake", uri=f"sqlite:///{data}/lake/catalog.db", warehouse=(data / "lake").as_uri())


def lake(data: Path, layer: str, stream: str = "commerce") -> pa.Table:
    """All rows of a layer's table of a stream."""
    opened = catalog(data)
    try:
        return opened.load_table((layer, stream)).scan().to_arrow()
    finally:
        opened.engine.dispose()


def snapshots(data: Path) -> dict[str, list[int]]:
    """The snapshots of every table, oldest first."""
    opened = catalog(data)
    try:
        return {
            layer: [snapshot.snapshot_id for snapshot in opened.load_table((layer, "commerce")).snapshots()]
            for layer in LAYERS
        }
    finally:
        opened.engine.dispose()


def query(data: Path, sql: str, stream: str = "commerce") -> list[tuple[Any, ...]]:
    """SQL over the lake's tables of a stream, named by layer."""
    with duckdb.connect(":memory:") as con:
        con.execute("SET TimeZone = 'UTC'")
        for layer in LAYERS:
            if layer in sql:
                con.register(layer, lake(data, layer, stream))
        return con.execute(sql).fetchall()


def gold(data: Path, sql: str, file: str = "gold.duckdb") -> list[tuple[Any, ...]]:
    """SQL over the released marts."""
    with duckdb.connect(str(data / file), read_only=True) as con:
        con.execute("SET TimeZone = 'UTC'")
        return con.execute(sql).fetchall()


def assert_conserved(data: Path, stream: str = "commerce") -> None:
    """Every row of bronze is in exactly one of silver and rejected, and bronze holds each record once."""
    kept = f"(SELECT {IDENTITY} FROM silver UNION ALL SELECT {IDENTITY} FROM rejected)"
    for one, other in ((f"SELECT {IDENTITY} FROM bronze", kept), (kept, f"SELECT {IDENTITY} FROM bronze")):
        assert query(data, f"({one}) EXCEPT ALL ({other})", stream) == []
    ((rows, distinct),) = query(data, f"SELECT count(*), count(DISTINCT ({IDENTITY})) FROM bronze", stream)
    assert rows == distinct


def assert_same(
    data: Path, other: Path, layers: Sequence[str] = LAYERS, streams: Sequence[str] = ("commerce",)
) -> None:
    """Two platforms hold the same rows in every table of lake and gold; only the load times may differ."""
    with duckdb.connect(":memory:") as con:
        for stream, layer in product(streams, layers):
            con.register("one", lake(data, layer, stream))
            con.register("two", lake(other, layer, stream))
            rows = "SELECT * EXCLUDE (_ingested_at) FROM"
            _assert_equal(con, f"{layer} {stream}", f"{rows} one", f"{rows} two")
        for file, schemas in GOLD.items():
            con.execute(f"ATTACH '{data / file}' AS g1 (READ_ONLY); ATTACH '{other / file}' AS g2 (READ_ONLY)")
            names = [_tables(con, database, schemas) for database in ("g1", "g2")]
            assert names[0] == names[1]
            assert names[0]
            for table in names[0]:
                _assert_equal(con, f"{file} {table}", f"SELECT * FROM g1.{table}", f"SELECT * FROM g2.{table}")
            con.execute("DETACH g1; DETACH g2")


def _tables(con: duckdb.DuckDBPyConnection, database: str, schemas: Sequence[str]) -> list[str]:
    chosen = "FROM duckdb_tables() WHERE database_name = ? AND schema_name IN ?"
    sql = f"SELECT schema_name || '.' || table_name {chosen} ORDER BY 1"
    return [name for (name,) in con.execute(sql, [database, list(schemas)]).fetchall()]


def _assert_equal(con: duckdb.DuckDBPyConnection, name: str, one: str, two: str) -> None:
    for first, second, side in ((one, two, "only the first has"), (two, one, "only the second has")):
        extra = con.execute(f"({first}) EXCEPT ALL ({second})").fetchall()
        assert not extra, f"{name}: {side} {len(extra)} rows, such as {extra[:2]}"


def revenue(data: Path) -> dict[str, dict[str, Decimal]]:
    """Revenue of completed orders by date and currency, from the released marts."""
    sql = (
        "SELECT ordered_date, currency, sum(revenue) FROM marts.fct_orders WHERE is_completed GROUP BY ALL ORDER BY ALL"
    )
    days: dict[str, dict[str, Decimal]] = {}
    for day, currency, total in gold(data, sql):
        days.setdefault(day.isoformat(), {})[currency] = total
    return days
