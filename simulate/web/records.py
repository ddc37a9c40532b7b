"""The JSON text of web records, a column at a time.

How a record is written belongs here: names and order of fields, and what differs from producer to producer.
"""

from __future__ import annotations

import polars as pl

from simulate import dice, text
from simulate.plan import Plan
from simulate.web.props import props

# The types of event and entity, and the request behind it.
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
KINDS = pl.Series(EVENT_TYPES)
ENTITIES = pl.Series([action[1] for action in ACTIONS])
REQUESTS = pl.Series([f'"method":"{method}","path":"{path}"' for _, _, method, path in ACTIONS])
ENTITY_COUNT = 500  # things of each kind, some of which many people come to
DESCRIPTIONS = pl.Series(["", *["test user did something with: "] * 3, 'user said \\"héllo\\" of: '])
NAMES = pl.Series(["ada", "björn", "chen", "dana", "el_niño", "fatima", "grace", "o'brien"])
MICROSECONDS = pl.Series([f"{micro:03d}" for micro in range(1000)])
ZONES = pl.Series(["Z", "+00:00"])

RECORD = (
    '{"user_id":"<user>","event_type":"<kind>","description":"<description>","entity_type":"<entity>",'
    '"entity_id":"<entity_id>","session_id":"<session>",<username>"props":<props>,'
    '"request":{<request>,"ip_address":"<ip>"},"<clock>":"<stamp>"}'
)


def written(plan: Plan, events: pl.DataFrame) -> pl.DataFrame:
    """See `visits.Visits`."""
    rows = events.with_columns(
        member=(dice.uniform("member") ** 2 * plan.pool).cast(pl.Int64),
        thing=(dice.uniform("thing", "id") ** 2 * ENTITY_COUNT).cast(pl.Int64) * len(ACTIONS) + pl.col("event"),
        stamp=_stamps(events),
        ip=_address(),
        kind=pl.lit(KINDS).gather("event"),
        entity=pl.lit(ENTITIES).gather("event"),
        request=pl.lit(REQUESTS).gather("event"),
        clock=pl.when(dice.chance(0.3, "clock")).then(pl.lit("timestamp")).otherwise(pl.lit("occurred_at")),
    ).with_columns(
        person=dice.key(plan.seed, "members", "member"),
        thing=dice.key(plan.seed, "things", "thing"),
        props=props("ip"),
    )
    rows = rows.with_columns(
        _identifier(rows, "person", 24).alias("user"),
        _identifier(rows, "thing", 24).alias("entity_id"),
        _identifier(rows, "key", 32).alias("session"),
        _username().alias("username"),
    ).with_columns(description=_description())
    return rows.select("at", "event", "user", anonymous=pl.lit(None, dtype=pl.String), line=text.filled(RECORD))


def _address() -> pl.Expr:
    parts = [dice.below(223, "ip 0") + 1, *(dice.below(256, f"ip {place}") for place in (1, 2, 3))]
    local = dice.chance(0.2, "local")
    return pl.when(local).then(pl.lit("::1")).otherwise(pl.concat_str(parts, separator="."))


def _identifier(rows: pl.DataFrame, column: str, length: int) -> pl.Series:
    halves = rows.select(a=dice.roll("id a", column), b=dice.roll("id b", column))
    return (dice.hexadecimal(halves["a"]) + dice.hexadecimal(halves["b"])).str.slice(0, length)


def _username() -> pl.Expr:
    name = pl.concat_str(pl.lit('"username":"'), dice.pick(NAMES, "name", "person"), "member", pl.lit('",'))
    sent = dice.below(5, "sends a name")
    return pl.when(sent < 2).then(name).when(sent == 2).then(pl.lit('"username":"",')).otherwise(pl.lit(""))


def _description() -> pl.Expr:
    said = dice.pick(DESCRIPTIONS, "description", "id")
    return pl.when(said == "").then(said).otherwise(pl.concat_str(said, pl.col("entity_id").str.slice(0, 3)))


def _stamps(events: pl.DataFrame) -> pl.Series:
    zone = dice.pick(ZONES, "zone", "id")
    suffix = pl.concat_str(dice.pick(MICROSECONDS, "microseconds", "id"), zone)
    exact = text.timestamps(events["at"], pl.lit("T"), suffix, events.select("id"))
    whole = pl.concat_str(pl.col("exact").str.slice(0, len("2026-01-01T00:00:00")), zone)
    stamp = pl.when(dice.chance(0.15, "whole seconds", "id")).then(whole).otherwise("exact")
    return events.select("id", exact=exact).select(stamp.alias("stamp"))["stamp"]
