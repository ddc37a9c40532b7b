"""Print what a version of DuckDB reads in a release, as JSON. Needs nothing but DuckDB.

`python sums.py GOLD FILES`: the release's file, and JSON of the Parquet files of each mart's Iceberg table.
"""

import json
import sys

import duckdb


def sums(con: duckdb.DuckDBPyConnection, relation: str) -> list[str]:
    """The number of rows, and for each column the least and the greatest value and the number of bytes of all values as
    text.
    """
    columns = con.execute(f"SELECT column_name FROM (DESCRIBE FROM {relation}) ORDER BY 1").fetchall()
    of_each = (
        f"coalesce(min(\"{name}\")::VARCHAR, '') || ' ' || coalesce(max(\"{name}\")::VARCHAR, '') || ' ' "
        f'|| coalesce(sum(strlen("{name}"::VARCHAR)), 0)'
        for (name,) in columns
    )
    return list(con.execute(f"SELECT count(*)::VARCHAR, {', '.join(of_each)} FROM {relation}").fetchall()[0])


def main(gold: str, files: dict[str, list[str]]) -> None:
    with duckdb.connect(gold, read_only=True) as con:
        con.execute("SET TimeZone = 'UTC'")
        tables = con.execute("SELECT schema_name, table_name FROM duckdb_tables() ORDER BY ALL").fetchall()
        found = {name: sums(con, f'"{schema}"."{name}"') for schema, name in tables}
        marts = {name: sums(con, f"read_parquet({paths})") for name, paths in files.items() if paths}
    json.dump({"version": duckdb.__version__, "release": found, "marts": marts}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
