"""Cost: what the runs of the last days took, by stream, model and day, and what that costs.

    python -m assets.cost [--days 7] [--by-day] [--format table|json|csv] [--prices FILE]

Belongs here: asking the event log and the lake, and showing. Not here: sums and prices (`cost_sums`), what a step
notes (`run_costs`).
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import json
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import dagster as dg
from rich.console import Console
from rich.table import Table

from assets.cost_sums import GB, InvalidPrices, Line, Spent, Step, load_prices, storage_price, sum_up, total
from assets.run_costs import NUMBERS
from assets.status import watched_assets
from contracts import STREAMS
from contracts.stream import Stream
from lake.schemas import Layer
from lake.tables import Lake
from lake.written_files import stored_bytes
from resources.environment import make

PRICES = Path(__file__).resolve().parents[2] / "prices.toml"
PAGE = 1000
_COLUMNS = ("asset", "runs", "rows", "CPU s", "query s", "read MB", "written MB", "price")


def steps_since(instance: dg.DagsterInstance, assets: Sequence[dg.AssetKey], since: dt.datetime) -> Iterator[Step]:
    """What each run since an instant took, from the metadata of what it materialized."""
    for asset in assets:
        asked, cursor = dg.AssetRecordsFilter(asset, after_timestamp=since.timestamp()), None
        while True:
            page = instance.fetch_materializations(asked, PAGE, cursor)
            for record in page.records:
                made = record.asset_materialization
                if made and (found := spent_of(made.metadata)):
                    day = dt.datetime.fromtimestamp(record.timestamp, dt.UTC).date()
                    yield Step(record.run_id, day, asset.to_user_string(), found)
            if not page.has_more:
                break
            cursor = page.cursor


def spent_of(metadata: Mapping[str, dg.MetadataValue[Any]]) -> Spent | None:
    """What a materialization notes of its step; None if it notes nothing."""
    numbers = {name: metadata[key].value for name, key in NUMBERS.items() if key in metadata}
    return Spent(runs=1, **numbers) if numbers else None


def stored(lake: Lake, streams: Sequence[Stream]) -> dict[str, int]:
    """The bytes of the lake's tables, without those of old snapshots."""
    tables = {f"{layer.value}/{each.name}": lake.existing(layer, each) for each in streams for layer in Layer}
    return {name: stored_bytes(table) for name, table in tables.items() if table}


def show(lines: Sequence[Line], currency: str) -> None:
    """A table on the terminal for each day, or one for all days."""
    console = Console()
    for day in dict.fromkeys(line.day for line in lines):
        of_day = [line for line in lines if line.day == day]
        table = Table(title=str(day) if day else None, title_justify="left")
        for number, name in enumerate(_COLUMNS):
            table.add_column(f"{name} ({currency})" if name == "price" else name, justify="right" if number else "left")
        for line in of_day:
            table.add_row(line.asset, *_cells(line.spent, line.price))
        table.add_section()
        table.add_row("total", *_cells(*total(of_day)))
        console.print(table)


def _cells(spent: Spent, price: float) -> Iterator[str]:
    yield f"{spent.runs:,}"
    yield f"{spent.rows:,.0f}"
    yield f"{spent.cpu_seconds:,.1f}"
    yield f"{spent.query_seconds:,.1f}"
    yield f"{spent.bytes_read / 1e6:,.1f}"
    yield f"{spent.bytes_written / 1e6:,.1f}"
    yield f"{price:,.5f}"


def records(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """The lines as records, for programs."""
    return [
        {"day": str(line.day) if line.day else None, "stream": line.stream, "asset": line.asset}
        | asdict(line.spent)
        | {"price": line.price}
        for line in lines
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the sums of the current deployment."""
    parser = argparse.ArgumentParser(prog="python -m assets.cost", description="What the runs of the last days took.")
    parser.add_argument("--days", type=int, default=7, help="how many days, today included (default: 7)")
    parser.add_argument("--by-day", action="store_true", help="sum up each day by itself")
    parser.add_argument("--format", choices=("table", "json", "csv"), default="table")
    parser.add_argument("--prices", type=Path, default=PRICES, help="the file of prices (default: prices.toml)")
    asked = parser.parse_args(arguments)
    try:
        prices = load_prices(asked.prices)
    except InvalidPrices as error:
        print(error, file=sys.stderr)
        return 1
    log = logging.getLogger(__name__)
    lake, warehouse = (make(name, STREAMS, log) for name in ("lake", "warehouse"))
    midnight = dt.datetime.now(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    keys = sorted({key for each in watched_assets(STREAMS) for key in each.keys})
    with dg.DagsterInstance.get() as instance:
        steps = [*steps_since(instance, keys, midnight - dt.timedelta(days=asked.days - 1))]
    lines = sum_up(steps, prices, str(warehouse.profile()["type"]), asked.by_day)
    if asked.format == "table":
        show(lines, prices.currency)
        held = stored(lake, STREAMS)
        month = storage_price(held, prices)
        print(f"stored in the lake: {sum(held.values()) / GB:,.3f} GB, {month:,.4f} {prices.currency} a month")
    elif asked.format == "json":
        print(
            json.dumps(
                {"currency": prices.currency, "stored": stored(lake, STREAMS), "lines": records(lines)}, indent=2
            )
        )
    else:
        found = records(lines)
        writer = csv.DictWriter(
            sys.stdout, found[0] if found else ["day", "stream", "asset", "price"], lineterminator="\n"
        )
        writer.writeheader()
        writer.writerows(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
