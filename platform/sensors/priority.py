"""Priority: which requested runs go first, as tags of runs.

Runs of live data go before all others, and gold before these: one gold run follows any number of arrivals. The number
of runs that may execute at once is in `dagster.yaml`, and also how many of them backfills and a backlog may take.
"""

from __future__ import annotations

_TAG = "dagster/priority"
GOLD = {_TAG: "20"}
LIVE = {_TAG: "10"}
BACKLOG = {"backlog": "true"}  # a backfill of Dagster's has the tag dagster/backfill
