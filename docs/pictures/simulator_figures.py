"""Figures of simulated events, read from the records as they land: people, sessions, funnels, retention.

`simulator.py` draws them. Nothing here knows how the events were made.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl

from simulate.plan import Plan
from simulate.streams import STREAMS

FUNNELS = Path(__file__).parents[2] / "dbt/seeds/funnels.csv"
GAP_S = 1_800  # ends a session where the producer gives no session id
STEPS = ("INITIAL_EVENT", "EVENT_2", "EVENT_3", "EVENT_OUT")
NO_STEP = ("Null", "", None)
Event = tuple[str | None, str | None, str, str, str]
"""Person, session, name, time, and channel or user agent (empty where there is none)."""


def _snowplow(record: dict[str, Any]) -> Iterator[Event]:
    person, session = record["user_id"] or record["domain_userid"], record["domain_sessionid"]
    if "client_session" in record["contexts"]:
        entities = json.loads(record["contexts"])["data"]
        client = next(entity["data"] for entity in entities if "client_session" in entity["schema"])
        person, session = record["user_id"] or client["userId"], client["sessionId"]
    at = record["true_tstamp"] or record["derived_tstamp"] or record["collector_tstamp"]
    yield person or None, session or None, record["event_name"], at, record["mkt_medium"] or record["useragent"]


def _mobile(record: dict[str, Any]) -> Iterator[Event]:
    for step in STEPS:
        if record[step] not in NO_STEP:
            yield record["USER_ID"], None, record[step], record["CREATED_AT"], ""
    if record["ORDER_TYPE"].upper() != "USER_VISIT" and record["STATUS"].upper() == "COMPLETED":
        yield record["USER_ID"], None, "purchase", record["CREATED_AT"], ""


def _web(record: dict[str, Any]) -> Iterator[Event]:
    agent = "bot" if "HeadlessChrome" in str(record["props"]) else ""
    at = record.get("occurred_at") or record["timestamp"]
    yield record["user_id"], record["session_id"], record["event_type"], at, agent


def _clickstream(record: dict[str, Any]) -> Iterator[Event]:
    yield record["user_id"], record["session_id"], record["event_type"], record["timestamp"], ""


def _commerce(record: dict[str, Any]) -> Iterator[Event]:
    customer = record["customer"]["customer_id"]
    person = None if customer is None else str(customer)
    channel = record["session"]["channel"]
    yield person, record["session_id"], record["event_type"], record["event_timestamp"], channel


READERS: dict[str, Callable[[dict[str, Any]], Iterator[Event]]] = {
    "snowplow": _snowplow,
    "mobile": _mobile,
    "web": _web,
    "clickstream": _clickstream,
    "commerce": _commerce,
}


def read_events(stream: str, plan: Plan) -> pl.DataFrame:
    """One row per event of the plan's good records: `person`, `session`, `name`, `at`, `source`, and `arrival`.

    Where the producer gives no session id, a gap of more than half an hour ends a session.
    """
    simulated, rows = STREAMS[stream], []
    for file in plan.files(simulated.transport.parts(plan)):
        for line in simulated.source.batch(file).lines:
            rows += [(*event, file.hour_start) for event in READERS[stream](simulated.format.parse(line))]
    events = pl.DataFrame(rows, ["person", "session", "name", "at", "source", "arrival"], orient="row")
    clock = pl.col("at").str.slice(0, 19).str.replace("T", " ").str.to_datetime("%Y-%m-%d %H:%M:%S")
    events = events.with_columns(at=clock).sort("at", maintain_order=True)
    if stream != "mobile":
        return events
    paused = (pl.col("at").diff() > pl.duration(seconds=GAP_S)).fill_null(True).over("person")
    return events.with_columns(run=paused.cum_sum().over("person")).with_columns(
        session=pl.concat_str("person", "run", separator="/")
    )


def sessions(events: pl.DataFrame) -> pl.DataFrame:
    """One row per session: `minutes`, `events`, `source` and `names`."""
    of_session = events.drop_nulls("session").group_by("session", maintain_order=True)
    minutes = (pl.col("at").max() - pl.col("at").min()).dt.total_seconds() / 60
    return of_session.agg(minutes=minutes, events=pl.len(), source=pl.col("source").max(), names="name")


def events_per_person(events: pl.DataFrame) -> pl.Series:
    """The number of events of each person, the most active first."""
    return events.drop_nulls("person").group_by("person").len()["len"].sort(descending=True)


def retention(events: pl.DataFrame, first: int, days: int) -> list[float]:
    """Of the people whose first event is on the plan's day `first`, the share that has one so many days later."""
    start = events["arrival"].min().date()  # type: ignore[union-attr]
    day = (pl.col("at").dt.date() - start).dt.total_days()
    active = events.drop_nulls("person").select("person", day=day).unique()
    cohort = active.group_by("person").agg(first=pl.col("day").min()).filter(pl.col("first") == first)
    back = active.join(cohort, on="person").group_by(age=pl.col("day") - first).len()
    counts = dict(back.iter_rows())
    return [counts.get(age, 0) / len(cohort) for age in range(days + 1)]


def funnel(events: pl.DataFrame, stream: str) -> list[tuple[str, int]]:
    """The people who reach each step of the stream's funnel of plain event names, in the order of the steps."""
    with FUNNELS.open() as file:
        rows = [row for row in csv.DictReader(file) if row["stream"] == stream]
    with_conditions = {row["funnel"] for row in rows if row["condition_column"]}
    steps = [row["event_name"] for row in rows if row["funnel"] not in with_conditions]
    reached = [0] * len(steps)
    for names in events.drop_nulls("person").group_by("person").agg("name")["name"]:
        done = 0
        for name in names:
            if done < len(steps) and name == steps[done]:
                reached[done] += 1
                done += 1
    return list(zip(steps, reached, strict=True))
