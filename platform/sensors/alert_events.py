"""Alert events: what rules see of check results and of runs, in Dagster's event log.

Belongs here: reading the log after a place in it, and turning events into observations. Not here: what is told because
of them (`alert_state`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import replace

import dagster as dg
from dagster._core.events.log import EventLogEntry

from assets.freshness import HOUR
from assets.run_history import failed_runs
from partitions import HOURS_PER_RUN, hour_of, key_of
from resources.alerts.rules import Rules
from sensors.alert_state import Observation

EVENTS_PER_TICK = 1000
# Transactions of several writers may end in another order than their numbers have.
SETTLED_AFTER = dt.timedelta(seconds=2)
_RUN_ENDS = {dg.DagsterEventType.RUN_SUCCESS: True, dg.DagsterEventType.RUN_FAILURE: False}
_KINDS = (dg.DagsterEventType.ASSET_CHECK_EVALUATION, *_RUN_ENDS)
Events = list[tuple[int, EventLogEntry]]


def last_event(instance: dg.DagsterInstance) -> int:
    """The place of the log's last event; 0 if it is empty."""
    return instance.event_log_storage.get_maximum_record_id() or 0


def events_from(instance: dg.DagsterInstance, first: int, now: dt.datetime) -> Events:
    """The next results of checks and ends of runs from a place in the log on, in order."""
    found: dict[int, EventLogEntry] = {}
    end: float = float("inf")
    for kind in _KINDS:
        page = instance.event_log_storage.get_logs_for_all_runs_by_log_id(first - 1, kind, EVENTS_PER_TICK)
        found |= page
        if len(page) == EVENTS_PER_TICK:  # there may be more, so what comes after them must wait
            end = min(end, max(page))
    settled = (now - SETTLED_AFTER).timestamp()
    end = min([end, *(place - 1 for place, entry in found.items() if entry.timestamp > settled)])
    return [(place, found[place]) for place in sorted(found) if place <= end]


def observations(instance: dg.DagsterInstance, rules: Rules, events: Events) -> Iterator[Observation]:
    """What the rules see in events, in order."""
    for place, entry in events:
        is_check = entry.get_dagster_event().event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION
        found = _of_check(rules, entry) if is_check else _of_run(instance, rules, entry)
        yield from (replace(seen, place=(place, number)) for number, seen in enumerate(found))


def _of_check(rules: Rules, entry: EventLogEntry) -> Iterator[Observation]:
    found = entry.get_dagster_event().asset_check_evaluation_data
    asset, is_error = found.asset_key.to_user_string(), found.severity is dg.AssetCheckSeverity.ERROR
    for rule in rules.alert.check:
        if rule.watches(asset, found.check_name):
            yield Observation(
                rule=rule.name,
                subject=f"{asset} {found.check_name}",
                well=found.passed or (rule.severity == "error" and not is_error),
                at=_time(entry),
                parts=(found.partition or "",),
                is_error=is_error,
                why=(found.description or "").partition("\n")[0].strip("*"),
                path=f"/assets/{asset}?view=checks&checkDetail={found.check_name}",
            )


def _of_run(instance: dg.DagsterInstance, rules: Rules, entry: EventLogEntry) -> Iterator[Observation]:
    watching = [rule for rule in rules.alert.run if rule.watches(entry.job_name or "")]
    run = instance.get_run_by_id(entry.run_id) if watching else None
    if run is None:
        return
    well = _RUN_ENDS[entry.get_dagster_event().event_type]
    why = "" if well else failed_runs(instance, [run.run_id]).get(run.run_id, "")
    for rule in watching:
        yield Observation(
            rule=rule.name,
            subject=run.job_name,
            well=well,
            at=_time(entry),
            parts=run_parts(run.tags, [key.path[-1] for key in run.asset_selection or ()]),
            why=why,
            path=f"/runs/{run.run_id}",
        )


def run_parts(tags: Mapping[str, str], names: list[str]) -> tuple[str, ...]:
    """What a run is about, each as `<name> <partition>`: its assets' last names and its partitions; `*` for all."""
    first = tags.get("dagster/asset_partition_range_start") or tags.get("dagster/partition") or "*"
    last = tags.get("dagster/asset_partition_range_end") or first
    keys = [first] if first == last else _hours(first, last)
    return tuple(f"{name} {key}" for name in sorted(set(names)) or ["*"] for key in keys)


def _hours(first: str, last: str) -> list[str]:
    """The arrival hours of a range; a range of anything else is a part of its own."""
    try:
        begin, count = hour_of(first), (hour_of(last) - hour_of(first)) // HOUR + 1
    except ValueError:
        return [f"{first} to {last}"]
    return [key_of(begin + number * HOUR) for number in range(min(count, HOURS_PER_RUN))]


def _time(entry: EventLogEntry) -> dt.datetime:
    return dt.datetime.fromtimestamp(entry.timestamp, dt.UTC)
