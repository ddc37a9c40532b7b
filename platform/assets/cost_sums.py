"""Cost sums: what runs took, summed by day and asset, and priced.

Belongs here: adding up and multiplying. Not here: reading runs and tables (`cost`), measuring (`run_costs`).
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

GB, HOUR_S = 1e9, 3600.0


class InvalidPrices(Exception):
    """The file of prices cannot be read or lacks a price; the message names file and price."""


class Prices(BaseModel):
    """The file `prices.toml`, which explains each price."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    currency: str
    cpu_hour: float = Field(ge=0)
    storage_gb_month: float = Field(ge=0)
    get_per_1000: float = Field(ge=0)
    put_per_1000: float = Field(ge=0)
    snowflake_credit: float = Field(ge=0)
    snowflake_credits_per_hour: float = Field(ge=0)
    redshift_rpu_hour: float = Field(ge=0)
    redshift_rpus: float = Field(ge=0)

    def query_hour(self, warehouse: str) -> float:
        """The price of an hour of queries, by dbt's name of the kind of warehouse. DuckDB's are in the CPU's price."""
        by_kind = {
            "snowflake": self.snowflake_credit * self.snowflake_credits_per_hour,
            "redshift": self.redshift_rpu_hour * self.redshift_rpus,
        }
        return by_kind.get(warehouse, 0.0)


def load_prices(path: Path) -> Prices:
    """Read the file. Raises `InvalidPrices`."""
    try:
        return Prices.model_validate(tomllib.loads(path.read_text()))
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise InvalidPrices(f"{path}: {problems}") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidPrices(f"{path}: {error}") from error


@dataclass(frozen=True)
class Spent:
    """What runs took. `runs` that read, wrote or computed something; seconds, bytes and requests of all of them."""

    runs: int = 0
    rows: float = 0
    cpu_seconds: float = 0
    bytes_read: float = 0
    bytes_written: float = 0
    objects_read: float = 0
    files_written: float = 0
    query_seconds: float = 0

    def plus(self, other: Spent) -> Spent:
        """Both together."""
        return Spent(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(Spent)))

    def price(self, prices: Prices, warehouse: str) -> float:
        """The price, without that of storage."""
        return (
            self.cpu_seconds / HOUR_S * prices.cpu_hour
            + self.query_seconds / HOUR_S * prices.query_hour(warehouse)
            + self.objects_read / 1000 * prices.get_per_1000
            + self.files_written / 1000 * prices.put_per_1000
        )


@dataclass(frozen=True)
class Step:
    """What one run took for one asset."""

    run_id: str
    day: dt.date
    asset: str
    spent: Spent


@dataclass(frozen=True)
class Line:
    """A line of the table: what an asset took on a day, or over all days (`day` is None)."""

    day: dt.date | None
    asset: str
    spent: Spent
    price: float

    @property
    def stream(self) -> str:
        """The stream of a lake asset; `gold` for models."""
        layer, _, name = self.asset.partition("/")
        return layer if layer == "gold" else name


def sum_up(steps: Iterable[Step], prices: Prices, warehouse: str, by_day: bool) -> list[Line]:
    """The sums by day (the newest first) and asset, or by asset alone; the dearest first.

    A run that materialized several partitions of an asset took its numbers once.
    """
    once = {(step.run_id, step.asset): step for step in steps}
    sums: dict[tuple[dt.date | None, str], Spent] = {}
    for step in once.values():
        key = (step.day if by_day else None, step.asset)
        sums[key] = sums.get(key, Spent()).plus(step.spent)
    lines = [Line(day, asset, spent, spent.price(prices, warehouse)) for (day, asset), spent in sums.items()]
    return sorted(lines, key=lambda line: (-(line.day or dt.date.min).toordinal(), -line.price, line.asset))


def total(lines: Iterable[Line]) -> tuple[Spent, float]:
    """All lines together, and their price."""
    spent, price = Spent(), 0.0
    for line in lines:
        spent, price = spent.plus(line.spent), price + line.price
    return spent, price


def storage_price(stored: Mapping[str, int], prices: Prices) -> float:
    """The price of a month of bytes by table."""
    return sum(stored.values()) / GB * prices.storage_gb_month
