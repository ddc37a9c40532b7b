"""The guard finds statements that only the stand-ins would run."""

from __future__ import annotations

import pytest
from dialects import objections

BOTH = {
    "select count(*) filter (where x) from t": "FILTER (WHERE …)",
    "select distinct on (a) a, b from t": "DISTINCT ON",
    "select sum(x) over (order by d range between 6 preceding and current row) from t": "a window of RANGE or GROUPS",
    "select epoch_us(x) from t": "function epoch_us",
    "select list_transform(xs, x -> x + 1) from t": "a lambda",
    "select cast(x as struct(a varchar)) from t": "an array or struct type",
    "select * exclude (a) from t": "SELECT * without or with other columns",
    "select (((": "does not parse",
}
SNOWFLAKE = {
    "select x at time zone 'UTC' from t": "AT TIME ZONE",
    "select * from t cross join unnest(t.items) as u": "UNNEST",
}
REDSHIFT = {
    "select a, count(*) from t group by all": "GROUP BY ALL",
    "select a is not distinct from b from t": "IS DISTINCT FROM",
    "select * from t cross join lateral (select 1) as l": "LATERAL or UNNEST",
    "select * from (values (1), (2)) as v (x)": "VALUES as a table",
    "select sum(x) over (partition by a order by b) from t": "an aggregate over ordered rows without a frame",
    "select first_value(x ignore nulls) over (order by b) from t": "an aggregate over ordered rows without a frame",
    "select count(distinct x) over (partition by a) from t": "DISTINCT in a window",
    "select cast(x as varchar) from t": "varchar or decimal without a size",
    "select sum(new) as total from t": "a reserved word as a name",
    "create table t (x decimal)": "varchar or decimal without a size",
}
BAD = [(sql, dialect, found) for dialect in ("snowflake", "redshift") for sql, found in BOTH.items()]
BAD += [(sql, "snowflake", found) for sql, found in SNOWFLAKE.items()]
BAD += [(sql, "redshift", found) for sql, found in REDSHIFT.items()]


@pytest.mark.parametrize(("sql", "dialect", "found"), BAD)
def test_what_a_dialect_lacks_is_found(sql: str, dialect: str, found: str) -> None:
    """Each of these runs on DuckDB, on PostgreSQL or on fakesnow."""
    assert any(objection.startswith(found) for objection in objections(sql, dialect)), objections(sql, dialect)


GOOD = [
    ("select convert_timezone('UTC', x)::date, first_value(y) ignore nulls over (order by z) from t", "snowflake"),
    ("select f.value:a::varchar from t, lateral flatten(input => t.items) as f", "snowflake"),
    ("select item.a from t, t.items as item at i", "redshift"),
    ("select listagg(x, ' > ') within group (order by y), lower(to_hex(k)) from t group by k", "redshift"),
    ("select json_extract_path_text(json_extract_array_element_text(x, 0, true), 'a', true) ~ '^[0-9]+$'", "redshift"),
    ("select listagg(x, ' > ') within group (order by y), lower(hex_encode(k)) from t group by k", "snowflake"),
    ("select sum(x) over (order by b rows unbounded preceding), lag(x) over (order by b) from t", "redshift"),
    ("select cast(x at time zone 'UTC' as date), dateadd(day, 1, x), cast(y as varchar(65535)) from t", "redshift"),
]


@pytest.mark.parametrize(("sql", "dialect"), GOOD)
def test_what_a_dialect_has_is_let_through(sql: str, dialect: str) -> None:
    """A guard with false alarms would be switched off."""
    assert objections(sql, dialect) == []
