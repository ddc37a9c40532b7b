"""The JSON text of mobile records, a column at a time, in the many ways in which producers write the same thing."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from simulate import dice, text
from simulate.mobile.journeys import JOURNEYS
from simulate.plan import Plan


def _quoted(step: str) -> str | None:
    return f'"{step}"' if step else None


SYSTEMS = pl.Series(["Linux_Ubuntu_22.04", *["Android_13"] * 3, *["iOS_16"] * 2, "Windows_11", "macOS_Monterey"])
PLACES = (
    ("Tijuana", 32_514900, -117_038200),
    ("Monterrey", 25_686600, -100_316100),
    ("Guadalajara", 20_659700, -103_349600),
    ("Mexico City", 19_432600, -99_133200),
    ("Mérida", 20_967400, -89_592600),
)  # latitude and longitude in millionths of a degree
CITIES = pl.Series([_quoted(city) for city, _, _ in PLACES])
LATITUDES = pl.Series([latitude for _, latitude, _ in PLACES])
LONGITUDES = pl.Series([longitude for _, _, longitude in PLACES])
PAYMENTS = pl.Series(['"OXXO Pay"', '"PayPal"', '"Credit_card"', '"Spei"'])
SEPARATORS = pl.Series([" "] * 3 + ["T"])
NULLS = pl.Series([*['"Null"'] * 7, "null", '""'])
SPREAD = 100_000  # positions lie within this many millionths of a degree of their city's own
SCRAMBLE = 616_318_177  # odd and no multiple of 5, so that multiplying permutes the numbers below SPREAD squared

STEPS = [pl.Series([_quoted(journey.steps[place]) for journey in JOURNEYS]) for place in range(4)]
ORDER_TYPES = [journey.order_type for journey in JOURNEYS]
STATUSES = [journey.status for journey in JOURNEYS]
IS_ORDER = pl.Series([journey.order_type != "USER_VISIT" for journey in JOURNEYS])

RECORD = (
    '{"USER_ID":"<user>","INITIAL_EVENT":<step_0>,"EVENT_2":<step_1>,"EVENT_3":<step_2>,"EVENT_OUT":<step_3>,'
    '"OS_USER":"<system>","CITY":<city>,"LATITUDE":<latitude>,"LONGITUDE":<longitude>,"ORDER_TYPE":"<order_type>",'
    '"STATUS":"<status>","PAYMENT_METHOD":<payment>,"CREATED_AT":"<created>","HOURLY_PURCHASE_COUNT":<hourly>,'
    '"DAILY_PURCHASE_COUNT":<daily>}'
)


def write_records(plan: Plan, events: pl.DataFrame) -> pl.DataFrame:
    """One record for each event, which is a whole journey; no two are equal. See `ScriptedSessions.write`."""
    rows = events.with_columns(null=dice.pick(NULLS, "null"), serial=_serial())
    rows = rows.with_columns(user_key=dice.key(plan.seed, "app user", "person"))
    rows = rows.with_columns(place=dice.below(len(PLACES), "city", "user_key"))
    is_order = pl.lit(IS_ORDER).gather("event")
    rows = rows.with_columns(
        *(_or_null(pl.lit(texts).gather("event")).alias(f"step_{place}") for place, texts in enumerate(STEPS)),
        user=_user_ids(rows),
        system=dice.pick(SYSTEMS, "system", "user_key"),
        city=_or_null(pl.when(~dice.chance(0.03, "no city")).then(pl.lit(CITIES).gather("place"))),
        latitude=_number(_degrees(pl.lit(LATITUDES).gather("place"), pl.col("serial") % SPREAD), "latitude"),
        longitude=_number(_degrees(pl.lit(LONGITUDES).gather("place"), pl.col("serial") // SPREAD), "longitude"),
        order_type=_any_case(ORDER_TYPES, "type's case"),
        status=_any_case(STATUSES, "status' case"),
        payment=_or_null(pl.when(is_order).then(dice.pick(PAYMENTS, "payment"))),
        created=_created_at(rows),
        hourly=_or_null(pl.when(is_order).then(_number(1 + dice.below(2, "hourly"), "hourly"))),
        daily=_number(2 + dice.below(3, "daily"), "daily"),
    )
    return rows.select("at", "event", line=text.fill(RECORD))


def _serial() -> pl.Expr:
    """A number that makes a position unique.

    Producers send no id, and times only to the second. So only the position tells two journeys apart.
    """
    serial = (pl.col("hour") * (1 << 24) + pl.col("index") * (1 << 6) + pl.col("ordinal")) % SPREAD**2
    return serial * SCRAMBLE % SPREAD**2


def _user_ids(rows: pl.DataFrame) -> pl.Series:
    return dice.hexadecimal(rows["user_key"]).str.slice(0, 10)


def _created_at(rows: pl.DataFrame) -> pl.Series:
    """The event's time to the second."""
    stamps = text.timestamps(rows["at"], dice.pick(SEPARATORS, "separator"), pl.lit(""), rows.select("key"))
    return stamps.str.slice(0, len("2026-01-01 00:00:00"))


def _or_null(texts: pl.Expr) -> pl.Expr:
    """The texts, with the record's own way to write null where there is none."""
    return pl.coalesce(texts, "null")


def _number(digits: pl.Expr, purpose: str) -> pl.Expr:
    """A JSON number, and for some records a JSON string of it."""
    quoted = pl.concat_str(pl.lit('"'), digits, pl.lit('"'))
    return pl.when(dice.chance(0.1, f"{purpose} as text")).then(quoted).otherwise(digits.cast(pl.String))


def _degrees(city: pl.Expr, offset: pl.Expr) -> pl.Expr:
    """Millionths of a degree as a decimal number of degrees."""
    millionths = city + offset
    size = millionths.abs()
    sign = pl.when(millionths < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    fraction = (size % 1_000_000 + 1_000_000).cast(pl.String).str.slice(1)
    # The last digit is never 0, so that a serializer that reads and writes the number keeps its text.
    return pl.concat_str(sign, size // 1_000_000, pl.lit("."), fraction, pl.lit("1"))


def _any_case(texts: Iterable[str], purpose: str) -> pl.Expr:
    """The text of each event in upper case, lower case or capitalized."""
    forms = pl.Series([form for text in texts for form in (text, text, text.lower(), text.capitalize())])
    return pl.lit(forms).gather(pl.col("event") * 4 + dice.below(4, purpose).cast(pl.Int64))
