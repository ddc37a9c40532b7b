"""Limits: how DuckDB reads each stream's landed files into typed columns, the fastest way we know.

The options and columns of DuckDB's readers belong here. Measuring is in `bench`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from contracts.snowplow import SNOWPLOW
from events.enriched import FIELDS

JOURNEY = """USER_ID INITIAL_EVENT EVENT_2 EVENT_3 EVENT_OUT OS_USER CITY LATITUDE LONGITUDE ORDER_TYPE STATUS
    PAYMENT_METHOD CREATED_AT HOURLY_PURCHASE_COUNT DAILY_PURCHASE_COUNT"""
TEXT, TIME, MONEY = "VARCHAR", "TIMESTAMPTZ", "DECIMAL(24,6)"


@dataclass(frozen=True)
class Limit:
    """A function of DuckDB that reads files, its options and columns. `forgiving`: it skips malformed records."""

    reader: str
    options: str
    columns: Mapping[str, str]
    forgiving: bool = True

    def sql(self, files: str) -> str:
        """The SQL that reads all files that match a pattern."""
        columns = ", ".join(f"'{name}': '{kind}'" for name, kind in self.columns.items())
        return f"{self.reader}('{files}', {self.options}, columns = {{{columns}}})"


def enriched() -> dict[str, str]:
    """The types of an enriched event's fields, from the contract."""
    kinds = {pl.Int64: "BIGINT", pl.Float64: "DOUBLE", pl.Boolean: "BOOLEAN", pl.Datetime: TIME, pl.Decimal: MONEY}
    return {name: kinds.get(type(SNOWPLOW.types.get(name)), TEXT) for name in FIELDS}


LINES = "format = 'newline_delimited', ignore_errors = true"
LIMITS: Mapping[str, Limit] = {
    "snowplow": Limit(
        "read_csv", "delim = '\t', header = false, quote = '', escape = '', ignore_errors = true", enriched()
    ),
    "mobile": Limit(
        "read_json",
        "format = 'unstructured'",
        dict.fromkeys(JOURNEY.split(), TEXT),  # texts such as "Null" prevent other types
        forgiving=False,
    ),
    "web": Limit(
        "read_json",
        LINES,
        {"topic": TEXT, "partition": "BIGINT", "offset": "BIGINT", "key": TEXT, "timestamp": "BIGINT", "value": TEXT},
    ),
    "clickstream": Limit(
        "read_json",
        LINES,
        {
            **{"timestamp": TIME, "user_id": TEXT, "session_id": TEXT, "event_type": TEXT, "product_id": TEXT},
            **{"quantity": "BIGINT", "price": MONEY, "category": TEXT, "search_query": TEXT},
        },
    ),
    "commerce": Limit(
        "read_json",
        LINES,
        {
            **{"event_id": TEXT, "session_id": TEXT, "event_timestamp": TIME, "event_type": TEXT},
            "customer": """STRUCT(customer_id VARCHAR, email VARCHAR, first_name VARCHAR, last_name VARCHAR,
                country VARCHAR)""",
            "order": """STRUCT(order_id VARCHAR, status VARCHAR, currency VARCHAR, total_amount DECIMAL(24,6),
                tax DECIMAL(24,6), shipping DECIMAL(18,2), items STRUCT(product STRUCT(id VARCHAR, name VARCHAR,
                category VARCHAR, price DECIMAL(24,6)), quantity BIGINT)[])""",
            "session": "STRUCT(channel VARCHAR, device VARCHAR)",
        },
    ),
}
