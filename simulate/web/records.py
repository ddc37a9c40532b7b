"""The JSON text of web records, a column at a time, with what differs from producer to producer."""

from __future__ import annotations

import polars as pl

from simulate import dice, text
from simulate.plan import Plan
from simulate.web.props import props

# Type of event, type of entity, method and path of the request.
ACTIONS = (
    ("login", "session", "POST", "/api/v1/sessions"),
    ("view", "post", "GET", "/api/v1/posts"),
    ("view", "article", "GET", "/api/v1/articles"),
    ("post", "post", "POST", "/api/v1/posts"),
    ("comment", "post", "POST", "/api/v1/comments"),
    ("like", "article", "PUT", "/api/v1/likes"),
    ("share", "article", "POST", "/api/v1/shares"),
)
LOGIN, VIEW_POST, VIEW_ARTICLE, POST, COMMENT, LIKE, SHARE = range(len(ACTIONS))
EVENT_TYPES = [action[0] for action in ACTIONS]
ENTITY_TYPES = pl.Series([action[1] for action in ACTIONS])
REQUESTS = pl.Series([f'"method":"{method}","path":"{path}"' for _, _, method, path in ACTIONS])
ENTITY_COUNT = 500  # entities of each type
DESCRIPTIONS = pl.Series(["", *["test user did something with: "] * 3, 'user said \\"héllo\\" of: '])
USERNAMES = pl.Series(["ada", "björn", "chen", "dana", "el_niño", "fatima", "grace", "o'brien"])

RECORD = (
    '{"user_id":"<user>","event_type":"<type>","description":"<description>","entity_type":"<entity>",'
    '"entity_id":"<entity_id>","session_id":"<session>",<username>"props":<props>,'
    '"request":{<request>,"ip_address":"<ip>"},"<clock>":"<stamp>"}'
)


def write_records(plan: Plan, events: pl.DataFrame) -> pl.DataFrame:
    """One record for each event; see `ScriptedSessions.write`."""
    rows = events.with_columns(
        # Squared: many people come to a few entities.
        entity_number=(dice.uniform("thing", "id") ** 2 * ENTITY_COUNT).cast(pl.Int64) * len(ACTIONS) + pl.col("event"),
        stamp=_timestamps(events),
        ip=_ip_address(),
        type=pl.lit(pl.Series(EVENT_TYPES)).gather("event"),
        entity=pl.lit(ENTITY_TYPES).gather("event"),
        request=pl.lit(REQUESTS).gather("event"),
        clock=pl.when(dice.chance(0.3, "clock")).then(pl.lit("timestamp")).otherwise(pl.lit("occurred_at")),
    ).with_columns(
        member=dice.key(plan.seed, "members", "person"),
        entity_key=dice.key(plan.seed, "things", "entity_number"),
        props=props("ip"),
    )
    rows = rows.with_columns(
        _identifier(rows, "member", 24).alias("user"),
        _identifier(rows, "entity_key", 24).alias("entity_id"),
        _identifier(rows, "key", 32).alias("session"),
        _username().alias("username"),
    ).with_columns(description=_description())
    return rows.select("at", "event", line=text.fill(RECORD))


def _ip_address() -> pl.Expr:
    parts = [dice.below(223, "ip 0") + 1, *(dice.below(256, f"ip {place}") for place in (1, 2, 3))]
    local = dice.chance(0.2, "local")
    return pl.when(local).then(pl.lit("::1")).otherwise(pl.concat_str(parts, separator="."))


def _identifier(rows: pl.DataFrame, column: str, length: int) -> pl.Series:
    halves = rows.select(a=dice.roll("id a", column), b=dice.roll("id b", column))
    return (dice.hexadecimal(halves["a"]) + dice.hexadecimal(halves["b"])).str.slice(0, length)


def _username() -> pl.Expr:
    name = pl.concat_str(pl.lit('"username":"'), dice.pick(USERNAMES, "name", "member"), "person", pl.lit('",'))
    form = dice.below(5, "sends a name")
    return pl.when(form < 2).then(name).when(form == 2).then(pl.lit('"username":"",')).otherwise(pl.lit(""))


def _description() -> pl.Expr:
    start = dice.pick(DESCRIPTIONS, "description", "id")
    return pl.when(start == "").then(start).otherwise(pl.concat_str(start, pl.col("entity_id").str.slice(0, 3)))


def _timestamps(events: pl.DataFrame) -> pl.Series:
    zone = dice.pick(text.UTC_SUFFIXES, "zone", "id")
    suffix = pl.concat_str(dice.pick(text.MICROSECONDS, "microseconds", "id"), zone)
    exact = text.timestamps(events["at"], pl.lit("T"), suffix, events.select("id"))
    whole = pl.concat_str(pl.col("exact").str.slice(0, len("2026-01-01T00:00:00")), zone)
    stamp = pl.when(dice.chance(0.15, "whole seconds", "id")).then(whole).otherwise("exact")
    return events.select("id", exact=exact).select(stamp.alias("stamp"))["stamp"]
