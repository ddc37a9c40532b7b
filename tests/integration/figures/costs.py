"""What channels cost, summed from rows of the seed `campaign_costs`."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from decimal import Decimal

from figures.events import World
from figures.money import rounded


def costs(world: World) -> dict[tuple[dt.date, str], dict[str, Decimal]]:
    """The costs by currency, for each date up to the as-of date and each channel."""
    found: dict[tuple[dt.date, str], dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for row in world.seeded.get("campaign_costs", ()):
        if row["date"] <= world.as_of:
            found[row["date"], row["channel"]][row["currency"]] += row["cost"]
    return {key: {currency: rounded(cost, currency) for currency, cost in sums.items()} for key, sums in found.items()}
